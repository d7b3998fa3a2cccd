// SPDX-License-Identifier: GPL-2.0-only OR LGPL-2.1-or-later OR BSD-2-Clause
/* Gap prediction. See gap.h. */
#include "core/gap.h"
#include "core/sat.h"

#define FORGET_SHIFT	5
/* One gap counts as at most this, 18 minutes, so that sums times power fit 64 bits. */
#define GAP_NS_MAX	(1ULL << 40)

void wattle_gap_init(struct wattle_gap *g)
{
	__u32 k;

	for (k = 0; k < WATTLE_IDLE_MAX; k++)
		g->ns[k] = 0;
}

void wattle_gap_seen(struct wattle_gap *g, const struct wattle_power *p, __u64 ns)
{
	__u32 k;

	/* Rounded up, or small sums would never be forgotten. */
	for (k = 0; k < p->t.nr_idle; k++)
		g->ns[k] -= (g->ns[k] + (1U << FORGET_SHIFT) - 1) >> FORGET_SHIFT;
	g->ns[wattle_power_idle_for(p, ns)] += ns < GAP_NS_MAX ? ns : GAP_NS_MAX;
}

__u32 wattle_gap_base_uw(const struct wattle_gap *g, const struct wattle_power *p)
{
	__u64 sum = 0, weighted = 0;
	__u32 k;

	for (k = 0; k < p->t.nr_idle; k++) {
		/* Each sum is at most 2^45 ns: in us below 2^36, times power below 2^65. */
		__u64 us = g->ns[k] >> 10;

		sum += us;
		weighted = wattle_sat_add(weighted, wattle_sat_mul(us, p->t.idle[k].uw));
	}
	if (!sum)
		return p->t.idle[p->t.nr_idle - 1].uw;
	return (__u32)(weighted / sum);
}

__u32 wattle_gap_state(const struct wattle_gap *g, const struct wattle_power *p,
		       __u64 known_ns)
{
	__u32 k, best = p->t.nr_idle - 1;

	if (known_ns != WATTLE_U64_MAX)
		return wattle_power_idle_for(p, known_ns);
	for (k = p->t.nr_idle; k--;)
		if (g->ns[k] > g->ns[best])
			best = k;
	return best;
}
