// SPDX-License-Identifier: GPL-2.0-only OR LGPL-2.1-or-later OR BSD-2-Clause
/* The power table: what is refused, and what follows from it. See power.h. */
#include "core/null.h"
#include "core/power.h"
#include "core/sat.h"

#define NS_PER_SEC	1000000000ULL

static enum wattle_power_error check_opps(const struct wattle_power_table *t, __u32 *i)
{
	for (*i = 0; *i < t->nr_opps; (*i)++) {
		const struct wattle_power_opp *o = &t->opp[*i];

		if (!o->khz || o->khz > WATTLE_KHZ_MAX)
			return WATTLE_POWER_KHZ;
		if (!o->uw || o->uw > WATTLE_UW_MAX)
			return WATTLE_POWER_UW;
		if (*i && o->khz <= o[-1].khz)
			return WATTLE_POWER_KHZ_ORDER;
		if (*i && o->uw < o[-1].uw)
			return WATTLE_POWER_UW_ORDER;
	}
	return WATTLE_POWER_OK;
}

static enum wattle_power_error check_idle(const struct wattle_power_table *t, __u32 *i)
{
	for (*i = 0; *i < t->nr_idle; (*i)++) {
		const struct wattle_power_idle *s = &t->idle[*i];

		if (s->uw > WATTLE_UW_MAX)
			return WATTLE_POWER_IDLE_UW;
		if (s->residency_us > WATTLE_IDLE_US_MAX)
			return WATTLE_POWER_RESIDENCY;
		if (s->exit_us > WATTLE_IDLE_US_MAX)
			return WATTLE_POWER_EXIT;
		if (s->pad)
			return WATTLE_POWER_PAD;
		if (!*i)
			continue;
		if (s->uw > s[-1].uw)
			return WATTLE_POWER_IDLE_UW_ORDER;
		if (s->residency_us <= s[-1].residency_us)
			return WATTLE_POWER_RESIDENCY_ORDER;
		if (s->exit_us < s[-1].exit_us)
			return WATTLE_POWER_EXIT_ORDER;
	}
	*i = 0;
	return t->idle[0].uw > t->opp[0].uw ? WATTLE_POWER_IDLE_ABOVE : WATTLE_POWER_OK;
}

enum wattle_power_error wattle_power_check(const struct wattle_power_table *t, __u32 *index)
{
	enum wattle_power_error err;
	__u32 at = 0;

	if (!t->nr_opps)
		err = WATTLE_POWER_NO_OPP;
	else if (t->nr_opps > WATTLE_OPPS_MAX)
		err = WATTLE_POWER_OPPS;
	else if (!t->nr_idle)
		err = WATTLE_POWER_NO_IDLE;
	else if (t->nr_idle > WATTLE_IDLE_MAX)
		err = WATTLE_POWER_IDLES;
	else if (t->shared_uw > WATTLE_UW_MAX || t->platform_uw > WATTLE_UW_MAX)
		err = WATTLE_POWER_SHARED;
	else if (t->shared_idle_uw > t->shared_uw)
		err = WATTLE_POWER_SHARED_ORDER;
	else if (t->transition_us > WATTLE_IDLE_US_MAX || t->switch_us > WATTLE_IDLE_US_MAX)
		err = WATTLE_POWER_TRANSITION;
	else
		err = check_opps(t, &at);
	if (!err)
		err = check_idle(t, &at);
	if (index)
		*index = at;
	return err;
}

const char *wattle_power_strerror(enum wattle_power_error err)
{
	static const char *const text[] = {
		[WATTLE_POWER_OK]		= "the table is sound",
		[WATTLE_POWER_NO_OPP]		= "there is no operating point",
		[WATTLE_POWER_OPPS]		= "more than 64 operating points",
		[WATTLE_POWER_NO_IDLE]		= "there is no idle state",
		[WATTLE_POWER_IDLES]		= "more than 10 idle states",
		[WATTLE_POWER_KHZ]		= "a frequency is 0 or above 33 GHz",
		[WATTLE_POWER_KHZ_ORDER]	= "frequencies do not ascend",
		[WATTLE_POWER_UW]		= "the power of an operating point is 0 or above 536 W",
		[WATTLE_POWER_UW_ORDER]		= "a higher frequency draws less than a lower one",
		[WATTLE_POWER_IDLE_UW]		= "the power of an idle state is above 536 W",
		[WATTLE_POWER_IDLE_UW_ORDER]	= "a deeper idle state draws more than a shallower one",
		[WATTLE_POWER_IDLE_ABOVE]	= "idling draws more than the lowest operating point",
		[WATTLE_POWER_RESIDENCY]	= "a target residency is above 67 s",
		[WATTLE_POWER_RESIDENCY_ORDER]	= "target residencies do not ascend",
		[WATTLE_POWER_EXIT]		= "an exit latency is above 67 s",
		[WATTLE_POWER_EXIT_ORDER]	= "a deeper idle state wakes faster than a shallower one",
		[WATTLE_POWER_SHARED]		= "shared or platform power is above 536 W",
		[WATTLE_POWER_SHARED_ORDER]	= "a package draws more idle than awake",
		[WATTLE_POWER_TRANSITION]	= "a change of frequency takes more than 67 s",
		[WATTLE_POWER_PAD]		= "padding is not 0",
	};

	if ((__u32)err > WATTLE_POWER_PAD)
		return "unknown fault";
	return text[err];
}

