// SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause
/*
 * Many batches over 8 workers, each to be run exactly once, in every mode and
 * with the mode switched all the time: kt_count [batches]. Afterwards the same
 * with the workers pinned and all CPUs managed, so that enforce really gates.
 */
#include "harness.h"

#include <fcntl.h>
#include <pthread.h>

#define WORKERS	8
#define CHUNK	500

static unsigned int total = 50000;
static unsigned char *ran;
static int fd, queue[2];
static int pinned, stop, bad;

/* Two queues of different class and some deadlines, so that order is not arrival. */
static void *feed(void *arg)
{
	struct wattle_batch b[CHUNK];
	unsigned int i, done = 0, k;
	long r;

	(void)arg;
	while (done < total) {
		memset(b, 0, sizeof(b));
		for (i = 0; i < CHUNK && done + i < total; i++) {
			b[i].user_data = done + i;
			if (i % 3)
				b[i].deadline_ns = kt_now() + (1 + i % 17) * SEC;
			if (i % 5 == 0)
				b[i].stall_us = 1;
		}
		for (k = 0; k < i;) {
			r = kt_submit_batches(fd, queue[(done / CHUNK) & 1], b + k, i - k, NULL);
			/* A limit is met: what was taken is taken, the rest follows. */
			if (r < 0 && errno == EAGAIN) {
				sched_yield();
				continue;
			}
			if (r <= 0) {
				kt_fail(__FILE__, __LINE__, "SUBMIT: %ld %s", r, strerror(errno));
				bad = 1;
				return NULL;
			}
			k += r;
		}
		done += i;
	}
	return NULL;
}

static void *work(void *arg)
{
	long nr = (long)arg;
	struct wattle_next n;
	uint64_t prev = 0;
	int err;

	if (pinned && kt_pin(nr % sysconf(_SC_NPROCESSORS_ONLN)))
		bad = 1;
	for (;;) {
		err = kt_next(fd, prev, kt_now() + 200 * MS, &n);
		if (err == -ETIMEDOUT) {
			if (__atomic_load_n(&stop, __ATOMIC_ACQUIRE))
				return NULL;
			continue;
		}
		if (err || n.prev_result || n.user_data >= total) {
			kt_fail(__FILE__, __LINE__, "NEXT: %d, prev %d", err, n.prev_result);
			bad = 1;
			return NULL;
		}
		__atomic_add_fetch(&ran[n.user_data], 1, __ATOMIC_RELAXED);
		prev = n.token;
	}
}

static void *switch_modes(void *arg)
{
	static const char *const modes[] = { "off", "enforce", "observe", "enforce" };
	unsigned int i;

	(void)arg;
	for (i = 0; !__atomic_load_n(&stop, __ATOMIC_ACQUIRE); i++) {
		if (kt_mode(modes[i % 4])) {
			bad = 1;
			return NULL;
		}
		sched_yield();
	}
	printf("# %u mode switches\n", i);
	return NULL;
}

static int manage_all(int on)
{
	char cpus[32];
	int f = open("/sys/class/misc/wattle/managed_cpus", O_WRONLY), n, err;

	n = snprintf(cpus, sizeof(cpus), on ? "0-%ld\n" : "\n", sysconf(_SC_NPROCESSORS_ONLN) - 1);
	err = f < 0 || write(f, cpus, n) != n;
	close(f);
	return err;
}

static void run(const char *mode)
{
	struct wattle_queue_params p[2] = { { .max_inflight = 2000 },
					    { .class = WATTLE_CLASS_BACKGROUND } };
	struct wattle_queue_stats st[2];
	pthread_t t[WORKERS], feeder, switcher;
	unsigned long completed;
	unsigned int i, lost = 0, twice = 0;
	uint64_t end;

	memset(ran, 0, total);
	bad = 0;
	stop = 0;
	fd = kt_open();
	for (i = 0; i < 2; i++)
		queue[i] = kt_queue(fd, &p[i]);
	EXPECT_EQ(kt_mode(mode ? mode : "observe"), 0);
	for (i = 0; i < WORKERS; i++)
		EXPECT_EQ(pthread_create(&t[i], NULL, work, (void *)(long)i), 0);
	if (!mode)
		EXPECT_EQ(pthread_create(&switcher, NULL, switch_modes, NULL), 0);
	EXPECT_EQ(pthread_create(&feeder, NULL, feed, NULL), 0);
	pthread_join(feeder, NULL);
	/* All in: wait until all are through, then let the workers see an empty house. */
	end = kt_now() + 300 * SEC;
	do {
		EXPECT_EQ(kt_stats(fd, queue[0], &st[0]), 0);
		EXPECT_EQ(kt_stats(fd, queue[1], &st[1]), 0);
		for (i = 0; i < 2; i++)
			EXPECT(kt_identity(&st[i]));
		completed = st[0].completed + st[1].completed;
		sched_yield();
	} while (completed < total && !bad && kt_now() < end);
	__atomic_store_n(&stop, 1, __ATOMIC_RELEASE);
	for (i = 0; i < WORKERS; i++)
		pthread_join(t[i], NULL);
	if (!mode)
		pthread_join(switcher, NULL);
	EXPECT(!bad);
	EXPECT_EQ(completed, total);
	for (i = 0; i < total; i++) {
		lost += !ran[i];
		twice += ran[i] > 1;
	}
	EXPECT_EQ(lost, 0);
	EXPECT_EQ(twice, 0);
	for (i = 0; i < 2; i++) {
		EXPECT_EQ(kt_stats(fd, queue[i], &st[i]), 0);
		EXPECT(kt_identity(&st[i]));
		EXPECT_EQ(st[i].queued + st[i].granted + st[i].aborted + st[i].cancelled, 0);
	}
	EXPECT_EQ(kt_mode("observe"), 0);
	close(fd);
}

static void test_observe(void)
{
	run("observe");
}

static void test_off(void)
{
	run("off");
}

static void test_switching(void)
{
	run(NULL);
}

static void test_enforce_pinned(void)
{
	pinned = 1;
	EXPECT_EQ(manage_all(1), 0);
	run("enforce");
	EXPECT_EQ(manage_all(0), 0);
	pinned = 0;
}

static void test_switching_pinned(void)
{
	pinned = 1;
	EXPECT_EQ(manage_all(1), 0);
	run(NULL);
	EXPECT_EQ(manage_all(0), 0);
	pinned = 0;
}

int main(int argc, char **argv)
{
	static const struct kt_case cases[] = {
		{ "observe", test_observe },
		{ "off", test_off },
		{ "mode switches under load", test_switching },
		{ "enforce, pinned", test_enforce_pinned },
		{ "mode switches under load, pinned", test_switching_pinned },
	};

	if (argc > 1)
		total = strtoul(argv[1], NULL, 0);
	ran = malloc(total);
	if (!ran || !total)
		return 1;
	printf("# %u batches a case\n", total);
	return kt_run(cases, ARRAY_SIZE(cases));
}
