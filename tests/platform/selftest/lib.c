// SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

#include "lib.h"

#define DEBUGFS	"/sys/kernel/debug/wattle_platform/"
#define CPUFREQ	"/sys/devices/system/cpu/cpufreq/"

static unsigned int tests, failures;

static void vprint(const char *prefix, const char *fmt, va_list ap)
{
	fputs(prefix, stdout);
	vprintf(fmt, ap);
	putchar('\n');
	fflush(stdout);
}

bool tap_ok(bool cond, const char *fmt, ...)
{
	char prefix[32];
	va_list ap;

	tests++;
	failures += !cond;
	snprintf(prefix, sizeof(prefix), "%sok %u - ", cond ? "" : "not ", tests);
	va_start(ap, fmt);
	vprint(prefix, fmt, ap);
	va_end(ap);
	return cond;
}

bool tap_near(double got, double want, double tolerance, const char *fmt, ...)
{
	char name[256];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(name, sizeof(name), fmt, ap);
	va_end(ap);
	return tap_ok(got >= want * (1 - tolerance) && got <= want * (1 + tolerance),
		      "%s: %.6g, expected %.6g (%+.2f %%, %.0f %% allowed)", name, got, want,
		      want ? (got / want - 1) * 100 : 0.0, tolerance * 100);
}

void tap_note(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vprint("# ", fmt, ap);
	va_end(ap);
}

void tap_bail(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vprint("Bail out! ", fmt, ap);
	va_end(ap);
	exit(1);
}

int tap_done(void)
{
	printf("1..%u\n", tests);
	return failures ? 1 : 0;
}

void tap_skip_all(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vprint("1..0 # SKIP ", fmt, ap);
	va_end(ap);
	exit(77);
}

/* $WATTLE_PLATFORM_KO, the build's, or the one scripts/vm packed. */
static int open_module(void)
{
	const char *file = getenv("WATTLE_PLATFORM_KO");
	struct utsname uts;
	char path[512];
	int fd;

	if (!file) {
		uname(&uts);
		snprintf(path, sizeof(path), "build/kmod/%s/wattle_platform.ko", uts.release);
		fd = open(path, O_RDONLY | O_CLOEXEC);
		if (fd >= 0)
			return fd;
		file = "/wattle/run/mod/wattle_platform.ko";
	}
	fd = open(file, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		tap_bail("%s: %s; run scripts/kbuild", file, strerror(errno));
	return fd;
}

int pt_try_load(const char *params)
{
	int fd = open_module();
	int ret = syscall(SYS_finit_module, fd, params, 0) ? errno : 0;

	close(fd);
	return ret;
}

int pt_try_unload(void)
{
	return syscall(SYS_delete_module, "wattle_platform", O_NONBLOCK) ? errno : 0;
}

void pt_unload(void)
{
	int ret = pt_try_unload();

	if (ret)
		tap_bail("cannot unload wattle_platform: %s", strerror(ret));
}

void pt_load(const char *params)
{
	int ret;

	if (geteuid())
		tap_skip_all("needs root");
	ret = pt_try_unload();
	if (ret && ret != ENOENT)
		tap_bail("cannot unload wattle_platform: %s", strerror(ret));
	ret = pt_try_load(params);
	if (ret)
		tap_bail("cannot load wattle_platform %s: %s", params, strerror(ret));
}

/* devtmpfs makes the node in a thread of its own. */
int pt_open(void)
{
	uint64_t limit = pt_now_ns() + 5000000000ull;
	int fd;

	do {
		fd = open("/dev/wattle_platform", O_RDWR | O_CLOEXEC);
		if (fd >= 0)
			return fd;
		sched_yield();
	} while (errno == ENOENT && pt_now_ns() < limit);
	tap_bail("/dev/wattle_platform: %s", strerror(errno));
}

int64_t pt_work(int fd, uint64_t kcycles, uint64_t stall_us)
{
	struct wattle_platform_work work = {
		.size = sizeof(work),
		.work_kcycles = kcycles,
		.stall_us = stall_us,
	};

	return ioctl(fd, WATTLE_PLATFORM_WORK, &work) ? -errno : (int64_t)work.ran_ns;
}

void pt_task(int fd, unsigned int activity_pm, unsigned int stall_pm)
{
	struct wattle_platform_task task = {
		.size = sizeof(task),
		.activity_pm = activity_pm,
		.stall_pm = stall_pm,
	};

	if (ioctl(fd, WATTLE_PLATFORM_TASK, &task))
		tap_bail("WATTLE_PLATFORM_TASK: %s", strerror(errno));
}

uint64_t pt_now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000000000ull + ts.tv_nsec;
}

