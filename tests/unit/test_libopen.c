// SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause
/* Opening a client: which backend, and every way it can go wrong. */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "lib/internal.h"

/*
 * A module of another ABI is played by /dev/null with this in front of ioctl();
 * linked with --wrap=ioctl.
 */
static struct {
	int		err;
	uint32_t	major;
	uint32_t	event_size;
} fake;

int __real_ioctl(int fd, unsigned long cmd, void *arg);
int __wrap_ioctl(int fd, unsigned long cmd, void *arg);

int __wrap_ioctl(int fd, unsigned long cmd, void *arg)
{
	struct wattle_query *q = arg;

	if (cmd != WATTLE_IOC_QUERY || (!fake.err && !fake.major))
		return __real_ioctl(fd, cmd, arg);
	if (fake.err) {
		errno = fake.err;
		return -1;
	}
	q->abi_major = fake.major;
	q->abi_minor = 7;
	q->max_vector = 16;
	q->event_size = fake.event_size;
	return 0;
}

static int try_open(enum wattle_backend backend, const char *device, struct wattle_client **c,
		    char err[256])
{
	struct wattle_client_opts o = { .sz = sizeof(o), .backend = backend, .device = device };

	err[0] = '\0';
	return wattle_client__open(c, &o, err, 256);
}

static void expect_error(enum wattle_backend backend, const char *device, int want,
			 const char *what, const char *cure)
{
	struct wattle_client *c = (void *)1;
	char err[256];

	assert_int_equal(try_open(backend, device, &c, err), want);
	assert_null(c);
	assert_non_null(strstr(err, what));
	assert_non_null(strstr(err, cure));
	assert_string_equal(err, wattle_client__error());
}

static void no_device_means_embedded_and_says_so(void **state)
{
	struct wattle_client *c;
	char err[256];

	(void)state;
	assert_int_equal(try_open(WATTLE_BACKEND_AUTO, "/nonexistent/wattle", &c, err), 0);
	assert_int_equal(wattle_client__backend(c), WATTLE_BACKEND_EMBEDDED);
	assert_non_null(strstr(wattle_client__backend_reason(c), "/nonexistent/wattle"));
	assert_non_null(strstr(wattle_client__backend_reason(c), "not loaded"));
	wattle_client__close(c);
	expect_error(WATTLE_BACKEND_DEVICE, "/nonexistent/wattle", -ENOENT,
		     "there is no /nonexistent/wattle", "modprobe wattle");
}

static void embedded_when_asked_for(void **state)
{
	struct wattle_client *c;
	struct wattle_query q;
	char err[256];

	(void)state;
	assert_int_equal(try_open(WATTLE_BACKEND_EMBEDDED, NULL, &c, err), 0);
	assert_int_equal(wattle_client__backend(c), WATTLE_BACKEND_EMBEDDED);
	assert_non_null(strstr(wattle_client__backend_reason(c), "asked for"));
	assert_int_equal(wattle_client__query(c, &q), 0);
	assert_int_equal(q.mode, WATTLE_MODE_ENFORCE);
	wattle_client__close(c);
}

static void embedded_modes(void **state)
{
	struct wattle_client_opts o = { .sz = sizeof(o), .backend = WATTLE_BACKEND_EMBEDDED };
	struct wattle_client *c;
	struct wattle_query q;

	(void)state;
	o.mode = WATTLE_MODE_OBSERVE;
	assert_int_equal(wattle_client__open(&c, &o, NULL, 0), 0);
	assert_int_equal(wattle_client__query(c, &q), 0);
	assert_int_equal(q.mode, WATTLE_MODE_OBSERVE);
	wattle_client__close(c);
	o.mode = 0xffffffffU;
	assert_int_equal(wattle_client__open(&c, &o, NULL, 0), 0);
	assert_int_equal(wattle_client__query(c, &q), 0);
	assert_int_equal(q.mode, WATTLE_MODE_ENFORCE);
	wattle_client__close(c);
	o.mode = WATTLE_MODE_ADVISE;
	assert_int_equal(wattle_client__open(&c, &o, NULL, 0), -EINVAL);
}

static void something_else_is_no_device(void **state)
{
	(void)state;
	/* Present but wrong is an error even where embedded would do. */
	expect_error(WATTLE_BACKEND_AUTO, "/dev/null", -EPROTO, "not a wattle device", "path");
	expect_error(WATTLE_BACKEND_AUTO, "/", -EISDIR, "cannot be opened", "directory");
}

