// SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause
/*
 * The Nth allocation of each call fails, N = 1, 2, ... until the call needs no
 * more. A failed call has left nothing behind, and the next one works. Needs a
 * kernel with fault injection (the debug kernel); skips elsewhere.
 *
 * Loading the module is not among them: under failing allocations the kernel's
 * own module loader and tracing code warn, which ends a run as a failure.
 */
#include "harness.h"

#include <fcntl.h>
#include <pthread.h>

#define MANY	40	/* batches: more than are taken under one hold of the lock */
#define NTH_MAX	400

/* The file that makes this thread's Nth allocation fail. */
static int nth_fd = -1;

static int nth_open(void)
{
	return open("/proc/thread-self/fail-nth", O_RDWR);
}

static int write_file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY);
	ssize_t n;

	if (fd < 0)
		return -1;
	n = write(fd, text, strlen(text));
	close(fd);
	return n == (ssize_t)strlen(text) ? 0 : -1;
}

static void nth_arm(int fd, int n)
{
	char text[16];
	int len = snprintf(text, sizeof(text), "%d", n);

	if (pwrite(fd, text, len, 0) != len)
		kt_fail(__FILE__, __LINE__, "fail-nth takes no %d", n);
}

/* Disarms; did it fire? What is left of the count is not 0 if it did not. */
static int nth_fired(int fd)
{
	char text[16] = "";

	if (pread(fd, text, sizeof(text) - 1, 0) <= 0)
		kt_fail(__FILE__, __LINE__, "fail-nth cannot be read");
	nth_arm(fd, 0);
	return atoi(text) == 0;
}

/*
 * Calls @fn with its Nth allocation failing until none is left to fail; at
 * least one must have been. @fn returns 0 or -errno. @fresh, if there is one,
 * renews what @fn works on before each call.
 */
static void each_nth(int (*fn)(void *arg), void (*fresh)(void *arg), void *arg)
{
	int n, err, fired, failed = 0;

	for (n = 1; n <= NTH_MAX; n++) {
		if (fresh)
			fresh(arg);
		nth_arm(nth_fd, n);
		err = fn(arg);
		fired = nth_fired(nth_fd);
		if (err && !fired) {
			kt_fail(__FILE__, __LINE__, "%s with no allocation failing",
				strerrorname_np(-err));
			return;
		}
		if (err && err != -ENOMEM) {
			kt_fail(__FILE__, __LINE__, "allocation %d fails: %s", n,
				strerrorname_np(-err));
			return;
		}
		failed += !!err;
		if (!fired)
			break;
	}
	EXPECT(n <= NTH_MAX);
	EXPECT(failed > 0);
	EXPECT_EQ(fn(arg), 0);
}

static int do_open(void *arg)
{
	int fd = open("/dev/wattle", O_RDWR);

	(void)arg;
	if (fd < 0)
		return -errno;
	close(fd);
	return 0;
}

static void test_open(void)
{
	each_nth(do_open, NULL, NULL);
	EXPECT_EQ(kt_wait_sysfs("stats/clients", 0), 0);
}

/* The first queue of a file that wants events makes the ring. */
static void reopen(void *arg)
{
	int *fd = arg;

	close(*fd);
	*fd = kt_open();
}

static int do_queue(void *arg)
{
	struct wattle_queue_create c = {
		.size = sizeof(c),
		.params.event_mask = WATTLE_EVENTS_ALL,
	};
	int *fd = arg;

	return ioctl(*fd, WATTLE_IOC_QUEUE_CREATE, &c) ? -errno : 0;
}

static void test_queue_create(void)
{
	int fd = kt_open();

	each_nth(do_queue, reopen, &fd);
	close(fd);
	EXPECT_EQ(kt_wait_sysfs("stats/queues", 0), 0);
}

struct submission {
	int fd;
	int queue;
};

static int do_submit(void *arg)
{
	static const struct wattle_batch b[MANY];
	struct submission *s = arg;
	struct wattle_submit in = {
		.size = sizeof(in), .queue = s->queue, .count = MANY,
		.batches = (uintptr_t)b, .batch_size = sizeof(b[0]),
	};
	int n = ioctl(s->fd, WATTLE_IOC_SUBMIT, &in);

	if (n < 0)
		return -errno;
	return n == MANY ? 0 : -ERANGE;
}

static void test_submit(void)
{
	struct submission s = { .fd = kt_open() };
	struct wattle_queue_stats st;

	s.queue = kt_queue(s.fd, NULL);
	each_nth(do_submit, NULL, &s);
	EXPECT_EQ(kt_stats(s.fd, s.queue, &st), 0);
	EXPECT(kt_identity(&st));
	/* All or nothing: a call that failed for memory has queued none. */
	EXPECT_EQ(st.queued % MANY, 0);
	EXPECT(st.queued > 0);
	close(s.fd);
}

