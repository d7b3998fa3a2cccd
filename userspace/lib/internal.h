/* SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause */
/*
 * What the files of libwattle share and nobody else sees. A backend is one
 * function, call(), that takes the commands and structs of <linux/wattle.h>:
 * the device passes them to the kernel, the embedded backend answers them
 * itself. Whatever differs between the two is therefore behind that ABI.
 */
#ifndef WATTLE_LIB_INTERNAL_H
#define WATTLE_LIB_INTERNAL_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <time.h>
#include <wattle/wattle.h>

#define WATTLE_REASON_MAX	256

struct wattle_client;
struct wattle_pool;

/**
 * struct wattle_backend_ops - one way to be a client
 * @call:	an ioctl of <linux/wattle.h>; its return value or a negative errno
 * @events:	up to @max events without waiting
 * @close:	release everything; the struct itself included
 */
struct wattle_backend_ops {
	int	(*call)(struct wattle_client *c, unsigned long cmd, void *arg);
	int	(*events)(struct wattle_client *c, struct wattle_event *ev, size_t max);
	void	(*close)(struct wattle_client *c);
};

/**
 * struct wattle_client - what both backends begin with
 * @ops:	the backend
 * @backend:	which one
 * @fd:		pollable: the device, or an eventfd
 * @limits:	what QUERY said at open
 * @fork_epoch:	value of wattle_fork_epoch() at open: a forked child sees another one
 * @reason:	why this backend
 * @device:	path of the device asked for
 * @pool_lock:	guards @pool against cancel and destroy from other threads
 * @pool:	the client's worker pool, at most one
 */
struct wattle_client {
	const struct wattle_backend_ops	*ops;
	enum wattle_backend		backend;
	int				fd;
	struct wattle_query		limits;
	unsigned int			fork_epoch;
	char				reason[WATTLE_REASON_MAX];
	char				device[128];
	pthread_mutex_t			pool_lock;
	struct wattle_pool		*pool;
};

/* --- backends; @err as in wattle_client__open() --- */
int wattle_device_open(struct wattle_client **out, const char *path, char *err, size_t errsz);
int wattle_embedded_open(struct wattle_client **out, uint32_t mode, char *err, size_t errsz);

/* --- client.c --- */
/* A call of the backend that leaves the error for wattle_client__error(). */
int wattle_client_call(struct wattle_client *c, unsigned long cmd, void *arg);
/* As wattle_client__cancel(), without telling the pool. */
int64_t wattle_client_cancel(struct wattle_client *c, uint32_t queue, uint64_t batch);

/* --- fork.c --- */
/* Counts the forks between this process and the one that loaded the library. */
unsigned int wattle_fork_epoch(void);

/* --- error.c --- */
/**
 * wattle_error_note() - remember a failure of @cmd for wattle_client__error()
 * @cmd: a WATTLE_IOC_*; the sentence is chosen by command and errno when it is asked for
 * @err: negative errno
 *
 * Cheap enough for NEXT, whose time-outs are everyday business. Returns @err.
 */
int wattle_error_note(unsigned long cmd, int err);
/* Remember a sentence. Returns @err. */
int wattle_error_set(int err, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* --- pool.c: another thread withdrew @count batches of @queue --- */
void wattle_pool_withdrawn(struct wattle_pool *p, uint32_t queue, uint64_t count);

static inline uint64_t wattle_now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000000ULL + (uint64_t)ts.tv_nsec;
}

#endif
