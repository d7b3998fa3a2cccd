// SPDX-License-Identifier: GPL-2.0-only OR LGPL-2.1-or-later OR BSD-2-Clause
/* When to decide again if nothing happens: to step down in the middle of a batch, or to free it. */
#include "core/policy_cpu.h"

/* A step down in the middle of a batch must leave this many transitions on both sides. */
#define SPLIT_TRANSITIONS	20

/*
 * When the demand will have fallen to the next lower operating point: between
 * two of them the cheapest way to a mean speed is the faster first, then the
 * slower, and each deadline is then met with both.
 */
static __u64 split_at(const struct wattle_policy *p, const struct wattle_demand_speed *s,
		      __u32 opp, __u32 low_khz, __u64 now_ns)
{
	__u32 high_khz = p->power->t.opp[opp].khz;
	__u64 change = 1000ULL * p->power->t.transition_us;
	__u64 least = SPLIT_TRANSITIONS * (change + 1000ULL * p->power->t.switch_us);
	__u64 off = wattle_sat_add(p->params.guard_ns, wattle_sat_add(s->stall_ns, change));
	__u64 left = wattle_sat_sub(wattle_sat_sub(s->due_ns, off), now_ns);
	__u64 high_ns, low_ns, after;

	/* A little late, so that the rounding of progress does not defeat it. */
	low_khz -= low_khz >> 12;
	/* W = high x t + low x (left - t), as times: t = (W / low - left) x low / (high - low). */
	low_ns = wattle_power_run_ns(s->kcycles, 0, low_khz);
	if (low_ns <= left || low_ns == WATTLE_U64_MAX)
		return 0;
	high_ns = low_ns - left;
	high_ns = wattle_sat_mul(high_ns / (high_khz - low_khz), low_khz);
	high_ns = wattle_sat_add(high_ns, (low_ns - left) % (high_khz - low_khz) * low_khz /
				 (high_khz - low_khz) + 1);
	after = wattle_sat_sub(left, high_ns);
	if (high_ns < least || after < least)
		return 0;
	return wattle_sat_add(now_ns, high_ns);
}

void wattle_cpu_recheck(const struct wattle_policy *p, const struct wattle_policy_cpu *c,
			const struct wattle_demand_first *first,
			const struct wattle_demand_speed *s, const struct wattle_choice *choice,
			struct wattle_decision *d)
{
	__u64 at = 0, end;
	__u32 low_khz;

	if (d->binding == WATTLE_BIND_DEMAND && choice->opp > choice->floor &&
	    !p->params.no_split) {
		low_khz = wattle_stretch_khz(p->power->t.opp[choice->opp - 1].khz, 1000,
					     1000 + p->params.headroom_pm);
		at = split_at(p, s, choice->opp, low_khz, d->now_ns);
	}
	/* Longer than it said: an eighth more, then it runs free. */
	if (c->running && (first->kcycles || first->stall_ns)) {
		end = wattle_power_run_ns(first->kcycles, first->stall_ns, d->khz);
		end = wattle_sat_add(end, wattle_sat_add(end >> 3, p->params.guard_ns));
		end = wattle_sat_add(d->now_ns, end);
		if (!at || end < at)
			at = end;
	}
	d->recheck_ns = at;
}
