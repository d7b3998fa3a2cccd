// SPDX-License-Identifier: GPL-2.0-only OR LGPL-2.1-or-later OR BSD-2-Clause
/* How a grant ends: by its worker, by its lease, with its thread. */
#include "core/internal.h"

/* Ends @w's hold on its CPU: the CPU if that is now free of grants, or WATTLE_CPU_ANY. */
__u32 wattle_sched_leave_cpu(struct wattle_sched_worker *w)
{
	__u32 cpu = w->occupies;

	if (cpu == WATTLE_CPU_ANY)
		return cpu;
	w->occupies = WATTLE_CPU_ANY;
	return --w->client->sched->cpus[cpu].nr_busy ? WATTLE_CPU_ANY : cpu;
}

/* What every end of a grant has in common. The queue may be freed: do not use it after. */
static void put_batch(struct wattle_sched_worker *w)
{
	struct wattle_sched_batch *b = w->batch;
	struct wattle_sched_queue *q = b->queue;

	w->batch = NULL;
	w->token = 0;
	q->stats.granted--;
	q->nr_granted--;
	wattle_sched_batch_end(b);
	if (q->dead)
		wattle_sched_queue_put(q);
}

static __u32 end_grant(struct wattle_sched_worker *w)
{
	put_batch(w);
	w->state = WATTLE_WORKER_OUT;
	wattle_list_del(&w->run_link);
	return wattle_sched_leave_cpu(w);
}

static __u32 complete(struct wattle_sched_worker *w, __u32 status, __u32 on_cpu, __u64 now_ns)
{
	struct wattle_sched_batch *b = w->batch;
	struct wattle_sched_queue *q = b->queue;
	__u64 run = wattle_sat_sub(now_ns, w->granted_ns);
	int late = wattle_sched_dated(b) && now_ns > b->in.deadline_ns;
	int moved = w->cpu != WATTLE_CPU_ANY && on_cpu != WATTLE_CPU_ANY && on_cpu != w->cpu;

	wattle_sched_charge(w, now_ns);
	q->stats.completed++;
	q->stats.run_hist[wattle_sched_hist_slot(run)]++;
	if (status == WATTLE_STATUS_FAILED)
		q->stats.failed++;
	if (late) {
		q->stats.late++;
		q->stats.missed++;
	}
	if (moved)
		q->stats.migrated++;
	if (q->params.event_mask) {
		wattle_sched_event(q, late ? WATTLE_EVENT_LATE : WATTLE_EVENT_DONE, b, run,
				   (__s32)status, on_cpu, now_ns);
		if (moved)
			wattle_sched_event(q, WATTLE_EVENT_MIGRATED, b, run, (__s32)status,
					   on_cpu, now_ns);
	}
	wattle_sched_trace(w->client->sched, WATTLE_TRACE_COMPLETE, b, w, now_ns);
	w->last_token = w->token;
	return end_grant(w);
}

/* A batch that ran and will not complete. */
static void count_lost(struct wattle_sched_worker *w, __u32 type, __u64 now_ns)
{
	struct wattle_sched_batch *b = w->batch;
	struct wattle_sched_queue *q = b->queue;

	wattle_sched_charge(w, now_ns);
	q->stats.aborted++;
	if (wattle_sched_dated(b))
		q->stats.missed++;
	wattle_sched_event(q, type, b, wattle_sat_sub(now_ns, w->granted_ns), 0, w->cpu, now_ns);
}

__u32 wattle_sched_abort(struct wattle_sched_worker *w, __u64 now_ns)
{
	count_lost(w, WATTLE_EVENT_ABORTED, now_ns);
	wattle_sched_trace(w->client->sched, WATTLE_TRACE_ABORT, w->batch, w, now_ns);
	return end_grant(w);
}

/*
 * The lease is over. A thread that has been told of the grant may be running
 * the batch: the token dies, the CPU stays occupied. One that has not picked it
 * up cannot have begun: the batch goes back, the thread is sent round again.
 */
void wattle_sched_expire(struct wattle_sched_worker *w, __u64 now_ns)
{
	struct wattle_sched_queue *q = w->batch->queue;

	if (!w->taken) {
		wattle_sched_undo(w, now_ns);
		w->wake_err = -EINTR;
		return;
	}
	count_lost(w, WATTLE_EVENT_REVOKED, now_ns);
	q->stats.lease_expired++;
	wattle_sched_trace(w->client->sched, WATTLE_TRACE_LEASE_EXPIRED, w->batch, w, now_ns);
	/* Before the batch lets go of the queue: the overrun will be charged to it. */
	w->expired_queue = q;
	q->nr_expired++;
	w->expired_token = w->token;
	w->state = WATTLE_WORKER_EXPIRED;
	put_batch(w);
}

__u32 wattle_sched_end_expired(struct wattle_sched_worker *w, __u64 now_ns)
{
	struct wattle_sched_queue *q = w->expired_queue;

	wattle_sched_charge(w, now_ns);
	w->expired_queue = NULL;
	q->nr_expired--;
	wattle_sched_queue_put(q);
	w->state = WATTLE_WORKER_OUT;
	wattle_list_del(&w->run_link);
	return wattle_sched_leave_cpu(w);
}

void wattle_sched_seen(struct wattle_sched_worker *w, __u32 on_cpu, __u64 now_ns)
{
	struct wattle_sched *s = w->client->sched;

	if (w->state != WATTLE_WORKER_EXPIRED)
		return;
	if (on_cpu == WATTLE_CPU_ANY) {
		/* Asleep: the overrun has ended, and with it what is charged for it. */
		wattle_sched_cpu_freed(s, wattle_sched_end_expired(w, now_ns), now_ns);
		return;
	}
	if (w->occupies == WATTLE_CPU_ANY || on_cpu == w->occupies)
		return;
	wattle_sched_charge(w, now_ns);
	wattle_sched_cpu_freed(s, wattle_sched_leave_cpu(w), now_ns);
}

/* Not @w's current token: whose was it? */
static int foreign_token(const struct wattle_sched_worker *w, __u64 token)
{
	const struct wattle_sched_worker *o;

	if (token == w->last_token)
		return -EALREADY;
	if (token == w->expired_token)
		return -ESTALE;
	wattle_list_for_each(o, &w->client->workers, client_link) {
		if (o != w && (token == o->token || token == o->last_token ||
			       token == o->expired_token))
			return -EACCES;
	}
	return -ESTALE;
}

int wattle_sched_finish(struct wattle_sched_worker *w, __u64 token, __u32 status, __u32 on_cpu,
			__u64 now_ns, __u32 *freed)
{
	*freed = WATTLE_CPU_ANY;
	if (!token || status > WATTLE_STATUS_FAILED)
		return -EINVAL;
	if (token == w->token) {
		*freed = complete(w, status, on_cpu, now_ns);
		return 0;
	}
	/* Naming the grant it overran, the thread has called in. */
	if (w->state == WATTLE_WORKER_EXPIRED && token == w->expired_token)
		*freed = wattle_sched_end_expired(w, now_ns);
	return foreign_token(w, token);
}

int wattle_sched_complete(struct wattle_sched_worker *w, __u64 token, __u32 status,
			  __u32 on_cpu, __u64 now_ns)
{
	__u32 freed;
	int err = wattle_sched_finish(w, token, status, on_cpu, now_ns, &freed);

	wattle_sched_cpu_freed(w->client->sched, freed, now_ns);
	return err;
}
