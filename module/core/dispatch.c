// SPDX-License-Identifier: GPL-2.0-only OR LGPL-2.1-or-later OR BSD-2-Clause
/* Who gets what: order, grants, waiting workers. */
#include "core/internal.h"

#define PEER_SEARCH	32	/* groups of waiting workers that park() looks through */

/* --- order --- */

/* The first of the heap and the list; with a deadline before without, then by submission. */
static inline struct wattle_sched_batch *head_of(const struct wattle_sched_queue *q)
{
	struct wattle_heap_node *n = wattle_heap_first(&q->ready);
	struct wattle_sched_batch *f;

	if (wattle_list_empty(&q->fifo))
		return n ? wattle_container_of(n, struct wattle_sched_batch, node) : NULL;
	f = wattle_list_first(&q->fifo, struct wattle_sched_batch, fifo_link);
	if (n && (n->key != WATTLE_U64_MAX || n->tie < f->seq))
		return wattle_container_of(n, struct wattle_sched_batch, node);
	return f;
}

/* May @b go to the end of the list? Not one that was delayed or comes back. */
static inline int fits_fifo(const struct wattle_sched_queue *q, const struct wattle_sched_batch *b)
{
	return b->order_ns == WATTLE_U64_MAX &&
	       (wattle_list_empty(&q->fifo) ||
		wattle_container_of(q->fifo.prev, struct wattle_sched_batch, fifo_link)->seq <
			b->seq);
}

/*
 * Class, deadline, weighted time, order of submission. Among equal deadlines
 * weighted time has no say: the promises of the ledger count on an order that
 * does not change while a batch waits, and who is promised needs no share.
 */
static int better(const struct wattle_sched_batch *a, const struct wattle_sched_batch *b)
{
	const struct wattle_sched_queue *p = a->queue, *q = b->queue;

	if (p->params.class != q->params.class)
		return p->params.class < q->params.class;
	if (a->order_ns != b->order_ns)
		return a->order_ns < b->order_ns;
	if (a->order_ns == WATTLE_U64_MAX && p->vtime != q->vtime)
		return p->vtime < q->vtime;
	return a->seq < b->seq;
}

/* The batch @w should run next, of those it asked for; NULL if there is none. */
static struct wattle_sched_batch *pick(const struct wattle_sched_worker *w)
{
	const struct wattle_sched_client *c = w->client;
	int i;

	if (w->filter)
		return head_of(w->filter);
	for (i = 0; i < WATTLE_SCHED_CLASSES; i++) {
		struct wattle_sched_batch *best = NULL;
		struct wattle_sched_queue *q;

		wattle_list_for_each(q, &c->ready[i], ready_link) {
			struct wattle_sched_batch *b = head_of(q);

			if (!best || better(b, best))
				best = b;
		}
		if (best)
			return best;
	}
	return NULL;
}

void wattle_sched_make_ready(struct wattle_sched_batch *b)
{
	struct wattle_sched_queue *q = b->queue;
	struct wattle_sched_client *c = q->client;
	__u32 class = WATTLE_PARAMS_CLASS(q);

	b->state = WATTLE_BATCH_READY;
	c->sched->nr_ready++;
	if (wattle_list_empty(&q->ready_link)) {
		wattle_list_add_tail(&q->ready_link, &c->ready[class]);
		/* A queue that was idle has saved up no claim on the time it did not use. */
		if (q->vtime < c->sched->vtime_floor[class])
			q->vtime = c->sched->vtime_floor[class];
	}
	if (fits_fifo(q, b))
		wattle_list_add_tail(&b->fifo_link, &q->fifo);
	else
		wattle_heap_insert(&q->ready, &b->node, b->order_ns, b->seq);
}

void wattle_sched_unready(struct wattle_sched_batch *b)
{
	struct wattle_sched_queue *q = b->queue;

	q->client->sched->nr_ready--;
	if (b->node.rank)
		wattle_heap_remove(&q->ready, &b->node);
	else
		wattle_list_del(&b->fifo_link);
	if (!q->ready.count && wattle_list_empty(&q->fifo))
		wattle_list_del(&q->ready_link);
}

/* --- grants --- */

