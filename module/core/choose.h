/* SPDX-License-Identifier: GPL-2.0-only OR LGPL-2.1-or-later OR BSD-2-Clause */
/*
 * Which operating point: few of them, so all that are allowed are weighed
 * exactly, running and idling together.
 */
#ifndef WATTLE_CORE_CHOOSE_H
#define WATTLE_CORE_CHOOSE_H

#include <linux/types.h>

#include "core/power.h"

#define WATTLE_HORIZON_UNKNOWN	(~0ULL)

/**
 * struct wattle_choose_ask - what is to be run, and within what
 * @kcycles:	C until the CPU would idle
 * @stall_ns:	M until the CPU would idle
 * @horizon_ns:	time to the next event that is known to come; WATTLE_HORIZON_UNKNOWN
 * @base_uw:	what this CPU draws in the gaps it usually has
 * @min_khz:	deadlines and slowdown ask for this much
 * @max_khz:	allowed
 * @from_khz:	present frequency; 0 = of no interest
 * @hysteresis_pm: share that a change must save, per mille
 * @objective:	enum wattle_objective
 * @alone:	this CPU alone holds its package awake
 * @nr_busy:	CPUs that work, this one included, which share what a node draws; not 0
 * @pad:	0
 */
struct wattle_choose_ask {
	__u64	kcycles;
	__u64	stall_ns;
	__u64	horizon_ns;
	__u32	base_uw;
	__u32	min_khz;
	__u32	max_khz;
	__u32	from_khz;
	__u32	hysteresis_pm;
	__u32	objective;
	__u32	alone;
	__u32	nr_busy;
};

enum wattle_choose_why {
	WATTLE_CHOOSE_FLOOR,	/* the cheapest of all */
	WATTLE_CHOOSE_MIN,	/* the cheapest that is fast enough */
	WATTLE_CHOOSE_MAX,	/* faster is not allowed */
	WATTLE_CHOOSE_STAY,	/* a change would not pay */
};

/**
 * struct wattle_choice - the answer
 * @opp:	index of the operating point
 * @floor:	the cheapest of all that are allowed, were nothing due
 * @runner:	second best of those that are fast enough; equals @opp when there is none
 * @why:	enum wattle_choose_why
 * @pj:		cost of @opp
 * @runner_pj:	cost of @runner
 */
struct wattle_choice {
	__u32	opp;
	__u32	floor;
	__u32	runner;
	__u32	why;
	__u64	pj;
	__u64	runner_pj;
};

/**
 * wattle_choose_pj() - what running all of it at one operating point costs
 * @p:		prepared table
 * @ask:	work, horizon, objective
 * @opp:	index
 *
 * Return: picojoules up to a constant that is the same for all operating
 * points; saturating.
 */
__u64 wattle_choose_pj(const struct wattle_power *p, const struct wattle_choose_ask *ask,
		       __u32 opp);

/**
 * wattle_choose() - the cheapest operating point that is fast enough and allowed
 * @p:		prepared table
 * @ask:	the question
 * @out:	the answer
 */
void wattle_choose(const struct wattle_power *p, const struct wattle_choose_ask *ask,
		   struct wattle_choice *out);

/**
 * wattle_choose_slowdown_khz() - the lowest OPP with T(f) <= (1 + s) x T(reference)
 * @p:		prepared table
 * @kcycles:	C
 * @stall_ns:	M
 * @slowdown_pm: s, per mille
 * @ref_khz:	reference: the fastest that is allowed
 * @from_khz:	present frequency: going from it to a faster one takes time as well
 *
 * Return: its frequency; the one for @ref_khz when no lower one will do.
 */
__u32 wattle_choose_slowdown_khz(const struct wattle_power *p, __u64 kcycles, __u64 stall_ns,
				 __u32 slowdown_pm, __u32 ref_khz, __u32 from_khz);

/**
 * wattle_choose_ready_khz() - how slow the CPU may be when the next batch comes
 * @p:		prepared table
 * @run_ns:	the shortest that waits, at the reference
 * @slowdown_pm: its s, per mille
 * @ref_khz:	reference: the fastest that is allowed
 *
 * A batch that must run at the reference loses time until the frequency has
 * risen. That loss must be within its slowdown as well.
 *
 * Return: frequency, not above @ref_khz; 0 = any.
 */
__u32 wattle_choose_ready_khz(const struct wattle_power *p, __u64 run_ns, __u32 slowdown_pm,
			      __u32 ref_khz);

#endif
