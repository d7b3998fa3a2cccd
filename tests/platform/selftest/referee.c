// SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause
/*
 * The referee against a hand integration: the same laws written once more, in
 * floating point, over this program's own timeline. Also what must hold whatever
 * the laws are: sums agree, time is conserved, hidden facts are hidden and differ.
 */
#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "lib.h"

#define CPU	1
#define MAX_GHZ	3.2

/* Volts at a frequency: straight lines between the points of Documentation/design. */
static double volts(double ghz)
{
	static const double f[] = { 0.8, 1.6, 2.4, 3.2, 3.6 };
	static const double v[] = { 0.70, 0.82, 0.96, 1.15, 1.30 };
	int i;

	for (i = 1; i < 4 && ghz > f[i]; i++)
		;
	return v[i - 1] + (v[i] - v[i - 1]) * (ghz - f[i - 1]) / (f[i] - f[i - 1]);
}

static double leakage_w(double ghz)
{
	return 0.5 * pow(volts(ghz), 3);
}

static double stalled(double stall, double ghz)
{
	return stall * ghz / ((1 - stall) * MAX_GHZ + stall * ghz);
}

static double core_w(double activity, double stall, double ghz)
{
	return activity * (1 - 0.55 * stalled(stall, ghz)) * 1.4e-9 * pow(volts(ghz), 2) *
	       ghz * 1e9 + leakage_w(ghz);
}

#define C6_W		0.05
#define UNCORE_RUN_W	9.0
#define DRAM_RUN_W	2.2
#define UNCORE_TRAFFIC_W 1.5
#define DRAM_TRAFFIC_W	4.0

struct job {
	unsigned int activity_pm;
	double own_ms, stall_ms;	/* at 3.2 GHz */
	double khz;
};

struct figures {
	double core_j, package_j, dram_j, run_s, window_s;
};

static struct pt_snapshot before, after;

static struct figures run_job(int fd, const struct job *j)
{
	struct figures f;
	uint64_t t0, t1;

	pt_fix_khz(j->khz);
	pt_task(fd, j->activity_pm, 0);
	pt_quiet();
	pt_snapshot(&before);
	t0 = pt_now_ns();
	if (pt_work(fd, j->own_ms * 3200000 / 1000, j->stall_ms * 1000) < 0)
		tap_bail("work failed");
	t1 = pt_now_ns();
	pt_snapshot(&after);
	f.run_s = (t1 - t0) / 1e9;
	f.window_s = (after.now_ns - before.now_ns) / 1e9;
	f.core_j = (after.cpu[CPU].energy_nj - before.cpu[CPU].energy_nj) / 1e9;
	f.package_j = (after.package[0].energy_nj - before.package[0].energy_nj) / 1e9;
	f.dram_j = (after.package[0].dram_nj - before.package[0].dram_nj) / 1e9;
	return f;
}

static void test_job(int fd, const struct job *j)
{
	double ghz = j->khz / 1e6;
	double stall = j->stall_ms / (j->own_ms + j->stall_ms);
	double x = stalled(stall, ghz);
	struct figures f = run_job(fd, j);
	/* Around the work: a snapshot read, a few hundred us of this very task. */
	double run_s = f.window_s;
	double core = core_w(j->activity_pm / 1000.0, stall, ghz) * run_s;
	double package = core + (UNCORE_RUN_W + UNCORE_TRAFFIC_W * x) * run_s +
			 (before.nr_cpus - 1) * C6_W * f.window_s;
	double dram = (DRAM_RUN_W + DRAM_TRAFFIC_W * x) * run_s;

	tap_near(f.run_s, j->own_ms / 1e3 * MAX_GHZ / ghz + j->stall_ms / 1e3, 0.02,
		 "activity %u, stall %.2f, %.1f GHz: s", j->activity_pm, stall, ghz);
	tap_near(f.core_j, core, 0.02, "core, J");
	tap_near(f.package_j, package, 0.02, "package, J");
	tap_near(f.dram_j, dram, 0.02, "DRAM, J");
}

struct switcher {
	unsigned int cpu;
	uint64_t at_ns;
};

static void *switch_down(void *arg)
{
	struct switcher *s = arg;
	const struct timespec wait = { .tv_nsec = 150000000 };

	pt_pin(s->cpu);
	nanosleep(&wait, NULL);
	pt_fix_khz(800000);
	s->at_ns = pt_now_ns();
	return NULL;
}

/* 3.2 GHz until another CPU lowers it: two pieces, split where that CPU saw it. */
static void test_two_pieces(int fd)
{
	struct switcher s = { .cpu = 0 };
	double fast_s, slow_s, want;
	pthread_t thread;
	uint64_t t1;

	pt_fix_khz(3200000);
	pt_task(fd, 1200, 0);
	pt_quiet();
	pthread_create(&thread, NULL, switch_down, &s);
	pt_snapshot(&before);
	if (pt_work(fd, 300 * 3200, 0) < 0)
		tap_bail("work failed");
	t1 = pt_now_ns();
	pt_snapshot(&after);
	pthread_join(thread, NULL);
	fast_s = (s.at_ns - before.now_ns) / 1e9;
	slow_s = (t1 - s.at_ns) / 1e9;
	want = core_w(1.2, 0, 3.2) * fast_s + core_w(1.2, 0, 0.8) * slow_s;
	tap_near(slow_s, (0.300 - fast_s) * 4, 0.03, "what was left took four times as long, s");
	tap_near((after.cpu[CPU].energy_nj - before.cpu[CPU].energy_nj) / 1e9, want, 0.02,
		 "3.2 to 0.8 GHz on the way, core, J");
}

