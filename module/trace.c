// SPDX-License-Identifier: GPL-2.0-only
/*
 * From the state machine's trace calls to tracepoints.
 */
#include "device.h"
#include "trace_op.h"

#define CREATE_TRACE_POINTS
#include "trace.h"

/**
 * wattle_trace_op() - struct wattle_sched_ops.trace
 * @s: the state machine
 * @what: what happened
 * @b: to which batch; its queue is set
 * @w: by which worker, NULL if none
 * @now_ns: when
 *
 * Called under the device lock.
 */
void wattle_trace_op(struct wattle_sched *s, enum wattle_sched_trace what,
		     const struct wattle_sched_batch *b, const struct wattle_sched_worker *w,
		     __u64 now_ns)
{
	u64 seq = ++wattle.trace_seq;

	switch (what) {
	case WATTLE_TRACE_SUBMIT:
		trace_wattle_submit(seq, b, now_ns);
		break;
	case WATTLE_TRACE_GRANT:
		trace_wattle_grant(seq, b, w, now_ns);
		break;
	case WATTLE_TRACE_COMPLETE:
		trace_wattle_complete(seq, b, w, now_ns);
		break;
	case WATTLE_TRACE_REFUSE:
		trace_wattle_refuse(seq, b, now_ns);
		break;
	case WATTLE_TRACE_LEASE_EXPIRED:
		trace_wattle_lease_expired(seq, b, w, now_ns);
		break;
	case WATTLE_TRACE_ABORT:
		trace_wattle_abort(seq, b, w, now_ns);
		break;
	case WATTLE_TRACE_CANCEL:
		trace_wattle_cancel(seq, b, now_ns);
		break;
	case WATTLE_TRACE_REQUEUE:
		trace_wattle_requeue(seq, b, now_ns);
		break;
	}
}

/**
 * wattle_trace_state() - as calls, what the state machine holds while there is no client
 * @now_ns: the time
 *
 * A log that begins before a first client so begins with all that decisions depend
 * on. Called under the device lock.
 */
void wattle_trace_state(u64 now_ns)
{
	const struct wattle_sched *s = &wattle.sched;
	u32 cpu;

	if (!trace_wattle_call_enabled())
		return;
	wattle_trace_call(.op = WATTLE_CALL_MODE, .arg = s->mode, .now_ns = now_ns);
	wattle_trace_call(.op = WATTLE_CALL_SUPPLY, .id = s->nr_supply, .value = s->supply_khz,
			  .now_ns = now_ns);
	for (cpu = 0; cpu < s->nr_cpus; cpu++)
		wattle_trace_call(.op = WATTLE_CALL_CPU, .cpu = cpu, .arg = s->cpus[cpu].managed,
				  .now_ns = now_ns);
	if (s->draining)
		wattle_trace_call(.op = WATTLE_CALL_DRAIN, .now_ns = now_ns);
}
