/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Attachments: queues that steer the speed of programs that know nothing of it.
 */
#ifndef WATTLE_ATTACH_H
#define WATTLE_ATTACH_H

#include <linux/list.h>
#include <linux/types.h>

#include "core/slice.h"

struct cgroup;
struct file;
struct wattle_client;
struct wattle_queue;

/* In all, and of one user. The first is what a CPU keeps a bit for. */
#define WATTLE_ATTACH_MAX	256
#define WATTLE_ATTACH_PER_USER	64

/**
 * struct wattle_attachment - one program
 * @slot:	which it is of WATTLE_ATTACH_MAX; constant
 * @consent:	it may be slowed although nothing is known of it; constant
 * @queue:	the queue that steers it; under the device lock
 * @slices:	what has been learned; under the device lock
 * @capped_ns:	see the ABI; under the device lock
 * @slowed_ns:	likewise
 * @cgroup:	the cgroup, a reference is held; NULL for a process; constant
 * @node:	in the table of cgroups; under the members' lock, read under RCU
 * @members:	its marks; under the members' lock, as the next three
 * @nr_members:	how many
 * @lost:	threads that got no mark
 * @dead:	it takes no more
 * @ran:	CPU time by CPU, of closed stretches; written by that CPU with interrupts off
 * @looked:	of that and the open one, what has been accounted for; under the device lock
 */
struct wattle_attachment {
	u32			slot;
	bool			consent;
	struct wattle_queue	*queue;
	struct wattle_slices	slices;
	u64			capped_ns;
	u64			slowed_ns;
	struct cgroup		*cgroup;
	struct hlist_node	node;
	struct list_head	members;
	u32			nr_members;
	u32			lost;
	bool			dead;
	u64 __percpu		*ran;
	u64 __percpu		*looked;
};

int wattle_attach_init(void);
void wattle_attach_exit(void);
long wattle_attach(struct wattle_client *c, struct file *file, void __user *arg, u32 size);
void wattle_attach_end(struct wattle_client *c, u32 queue);
void wattle_attach_end_all(struct wattle_client *c);
struct wattle_attachment *wattle_attach_slot(u32 slot);
u32 wattle_attach_khz(const struct wattle_attachment *a, u32 full_khz);

#endif