void pt_pin(unsigned int cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	if (sched_setaffinity(0, sizeof(set), &set))
		tap_bail("cannot pin to CPU %u: %s", cpu, strerror(errno));
}

unsigned int pt_cpus(void)
{
	return sysconf(_SC_NPROCESSORS_ONLN);
}

bool pt_virtual_time(void)
{
	const char *set = getenv("WATTLE_VIRTUAL_TIME");

	return set && !strcmp(set, "1");
}

int pt_write(const char *text, const char *fmt, ...)
{
	char path[256];
	va_list ap;
	int fd, ret;

	va_start(ap, fmt);
	vsnprintf(path, sizeof(path), fmt, ap);
	va_end(ap);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return errno;
	ret = write(fd, text, strlen(text)) < 0 ? errno : 0;
	close(fd);
	return ret;
}

static bool read_line(char *buf, unsigned int size, const char *path)
{
	FILE *f = fopen(path, "re");
	bool ok;

	if (!f)
		return false;
	ok = fgets(buf, size, f);
	fclose(f);
	if (ok)
		buf[strcspn(buf, "\n")] = '\0';
	return ok;
}

bool pt_read(char *buf, unsigned int size, const char *fmt, ...)
{
	char path[256];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(path, sizeof(path), fmt, ap);
	va_end(ap);
	return read_line(buf, size, path);
}

uint64_t pt_read_u64(const char *fmt, ...)
{
	char path[256], buf[64], *end;
	unsigned long long v;
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(path, sizeof(path), fmt, ap);
	va_end(ap);
	if (!read_line(buf, sizeof(buf), path))
		tap_bail("%s cannot be read: %s", path, strerror(errno));
	v = strtoull(buf, &end, 10);
	if (end == buf)
		tap_bail("%s: '%s' is not a number", path, buf);
	return v;
}

uint64_t pt_khz(unsigned int cpu)
{
	return pt_read_u64(DEBUGFS "cpu%u/khz", cpu);
}

bool pt_wait_khz(unsigned int cpu, uint64_t khz, uint64_t limit_ns)
{
	uint64_t limit = pt_now_ns() + limit_ns;

	while (pt_khz(cpu) != khz) {
		if (pt_now_ns() > limit)
			return false;
		sched_yield();
	}
	return true;
}

void pt_fix_khz(uint64_t khz)
{
	unsigned int cpu, n = pt_cpus();
	char text[32];
	int ret;

	snprintf(text, sizeof(text), "%llu", (unsigned long long)khz);
	for (cpu = 0; cpu < n; cpu++) {
		/* In a shared policy only the first CPU has the directory. */
		ret = pt_write("performance", CPUFREQ "policy%u/scaling_governor", cpu);
		if (ret == ENOENT)
			continue;
		if (!ret)
			ret = pt_write(text, CPUFREQ "policy%u/scaling_max_freq", cpu);
		if (ret)
			tap_bail("policy%u: cannot set %s kHz: %s", cpu, text, strerror(ret));
	}
	for (cpu = 0; cpu < n; cpu++)
		if (!pt_wait_khz(cpu, khz, 5000000000ull))
			tap_bail("CPU %u does not go to %s kHz, it is at %llu", cpu, text,
				 (unsigned long long)pt_khz(cpu));
}

/*
 * Right after boot kernel threads are busy for a while, and under virtual time
 * one CPU's execution is time lost on all others.
 */
void pt_quiet(void)
{
	static struct pt_snapshot a, b;
	const struct timespec slice = { .tv_nsec = 200000000 };
	uint64_t limit = pt_now_ns() + 60000000000ull;
	unsigned int cpu, self;
	bool busy;

	do {
		if (pt_now_ns() > limit)
			tap_bail("the guest does not get quiet");
		pt_snapshot(&a);
		nanosleep(&slice, NULL);
		pt_snapshot(&b);
		self = sched_getcpu();
		busy = false;
		for (cpu = 0; cpu < b.nr_cpus; cpu++)
			if (b.cpu[cpu].state_ns[PT_RUN] - a.cpu[cpu].state_ns[PT_RUN] >
			    (cpu == self ? 8000000u : 2000000u))
				busy = true;
	} while (busy);
}

