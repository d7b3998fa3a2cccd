/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Resume-latency requests of the managed CPUs, for the latency class.
 */
#ifndef WATTLE_LATENCY_H
#define WATTLE_LATENCY_H

#include <linux/types.h>

struct cpumask;

int wattle_latency_init(void);
void wattle_latency_exit(void);
void wattle_latency_want(bool want);
void wattle_latency_manage(const struct cpumask *cpus);
void wattle_latency_settle(void);
u32 wattle_latency_held_us(unsigned int cpu);
u32 wattle_latency_confidence(void);

#endif
