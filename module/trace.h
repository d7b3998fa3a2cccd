/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Tracepoints, in two families that together are a log from which module/core
 * can be made to decide the same again.
 *
 * Calls: wattle_call, wattle_queue, and of the decisions below wattle_submit and
 * wattle_refuse, which are calls as well. What the state machine was told, when.
 * Decisions: all others. What it made of that; a replay compares them.
 *
 * Every record has a number (seq) given under the device lock, so a gap is a lost
 * record and the order is total, whichever CPU's buffer a record was in. A client
 * is named by the count of opens since load, a queue, batch or worker by its number
 * in its client. See Documentation/design/module.md, "A log that can be replayed".
 */
#undef TRACE_SYSTEM
#define TRACE_SYSTEM wattle

#if !defined(WATTLE_TRACE_H) || defined(TRACE_HEADER_MULTI_READ)
#define WATTLE_TRACE_H

#include <linux/cpufreq.h>
#include <linux/sched.h>
#include <linux/tracepoint.h>

#include "chardev.h"
#include "core/guard.h"
#include "core/sched.h"
#include "domain.h"
#include "pace.h"
#include "trace_op.h"
#include "worker.h"

#ifndef WATTLE_TRACE_HELPERS
#define WATTLE_TRACE_HELPERS
static inline u64 wattle_trace_client(const struct wattle_sched_batch *b)
{
	return container_of(b->queue->client, struct wattle_client, sched)->id;
}

static inline pid_t wattle_trace_pid(const struct wattle_sched_worker *w)
{
	return container_of(w, struct wattle_worker, sched)->task->pid;
}
#endif

TRACE_DEFINE_ENUM(WATTLE_CALL_OPEN);
TRACE_DEFINE_ENUM(WATTLE_CALL_CLOSE);
TRACE_DEFINE_ENUM(WATTLE_CALL_QUEUE_CLOSE);
TRACE_DEFINE_ENUM(WATTLE_CALL_QUEUE_DESTROY);
TRACE_DEFINE_ENUM(WATTLE_CALL_CANCEL);
TRACE_DEFINE_ENUM(WATTLE_CALL_CANCEL_SOME);
TRACE_DEFINE_ENUM(WATTLE_CALL_WORKER);
TRACE_DEFINE_ENUM(WATTLE_CALL_WORKER_EXIT);
TRACE_DEFINE_ENUM(WATTLE_CALL_TURN);
TRACE_DEFINE_ENUM(WATTLE_CALL_NEXT);
TRACE_DEFINE_ENUM(WATTLE_CALL_UNPARK);
TRACE_DEFINE_ENUM(WATTLE_CALL_UNDO);
TRACE_DEFINE_ENUM(WATTLE_CALL_DELIVERED);
TRACE_DEFINE_ENUM(WATTLE_CALL_COMPLETE);
TRACE_DEFINE_ENUM(WATTLE_CALL_SEEN);
TRACE_DEFINE_ENUM(WATTLE_CALL_TICK);
TRACE_DEFINE_ENUM(WATTLE_CALL_DRAIN);
TRACE_DEFINE_ENUM(WATTLE_CALL_MODE);
TRACE_DEFINE_ENUM(WATTLE_CALL_CPU);
TRACE_DEFINE_ENUM(WATTLE_CALL_SUPPLY);
TRACE_DEFINE_ENUM(WATTLE_CALL_SETTLE);
TRACE_DEFINE_ENUM(WATTLE_CALL_RECHECK);
TRACE_DEFINE_ENUM(WATTLE_CALL_EPOCH);

