// SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause
/*
 * Who else sets frequencies. The kernel takes the lowest of all upper limits and
 * the governor's choice below it, so nothing breaks; but two that steer measure
 * each other's work, and whoever writes last to a governor wins.
 */
#include <ctype.h>
#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/doctor.h"
#include "cli/sysinfo.h"

/* By /proc/PID/comm, which the kernel cuts at 15 characters. */
static const struct manager {
	const char	*comm;
	const char	*name;
	const char	*cure;
} managers[] = {
	{ "tuned", "tuned",
	  "choose a profile whose [cpu] section sets no governor and no limit, or stop it while wattle enforces: systemctl stop tuned",
	},
	{ "thermald", "thermald",
	  "keep it if the machine runs hot: its limits count as a foreign cap and admission follows them; otherwise systemctl stop thermald",
	},
	{ "power-profiles-", "power-profiles-daemon",
	  "it rewrites the energy preference and the governor: systemctl stop power-profiles-daemon",
	},
	{ "auto-cpufreq", "auto-cpufreq",
	  "it switches governors by load: systemctl stop auto-cpufreq",
	},
	{ "cpufreqd", "cpufreqd",
	  "it switches governors by rules: systemctl stop cpufreqd",
	},
	{ "intel_lpmd", "intel_lpmd",
	  "it parks CPUs: systemctl stop intel_lpmd",
	},
	{ "eard", "EAR's node daemon",
	  "let one of the two choose: stop eard, or leave wattle in mode observe",
	},
	{ "gamemoded", "gamemode",
	  "it switches governors: systemctl --user stop gamemoded",
	},
};

#define NR_MANAGERS	(sizeof(managers) / sizeof(managers[0]))

/**
 * struct seen - what a walk over the processes found
 * @managers:	a process of each, 0 = none
 * @slurm_step:	a process of a job step with a requested frequency, 0 = none
 * @slurm_freq:	what it requested, as Slurm has it
 * @closed:	processes whose environment this user may not read
 */
struct seen {
	long		managers[NR_MANAGERS];
	long		slurm_step;
	char		slurm_freq[64];
	unsigned int	closed;
};

/* @name's value in a block of NUL-ended "NAME=VALUE"; false when it has none. */
static bool env_value(const char *block, size_t len, const char *name, char *value, size_t size)
{
	size_t at, n, name_len = strlen(name);

	for (at = 0; at < len; at += n + 1) {
		n = strnlen(block + at, len - at);
		if (n <= name_len || strncmp(block + at, name, name_len) ||
		    block[at + name_len] != '=')
			continue;
		snprintf(value, size, "%.*s", (int)(n - name_len - 1), block + at + name_len + 1);
		return true;
	}
	return false;
}

/* All of a file of /proc, which has no size; 0 and an errno when it cannot be read. */
static size_t read_all(const char *path, char **text)
{
	size_t size = 0, room = 0;
	int f = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = -1;

	*text = NULL;
	if (f < 0)
		return 0;
	do {
		if (size == room) {
			room = room ? room * 2 : 16384;
			*text = realloc(*text, room);
			out_need(*text);
		}
		n = read(f, *text + size, room - size);
		size += n > 0 ? n : 0;
	} while (n > 0);
	close(f);
	return n < 0 ? 0 : size;
}

static void look_at(struct doctor *d, struct seen *seen, const char *pid)
{
	char path[PATH_MAX], comm[64], *env;
	size_t len, i;

	snprintf(path, sizeof(path), "/proc/%s/comm", pid);
	if (sysinfo_line(d->root, path, comm, sizeof(comm)))
		return;		/* it has ended */
	for (i = 0; i < NR_MANAGERS; i++)
		if (!strcmp(comm, managers[i].comm))
			seen->managers[i] = strtol(pid, NULL, 10);
	if (seen->slurm_step ||
	    snprintf(path, sizeof(path), "%s/proc/%s/environ", d->root, pid) >= (int)sizeof(path))
		return;
	if (access(path, R_OK)) {
		seen->closed++;
		return;
	}
	len = read_all(path, &env);
	if (env_value(env, len, "SLURM_CPU_FREQ_REQ", seen->slurm_freq, sizeof(seen->slurm_freq)))
		seen->slurm_step = strtol(pid, NULL, 10);
	free(env);
}

