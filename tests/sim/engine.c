// SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause
/*
 * Discrete events. Between two events nothing changes, so power is integrated exactly; a
 * batch's progress is the share of it that is done, T(f) = C/f + M long in all, whatever f
 * was meanwhile. Ties are resolved in a fixed order, so that a run repeats bit for bit.
 */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "engine.h"

#define KERNEL_TICK_NS	4000000		/* CONFIG_HZ=250, as Debian builds it */

static uint64_t clock_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

static uint64_t count_instr(const struct sim *s)
{
	uint64_t v;

	return s->instr_fd >= 0 && read(s->instr_fd, &v, sizeof(v)) == sizeof(v) ? v : 0;
}

/* Every call into the policy is a decision, and is timed. */
#define ASK(s, call) do {						\
	uint64_t instr_ = count_instr(s), at_ = clock_ns();		\
	call;								\
	(s)->decision_ns += clock_ns() - at_;				\
	(s)->decision_instr += count_instr(s) - instr_;			\
	(s)->decisions++;						\
} while (0)

/* What timing nothing costs: taken off at the end. */
static void calibrate(struct sim *s, uint64_t *ns, uint64_t *instr)
{
	*ns = UINT64_MAX;
	*instr = UINT64_MAX;
	for (int i = 0; i < 32; i++) {
		s->decision_ns = 0;
		s->decision_instr = 0;
		ASK(s, __asm__ volatile("" : : : "memory"));
		*ns = s->decision_ns < *ns ? s->decision_ns : *ns;
		*instr = s->decision_instr < *instr ? s->decision_instr : *instr;
	}
	s->decision_ns = 0;
	s->decision_instr = 0;
	s->decisions = 0;
}

static uint64_t less(uint64_t a, uint64_t b)
{
	return a > b ? a - b : 0;
}

static double package_uw(const struct sim *s)
{
	const struct sim_power *p = s->power;
	bool awake = false;
	double uw = 0;

	for (int i = 0; i < s->cpus; i++) {
		const struct sim_cpu *c = &s->cpu[i];

		if (c->state == SIM_IDLE) {
			uw += p->idle[c->idle].uw;
			continue;
		}
		awake = true;
		if (c->state == SIM_WAKING) {
			uw += p->idle[0].uw;
			continue;
		}
		for (int k = 0; k < p->nopp; k++)
			if (p->opp[k].khz == c->khz)
				uw += p->opp[k].uw;
	}
	return uw + (awake ? p->shared_uw : p->shared_idle_uw);
}

static double backlog_us(const struct sim *s)
{
	double us = 0;

	for (size_t i = s->oldest; i < s->next; i++)
		if (s->where[i] != -2)
			us += sim_run_ns(&s->trace->job[i], sim_fmax(s->power)) / 1e3;
	for (int i = 0; i < s->cpus; i++)
		if (s->cpu[i].job != SIM_NOBODY)
			us += s->cpu[i].left * sim_run_ns(&s->trace->job[s->cpu[i].job],
							  sim_fmax(s->power)) / 1e3;
	return us;
}

static void keep_sample(struct sim *s, double uw)
{
	struct sim_sample *v;

	if (s->nsample == s->room) {
		size_t room = s->room ? 2 * s->room : 1024;

		v = realloc(s->sample, room * sizeof(*v));
		if (!v)
			return;
		s->sample = v;
		s->room = room;
	}
	v = &s->sample[s->nsample++];
	v->ns = s->now_ns;
	v->uw = uw;
	v->khz = 0;
	for (int i = 0; i < s->cpus; i++)
		if (s->cpu[i].state == SIM_RUNNING)
			v->khz += s->cpu[i].khz;
	v->backlog_us = backlog_us(s);
}

/* After any change of what draws power. */
static void settle(struct sim *s)
{
	double uw = package_uw(s);

	s->last_uw = uw;
	if (s->keep)
		keep_sample(s, uw);
}

static void advance(struct sim *s, uint64_t to)
{
	s->energy_uj += s->last_uw * (double)(to - s->last_ns) / 1e9;
	for (int i = 0; i < s->cpus; i++) {
		struct sim_cpu *c = &s->cpu[i];
		uint64_t from = c->stuck_ns > s->last_ns ? c->stuck_ns : s->last_ns;

		if (c->state != SIM_RUNNING || from >= to)
			continue;
		c->left -= (double)(to - from) / sim_run_ns(&s->trace->job[c->job], c->khz);
		if (c->left < 0)
			c->left = 0;
	}
	s->last_ns = to;
	s->now_ns = to;
}

