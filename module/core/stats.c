// SPDX-License-Identifier: GPL-2.0-only OR LGPL-2.1-or-later OR BSD-2-Clause
/* Accounts: histograms, events, run time, totals, energy. */
#include "core/energy.h"
#include "core/internal.h"

/* Slot k counts [2^k, 2^(k+1)) us; see WATTLE_HIST_SLOTS. */
__u32 wattle_sched_hist_slot(__u64 ns)
{
	__u64 us = ns / 1000;	/* by a constant: a multiplication */
	__u32 slot;

	if (us < 2)
		return 0;
	slot = 63 - __builtin_clzll(us);
	return slot < WATTLE_HIST_SLOTS ? slot : WATTLE_HIST_SLOTS - 1;
}

void wattle_sched_event(struct wattle_sched_queue *q, __u32 type,
			const struct wattle_sched_batch *b, __u64 run_ns, __s32 status, __u32 cpu,
			__u64 now_ns)
{
	struct wattle_event ev = {
		.size = sizeof(ev),
		.type = type,
		.queue = q->id,
		.batch = b->id,
		.user_data = b->in.user_data,
		.time_ns = now_ns,
		.run_ns = run_ns,
		.status = status,
		.cpu = cpu,
	};

	if (q->params.event_mask & WATTLE_EVENT_BIT(type))
		q->client->sched->ops->event(q->client, &ev);
}

/*
 * CPU time of @w's thread. Asked once for one moment: completing and granting
 * happen in one step, and asking may cost the caller a system call.
 */
__u64 wattle_sched_cpu_ns(struct wattle_sched_worker *w, __u64 now_ns)
{
	const struct wattle_sched *s = w->client->sched;

	if (!s->ops->cpu_ns)
		return now_ns;
	if (w->cpu_at_ns != now_ns) {
		w->cpu_ns = s->ops->cpu_ns(w, now_ns);
		w->cpu_at_ns = now_ns;
	}
	return w->cpu_ns;
}

static inline struct wattle_sched_queue *charged_queue(const struct wattle_sched_worker *w)
{
	return w->batch ? w->batch->queue : w->expired_queue;
}

/*
 * Bring the times of @w's queue up to @now_ns. Weighted time counts how long the
 * grant has held its CPU, asleep or not: that is what others had to wait for. It
 * is run x weight_mult / 2^16; the halves keep the product below 2^64.
 */
void wattle_sched_charge(struct wattle_sched_worker *w, __u64 now_ns)
{
	struct wattle_sched_queue *q = charged_queue(w);
	__u64 run = wattle_sat_sub(now_ns, w->charged_ns);
	__u64 weighted, at, cpu;

	if (!q || !run)
		return;
	w->charged_ns = now_ns;
	weighted = wattle_sat_add(wattle_sat_mul(run >> 16, q->weight_mult),
				  ((run & 0xffff) * q->weight_mult) >> 16);
	q->vtime = wattle_sat_add(q->vtime, weighted);
	q->stats.run_ns = wattle_sat_add(q->stats.run_ns, run);
	q->epoch_run_ns = wattle_sat_add(q->epoch_run_ns, run);

	at = wattle_sched_cpu_ns(w, now_ns);
	cpu = wattle_sat_sub(at, w->charged_cpu_ns);
	w->charged_cpu_ns = at;
	q->stats.cpu_ns = wattle_sat_add(q->stats.cpu_ns, cpu);
	q->epoch_cpu_ns = wattle_sat_add(q->epoch_cpu_ns, cpu);
}

/* Add to @st the times of running grants, of @q or of all, that have not been charged yet. */
static void add_uncharged(const struct wattle_sched *s, const struct wattle_sched_queue *q,
			  struct wattle_queue_stats *st, __u64 now_ns)
{
	struct wattle_sched_worker *w;

	wattle_list_for_each(w, &s->running, run_link) {
		if (q && charged_queue(w) != q)
			continue;
		st->run_ns = wattle_sat_add(st->run_ns, wattle_sat_sub(now_ns, w->charged_ns));
		st->cpu_ns = wattle_sat_add(st->cpu_ns,
					    wattle_sat_sub(wattle_sched_cpu_ns(w, now_ns),
							   w->charged_cpu_ns));
	}
}

void wattle_sched_queue_stats(const struct wattle_sched_queue *q, struct wattle_queue_stats *st,
			      __u64 now_ns)
{
	*st = q->stats;
	st->queue = q->id;
	add_uncharged(q->client->sched, q, st, now_ns);
}

/* The worst of two labels; NONE says nothing. */
static __u32 worse(__u32 a, __u32 b)
{
	if (a == WATTLE_QUALITY_NONE || b == WATTLE_QUALITY_NONE)
		return a > b ? a : b;
	return a < b ? a : b;
}

