// SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause
/* The embedded backend: opening, closing, queues, submission, accounts. */
#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "energy/energy.h"
#include "lib/cpu.h"
#include "lib/embedded.h"

static const struct wattle_sched_limits emb_limits = {
	.queues_per_client	= 256,
	.queues_per_user	= 256,
	.queues_total		= 256,
	.clients_per_user	= 1,
	.clients_total		= 1,
	.workers_per_client	= EMB_MAX_WORKERS,
	.workers_per_user	= EMB_MAX_WORKERS,
	.workers_total		= EMB_MAX_WORKERS,
	.batches_per_queue	= 65536,
	.batches_per_user	= 1U << 20,
	.batches_total		= 1U << 20,
	.lease_min_ns		= 1000000ULL,		/* 1 ms */
	.lease_max_ns		= 3600000000000ULL,	/* 1 h */
	.lease_default_ns	= 10000000000ULL,	/* 10 s */
};

static int emb_query(struct emb *e, struct wattle_query *q)
{
	struct wattle_energy en;

	if (q->flags)
		return -EINVAL;
	wattle_powercap_read(&en);
	memset(q, 0, sizeof(*q));
	q->size = sizeof(*q);
	q->abi_major = WATTLE_ABI_MAJOR;
	q->abi_minor = WATTLE_ABI_MINOR;
	q->features = WATTLE_FEATURE_DRY_RUN | WATTLE_FEATURE_EVENTS | WATTLE_FEATURE_ENERGY;
	q->clock_id = CLOCK_MONOTONIC;
	q->cpufreq_confidence = WATTLE_CONFIDENCE_NONE;
	q->latency_confidence = WATTLE_CONFIDENCE_NONE;
	q->nr_cpus_online = (uint32_t)sysconf(_SC_NPROCESSORS_ONLN);
	q->max_queues = emb_limits.queues_per_client;
	q->max_batches = emb_limits.batches_per_queue;
	q->max_vector = EMB_MAX_VECTOR;
	q->max_workers = emb_limits.workers_per_client;
	q->lease_min_ns = emb_limits.lease_min_ns;
	q->lease_max_ns = emb_limits.lease_max_ns;
	q->lease_default_ns = emb_limits.lease_default_ns;
	q->event_size = sizeof(struct wattle_event);
	q->energy_quality = en.quality;
	if (en.quality != WATTLE_QUALITY_NONE) {
		q->energy_uj = en.uj;
		q->energy_stamp_ns = en.stamp_ns;
		snprintf(q->energy_source, sizeof(q->energy_source), "%.*s",
			 (int)sizeof(q->energy_source) - 1, en.source);
	}
	emb_lock(e);
	q->mode = e->sched.mode;
	q->nr_cpus_managed = e->sched.nr_supply;
	q->events_lost = e->events_lost;
	emb_unlock(e);
	return 0;
}

static bool name_valid(const char *name)
{
	size_t i, len = strnlen(name, WATTLE_NAME_MAX);

	for (i = 0; i < len; i++)
		if (name[i] < 0x20 || name[i] > 0x7e)
			return false;
	for (i = len; i < WATTLE_NAME_MAX; i++)
		if (name[i])
			return false;
	return len < WATTLE_NAME_MAX;
}

static int emb_queue_create(struct emb *e, struct wattle_queue_create *a)
{
	struct wattle_sched_queue *q;
	int ret;

	if (a->flags || a->pad || !name_valid(a->name))
		return -EINVAL;
	q = calloc(1, sizeof(*q));
	if (!q)
		return -ENOMEM;
	emb_lock(e);
	/* Inside one process nobody needs protection from the latency class. */
	ret = wattle_sched_params_check(&e->sched, &a->params, 1);
	if (!ret)
		ret = wattle_sched_queue_init(&e->client, q, &a->params);
	if (!ret) {
		memcpy(q->stats.name, a->name, sizeof(a->name));
		a->queue = q->id;
	}
	emb_unlock(e);
	if (ret)
		free(q);
	return ret;
}

static int emb_queue_update(struct emb *e, struct wattle_queue_update *a)
{
	struct wattle_sched_queue *q;
	int ret;

	if (a->flags || (a->mask & ~WATTLE_UPDATE_ALL))
		return -EINVAL;
	emb_lock(e);
	q = wattle_sched_queue_find(&e->client, a->queue);
	ret = q ? wattle_sched_update_check(&e->sched, a->mask, &a->params, 1) : -ENOENT;
	if (!ret)
		ret = wattle_sched_queue_update(q, a->mask, &a->params, wattle_now_ns());
	emb_unlock(e);
	return ret;
}

