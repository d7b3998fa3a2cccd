// SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause
/*
 * The guard, in virtual time on the virtual platform: who is slowed by more than it allows,
 * because it says wrongly what it does, is found out and runs free; who says rightly, and
 * who runs on a machine that something else throttles, is not.
 */
#include "harness.h"

#include <pthread.h>
#include <stdbool.h>

#include "../platform/selftest/lib.h"

#define CPUS	4
#define FULL	3200000U
#define KCYCLES	9600U			/* 3 ms at full speed */
#define WAIT	(10 * SEC)

struct job {
	struct wattle_batch	batch;		/* as it says */
	struct wattle_queue_params params;
	unsigned int		kcycles;	/* as it is */
	unsigned int		nr;
	uint64_t		due_in_ns;
	bool			rounds;		/* all CPUs begin each together */
};

static pthread_barrier_t together;

struct worker {
	pthread_t	thread;
	const struct job *job;
	unsigned int	cpu;
	int		fd;
	int		queue;
	int		err;
};

/* One client, one queue, one thread: its batches one after the other. */
static void *work(void *arg)
{
	struct worker *w = arg;
	const struct job *j = w->job;
	struct wattle_next n = { 0 };
	int pt = pt_open();
	unsigned int i;

	pt_pin(w->cpu);
	pt_task(pt, 1000, 0);
	/* In rounds nobody leaves the others waiting. */
	for (i = 0; i < j->nr && (j->rounds || !w->err); i++) {
		struct wattle_batch b = j->batch;

		if (j->rounds && n.token)
			w->err = kt_complete(w->fd, n.token);
		if (j->rounds) {
			n.token = 0;
			pthread_barrier_wait(&together);
		}
		b.user_data = i;
		b.deadline_ns = j->due_in_ns ? kt_now() + j->due_in_ns : 0;
		if (kt_submit_batches(w->fd, w->queue, &b, 1, NULL) != 1)
			w->err = -1;
		/* What it says is believed while no other has taken longer than it said. */
		if (j->rounds)
			pthread_barrier_wait(&together);
		if (!w->err)
			w->err = kt_next(w->fd, n.token, kt_now() + SEC, &n);
		if (!w->err && pt_work(pt, j->kcycles, 0) < 0)
			w->err = -2;
	}
	if (!w->err && n.token)
		w->err = kt_complete(w->fd, n.token);
	close(pt);
	return NULL;
}

static void start(struct worker *w, const struct job *j, unsigned int cpu)
{
	*w = (struct worker){ .job = j, .cpu = cpu, .fd = kt_open() };
	w->queue = kt_queue(w->fd, &j->params);
	pthread_create(&w->thread, NULL, work, w);
}

static void end(struct worker *w, struct wattle_queue_stats *st)
{
	pthread_join(w->thread, NULL);
	if (!w->err)
		w->err = kt_stats(w->fd, w->queue, st);
	printf("# %u batches: slowed by %u per mille, allowed %u; demoted %u, %llu times; %llu late\n",
	       w->job->nr, st->slowdown_pm, w->job->params.max_slowdown_pm, st->demoted,
	       (unsigned long long)st->demotions, (unsigned long long)st->late);
}

static const struct job honest = {
	.batch = { .work_kcycles = KCYCLES }, .params = { .max_slowdown_pm = 1000 },
	.kcycles = KCYCLES, .nr = 400,
};

/* Nearly all of it waits for memory, it says: 10 % is enough for the lowest clock there is. */
static const struct job liar = {
	.batch = { .work_kcycles = KCYCLES / 50, .stall_us = 2940 },
	.params = { .max_slowdown_pm = 100 }, .kcycles = KCYCLES, .nr = 200,
};

static void test_honest(void)
{
	struct wattle_queue_stats st = { 0 };
	struct worker w;

	EXPECT_EQ(kt_mode("enforce"), 0);
	start(&w, &honest, 3);
	end(&w, &st);
	EXPECT_EQ(w.err, 0);
	EXPECT_EQ(st.demotions, 0);
	EXPECT(st.slowdown_pm >= 900 && st.slowdown_pm <= 1050);
	close(w.fd);
	EXPECT_EQ(kt_mode("observe"), 0);
}

