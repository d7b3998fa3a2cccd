/* SPDX-License-Identifier: GPL-2.0-only OR LGPL-2.1-or-later OR BSD-2-Clause */
/* What the files of the policy share among themselves; not for callers. */
#ifndef WATTLE_CORE_POLICY_CPU_H
#define WATTLE_CORE_POLICY_CPU_H

#include "core/choose.h"
#include "core/null.h"
#include "core/policy.h"
#include "core/record.h"
#include "core/sat.h"

#define WATTLE_KCYCLES_MAX	((1ULL << 43) - 1)
#define WATTLE_STALL_NS_MAX	((1ULL << 42) - 1)
#define WATTLE_GAP_MAX_NS	(1ULL << 36)	/* 69 s: longer gaps are as good as this */
#define WATTLE_ORDER_LAST	(~0ULL)

static inline int wattle_item_known(const struct wattle_item *i)
{
	return i->entry.kcycles || i->entry.stall_ns;
}

static inline int wattle_item_dated(const struct wattle_item *i)
{
	return i->order_ns != WATTLE_ORDER_LAST;
}

/* The fastest frequency this CPU may run at. */
static inline __u32 wattle_cpu_cap(const struct wattle_policy *p,
				   const struct wattle_policy_cpu *c)
{
	return p->power->t.opp[wattle_power_opp_at_most(p->power, c->cap_khz)].khz;
}

/* Share of the CPU that is left to us, per mille. */
static inline __u32 wattle_cpu_supply(const struct wattle_policy_cpu *c)
{
	return c->foreign_pm < 1000 ? 1000 - c->foreign_pm : 0;
}

/* A CPU that idled must wake: from the deepest state, as which one it was is not known. */
static inline __u64 wattle_cpu_wake_ns(const struct wattle_policy *p)
{
	return 1000ULL * p->power->t.idle[p->power->t.nr_idle - 1].exit_us;
}

/* @khz x @num / @den, rounded up: for the share of the CPU and for headroom. */
static inline __u32 wattle_stretch_khz(__u32 khz, __u64 num, __u64 den)
{
	__u64 wide = den ? ((__u64)khz * num + den - 1) / den : ~0U;

	return wide > ~0U ? ~0U : (__u32)wide;
}

/*
 * Time lost by a change to a higher frequency: nothing runs for a while, and
 * before that the old one holds on. 0 at @cap_khz already.
 */
static inline __u64 wattle_cpu_raise_ns(const struct wattle_policy *p,
					const struct wattle_policy_cpu *c, __u32 cap_khz)
{
	const struct wattle_power_table *t = &p->power->t;

	if (c->khz >= cap_khz)
		return 0;
	/* Times below 2^36 ns, frequencies at most 2^25 kHz. */
	return 1000ULL * t->transition_us +
	       1000ULL * t->switch_us * (cap_khz - c->khz) / cap_khz;
}

/* What is left of what runs, as of @now_ns; all 0 when nothing runs. */
void wattle_cpu_first(const struct wattle_policy_cpu *c, __u64 now_ns,
		      struct wattle_demand_first *first);
/* All 0 but for what is given. */
void wattle_record_begin(struct wattle_record *r, enum wattle_record_type type, __u32 cpu,
			 const struct wattle_item *item, __u64 now_ns);
/* How much of its work, as reckoned with, has @c's batch taken? In 1/4096; 0 = cannot tell. */
__u64 wattle_cpu_taken(const struct wattle_policy *p, const struct wattle_policy_cpu *c,
		       __u64 now_ns);
/* Learn from what runs on @c, which ends now. */
void wattle_cpu_learn(struct wattle_policy *p, struct wattle_policy_cpu *c, __u64 now_ns);
/* What @item will be reckoned with: what it says or what is known, corrected. */
void wattle_item_estimate(struct wattle_policy *p, struct wattle_item *item);
/* d->recheck_ns, from all else in @d. */
void wattle_cpu_recheck(const struct wattle_policy *p, const struct wattle_policy_cpu *c,
			const struct wattle_demand_first *first,
			const struct wattle_demand_speed *s, const struct wattle_choice *choice,
			struct wattle_decision *d);
/* Into the accounts of item->cpu; item->order_ns says where. */
void wattle_cpu_take(struct wattle_policy *p, struct wattle_item *item, __u64 now_ns);
/* Does no other CPU of @c's package work? */
int wattle_cpu_alone(const struct wattle_policy *p, const struct wattle_policy_cpu *c);
/* CPUs that work; 1 when none does. */
__u32 wattle_cpus_busy(const struct wattle_policy *p);

#endif
