/* SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause */
/*
 * The worker pool's own structs.
 *
 * A run is two numbers that everybody agrees on: @outstanding, the batches that
 * were handed to the scheduler and have not ended, and @error, the first thing
 * that went wrong. The submitter raises @outstanding before it submits; a worker
 * lowers it after the scheduler has taken the completion, so that who sees 0
 * finds nothing of the run in the queue's accounts.
 */
#ifndef WATTLE_LIB_POOL_H
#define WATTLE_LIB_POOL_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <wattle/wattle.h>

#define POOL_MAX_WORKERS	1024
/* Threads that batch functions may end in one run before it counts as failed. */
#define POOL_MAX_DEATHS		8

enum pool_worker_state {
	POOL_WORKER_NONE,	/* no thread */
	POOL_WORKER_ALIVE,
	POOL_WORKER_DIED,	/* its batch function ended the thread: join, then replace */
	POOL_WORKER_GAVE_UP,	/* NEXT failed for good: join */
};

/**
 * struct pool_worker - a thread of the pool
 * @pool:	its pool
 * @thread:	valid unless @state is NONE
 * @index:	0 .. nr_workers - 1
 * @cpu:	CPU it is pinned to, or -1
 * @state:	enum pool_worker_state
 * @ran:	the function was called for the grant in hand
 * @lost:	the batch it took along, when DIED
 * @st:		of the current run; read by the submitter when nothing is outstanding
 *
 * On a cache line of its own: workers count at the same time.
 */
struct pool_worker {
	struct wattle_pool	*pool;
	pthread_t		thread;
	unsigned int		index;
	int			cpu;
	atomic_int		state;
	bool			ran;
	struct wattle_batch	lost;
	struct wattle_run_stats	st;
} __attribute__((aligned(128)));

/**
 * struct wattle_pool - workers of one client
 * @c:		the client
 * @nr_workers:	of @worker
 * @run_lock:	held by the submitter for the length of a run
 * @verdicts:	of the vector being submitted; c->limits.max_vector of them
 * @queue:	of the current run, 0 between runs
 * @fn: @ctx:	of the current run
 * @deaths:	threads that batch functions have ended in this run
 * @again:	batches that went with them, to be submitted again; @nr_again of them
 * @outstanding: batches submitted and not ended
 * @wake_at:	wake the submitter when @outstanding is at or below this, -1 = do not
 * @error:	first error of the run, 0 = none
 * @error_lock:	makes @error and @error_text one
 * @error_text:	what @error was, worded by the thread that met it
 * @attention:	a worker has died or given up
 * @word:	the submitter sleeps on this; it changes with every wake-up
 */
struct wattle_pool {
	struct wattle_client	*c;
	unsigned int		nr_workers;
	pthread_mutex_t		run_lock;
	struct wattle_verdict	*verdicts;
	atomic_uint		queue;
	wattle_batch_fn		fn;
	void			*ctx;
	unsigned int		fork_epoch;
	unsigned int		deaths;
	unsigned int		nr_again;
	pthread_mutex_t		error_lock;
	char			error_text[512];
	struct wattle_batch	again[POOL_MAX_DEATHS];
	atomic_long		outstanding __attribute__((aligned(128)));
	atomic_long		wake_at;
	atomic_int		error;
	atomic_bool		attention;
	atomic_uint		word;
	struct pool_worker	worker[];
};

/* --- pool_worker.c --- */
/* 0 or negative errno. The slot's state must be NONE. */
int pool_worker_start(struct wattle_pool *p, unsigned int index);
/* Ends a worker that is parked or has ended, and waits for it. */
void pool_worker_stop(struct pool_worker *w);

/* --- pool.c --- */
/* @count batches have ended or were withdrawn; wakes the submitter if it waits for that. */
void pool_ended(struct wattle_pool *p, uint64_t count);
/*
 * The run fails with @err, unless it has failed already. The sentence is for
 * wattle_client__error() of the thread that waits for the run.
 */
void pool_fail(struct wattle_pool *p, int err, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
void pool_wake_submitter(struct wattle_pool *p);

#endif