static unsigned int find_name(const char *name, const char * const *names, unsigned int n)
{
	unsigned int i;

	for (i = 0; i < n; i++)
		if (!strcmp(name, names[i]))
			return i;
	tap_bail("snapshot: unknown name '%s'", name);
}

static void parse_package(struct pt_snapshot *s, const char *line)
{
	static const char * const levels[] = { "run", "shallow", "deep" };
	unsigned long long a, b, c, d;
	char name[32];
	unsigned int id;

	if (sscanf(line, "package %u energy_nj %llu core_nj %llu uncore_nj %llu dram_nj %llu",
		   &id, &a, &b, &c, &d) == 5 && id < PT_MAX_PKGS) {
		s->package[id] = (struct pt_package){ .present = true, .energy_nj = a,
			.core_nj = b, .uncore_nj = c, .dram_nj = d };
		s->nr_packages++;
	} else if (sscanf(line, "package %u level %31s ns %llu", &id, name, &a) == 3 &&
		   id < PT_MAX_PKGS) {
		s->package[id].level_ns[find_name(name, levels, PT_NR_LEVELS)] = a;
	} else {
		tap_bail("snapshot: cannot read '%s'", line);
	}
}

static void parse_cpu(struct pt_snapshot *s, const char *line)
{
	static const char * const states[] = { "run", "idle-loop", "C1", "C1E", "C6", "offline" };
	unsigned long long v[7];
	unsigned int id, package, state;
	struct pt_cpu *c;
	char name[32];
	int online;

	if (sscanf(line, "cpu %u", &id) != 1 || id >= PT_MAX_CPUS)
		tap_bail("snapshot: cannot read '%s'", line);
	c = &s->cpu[id];
	if (sscanf(line, "cpu %*u package %u online %d now %*s khz %llu changes %llu energy_nj %llu traffic_nj %llu dram_nj %llu stolen_ns %llu timer_fires %llu",
		   &package, &online, &v[0], &v[1], &v[2], &v[3], &v[4], &v[5], &v[6]) == 9) {
		*c = (struct pt_cpu){ .present = true, .package = package, .online = online,
			.khz = v[0], .changes = v[1], .energy_nj = v[2], .traffic_nj = v[3],
			.dram_nj = v[4], .stolen_ns = v[5], .timer_fires = v[6] };
		if (id >= s->nr_cpus)
			s->nr_cpus = id + 1;
	} else if (sscanf(line, "cpu %*u state %31s ns %llu entries %llu", name, &v[0],
			  &v[1]) == 3) {
		state = find_name(name, states, PT_NR_STATES);
		c->state_ns[state] = v[0];
		c->entries[state] = v[1];
	} else if (sscanf(line, "cpu %*u khz %*u ns %llu run_ns %llu", &v[0], &v[1]) == 2) {
		c->freq_ns += v[0];
		c->freq_run_ns += v[1];
	} else {
		tap_bail("snapshot: cannot read '%s'", line);
	}
}

void pt_snapshot(struct pt_snapshot *s)
{
	FILE *f = fopen(DEBUGFS "snapshot", "re");
	unsigned long long now;
	char line[512];

	if (!f)
		tap_bail(DEBUGFS "snapshot: %s", strerror(errno));
	memset(s, 0, sizeof(*s));
	while (fgets(line, sizeof(line), f)) {
		line[strcspn(line, "\n")] = '\0';
		if (sscanf(line, "now_ns %llu", &now) == 1)
			s->now_ns = now;
		else if (!strncmp(line, "package", 7))
			parse_package(s, line);
		else
			parse_cpu(s, line);
	}
	fclose(f);
	if (!s->nr_cpus || !s->nr_packages)
		tap_bail("the snapshot is empty");
}

uint64_t pt_wakeups(const struct pt_cpu *c)
{
	return c->entries[PT_C1] + c->entries[PT_C1E] + c->entries[PT_C6];
}

void pt_reset(void)
{
	int ret = pt_write("1", DEBUGFS "reset");

	if (ret)
		tap_bail(DEBUGFS "reset: %s", strerror(ret));
}
