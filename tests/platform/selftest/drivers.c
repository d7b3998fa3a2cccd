// SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause
/*
 * Every driver with every layout of policies loads, follows scaling_max_freq
 * under load, survives CPUs going and coming, and unloads without a trace.
 *
 *	platform_drivers [CYCLES]	load and unload so often at the end (default 10)
 */
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib.h"

#define CPUFREQ	"/sys/devices/system/cpu/cpufreq/"
#define LIMIT_NS	20000000000ull

static volatile bool stop;

static void *load_thread(void *arg)
{
	int fd = pt_open();

	pt_pin((uintptr_t)arg);
	while (!stop)
		if (pt_work(fd, 6400, 0) < 0)
			tap_bail("work failed: %s", strerror(errno));
	close(fd);
	return NULL;
}

static pthread_t threads[PT_MAX_CPUS];

/* Halted work on every CPU until load_stop(). */
static void load_start(unsigned int n)
{
	uintptr_t cpu;

	stop = false;
	for (cpu = 0; cpu < n; cpu++)
		if (pthread_create(&threads[cpu], NULL, load_thread, (void *)cpu))
			tap_bail("cannot create a thread");
}

static void load_stop(unsigned int n)
{
	unsigned int cpu;

	stop = true;
	for (cpu = 0; cpu < n; cpu++)
		pthread_join(threads[cpu], NULL);
}

static unsigned int count_policies(void)
{
	unsigned int cpu, n = 0;
	char line[64];

	for (cpu = 0; cpu < pt_cpus(); cpu++)
		n += pt_read(line, sizeof(line), CPUFREQ "policy%u/scaling_driver", cpu);
	return n;
}

static bool cap_all(unsigned int khz)
{
	unsigned int cpu;
	char text[16];
	bool ok = true;
	int ret;

	snprintf(text, sizeof(text), "%u", khz);
	for (cpu = 0; cpu < pt_cpus(); cpu++) {
		ret = pt_write(text, CPUFREQ "policy%u/scaling_max_freq", cpu);
		ok &= !ret || ret == ENOENT;
	}
	return ok;
}

static bool all_reach_in(uint64_t khz, uint64_t limit_ns)
{
	unsigned int cpu;

	for (cpu = 0; cpu < pt_cpus(); cpu++)
		if (!pt_wait_khz(cpu, khz, limit_ns)) {
			tap_note("CPU %u is at %llu", cpu, (unsigned long long)pt_khz(cpu));
			return false;
		}
	return true;
}

static bool all_reach(uint64_t khz)
{
	return all_reach_in(khz, LIMIT_NS);
}

/*
 * As all_reach(), for a cap that was raised under load. schedutil on a driver that
 * switches slowly lowers the clock itself when a cap falls, without noting it as its
 * own choice. Raise the cap before its next update and its choice seems unchanged:
 * as long as the load stays saturated it asks for nothing. A pause ends that, if it
 * lasts until the CPUs' utilization, which halves every 32 ms, asks for another step,
 * and if schedutil looks during it: hence more than one.
 */
static bool all_reach_again(uint64_t khz)
{
	const struct timespec pause = { .tv_nsec = 200000000 };
	unsigned int i;

	for (i = 0; i < 10; i++) {
		if (all_reach_in(khz, LIMIT_NS / 10))
			return true;
		load_stop(pt_cpus());
		nanosleep(&pause, NULL);
		load_start(pt_cpus());
	}
	return all_reach(khz);
}

struct point {
	unsigned int cap_khz, true_khz;
};

static const struct driver {
	const char *name, *scaling_driver;
	struct point point[4];		/* under load; cap 0 ends the list */
} drivers[] = {
	{ "opp", "wattle-opp", { { 1600000, 1600000 }, { 3200000, 3200000 }, { 800000, 800000 } } },
	{ "acpi", "wattle-acpi", { { 2000000, 2000000 }, { 2450000, 3400000 },
				   { 1500000, 1500000 } } },
	{ "hwp", "wattle-hwp", { { 1600000, 1600000 }, { 3200000, 3200000 },
				 { 1000000, 1000000 },
				 /* a cap between two steps of its clock: the lower one */
				 { 1999999, 1900000 } } },
};

static const struct layout {
	const char *name;
	unsigned int cpus_each;		/* 0 = all */
} layouts[] = { { "percpu", 1 }, { "pairs", 2 }, { "shared", 0 } };

static void test_boost(void)
{
	if (!tap_ok(!pt_write("0", CPUFREQ "boost"), "boost can be switched off"))
		return;
	cap_all(2450000);
	tap_ok(all_reach(2450000), "without boost the highest P-state is 2.45 GHz");
	pt_write("1", CPUFREQ "boost");
	tap_ok(all_reach_again(3400000), "with boost it is 3.4 GHz again");
}

static void test_driver(const struct driver *d, const struct layout *l)
{
	unsigned int n = pt_cpus(), each = l->cpus_each ? l->cpus_each : n, i;
	char params[64], line[64] = "";

	snprintf(params, sizeof(params), "driver=%s policy=%s", d->name, l->name);
	pt_load(params);
	pt_read(line, sizeof(line), CPUFREQ "policy0/scaling_driver");
	tap_ok(!strcmp(line, d->scaling_driver), "%s: the driver is %s", params, line);
	tap_ok(count_policies() == (n + each - 1) / each, "%s: %u policies", params,
	       count_policies());

	load_start(n);
	for (i = 0; i < 4 && d->point[i].cap_khz; i++)
		tap_ok(cap_all(d->point[i].cap_khz) && all_reach_again(d->point[i].true_khz),
		       "%s: capped at %u kHz, busy CPUs run at %u", params,
		       d->point[i].cap_khz, d->point[i].true_khz);
	if (!strcmp(d->name, "acpi"))
		test_boost();
	load_stop(n);
	tap_ok(pt_try_unload() == 0, "%s: unloads", params);
	tap_ok(!pt_read(line, sizeof(line), CPUFREQ "policy0/scaling_driver"),
	       "%s: no policy is left", params);
	pt_read(line, sizeof(line), "/sys/devices/system/cpu/cpuidle/current_driver");
	tap_ok(!strcmp(line, "none"), "%s: no idle driver is left (%s)", params, line);
}

