// SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "fail.h"
#include "matrix.h"
#include "memory.h"

static atomic_uint_least64_t limit_bytes;

void wattle_memory__set_limit(uint64_t bytes)
{
	atomic_store(&limit_bytes, bytes);
}

static ssize_t slurp(const char *path, char *buf, size_t size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n;

	if (fd < 0)
		return -1;
	n = read(fd, buf, size - 1);
	close(fd);
	if (n >= 0)
		buf[n] = 0;
	return n;
}

static uint64_t machine_available(void)
{
	char buf[4096], *p;

	if (slurp("/proc/meminfo", buf, sizeof(buf)) > 0) {
		p = strstr(buf, "MemAvailable:");
		if (p)
			return strtoull(p + strlen("MemAvailable:"), NULL, 10) * 1024;
	}
	return (uint64_t)sysconf(_SC_PHYS_PAGES) * (uint64_t)sysconf(_SC_PAGESIZE);
}

static bool cgroup_value(const char *root, const char *dir, const char *file, uint64_t *v)
{
	char path[PATH_MAX], buf[64], *end;

	snprintf(path, sizeof(path), "%s%s/%s", root, dir, file);
	if (slurp(path, buf, sizeof(buf)) <= 0)
		return false;
	*v = strtoull(buf, &end, 10);
	return end != buf;		/* "max" is no number */
}

/* Page cache, which memory.current counts and the kernel drops before anybody runs out. */
static uint64_t cgroup_cache(const char *root, const char *dir)
{
	char path[PATH_MAX], buf[8192], *line, *save = NULL;
	uint64_t sum = 0, v;

	snprintf(path, sizeof(path), "%s%s/memory.stat", root, dir);
	if (slurp(path, buf, sizeof(buf)) <= 0)
		return 0;
	for (line = strtok_r(buf, "\n", &save); line; line = strtok_r(NULL, "\n", &save))
		if (sscanf(line, "active_file %" SCNu64, &v) == 1 ||
		    sscanf(line, "inactive_file %" SCNu64, &v) == 1)
			sum += v;
	return sum;
}

uint64_t wattle_memory__cgroup_left(const char *root, char *dir)
{
	uint64_t best = UINT64_MAX;
	char *slash;

	for (;;) {
		uint64_t max, used;

		if (cgroup_value(root, dir, "memory.max", &max) &&
		    cgroup_value(root, dir, "memory.current", &used)) {
			const uint64_t cache = cgroup_cache(root, dir);
			uint64_t left;

			used -= cache < used ? cache : used;
			left = max > used ? max - used : 0;
			if (left < best)
				best = left;
		}
		slash = strrchr(dir, '/');
		if (!slash || !*dir)
			return best;
		*slash = 0;
	}
}

static uint64_t cgroup_available(void)
{
	char buf[4096], *dir;

	if (slurp("/proc/self/cgroup", buf, sizeof(buf)) <= 0)
		return UINT64_MAX;
	dir = strstr(buf, "0::/");
	if (!dir)
		return UINT64_MAX;
	dir += strlen("0::");
	dir[strcspn(dir, "\n")] = 0;
	return wattle_memory__cgroup_left("/sys/fs/cgroup", dir);
}

uint64_t wattle_memory__available(void)
{
	uint64_t m = atomic_load(&limit_bytes), c;

	if (m)
		return m;
	m = machine_available();
	c = cgroup_available();
	return m < c ? m : c;
}

int wattle_memory__check(uint64_t rows, uint64_t cols, size_t elem, const char *path,
			 struct wattle_ml_error *e)
{
	uint64_t available;
	size_t bytes, stride;

	if (rows > SIZE_MAX || cols > SIZE_MAX ||
	    wattle_matrix__size(rows, cols, elem, &stride, &bytes))
		return wattle_ml__fail(e, -EOVERFLOW,
				       "%s: %" PRIu64 " rows x %" PRIu64
				       " columns is more than this machine can address",
				       path, rows, cols);
	available = wattle_memory__available();
	if (bytes > available)
		return wattle_ml__fail(e, -ENOMEM,
				       "%s: %" PRIu64 " rows x %" PRIu64 " columns need %.1f MiB of memory, %.1f MiB are available; take fewer rows or a machine with more memory",
				       path, rows, cols, (double)bytes / 1048576.0,
				       (double)available / 1048576.0);
	return 0;
}
