// SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause
/*
 * The idle governor, the same for all policies: what Linux' menu does with its last eight
 * intervals, and the next timer of the CPU. Its correction factors for device interrupts
 * are left out: there are no devices here.
 */
#include <math.h>

#include "engine.h"

/*
 * menu's typical interval: the mean, if the spread is small against it, else again without
 * the longest, as long as six of eight remain. INFINITY: no pattern.
 */
static double typical_us(const struct sim_cpu *c)
{
	double most = INFINITY;

	if (c->npast < SIM_HISTORY)
		return INFINITY;
	for (;;) {
		double sum = 0, squares = 0, mean, variance, longest = 0;
		int n = 0;

		for (int i = 0; i < SIM_HISTORY; i++) {
			if (c->past_us[i] > most)
				continue;
			sum += c->past_us[i];
			longest = fmax(longest, c->past_us[i]);
			n++;
		}
		if (!n)
			return INFINITY;
		mean = sum / n;
		for (int i = 0; i < SIM_HISTORY; i++)
			if (c->past_us[i] <= most)
				squares += (c->past_us[i] - mean) * (c->past_us[i] - mean);
		variance = squares / n;
		if ((mean * mean > 36 * variance && n * 4 >= SIM_HISTORY * 3) || variance <= 400)
			return mean;
		if (n * 4 <= SIM_HISTORY * 3)
			return INFINITY;
		most = nextafter(longest, 0);
	}
}

/**
 * sim_idle_pick() - the state to enter
 * @s: machine
 * @cpu: CPU that has nothing to run
 *
 * Return: the deepest state whose residency fits the prediction.
 */
int sim_idle_pick(const struct sim *s, int cpu)
{
	const struct sim_cpu *c = &s->cpu[cpu];
	const struct sim_power *p = s->power;
	double us = typical_us(c);
	int k = 0;

	/* The tick found it idle for longer than the pattern says: there is no pattern. */
	if (us * 1e3 <= (double)(s->now_ns - c->gap_ns))
		us = INFINITY;
	if (c->timer_ns != SIM_NEVER)
		us = fmin(us, (double)(c->timer_ns - s->now_ns) / 1e3);
	while (k + 1 < p->nidle && p->idle[k + 1].residency_us <= us)
		k++;
	return k;
}

/**
 * sim_idle_learn() - an idle interval is over
 * @c: CPU
 * @us: its length
 */
void sim_idle_learn(struct sim_cpu *c, double us)
{
	for (int i = SIM_HISTORY - 1; i > 0; i--)
		c->past_us[i] = c->past_us[i - 1];
	c->past_us[0] = us;
	if (c->npast < SIM_HISTORY)
		c->npast++;
}

/**
 * sim_etr_uj() - energy of one stay beyond power times time
 * @p: power table
 * @state: idle state
 *
 * What makes a stay of the target residency cost as much as the next shallower state
 * would: that is what a target residency says.
 *
 * Return: microjoules.
 */
double sim_etr_uj(const struct sim_power *p, int state)
{
	double uj = 0;

	for (int k = 1; k <= state; k++)
		uj += p->idle[k].residency_us * ((double)p->idle[k - 1].uw - p->idle[k].uw) / 1e6;
	return uj;
}
