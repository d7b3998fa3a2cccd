/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * From the state machine's trace calls to tracepoints.
 */
#ifndef WATTLE_TRACE_OP_H
#define WATTLE_TRACE_OP_H

#include "core/sched.h"

void wattle_trace_op(struct wattle_sched *s, enum wattle_sched_trace what,
		     const struct wattle_sched_batch *b, const struct wattle_sched_worker *w,
		     __u64 now_ns);

#endif