static void grant(struct wattle_sched_worker *w, struct wattle_sched_batch *b, __u64 now_ns)
{
	struct wattle_sched_queue *q = b->queue;
	struct wattle_sched_client *c = w->client;
	struct wattle_sched *s = c->sched;
	__u64 wait = wattle_sat_sub(now_ns, b->ready_ns);
	__u32 class = WATTLE_PARAMS_CLASS(q);

	wattle_sched_unready(b);
	wattle_sched_hold_left(s);
	wattle_list_del(&b->queue_link);
	wattle_sched_ledger_sub(b);
	b->state = WATTLE_BATCH_GRANTED;
	c->nr_waiting--;
	q->nr_granted++;
	q->stats.queued--;
	q->stats.granted++;
	q->stats.wait_ns = wattle_sat_add(q->stats.wait_ns, wait);
	q->stats.wait_hist[wattle_sched_hist_slot(wait)]++;
	/* Deadlines are no measure of share: only grants by weighted time move its floor. */
	if (!wattle_sched_dated(b) && q->vtime > s->vtime_floor[class])
		s->vtime_floor[class] = q->vtime;

	w->batch = b;
	w->state = WATTLE_WORKER_GRANTED;
	w->token = ++c->nr_grants << WATTLE_TOKEN_SLOT_BITS | (w->slot + 1);
	w->taken = 0;
	w->delivered = 0;
	w->granted_ns = now_ns;
	w->charged_ns = now_ns;
	w->charged_cpu_ns = wattle_sched_cpu_ns(w, now_ns);
	w->lease_ns = wattle_lease_end(now_ns, q->params.lease_ns);
	w->freq_khz = s->ops->freq_khz ? s->ops->freq_khz(s, w->cpu) : 0;
	if (w->cpu != WATTLE_CPU_ANY) {
		w->occupies = w->cpu;
		s->cpus[w->cpu].nr_busy++;
	}
	wattle_list_add_tail(&w->run_link, &s->running);
	wattle_sched_arm(s, w->lease_ns);
	wattle_sched_trace(s, WATTLE_TRACE_GRANT, b, w, now_ns);
}

/* @new, in no list, stands for @old's peers from now on, in its place. */
static void lead(struct wattle_sched_worker *new, struct wattle_sched_worker *old)
{
	wattle_list_replace(&old->cpu_link, &new->cpu_link);
	wattle_list_replace(&old->peers, &new->peers);
}

void wattle_sched_park_end(struct wattle_sched_worker *w)
{
	wattle_list_del(&w->park_link);
	if (!wattle_list_empty(&w->peers)) {
		struct wattle_sched_worker *heir;

		heir = wattle_list_first(&w->peers, struct wattle_sched_worker, cpu_link);
		wattle_list_del(&heir->cpu_link);
		lead(heir, w);
	} else {
		wattle_list_del(&w->cpu_link);
	}
	w->state = WATTLE_WORKER_OUT;
}

/*
 * Workers that wait on a CPU for the same are a group, of which only the leader is
 * asked. There may be as many groups as there are clients and filters, so only the
 * first are looked at: a second group of the same is one more to ask, no more.
 */
static void park(struct wattle_sched_worker *w)
{
	struct wattle_sched_worker *o;
	struct wattle_list *parked;
	int looked = 0;

	w->state = WATTLE_WORKER_PARKED;
	wattle_list_add_head(&w->park_link, &w->client->parked);
	if (w->cpu == WATTLE_CPU_ANY)
		return;
	parked = &w->client->sched->cpus[w->cpu].parked;
	wattle_list_for_each(o, parked, cpu_link) {
		if (looked++ == PEER_SEARCH)
			break;
		if (o->client != w->client || o->filter != w->filter)
			continue;
		lead(w, o);
		wattle_list_add_head(&o->cpu_link, &w->peers);
		return;
	}
	wattle_list_add_head(&w->cpu_link, parked);
}

static void grant_parked(struct wattle_sched_worker *w, struct wattle_sched_batch *b, __u64 now_ns)
{
	wattle_sched_park_end(w);
	grant(w, b, now_ns);
	w->client->sched->ops->wake(w);
}

void wattle_sched_wake_err(struct wattle_sched_worker *w, __s32 err)
{
	wattle_sched_park_end(w);
	w->wake_err = err;
	w->client->sched->ops->wake(w);
}

/*
 * Before @b became ready no waiting worker could run anything (or it would have
 * been granted it), so whoever may run @b now has nothing better.
 */
void wattle_sched_offer(struct wattle_sched_batch *b, __u64 now_ns)
{
	struct wattle_sched_client *c = b->queue->client;
	struct wattle_sched *s = c->sched;
	struct wattle_sched_worker *w;

	wattle_sched_hold_join(s, b, now_ns);
	wattle_list_for_each(w, &c->parked, park_link) {
		if (w->filter && w->filter != b->queue)
			continue;
		if (!wattle_sched_cpu_open(s, w->cpu))
			continue;
		if (wattle_sched_gated(s, w->cpu) && wattle_sched_hold_begin(s, b, now_ns))
			continue;
		grant_parked(w, b, now_ns);
		return;
	}
}

