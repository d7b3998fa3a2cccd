// SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause
/* What sysfs, /proc and the affinity mask say about the CPUs. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/cpu.h"

#define CPUFREQ	"/sys/devices/system/cpu/cpu%u/cpufreq/%s"

unsigned int wattle_cpu_possible(void)
{
	char line[256], *last;
	unsigned int n = 0;
	FILE *f;

	/* "0-3,8-11": the last number of the list. */
	f = fopen("/sys/devices/system/cpu/possible", "re");
	if (f) {
		if (fgets(line, sizeof(line), f)) {
			last = line + strcspn(line, "\n");
			*last = '\0';
			while (last > line && last[-1] >= '0' && last[-1] <= '9')
				last--;
			if (*last)
				n = (unsigned int)strtoul(last, NULL, 10) + 1;
		}
		fclose(f);
	}
	if (!n) {
		long conf = sysconf(_SC_NPROCESSORS_CONF);

		n = conf > 0 ? (unsigned int)conf : 1;
	}
	return n;
}

int wattle_cpu_allowed_list(unsigned int **cpus)
{
	unsigned int max, cpu, n = 0;
	cpu_set_t *set;
	size_t size;
	int ret;

	/* The kernel refuses a mask smaller than its own: grow until it fits. */
	for (max = 1024; ; max *= 2) {
		set = CPU_ALLOC(max);
		if (!set)
			return -ENOMEM;
		size = CPU_ALLOC_SIZE(max);
		CPU_ZERO_S(size, set);
		ret = sched_getaffinity(0, size, set) ? -errno : 0;
		if (!ret)
			break;
		CPU_FREE(set);
		if (ret != -EINVAL || max >= 1U << 20)
			return ret;
	}
	*cpus = calloc((size_t)CPU_COUNT_S(size, set), sizeof(**cpus));
	if (!*cpus) {
		CPU_FREE(set);
		return -ENOMEM;
	}
	for (cpu = 0; cpu < max; cpu++)
		if (CPU_ISSET_S(cpu, size, set))
			(*cpus)[n++] = cpu;
	CPU_FREE(set);
	return (int)n;
}

unsigned int wattle_cpu_allowed(void)
{
	unsigned int *cpus;
	int n = wattle_cpu_allowed_list(&cpus);

	if (n < 0)
		return 1;
	free(cpus);
	return n ? (unsigned int)n : 1;
}

static uint32_t read_khz(unsigned int cpu, const char *file)
{
	unsigned int khz = 0;
	char path[96];
	FILE *f;

	snprintf(path, sizeof(path), CPUFREQ, cpu, file);
	f = fopen(path, "re");
	if (!f)
		return 0;
	if (fscanf(f, "%u", &khz) != 1)
		khz = 0;
	fclose(f);
	return khz;
}

/* Without cpufreq x86 reports the rate of the TSC, which is the nominal clock. */
static uint32_t nominal_khz(void)
{
	char line[256];
	double mhz = 0;
	FILE *f;

	f = fopen("/proc/cpuinfo", "re");
	if (!f)
		return 0;
	while (mhz <= 0 && fgets(line, sizeof(line), f))
		if (sscanf(line, "cpu MHz : %lf", &mhz) != 1)
			mhz = 0;
	fclose(f);
	return mhz > 0 && mhz < 1e6 ? (uint32_t)(mhz * 1000) : 0;
}

uint32_t wattle_cpu_khz(void)
{
	unsigned int *cpus;
	uint32_t cap, khz;
	int n = wattle_cpu_allowed_list(&cpus);

	if (n <= 0)
		return 0;
	cap = read_khz(cpus[0], "scaling_max_freq");
	khz = read_khz(cpus[0], "base_frequency");
	free(cpus);
	if (!cap)
		return nominal_khz();
	return khz && khz < cap ? khz : cap;
}