#define WATTLE_CALL_NAMES \
	{ WATTLE_CALL_OPEN, "OPEN" }, \
	{ WATTLE_CALL_CLOSE, "CLOSE" }, \
	{ WATTLE_CALL_QUEUE_CLOSE, "QUEUE_CLOSE" }, \
	{ WATTLE_CALL_QUEUE_DESTROY, "QUEUE_DESTROY" }, \
	{ WATTLE_CALL_CANCEL, "CANCEL" }, \
	{ WATTLE_CALL_CANCEL_SOME, "CANCEL_SOME" }, \
	{ WATTLE_CALL_WORKER, "WORKER" }, \
	{ WATTLE_CALL_WORKER_EXIT, "WORKER_EXIT" }, \
	{ WATTLE_CALL_TURN, "TURN" }, \
	{ WATTLE_CALL_NEXT, "NEXT" }, \
	{ WATTLE_CALL_UNPARK, "UNPARK" }, \
	{ WATTLE_CALL_UNDO, "UNDO" }, \
	{ WATTLE_CALL_DELIVERED, "DELIVERED" }, \
	{ WATTLE_CALL_COMPLETE, "COMPLETE" }, \
	{ WATTLE_CALL_SEEN, "SEEN" }, \
	{ WATTLE_CALL_TICK, "TICK" }, \
	{ WATTLE_CALL_DRAIN, "DRAIN" }, \
	{ WATTLE_CALL_MODE, "MODE" }, \
	{ WATTLE_CALL_CPU, "CPU" }, \
	{ WATTLE_CALL_SUPPLY, "SUPPLY" }, \
	{ WATTLE_CALL_SETTLE, "SETTLE" }, \
	{ WATTLE_CALL_RECHECK, "RECHECK" }, \
	{ WATTLE_CALL_EPOCH, "EPOCH" }

TRACE_DEFINE_ENUM(WATTLE_GUARD_FINE);
TRACE_DEFINE_ENUM(WATTLE_GUARD_SUSPECT);
TRACE_DEFINE_ENUM(WATTLE_GUARD_SLOWDOWN);
TRACE_DEFINE_ENUM(WATTLE_GUARD_MISSES);

#define WATTLE_GUARD_NAMES \
	{ WATTLE_GUARD_FINE, "fine" }, \
	{ WATTLE_GUARD_SUSPECT, "suspect" }, \
	{ WATTLE_GUARD_SLOWDOWN, "slowdown" }, \
	{ WATTLE_GUARD_MISSES, "misses" }

/* What does not apply is 0; see enum wattle_call_op. */
TRACE_EVENT(wattle_call,
	TP_PROTO(u64 seq, const struct wattle_call *c),
	TP_ARGS(seq, c),
	TP_STRUCT__entry(
		__field(u64, seq)
		__field(u64, client)
		__field(u64, id)
		__field(u64, value)
		__field(u64, now_ns)
		__field(u32, op)
		__field(u32, queue)
		__field(u32, worker)
		__field(u32, cpu)
		__field(u32, on_cpu)
		__field(u32, arg)
	),
	TP_fast_assign(
		__entry->seq = seq;
		__entry->client = c->client;
		__entry->id = c->id;
		__entry->value = c->value;
		__entry->now_ns = c->now_ns;
		__entry->op = c->op;
		__entry->queue = c->queue;
		__entry->worker = c->worker;
		__entry->cpu = c->cpu;
		__entry->on_cpu = c->on_cpu;
		__entry->arg = c->arg;
	),
	TP_printk("seq=%llu client=%llu queue=%u now_ns=%llu op=%s worker=%u cpu=%d on_cpu=%d arg=%u id=%#llx value=%llu",
		  __entry->seq, __entry->client, __entry->queue, __entry->now_ns,
		  __print_symbolic(__entry->op, WATTLE_CALL_NAMES), __entry->worker,
		  (int)__entry->cpu, (int)__entry->on_cpu, __entry->arg, __entry->id,
		  __entry->value)
);

