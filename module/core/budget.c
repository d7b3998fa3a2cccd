// SPDX-License-Identifier: GPL-2.0-only OR LGPL-2.1-or-later OR BSD-2-Clause
/* Energy budgets. See budget.h. */
#include <linux/errno.h>

#include "core/budget.h"
#include "core/sat.h"

#define NS_PER_SEC	1000000000ULL

void wattle_budget_init(struct wattle_budget *b, __u64 limit_uj, __u64 rate_uw, __u64 now_ns)
{
	b->limit_uj = limit_uj;
	b->left_uj = limit_uj;
	b->held_uj = 0;
	b->spent_uj = 0;
	b->over_uj = 0;
	b->rate_uw = rate_uw;
	b->filled_ns = now_ns;
}

/* Whole microjoules only; the time they took is what filled_ns moves by. */
static void fill(struct wattle_budget *b, __u64 now_ns)
{
	__u64 ns = wattle_sat_sub(now_ns, b->filled_ns), uj, room;

	if (!b->rate_uw || !ns)
		return;
	room = wattle_sat_sub(b->limit_uj, wattle_sat_add(b->left_uj, b->held_uj));
	uj = wattle_sat_add(wattle_sat_mul(ns / NS_PER_SEC, b->rate_uw),
			    wattle_sat_mul(ns % NS_PER_SEC, b->rate_uw) / NS_PER_SEC);
	if (uj >= room) {
		b->left_uj += room;
		b->filled_ns = now_ns;
		return;
	}
	b->left_uj += uj;
	/* uj < room, so nothing has saturated and uj / rate is no more than ns. */
	b->filled_ns += uj / b->rate_uw * NS_PER_SEC +
			(uj % b->rate_uw) * NS_PER_SEC / b->rate_uw;
}

int wattle_budget_debit(struct wattle_budget *b, __u64 uj, __u64 now_ns)
{
	if (b->limit_uj) {
		if (uj > b->limit_uj)
			return -E2BIG;
		fill(b, now_ns);
		if (uj > b->left_uj)
			return -EDQUOT;
		b->left_uj -= uj;
	}
	b->held_uj = wattle_sat_add(b->held_uj, uj);
	return 0;
}

void wattle_budget_settle(struct wattle_budget *b, __u64 debited_uj, __u64 used_uj)
{
	b->held_uj = wattle_sat_sub(b->held_uj, debited_uj);
	b->spent_uj = wattle_sat_add(b->spent_uj, used_uj);
	if (used_uj > debited_uj) {
		b->over_uj = wattle_sat_add(b->over_uj, used_uj - debited_uj);
		b->left_uj = wattle_sat_sub(b->left_uj, used_uj - debited_uj);
	} else if (b->limit_uj) {
		b->left_uj = wattle_sat_add(b->left_uj, debited_uj - used_uj);
		if (b->left_uj > b->limit_uj)
			b->left_uj = b->limit_uj;
	}
}

__u64 wattle_budget_worst_uj(const struct wattle_power *p, __u64 kcycles, __u64 stall_ns,
			     __u32 cap_khz)
{
	__u64 shared = p->t.shared_uw - p->t.shared_idle_uw, worst = 0, best = WATTLE_U64_MAX;
	__u32 i = wattle_power_opp_at_most(p, cap_khz) + 1;

	/* Downwards, until it has become dearer again: below the critical one. */
	while (i--) {
		__u64 ns = wattle_power_run_ns(kcycles, stall_ns, p->t.opp[i].khz);
		__u64 pj = wattle_power_pj(p->t.opp[i].uw + shared, ns);

		if (pj > best)
			break;
		best = pj;
		if (pj > worst)
			worst = pj;
	}
	return worst / 1000000 + !!(worst % 1000000);
}
