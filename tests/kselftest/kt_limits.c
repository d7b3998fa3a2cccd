// SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause
/*
 * Limits of queue, client, user and machine with an errno each, two users
 * against each other, and who may do what. Loads wattle.ko with small limits.
 */
#include "harness.h"

#include <fcntl.h>
#include <grp.h>
#include <pthread.h>
#include <sys/stat.h>

#define LIMITS	"max_batches=30 max_batches_per_user=20 max_batches_per_queue=15 "	\
		"max_queues=6 max_queues_per_user=4 max_queues_per_client=3 "		\
		"max_clients=5 max_clients_per_user=3 max_workers_per_client=2"
#define ALICE	30001
#define BOB	30002

static long submit(int fd, int queue, unsigned int n)
{
	static const struct wattle_batch b[32];

	return kt_submit_batches(fd, queue, b, n, NULL);
}

static void test_queue_limit(void)
{
	struct wattle_queue_params p = { .max_inflight = 2 };
	int fd = kt_open(), q = kt_queue(fd, NULL), r = kt_queue(fd, &p);
	struct wattle_next n;

	/* A short count, then an errno: all that was taken is in. */
	EXPECT_EQ(submit(fd, r, 3), 2);
	EXPECT_ERR(submit(fd, r, 1), EAGAIN);
	/* A running batch counts; its end makes room. */
	EXPECT_EQ(kt_next(fd, 0, 0, &n), 0);
	EXPECT_ERR(submit(fd, r, 1), EAGAIN);
	EXPECT_EQ(kt_complete(fd, n.token), 0);
	EXPECT_EQ(submit(fd, r, 2), 1);
	EXPECT_EQ(submit(fd, q, 20), 15);	/* the module's limit per queue */
	close(fd);
}

static void test_user_limit(void)
{
	int a = kt_open(), b = kt_open(), p = kt_queue(a, NULL), q = kt_queue(b, NULL);

	EXPECT_EQ(submit(a, p, 15), 15);
	EXPECT_EQ(submit(b, q, 15), 5);
	EXPECT_ERR(submit(b, q, 1), EDQUOT);
	/* With the other file go its batches. */
	close(a);
	EXPECT_EQ(kt_wait_sysfs("stats/clients", 1), 0);
	EXPECT_EQ(submit(b, q, 1), 1);
	close(b);
}

static int other_user(void)
{
	int fd = kt_open(), q = kt_queue(fd, NULL);

	/* 20 of root's 20 do not count here, but the machine's 30 do. */
	if (submit(fd, q, 10) != 10)
		return 1;
	if (submit(fd, q, 1) >= 0 || errno != ENOSPC)
		return 2;
	return 0;
}

static void test_global_limit(void)
{
	int a = kt_open(), b = kt_open(), p = kt_queue(a, NULL), q = kt_queue(b, NULL);

	EXPECT_EQ(submit(a, p, 15), 15);
	EXPECT_EQ(submit(b, q, 5), 5);
	EXPECT_EQ(kt_as_user(ALICE, other_user), 0);
	close(a);
	close(b);
}

static long create(int fd)
{
	struct wattle_queue_create c = { .size = sizeof(c) };

	return ioctl(fd, WATTLE_IOC_QUEUE_CREATE, &c);
}

static int other_user_queues(void)
{
	int fd = kt_open();

	if (create(fd) || create(fd))
		return 1;
	return create(fd) < 0 && errno == ENFILE ? 0 : 2;
}

static void test_queues(void)
{
	int a = kt_open(), b = kt_open(), i;

	for (i = 0; i < 3; i++)
		EXPECT_EQ(create(a), 0);
	EXPECT_ERR(create(a), EMFILE);
	EXPECT_EQ(create(b), 0);
	EXPECT_ERR(create(b), EUSERS);
	EXPECT_EQ(kt_as_user(ALICE, other_user_queues), 0);
	close(a);
	close(b);
}

static int other_user_clients(void)
{
	int i, fd;

	for (i = 0; i < 2; i++) {
		if (open("/dev/wattle", O_RDWR) < 0)
			return 1;
	}
	fd = open("/dev/wattle", O_RDWR);
	return fd < 0 && errno == ENFILE ? 0 : 2;
}

static void test_clients(void)
{
	int fd[3], i;

	for (i = 0; i < 3; i++) {
		fd[i] = kt_open();
		EXPECT(fd[i] >= 0);
	}
	EXPECT_ERR(open("/dev/wattle", O_RDWR), EUSERS);
	EXPECT_EQ(kt_as_user(ALICE, other_user_clients), 0);
	for (i = 0; i < 3; i++)
		close(fd[i]);
}

static int worker_fd;

static void *ask(void *arg)
{
	struct wattle_next n;

	(void)arg;
	return (void *)(long)-kt_next(worker_fd, 0, 0, &n);
}

