// SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause
/*
 * The counter behaves as RAPL does: 32 bits of 15.3 uJ that advance once a
 * millisecond and wrap. It says what the referee says, no sooner and no finer.
 */
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "lib.h"

#define DIR		"/sys/kernel/debug/wattle_platform/"
#define RANGE_UJ	65536000000ull
#define UNIT_UJ		(1e6 / 65536)
#define MAX_READINGS	20000

static uint64_t counter_uj(unsigned int package)
{
	return pt_read_u64(DIR "package%u/counter_uj", package);
}

static uint64_t dram_uj(unsigned int package)
{
	return pt_read_u64(DIR "package%u/dram_counter_uj", package);
}

static uint64_t forward(uint64_t from, uint64_t to)
{
	return to >= from ? to - from : to + RANGE_UJ - from;
}

/* Read as fast as possible for 50 ms, which is 50 ticks of an awake package. */
static void test_quantised(void)
{
	static uint64_t uj[MAX_READINGS], ns[MAX_READINGS];
	uint64_t end = pt_now_ns() + 50000000, last = 0;
	unsigned int n = 0, i, steps = 0;
	bool units = true, spaced = true;

	do {
		uj[n] = counter_uj(0);
		ns[n] = pt_now_ns();
		n++;
	} while (ns[n - 1] < end && n < MAX_READINGS);

	for (i = 0; i < n; i++) {
		/* Some whole raw value r makes r x 15625 / 1024, rounded down. */
		uint64_t raw = (uj[i] * 1024 + 15624) / 15625;

		units &= raw * 15625 / 1024 == uj[i];
		if (!i || uj[i] == uj[i - 1])
			continue;
		steps++;
		/*
		 * The step fell between the reading before and this one. However late
		 * each was read: from before one step to after the next is a tick.
		 */
		spaced &= steps == 1 || ns[i] - last > 900000;
		last = ns[i - 1];
	}
	tap_ok(units, "%u readings are whole units", n);
	tap_ok(steps >= 40 && steps <= 52, "50 ms have %u steps", steps);
	tap_ok(n > 4 * steps, "and most readings repeat the one before (%u)", n);
	tap_ok(spaced, "the steps are a millisecond apart");
}

/* From 16 J before the wrap, 3 s at some 15 W. */
static void test_wrap(int fd)
{
	static struct pt_snapshot a, b;
	uint64_t c0, c1, prev, now, wraps = 0, sum = 0;
	double referee, counter;
	int i;

	pt_snapshot(&a);
	c0 = prev = counter_uj(0);
	for (i = 0; i < 60; i++) {
		if (pt_work(fd, 50 * 3200, 0) < 0)
			tap_bail("work failed");
		now = counter_uj(0);
		wraps += now < prev;
		sum += forward(prev, now);
		prev = now;
	}
	c1 = prev;
	pt_snapshot(&b);
	tap_ok(c0 > RANGE_UJ - 16000000 && c0 < RANGE_UJ, "it starts shortly before its range ends");
	tap_ok(wraps == 1 && c1 < c0, "it wraps, once");
	referee = (b.package[0].energy_nj - a.package[0].energy_nj) / 1e9;
	counter = sum / 1e6;
	/* A tick at both ends: 2 ms at 20 W. */
	tap_ok(counter > referee - 0.04 - 2 * UNIT_UJ / 1e6 && counter < referee + 0.04,
	       "over the wrap it says %.4f J, the referee %.4f J", counter, referee);
}

static void test_dram(int fd)
{
	static struct pt_snapshot a, b;
	uint64_t d0;
	double referee, counter;

	pt_snapshot(&a);
	d0 = dram_uj(0);
	if (pt_work(fd, 0, 500000) < 0)
		tap_bail("work failed");
	counter = forward(d0, dram_uj(0)) / 1e6;
	pt_snapshot(&b);
	referee = (b.package[0].dram_nj - a.package[0].dram_nj) / 1e9;
	tap_ok(counter > referee - 0.02 && counter < referee + 0.02,
	       "DRAM: it says %.4f J, the referee %.4f J", counter, referee);
	tap_ok(referee > 2, "memory-bound work uses DRAM");
}

/* The referee's reset is the test's; hardware counters have none. */
static void test_reset(void)
{
	uint64_t c = counter_uj(0);

	pt_reset();
	tap_ok(forward(c, counter_uj(0)) < 1000000, "the referee's reset does not touch it");
}

static void test_packages(void)
{
	unsigned int n = pt_cpus();
	uint64_t busy, idle, c0, c1;
	int fd;

	pt_load("driver=opp packages=2 counter_start=0");
	fd = pt_open();
	pt_pin(n - 1);
	pt_fix_khz(3200000);
	pt_quiet();
	c0 = counter_uj(0);
	c1 = counter_uj(1);
	if (pt_work(fd, 300 * 3200, 0) < 0)
		tap_bail("work failed");
	idle = counter_uj(0) - c0;
	busy = counter_uj(1) - c1;
	tap_ok(busy > 3 * idle, "two packages: the busy one %.3f J, the idle one %.3f J",
	       busy / 1e6, idle / 1e6);
	close(fd);
}

int main(void)
{
	int fd;

	if (!pt_virtual_time())
		tap_skip_all("reading is slow without virtual time");
	if (pt_cpus() < 4)
		tap_skip_all("needs 4 CPUs");
	pt_load("driver=opp counter_start=0xfffffff0");
	tap_ok(counter_uj(0) < RANGE_UJ, "a counter that starts at its end is in range");
	pt_load("driver=opp");
	pt_pin(1);
	fd = pt_open();
	test_wrap(fd);
	test_quantised();
	test_dram(fd);
	test_reset();
	close(fd);
	test_packages();
	pt_unload();
	return tap_done();
}
