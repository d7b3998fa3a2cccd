// SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause
#include "cli/sysinfo.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define MAX_PACKAGES	256

int sysinfo_line(const char *root, const char *path, char *buf, size_t n)
{
	char full[PATH_MAX];
	FILE *f;
	int err = 0;

	if (snprintf(full, sizeof(full), "%s%s", root, path) >= (int)sizeof(full))
		return -ENAMETOOLONG;
	f = fopen(full, "re");
	if (!f)
		return -errno;
	if (!fgets(buf, n, f)) {
		err = ferror(f) ? -errno : 0;
		buf[0] = 0;
	}
	fclose(f);
	buf[strcspn(buf, "\n")] = 0;
	return err;
}

bool sysinfo_exists(const char *root, const char *path)
{
	char full[PATH_MAX];

	return snprintf(full, sizeof(full), "%s%s", root, path) < (int)sizeof(full) &&
	       !access(full, F_OK);
}

int sysinfo_cpulist(const char *s)
{
	unsigned long a, b, n = 0;
	char *end;

	while (*s) {
		a = strtoul(s, &end, 10);
		b = a;
		if (end == s)
			return -EINVAL;
		if (*end == '-') {
			s = end + 1;
			b = strtoul(s, &end, 10);
			if (end == s)
				return -EINVAL;
		}
		if (b < a || b > 1UL << 20)
			return -EINVAL;
		n += b - a + 1;
		if (*end && *end != ',')
			return -EINVAL;
		s = *end ? end + 1 : end;
	}
	return n;
}

int sysinfo_cpus(const char *root, struct sysinfo_cpus *c)
{
	char buf[4096], path[96];
	long ids[MAX_PACKAGES], id;
	unsigned int cpu, n, i, seen = 0;
	int err;

	memset(c, 0, sizeof(*c));
	err = sysinfo_line(root, "/sys/devices/system/cpu/online", buf, sizeof(buf));
	if (err)
		return err;
	err = sysinfo_cpulist(buf);
	if (err < 0)
		return err;
	c->online = err;
	/* CPU numbers have gaps where CPUs are offline: look until all have been seen. */
	for (cpu = 0, n = 0; n < c->online && cpu < 1U << 16; cpu++) {
		snprintf(path, sizeof(path),
			 "/sys/devices/system/cpu/cpu%u/topology/physical_package_id", cpu);
		if (sysinfo_line(root, path, buf, sizeof(buf)))
			continue;
		n++;
		id = strtol(buf, NULL, 10);
		for (i = 0; i < seen && ids[i] != id; i++)
			;
		if (i == seen && seen < MAX_PACKAGES)
			ids[seen++] = id;
	}
	c->packages = seen;
	return 0;
}

unsigned int sysinfo_rapl(const char *root, unsigned int *readable)
{
	char dir[PATH_MAX], path[300], buf[64];
	unsigned int n = 0;
	struct dirent *e;
	DIR *d;

	*readable = 0;
	snprintf(dir, sizeof(dir), "%s/sys/class/powercap", root);
	d = opendir(dir);
	if (!d)
		return 0;
	while ((e = readdir(d))) {
		/* intel-rapl:0 is a package (or psys); intel-rapl:0:0 a part of one. */
		if (strncmp(e->d_name, "intel-rapl:", 11) || strchr(e->d_name + 11, ':'))
			continue;
		snprintf(path, sizeof(path), "/sys/class/powercap/%s/name", e->d_name);
		if (sysinfo_line(root, path, buf, sizeof(buf)) || strncmp(buf, "package-", 8))
			continue;
		n++;
		snprintf(path, sizeof(path), "/sys/class/powercap/%s/energy_uj", e->d_name);
		if (!sysinfo_line(root, path, buf, sizeof(buf)) && buf[0])
			++*readable;
	}
	closedir(d);
	return n;
}
