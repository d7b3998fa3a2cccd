// SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause
/* NEXT and COMPLETE of the embedded backend: park, wake, deliver. */
#include <errno.h>
#include <sched.h>

#include "lib/embedded.h"

/*
 * The CPU this thread is pinned to. Asked when it comes without a grant to
 * complete, as a worker does before it sleeps, so that the system call is off
 * the path from batch to batch; a thread re-pinned meanwhile is seen then.
 */
static uint32_t pinned_cpu(void)
{
	cpu_set_t set;
	int cpu;

	CPU_ZERO(&set);
	/* EINVAL: more CPUs than fit; then nothing is claimed about this one. */
	if (sched_getaffinity(0, sizeof(set), &set) || CPU_COUNT(&set) != 1)
		return WATTLE_CPU_ANY;
	for (cpu = 0; cpu < CPU_SETSIZE; cpu++)
		if (CPU_ISSET(cpu, &set))
			return (uint32_t)cpu;
	return WATTLE_CPU_ANY;
}

static uint32_t current_cpu(void)
{
	int cpu = sched_getcpu();

	return cpu < 0 ? WATTLE_CPU_ANY : (uint32_t)cpu;
}

static void deliver(struct emb_worker *w, struct wattle_next *n)
{
	const struct wattle_sched_batch *b = w->w.batch;

	n->cpu = w->w.cpu;
	n->token = w->w.token;
	n->user_data = b->in.user_data;
	n->batch = b->id;
	n->granted = b->queue->id;
	n->shape = b->in.shape;
	n->freq_khz = w->w.freq_khz;
	n->deadline_ns = b->in.deadline_ns;
	n->lease_ns = w->w.lease_ns;
	n->granted_ns = w->w.granted_ns;
	wattle_sched_delivered(&w->w);
}

/* 0: woken; -EINTR, -ETIMEDOUT. */
static int sleep_parked(struct emb_worker *w, uint64_t until_ns)
{
	int type, ret;

	/*
	 * A cancellation point, as with the device: no lock is held, and the
	 * thread's exit takes the worker out of the scheduler.
	 */
	pthread_setcanceltype(PTHREAD_CANCEL_ASYNCHRONOUS, &type);
	do {
		ret = wattle_futex_wait(&w->word, 0, until_ns);
	} while (!ret && !atomic_load_explicit(&w->word, memory_order_acquire));
	pthread_setcanceltype(type, NULL);
	return ret == -EAGAIN ? 0 : ret;
}

int emb_next(struct emb *e, struct wattle_next *n)
{
	struct emb_worker *w;
	int ret, why;
	uint64_t now;

	if (n->flags || n->pad || n->prev_status > WATTLE_STATUS_FAILED)
		return -EINVAL;
	w = emb_worker_get(e, &ret);
	if (!w)
		return ret;
	if (!n->prev_token)
		w->cpu = pinned_cpu();

	emb_lock(e);
	now = wattle_now_ns();
	atomic_store_explicit(&w->word, 0, memory_order_relaxed);
	ret = wattle_sched_turn(&w->w, n->prev_token, n->prev_status, &n->prev_result, n->queue,
				w->cpu, current_cpu(), now);
	while (!ret) {
		why = -ETIMEDOUT;
		if (n->timeout_ns > now) {
			emb_unlock(e);
			why = sleep_parked(w, n->timeout_ns);
			emb_lock(e);
			now = wattle_now_ns();
		}
		/* An assigned grant beats a signal and a time-out. */
		ret = wattle_sched_unpark(&w->w, now);
		if (!ret && why)
			ret = why;
		if (!ret) {
			atomic_store_explicit(&w->word, 0, memory_order_relaxed);
			ret = wattle_sched_next(&w->w, n->queue, w->cpu, now);
		}
	}
	if (ret > 0) {
		deliver(w, n);
		ret = 0;
	}
	emb_unlock(e);
	return ret;
}

int emb_complete(struct emb *e, const struct wattle_complete *c)
{
	struct emb_worker *w;
	int ret;

	if (c->flags || c->pad || !c->token || c->status > WATTLE_STATUS_FAILED)
		return -EINVAL;
	w = emb_worker_get(e, &ret);
	if (!w)
		return ret;
	emb_lock(e);
	ret = wattle_sched_complete(&w->w, c->token, c->status, current_cpu(), wattle_now_ns());
	emb_unlock(e);
	return ret;
}