/* Andrew's monotone chain (1979), lower half; the products stay below 2^54. */
static void find_hull(struct wattle_power *p)
{
	const struct wattle_power_opp *o = p->t.opp;
	__u32 k;

	p->nr_hull = 0;
	for (k = 0; k < p->t.nr_opps; k++) {
		while (p->nr_hull >= 2) {
			const struct wattle_power_opp *i = &o[p->hull[p->nr_hull - 2]];
			const struct wattle_power_opp *j = &o[p->hull[p->nr_hull - 1]];
			__u64 rise_j = (__u64)(j->uw - i->uw) * (o[k].khz - i->khz);
			__u64 rise_k = (__u64)(o[k].uw - i->uw) * (j->khz - i->khz);

			if (rise_j < rise_k)
				break;
			p->nr_hull--;
		}
		p->hull[p->nr_hull++] = k;
	}
}

/*
 * argmin (P_i + extra - base) / f_i: on the hull, as it is the tangent through
 * (0, base - extra). Of equals the fastest, which leaves more room.
 */
static __u32 critical(const struct wattle_power *p, __u64 extra, __u64 base)
{
	__u32 n, best = p->hull[0];

	for (n = 1; n < p->nr_hull; n++) {
		const struct wattle_power_opp *b = &p->t.opp[best];
		const struct wattle_power_opp *o = &p->t.opp[p->hull[n]];

		/* Powers below 2^31, frequencies at most 2^25. */
		if ((o->uw + extra - base) * b->khz <= (b->uw + extra - base) * o->khz)
			best = p->hull[n];
	}
	return best;
}

enum wattle_power_error wattle_power_init(struct wattle_power *p,
					  const struct wattle_power_table *t, __u32 *index)
{
	enum wattle_power_error err = wattle_power_check(t, index);
	__u32 k;

	if (err)
		return err;
	p->t = *t;
	find_hull(p);
	for (k = 0; k < t->nr_idle; k++) {
		const struct wattle_power_idle *s = &t->idle[k];

		/* Residency is where the deeper state breaks even: that defines its price. */
		p->etr_pj[k] = k ? p->etr_pj[k - 1] + (__u64)s->residency_us * (s[-1].uw - s->uw) :
				   0;
		p->crit[k][0] = critical(p, 0, s->uw);
		p->crit[k][1] = critical(p, t->shared_uw - t->shared_idle_uw, s->uw);
	}
	p->crit_throughput = critical(p, (__u64)t->shared_uw + t->platform_uw, 0);
	return WATTLE_POWER_OK;
}

__u32 wattle_power_floor_khz(const struct wattle_power *p, __u32 nr)
{
	const struct wattle_power_table *t = &p->t;
	__u64 shared = (t->shared_uw - t->shared_idle_uw) / (nr ? nr : 1);
	__u32 best = critical(p, shared, t->idle[t->nr_idle - 1].uw);

	return best + 1 < t->nr_opps ? t->opp[best].khz : 0;
}

__u32 wattle_power_uw(const struct wattle_power *p, __u32 khz)
{
	__u32 i = wattle_power_opp_at_least(p, khz);
	const struct wattle_power_opp *o = &p->t.opp[i];

	if (!i || khz >= o->khz)
		return o->uw;
	/* Powers and frequencies are below 2^30. */
	return o[-1].uw + (__u32)((__u64)(o->uw - o[-1].uw) * (khz - o[-1].khz) /
				  (o->khz - o[-1].khz));
}

__u64 wattle_power_pj(__u64 uw, __u64 ns)
{
	__u64 whole = wattle_sat_mul(uw, ns / 1000);
	__u64 part = wattle_sat_mul(uw, ns % 1000) / 1000;

	return wattle_sat_add(whole, part);
}

__u64 wattle_power_run_ns(__u64 kcycles, __u64 stall_ns, __u32 khz)
{
	__u64 ns;

	if (!kcycles)
		return stall_ns;
	if (!khz)
		return WATTLE_U64_MAX;
	/* kcycles / kHz = seconds; the remainder is below 2^32, so times 10^9 fits. */
	ns = wattle_sat_mul(kcycles / khz, NS_PER_SEC);
	ns = wattle_sat_add(ns, ((kcycles % khz) * NS_PER_SEC + khz - 1) / khz);
	return wattle_sat_add(ns, stall_ns);
}

__u32 wattle_power_khz_for(__u64 kcycles, __u64 ns)
{
	__u64 unit = NS_PER_SEC, per, khz;

	if (!kcycles)
		return 0;
	/* Time rounded down to coarser units until the product fits: the answer errs upwards. */
	while (unit > 1 && kcycles > WATTLE_U64_MAX / unit) {
		unit /= 1000;
		ns /= 1000;
	}
	if (!ns)
		return ~0U;
	per = kcycles * unit;
	khz = per / ns + !!(per % ns);
	return khz > ~0U ? ~0U : (__u32)khz;
}

__u32 wattle_power_opp_at_least(const struct wattle_power *p, __u32 khz)
{
	__u32 i;

	for (i = 0; i + 1 < p->t.nr_opps; i++)
		if (p->t.opp[i].khz >= khz)
			break;
	return i;
}

__u32 wattle_power_opp_at_most(const struct wattle_power *p, __u32 khz)
{
	__u32 i;

	for (i = p->t.nr_opps - 1; i; i--)
		if (p->t.opp[i].khz <= khz)
			break;
	return i;
}

__u32 wattle_power_idle_for(const struct wattle_power *p, __u64 ns)
{
	__u32 k;

	for (k = p->t.nr_idle - 1; k; k--)
		if ((__u64)p->t.idle[k].residency_us * 1000 <= ns)
			break;
	return k;
}

__u64 wattle_power_gap_pj(const struct wattle_power *p, __u64 ns)
{
	__u32 k = wattle_power_idle_for(p, ns);

	return wattle_sat_add(wattle_power_pj(p->t.idle[k].uw, ns), p->etr_pj[k]);
}
