// SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause
/*
 * The alternatives that know nothing of deadlines: race to idle, one fixed frequency, a
 * static 5 % slowdown, and schedutil, with or without a cap.
 */
#include <math.h>
#include <stdlib.h>

#include "policies.h"

#define TICK_NS		4000000		/* CONFIG_HZ=250 */
#define PELT_HALF_NS	32e6		/* kernel/sched/pelt.c: y^32 = 1/2, in ms */
#define RATE_LIMIT_NS	2000000		/* cpufreq's longest default delay, 6.12 */

struct base {
	struct sim *s;
	uint32_t khz;		/* fixed frequency, or cap */
	double util[SIM_MAX_CPUS];	/* of capacity at f_max, 0 to 1 */
	double est[SIM_MAX_CPUS];
	uint64_t seen_ns[SIM_MAX_CPUS];
	uint64_t set_ns[SIM_MAX_CPUS];
	uint32_t was_khz[SIM_MAX_CPUS];
	bool ran[SIM_MAX_CPUS];
};

static void *base_open(struct sim *s, uint32_t param)
{
	struct base *b = calloc(1, sizeof(*b));

	if (!b)
		return NULL;
	b->s = s;
	b->khz = param ? param : sim_fmax(s->power);
	for (int i = 0; i < s->cpus; i++)
		b->was_khz[i] = sim_fmax(s->power);
	return b;
}

static bool any_cpu(void *p, size_t job, int *cpu)
{
	(void)p;
	(void)job;
	*cpu = -1;
	return true;
}

static uint64_t at_once(void *p, int cpu, size_t job)
{
	const struct base *b = p;

	(void)cpu;
	(void)job;
	return b->s->now_ns;
}

static void nothing(void *p, int cpu)
{
	(void)p;
	(void)cpu;
}

static void nothing_of(void *p, int cpu, size_t job)
{
	(void)p;
	(void)cpu;
	(void)job;
}

static uint64_t fixed_ready(void *p, int cpu, size_t job)
{
	const struct base *b = p;

	(void)job;
	sim_request(b->s, cpu, b->khz);
	return b->s->now_ns;
}

const struct sim_policy sim_race = {
	.name = "race", .about = "always the highest frequency, then sleep",
	.open = base_open, .close = free, .submit = any_cpu, .ready = at_once,
	.start = nothing_of, .done = nothing_of, .speed = nothing,
};

const struct sim_policy sim_fixed = {
	.name = "fixed", .about = "the best single frequency in hindsight",
	.open = base_open, .close = free, .submit = any_cpu, .ready = fixed_ready,
	.start = nothing_of, .done = nothing_of, .speed = nothing,
};

/*
 * As EAR's min_energy_to_solution with its default threshold: the cheapest frequency whose
 * predicted time is at most 5 % longer. Its time model is given the true C and M here.
 */
static uint64_t ear_ready(void *p, int cpu, size_t job)
{
	const struct base *b = p;
	const struct sim_power *w = b->s->belief;
	const struct sim_job *j = &b->s->told->job[job];
	double most = 1.05 * sim_run_ns(j, sim_fmax(w)), least = INFINITY;
	uint32_t khz = sim_fmax(w);

	for (int i = 0; i < w->nopp; i++) {
		double ns = sim_run_ns(j, w->opp[i].khz);

		if (ns <= most && w->opp[i].uw * ns < least) {
			least = w->opp[i].uw * ns;
			khz = w->opp[i].khz;
		}
	}
	sim_request(b->s, cpu, khz);
	return b->s->now_ns;
}

const struct sim_policy sim_ear = {
	.name = "ear5", .about = "at most 5 % slower, as EAR's default policy",
	.open = base_open, .close = free, .submit = any_cpu, .ready = ear_ready,
	.start = nothing_of, .done = nothing_of, .speed = nothing,
};

/*
 * Utilisation in closed form: towards f/f_max while running, towards 0 while not, half of
 * the way in 32 ms. A running batch counts with at least what its thread had when it last
 * went to sleep (util_est).
 */
static void pelt(struct base *b, int cpu)
{
	double c = b->ran[cpu] ? (double)b->was_khz[cpu] / sim_fmax(b->s->power) : 0;
	double w = exp2(-(double)(b->s->now_ns - b->seen_ns[cpu]) / PELT_HALF_NS);

	b->util[cpu] = c + (b->util[cpu] - c) * w;
	b->seen_ns[cpu] = b->s->now_ns;
	b->was_khz[cpu] = b->s->cpu[cpu].khz;
}

static void schedutil(struct base *b, int cpu)
{
	const struct sim_power *p = b->s->power;
	double util, want;
	int i = 0;

	pelt(b, cpu);
	if (b->set_ns[cpu] && b->s->now_ns - b->set_ns[cpu] < RATE_LIMIT_NS)
		return;
	util = fmax(b->util[cpu], b->est[cpu]);
	want = fmin(1.25 * util * sim_fmax(p), b->khz);
	while (i + 1 < p->nopp && p->opp[i].khz < want)
		i++;
	while (i > 0 && p->opp[i].khz > b->khz)
		i--;
	b->set_ns[cpu] = b->s->now_ns;
	sim_request(b->s, cpu, p->opp[i].khz);
}

static uint64_t schedutil_ready(void *p, int cpu, size_t job)
{
	struct base *b = p;

	(void)job;
	schedutil(b, cpu);
	return b->s->now_ns;
}

static void schedutil_start(void *p, int cpu, size_t job)
{
	struct base *b = p;

	(void)job;
	pelt(b, cpu);
	b->ran[cpu] = true;
}

static void schedutil_done(void *p, int cpu, size_t job)
{
	struct base *b = p;

	(void)job;
	pelt(b, cpu);
	b->ran[cpu] = false;
	b->est[cpu] = b->util[cpu] > b->est[cpu] ? b->util[cpu] :
		      b->est[cpu] + (b->util[cpu] - b->est[cpu]) / 4;
}

static void schedutil_tick(void *p, int cpu)
{
	schedutil(p, cpu);
}

static void schedutil_actual(void *p, int cpu, uint32_t khz)
{
	(void)khz;
	pelt(p, cpu);
}

const struct sim_policy sim_schedutil = {
	.name = "schedutil", .about = "1.25 x utilisation, 32 ms half-life, 2 ms rate limit",
	.tick_ns = TICK_NS,
	.open = base_open, .close = free, .submit = any_cpu, .ready = schedutil_ready,
	.start = schedutil_start, .done = schedutil_done, .speed = nothing,
	.tick = schedutil_tick, .actual = schedutil_actual,
};

const struct sim_policy sim_capped = {
	.name = "capped", .about = "schedutil under the best single cap in hindsight",
	.tick_ns = TICK_NS,
	.open = base_open, .close = free, .submit = any_cpu, .ready = schedutil_ready,
	.start = schedutil_start, .done = schedutil_done, .speed = nothing,
	.tick = schedutil_tick, .actual = schedutil_actual,
};