/* QUEUE_CREATE (mask 0) and QUEUE_UPDATE: parameters as they are from now on. */
TRACE_EVENT(wattle_queue,
	TP_PROTO(u64 seq, const struct wattle_sched_queue *q, u32 mask, u64 now_ns),
	TP_ARGS(seq, q, mask, now_ns),
	TP_STRUCT__entry(
		__field(u64, seq)
		__field(u64, client)
		__field(u64, now_ns)
		__field(u64, max_delay_us)
		__field(u64, energy_budget_uj)
		__field(u64, lease_ns)
		__field(u32, queue)
		__field(u32, mask)
		__field(u32, class)
		__field(u32, weight)
		__field(u32, flags)
		__field(u32, event_mask)
		__field(u32, max_slowdown_pm)
		__field(u32, max_inflight)
		__array(char, name, WATTLE_NAME_MAX)
	),
	TP_fast_assign(
		__entry->seq = seq;
		__entry->client = container_of(q->client, struct wattle_client, sched)->id;
		__entry->now_ns = now_ns;
		__entry->max_delay_us = q->params.max_delay_us;
		__entry->energy_budget_uj = q->params.energy_budget_uj;
		__entry->lease_ns = q->params.lease_ns;
		__entry->queue = q->id;
		__entry->mask = mask;
		__entry->class = q->params.class;
		__entry->weight = q->params.weight;
		__entry->flags = q->params.flags;
		__entry->event_mask = q->params.event_mask;
		__entry->max_slowdown_pm = q->params.max_slowdown_pm;
		__entry->max_inflight = q->params.max_inflight;
		memcpy(__entry->name, q->stats.name, WATTLE_NAME_MAX);
	),
	TP_printk("seq=%llu client=%llu queue=%u now_ns=%llu mask=%#x class=%u weight=%u flags=%#x event_mask=%#x max_slowdown_pm=%u max_inflight=%u max_delay_us=%llu energy_budget_uj=%llu lease_ns=%llu name=%s",
		  __entry->seq, __entry->client, __entry->queue, __entry->now_ns, __entry->mask,
		  __entry->class, __entry->weight, __entry->flags, __entry->event_mask,
		  __entry->max_slowdown_pm, __entry->max_inflight, __entry->max_delay_us,
		  __entry->energy_budget_uj, __entry->lease_ns, __entry->name)
);

DECLARE_EVENT_CLASS(wattle_batch_class,
	TP_PROTO(u64 seq, const struct wattle_sched_batch *b, u64 now_ns),
	TP_ARGS(seq, b, now_ns),
	TP_STRUCT__entry(
		__field(u64, seq)
		__field(u64, client)
		__field(u64, now_ns)
		__field(u64, batch)
		__field(u64, user_data)
		__field(u64, work_kcycles)
		__field(u64, stall_us)
		__field(u64, release_ns)
		__field(u64, deadline_ns)
		__field(u64, energy_cap_uj)
		__field(u64, need_ns)
		__field(u32, shape)
		__field(u32, queue)
		__field(u32, verdict)
		__field(u32, reason)
	),
	TP_fast_assign(
		__entry->seq = seq;
		__entry->client = wattle_trace_client(b);
		__entry->now_ns = now_ns;
		__entry->batch = b->id;
		__entry->user_data = b->in.user_data;
		__entry->work_kcycles = b->in.work_kcycles;
		__entry->stall_us = b->in.stall_us;
		__entry->release_ns = b->in.release_ns;
		__entry->deadline_ns = b->in.deadline_ns;
		__entry->energy_cap_uj = b->in.energy_cap_uj;
		__entry->need_ns = b->need_ns;
		__entry->shape = b->in.shape;
		__entry->queue = b->queue->id;
		__entry->verdict = b->verdict;
		__entry->reason = b->reason;
	),
	TP_printk("seq=%llu client=%llu queue=%u now_ns=%llu batch=%llu user_data=%#llx work_kcycles=%llu stall_us=%llu release_ns=%llu deadline_ns=%llu energy_cap_uj=%llu shape=%u need_ns=%llu verdict=%u reason=%u",
		  __entry->seq, __entry->client, __entry->queue, __entry->now_ns, __entry->batch,
		  __entry->user_data, __entry->work_kcycles, __entry->stall_us,
		  __entry->release_ns, __entry->deadline_ns, __entry->energy_cap_uj,
		  __entry->shape, __entry->need_ns, __entry->verdict, __entry->reason)
);

/* Queued; verdict is enum wattle_verdict_status, reason enum wattle_verdict_reason. */
DEFINE_EVENT(wattle_batch_class, wattle_submit,
	TP_PROTO(u64 seq, const struct wattle_sched_batch *b, u64 now_ns),
	TP_ARGS(seq, b, now_ns));

/* Not queued, so batch is 0; likewise. */
DEFINE_EVENT(wattle_batch_class, wattle_refuse,
	TP_PROTO(u64 seq, const struct wattle_sched_batch *b, u64 now_ns),
	TP_ARGS(seq, b, now_ns));

/* Withdrawn before it ran; verdict and reason are those of its submission. */
DEFINE_EVENT(wattle_batch_class, wattle_cancel,
	TP_PROTO(u64 seq, const struct wattle_sched_batch *b, u64 now_ns),
	TP_ARGS(seq, b, now_ns));

