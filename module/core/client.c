// SPDX-License-Identifier: GPL-2.0-only OR LGPL-2.1-or-later OR BSD-2-Clause
/* Clients, their queues and their workers: coming, changing, going. */
#include "core/internal.h"

int wattle_sched_client_init(struct wattle_sched *s, struct wattle_sched_client *c,
			     struct wattle_sched_user *u)
{
	static const struct wattle_sched_client zero;
	int i;

	if (u->nr_clients >= s->limits.clients_per_user)
		return -EUSERS;
	if (s->nr_clients >= s->limits.clients_total)
		return -ENFILE;
	*c = zero;
	c->sched = s;
	c->user = u;
	c->next_batch_id = 1;
	c->next_queue_id = 1;
	c->hash_mult = WATTLE_SCHED_HASH_MULT;
	wattle_list_init(&c->queues);
	wattle_list_init(&c->workers);
	wattle_list_init(&c->parked);
	for (i = 0; i < WATTLE_SCHED_CLASSES; i++)
		wattle_list_init(&c->ready[i]);
	for (i = 0; i < WATTLE_SCHED_HASH; i++)
		wattle_list_init(&c->hash[i]);
	wattle_list_add_tail(&c->sched_link, &s->clients);
	u->nr_clients++;
	s->nr_clients++;
	return 0;
}

void wattle_sched_client_exit(struct wattle_sched_client *c, __u64 now_ns)
{
	struct wattle_sched *s = c->sched;
	struct wattle_sched_worker *w, *wt;
	struct wattle_sched_queue *q, *qt;

	/* Nobody is left to take what the others' grants, going back, would offer. */
	wattle_list_for_each_safe(w, wt, &c->parked, park_link)
		wattle_sched_park_end(w);
	wattle_list_for_each_safe(w, wt, &c->workers, client_link)
		wattle_sched_worker_exit(w, now_ns);
	wattle_list_for_each_safe(q, qt, &c->queues, client_link)
		wattle_sched_queue_destroy(q, now_ns);
	wattle_list_del(&c->sched_link);
	c->user->nr_clients--;
	s->nr_clients--;
}

/* --- queues --- */

int wattle_sched_params_check(const struct wattle_sched *s, struct wattle_queue_params *p,
			      int may_latency)
{
	const struct wattle_sched_limits *lim = &s->limits;

	if (p->class > WATTLE_CLASS_BACKGROUND || p->weight > 10000 ||
	    (p->flags & ~WATTLE_QUEUE_STRICT) || (p->event_mask & ~WATTLE_EVENTS_ALL) ||
	    p->max_slowdown_pm > 10000 || p->max_inflight > lim->batches_per_queue ||
	    p->reserved[0] || p->reserved[1])
		return -EINVAL;
	if (p->lease_ns && (p->lease_ns < lim->lease_min_ns || p->lease_ns > lim->lease_max_ns))
		return -EINVAL;
	if (p->class == WATTLE_CLASS_LATENCY && !may_latency)
		return -EPERM;
	if (!p->class)
		p->class = WATTLE_CLASS_BATCH;
	if (!p->weight)
		p->weight = 100;
	if (!p->max_inflight)
		p->max_inflight = lim->batches_per_queue;
	if (!p->lease_ns)
		p->lease_ns = lim->lease_default_ns;
	return 0;
}

int wattle_sched_update_check(const struct wattle_sched *s, __u32 mask,
			      struct wattle_queue_params *p, int may_latency)
{
	if ((mask & ~WATTLE_UPDATE_ALL) ||
	    (!(mask & WATTLE_UPDATE_CLASS) && p->class) ||
	    (!(mask & WATTLE_UPDATE_WEIGHT) && p->weight) ||
	    (!(mask & WATTLE_UPDATE_FLAGS) && p->flags) ||
	    (!(mask & WATTLE_UPDATE_EVENT_MASK) && p->event_mask) ||
	    (!(mask & WATTLE_UPDATE_MAX_SLOWDOWN) && p->max_slowdown_pm) ||
	    (!(mask & WATTLE_UPDATE_MAX_INFLIGHT) && p->max_inflight) ||
	    (!(mask & WATTLE_UPDATE_MAX_DELAY) && p->max_delay_us) ||
	    (!(mask & WATTLE_UPDATE_ENERGY_BUDGET) && p->energy_budget_uj) ||
	    (!(mask & WATTLE_UPDATE_LEASE) && p->lease_ns))
		return -EINVAL;
	return wattle_sched_params_check(s, p, may_latency);
}

