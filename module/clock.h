/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * How a clock takes what it is told, and where the thread runs that tells it.
 */
#ifndef WATTLE_CLOCK_H
#define WATTLE_CLOCK_H

#include <linux/cpufreq.h>
#include <linux/cpumask.h>
#include <linux/rcupdate.h>
#include <linux/sched.h>
#include <linux/string.h>

#include "domain.h"

/**
 * wattle_clock_slow() - may a raise be lost on its governor? (actuators.md)
 * @k: the clock
 *
 * Governor performance wants the limit itself: it has no choice of its own to forget.
 */
static inline bool wattle_clock_slow(const struct wattle_clock *k)
{
	const struct cpufreq_governor *g;
	bool simple;

	if (!k->targets || READ_ONCE(k->policy->fast_switch_enabled))
		return false;
	/* A governor's module that goes waits for RCU after it has been replaced everywhere. */
	rcu_read_lock();
	g = READ_ONCE(k->policy->governor);
	simple = g && !strcmp(g->name, "performance");
	rcu_read_unlock();
	return !simple;
}

/**
 * wattle_clock_follow() - the calling thread runs where the work does
 * @cpus: of its domain
 *
 * Elsewhere it would wake a CPU that idles, which costs more than what it decides may save.
 */
static inline void wattle_clock_follow(const struct cpumask *cpus)
{
	if (cpumask_equal(cpus, current->cpus_ptr) || !cpumask_intersects(cpus, cpu_active_mask))
		return;
	/* A CPU that goes offline now sends its threads elsewhere by itself. */
	set_cpus_allowed_ptr(current, cpus);
}

#endif
