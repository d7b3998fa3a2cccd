// SPDX-License-Identifier: GPL-2.0-only
/*
 * Events: a ring per client with one producer and one consumer. The producer
 * is whoever holds the device lock and moves @head; the consumer is whoever
 * holds the client's event mutex and moves @tail. An entry between the two is
 * never written, so it is copied to user space straight from the ring. A full
 * ring drops the new event and counts it.
 */
#include <linux/freezer.h>
#include <linux/log2.h>
#include <linux/mm.h>
#include <linux/slab.h>

#include "device.h"
#include "event.h"
#include "param.h"

/**
 * struct wattle_event_ring - unread events
 * @head:	next to write; free-running
 * @tail:	next to read; free-running
 * @mask:	slots - 1
 * @lost:	events dropped so far; under the device lock
 * @slot:	the events
 */
struct wattle_event_ring {
	u32			head;
	u32			tail;
	u32			mask;
	u64			lost;
	struct wattle_event	slot[];
};

/**
 * wattle_event_prepare() - make the client's ring, before a queue can send to it
 * @c: the client
 *
 * Return: 0; -ENOMEM; -EINTR the thread is being killed. Sleeps.
 */
int wattle_event_prepare(struct wattle_client *c)
{
	struct wattle_event_ring *ring;
	u32 slots = roundup_pow_of_two(wattle_param_events());
	int err = 0;

	if (mutex_lock_killable(&c->event_mutex))
		return -EINTR;
	if (c->events)
		goto out;
	ring = kvzalloc(struct_size(ring, slot, slots), GFP_KERNEL_ACCOUNT);
	if (!ring) {
		err = -ENOMEM;
		goto out;
	}
	ring->mask = slots - 1;
	/* Pairs with the acquire in wattle_event_push(): the ring is set up. */
	smp_store_release(&c->events, ring);
out:
	mutex_unlock(&c->event_mutex);
	return err;
}

/**
 * wattle_event_push() - add an event
 * @c: the client
 * @ev: the event; its @lost is filled here
 *
 * Called under the device lock. Return: true if there is something to read now
 * that readers must be told of.
 */
bool wattle_event_push(struct wattle_client *c, const struct wattle_event *ev)
{
	/* Pairs with the release in wattle_event_prepare(). */
	struct wattle_event_ring *ring = smp_load_acquire(&c->events);
	struct wattle_event *slot;
	u32 head;

	if (!ring)
		return false;
	head = ring->head;
	/* Pairs with the release in wattle_event_read(): the slot has been read. */
	if (head - smp_load_acquire(&ring->tail) > ring->mask) {
		WRITE_ONCE(ring->lost, ring->lost + 1);
		wattle.events_lost++;
		return false;
	}
	slot = &ring->slot[head & ring->mask];
	*slot = *ev;
	slot->lost = ring->lost;
	/* Pairs with the acquire in wattle_event_ready(): the slot is complete. */
	smp_store_release(&ring->head, head + 1);
	return true;
}

/**
 * wattle_event_wake() - tell readers that there is something
 * @c: the client, kept by the device lock or by RCU
 */
void wattle_event_wake(struct wattle_client *c)
{
	if (wq_has_sleeper(&c->event_wait))
		wake_up_interruptible_poll(&c->event_wait, EPOLLIN | EPOLLRDNORM);
}

/**
 * wattle_event_lost() - events this client has lost so far
 * @c: the client
 */
u64 wattle_event_lost(struct wattle_client *c)
{
	/* Pairs with the release in wattle_event_prepare(). */
	struct wattle_event_ring *ring = smp_load_acquire(&c->events);

	return ring ? READ_ONCE(ring->lost) : 0;
}

/**
 * wattle_event_free() - free the ring; the client is in no table any more
 * @c: the client
 */
void wattle_event_free(struct wattle_client *c)
{
	kvfree(c->events);
	c->events = NULL;
}

static u32 wattle_event_ready(struct wattle_client *c)
{
	/* Pairs with the release in wattle_event_prepare(). */
	struct wattle_event_ring *ring = smp_load_acquire(&c->events);

	/* Pairs with the release in wattle_event_push(). */
	return ring ? smp_load_acquire(&ring->head) - READ_ONCE(ring->tail) : 0;
}

/* Copies up to @want events; returns events copied or -EFAULT. Under the event mutex. */
static ssize_t wattle_event_copy(struct wattle_client *c, struct wattle_event __user *buf,
				 size_t want)
{
	struct wattle_event_ring *ring = c->events;
	size_t done = 0;

	want = min_t(size_t, want, wattle_event_ready(c));
	while (done < want) {
		u32 at = ring->tail & ring->mask;
		u32 run = min_t(size_t, want - done, ring->mask + 1 - at);

		if (copy_to_user(buf + done, &ring->slot[at], run * sizeof(*buf)))
			return done ? done : -EFAULT;
		/* Pairs with the acquire in wattle_event_push(): the slots may be written. */
		smp_store_release(&ring->tail, ring->tail + run);
		done += run;
	}
	return done;
}

/**
 * wattle_event_read() - read() on the device: whole events, oldest first
 * @file: the client's file
 * @buf: where to
 * @count: its size; less than one event is -EINVAL
 * @pos: not used, the device is a stream
 *
 * An event that cannot be copied stays unread.
 *
 * Return: bytes; -EAGAIN, -EINVAL, -EFAULT, -ERESTARTSYS.
 */
ssize_t wattle_event_read(struct file *file, char __user *buf, size_t count, loff_t *pos)
{
	struct wattle_client *c = file->private_data;
	ssize_t n;
	int err;

	if (count < sizeof(struct wattle_event))
		return -EINVAL;
	count /= sizeof(struct wattle_event);

	for (;;) {
		if (mutex_lock_interruptible(&c->event_mutex))
			return -ERESTARTSYS;
		n = wattle_event_copy(c, (struct wattle_event __user *)buf, count);
		mutex_unlock(&c->event_mutex);
		if (n)
			return n < 0 ? n : n * sizeof(struct wattle_event);
		if (file->f_flags & O_NONBLOCK)
			return -EAGAIN;
		err = wait_event_freezable(c->event_wait, wattle_event_ready(c));
		if (err)
			return err;
	}
}

/**
 * wattle_event_poll() - poll() on the device
 * @file: the client's file
 * @wait: the poller
 */
__poll_t wattle_event_poll(struct file *file, poll_table *wait)
{
	struct wattle_client *c = file->private_data;

	poll_wait(file, &c->event_wait, wait);
	return wattle_event_ready(c) ? EPOLLIN | EPOLLRDNORM : 0;
}
