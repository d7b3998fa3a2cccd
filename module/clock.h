/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * How a clock takes what it is told.
 */
#ifndef WATTLE_CLOCK_H
#define WATTLE_CLOCK_H

#include <linux/cpufreq.h>
#include <linux/rcupdate.h>
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

#endif
