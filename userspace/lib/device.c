// SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause
/* The device backend: /dev/wattle. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "internal.h"

#define EVENT_SIZE_MAX	1024	/* a module that tells more is not believed */

static int device_call(struct wattle_client *c, unsigned long cmd, void *arg)
{
	int type, ret;

	if (cmd != WATTLE_IOC_NEXT) {
		ret = ioctl(c->fd, cmd, arg);
		return ret < 0 ? -errno : ret;
	}
	/*
	 * NEXT may sleep for ever, so it is a cancellation point. ioctl(2) is
	 * none; asynchronous cancellation for the length of the call makes it
	 * one. The kernel takes back or aborts what the thread held.
	 */
	pthread_setcanceltype(PTHREAD_CANCEL_ASYNCHRONOUS, &type);
	ret = ioctl(c->fd, cmd, arg);
	pthread_setcanceltype(type, NULL);
	return ret < 0 ? -errno : ret;
}

static int device_read(struct wattle_client *c, void *buf, size_t size)
{
	ssize_t n = read(c->fd, buf, size);

	if (n < 0)
		return errno == EAGAIN ? 0 : -errno;
	return (int)n;
}

/* A newer module's events have more at their end than we know of: cut that off. */
static int device_long_events(struct wattle_client *c, struct wattle_event *ev, size_t max)
{
	const size_t size = c->limits.event_size;
	char buf[4096];
	int n, i;

	if (max > sizeof(buf) / size)
		max = sizeof(buf) / size;
	n = device_read(c, buf, max * size);
	if (n < 0)
		return n;
	n /= (int)size;
	for (i = 0; i < n; i++)
		memcpy(&ev[i], buf + (size_t)i * size, sizeof(*ev));
	return n;
}

static int device_events(struct wattle_client *c, struct wattle_event *ev, size_t max)
{
	int n;

	if (!max)
		return 0;
	if (max > 65536)
		max = 65536;
	if (c->limits.event_size != sizeof(*ev))
		return device_long_events(c, ev, max);
	n = device_read(c, ev, max * sizeof(*ev));
	return n < 0 ? n : n / (int)sizeof(*ev);
}

static void device_close(struct wattle_client *c)
{
	close(c->fd);
	free(c);
}

static const struct wattle_backend_ops device_ops = {
	.call	= device_call,
	.events	= device_events,
	.close	= device_close,
};

static int open_failed(int err, const char *path, char *buf, size_t size)
{
	switch (err) {
	case ENOENT:
		snprintf(buf, size, "there is no %s: the wattle module is not loaded; load it with "
			 "`modprobe wattle`", path);
		return -ENOENT;
	case ENXIO:
	case ENODEV:
		snprintf(buf, size, "%s is there but no driver answers: the wattle module is not "
			 "loaded; load it with `modprobe wattle`", path);
		return -ENOENT;
	case EACCES:
	case EPERM:
		snprintf(buf, size, "%s: permission denied; join the group that owns it "
			 "(`usermod -aG wattle $USER`, then log in again), run as root, or choose "
			 "the embedded backend", path);
		return -EACCES;
	case EUSERS:
		snprintf(buf, size, "%s: this user has as many clients open as one user may; close "
			 "some, or have the administrator raise the module's limit", path);
		return -err;
	case ENFILE:
		snprintf(buf, size, "%s: as many clients are open as the module takes in all; "
			 "close some, or have the administrator raise its limit", path);
		return -err;
	default:
		snprintf(buf, size, "%s: cannot be opened: %s", path, strerror(err));
		return -err;
	}
}

/* Is this wattle, and do we speak the same ABI? */
static int check_abi(int fd, const char *path, char *buf, size_t size)
{
	struct wattle_query q = { .size = sizeof(q) };

	if (ioctl(fd, WATTLE_IOC_QUERY, &q) < 0) {
		if (errno == ENOTTY)
			snprintf(buf, size, "%s is not a wattle device (it does not know QUERY); "
				 "give the path of the right one", path);
		else
			snprintf(buf, size, "%s: QUERY failed: %s; the module and libwattle "
				 "(ABI %d.%d) do not fit, install both from one release", path,
				 strerror(errno), WATTLE_ABI_MAJOR, WATTLE_ABI_MINOR);
		return -EPROTO;
	}
	if (q.abi_major != WATTLE_ABI_MAJOR) {
		snprintf(buf, size, "%s speaks ABI %u.%u, libwattle %d.%d; install module and "
			 "library from one release", path, q.abi_major, q.abi_minor,
			 WATTLE_ABI_MAJOR, WATTLE_ABI_MINOR);
		return -EPROTO;
	}
	if (q.event_size < sizeof(struct wattle_event) || q.event_size > EVENT_SIZE_MAX) {
		snprintf(buf, size, "%s has events of %u bytes, libwattle knows %zu to %d; install "
			 "module and library from one release", path, q.event_size,
			 sizeof(struct wattle_event), EVENT_SIZE_MAX);
		return -EPROTO;
	}
	return 0;
}

int wattle_device_open(struct wattle_client **out, const char *path, char *err, size_t errsz)
{
	struct wattle_client *c;
	int fd, ret;

	/* O_NONBLOCK concerns read() alone: events are fetched, not waited for. */
	fd = open(path, O_RDWR | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0)
		return open_failed(errno, path, err, errsz);
	ret = check_abi(fd, path, err, errsz);
	if (ret)
		goto close_fd;
	c = calloc(1, sizeof(*c));
	if (!c) {
		snprintf(err, errsz, "%s: out of memory", path);
		ret = -ENOMEM;
		goto close_fd;
	}
	c->ops = &device_ops;
	c->backend = WATTLE_BACKEND_DEVICE;
	c->fd = fd;
	*out = c;
	return 0;

close_fd:
	close(fd);
	return ret;
}
