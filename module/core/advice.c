// SPDX-License-Identifier: GPL-2.0-only OR LGPL-2.1-or-later OR BSD-2-Clause
/* What slowing work down would have saved. See advice.h. */
#include "core/advice.h"
#include "core/null.h"
#include "core/sat.h"

/* Ratios of times are in 1/2^20; a batch that takes 2^40 times longer is none. */
#define RATIO_BITS	20

static __u64 stretched_ns(const struct wattle_advice_run *r, __u32 khz)
{
	__u64 stall_ns = wattle_sat_mul(r->stall_us, 1000);
	__u64 from = wattle_power_run_ns(r->kcycles, stall_ns, r->khz);
	__u64 to = wattle_power_run_ns(r->kcycles, stall_ns, khz);

	while (to >> (64 - RATIO_BITS)) {
		to >>= 1;
		from >>= 1;
	}
	if (!from)
		return r->ns;
	return wattle_sat_mul(r->ns, (to << RATIO_BITS) / from) >> RATIO_BITS;
}

static __u64 energy_nj(__u64 uw, __u64 ns)
{
	return wattle_power_pj(uw, ns) / 1000;
}

void wattle_advice_add(struct wattle_advice *a, const struct wattle_power *p,
		       const struct wattle_advice_run *r)
{
	__u32 khz = r->would_khz < r->khz ? r->would_khz : r->khz;
	__u64 ns, more_ns, idle_uw, shared_uw;

	if (!khz || (!r->kcycles && !r->stall_us)) {
		a->unknown_ns += r->ns;
		return;
	}
	ns = stretched_ns(r, khz);
	more_ns = wattle_sat_sub(ns, r->ns);
	a->run_ns += r->ns;
	a->longer_ns = wattle_sat_add(a->longer_ns, more_ns);
	if (!p)
		return;
	idle_uw = p->t.idle[p->t.nr_idle - 1].uw;
	shared_uw = (p->t.shared_uw - p->t.shared_idle_uw) / (r->nr ? r->nr : 1);
	a->priced_ns += r->ns;
	a->spent_nj = wattle_sat_add(a->spent_nj,
				     energy_nj(wattle_power_uw(p, r->khz), r->ns) +
				     energy_nj(idle_uw, more_ns));
	a->would_nj = wattle_sat_add(a->would_nj,
				     energy_nj(wattle_power_uw(p, khz), ns) +
				     energy_nj(shared_uw, more_ns));
}
