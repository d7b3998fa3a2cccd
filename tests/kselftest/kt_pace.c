// SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause
/*
 * Deadlines and the clock, in virtual time on the virtual platform: a queue with time to
 * spare runs lower, ends in time, and the platform's referee counts fewer joules than
 * for the same work at full speed. Simulated joules.
 */
#include "harness.h"

#include <pthread.h>
#include <stdbool.h>
#include <time.h>

#include "../platform/selftest/lib.h"

#define CPUS	4
#define FULL	3200000U
#define BATCHES	64U
#define KCYCLES	96000U			/* 30 ms at full speed */
#define WINDOW	(1500 * MS)
#define GAIN	0.97

struct round {
	const char	*mode;
	uint64_t	window_ns;	/* by when all is due */
	int		fd;
	int		queue;
	uint64_t	begin_ns;
	uint64_t	end_ns;		/* of the last batch */
	double		joules;
	double		mean_khz;	/* of the CPUs while they ran */
	struct wattle_queue_stats st;
	int		err;
};

struct worker {
	pthread_t	thread;
	struct round	*r;
	unsigned int	cpu;
	uint64_t	ended_ns;
	int		err;
};

static void *work(void *arg)
{
	struct worker *w = arg;
	struct round *r = w->r;
	struct wattle_next n = { 0 };
	int fd = pt_open();

	pt_pin(w->cpu);
	pt_task(fd, 1000, 0);
	while (!(w->err = kt_next(r->fd, n.token, r->begin_ns + WINDOW, &n))) {
		if (pt_work(fd, KCYCLES, 0) < 0)
			break;
		w->ended_ns = kt_now();
	}
	if (w->err == -ETIMEDOUT)
		w->err = 0;
	close(fd);
	return NULL;
}

static uint64_t limit_khz(unsigned int cpu)
{
	return pt_read_u64("/sys/devices/system/cpu/cpufreq/policy%u/scaling_max_freq", cpu);
}

static double joules(const struct pt_snapshot *s)
{
	unsigned int i;
	double sum = 0;

	for (i = 0; i < s->nr_packages; i++)
		sum += s->package[i].energy_nj / 1e9 + s->package[i].dram_nj / 1e9;
	return sum;
}

static void run(struct round *r)
{
	struct wattle_queue_params p = { .lease_ns = 10 * SEC };
	struct wattle_batch b[BATCHES];
	struct pt_snapshot before, after;
	struct worker w[CPUS];
	unsigned int i;

	memset(b, 0, sizeof(b));
	memset(w, 0, sizeof(w));
	r->err = kt_mode(r->mode);
	r->fd = kt_open();
	r->queue = kt_queue(r->fd, &p);
	pt_quiet();
	pt_snapshot(&before);
	r->begin_ns = kt_now();
	for (i = 0; i < BATCHES; i++) {
		b[i].user_data = i;
		b[i].work_kcycles = KCYCLES;
		b[i].deadline_ns = r->begin_ns + r->window_ns;
	}
	EXPECT_EQ(kt_submit_batches(r->fd, r->queue, b, BATCHES, NULL), BATCHES);
	for (i = 0; i < CPUS; i++) {
		w[i].r = r;
		w[i].cpu = i;
		pthread_create(&w[i].thread, NULL, work, &w[i]);
	}
	for (i = 0; i < CPUS; i++) {
		pthread_join(w[i].thread, NULL);
		r->err |= w[i].err;
		if (w[i].ended_ns > r->end_ns)
			r->end_ns = w[i].ended_ns;
	}
	pt_snapshot(&after);
	r->joules = joules(&after) - joules(&before);
	r->mean_khz = (double)BATCHES * KCYCLES / CPUS / (r->end_ns - r->begin_ns) * 1e9;
	EXPECT_EQ(kt_stats(r->fd, r->queue, &r->st), 0);
	close(r->fd);
	printf("# %s, due %.0f ms: took %.1f ms (%.2f GHz on the whole), %.3f J simulated, %llu late\n",
	       r->mode, r->window_ns / 1e6, (r->end_ns - r->begin_ns) / 1e6, r->mean_khz / 1e6,
	       r->joules, (unsigned long long)r->st.late);
}

/* All of it, in time, by the state machine's account and by this program's. */
static void in_time(const struct round *r)
{
	EXPECT_EQ(r->err, 0);
	EXPECT_EQ(r->st.completed, BATCHES);
	EXPECT_EQ(r->st.late, 0);
	EXPECT(r->end_ns <= r->begin_ns + r->window_ns);
}

static void test_loose(void)
{
	struct round fast = { .mode = "observe", .window_ns = 960 * MS };
	struct round slow = { .mode = "enforce", .window_ns = 960 * MS };

	run(&fast);
	in_time(&fast);
	run(&slow);
	in_time(&slow);
	EXPECT(slow.mean_khz < 0.75 * fast.mean_khz);
	EXPECT(slow.joules < GAIN * fast.joules);
	EXPECT_EQ(kt_mode("observe"), 0);
}

