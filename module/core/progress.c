// SPDX-License-Identifier: GPL-2.0-only OR LGPL-2.1-or-later OR BSD-2-Clause
/* How far what runs has come: the share of T(f) that has passed is the share of C and M done. */
#include "core/policy_cpu.h"
#include "core/progress.h"

#define SHARE_BITS	24

/* @x x share / 2^24, for x < 2^63 and share <= 2^24. */
static __u64 part(__u64 x, __u64 share)
{
	__u64 low = x & ((1U << SHARE_BITS) - 1);

	return (x >> SHARE_BITS) * share + ((low * share) >> SHARE_BITS);
}

int wattle_progress(__u64 *kcycles, __u64 *stall_ns, __u32 khz, __u64 ran_ns)
{
	__u64 whole = wattle_power_run_ns(*kcycles, *stall_ns, khz), share;

	if (ran_ns >= whole) {
		*kcycles = 0;
		*stall_ns = 0;
		return 0;
	}
	/* Rounded down on both sides of the division by less than 2^-23: no more than was done. */
	while (whole >> (64 - SHARE_BITS)) {
		whole = (whole >> 1) + 1;
		ran_ns >>= 1;
	}
	share = (ran_ns << SHARE_BITS) / whole;
	*kcycles -= part(*kcycles, share);
	*stall_ns -= part(*stall_ns, share);
	return 1;
}

void wattle_cpu_first(const struct wattle_policy_cpu *c, __u64 now_ns,
		      struct wattle_demand_first *first)
{
	__u64 ran = wattle_sat_sub(now_ns, c->since_ns);

	first->kcycles = 0;
	first->stall_ns = 0;
	first->due_ns = 0;
	if (!c->running)
		return;
	if (wattle_item_dated(c->running))
		first->due_ns = c->running->order_ns;
	if (now_ns <= c->since_ns) {
		/* Still waking, or between two frequencies: a stall like any other. */
		first->kcycles = c->rem_kcycles;
		first->stall_ns = wattle_sat_add(c->rem_stall_ns, c->since_ns - now_ns);
		return;
	}
	first->kcycles = c->rem_kcycles;
	first->stall_ns = c->rem_stall_ns;
	wattle_progress(&first->kcycles, &first->stall_ns, c->khz, ran);
}

__u64 wattle_cpu_taken(const struct wattle_policy *p, const struct wattle_policy_cpu *c,
		       __u64 now_ns)
{
	const struct wattle_demand_entry *e = &c->running->entry;
	__u64 all = wattle_power_run_ns(e->kcycles, e->stall_ns, c->khz);
	__u64 rest = wattle_power_run_ns(c->rem_kcycles, c->rem_stall_ns, c->khz);
	__u64 ran = wattle_sat_sub(now_ns, c->since_ns);
	__u64 lost = (c->woke ? wattle_cpu_wake_ns(p) : 0) +
		     1000ULL * c->changes * p->power->t.transition_us, used;

	/* What waking and changes took is a guess: it must not matter. */
	if (!all || all >> 50 || now_ns <= c->since_ns || lost > all >> 6 || ran >> 50)
		return 0;
	/* Of all: what was done before the speed last changed, and since. */
	used = wattle_sat_sub(all, rest) + ran;
	return (used * WATTLE_LEARN_ONE + all / 2) / all;
}

int wattle_cpu_alone(const struct wattle_policy *p, const struct wattle_policy_cpu *c)
{
	__u32 i;

	for (i = 0; i < p->nr_cpus; i++)
		if (&p->cpus[i] != c && p->cpus[i].package == c->package && p->cpus[i].running)
			return 0;
	return 1;
}

__u32 wattle_cpus_busy(const struct wattle_policy *p)
{
	__u32 i, n = 0;

	for (i = 0; i < p->nr_cpus; i++)
		n += !!p->cpus[i].running;
	return n ? n : 1;
}