/* A grant that could not be delivered went back. */
DEFINE_EVENT(wattle_batch_class, wattle_requeue,
	TP_PROTO(u64 seq, const struct wattle_sched_batch *b, u64 now_ns),
	TP_ARGS(seq, b, now_ns));

TRACE_EVENT(wattle_grant,
	TP_PROTO(u64 seq, const struct wattle_sched_batch *b, const struct wattle_sched_worker *w,
		 u64 now_ns),
	TP_ARGS(seq, b, w, now_ns),
	TP_STRUCT__entry(
		__field(u64, seq)
		__field(u64, client)
		__field(u64, now_ns)
		__field(u64, batch)
		__field(u64, user_data)
		__field(u64, token)
		__field(u64, wait_ns)
		__field(u64, deadline_ns)
		__field(u64, lease_ns)
		__field(u32, queue)
		__field(u32, worker)
		__field(u32, cpu)
		__field(u32, freq_khz)
		__field(pid_t, pid)
	),
	TP_fast_assign(
		__entry->seq = seq;
		__entry->client = wattle_trace_client(b);
		__entry->now_ns = now_ns;
		__entry->batch = b->id;
		__entry->user_data = b->in.user_data;
		__entry->token = w->token;
		__entry->wait_ns = now_ns > b->ready_ns ? now_ns - b->ready_ns : 0;
		__entry->deadline_ns = b->in.deadline_ns;
		__entry->lease_ns = w->lease_ns;
		__entry->queue = b->queue->id;
		__entry->worker = w->slot;
		__entry->cpu = w->cpu;
		__entry->freq_khz = w->freq_khz;
		__entry->pid = wattle_trace_pid(w);
	),
	TP_printk("seq=%llu client=%llu queue=%u now_ns=%llu batch=%llu user_data=%#llx token=%#llx worker=%u pid=%d cpu=%d freq_khz=%u wait_ns=%llu deadline_ns=%llu lease_ns=%llu",
		  __entry->seq, __entry->client, __entry->queue, __entry->now_ns, __entry->batch,
		  __entry->user_data, __entry->token, __entry->worker, __entry->pid,
		  (int)__entry->cpu, __entry->freq_khz, __entry->wait_ns, __entry->deadline_ns,
		  __entry->lease_ns)
);

DECLARE_EVENT_CLASS(wattle_end_class,
	TP_PROTO(u64 seq, const struct wattle_sched_batch *b, const struct wattle_sched_worker *w,
		 u64 now_ns),
	TP_ARGS(seq, b, w, now_ns),
	TP_STRUCT__entry(
		__field(u64, seq)
		__field(u64, client)
		__field(u64, now_ns)
		__field(u64, batch)
		__field(u64, user_data)
		__field(u64, token)
		__field(u64, run_ns)
		__field(u64, deadline_ns)
		__field(u32, queue)
		__field(u32, worker)
		__field(u32, cpu)
		__field(pid_t, pid)
		__field(bool, late)
	),
	TP_fast_assign(
		__entry->seq = seq;
		__entry->client = wattle_trace_client(b);
		__entry->now_ns = now_ns;
		__entry->batch = b->id;
		__entry->user_data = b->in.user_data;
		__entry->token = w->token;
		__entry->run_ns = now_ns > w->granted_ns ? now_ns - w->granted_ns : 0;
		__entry->deadline_ns = b->in.deadline_ns;
		__entry->queue = b->queue->id;
		__entry->worker = w->slot;
		__entry->cpu = w->cpu;
		__entry->pid = wattle_trace_pid(w);
		__entry->late = b->in.deadline_ns && now_ns > b->in.deadline_ns;
	),
	TP_printk("seq=%llu client=%llu queue=%u now_ns=%llu batch=%llu user_data=%#llx token=%#llx worker=%u pid=%d cpu=%d run_ns=%llu deadline_ns=%llu late=%d",
		  __entry->seq, __entry->client, __entry->queue, __entry->now_ns, __entry->batch,
		  __entry->user_data, __entry->token, __entry->worker, __entry->pid,
		  (int)__entry->cpu, __entry->run_ns, __entry->deadline_ns, __entry->late)
);

/* Ended by its worker. */
DEFINE_EVENT(wattle_end_class, wattle_complete,
	TP_PROTO(u64 seq, const struct wattle_sched_batch *b, const struct wattle_sched_worker *w,
		 u64 now_ns),
	TP_ARGS(seq, b, w, now_ns));

