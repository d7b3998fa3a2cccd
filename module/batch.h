/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Memory of batches.
 */
#ifndef WATTLE_BATCH_H
#define WATTLE_BATCH_H

#include <linux/types.h>

#include "chardev.h"
#include "core/pace.h"
#include "core/sched.h"

/**
 * struct wattle_kbatch - a batch in the kernel
 * @sched:	the state machine's part; under the device lock once submitted
 * @pace:	its part of what is due, while it waits; under the device lock
 * @late:	it waits, and is too late for a promise; under the device lock
 * @client:	whose it is
 * @next:	chains batches that are in nobody's queue
 */
struct wattle_kbatch {
	struct wattle_sched_batch	sched;
	struct wattle_pace_entry	pace;
	bool				late;
	struct wattle_client		*client;
	struct wattle_kbatch		*next;
};

static inline struct wattle_kbatch *wattle_batch_of(struct wattle_sched_batch *sb)
{
	return container_of(sb, struct wattle_kbatch, sched);
}

int wattle_batch_init(void);
void wattle_batch_exit(void);
struct wattle_kbatch *wattle_batch_take(struct wattle_client *c, u32 count);
void wattle_batch_free_list(struct wattle_kbatch *b);
void wattle_batch_cache_put(struct wattle_kbatch *b);
void wattle_batch_cache_drain(struct wattle_client *c);

#endif