/* Little time to spare: so little is slowed. */
static void test_tight(void)
{
	struct round r = { .mode = "enforce", .window_ns = 560 * MS };

	run(&r);
	in_time(&r);
	EXPECT_EQ(kt_mode("observe"), 0);
}

/* What came too late to be in time runs as fast as it can. */
static void test_hopeless(void)
{
	struct round r = { .mode = "enforce", .window_ns = 300 * MS };

	run(&r);
	EXPECT_EQ(r.err, 0);
	EXPECT_EQ(r.st.completed, BATCHES);
	EXPECT(r.mean_khz > 0.95 * FULL);
	EXPECT_EQ(kt_mode("observe"), 0);
}

static int table(struct wattle_power_model *m)
{
	int fd = kt_open(), err = ioctl(fd, WATTLE_IOC_MODEL_SET, m) ? -errno : 0;

	close(fd);
	return err;
}

/* A power table says what slowness costs: how slow is worth it follows from that. */
static void test_table(void)
{
	/* Of 4.1 W only 0.1 W go with the clock: slow is dear. */
	struct wattle_power_model dear = {
		.size = sizeof(dear), .nr_opps = 2, .nr_idle = 1,
		.opp = { { 800000, 4000000 }, { 3200000, 4100000 } },
		.idle = { { 100000, 2, 2, 0 } },
	};
	/* Nothing is shared and voltage goes with the clock: the slowest is the cheapest. */
	struct wattle_power_model cheap = {
		.size = sizeof(cheap), .nr_opps = 3, .nr_idle = 1,
		.opp = { { 800000, 300000 }, { 1600000, 900000 }, { 3200000, 6000000 } },
		.idle = { { 100000, 2, 2, 0 } },
	};
	struct wattle_power_model none = { .size = sizeof(none), .flags = WATTLE_MODEL_CLEAR };
	struct round r = { .mode = "enforce", .window_ns = 1300 * MS }, s = r, t = r;

	EXPECT_EQ(table(&dear), 0);
	run(&r);
	in_time(&r);
	EXPECT(r.mean_khz > 0.95 * FULL);
	EXPECT_EQ(table(&cheap), 0);
	run(&s);
	in_time(&s);
	EXPECT(s.mean_khz < 0.47 * FULL);
	/* Without one half of the highest is as low as it goes. */
	EXPECT_EQ(table(&none), 0);
	run(&t);
	in_time(&t);
	EXPECT(t.mean_khz > 0.49 * FULL && t.mean_khz < 0.6 * FULL);
	EXPECT_EQ(kt_mode("observe"), 0);
}

/*
 * A cap outlives the grant that asked for it, for 10 ms; work that then comes and has no
 * time to spare does not wait for that.
 */
static void test_lingers(void)
{
	struct wattle_queue_params p = { .max_slowdown_pm = 1000, .lease_ns = 10 * SEC };
	struct wattle_batch slow = { .work_kcycles = KCYCLES };
	struct wattle_batch dated = { .work_kcycles = KCYCLES };
	struct wattle_next n = { 0 };
	int fd = kt_open(), pt = pt_open(), q;
	uint64_t from;

	pt_pin(1);
	EXPECT_EQ(kt_mode("enforce"), 0);
	q = kt_queue(fd, &p);
	EXPECT_EQ(kt_submit_batches(fd, q, &slow, 1, NULL), 1);
	EXPECT_EQ(kt_next(fd, 0, kt_now() + SEC, &n), 0);
	EXPECT(pt_work(pt, KCYCLES, 0) > 0);
	EXPECT(limit_khz(1) < FULL);
	EXPECT_EQ(kt_complete(fd, n.token), 0);
	from = kt_now();
	dated.deadline_ns = from + 36 * MS;
	EXPECT_EQ(kt_submit_batches(fd, q, &dated, 1, NULL), 1);
	/* Asleep, as virtual time gives a thread that is woken no turn before the next tick. */
	while (limit_khz(1) < FULL && kt_now() < from + SEC)
		usleep(100);
	printf("# free %.3f ms after the submission\n", (kt_now() - from) / 1e6);
	EXPECT(kt_now() - from < 5 * MS);
	EXPECT_EQ(kt_mode("observe"), 0);
	close(pt);
	close(fd);
}

int main(void)
{
	static const struct kt_case cases[] = {
		{ "time to spare is used, deadlines are met, fewer joules", test_loose },
		{ "little time to spare", test_tight },
		{ "too late: as fast as it can", test_hopeless },
		{ "a power table says how slow is worth it", test_table },
		{ "a cap that lingers yields to a deadline", test_lingers },
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
