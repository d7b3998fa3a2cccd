// SPDX-License-Identifier: GPL-2.0-only OR LGPL-2.1-or-later OR BSD-2-Clause
/* Deadline buckets, and the speed they ask for. See demand.h. */
#include "core/demand.h"
#include "core/null.h"
#include "core/power.h"
#include "core/sat.h"

#define NS_PER_SEC	1000000000ULL

/*
 * Deadlines that differ by less than 1/32 of the time to them may share: their
 * work is taken to be due at most that much too early, so the speed asked for
 * is at most 1/31 too high, half of one step of a 16-step frequency table.
 */
#define SHARE_SHIFT	5

void wattle_demand_init(struct wattle_demand *d)
{
	__u32 i;

	d->nr = 0;
	d->pad = 0;
	d->release_ns = 0;
	d->kcycles = 0;
	d->stall_ns = 0;
	for (i = 0; i < WATTLE_DEMAND_BUCKETS; i++) {
		d->order[i] = i;
		d->bucket[i].count = 0;
	}
}

/* Buckets with a deadline of at most @due_ns. */
static __u32 up_to(const struct wattle_demand *d, __u64 due_ns)
{
	__u32 low = 0, high = d->nr;

	while (low < high) {
		__u32 mid = (low + high) / 2;

		if (d->bucket[d->order[mid]].due_ns <= due_ns)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

/* order[] is a permutation: the first nr in use, by deadline; the others free. */
static struct wattle_demand_bucket *open_bucket(struct wattle_demand *d, __u32 at, __u64 due_ns)
{
	__u8 index = d->order[d->nr];
	struct wattle_demand_bucket *b = &d->bucket[index];
	__u32 i;

	for (i = d->nr++; i > at; i--)
		d->order[i] = d->order[i - 1];
	d->order[at] = index;
	b->due_ns = due_ns;
	b->release_ns = 0;
	b->kcycles = 0;
	b->stall_ns = 0;
	b->count = 0;
	b->pad = 0;
	return b;
}

static void close_bucket(struct wattle_demand *d, __u32 index)
{
	__u32 i;

	for (i = 0; d->order[i] != index; i++)
		;
	for (d->nr--; i < d->nr; i++)
		d->order[i] = d->order[i + 1];
	d->order[d->nr] = index;
}

static struct wattle_demand_bucket *find_bucket(struct wattle_demand *d, __u64 due_ns,
						__u64 now_ns)
{
	__u32 n = up_to(d, due_ns);
	__u64 apart = wattle_sat_sub(due_ns, now_ns) >> SHARE_SHIFT;
	struct wattle_demand_bucket *before = n ? &d->bucket[d->order[n - 1]] : NULL;

	if (before && before->due_ns == due_ns)
		return before;
	if (d->nr < WATTLE_DEMAND_EXACT)
		return open_bucket(d, n, due_ns);
	if (before && due_ns - before->due_ns <= apart)
		return before;
	if (d->nr < WATTLE_DEMAND_BUCKETS)
		return open_bucket(d, n, due_ns);
	if (!before) {
		before = &d->bucket[d->order[0]];
		before->due_ns = due_ns;
	}
	return before;
}

void wattle_demand_add(struct wattle_demand *d, struct wattle_demand_entry *e, __u64 due_ns,
		       __u64 release_ns, __u64 now_ns)
{
	struct wattle_demand_bucket *b = find_bucket(d, due_ns, now_ns);

	e->bucket = b - d->bucket;
	e->pad = 0;
	b->kcycles = wattle_sat_add(b->kcycles, e->kcycles);
	b->stall_ns = wattle_sat_add(b->stall_ns, e->stall_ns);
	if (release_ns > b->release_ns)
		b->release_ns = release_ns;
	b->count++;
	if (release_ns > d->release_ns)
		d->release_ns = release_ns;
	d->kcycles = wattle_sat_add(d->kcycles, e->kcycles);
	d->stall_ns = wattle_sat_add(d->stall_ns, e->stall_ns);
}

/* A sum that reached the end of its range stays there until its bucket is empty. */
static void less(__u64 *sum, __u64 part)
{
	if (*sum != WATTLE_U64_MAX)
		*sum -= part;
}

void wattle_demand_sub(struct wattle_demand *d, struct wattle_demand_entry *e)
{
	struct wattle_demand_bucket *b;

	if (e->bucket >= WATTLE_DEMAND_BUCKETS)
		return;
	b = &d->bucket[e->bucket];
	less(&d->kcycles, e->kcycles);
	less(&d->stall_ns, e->stall_ns);
	less(&b->kcycles, e->kcycles);
	less(&b->stall_ns, e->stall_ns);
	if (!--b->count)
		close_bucket(d, e->bucket);
	if (!d->nr) {
		d->kcycles = 0;
		d->stall_ns = 0;
		d->release_ns = 0;
	}
	e->bucket = WATTLE_DEMAND_NONE;
}

/*
 * latest[n]: by when everything before bucket n in the order must be done so
 * that n and all behind it still fit at @khz. Only work that cannot start yet
 * makes this bind: for the rest the speed itself already implies it.
 */
static void find_latest(struct wattle_demand *d, __u32 khz)
{
	__u32 n;

	d->latest[d->nr] = WATTLE_U64_MAX;
	for (n = d->nr; n--;) {
		const struct wattle_demand_bucket *b = &d->bucket[d->order[n]];
		__u64 end = b->due_ns < d->latest[n + 1] ? b->due_ns : d->latest[n + 1];

		d->latest[n] = wattle_sat_sub(end, wattle_power_run_ns(b->kcycles, b->stall_ns,
								       khz));
	}
}

__u64 wattle_demand_latest(struct wattle_demand *d, __u64 before_ns, __u32 khz, __u64 now_ns)
{
	__u32 n;

	if (!d->nr || d->release_ns <= now_ns)
		return WATTLE_U64_MAX;
	find_latest(d, khz);
	for (n = 0; n < d->nr && d->bucket[d->order[n]].due_ns < before_ns; n++)
		if (d->bucket[d->order[n]].release_ns > now_ns)
			return d->latest[n];
	return WATTLE_U64_MAX;
}

/* Does @kcycles in @ns need more than @khz? Without a division where the products fit. */
static int needs_more(__u64 kcycles, __u64 ns, __u32 khz)
{
	__u64 want, have;

	if (!__builtin_mul_overflow(kcycles, NS_PER_SEC, &want) &&
	    !__builtin_mul_overflow((__u64)khz, ns, &have))
		return want > have;
	return wattle_power_khz_for(kcycles, ns) > khz;
}

static void weigh(struct wattle_demand_speed *s, __u64 kcycles, __u64 stall_ns, __u64 due_ns,
		  __u64 spent_ns)
{
	__u64 ns = wattle_sat_sub(due_ns, wattle_sat_add(spent_ns, stall_ns));
	__u32 khz;

	/* Stalls alone may just fit. */
	if (!ns && (kcycles || due_ns < wattle_sat_add(spent_ns, stall_ns))) {
		khz = ~0U;
	} else {
		if (s->due_ns && (!ns || !needs_more(kcycles, ns, s->khz)))
			return;
		khz = wattle_power_khz_for(kcycles, ns);
	}
	s->khz = khz;
	s->due_ns = due_ns;
	s->kcycles = kcycles;
	s->stall_ns = stall_ns;
}

void wattle_demand_speed(struct wattle_demand *d, const struct wattle_demand_first *first,
			 __u32 limit_khz, __u64 guard_ns, __u64 now_ns,
			 struct wattle_demand_speed *out)
{
	struct wattle_demand_speed s = { 0, 0, 0, 0, 0 };
	__u64 kcycles = first->kcycles, stall_ns = first->stall_ns;
	__u64 spent_ns = wattle_sat_add(now_ns, guard_ns);
	int later = d->nr && d->release_ns > now_ns;
	__u32 n;

	if (first->due_ns)
		weigh(&s, kcycles, stall_ns, first->due_ns, spent_ns);
	if (later)
		find_latest(d, limit_khz);
	/* What runs must itself make room for work that starts later. */
	if (later && d->latest[0] > now_ns && d->bucket[d->order[0]].release_ns > now_ns &&
	    (kcycles || stall_ns))
		weigh(&s, kcycles, stall_ns, d->latest[0], spent_ns);
	for (n = 0; n < d->nr && s.khz != ~0U; n++) {
		const struct wattle_demand_bucket *b = &d->bucket[d->order[n]];
		__u64 due_ns = b->due_ns;

		kcycles = wattle_sat_add(kcycles, b->kcycles);
		stall_ns = wattle_sat_add(stall_ns, b->stall_ns);
		/* A latest start that is over says only that the limit is not enough. */
		if (later && d->latest[n + 1] < due_ns)
			due_ns = d->latest[n + 1];
		weigh(&s, kcycles, stall_ns, due_ns, spent_ns);
	}
	if (s.khz > limit_khz) {
		s.khz = limit_khz;
		s.late = 1;
	}
	*out = s;
}

__u64 wattle_demand_slack(const struct wattle_demand *d, __u32 khz, __u64 now_ns)
{
	__u64 slack = WATTLE_U64_MAX, kcycles = 0, stall_ns = 0;
	__u32 n;

	for (n = 0; n < d->nr; n++) {
		const struct wattle_demand_bucket *b = &d->bucket[d->order[n]];
		__u64 need, left;

		kcycles = wattle_sat_add(kcycles, b->kcycles);
		stall_ns = wattle_sat_add(stall_ns, b->stall_ns);
		need = wattle_power_run_ns(kcycles, stall_ns, khz);
		left = wattle_sat_sub(b->due_ns, wattle_sat_add(now_ns, need));
		if (left < slack)
			slack = left;
	}
	return slack;
}
