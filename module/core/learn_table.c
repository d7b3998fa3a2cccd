// SPDX-License-Identifier: GPL-2.0-only OR LGPL-2.1-or-later OR BSD-2-Clause
/* The table of kinds of work: hashed by key, in order of use. See learn.h. */
#include "core/learn.h"
#include "core/null.h"

#define HASH_MULT	0x9e3779b97f4a7c15ULL	/* 2^64 / golden ratio (Knuth, TAOCP 6.4) */

void wattle_learn_init(struct wattle_learn *l, struct wattle_learn_entry *entry, __u32 nr)
{
	__u32 i;

	l->entry = entry;
	l->nr = nr;
	l->used = 0;
	l->newest = 0;
	l->oldest = 0;
	for (i = 0; i < nr; i++)
		entry[i].head = 0;
}

static __u32 *chain(struct wattle_learn *l, __u64 key)
{
	return &l->entry[((key * HASH_MULT) >> 32) % l->nr].head;
}

/* Indexes are one more than that, so that 0 is none. */
static struct wattle_learn_entry *at(struct wattle_learn *l, __u32 i)
{
	return i ? &l->entry[i - 1] : NULL;
}

static void unuse(struct wattle_learn *l, struct wattle_learn_entry *e)
{
	struct wattle_learn_entry *newer = at(l, e->newer), *older = at(l, e->older);

	*(newer ? &newer->older : &l->newest) = e->older;
	*(older ? &older->newer : &l->oldest) = e->newer;
}

static void use(struct wattle_learn *l, struct wattle_learn_entry *e)
{
	struct wattle_learn_entry *first = at(l, l->newest);
	__u32 i = e - l->entry + 1;

	e->newer = 0;
	e->older = l->newest;
	*(first ? &first->newer : &l->oldest) = i;
	l->newest = i;
}

static struct wattle_learn_entry *forget_oldest(struct wattle_learn *l)
{
	struct wattle_learn_entry *e = at(l, l->oldest);
	__u32 i = l->oldest, *link = chain(l, e->key);

	while (*link != i)
		link = &l->entry[*link - 1].next;
	*link = e->next;
	unuse(l, e);
	return e;
}

struct wattle_learn_entry *wattle_learn_find(struct wattle_learn *l, __u64 key, int make)
{
	struct wattle_learn_entry *e;
	__u32 *head;

	for (e = at(l, *chain(l, key)); e; e = at(l, e->next)) {
		if (e->key != key)
			continue;
		unuse(l, e);
		use(l, e);
		return e;
	}
	if (!make)
		return NULL;
	e = l->used < l->nr ? &l->entry[l->used++] : forget_oldest(l);
	wattle_learn_entry_init(e, key);
	head = chain(l, key);
	e->next = *head;
	*head = e - l->entry + 1;
	use(l, e);
	return e;
}
