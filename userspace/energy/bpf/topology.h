/* SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause */
/* What sysfs and procfs say about CPUs and ids, as far as attribution wants to know. */
#ifndef WATTLE_ENERGY_BPF_TOPOLOGY_H
#define WATTLE_ENERGY_BPF_TOPOLOGY_H

#include <stdbool.h>
#include <stddef.h>

/* Sets @set[cpu] for each CPU of a list like "0-3,8" below @n. False for nonsense. */
bool wattle_topology_list(const char *text, bool *set, unsigned int n);

/* CPUs online now. False when that cannot be read: then all are set. */
bool wattle_topology_online(bool *set, unsigned int n);

/* The other CPU of @cpu's core, or -1: none, or more than one. */
int wattle_topology_sibling(unsigned int cpu, unsigned int n);

/* physical_package_id, or -1 when it is not told. */
int wattle_topology_package(unsigned int cpu);

/**
 * wattle_topology_khz() - what @cpu runs at
 * @max_khz: the most it can
 *
 * Return: kHz now, or 0 when there is no cpufreq, or when its driver leaves the choice to
 * the hardware, whose changes nobody announces.
 */
unsigned int wattle_topology_khz(unsigned int cpu, unsigned int *max_khz);

/* Are process ids here those that the kernel's programs see: the first PID namespace's? */
bool wattle_topology_first_pids(void);

#endif