/* Changes seldom, is asked for seldom: found when it is needed. */
__u64 wattle_sched_longest_lease(struct wattle_sched *s)
{
	struct wattle_sched_queue *q;

	if (s->longest_lease_ns)
		return s->longest_lease_ns;
	wattle_list_for_each(q, &s->queues, sched_link) {
		if (q->params.lease_ns > s->longest_lease_ns)
			s->longest_lease_ns = q->params.lease_ns;
	}
	return s->longest_lease_ns;
}

static void set_weight(struct wattle_sched_queue *q, __u32 weight)
{
	q->params.weight = weight;
	q->weight_mult = (100U << 16) / weight;
}

int wattle_sched_queue_init(struct wattle_sched_client *c, struct wattle_sched_queue *q,
			    const struct wattle_queue_params *p)
{
	static const struct wattle_sched_queue zero;
	struct wattle_sched *s = c->sched;

	if (c->nr_queues >= s->limits.queues_per_client)
		return -EMFILE;
	if (c->user->nr_queues >= s->limits.queues_per_user)
		return -EUSERS;
	if (s->nr_queues >= s->limits.queues_total)
		return -ENFILE;
	*q = zero;
	q->client = c;
	q->params = *p;
	set_weight(q, p->weight);
	q->vtime = s->vtime_floor[WATTLE_PARAMS_CLASS(q)];
	wattle_heap_init(&q->ready);
	wattle_list_init(&q->fifo);
	wattle_list_init(&q->ready_link);
	wattle_list_init(&q->batches);
	/* Ids come round after 2^32 queues; some may still be in use then. */
	while (c->next_queue_id == WATTLE_QUEUE_ANY || wattle_sched_queue_find(c, c->next_queue_id))
		c->next_queue_id++;
	q->id = c->next_queue_id++;
	wattle_list_add_tail(&q->client_link, &c->queues);
	wattle_list_add_tail(&q->sched_link, &s->queues);
	c->nr_queues++;
	c->user->nr_queues++;
	s->nr_queues++;
	s->longest_lease_ns = 0;
	return 0;
}

struct wattle_sched_queue *wattle_sched_queue_find(struct wattle_sched_client *c, __u32 id)
{
	struct wattle_sched_queue *q;

	wattle_list_for_each(q, &c->queues, client_link) {
		if (q->id == id)
			return q;
	}
	return NULL;
}

int wattle_sched_queue_update(struct wattle_sched_queue *q, __u32 mask,
			      const struct wattle_queue_params *p, __u64 now_ns)
{
	struct wattle_sched_client *c = q->client;
	__u64 floor;

	(void)now_ns;
	if ((mask & WATTLE_UPDATE_CLASS) && p->class < q->params.class &&
	    !wattle_list_empty(&q->batches))
		return -EBUSY;
	if ((mask & WATTLE_UPDATE_CLASS) && q->params.class != p->class) {
		q->params.class = p->class;
		/* Weighted time is kept by class: take part in the new one from now on. */
		floor = c->sched->vtime_floor[WATTLE_PARAMS_CLASS(q)];
		q->vtime = floor;
		if (!wattle_list_empty(&q->ready_link)) {
			wattle_list_del(&q->ready_link);
			wattle_list_add_tail(&q->ready_link, &c->ready[WATTLE_PARAMS_CLASS(q)]);
		}
	}
	if (mask & WATTLE_UPDATE_WEIGHT)
		set_weight(q, p->weight);
	if (mask & WATTLE_UPDATE_FLAGS)
		q->params.flags = p->flags;
	if (mask & WATTLE_UPDATE_EVENT_MASK)
		q->params.event_mask = p->event_mask;
	if (mask & WATTLE_UPDATE_MAX_SLOWDOWN)
		q->params.max_slowdown_pm = p->max_slowdown_pm;
	if (mask & WATTLE_UPDATE_MAX_INFLIGHT)
		q->params.max_inflight = p->max_inflight;
	if (mask & WATTLE_UPDATE_MAX_DELAY)
		q->params.max_delay_us = p->max_delay_us;
	if (mask & WATTLE_UPDATE_ENERGY_BUDGET)
		q->params.energy_budget_uj = p->energy_budget_uj;
	if (mask & WATTLE_UPDATE_LEASE) {
		q->params.lease_ns = p->lease_ns;
		c->sched->longest_lease_ns = 0;
	}
	return 0;
}

