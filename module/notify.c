// SPDX-License-Identifier: GPL-2.0-only
/*
 * Notifications. What is to be told happens under the device lock, where nothing is
 * allocated and nobody is woken. So it is noted in its group's ring, and a work makes
 * messages of the notes. A full ring drops the new note and counts it; while nobody
 * listens, in any network namespace, nothing is noted.
 *
 * Whoever floods a strict queue with batches that are refused fills the ring of queues
 * and keeps one work busy while somebody listens, and that is all: switches of the mode
 * have a ring of their own, and a listener that cannot keep up is told so by its socket
 * (ENOBUFS) and by the numbers.
 */
#include <linux/kernel.h>
#include <linux/pid.h>
#include <linux/sched.h>
#include <linux/workqueue.h>

#include <linux/wattle_netlink.h>

#include "chardev.h"
#include "device.h"
#include "netlink.h"
#include "notify.h"
#include "worker.h"

#define WATTLE_NOTIFY_RING	256	/* a power of two: indices run freely */
#define WATTLE_NOTIFY_HOLD	4	/* notes taken out under one hold; they are on the stack */
#define WATTLE_NOTIFY_HOLDS	16	/* in one go; then others of the workqueue have a turn */

/**
 * struct wattle_ring - notes of a group that are to be told
 * @head:	next to write
 * @tail:	next to read
 * @seq:	notes so far
 * @lost:	of them, those that found no room
 * @slot:	the notes
 */
struct wattle_ring {
	u32			head;
	u32			tail;
	u64			seq;
	u64			lost;
	struct wattle_note	slot[WATTLE_NOTIFY_RING];
};

/* Under the device lock. */
static struct wattle_ring wattle_rings[WATTLE_GROUPS];
static bool wattle_notify_on;

static void wattle_notify_work_fn(struct work_struct *work);
static DECLARE_WORK(wattle_notify_work, wattle_notify_work_fn);

/* Under the device lock. Return: how many were taken, the mode's first. */
static unsigned int wattle_notify_take(struct wattle_note *note, unsigned int max)
{
	unsigned int group, n = 0;

	for (group = 0; group < WATTLE_GROUPS; group++) {
		struct wattle_ring *r = &wattle_rings[group];

		while (n < max && r->tail != r->head)
			note[n++] = r->slot[r->tail++ % WATTLE_NOTIFY_RING];
	}
	return n;
}

static void wattle_notify_work_fn(struct work_struct *work)
{
	struct wattle_note note[WATTLE_NOTIFY_HOLD];
	unsigned int i, n, holds;

	for (holds = 0; holds < WATTLE_NOTIFY_HOLDS; holds++) {
		wattle_device_lock();
		n = wattle_notify_take(note, ARRAY_SIZE(note));
		wattle_device_unlock();
		if (!n)
			return;
		for (i = 0; i < n; i++)
			wattle_netlink_tell(&note[i]);
		cond_resched();
	}
	queue_work(system_unbound_wq, work);
}

/* Under the device lock. */
static void wattle_notify(struct wattle_note *note)
{
	struct wattle_ring *r = &wattle_rings[note->group];

	if (!wattle_notify_on || !wattle_netlink_listening(note->group))
		return;
	note->seq = ++r->seq;
	if (r->head - r->tail == WATTLE_NOTIFY_RING) {
		r->lost++;
		return;
	}
	note->lost = r->lost;
	r->slot[r->head++ % WATTLE_NOTIFY_RING] = *note;
	queue_work(system_unbound_wq, &wattle_notify_work);
}

/**
 * wattle_notify_mode() - the mode was switched
 * @before: from, enum wattle_mode
 * @mode: to
 * @now_ns: when. Called under the device lock.
 */
void wattle_notify_mode(u32 before, u32 mode, u64 now_ns)
{
	struct wattle_note note = {
		.cmd		= WATTLE_CMD_MODE_NTF,
		.group		= WATTLE_GROUP_MODE,
		.time_ns	= now_ns,
		.arg		= mode,
		.before		= before,
	};

	if (mode != before)
		wattle_notify(&note);
}

/**
 * wattle_notify_queue() - a queue's parameters were changed
 * @client: id of the client
 * @queue: id of the queue
 * @now_ns: when. Called under the device lock.
 */
void wattle_notify_queue(u64 client, u32 queue, u64 now_ns)
{
	struct wattle_note note = {
		.cmd		= WATTLE_CMD_QUEUE_NTF,
		.group		= WATTLE_GROUP_QUEUE,
		.time_ns	= now_ns,
		.client		= client,
		.queue		= queue,
	};

	wattle_notify(&note);
}

/**
 * wattle_notify_op() - something happened to a batch
 * @what: what; most of it is nobody's business here
 * @b: the batch; its queue is set
 * @w: the worker, NULL if none
 * @now_ns: when. Called under the device lock.
 */
void wattle_notify_op(enum wattle_sched_trace what, const struct wattle_sched_batch *b,
		      const struct wattle_sched_worker *w, u64 now_ns)
{
	struct wattle_note note;

	/* Of every grant and every end of one, so before anything else. */
	if (what != WATTLE_TRACE_LEASE_EXPIRED && what != WATTLE_TRACE_REFUSE)
		return;
	note = (struct wattle_note) { .group = WATTLE_GROUP_QUEUE, .cpu = WATTLE_CPU_ANY };
	if (what == WATTLE_TRACE_LEASE_EXPIRED) {
		note.cmd = WATTLE_CMD_LEASE_NTF;
		note.cpu = w->cpu;
		note.tid = task_pid_nr(container_of(w, struct wattle_worker, sched)->task);
		note.run_ns = wattle_sat_sub(now_ns, w->granted_ns);
	} else {
		note.cmd = WATTLE_CMD_REFUSE_NTF;
		note.arg = b->reason;
	}
	note.time_ns = now_ns;
	note.client = wattle_client_of(b->queue->client)->id;
	note.queue = b->queue->id;
	note.batch = b->id;
	note.user_data = b->in.user_data;
	note.deadline_ns = b->in.deadline_ns;
	wattle_notify(&note);
}

/**
 * wattle_notify_start() - from now on something may be noted; the family is there
 */
void wattle_notify_start(void)
{
	wattle_device_lock();
	wattle_notify_on = true;
	wattle_device_unlock();
}

/**
 * wattle_notify_stop() - nothing is noted or told any more when this returns
 *
 * The family is still there.
 */
void wattle_notify_stop(void)
{
	wattle_device_lock();
	wattle_notify_on = false;
	wattle_device_unlock();
	cancel_work_sync(&wattle_notify_work);
}
