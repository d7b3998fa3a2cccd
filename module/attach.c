// SPDX-License-Identifier: GPL-2.0-only
/*
 * Attachments: queues that steer the speed of programs that know nothing of it.
 * Their lives, who may, and what is learned of them; whose threads they are is
 * in member.c, where these run in presence.c, what follows in plan.c. See
 * Documentation/design/attach.md.
 */
#include <linux/cgroup.h>
#include <linux/cpumask.h>
#include <linux/cred.h>
#include <linux/err.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/pid.h>
#include <linux/sched.h>
#include <linux/sched/task.h>
#include <linux/slab.h>

#include "attach.h"
#include "copy.h"
#include "device.h"
#include "member.h"
#include "plan.h"
#include "presence.h"
#include "queue.h"
#include "user.h"

static struct wattle_attachment *wattle_attach_slots[WATTLE_ATTACH_MAX]; /* under the device lock */

/**
 * wattle_attach_slot() - the program in a slot, NULL none
 * @slot: below WATTLE_ATTACH_MAX. Under the device lock.
 */
struct wattle_attachment *wattle_attach_slot(u32 slot)
{
	return wattle_attach_slots[slot];
}

/**
 * wattle_attach_khz() - the lowest frequency that a program may run at
 * @a: the program; under the device lock
 * @full_khz: what its slowdown is measured against
 *
 * Return: kHz, 0 = all there is.
 */
u32 wattle_attach_khz(const struct wattle_attachment *a, u32 full_khz)
{
	return wattle_slice_khz(&a->slices, a->consent, a->queue->sched.params.max_slowdown_pm,
				full_khz);
}

/* What is attached to a queue of @c; under the device lock. */
static struct wattle_attachment *wattle_attach_of(struct wattle_client *c, u32 queue, int *err)
{
	struct wattle_sched_queue *q = wattle_sched_queue_find(&c->sched, queue);

	*err = 0;
	if (!q)
		*err = -ENOENT;
	else if (!wattle_queue_of(q)->attach)
		*err = -ENXIO;
	return *err ? NULL : wattle_queue_of(q)->attach;
}

static void wattle_attach_free(struct wattle_attachment *a)
{
	free_percpu(a->ran);
	free_percpu(a->looked);
	if (a->cgroup)
		cgroup_put(a->cgroup);
	kfree(a);
}

static struct wattle_attachment *wattle_attach_make(bool consent)
{
	struct wattle_attachment *a = kzalloc(sizeof(*a), GFP_KERNEL_ACCOUNT);

	if (!a)
		return NULL;
	INIT_LIST_HEAD(&a->members);
	a->consent = consent;
	a->ran = alloc_percpu_gfp(u64, GFP_KERNEL_ACCOUNT);
	a->looked = alloc_percpu_gfp(u64, GFP_KERNEL_ACCOUNT);
	if (a->ran && a->looked)
		return a;
	wattle_attach_free(a);
	return NULL;
}

/* By the opener's credentials: who may trace a process may slow it. */
static int wattle_attach_may(struct file *file, struct task_struct *task)
{
	kuid_t uid = file->f_cred->euid;
	const struct cred *cred;
	bool own;

	if (task->flags & PF_KTHREAD)
		return -EINVAL;
	if (file_ns_capable(file, &init_user_ns, CAP_SYS_PTRACE))
		return 0;
	rcu_read_lock();
	cred = __task_cred(task);
	own = uid_eq(cred->uid, uid) && uid_eq(cred->euid, uid) && uid_eq(cred->suid, uid);
	rcu_read_unlock();
	return own ? 0 : -EPERM;
}

/* A process by its id in the caller's namespace; pidfds cannot be looked into by modules. */
static struct task_struct *wattle_attach_task(struct file *file, s32 nr)
{
	struct task_struct *task;
	struct pid *pid;
	int err;

	if (nr <= 0)
		return ERR_PTR(-EINVAL);
	pid = find_get_pid(nr);
	task = get_pid_task(pid, PIDTYPE_TGID);
	put_pid(pid);
	if (!task)
		return ERR_PTR(-ESRCH);
	err = wattle_attach_may(file, task);
	if (!err)
		return task;
	put_task_struct(task);
	return ERR_PTR(err);
}

/*
 * Whoever owns the directory of a cgroup may set its cpu.max and freeze it, or could
 * move its threads to where that is so.
 */
static struct cgroup *wattle_attach_cgroup(struct file *file, s32 fd)
{
	struct cgroup *cgrp;
	struct file *dir;
	bool own;
	int err;

