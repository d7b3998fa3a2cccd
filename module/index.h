/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Clients and queues by number, for those who look from outside: any of them is
 * found, and a walk is taken up again, in time that grows with the logarithm of how
 * many there are.
 */
#ifndef WATTLE_INDEX_H
#define WATTLE_INDEX_H

#include <linux/rbtree.h>
#include <linux/types.h>

struct wattle_client;
struct wattle_queue;

/**
 * struct wattle_index_node - a place in an index; under the device lock
 * @node:	in the tree
 * @key:	grows from one to the next
 */
struct wattle_index_node {
	struct rb_node	node;
	u64		key;
};

void wattle_index_add_client(struct wattle_client *c);
void wattle_index_del_client(struct wattle_client *c);
struct wattle_client *wattle_index_client(u64 id);
struct wattle_client *wattle_index_client_after(u64 id);
void wattle_index_add_queue(struct wattle_queue *q);
void wattle_index_del_queue(struct wattle_queue *q);
struct wattle_queue *wattle_index_queue_after(u64 serial);

#endif