/* The best waiting worker on @cpu and its batch, if that is better than @best. */
static struct wattle_sched_worker *best_parked(struct wattle_sched *s, __u32 cpu,
					       struct wattle_sched_batch **best)
{
	struct wattle_sched_worker *w, *winner = NULL;

	wattle_list_for_each(w, &s->cpus[cpu].parked, cpu_link) {
		struct wattle_sched_batch *b = pick(w);

		if (b && (!*best || (b != *best && better(b, *best)))) {
			*best = b;
			winner = w;
		}
	}
	return winner;
}

void wattle_sched_cpu_freed(struct wattle_sched *s, __u32 cpu, __u64 now_ns)
{
	struct wattle_sched_batch *b = NULL;
	struct wattle_sched_worker *w;

	/* On an ungated CPU nobody waits for the CPU, only for work. */
	if (!wattle_sched_gated(s, cpu) || !wattle_sched_cpu_open(s, cpu))
		return;
	w = best_parked(s, cpu, &b);
	if (!w)
		return;
	grant_parked(w, b, now_ns);
	wattle_sched_settle(w->client);
}

static int try_grant(struct wattle_sched_worker *w, __u64 now_ns)
{
	struct wattle_sched_batch *b;

	if (!wattle_sched_cpu_open(w->client->sched, w->cpu))
		return 0;
	b = pick(w);
	if (b)
		grant_parked(w, b, now_ns);
	return !!b;
}

/* @w and its peers, until one of them gets nothing: then neither would the others. */
static void grant_peers(struct wattle_sched_worker *w, __u64 now_ns)
{
	struct wattle_sched_worker *heir = w;

	do {
		w = heir;
		heir = wattle_list_empty(&w->peers) ? NULL :
		       wattle_list_first(&w->peers, struct wattle_sched_worker, cpu_link);
	} while (try_grant(w, now_ns) && heir);
}

void wattle_sched_rescan_client(struct wattle_sched_client *c, __u64 now_ns)
{
	struct wattle_sched_worker *w, *tmp;

	wattle_list_for_each_safe(w, tmp, &c->parked, park_link)
		try_grant(w, now_ns);
	wattle_sched_settle(c);
}

void wattle_sched_rescan_cpu(struct wattle_sched *s, __u32 cpu, __u64 now_ns)
{
	struct wattle_sched_worker *w, *tmp;
	struct wattle_sched_client *c;

	wattle_list_for_each_safe(w, tmp, &s->cpus[cpu].parked, cpu_link)
		grant_peers(w, now_ns);
	wattle_list_for_each(c, &s->clients, sched_link)
		wattle_sched_settle(c);
}

static int nothing_left(const struct wattle_sched_worker *w)
{
	return w->filter ? w->filter->inflight == w->filter->nr_granted : !w->client->nr_waiting;
}

void wattle_sched_settle(struct wattle_sched_client *c)
{
	struct wattle_sched_worker *w, *tmp;

	if (!c->sched->draining)
		return;
	wattle_list_for_each_safe(w, tmp, &c->parked, park_link) {
		if (nothing_left(w))
			wattle_sched_wake_err(w, -ESHUTDOWN);
	}
}

/* --- NEXT --- */

static int ask(struct wattle_sched_worker *w, __u32 filter, __u32 cpu, __u32 freed, __u64 now_ns)
{
	struct wattle_sched_client *c = w->client;
	struct wattle_sched *s = c->sched;
	struct wattle_sched_worker *rival = NULL;
	struct wattle_sched_batch *b, *best;

	/* The CPU it leaves is for others, also if it asks for nothing that exists. */
	w->cpu = cpu < s->nr_cpus ? cpu : WATTLE_CPU_ANY;
	w->wake_err = 0;
	if (filter == WATTLE_QUEUE_ANY) {
		w->filter = NULL;
	} else if (!w->filter || w->filter->id != filter) {
		w->filter = wattle_sched_queue_find(c, filter);
		if (!w->filter) {
			wattle_sched_cpu_freed(s, freed, now_ns);
			return -ENOENT;
		}
	}
	if (freed != WATTLE_CPU_ANY && freed != w->cpu)
		wattle_sched_cpu_freed(s, freed, now_ns);

	b = pick(w);
	if (wattle_sched_gated(s, w->cpu)) {
		best = b;
		if (!wattle_sched_cpu_open(s, w->cpu))
			b = NULL;
		else if (!wattle_list_empty(&s->cpus[w->cpu].parked))
			rival = best_parked(s, w->cpu, &best);
		if (rival) {
			b = NULL;
			grant_parked(rival, best, now_ns);
		}
	}
	if (!b && s->draining && nothing_left(w))
		return -ESHUTDOWN;
	if (b) {
		grant(w, b, now_ns);
		w->taken = 1;
	} else {
		park(w);
	}
	if (s->draining) {
		wattle_sched_settle(c);
		if (rival)
			wattle_sched_settle(rival->client);
		if (w->wake_err)
			return w->wake_err;
	}
	return !!b;
}

