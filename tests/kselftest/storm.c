// SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause
/* See storm.h. */
#include "storm.h"

#include <fcntl.h>
#include <sys/stat.h>

#include "../platform/selftest/lib.h"

#define POLICIES	16
#define CGROUP		"/sys/fs/cgroup"

static char params[128];

/* A clock's limits as they were. */
static struct policy {
	unsigned int	cpu;
	char		governor[32], min[32], max[32];
} policies[POLICIES];
static unsigned int nr_policies;

static bool did(int err, bool alone, const char *what)
{
	if (err && alone)
		printf("# %s: %s\n", what, strerror(err));
	return !err;
}

static void unload_platform(void)
{
	uint64_t end = kt_now() + LIMIT;

	while (kt_loaded("wattle_platform") && kt_rmmod("wattle_platform") && kt_now() < end)
		;
}

void storm_platform(const char *driver, const char *policy)
{
	unsigned int cpu;

	snprintf(params, sizeof(params), "driver=%s policy=%s", driver, policy);
	unload_platform();
	if (kt_insmod("wattle_platform", params)) {
		fprintf(stderr, "kt_storm: cannot load the virtual platform with %s\n", params);
		exit(1);
	}
	for (cpu = 0; cpu < cpus && nr_policies < POLICIES; cpu++) {
		struct policy *p = &policies[nr_policies];

		p->cpu = cpu;
		nr_policies += policy_of(cpu) == cpu &&
			pt_read(p->governor, sizeof(p->governor),
				CPUFREQ "policy%u/scaling_governor", cpu) &&
			pt_read(p->min, sizeof(p->min), CPUFREQ "policy%u/scaling_min_freq", cpu) &&
			pt_read(p->max, sizeof(p->max), CPUFREQ "policy%u/scaling_max_freq", cpu);
	}
}

/* --- CPUs; the first stays, as everywhere --- */

static int cpu_online(unsigned int cpu, const char *on)
{
	return pt_write(on, "/sys/devices/system/cpu/cpu%u/online", cpu);
}

static bool step_cpus(unsigned int i, bool alone)
{
	unsigned int cpu = 1 + kt_rand() % (cpus - 1), other = 1 + kt_rand() % (cpus - 1);
	bool fine = did(cpu_online(cpu, "0"), alone, "CPU off");

	(void)i;
	if (other != cpu && kt_rand() % 2)
		fine &= did(cpu_online(other, "0"), alone, "second CPU off") &
			did(cpu_online(other, "1"), alone, "second CPU on");
	return did(cpu_online(cpu, "1"), alone, "CPU on") && fine;
}

static void end_cpus(void)
{
	unsigned int cpu;

	for (cpu = 1; cpu < cpus; cpu++)
		cpu_online(cpu, "1");
}

const struct storm storm_cpus = { "CPUs", NULL, step_cpus, end_cpus };

/* --- governors --- */

static bool step_governors(unsigned int i, bool alone)
{
	static const char * const names[] = { "performance", "powersave", "schedutil" };
	const struct policy *p = &policies[kt_rand() % nr_policies];
	const char *name = names[i % ARRAY_SIZE(names)];
	char list[256];

	/* A driver that chooses by itself has no schedutil. */
	if (!pt_read(list, sizeof(list), CPUFREQ "policy%u/scaling_available_governors", p->cpu))
		return did(ENOENT, alone, "governors");
	if (!strstr(list, name))
		name = "performance";
	return did(pt_write(name, CPUFREQ "policy%u/scaling_governor", p->cpu), alone, name);
}

static void end_governors(void)
{
	unsigned int i;

	for (i = 0; i < nr_policies; i++)
		pt_write(policies[i].governor, CPUFREQ "policy%u/scaling_governor",
			 policies[i].cpu);
}

const struct storm storm_governors = { "governors", NULL, step_governors, end_governors };

/* --- the driver --- */

static bool step_driver(unsigned int i, bool alone)
{
	int err = kt_rmmod("wattle_platform");

	(void)i;
	if (!did(-err, alone, "driver unloaded"))
		return false;
	return did(-kt_insmod("wattle_platform", params), alone, "driver loaded");
}

static void end_driver(void)
{
	if (!kt_loaded("wattle_platform"))
		kt_insmod("wattle_platform", params);
}

const struct storm storm_driver = { "driver", NULL, step_driver, end_driver };

/* --- limits of others --- */

