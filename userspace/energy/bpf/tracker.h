/* SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause */
/*
 * The reader of bpf/energy.bpf.c: loads the programs, and once a tick collects what every
 * thread and every CPU did since the last one.
 */
#ifndef WATTLE_ENERGY_BPF_TRACKER_H
#define WATTLE_ENERGY_BPF_TRACKER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "energy/attribution.h"

struct wattle_tracker;

/**
 * struct wattle_tracker_config - what to look at
 * @domain_of:	domain of each CPU, indexed by its number; NULL: all are of domain 0
 * @nr_cpus:	length of @domain_of
 * @launch:	children that this process forks from now on are job 1, with all they fork
 * @target:	this process and its descendants are job 1; 0: none
 * @no_pmu:	do as if there were no hardware counters
 */
struct wattle_tracker_config {
	const unsigned int	*domain_of;
	unsigned int		nr_cpus;
	bool			launch;
	pid_t			target;
	bool			no_pmu;
};

/**
 * struct wattle_tracker_info - what it works with, and what it has lost so far
 * @cycles:	weights are unhalted cycles, else time
 * @counter_ns: there are counters, but reading one takes so long that they are not used; else 0
 * @instr:	instructions are counted
 * @clock:	frequencies are known and go into the weights
 * @smt:	siblings are known and go into the weights
 * @switches:	context switches seen
 * @unknown:	of those, away from a task without accounts
 * @dropped:	records that found no room
 * @no_storage:	threads there was no memory for
 * @lost_ns:	CPU time in @unknown and @dropped
 * @stamp_ns:	CLOCK_MONOTONIC of the last tick's reading of the CPUs
 */
struct wattle_tracker_info {
	bool		cycles;
	bool		instr;
	bool		clock;
	bool		smt;
	uint64_t	counter_ns;
	uint64_t	switches;
	uint64_t	unknown;
	uint64_t	dropped;
	uint64_t	no_storage;
	uint64_t	lost_ns;
	uint64_t	stamp_ns;
};

/**
 * wattle_tracker_open() - load, attach and begin
 * @err:	on failure a sentence: what is missing, and what gives it
 *
 * Needs CAP_BPF and CAP_PERFMON; none of them later.
 *
 * Return: 0, -EPERM without privileges, -ENOTSUP where the kernel cannot do it, -ESRCH when
 * there is no such target, or another negative errno.
 */
int wattle_tracker_open(struct wattle_tracker **out, const struct wattle_tracker_config *cfg,
			char *err, size_t errsz);
void wattle_tracker_close(struct wattle_tracker *t);

/* Readable when the ring is filling up faster than ticks come: then call _drain(). */
int wattle_tracker_fd(const struct wattle_tracker *t);
void wattle_tracker_drain(struct wattle_tracker *t, struct wattle_attribution *a);

/**
 * wattle_tracker_tick() - collect
 * @a:		gets the records and, per domain, times and the weight of losses
 *
 * Return: 0 or a negative errno.
 */
int wattle_tracker_tick(struct wattle_tracker *t, struct wattle_attribution *a);

void wattle_tracker_info(const struct wattle_tracker *t, struct wattle_tracker_info *info);

#endif
