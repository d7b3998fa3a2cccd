/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Watches whether queues are slowed by more than they allow.
 */
#ifndef WATTLE_WATCH_H
#define WATTLE_WATCH_H

#include <linux/types.h>

#include "core/sched.h"

struct wattle_queue;
struct wattle_queue_stats;
struct wattle_worker;

bool wattle_watch_grant(struct wattle_worker *w, const struct wattle_sched_batch *b, u64 now_ns);
void wattle_watch_complete(struct wattle_worker *w, const struct wattle_sched_batch *b,
			   u64 now_ns);
void wattle_watch_stats(struct wattle_queue *q, struct wattle_queue_stats *st);
void wattle_watch_exit(void);

#endif
