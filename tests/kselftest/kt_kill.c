// SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause
/*
 * kill -9 at random moments: a process of 8 workers and a submitter is killed
 * in the middle of whatever it does; its file is shared with this process, so
 * that the accounts can be read when it is gone: kt_kill [rounds].
 */
#include "harness.h"

#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <sys/mman.h>
#include <time.h>

#define WORKERS	8

static unsigned int rounds = 20;
static int fd, queue;
static unsigned int *progress;	/* shared: NEXT calls of the child that returned */

static void *victim_work(void *arg)
{
	struct wattle_next n;
	uint64_t prev = 0;

	if ((long)arg % 2)
		kt_pin((long)arg % sysconf(_SC_NPROCESSORS_ONLN));
	for (;;) {
		int err = kt_next(fd, prev, WATTLE_TIME_FOREVER, &n);

		if (err && err != -EINTR && err != -ESTALE)
			_exit(9);
		prev = err ? 0 : n.token;
		__atomic_add_fetch(progress, 1, __ATOMIC_RELAXED);
		if (prev && n.user_data % 3 == 0) {
			kt_complete(fd, prev);
			prev = 0;
		}
	}
	return NULL;
}

static void victim(void)
{
	struct wattle_batch b[64];
	pthread_t t;
	long i;

	for (i = 0; i < WORKERS; i++)
		pthread_create(&t, NULL, victim_work, (void *)i);
	for (;;) {
		struct wattle_cancel c = { .size = sizeof(c), .flags = WATTLE_CANCEL_ALL,
					   .queue = queue };
		struct wattle_queue_create qc = { .size = sizeof(qc) };
		struct wattle_queue_destroy qd = { .size = sizeof(qd) };
		struct wattle_queue_stats st = { .size = sizeof(st), .queue = queue };
		struct wattle_verdict v[64];

		memset(b, 0, sizeof(b));
		for (i = 0; i < 64; i++) {
			b[i].user_data = i;
			b[i].release_ns = i % 8 ? 0 : kt_now() + MS;
		}
		kt_submit_batches(fd, queue, b, 64, v);
		if (kt_rand() % 8 == 0)
			ioctl(fd, WATTLE_IOC_CANCEL, &c);
		if (!ioctl(fd, WATTLE_IOC_QUEUE_CREATE, &qc)) {
			kt_submit_batches(fd, qc.queue, b, 8, NULL);
			qd.queue = qc.queue;
			ioctl(fd, WATTLE_IOC_QUEUE_DESTROY, &qd);
		}
		ioctl(fd, WATTLE_IOC_QUEUE_STATS, &st);
	}
}

/* Kill after a random number of grants and then a random part of a millisecond. */
static void kill_at_random(pid_t pid)
{
	unsigned int want = __atomic_load_n(progress, __ATOMIC_RELAXED) + 1 + kt_rand() % 400;
	uint64_t end = kt_now() + 20 * SEC, spin;

	while ((int)(want - __atomic_load_n(progress, __ATOMIC_RELAXED)) > 0 && kt_now() < end)
		sched_yield();
	for (spin = kt_now() + kt_rand() % MS; kt_now() < spin;)
		;
	kill(pid, SIGKILL);
}

static void run(const char *mode)
{
	struct wattle_queue_params p = { .lease_ns = 50 * MS, .event_mask = WATTLE_EVENTS_ALL };
	struct wattle_queue_stats st;
	unsigned int i;
	int status;

	EXPECT_EQ(kt_mode(mode), 0);
	for (i = 0; i < rounds; i++) {
		struct wattle_next n = { .size = sizeof(n) };
		pid_t pid;

		fd = kt_open();
		queue = kt_queue(fd, &p);
		fflush(stdout);
		pid = fork();
		if (!pid)
			victim();
		kill_at_random(pid);
		EXPECT_EQ(waitpid(pid, &status, 0), pid);
		EXPECT(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
		/* All its threads are gone: so are their records and their grants. */
		EXPECT_EQ(kt_wait_sysfs("stats/workers", 0), 0);
		EXPECT_EQ(kt_stats(fd, queue, &st), 0);
		EXPECT_EQ(st.granted, 0);
		EXPECT(kt_identity(&st));
		/* What was queued is still there for others, in full. */
		for (n.prev_token = 0; !ioctl(fd, WATTLE_IOC_NEXT, &n); n.prev_token = n.token)
			;
		EXPECT_EQ(kt_stats(fd, queue, &st), 0);
		EXPECT(kt_identity(&st));
		EXPECT_EQ(st.granted, 0);
		close(fd);
		EXPECT_EQ(kt_wait_sysfs("stats/clients", 0), 0);
		EXPECT_EQ(kt_sysfs("stats/queued"), 0);
		EXPECT_EQ(kt_sysfs("stats/granted"), 0);
		EXPECT_EQ(kt_sysfs("stats/queues"), 0);
	}
}

static void test_observe(void)
{
	run("observe");
}

static void test_enforce(void)
{
	int f = open("/sys/class/misc/wattle/managed_cpus", O_WRONLY);

	EXPECT_EQ(write(f, "0-1\n", 4), 4);
	run("enforce");
	EXPECT_EQ(write(f, "\n", 1), 1);
	close(f);
	EXPECT_EQ(kt_mode("observe"), 0);
}

/* The file dies with the process: nobody else holds it. */
static void test_file_goes_too(void)
{
	unsigned int i;
	int status;

	for (i = 0; i < rounds; i++) {
		pid_t pid;

		fflush(stdout);
		pid = fork();
		if (!pid) {
			fd = kt_open();
			queue = kt_queue(fd, NULL);
			victim();
		}
		kill_at_random(pid);
		EXPECT_EQ(waitpid(pid, &status, 0), pid);
		EXPECT_EQ(kt_wait_sysfs("stats/clients", 0), 0);
		EXPECT_EQ(kt_wait_sysfs("stats/workers", 0), 0);
		EXPECT_EQ(kt_sysfs("stats/queues"), 0);
		EXPECT_EQ(kt_sysfs("stats/queued"), 0);
		EXPECT_EQ(kt_sysfs("stats/granted"), 0);
		EXPECT_EQ(kt_sysfs("stats/submitted"), kt_sysfs("stats/refused") +
			  kt_sysfs("stats/completed") + kt_sysfs("stats/cancelled") +
			  kt_sysfs("stats/aborted"));
	}
}

int main(int argc, char **argv)
{
	static const struct kt_case cases[] = {
		{ "killed, the file lives on: observe", test_observe },
		{ "killed, the file lives on: enforce", test_enforce },
		{ "killed with its file", test_file_goes_too },
	};

	if (argc > 1)
		rounds = strtoul(argv[1], NULL, 0);
	progress = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	printf("# %u rounds a case\n", rounds);
	return kt_run(cases, ARRAY_SIZE(cases));
}
