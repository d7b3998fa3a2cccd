// SPDX-License-Identifier: GPL-2.0-only
/*
 * Queues: making, changing, removing, and their accounts.
 */
#include <linux/ktime.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "attach.h"
#include "copy.h"
#include "device.h"
#include "energy.h"
#include "event.h"
#include "notify.h"
#include "queue.h"
#include "submit.h"
#include "trace.h"
#include "watch.h"

/**
 * wattle_queue_free_list() - free what the state machine let go of
 * @q: first of a chain by @next, or NULL
 */
void wattle_queue_free_list(struct wattle_queue *q)
{
	struct wattle_queue *next;

	for (; q; q = next) {
		next = q->next;
		kfree(q);
	}
}

/**
 * wattle_queue_name_ok() - is it a name: printable ASCII, then NUL to the end?
 * @name: WATTLE_NAME_MAX bytes
 */
bool wattle_queue_name_ok(const char *name)
{
	const char *end = memchr(name, '\0', WATTLE_NAME_MAX);

	/* What comes after the name may mean something one day. */
	if (!end || memchr_inv(end, 0, name + WATTLE_NAME_MAX - end))
		return false;
	for (; name < end; name++)
		if (*name < 0x20 || *name > 0x7e)
			return false;
	return true;
}

/*
 * Closes a queue and takes from it what others have put there meanwhile. Return: 0, with
 * how many batches that cancelled in *@cancelled; -ENOENT it is not there, or being ended.
 */
static int wattle_queue_end(struct wattle_client *c, u32 id, u64 *cancelled)
{
	struct wattle_sched_queue *q;
	u64 now_ns;
	int err;

	/* Closed first: else others could fill it as fast as it is emptied. */
	wattle_device_lock();
	q = wattle_sched_queue_find(&c->sched, id);
	if (q)
		wattle_trace_call(.op = WATTLE_CALL_QUEUE_CLOSE, .client = c->id, .queue = id,
				  .now_ns = ktime_get_ns());
	err = q ? wattle_sched_queue_close(q) : -ENOENT;
	wattle_device_unlock();
	if (err)
		return err;

	wattle_attach_end(c, id);
	*cancelled = wattle_submit_withdraw(c, id);
	wattle_device_lock();
	q = wattle_sched_queue_find(&c->sched, id);
	if (q) {
		now_ns = ktime_get_ns();
		wattle_trace_call(.op = WATTLE_CALL_QUEUE_DESTROY, .client = c->id, .queue = id,
				  .now_ns = now_ns);
		*cancelled += wattle_sched_queue_destroy(q, now_ns);
	}
	wattle_device_unlock();
	return 0;
}

/**
 * wattle_queue_create() - WATTLE_IOC_QUEUE_CREATE
 * @c: the client
 * @arg: struct wattle_queue_create
 * @size: its size by the caller's account
 *
 * Return: 0 or a negative errno, see the ABI.
 */
long wattle_queue_create(struct wattle_client *c, void __user *arg, u32 size)
{
	struct wattle_queue_create __user *u = arg;
	struct wattle_queue_create in;
	struct wattle_queue *q;
	u64 cancelled;
	u32 id;
	long err;

	err = wattle_copy_in(&in, sizeof(in), arg, size);
	if (err)
		return err;
	if (in.flags || in.pad || !wattle_queue_name_ok(in.name))
		return -EINVAL;
	err = wattle_sched_params_check(&wattle.sched, &in.params, c->may_latency);
	if (err)
		return err;
	if (in.params.event_mask) {
		err = wattle_event_prepare(c);
		if (err)
			return err;
	}

	q = kzalloc(sizeof(*q), GFP_KERNEL_ACCOUNT);
	if (!q)
		return -ENOMEM;

	wattle_device_lock();
	err = wattle_sched_queue_init(&c->sched, &q->sched, &in.params);
	if (!err) {
		memcpy(q->sched.stats.name, in.name, sizeof(in.name));
		wattle_index_add_queue(q);
		trace_wattle_queue(++wattle.trace_seq, &q->sched, 0, ktime_get_ns());
	}
	id = q->sched.id;
	wattle_device_unlock();
	if (err) {
		kfree(q);
		return err;
	}
	/* From here another thread may use, attach to or destroy it: go by its id, not by @q. */
	if (!put_user(id, &u->queue))
		return 0;
	wattle_queue_end(c, id, &cancelled);
	return -EFAULT;
}

/**
 * wattle_queue_change() - change a queue's parameters, and say so
 * @c: the client
 * @id: the queue's id
 * @mask: which, WATTLE_UPDATE_* bits
 * @params: new values, checked by wattle_sched_update_check()
 *
 * Called under the device lock.
 *
 * Return: 0; -ENOENT no such queue; -EBUSY see the ABI.
 */
