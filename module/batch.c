// SPDX-License-Identifier: GPL-2.0-only
/*
 * Memory of batches. A batch ends under the device lock, where nothing is
 * freed, and usually its client is about to submit the next: so ended ones stay
 * with their client. What a client keeps beyond a bound goes back to the slab a
 * second later, by a work, not in the path of the thread that ended it.
 */
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/workqueue.h>

#include "batch.h"
#include "device.h"

/* A client that comes to keep MAX is trimmed, chunk by chunk, to less than MIN. */
#define WATTLE_BATCH_CACHE_MAX	256
#define WATTLE_BATCH_CACHE_MIN	128
#define WATTLE_BATCH_TRIM_CHUNK	64
/* Batches taken from the cache under one hold of the lock. */
#define WATTLE_BATCH_TAKE_CHUNK	64

static struct kmem_cache *wattle_batch_slab;

static void wattle_batch_trim_fn(struct work_struct *work);
static DECLARE_DEFERRABLE_WORK(wattle_batch_trim, wattle_batch_trim_fn);

/**
 * wattle_batch_free_list() - give batches back to the slab
 * @b: first of a chain by @next, or NULL
 */
void wattle_batch_free_list(struct wattle_kbatch *b)
{
	struct wattle_kbatch *next;

	for (; b; b = next) {
		next = b->next;
		kmem_cache_free(wattle_batch_slab, b);
	}
}

/**
 * wattle_batch_cache_put() - an ended batch stays with its client
 * @b: the batch, in nobody's queue
 *
 * Called under the device lock.
 */
void wattle_batch_cache_put(struct wattle_kbatch *b)
{
	struct wattle_client *c = b->client;

	b->next = c->cache;
	c->cache = b;
	WRITE_ONCE(c->nr_cache, c->nr_cache + 1);
	/* At the crossing only: trimming goes well below it. */
	if (unlikely(c->nr_cache == WATTLE_BATCH_CACHE_MAX))
		queue_delayed_work(system_unbound_wq, &wattle_batch_trim, HZ);
}

/* Takes a chunk from some client that keeps too much; NULL when none does. */
static struct wattle_kbatch *wattle_batch_trim_chunk(void)
{
	struct wattle_kbatch *b, *list = NULL;
	struct wattle_sched_client *sc;
	unsigned int n = 0;

	wattle_device_lock();
	wattle_list_for_each(sc, &wattle.sched.clients, sched_link) {
		struct wattle_client *c = wattle_client_of(sc);

		while (c->nr_cache >= WATTLE_BATCH_CACHE_MIN && n < WATTLE_BATCH_TRIM_CHUNK) {
			b = c->cache;
			c->cache = b->next;
			WRITE_ONCE(c->nr_cache, c->nr_cache - 1);
			b->next = list;
			list = b;
			n++;
		}
		if (n)
			break;
	}
	wattle_device_unlock();
	return list;
}

static void wattle_batch_trim_fn(struct work_struct *work)
{
	struct wattle_kbatch *list;

	while ((list = wattle_batch_trim_chunk())) {
		wattle_batch_free_list(list);
		cond_resched();
	}
}

/**
 * wattle_batch_cache_drain() - free what a client keeps; nobody submits for it any more
 * @c: the client
 */
void wattle_batch_cache_drain(struct wattle_client *c)
{
	wattle_batch_free_list(c->cache);
	c->cache = NULL;
	c->nr_cache = 0;
}

/* Adds up to @count cached ones to *@list, a chunk a hold; returns how many. */
static u32 wattle_batch_take_cached(struct wattle_client *c, u32 count,
				    struct wattle_kbatch **list)
{
	struct wattle_kbatch *b;
	u32 done = 0, end;

	while (done < count && READ_ONCE(c->nr_cache)) {
		end = min(count, done + WATTLE_BATCH_TAKE_CHUNK);
		wattle_device_lock();
		for (; done < end && c->cache; done++) {
			b = c->cache;
			c->cache = b->next;
			WRITE_ONCE(c->nr_cache, c->nr_cache - 1);
			b->next = *list;
			*list = b;
		}
		wattle_device_unlock();
	}
	return done;
}

/**
 * wattle_batch_take() - memory for a vector
 * @c: whose batches they will be
 * @count: how many
 *
 * The state machine's part is not initialised but for what
 * wattle_sched_submit() does not set itself. Sleeps.
 *
 * Return: a chain of @count by @next, or NULL.
 */
struct wattle_kbatch *wattle_batch_take(struct wattle_client *c, u32 count)
{
	struct wattle_kbatch *b, *list = NULL;

	count -= wattle_batch_take_cached(c, count, &list);
	while (count--) {
		b = kmem_cache_zalloc(wattle_batch_slab, GFP_KERNEL_ACCOUNT);
		if (!b) {
			wattle_batch_free_list(list);
			return NULL;
		}
		b->client = c;
		b->next = list;
		list = b;
	}
	return list;
}

/**
 * wattle_batch_init() - make the slab
 *
 * Return: 0 or -ENOMEM.
 */
int wattle_batch_init(void)
{
	wattle_batch_slab = kmem_cache_create("wattle_batch", sizeof(struct wattle_kbatch), 0,
					      SLAB_ACCOUNT, NULL);
	return wattle_batch_slab ? 0 : -ENOMEM;
}

/**
 * wattle_batch_exit() - no client and no batch is left
 */
void wattle_batch_exit(void)
{
	cancel_delayed_work_sync(&wattle_batch_trim);
	kmem_cache_destroy(wattle_batch_slab);
}
