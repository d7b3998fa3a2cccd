// SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause
/*
 * Gates of managed CPUs open when nobody stands at them: a holder that overran
 * its lease in its sleep, a CPU that goes offline.
 */
#include "harness.h"

#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>

#define SYSFS	"/sys/class/misc/wattle/"
#define CPU	1
#define ONLINE	"/sys/devices/system/cpu/cpu1/online"

/* What follows is in mode enforce with CPU 1 managed. */
static int gates_on(void)
{
	return kt_put(SYSFS "managed_cpus", "1") ?: kt_mode("enforce");
}

static int gates_off(void)
{
	return kt_mode("observe") ?: kt_put(SYSFS "managed_cpus", "\n");
}

/*
 * A child that takes a grant on CPU 1, says so, and sleeps on it until it is
 * killed. Its pid, or -1.
 */
static pid_t holder(int fd)
{
	struct wattle_next n;
	int told[2], err = -1;
	pid_t pid;

	if (pipe(told))
		return -1;
	pid = fork();
	if (!pid) {
		err = kt_pin(CPU) ?: kt_next(fd, 0, 0, &n);
		if (write(told[1], &err, sizeof(err)) != sizeof(err) || err)
			_exit(1);
		for (;;)
			pause();
	}
	close(told[1]);
	if (read(told[0], &err, sizeof(err)) != sizeof(err) || err)
		kt_fail(__FILE__, __LINE__, "the holder got no grant: %d", err);
	close(told[0]);
	return err ? -1 : pid;
}

static void end(pid_t pid)
{
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

struct waiter {
	int		fd;
	int		tid;
	int		ret;
	struct wattle_next n;
};

static void *wait_for_cpu(void *arg)
{
	struct waiter *w = arg;

	w->ret = kt_pin(CPU);
	__atomic_store_n(&w->tid, gettid(), __ATOMIC_RELEASE);
	if (!w->ret)
		w->ret = kt_next(w->fd, 0, kt_now() + 30 * SEC, &w->n);
	if (!w->ret)
		w->ret = kt_complete(w->fd, w->n.token);
	return NULL;
}

static int start(struct waiter *w, pthread_t *t)
{
	if (pthread_create(t, NULL, wait_for_cpu, w))
		return -1;
	while (!__atomic_load_n(&w->tid, __ATOMIC_ACQUIRE))
		sched_yield();
	return kt_wait_asleep(w->tid);
}

/* It does not call in, but it does not compute either: 30 s are not needed. */
static void test_sleeping_overrun(void)
{
	struct wattle_queue_params p = { .lease_ns = 20 * MS };
	int fd = kt_open(), q = kt_queue(fd, &p);
	struct waiter w = { .fd = fd };
	struct wattle_queue_stats st;
	pthread_t t;
	pid_t pid;

	EXPECT_EQ(gates_on(), 0);
	EXPECT_EQ(kt_submit(fd, q, 1, 2), 2);
	pid = holder(fd);
	EXPECT(pid > 0);
	/* On a slow machine the holder may have left before the waiter asks: not waited for. */
	EXPECT_EQ(pthread_create(&t, NULL, wait_for_cpu, &w), 0);
	EXPECT_EQ(pthread_join(t, NULL), 0);
	end(pid);
	EXPECT_EQ(w.ret, 0);
	EXPECT_EQ(w.n.user_data, 2);
	EXPECT_EQ(kt_stats(fd, q, &st), 0);
	EXPECT_EQ(st.lease_expired, 1);
	EXPECT_EQ(st.completed, 1);
	EXPECT(kt_identity(&st));
	EXPECT_EQ(gates_off(), 0);
	close(fd);
}

/* The holder's lease is long; the waiter is let go because the CPU is. */
static void test_offline(void)
{
	struct wattle_queue_params p = { .lease_ns = 40 * SEC };
	int fd = kt_open(), q = kt_queue(fd, &p), err;
	struct waiter w = { .fd = fd };
	struct wattle_queue_stats st;
	pthread_t t;
	pid_t pid;

	if (access(ONLINE, W_OK)) {
		kt_skip("CPU 1 cannot be taken offline here");
		close(fd);
		return;
	}
	EXPECT_EQ(gates_on(), 0);
	EXPECT_EQ(kt_submit(fd, q, 1, 2), 2);
	pid = holder(fd);
	EXPECT(pid > 0);
	EXPECT_EQ(start(&w, &t), 0);
	EXPECT_EQ(kt_stats(fd, q, &st), 0);
	EXPECT_EQ(st.granted, 1);
	EXPECT_EQ(kt_put(ONLINE, "0"), 0);
	EXPECT_EQ(pthread_join(t, NULL), 0);
	err = kt_put(ONLINE, "1");
	end(pid);
	EXPECT_EQ(err, 0);
	EXPECT_EQ(w.ret, 0);
	EXPECT_EQ(w.n.user_data, 2);
	EXPECT_EQ(gates_off(), 0);
	close(fd);
}

static int stranger_token;

static void *complete_only(void *arg)
{
	stranger_token = kt_complete(*(int *)arg, 1ULL << 40 | 1);
	return NULL;
}

/* A thread that only completes is told so without becoming a worker. */
static void test_complete_makes_no_worker(void)
{
	int fd = kt_open();
	long long before = kt_sysfs("stats/workers");
	pthread_t t;

	EXPECT_EQ(kt_complete(fd, 1ULL << 40 | 1), -ESTALE);
	EXPECT_EQ(pthread_create(&t, NULL, complete_only, &fd), 0);
	EXPECT_EQ(pthread_join(t, NULL), 0);
	EXPECT_EQ(stranger_token, -ESTALE);
	EXPECT_EQ(kt_complete(fd, 1ULL << 40 | 1), -ESTALE);
	EXPECT_EQ(kt_sysfs("stats/workers"), before);
	close(fd);
}

int main(void)
{
	static const struct kt_case cases[] = {
		{ "COMPLETE makes no worker", test_complete_makes_no_worker },
		{ "a holder that overran its lease in its sleep has left", test_sleeping_overrun },
		{ "a managed CPU goes offline: who waits for it is let go", test_offline },
	};

	if (geteuid())
		kt_skip_all("needs root: it changes the mode and takes a CPU offline");
	if (sysconf(_SC_NPROCESSORS_ONLN) < 2)
		kt_skip_all("needs two CPUs");
	return kt_run(cases, ARRAY_SIZE(cases));
}
