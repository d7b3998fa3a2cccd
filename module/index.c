// SPDX-License-Identifier: GPL-2.0-only
/*
 * Two trees, under the device lock. Numbers grow, so what is added goes to the right
 * end, and a walk by number is one by age: what is there from its beginning to its
 * end is met once, whatever comes and goes meanwhile, and nobody has to keep a place
 * in a list, or a reference, between two steps.
 */
#include <linux/bug.h>

#include "chardev.h"
#include "index.h"
#include "queue.h"

static struct rb_root wattle_index_clients = RB_ROOT;
static struct rb_root wattle_index_queues = RB_ROOT;
static u64 wattle_index_serial;

static struct wattle_index_node *wattle_index_of(struct rb_node *node)
{
	return node ? rb_entry(node, struct wattle_index_node, node) : NULL;
}

static void wattle_index_append(struct rb_root *root, struct wattle_index_node *in)
{
	struct rb_node **link = &root->rb_node, *parent = NULL;

	while (*link) {
		parent = *link;
		WARN_ON_ONCE(wattle_index_of(parent)->key >= in->key);
		link = &parent->rb_right;
	}
	rb_link_node(&in->node, parent, link);
	rb_insert_color(&in->node, root);
}

/* The one with the smallest key above @key, NULL if there is none. */
static struct wattle_index_node *wattle_index_after(struct rb_root *root, u64 key)
{
	struct rb_node *node = root->rb_node;
	struct wattle_index_node *best = NULL;

	while (node) {
		struct wattle_index_node *in = wattle_index_of(node);

		if (in->key > key) {
			best = in;
			node = node->rb_left;
		} else {
			node = node->rb_right;
		}
	}
	return best;
}

/**
 * wattle_index_add_client() - a file was opened; its number is given here
 * @c: the client. Called under the device lock.
 */
void wattle_index_add_client(struct wattle_client *c)
{
	c->index.key = c->id;
	wattle_index_append(&wattle_index_clients, &c->index);
}

/**
 * wattle_index_del_client() - a file is being closed
 * @c: the client. Called under the device lock.
 */
void wattle_index_del_client(struct wattle_client *c)
{
	rb_erase(&c->index.node, &wattle_index_clients);
}

/**
 * wattle_index_client_after() - the oldest client with a higher number
 * @id: the number; 0 for the oldest of all
 *
 * Return: the client, valid under the device lock, which is held; NULL if there is none.
 */
struct wattle_client *wattle_index_client_after(u64 id)
{
	struct wattle_index_node *in = wattle_index_after(&wattle_index_clients, id);

	return in ? container_of(in, struct wattle_client, index) : NULL;
}

/**
 * wattle_index_client() - the client of a number
 * @id: the number, not 0
 *
 * Return: the client, valid under the device lock, which is held; NULL if there is none.
 */
struct wattle_client *wattle_index_client(u64 id)
{
	struct wattle_client *c = wattle_index_client_after(id - 1);

	return c && c->id == id ? c : NULL;
}

/**
 * wattle_index_add_queue() - a queue was made
 * @q: the queue. Called under the device lock.
 */
void wattle_index_add_queue(struct wattle_queue *q)
{
	q->index.key = ++wattle_index_serial;
	wattle_index_append(&wattle_index_queues, &q->index);
}

/**
 * wattle_index_del_queue() - a queue is about to be freed
 * @q: the queue. Called under the device lock.
 */
void wattle_index_del_queue(struct wattle_queue *q)
{
	rb_erase(&q->index.node, &wattle_index_queues);
}

/**
 * wattle_index_queue_after() - the oldest queue that is younger
 * @serial: a queue's number in the index; 0 for the oldest of all
 *
 * Queues that were destroyed and whose last grant still runs are among them.
 *
 * Return: the queue, valid under the device lock, which is held; NULL if there is none.
 */
struct wattle_queue *wattle_index_queue_after(u64 serial)
{
	struct wattle_index_node *in = wattle_index_after(&wattle_index_queues, serial);

	return in ? container_of(in, struct wattle_queue, index) : NULL;
}
