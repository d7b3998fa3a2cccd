/* SPDX-License-Identifier: GPL-2.0-only OR LGPL-2.1-or-later OR BSD-2-Clause */
/*
 * What slowing work down would have saved, and cost, by the power table: a stretch of a
 * batch's run at the clock it had, against the same work at the frequency that would have
 * been asked for. Who is done sooner idles until the other is done too, so that both
 * are priced over the same time:
 *
 *	as it ran	P(f) t + P_idle (t' - t)
 *	slowed		P(f') t' + P_shared (t' - t),	t' = t T(f') / T(f),  T(f) = C / f + M
 *
 * P_idle is of the deepest idle state, and P_shared what a package draws more while one of
 * its CPUs is awake, divided by those that work: both on the side of running fast.
 * What gating and longer idle times save is not in it.
 */
#ifndef WATTLE_CORE_ADVICE_H
#define WATTLE_CORE_ADVICE_H

#include <linux/types.h>

#include "core/power.h"

/**
 * struct wattle_advice - sums over stretches
 * @run_ns:	time of work whose C and M are known
 * @unknown_ns:	time of other work; nothing is said of it
 * @longer_ns:	by how much longer that of @run_ns would have taken
 * @priced_ns:	of @run_ns, while there was a power table
 * @spent_nj:	what that cost as it ran
 * @would_nj:	what it would have cost
 */
struct wattle_advice {
	__u64	run_ns;
	__u64	unknown_ns;
	__u64	longer_ns;
	__u64	priced_ns;
	__u64	spent_nj;
	__u64	would_nj;
};

/**
 * struct wattle_advice_run - a stretch
 * @kcycles:	C of the batch, < 2^43
 * @stall_us:	M; C = M = 0: unknown
 * @khz:	the clock it had
 * @would_khz:	the frequency that would have been asked for; above @khz counts as @khz
 * @nr:		CPUs of the package that worked at the time; 0 as 1
 * @ns:		how long
 */
struct wattle_advice_run {
	__u64	kcycles;
	__u64	stall_us;
	__u32	khz;
	__u32	would_khz;
	__u32	nr;
	__u64	ns;
};

/**
 * wattle_advice_add() - another stretch
 * @a:		sums
 * @p:		the power table, NULL none
 * @r:		the stretch; one without a clock counts as unknown
 */
void wattle_advice_add(struct wattle_advice *a, const struct wattle_power *p,
		       const struct wattle_advice_run *r);

#endif
