// SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause
/* A queue's energy: none before there is a meter, some of a quality after. */
#include "harness.h"

#include <pthread.h>

#define PLATFORM	"wattle_platform"

/* One batch that computes for @ns. */
static int run(int fd, int q, uint64_t ns)
{
	struct wattle_next n;
	uint64_t end;
	int err;

	if (kt_submit(fd, q, 1, 1) != 1)
		return -1;
	err = kt_next(fd, 0, 0, &n);
	if (err)
		return err;
	end = n.granted_ns + ns;
	while (kt_now() < end)
		;
	return kt_complete(fd, n.token);
}

static int query(int fd, struct wattle_query *q)
{
	*q = (struct wattle_query){ .size = sizeof(*q) };
	return ioctl(fd, WATTLE_IOC_QUERY, q) ? -errno : 0;
}

static void test_source_comes_late(void)
{
	struct wattle_queue_stats st;
	struct wattle_query now;
	int fd = kt_open(), q = kt_queue(fd, NULL);
	uint64_t end;

	EXPECT_EQ(run(fd, q, 20 * MS), 0);
	EXPECT_EQ(query(fd, &now), 0);
	EXPECT_EQ(now.energy_quality, WATTLE_QUALITY_NONE);
	EXPECT_EQ(now.energy_source[0], 0);
	EXPECT_EQ(kt_insmod(PLATFORM, ""), 0);
	EXPECT_EQ(query(fd, &now), 0);
	EXPECT_EQ(now.energy_quality, WATTLE_QUALITY_MEASURED);
	/* What ran before is unknown, which is not 0 uJ of some quality. */
	EXPECT_EQ(kt_stats(fd, q, &st), 0);
	EXPECT(st.run_ns >= 20 * MS);
	EXPECT_EQ(st.energy_quality, WATTLE_QUALITY_NONE);
	EXPECT_EQ(st.energy_uj, 0);

	/* Until a reading is far enough from the one before to tell: 10 s at most. */
	end = kt_now() + 10 * SEC;
	do {
		EXPECT_EQ(run(fd, q, 20 * MS), 0);
		EXPECT_EQ(kt_stats(fd, q, &st), 0);
	} while (!st.energy_uj && kt_now() < end);
	EXPECT_EQ(st.energy_quality, WATTLE_QUALITY_CPUTIME);
	EXPECT(st.energy_uj > 0);
	close(fd);
	EXPECT_EQ(kt_rmmod(PLATFORM), 0);
}

/* A thread with a grant on CPU 0; it computes for SHARED_NS, or sleeps until it is told. */
#define SHARED_NS	(600 * MS)

struct sharer {
	int		fd;
	int		queue;
	int		wake;		/* a pipe's end to sleep on, -1: compute */
	int		err;
};

static pthread_barrier_t all_granted;

static void *share(void *arg)
{
	struct sharer *s = arg;
	struct wattle_next n;
	uint64_t end;
	char c;

	s->err = kt_pin(0) ?: kt_next(s->fd, 0, 0, &n);
	pthread_barrier_wait(&all_granted);
	if (s->err)
		return NULL;
	if (s->wake >= 0)
		s->err = read(s->wake, &c, 1) == 1 ? 0 : -EIO;
	else
		for (end = kt_now() + SHARED_NS; kt_now() < end; )
			;
	s->err = kt_complete(s->fd, n.token) ?: s->err;
	return NULL;
}

/* Two that compute on one CPU have used half of it each, whoever held a grant; a sleeper none. */
static void test_shared_cpu(void)
{
	struct wattle_queue_stats st[3];
	struct sharer s[3];
	pthread_t t[3];
	int told[2], i;

	EXPECT_EQ(kt_insmod(PLATFORM, ""), 0);
	EXPECT_EQ(pipe(told), 0);
	EXPECT_EQ(pthread_barrier_init(&all_granted, NULL, 3), 0);
	for (i = 0; i < 3; i++) {
		s[i] = (struct sharer){ .fd = kt_open(), .wake = i == 2 ? told[0] : -1 };
		s[i].queue = kt_queue(s[i].fd, NULL);
		EXPECT_EQ(kt_submit(s[i].fd, s[i].queue, 1, 1), 1);
	}
	for (i = 0; i < 3; i++)
		EXPECT_EQ(pthread_create(&t[i], NULL, share, &s[i]), 0);
	EXPECT_EQ(pthread_join(t[0], NULL), 0);
	EXPECT_EQ(pthread_join(t[1], NULL), 0);
	EXPECT_EQ(write(told[1], "", 1), 1);
	EXPECT_EQ(pthread_join(t[2], NULL), 0);
	for (i = 0; i < 3; i++) {
		EXPECT_EQ(s[i].err, 0);
		EXPECT_EQ(kt_stats(s[i].fd, s[i].queue, &st[i]), 0);
		printf("# thread %d: %llu us with a grant, %llu us on a CPU, %llu uJ\n", i,
		       st[i].run_ns / 1000, st[i].cpu_ns / 1000, st[i].energy_uj);
		EXPECT(st[i].run_ns >= SHARED_NS);
		EXPECT_EQ(st[i].energy_quality, WATTLE_QUALITY_CPUTIME);
		close(s[i].fd);
	}
	for (i = 0; i < 2; i++) {
		EXPECT(st[i].cpu_ns > st[i].run_ns * 35 / 100);
		EXPECT(st[i].cpu_ns < st[i].run_ns * 65 / 100);
		EXPECT(st[i].energy_uj > 0);
	}
	EXPECT(st[2].cpu_ns < st[2].run_ns / 20);
	EXPECT(st[2].energy_uj < st[0].energy_uj / 10);
	close(told[0]);
	close(told[1]);
	EXPECT_EQ(kt_rmmod(PLATFORM), 0);
}

/* Batches far shorter than a tick: the time of each is known all the same. */
static void test_short_batches(void)
{
	struct wattle_queue_stats st;
	int fd = kt_open(), q, i, known = 0;

	for (i = 0; i < 20; i++) {
		q = kt_queue(fd, NULL);
		EXPECT_EQ(run(fd, q, MS / 2), 0);
		EXPECT_EQ(kt_stats(fd, q, &st), 0);
		known += st.cpu_ns >= st.run_ns * 8 / 10;
	}
	/* The others were preempted. */
	printf("# %d of 20 batches of 500 us have at least 80 %% of it as CPU time\n", known);
	EXPECT(known >= 12);
	close(fd);
}

int main(void)
{
	static const struct kt_case cases[] = {
		{ "the source comes after the work", test_source_comes_late },
		{ "threads that share a CPU share its time and energy", test_shared_cpu },
		{ "the time of batches shorter than a tick", test_short_batches },
	};

	if (geteuid())
		kt_skip_all("needs root: it loads modules");
	if (kt_loaded(PLATFORM))
		kt_skip_all("the platform is loaded already");
	return kt_run(cases, ARRAY_SIZE(cases));
}
