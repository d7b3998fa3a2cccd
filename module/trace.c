// SPDX-License-Identifier: GPL-2.0-only
/*
 * From the state machine's trace calls to tracepoints.
 */
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
	switch (what) {
	case WATTLE_TRACE_SUBMIT:
		trace_wattle_submit(b);
		break;
	case WATTLE_TRACE_GRANT:
		trace_wattle_grant(b, w, now_ns);
		break;
	case WATTLE_TRACE_COMPLETE:
		trace_wattle_complete(b, w, now_ns);
		break;
	case WATTLE_TRACE_REFUSE:
		trace_wattle_refuse(b);
		break;
	case WATTLE_TRACE_LEASE_EXPIRED:
		trace_wattle_lease_expired(b, w, now_ns);
		break;
	case WATTLE_TRACE_ABORT:
		trace_wattle_abort(b, w, now_ns);
		break;
	case WATTLE_TRACE_CANCEL:
		trace_wattle_cancel(b);
		break;
	case WATTLE_TRACE_REQUEUE:
		trace_wattle_requeue(b);
		break;
	}
}
