/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Workers: one record for each thread that asked a client for work.
 */
#ifndef WATTLE_WORKER_H
#define WATTLE_WORKER_H

#include <linux/list.h>
#include <linux/rcupdate.h>
#include <linux/types.h>

#include "chardev.h"
#include "cputime.h"
#include "core/pace.h"
#include "core/sched.h"

struct task_struct;
struct wattle_domain;

/**
 * struct wattle_worker - a thread of a client
 * @sched:	the state machine's part; under the device lock
 * @client:	the client
 * @task:	the thread; a reference is held until @rcu has run
 * @cputime:	of @task; under the device lock
 * @idle_token:	the overrun grant with which the last sweep saw @task asleep, 0 = it did not;
 *		under the device lock
 * @plan_domain: clock domain in which its grant is counted, NULL none; under the device lock
 * @plan_khz:	what its grant is slowed to, 0 = it runs free; under the device lock
 * @run:	what is left of its batch; under the device lock
 * @plan_slowed: its grant is to be freed when a promise waits; under the device lock
 * @plan_level:	at which level it is counted; under the device lock
 * @watch_queue: queue of its last grant; under the device lock, as the next three
 * @watch_turn:	and in which turn of its guard that began
 * @watch_whole: the one before was of the same queue and turn
 * @watch_free:	its grant runs free whatever it says of itself
 * @advised_ns:	up to when its grant is in its queue's advice, 0 = none is given; under the
 *		device lock
 * @node:	in the table of workers, by @task; written under the device lock, read under RCU
 * @rcu:	defers freeing until readers of the table and pending wake-ups are done
 */
struct wattle_worker {
	struct wattle_sched_worker	sched;
	struct wattle_client		*client;
	struct task_struct		*task;
	struct wattle_cputime		cputime;
	u64				idle_token;
	struct wattle_domain		*plan_domain;
	struct wattle_pace_run		run;
	u32				plan_khz;
	bool				plan_slowed;
	u8				plan_level;
	bool				watch_whole;
	bool				watch_free;
	u32				watch_queue;
	u32				watch_turn;
	u64				advised_ns;
	struct hlist_node		node;
	struct rcu_head			rcu;
};

static inline struct wattle_worker *wattle_worker_of(struct wattle_sched_worker *sw)
{
	return container_of(sw, struct wattle_worker, sched);
}

int wattle_worker_init(void);
void wattle_worker_exit(void);
struct wattle_worker *wattle_worker_find(struct wattle_client *c);
struct wattle_worker *wattle_worker_get(struct wattle_client *c);
void wattle_worker_remove_all(struct wattle_client *c, u64 now_ns);
u32 wattle_worker_count(void);
void wattle_worker_overrun(void);
u64 wattle_worker_cpu_ns(struct wattle_worker *w, u64 now_ns);

#endif
