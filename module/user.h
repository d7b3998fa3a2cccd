/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Accounts per user, over all the files the user has opened.
 */
#ifndef WATTLE_USER_H
#define WATTLE_USER_H

#include <linux/list.h>
#include <linux/uidgid.h>

#include "core/sched.h"

/**
 * struct wattle_user - one user's account
 * @sched:	the counts; under the device lock
 * @nr_attached: programs that queues of the user steer; under the device lock
 * @nr_watched: queues that have been slowed; watch.c's, of one look, under the device lock
 * @nr_demoted: of these, demoted; likewise
 * @uid:	effective uid of whoever opened the files
 * @refs:	clients that refer to it; under the users' mutex
 * @node:	in the table of users; likewise
 */
struct wattle_user {
	struct wattle_sched_user	sched;
	u32				nr_attached;
	u32				nr_watched;
	u32				nr_demoted;
	kuid_t				uid;
	unsigned int			refs;
	struct hlist_node		node;
};

struct wattle_user *wattle_user_get(kuid_t uid);
void wattle_user_put(struct wattle_user *user);

#endif
