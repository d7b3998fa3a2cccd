// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the three cpufreq drivers share: which one it is, how policies are laid
 * out, and how long a transition takes.
 */
#include <asm/cpufeature.h>
#include <linux/module.h>

#include "platform.h"

static char *driver = "opp";
module_param(driver, charp, 0444);
MODULE_PARM_DESC(driver, "cpufreq driver: opp (default), acpi, hwp, none");

static unsigned int transition_us = 20;
module_param(transition_us, uint, 0444);
MODULE_PARM_DESC(transition_us, "time from a request to the new frequency (default 20, at most 10000)");

static unsigned int rate_us = 1000;
module_param(rate_us, uint, 0444);
MODULE_PARM_DESC(rate_us, "least time between a governor's requests (default 1000)");

static bool fast_switch = true;
module_param(fast_switch, bool, 0444);
MODULE_PARM_DESC(fast_switch, "opp and acpi: let the scheduler switch directly (default Y)");

static struct cpufreq_driver *selected;

int wp_cpufreq_select(void)
{
	if (transition_us > 10000) {
		pr_err(WP_NAME ": transition_us=%u is more than 10000\n", transition_us);
		return -EINVAL;
	}
	wp_max_khz = WP_OPP_MAX_KHZ;
	if (!strcmp(driver, "opp")) {
		selected = &wp_opp_driver;
	} else if (!strcmp(driver, "acpi")) {
		selected = &wp_acpi_driver;
		wp_max_khz = WP_ACPI_BOOST_KHZ;
	} else if (!strcmp(driver, "hwp")) {
		selected = &wp_hwp_driver;
	} else if (!strcmp(driver, "none")) {
		selected = NULL;
	} else {
		pr_err(WP_NAME ": driver=%s is not known; use opp, acpi, hwp or none\n", driver);
		return -EINVAL;
	}
	/*
	 * Without it the kernel believes that the TSC runs at the frequency we
	 * announce, and changes its clock (one CPU) or gives it up (several).
	 */
	if (selected && !selected->setpolicy && !boot_cpu_has(X86_FEATURE_CONSTANT_TSC)) {
		pr_err(WP_NAME ": driver=%s needs a CPU with constant_tsc; start QEMU with -cpu max,vendor=GenuineIntel\n",
		       driver);
		return -ENODEV;
	}
	return 0;
}

u32 wp_cpufreq_transition_ns(void)
{
	return transition_us * NSEC_PER_USEC;
}

bool wp_cpufreq_fast(void)
{
	return fast_switch;
}

void wp_cpufreq_policy(struct cpufreq_policy *policy)
{
	wp_geometry_domain(policy->cpu, policy->cpus);
	policy->cpuinfo.transition_latency = wp_cpufreq_transition_ns();
	policy->transition_delay_us = rate_us;
}

/*
 * Ask for @true_khz on all CPUs of @policy; @request_khz is what can be read back.
 * CPUs that are off are asked too: the domain has one clock, and nobody asks again
 * when they come back.
 */
void wp_cpufreq_ask(struct cpufreq_policy *policy, u32 request_khz, u32 true_khz)
{
	unsigned int cpu;

	for_each_cpu(cpu, policy->related_cpus) {
		WRITE_ONCE(wp_cpu(cpu)->request_khz, request_khz);
		wp_clock_request(cpu, true_khz);
	}
}

int wp_cpufreq_init(void)
{
	int ret;

	if (!selected)
		return 0;
	ret = cpufreq_register_driver(selected);
	if (ret) {
		const char *other = cpufreq_get_current_driver();

		pr_err(WP_NAME ": cannot register the cpufreq driver: %d (present: %s); load with driver=none\n",
		       ret, other ? other : "none");
	}
	return ret;
}

void wp_cpufreq_exit(void)
{
	if (selected)
		cpufreq_unregister_driver(selected);
}
