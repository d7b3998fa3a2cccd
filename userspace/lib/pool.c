// SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause
/* The worker pool: submit a run, keep the queue fed, wait for its end. */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/cpu.h"
#include "lib/futex.h"
#include "lib/internal.h"
#include "lib/pool.h"

#define NO_WORKER	"no worker is left: their calls failed, or batch functions ended their threads"

/* --- between submitter and workers --- */

void pool_wake_submitter(struct wattle_pool *p)
{
	atomic_fetch_add(&p->word, 1);
	wattle_futex_wake(&p->word, 1);
}

/*
 * The submitter publishes wake_at and then looks at outstanding; here it is the
 * other way round, both sequentially consistent: one of the two sees the other.
 */
void pool_ended(struct wattle_pool *p, uint64_t count)
{
	int64_t left = atomic_fetch_sub(&p->outstanding, (int64_t)count) - (int64_t)count;

	if (left <= atomic_load(&p->wake_at))
		pool_wake_submitter(p);
}

void pool_fail(struct wattle_pool *p, int err, const char *fmt, ...)
{
	bool first;
	va_list ap;

	pthread_mutex_lock(&p->error_lock);
	first = !atomic_load(&p->error);
	if (first) {
		va_start(ap, fmt);
		vsnprintf(p->error_text, sizeof(p->error_text), fmt, ap);
		va_end(ap);
		atomic_store(&p->error, err);
	}
	pthread_mutex_unlock(&p->error_lock);
	if (first)
		pool_wake_submitter(p);
}

void wattle_pool_withdrawn(struct wattle_pool *p, uint32_t queue, uint64_t count)
{
	if (!count || queue != atomic_load(&p->queue))
		return;
	pool_fail(p, -ECANCELED, "batches of the run were withdrawn, or their queue was destroyed");
	pool_ended(p, count);
}

/*
 * Sleeps until at most @level batches are outstanding, a worker needs attention,
 * or the run has failed, unless that is @known already.
 */
static void wait_level(struct wattle_pool *p, int64_t level, int known)
{
	uint32_t word;

	atomic_store(&p->wake_at, level);
	for (;;) {
		word = atomic_load(&p->word);
		if (atomic_load(&p->outstanding) <= level || atomic_load(&p->attention))
			break;
		if (atomic_load(&p->error) != known)
			break;
		wattle_futex_wait(&p->word, word, WATTLE_FUTEX_FAR);
	}
	atomic_store(&p->wake_at, -1);
}

/* --- a run --- */

/* The device is gone, as opposed to: it refuses. */
static int run_error(int err)
{
	switch (err) {
	case -ENODEV:
	case -ENXIO:
	case -ESHUTDOWN:
	case -ENOTTY:
		return -EIO;
	default:
		return err;
	}
}

/*
 * Hands in up to @count batches. Returns how many of them have been dealt with,
 * or a negative errno. What is handed in is outstanding before a worker can
 * have ended it.
 */
static int64_t submit_some(struct wattle_pool *p, const struct wattle_batch *b, size_t count,
			   struct wattle_run_stats *st)
{
	uint32_t i, n, refused = 0, queue = atomic_load(&p->queue);
	int ret;

	n = count < p->c->limits.max_vector ? (uint32_t)count : p->c->limits.max_vector;
	atomic_fetch_add(&p->outstanding, n);
	ret = wattle_client__submit(p->c, queue, b, p->verdicts, n, 0, NULL);
	for (i = 0; ret > 0 && i < (uint32_t)ret; i++)
		refused += p->verdicts[i].status == WATTLE_VERDICT_REFUSED;
	st->refused += refused;
	pool_ended(p, n - (uint32_t)(ret > 0 ? ret : 0) + refused);
	if (refused)
		pool_fail(p, -ECANCELED, "a batch was refused: its deadline can not be met; give "
			  "it more time, less work before it, or a queue that is not STRICT");
	return ret;
}

/* The queue, the user or the module has no room now. */
static bool is_full(int64_t ret)
{
	return ret == -EAGAIN || ret == -EDQUOT || ret == -ENOSPC;
}

static int64_t feed(struct wattle_pool *p, const struct wattle_batch *b, size_t count,
		    struct wattle_run_stats *st)
{
	/* Before, because by the time the answer is here all of ours may have ended. */
	int64_t ours = atomic_load(&p->outstanding);
	int64_t ret = submit_some(p, b, count, st);

	if (!is_full(ret))
		return ret;
	/* Full. Some of ours must end first; if none was there, others fill it. */
	if (!ours)
		return ret;
	wait_level(p, atomic_load(&p->outstanding) / 2, 0);
	return 0;
}

