// SPDX-License-Identifier: GPL-2.0-only OR LGPL-2.1-or-later OR BSD-2-Clause
/* What is learned from a batch that ended, and how the next one is reckoned with. */
#include "core/policy_cpu.h"

static struct wattle_learn_entry *entry_of(struct wattle_policy *p, __u64 key, int make)
{
	if (!key)
		return &p->anon;
	return p->learn ? wattle_learn_find(p->learn, key, make) : NULL;
}

void wattle_cpu_learn(struct wattle_policy *p, struct wattle_policy_cpu *c, __u64 now_ns)
{
	struct wattle_item *item = c->running;
	struct wattle_learn_entry *e = entry_of(p, item->in.key, 1);
	__u32 unfit = item->unfit | (c->changes ? WATTLE_SAMPLE_CHANGED : 0);
	__u64 run_ns = item->run_ns, taken;

	if (!e || (item->unfit & ~WATTLE_SAMPLE_CHANGED))
		return;
	if (item->factor) {
		/* The share of what was reckoned with, of what was declared. */
		taken = wattle_cpu_taken(p, c, now_ns);
		if (taken)
			wattle_learn_ratio(e, wattle_sat_mul(taken, item->factor) /
					      WATTLE_LEARN_ONE);
		return;
	}
	if (!item->in.key)
		return;
	if (!run_ns)
		run_ns = wattle_sat_sub(now_ns, item->start_ns);
	wattle_learn_sample(e, c->khz, run_ns, unfit);
}

static __u64 scaled(__u64 x, __u32 factor, __u64 most)
{
	x = wattle_sat_mul(x < most ? x : most, factor) / WATTLE_LEARN_ONE;
	return x < most ? x : most;
}

void wattle_item_estimate(struct wattle_policy *p, struct wattle_item *item)
{
	const struct wattle_work *in = &item->in;
	struct wattle_learn_entry *e = entry_of(p, in->key, 0);
	struct wattle_learned is;

	item->entry.kcycles = 0;
	item->entry.stall_ns = 0;
	item->factor = 0;
	if (in->kcycles || in->stall_ns) {
		item->factor = e ? wattle_learn_factor(e) : WATTLE_LEARN_ONE;
		item->entry.kcycles = scaled(in->kcycles, item->factor, WATTLE_KCYCLES_MAX);
		item->entry.stall_ns = scaled(in->stall_ns, item->factor, WATTLE_STALL_NS_MAX);
		return;
	}
	if (!in->key || !e || wattle_learn_get(e, &is))
		return;
	item->entry.kcycles = is.kcycles < WATTLE_KCYCLES_MAX ? is.kcycles : WATTLE_KCYCLES_MAX;
	item->entry.stall_ns = wattle_sat_add(is.stall_ns, is.margin_ns);
	if (item->entry.stall_ns > WATTLE_STALL_NS_MAX)
		item->entry.stall_ns = WATTLE_STALL_NS_MAX;
}
