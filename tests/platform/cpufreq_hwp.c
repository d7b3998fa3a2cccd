// SPDX-License-Identifier: GPL-2.0-only
/*
 * cpufreq driver "hwp": limits only, as intel_pstate in active mode. The
 * hardware's own loop (clock.c) picks the frequency of every core between them;
 * policy->cur says nothing, and there is no ->get to ask. CPUs that share a
 * policy share its limits and still have a clock each.
 */
#include "platform.h"

static int hwp_init(struct cpufreq_policy *policy)
{
	wp_cpufreq_policy(policy);
	policy->cpuinfo.min_freq = WP_OPP_MIN_KHZ;
	policy->cpuinfo.max_freq = WP_OPP_MAX_KHZ;
	policy->min = WP_OPP_MIN_KHZ;
	policy->max = WP_OPP_MAX_KHZ;
	policy->policy = CPUFREQ_POLICY_POWERSAVE;
	return 0;
}

static int hwp_verify(struct cpufreq_policy_data *policy)
{
	cpufreq_verify_within_cpu_limits(policy);
	return 0;
}

static int hwp_setpolicy(struct cpufreq_policy *policy)
{
	unsigned int cpu;

	/* Also those that are off: the core does not call again when they come back. */
	for_each_cpu(cpu, policy->related_cpus)
		wp_clock_limits(cpu, policy->min, policy->max,
				policy->policy == CPUFREQ_POLICY_PERFORMANCE);
	return 0;
}

struct cpufreq_driver wp_hwp_driver = {
	.name		= "wattle-hwp",
	.flags		= CPUFREQ_CONST_LOOPS,
	.init		= hwp_init,
	.verify		= hwp_verify,
	.setpolicy	= hwp_setpolicy,
};
