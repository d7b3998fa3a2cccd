// SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause
/* Runs policies on a trace and holds them against the bound. */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "compare.h"
#include "policies.h"
#include "prng.h"

const struct sim_entry sim_entries[] = {
	{ "race", &sim_race, 0, false },
	{ "schedutil", &sim_schedutil, 0, false },
	{ "capped", &sim_capped, 0, false },
	{ "ear5", &sim_ear, 0, false },
	{ "fixed", &sim_fixed, 0, false },
	{ "oa", &sim_oa, 0, false },
	{ "wattle", &sim_wattle, 0, false },
	{ "wattle-nodefer", &sim_wattle_nodefer, 0, false },
	{ "wattle-blind", &sim_wattle_blind, 0, false },
	{ "wattle-work30", &sim_wattle, 0.30, false },
	{ "wattle-wrongtable", &sim_wattle, 0, true },
};

const size_t sim_nentries = sizeof(sim_entries) / sizeof(sim_entries[0]);

/**
 * sim_entry_find() - a policy by its name
 * @label: name in reports
 *
 * Return: the entry or NULL.
 */
const struct sim_entry *sim_entry_find(const char *label)
{
	for (size_t i = 0; i < sim_nentries; i++)
		if (!strcmp(sim_entries[i].label, label))
			return &sim_entries[i];
	return NULL;
}

/* What the policy is told: each size off by its own error, deadlines true. */
static int tell_wrong(struct sim_trace *told, const struct sim_trace *t, double error,
		      uint64_t seed)
{
	struct prng rng;

	*told = *t;
	told->job = malloc(t->n * sizeof(*told->job));
	if (!told->job)
		return -ENOMEM;
	prng_seed(&rng, seed ^ UINT64_C(0x776174746c65));
	for (size_t i = 0; i < t->n; i++) {
		double by = 1 + error * ((double)prng_range(&rng, 0, 2000000) / 1e6 - 1);
		struct sim_job *j = &told->job[i];

		*j = t->job[i];
		j->work_kcycles = (uint64_t)((double)j->work_kcycles * by);
		j->stall_us = (uint64_t)((double)j->stall_us * by);
		if (!j->work_kcycles && !j->stall_us)
			j->work_kcycles = 1;
	}
	return 0;
}

/* The bound for what was admitted. */
static int bound_of(struct sim_bound *b, const struct sim_case *c, const struct sim *s,
		    size_t refused)
{
	struct sim_trace part = *c->trace;
	int ret;

	if (!refused && c->bound) {
		*b = *c->bound;
		return 0;
	}
	if (!refused)
		return sim_oracle(b, c->trace, c->power, c->cpus, SIM_SLOWDOWN);
	part.job = malloc((c->trace->n + 1) * sizeof(*part.job));
	if (!part.job)
		return -ENOMEM;
	part.n = 0;
	for (size_t i = 0; i < c->trace->n; i++)
		if (s->finish_ns[i] != SIM_NEVER)
			part.job[part.n++] = c->trace->job[i];
	ret = part.n ? sim_oracle(b, &part, c->power, c->cpus, SIM_SLOWDOWN) : 0;
	if (!part.n)
		*b = (struct sim_bound){
			.idle_uw = (double)c->power->idle[c->power->nidle - 1].uw * c->cpus +
				   c->power->shared_idle_uw,
		};
	free(part.job);
	return ret;
}

/* The operating point under which @setup is cheapest without missing more than @most. */
static int hindsight(struct sim *s, struct sim_setup *setup, size_t most, uint32_t *khz)
{
	double least = INFINITY;

	*khz = sim_fmax(setup->power);
	for (int i = 0; i < setup->power->nopp; i++) {
		struct sim_result r;
		int ret;

		setup->param = setup->power->opp[i].khz;
		ret = sim_run(s, setup, &r);
		if (ret)
			return ret;
		sim_free(s);
		if (r.missed <= most && r.energy_uj < least &&
		    (r.dated || r.slow_max <= 1 + SIM_SLOWDOWN + 1e-9)) {
			least = r.energy_uj;
			*khz = setup->param;
		}
	}
	return 0;
}

/**
 * sim_compare() - one policy on one trace
 * @c: the case
 * @e: the policy
 * @race_misses: what race-to-idle misses; hindsight may not miss more
 * @s: machine; after success to be freed by the caller with sim_free()
 * @keep: keep samples for a plot
 * @score: filled
 *
 * Return: 0 or a negative errno.
 */
int sim_compare(const struct sim_case *c, const struct sim_entry *e, size_t race_misses,
		struct sim *s, bool keep, struct sim_score *score)
{
	struct sim_setup setup = {
		.power = c->power, .trace = c->trace, .policy = e->policy,
		.cpus = c->cpus, .instr_fd = -1,
	};
	struct sim_power wrong;
	struct sim_trace told = { .n = 0 };
	struct sim_bound b;
	int ret = 0;

	memset(score, 0, sizeof(*score));
	if (e->wrong_table && c->wrong) {
		sim_power_mistake(&wrong, c->power, c->wrong);
		setup.belief = &wrong;
	}
	if (e->work_error > 0) {
		ret = tell_wrong(&told, c->trace, e->work_error, c->seed);
		if (ret)
			return ret;
		setup.told = &told;
	}
	if (e->policy == &sim_fixed || e->policy == &sim_capped) {
		ret = hindsight(s, &setup, race_misses, &score->khz);
		if (ret)
			goto free_told;
		setup.param = score->khz;
	}
	setup.instr_fd = c->instr_fd;
	setup.keep = keep;
	setup.log = strcmp(e->label, "wattle") ? NULL : c->log;
	ret = sim_run(s, &setup, &score->r);
	if (ret)
		goto free_told;
	ret = bound_of(&b, c, s, score->r.refused);
	if (ret)
		sim_free(s);
	else
		score->ratio = score->r.energy_uj / sim_bound_uj(&b, score->r.end_us);
free_told:
	free(told.job);
	return ret;
}

/**
 * sim_make_feasible() - give race-to-idle the deadlines it needs
 * @t: trace; deadlines that race misses are moved a tenth of the response time behind
 *	where it ends
 * @p: server
 * @cpus: number of CPUs
 *
 * Afterwards the trace is feasible at the highest frequency with real wake-ups and
 * without preemption.
 *
 * Return: 0, a negative errno, -ELOOP when moving deadlines did not settle.
 */
int sim_make_feasible(struct sim_trace *t, const struct sim_power *p, int cpus)
{
	struct sim_setup setup = {
		.power = p, .trace = t, .policy = &sim_race, .cpus = cpus, .instr_fd = -1,
	};

	for (int round = 0; round < 64; round++) {
		struct sim_result r;
		struct sim s;
		int ret = sim_run(&s, &setup, &r);

		if (ret)
			return ret;
		for (size_t i = 0; i < t->n && r.missed; i++) {
			struct sim_job *j = &t->job[i];
			uint64_t us = s.finish_ns[i] / 1000 + 1;

			if (j->deadline_us != SIM_NEVER && s.finish_ns[i] > j->deadline_us * 1000)
				j->deadline_us = us + (us - j->release_us) / 10 + 1;
		}
		sim_free(&s);
		if (!r.missed)
			return 0;
	}
	return -ELOOP;
}
