// SPDX-License-Identifier: GPL-2.0-only
/*
 * Workers: one record for each (client, thread). Made by the thread's first
 * NEXT; goes with the thread (a probe on sched_process_exit) or with the
 * client, whichever is first. Both take the device lock, and whoever finds the
 * record still in the table removes it.
 *
 * A thread's own record cannot go away while the thread is inside a call on
 * the file: it is not exiting, and the file is held.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/bitmap.h>
#include <linux/hashtable.h>
#include <linux/ktime.h>
#include <linux/sched.h>
#include <linux/sched/task.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/tracepoint.h>
#include <linux/workqueue.h>

#include "compat/compat.h"
#include "device.h"
#include "trace.h"
#include "worker.h"

#define WATTLE_WORKER_SWEEP	(HZ / 10)

/*
 * By thread alone, because the exit probe must find all records of one. A thread that
 * works for several files so has all of its records in one bucket, and its look-ups
 * pass over them: at most max_clients_per_user of them, the usual worker has one.
 */
static DEFINE_HASHTABLE(wattle_worker_table, 10);
static u32 wattle_worker_nr;	/* records in the table; under the device lock */
static struct kmem_cache *wattle_worker_cache;
static struct tracepoint *wattle_worker_exit_tp;

/**
 * wattle_worker_find() - the calling thread's record in a client
 * @c: the client
 *
 * Return: the record or NULL.
 */
struct wattle_worker *wattle_worker_find(struct wattle_client *c)
{
	struct wattle_worker *w, *found = NULL;

	rcu_read_lock();
	hash_for_each_possible_rcu(wattle_worker_table, w, node, (unsigned long)current) {
		if (w->task == current && w->client == c) {
			found = w;
			break;
		}
	}
	rcu_read_unlock();
	return found;
}

static struct wattle_worker *wattle_worker_make(struct wattle_client *c)
{
	const u32 nr_slots = wattle.sched.limits.workers_per_client;
	struct wattle_worker *w;
	u32 slot;
	int err;

	w = kmem_cache_zalloc(wattle_worker_cache, GFP_KERNEL_ACCOUNT);
	if (!w)
		return ERR_PTR(-ENOMEM);
	w->client = c;
	w->task = get_task_struct(current);
	wattle_cputime_init(&w->cputime);

	wattle_device_lock();
	slot = find_first_zero_bit(c->slots, nr_slots);
	err = slot < nr_slots ? wattle_sched_worker_init(&c->sched, &w->sched, slot) : -EMFILE;
	if (!err) {
		__set_bit(slot, c->slots);
		wattle_trace_call(.op = WATTLE_CALL_WORKER, .client = c->id, .worker = slot,
				  .id = current->pid, .now_ns = ktime_get_ns());
		hash_add_rcu(wattle_worker_table, &w->node, (unsigned long)w->task);
		WRITE_ONCE(wattle_worker_nr, wattle_worker_nr + 1);
	}
	wattle_device_unlock();
	if (err) {
		put_task_struct(w->task);
		kmem_cache_free(wattle_worker_cache, w);
		return ERR_PTR(err);
	}
	return w;
}

/**
 * wattle_worker_get() - find or make the calling thread's record
 * @c: the client
 *
 * Return: the record; ERR_PTR(-ENOMEM), ERR_PTR(-EMFILE). Sleeps.
 */
struct wattle_worker *wattle_worker_get(struct wattle_client *c)
{
	struct wattle_worker *w = wattle_worker_find(c);

	return likely(w) ? w : wattle_worker_make(c);
}

static void wattle_worker_free(struct rcu_head *rcu)
{
	struct wattle_worker *w = container_of(rcu, struct wattle_worker, rcu);

	put_task_struct(w->task);
	kmem_cache_free(wattle_worker_cache, w);
}

/* Under the device lock; @w is in the table. */
static void wattle_worker_remove(struct wattle_worker *w, u64 now_ns)
{
	wattle_trace_call(.op = WATTLE_CALL_WORKER_EXIT, .client = w->client->id,
			  .worker = w->sched.slot, .now_ns = now_ns);
	wattle_sched_worker_exit(&w->sched, now_ns);
	__clear_bit(w->sched.slot, w->client->slots);
	hash_del_rcu(&w->node);
	WRITE_ONCE(wattle_worker_nr, wattle_worker_nr - 1);
	call_rcu(&w->rcu, wattle_worker_free);
}

/**
 * wattle_worker_remove_all() - remove a client's records
 * @c: the client, of which no thread is inside a call
 * @now_ns: the time
 *
 * Called under the device lock.
 */
void wattle_worker_remove_all(struct wattle_client *c, u64 now_ns)
{
	struct wattle_sched_worker *sw, *tmp;

	wattle_list_for_each_safe(sw, tmp, &c->sched.workers, client_link)
		wattle_worker_remove(wattle_worker_of(sw), now_ns);
}

/**
 * wattle_worker_count() - records there are
 */
u32 wattle_worker_count(void)
{
	return READ_ONCE(wattle_worker_nr);
}

