// SPDX-License-Identifier: GPL-2.0-only
/*
 * cpufreq driver "opp": nine operating points, 0.8 to 3.2 GHz, and what is asked
 * for is what runs.
 */
#include "platform.h"

static struct cpufreq_frequency_table table[] = {
	{ .frequency = WP_OPP_MIN_KHZ },
	{ .frequency = 1000000 },
	{ .frequency = 1200000 },
	{ .frequency = 1400000 },
	{ .frequency = 1600000 },
	{ .frequency = 2000000 },
	{ .frequency = 2400000 },
	{ .frequency = 2800000 },
	{ .frequency = WP_OPP_MAX_KHZ },
	{ .frequency = CPUFREQ_TABLE_END },
};

static int opp_init(struct cpufreq_policy *policy)
{
	wp_cpufreq_policy(policy);
	policy->freq_table = table;
	policy->fast_switch_possible = wp_cpufreq_fast();
	policy->cur = READ_ONCE(wp_cpu(policy->cpu)->request_khz);
	return 0;
}

static int opp_target(struct cpufreq_policy *policy, unsigned int index)
{
	wp_cpufreq_ask(policy, table[index].frequency, table[index].frequency);
	return 0;
}

static unsigned int opp_fast_switch(struct cpufreq_policy *policy, unsigned int target_khz)
{
	unsigned int index;

	if (policy->cached_target_freq == target_khz)
		index = policy->cached_resolved_idx;
	else
		index = cpufreq_table_find_index_l(policy, target_khz, false);
	wp_cpufreq_ask(policy, table[index].frequency, table[index].frequency);
	return table[index].frequency;
}

static unsigned int opp_get(unsigned int cpu)
{
	return READ_ONCE(wp_cpu(cpu)->request_khz);
}

static struct freq_attr *opp_attr[] = {
	&cpufreq_freq_attr_scaling_available_freqs,
	NULL,
};

struct cpufreq_driver wp_opp_driver = {
	.name		= "wattle-opp",
	.flags		= CPUFREQ_CONST_LOOPS,
	.init		= opp_init,
	.verify		= cpufreq_generic_frequency_table_verify,
	.target_index	= opp_target,
	.fast_switch	= opp_fast_switch,
	.get		= opp_get,
	.attr		= opp_attr,
};
