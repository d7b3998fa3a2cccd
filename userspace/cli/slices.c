// SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause
/*
 * Slices by perf_event_open(2). The counters are inherited, so those of children are in the
 * sums, also of children that have ended; each is read by itself, which inheritance wants.
 */
#include "cli/slices.h"

#include <errno.h>
#include <linux/perf_event.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Less CPU time than this says little. */
#define LEAST_NS	10000000ULL

static const struct {
	uint32_t	type;
	uint64_t	config;
	const char	*name;
} counters[SLICES_NR] = {
	[SLICES_TIME]	= { PERF_TYPE_SOFTWARE, PERF_COUNT_SW_TASK_CLOCK, "task-clock" },
	[SLICES_CYCLES]	= { PERF_TYPE_HARDWARE, PERF_COUNT_HW_CPU_CYCLES, "cycles" },
	[SLICES_STALLS]	= { PERF_TYPE_HARDWARE, PERF_COUNT_HW_STALLED_CYCLES_BACKEND,
			    "stalled-cycles-backend" },
};

static int open_counter(unsigned int i, pid_t pid)
{
	struct perf_event_attr attr = {
		.size = sizeof(attr),
		.type = counters[i].type,
		.config = counters[i].config,
		.inherit = 1,
		.read_format = PERF_FORMAT_TOTAL_TIME_ENABLED | PERF_FORMAT_TOTAL_TIME_RUNNING,
	};

	/*
	 * All of it or nothing: without the kernel's cycles, work would seem less than it is, and
	 * more slowdown be allowed than was.
	 */
	return (int)syscall(SYS_perf_event_open, &attr, pid, -1, -1, PERF_FLAG_FD_CLOEXEC);
}

/* A counter that shared its hardware has run only part of the time. */
static bool read_counter(int fd, uint64_t *v)
{
	struct { uint64_t value, enabled, running; } r;

	if (read(fd, &r, sizeof(r)) != sizeof(r))
		return false;
	*v = r.value;
	if (r.running && r.running < r.enabled)
		*v = (uint64_t)((double)r.value * (double)r.enabled / (double)r.running);
	return true;
}

bool slices_open(struct slices *s, pid_t pid, char *why, size_t size)
{
	unsigned int i;

	memset(s, 0, sizeof(*s));
	for (i = 0; i < SLICES_NR; i++)
		s->fd[i] = -1;
	for (i = 0; i < SLICES_NR; i++) {
		s->fd[i] = open_counter(i, pid);
		if (s->fd[i] >= 0)
			continue;
		if (errno == EACCES || errno == EPERM)
			snprintf(why, size, "counter %s is not allowed with the kernel's part "
				 "(CAP_PERFMON, or sysctl kernel.perf_event_paranoid=1)",
				 counters[i].name);
		else
			snprintf(why, size, "there is no counter %s here (%s)", counters[i].name,
				 strerror(errno));
		slices_close(s);
		return false;
	}
	return true;
}

bool slices_take(struct slices *s, uint64_t v[SLICES_NR])
{
	uint64_t now[SLICES_NR];
	unsigned int i;

	for (i = 0; i < SLICES_NR; i++) {
		if (s->fd[i] < 0 || !read_counter(s->fd[i], &now[i]))
			return false;
		/* What was extrapolated may come down again: that waits for the next slice. */
		if (now[i] < s->last[i])
			return false;
		v[i] = now[i] - s->last[i];
	}
	if (v[SLICES_TIME] < LEAST_NS)
		return false;
	memcpy(s->last, now, sizeof(now));
	if (v[SLICES_STALLS] > v[SLICES_CYCLES])
		v[SLICES_STALLS] = v[SLICES_CYCLES];
	return true;
}

void slices_close(struct slices *s)
{
	unsigned int i;

	for (i = 0; i < SLICES_NR; i++) {
		if (s->fd[i] >= 0)
			close(s->fd[i]);
		s->fd[i] = -1;
	}
}
