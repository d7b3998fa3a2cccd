// SPDX-License-Identifier: GPL-2.0-only
/*
 * Members: which threads belong to which attached program.
 *
 * A thread of an attached process has a mark, in a table by its address. The
 * probe on sched_process_fork marks the children of marked threads before they run,
 * that on sched_process_exit removes a mark with its thread; so no mark outlives
 * its thread, and none holds a reference. exec changes nothing. A cgroup's
 * members are its own affair: who is asked about is looked for in the
 * cgroup's subtree, by the ancestors of its cgroup, nearest first. A thread that
 * runs while it is moved may not be switched for seconds, so the probe on
 * cgroup_attach_task has the CPUs look anew.
 *
 * Marks are read at every context switch, under RCU alone; they change
 * under one plain spinlock, a leaf, which is taken with preemption off by the probes and
 * never by a switch or an interrupt.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/cgroup.h>
#include <linux/hashtable.h>
#include <linux/mutex.h>
#include <linux/sched.h>
#include <linux/sched/signal.h>
#include <linux/sched/task.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/tracepoint.h>
#include <linux/workqueue.h>

#include "attach.h"
#include "compat/compat.h"
#include "member.h"
#include "presence.h"

/* How long the probes stay after the last program: switching them on and off costs all CPUs. */
#define WATTLE_MEMBER_LINGER	HZ
/* Walks of a process whose threads breed meanwhile; what then is left out runs free. */
#define WATTLE_MEMBER_WALKS	64

/**
 * struct wattle_member - the mark of a thread
 * @node:	in the table, by @task
 * @task:	the thread; only ever compared
 * @a:		its program
 * @link:	in the program's list
 * @rcu:	switches may look at it
 */
struct wattle_member {
	struct hlist_node		node;
	const struct task_struct	*task;
	struct wattle_attachment	*a;
	struct list_head		link;
	struct rcu_head			rcu;
};

static DEFINE_SPINLOCK(wattle_member_lock);	/* marks, cgroups, counts in attachments */
static DEFINE_HASHTABLE(wattle_member_table, 12);
static DEFINE_HASHTABLE(wattle_member_cgroups, 8);
static u32 wattle_member_nr_cgroups;
static struct kmem_cache *wattle_member_cache;
static struct tracepoint *wattle_member_fork_tp, *wattle_member_exit_tp, *wattle_member_move_tp;
static DEFINE_MUTEX(wattle_member_mutex);	/* the two below, and registering probes */
static u32 wattle_member_holders;
static bool wattle_member_on;

static struct wattle_member *wattle_member_find(const struct task_struct *task)
{
	struct wattle_member *m;

	hash_for_each_possible_rcu(wattle_member_table, m, node, (unsigned long)task)
		if (m->task == task)
			return m;
	return NULL;
}

static struct wattle_attachment *wattle_member_cgroup(struct task_struct *task)
{
	struct wattle_attachment *a;
	struct cgroup *cgrp;
	int level;

	/* Those of the root cgroup are the system's; one may stop its CPU's going (the stopper). */
	if (task->flags & PF_KTHREAD)
		return NULL;
	cgrp = task_dfl_cgroup(task);
	for (level = cgrp->level; level >= 0; level--)
		hash_for_each_possible_rcu(wattle_member_cgroups, a, node,
					   (unsigned long)cgrp->ancestors[level])
			if (a->cgroup == cgrp->ancestors[level])
				return a;
	return NULL;
}

/**
 * wattle_member_of() - the program that a thread belongs to
 * @task: the thread, current or about to run here
 *
 * Under RCU; interrupts may be off and a run queue locked.
 *
 * Return: the program, valid until the RCU read side ends; NULL none.
 */
struct wattle_attachment *wattle_member_of(struct task_struct *task)
{
	struct wattle_member *m = wattle_member_find(task);

	if (m)
		return m->a;
	return READ_ONCE(wattle_member_nr_cgroups) ? wattle_member_cgroup(task) : NULL;
}