static int do_stats(void *arg)
{
	struct submission *s = arg;
	struct wattle_queue_stats st = { .size = sizeof(st), .queue = s->queue };

	return ioctl(s->fd, WATTLE_IOC_QUEUE_STATS, &st) ? -errno : 0;
}

static void test_stats(void)
{
	struct submission s = { .fd = kt_open() };

	s.queue = kt_queue(s.fd, NULL);
	each_nth(do_stats, NULL, &s);
	close(s.fd);
}

/* A thread's first NEXT makes its record: a new thread for each attempt. */
static void *next_thread(void *arg)
{
	struct submission *s = arg;
	struct wattle_next n = { .size = sizeof(n), .queue = s->queue };
	int fd = nth_open();
	long err;

	if (fd < 0)
		return (void *)(long)-ENODEV;
	nth_arm(fd, 1);
	err = ioctl(s->fd, WATTLE_IOC_NEXT, &n) ? -errno : 0;
	if (!nth_fired(fd))
		err = -ERANGE;
	if (err == -ENOMEM)
		err = ioctl(s->fd, WATTLE_IOC_NEXT, &n) ? -errno : 1;
	close(fd);
	return (void *)err;
}

static void test_next(void)
{
	struct submission s = { .fd = kt_open() };
	struct wattle_queue_stats st;
	pthread_t t;
	void *ret;

	s.queue = kt_queue(s.fd, NULL);
	EXPECT_EQ(kt_submit(s.fd, s.queue, 1, 1), 1);
	EXPECT_EQ(pthread_create(&t, NULL, next_thread, &s), 0);
	EXPECT_EQ(pthread_join(t, &ret), 0);
	/* First -ENOMEM with nothing granted, then the grant, lost with the thread. */
	EXPECT_EQ((long)ret, 1);
	EXPECT_EQ(kt_wait_sysfs("stats/workers", 0), 0);
	EXPECT_EQ(kt_stats(s.fd, s.queue, &st), 0);
	EXPECT_EQ(st.aborted, 1);
	EXPECT(kt_identity(&st));
	close(s.fd);
}

static int do_model_set(void *arg)
{
	struct wattle_power_model m = {
		.size = sizeof(m), .nr_opps = 1, .nr_idle = 1,
		.opp = { { 1000000, 1000000 } },
	};

	return ioctl(*(int *)arg, WATTLE_IOC_MODEL_SET, &m) ? -errno : 0;
}

static int do_model_get(void *arg)
{
	struct wattle_power_model m = { .size = sizeof(m) };

	return ioctl(*(int *)arg, WATTLE_IOC_MODEL_GET, &m) ? -errno : 0;
}

static void test_model(void)
{
	struct wattle_power_model clear = { .size = sizeof(clear), .flags = WATTLE_MODEL_CLEAR };
	int fd = kt_open();

	each_nth(do_model_set, NULL, &fd);
	each_nth(do_model_get, NULL, &fd);
	EXPECT_EQ(ioctl(fd, WATTLE_IOC_MODEL_SET, &clear), 0);
	close(fd);
}

/* Ended by whoever asks next, so that each call begins with nothing attached. */
static void detach(void *arg)
{
	struct submission *s = arg;
	struct wattle_attach a = { .size = sizeof(a), .queue = s->queue, .op = WATTLE_ATTACH_STOP };

	ioctl(s->fd, WATTLE_IOC_ATTACH, &a);
}

static int do_attach(void *arg)
{
	struct submission *s = arg;
	struct wattle_attach a = {
		.size = sizeof(a), .queue = s->queue, .op = WATTLE_ATTACH_PROCESS,
		.target = getpid(),
	};

	return ioctl(s->fd, WATTLE_IOC_ATTACH, &a) ? -errno : 0;
}

static int do_attach_again(void *arg)
{
	detach(arg);
	return do_attach(arg);
}

static void test_attach(void)
{
	struct submission s = { .fd = kt_open() };

	s.queue = kt_queue(s.fd, NULL);
	each_nth(do_attach_again, detach, &s);
	close(s.fd);
}

int main(void)
{
	static const struct kt_case cases[] = {
		{ "open", test_open },
		{ "QUEUE_CREATE", test_queue_create },
		{ "SUBMIT", test_submit },
		{ "QUEUE_STATS", test_stats },
		{ "a thread's first NEXT", test_next },
		{ "MODEL_SET and MODEL_GET", test_model },
		{ "ATTACH", test_attach },
	};

	nth_fd = nth_open();
	if (nth_fd < 0)
		kt_skip_all("this kernel has no fault injection (/proc/thread-self/fail-nth)");
	/* Sleeping allocations are spared unless told otherwise; a trace for each is no news. */
	if (write_file("/sys/kernel/debug/failslab/ignore-gfp-wait", "N") ||
	    write_file("/sys/kernel/debug/failslab/verbose", "0"))
		kt_skip_all("this kernel cannot fail slab allocations (/sys/kernel/debug/failslab)");
	write_file("/sys/kernel/debug/fail_page_alloc/verbose", "0");
	return kt_run(cases, ARRAY_SIZE(cases));
}
