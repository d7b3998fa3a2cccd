// SPDX-License-Identifier: GPL-2.0-only OR LGPL-2.1-or-later OR BSD-2-Clause
/* Leftist heap: see heap.h. */
#include "core/heap.h"

static inline __u32 rank_of(const struct wattle_heap_node *n)
{
	return n ? n->rank : 0;
}

static inline int before(const struct wattle_heap_node *a, const struct wattle_heap_node *b)
{
	return a->key != b->key ? a->key < b->key : a->tie < b->tie;
}

/* Restore "left is at least as deep as right" and the rank; 1 if the rank changed. */
static int settle(struct wattle_heap_node *n)
{
	__u32 old = n->rank;

	if (rank_of(n->left) < rank_of(n->right)) {
		struct wattle_heap_node *t = n->left;

		n->left = n->right;
		n->right = t;
	}
	n->rank = rank_of(n->right) + 1;
	return n->rank != old;
}

/*
 * Both right spines have at most log2(n + 1) nodes: merge them like sorted
 * lists, then settle every node passed, bottom up.
 */
static struct wattle_heap_node *merge(struct wattle_heap_node *a, struct wattle_heap_node *b)
{
	struct wattle_heap_node *root = NULL, *parent = NULL, **link = &root;

	while (a && b) {
		if (before(b, a)) {
			struct wattle_heap_node *t = a;

			a = b;
			b = t;
		}
		*link = a;
		a->parent = parent;
		parent = a;
		link = &a->right;
		a = a->right;
	}
	if (!a)
		a = b;
	*link = a;
	if (a)
		a->parent = parent;
	for (; parent; parent = parent->parent)
		settle(parent);
	return root;
}

void wattle_heap_insert(struct wattle_heap *h, struct wattle_heap_node *n, __u64 key, __u64 tie)
{
	n->parent = NULL;
	n->left = NULL;
	n->right = NULL;
	n->key = key;
	n->tie = tie;
	n->rank = 1;
	h->root = h->root ? merge(h->root, n) : n;
	h->count++;
}

void wattle_heap_remove(struct wattle_heap *h, struct wattle_heap_node *n)
{
	struct wattle_heap_node *parent = n->parent;
	struct wattle_heap_node *sub = n->left;

	if (n->right)
		sub = merge(n->left, n->right);
	if (sub)
		sub->parent = parent;
	if (!parent)
		h->root = sub;
	else if (parent->left == n)
		parent->left = sub;
	else
		parent->right = sub;
	/*
	 * The way up may be long, but a node whose rank does not change hides
	 * the change from those above, and ranks that do change grow along the
	 * way, so at most log2(n + 1) are touched.
	 */
	while (parent && settle(parent))
		parent = parent->parent;
	n->parent = NULL;
	n->left = NULL;
	n->right = NULL;
	n->rank = 0;
	h->count--;
}
