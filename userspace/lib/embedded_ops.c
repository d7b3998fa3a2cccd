// SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause
/*
 * What the core needs from the world: memory for batches, wake-ups, events and
 * a timer. Every function the core calls back runs under the client's lock.
 */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/embedded.h"

void emb_lock(struct emb *e)
{
	pthread_mutex_lock(&e->lock);
}

void emb_unlock(struct emb *e)
{
	atomic_uint *wake[EMB_WAKES];
	unsigned int i, n = e->nr_wakes;

	memcpy(wake, e->wakes, n * sizeof(wake[0]));
	e->nr_wakes = 0;
	pthread_mutex_unlock(&e->lock);
	for (i = 0; i < n; i++)
		wattle_futex_wake(wake[i], 1);
}

/* --- batches --- */

int emb_batches_reserve(struct emb *e, size_t count)
{
	struct emb_chunk *chunk;
	size_t i, n;

	emb_lock(e);
	n = e->nr_free < count ? count - e->nr_free : 0;
	emb_unlock(e);
	if (!n)
		return 0;
	if (n < 64)
		n = 64;
	chunk = calloc(1, sizeof(*chunk) + n * sizeof(chunk->batch[0]));
	if (!chunk)
		return -ENOMEM;
	emb_lock(e);
	chunk->next = e->chunks;
	e->chunks = chunk;
	for (i = 0; i < n; i++) {
		chunk->batch[i].e = e;
		emb_batch_put(e, &chunk->batch[i]);
	}
	emb_unlock(e);
	return 0;
}

struct emb_batch *emb_batch_take(struct emb *e)
{
	struct emb_batch *b = e->free;

	if (!b)
		return NULL;
	e->free = b->next_free;
	e->nr_free--;
	memset(&b->b, 0, sizeof(b->b));
	return b;
}

void emb_batch_put(struct emb *e, struct emb_batch *b)
{
	b->next_free = e->free;
	e->free = b;
	e->nr_free++;
}

static struct emb *emb_of_sched(struct wattle_sched *s)
{
	return wattle_container_of(s, struct emb, sched);
}

static void op_batch_free(struct wattle_sched_batch *b)
{
	struct emb_batch *eb = wattle_container_of(b, struct emb_batch, b);

	emb_batch_put(eb->e, eb);
}

static void op_queue_free(struct wattle_sched_queue *q)
{
	free(q);
}

/* --- wake-ups --- */

static void op_wake(struct wattle_sched_worker *w)
{
	struct emb_worker *ew = wattle_container_of(w, struct emb_worker, w);
	struct emb *e = ew->e;

	atomic_store_explicit(&ew->word, 1, memory_order_release);
	if (e->nr_wakes < EMB_WAKES)
		e->wakes[e->nr_wakes++] = &ew->word;
	else
		wattle_futex_wake(&ew->word, 1);
}

/* --- time --- */

/* Of any thread of the process, running or not; exact. No cancellation point. */
static __u64 op_cpu_ns(struct wattle_sched_worker *w, __u64 now_ns)
{
	struct emb_worker *ew = wattle_container_of(w, struct emb_worker, w);
	struct timespec ts;

	(void)now_ns;
	if (!clock_gettime(ew->clock, &ts))
		ew->cpu_ns = (uint64_t)ts.tv_sec * 1000000000ULL + (uint64_t)ts.tv_nsec;
	return ew->cpu_ns;
}

/* --- events --- */

static void op_event(struct wattle_sched_client *c, const struct wattle_event *ev)
{
	struct emb *e = wattle_container_of(c, struct emb, client);
	const uint64_t one = 1;
	struct wattle_event *slot;
	ssize_t done = 0;

	if (e->ev_tail - e->ev_head == EMB_EVENTS) {
		e->events_lost++;
		return;
	}
	slot = &e->events[e->ev_tail++ % EMB_EVENTS];
	*slot = *ev;
	slot->lost = e->events_lost;
	/*
	 * The eventfd is readable exactly while the ring holds something. Its
	 * counter is at most 1, so neither this nor the read can fail.
	 */
	if (e->ev_tail - e->ev_head == 1)
		/* Not write(): no cancellation point, as the lock is held. */
		done = syscall(SYS_write, e->base.fd, &one, sizeof(one));
	(void)done;
}

int emb_events(struct wattle_client *c, struct wattle_event *ev, size_t max)
{
	struct emb *e = emb_of(c);
	ssize_t done = 0;
	uint64_t count;
	size_t n = 0;

	emb_lock(e);
	while (n < max && e->ev_head != e->ev_tail)
		ev[n++] = e->events[e->ev_head++ % EMB_EVENTS];
	if (n && e->ev_head == e->ev_tail)
		done = syscall(SYS_read, e->base.fd, &count, sizeof(count));
	(void)done;
	emb_unlock(e);
	return (int)n;
}

/* --- the timer: one thread, asleep but for releases and leases --- */

static void op_timer(struct wattle_sched *s, __u64 at_ns)
{
	struct emb *e = emb_of_sched(s);

	if (e->timer_at && e->timer_at <= at_ns)
		return;
	e->timer_at = at_ns;
	atomic_fetch_add_explicit(&e->timer_word, 1, memory_order_release);
	if (e->nr_wakes < EMB_WAKES)
		e->wakes[e->nr_wakes++] = &e->timer_word;
	else
		wattle_futex_wake(&e->timer_word, 1);
}

/*
 * A package's counter wraps in a quarter of an hour at full power, and a wrap is
 * only seen by who reads more often than that.
 */
#define ENERGY_EPOCH_NS	60000000000ULL

static void *timer_thread(void *arg)
{
	uint64_t epoch = wattle_now_ns() + ENERGY_EPOCH_NS;
	struct emb *e = arg;
	bool energy = e->metered;
	uint64_t now, at;
	uint32_t word;
	bool stop;

	for (;;) {
		emb_lock(e);
		now = wattle_now_ns();
		if (e->timer_at && now >= e->timer_at) {
			e->timer_at = 0;
			wattle_sched_tick(&e->sched, now);
		}
		at = e->timer_at ? e->timer_at : WATTLE_TIME_FOREVER;
		if (energy && at > epoch)
			at = epoch;
		word = atomic_load_explicit(&e->timer_word, memory_order_acquire);
		stop = e->timer_stop;
		emb_unlock(e);
		if (stop)
			return NULL;
		wattle_futex_wait(&e->timer_word, word, at);
		if (energy && wattle_now_ns() >= epoch) {
			emb_energy_epoch(e);
			epoch = wattle_now_ns() + ENERGY_EPOCH_NS;
		}
	}
}

int emb_timer_start(struct emb *e)
{
	sigset_t all, old;
	int ret;

	/* The application's signals are for the application's threads. */
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	ret = pthread_create(&e->timer, NULL, timer_thread, e);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	if (!ret)
		pthread_setname_np(e->timer, "wattle/timer");
	return -ret;
}

void emb_timer_stop(struct emb *e)
{
	emb_lock(e);
	e->timer_stop = true;
	atomic_fetch_add_explicit(&e->timer_word, 1, memory_order_release);
	e->wakes[e->nr_wakes++] = &e->timer_word;
	emb_unlock(e);
	pthread_join(e->timer, NULL);
}

const struct wattle_sched_ops emb_sched_ops = {
	.wake		= op_wake,
	.event		= op_event,
	.batch_free	= op_batch_free,
	.queue_free	= op_queue_free,
	.timer		= op_timer,
	.cpu_ns		= op_cpu_ns,
};