/* Replaces workers that died and puts aside what they took along. */
static void repair(struct wattle_pool *p)
{
	struct pool_worker *w;
	unsigned int i;
	int state, ret;

	atomic_store(&p->attention, false);
	for (i = 0; i < p->nr_workers; i++) {
		w = &p->worker[i];
		state = atomic_load(&w->state);
		if (state != POOL_WORKER_DIED && state != POOL_WORKER_GAVE_UP)
			continue;
		/*
		 * Joined, its grant has ended and its CPU is free. The slot is
		 * another thread's from pool_worker_start() on.
		 */
		pool_worker_stop(w);
		ret = -EIO;
		if (state == POOL_WORKER_DIED) {
			if (p->nr_again < POOL_MAX_DEATHS)
				p->again[p->nr_again++] = w->lost;
			ret = pool_worker_start(p, i);
		}
		if (ret)
			pool_fail(p, ret, "%s", state == POOL_WORKER_DIED ?
				  wattle_client__error() : "a worker could not go on");
		else if (p->deaths++ == POOL_MAX_DEATHS)
			pool_fail(p, -EIO, "batch functions ended %u threads; they must return "
				  "instead", p->deaths);
		if (state == POOL_WORKER_DIED)
			pool_ended(p, 1);
	}
}

/* Hands in again what was put aside, as far as there is room. */
static void resubmit(struct wattle_pool *p, struct wattle_run_stats *st)
{
	int64_t ours, n;

	while (p->nr_again && !atomic_load(&p->error)) {
		ours = atomic_load(&p->outstanding);
		n = submit_some(p, &p->again[p->nr_again - 1], 1, st);
		if (is_full(n) && ours)
			return;
		if (n < 0)
			pool_fail(p, run_error((int)n), "%s", wattle_client__error());
		else
			p->nr_again--;
	}
}

/* A worker is there, or will be when its slot has been repaired. */
static bool any_left(struct wattle_pool *p)
{
	unsigned int i;
	int state;

	for (i = 0; i < p->nr_workers; i++) {
		state = atomic_load(&p->worker[i].state);
		if (state == POOL_WORKER_ALIVE || state == POOL_WORKER_DIED)
			return true;
	}
	return false;
}

/* Withdraws what is queued. */
static void abandon(struct wattle_pool *p)
{
	int64_t n = wattle_client_cancel(p->c, atomic_load(&p->queue), 0);

	if (n > 0)
		pool_ended(p, (uint64_t)n);
}

/* Waits until nothing is outstanding, or nobody is left to end it. */
static void drain(struct wattle_pool *p, struct wattle_run_stats *st)
{
	int64_t left;
	int error;

	for (;;) {
		resubmit(p, st);
		error = atomic_load(&p->error);
		if (error)
			abandon(p);
		left = atomic_load(&p->outstanding);
		if (left <= 0 && (error || !p->nr_again))
			break;
		/* With batches put aside, until there may be room for one. */
		wait_level(p, p->nr_again && !error && left > 1 ? left - 1 : 0, error);
		if (atomic_load(&p->attention))
			repair(p);
		if (!any_left(p)) {
			abandon(p);
			pool_fail(p, -EIO, NO_WORKER);
			break;
		}
	}
}

static void collect(struct wattle_pool *p, struct wattle_run_stats *st)
{
	unsigned int i;

	for (i = 0; i < p->nr_workers; i++) {
		const struct wattle_run_stats *w = &p->worker[i].st;

		st->batches += w->batches;
		st->late += w->late;
		st->failed += w->failed;
		st->aborted += w->aborted;
		st->run_ns += w->run_ns;
	}
}

static void run_start(struct wattle_pool *p, uint32_t queue, wattle_batch_fn fn, void *ctx)
{
	unsigned int i;

	for (i = 0; i < p->nr_workers; i++)
		memset(&p->worker[i].st, 0, sizeof(p->worker[i].st));
	p->fn = fn;
	p->ctx = ctx;
	p->deaths = 0;
	p->nr_again = 0;
	atomic_store(&p->outstanding, 0);
	atomic_store(&p->wake_at, -1);
	pthread_mutex_lock(&p->error_lock);
	atomic_store(&p->error, 0);
	pthread_mutex_unlock(&p->error_lock);
	atomic_store(&p->queue, queue);
}

