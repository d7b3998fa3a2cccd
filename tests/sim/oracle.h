/* SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause */
/*
 * What no schedule can beat: the least energy with all deadlines met, known in advance,
 * with preemption, migration, free and instant changes of frequency and idle state.
 */
#ifndef WATTLE_SIM_ORACLE_H
#define WATTLE_SIM_ORACLE_H

#include "sim.h"

/**
 * struct sim_bound - the optimum
 * @active_uj: energy above idling, in microjoules
 * @idle_uw: least power of the whole package when nothing runs
 * @busy_us: CPU time that the optimum uses
 * @late: batches whose deadline even the highest frequency could not meet; theirs was
 *	moved to where it could, so that the bound stays one
 */
struct sim_bound {
	double active_uj;
	double idle_uw;
	double busy_us;
	size_t late;
};

/* The bound for a run that lasts until @end_us. */
static inline double sim_bound_uj(const struct sim_bound *b, double end_us)
{
	return b->active_uj + b->idle_uw * end_us / 1e6;
}

int sim_oracle(struct sim_bound *b, const struct sim_trace *t, const struct sim_power *p,
	       int cpus, double slowdown);
int sim_oracle_flow(struct sim_bound *b, const struct sim_trace *t, const struct sim_power *p,
		    int cpus, double slowdown);
int sim_yds(double *active_uj, const struct sim_trace *t, const struct sim_power *p);

/*
 * Inside the oracle, shared by its two ways of asking what still fits.
 */

/**
 * struct sim_segment - running a batch longer, and what that saves
 * @job: which batch
 * @us: by how much longer
 * @uw: energy saved per time, as power
 */
struct sim_segment {
	size_t job;
	double us;
	double uw;
};

/**
 * struct sim_choice - the batches and what each can trade
 * @n: batches
 * @release_us: of each
 * @deadline_us: of each, moved when it was infeasible; INFINITY for none
 * @base_us: shortest time to run
 * @base_uj: energy above idling at the shortest time
 * @seg: all segments, dearest first, those of one batch in their own order
 * @nseg: how many
 */
struct sim_choice {
	size_t n;
	double *release_us;
	double *deadline_us;
	double *base_us;
	double base_uj;
	struct sim_segment *seg;
	size_t nseg;
	size_t late;
};

int sim_choice_make(struct sim_choice *c, const struct sim_trace *t, const struct sim_power *p,
		    int cpus, double slowdown);
void sim_choice_free(struct sim_choice *c);

#endif