int wattle_sched_queue_close(struct wattle_sched_queue *q)
{
	if (q->closing)
		return -ENOENT;
	q->closing = 1;
	return 0;
}

__u64 wattle_sched_queue_destroy(struct wattle_sched_queue *q, __u64 now_ns)
{
	struct wattle_sched_client *c = q->client;
	struct wattle_sched_worker *w, *tmp;
	__u64 n = wattle_sched_cancel_all(q, now_ns);

	wattle_list_for_each_safe(w, tmp, &c->workers, client_link) {
		if (w->filter != q)
			continue;
		w->filter = NULL;
		if (w->state == WATTLE_WORKER_PARKED)
			wattle_sched_wake_err(w, -ENOENT);
	}
	wattle_list_del(&q->client_link);
	c->nr_queues--;
	q->dead = 1;
	wattle_sched_queue_put(q);
	return n;
}

/* A dead queue goes when no grant and no overrun can be charged to it any more. */
void wattle_sched_queue_put(struct wattle_sched_queue *q)
{
	struct wattle_sched *s = q->client->sched;

	if (!q->dead || q->nr_granted || q->nr_expired)
		return;
	wattle_sched_retire(q);
	wattle_list_del(&q->sched_link);
	/* Until now it counted: its memory, and its place in every sum over queues. */
	q->client->user->nr_queues--;
	s->nr_queues--;
	s->longest_lease_ns = 0;
	s->ops->queue_free(q);
}

/* --- workers --- */

int wattle_sched_worker_init(struct wattle_sched_client *c, struct wattle_sched_worker *w,
			     __u32 slot)
{
	static const struct wattle_sched_worker zero;

	if (c->nr_workers >= c->sched->limits.workers_per_client ||
	    slot >= (1U << WATTLE_TOKEN_SLOT_BITS) - 1)
		return -EMFILE;
	if (c->user->nr_workers >= c->sched->limits.workers_per_user)
		return -EUSERS;
	if (c->sched->nr_workers >= c->sched->limits.workers_total)
		return -ENFILE;
	*w = zero;
	w->client = c;
	w->slot = slot;
	w->cpu = WATTLE_CPU_ANY;
	w->occupies = WATTLE_CPU_ANY;
	wattle_list_init(&w->park_link);
	wattle_list_init(&w->cpu_link);
	wattle_list_init(&w->peers);
	wattle_list_init(&w->run_link);
	wattle_list_add_tail(&w->client_link, &c->workers);
	c->nr_workers++;
	c->user->nr_workers++;
	c->sched->nr_workers++;
	return 0;
}

void wattle_sched_worker_exit(struct wattle_sched_worker *w, __u64 now_ns)
{
	struct wattle_sched_client *c = w->client;
	__u32 freed = WATTLE_CPU_ANY;

	switch (w->state) {
	case WATTLE_WORKER_PARKED:
		wattle_sched_park_end(w);
		break;
	case WATTLE_WORKER_GRANTED:
		if (!w->delivered)
			wattle_sched_undo(w, now_ns);
		else
			freed = wattle_sched_abort(w, now_ns);
		break;
	case WATTLE_WORKER_EXPIRED:
		freed = wattle_sched_end_expired(w, now_ns);
		break;
	}
	wattle_list_del(&w->client_link);
	c->nr_workers--;
	c->user->nr_workers--;
	c->sched->nr_workers--;
	wattle_sched_cpu_freed(c->sched, freed, now_ns);
	wattle_sched_settle(c);
}