static void another_abi_is_an_error(void **state)
{
	struct wattle_client *c;
	char err[256];

	(void)state;
	fake.major = WATTLE_ABI_MAJOR + 1;
	expect_error(WATTLE_BACKEND_AUTO, "/dev/null", -EPROTO, "speaks ABI 2.7, libwattle 1.0",
		     "one release");
	fake.major = 0;
	fake.err = E2BIG;
	expect_error(WATTLE_BACKEND_AUTO, "/dev/null", -EPROTO, "QUERY failed", "one release");
	fake.err = 0;

	/* A newer minor only adds. */
	fake.major = WATTLE_ABI_MAJOR;
	fake.event_size = sizeof(struct wattle_event);
	assert_int_equal(try_open(WATTLE_BACKEND_AUTO, "/dev/null", &c, err), 0);
	assert_int_equal(wattle_client__backend(c), WATTLE_BACKEND_DEVICE);
	assert_non_null(strstr(wattle_client__backend_reason(c), "/dev/null"));
	wattle_client__close(c);
	memset(&fake, 0, sizeof(fake));
}

/* Exit code of a child that runs @f as nobody. */
static int as_nobody(void (*f)(void))
{
	int status;
	pid_t pid = fork();

	if (!pid) {
		if (!geteuid() && (setgroups(0, NULL) || setgid(65534) || setuid(65534)))
			_exit(99);
		f();
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128;
}

static char locked[] = "/tmp/wattle-test-XXXXXX";

static void open_locked(void)
{
	struct wattle_client *c;
	char err[256];
	int ret = try_open(WATTLE_BACKEND_AUTO, locked, &c, err);

	if (ret != -EACCES)
		_exit(1);
	if (!strstr(err, "permission denied") || !strstr(err, "usermod"))
		_exit(2);
}

static void no_permission_is_an_error(void **state)
{
	int fd = mkstemp(locked);

	(void)state;
	assert_true(fd >= 0);
	assert_int_equal(fchmod(fd, 0), 0);
	assert_int_equal(as_nobody(open_locked), 0);
	close(fd);
	unlink(locked);
}

static void options_of_other_releases(void **state)
{
	struct {
		struct wattle_client_opts	o;
		uint64_t			later;
	} big = { .o = { .sz = sizeof(big), .backend = WATTLE_BACKEND_EMBEDDED } };
	struct wattle_client_opts o = { .sz = 0 };
	struct wattle_client *c;
	char err[256];

	(void)state;
	assert_int_equal(wattle_client__open(&c, &o, err, sizeof(err)), -EINVAL);
	assert_non_null(strstr(err, "sizeof"));
	o.sz = sizeof(o);
	o.backend = 3;
	assert_int_equal(wattle_client__open(&c, &o, err, sizeof(err)), -EINVAL);
	assert_int_equal(wattle_client__open(&c, &big.o, err, sizeof(err)), 0);
	wattle_client__close(c);
	big.later = 1;
	assert_int_equal(wattle_client__open(&c, &big.o, err, sizeof(err)), -E2BIG);
	/* An older program's struct ends sooner; what it does not have is 0. */
	o.sz = offsetof(struct wattle_client_opts, device);
	o.backend = WATTLE_BACKEND_EMBEDDED;
	o.device = (const char *)1;
	assert_int_equal(wattle_client__open(&c, &o, err, sizeof(err)), 0);
	wattle_client__close(c);
	wattle_client__close(NULL);
}

static struct wattle_client *parents;
static struct wattle_pool *parents_pool;

static int no_batch(void *ctx, uint64_t user_data, unsigned int worker)
{
	(void)ctx;
	(void)user_data;
	(void)worker;
	return 0;
}

/* Returns when every worker of the pool is in it. */
static int meet(void *ctx, uint64_t user_data, unsigned int worker)
{
	atomic_uint *arrived = ctx;

	(void)user_data;
	(void)worker;
	atomic_fetch_add(arrived, 1);
	while (atomic_load(arrived) < wattle_pool__nr_workers(parents_pool))
		sched_yield();
	return 0;
}

/*
 * Sees to it that all threads of the client are past their start: a sanitizer's
 * own locks, held by a starting thread, do not survive a fork.
 */
static void settle(uint32_t queue)
{
	unsigned int i, n = wattle_pool__nr_workers(parents_pool);
	struct wattle_batch *b = calloc(n, sizeof(*b));
	atomic_uint arrived = 0;

	assert_non_null(b);
	for (i = 0; i < n; i++)
		b[i].release_ns = wattle_now_ns() + 1000000;	/* the timer's part */
	assert_int_equal(wattle_pool__run(parents_pool, queue, b, n, meet, &arrived, NULL), 0);
	free(b);
}

static void use_parents(void)
{
	struct wattle_batch b = { .user_data = 1 };
	struct wattle_next n = { .flags = 0 };
	struct wattle_client *own;
	char err[256];

	if (wattle_client__next(parents, &n) != -EBADFD)
		_exit(1);
	if (!strstr(wattle_client__error(), "fork"))
		_exit(2);
	if (wattle_pool__run(parents_pool, 1, &b, 1, no_batch, NULL, NULL) != -EBADFD)
		_exit(3);
	wattle_pool__free(parents_pool);
	wattle_client__close(parents);
	/* A client of the child's own works, on a thread that was a worker in the parent. */
	if (try_open(WATTLE_BACKEND_EMBEDDED, NULL, &own, err))
		_exit(4);
	if (wattle_client__next(own, &n) != -ETIMEDOUT)
		_exit(5);
	if (wattle_client__queue_create(own, "q", NULL) < 1)
		_exit(6);
	wattle_client__close(own);
}

static void forked_child_cannot_use_the_parents(void **state)
{
	struct wattle_next n = { .flags = 0 };
	struct wattle_batch b = { .user_data = 1 };
	char err[256];
	int q;

	(void)state;
	assert_int_equal(try_open(WATTLE_BACKEND_EMBEDDED, NULL, &parents, err), 0);
	q = wattle_client__queue_create(parents, "q", NULL);
	assert_true(q > 0);
	assert_int_equal(wattle_client__next(parents, &n), -ETIMEDOUT);
	assert_int_equal(wattle_pool__new(&parents_pool, parents, NULL), 0);
	settle((uint32_t)q);
	assert_int_equal(as_nobody(use_parents), 0);
	/* And the parent's go on. */
	assert_int_equal(wattle_pool__run(parents_pool, (uint32_t)q, &b, 1, no_batch, NULL, NULL),
			 0);
	wattle_pool__free(parents_pool);
	wattle_client__close(parents);
}

/* A thread's records in several clients, closed and reopened in any order. */
static void one_thread_in_many_clients(void **state)
{
	struct wattle_client *c[8];
	struct wattle_batch b = { .user_data = 1 };
	struct wattle_next n;
	char err[256];
	int q[8], i, k;

	(void)state;
	for (i = 0; i < 8; i++) {
		assert_int_equal(try_open(WATTLE_BACKEND_EMBEDDED, NULL, &c[i], err), 0);
		q[i] = wattle_client__queue_create(c[i], "q", NULL);
	}
	for (k = 0; k < 64; k++) {
		i = (k * 5) % 8;
		b.user_data = (uint64_t)k;
		assert_int_equal(wattle_client__submit(c[i], (uint32_t)q[i], &b, NULL, 1, 0, NULL),
				 1);
		memset(&n, 0, sizeof(n));
		assert_int_equal(wattle_client__next(c[i], &n), 0);
		assert_int_equal(n.user_data, k);
		assert_int_equal(wattle_client__complete(c[i], n.token, 0), 0);
		if (k % 3)
			continue;
		wattle_client__close(c[i]);
		assert_int_equal(try_open(WATTLE_BACKEND_EMBEDDED, NULL, &c[i], err), 0);
		q[i] = wattle_client__queue_create(c[i], "q", NULL);
	}
	for (i = 0; i < 8; i++)
		wattle_client__close(c[i]);
}

/* Events of a newer module, longer by a field, are read from a file of them. */
static void longer_events_are_cut(void **state)
{
	struct {
		struct wattle_event	ev;
		uint64_t		later;
	} sent[200];
	char path[] = "/tmp/wattle-events-XXXXXX", err[256];
	int fd = mkstemp(path), i, n, got = 0;
	struct wattle_event ev[150];
	struct wattle_client *c;

	(void)state;
	memset(sent, 0xff, sizeof(sent));
	for (i = 0; i < 200; i++)
		sent[i].ev = (struct wattle_event){ .size = sizeof(sent[0]), .type = 1,
						    .user_data = (uint64_t)i + 1 };
	assert_int_equal(write(fd, sent, sizeof(sent)), sizeof(sent));
	close(fd);
	fake.major = WATTLE_ABI_MAJOR;
	fake.event_size = sizeof(sent[0]);
	assert_int_equal(try_open(WATTLE_BACKEND_DEVICE, path, &c, err), 0);
	assert_int_equal(wattle_client__events(c, ev, 1), 1);
	assert_int_equal(ev[0].user_data, ++got);
	while ((n = wattle_client__events(c, ev, 150)) > 0)
		for (i = 0; i < n; i++)
			assert_int_equal(ev[i].user_data, ++got);
	assert_int_equal(n, 0);
	assert_int_equal(got, 200);
	wattle_client__close(c);

	/* Shorter ones than ever were, and sizes that cannot be. */
	fake.event_size = sizeof(ev[0]) - 8;
	expect_error(WATTLE_BACKEND_DEVICE, path, -EPROTO, "events of", "from one release");
	fake.event_size = 1U << 30;
	expect_error(WATTLE_BACKEND_DEVICE, path, -EPROTO, "events of", "from one release");
	memset(&fake, 0, sizeof(fake));
	unlink(path);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(no_device_means_embedded_and_says_so),
		cmocka_unit_test(embedded_when_asked_for),
		cmocka_unit_test(embedded_modes),
		cmocka_unit_test(something_else_is_no_device),
		cmocka_unit_test(another_abi_is_an_error),
		cmocka_unit_test(no_permission_is_an_error),
		cmocka_unit_test(options_of_other_releases),
		cmocka_unit_test(forked_child_cannot_use_the_parents),
		cmocka_unit_test(one_thread_in_many_clients),
		cmocka_unit_test(longer_events_are_cut),
	};

	return cmocka_run_group_tests_name("opening a client", tests, NULL, NULL);
}