/* Its lease ended; the worker may still be running it. */
DEFINE_EVENT(wattle_end_class, wattle_lease_expired,
	TP_PROTO(u64 seq, const struct wattle_sched_batch *b, const struct wattle_sched_worker *w,
		 u64 now_ns),
	TP_ARGS(seq, b, w, now_ns));

/* Lost with its thread or its client. */
DEFINE_EVENT(wattle_end_class, wattle_abort,
	TP_PROTO(u64 seq, const struct wattle_sched_batch *b, const struct wattle_sched_worker *w,
		 u64 now_ns),
	TP_ARGS(seq, b, w, now_ns));

/*
 * Before the call it tells of, under the device lock; DELIVERED, which is made without
 * it, has no number.
 */
#define wattle_trace_call(...) do {						\
	if (trace_wattle_call_enabled())					\
		trace_wattle_call(++wattle.trace_seq,				\
				  &(const struct wattle_call){ __VA_ARGS__ });	\
} while (0)

/* A frequency request was changed: of CPU first_cpu's domain, on the policy of policy_cpu. */
TRACE_EVENT(wattle_actuate,
	TP_PROTO(const struct wattle_domain *d, const struct wattle_clock *k, u32 old_khz,
		 u32 new_khz, u32 why, int err),
	TP_ARGS(d, k, old_khz, new_khz, why, err),
	TP_STRUCT__entry(
		__field(u32, domain)
		__field(u32, policy)
		__field(u32, old_khz)
		__field(u32, new_khz)
		__field(u32, foreign_min)
		__field(u32, foreign_max)
		__field(u32, observed_khz)
		__field(u32, why)
		__field(int, err)
	),
	TP_fast_assign(
		__entry->domain = d->first;
		__entry->policy = k->policy->cpu;
		__entry->old_khz = old_khz;
		__entry->new_khz = new_khz;
		__entry->foreign_min = k->foreign_min;
		__entry->foreign_max = k->foreign_max;
		__entry->observed_khz = k->targets ? k->policy->cur : 0;
		__entry->why = why;
		__entry->err = err;
	),
	TP_printk("domain=%u policy=%u old_khz=%u new_khz=%u reason=%s foreign_min=%u foreign_max=%u observed_khz=%u err=%d",
		  __entry->domain, __entry->policy, __entry->old_khz, __entry->new_khz,
		  __print_symbolic(__entry->why,
				   { WATTLE_WHY_GRANT, "grant" },
				   { WATTLE_WHY_END, "end" },
				   { WATTLE_WHY_DATED, "dated" },
				   { WATTLE_WHY_PACE, "pace" },
				   { WATTLE_WHY_MEMBER, "member" },
				   { WATTLE_WHY_MODE, "mode" },
				   { WATTLE_WHY_DOMAIN, "domain" },
				   { WATTLE_WHY_FOREIGN, "foreign" },
				   { WATTLE_WHY_NUDGE, "nudge" },
				   { WATTLE_WHY_GONE, "gone" }),
		  __entry->foreign_min, __entry->foreign_max, __entry->observed_khz, __entry->err)
);

/*
 * The speed that deadlines ask of a domain was decided; ~0 = all there is. khz is what
 * came of it (0 = no cap), base_khz what work without a deadline needs there.
 */
TRACE_EVENT(wattle_pace,
	TP_PROTO(const struct wattle_domain *d, const struct wattle_pacing *p),
	TP_ARGS(d, p),
	TP_STRUCT__entry(
		__field(u64, now_ns)
		__field(u64, again_ns)
		__field(u32, domain)
		__field(u32, khz)
		__field(u32, own_khz)
		__field(u32, waiting_khz)
		__field(u32, base_khz)
		__field(u32, floor_khz)
		__field(u32, full_khz)
		__field(u32, clock_khz)
	),
	TP_fast_assign(
		__entry->now_ns = p->now_ns;
		__entry->again_ns = p->again_ns;
		__entry->domain = d->first;
		__entry->khz = p->khz;
		__entry->own_khz = p->own_khz;
		__entry->waiting_khz = p->waiting_khz;
		__entry->base_khz = p->base_khz;
		__entry->floor_khz = p->floor_khz;
		__entry->full_khz = d->full_khz;
		__entry->clock_khz = p->clock_khz;
	),
	TP_printk("domain=%u now_ns=%llu khz=%u own_khz=%u waiting_khz=%u base_khz=%u floor_khz=%u full_khz=%u clock_khz=%u again_ns=%llu",
		  __entry->domain, __entry->now_ns, __entry->khz, __entry->own_khz,
		  __entry->waiting_khz, __entry->base_khz, __entry->floor_khz,
		  __entry->full_khz, __entry->clock_khz, __entry->again_ns)
);

