// SPDX-License-Identifier: GPL-2.0-only
/*
 * Putting batches into queues, and withdrawing them.
 *
 * Everything that can fail for a reason in the caller's memory is done before
 * the first side effect: the vector is copied and checked as a whole, the
 * verdict array and the fields written back are probed by zeroing them. What is
 * left to go wrong is a caller that unmaps its own memory meanwhile; then the
 * count returned is still the truth.
 */
#include <linux/ktime.h>
#include <linux/sched.h>
#include <linux/uaccess.h>

#include "batch.h"
#include "copy.h"
#include "device.h"
#include "param.h"
#include "submit.h"
#include "trace.h"

/* Entries taken under one hold of the lock: bounds the hold and the stack. */
#define WATTLE_SUBMIT_CHUNK	16
/* Batches withdrawn under one hold of the lock. */
#define WATTLE_WITHDRAW_CHUNK	64

/* First published sizes of what a SUBMIT points to. */
#define WATTLE_BATCH_SIZE0	56
#define WATTLE_VERDICT_SIZE0	40

static int wattle_submit_check_stride(u32 size, u32 least)
{
	if (size > PAGE_SIZE)
		return -E2BIG;
	return size < least || size % 8 ? -EINVAL : 0;
}

static int wattle_submit_check(const struct wattle_submit *in)
{
	int err;

	if (in->flags & ~WATTLE_SUBMIT_DRY_RUN || in->pad || !in->count)
		return -EINVAL;
	if (in->count > WATTLE_VECTOR_MAX)
		return -E2BIG;
	err = wattle_submit_check_stride(in->batch_size, WATTLE_BATCH_SIZE0);
	if (err)
		return err;
	if (!in->verdicts)
		return in->verdict_size ? -EINVAL : 0;
	return wattle_submit_check_stride(in->verdict_size, WATTLE_VERDICT_SIZE0);
}

static int wattle_submit_copy_entry(struct wattle_batch *dst, const void __user *src, u32 size)
{
	struct wattle_batch in;
	int err;

	err = wattle_copy_in(&in, sizeof(in), src, size);
	if (!err)
		*dst = in;
	return err;
}

/* Copies and checks the whole vector; *@at is where it failed. */
static int wattle_submit_copy(const struct wattle_submit *in, struct wattle_kbatch *b, u32 *at)
{
	const char __user *src = u64_to_user_ptr(in->batches);
	int err = 0;

	for (*at = 0; b; b = b->next, (*at)++) {
		err = wattle_submit_copy_entry(&b->sched.in, src + (size_t)*at * in->batch_size,
					       in->batch_size);
		if (!err)
			err = wattle_sched_batch_check(&b->sched.in);
		if (err)
			break;
	}
	return err;
}

/**
 * struct wattle_submit_run - a vector on its way in
 * @in:		the request
 * @todo:	entries without a verdict yet
 * @spare:	entries that were not queued, to be kept or freed
 * @verdict:	of the chunk just taken
 */
struct wattle_submit_run {
	const struct wattle_submit	*in;
	struct wattle_kbatch		*todo;
	struct wattle_kbatch		*spare;
	struct wattle_verdict		verdict[WATTLE_SUBMIT_CHUNK];
};

/* Takes up to a chunk of entries; returns how many have a verdict, *@err why no more. */
static u32 wattle_submit_chunk(struct wattle_client *c, struct wattle_submit_run *run, int *err)
{
	const bool dry = run->in->flags & WATTLE_SUBMIT_DRY_RUN;
	struct wattle_sched_queue *q;
	u64 now_ns;
	u32 n;

	wattle_device_lock();
	now_ns = ktime_get_ns();
	q = wattle_sched_queue_find(&c->sched, run->in->queue);
	*err = q ? 0 : -ENOENT;
	for (n = 0; !*err && run->todo && n < WATTLE_SUBMIT_CHUNK; n++) {
		struct wattle_kbatch *b = run->todo, *next = b->next;
		struct wattle_verdict *v = &run->verdict[n];

		*v = (struct wattle_verdict){};
		*err = dry ? wattle_sched_submit_dry(q, &b->sched.in, v, now_ns) :
			     wattle_sched_submit(q, &b->sched, v, now_ns);
		if (*err)
			break;
		run->todo = next;
		if (dry || v->status == WATTLE_VERDICT_REFUSED) {
			b->next = run->spare;
			run->spare = b;
		}
	}
	wattle_device_unlock();
	return n;
}

/*
 * Tells the verdicts of the chunk just taken, entries @done to @done + @n, at the
 * caller's stride; what a longer one has beyond ours has been zeroed.
 */
static int wattle_submit_tell(const struct wattle_submit_run *run, long done, u32 n)
{
	const u32 stride = run->in->verdict_size;
	char __user *to = u64_to_user_ptr(run->in->verdicts);
	u32 i;

	if (!to)
		return 0;
	to += done * stride;
	if (likely(stride == sizeof(*run->verdict)))
		return copy_to_user(to, run->verdict, n * stride) ? -EFAULT : 0;
	for (i = 0; i < n; i++, to += stride)
		if (copy_to_user(to, &run->verdict[i],
				 min_t(size_t, stride, sizeof(*run->verdict))))
			return -EFAULT;
	return 0;
}

