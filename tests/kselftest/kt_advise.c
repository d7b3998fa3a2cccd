// SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause
/*
 * Mode advise, in virtual time on the virtual platform: no clock is touched, and what
 * enforce would have come to is what it comes to.
 */
#include "harness.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>

#include "../platform/selftest/lib.h"

#define CPUS	4
#define FULL	3200000U
#define HALF	1600000U
#define KCYCLES	32000U			/* 10 ms at full speed */
#define BATCHES	60

struct worker {
	pthread_t	thread;
	unsigned int	cpu;
	int		fd;
	int		queue;
	unsigned int	nr;
	unsigned int	kcycles;
	uint64_t	due_in_ns;
	bool		silent;		/* says nothing of what it takes */
	atomic_uint	done;
	uint64_t	run_ns;
	int		err;
};

static void *work(void *arg)
{
	struct worker *w = arg;
	struct wattle_next n = { 0 };
	int pt = pt_open();
	unsigned int i;

	pt_pin(w->cpu);
	pt_task(pt, 1000, 0);
	for (i = 0; i < w->nr && !w->err; i++) {
		struct wattle_batch b = { .user_data = i, .work_kcycles = w->kcycles };
		uint64_t began;

		if (w->silent)
			b.work_kcycles = 0;
		b.deadline_ns = w->due_in_ns ? kt_now() + w->due_in_ns : 0;
		if (kt_submit_batches(w->fd, w->queue, &b, 1, NULL) != 1)
			w->err = -1;
		if (!w->err)
			w->err = kt_next(w->fd, n.token, kt_now() + SEC, &n);
		began = kt_now();
		if (!w->err && pt_work(pt, w->kcycles, 0) < 0)
			w->err = -2;
		w->run_ns += kt_now() - began;
		w->done++;
	}
	if (!w->err && n.token)
		w->err = kt_complete(w->fd, n.token);
	close(pt);
	return NULL;
}

static void start(struct worker *w, unsigned int cpu)
{
	struct wattle_queue_params p = { .max_slowdown_pm = w->due_in_ns ? 0 : 1000 };

	w->cpu = cpu;
	w->kcycles = w->kcycles ? w->kcycles : KCYCLES;
	w->fd = kt_open();
	w->queue = kt_queue(w->fd, &p);
	pthread_create(&w->thread, NULL, work, w);
}

static void end(struct worker *w)
{
	pthread_join(w->thread, NULL);
	EXPECT_EQ(w->err, 0);
}

static uint64_t limit(unsigned int cpu)
{
	return pt_read_u64("/sys/devices/system/cpu/cpufreq/policy%u/scaling_max_freq", cpu);
}

/* A number of wattle advise -j, the first of that name; -1 when there is none. */
static double advice(const char *key)
{
	static char text[16384];
	FILE *p = popen("build/wattle advise -j", "r");
	char want[64];
	char *at, *tail;
	double x;
	size_t n;

	if (!p)
		return -1;
	n = fread(text, 1, sizeof(text) - 1, p);
	text[n] = '\0';
	pclose(p);
	snprintf(want, sizeof(want), "\"%s\":", key);
	at = strstr(text, want);
	if (!at)
		return -1;
	x = strtod(at + strlen(want), &tail);
	return tail > at + strlen(want) ? x : -1;
}

static void set_table(void)
{
	struct wattle_power_model m = {
		.size = sizeof(m), .nr_opps = 3, .nr_idle = 1, .flags = WATTLE_MODEL_SIMULATED,
		.shared_uw = 3000000, .shared_idle_uw = 1000000,
		.name = "by hand",
		.opp = { { 800000, 1000000 }, { HALF, 2000000 }, { FULL, 8000000 } },
		.idle = { { 500000, 2, 2, 0 } },
	};
	int fd = kt_open();

	EXPECT_EQ(ioctl(fd, WATTLE_IOC_MODEL_SET, &m) ? -errno : 0, 0);
	close(fd);
}

static bool near(double x, double want, double share)
{
	bool ok = x >= want * (1 - share) && x <= want * (1 + share);

	if (!ok)
		printf("# %g, not %g\n", x, want);
	return ok;
}

