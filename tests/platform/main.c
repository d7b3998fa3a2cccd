// SPDX-License-Identifier: GPL-2.0-only
/*
 * The virtual platform: a server's clocks, idle states and energy, simulated in
 * a guest, so that wattle can be judged without power meters. This file is only
 * the ladder in which the parts come up, and go in reverse.
 */
#include <linux/module.h>

#include "platform.h"

static int __init platform_init(void)
{
	int ret;

	ret = wp_cpufreq_select();
	if (ret)
		return ret;
	ret = wp_geometry_init();
	if (ret)
		return ret;
	wp_referee_init();
	ret = wp_stolen_init();
	if (ret)
		goto exit_geometry;
	ret = wp_probe_init();
	if (ret)
		goto exit_stolen;
	ret = wp_online_init();
	if (ret)
		goto exit_probe;
	ret = wp_idle_init();
	if (ret)
		goto exit_online;
	ret = wp_cpufreq_init();
	if (ret)
		goto exit_idle;
	ret = wp_counter_init();
	if (ret)
		goto exit_cpufreq;
	ret = wp_chardev_init();
	if (ret)
		goto exit_counter;
	wp_debugfs_init();
	return 0;

exit_counter:
	wp_counter_exit();
exit_cpufreq:
	wp_cpufreq_exit();
exit_idle:
	wp_idle_exit();
exit_online:
	wp_online_exit();
exit_probe:
	wp_probe_exit();
exit_stolen:
	wp_stolen_exit();
exit_geometry:
	wp_geometry_exit();
	return ret;
}

static void __exit platform_exit(void)
{
	wp_debugfs_exit();
	wp_chardev_exit();
	wp_counter_exit();
	wp_cpufreq_exit();
	wp_idle_exit();
	wp_online_exit();
	wp_probe_exit();
	wp_stolen_exit();
	wp_geometry_exit();
}

module_init(platform_init);
module_exit(platform_exit);

MODULE_DESCRIPTION("Virtual platform for testing wattle: cpufreq, cpuidle and energy, simulated");
MODULE_LICENSE("GPL");