int wattle_pool__run(struct wattle_pool *p, uint32_t queue, const struct wattle_batch *b,
		     size_t count, wattle_batch_fn fn, void *ctx, struct wattle_run_stats *st)
{
	struct wattle_run_stats sum = { 0 };
	size_t done = 0;
	int64_t n;
	int ret;

	if (p->fork_epoch != wattle_fork_epoch())
		return wattle_error_set(-EBADFD, "the pool was made before fork(2); its threads "
					"are not in this process: make a new one");
	if (!queue || !fn || (count && !b))
		return wattle_error_set(-EINVAL, "a run needs a queue, batches and a function");
	if (pthread_mutex_trylock(&p->run_lock))
		return wattle_error_set(-EBUSY, "the pool is running already; one run at a time, "
					"and none from inside a batch function");
	run_start(p, queue, fn, ctx);
	if (!any_left(p))
		pool_fail(p, -EIO, NO_WORKER);
	while (done < count && !atomic_load(&p->error)) {
		n = feed(p, b + done, count - done, &sum);
		if (n < 0)
			pool_fail(p, run_error((int)n), "%s", wattle_client__error());
		else
			done += (size_t)n;
		if (atomic_load(&p->attention))
			repair(p);
	}
	drain(p, &sum);
	pthread_mutex_lock(&p->error_lock);
	ret = atomic_load(&p->error);
	if (ret)
		wattle_error_set(ret, "%s", p->error_text);
	pthread_mutex_unlock(&p->error_lock);
	atomic_store(&p->queue, 0);
	collect(p, &sum);
	pthread_mutex_unlock(&p->run_lock);

	if (st) {
		st->batches += sum.batches;
		st->late += sum.late;
		st->failed += sum.failed;
		st->refused += sum.refused;
		st->aborted += sum.aborted;
		st->run_ns += sum.run_ns;
	}
	return ret;
}

/* --- making and freeing --- */

static int place(struct wattle_pool *p, unsigned int nr, const unsigned int *cpus, int nr_cpus,
		 bool pinned)
{
	unsigned int i;
	int ret;

	for (i = 0; i < nr; i++) {
		p->worker[i].cpu = pinned ? (int)cpus[i % (unsigned int)nr_cpus] : -1;
		ret = pool_worker_start(p, i);
		if (ret)
			return ret;
		p->nr_workers++;
	}
	return 0;
}

int wattle_pool__new(struct wattle_pool **out, struct wattle_client *c,
		     const struct wattle_pool_opts *opts)
{
	unsigned int nr = opts ? opts->nr_workers : 0, max = c->limits.max_workers;
	bool pinned = opts ? opts->pin : true;
	unsigned int *cpus = NULL;
	struct wattle_pool *p;
	int ret, nr_cpus;
	size_t size;

	*out = NULL;
	if (opts && opts->sz < sizeof(*opts))
		return wattle_error_set(-EINVAL, "wattle_pool_opts.sz is not set; assign "
					"sizeof(struct wattle_pool_opts)");
	if (max > POOL_MAX_WORKERS)
		max = POOL_MAX_WORKERS;
	if (nr > max)
		return wattle_error_set(-EINVAL, "%u workers are too many; %u is the most", nr,
					max);
	nr_cpus = wattle_cpu_allowed_list(&cpus);
	if (nr_cpus < 0)
		return wattle_error_set(nr_cpus, "the allowed CPUs cannot be read: %s",
					strerror(-nr_cpus));
	if (!nr)
		nr = (unsigned int)nr_cpus < max ? (unsigned int)nr_cpus : max;

	ret = -ENOMEM;
	size = sizeof(*p) + nr * sizeof(p->worker[0]);
	p = aligned_alloc(_Alignof(struct wattle_pool), (size + 127) & ~(size_t)127);
	if (!p)
		goto free_cpus;
	memset(p, 0, size);
	p->c = c;
	p->fork_epoch = wattle_fork_epoch();
	pthread_mutex_init(&p->run_lock, NULL);
	pthread_mutex_init(&p->error_lock, NULL);
	p->verdicts = calloc(c->limits.max_vector, sizeof(*p->verdicts));
	if (!p->verdicts)
		goto free_pool;

	pthread_mutex_lock(&c->pool_lock);
	ret = c->pool ? -EBUSY : 0;
	if (!ret)
		c->pool = p;
	pthread_mutex_unlock(&c->pool_lock);
	if (ret) {
		wattle_error_set(ret, "the client has a pool; free it first, or open another "
				 "client");
		goto free_pool;
	}
	ret = place(p, nr, cpus, nr_cpus, pinned);
	if (ret) {
		wattle_pool__free(p);
		goto free_cpus;
	}
	free(cpus);
	*out = p;
	return 0;

free_pool:
	free(p->verdicts);
	pthread_mutex_destroy(&p->run_lock);
	pthread_mutex_destroy(&p->error_lock);
	free(p);
free_cpus:
	free(cpus);
	if (ret == -ENOMEM)
		wattle_error_note(0, ret);
	return ret;
}

void wattle_pool__free(struct wattle_pool *p)
{
	unsigned int i;

	if (!p)
		return;
	/* A forked child has a copy of the memory, and threads of nobody. */
	if (p->fork_epoch == wattle_fork_epoch()) {
		for (i = 0; i < p->nr_workers; i++)
			pool_worker_stop(&p->worker[i]);
		pthread_mutex_lock(&p->c->pool_lock);
		p->c->pool = NULL;
		pthread_mutex_unlock(&p->c->pool_lock);
		pthread_mutex_destroy(&p->run_lock);
		pthread_mutex_destroy(&p->error_lock);
	}
	free(p->verdicts);
	free(p);
}

unsigned int wattle_pool__nr_workers(const struct wattle_pool *p)
{
	return p->nr_workers;
}