	if (fd < 0)
		return ERR_PTR(-EBADF);
	dir = fget(fd);
	if (!dir)
		return ERR_PTR(-EBADF);
	own = uid_eq(file_inode(dir)->i_uid, file->f_cred->euid) ||
	      file_ns_capable(file, &init_user_ns, CAP_SYS_PTRACE);
	cgrp = cgroup_get_from_fd(fd);
	if (IS_ERR(cgrp)) {
		cgrp = ERR_PTR(-EBADF);
		goto put_dir;
	}
	err = own ? 0 : -EPERM;
	/* Another thread may have put another file there between the two look-ups. */
	if (cgrp->root != &cgrp_dfl_root || file_inode(dir)->i_private != cgrp->kn)
		err = -EBADF;
	if (err) {
		cgroup_put(cgrp);
		cgrp = ERR_PTR(err);
	}
put_dir:
	fput(dir);
	return cgrp;
}

/* Gives @a a slot, and the queue to it. Under the device lock. */
static int wattle_attach_link(struct wattle_client *c, u32 queue, struct wattle_attachment *a)
{
	struct wattle_sched_queue *q = wattle_sched_queue_find(&c->sched, queue);
	u32 slot;

	if (!q || q->closing)
		return -ENOENT;
	if (wattle.sched.draining)
		return -ESHUTDOWN;
	if (wattle_queue_of(q)->attach)
		return -EEXIST;
	if (c->user->nr_attached >= WATTLE_ATTACH_PER_USER)
		return -EUSERS;
	for (slot = 0; slot < WATTLE_ATTACH_MAX && wattle_attach_slots[slot]; slot++)
		;
	if (slot == WATTLE_ATTACH_MAX)
		return -ENFILE;
	a->slot = slot;
	a->queue = wattle_queue_of(q);
	a->queue->attach = a;
	wattle_attach_slots[slot] = a;
	c->user->nr_attached++;
	return 0;
}

/*
 * Ends what is attached to a queue, for good. With the client's attach_mutex, or
 * alone with the client. @a->queue stays while @a is attached to it.
 */
static void wattle_attach_undo(struct wattle_client *c, struct wattle_attachment *a)
{
	wattle_member_remove_all(a);
	wattle_presence_gone(a);
	wattle_device_lock();
	a->queue->attach = NULL;
	wattle_attach_slots[a->slot] = NULL;
	wattle_presence_forget(a->slot);
	c->user->nr_attached--;
	wattle_presence_kick();
	wattle_device_unlock();
	wattle_member_put();
	wattle_attach_free(a);
}

/**
 * wattle_attach_end() - a queue is being destroyed
 * @c: the client
 * @queue: the queue, closed: nothing can be attached to it any more
 */
void wattle_attach_end(struct wattle_client *c, u32 queue)
{
	struct wattle_attachment *a;
	int err;

	mutex_lock(&c->attach_mutex);
	wattle_device_lock();
	a = wattle_attach_of(c, queue, &err);
	wattle_device_unlock();
	if (a)
		wattle_attach_undo(c, a);
	mutex_unlock(&c->attach_mutex);
}

/**
 * wattle_attach_end_all() - a client goes
 * @c: the client, of which no thread is inside a call
 */
void wattle_attach_end_all(struct wattle_client *c)
{
	struct wattle_attachment *a;
	u32 slot;

	for (slot = 0; slot < WATTLE_ATTACH_MAX; slot++) {
		wattle_device_lock();
		a = wattle_attach_slots[slot];
		if (a && a->queue->sched.client != &c->sched)
			a = NULL;
		wattle_device_unlock();
		if (a)
			wattle_attach_undo(c, a);
	}
}

/* The fastest clock that may be slowed, 0 = none. Under the device lock. */
static u32 wattle_attach_full_khz(void)
{
	const struct wattle_domain *d;
	unsigned int cpu;
	u32 khz = 0;

	for_each_possible_cpu(cpu) {
		d = wattle_plan_domain(cpu);
		if (d && d->steered)
			khz = max(khz, d->full_khz);
	}
	return khz;
}

/* What is said of @a. Under the device lock. */
static void wattle_attach_fill(struct wattle_attach *out, struct wattle_attachment *a)
{
	u32 full_khz = wattle_attach_full_khz();
	u32 khz = full_khz ? wattle_attach_khz(a, full_khz) : 0;

	out->need_pm = khz ? DIV_ROUND_UP_ULL(1000ULL * khz, full_khz) : 1000;
	out->slices = a->slices.nr;
	out->member_ns = wattle_presence_ran_ns(a);
	out->capped_ns = a->capped_ns;
	out->slowed_ns = a->slowed_ns;
	wattle_member_count(a, &out->members, &out->lost);
}

/* The members of a new program. */
static int wattle_attach_take(struct wattle_attachment *a, struct task_struct *task)
{
	int err = task ? wattle_member_add_group(a, task) : wattle_member_add_cgroup(a);

	if (!err)
		wattle_presence_came();
	return err;
}

