// SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause
/*
 * The policy of module/core in the simulator: the same objects as in wattle.ko. Besides the
 * real one there are two that lack something, to see what it is worth.
 */
#include <linux/types.h>
#include <stdlib.h>

#include "core/policy.h"
#include "engine.h"
#include "log.h"
#include "wattle_policy.h"

#define SLOWDOWN_PM	50		/* the default of a queue: 5 % */
#define MAX_DELAY_NS	1000000000ULL	/* the queue leaves delays to the policy */

struct adapter {
	struct sim *s;
	struct wattle_policy policy;
	struct wattle_power power;
	struct wattle_policy_cpu *cpus;
	struct wattle_item *item;
	bool blind;
};

/**
 * sim_wattle_table() - a power table in the form of module/core
 * @out: filled
 * @p: table
 */
void sim_wattle_table(struct wattle_power_table *out, const struct sim_power *p)
{
	*out = (struct wattle_power_table){
		.nr_opps = (__u32)p->nopp, .nr_idle = (__u32)p->nidle,
		.shared_uw = p->shared_uw, .shared_idle_uw = p->shared_idle_uw,
		.platform_uw = p->platform_uw, .transition_us = p->transition_us,
		.switch_us = p->switch_us,
	};
	for (int i = 0; i < p->nopp; i++) {
		out->opp[i].khz = p->opp[i].khz;
		out->opp[i].uw = p->opp[i].uw;
	}
	for (int i = 0; i < p->nidle; i++) {
		out->idle[i].uw = p->idle[i].uw;
		out->idle[i].residency_us = p->idle[i].residency_us;
		out->idle[i].exit_us = p->idle[i].exit_us;
	}
}

static void close_it(void *p)
{
	struct adapter *a = p;

	free(a->item);
	free(a->cpus);
	free(a);
}

static void *open_it(struct sim *s, bool no_defer, bool blind)
{
	struct adapter *a = calloc(1, sizeof(*a));
	struct wattle_power_table table;
	struct wattle_policy_params params;
	enum wattle_power_error err;
	__u32 index;

	if (!a)
		return NULL;
	a->s = s;
	a->blind = blind;
	a->cpus = calloc((size_t)s->cpus, sizeof(*a->cpus));
	a->item = calloc(s->trace->n, sizeof(*a->item));
	sim_wattle_table(&table, s->belief);
	err = wattle_power_init(&a->power, &table, &index);
	if (err)
		fprintf(stderr, "wattle-sim: module/core refuses %s at %u: %s\n",
			s->belief->name, index, wattle_power_strerror(err));
	if (!a->cpus || !a->item || err) {
		close_it(a);
		return NULL;
	}
	wattle_policy_defaults(&params, &a->power);
	params.no_defer = params.no_defer || no_defer;
	wattle_policy_init(&a->policy, &a->power, &params, a->cpus, (__u32)s->cpus, s->now_ns);
	if (s->log)
		sim_log_begin(s->log, &a->policy, s->trace->n, s->now_ns);
	for (int i = 0; i < s->cpus; i++)
		wattle_policy_speed(&a->policy, (__u32)i, s->cpu[i].khz, s->now_ns);
	return a;
}

static void *open_full(struct sim *s, uint32_t param)
{
	(void)param;
	return open_it(s, false, false);
}

static void *open_nodefer(struct sim *s, uint32_t param)
{
	(void)param;
	return open_it(s, true, false);
}

static void *open_blind(struct sim *s, uint32_t param)
{
	(void)param;
	return open_it(s, true, true);
}

static bool submit(void *p, size_t job, int *cpu)
{
	struct adapter *a = p;
	const struct sim_job *j = &a->s->told->job[job];
	struct wattle_item *it = &a->item[job];
	bool dated = j->deadline_us != SIM_NEVER && !a->blind;
	struct wattle_admit_verdict v;

	it->id = job;
	it->in = (struct wattle_work){
		.kcycles = j->work_kcycles,
		.stall_ns = j->stall_us * 1000,
		.deadline_ns = dated ? j->deadline_us * 1000 : 0,
		.max_delay_ns = dated ? MAX_DELAY_NS : 0,
		.slowdown_pm = SLOWDOWN_PM,
		.objective = dated ? WATTLE_OBJECTIVE_WINDOW : WATTLE_OBJECTIVE_THROUGHPUT,
		.flags = WATTLE_WORK_STRICT,
	};
	wattle_policy_submit(&a->policy, it, &v, a->s->now_ns);
	*cpu = (int)v.cpu;
	return v.status != WATTLE_ADMISSION_REFUSED;
}

static void obey(struct adapter *a, int cpu, const struct wattle_decision *d)
{
	if (d->khz)
		sim_request(a->s, cpu, d->khz);
}

static uint64_t ready(void *p, int cpu, size_t job)
{
	struct adapter *a = p;
	struct wattle_decision d;

	wattle_policy_decide(&a->policy, (__u32)cpu, &a->item[job], &d, a->s->now_ns);
	obey(a, cpu, &d);
	return d.start_ns;
}

static void start(void *p, int cpu, size_t job)
{
	struct adapter *a = p;

	(void)cpu;
	wattle_policy_start(&a->policy, &a->item[job], a->s->now_ns);
}

static void done(void *p, int cpu, size_t job)
{
	struct adapter *a = p;

	(void)cpu;
	wattle_policy_done(&a->policy, &a->item[job], a->s->now_ns);
}

static void speed(void *p, int cpu)
{
	struct adapter *a = p;
	struct wattle_decision d;

	wattle_policy_decide(&a->policy, (__u32)cpu, NULL, &d, a->s->now_ns);
	obey(a, cpu, &d);
	sim_timer(a->s, cpu, d.recheck_ns ? d.recheck_ns : SIM_NEVER);
}

static void idle(void *p, int cpu)
{
	struct adapter *a = p;
	struct wattle_decision d;

	wattle_policy_decide(&a->policy, (__u32)cpu, NULL, &d, a->s->now_ns);
	obey(a, cpu, &d);
}

static void actual(void *p, int cpu, uint32_t khz)
{
	struct adapter *a = p;

	wattle_policy_speed(&a->policy, (__u32)cpu, khz, a->s->now_ns);
}

#define WATTLE(opener)								\
	.open = opener, .close = close_it, .submit = submit, .ready = ready,	\
	.start = start, .done = done, .speed = speed, .idle = idle, .actual = actual

const struct sim_policy sim_wattle = {
	.name = "wattle", .about = "module/core", WATTLE(open_full),
};

const struct sim_policy sim_wattle_nodefer = {
	.name = "wattle-nodefer", .about = "module/core that never holds a batch back",
	WATTLE(open_nodefer),
};

const struct sim_policy sim_wattle_blind = {
	.name = "wattle-blind", .about = "module/core that is not told of deadlines",
	WATTLE(open_blind),
};
