/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The one device: the state machine, the lock around it, and what its
 * decisions make the kernel do.
 */
#ifndef WATTLE_DEVICE_H
#define WATTLE_DEVICE_H

#include <linux/spinlock.h>
#include <linux/types.h>

#include "core/sched.h"

struct task_struct;
struct wattle_client;
struct wattle_domain;
struct wattle_queue;

#define WATTLE_PENDING_MAX	8

/**
 * struct wattle_pending - what the state machine asked for under the lock and
 * is done when the lock is gone
 * @dirty:	anything below is set
 * @nr_tasks:	used entries of @task
 * @nr_readers:	used entries of @reader
 * @task:	threads to wake; they stay valid until the RCU read side ends
 * @reader:	clients with new events; likewise
 * @queues:	queues to free
 * @plans:	clock domains whose plan may have changed
 */
struct wattle_pending {
	bool			dirty;
	u8			nr_tasks;
	u8			nr_readers;
	struct task_struct	*task[WATTLE_PENDING_MAX];
	struct wattle_client	*reader[WATTLE_PENDING_MAX];
	struct wattle_queue	*queues;
	struct wattle_domain	*plans;
};

/**
 * struct wattle_device - everything under the lock
 * @lock:	serialises all calls into @sched; see Documentation/design/locking.md
 * @sched:	the state machine
 * @pending:	see struct wattle_pending
 * @events_lost: events lost by all clients ever
 * @nr_opened:	files opened ever; the last one's id
 * @trace_seq:	number of the last trace record
 */
struct wattle_device {
	spinlock_t		lock;	/* the device lock: all of this struct */
	struct wattle_sched	sched;
	struct wattle_pending	pending;
	u64			events_lost;
	u64			nr_opened;
	u64			trace_seq;
};

extern struct wattle_device wattle;

void wattle_device_unlock_pending(void)
	__releases(&wattle.lock);

/**
 * wattle_device_lock() - enter the state machine
 *
 * Soft interrupts are off until wattle_device_unlock(): the timer takes the
 * lock in one. The clock must be read after this call, so that time does not
 * run backwards between holders.
 */
static inline void wattle_device_lock(void)
	__acquires(&wattle.lock)
{
	spin_lock_bh(&wattle.lock);
}

/**
 * wattle_device_unlock() - leave the state machine, then wake and free what it said
 */
static inline void wattle_device_unlock(void)
	__releases(&wattle.lock)
{
	if (likely(!wattle.pending.dirty))
		spin_unlock_bh(&wattle.lock);
	else
		wattle_device_unlock_pending();
}

void wattle_device_wake_task(struct task_struct *task);
int wattle_device_init(void);
void wattle_device_exit(void);

#endif
