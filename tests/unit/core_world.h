/* SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause */
/*
 * A world around the state machine: memory, users, CPUs, a clock moved by hand,
 * and a record of everything it asked for.
 */
#ifndef TESTS_UNIT_CORE_WORLD_H
#define TESTS_UNIT_CORE_WORLD_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <errno.h>

#include "core/sched.h"

#define MS		1000000ULL
#define SEC		1000000000ULL
#define WORLD_CPUS	8
#define WORLD_LOG	4096

struct world_wake {
	struct wattle_sched_worker	*w;
	__s32				err;
};

struct world {
	struct wattle_sched	s;
	struct wattle_sched_cpu	cpus[WORLD_CPUS];
	__u64			now;
	__u64			timer_at;
	unsigned int		nr_timer;	/* calls of ops->timer */
	struct world_wake	wake[WORLD_LOG];
	unsigned int		nr_wake;
	struct wattle_event	event[WORLD_LOG];
	unsigned int		nr_event;
	long			live_batches;	/* allocated, not freed */
	long			live_queues;
	unsigned int		traced[8];
	/* Called from the trace op when set. */
	void			(*hook)(struct world *wd, enum wattle_sched_trace what,
					const struct wattle_sched_batch *b,
					const struct wattle_sched_worker *w);
	/* CPU time of a thread when set; else it computes all the time. */
	__u64			(*cpu_ns)(const struct world *wd,
					  const struct wattle_sched_worker *w);
};

/* Limits are wide; the clock starts at 1000 s; mode observe; 4 CPUs of 1 GHz. */
struct world *world_new(void);
void world_free(struct world *wd);
/* Move the clock, and call the timer whenever it is due on the way. */
void world_advance(struct world *wd, __u64 ns);

struct wattle_sched_client *world_client(struct world *wd, struct wattle_sched_user *u);
void world_client_exit(struct world *wd, struct wattle_sched_client *c);
/* NULL params: all defaults. */
struct wattle_sched_queue *world_queue(struct wattle_sched_client *c,
				       const struct wattle_queue_params *p);
struct wattle_sched_worker *world_worker(struct wattle_sched_client *c, __u32 slot);
void world_worker_exit(struct world *wd, struct wattle_sched_worker *w);

/* What wattle_sched_submit() returned; the batch in @out unless refused or in error. */
int world_submit_full(struct world *wd, struct wattle_sched_queue *q,
		      const struct wattle_batch *in, struct wattle_verdict *v,
		      struct wattle_sched_batch **out);
/* Submits work that must be taken: deadline relative to now, 0 = none. Returns the id. */
__u64 world_submit(struct world *wd, struct wattle_sched_queue *q, __u64 user_data,
		   __u64 deadline_in_ns);
/* Asks from @cpu for anything. */
int world_next(struct world *wd, struct wattle_sched_worker *w, __u32 cpu);
/* Completes the current grant, OK, on its own CPU. */
int world_complete(struct world *wd, struct wattle_sched_worker *w);
/* Runs what @w holds and asks again; user_data of what it then holds, 0 if it waits. */
__u64 world_turn(struct world *wd, struct wattle_sched_worker *w, __u32 cpu);
/* The identity of accounts and what the counters must agree on, for every queue. */
void world_check(struct world *wd);

/* Random numbers, the same each time: xorshift64 (Marsaglia 2003). @seed is not 0. */
void world_seed(uint64_t seed);
uint64_t world_rng(void);

#endif
