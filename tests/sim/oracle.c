// SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause
/*
 * The offline optimum. The vectors of CPU times (t_j) that preemptive scheduling can serve
 * form a polymatroid, and the energy is a sum of convex functions of one t_j each, so the
 * greedy rule is optimal: always lengthen the batch that saves most per time, as far as it
 * fits (Federgruen and Groenevelt, "The greedy procedure for resource allocation problems",
 * Operations Research 34, 1986). Without stalls and on one CPU it gives what the algorithm
 * of Yao, Demers and Shenker gives ("A scheduling model for reduced CPU energy", FOCS 1995),
 * which is here too, to be compared.
 *
 * "As far as it fits" on one CPU: for all releases a and deadlines b the batches inside
 * [a, b] take at most b - a. slack[a][b] is what is left of that.
 */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "oracle.h"

struct grid {
	size_t na, nb;
	double *a, *b;		/* distinct releases and deadlines, rising */
	size_t *at_a, *at_b;	/* where each batch's are; at_b = nb: no deadline */
	float *slack;		/* [na][nb] */
};

static int rising(const void *x, const void *y)
{
	double a = *(const double *)x, b = *(const double *)y;

	return a < b ? -1 : a > b;
}

static size_t distinct(double *v, size_t n)
{
	size_t m = 0;

	qsort(v, n, sizeof(*v), rising);
	for (size_t i = 0; i < n; i++)
		if (isfinite(v[i]) && (!m || v[i] != v[m - 1]))
			v[m++] = v[i];
	return m;
}

static size_t place(const double *v, size_t n, double x)
{
	size_t lo = 0, hi = n;

	while (lo < hi) {
		size_t mid = (lo + hi) / 2;

		if (v[mid] < x)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

static void grid_free(struct grid *g)
{
	free(g->a);
	free(g->at_a);
	free(g->slack);
}

static int grid_make(struct grid *g, const struct sim_choice *c)
{
	memset(g, 0, sizeof(*g));
	g->a = malloc(2 * c->n * sizeof(double));
	g->at_a = malloc(2 * c->n * sizeof(size_t));
	if (!g->a || !g->at_a)
		goto free_grid;
	g->b = g->a + c->n;
	g->at_b = g->at_a + c->n;
	memcpy(g->a, c->release_us, c->n * sizeof(double));
	memcpy(g->b, c->deadline_us, c->n * sizeof(double));
	g->na = distinct(g->a, c->n);
	g->nb = distinct(g->b, c->n);
	g->slack = malloc((g->na * g->nb + 1) * sizeof(*g->slack));
	if (!g->slack)
		goto free_grid;
	for (size_t i = 0; i < g->na; i++)
		for (size_t k = 0; k < g->nb; k++)
			g->slack[i * g->nb + k] = g->b[k] > g->a[i] ?
						  (float)(g->b[k] - g->a[i]) : INFINITY;
	for (size_t i = 0; i < c->n; i++) {
		g->at_a[i] = place(g->a, g->na, c->release_us[i]);
		g->at_b[i] = isfinite(c->deadline_us[i]) ?
			     place(g->b, g->nb, c->deadline_us[i]) : g->nb;
	}
	return 0;

free_grid:
	grid_free(g);
	return -ENOMEM;
}

static float fits(const struct grid *g, size_t job)
{
	float least = INFINITY;

	for (size_t i = 0; i <= g->at_a[job]; i++) {
		const float *row = &g->slack[i * g->nb];

		for (size_t k = g->at_b[job]; k < g->nb; k++)
			least = row[k] < least ? row[k] : least;
	}
	return least;
}

static void take(struct grid *g, size_t job, float us)
{
	for (size_t i = 0; i <= g->at_a[job]; i++) {
		float *row = &g->slack[i * g->nb];

		for (size_t k = g->at_b[job]; k < g->nb; k++)
			row[k] -= us;
	}
}

static void finish(struct sim_bound *b, const struct sim_choice *c, const struct sim_power *p,
		   int cpus)
{
	b->active_uj = c->base_uj;
	b->idle_uw = (double)p->idle[p->nidle - 1].uw * cpus + p->shared_idle_uw;
	b->busy_us = 0;
	for (size_t i = 0; i < c->n; i++)
		b->busy_us += c->base_us[i];
	b->late = c->late;
}

/**
 * sim_oracle() - the least energy of a trace
 * @b: filled
 * @t: trace
 * @p: power table
 * @cpus: number of CPUs
 * @slowdown: for batches without a deadline, see sim_choice_make()
 *
 * Slacks are single precision: a part in 2^24 of the longest window, some microseconds in
 * a trace of a minute, which moves the energy in its sixth digit.
 *
 * Return: 0 or -ENOMEM.
 */
int sim_oracle(struct sim_bound *b, const struct sim_trace *t, const struct sim_power *p,
	       int cpus, double slowdown)
{
	struct sim_choice c;
	struct grid g;
	bool *full;
	int ret;

	if (cpus > 1)
		return sim_oracle_flow(b, t, p, cpus, slowdown);
	ret = sim_choice_make(&c, t, p, cpus, slowdown);
	if (ret)
		return ret;
	full = calloc(t->n ? t->n : 1, sizeof(*full));
	ret = full ? grid_make(&g, &c) : -ENOMEM;
	if (ret)
		goto free_full;
	for (size_t i = 0; i < c.n; i++)
		take(&g, i, (float)c.base_us[i]);
	finish(b, &c, p, cpus);
	for (size_t i = 0; i < c.nseg; i++) {
		const struct sim_segment *s = &c.seg[i];
		double us;

		if (full[s->job])
			continue;
		us = fmin(s->us, fmax(fits(&g, s->job), 0));
		full[s->job] = us < s->us;
		take(&g, s->job, (float)us);
		b->active_uj -= s->uw * us / 1e6;
		b->busy_us += us;
	}
	grid_free(&g);
free_full:
	free(full);
	sim_choice_free(&c);
	return ret;
}
