/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What tracepoints tell: the decisions of the state machine, and the calls into
 * it that led to them.
 */
#ifndef WATTLE_TRACE_OP_H
#define WATTLE_TRACE_OP_H

#include "core/sched.h"

/* Calls into the state machine that can change a decision, but for SUBMIT and queues. */
enum wattle_call_op {
	WATTLE_CALL_OPEN,		/* @id: the user's uid */
	WATTLE_CALL_CLOSE,
	WATTLE_CALL_QUEUE_CLOSE,
	WATTLE_CALL_QUEUE_DESTROY,
	WATTLE_CALL_CANCEL,		/* @id: the batch */
	WATTLE_CALL_CANCEL_SOME,	/* @value: at most so many */
	WATTLE_CALL_WORKER,		/* @id: the thread's pid */
	WATTLE_CALL_WORKER_EXIT,
	WATTLE_CALL_TURN,		/* @id, @arg: previous token and status; @queue: filter */
	WATTLE_CALL_NEXT,		/* @queue: filter */
	WATTLE_CALL_UNPARK,
	WATTLE_CALL_UNDO,
	WATTLE_CALL_DELIVERED,
	WATTLE_CALL_COMPLETE,		/* @id, @arg: token and status */
	WATTLE_CALL_SEEN,
	WATTLE_CALL_TICK,
	WATTLE_CALL_DRAIN,
	WATTLE_CALL_MODE,		/* @arg: enum wattle_mode */
	WATTLE_CALL_CPU,		/* @arg: managed or not */
	WATTLE_CALL_SUPPLY,		/* @id: CPUs; @value: kHz */
	WATTLE_CALL_SETTLE,		/* @value: at most so many promises of each class */
	WATTLE_CALL_RECHECK,		/* @id: round; @value: at most so many batches, 0 begins it */
	WATTLE_CALL_EPOCH,		/* @id: uJ; @value: busy ns; @arg: enum wattle_quality */
};

/**
 * struct wattle_call - a call into the state machine; what does not apply is 0
 * @op:		which
 * @worker:	slot of the worker in its client
 * @client:	id of the client, 0 if of none
 * @queue:	id of the queue
 * @cpu:	CPU the call is about, or the worker is pinned to
 * @on_cpu:	CPU the worker was found on
 * @arg:	see enum wattle_call_op
 * @id:		likewise
 * @value:	likewise
 * @now_ns:	the time that the state machine was told
 */
struct wattle_call {
	enum wattle_call_op	op;
	u32			worker;
	u64			client;
	u32			queue;
	u32			cpu;
	u32			on_cpu;
	u32			arg;
	u64			id;
	u64			value;
	u64			now_ns;
};

void wattle_trace_op(struct wattle_sched *s, enum wattle_sched_trace what,
		     const struct wattle_sched_batch *b, const struct wattle_sched_worker *w,
		     __u64 now_ns);
void wattle_trace_state(u64 now_ns);

#endif
