/* SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause */
/*
 * What the machine says about itself in /sys and /proc. Every path is below
 * @root ("" for the real one), so that a container's or a test's tree can be read.
 */
#ifndef WATTLE_CLI_SYSINFO_H
#define WATTLE_CLI_SYSINFO_H

#include <stdbool.h>
#include <stddef.h>

/* First line of @root@path without its newline; negative errno. */
int sysinfo_line(const char *root, const char *path, char *buf, size_t n);

/**
 * struct sysinfo_cpus - processors
 * @online:	CPUs online
 * @packages:	physical packages they are in; 0 = not told
 */
struct sysinfo_cpus {
	unsigned int	online;
	unsigned int	packages;
};

int sysinfo_cpus(const char *root, struct sysinfo_cpus *c);

/* CPUs of a list such as "0-3,8"; 0 for an empty list; negative errno for nonsense. */
int sysinfo_cpulist(const char *s);

/* Number of powercap RAPL packages; @readable: of those, whose energy_uj this process can read. */
unsigned int sysinfo_rapl(const char *root, unsigned int *readable);

bool sysinfo_exists(const char *root, const char *path);

#endif