static uint64_t finish_at(const struct sim *s, const struct sim_cpu *c)
{
	uint64_t from = c->stuck_ns > s->now_ns ? c->stuck_ns : s->now_ns;
	double ns;

	if (c->state != SIM_RUNNING)
		return SIM_NEVER;
	ns = ceil(c->left * sim_run_ns(&s->trace->job[c->job], c->khz));
	return from + (ns < 9e18 ? (uint64_t)ns : (uint64_t)9e18);
}

/**
 * sim_request() - ask for a frequency; the latest wish wins
 * @s: machine
 * @cpu: CPU
 * @khz: one of its operating points
 */
void sim_request(struct sim *s, int cpu, uint32_t khz)
{
	struct sim_cpu *c = &s->cpu[cpu];

	if (khz == c->wish_khz)
		return;
	c->wish_khz = khz;
	c->effect_ns = khz == c->khz ? SIM_NEVER :
		       s->now_ns + (uint64_t)s->power->switch_us * 1000;
}

/**
 * sim_timer() - ask to be asked again
 * @s: machine
 * @cpu: CPU
 * @ns: when; SIM_NEVER takes it back
 */
void sim_timer(struct sim *s, int cpu, uint64_t ns)
{
	s->cpu[cpu].timer_ns = ns != SIM_NEVER && ns <= s->now_ns ? s->now_ns + 1 : ns;
}

/**
 * sim_waits() - does @job wait, and may it run on @cpu?
 * @s: machine
 * @cpu: CPU
 * @job: batch
 *
 * Return: whether.
 */
bool sim_waits(const struct sim *s, int cpu, size_t job)
{
	return s->where[job] == -1 || s->where[job] == cpu;
}

/**
 * sim_told_left() - how much of what runs on @cpu should be left, by what was told
 * @s: machine
 * @cpu: CPU
 *
 * Time is known to everybody, the true size only to the machine: what ran takes as long as
 * it was said to, so a batch larger than told looks finished before it is.
 *
 * Return: share of the batch as it was told, from 0 to 1.
 */
double sim_told_left(const struct sim *s, int cpu)
{
	const struct sim_cpu *c = &s->cpu[cpu];
	double truth, told, done;

	if (c->job == SIM_NOBODY)
		return 0;
	truth = sim_run_ns(&s->trace->job[c->job], c->khz);
	told = sim_run_ns(&s->told->job[c->job], c->khz);
	done = (1 - c->left) * truth / told;
	return done < 1 ? 1 - done : 0;
}

static void enter_idle(struct sim *s, int cpu, int state)
{
	struct sim_cpu *c = &s->cpu[cpu];

	c->state = SIM_IDLE;
	c->idle = state;
	c->idle_ns = s->now_ns;
	c->tick_ns = state + 1 < s->power->nidle ? s->now_ns + KERNEL_TICK_NS : SIM_NEVER;
	s->energy_uj += sim_etr_uj(s->power, state);
}

static void begin(struct sim *s, int cpu)
{
	struct sim_cpu *c = &s->cpu[cpu];

	c->state = SIM_RUNNING;
	c->left = 1;
	c->timer_ns = SIM_NEVER;
	c->tick_ns = s->policy->tick_ns ? s->now_ns + s->policy->tick_ns : SIM_NEVER;
	s->start_ns[c->job] = s->now_ns;
	ASK(s, s->policy->start(s->priv, cpu, c->job));
	ASK(s, s->policy->speed(s->priv, cpu));
}

/* The waiting batch that @cpu should take: earliest deadline, then first come. */
static size_t first_for(struct sim *s, int cpu)
{
	size_t best = SIM_NOBODY;

	while (s->oldest < s->next && s->where[s->oldest] == -2)
		s->oldest++;
	for (size_t i = s->oldest; i < s->next; i++)
		if (s->where[i] != -2 && sim_waits(s, cpu, i) &&
		    (best == SIM_NOBODY ||
		     s->trace->job[i].deadline_us < s->trace->job[best].deadline_us))
			best = i;
	return best;
}

