// SPDX-License-Identifier: GPL-2.0-only
/*
 * cpufreq driver "acpi": as acpi-cpufreq on EPYC. Three P-states, and with boost
 * allowed the highest one means "up to 3.4 GHz": cpufreq's figures then say
 * 2.45 GHz and the clock runs faster. The boost here is all-core and does not
 * depend on how many cores are awake.
 */
#include "platform.h"

static struct cpufreq_frequency_table table[] = {
	{ .driver_data = 0, .frequency = 2450000 },
	{ .driver_data = 1, .frequency = 2000000 },
	{ .driver_data = 2, .frequency = 1500000 },
	{ .frequency = CPUFREQ_TABLE_END },
};

static void ask(struct cpufreq_policy *policy, u32 khz)
{
	bool boosted = khz == table[0].frequency && READ_ONCE(wp_acpi_driver.boost_enabled);

	wp_cpufreq_ask(policy, khz, boosted ? WP_ACPI_BOOST_KHZ : khz);
}

static int acpi_init(struct cpufreq_policy *policy)
{
	unsigned int cpu;

	wp_cpufreq_policy(policy);
	policy->freq_table = table;
	/* acpi-cpufreq gives fast switching up when several CPUs share a policy. */
	policy->fast_switch_possible = wp_cpufreq_fast() && cpumask_weight(policy->cpus) == 1;
	for_each_cpu(cpu, policy->cpus) {
		struct wp_cpu *c = wp_cpu(cpu);

		if (c->request_khz > table[0].frequency)	/* as the firmware left it */
			c->request_khz = table[0].frequency;
	}
	policy->cur = READ_ONCE(wp_cpu(policy->cpu)->request_khz);
	return 0;
}

static int acpi_target(struct cpufreq_policy *policy, unsigned int index)
{
	ask(policy, table[index].frequency);
	return 0;
}

static unsigned int acpi_fast_switch(struct cpufreq_policy *policy, unsigned int target_khz)
{
	unsigned int index;

	if (policy->cached_target_freq == target_khz)
		index = policy->cached_resolved_idx;
	else
		index = cpufreq_table_find_index_l(policy, target_khz, false);
	ask(policy, table[index].frequency);
	return table[index].frequency;
}

static unsigned int acpi_get(unsigned int cpu)
{
	return READ_ONCE(wp_cpu(cpu)->request_khz);
}

/* The core sets boost_enabled before it asks, and takes it back if we fail. */
static int acpi_set_boost(struct cpufreq_policy *policy, int state)
{
	u32 khz = READ_ONCE(wp_cpu(policy->cpu)->request_khz);

	wp_cpufreq_ask(policy, khz,
		       state && khz == table[0].frequency ? WP_ACPI_BOOST_KHZ : khz);
	return 0;
}

static struct freq_attr *acpi_attr[] = {
	&cpufreq_freq_attr_scaling_available_freqs,
	NULL,
};

struct cpufreq_driver wp_acpi_driver = {
	.name		= "wattle-acpi",
	.flags		= CPUFREQ_CONST_LOOPS,
	.init		= acpi_init,
	.verify		= cpufreq_generic_frequency_table_verify,
	.target_index	= acpi_target,
	.fast_switch	= acpi_fast_switch,
	.get		= acpi_get,
	.set_boost	= acpi_set_boost,
	.boost_enabled	= true,
	.attr		= acpi_attr,
};
