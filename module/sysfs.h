/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * /sys/class/misc/wattle: the mode, the managed CPUs, statistics.
 */
#ifndef WATTLE_SYSFS_H
#define WATTLE_SYSFS_H

struct attribute_group;

extern const struct attribute_group *wattle_sysfs_groups[];

#endif
