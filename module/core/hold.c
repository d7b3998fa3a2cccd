// SPDX-License-Identifier: GPL-2.0-only OR LGPL-2.1-or-later OR BSD-2-Clause
/*
 * Work that may wait is held until there is more of it, so that CPUs run together and
 * then idle together: what they share is paid for while any of them is awake.
 *
 * A hold is a gate for the managed CPUs as a whole, in mode enforce. It begins when
 * work comes that an idle CPU would take and nothing else is ready, so that only
 * who has agreed waits; its end is set then, and only ever moved nearer: by
 * max_delay_us of each that joins, and to half of what all promises that wait leave
 * (the ledger's slack at full speed: the other half is for running slower). What may
 * not wait, or of which too little is known, ends it at once. At its end all goes, in
 * the usual order, and what comes meanwhile goes with it. When all that was held has
 * gone elsewhere (withdrawn, taken by a CPU without a gate) it is over.
 */
#include "core/internal.h"

/* How long all that waits and is promised could go on waiting; ~0 = nothing is. */
static __u64 slack_ns(const struct wattle_sched *s, __u64 now_ns)
{
	__u64 least = WATTLE_U64_MAX;
	__u32 i;

	for (i = 0; i < WATTLE_SCHED_CLASSES; i++) {
		const struct wattle_admit *a = &s->admit[i];
		__u64 slack;

		if (!a->count)
			continue;
		slack = wattle_admit_slack_ns(a, wattle_sched_first_ns(s, i, now_ns), now_ns);
		if (slack < least)
			least = slack;
	}
	return least;
}

/* Until when @b may be held; 0 = not at all. */
static __u64 limit_ns(const struct wattle_sched *s, const struct wattle_sched_batch *b,
		      __u64 now_ns)
{
	__u64 most = wattle_sat_mul(b->queue->params.max_delay_us, 1000);
	__u64 end, slack;

	if (!most || !b->need_ns || s->draining || b->verdict != WATTLE_VERDICT_ADMITTED)
		return 0;
	/* Promises that a recheck has in hand are in no ledger: what they leave is not known. */
	if (wattle_sched_recheck_gathers(s) || (wattle_sched_dated(b) && b->promised != 1))
		return 0;
	end = wattle_sat_add(b->ready_ns, most);
	slack = slack_ns(s, now_ns) / 2;
	if (slack < wattle_sat_sub(end, now_ns))
		end = wattle_sat_add(now_ns, slack);
	return end > wattle_sat_add(now_ns, WATTLE_HOLD_LEAST_NS) ? end : 0;
}

/* Something runs anyway for as long as @b needs: then it costs nothing shared to run beside it. */
static int rides_along(const struct wattle_sched *s, const struct wattle_sched_batch *b,
		       __u64 now_ns)
{
	const struct wattle_sched_worker *w;

	wattle_list_for_each(w, &s->running, run_link) {
		if (w->occupies == WATTLE_CPU_ANY || w->state != WATTLE_WORKER_GRANTED)
			continue;
		if (wattle_sat_add(w->granted_ns, w->batch->need_ns) >=
		    wattle_sat_add(now_ns, b->need_ns))
			return 1;
	}
	return 0;
}

void wattle_sched_hold_end(struct wattle_sched *s)
{
	if (!s->hold_ns)
		return;
	s->hold_ns = 1;
	wattle_sched_arm(s, 1);
}

void wattle_sched_hold_join(struct wattle_sched *s, const struct wattle_sched_batch *b,
			    __u64 now_ns)
{
	__u64 end;

	if (!s->hold_ns)
		return;
	end = limit_ns(s, b, now_ns);
	if (!end) {
		wattle_sched_hold_end(s);
	} else if (end < s->hold_ns) {
		s->hold_ns = end;
		wattle_sched_arm(s, end);
	}
}

int wattle_sched_hold_begin(struct wattle_sched *s, const struct wattle_sched_batch *b,
			    __u64 now_ns)
{
	__u64 end;

	/* What is ready besides was not asked whether it may wait. */
	if (s->nr_ready > 1)
		return 0;
	end = limit_ns(s, b, now_ns);
	if (!end || rides_along(s, b, now_ns))
		return 0;
	s->hold_ns = end;
	s->nr_holds++;
	wattle_sched_arm(s, end);
	return 1;
}

void wattle_sched_hold_tick(struct wattle_sched *s, __u64 now_ns)
{
	__u32 cpu;

	if (!s->hold_ns || s->hold_ns > now_ns)
		return;
	s->hold_ns = 0;
	for (cpu = 0; cpu < s->nr_cpus; cpu++)
		wattle_sched_cpu_freed(s, cpu, now_ns);
}