/* Beside an honest neighbour, who is none the worse; tried again later, with the same end. */
static void test_liar(void)
{
	struct wattle_queue_stats st = { 0 }, other = { 0 };
	struct worker w, neighbour;
	struct job more = liar;

	EXPECT_EQ(kt_mode("enforce"), 0);
	start(&neighbour, &honest, 2);
	start(&w, &liar, 3);
	end(&w, &st);
	end(&neighbour, &other);
	EXPECT_EQ(w.err, 0);
	EXPECT_EQ(neighbour.err, 0);
	EXPECT_EQ(st.demoted, 1);
	EXPECT_EQ(st.demotions, 1);
	EXPECT(st.slowdown_pm >= 2000);
	EXPECT_EQ(other.demotions, 0);
	/* Free from now on. */
	more.nr = 40;
	w.job = &more;
	work(&w);
	EXPECT_EQ(w.err, 0);
	EXPECT_EQ(pt_read_u64("/sys/devices/system/cpu/cpufreq/policy%u/scaling_max_freq", 3),
		  FULL);
	usleep((WAIT + SEC) / 1000);
	EXPECT_EQ(kt_stats(w.fd, w.queue, &st), 0);
	EXPECT_EQ(st.demotions, 1);
	more.nr = 200;
	work(&w);
	EXPECT_EQ(w.err, 0);
	EXPECT_EQ(kt_stats(w.fd, w.queue, &st), 0);
	EXPECT_EQ(st.demotions, 2);
	close(w.fd);
	close(neighbour.fd);
	EXPECT_EQ(kt_mode("observe"), 0);
}

/* Somebody halves the clock of all: slowed and free take as long, and nobody is blamed. */
static void test_throttled(void)
{
	struct wattle_queue_stats st = { 0 };
	struct job j = honest;
	struct worker w;
	unsigned int i;

	j.nr = 300;
	EXPECT_EQ(kt_mode("enforce"), 0);
	start(&w, &j, 3);
	for (i = 0; i < 9; i++) {
		EXPECT_EQ(-pt_write(i % 2 ? "3200000" : "1600000",
				    "/sys/devices/system/cpu/cpufreq/policy3/scaling_max_freq"), 0);
		usleep(150000);
	}
	EXPECT_EQ(-pt_write("3200000",
			    "/sys/devices/system/cpu/cpufreq/policy3/scaling_max_freq"), 0);
	end(&w, &st);
	EXPECT_EQ(w.err, 0);
	EXPECT_EQ(st.demotions, 0);
	close(w.fd);
	EXPECT_EQ(kt_mode("observe"), 0);
}

/* Takes nine times what it says: its promises are missed, and it is slowed no more. */
static void test_misses(void)
{
	static const struct job j = {
		.batch = { .work_kcycles = 32000 }, .kcycles = 288000, .nr = 40,
		.due_in_ns = 60 * MS, .rounds = true, .params = { .lease_ns = 5 * SEC },
	};
	struct wattle_queue_stats st[CPUS] = { 0 };
	struct worker w[CPUS];
	unsigned int i;

	EXPECT_EQ(kt_mode("enforce"), 0);
	pthread_barrier_init(&together, NULL, CPUS);
	for (i = 0; i < CPUS; i++)
		start(&w[i], &j, i);
	for (i = 0; i < CPUS; i++) {
		end(&w[i], &st[i]);
		EXPECT_EQ(w[i].err, 0);
	}
	for (i = 0; i < CPUS; i++) {
		EXPECT(st[i].demotions >= 1);
		close(w[i].fd);
	}
	EXPECT_EQ(kt_mode("observe"), 0);
}

/* All that is slowed takes too long: it is not the programs, and nothing is slowed any more. */
static void test_all(void)
{
	struct wattle_queue_stats st[CPUS] = { 0 };
	struct worker w[CPUS];
	uint64_t until;
	unsigned int i;
	char mode[32];

	EXPECT_EQ(kt_mode("enforce"), 0);
	for (i = 0; i < CPUS; i++)
		start(&w[i], &liar, i);
	for (i = 0; i < CPUS; i++)
		end(&w[i], &st[i]);
	until = kt_now() + SEC;
	do {
		usleep(10000);
		EXPECT(pt_read(mode, sizeof(mode), "/sys/class/misc/wattle/mode"));
	} while (strncmp(mode, "observe", 7) && kt_now() < until);
	EXPECT(!strncmp(mode, "observe", 7));
	for (i = 0; i < CPUS; i++)
		close(w[i].fd);
}

int main(void)
{
	static const struct kt_case cases[] = {
		{ "who says rightly what it does is slowed on", test_honest },
		{ "who does not is found out, and again later", test_liar },
		{ "a throttled machine is nobody's fault", test_throttled },
		{ "missed promises", test_misses },
		{ "all are found out: mode observe", test_all },
	};

	if (geteuid())
		kt_skip_all("needs root: it changes the mode");
	if (!kt_loaded("wattle_platform"))
		kt_skip_all("needs the virtual platform");
	if (pt_cpus() != CPUS || !pt_virtual_time())
		kt_skip_all("needs four CPUs in virtual time");
	pt_fix_khz(FULL);
	if (pt_write("0-3", "/sys/class/misc/wattle/managed_cpus"))
		return 1;
	return kt_run(cases, ARRAY_SIZE(cases));
}
