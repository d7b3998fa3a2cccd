/* SPDX-License-Identifier: GPL-2.0-only OR LGPL-2.1-or-later OR BSD-2-Clause */
/*
 * Doubly linked list for the core, which may use neither <linux/list.h> nor a
 * userspace copy of it. A node that is in no list points to itself.
 */
#ifndef WATTLE_CORE_LIST_H
#define WATTLE_CORE_LIST_H

#include <linux/types.h>

struct wattle_list {
	struct wattle_list	*next;
	struct wattle_list	*prev;
};

static inline void wattle_list_init(struct wattle_list *n)
{
	n->next = n;
	n->prev = n;
}

static inline int wattle_list_empty(const struct wattle_list *n)
{
	return n->next == n;
}

static inline void wattle_list_add_head(struct wattle_list *n, struct wattle_list *head)
{
	n->next = head->next;
	n->prev = head;
	head->next->prev = n;
	head->next = n;
}

static inline void wattle_list_add_tail(struct wattle_list *n, struct wattle_list *head)
{
	n->next = head;
	n->prev = head->prev;
	head->prev->next = n;
	head->prev = n;
}

/* Harmless on a node that is in no list. */
static inline void wattle_list_del(struct wattle_list *n)
{
	n->prev->next = n->next;
	n->next->prev = n->prev;
	wattle_list_init(n);
}

/* @n takes the place of @old, which is then in no list; @n was in none. */
static inline void wattle_list_replace(struct wattle_list *old, struct wattle_list *n)
{
	wattle_list_add_tail(n, old);
	wattle_list_del(old);
}

#define wattle_container_of(ptr, type, member) \
	((type *)((char *)(ptr) - __builtin_offsetof(type, member)))

#define wattle_list_first(head, type, member) \
	wattle_container_of((head)->next, type, member)

#define wattle_list_for_each(pos, head, member)						\
	for (pos = wattle_list_first(head, __typeof__(*pos), member);			\
	     &pos->member != (head);							\
	     pos = wattle_list_first(&pos->member, __typeof__(*pos), member))

/* The current node may be taken out. */
#define wattle_list_for_each_safe(pos, tmp, head, member)				\
	for (pos = wattle_list_first(head, __typeof__(*pos), member),			\
	     tmp = wattle_list_first(&pos->member, __typeof__(*pos), member);		\
	     &pos->member != (head);							\
	     pos = tmp, tmp = wattle_list_first(&pos->member, __typeof__(*pos), member))

#endif
