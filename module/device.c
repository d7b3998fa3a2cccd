// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the state machine's decisions make the kernel do. Its callbacks run
 * under the device lock, where nobody should be woken (the woken thread would
 * run into the lock) and nothing freed; they only note what is to be done, and
 * the unlocking caller does it.
 */
#include <linux/poll.h>
#include <linux/rcupdate.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/wait.h>

#include "chardev.h"
#include "cpus.h"
#include "device.h"
#include "event.h"
#include "notify.h"
#include "param.h"
#include "plan.h"
#include "queue.h"
#include "batch.h"
#include "timer.h"
#include "trace_op.h"
#include "worker.h"

struct wattle_device wattle = {
	.lock = __SPIN_LOCK_UNLOCKED(wattle.lock),
};

void wattle_device_unlock_pending(void)
	__releases(&wattle.lock)
{
	struct wattle_pending p;
	unsigned int i;

	wattle_plan_settle();
	p = wattle.pending;
	/* From the unlock on, only RCU keeps the threads and clients in @p. */
	rcu_read_lock();
	wattle.pending.dirty = false;
	wattle.pending.nr_tasks = 0;
	wattle.pending.nr_readers = 0;
	wattle.pending.queues = NULL;
	spin_unlock_bh(&wattle.lock);

	for (i = 0; i < p.nr_tasks; i++)
		wake_up_process(p.task[i]);
	for (i = 0; i < p.nr_readers; i++)
		wattle_event_wake(p.reader[i]);
	rcu_read_unlock();

	wattle_queue_free_list(p.queues);
}

/**
 * wattle_device_wake_task() - wake a thread when the lock is dropped
 * @task: stays valid for RCU readers. Called under the device lock.
 */
void wattle_device_wake_task(struct task_struct *task)
{
	struct wattle_pending *p = &wattle.pending;

	p->dirty = true;
	/* A full list is no reason to lose a wake-up: rare, and only slower. */
	if (p->nr_tasks == WATTLE_PENDING_MAX)
		wake_up_process(task);
	else
		p->task[p->nr_tasks++] = task;
}

static void wattle_device_wake(struct wattle_sched_worker *sw)
{
	wattle_device_wake_task(wattle_worker_of(sw)->task);
}

static void wattle_device_event(struct wattle_sched_client *sc, const struct wattle_event *ev)
{
	struct wattle_client *c = wattle_client_of(sc);
	struct wattle_pending *p = &wattle.pending;

	if (!wattle_event_push(c, ev))
		return;
	if (p->nr_readers && p->reader[p->nr_readers - 1] == c)
		return;
	p->dirty = true;
	if (p->nr_readers == WATTLE_PENDING_MAX)
		wattle_event_wake(c);
	else
		p->reader[p->nr_readers++] = c;
}

static void wattle_device_batch_free(struct wattle_sched_batch *sb)
{
	wattle_batch_cache_put(wattle_batch_of(sb));
}

static void wattle_device_queue_free(struct wattle_sched_queue *sq)
{
	struct wattle_queue *q = wattle_queue_of(sq);

	wattle_index_del_queue(q);
	q->next = wattle.pending.queues;
	wattle.pending.queues = q;
	wattle.pending.dirty = true;
}

static void wattle_device_timer(struct wattle_sched *s, __u64 at_ns)
{
	wattle_timer_arm(at_ns);
}

static __u32 wattle_device_freq_khz(struct wattle_sched *s, __u32 cpu)
{
	return wattle_cpus_khz(cpu);
}

static __u64 wattle_device_cpu_ns(struct wattle_sched_worker *sw, __u64 now_ns)
{
	return wattle_worker_cpu_ns(wattle_worker_of(sw), now_ns);
}

static void wattle_device_trace(struct wattle_sched *s, enum wattle_sched_trace what,
				const struct wattle_sched_batch *b,
				const struct wattle_sched_worker *w, __u64 now_ns)
{
	if (what == WATTLE_TRACE_LEASE_EXPIRED)
		wattle_worker_overrun();
	wattle_plan_event(what, b, w, now_ns);
	wattle_trace_op(s, what, b, w, now_ns);
	wattle_notify_op(what, b, w, now_ns);
}

static const struct wattle_sched_ops wattle_device_ops = {
	.wake		= wattle_device_wake,
	.event		= wattle_device_event,
	.batch_free	= wattle_device_batch_free,
	.queue_free	= wattle_device_queue_free,
	.timer		= wattle_device_timer,
	.trace		= wattle_device_trace,
	.freq_khz	= wattle_device_freq_khz,
	.cpu_ns		= wattle_device_cpu_ns,
};

/**
 * wattle_device_init() - prepare the state machine
 *
 * Return: 0 or -ENOMEM.
 */
int wattle_device_init(void)
{
	struct wattle_sched_limits limits;
	struct wattle_sched_cpu *cpus;

	cpus = kvcalloc(nr_cpu_ids, sizeof(*cpus), GFP_KERNEL);
	if (!cpus)
		return -ENOMEM;
	wattle_param_limits(&limits);
	wattle_sched_init(&wattle.sched, &wattle_device_ops, &limits, cpus, nr_cpu_ids);
	return 0;
}

void wattle_device_exit(void)
{
	kvfree(wattle.sched.cpus);
}