/* @cpu runs nothing and is not waking: give it something, or see that it sleeps. */
static void dispatch(struct sim *s, int cpu)
{
	struct sim_cpu *c = &s->cpu[cpu];
	size_t job = first_for(s, cpu);
	uint64_t when = SIM_NEVER;

	c->timer_ns = SIM_NEVER;
	if (job != SIM_NOBODY) {
		ASK(s, when = s->policy->ready(s->priv, cpu, job));
		if (when > s->now_ns)
			c->timer_ns = when;
	} else if (s->policy->idle) {
		ASK(s, s->policy->idle(s->priv, cpu));
	}
	if (job == SIM_NOBODY || when > s->now_ns) {
		if (c->state == SIM_RUNNING) {
			c->gap_ns = s->now_ns;
			enter_idle(s, cpu, sim_idle_pick(s, cpu));
		}
		return;
	}
	s->where[job] = -2;
	c->job = job;
	if (c->state == SIM_RUNNING) {		/* it ran right up to now: awake */
		begin(s, cpu);
		return;
	}
	sim_idle_learn(c, (double)(s->now_ns - c->gap_ns) / 1e3);
	c->state = SIM_WAKING;
	c->woken_ns = s->now_ns + (uint64_t)s->power->idle[c->idle].exit_us * 1000;
	c->tick_ns = SIM_NEVER;
}

static void end(struct sim *s, int cpu)
{
	struct sim_cpu *c = &s->cpu[cpu];
	size_t job = c->job;

	s->finish_ns[job] = s->now_ns;
	s->unfinished--;
	ASK(s, s->policy->done(s->priv, cpu, job));
	c->job = SIM_NOBODY;
	dispatch(s, cpu);
}

static void arrive(struct sim *s)
{
	size_t job = s->next++;
	bool taken;
	int cpu = -1, free_cpu = -1;

	ASK(s, taken = s->policy->submit(s->priv, job, &cpu));
	s->where[job] = taken ? cpu : -2;
	if (!taken) {
		s->unfinished--;
		return;
	}
	if (cpu < 0) {
		/* Least deep sleep first: cheapest to wake. */
		for (int i = 0; i < s->cpus; i++)
			if (s->cpu[i].state == SIM_IDLE &&
			    (free_cpu < 0 || s->cpu[i].idle < s->cpu[free_cpu].idle))
				free_cpu = i;
	} else if (s->cpu[cpu].state == SIM_IDLE) {
		free_cpu = cpu;
	}
	if (free_cpu >= 0)
		dispatch(s, free_cpu);
	for (int i = 0; i < s->cpus; i++)
		if (s->cpu[i].state == SIM_RUNNING && (cpu < 0 || cpu == i))
			ASK(s, s->policy->speed(s->priv, i));
}

static void change_speed(struct sim *s, int cpu)
{
	struct sim_cpu *c = &s->cpu[cpu];

	c->khz = c->wish_khz;
	c->effect_ns = SIM_NEVER;
	s->switches++;
	if (c->state == SIM_RUNNING)
		c->stuck_ns = s->now_ns + (uint64_t)s->power->transition_us * 1000;
	if (s->policy->actual)
		ASK(s, s->policy->actual(s->priv, cpu, c->khz));
}

/* All that is due on one CPU now; true when something was. */
static bool act(struct sim *s, int cpu)
{
	struct sim_cpu *c = &s->cpu[cpu];

	if (c->effect_ns <= s->now_ns) {
		change_speed(s, cpu);
	} else if (c->state == SIM_RUNNING && finish_at(s, c) <= s->now_ns) {
		end(s, cpu);
	} else if (c->state == SIM_WAKING && c->woken_ns <= s->now_ns) {
		begin(s, cpu);
	} else if (c->timer_ns <= s->now_ns) {
		c->timer_ns = SIM_NEVER;
		if (c->state == SIM_RUNNING)
			ASK(s, s->policy->speed(s->priv, cpu));
		else if (c->state == SIM_IDLE)
			dispatch(s, cpu);
	} else if (c->tick_ns <= s->now_ns) {
		if (c->state == SIM_RUNNING) {
			c->tick_ns = s->now_ns + s->policy->tick_ns;
			ASK(s, s->policy->tick(s->priv, cpu));
		} else {
			enter_idle(s, cpu, sim_idle_pick(s, cpu));
		}
	} else {
		return false;
	}
	return true;
}

static uint64_t next_event(const struct sim *s)
{
	uint64_t at = s->next < s->trace->n ? s->trace->job[s->next].release_us * 1000 : SIM_NEVER;

	for (int i = 0; i < s->cpus; i++) {
		const struct sim_cpu *c = &s->cpu[i];
		const uint64_t due[] = {
			c->effect_ns, finish_at(s, c), c->timer_ns, c->tick_ns,
			c->state == SIM_WAKING ? c->woken_ns : SIM_NEVER
		};

		for (size_t k = 0; k < sizeof(due) / sizeof(due[0]); k++)
			at = due[k] < at ? due[k] : at;
	}
	return at;
}

