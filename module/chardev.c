// SPDX-License-Identifier: GPL-2.0-only
/*
 * /dev/wattle: opening, releasing, and which calls lead where.
 *
 * Who may do what is decided once, from the credentials the file was opened
 * with: a file passed to somebody else acts for, and is charged to, whoever
 * opened it.
 */
#include <linux/bitmap.h>
#include <linux/cred.h>
#include <linux/fs.h>
#include <linux/ktime.h>
#include <linux/miscdevice.h>
#include <linux/module.h>
#include <linux/random.h>
#include <linux/sched.h>
#include <linux/slab.h>

#include "attach.h"
#include "chardev.h"
#include "compat/compat.h"
#include "device.h"
#include "event.h"
#include "ioctl.h"
#include "param.h"
#include "submit.h"
#include "batch.h"
#include "sysfs.h"
#include "sysfs_cpu.h"
#include "trace.h"
#include "user.h"
#include "worker.h"

/* Asked at open, when the caller's credentials are the file's. */
static bool wattle_chardev_may_energy(struct file *file)
{
	kgid_t gid = wattle_param_energy_gid();

	return (gid_valid(gid) && in_group_p(gid)) ||
	       file_ns_capable(file, &init_user_ns, CAP_PERFMON);
}

static int wattle_chardev_open(struct inode *inode, struct file *file)
{
	const u32 nr_slots = wattle.sched.limits.workers_per_client;
	struct wattle_client *c;
	int err;

	c = kvzalloc(struct_size(c, slots, BITS_TO_LONGS(nr_slots)), GFP_KERNEL_ACCOUNT);
	if (!c)
		return -ENOMEM;
	init_waitqueue_head(&c->event_wait);
	mutex_init(&c->event_mutex);
	mutex_init(&c->attach_mutex);
	c->pid = task_tgid_nr(current);
	c->may_latency = file_ns_capable(file, &init_user_ns, CAP_SYS_NICE);
	c->may_energy = wattle_chardev_may_energy(file);

	err = -ENOMEM;
	c->user = wattle_user_get(file->f_cred->euid);
	if (!c->user)
		goto free_client;

	wattle_device_lock();
	if (!wattle.sched.nr_clients)
		wattle_trace_state(ktime_get_ns());
	err = wattle_sched_client_init(&wattle.sched, &c->sched, &c->user->sched);
	if (!err) {
		c->id = ++wattle.nr_opened;
		wattle_index_add_client(c);
		wattle_trace_call(.op = WATTLE_CALL_OPEN, .client = c->id,
				  .id = from_kuid(&init_user_ns, file->f_cred->euid),
				  .now_ns = ktime_get_ns());
	}
	wattle_device_unlock();
	if (err)
		goto put_user;
	c->sched.hash_mult = get_random_u64() | 1;

	file->private_data = c;
	return stream_open(inode, file);

put_user:
	wattle_user_put(c->user);
free_client:
	kvfree(c);
	return err;
}

static int wattle_chardev_release(struct inode *inode, struct file *file)
{
	struct wattle_client *c = file->private_data;
	u64 now_ns;

	/* The last reference is gone: nobody is inside a call on this file. */
	wattle_attach_end_all(c);
	wattle_submit_withdraw_all(c);
	wattle_device_lock();
	now_ns = ktime_get_ns();
	wattle_worker_remove_all(c, now_ns);
	wattle_trace_call(.op = WATTLE_CALL_CLOSE, .client = c->id, .now_ns = now_ns);
	wattle_sched_client_exit(&c->sched, now_ns);
	wattle_index_del_client(c);
	wattle_device_unlock();

	wattle_batch_cache_drain(c);
	wattle_event_free(c);
	wattle_user_put(c->user);
	kvfree_rcu(c, rcu);
	return 0;
}

static const struct file_operations wattle_chardev_fops = {
	.owner		= THIS_MODULE,
	.open		= wattle_chardev_open,
	.release	= wattle_chardev_release,
	.read		= wattle_event_read,
	.poll		= wattle_event_poll,
	.unlocked_ioctl	= wattle_ioctl,
	.compat_ioctl	= compat_ptr_ioctl,
	.llseek		= WATTLE_NO_LLSEEK,
};

static struct miscdevice wattle_misc = {
	.minor	= MISC_DYNAMIC_MINOR,
	.name	= WATTLE_DEVICE_NAME,
	.fops	= &wattle_chardev_fops,
	.mode	= 0660,
};

/**
 * wattle_chardev_init() - make the node; the device is usable when this returns
 *
 * Return: 0 or a negative errno.
 */
int wattle_chardev_init(void)
{
	int err;

	wattle_misc.groups = wattle_sysfs_cpu_make(wattle_sysfs_groups);
	if (!wattle_misc.groups)
		return -ENOMEM;
	err = misc_register(&wattle_misc);
	if (err)
		wattle_sysfs_cpu_free(wattle_misc.groups);
	return err;
}

/**
 * wattle_chardev_exit() - remove the node
 *
 * Open files hold the module, so there are none; sysfs is waited for.
 */
void wattle_chardev_exit(void)
{
	misc_deregister(&wattle_misc);
	wattle_sysfs_cpu_free(wattle_misc.groups);
}
