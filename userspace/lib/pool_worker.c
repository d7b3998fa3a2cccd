// SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause
/*
 * A worker: a thread that lives as long as the pool, sleeps in NEXT between
 * runs, and goes from batch to batch with one call for both the end of the one
 * and the start of the next.
 */
#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/asan.h"
#include "lib/internal.h"
#include "lib/pool.h"

/* What the batch function may take along when it ends its thread. */
struct running {
	struct pool_worker		*w;
	const struct wattle_next	*n;
};

/*
 * The batch function has called pthread_exit(). The grant is given back here:
 * the scheduler would abort it by itself, but only some time after the thread
 * can be joined. The submitter joins the thread and then hands the batch in
 * again, so that the two never run at once.
 */
static void thread_lost(void *arg)
{
	struct running *r = arg;
	struct pool_worker *w = r->w;

	wattle_client__complete(w->pool->c, r->n->token, WATTLE_STATUS_FAILED);
	memset(&w->lost, 0, sizeof(w->lost));
	w->lost.user_data = r->n->user_data;
	w->lost.shape = r->n->shape;
	w->lost.deadline_ns = r->n->deadline_ns;
	w->st.aborted++;
	atomic_store(&w->state, POOL_WORKER_DIED);
	atomic_store(&w->pool->attention, true);
	pool_wake_submitter(w->pool);
}

/* Runs the batch of @n; its status for the scheduler. */
static uint32_t run_batch(struct pool_worker *w, const struct wattle_next *n)
{
	struct running r = { .w = w, .n = n };
	struct wattle_pool *p = w->pool;
	uint64_t start, end;
	int ret;

	/*
	 * Not of this run (handed in past the pool), or of a run that has
	 * failed already: not run, which its status says.
	 */
	w->ran = false;
	if (n->granted != atomic_load_explicit(&p->queue, memory_order_acquire) ||
	    atomic_load_explicit(&p->error, memory_order_relaxed))
		return WATTLE_STATUS_FAILED;

	start = wattle_now_ns();
	pthread_cleanup_push(thread_lost, &r);
	ret = p->fn(p->ctx, n->user_data, w->index);
	pthread_cleanup_pop(0);
	end = wattle_now_ns();

	w->ran = true;
	w->st.run_ns += end - start;
	if (n->deadline_ns && end > n->deadline_ns)
		w->st.late++;
	if (ret < 0) {
		w->st.failed++;
		pool_fail(p, ret, "the function of batch %llu failed: %s",
			  (unsigned long long)n->user_data, strerror(-ret));
	}
	return ret < 0 ? WATTLE_STATUS_FAILED : WATTLE_STATUS_OK;
}

/* NEXT, in which alone the worker can be cancelled, by pool_worker_stop(). */
static int next(struct wattle_client *c, struct wattle_next *n)
{
	int state, ret;

	pthread_setcancelstate(PTHREAD_CANCEL_ENABLE, &state);
	ret = wattle_client__next(c, n);
	pthread_setcancelstate(state, NULL);
	return ret;
}

/*
 * The scheduler has taken the completion. An expired lease changes nothing for
 * the result: the function had run to its end before this was asked, and a
 * batch is the same work whenever it runs. It is counted, not run again.
 */
static void settle(struct pool_worker *w, const struct wattle_next *n, uint32_t queue, int ret)
{
	if (queue != atomic_load_explicit(&w->pool->queue, memory_order_acquire))
		return;
	if (n->prev_result == -ESTALE || ret == -ESTALE)
		w->st.aborted++;
	else if (w->ran)
		w->st.batches++;
	pool_ended(w->pool, 1);
}

static void *worker_thread(void *arg)
{
	struct pool_worker *w = arg;
	struct wattle_pool *p = w->pool;
	struct wattle_next n = { .flags = 0 };
	uint32_t prev_queue = 0;
	int ret, state;

	pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &state);
	pthread_cleanup_push(wattle_asan_left, __builtin_frame_address(0));
	do {
		/*
		 * With a grant to complete do not wait: the submitter hears of
		 * the completion when this call returns.
		 */
		n.timeout_ns = n.prev_token ? 0 : WATTLE_TIME_FOREVER;
		ret = next(p->c, &n);
		if (n.prev_token)
			settle(w, &n, prev_queue, ret);
		n.prev_token = 0;
		n.prev_status = WATTLE_STATUS_OK;
		if (!ret) {
			n.prev_status = run_batch(w, &n);
			n.prev_token = n.token;
			prev_queue = n.granted;
		}
	} while (!ret || ret == -ETIMEDOUT || ret == -EINTR || ret == -ESTALE);
	pthread_cleanup_pop(0);

	/* The sentence is this thread's; the one that waits for the run has another. */
	pool_fail(p, -EIO, "a worker could not go on: %s", wattle_client__error());
	atomic_store(&w->state, POOL_WORKER_GAVE_UP);
	atomic_store(&p->attention, true);
	pool_wake_submitter(p);
	return NULL;
}

static int pin(pthread_attr_t *attr, int cpu)
{
	size_t size = CPU_ALLOC_SIZE(cpu + 1);
	cpu_set_t *set = CPU_ALLOC(cpu + 1);
	int ret;

	if (!set)
		return ENOMEM;
	CPU_ZERO_S(size, set);
	CPU_SET_S(cpu, size, set);
	ret = pthread_attr_setaffinity_np(attr, size, set);
	CPU_FREE(set);
	return ret;
}

int pool_worker_start(struct wattle_pool *p, unsigned int index)
{
	struct pool_worker *w = &p->worker[index];
	pthread_attr_t attr;
	sigset_t all, old;
	char name[16];
	int ret;

	w->pool = p;
	w->index = index;
	pthread_attr_init(&attr);
	ret = w->cpu >= 0 ? pin(&attr, w->cpu) : 0;
	if (!ret) {
		atomic_store(&w->state, POOL_WORKER_ALIVE);
		/* The application's signals are for the application's threads. */
		sigfillset(&all);
		pthread_sigmask(SIG_SETMASK, &all, &old);
		ret = pthread_create(&w->thread, &attr, worker_thread, w);
		pthread_sigmask(SIG_SETMASK, &old, NULL);
	}
	pthread_attr_destroy(&attr);
	if (ret) {
		atomic_store(&w->state, POOL_WORKER_NONE);
		if (w->cpu >= 0)
			return wattle_error_set(-ret, "worker %u cannot be started on CPU %d: %s; "
						"has the CPU left the allowed set?", index, w->cpu,
						strerror(ret));
		return wattle_error_set(-ret, "worker %u cannot be started: %s; raise the limit of "
					"threads (`ulimit -u`)", index, strerror(ret));
	}
	snprintf(name, sizeof(name), "wattle/%u", index);
	pthread_setname_np(w->thread, name);
	return 0;
}

void pool_worker_stop(struct pool_worker *w)
{
	if (atomic_load(&w->state) == POOL_WORKER_NONE)
		return;
	if (atomic_load(&w->state) == POOL_WORKER_ALIVE)
		pthread_cancel(w->thread);
	pthread_join(w->thread, NULL);
	atomic_store(&w->state, POOL_WORKER_NONE);
}
