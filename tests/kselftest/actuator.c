// SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause
#include "actuator.h"

#include <fcntl.h>
#include <sched.h>

#include "../platform/selftest/lib.h"
#include "checker.h"

unsigned int cpus;
struct checker before;
/* What it really does is nobody's business. */
const struct wattle_batch slow = { .work_kcycles = 32000000 };

unsigned int policy_of(unsigned int cpu)
{
	char path[64];

	for (;; cpu--) {
		snprintf(path, sizeof(path), CPUFREQ "policy%u/scaling_max_freq", cpu);
		if (!access(path, F_OK) || !cpu)
			return cpu;
	}
}

uint64_t limit_of(unsigned int cpu)
{
	char line[64];

	return pt_read(line, sizeof(line), CPUFREQ "policy%u/scaling_max_freq", policy_of(cpu)) ?
	       strtoull(line, NULL, 10) : 0;
}

bool wait_limit(unsigned int cpu, uint64_t khz)
{
	uint64_t end = kt_now() + LIMIT;

	while (limit_of(cpu) != khz) {
		if (kt_now() > end) {
			printf("# CPU %u: limit %llu, not %llu\n", cpu,
			       (unsigned long long)limit_of(cpu), (unsigned long long)khz);
			return false;
		}
		sched_yield();
	}
	return true;
}

bool wait_text(const char *want, unsigned int cpu, const char *file)
{
	uint64_t end = kt_now() + LIMIT;
	char line[64] = "";

	do {
		if (pt_read(line, sizeof(line), WATTLE "cpu%u/%s", cpu, file) &&
		    !strcmp(line, want))
			return true;
		sched_yield();
	} while (kt_now() < end);
	printf("# cpu%u/%s is '%s', not '%s'\n", cpu, file, line, want);
	return false;
}

bool reads(const char *want, unsigned int cpu, const char *file)
{
	char line[64] = "";

	pt_read(line, sizeof(line), WATTLE "cpu%u/%s", cpu, file);
	if (strcmp(line, want))
		printf("# cpu%u/%s is '%s', not '%s'\n", cpu, file, line, want);
	return !strcmp(line, want);
}

bool wait_number(unsigned int cpu, const char *file)
{
	uint64_t end = kt_now() + LIMIT;

	while (cpu_number(cpu, file) <= 0) {
		if (kt_now() > end) {
			printf("# cpu%u/%s has no figure\n", cpu, file);
			return false;
		}
		sched_yield();
	}
	return true;
}

long long cpu_number(unsigned int cpu, const char *file)
{
	char path[64];

	snprintf(path, sizeof(path), "cpu%u/%s", cpu, file);
	return kt_sysfs(path);
}

static void *load_fn(void *arg)
{
	struct load *l = arg;
	int work = l->kcycles ? pt_open() : -1, hold;
	struct wattle_next n = { 0 };

	l->err = kt_pin(l->cpu);
	while (!l->err && (hold = __atomic_load_n(&l->hold, __ATOMIC_ACQUIRE)) >= 0) {
		if (hold && !l->held)
			l->err = kt_next(l->fd, 0, kt_now() + LIMIT, &n);
		else if (!hold && l->held)
			l->err = kt_complete(l->fd, n.token);
		__atomic_store_n(&l->held, hold, __ATOMIC_RELEASE);
		if (work >= 0 && pt_work(work, l->kcycles, 0) < 0)
			l->err = -errno;
	}
	if (l->held && !l->err)
		l->err = kt_complete(l->fd, n.token);
	__atomic_store_n(&l->held, 0, __ATOMIC_RELEASE);
	if (work >= 0)
		close(work);
	return NULL;
}

bool load_start(struct load *l)
{
	return !pthread_create(&l->thread, NULL, load_fn, l);
}

bool load_hold(struct load *l, int hold)
{
	uint64_t end = kt_now() + LIMIT;

	__atomic_store_n(&l->hold, hold, __ATOMIC_RELEASE);
	while (__atomic_load_n(&l->held, __ATOMIC_ACQUIRE) != hold && !l->err && kt_now() < end)
		sched_yield();
	return !l->err && l->held == hold;
}

int load_stop(struct load *l)
{
	__atomic_store_n(&l->hold, -1, __ATOMIC_RELEASE);
	pthread_join(l->thread, NULL);
	return l->err;
}

int managed(const char *list)
{
	return -pt_write(list, WATTLE "managed_cpus");
}

int enforce(void)
{
	char list[16];

	snprintf(list, sizeof(list), "0-%u", cpus - 1);
	return managed(list) ?: kt_mode("enforce");
}

int relax(void)
{
	return kt_mode("observe") ?: managed("\n");
}

bool load_end(struct load *l)
{
	int err = load_stop(l) ?: relax();

	close(l->fd);
	if (err)
		printf("# the load or the mode: %s\n", strerror(-err));
	return checker_same(&before, LIMIT) && !err;
}

int queue_of(int fd, unsigned int slowdown_pm, const struct wattle_batch *b, unsigned int n)
{
	struct wattle_queue_params p = { .max_slowdown_pm = slowdown_pm, .lease_ns = 3600 * SEC };
	int q = kt_queue(fd, &p);

	while (q > 0 && n--)
		if (kt_submit_batches(fd, q, b, 1, NULL) != 1)
			return -1;
	return q;
}