static bool step_limits(unsigned int i, bool alone)
{
	const struct policy *p = &policies[kt_rand() % nr_policies];
	uint64_t min = strtoull(p->min, NULL, 10), max = strtoull(p->max, NULL, 10);
	const char *file = i % 3 ? "scaling_max_freq" : "scaling_min_freq";
	char text[32];

	snprintf(text, sizeof(text), "%llu",
		 (unsigned long long)(min + kt_rand() % (max - min + 1)));
	return did(pt_write(text, CPUFREQ "policy%u/%s", p->cpu, file), alone, file);
}

static void end_limits(void)
{
	unsigned int i;

	for (i = 0; i < nr_policies; i++) {
		pt_write(policies[i].min, CPUFREQ "policy%u/scaling_min_freq", policies[i].cpu);
		pt_write(policies[i].max, CPUFREQ "policy%u/scaling_max_freq", policies[i].cpu);
	}
}

/* A high minimum would forbid any cap for good, so it does not stay. */
static bool step_limits_passing(unsigned int i, bool alone)
{
	bool fine = step_limits(i, alone);

	if (kt_rand() % 2 || !(i % 3))
		end_limits();
	return fine;
}

const struct storm storm_limits = { "foreign limits", NULL, step_limits_passing, end_limits };

/* --- modes and managed CPUs --- */

static bool step_modes(unsigned int i, bool alone)
{
	static const char * const names[] = { "off", "observe" };
	char list[16];
	int err;

	if (i % 2) {
		err = -kt_mode(names[kt_rand() % ARRAY_SIZE(names)]);
	} else {
		snprintf(list, sizeof(list), "%u", (unsigned int)(kt_rand() % cpus));
		err = -managed(kt_rand() % 2 ? list : "\n");
	}
	return did(err, alone, "mode or managed_cpus") && did(-enforce(), alone, "enforce");
}

static void end_modes(void)
{
}

const struct storm storm_modes = { "modes", NULL, step_modes, end_modes };

/* --- cpusets --- */

static bool begin_cpusets(void)
{
	if (kt_put(CGROUP "/cgroup.subtree_control", "+cpuset") ||
	    (mkdir(CGROUP "/storm-a", 0755) && errno != EEXIST) ||
	    (mkdir(CGROUP "/storm-b", 0755) && errno != EEXIST)) {
		kt_skip("no cgroup v2 with cpusets at " CGROUP);
		return false;
	}
	return true;
}

static bool step_cpusets(unsigned int i, bool alone)
{
	const char *group = i % 2 ? "storm-a" : "storm-b";
	unsigned int first = kt_rand() % cpus, last = first + kt_rand() % (cpus - first);
	char text[32];

	snprintf(text, sizeof(text), "%u-%u", first, last);
	if (!did(pt_write(text, CGROUP "/%s/cpuset.cpus", group), alone, "cpuset.cpus"))
		return false;
	snprintf(text, sizeof(text), "%d", storm_client(kt_rand()));
	return did(pt_write(text, CGROUP "/%s/cgroup.procs", group), alone, "cgroup.procs");
}

static void end_cpusets(void)
{
	uint64_t end = kt_now() + LIMIT;

	/* A killed client leaves its group a little after its parent has seen it die. */
	while ((rmdir(CGROUP "/storm-a") || rmdir(CGROUP "/storm-b")) && errno == EBUSY &&
	       kt_now() < end)
		;
	rmdir(CGROUP "/storm-b");
	kt_put(CGROUP "/cgroup.subtree_control", "-cpuset");
}

const struct storm storm_cpusets = { "cpusets", begin_cpusets, step_cpusets, end_cpusets };

/*
 * --- sleep, to where every task is frozen. The steps after that (devices, platform) leave a CPU
 * of the emulated machine without its timer when the CPUs are busy, with no module of ours. ---
 */

#define PM_TEST	"/sys/power/pm_test"

static bool begin_sleep(void)
{
	if (access(PM_TEST, W_OK) || access("/sys/power/state", W_OK)) {
		kt_skip("this kernel cannot test suspend (CONFIG_PM_DEBUG)");
		return false;
	}
	kt_put("/sys/module/suspend/parameters/pm_test_delay", "1");
	return !kt_put(PM_TEST, "freezer");
}

static bool step_sleep(unsigned int i, bool alone)
{
	if (i % 3)	/* a step takes more than a second */
		return true;
	return did(-kt_put("/sys/power/state", "freeze"), alone, "s2idle");
}

static void end_sleep(void)
{
	kt_put(PM_TEST, "none");
}

const struct storm storm_sleep = { "sleep", begin_sleep, step_sleep, end_sleep };