/* Runs for every thread that exits, in that thread, with preemption off. */
static void wattle_worker_task_exit(WATTLE_EXIT_PROBE_ARGS)
{
	struct wattle_worker *w;

	if (!wattle_worker_count())
		return;
	rcu_read_lock();
	hash_for_each_possible_rcu(wattle_worker_table, w, node, (unsigned long)task) {
		if (w->task != task)
			continue;
		wattle_device_lock();
		/* The client's release may have been first. */
		if (hash_hashed(&w->node))
			wattle_worker_remove(w, ktime_get_ns());
		wattle_device_unlock();
	}
	rcu_read_unlock();
}

/**
 * wattle_worker_cpu_ns() - CPU time a worker's thread has used in its life
 * @w: the worker
 * @now_ns: the time
 *
 * Called under the device lock. Return: nanoseconds, see module/cputime.c.
 */
u64 wattle_worker_cpu_ns(struct wattle_worker *w, u64 now_ns)
{
	return wattle_cputime_read(&w->cputime, w->task, now_ns);
}

/* The tracepoint is not exported to modules; the list of all of them is. */
static void wattle_worker_match(struct tracepoint *tp, void *arg)
{
	if (!strcmp(tp->name, "sched_process_exit"))
		*(struct tracepoint **)arg = tp;
}

/*
 * Where a thread that overran its lease is now. Asleep in two sweeps running, it
 * has left its CPU, whatever it waits for; once alone may be a page fault. Each
 * overrun has a token of its own, so an old sighting counts for no later one.
 */
static u32 wattle_worker_whereabouts(struct wattle_worker *w)
{
	const u64 token = w->sched.expired_token;
	bool before = w->idle_token == token;

	w->idle_token = 0;
	if (READ_ONCE(w->task->__state) != TASK_RUNNING) {
		if (before)
			return WATTLE_CPU_ANY;
		w->idle_token = token;
	}
	return task_cpu(w->task);
}

/*
 * A thread that overran its lease keeps its CPU until it calls in, exits, is
 * seen elsewhere or seen to sleep. Nothing tells of the last two, so somebody has
 * to look, as long as there is such a thread. The timer is not deferrable: the
 * CPU it would sleep on is likely the one that work is waiting for. It keeps no
 * idle machine awake: a thread that runs does that itself, and one that sleeps
 * ends the sweeps after two.
 */
static void wattle_worker_sweep_fn(struct work_struct *work)
{
	struct wattle_sched_worker *sw, *tmp;
	bool again = false;

	wattle_device_lock();
	wattle_list_for_each_safe(sw, tmp, &wattle.sched.running, run_link) {
		struct wattle_worker *w = wattle_worker_of(sw);
		u64 now_ns = ktime_get_ns();
		u32 on_cpu;

		if (sw->state != WATTLE_WORKER_EXPIRED)
			continue;
		on_cpu = wattle_worker_whereabouts(w);
		wattle_trace_call(.op = WATTLE_CALL_SEEN, .client = w->client->id,
				  .worker = sw->slot, .on_cpu = on_cpu, .now_ns = now_ns);
		wattle_sched_seen(sw, on_cpu, now_ns);
		again |= sw->state == WATTLE_WORKER_EXPIRED;
	}
	wattle_device_unlock();
	if (again)
		wattle_worker_overrun();
}

static DECLARE_DELAYED_WORK(wattle_worker_sweep, wattle_worker_sweep_fn);

/**
 * wattle_worker_overrun() - a lease has expired: watch where its thread goes
 *
 * May be called under the device lock.
 */
void wattle_worker_overrun(void)
{
	queue_delayed_work(system_wq, &wattle_worker_sweep, WATTLE_WORKER_SWEEP);
}

/**
 * wattle_worker_init() - start watching threads exit
 *
 * Return: 0; -ENOMEM; -ENOENT no such tracepoint in this kernel.
 */
int wattle_worker_init(void)
{
	int err;

	wattle_worker_cache = kmem_cache_create("wattle_worker", sizeof(struct wattle_worker), 0,
						SLAB_HWCACHE_ALIGN | SLAB_ACCOUNT, NULL);
	if (!wattle_worker_cache)
		return -ENOMEM;

	for_each_kernel_tracepoint(wattle_worker_match, &wattle_worker_exit_tp);
	if (!wattle_worker_exit_tp) {
		pr_err("this kernel has no sched_process_exit tracepoint (CONFIG_TRACEPOINTS)\n");
		err = -ENOENT;
		goto destroy_cache;
	}
	err = tracepoint_probe_register(wattle_worker_exit_tp, wattle_worker_task_exit, NULL);
	if (err)
		goto destroy_cache;
	return 0;

destroy_cache:
	kmem_cache_destroy(wattle_worker_cache);
	return err;
}

/**
 * wattle_worker_exit() - stop watching; no record is left, some may wait for RCU
 */
void wattle_worker_exit(void)
{
	tracepoint_probe_unregister(wattle_worker_exit_tp, wattle_worker_task_exit, NULL);
	tracepoint_synchronize_unregister();
	cancel_delayed_work_sync(&wattle_worker_sweep);
	rcu_barrier();
	kmem_cache_destroy(wattle_worker_cache);
}