static bool untouched(struct worker *w)
{
	while (w->done < w->nr && !w->err) {
		if (limit(w->cpu) != FULL)
			return false;
		usleep(20000);
	}
	return true;
}

/* Twice the time would have been allowed: 2 W twice as long beside 2 W shared, not 8 W. */
static void test_slowdown(void)
{
	struct worker w = { .nr = BATCHES };
	double t;

	EXPECT_EQ(kt_mode("advise"), 0);
	EXPECT(advice("run_seconds") < 0);
	start(&w, 3);
	EXPECT(untouched(&w));
	end(&w);
	t = w.run_ns / 1e9;
	EXPECT(near(advice("run_seconds"), t, 0.05));
	EXPECT(near(advice("slower_percent"), 100, 0.05));
	EXPECT(advice("saved_joules") < 0);	/* nobody has given a power table */
	close(w.fd);
	EXPECT_EQ(kt_mode("observe"), 0);
}

static void test_saved(void)
{
	struct worker w = { .nr = BATCHES }, silent = { .nr = BATCHES, .silent = true };
	double run_s = advice("run_seconds"), t;

	set_table();
	EXPECT_EQ(kt_mode("advise"), 0);
	start(&w, 3);
	start(&silent, 2);
	EXPECT(untouched(&w));
	end(&w);
	end(&silent);
	t = w.run_ns / 1e9;
	EXPECT(near(advice("run_seconds"), run_s + t, 0.05));
	EXPECT(near(advice("unknown_seconds"), silent.run_ns / 1e9, 0.05));
	EXPECT(near(advice("spent_joules"), t * 8.5, 0.05));
	/* What is shared, two share. */
	EXPECT(near(advice("saved_joules"), t * (8.5 - (4 + 1)), 0.10));
	close(w.fd);
	close(silent.fd);
	EXPECT_EQ(kt_mode("observe"), 0);
}

/* Deadlines four times as far as the work is long, and that long enough to be worth it. */
static void test_dated(void)
{
	double run_s = advice("run_seconds"), saved_j = advice("saved_joules"), t = 0;
	struct worker w[CPUS] = { 0 };
	struct wattle_queue_stats st;
	unsigned int i;

	EXPECT_EQ(kt_mode("advise"), 0);
	for (i = 0; i < CPUS; i++) {
		w[i].nr = BATCHES;
		w[i].kcycles = 3 * KCYCLES;
		w[i].due_in_ns = 120 * MS;
		start(&w[i], i);
	}
	EXPECT(untouched(&w[0]));
	for (i = 0; i < CPUS; i++) {
		end(&w[i]);
		t += w[i].run_ns / 1e9;
		EXPECT_EQ(kt_stats(w[i].fd, w[i].queue, &st), 0);
		EXPECT_EQ(st.late, 0);
	}
	EXPECT(near(advice("run_seconds"), run_s + t, 0.05));
	EXPECT(advice("saved_joules") > saved_j);
	for (i = 0; i < CPUS; i++)
		close(w[i].fd);
	EXPECT_EQ(kt_mode("observe"), 0);
}

/* From acting to advising nothing stays held, and back it is held again; work goes on. */
static void test_switch(void)
{
	struct worker w = { .nr = 10 * BATCHES };
	uint64_t until;
	unsigned int i;

	EXPECT_EQ(kt_mode("enforce"), 0);
	start(&w, 3);
	for (i = 0; i < 4; i++) {
		until = kt_now() + SEC;
		while (limit(3) != HALF && kt_now() < until)
			usleep(1000);
		EXPECT_EQ(limit(3), HALF);
		EXPECT_EQ(kt_mode("advise"), 0);
		EXPECT_EQ(limit(3), FULL);
		usleep(50000);
		EXPECT_EQ(limit(3), FULL);
		EXPECT_EQ(kt_mode("enforce"), 0);
	}
	end(&w);
	close(w.fd);
	EXPECT_EQ(kt_mode("observe"), 0);
	EXPECT_EQ(limit(3), FULL);
}

int main(void)
{
	static const struct kt_case cases[] = {
		{ "a slowdown, reckoned and not inflicted", test_slowdown },
		{ "its joules, by the power table", test_saved },
		{ "deadlines", test_dated },
		{ "to enforce and back", test_switch },
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
