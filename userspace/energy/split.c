// SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause
/*
 * The conserved split. Products of two 64-bit figures are taken in 128 bits; every
 * quotient here is at most its first factor, so it fits again.
 */
#include "energy/split.h"

#define PERCENT_IDLE	99	/* of the tick, to learn from it */
#define PERCENT_ONE	90	/* of the idle time, in one state */
#define LEARN_SHIFT	3	/* the average forgets over about eight such ticks */

static uint64_t part(uint64_t whole, uint64_t of, uint64_t all)
{
	return (uint64_t)((unsigned __int128)whole * of / all);
}

static uint64_t min64(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

/* A sum that stays at the top instead of starting again at 0. */
static uint64_t add(uint64_t a, uint64_t b)
{
	return a + b < a ? UINT64_MAX : a + b;
}

/* Microwatts for nanoseconds, in microjoules. */
static uint64_t energy(uint64_t uw, uint64_t ns)
{
	unsigned __int128 uj = (unsigned __int128)uw * ns / 1000000000u;

	return uj > UINT64_MAX ? UINT64_MAX : (uint64_t)uj;
}

static uint64_t idle_time(const struct wattle_split_tick *t)
{
	uint64_t sum = 0;
	unsigned int k;

	for (k = 0; k < WATTLE_SPLIT_STATES; k++)
		sum = add(sum, t->idle_ns[k]);
	return sum;
}

/*
 * An idle CPU costs something between nothing and what a busy one costs. A state of
 * unknown power is charged as much as a busy CPU: programs then get no joule that may
 * have been idle, and what they may have used besides shows in their intervals.
 */
static void split_idle(struct wattle_split_tick *t, const struct wattle_split_idle *idle)
{
	uint64_t known = 0, unknown_ns = 0, all;
	unsigned int k;

	for (k = 0; k < WATTLE_SPLIT_STATES; k++) {
		if (idle->uw[k])
			known = add(known, energy(idle->uw[k], t->idle_ns[k]));
		else
			unknown_ns = add(unknown_ns, t->idle_ns[k]);
	}
	known = min64(known, t->uj);
	t->idle_known = !unknown_ns;
	t->idle_low_uj = known;
	t->idle_uj = known;
	all = add(t->busy_ns, unknown_ns);
	if (unknown_ns)
		t->idle_uj += part(t->uj - known, unknown_ns, all);
	t->idle_high_uj = t->idle_uj;
}

/*
 * Bounds of the share of weight w among all: the others as hungry as can be and it as
 * frugal as can be, or the other way round. One alone has all of it, whatever its hunger.
 */
static uint64_t bound(uint64_t uj, uint64_t w, uint64_t all, uint32_t own, uint32_t others)
{
	unsigned __int128 mine = (unsigned __int128)w * own;
	unsigned __int128 sum = mine + (unsigned __int128)(all - w) * others;

	/* Both under 2^64: dropping low bits of weights near 2^64 changes nothing that shows. */
	while (sum > UINT64_MAX) {
		sum >>= 1;
		mine >>= 1;
	}
	return sum ? part(uj, (uint64_t)mine, (uint64_t)sum) : 0;
}

void wattle_split(struct wattle_split_tick *t, const struct wattle_split_idle *idle,
		  struct wattle_split_use *use, size_t nr)
{
	uint64_t all = add(t->irq_weight, t->lost_weight);
	uint64_t left, sum = 0, given = 0, most, least, up;
	size_t i;

	for (i = 0; i < nr; i++)
		all = add(all, use[i].weight);
	split_idle(t, idle);
	t->shared_uj = min64(energy(t->shared_uw, t->awake_ns), t->uj - t->idle_uj);
	left = t->uj - t->idle_uj - t->shared_uj;
	/* A counter that was late last tick owes, one that is early now will: both ways. */
	least = left - min64(left, t->quantum_uj);
	most = add(left, add(t->idle_high_uj - t->idle_low_uj, t->quantum_uj));
	if (!all)
		all = 1;
	/*
	 * Everybody gets the difference of two rounded running sums: no share is off by more
	 * than one, and the last sum is the whole.
	 */
	for (i = 0; i < nr; i++) {
		sum = add(sum, use[i].weight);
		up = part(left, sum, all);
		use[i].uj = up - given;
		given = up;
		use[i].low_uj = min64(use[i].uj, bound(least, use[i].weight, all, t->activity_low,
						       t->activity_high));
		use[i].high_uj = bound(most, use[i].weight, all, t->activity_high,
				       t->activity_low);
		if (use[i].high_uj < use[i].uj)
			use[i].high_uj = use[i].uj;
	}
	sum = add(sum, t->irq_weight);
	up = part(left, sum, all);
	t->irq_uj = up - given;
	t->lost_uj = left - up;
}

bool wattle_split_learn(const struct wattle_split_tick *t, struct wattle_split_idle *idle)
{
	uint64_t idle_ns = idle_time(t), uw;
	unsigned int k, best = 0;
	unsigned __int128 all = (unsigned __int128)idle_ns + t->busy_ns;

	for (k = 1; k < WATTLE_SPLIT_STATES; k++)
		if (t->idle_ns[k] > t->idle_ns[best])
			best = k;
	/* A counter that stood still tells nothing either. */
	if (!idle_ns || !t->uj || (unsigned __int128)idle_ns * 100 < all * PERCENT_IDLE ||
	    (unsigned __int128)t->idle_ns[best] * 100 < (unsigned __int128)idle_ns * PERCENT_ONE)
		return false;
	uw = (uint64_t)((unsigned __int128)t->uj * 1000000000u / idle_ns);
	if (!uw)
		return false;
	if (!idle->uw[best])
		idle->uw[best] = uw;
	else if (uw > idle->uw[best])
		idle->uw[best] += (uw - idle->uw[best]) >> LEARN_SHIFT;
	else
		idle->uw[best] -= (idle->uw[best] - uw) >> LEARN_SHIFT;
	return true;
}
