/* SPDX-License-Identifier: GPL-2.0-only OR LGPL-2.1-or-later OR BSD-2-Clause */
/*
 * Intrusive leftist heap (Crane 1972; Knuth TAOCP vol. 3, 5.2.3): insert, pop
 * and removal of any node in O(log n) worst case, no allocation, no recursion.
 * A smaller (key, tie) comes first.
 */
#ifndef WATTLE_CORE_HEAP_H
#define WATTLE_CORE_HEAP_H

#include <linux/types.h>

#include "core/null.h"

struct wattle_heap_node {
	struct wattle_heap_node	*parent;
	struct wattle_heap_node	*left;
	struct wattle_heap_node	*right;
	__u64			key;
	__u64			tie;
	__u32			rank;	/* length of the right spine, 1 for a leaf; 0: in no heap */
	__u32			pad;
};

struct wattle_heap {
	struct wattle_heap_node	*root;
	__u32			count;
};

static inline void wattle_heap_init(struct wattle_heap *h)
{
	h->root = NULL;
	h->count = 0;
}

static inline struct wattle_heap_node *wattle_heap_first(const struct wattle_heap *h)
{
	return h->root;
}

void wattle_heap_insert(struct wattle_heap *h, struct wattle_heap_node *n, __u64 key, __u64 tie);
void wattle_heap_remove(struct wattle_heap *h, struct wattle_heap_node *n);

#endif
