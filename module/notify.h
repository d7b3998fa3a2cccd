/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Notifications: what happened, told to whoever has joined a multicast group.
 */
#ifndef WATTLE_NOTIFY_H
#define WATTLE_NOTIFY_H

#include <linux/types.h>

#include "core/sched.h"

/* In the order of the family's groups. */
enum wattle_group {
	WATTLE_GROUP_MODE,
	WATTLE_GROUP_QUEUE,
	WATTLE_GROUPS,
};

/**
 * struct wattle_note - something that happened; what does not apply is 0
 * @cmd:	enum wattle_cmd of the notification
 * @group:	enum wattle_group
 * @seq:	number in its group
 * @lost:	notes of the group dropped so far
 * @time_ns:	when
 * @client:	id of the client
 * @queue:	id of the queue
 * @batch:	id of the batch
 * @user_data:	of the batch
 * @deadline_ns: of the batch
 * @run_ns:	since it was granted
 * @cpu:	where, or WATTLE_CPU_ANY
 * @tid:	of the thread
 * @arg:	reason of a refusal; the new mode
 * @before:	the mode before
 */
struct wattle_note {
	u8	cmd;
	u8	group;
	u64	seq;
	u64	lost;
	u64	time_ns;
	u64	client;
	u32	queue;
	u64	batch;
	u64	user_data;
	u64	deadline_ns;
	u64	run_ns;
	u32	cpu;
	u32	tid;
	u32	arg;
	u32	before;
};

void wattle_notify_mode(u32 before, u32 mode, u64 now_ns);
void wattle_notify_queue(u64 client, u32 queue, u64 now_ns);
void wattle_notify_op(enum wattle_sched_trace what, const struct wattle_sched_batch *b,
		      const struct wattle_sched_worker *w, u64 now_ns);
void wattle_notify_start(void);
void wattle_notify_stop(void);

#endif
