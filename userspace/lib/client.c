// SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause
/* The client API: picks a backend, fills in the ABI's structs, words the errors. */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "internal.h"

#define MODE_DEFAULT	0xffffffffU

__attribute__((format(printf, 4, 5)))
static int open_error(int err, char *buf, size_t size, const char *fmt, ...)
{
	char text[WATTLE_REASON_MAX];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	if (buf && size)
		snprintf(buf, size, "%s", text);
	return wattle_error_set(err, "%s", text);
}

/* The options as this library knows them: a caller's struct may be older or newer. */
static int open_opts(struct wattle_client_opts *o, const struct wattle_client_opts *opts,
		     char *err, size_t errsz)
{
	const unsigned char *tail;
	size_t i;

	memset(o, 0, sizeof(*o));
	if (opts) {
		if (opts->sz < sizeof(size_t))
			return open_error(-EINVAL, err, errsz, "wattle_client_opts.sz is not set; "
					  "assign sizeof(struct wattle_client_opts)");
		memcpy(o, opts, opts->sz < sizeof(*o) ? opts->sz : sizeof(*o));
		tail = (const unsigned char *)opts;
		for (i = sizeof(*o); i < opts->sz; i++)
			if (tail[i])
				return open_error(-E2BIG, err, errsz, "wattle_client_opts has a "
						  "field this library does not know; update "
						  "libwattle");
	}
	if (!o->device)
		o->device = WATTLE_DEFAULT_DEVICE;
	if (o->mode == MODE_DEFAULT || !o->mode)
		o->mode = WATTLE_MODE_ENFORCE;
	if ((unsigned int)o->backend > WATTLE_BACKEND_EMBEDDED)
		return open_error(-EINVAL, err, errsz, "unknown backend %d; use auto, device or "
				  "embedded", (int)o->backend);
	if (o->mode != WATTLE_MODE_OBSERVE && o->mode != WATTLE_MODE_ENFORCE)
		return open_error(-EINVAL, err, errsz, "the embedded backend knows the modes "
				  "observe and enforce, not %u", o->mode);
	return 0;
}

int wattle_client__open(struct wattle_client **out, const struct wattle_client_opts *opts,
			char *err, size_t errsz)
{
	struct wattle_client_opts o;
	char note[WATTLE_REASON_MAX] = "";
	struct wattle_client *c = NULL;
	int ret;

	*out = NULL;
	ret = open_opts(&o, opts, err, errsz);
	if (ret)
		return ret;

	if (o.backend != WATTLE_BACKEND_EMBEDDED) {
		ret = wattle_device_open(&c, o.device, note, sizeof(note));
		if (ret && (ret != -ENOENT || o.backend == WATTLE_BACKEND_DEVICE))
			return open_error(ret, err, errsz, "%s", note);
		if (!ret && o.backend == WATTLE_BACKEND_DEVICE)
			snprintf(note, sizeof(note), "%s was asked for and is there", o.device);
		else if (!ret)
			snprintf(note, sizeof(note), "%s is there", o.device);
	} else {
		snprintf(note, sizeof(note), "the embedded backend was asked for");
	}
	if (!c) {
		char why[WATTLE_REASON_MAX] = "";

		ret = wattle_embedded_open(&c, o.mode, why, sizeof(why));
		if (ret)
			return open_error(ret, err, errsz, "%s", why);
	}

	c->fork_epoch = wattle_fork_epoch();
	pthread_mutex_init(&c->pool_lock, NULL);
	snprintf(c->reason, sizeof(c->reason), "%s", note);
	snprintf(c->device, sizeof(c->device), "%s", o.device);
	ret = wattle_client__query(c, &c->limits);
	if (ret) {
		if (err && errsz)
			snprintf(err, errsz, "%s", wattle_client__error());
		wattle_client__close(c);
		return ret;
	}
	*out = c;
	return 0;
}

void wattle_client__close(struct wattle_client *c)
{
	if (!c)
		return;
	if (c->fork_epoch == wattle_fork_epoch())
		pthread_mutex_destroy(&c->pool_lock);
	c->ops->close(c);
}

enum wattle_backend wattle_client__backend(const struct wattle_client *c)
{
	return c->backend;
}

const char *wattle_client__backend_reason(const struct wattle_client *c)
{
	return c->reason;
}

int wattle_client__fd(const struct wattle_client *c)
{
	return c->fd;
}

int wattle_client_call(struct wattle_client *c, unsigned long cmd, void *arg)
{
	int ret = -EBADFD;

	if (c->backend == WATTLE_BACKEND_DEVICE || c->fork_epoch == wattle_fork_epoch())
		ret = c->ops->call(c, cmd, arg);
	return ret < 0 ? wattle_error_note(cmd, ret) : ret;
}

int wattle_client__query(struct wattle_client *c, struct wattle_query *q)
{
	memset(q, 0, sizeof(*q));
	q->size = sizeof(*q);
	return wattle_client_call(c, WATTLE_IOC_QUERY, q);
}

