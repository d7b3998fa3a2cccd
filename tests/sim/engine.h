/* SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause */
/*
 * The simulated machine: CPUs that run one batch at a time, change frequency with a delay,
 * and sleep in states that take time to leave. Policies decide through struct sim_policy;
 * the machine knows the truth, policies know what they were told.
 */
#ifndef WATTLE_SIM_ENGINE_H
#define WATTLE_SIM_ENGINE_H

#include "sim.h"

struct sim;

/**
 * struct sim_policy - who decides; the first argument of each call is what open returned
 * @name: for reports
 * @about: one line for people
 * @tick_ns: period of tick() while a CPU runs, 0 for none
 * @open: the machine starts; NULL on lack of memory
 * @close: it is over
 * @submit: batch @job is there; false refuses it. *cpu < 0: any CPU may take it
 * @ready: batch @job is first in line for @cpu, which runs nothing; it may start when
 *	the returned time is not in the future. Asks for a frequency by sim_request().
 * @start: it runs from now on
 * @done: it has ended
 * @speed: something changed while @cpu runs: ask for another frequency, or do not
 * @idle: nothing is there for @cpu; may be NULL
 * @tick: every @tick_ns of running; may be NULL
 * @actual: the frequency of @cpu has become @khz; may be NULL
 */
struct sim_policy {
	const char *name;
	const char *about;
	uint64_t tick_ns;
	void *(*open)(struct sim *s, uint32_t param);
	void (*close)(void *p);
	bool (*submit)(void *p, size_t job, int *cpu);
	uint64_t (*ready)(void *p, int cpu, size_t job);
	void (*start)(void *p, int cpu, size_t job);
	void (*done)(void *p, int cpu, size_t job);
	void (*speed)(void *p, int cpu);
	void (*idle)(void *p, int cpu);
	void (*tick)(void *p, int cpu);
	void (*actual)(void *p, int cpu, uint32_t khz);
};

enum sim_cpu_state { SIM_IDLE, SIM_WAKING, SIM_RUNNING };

#define SIM_HISTORY	8	/* intervals that the idle governor remembers, as menu does */
#define SIM_NOBODY	SIZE_MAX

struct sim_cpu {
	enum sim_cpu_state state;
	size_t job;		/* running or woken for, or SIM_NOBODY */
	double left;		/* share of it that is left */
	uint32_t khz, wish_khz;
	uint64_t effect_ns;	/* when wish_khz takes effect, SIM_NEVER: is in effect */
	uint64_t stuck_ns;	/* nothing runs before: a transition */
	uint64_t woken_ns;	/* end of the wake-up */
	uint64_t timer_ns;	/* the policy asked to be asked again */
	uint64_t tick_ns;	/* next tick: of the policy when running, of the kernel when idle */
	int idle;		/* idle state */
	uint64_t idle_ns;	/* since when in it */
	uint64_t gap_ns;	/* since when nothing runs */
	double past_us[SIM_HISTORY];
	int npast;
};

/**
 * struct sim_sample - one step of the plot
 * @ns: from this time on
 * @khz: sum of the frequencies of running CPUs
 * @uw: power of the package
 * @backlog_us: work that waits or runs, in time at the highest frequency
 */
struct sim_sample {
	uint64_t ns;
	double khz;
	double uw;
	double backlog_us;
};

/**
 * struct sim - one run
 * @power: the truth
 * @belief: what the policy was told
 * @trace: the truth
 * @told: what the policy was told, same order
 * @cpus: number of CPUs
 * @log: for the decisions of module/core, or NULL
 * @now_ns: simulated time
 */
struct sim {
	const struct sim_power *power;
	const struct sim_power *belief;
	const struct sim_trace *trace;
	const struct sim_trace *told;
	const struct sim_policy *policy;
	void *priv;
	int cpus;
	FILE *log;
	uint64_t now_ns;
	struct sim_cpu cpu[SIM_MAX_CPUS];
	int *where;		/* per batch: its CPU, -1 any, -2 not waiting */
	uint64_t *start_ns;
	uint64_t *finish_ns;	/* SIM_NEVER: refused */
	size_t next;		/* first batch not yet submitted */
	size_t oldest;		/* no batch before it waits */
	size_t unfinished;
	double energy_uj;	/* package */
	double last_uw;
	uint64_t last_ns;
	uint64_t switches;
	uint64_t decisions;
	uint64_t decision_ns;
	uint64_t decision_instr;
	uint64_t cost_ns;	/* of timing itself, a decision */
	uint64_t cost_instr;
	int instr_fd;		/* counter of user instructions, or -1 */
	struct sim_sample *sample;
	size_t nsample, room;
	bool keep;		/* record samples */
};

/**
 * struct sim_result - what a run came to
 * @energy_uj: package energy until @end_us
 * @node_uj: with the platform's, until the last batch ended
 * @end_us: last deadline or last end, whichever is later
 * @busy_end_us: when the last batch ended
 * @dated: batches with a deadline that were admitted
 * @missed: of those, ended too late
 * @refused: batches turned away
 * @slow_mean: run time over time at the highest frequency, mean over undated batches; 0: none
 * @slow_max: the same, worst
 * @switches: changes of frequency
 * @decisions: calls into the policy
 * @decision_ns: time they took here
 * @decision_instr: user instructions they took, if they were counted
 * @counted: @decision_instr is known
 */
struct sim_result {
	double energy_uj;
	double node_uj;
	double end_us;
	double busy_end_us;
	size_t dated;
	size_t missed;
	size_t refused;
	double slow_mean;
	double slow_max;
	uint64_t switches;
	uint64_t decisions;
	uint64_t decision_ns;
	uint64_t decision_instr;
	bool counted;
};

/**
 * struct sim_setup - a run to be made
 * @power: server
 * @belief: what the policy believes of it; NULL: the truth
 * @trace: batches
 * @told: what the policy is told of them; NULL: the truth
 * @policy: who decides
 * @param: for @policy: a frequency for those that take one
 * @cpus: number of CPUs
 * @instr_fd: counter of instructions, -1 for none
 * @keep: keep samples for a plot
 * @log: for the decisions of module/core, or NULL
 */
struct sim_setup {
	const struct sim_power *power;
	const struct sim_power *belief;
	const struct sim_trace *trace;
	const struct sim_trace *told;
	const struct sim_policy *policy;
	uint32_t param;
	int cpus;
	int instr_fd;
	bool keep;
	FILE *log;
};

int sim_run(struct sim *s, const struct sim_setup *setup, struct sim_result *r);
void sim_free(struct sim *s);

/* For policies. */
void sim_request(struct sim *s, int cpu, uint32_t khz);
void sim_timer(struct sim *s, int cpu, uint64_t ns);
bool sim_waits(const struct sim *s, int cpu, size_t job);
double sim_told_left(const struct sim *s, int cpu);

/* Used by the engine alone. */
int sim_idle_pick(const struct sim *s, int cpu);
void sim_idle_learn(struct sim_cpu *c, double us);
double sim_etr_uj(const struct sim_power *p, int state);

#endif