static int emb_queue_destroy(struct emb *e, struct wattle_queue_destroy *a)
{
	struct wattle_sched_queue *q;

	if (a->flags || a->pad)
		return -EINVAL;
	emb_lock(e);
	q = wattle_sched_queue_find(&e->client, a->queue);
	if (q)
		a->cancelled = wattle_sched_queue_destroy(q, wattle_now_ns());
	emb_unlock(e);
	return q ? 0 : -ENOENT;
}

static int submit_one(struct wattle_sched_queue *q, const struct wattle_batch *in,
		      struct wattle_verdict *v, bool dry, uint64_t now, struct emb *e)
{
	struct emb_batch *b;
	int ret;

	if (dry)
		return wattle_sched_submit_dry(q, in, v, now);
	b = emb_batch_take(e);
	if (!b)
		return -ENOMEM;
	b->b.in = *in;
	ret = wattle_sched_submit(q, &b->b, v, now);
	if (ret || v->status == WATTLE_VERDICT_REFUSED)
		emb_batch_put(e, b);
	return ret;
}

static int emb_submit(struct emb *e, struct wattle_submit *a)
{
	const struct wattle_batch *in = (const struct wattle_batch *)(uintptr_t)a->batches;
	struct wattle_verdict *out = (struct wattle_verdict *)(uintptr_t)a->verdicts, v;
	bool dry = a->flags & WATTLE_SUBMIT_DRY_RUN;
	struct wattle_sched_queue *q;
	uint64_t now;
	uint32_t i;
	int ret;

	a->processed = 0;
	if ((a->flags & ~WATTLE_SUBMIT_DRY_RUN) || a->pad || !a->count ||
	    a->batch_size != sizeof(*in) || a->verdict_size != (out ? sizeof(*out) : 0))
		return -EINVAL;
	if (a->count > EMB_MAX_VECTOR)
		return -E2BIG;
	if (!in)
		return -EFAULT;
	/* The whole vector before any side effect. */
	for (i = 0; i < a->count; i++) {
		ret = wattle_sched_batch_check(&in[i]);
		if (ret) {
			a->processed = i;
			return ret;
		}
	}
	if (out)
		memset(out, 0, a->count * sizeof(*out));
	emb_lock(e);
	/* Another thread may take what was just reserved. */
	while (!dry && e->nr_free < a->count) {
		emb_unlock(e);
		ret = emb_batches_reserve(e, a->count);
		if (ret)
			return ret;
		emb_lock(e);
	}
	now = wattle_now_ns();
	q = wattle_sched_queue_find(&e->client, a->queue);
	ret = q ? 0 : -ENOENT;
	for (i = 0; !ret && i < a->count; i++) {
		memset(&v, 0, sizeof(v));
		ret = submit_one(q, &in[i], &v, dry, now, e);
		if (ret)
			break;
		if (out)
			out[i] = v;
		a->processed = i + 1;
	}
	emb_unlock(e);
	return a->processed ? (int)a->processed : ret;
}

static int emb_cancel(struct emb *e, struct wattle_cancel *a)
{
	struct wattle_sched_queue *q;
	int ret = 0;

	if ((a->flags & ~WATTLE_CANCEL_ALL) || a->pad)
		return -EINVAL;
	if ((a->flags & WATTLE_CANCEL_ALL) && a->batch)
		return -EINVAL;
	a->cancelled = 0;
	emb_lock(e);
	q = wattle_sched_queue_find(&e->client, a->queue);
	if (!q)
		ret = -ENOENT;
	else if (a->flags & WATTLE_CANCEL_ALL)
		a->cancelled = wattle_sched_cancel_all(q, wattle_now_ns());
	else
		ret = wattle_sched_cancel(q, a->batch, wattle_now_ns());
	if (!ret && !(a->flags & WATTLE_CANCEL_ALL))
		a->cancelled = 1;
	emb_unlock(e);
	return ret;
}

static int emb_queue_stats(struct emb *e, struct wattle_queue_stats *a)
{
	struct wattle_sched_queue *q;
	uint32_t id = a->queue;

	if (a->flags)
		return -EINVAL;
	emb_energy_epoch(e);
	emb_lock(e);
	q = wattle_sched_queue_find(&e->client, id);
	if (q) {
		wattle_sched_queue_stats(q, a, wattle_now_ns());
		a->size = sizeof(*a);
		a->flags = 0;
		a->queue = id;
	}
	emb_unlock(e);
	return q ? 0 : -ENOENT;
}

