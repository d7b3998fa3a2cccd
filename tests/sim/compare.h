/* SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause */
/* One trace under several policies, against the bound. */
#ifndef WATTLE_SIM_COMPARE_H
#define WATTLE_SIM_COMPARE_H

#include "engine.h"
#include "oracle.h"

#define SIM_SLOWDOWN	0.05	/* allowed to batches without a deadline, here and in the bound */

/**
 * struct sim_entry - a policy and what it is told
 * @label: its name in reports
 * @policy: it
 * @work_error: sizes told are off by up to this share, either way
 * @wrong_table: it is given another server's power table
 */
struct sim_entry {
	const char *label;
	const struct sim_policy *policy;
	double work_error;
	bool wrong_table;
};

/**
 * struct sim_score - a policy on a trace
 * @r: what the run came to
 * @ratio: energy over the bound for the batches that were admitted
 * @khz: the frequency or cap found best in hindsight, else 0
 */
struct sim_score {
	struct sim_result r;
	double ratio;
	uint32_t khz;
};

/**
 * struct sim_case - a trace on a server
 * @power: server
 * @wrong: the other server for entries with wrong_table, or NULL
 * @trace: batches
 * @cpus: number of CPUs
 * @seed: of the errors in sizes
 * @instr_fd: see struct sim_setup
 * @bound: for all of @trace, or NULL: found anew for each policy
 * @log: see struct sim_setup; of the entry "wattle" alone
 */
struct sim_case {
	const struct sim_power *power;
	const struct sim_power *wrong;
	const struct sim_trace *trace;
	int cpus;
	uint64_t seed;
	int instr_fd;
	const struct sim_bound *bound;
	FILE *log;
};

extern const struct sim_entry sim_entries[];
extern const size_t sim_nentries;

const struct sim_entry *sim_entry_find(const char *label);
int sim_make_feasible(struct sim_trace *t, const struct sim_power *p, int cpus);
int sim_compare(const struct sim_case *c, const struct sim_entry *e, size_t race_misses,
		struct sim *s, bool keep, struct sim_score *score);

#endif
