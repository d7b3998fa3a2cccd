/* SPDX-License-Identifier: GPL-2.0-only OR LGPL-2.1-or-later OR BSD-2-Clause */
/* What the files of the state machine share among themselves; not for callers. */
#ifndef WATTLE_CORE_INTERNAL_H
#define WATTLE_CORE_INTERNAL_H

#include <linux/errno.h>

#include "core/lease.h"
#include "core/sched.h"

#define WATTLE_PARAMS_CLASS(q)	((q)->params.class - 1)

/*
 * wattle_sched_batch.promised in a recheck, besides 0 and 1: to be asked about, to be placed,
 * and to be asked about after all that was promised before the recheck began
 */
#define WATTLE_PROMISE_OPEN	2
#define WATTLE_PROMISE_REVOKED	3
#define WATTLE_PROMISE_LATE	4

/* Of wattle_sched.recheck: the round that was begun last, from 1; 0 = none ever was. */
#define WATTLE_RECHECK_SHIFT	4

static inline __u32 wattle_sched_recheck_round(const struct wattle_sched *s)
{
	return s->recheck & ((1U << WATTLE_RECHECK_SHIFT) - 1);
}

static inline int wattle_sched_dated(const struct wattle_sched_batch *b)
{
	return b->in.deadline_ns != WATTLE_TIME_NONE;
}

/* Does @cpu carry only one grant at a time now? */
static inline int wattle_sched_gated(const struct wattle_sched *s, __u32 cpu)
{
	return cpu != WATTLE_CPU_ANY && s->mode == WATTLE_MODE_ENFORCE && s->cpus[cpu].managed;
}

/* May a worker on @cpu be given a grant now? */
static inline int wattle_sched_cpu_open(const struct wattle_sched *s, __u32 cpu)
{
	return !wattle_sched_gated(s, cpu) || (!s->cpus[cpu].nr_busy && !s->hold_ns);
}

static inline void wattle_sched_trace(struct wattle_sched *s, enum wattle_sched_trace what,
				      const struct wattle_sched_batch *b,
				      const struct wattle_sched_worker *w, __u64 now_ns)
{
	if (s->ops->trace)
		s->ops->trace(s, what, b, w, now_ns);
}

static inline void wattle_sched_arm(struct wattle_sched *s, __u64 at_ns)
{
	if (!wattle_lease_must_arm(s->timer_ns, at_ns))
		return;
	s->timer_ns = at_ns;
	s->ops->timer(s, at_ns);
}

/* stats.c */
__u32 wattle_sched_hist_slot(__u64 ns);
void wattle_sched_event(struct wattle_sched_queue *q, __u32 type,
			const struct wattle_sched_batch *b, __u64 run_ns, __s32 status, __u32 cpu,
			__u64 now_ns);
__u64 wattle_sched_cpu_ns(struct wattle_sched_worker *w, __u64 now_ns);
void wattle_sched_charge(struct wattle_sched_worker *w, __u64 now_ns);
void wattle_sched_retire(struct wattle_sched_queue *q);

/* client.c */
__u64 wattle_sched_longest_lease(struct wattle_sched *s);

/* batch.c */
/* A recheck is in one of the rounds in which promises of before are out of the ledger. */
static inline int wattle_sched_recheck_gathers(const struct wattle_sched *s)
{
	__u32 round = wattle_sched_recheck_round(s);

	return round && round <= 1 + WATTLE_SCHED_CLASSES;
}

void wattle_sched_ledger_add(struct wattle_sched_batch *b, __u64 now_ns);
/*
 * @b goes back from its worker to its queue, maybe under another supply than it left under:
 * its need is of now, and what it was promised is open until a recheck asks. 1: none will, so
 * once it is ready again it has to be asked about with wattle_sched_recheck_undone().
 */
int wattle_sched_recheck_missed(struct wattle_sched_batch *b);
void wattle_sched_recheck_undone(struct wattle_sched_batch *b, __u64 now_ns);
void wattle_sched_ledger_sub(struct wattle_sched_batch *b);
void wattle_sched_batch_end(struct wattle_sched_batch *b);
/* Withdraw a batch that waits. */
void wattle_sched_withdraw(struct wattle_sched_batch *b, __u64 now_ns);

/* CPU time that comes before any waiting batch of @class. */
__u64 wattle_sched_first_ns(const struct wattle_sched *s, __u32 class, __u64 now_ns);

/* hold.c */
/* A shorter hold is not worth its timer. */
#define WATTLE_HOLD_LEAST_NS	1000000ULL
/* @b is ready, and a worker on a managed CPU could have it now: is it held instead? */
int wattle_sched_hold_begin(struct wattle_sched *s, const struct wattle_sched_batch *b,
			    __u64 now_ns);
/* @b waits too: the hold, if there is one, ends no later than suits it. */
void wattle_sched_hold_join(struct wattle_sched *s, const struct wattle_sched_batch *b,
			    __u64 now_ns);
/* A batch has left those that are ready: a hold of nothing is over. */
static inline void wattle_sched_hold_left(struct wattle_sched *s)
{
	if (!s->nr_ready)
		s->hold_ns = 0;
}

/* The hold, if there is one, ends with the next tick, which comes at once. */
void wattle_sched_hold_end(struct wattle_sched *s);
void wattle_sched_hold_tick(struct wattle_sched *s, __u64 now_ns);

/* dispatch.c */
/* Put a released batch into its queue's order. It may then be offered. */
void wattle_sched_make_ready(struct wattle_sched_batch *b);
void wattle_sched_unready(struct wattle_sched_batch *b);
/* Give a ready batch to the waiting worker that may take it, if there is one. */
void wattle_sched_offer(struct wattle_sched_batch *b, __u64 now_ns);
/* @cpu has become free: the best waiting worker and batch get it. */
void wattle_sched_cpu_freed(struct wattle_sched *s, __u32 cpu, __u64 now_ns);
/* Let every waiting worker of @c, or on @cpu, run that now may. */
void wattle_sched_rescan_client(struct wattle_sched_client *c, __u64 now_ns);
void wattle_sched_rescan_cpu(struct wattle_sched *s, __u32 cpu, __u64 now_ns);
void wattle_sched_park_end(struct wattle_sched_worker *w);
void wattle_sched_wake_err(struct wattle_sched_worker *w, __s32 err);
/* While draining: workers for whom nothing is left are sent home. */
void wattle_sched_settle(struct wattle_sched_client *c);
/* The batch of @w goes back to its old place; w is OUT. Offers nothing. */
void wattle_sched_requeue(struct wattle_sched_worker *w, __u64 now_ns);

/* complete.c */
void wattle_sched_queue_put(struct wattle_sched_queue *q);
/* Ends @w's hold on its CPU: the CPU if that is now free of grants, or WATTLE_CPU_ANY. */
__u32 wattle_sched_leave_cpu(struct wattle_sched_worker *w);
void wattle_sched_expire(struct wattle_sched_worker *w, __u64 now_ns);
__u32 wattle_sched_end_expired(struct wattle_sched_worker *w, __u64 now_ns);
/* Lost with its thread. */
__u32 wattle_sched_abort(struct wattle_sched_worker *w, __u64 now_ns);
/* wattle_sched_complete() without handing @freed on: the CPU that is free, or WATTLE_CPU_ANY. */
int wattle_sched_finish(struct wattle_sched_worker *w, __u64 token, __u32 status, __u32 on_cpu,
			__u64 now_ns, __u32 *freed);

#endif
