/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * /sys/class/misc/wattle/cpuN: what is asked of a CPU and what becomes of it.
 */
#ifndef WATTLE_SYSFS_CPU_H
#define WATTLE_SYSFS_CPU_H

struct attribute_group;

const struct attribute_group **wattle_sysfs_cpu_make(const struct attribute_group **others);
void wattle_sysfs_cpu_free(const struct attribute_group **groups);

#endif
