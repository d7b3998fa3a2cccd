// SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause
#include "energy/bpf/topology.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define CPU_DIR	"/sys/devices/system/cpu"
/* The inode of the first PID namespace; include/linux/proc_ns.h calls it that. */
#define PROC_PID_INIT_INO	0xEFFFFFFCU

static bool first_line(const char *path, char *buf, size_t size)
{
	FILE *f = fopen(path, "re");
	bool ok;

	if (!f)
		return false;
	ok = fgets(buf, (int)size, f);
	fclose(f);
	if (ok)
		buf[strcspn(buf, "\n")] = '\0';
	return ok;
}

bool wattle_topology_list(const char *text, bool *set, unsigned int n)
{
	unsigned long a, b;
	char *end;

	while (*text) {
		if (*text < '0' || *text > '9')
			return false;
		a = strtoul(text, &end, 10);
		b = a;
		if (*end == '-') {
			if (end[1] < '0' || end[1] > '9')
				return false;
			b = strtoul(end + 1, &end, 10);
		}
		if (b < a || (*end && *end != ','))
			return false;
		for (; a <= b && a < n; a++)
			set[a] = true;
		text = *end ? end + 1 : end;
	}
	return true;
}

bool wattle_topology_online(bool *set, unsigned int n)
{
	char buf[4096];

	memset(set, 0, n * sizeof(*set));
	if (first_line(CPU_DIR "/online", buf, sizeof(buf)) && wattle_topology_list(buf, set, n))
		return true;
	memset(set, 1, n * sizeof(*set));
	return false;
}

int wattle_topology_sibling(unsigned int cpu, unsigned int n)
{
	char path[128], buf[256];
	int other = -1;
	unsigned int i;
	bool *set;

	snprintf(path, sizeof(path), CPU_DIR "/cpu%u/topology/thread_siblings_list", cpu);
	if (!first_line(path, buf, sizeof(buf)))
		return -1;
	set = calloc(n, sizeof(*set));
	if (!set)
		return -1;
	if (wattle_topology_list(buf, set, n)) {
		for (i = 0; i < n; i++) {
			if (!set[i] || i == cpu)
				continue;
			other = other == -1 ? (int)i : -2;
		}
	}
	free(set);
	return other < 0 ? -1 : other;
}

static int number(const char *path)
{
	char buf[64], *end;
	long v;

	if (!first_line(path, buf, sizeof(buf)))
		return -1;
	errno = 0;
	v = strtol(buf, &end, 10);
	return errno || end == buf || *end || v < 0 || v > 0x7fffffff ? -1 : (int)v;
}

int wattle_topology_package(unsigned int cpu)
{
	char path[128];

	snprintf(path, sizeof(path), CPU_DIR "/cpu%u/topology/physical_package_id", cpu);
	return number(path);
}

unsigned int wattle_topology_khz(unsigned int cpu, unsigned int *max_khz)
{
	char path[128];
	int now, max;

	/* Only drivers that are told a frequency, and announce it, have this file. */
	snprintf(path, sizeof(path), CPU_DIR "/cpu%u/cpufreq/scaling_setspeed", cpu);
	if (access(path, F_OK))
		return 0;
	snprintf(path, sizeof(path), CPU_DIR "/cpu%u/cpufreq/cpuinfo_max_freq", cpu);
	max = number(path);
	snprintf(path, sizeof(path), CPU_DIR "/cpu%u/cpufreq/scaling_cur_freq", cpu);
	now = number(path);
	if (max <= 0 || now <= 0)
		return 0;
	*max_khz = (unsigned int)max;
	return (unsigned int)now;
}

bool wattle_topology_first_pids(void)
{
	struct stat st;

	return !stat("/proc/self/ns/pid", &st) && st.st_ino == PROC_PID_INIT_INO;
}
