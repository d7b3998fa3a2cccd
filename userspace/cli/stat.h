/* SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause */
/*
 * wattle stat: what its parts share.
 */
#ifndef WATTLE_CLI_STAT_H
#define WATTLE_CLI_STAT_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "cli/out.h"
#include "energy/bpf/tracker.h"
#include "energy/domains.h"

/**
 * struct stat_opts - the command line
 * @interval_ns: a report each so often; 0: one at the end
 * @pid:	what is measured instead of a command; 0: none
 * @all:	the whole machine is what is measured
 * @separator:	of columns; NULL: text for people
 * @path:	file for the figures; NULL: stderr
 * @cmd:	the command, ended by NULL; NULL: none
 */
struct stat_opts {
	uint64_t	interval_ns;
	pid_t		pid;
	bool		all;
	const char	*separator;
	const char	*path;
	char		**cmd;
};

/**
 * struct stat_part - joules and time of some processes
 * @uj:		joules
 * @low_uj:	no less
 * @high_uj:	no more
 * @ns:		CPU time
 * @cycles:	0 without counters
 * @instr:	likewise
 */
struct stat_part {
	uint64_t	uj;
	uint64_t	low_uj;
	uint64_t	high_uj;
	uint64_t	ns;
	uint64_t	cycles;
	uint64_t	instr;
};

/**
 * struct stat_sum - what happened in some time
 * @job:	what is measured
 * @others:	other processes
 * @kthreads:	kernel threads
 * @idle:	CPUs doing nothing
 * @shared_uj:	what no CPU causes alone
 * @irq_uj:	interrupts
 * @lost_uj:	used, nobody knows by whom
 * @node_uj:	all of the above
 * @busy_ns:	time of CPUs that were not idle
 * @idle_ns:	time of CPUs that were
 * @ns:		wall time
 * @alone:	@job had no other beside it, whenever it ran
 * @idle_known:	idle power was known in every tick
 * @ticks:	divisions summed up here
 */
struct stat_sum {
	struct stat_part	job;
	struct stat_part	others;
	struct stat_part	kthreads;
	struct stat_part	idle;
	uint64_t		shared_uj;
	uint64_t		irq_uj;
	uint64_t		lost_uj;
	uint64_t		node_uj;
	uint64_t		busy_ns;
	uint64_t		idle_ns;
	uint64_t		ns;
	bool			alone;
	bool			idle_known;
	uint64_t		ticks;
};

/**
 * struct stat_meter - attribution from begin to end
 * @all:	see struct stat_opts
 * @total:	since the beginning
 * @recent:	since the last stat_meter_recent()
 * @info:	of the tracker, as of the last tick
 */
struct stat_meter {
	struct wattle_client		*client;
	struct wattle_domains		domains;
	struct wattle_tracker		*tracker;
	struct wattle_attribution	*attribution;
	struct wattle_tracker_info	info;
	struct stat_sum			total;
	struct stat_sum			recent;
	uint64_t			tick_ns;
	bool				all;
	bool				energy;
};

struct rusage;

/**
 * struct stat_hooks - what somebody else does about the command that is measured
 * @ctx:	for all of them
 * @ready:	it is there as a process, and waits; when this returns it becomes the command
 * @tick:	now and then, and at the end
 * @over:	it has ended and the figures are out
 */
struct stat_hooks {
	void	*ctx;
	void	(*ready)(void *ctx, struct out *o, pid_t pid);
	void	(*tick)(void *ctx);
	void	(*over)(void *ctx, struct out *o, const struct rusage *usage);
};

/*
 * Runs or watches, reports to @f, returns the exit code. @m NULL: nothing is measured;
 * @hooks NULL: nobody else cares.
 */
int stat_measure(struct out *o, const struct stat_opts *opts, struct stat_meter *m, FILE *f,
		 const struct stat_hooks *hooks);

/* CLI_OK, or the exit code, with @err saying why. */
int stat_meter_open(struct stat_meter *m, const struct stat_opts *opts, char *err, size_t errsz);
/* Returns CLI_OK, or the exit code after an error has been printed. */
int stat_meter_begin(struct stat_meter *m, struct out *o, const struct stat_opts *opts);
/* One tick: divide what was used since the last one. False when it could not be collected. */
bool stat_meter_tick(struct stat_meter *m);
void stat_meter_end(struct stat_meter *m);

/* "measured", "cycles", "cputime", "model" or "not available": the worse of source and division. */
const char *stat_quality(const struct stat_meter *m, const struct stat_sum *s);

/* Figures of @s; in text and columns with the @at_ns since the beginning, unless it is 0. */
void stat_report(struct out *o, const struct stat_opts *opts, const struct stat_meter *m,
		 const struct stat_sum *s, uint64_t at_ns);

#endif
