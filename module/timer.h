/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The one timer: release times and leases.
 */
#ifndef WATTLE_TIMER_H
#define WATTLE_TIMER_H

#include <linux/types.h>

void wattle_timer_init(void);
void wattle_timer_arm(u64 at_ns);
void wattle_timer_exit(void);

#endif
