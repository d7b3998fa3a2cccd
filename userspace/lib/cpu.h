/* SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause */
/* The CPUs of this machine, as far as scheduling needs them. */
#ifndef WATTLE_LIB_CPU_H
#define WATTLE_LIB_CPU_H

#include <sched.h>
#include <stddef.h>
#include <stdint.h>

/* One more than the highest CPU number there can be. */
unsigned int wattle_cpu_possible(void);
/* How many CPUs the calling thread may use, at least 1. */
unsigned int wattle_cpu_allowed(void);
/**
 * wattle_cpu_allowed_list() - the CPUs the calling thread may use, ascending
 * @cpus: allocated, the caller's to free()
 *
 * Return: how many; -ENOMEM or what sched_getaffinity(2) says.
 */
int wattle_cpu_allowed_list(unsigned int **cpus);
/**
 * wattle_cpu_khz() - frequency that can be counted on, 0 = unknown
 *
 * Never a turbo frequency: the base frequency where the driver tells it,
 * otherwise what policy allows, otherwise the nominal clock.
 */
uint32_t wattle_cpu_khz(void);

#endif