static long wattle_submit_all(struct wattle_client *c, struct wattle_submit_run *run)
{
	long done = 0;
	int err = 0;
	u32 n;

	while (run->todo && !err) {
		n = wattle_submit_chunk(c, run, &err);
		if (wattle_submit_tell(run, done, n))
			err = -EFAULT;
		done += n;
	}
	return done ? done : err;
}

/**
 * wattle_submit() - WATTLE_IOC_SUBMIT
 * @c: the client
 * @arg: struct wattle_submit
 * @size: its size by the caller's account
 *
 * Return: entries that have a verdict, or a negative errno; see the ABI.
 */
long wattle_submit(struct wattle_client *c, void __user *arg, u32 size)
{
	struct wattle_submit __user *u = arg;
	struct wattle_submit_run run = {};
	struct wattle_submit in;
	u32 at = 0;
	long ret;

	ret = wattle_copy_in(&in, sizeof(in), arg, size);
	if (ret)
		return ret;
	/* Before any other error can be: whatever it is, the field has a meaning. */
	if (put_user(0, &u->processed))
		return -EFAULT;
	ret = wattle_submit_check(&in);
	if (ret)
		return ret;
	if (in.verdicts && clear_user(u64_to_user_ptr(in.verdicts),
				      (size_t)in.count * in.verdict_size))
		return -EFAULT;

	run.in = &in;
	run.todo = wattle_batch_take(c, in.count);
	if (!run.todo)
		return -ENOMEM;
	ret = wattle_submit_copy(&in, run.todo, &at);
	if (!ret) {
		ret = wattle_submit_all(c, &run);
		at = ret > 0 ? ret : 0;
	}
	if (at && put_user(at, &u->processed) && ret < 0)
		ret = -EFAULT;
	wattle_batch_free_list(run.todo);
	wattle_batch_free_list(run.spare);
	return ret;
}

/**
 * wattle_submit_withdraw() - cancel what a queue holds, letting others in between
 * @c: the client
 * @queue: the queue's id; if there is none, nothing is cancelled
 *
 * Batches submitted meanwhile may or may not be among them, but do not prolong
 * the call. Return: batches cancelled. Sleeps.
 */
u64 wattle_submit_withdraw(struct wattle_client *c, u32 queue)
{
	struct wattle_sched_queue *q;
	u64 left = U64_MAX, cancelled = 0, n;

	do {
		n = 0;
		wattle_device_lock();
		q = wattle_sched_queue_find(&c->sched, queue);
		if (q) {
			u64 now_ns = ktime_get_ns();

			left = min_t(u64, left, q->inflight - q->nr_granted);
			n = min_t(u64, left, WATTLE_WITHDRAW_CHUNK);
			wattle_trace_call(.op = WATTLE_CALL_CANCEL_SOME, .client = c->id,
					  .queue = queue, .value = n, .now_ns = now_ns);
			n = wattle_sched_cancel_some(q, n, now_ns);
		}
		wattle_device_unlock();
		cancelled += n;
		left -= n;
		cond_resched();
	} while (n == WATTLE_WITHDRAW_CHUNK);
	return cancelled;
}

/**
 * wattle_submit_withdraw_all() - cancel what all queues of a client hold
 * @c: the client, of which no thread is inside a call
 */
void wattle_submit_withdraw_all(struct wattle_client *c)
{
	struct wattle_sched_queue *q;

	/* Nobody else makes or removes queues of this client any more. */
	wattle_list_for_each(q, &c->sched.queues, client_link)
		wattle_submit_withdraw(c, q->id);
}

/**
 * wattle_submit_cancel() - WATTLE_IOC_CANCEL
 * @c: the client
 * @arg: struct wattle_cancel
 * @size: its size by the caller's account
 *
 * Return: 0 or a negative errno, see the ABI.
 */
long wattle_submit_cancel(struct wattle_client *c, void __user *arg, u32 size)
{
	struct wattle_cancel __user *u = arg;
	struct wattle_sched_queue *q;
	struct wattle_cancel in;
	u64 cancelled = 0;
	long err;

	err = wattle_copy_in(&in, sizeof(in), arg, size);
	if (err)
		return err;
	if (in.flags & ~WATTLE_CANCEL_ALL || in.pad)
		return -EINVAL;
	if (in.flags & WATTLE_CANCEL_ALL && in.batch)
		return -EINVAL;
	/* What cannot be reported should not have been done. */
	if (put_user(0ULL, &u->cancelled))
		return -EFAULT;

	wattle_device_lock();
	q = wattle_sched_queue_find(&c->sched, in.queue);
	if (!q) {
		err = -ENOENT;
	} else if (!(in.flags & WATTLE_CANCEL_ALL)) {
		u64 now_ns = ktime_get_ns();

		wattle_trace_call(.op = WATTLE_CALL_CANCEL, .client = c->id, .queue = in.queue,
				  .id = in.batch, .now_ns = now_ns);
		err = wattle_sched_cancel(q, in.batch, now_ns);
		cancelled = !err;
	}
	wattle_device_unlock();
	if (err)
		return err;
	if (in.flags & WATTLE_CANCEL_ALL)
		cancelled = wattle_submit_withdraw(c, in.queue);
	return put_user(cancelled, &u->cancelled) ? -EFAULT : 0;
}
