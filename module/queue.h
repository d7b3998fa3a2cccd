/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Queues: making, changing, removing, and their accounts.
 */
#ifndef WATTLE_QUEUE_H
#define WATTLE_QUEUE_H

#include <linux/types.h>

#include "chardev.h"
#include "core/advice.h"
#include "core/guard.h"
#include "core/sched.h"
#include "index.h"

struct wattle_attachment;

/**
 * struct wattle_queue - a queue of a client
 * @sched:	the state machine's part; under the device lock
 * @index:	by age; under the device lock
 * @guard:	whether it is slowed by what it allows; under the device lock
 * @advice:	what enforce would have come to; under the device lock
 * @attach:	what it steers, NULL nothing; under the device lock
 * @next:	chains queues to be freed
 */
struct wattle_queue {
	struct wattle_sched_queue	sched;
	struct wattle_index_node	index;
	struct wattle_guard		guard;
	struct wattle_advice		advice;
	struct wattle_attachment	*attach;
	struct wattle_queue		*next;
};

static inline struct wattle_queue *wattle_queue_of(struct wattle_sched_queue *sq)
{
	return container_of(sq, struct wattle_queue, sched);
}

bool wattle_queue_name_ok(const char *name);
void wattle_queue_free_list(struct wattle_queue *q);
long wattle_queue_create(struct wattle_client *c, void __user *arg, u32 size);
int wattle_queue_change(struct wattle_client *c, u32 id, u32 mask,
			const struct wattle_queue_params *params);
long wattle_queue_update(struct wattle_client *c, void __user *arg, u32 size);
long wattle_queue_destroy(struct wattle_client *c, void __user *arg, u32 size);
long wattle_queue_stats(struct wattle_client *c, void __user *arg, u32 size);

#endif
