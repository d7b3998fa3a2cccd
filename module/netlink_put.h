/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What netlink messages hold: one function for each kind of object, whether it goes
 * into the answer to a get, a dump or a notification.
 */
#ifndef WATTLE_NETLINK_PUT_H
#define WATTLE_NETLINK_PUT_H

#include <linux/types.h>
#include <linux/uidgid.h>
#include <linux/wattle.h>

#include "core/advice.h"
#include "energy.h"

struct sk_buff;
struct wattle_client;
struct wattle_note;
struct wattle_queue;

/**
 * struct wattle_queue_view - a queue at one moment, taken under the device lock
 * @client:	id of its client
 * @uid:	who opened the client's file
 * @pid:	from which process
 * @id:		the queue's id
 * @params:	its parameters
 * @stats:	its accounts
 * @advice:	what enforce would have come to
 */
struct wattle_queue_view {
	u64				client;
	kuid_t				uid;
	pid_t				pid;
	u32				id;
	struct wattle_queue_params	params;
	struct wattle_queue_stats	stats;
	struct wattle_advice		advice;
};

/**
 * struct wattle_client_view - a client at one moment, likewise
 * @id:		its number
 * @uid:	who opened the file
 * @pid:	from which process
 * @queues:	its queues
 * @workers:	its threads
 * @waiting:	its batches that wait
 */
struct wattle_client_view {
	u64	id;
	kuid_t	uid;
	pid_t	pid;
	u32	queues;
	u32	workers;
	u32	waiting;
};

/**
 * struct wattle_device_view - all of it at one moment, likewise
 * @mode:	enum wattle_mode
 * @draining:	no new work is taken
 * @clients:	open files
 * @queues:	queues
 * @workers:	threads
 * @waiting:	batches that wait
 * @events_lost: by all clients ever
 * @totals:	sums over all queues ever
 * @advice:	likewise
 */
struct wattle_device_view {
	u32				mode;
	bool				draining;
	u32				clients;
	u32				queues;
	u32				workers;
	u32				waiting;
	u64				events_lost;
	struct wattle_queue_stats	totals;
	struct wattle_advice		advice;
};

void wattle_view_queue(struct wattle_queue_view *v, struct wattle_queue *q);
void wattle_view_client(struct wattle_client_view *v, struct wattle_client *c);
void wattle_view_device(struct wattle_device_view *v);

int wattle_put_queue(struct sk_buff *skb, const struct wattle_queue_view *v, bool energy);
int wattle_put_client(struct sk_buff *skb, const struct wattle_client_view *v);
int wattle_put_device(struct sk_buff *skb, const struct wattle_device_view *v,
		      const struct wattle_energy_report *e, bool energy);
int wattle_put_cpu(struct sk_buff *skb, u32 cpu);
int wattle_put_note(struct sk_buff *skb, const struct wattle_note *n);

#endif