static void sum_up(struct sim *s, struct sim_result *r)
{
	uint64_t last = 0, busy = 0;
	size_t undated = 0;

	memset(r, 0, sizeof(*r));
	for (size_t i = 0; i < s->trace->n; i++) {
		const struct sim_job *j = &s->trace->job[i];
		double slow;

		if (j->deadline_us != SIM_NEVER && j->deadline_us * 1000 > last)
			last = j->deadline_us * 1000;
		if (s->finish_ns[i] == SIM_NEVER) {
			r->refused++;
			continue;
		}
		if (s->finish_ns[i] > busy)
			busy = s->finish_ns[i];
		if (j->deadline_us != SIM_NEVER) {
			r->dated++;
			r->missed += s->finish_ns[i] > j->deadline_us * 1000;
			continue;
		}
		slow = (double)(s->finish_ns[i] - s->start_ns[i]) /
		       sim_run_ns(j, sim_fmax(s->power));
		undated++;
		r->slow_mean += slow;
		r->slow_max = fmax(r->slow_max, slow);
	}
	if (undated)
		r->slow_mean /= (double)undated;
	r->busy_end_us = (double)busy / 1e3;
	r->node_uj = s->energy_uj + (double)s->power->platform_uw * r->busy_end_us / 1e6;
	/* Everything is asleep: the deepest state until the last deadline. */
	if (last > s->now_ns)
		advance(s, last);
	r->end_us = (double)s->now_ns / 1e3;
	r->energy_uj = s->energy_uj;
	r->switches = s->switches;
	r->decisions = s->decisions;
	r->decision_ns = less(s->decision_ns, s->decisions * s->cost_ns);
	r->decision_instr = less(s->decision_instr, s->decisions * s->cost_instr);
	r->counted = s->instr_fd >= 0;
}

/**
 * sim_free() - give back what sim_run() kept
 * @s: machine
 */
void sim_free(struct sim *s)
{
	free(s->where);
	free(s->start_ns);
	free(s->sample);
	memset(s, 0, sizeof(*s));
}

/**
 * sim_run() - run a trace to its end
 * @s: filled; times and samples stay until sim_free()
 * @setup: what to run
 * @r: filled
 *
 * Return: 0, -ENOMEM, or -EDEADLK when the policy left batches waiting for ever.
 */
int sim_run(struct sim *s, const struct sim_setup *setup, struct sim_result *r)
{
	size_t n = setup->trace->n;
	int ret = 0;

	memset(s, 0, sizeof(*s));
	s->power = setup->power;
	s->belief = setup->belief ? setup->belief : setup->power;
	s->trace = setup->trace;
	s->told = setup->told ? setup->told : setup->trace;
	s->policy = setup->policy;
	s->cpus = setup->cpus;
	s->instr_fd = setup->instr_fd;
	s->keep = setup->keep;
	s->log = setup->log;
	calibrate(s, &s->cost_ns, &s->cost_instr);
	s->unfinished = n;
	s->where = malloc(n * sizeof(*s->where));
	s->start_ns = malloc(2 * n * sizeof(*s->start_ns));
	if (!s->where || !s->start_ns)
		goto free_sim;
	s->finish_ns = s->start_ns + n;
	for (size_t i = 0; i < n; i++) {
		s->where[i] = -2;
		s->finish_ns[i] = SIM_NEVER;
	}
	for (int i = 0; i < s->cpus; i++) {
		struct sim_cpu *c = &s->cpu[i];

		c->job = SIM_NOBODY;
		c->khz = sim_fmax(s->power);
		c->wish_khz = c->khz;
		c->effect_ns = SIM_NEVER;
		c->timer_ns = SIM_NEVER;
		enter_idle(s, i, s->power->nidle - 1);
	}
	s->priv = s->policy->open(s, setup->param);
	if (!s->priv)
		goto free_sim;
	settle(s);
	while (s->unfinished) {
		uint64_t at = next_event(s);
		bool any = true;

		if (at == SIM_NEVER) {
			ret = -EDEADLK;
			break;
		}
		advance(s, at);
		while (any) {
			any = false;
			for (int i = 0; i < s->cpus; i++)
				any = act(s, i) || any;
		}
		while (s->next < n && s->trace->job[s->next].release_us * 1000 <= s->now_ns)
			arrive(s);
		settle(s);
	}
	/* Batches turned away at the very end leave a CPU awake for nobody: it is asleep. */
	for (int i = 0; i < s->cpus; i++)
		if (s->cpu[i].state == SIM_IDLE && s->cpu[i].idle + 1 < s->power->nidle)
			enter_idle(s, i, s->power->nidle - 1);
	settle(s);
	sum_up(s, r);
	s->policy->close(s->priv);
	s->priv = NULL;
	return ret;

free_sim:
	sim_free(s);
	return -ENOMEM;
}