/* A verdict on whether a queue is slowed by no more than it allows (core/guard.h). */
TRACE_EVENT(wattle_guard,
	TP_PROTO(const struct wattle_sched_queue *q, u32 verdict, const struct wattle_guard *g,
		 u64 now_ns),
	TP_ARGS(q, verdict, g, now_ns),
	TP_STRUCT__entry(
		__field(u64, client)
		__field(u64, now_ns)
		__field(u64, until_ns)
		__field(u64, demotions)
		__field(u32, queue)
		__field(u32, verdict)
		__field(u32, allowed_pm)
		__field(u32, slowdown_pm)
		__field(u32, kept)
		__field(u32, missed)
	),
	TP_fast_assign(
		__entry->client = container_of(q->client, struct wattle_client, sched)->id;
		__entry->now_ns = now_ns;
		__entry->until_ns = g->phase == WATTLE_GUARD_DEMOTED ? g->until_ns : 0;
		__entry->demotions = g->demotions;
		__entry->queue = q->id;
		__entry->verdict = verdict;
		__entry->allowed_pm = q->params.max_slowdown_pm;
		__entry->slowdown_pm = g->slowdown_pm;
		__entry->kept = g->kept;
		__entry->missed = g->missed;
	),
	TP_printk("client=%llu queue=%u now_ns=%llu verdict=%s slowdown_pm=%u allowed_pm=%u kept=%u missed=%u demotions=%llu until_ns=%llu",
		  __entry->client, __entry->queue, __entry->now_ns,
		  __print_symbolic(__entry->verdict, WATTLE_GUARD_NAMES), __entry->slowdown_pm,
		  __entry->allowed_pm, __entry->kept, __entry->missed, __entry->demotions,
		  __entry->until_ns)
);

/* The limits that follow from the last change are in force, took_ns after its decision. */
TRACE_EVENT(wattle_in_force,
	TP_PROTO(const struct wattle_domain *d, const struct wattle_clock *k, u64 took_ns),
	TP_ARGS(d, k, took_ns),
	TP_STRUCT__entry(
		__field(u64, took_ns)
		__field(u32, domain)
		__field(u32, policy)
		__field(u32, requested_khz)
		__field(u32, max_khz)
		__field(u32, observed_khz)
	),
	TP_fast_assign(
		__entry->took_ns = took_ns;
		__entry->domain = d->first;
		__entry->policy = k->policy->cpu;
		__entry->requested_khz = k->held_khz;
		__entry->max_khz = k->policy->max;
		__entry->observed_khz = k->targets ? k->policy->cur : 0;
	),
	TP_printk("domain=%u policy=%u requested_khz=%u max_khz=%u observed_khz=%u took_ns=%llu",
		  __entry->domain, __entry->policy, __entry->requested_khz, __entry->max_khz,
		  __entry->observed_khz, __entry->took_ns)
);

/* A resume-latency request of a CPU was changed; 0 = there is none. */
TRACE_EVENT(wattle_latency,
	TP_PROTO(u32 cpu, u32 old_us, u32 new_us, int err),
	TP_ARGS(cpu, old_us, new_us, err),
	TP_STRUCT__entry(
		__field(u32, cpu)
		__field(u32, old_us)
		__field(u32, new_us)
		__field(int, err)
	),
	TP_fast_assign(
		__entry->cpu = cpu;
		__entry->old_us = old_us;
		__entry->new_us = new_us;
		__entry->err = err;
	),
	TP_printk("cpu=%u old_us=%u new_us=%u err=%d", __entry->cpu, __entry->old_us,
		  __entry->new_us, __entry->err)
);

#endif

#undef TRACE_INCLUDE_PATH
#define TRACE_INCLUDE_PATH .
#undef TRACE_INCLUDE_FILE
#define TRACE_INCLUDE_FILE trace
#include <trace/define_trace.h>
