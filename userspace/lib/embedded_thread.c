// SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause
/*
 * Which worker a thread is. A worker record belongs to a thread and to a
 * client, and goes with whichever goes first: a thread that ends takes its
 * grants along (the core aborts them), a client that closes takes its records.
 */
#include <errno.h>
#include <stdlib.h>

#include "lib/embedded.h"

/* Guards the links between threads and records; taken before struct emb.lock. */
static pthread_mutex_t emb_threads_lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_once_t once = PTHREAD_ONCE_INIT;
static pthread_key_t exit_key;
static int key_error;

static __thread struct {
	struct wattle_list	workers;	/* valid once @epoch is */
	unsigned int		epoch;		/* fork epoch + 1 */
	uint64_t		serial;		/* of @cached's client; never reused */
	struct emb_worker	*cached;
} self;

static void worker_release(struct emb_worker *w)
{
	struct emb *e = w->e;

	wattle_list_del(&w->thread_link);
	emb_lock(e);
	e->workers[w->w.slot] = NULL;
	wattle_sched_worker_exit(&w->w, wattle_now_ns());
	emb_unlock(e);
	free(w);
}

/* The thread ends; its thread-local storage is still there. */
static void thread_exit(void *unused)
{
	struct emb_worker *w, *tmp;

	(void)unused;
	if (self.epoch != wattle_fork_epoch() + 1)
		return;
	self.serial = 0;
	pthread_mutex_lock(&emb_threads_lock);
	wattle_list_for_each_safe(w, tmp, &self.workers, thread_link)
		worker_release(w);
	pthread_mutex_unlock(&emb_threads_lock);
}

static void before_fork(void)
{
	pthread_mutex_lock(&emb_threads_lock);
}

static void after_fork(void)
{
	pthread_mutex_unlock(&emb_threads_lock);
}

static void key_create(void)
{
	key_error = pthread_key_create(&exit_key, thread_exit);
	if (!key_error)
		key_error = pthread_atfork(before_fork, after_fork, after_fork);
}

static struct emb_worker *worker_find(struct emb *e)
{
	struct emb_worker *w;

	wattle_list_for_each(w, &self.workers, thread_link)
		if (w->e == e)
			return w;
	return NULL;
}

static struct emb_worker *worker_new(struct emb *e, int *err)
{
	struct emb_worker *w = calloc(1, sizeof(*w));
	unsigned int slot = 0;

	*err = -ENOMEM;
	if (!w)
		return NULL;
	w->e = e;
	wattle_list_init(&w->thread_link);
	*err = -pthread_getcpuclockid(pthread_self(), &w->clock);
	if (*err) {
		free(w);
		return NULL;
	}

	emb_lock(e);
	while (slot < EMB_MAX_WORKERS && e->workers[slot])
		slot++;
	*err = slot < EMB_MAX_WORKERS ? wattle_sched_worker_init(&e->client, &w->w, slot) : -EMFILE;
	if (!*err)
		e->workers[slot] = w;
	emb_unlock(e);
	if (*err) {
		free(w);
		return NULL;
	}
	wattle_list_add_head(&w->thread_link, &self.workers);
	return w;
}

struct emb_worker *emb_worker_get(struct emb *e, int *err)
{
	struct emb_worker *w;

	if (self.serial == e->serial && self.epoch == wattle_fork_epoch() + 1)
		return self.cached;

	pthread_once(&once, key_create);
	if (key_error || pthread_setspecific(exit_key, &self)) {
		*err = -ENOMEM;
		return NULL;
	}
	pthread_mutex_lock(&emb_threads_lock);
	if (self.epoch != wattle_fork_epoch() + 1) {
		/* First call, or a forked child whose records are the parent's. */
		self.epoch = wattle_fork_epoch() + 1;
		wattle_list_init(&self.workers);
	}
	w = worker_find(e);
	if (!w)
		w = worker_new(e, err);
	if (w) {
		self.cached = w;
		self.serial = e->serial;
	}
	pthread_mutex_unlock(&emb_threads_lock);
	return w;
}

void emb_workers_free(struct emb *e)
{
	unsigned int i;

	pthread_mutex_lock(&emb_threads_lock);
	for (i = 0; i < EMB_MAX_WORKERS; i++)
		if (e->workers[i])
			worker_release(e->workers[i]);
	pthread_mutex_unlock(&emb_threads_lock);
}
