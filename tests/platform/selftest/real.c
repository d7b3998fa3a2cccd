// SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause
/*
 * Stolen time: real code on one CPU takes as long as the virtual frequency says.
 */
#include <sched.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "lib.h"

#define CPU	1

/* About 60 ms of instructions under virtual time. */
static double loop_ms(void)
{
	uint64_t t0 = pt_now_ns();
	volatile unsigned int i;

	for (i = 0; i < 5000000; i++)
		;
	return (pt_now_ns() - t0) / 1e6;
}

/* The first turn pays what the call before it owes. */
static double measure_ms(void)
{
	pt_quiet();
	loop_ms();
	return loop_ms();
}

static void test_slowdown(void)
{
	static const uint64_t khz[] = { 2400000, 1600000, 800000 };
	double full, got;
	unsigned int i;
	int fd = pt_open();

	pt_task(fd, 1000, 0);
	pt_fix_khz(3200000);
	full = measure_ms();
	tap_note("%.2f ms at 3.2 GHz", full);
	for (i = 0; i < sizeof(khz) / sizeof(khz[0]); i++) {
		pt_fix_khz(khz[i]);
		got = measure_ms();
		tap_near(got, full * 3200000 / khz[i], 0.05, "real code at %llu kHz, ms",
			 (unsigned long long)khz[i]);
	}
	pt_task(fd, 1000, 500);
	tap_near(measure_ms(), full * 2.5, 0.05, "stall share 1/2 at 0.8 GHz, ms");
	pt_task(fd, 1000, 1000);
	tap_near(measure_ms(), full, 0.05, "stall share 1 at 0.8 GHz, ms");
	close(fd);
}

/* The scheduler must charge the stolen time to the task. */
static void test_charged(void)
{
	struct timespec ts;
	double wall, cpu;
	int fd = pt_open();

	pt_task(fd, 1000, 0);
	pt_fix_khz(800000);
	pt_quiet();
	wall = pt_now_ns() / 1e6;
	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &ts);
	cpu = ts.tv_sec * 1e3 + ts.tv_nsec / 1e6;
	loop_ms();
	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &ts);
	cpu = ts.tv_sec * 1e3 + ts.tv_nsec / 1e6 - cpu;
	wall = pt_now_ns() / 1e6 - wall;
	tap_near(cpu, wall, 0.02, "CPU time of the task, ms");
	close(fd);
}

static void test_halted_work(void)
{
	static struct pt_snapshot a, b;
	uint64_t t0;
	int fd = pt_open();

	pt_fix_khz(800000);
	pt_quiet();
	pt_snapshot(&a);
	t0 = pt_now_ns();
	if (pt_work(fd, 160000, 0) < 0)
		tap_bail("work failed");
	tap_near((pt_now_ns() - t0) / 1e6, 200, 0.02, "halted work at 0.8 GHz, ms");
	pt_snapshot(&b);
	tap_ok(b.cpu[CPU].stolen_ns - a.cpu[CPU].stolen_ns < 20000000,
	       "nothing is stolen from halted work (%.2f ms around it)",
	       (b.cpu[CPU].stolen_ns - a.cpu[CPU].stolen_ns) / 1e6);
	close(fd);
}

/* An idle CPU has no timer of ours: where the caller is not, none fires. */
static void test_idle(void)
{
	const struct timespec second = { .tv_sec = 1 };
	static struct pt_snapshot a, b;
	uint64_t fires = 0, ran = 0;
	unsigned int cpu;

	pt_quiet();
	pt_snapshot(&a);
	nanosleep(&second, NULL);
	pt_snapshot(&b);
	for (cpu = 0; cpu < b.nr_cpus; cpu++) {
		fires += b.cpu[cpu].timer_fires - a.cpu[cpu].timer_fires;
		ran += b.cpu[cpu].state_ns[PT_RUN] - a.cpu[cpu].state_ns[PT_RUN];
	}
	/* At most one for each period, which 0.8 GHz makes 0.25 ms, that a CPU ran. */
	tap_ok(fires <= ran / 250000 + 1, "idle: the timer fires only where something runs (%llu)",
	       (unsigned long long)fires);
}

int main(void)
{
	if (!pt_virtual_time())
		tap_skip_all("times are exact under virtual time only");
	if (pt_cpus() < 2)
		tap_skip_all("needs 2 CPUs");
	pt_load("driver=opp steal=1");
	pt_pin(CPU);

	test_slowdown();
	test_charged();
	test_halted_work();
	test_idle();
	pt_unload();
	return tap_done();
}
