// SPDX-License-Identifier: GPL-2.0-only OR LGPL-2.1-or-later OR BSD-2-Clause
/* The exact choice among few operating points. See choose.h. */
#include "core/choose.h"
#include "core/sat.h"

__u64 wattle_choose_pj(const struct wattle_power *p, const struct wattle_choose_ask *ask,
		       __u32 opp)
{
	const struct wattle_power_table *t = &p->t;
	__u64 run_ns = wattle_power_run_ns(ask->kcycles, ask->stall_ns, t->opp[opp].khz);
	__u64 uw = t->opp[opp].uw, pj;

	if (ask->objective == WATTLE_OBJECTIVE_THROUGHPUT) {
		/* Time is worth this CPU's part of the node. */
		uw += ((__u64)t->shared_uw + t->platform_uw) / ask->nr_busy;
		return wattle_power_pj(uw, run_ns);
	}
	if (ask->alone)
		uw += t->shared_uw - t->shared_idle_uw;
	if (ask->horizon_ns == WATTLE_HORIZON_UNKNOWN)
		return wattle_power_pj(wattle_sat_sub(uw, ask->base_uw), run_ns);
	pj = wattle_power_pj(uw, run_ns);
	if (run_ns <= ask->horizon_ns)
		return wattle_sat_add(pj, wattle_power_gap_pj(p, ask->horizon_ns - run_ns));
	/* Beyond the horizon it takes from later gaps. */
	return wattle_sat_sub(pj, wattle_power_pj(ask->base_uw, run_ns - ask->horizon_ns));
}

/* A change must pay for the time in which nothing runs, and be worth the doing. */
static int worth_it(const struct wattle_power *p, const struct wattle_choose_ask *ask,
		    __u64 from_pj, const struct wattle_choice *c)
{
	__u64 cost = wattle_power_pj(p->t.opp[c->opp].uw, (__u64)p->t.transition_us * 1000);
	__u64 share = wattle_sat_add(from_pj / 1000 * ask->hysteresis_pm,
				     from_pj % 1000 * ask->hysteresis_pm / 1000);

	return wattle_sat_add(c->pj, wattle_sat_add(cost, share)) < from_pj;
}

void wattle_choose(const struct wattle_power *p, const struct wattle_choose_ask *ask,
		   struct wattle_choice *out)
{
	__u32 top = wattle_power_opp_at_most(p, ask->max_khz);
	__u32 low = wattle_power_opp_at_least(p, ask->min_khz);
	__u64 floor_pj = WATTLE_U64_MAX, from_pj = WATTLE_U64_MAX;
	int capped = low > top || p->t.opp[low].khz < ask->min_khz;
	__u32 i, from = WATTLE_OPPS_MAX;
	struct wattle_choice c;

	if (low > top)
		low = top;
	c.opp = top;
	c.runner = top;
	c.floor = top;
	c.pj = WATTLE_U64_MAX;
	c.runner_pj = WATTLE_U64_MAX;
	/* Downwards, so that of equals the faster is kept. */
	for (i = top + 1; i--;) {
		__u64 pj = wattle_choose_pj(p, ask, i);

		if (pj < floor_pj) {
			floor_pj = pj;
			c.floor = i;
		}
		if (i < low)
			continue;
		if (p->t.opp[i].khz == ask->from_khz) {
			from = i;
			from_pj = pj;
		}
		if (i == top || pj < c.pj) {
			c.runner = c.opp;
			c.runner_pj = c.pj;
			c.opp = i;
			c.pj = pj;
		} else if (pj < c.runner_pj) {
			c.runner = i;
			c.runner_pj = pj;
		}
	}
	c.why = WATTLE_CHOOSE_MIN;
	if (c.opp == c.floor)
		c.why = WATTLE_CHOOSE_FLOOR;
	if (from != WATTLE_OPPS_MAX && from != c.opp && !worth_it(p, ask, from_pj, &c)) {
		c.runner = c.opp;
		c.runner_pj = c.pj;
		c.opp = from;
		c.pj = from_pj;
		c.why = WATTLE_CHOOSE_STAY;
	}
	if (capped && c.opp == top)
		c.why = WATTLE_CHOOSE_MAX;
	if (c.runner_pj == WATTLE_U64_MAX) {
		c.runner = c.opp;
		c.runner_pj = c.pj;
	}
	*out = c;
}

static __u64 share_pm(__u64 ns, __u32 pm)
{
	return wattle_sat_add(wattle_sat_mul(ns / 1000, pm), ns % 1000 * pm / 1000);
}

__u32 wattle_choose_slowdown_khz(const struct wattle_power *p, __u64 kcycles, __u64 stall_ns,
				 __u32 slowdown_pm, __u32 ref_khz, __u32 from_khz)
{
	__u32 i = wattle_power_opp_at_most(p, ref_khz);
	__u64 ref_ns, limit_ns;

	/* A reference between two operating points is the one below it. */
	ref_ns = wattle_power_run_ns(kcycles, stall_ns, p->t.opp[i].khz);
	limit_ns = wattle_sat_add(ref_ns, share_pm(ref_ns, slowdown_pm));
	while (i) {
		__u32 khz = p->t.opp[i - 1].khz;
		__u64 ns = wattle_power_run_ns(kcycles, stall_ns, khz);

		/* Down costs the time in which nothing runs, up also that until it acts. */
		if (khz != from_khz)
			ns = wattle_sat_add(ns, 1000ULL * p->t.transition_us);
		if (khz > from_khz)
			ns = wattle_sat_add(ns, 1000ULL * p->t.switch_us * (khz - from_khz) / khz);
		if (ns > limit_ns)
			break;
		i--;
	}
	return p->t.opp[i].khz;
}

__u32 wattle_choose_ready_khz(const struct wattle_power *p, __u64 run_ns, __u32 slowdown_pm,
			      __u32 ref_khz)
{
	__u64 may_ns = share_pm(run_ns, slowdown_pm), stop_ns = 1000ULL * p->t.transition_us;
	__u64 hold_ns = 1000ULL * p->t.switch_us;

	if (may_ns >= stop_ns + hold_ns)
		return 0;
	if (may_ns <= stop_ns || !hold_ns)
		return ref_khz;
	/* hold x (1 - f / ref) <= may - stop, all below 2^37; frequencies at most 2^25. */
	return ref_khz - (__u32)((may_ns - stop_ns) * ref_khz / hold_ns);
}