static void test_workers(void)
{
	struct wattle_next n;
	pthread_t t;
	void *err;
	int i;

	worker_fd = kt_open();
	EXPECT_EQ(kt_next(worker_fd, 0, 0, &n), -ETIMEDOUT);
	/* A thread that is gone gives its place to the next. */
	for (i = 0; i < 10; i++) {
		EXPECT_EQ(pthread_create(&t, NULL, ask, NULL), 0);
		pthread_join(t, &err);
		EXPECT_EQ((long)err, ETIMEDOUT);
		EXPECT_EQ(kt_wait_sysfs("stats/workers", 1), 0);
	}
	{
		pid_t pid = fork();
		int st;

		if (!pid) {
			/* The parent's record and the child's make two. */
			if (ask(NULL) != (void *)ETIMEDOUT)
				_exit(1);
			if (pthread_create(&t, NULL, ask, NULL))
				_exit(2);
			pthread_join(t, &err);
			_exit((long)err == EMFILE ? 0 : 3);
		}
		EXPECT_EQ(waitpid(pid, &st, 0), pid);
		EXPECT_EQ(st, 0);
	}
	close(worker_fd);
}

static int latency_class(void)
{
	struct wattle_queue_create c = { .size = sizeof(c),
					 .params = { .class = WATTLE_CLASS_LATENCY } };
	struct wattle_queue_update u = { .size = sizeof(u), .mask = WATTLE_UPDATE_CLASS };
	int fd = kt_open();

	if (!ioctl(fd, WATTLE_IOC_QUEUE_CREATE, &c) || errno != EPERM)
		return 1;
	u.queue = kt_queue(fd, NULL);
	u.params.class = WATTLE_CLASS_LATENCY;
	if (!ioctl(fd, WATTLE_IOC_QUEUE_UPDATE, &u) || errno != EPERM)
		return 2;
	return 0;
}

static void test_latency_needs_cap(void)
{
	EXPECT_EQ(kt_as_user(ALICE, latency_class), 0);
}

static int no_sysfs(void)
{
	int mode = open("/sys/class/misc/wattle/mode", O_WRONLY);
	int cpus = open("/sys/class/misc/wattle/managed_cpus", O_WRONLY);

	if (mode >= 0 || cpus >= 0)
		return 1;
	return kt_sysfs("stats/submitted") >= 0 ? 0 : 2;	/* reading is for all */
}

static void test_mode_is_for_root(void)
{
	EXPECT_EQ(kt_as_user(ALICE, no_sysfs), 0);
}

static int may_not_open(void)
{
	return open("/dev/wattle", O_RDWR) < 0 && errno == EACCES ? 0 : 1;
}

static void test_node_mode(void)
{
	struct stat st;

	EXPECT_EQ(chmod("/dev/wattle", 0660), 0);
	EXPECT_EQ(kt_as_user(BOB, may_not_open), 0);
	EXPECT_EQ(chmod("/dev/wattle", 0666), 0);
	EXPECT_EQ(stat("/dev/wattle", &st), 0);
	EXPECT(S_ISCHR(st.st_mode));
}

/* Charged is who opened the file, whoever uses it after. */
static int inherited_fd;

static int use_inherited(void)
{
	int q = kt_queue(inherited_fd, NULL);

	return submit(inherited_fd, q, 15) == 15 ? 0 : 1;
}

static void test_opener_is_charged(void)
{
	int own, q;

	inherited_fd = kt_open();
	EXPECT_EQ(kt_as_user(ALICE, use_inherited), 0);
	own = kt_open();
	q = kt_queue(own, NULL);
	EXPECT_EQ(submit(own, q, 15), 5);	/* of root's 20 */
	close(own);
	close(inherited_fd);
}

int main(void)
{
	static const struct kt_case cases[] = {
		{ "batches of a queue: short count, EAGAIN", test_queue_limit },
		{ "batches of a user: EDQUOT", test_user_limit },
		{ "batches in all: ENOSPC, two users", test_global_limit },
		{ "queues: EMFILE, EUSERS, ENFILE", test_queues },
		{ "clients: EUSERS, ENFILE", test_clients },
		{ "workers: EMFILE, places come back", test_workers },
		{ "latency class needs CAP_SYS_NICE", test_latency_needs_cap },
		{ "mode and CPUs are for root, statistics for all", test_mode_is_for_root },
		{ "the node's permissions hold", test_node_mode },
		{ "who opened the file is charged", test_opener_is_charged },
	};
	int err = kt_reload(LIMITS), ret;

	if (err) {
		printf("1..0 # SKIP cannot load build/kmod/*/wattle.ko here: %s\n", strerror(-err));
		return 77;
	}
	if (chmod("/dev/wattle", 0666))
		return 1;
	ret = kt_run(cases, ARRAY_SIZE(cases));
	kt_reload("");
	return ret;
}