static void check_managers(struct doctor *d, const struct seen *seen)
{
	char profile[128];
	size_t i;
	int found = 0;

	for (i = 0; i < NR_MANAGERS; i++) {
		if (!seen->managers[i])
			continue;
		found++;
		if (strcmp(managers[i].comm, "tuned") ||
		    sysinfo_line(d->root, "/etc/tuned/active_profile", profile, sizeof(profile)) ||
		    !profile[0])
			doctor_finding(d, managers[i].comm, NOTE, managers[i].cure,
				       "%s runs (pid %ld) and sets frequencies too",
				       managers[i].name, seen->managers[i]);
		else
			doctor_finding(d, managers[i].comm, NOTE, managers[i].cure,
				       "tuned runs (pid %ld, profile %s) and may set frequencies too",
				       seen->managers[i], profile);
	}
	if (!found)
		doctor_finding(d, "managers", OK, NULL, "no other program known to set frequencies runs");
}

static void check_slurm(struct doctor *d, const struct seen *seen)
{
	if (seen->slurm_step)
		doctor_finding(d, "slurm", NOTE,
			       "keep such jobs off the managed CPUs, or submit them without --cpu-freq",
			       "a job step (pid %ld) was started with --cpu-freq (%s)",
			       seen->slurm_step, seen->slurm_freq);
	else if (seen->closed && sysinfo_exists(d->root, "/etc/slurm"))
		doctor_finding(d, "slurm", NOTE, "run it as root",
			       "cannot tell whether a job asked for --cpu-freq: %u processes are closed to this user",
			       seen->closed);
}

/* Limits below (or above) what the hardware has; whoever set them. */
static void check_limits(struct doctor *d)
{
	char dir[PATH_MAX], path[300], low[32], high[32], min[32], max[32], first[64] = "";
	unsigned int n = 0, capped = 0;
	struct dirent *e;
	DIR *p;

	/* In enforce mode wattle's own limits show in the same files. */
	if (d->client && d->query.mode == WATTLE_MODE_ENFORCE)
		return;
	if (snprintf(dir, sizeof(dir), "%s/sys/devices/system/cpu/cpufreq", d->root) >=
	    (int)sizeof(dir))
		return;
	p = opendir(dir);
	if (!p)
		return;
	while ((e = readdir(p))) {
		static const char at[] = "/sys/devices/system/cpu/cpufreq";

		if (strncmp(e->d_name, "policy", 6))
			continue;
		snprintf(path, sizeof(path), "%s/%.200s/cpuinfo_min_freq", at, e->d_name);
		if (sysinfo_line(d->root, path, low, sizeof(low)))
			continue;
		snprintf(path, sizeof(path), "%s/%.200s/cpuinfo_max_freq", at, e->d_name);
		if (sysinfo_line(d->root, path, high, sizeof(high)))
			continue;
		snprintf(path, sizeof(path), "%s/%.200s/scaling_min_freq", at, e->d_name);
		if (sysinfo_line(d->root, path, min, sizeof(min)))
			continue;
		snprintf(path, sizeof(path), "%s/%.200s/scaling_max_freq", at, e->d_name);
		if (sysinfo_line(d->root, path, max, sizeof(max)))
			continue;
		n++;
		if (strtoul(max, NULL, 10) >= strtoul(high, NULL, 10) &&
		    strtoul(min, NULL, 10) <= strtoul(low, NULL, 10))
			continue;
		if (!capped++)
			snprintf(first, sizeof(first), "%.16s has %.10s to %.10s kHz", e->d_name,
				 min, max);
	}
	closedir(p);
	if (capped)
		doctor_finding(d, "limits", NOTE,
			       "wattle respects them; if nobody means them, write cpuinfo_min_freq and cpuinfo_max_freq back to scaling_min_freq and scaling_max_freq",
			       "%u of %u cpufreq policies are limited by somebody: %s", capped, n,
			       first);
	else if (n)
		doctor_finding(d, "limits", OK, NULL, "no cpufreq policy of %u is limited", n);
}

void doctor_check_conflicts(struct doctor *d)
{
	struct seen seen = { 0 };
	char dir[PATH_MAX];
	struct dirent *e;
	DIR *p = NULL;

	if (snprintf(dir, sizeof(dir), "%s/proc", d->root) < (int)sizeof(dir))
		p = opendir(dir);
	if (!p) {
		doctor_finding(d, "managers", NOTE, "mount it: mount -t proc none /proc",
			       "/proc cannot be read: other frequency managers cannot be seen");
	} else {
		while ((e = readdir(p)))
			if (isdigit((unsigned char)e->d_name[0]))
				look_at(d, &seen, e->d_name);
		closedir(p);
		check_managers(d, &seen);
		check_slurm(d, &seen);
	}
	check_limits(d);
}