static void add(struct wattle_queue_stats *to, const struct wattle_queue_stats *st)
{
	int i;

	to->energy_quality = worse(to->energy_quality, st->energy_quality);
	to->submitted = wattle_sat_add(to->submitted, st->submitted);
	to->admitted = wattle_sat_add(to->admitted, st->admitted);
	to->best_effort = wattle_sat_add(to->best_effort, st->best_effort);
	to->refused = wattle_sat_add(to->refused, st->refused);
	to->completed = wattle_sat_add(to->completed, st->completed);
	to->cancelled = wattle_sat_add(to->cancelled, st->cancelled);
	to->aborted = wattle_sat_add(to->aborted, st->aborted);
	to->queued = wattle_sat_add(to->queued, st->queued);
	to->granted = wattle_sat_add(to->granted, st->granted);
	to->failed = wattle_sat_add(to->failed, st->failed);
	to->late = wattle_sat_add(to->late, st->late);
	to->missed = wattle_sat_add(to->missed, st->missed);
	to->lease_expired = wattle_sat_add(to->lease_expired, st->lease_expired);
	to->migrated = wattle_sat_add(to->migrated, st->migrated);
	to->requeued = wattle_sat_add(to->requeued, st->requeued);
	to->would_refuse = wattle_sat_add(to->would_refuse, st->would_refuse);
	to->run_ns = wattle_sat_add(to->run_ns, st->run_ns);
	to->cpu_ns = wattle_sat_add(to->cpu_ns, st->cpu_ns);
	to->wait_ns = wattle_sat_add(to->wait_ns, st->wait_ns);
	to->energy_uj = wattle_sat_add(to->energy_uj, st->energy_uj);
	for (i = 0; i < WATTLE_HIST_SLOTS; i++) {
		to->wait_hist[i] = wattle_sat_add(to->wait_hist[i], st->wait_hist[i]);
		to->run_hist[i] = wattle_sat_add(to->run_hist[i], st->run_hist[i]);
	}
}

void wattle_sched_totals(const struct wattle_sched *s, struct wattle_queue_stats *st,
			 __u64 now_ns)
{
	const struct wattle_sched_queue *q;

	*st = s->retired;
	wattle_list_for_each(q, &s->queues, sched_link)
		add(st, &q->stats);
	add_uncharged(s, NULL, st, now_ns);
}

/* @q is about to be freed: keep its sums. */
void wattle_sched_retire(struct wattle_sched_queue *q)
{
	struct wattle_sched *s = q->client->sched;

	add(&s->retired, &q->stats);
	s->retired_pj += q->energy_pj;
	if (s->retired_pj >= WATTLE_PJ_PER_UJ) {
		s->retired_pj -= WATTLE_PJ_PER_UJ;
		s->retired.energy_uj = wattle_sat_add(s->retired.energy_uj, 1);
	}
	s->retired_run_ns = wattle_sat_add(s->retired_run_ns, q->epoch_run_ns);
	s->retired_cpu_ns = wattle_sat_add(s->retired_cpu_ns, q->epoch_cpu_ns);
}

void wattle_sched_energy_epoch(struct wattle_sched *s, __u64 delta_uj, __u64 busy_ns,
			       __u32 quality, __u64 now_ns)
{
	struct wattle_energy_split split;
	struct wattle_sched_worker *w;
	struct wattle_sched_queue *q;
	__u64 sum = s->retired_cpu_ns;

	wattle_list_for_each(w, &s->running, run_link)
		wattle_sched_charge(w, now_ns);
	wattle_list_for_each(q, &s->queues, sched_link)
		sum = wattle_sat_add(sum, q->epoch_cpu_ns);
	wattle_energy_split_begin(&split, delta_uj, busy_ns, sum);
	wattle_list_for_each(q, &s->queues, sched_link) {
		if (!q->epoch_run_ns && !q->epoch_cpu_ns)
			continue;
		/* A grant that slept all the time is known to have cost nothing. */
		wattle_energy_split_take(&split, q->epoch_cpu_ns, &q->stats.energy_uj,
					 &q->energy_pj);
		q->stats.energy_quality = worse(q->stats.energy_quality, quality);
		q->epoch_run_ns = 0;
		q->epoch_cpu_ns = 0;
	}
	if (s->retired_run_ns || s->retired_cpu_ns) {
		wattle_energy_split_take(&split, s->retired_cpu_ns, &s->retired.energy_uj,
					 &s->retired_pj);
		s->retired.energy_quality = worse(s->retired.energy_quality, quality);
		s->retired_run_ns = 0;
		s->retired_cpu_ns = 0;
	}
	wattle_energy_split_end(&split, &s->unattributed_uj, &s->unattributed_pj);
}