static int emb_call(struct wattle_client *c, unsigned long cmd, void *arg)
{
	struct emb *e = emb_of(c);

	switch (cmd) {
	case WATTLE_IOC_QUERY:
		return emb_query(e, arg);
	case WATTLE_IOC_QUEUE_CREATE:
		return emb_queue_create(e, arg);
	case WATTLE_IOC_QUEUE_UPDATE:
		return emb_queue_update(e, arg);
	case WATTLE_IOC_QUEUE_DESTROY:
		return emb_queue_destroy(e, arg);
	case WATTLE_IOC_SUBMIT:
		return emb_submit(e, arg);
	case WATTLE_IOC_NEXT:
		return emb_next(e, arg);
	case WATTLE_IOC_COMPLETE:
		return emb_complete(e, arg);
	case WATTLE_IOC_CANCEL:
		return emb_cancel(e, arg);
	case WATTLE_IOC_QUEUE_STATS:
		return emb_queue_stats(e, arg);
	default:
		return -ENOTTY;
	}
}

static void emb_free(struct emb *e)
{
	struct emb_chunk *chunk;

	while ((chunk = e->chunks)) {
		e->chunks = chunk->next;
		free(chunk);
	}
	close(e->base.fd);
	free(e->events);
	free(e->cpus);
	free(e);
}

static void emb_close(struct wattle_client *c)
{
	struct emb *e = emb_of(c);

	if (c->fork_epoch != wattle_fork_epoch()) {
		/*
		 * A forked child's copy: its lock may be held and its lists
		 * torn, by threads that do not exist here. Only what is surely
		 * whole is given back.
		 */
		close(c->fd);
		return;
	}
	emb_timer_stop(e);
	emb_workers_free(e);
	emb_lock(e);
	wattle_sched_client_exit(&e->client, wattle_now_ns());
	emb_unlock(e);
	pthread_mutex_destroy(&e->lock);
	emb_free(e);
}

static const struct wattle_backend_ops emb_ops = {
	.call	= emb_call,
	.events	= emb_events,
	.close	= emb_close,
};

int wattle_embedded_open(struct wattle_client **out, uint32_t mode, char *err, size_t errsz)
{
	static atomic_ulong serials;
	unsigned int nr_cpus = wattle_cpu_possible();
	pthread_mutexattr_t attr;
	int ret = -ENOMEM;
	struct emb *e;

	e = calloc(1, sizeof(*e));
	if (!e)
		goto say_why;
	e->base.fd = -1;
	e->cpus = calloc(nr_cpus, sizeof(*e->cpus));
	e->events = calloc(EMB_EVENTS, sizeof(*e->events));
	if (!e->cpus || !e->events)
		goto free_all;
	e->base.fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (e->base.fd < 0) {
		ret = -errno;
		goto free_all;
	}
	e->base.ops = &emb_ops;
	e->base.backend = WATTLE_BACKEND_EMBEDDED;
	e->serial = atomic_fetch_add(&serials, 1) + 1;
	/* Held for less than a sleep and a wake-up cost: spin a little first. */
	pthread_mutexattr_init(&attr);
	pthread_mutexattr_settype(&attr, PTHREAD_MUTEX_ADAPTIVE_NP);
	pthread_mutex_init(&e->lock, &attr);
	pthread_mutexattr_destroy(&attr);

	wattle_sched_init(&e->sched, &emb_sched_ops, &emb_limits, e->cpus, nr_cpus);
	wattle_sched_set_supply(&e->sched, wattle_cpu_allowed(), wattle_cpu_khz());
	ret = wattle_sched_set_mode(&e->sched, mode, wattle_now_ns());
	if (!ret)
		ret = wattle_sched_client_init(&e->sched, &e->client, &e->user);
	if (ret)
		goto destroy_lock;
	/* Here, not in the thread: when that runs first is anybody's guess. */
	e->metered = emb_energy_epoch(e);
	ret = emb_timer_start(e);
	if (ret)
		goto exit_client;
	*out = &e->base;
	return 0;

exit_client:
	wattle_sched_client_exit(&e->client, wattle_now_ns());
destroy_lock:
	pthread_mutex_destroy(&e->lock);
free_all:
	emb_free(e);
say_why:
	snprintf(err, errsz, "the embedded backend could not start: %s; raise the limit that was "
		 "met (`ulimit -a`)", strerror(-ret));
	return ret;
}
