// SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause
/*
 * What the oracle chooses between: for each batch the convex curve of energy over time.
 *
 * A batch that runs at f for a share p of itself takes p T(f) and p (P(f) - P_idle) T(f)
 * above idling. Mixing frequencies reaches every point of the convex hull of the points
 * (T(f_i), (P_i - P_idle) T(f_i)) and nothing below it; only its falling part matters.
 */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "oracle.h"

struct point {
	double us;
	double uj;
};

/* Least power of a CPU that does not run, and the power of running that comes on top. */
static double idle_uw(const struct sim_power *p)
{
	return p->idle[p->nidle - 1].uw;
}

/*
 * The package's shared power is at least a cpus-th of it per CPU that runs: with k of m
 * running it is drawn once, and k / m <= 1.
 */
static double extra_uw(const struct sim_power *p, int opp, int cpus)
{
	return p->opp[opp].uw - idle_uw(p) +
	       ((double)p->shared_uw - p->shared_idle_uw) / cpus;
}

/* The falling part of the lower hull of the points of @j, from the fastest on. */
static int curve(const struct sim_job *j, const struct sim_power *p, int cpus, struct point *hull)
{
	int n = 0;

	for (int i = p->nopp - 1; i >= 0; i--) {
		struct point q;

		q.us = sim_run_ns(j, p->opp[i].khz) / 1e3;
		q.uj = extra_uw(p, i, cpus) * q.us / 1e6;
		/* Pure stall: no time to trade, only the cheaper of the two. */
		if (n && q.us <= hull[n - 1].us) {
			if (q.uj < hull[n - 1].uj)
				hull[n - 1] = q;
			continue;
		}
		/* The slope must rise: else the middle point is above the line. */
		while (n >= 2 && (hull[n - 1].uj - hull[n - 2].uj) * (q.us - hull[n - 2].us) >=
				 (q.uj - hull[n - 2].uj) * (hull[n - 1].us - hull[n - 2].us))
			n--;
		hull[n++] = q;
	}
	while (n >= 2 && hull[n - 1].uj >= hull[n - 2].uj)
		n--;
	return n;
}

static int dearest(const void *a, const void *b)
{
	const struct sim_segment *x = a, *y = b;

	if (x->uw != y->uw)
		return x->uw > y->uw ? -1 : 1;
	return x->job < y->job ? -1 : x->job > y->job;
}

/* A line of EDF at f_max: the deadlines it misses are moved to where it meets them. */
static void relax(struct sim_choice *c, int cpus)
{
	double *left = malloc(c->n * sizeof(*left)), now = 0;
	size_t next = 0, open = 0;

	if (!left)
		return;
	memcpy(left, c->base_us, c->n * sizeof(*left));
	while (next < c->n || open) {
		size_t run[SIM_MAX_CPUS];
		double until = next < c->n ? c->release_us[next] : INFINITY;
		int k = 0;

		if (!open && now < until)
			now = until;
		while (next < c->n && c->release_us[next] <= now) {
			next++;
			open++;
		}
		until = next < c->n ? c->release_us[next] : INFINITY;
		/* The k earliest deadlines that are released and not done. */
		for (size_t i = 0; i < next; i++) {
			int at = k;

			if (left[i] <= 0)
				continue;
			while (at > 0 && c->deadline_us[run[at - 1]] > c->deadline_us[i])
				at--;
			if (at == cpus)
				continue;
			if (k < cpus)
				k++;
			memmove(&run[at + 1], &run[at], (size_t)(k - at - 1) * sizeof(*run));
			run[at] = i;
		}
		for (int i = 0; i < k; i++)
			if (now + left[run[i]] < until)
				until = now + left[run[i]];
		for (int i = 0; i < k; i++) {
			size_t j = run[i];

			left[j] -= until - now;
			if (left[j] > 1e-9)
				continue;
			left[j] = 0;
			open--;
			if (until > c->deadline_us[j] + 1e-6) {
				c->deadline_us[j] = until;
				c->late++;
			}
		}
		now = until;
	}
	free(left);
}

/**
 * sim_choice_make() - lay out what each batch can trade
 * @c: filled
 * @t: trace
 * @p: power table
 * @cpus: number of CPUs
 * @slowdown: batches without a deadline may take at most 1 + @slowdown times their
 *	shortest time; negative: any
 *
 * Return: 0 or -ENOMEM.
 */
int sim_choice_make(struct sim_choice *c, const struct sim_trace *t, const struct sim_power *p,
		    int cpus, double slowdown)
{
	struct point hull[SIM_MAX_OPPS];

	memset(c, 0, sizeof(*c));
	c->n = t->n;
	c->release_us = malloc(3 * t->n * sizeof(double));
	c->seg = malloc((size_t)p->nopp * t->n * sizeof(*c->seg));
	if (!c->release_us || !c->seg) {
		sim_choice_free(c);
		return -ENOMEM;
	}
	c->deadline_us = c->release_us + t->n;
	c->base_us = c->deadline_us + t->n;
	for (size_t i = 0; i < t->n; i++) {
		const struct sim_job *j = &t->job[i];
		bool free_end = j->deadline_us == SIM_NEVER;
		int n = curve(j, p, cpus, hull);
		double most;

		c->release_us[i] = (double)j->release_us;
		c->deadline_us[i] = free_end ? INFINITY : (double)j->deadline_us;
		c->base_us[i] = hull[0].us;
		c->base_uj += hull[0].uj;
		most = free_end && slowdown >= 0 ? hull[0].us * (1 + slowdown) : INFINITY;
		for (int k = 1; k < n && hull[k - 1].us < most; k++) {
			struct sim_segment *s = &c->seg[c->nseg++];

			s->job = i;
			s->us = fmin(hull[k].us, most) - hull[k - 1].us;
			s->uw = (hull[k - 1].uj - hull[k].uj) * 1e6 /
				(hull[k].us - hull[k - 1].us);
		}
	}
	relax(c, cpus);
	/* Slopes of one batch fall strictly, so the order by slope keeps its own order. */
	qsort(c->seg, c->nseg, sizeof(*c->seg), dearest);
	return 0;
}

/**
 * sim_choice_free() - give back what sim_choice_make() took
 * @c: choice
 */
void sim_choice_free(struct sim_choice *c)
{
	free(c->release_us);
	free(c->seg);
	memset(c, 0, sizeof(*c));
}