static void wattle_member_free(struct rcu_head *rcu)
{
	kmem_cache_free(wattle_member_cache, container_of(rcu, struct wattle_member, rcu));
}

/* Under the lock; @m is in the table. */
static void wattle_member_del(struct wattle_member *m)
{
	hash_del_rcu(&m->node);
	list_del(&m->link);
	WRITE_ONCE(m->a->nr_members, m->a->nr_members - 1);
	/* Not kfree_rcu(): 6.1 has no barrier for it, and the cache goes with the module. */
	call_rcu(&m->rcu, wattle_member_free);
}

/*
 * Marks @task, which may be anywhere in its life. Return: 1; 0 it exits; -EBUSY it is
 * marked (by @a: -EALREADY); -ESHUTDOWN @a is at its end; -ENOMEM.
 */
static int wattle_member_add(struct wattle_attachment *a, const struct task_struct *task, gfp_t gfp)
{
	struct wattle_member *m = kmem_cache_alloc(wattle_member_cache, gfp | __GFP_ACCOUNT);
	struct wattle_member *old;
	int ret = 1;

	if (!m)
		return -ENOMEM;
	m->task = task;
	m->a = a;
	spin_lock(&wattle_member_lock);
	old = wattle_member_find(task);
	if (old) {
		ret = old->a == a ? -EALREADY : -EBUSY;
	} else if (a->dead) {
		ret = -ESHUTDOWN;
	} else {
		hash_add_rcu(wattle_member_table, &m->node, (unsigned long)task);
		list_add_tail(&m->link, &a->members);
		WRITE_ONCE(a->nr_members, a->nr_members + 1);
		/*
		 * Pairs with the barrier in the exit probe: either it finds the mark or
		 * we see here that its thread is past marking.
		 */
		smp_mb();
		if (READ_ONCE(task->flags) & PF_EXITING) {
			wattle_member_del(m);
			ret = 0;
		}
	}
	spin_unlock(&wattle_member_lock);
	if (ret < 0)
		kmem_cache_free(wattle_member_cache, m);
	return ret;
}

/* In the parent, with preemption off, before the child runs. */
static void wattle_member_fork(void *data, struct task_struct *parent, struct task_struct *child)
{
	struct wattle_attachment *a;
	struct wattle_member *m;
	int err;

	/*
	 * The child is in its group's list. Either the mark of its parent is seen here,
	 * or who made that sees the child in its next walk.
	 */
	smp_mb();
	rcu_read_lock();
	m = wattle_member_find(parent);
	a = m ? m->a : NULL;
	err = a ? wattle_member_add(a, child, GFP_NOWAIT | __GFP_NOWARN) : 0;
	if (err == -ENOMEM) {
		spin_lock(&wattle_member_lock);
		WRITE_ONCE(a->lost, a->lost + (a->lost != U32_MAX));
		spin_unlock(&wattle_member_lock);
	}
	rcu_read_unlock();
}

/* Runs for every thread that exits, in that thread, with preemption off. */
static void wattle_member_task_exit(WATTLE_EXIT_PROBE_ARGS)
{
	struct wattle_member *m;

	/* PF_EXITING is set; see wattle_member_add(). */
	smp_mb();
	rcu_read_lock();
	m = wattle_member_find(task);
	if (m) {
		spin_lock(&wattle_member_lock);
		/* The program's end may have been first. */
		if (hash_hashed(&m->node))
			wattle_member_del(m);
		spin_unlock(&wattle_member_lock);
	}
	rcu_read_unlock();
}

/* One walk over the threads of @task's group. Return: marks made, or a negative errno. */
static int wattle_member_walk(struct wattle_attachment *a, struct task_struct *task)
{
	struct task_struct *t;
	int made = 0, err;

	rcu_read_lock();
	/* Not for_each_thread(): with lockdep on that wants a lock that is not exported. */
	list_for_each_entry_rcu(t, &task->signal->thread_head, thread_node) {
		err = wattle_member_add(a, t, GFP_NOWAIT | __GFP_NOWARN);
		if (err == -EBUSY && t != task)
			continue;
		if (err < 0 && err != -EALREADY) {
			made = err;
			break;
		}
		made += err == 1;
	}
	rcu_read_unlock();
	return made;
}