int wattle_client__queue_create(struct wattle_client *c, const char *name,
				const struct wattle_queue_params *p)
{
	struct wattle_queue_create q = { .size = sizeof(q) };
	size_t len = name ? strlen(name) : 0;
	int ret;

	if (len >= sizeof(q.name))
		return wattle_error_note(WATTLE_IOC_QUEUE_CREATE, -EINVAL);
	if (len)
		memcpy(q.name, name, len);
	if (p)
		q.params = *p;
	ret = wattle_client_call(c, WATTLE_IOC_QUEUE_CREATE, &q);
	return ret < 0 ? ret : (int)q.queue;
}

int wattle_client__queue_update(struct wattle_client *c, uint32_t queue, uint32_t mask,
				const struct wattle_queue_params *p)
{
	struct wattle_queue_update u = {
		.size = sizeof(u), .queue = queue, .mask = mask, .params = *p,
	};

	return wattle_client_call(c, WATTLE_IOC_QUEUE_UPDATE, &u);
}

/* A run that waits for batches which somebody withdrew must hear of it. */
static void tell_pool(struct wattle_client *c, uint32_t queue, uint64_t count)
{
	pthread_mutex_lock(&c->pool_lock);
	if (c->pool)
		wattle_pool_withdrawn(c->pool, queue, count);
	pthread_mutex_unlock(&c->pool_lock);
}

int wattle_client__queue_destroy(struct wattle_client *c, uint32_t queue)
{
	struct wattle_queue_destroy d = { .size = sizeof(d), .queue = queue };
	int ret = wattle_client_call(c, WATTLE_IOC_QUEUE_DESTROY, &d);

	if (!ret)
		tell_pool(c, queue, d.cancelled);
	return ret;
}

int wattle_client__attach(struct wattle_client *c, struct wattle_attach *a)
{
	if (c->backend != WATTLE_BACKEND_DEVICE)
		return wattle_error_note(WATTLE_IOC_ATTACH, -EOPNOTSUPP);
	a->size = sizeof(*a);
	return wattle_client_call(c, WATTLE_IOC_ATTACH, a);
}

int wattle_client__submit(struct wattle_client *c, uint32_t queue, const struct wattle_batch *b,
			  struct wattle_verdict *v, uint32_t count, uint32_t flags, uint32_t *bad)
{
	struct wattle_submit s = {
		.size = sizeof(s),
		.flags = flags,
		.queue = queue,
		.count = count,
		.batches = (uintptr_t)b,
		.verdicts = (uintptr_t)v,
		.batch_size = sizeof(*b),
		.verdict_size = v ? sizeof(*v) : 0,
	};
	int ret = wattle_client_call(c, WATTLE_IOC_SUBMIT, &s);

	if (bad)
		*bad = s.processed;
	return ret;
}

int wattle_client__next(struct wattle_client *c, struct wattle_next *n)
{
	n->size = sizeof(*n);
	return wattle_client_call(c, WATTLE_IOC_NEXT, n);
}

int wattle_client__complete(struct wattle_client *c, uint64_t token, uint32_t status)
{
	struct wattle_complete done = { .size = sizeof(done), .token = token, .status = status };

	return wattle_client_call(c, WATTLE_IOC_COMPLETE, &done);
}

int64_t wattle_client_cancel(struct wattle_client *c, uint32_t queue, uint64_t batch)
{
	struct wattle_cancel x = {
		.size = sizeof(x),
		.flags = batch ? 0 : WATTLE_CANCEL_ALL,
		.queue = queue,
		.batch = batch,
	};
	int ret = wattle_client_call(c, WATTLE_IOC_CANCEL, &x);

	return ret < 0 ? ret : (int64_t)x.cancelled;
}

int64_t wattle_client__cancel(struct wattle_client *c, uint32_t queue, uint64_t batch)
{
	int64_t ret = wattle_client_cancel(c, queue, batch);

	if (ret > 0)
		tell_pool(c, queue, (uint64_t)ret);
	return ret;
}

int wattle_client__queue_stats(struct wattle_client *c, uint32_t queue,
			       struct wattle_queue_stats *st)
{
	memset(st, 0, sizeof(*st));
	st->size = sizeof(*st);
	st->queue = queue;
	return wattle_client_call(c, WATTLE_IOC_QUEUE_STATS, st);
}

int wattle_client__power_set(struct wattle_client *c, struct wattle_power_model *m)
{
	m->size = sizeof(*m);
	return wattle_client_call(c, WATTLE_IOC_MODEL_SET, m);
}

int wattle_client__power_get(struct wattle_client *c, struct wattle_power_model *m)
{
	memset(m, 0, sizeof(*m));
	m->size = sizeof(*m);
	return wattle_client_call(c, WATTLE_IOC_MODEL_GET, m);
}

int wattle_client__power_clear(struct wattle_client *c)
{
	struct wattle_power_model m = { .size = sizeof(m), .flags = WATTLE_MODEL_CLEAR };

	return wattle_client_call(c, WATTLE_IOC_MODEL_SET, &m);
}

int wattle_client__events(struct wattle_client *c, struct wattle_event *ev, size_t max)
{
	int ret = -EBADFD;

	if (c->backend == WATTLE_BACKEND_DEVICE || c->fork_epoch == wattle_fork_epoch())
		ret = c->ops->events(c, ev, max);
	return ret < 0 ? wattle_error_note(0, ret) : ret;
}