int wattle_queue_change(struct wattle_client *c, u32 id, u32 mask,
			const struct wattle_queue_params *params)
{
	struct wattle_sched_queue *q = wattle_sched_queue_find(&c->sched, id);
	u64 now_ns = ktime_get_ns();
	int err;

	err = q ? wattle_sched_queue_update(q, mask, params, now_ns) : -ENOENT;
	if (!err) {
		trace_wattle_queue(++wattle.trace_seq, q, mask, now_ns);
		wattle_notify_queue(c->id, id, now_ns);
	}
	return err;
}

/**
 * wattle_queue_update() - WATTLE_IOC_QUEUE_UPDATE
 * @c: the client
 * @arg: struct wattle_queue_update
 * @size: its size by the caller's account
 *
 * Return: 0 or a negative errno, see the ABI.
 */
long wattle_queue_update(struct wattle_client *c, void __user *arg, u32 size)
{
	struct wattle_queue_update in;
	struct wattle_sched_queue *q;
	long err;

	err = wattle_copy_in(&in, sizeof(in), arg, size);
	if (err)
		return err;
	if (in.flags)
		return -EINVAL;
	err = wattle_sched_update_check(&wattle.sched, in.mask, &in.params, c->may_latency);
	if (err)
		return err;
	if (in.mask & WATTLE_UPDATE_EVENT_MASK && in.params.event_mask) {
		/* No ring for a queue that is not there; it may still go before the update. */
		wattle_device_lock();
		q = wattle_sched_queue_find(&c->sched, in.queue);
		wattle_device_unlock();
		if (!q)
			return -ENOENT;
		err = wattle_event_prepare(c);
		if (err)
			return err;
	}

	wattle_device_lock();
	err = wattle_queue_change(c, in.queue, in.mask, &in.params);
	wattle_device_unlock();
	return err;
}

/**
 * wattle_queue_destroy() - WATTLE_IOC_QUEUE_DESTROY
 * @c: the client
 * @arg: struct wattle_queue_destroy
 * @size: its size by the caller's account
 *
 * Return: 0 or a negative errno, see the ABI.
 */
long wattle_queue_destroy(struct wattle_client *c, void __user *arg, u32 size)
{
	struct wattle_queue_destroy __user *u = arg;
	struct wattle_queue_destroy in;
	u64 cancelled;
	long err;

	err = wattle_copy_in(&in, sizeof(in), arg, size);
	if (err)
		return err;
	if (in.flags || in.pad)
		return -EINVAL;
	/* What cannot be reported should not have been done. */
	if (put_user(0ULL, &u->cancelled))
		return -EFAULT;
	err = wattle_queue_end(c, in.queue, &cancelled);
	if (err)
		return err;
	return put_user(cancelled, &u->cancelled) ? -EFAULT : 0;
}

/**
 * wattle_queue_stats() - WATTLE_IOC_QUEUE_STATS
 * @c: the client
 * @arg: struct wattle_queue_stats
 * @size: its size by the caller's account
 *
 * Return: 0 or a negative errno, see the ABI.
 */
long wattle_queue_stats(struct wattle_client *c, void __user *arg, u32 size)
{
	/* Only the head is input; the rest of the struct is not worth copying in. */
	struct {
		__u32 size, flags, queue, pad;
	} head;
	struct wattle_queue_stats *st;
	struct wattle_sched_queue *q;
	long err;

	err = wattle_tail_zero(arg, sizeof(*st), size);
	if (err)
		return err;
	if (copy_from_user(&head, arg, sizeof(head)))
		return -EFAULT;
	if (head.flags)
		return -EINVAL;
	st = kzalloc(sizeof(*st), GFP_KERNEL_ACCOUNT);
	if (!st)
		return -ENOMEM;

	/* Who may not see joules has no reason to have the meters read. */
	err = c->may_energy ? wattle_energy_close() : 0;
	if (err)
		goto free_stats;
	wattle_device_lock();
	q = wattle_sched_queue_find(&c->sched, head.queue);
	if (q) {
		wattle_sched_queue_stats(q, st, ktime_get_ns());
		wattle_watch_stats(wattle_queue_of(q), st);
	}
	wattle_device_unlock();

	err = -ENOENT;
	if (!q)
		goto free_stats;
	st->size = sizeof(*st);
	st->flags = 0;
	st->queue = head.queue;
	if (!c->may_energy) {
		st->energy_quality = WATTLE_QUALITY_NONE;
		st->energy_uj = 0;
	}
	err = copy_to_user(arg, st, sizeof(*st)) ? -EFAULT : 0;
free_stats:
	kfree(st);
	return err;
}