/**
 * wattle_member_add_group() - mark all threads of a process
 * @a: the program
 * @task: leader of its threads; a reference is held
 *
 * Return: 0; -ESRCH it is gone; -EBUSY it belongs to another program; -ENOMEM.
 */
int wattle_member_add_group(struct wattle_attachment *a, struct task_struct *task)
{
	int i, made, all = 0;

	for (i = 0; i < WATTLE_MEMBER_WALKS; i++) {
		made = wattle_member_walk(a, task);
		if (made < 0)
			return made;
		all += made;
		if (!made)
			break;
		/* Pairs with that in the fork probe. */
		smp_mb();
		cond_resched();
	}
	return all ? 0 : -ESRCH;
}

/**
 * wattle_member_add_cgroup() - take the threads of a cgroup and those below it
 * @a: the program, with its cgroup
 *
 * Return: 0; -EBUSY it belongs to another program.
 */
int wattle_member_add_cgroup(struct wattle_attachment *a)
{
	struct wattle_attachment *other;
	int err = 0;

	spin_lock(&wattle_member_lock);
	hash_for_each_possible(wattle_member_cgroups, other, node, (unsigned long)a->cgroup)
		if (other->cgroup == a->cgroup)
			err = -EBUSY;
	if (!err) {
		hash_add_rcu(wattle_member_cgroups, &a->node, (unsigned long)a->cgroup);
		WRITE_ONCE(wattle_member_nr_cgroups, wattle_member_nr_cgroups + 1);
	}
	spin_unlock(&wattle_member_lock);
	return err;
}

/**
 * wattle_member_remove_all() - a program has no members any more, and gets none
 * @a: the program
 *
 * Switches that are under way may still find it, until RCU has waited for them. Sleeps.
 */
void wattle_member_remove_all(struct wattle_attachment *a)
{
	struct wattle_member *m;
	int n;

	spin_lock(&wattle_member_lock);
	a->dead = true;
	if (!hlist_unhashed(&a->node)) {
		hash_del_rcu(&a->node);
		WRITE_ONCE(wattle_member_nr_cgroups, wattle_member_nr_cgroups - 1);
	}
	for (n = 1; (m = list_first_entry_or_null(&a->members, struct wattle_member, link)); n++) {
		wattle_member_del(m);
		if (n % 64)
			continue;
		spin_unlock(&wattle_member_lock);
		cond_resched();
		spin_lock(&wattle_member_lock);
	}
	spin_unlock(&wattle_member_lock);
}

/**
 * wattle_member_count() - how many members a program has
 * @a: the program
 * @members: filled
 * @lost: filled: how many could not be marked
 *
 * A look without the lock, which may be asked for under the device lock: that one is
 * taken in soft interrupts, which may come while the members' lock is held.
 */
void wattle_member_count(struct wattle_attachment *a, u32 *members, u32 *lost)
{
	*members = READ_ONCE(a->nr_members);
	*lost = READ_ONCE(a->lost);
}

static void wattle_member_moved_fn(struct work_struct *work)
{
	wattle_presence_came();
}

static DECLARE_WORK(wattle_member_moved, wattle_member_moved_fn);

/* Interrupts are off, and a lock of cgroups' tracing is held. */
static void wattle_member_move(void *data, struct cgroup *to, const char *path,
			       struct task_struct *task, bool threadgroup)
{
	if (READ_ONCE(wattle_member_nr_cgroups))
		queue_work(system_wq, &wattle_member_moved);
}

static int wattle_member_watch_moves(void)
{
	return tracepoint_probe_register(wattle_member_move_tp, wattle_member_move, NULL);
}

static void wattle_member_unwatch_moves(void)
{
	tracepoint_probe_unregister(wattle_member_move_tp, wattle_member_move, NULL);
	tracepoint_synchronize_unregister();
	cancel_work_sync(&wattle_member_moved);
}

