// SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause
/*
 * Idle CPUs reach C6 and stay there: the platform wakes nobody. The governor
 * sees real states: a latency limit keeps CPUs out of the deep one.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "lib.h"

static void sleep_ns(uint64_t ns)
{
	const struct timespec t = { .tv_sec = ns / 1000000000, .tv_nsec = ns % 1000000000 };

	nanosleep(&t, NULL);
}

/* Interrupts of one kind ("LOC", "RES") on all CPUs but 0. */
static uint64_t interrupts(const char *kind)
{
	FILE *f = fopen("/proc/interrupts", "re");
	char line[4096], *p, *end;
	uint64_t sum = 0;
	unsigned int cpu;

	if (!f)
		tap_bail("/proc/interrupts: %s", strerror(errno));
	while (fgets(line, sizeof(line), f)) {
		p = line + strspn(line, " ");
		if (strncmp(p, kind, strlen(kind)) || p[strlen(kind)] != ':')
			continue;
		p += strlen(kind) + 1;
		for (cpu = 0; cpu < pt_cpus(); cpu++, p = end) {
			unsigned long long n = strtoull(p, &end, 10);

			if (cpu)
				sum += n;
		}
	}
	fclose(f);
	return sum;
}

/* The quietest of some equal stretches: what else the kernel does comes and goes. */
static uint64_t least_interrupts(void)
{
	uint64_t least = UINT64_MAX, n;
	int i;

	for (i = 0; i < 5; i++) {
		n = interrupts("LOC") + interrupts("RES");
		sleep_ns(1000000000);
		n = interrupts("LOC") + interrupts("RES") - n;
		if (n < least)
			least = n;
	}
	return least;
}

static void test_residency(void)
{
	static struct pt_snapshot a, b;
	uint64_t window, c6;
	unsigned int cpu;

	pt_quiet();
	pt_snapshot(&a);
	sleep_ns(1000000000);
	pt_snapshot(&b);
	window = b.now_ns - a.now_ns;
	for (cpu = 1; cpu < b.nr_cpus; cpu++) {
		c6 = b.cpu[cpu].state_ns[PT_C6] - a.cpu[cpu].state_ns[PT_C6];
		/* Waking a few times a second costs well under 5 %. */
		tap_ok(c6 >= window / 100 * 95, "CPU %u: %.2f %% of an idle second in C6, %llu wake-ups",
		       cpu, 100.0 * c6 / window,
		       (unsigned long long)(pt_wakeups(&b.cpu[cpu]) - pt_wakeups(&a.cpu[cpu])));
		tap_ok(b.cpu[cpu].timer_fires == a.cpu[cpu].timer_fires,
		       "CPU %u: none of them by a timer of the platform", cpu);
	}
	tap_ok(b.package[0].level_ns[PT_LEVEL_DEEP] - a.package[0].level_ns[PT_LEVEL_DEEP] >=
	       window / 100 * 95, "the package rests as deep, %.2f %%",
	       100.0 * (b.package[0].level_ns[PT_LEVEL_DEEP] -
			a.package[0].level_ns[PT_LEVEL_DEEP]) / window);
}

static void *busy(void *arg)
{
	int fd = pt_open();

	(void)arg;
	pt_pin(1);
	if (pt_work(fd, 0, 500000) < 0)
		tap_bail("work failed");
	close(fd);
	return NULL;
}

/* One busy CPU keeps the package up, and leaves the others alone. */
static void test_one_busy(void)
{
	static struct pt_snapshot a, b;
	pthread_t thread;
	uint64_t window;

	pt_quiet();
	pt_snapshot(&a);
	pthread_create(&thread, NULL, busy, NULL);
	pthread_join(thread, NULL);
	pt_snapshot(&b);
	window = b.now_ns - a.now_ns;
	tap_near(b.cpu[1].state_ns[PT_RUN] - a.cpu[1].state_ns[PT_RUN], 5e8, 0.02,
		 "the busy CPU runs, ns");
	tap_ok(b.cpu[2].state_ns[PT_C6] - a.cpu[2].state_ns[PT_C6] >= window / 100 * 90,
	       "another stays in C6");
	tap_ok(b.package[0].level_ns[PT_LEVEL_RUN] - a.package[0].level_ns[PT_LEVEL_RUN] >=
	       490000000, "the package is awake meanwhile");
}

static void test_latency_limit(void)
{
	static struct pt_snapshot a, b;
	int32_t limit_us = 20;
	uint64_t c6 = 0, c1e = 0;
	unsigned int cpu;
	int fd = open("/dev/cpu_dma_latency", O_WRONLY | O_CLOEXEC);

	if (fd < 0 || write(fd, &limit_us, sizeof(limit_us)) != sizeof(limit_us))
		tap_bail("/dev/cpu_dma_latency: %s", strerror(errno));
	pt_quiet();		/* also: everybody has chosen again */
	pt_snapshot(&a);
	sleep_ns(500000000);
	pt_snapshot(&b);
	close(fd);
	for (cpu = 1; cpu < b.nr_cpus; cpu++) {
		c6 += b.cpu[cpu].entries[PT_C6] - a.cpu[cpu].entries[PT_C6];
		c1e += b.cpu[cpu].state_ns[PT_C1E] - a.cpu[cpu].state_ns[PT_C1E];
	}
	tap_ok(!c6, "a latency limit of 20 us keeps CPUs out of C6 (%llu entries)",
	       (unsigned long long)c6);
	tap_ok(c1e >= 450000000, "they rest in C1E (%.1f ms)", c1e / 1e6);
}

int main(void)
{
	uint64_t without, with;

	if (!pt_virtual_time())
		tap_skip_all("a host's load would count as a disturbance");
	if (pt_cpus() < 3)
		tap_skip_all("needs 3 CPUs");
	pt_pin(0);
	pt_load("driver=opp");
	pt_quiet();
	test_residency();
	with = least_interrupts();
	test_one_busy();
	test_latency_limit();
	pt_unload();
	without = least_interrupts();
	tap_ok(with <= without + 5, "the platform adds no wake-ups to an idle second: %llu with, %llu without",
	       (unsigned long long)with, (unsigned long long)without);
	return tap_done();
}