static void test_refusals(void)
{
	static const struct {
		const char *params;
		int want;
	} bad[] = {
		{ "driver=p4", EINVAL }, { "policy=threes", EINVAL }, { "packages=99", EINVAL },
		{ "transition_us=10001", EINVAL },
	};
	unsigned int i;
	int fd, ret;

	pt_try_unload();
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		ret = pt_try_load(bad[i].params);
		tap_ok(ret == bad[i].want, "%s is refused: %s", bad[i].params, strerror(ret));
		if (!ret)
			pt_unload();
	}
	pt_load("driver=opp");
	fd = pt_open();
	ret = pt_try_unload();
	tap_ok(ret == EAGAIN, "an open file keeps it loaded: %s", strerror(ret));
	close(fd);
	pt_unload();
}

static bool set_online(unsigned int cpu, bool online)
{
	return !pt_write(online ? "1" : "0", "/sys/devices/system/cpu/cpu%u/online", cpu);
}

static void test_hotplug(const char *params)
{
	unsigned int n = pt_cpus(), last = n - 1;
	static struct pt_snapshot a, b;
	char line[16];

	pt_load(params);
	load_start(n);
	tap_ok(all_reach(3200000), "%s: all busy at full speed", params);
	tap_ok(set_online(last, false), "%s: CPU %u goes under load", params, last);
	pt_snapshot(&a);
	tap_ok(!a.cpu[last].online, "the referee knows");
	cap_all(1600000);
	tap_ok(all_reach(1600000), "the others follow a cap");
	pt_snapshot(&b);
	tap_ok(b.cpu[last].state_ns[PT_OFFLINE] - a.cpu[last].state_ns[PT_OFFLINE] ==
	       b.now_ns - a.now_ns, "all its time since is offline time");
	tap_ok(set_online(last, true), "it comes back");
	cap_all(1600000);
	load_stop(n);
	load_start(n);
	tap_ok(all_reach(1600000), "and follows the cap");
	load_stop(n);

	set_online(last, false);
	tap_ok(pt_try_unload() == 0, "unloads with a CPU off");
	pt_load(params);
	tap_ok(set_online(last, true), "loaded with a CPU off, it comes up");
	tap_ok(pt_read(line, sizeof(line), CPUFREQ "policy%u/scaling_driver", 0), "with a policy");
	tap_ok(pt_try_unload() == 0, "and unloads");
}

/* Real work that switches and idles all the time, so that every probe is in use. */
static pid_t start_noise(void)
{
	int there[2], back[2];
	char c = 0;
	pid_t pid = fork();

	if (pid)
		return pid;
	if (pipe(there) || pipe(back))
		_exit(1);
	if (!fork()) {
		pt_pin(pt_cpus() - 1);
		close(there[1]);
		while (read(there[0], &c, 1) == 1 && write(back[1], &c, 1) == 1)
			;
		_exit(0);
	}
	pt_pin(0);
	close(back[1]);
	signal(SIGPIPE, SIG_IGN);
	while (write(there[1], &c, 1) == 1 && read(back[0], &c, 1) == 1)
		;
	_exit(0);
}

static void test_cycles(unsigned int cycles)
{
	static const char * const params[] = {
		"driver=opp", "driver=opp policy=shared fast_switch=0", "driver=hwp policy=pairs",
		"driver=acpi", "driver=none", "driver=opp idle=0", "driver=opp exit_latency=0",
		"driver=opp transition_us=0 packages=2", "driver=hwp steal=1",
	};
	unsigned int i, done = 0;
	pid_t noise = start_noise();
	int ret = 0;

	for (i = 0; i < cycles; i++) {
		const char *p = params[i % (sizeof(params) / sizeof(params[0]))];

		ret = pt_try_load(p);
		if (!ret)
			ret = pt_try_unload();
		if (ret) {
			tap_note("cycle %u, %s: %s", i, p, strerror(ret));
			break;
		}
		done++;
	}
	kill(noise, SIGKILL);
	waitpid(noise, NULL, 0);
	tap_ok(done == cycles, "%u of %u cycles of loading and unloading under load", done, cycles);
}

int main(int argc, char **argv)
{
	unsigned int cycles = argc > 1 ? atoi(argv[1]) : 10;
	unsigned int i, j;

	if (pt_cpus() < 2)
		tap_skip_all("needs 2 CPUs");
	test_refusals();
	for (i = 0; i < sizeof(drivers) / sizeof(drivers[0]); i++)
		for (j = 0; j < sizeof(layouts) / sizeof(layouts[0]); j++)
			test_driver(&drivers[i], &layouts[j]);
	test_hotplug("driver=opp policy=percpu");
	test_hotplug("driver=opp policy=shared");
	test_hotplug("driver=hwp policy=pairs");
	test_cycles(cycles);
	return tap_done();
}
