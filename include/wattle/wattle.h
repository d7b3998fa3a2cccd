/* SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause */
/*
 * libwattle: run batches through /dev/wattle, or, where there is no device,
 * through the same scheduling code inside the process (the embedded backend).
 *
 * Conventions. Functions return 0 or a count on success and a negative errno on
 * failure; wattle_client__error() then holds one sentence that says what was
 * wrong and what to do. Structs of <linux/wattle.h> are used as they are and
 * mean the same with both backends. Objects may be used by several threads
 * where a function says so. Times are absolute CLOCK_MONOTONIC nanoseconds.
 *
 * fork(2): a child cannot use its parent's embedded clients and pools (-EBADFD),
 * only close them.
 */
#ifndef WATTLE_WATTLE_H
#define WATTLE_WATTLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <linux/wattle.h>

#ifdef __cplusplus
extern "C" {
#endif

#define WATTLE_API __attribute__((visibility("default")))

#define WATTLE_DEFAULT_DEVICE	"/dev/wattle"

struct wattle_client;
struct wattle_pool;

enum wattle_backend {
	WATTLE_BACKEND_AUTO	= 0,	/* the device if it is there, else embedded */
	WATTLE_BACKEND_DEVICE	= 1,
	WATTLE_BACKEND_EMBEDDED	= 2,
};

/**
 * struct wattle_client_opts - how to open a client; zero is the default of every field
 * @sz:		sizeof(struct wattle_client_opts)
 * @backend:	AUTO falls back to embedded only when the device does not exist; a device
 *		that is there but not permitted, or of another ABI, is an error, never silent
 * @device:	path, NULL = WATTLE_DEFAULT_DEVICE
 * @mode:	embedded backend only: WATTLE_MODE_OBSERVE or _ENFORCE; 0 or 0xffffffff = enforce
 */
struct wattle_client_opts {
	size_t			sz;
	enum wattle_backend	backend;
	const char		*device;
	uint32_t		mode;
};

/**
 * wattle_client__open() - open a client
 * @out:	the client, or NULL
 * @opts:	NULL = defaults
 * @err:	one sentence on failure; may be NULL
 * @errsz:	room in @err
 *
 * Return: 0; -ENOENT no device (backend DEVICE); -EACCES not permitted;
 * -EPROTO the module speaks another ABI major; -ENOMEM; what open(2) says.
 */
WATTLE_API int wattle_client__open(struct wattle_client **out,
				   const struct wattle_client_opts *opts,
				   char *err, size_t errsz);
/* Cancels what is queued. No thread may be inside a call. NULL is fine. */
WATTLE_API void wattle_client__close(struct wattle_client *c);
WATTLE_API enum wattle_backend wattle_client__backend(const struct wattle_client *c);
/* Why this backend: one sentence for a report. */
WATTLE_API const char *wattle_client__backend_reason(const struct wattle_client *c);
/* Last error of the calling thread on any client, never NULL. */
WATTLE_API const char *wattle_client__error(void);
/* Pollable for events with both backends (the device itself, or an eventfd). */
WATTLE_API int wattle_client__fd(const struct wattle_client *c);

/*
 * The ioctls, one function each, any thread. @size is filled in by the library.
 * Errors are those of <linux/wattle.h>.
 */
WATTLE_API int wattle_client__query(struct wattle_client *c, struct wattle_query *q);
/* Returns the queue id (> 0). @p NULL = defaults. @name NULL = "". */
WATTLE_API int wattle_client__queue_create(struct wattle_client *c, const char *name,
					   const struct wattle_queue_params *p);
WATTLE_API int wattle_client__queue_update(struct wattle_client *c, uint32_t queue, uint32_t mask,
					   const struct wattle_queue_params *p);
WATTLE_API int wattle_client__queue_destroy(struct wattle_client *c, uint32_t queue);
/*
 * WATTLE_IOC_ATTACH; @a's size is filled in. Programs are steered by the module: with the
 * embedded backend -EOPNOTSUPP.
 */
WATTLE_API int wattle_client__attach(struct wattle_client *c, struct wattle_attach *a);
/*
 * Returns entries processed. @v may be NULL. @flags: WATTLE_SUBMIT_*. @bad: index of an invalid
 * entry, may be NULL.
 */
WATTLE_API int wattle_client__submit(struct wattle_client *c, uint32_t queue,
				     const struct wattle_batch *b, struct wattle_verdict *v,
				     uint32_t count, uint32_t flags, uint32_t *bad);
/* May be cancelled (pthread_cancel) while it waits; nothing is lost then. */
WATTLE_API int wattle_client__next(struct wattle_client *c, struct wattle_next *n);
WATTLE_API int wattle_client__complete(struct wattle_client *c, uint64_t token, uint32_t status);
/* @batch 0 = all queued. Returns the number withdrawn. */
WATTLE_API int64_t wattle_client__cancel(struct wattle_client *c, uint32_t queue, uint64_t batch);
WATTLE_API int wattle_client__queue_stats(struct wattle_client *c, uint32_t queue,
					  struct wattle_queue_stats *st);
/* The power table; the device only (-ENOTTY). -EDOM and -ERANGE: see @m->fault, @m->index. */
WATTLE_API int wattle_client__power_set(struct wattle_client *c, struct wattle_power_model *m);
/* -ENODATA: there is none. */
WATTLE_API int wattle_client__power_get(struct wattle_client *c, struct wattle_power_model *m);
WATTLE_API int wattle_client__power_clear(struct wattle_client *c);
/* Up to @max events without waiting; count, 0 if none. */
WATTLE_API int wattle_client__events(struct wattle_client *c, struct wattle_event *ev, size_t max);

/*
 * A pool is the client's set of workers: a client has at most one, and while it
 * has one every batch of the client goes through wattle_pool__run(). A batch
 * handed in past the pool is not run: a worker completes it as failed. Workers
 * are threads that last as long as the pool and sleep in NEXT between runs.
 *
 * A batch function must be a block of work that may run again: it is, when its
 * thread was lost in the middle. It must return, not end its thread.
 */

/**
 * struct wattle_pool_opts - a worker pool
 * @sz:		sizeof(struct wattle_pool_opts)
 * @nr_workers:	0 = one per CPU of the allowed set
 * @pin:	pin worker i to the i-th CPU of the calling thread's allowed set, starting over
 *		when there are more workers than CPUs
 */
struct wattle_pool_opts {
	size_t		sz;
	unsigned int	nr_workers;
	bool		pin;
};

/*
 * Runs one batch. @worker: 0 .. nr_workers - 1. 0, or a negative errno: the batch counts as
 * failed.
 */
typedef int (*wattle_batch_fn)(void *ctx, uint64_t user_data, unsigned int worker);

/*
 * @opts NULL: one pinned worker per allowed CPU. 0; -EINVAL; -EBUSY the client
 * has a pool; -ENOMEM; -EAGAIN too many threads.
 */
WATTLE_API int wattle_pool__new(struct wattle_pool **out, struct wattle_client *c,
				const struct wattle_pool_opts *opts);
/* Not during a run. Before the client is closed. NULL is fine. */
WATTLE_API void wattle_pool__free(struct wattle_pool *p);
WATTLE_API unsigned int wattle_pool__nr_workers(const struct wattle_pool *p);

/**
 * struct wattle_run_stats - what a run did, added to
 * @batches:	whose function ran and whose completion was accepted
 * @late:	after their deadline, by the time their function returned
 * @failed:	whose function failed
 * @refused:	refused at submission (run here anyway is never done)
 * @aborted:	whose lease or whose thread ended first. No result is missing: after a lost
 *		lease the function has still run to its end (the queue's accounts call the
 *		batch aborted), after a lost thread the pool submits the batch again (and the
 *		accounts call the first attempt failed)
 * @run_ns:	time inside batch functions, all workers
 */
struct wattle_run_stats {
	uint64_t	batches;
	uint64_t	late;
	uint64_t	failed;
	uint64_t	refused;
	uint64_t	aborted;
	uint64_t	run_ns;
};

/**
 * wattle_pool__run() - submit @count batches and wait until all have ended
 * @p:		the pool; one run at a time
 * @queue:	queue id
 * @b:		batches; user_data is passed to @fn
 * @count:	any number; submitted in vectors as limits allow
 * @fn:		called once per batch on a worker
 * @ctx:	passed to @fn
 * @st:		added to; may be NULL
 *
 * Return: 0; the first negative errno of @fn; -ECANCELED when a batch was
 * refused, or withdrawn by wattle_client__cancel() or __queue_destroy(); -EBUSY
 * the pool is running; -EIO when the device went away or functions keep ending
 * their threads; or what SUBMIT says. On an error the rest is cancelled, and
 * nothing of the run is left behind. When the call returns every batch of the
 * run is in the queue's accounts.
 */
WATTLE_API int wattle_pool__run(struct wattle_pool *p, uint32_t queue, const struct wattle_batch *b,
				size_t count, wattle_batch_fn fn, void *ctx,
				struct wattle_run_stats *st);

/* --- energy --- */

/**
 * struct wattle_energy - a reading of the best source of joules present
 * @uj:		microjoules since some fixed moment of the source; differences mean something
 * @stamp_ns:	when it was read
 * @quality:	enum wattle_quality; NONE: there is no source, @why says why and what to do
 * @simulated:	from a virtual platform
 * @source:	e.g. "wattle:platform", "powercap:intel-rapl"
 * @why:	one sentence when @quality is NONE
 */
struct wattle_energy {
	uint64_t	uj;
	uint64_t	stamp_ns;
	uint32_t	quality;
	bool		simulated;
	char		source[64];
	char		why[160];
};

/*
 * Package energy, all packages: the device if it has a source, else powercap, else NONE.
 * Returns 0.
 */
WATTLE_API int wattle_energy__read(struct wattle_client *c, struct wattle_energy *e);

#ifdef __cplusplus
}
#endif
#endif