int wattle_sched_next(struct wattle_sched_worker *w, __u32 filter, __u32 cpu, __u64 now_ns)
{
	__u32 freed = WATTLE_CPU_ANY;

	if (w->state == WATTLE_WORKER_GRANTED || w->state == WATTLE_WORKER_PARKED)
		return -EBUSY;
	if (w->state == WATTLE_WORKER_EXPIRED)
		freed = wattle_sched_end_expired(w, now_ns);
	return ask(w, filter, cpu, freed, now_ns);
}

int wattle_sched_turn(struct wattle_sched_worker *w, __u64 prev_token, __u32 prev_status,
		      __s32 *prev_result, __u32 filter, __u32 cpu, __u32 on_cpu, __u64 now_ns)
{
	__u32 freed = WATTLE_CPU_ANY;
	int err;

	*prev_result = 0;
	if (prev_status > WATTLE_STATUS_FAILED)
		return -EINVAL;
	if (prev_token) {
		err = wattle_sched_finish(w, prev_token, prev_status, on_cpu, now_ns, &freed);
		if (err == -ESTALE && prev_token == w->expired_token)
			*prev_result = -ESTALE;
		else if (err && err != -EALREADY)
			return err;
	}
	if (w->state == WATTLE_WORKER_GRANTED || w->state == WATTLE_WORKER_PARKED)
		return -EBUSY;
	if (w->state == WATTLE_WORKER_EXPIRED)
		freed = wattle_sched_end_expired(w, now_ns);
	return ask(w, filter, cpu, freed, now_ns);
}

int wattle_sched_unpark(struct wattle_sched_worker *w, __u64 now_ns)
{
	int err;

	(void)now_ns;
	if (w->state == WATTLE_WORKER_GRANTED) {
		w->taken = 1;
		return 1;
	}
	if (w->state == WATTLE_WORKER_PARKED)
		wattle_sched_park_end(w);
	err = w->wake_err;
	w->wake_err = 0;
	return err;
}

void wattle_sched_requeue(struct wattle_sched_worker *w, __u64 now_ns)
{
	struct wattle_sched_batch *b = w->batch;
	struct wattle_sched_queue *q = b->queue;
	__u64 wait = wattle_sat_sub(w->granted_ns, b->ready_ns);
	int missed;

	w->batch = NULL;
	w->token = 0;
	w->state = WATTLE_WORKER_OUT;
	wattle_list_del(&w->run_link);
	/* It has not been waited for yet: the grant to come counts the whole wait. */
	q->stats.wait_ns = wattle_sat_sub(q->stats.wait_ns, wait);
	q->stats.wait_hist[wattle_sched_hist_slot(wait)]--;
	q->stats.requeued++;
	q->stats.granted--;
	q->stats.queued++;
	q->nr_granted--;
	q->client->nr_waiting++;
	missed = wattle_sched_recheck_missed(b) && !q->dead;
	/* Where a recheck that is under way finds it, or does not if it has been through. */
	if (b->recheck == q->client->sched->recheck)
		wattle_list_add_tail(&b->queue_link, &q->batches);
	else
		wattle_list_add_head(&b->queue_link, &q->batches);
	wattle_sched_ledger_add(b, now_ns);
	wattle_sched_make_ready(b);
	if (missed)
		wattle_sched_recheck_undone(b, now_ns);
	wattle_sched_trace(q->client->sched, WATTLE_TRACE_REQUEUE, b, w, now_ns);
}

void wattle_sched_undo(struct wattle_sched_worker *w, __u64 now_ns)
{
	struct wattle_sched_batch *b = w->batch;
	struct wattle_sched *s = w->client->sched;
	__u32 freed;

	if (w->state != WATTLE_WORKER_GRANTED)
		return;
	wattle_sched_requeue(w, now_ns);
	freed = wattle_sched_leave_cpu(w);
	if (b->queue->dead) {
		struct wattle_sched_queue *q = b->queue;

		/* There is no queue to go back to. */
		wattle_sched_withdraw(b, now_ns);
		wattle_sched_queue_put(q);
		b = NULL;
	}
	wattle_sched_cpu_freed(s, freed, now_ns);
	/* The CPU may have gone to another batch; then this one still needs a worker. */
	if (b && b->state == WATTLE_BATCH_READY)
		wattle_sched_offer(b, now_ns);
	wattle_sched_settle(w->client);
}

void wattle_sched_delivered(struct wattle_sched_worker *w)
{
	w->delivered = 1;
}