static void wattle_member_off(void)
{
	lockdep_assert_held(&wattle_member_mutex);
	wattle_member_unwatch_moves();
	wattle_presence_stop();
	tracepoint_probe_unregister(wattle_member_exit_tp, wattle_member_task_exit, NULL);
	tracepoint_probe_unregister(wattle_member_fork_tp, wattle_member_fork, NULL);
	tracepoint_synchronize_unregister();
	wattle_member_on = false;
}

static void wattle_member_idle_fn(struct work_struct *work)
{
	mutex_lock(&wattle_member_mutex);
	if (wattle_member_on && !wattle_member_holders)
		wattle_member_off();
	mutex_unlock(&wattle_member_mutex);
}

static DECLARE_DELAYED_WORK(wattle_member_idle, wattle_member_idle_fn);

/**
 * wattle_member_hold() - the probes are wanted
 *
 * The exit probe is there before any mark is, and goes after the last. Sleeps.
 *
 * Return: 0 or a negative errno.
 */
int wattle_member_hold(void)
{
	int err = 0;

	mutex_lock(&wattle_member_mutex);
	if (wattle_member_on)
		goto held;
	err = tracepoint_probe_register(wattle_member_exit_tp, wattle_member_task_exit, NULL);
	if (err)
		goto out;
	err = tracepoint_probe_register(wattle_member_fork_tp, wattle_member_fork, NULL);
	if (err)
		goto unregister_exit;
	err = wattle_presence_start();
	if (err)
		goto unregister_fork;
	err = wattle_member_watch_moves();
	if (err)
		goto stop_presence;
	wattle_member_on = true;
held:
	wattle_member_holders++;
out:
	mutex_unlock(&wattle_member_mutex);
	return err;

stop_presence:
	wattle_presence_stop();
unregister_fork:
	tracepoint_probe_unregister(wattle_member_fork_tp, wattle_member_fork, NULL);
unregister_exit:
	tracepoint_probe_unregister(wattle_member_exit_tp, wattle_member_task_exit, NULL);
	tracepoint_synchronize_unregister();
	goto out;
}

/**
 * wattle_member_put() - they are no longer wanted by one
 */
void wattle_member_put(void)
{
	mutex_lock(&wattle_member_mutex);
	if (!--wattle_member_holders)
		mod_delayed_work(system_wq, &wattle_member_idle, WATTLE_MEMBER_LINGER);
	mutex_unlock(&wattle_member_mutex);
}

static void wattle_member_match(struct tracepoint *tp, void *arg)
{
	if (!strcmp(tp->name, "sched_process_fork"))
		wattle_member_fork_tp = tp;
	else if (!strcmp(tp->name, "sched_process_exit"))
		wattle_member_exit_tp = tp;
	else if (!strcmp(tp->name, "cgroup_attach_task"))
		wattle_member_move_tp = tp;
}

/**
 * wattle_member_init() - find what tells of threads
 *
 * Return: 0; -ENOMEM; -ENOENT no such tracepoints in this kernel.
 */
int wattle_member_init(void)
{
	for_each_kernel_tracepoint(wattle_member_match, NULL);
	if (!wattle_member_fork_tp || !wattle_member_exit_tp || !wattle_member_move_tp) {
		pr_err("this kernel lacks a tracepoint of sched_process_fork, sched_process_exit and cgroup_attach_task (CONFIG_TRACEPOINTS, CONFIG_CGROUPS)\n");
		return -ENOENT;
	}
	wattle_member_cache = KMEM_CACHE(wattle_member, SLAB_ACCOUNT);
	return wattle_member_cache ? 0 : -ENOMEM;
}

/**
 * wattle_member_exit() - no program is left; some marks may wait for RCU
 */
void wattle_member_exit(void)
{
	cancel_delayed_work_sync(&wattle_member_idle);
	mutex_lock(&wattle_member_mutex);
	if (wattle_member_on)
		wattle_member_off();
	mutex_unlock(&wattle_member_mutex);
	rcu_barrier();
	kmem_cache_destroy(wattle_member_cache);
}
