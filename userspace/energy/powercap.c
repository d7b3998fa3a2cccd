// SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause
/*
 * RAPL by way of powercap sysfs: intel-rapl:N is a package (or the platform),
 * intel-rapl:N:M a part of one. AMD's counters appear under the same name. Only
 * packages are summed: their parts are inside them, and psys is another
 * measurement of the same machine.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "energy/energy.h"
#include "lib/internal.h"

#define MAX_PACKAGES	64
#define PREFIX		"intel-rapl:"

struct package {
	int		fd;
	uint64_t	range_uj;	/* readings are 0 .. range_uj */
	uint64_t	last_uj;
	uint64_t	total_uj;	/* since the first reading */
	int		id;		/* physical package, -1: its name does not say */
};

/* One for the process: it is the same hardware for every client. */
static struct {
	pthread_mutex_t	lock;
	char		dir[256];
	struct package	pkg[MAX_PACKAGES];
	unsigned int	nr;
	uint64_t	total_uj;
} rapl = { .lock = PTHREAD_MUTEX_INITIALIZER, .dir = WATTLE_POWERCAP_DIR };

/* The file's content without its newline. 0 or negative errno. */
static int read_text(int dirfd, const char *zone, const char *file, char *buf, size_t size)
{
	char path[320];
	ssize_t n;
	int fd;

	snprintf(path, sizeof(path), "%s/%s", zone, file);
	fd = openat(dirfd, path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	n = read(fd, buf, size - 1);
	if (n < 0)
		n = -errno;
	close(fd);
	if (n < 0)
		return (int)n;
	buf[n] = '\0';
	buf[strcspn(buf, "\n")] = '\0';
	return 0;
}

static int parse_u64(const char *text, uint64_t *v)
{
	char *end;

	errno = 0;
	*v = strtoull(text, &end, 10);
	if (errno || end == text || *text == '-' || (*end && *end != '\n'))
		return -EINVAL;
	return 0;
}

static int read_counter(int fd, uint64_t *uj)
{
	char buf[32];
	ssize_t n = pread(fd, buf, sizeof(buf) - 1, 0);

	if (n < 0)
		return -errno;
	buf[n] = '\0';
	return parse_u64(buf, uj);
}

static void forget(void)
{
	while (rapl.nr)
		close(rapl.pkg[--rapl.nr].fd);
	rapl.total_uj = 0;
}

/* 1: opened, 0: not a package, else a negative errno and its words in @why. */
static int open_package(int dirfd, const char *zone, char *why, size_t size)
{
	struct package *p = &rapl.pkg[rapl.nr];
	char buf[64], path[320];
	int ret;

	if (strncmp(zone, PREFIX, strlen(PREFIX)) || strchr(zone + strlen(PREFIX), ':'))
		return 0;
	ret = read_text(dirfd, zone, "name", buf, sizeof(buf));
	if (ret || strncmp(buf, "package", strlen("package")))
		return 0;
	if (rapl.nr == MAX_PACKAGES) {
		snprintf(why, size, "%.60s has more than %d packages; report this", rapl.dir,
			 MAX_PACKAGES);
		return -E2BIG;
	}
	/* "package-1", or "package-1-die-0" where a package has several counters. */
	p->id = -1;
	sscanf(buf, "package-%d", &p->id);
	p->total_uj = 0;
	ret = read_text(dirfd, zone, "max_energy_range_uj", buf, sizeof(buf));
	if (!ret)
		ret = parse_u64(buf, &p->range_uj);
	if (!ret) {
		snprintf(path, sizeof(path), "%s/energy_uj", zone);
		p->fd = openat(dirfd, path, O_RDONLY | O_CLOEXEC);
		ret = p->fd < 0 ? -errno : read_counter(p->fd, &p->last_uj);
		if (ret && p->fd >= 0)
			close(p->fd);
	}
	if (ret == -EACCES)
		snprintf(why, size, "%.60s/%.20s/energy_uj is for root only: run as root, or have "
			 "root chmod a+r it", rapl.dir, zone);
	else if (ret)
		snprintf(why, size, "%.60s/%.20s cannot be read (%s); is its driver healthy? See "
			 "dmesg", rapl.dir, zone, strerror(-ret));
	if (ret)
		return ret;
	rapl.nr++;
	return 1;
}

static int open_all(char *why, size_t size)
{
	struct dirent *d;
	int ret = 0;
	DIR *dir;

	dir = opendir(rapl.dir);
	while (dir && ret >= 0 && (d = readdir(dir)))
		ret = open_package(dirfd(dir), d->d_name, why, size);
	if (dir)
		closedir(dir);
	if (ret < 0) {
		forget();
		return ret;
	}
	if (!rapl.nr) {
		snprintf(why, size, "no RAPL package in %.48s: on hardware `modprobe "
			 "intel_rapl_msr`; a virtual machine has none: use its host",
			 rapl.dir);
		return -ENOENT;
	}
	return 0;
}

static int read_all(char *why, size_t size)
{
	uint64_t now[MAX_PACKAGES], delta;
	struct package *p;
	unsigned int i;
	int ret;

	for (i = 0; i < rapl.nr; i++) {
		ret = read_counter(rapl.pkg[i].fd, &now[i]);
		if (ret) {
			snprintf(why, size, "a package's energy_uj in %.60s failed (%s); is its "
				 "driver healthy? See dmesg", rapl.dir, strerror(-ret));
			return ret;
		}
	}
	/* All could be read: only now does anything change. */
	for (i = 0; i < rapl.nr; i++) {
		p = &rapl.pkg[i];
		delta = now[i] - p->last_uj;
		/* The counter runs from 0 to range_uj, both included. */
		if (now[i] < p->last_uj)
			delta += p->range_uj + 1;
		p->last_uj = now[i];
		p->total_uj += delta;
		rapl.total_uj += delta;
	}
	return 0;
}

void wattle_powercap_read(struct wattle_energy *e)
{
	int ret;

	memset(e, 0, sizeof(*e));
	pthread_mutex_lock(&rapl.lock);
	ret = rapl.nr ? 0 : open_all(e->why, sizeof(e->why));
	if (!ret)
		ret = read_all(e->why, sizeof(e->why));
	if (!ret) {
		e->uj = rapl.total_uj;
		e->stamp_ns = wattle_now_ns();
		e->quality = WATTLE_QUALITY_MEASURED;
		snprintf(e->source, sizeof(e->source), "powercap:intel-rapl");
	}
	pthread_mutex_unlock(&rapl.lock);
}

unsigned int wattle_powercap_packages(uint64_t *uj, int *ids, unsigned int max)
{
	unsigned int i, nr;

	pthread_mutex_lock(&rapl.lock);
	nr = rapl.nr;
	for (i = 0; i < nr && i < max; i++) {
		uj[i] = rapl.pkg[i].total_uj;
		ids[i] = rapl.pkg[i].id;
	}
	pthread_mutex_unlock(&rapl.lock);
	return nr;
}

void wattle_powercap_set_dir(const char *dir)
{
	pthread_mutex_lock(&rapl.lock);
	forget();
	snprintf(rapl.dir, sizeof(rapl.dir), "%s", dir ? dir : WATTLE_POWERCAP_DIR);
	pthread_mutex_unlock(&rapl.lock);
}
