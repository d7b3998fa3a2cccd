// SPDX-License-Identifier: GPL-2.0-only
/*
 * The ioctl entry of /dev/wattle: dispatch by number, and QUERY.
 *
 * The size inside the struct says how much the caller knows, not the size in
 * the command: a grown struct has another command value and the same number.
 */
#include <linux/build_bug.h>
#include <linux/cpumask.h>
#include <linux/fs.h>
#include <linux/mm.h>
#include <linux/time.h>
#include <linux/uaccess.h>

#include "attach.h"
#include "chardev.h"
#include "copy.h"
#include "cpus.h"
#include "device.h"
#include "energy.h"
#include "event.h"
#include "grant.h"
#include "ioctl.h"
#include "latency.h"
#include "model.h"
#include "param.h"
#include "queue.h"
#include "submit.h"

/*
 * The first published sizes. They only ever grow (and wattle_copy_in() must then
 * be told the first one); whole words, so that 32-bit callers see the same.
 */
#define WATTLE_ABI_SIZE(name, bytes)						\
	static_assert(sizeof(struct name) == (bytes) && (bytes) % 8 == 0)

WATTLE_ABI_SIZE(wattle_query, 184);
WATTLE_ABI_SIZE(wattle_queue_params, 64);
WATTLE_ABI_SIZE(wattle_queue_create, 112);
WATTLE_ABI_SIZE(wattle_queue_update, 80);
WATTLE_ABI_SIZE(wattle_queue_destroy, 24);
WATTLE_ABI_SIZE(wattle_batch, 56);
WATTLE_ABI_SIZE(wattle_verdict, 40);
WATTLE_ABI_SIZE(wattle_submit, 48);
WATTLE_ABI_SIZE(wattle_next, 104);
WATTLE_ABI_SIZE(wattle_complete, 24);
WATTLE_ABI_SIZE(wattle_cancel, 32);
WATTLE_ABI_SIZE(wattle_queue_stats, 744);
WATTLE_ABI_SIZE(wattle_event, 56);
WATTLE_ABI_SIZE(wattle_attach, 104);
WATTLE_ABI_SIZE(wattle_power_model, 784);

#define WATTLE_FEATURES	(WATTLE_FEATURE_DRY_RUN | WATTLE_FEATURE_EVENTS | WATTLE_FEATURE_ENERGY | \
			 WATTLE_FEATURE_ATTACH | WATTLE_FEATURE_MODEL_SET)

static long wattle_ioctl_query(struct wattle_client *c, void __user *arg, u32 size)
{
	const struct wattle_sched_limits *limits = &wattle.sched.limits;
	struct wattle_query q = {
		.size			= sizeof(q),
		.abi_major		= WATTLE_ABI_MAJOR,
		.abi_minor		= WATTLE_ABI_MINOR,
		.features		= WATTLE_FEATURES,
		.mode			= READ_ONCE(wattle.sched.mode),
		.clock_id		= CLOCK_MONOTONIC,
		.cpufreq_confidence	= wattle_cpus_confidence(),
		.latency_confidence	= wattle_latency_confidence(),
		.nr_cpus_managed	= wattle_cpus_nr_managed(),
		.nr_cpus_online		= num_online_cpus(),
		.max_queues		= limits->queues_per_client,
		.max_batches		= limits->batches_per_queue,
		.max_vector		= WATTLE_VECTOR_MAX,
		.max_workers		= limits->workers_per_client,
		.lease_min_ns		= limits->lease_min_ns,
		.lease_max_ns		= limits->lease_max_ns,
		.lease_default_ns	= limits->lease_default_ns,
		.event_size		= sizeof(struct wattle_event),
	};
	struct {
		__u32 size, flags;
	} head;
	int err;

	err = wattle_tail_zero(arg, sizeof(q), size);
	if (err)
		return err;
	if (copy_from_user(&head, arg, sizeof(head)))
		return -EFAULT;
	if (head.flags)
		return -EINVAL;

	err = wattle_energy_query(&q, c->may_energy);
	if (err)
		return err;
	q.events_lost = wattle_event_lost(c);
	return copy_to_user(arg, &q, sizeof(q)) ? -EFAULT : 0;
}

/* Calls that change nothing: all that a file opened for reading may do. */
static bool wattle_ioctl_only_reads(unsigned int nr)
{
	return nr == _IOC_NR(WATTLE_IOC_QUERY) || nr == _IOC_NR(WATTLE_IOC_QUEUE_STATS) ||
	       nr == _IOC_NR(WATTLE_IOC_MODEL_GET);
}

/**
 * wattle_ioctl() - ioctl() on the device
 * @file: the client's file
 * @cmd: WATTLE_IOC_*
 * @arg: pointer to the command's struct
 *
 * Return: by the command; -ENOTTY if it is none of ours; -EBADF if the file was
 * not opened for writing and the command changes something.
 */
long wattle_ioctl(struct file *file, unsigned int cmd, unsigned long arg)
{
	struct wattle_client *c = file->private_data;
	void __user *u = (void __user *)arg;
	u32 size;

	if (_IOC_TYPE(cmd) != WATTLE_IOC_MAGIC ||
	    _IOC_NR(cmd) > _IOC_NR(WATTLE_IOC_MODEL_GET))
		return -ENOTTY;
	if (unlikely(!(file->f_mode & FMODE_WRITE)) && !wattle_ioctl_only_reads(_IOC_NR(cmd)))
		return -EBADF;
	if (get_user(size, (u32 __user *)u))
		return -EFAULT;
	if (unlikely(size > PAGE_SIZE))
		return -E2BIG;

	switch (_IOC_NR(cmd)) {
	case _IOC_NR(WATTLE_IOC_NEXT):
		return wattle_grant_next(c, u, size);
	case _IOC_NR(WATTLE_IOC_SUBMIT):
		return wattle_submit(c, u, size);
	case _IOC_NR(WATTLE_IOC_COMPLETE):
		return wattle_grant_complete(c, u, size);
	case _IOC_NR(WATTLE_IOC_CANCEL):
		return wattle_submit_cancel(c, u, size);
	case _IOC_NR(WATTLE_IOC_QUERY):
		return wattle_ioctl_query(c, u, size);
	case _IOC_NR(WATTLE_IOC_QUEUE_CREATE):
		return wattle_queue_create(c, u, size);
	case _IOC_NR(WATTLE_IOC_QUEUE_UPDATE):
		return wattle_queue_update(c, u, size);
	case _IOC_NR(WATTLE_IOC_QUEUE_DESTROY):
		return wattle_queue_destroy(c, u, size);
	case _IOC_NR(WATTLE_IOC_QUEUE_STATS):
		return wattle_queue_stats(c, u, size);
	case _IOC_NR(WATTLE_IOC_ATTACH):
		return wattle_attach(c, file, u, size);
	case _IOC_NR(WATTLE_IOC_MODEL_SET):
		return wattle_model_set(file, u, size);
	case _IOC_NR(WATTLE_IOC_MODEL_GET):
		return wattle_model_get(u, size);
	default:
		return -ENOTTY;
	}
}
