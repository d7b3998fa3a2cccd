/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Differences between kernel versions that the virtual platform meets. Each
 * entry says which kernel changed what, so that it can go when the oldest
 * supported kernel passes it.
 */
#ifndef WATTLE_PLATFORM_COMPAT_H
#define WATTLE_PLATFORM_COMPAT_H

#include <linux/cpuidle.h>
#include <linux/hrtimer.h>
#include <linux/version.h>

#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 3, 0)
/* 6.3: the idle transition of RCU and lockdep became one inline pair. */
#define wp_idle_rcu_enter()	ct_cpuidle_enter()
#define wp_idle_rcu_exit()	ct_cpuidle_exit()
#else
#include <linux/context_tracking.h>
#define wp_idle_rcu_enter()	ct_idle_enter()
#define wp_idle_rcu_exit()	ct_idle_exit()
#endif

/* 6.13: hrtimer_setup() sets the callback too; hrtimer_init() went in 6.15. */
static inline void wp_hrtimer_setup(struct hrtimer *timer,
				    enum hrtimer_restart (*fn)(struct hrtimer *),
				    enum hrtimer_mode mode)
{
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 13, 0)
	hrtimer_setup(timer, fn, CLOCK_MONOTONIC, mode);
#else
	hrtimer_init(timer, CLOCK_MONOTONIC, mode);
	timer->function = fn;
#endif
}

#endif
