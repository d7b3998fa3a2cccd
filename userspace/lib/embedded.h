/* SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause */
/*
 * The embedded backend: module/core's state machine under a mutex.
 *
 * Every embedded client is a scheduler of its own: one client, one user, the
 * CPUs of this machine. Lock order: emb_threads_lock (worker records and the
 * threads they belong to) before struct emb.lock (everything in struct emb).
 */
#ifndef WATTLE_LIB_EMBEDDED_H
#define WATTLE_LIB_EMBEDDED_H

#include "core/sched.h"
#include "lib/futex.h"
#include "lib/internal.h"

#define EMB_MAX_VECTOR		1024
#define EMB_MAX_WORKERS		1024
#define EMB_EVENTS		4096	/* ring of undelivered events, a power of two */
#define EMB_WAKES		64	/* wake-ups put off until the lock is free */

struct emb;

/**
 * struct emb_worker - a thread that called NEXT
 * @w:		what the core knows of it
 * @e:		its client
 * @thread_link: in its thread's list
 * @cpu:	the CPU its thread is pinned to, or WATTLE_CPU_ANY
 * @clock:	its thread's CPU time
 * @cpu_ns:	that clock when last read; stays when the thread is gone
 * @word:	0 while parked and not woken; it sleeps on this
 */
struct emb_worker {
	struct wattle_sched_worker	w;
	struct emb			*e;
	struct wattle_list		thread_link;
	uint32_t			cpu;
	clockid_t			clock;
	uint64_t			cpu_ns;
	atomic_uint		word;
};

/* A batch, or a place for one. */
struct emb_batch {
	struct wattle_sched_batch	b;
	struct emb			*e;
	struct emb_batch		*next_free;
};

/* Batches come in chunks that live as long as the client. */
struct emb_chunk {
	struct emb_chunk	*next;
	struct emb_batch	batch[];
};

/**
 * struct emb - an embedded client
 * @base:	what every client begins with
 * @serial:	unique over all clients of the process, never used again
 * @lock:	everything below
 * @sched:	the state machine
 * @client:	the one client of @sched
 * @user:	the one user of @sched
 * @cpus:	@sched's CPU slots
 * @free:	batches not in use, @nr_free of them
 * @chunks:	where they live
 * @events:	ring; @ev_head is taken next, @ev_tail is put next
 * @events_lost: events the full ring could not take
 * @workers:	by slot
 * @wakes:	words of workers to be woken when the lock is free
 * @timer_at:	when to call wattle_sched_tick(), 0 = not
 * @timer_word:	changes whenever the timer thread has to look again
 * @timer_stop:	the timer thread is to leave
 * @metered:	there was a source of joules at the start
 * @timer:	that thread
 * @energy_at:	start of the open energy epoch, 0 = none yet or no source
 * @energy_uj:	package energy then
 * @energy_busy_ns: busy time of all CPUs then
 */
struct emb {
	struct wattle_client		base;
	uint64_t			serial;
	pthread_mutex_t			lock;
	struct wattle_sched		sched;
	struct wattle_sched_client	client;
	struct wattle_sched_user	user;
	struct wattle_sched_cpu		*cpus;
	struct emb_batch		*free;
	size_t				nr_free;
	struct emb_chunk		*chunks;
	struct wattle_event		*events;
	uint64_t			ev_head;
	uint64_t			ev_tail;
	uint64_t			events_lost;
	struct emb_worker		*workers[EMB_MAX_WORKERS];
	atomic_uint		*wakes[EMB_WAKES];
	unsigned int			nr_wakes;
	uint64_t			timer_at;
	atomic_uint		timer_word;
	bool				timer_stop;
	bool				metered;
	pthread_t			timer;
	uint64_t			energy_at;
	uint64_t			energy_uj;
	uint64_t			energy_busy_ns;
};

static inline struct emb *emb_of(struct wattle_client *c)
{
	return (struct emb *)c;
}

void emb_lock(struct emb *e);
/* Unlocks, then wakes whom the core wanted woken: a woken thread finds the lock free. */
void emb_unlock(struct emb *e);

/* --- embedded_ops.c: the world as the core sees it; all under the lock --- */
extern const struct wattle_sched_ops emb_sched_ops;
/* Makes sure that @count batches are free. 0 or -ENOMEM. Takes the lock. */
int emb_batches_reserve(struct emb *e, size_t count);
/* One of the reserved ones. */
struct emb_batch *emb_batch_take(struct emb *e);
void emb_batch_put(struct emb *e, struct emb_batch *b);
/* Up to @max events; count. Takes the lock. */
int emb_events(struct wattle_client *c, struct wattle_event *ev, size_t max);
int emb_timer_start(struct emb *e);
void emb_timer_stop(struct emb *e);

/* --- embedded_energy.c --- */
/**
 * emb_energy_epoch() - close the energy epoch: charge the queues for it
 *
 * The first call that finds a source opens the first epoch. Without the lock held.
 * Return: whether there is a source.
 */
bool emb_energy_epoch(struct emb *e);

/* --- embedded_thread.c --- */
/**
 * emb_worker_get() - the calling thread's record in @e, made when it is not there
 * @err: -ENOMEM, or -EMFILE when there are too many
 *
 * Without the lock held; the fast path takes none.
 */
struct emb_worker *emb_worker_get(struct emb *e, int *err);
/* All of @e's records; no thread may be inside a call. Without the lock held. */
void emb_workers_free(struct emb *e);

/* --- embedded_next.c --- */
int emb_next(struct emb *e, struct wattle_next *n);
int emb_complete(struct emb *e, const struct wattle_complete *c);

#endif
