/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Tracepoints: one for each thing that can happen to a batch. A batch is named
 * by the submitting client's pid-independent pair (queue, batch id) and the
 * user_data its owner gave it.
 */
#undef TRACE_SYSTEM
#define TRACE_SYSTEM wattle

#if !defined(WATTLE_TRACE_H) || defined(TRACE_HEADER_MULTI_READ)
#define WATTLE_TRACE_H

#include <linux/sched.h>
#include <linux/tracepoint.h>

#include "core/sched.h"
#include "worker.h"

DECLARE_EVENT_CLASS(wattle_batch_class,
	TP_PROTO(const struct wattle_sched_batch *b),
	TP_ARGS(b),
	TP_STRUCT__entry(
		__field(u64, batch)
		__field(u64, user_data)
		__field(u64, release_ns)
		__field(u64, deadline_ns)
		__field(u64, need_ns)
		__field(u32, queue)
		__field(u32, verdict)
	),
	TP_fast_assign(
		__entry->batch = b->id;
		__entry->user_data = b->in.user_data;
		__entry->release_ns = b->in.release_ns;
		__entry->deadline_ns = b->in.deadline_ns;
		__entry->need_ns = b->need_ns;
		__entry->queue = b->queue ? b->queue->id : 0;
		__entry->verdict = b->verdict;
	),
	TP_printk("queue=%u batch=%llu user_data=%#llx release_ns=%llu deadline_ns=%llu need_ns=%llu verdict=%u",
		  __entry->queue, __entry->batch, __entry->user_data, __entry->release_ns,
		  __entry->deadline_ns, __entry->need_ns, __entry->verdict)
);

/* Queued; verdict is enum wattle_verdict_status. */
DEFINE_EVENT(wattle_batch_class, wattle_submit,
	TP_PROTO(const struct wattle_sched_batch *b), TP_ARGS(b));

/* Not queued. */
DEFINE_EVENT(wattle_batch_class, wattle_refuse,
	TP_PROTO(const struct wattle_sched_batch *b), TP_ARGS(b));

/* Withdrawn before it ran. */
DEFINE_EVENT(wattle_batch_class, wattle_cancel,
	TP_PROTO(const struct wattle_sched_batch *b), TP_ARGS(b));

/* A grant that could not be delivered went back. */
DEFINE_EVENT(wattle_batch_class, wattle_requeue,
	TP_PROTO(const struct wattle_sched_batch *b), TP_ARGS(b));

TRACE_EVENT(wattle_grant,
	TP_PROTO(const struct wattle_sched_batch *b, const struct wattle_sched_worker *w,
		 u64 now_ns),
	TP_ARGS(b, w, now_ns),
	TP_STRUCT__entry(
		__field(u64, batch)
		__field(u64, user_data)
		__field(u64, token)
		__field(u64, wait_ns)
		__field(u64, deadline_ns)
		__field(u64, lease_ns)
		__field(u32, queue)
		__field(u32, cpu)
		__field(u32, freq_khz)
		__field(pid_t, pid)
	),
	TP_fast_assign(
		__entry->batch = b->id;
		__entry->user_data = b->in.user_data;
		__entry->token = w->token;
		__entry->wait_ns = now_ns > b->ready_ns ? now_ns - b->ready_ns : 0;
		__entry->deadline_ns = b->in.deadline_ns;
		__entry->lease_ns = w->lease_ns;
		__entry->queue = b->queue ? b->queue->id : 0;
		__entry->cpu = w->cpu;
		__entry->freq_khz = w->freq_khz;
		__entry->pid = container_of(w, struct wattle_worker, sched)->task->pid;
	),
	TP_printk("queue=%u batch=%llu user_data=%#llx token=%#llx pid=%d cpu=%d freq_khz=%u wait_ns=%llu deadline_ns=%llu lease_ns=%llu",
		  __entry->queue, __entry->batch, __entry->user_data, __entry->token,
		  __entry->pid, (int)__entry->cpu, __entry->freq_khz, __entry->wait_ns,
		  __entry->deadline_ns, __entry->lease_ns)
);

DECLARE_EVENT_CLASS(wattle_end_class,
	TP_PROTO(const struct wattle_sched_batch *b, const struct wattle_sched_worker *w,
		 u64 now_ns),
	TP_ARGS(b, w, now_ns),
	TP_STRUCT__entry(
		__field(u64, batch)
		__field(u64, user_data)
		__field(u64, run_ns)
		__field(u64, deadline_ns)
		__field(u32, queue)
		__field(u32, cpu)
		__field(pid_t, pid)
		__field(bool, late)
	),
	TP_fast_assign(
		__entry->batch = b->id;
		__entry->user_data = b->in.user_data;
		__entry->run_ns = w && now_ns > w->granted_ns ? now_ns - w->granted_ns : 0;
		__entry->deadline_ns = b->in.deadline_ns;
		__entry->queue = b->queue ? b->queue->id : 0;
		__entry->cpu = w ? w->cpu : WATTLE_CPU_ANY;
		__entry->pid = w ? container_of(w, struct wattle_worker, sched)->task->pid : 0;
		__entry->late = b->in.deadline_ns && now_ns > b->in.deadline_ns;
	),
	TP_printk("queue=%u batch=%llu user_data=%#llx pid=%d cpu=%d run_ns=%llu deadline_ns=%llu late=%d",
		  __entry->queue, __entry->batch, __entry->user_data, __entry->pid,
		  (int)__entry->cpu, __entry->run_ns, __entry->deadline_ns, __entry->late)
);

/* Ended by its worker. */
DEFINE_EVENT(wattle_end_class, wattle_complete,
	TP_PROTO(const struct wattle_sched_batch *b, const struct wattle_sched_worker *w,
		 u64 now_ns),
	TP_ARGS(b, w, now_ns));

/* Its lease ended; the worker may still be running it. */
DEFINE_EVENT(wattle_end_class, wattle_lease_expired,
	TP_PROTO(const struct wattle_sched_batch *b, const struct wattle_sched_worker *w,
		 u64 now_ns),
	TP_ARGS(b, w, now_ns));

/* Lost with its thread or its client. */
DEFINE_EVENT(wattle_end_class, wattle_abort,
	TP_PROTO(const struct wattle_sched_batch *b, const struct wattle_sched_worker *w,
		 u64 now_ns),
	TP_ARGS(b, w, now_ns));

#endif

#undef TRACE_INCLUDE_PATH
#define TRACE_INCLUDE_PATH .
#undef TRACE_INCLUDE_FILE
#define TRACE_INCLUDE_FILE trace
#include <trace/define_trace.h>
