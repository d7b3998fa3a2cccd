/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * CPUs: which are wattle's to gate, what admission may count on, how fast they run.
 */
#ifndef WATTLE_CPUS_H
#define WATTLE_CPUS_H

#include <linux/jiffies.h>
#include <linux/percpu.h>
#include <linux/types.h>
#include <linux/wattle.h>

/**
 * struct wattle_cpu_freq - what is known of a CPU's frequency
 * @khz:	last seen, 0 unknown
 * @known:	the driver says what clock it set (it takes targets, not ranges); else
 *		@khz is measured, where that can be
 * @stamp:	jiffies when @khz was seen
 */
struct wattle_cpu_freq {
	u32		khz;
	bool		known;
	unsigned long	stamp;
};

DECLARE_PER_CPU(struct wattle_cpu_freq, wattle_cpu_freq);

int wattle_cpus_init(void);
void wattle_cpus_exit(void);
u32 wattle_cpus_nr_managed(void);
u32 wattle_cpus_supply_khz(void);
bool wattle_cpus_is_managed(u32 cpu);
int wattle_cpus_set_managed(const char *list);
int wattle_cpus_print_managed(char *buf);
void __wattle_cpus_observe(u32 cpu);
u32 wattle_cpus_observed_khz(u32 cpu);
u32 wattle_cpus_confidence(void);
void wattle_cpus_follow(void);

/**
 * wattle_cpus_observe() - look at a CPU's frequency, at most once a jiffy
 * @cpu: the CPU or %WATTLE_CPU_ANY, for which nothing is done
 *
 * Outside the device lock: cpufreq has locks of its own.
 */
static inline void wattle_cpus_observe(u32 cpu)
{
	if (cpu != WATTLE_CPU_ANY && time_after(jiffies, per_cpu(wattle_cpu_freq, cpu).stamp))
		__wattle_cpus_observe(cpu);
}

/**
 * wattle_cpus_khz() - a CPU's frequency when it was last looked at
 * @cpu: the CPU or %WATTLE_CPU_ANY
 *
 * Return: kHz, 0 when not known.
 */
static inline u32 wattle_cpus_khz(u32 cpu)
{
	return cpu == WATTLE_CPU_ANY ? 0 : READ_ONCE(per_cpu(wattle_cpu_freq, cpu).khz);
}

#endif