static void test_idle_power(void)
{
	const struct timespec second = { .tv_sec = 1 };
	double window, want;

	pt_quiet();
	pt_snapshot(&before);
	nanosleep(&second, NULL);
	pt_snapshot(&after);
	window = (after.now_ns - before.now_ns) / 1e9;
	/* Everything in C6 but for the few wake-ups: uncore 1.8 W, DRAM 0.5 W. */
	want = (before.nr_cpus * C6_W + 1.8) * window;
	tap_near((after.package[0].energy_nj - before.package[0].energy_nj) / 1e9, want, 0.05,
		 "an idle second, package, J");
	tap_near((after.package[0].dram_nj - before.package[0].dram_nj) / 1e9, 0.5 * window, 0.05,
		 "an idle second, DRAM, J");
}

static void test_sums(void)
{
	static struct pt_snapshot s;
	uint64_t core = 0, traffic = 0, states, sum0 = 0;
	bool time_ok = true, freq_ok = true;
	unsigned int cpu, i;

	pt_reset();
	pt_quiet();
	pt_snapshot(&s);
	for (cpu = 0; cpu < s.nr_cpus; cpu++) {
		const struct pt_cpu *c = &s.cpu[cpu];

		core += c->energy_nj;
		traffic += c->traffic_nj;
		for (states = 0, i = 0; i < PT_NR_STATES; i++)
			states += c->state_ns[i];
		if (!cpu)
			sum0 = states;
		/* The resets and reads of two CPUs are microseconds apart. */
		time_ok &= states + 1000000 > sum0 && states < sum0 + 1000000;
		freq_ok &= c->freq_ns == states && c->freq_run_ns == c->state_ns[PT_RUN];
	}
	tap_ok(time_ok, "every CPU accounts for the same time");
	tap_ok(freq_ok, "time by frequency and by state are the same time");
	/* The package line is read a moment before the CPUs' lines. */
	tap_near(core, s.package[0].core_nj, 0.001, "the cores' energies make the package's, nJ");
	tap_ok(s.package[0].energy_nj == s.package[0].core_nj + s.package[0].uncore_nj,
	       "core and uncore make the package");
	tap_ok(traffic <= s.package[0].uncore_nj, "traffic is part of the uncore");
	tap_ok(s.package[0].energy_nj > 0, "reset starts from zero, and it goes on");
	pt_reset();
	pt_snapshot(&s);
	tap_ok(s.cpu[CPU].energy_nj < 10000000, "reset forgets (%llu nJ)",
	       (unsigned long long)s.cpu[CPU].energy_nj);
}

/* Energy of the same work in a process of its own, named @name. */
static double hidden_w(const char *name)
{
	pid_t pid;

	pt_snapshot(&before);
	pid = fork();
	if (!pid) {
		prctl(PR_SET_NAME, name);
		_exit(pt_work(pt_open(), 100 * 3200, 0) < 0);
	}
	waitpid(pid, NULL, 0);
	pt_snapshot(&after);
	return (after.cpu[CPU].energy_nj - before.cpu[CPU].energy_nj) /
	       (double)(after.cpu[CPU].state_ns[PT_RUN] - before.cpu[CPU].state_ns[PT_RUN]);
}

static void test_hidden_activity(void)
{
	double w, least = INFINITY, most = 0;
	char name[16];
	bool inside = true;
	int i;

	pt_fix_khz(3200000);
	pt_quiet();
	for (i = 0; i < 8; i++) {
		snprintf(name, sizeof(name), "hidden%d", i);
		w = hidden_w(name);
		least = fmin(least, w);
		most = fmax(most, w);
		inside &= w > core_w(0.6, 0, 3.2) * 0.98 && w < core_w(1.6, 0, 3.2) * 1.02;
	}
	tap_note("the same work, eight processes: %.2f to %.2f W", least, most);
	tap_ok(inside, "activity is between 0.6 and 1.6");
	tap_ok(most > least * 1.1, "and differs between processes");
}

int main(void)
{
	static const struct job jobs[] = {
		{ 1000, 300, 0, 3200000 },
		{ 1000, 300, 0, 800000 },
		{ 1600, 300, 0, 2000000 },
		{ 600, 0, 300, 3200000 },
		{ 1300, 100, 300, 1600000 },
	};
	unsigned int i;
	int fd;

	if (!pt_virtual_time())
		tap_skip_all("the hand's timeline is exact under virtual time only");
	if (pt_cpus() < 2)
		tap_skip_all("needs 2 CPUs");
	pt_load("driver=opp");
	pt_pin(CPU);
	fd = pt_open();
	for (i = 0; i < sizeof(jobs) / sizeof(jobs[0]); i++)
		test_job(fd, &jobs[i]);
	test_two_pieces(fd);
	test_idle_power();
	test_sums();
	test_hidden_activity();
	close(fd);
	pt_unload();
	return tap_done();
}
