// SPDX-License-Identifier: GPL-2.0-only OR LGPL-2.1-or-later OR BSD-2-Clause
/* Who is slowed by more than was agreed is slowed no more. See guard.h. */
#include "core/guard.h"
#include "core/sat.h"

#define ONE		1024ULL		/* r of who takes what it needs */
#define R_MAX		(1ULL << 22)
#define FACTOR_PM	1050ULL		/* of what is allowed: no more than that is told apart */

static void turn(struct wattle_guard *g, __u32 phase)
{
	static const struct wattle_guard_mean none;

	g->phase = phase;
	g->turn++;
	g->grants = 0;
	if (phase != WATTLE_GUARD_FREES)
		g->slowed = none;
	g->free = none;
}

static void add(struct wattle_guard_mean *m, __u64 r)
{
	m->sum += r;
	m->squares += r * r;
	m->nr++;
}

static __u64 mean(const struct wattle_guard_mean *m)
{
	return m->nr ? m->sum / m->nr : 0;
}

/* Variance of the mean, < 2^44. */
static __u64 spread(const struct wattle_guard_mean *m)
{
	__u64 all = m->sum * m->sum / m->nr;

	if (m->nr < 2 || all >= m->squares)
		return 0;
	return (m->squares - all) / (m->nr - 1) / m->nr;
}

static void demote(struct wattle_guard *g, __u64 now_ns)
{
	turn(g, WATTLE_GUARD_DEMOTED);
	g->until_ns = wattle_sat_add(now_ns, WATTLE_GUARD_WAIT_NS << g->waits);
	g->waits += g->waits < WATTLE_GUARD_WAITS;
	g->demotions++;
	g->bad = 0;
	g->window = 0;
	g->kept = 0;
	g->missed = 0;
}

int wattle_guard_demoted(struct wattle_guard *g, __u64 now_ns)
{
	if (g->phase != WATTLE_GUARD_DEMOTED)
		return 0;
	if (now_ns < g->until_ns)
		return 1;
	turn(g, WATTLE_GUARD_SLOWS);
	return 0;
}

int wattle_guard_free(struct wattle_guard *g, __u64 now_ns)
{
	if (wattle_guard_demoted(g, now_ns))
		return 1;
	if (g->phase == WATTLE_GUARD_FREES && ++g->grants > WATTLE_GUARD_PATIENCE)
		turn(g, WATTLE_GUARD_SLOWS);
	return g->phase == WATTLE_GUARD_FREES;
}

static enum wattle_guard_verdict judge(struct wattle_guard *g, __u32 allowed_pm, __u64 now_ns)
{
	__u64 slowed = mean(&g->slowed), ref = mean(&g->free), most, least, var, off;
	enum wattle_guard_verdict v = WATTLE_GUARD_FINE;

	/* Of what is allowed at all (10 times) and 2^22, this is below 2^37; in 1/1000: 2^47. */
	most = ref * (1000 + allowed_pm) / 1000;
	least = most * FACTOR_PM / 1000;
	g->slowdown_pm = ref && slowed > ref ? (__u32)(slowed * 1000 / ref - 1000) : 0;
	if (ref && slowed > least) {
		/* (1 + allowed)^2 times the variance of the reference: at most 121 times. */
		__u64 factor = (1000ULL + allowed_pm) * (1000 + allowed_pm) / 1000;

		var = wattle_sat_add(spread(&g->slowed),
				     wattle_sat_mul(spread(&g->free), factor) / 1000);
		off = slowed - most;
		/* off > 2.5 sqrt(var) */
		if (off * off > wattle_sat_mul(var, 25) / 4)
			v = WATTLE_GUARD_SUSPECT;
	}
	if (v == WATTLE_GUARD_FINE) {
		g->bad = 0;
		g->window = g->window ? g->window * 2 : 2 * WATTLE_GUARD_SLOWED_MIN;
		if (g->window > WATTLE_GUARD_SLOWED_MAX)
			g->window = WATTLE_GUARD_SLOWED_MAX;
		else
			g->waits -= !!g->waits;
		turn(g, WATTLE_GUARD_SLOWS);
		return v;
	}
	if (++g->bad >= WATTLE_GUARD_TWICE) {
		demote(g, now_ns);
		return WATTLE_GUARD_SLOWDOWN;
	}
	g->window = 0;
	turn(g, WATTLE_GUARD_SLOWS);
	return v;
}

enum wattle_guard_verdict wattle_guard_ran(struct wattle_guard *g, __u32 began, int slowed,
					   __u64 run_ns, __u64 need_ns, __u32 allowed_pm,
					   __u64 now_ns)
{
	__u32 phase = slowed ? WATTLE_GUARD_SLOWS : WATTLE_GUARD_FREES;
	__u32 window = g->window ? g->window : WATTLE_GUARD_SLOWED_MIN;
	__u64 r;

	if (!need_ns || began != g->turn || g->phase != phase)
		return WATTLE_GUARD_NONE;
	r = wattle_sat_mul(run_ns, ONE) / need_ns;
	if (r > R_MAX)
		r = R_MAX;
	if (slowed) {
		add(&g->slowed, r);
		if (g->slowed.nr >= window)
			turn(g, WATTLE_GUARD_FREES);
		return WATTLE_GUARD_NONE;
	}
	add(&g->free, r);
	if (g->free.nr < WATTLE_GUARD_FREE)
		return WATTLE_GUARD_NONE;
	return judge(g, allowed_pm, now_ns);
}

enum wattle_guard_verdict wattle_guard_promised(struct wattle_guard *g, int late, __u64 now_ns)
{
	__u32 all;

	if (g->phase == WATTLE_GUARD_DEMOTED)
		return WATTLE_GUARD_NONE;
	g->missed += !!late;
	g->kept += !late;
	all = g->kept + g->missed;
	if (all >= WATTLE_GUARD_PROMISED && g->missed >= WATTLE_GUARD_MISSED &&
	    g->missed * WATTLE_GUARD_ONE_IN > all) {
		demote(g, now_ns);
		return WATTLE_GUARD_MISSES;
	}
	/* What is long past weighs half. */
	if (all >= 1U << 16) {
		g->kept /= 2;
		g->missed /= 2;
	}
	return WATTLE_GUARD_NONE;
}