static int wattle_attach_begin(struct wattle_client *c, struct file *file,
			       const struct wattle_attach *in, struct wattle_attach *out)
{
	struct wattle_attachment *a = wattle_attach_make(in->flags & WATTLE_ATTACH_CONSENT);
	struct task_struct *task = NULL;
	struct cgroup *cgrp;
	int err;

	if (!a)
		return -ENOMEM;
	if (in->op == WATTLE_ATTACH_PROCESS) {
		task = wattle_attach_task(file, in->target);
		err = PTR_ERR_OR_ZERO(task);
	} else {
		cgrp = wattle_attach_cgroup(file, in->target);
		err = PTR_ERR_OR_ZERO(cgrp);
		a->cgroup = err ? NULL : cgrp;
	}
	if (err)
		goto free_attachment;
	err = wattle_member_hold();
	if (err)
		goto put_task;
	wattle_device_lock();
	err = wattle_attach_link(c, in->queue, a);
	wattle_device_unlock();
	if (err)
		goto put_probes;
	err = wattle_attach_take(a, task);
	if (err) {
		wattle_attach_undo(c, a);
		goto put_only_task;
	}
	wattle_device_lock();
	wattle_attach_fill(out, a);
	wattle_device_unlock();
put_only_task:
	if (task)
		put_task_struct(task);
	return err;

put_probes:
	wattle_member_put();
put_task:
	if (task)
		put_task_struct(task);
free_attachment:
	wattle_attach_free(a);
	return err;
}

/* REPORT, and the account that STOP begins with. */
static int wattle_attach_report(struct wattle_client *c, const struct wattle_attach *in,
				struct wattle_attach *out)
{
	struct wattle_attachment *a;
	int err;

	wattle_device_lock();
	a = wattle_attach_of(c, in->queue, &err);
	if (a) {
		if (in->cycles) {
			wattle_slice_add(&a->slices, in->cycles, in->stall_cycles, in->run_ns);
			wattle_presence_kick();
		}
		wattle_attach_fill(out, a);
	}
	wattle_device_unlock();
	return err;
}

static int wattle_attach_stop(struct wattle_client *c, const struct wattle_attach *in,
			      struct wattle_attach *out)
{
	struct wattle_attachment *a;
	int err;

	wattle_device_lock();
	a = wattle_attach_of(c, in->queue, &err);
	if (a)
		wattle_attach_fill(out, a);
	wattle_device_unlock();
	if (a)
		wattle_attach_undo(c, a);
	return err;
}

static int wattle_attach_check(const struct wattle_attach *in)
{
	bool begins = in->op == WATTLE_ATTACH_PROCESS || in->op == WATTLE_ATTACH_CGROUP;
	bool slice = in->cycles || in->stall_cycles || in->run_ns;

	if (!begins && in->op != WATTLE_ATTACH_REPORT && in->op != WATTLE_ATTACH_STOP)
		return -EINVAL;
	if (in->flags & ~(begins ? WATTLE_ATTACH_CONSENT : 0) || (!begins && in->target))
		return -EINVAL;
	if (in->pad || in->reserved[0] || in->reserved[1])
		return -EINVAL;
	if (slice && in->op != WATTLE_ATTACH_REPORT)
		return -EINVAL;
	if (slice && (!in->cycles || !wattle_slice_ok(in->cycles, in->stall_cycles, in->run_ns)))
		return -ERANGE;
	return 0;
}

/**
 * wattle_attach() - WATTLE_IOC_ATTACH
 * @c: the client
 * @file: its file
 * @arg: struct wattle_attach
 * @size: its size by the caller's account
 *
 * Return: 0 or a negative errno, see the ABI.
 */
long wattle_attach(struct wattle_client *c, struct file *file, void __user *arg, u32 size)
{
	struct wattle_attach in, out;
	long err;

	err = wattle_copy_in(&in, sizeof(in), arg, size);
	if (err)
		return err;
	err = wattle_attach_check(&in);
	if (err)
		return err;
	out = in;
	/* What cannot be told should not have been done. */
	if (copy_to_user(arg, &in, sizeof(in)))
		return -EFAULT;
	if (mutex_lock_killable(&c->attach_mutex))
		return -EINTR;
	if (in.op == WATTLE_ATTACH_REPORT)
		err = wattle_attach_report(c, &in, &out);
	else if (in.op == WATTLE_ATTACH_STOP)
		err = wattle_attach_stop(c, &in, &out);
	else
		err = wattle_attach_begin(c, file, &in, &out);
	mutex_unlock(&c->attach_mutex);
	if (err)
		return err;
	return copy_to_user(arg, &out, sizeof(out)) ? -EFAULT : 0;
}

/**
 * wattle_attach_init() - find what tells of threads and where they run
 *
 * Return: 0 or a negative errno.
 */
int wattle_attach_init(void)
{
	int err = wattle_presence_init();

	if (err)
		return err;
	err = wattle_member_init();
	if (err)
		wattle_presence_exit();
	return err;
}

/**
 * wattle_attach_exit() - no client is left, so nothing is attached
 */
void wattle_attach_exit(void)
{
	wattle_member_exit();
	wattle_presence_exit();
}
