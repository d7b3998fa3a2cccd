/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * /dev/wattle: an open file is a client.
 */
#ifndef WATTLE_CHARDEV_H
#define WATTLE_CHARDEV_H

#include <linux/mutex.h>
#include <linux/rcupdate.h>
#include <linux/types.h>
#include <linux/wait.h>

#include "core/sched.h"
#include "index.h"

struct wattle_event_ring;
struct wattle_kbatch;
struct wattle_user;

/**
 * struct wattle_client - an open file
 * @sched:	the state machine's part; under the device lock
 * @id:		unique for the module's life, from 1; names the client in trace records
 * @index:	by @id; under the device lock
 * @user:	who opened it
 * @pid:	process that opened it, in the initial namespace; a number, no reference
 * @may_latency: the opener has CAP_SYS_NICE
 * @may_energy:	the opener may read metered energy
 * @events:	ring of events, NULL until a queue asks for some; set once, under @event_mutex
 * @event_wait:	readers and pollers
 * @event_mutex: one reader at a time; making the ring
 * @attach_mutex: what its queues steer begins and ends under it
 * @cache:	freed batches for the next SUBMIT; under the device lock
 * @nr_cache:	how many
 * @rcu:	threads that woke readers may still look at @event_wait
 * @slots:	which worker slots are taken; under the device lock
 */
struct wattle_client {
	struct wattle_sched_client	sched;
	u64				id;
	struct wattle_index_node	index;
	struct wattle_user		*user;
	pid_t				pid;
	bool				may_latency;
	bool				may_energy;
	struct wattle_event_ring	*events;
	wait_queue_head_t		event_wait;
	struct mutex			event_mutex;	/* consumer of @events */
	struct mutex			attach_mutex;	/* begin and end of attachments */
	struct wattle_kbatch		*cache;
	unsigned int			nr_cache;
	struct rcu_head			rcu;
	unsigned long			slots[];
};

static inline struct wattle_client *wattle_client_of(struct wattle_sched_client *sc)
{
	return container_of(sc, struct wattle_client, sched);
}

int wattle_chardev_init(void);
void wattle_chardev_exit(void);

#endif
