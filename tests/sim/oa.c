// SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause
/*
 * Optimal Available as published (Yao, Demers, Shenker, FOCS 1995; tight at alpha^alpha:
 * Bansal, Kimbrel, Pruhs, JACM 54, 2007): at every arrival the speed of the optimal
 * schedule for what is there. No floor, no headroom, no admission, no sleep; the lowest
 * operating point that is not slower. Written apart from module/core, to compare with it.
 */
#include <math.h>
#include <stdlib.h>

#include "policies.h"

struct oa {
	struct sim *s;
	size_t *waits;		/* room for sorting */
};

static void *oa_open(struct sim *s, uint32_t param)
{
	struct oa *o = calloc(1, sizeof(*o));

	(void)param;
	if (!o)
		return NULL;
	o->s = s;
	o->waits = malloc((s->trace->n + 1) * sizeof(*o->waits));
	if (!o->waits) {
		free(o);
		return NULL;
	}
	return o;
}

static void oa_close(void *p)
{
	struct oa *o = p;

	free(o->waits);
	free(o);
}

static bool oa_submit(void *p, size_t job, int *cpu)
{
	(void)p;
	(void)job;
	*cpu = -1;
	return true;
}

/* Sorts by deadline in place; what waits is nearly sorted already. */
static void by_deadline(const struct sim_job *job, size_t *v, size_t n)
{
	for (size_t i = 1; i < n; i++) {
		size_t x = v[i], k = i;

		for (; k && job[v[k - 1]].deadline_us > job[x].deadline_us; k--)
			v[k] = v[k - 1];
		v[k] = x;
	}
}

static void oa_speed(void *p, int cpu)
{
	struct oa *o = p;
	struct sim *s = o->s;
	const struct sim_power *w = s->belief;
	const struct sim_job *told = s->told->job;
	double work = 0, stall = 0, need = 0, now = (double)s->now_ns / 1e3;
	size_t running = s->cpu[cpu].job, n = 0;
	int i = 0;

	if (running != SIM_NOBODY)
		o->waits[n++] = running;
	for (size_t k = s->oldest; k < s->next; k++)
		if (s->where[k] != -2 && k != running)
			o->waits[n++] = k;
	by_deadline(told, o->waits, n);
	for (size_t k = 0; k < n; k++) {
		const struct sim_job *j = &told[o->waits[k]];
		double share = o->waits[k] == running ? sim_told_left(s, cpu) : 1.0 / s->cpus, left;

		if (j->deadline_us == SIM_NEVER) {
			need = INFINITY;	/* it has nothing to say of such work */
			break;
		}
		work += share * (double)j->work_kcycles;
		stall += share * (double)j->stall_us;
		left = (double)j->deadline_us - now - stall;
		need = left > 0 ? fmax(need, work * 1e6 / left) : INFINITY;
	}
	while (i + 1 < w->nopp && w->opp[i].khz < need)
		i++;
	sim_request(s, cpu, w->opp[i].khz);
}

static uint64_t oa_ready(void *p, int cpu, size_t job)
{
	struct oa *o = p;

	(void)job;
	oa_speed(p, cpu);
	return o->s->now_ns;
}

static void oa_nothing(void *p, int cpu, size_t job)
{
	(void)p;
	(void)cpu;
	(void)job;
}

const struct sim_policy sim_oa = {
	.name = "oa", .about = "Optimal Available as published",
	.open = oa_open, .close = oa_close, .submit = oa_submit, .ready = oa_ready,
	.start = oa_nothing, .done = oa_nothing, .speed = oa_speed,
};
