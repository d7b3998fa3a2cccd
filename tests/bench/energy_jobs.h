/* SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause */
/* The work of the energy mixes: what arrives when, needs what and is due when. */
#ifndef WATTLE_BENCH_ENERGY_JOBS_H
#define WATTLE_BENCH_ENERGY_JOBS_H

#include <linux/wattle.h>
#include <stdint.h>

#define ENERGY_JOBS_MAX		2048
#define ENERGY_QUEUES		2
#define ENERGY_FULL_KHZ		3200000ULL

/**
 * struct energy_job - one batch
 * @release_ns:	when it is submitted, from the beginning of the window; not descending
 * @due_ns:	its deadline, likewise; 0 = none, then its run time counts (max_slowdown_pm)
 * @kcycles:	C
 * @stall_us:	M
 * @activity_pm: switching activity of its code: only the platform's referee is told
 * @queue:	index into the mix's queues
 */
struct energy_job {
	uint64_t	release_ns;
	uint64_t	due_ns;
	uint64_t	kcycles;
	uint64_t	stall_us;
	uint32_t	activity_pm;
	uint32_t	queue;
};

/**
 * struct energy_mix - a kind of load for four CPUs
 * @name:	as in the figure's name
 * @text:	for people
 * @window_ns:	joules are counted over it, idle time included
 * @queues:	what the submitter says of its queues; class 0 = not used
 * @fill:	makes the jobs
 */
struct energy_mix {
	const char			*name;
	const char			*text;
	uint64_t			window_ns;
	struct wattle_queue_params	queues[ENERGY_QUEUES];
	void				(*fill)(void);
};

extern const struct energy_mix energy_mixes[];
extern const unsigned int energy_nr_mixes;

/* The jobs of the mix filled last, in order of release. */
extern struct energy_job energy_jobs[ENERGY_JOBS_MAX];
extern unsigned int energy_nr_jobs;

/** energy_fill() - the same jobs for the same mix and seed, every time */
void energy_fill(const struct energy_mix *mix, uint64_t seed);

#endif
