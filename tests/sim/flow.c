// SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause
/*
 * The optimum on several CPUs. A batch cannot run on two at once, so of an interval between
 * two events it takes at most its length, and all together at most @cpus times that: CPU
 * times are feasible if and only if they flow from the batches through the intervals of
 * their windows to the sink. How far a batch can be lengthened is how much more flows from
 * it; flow that went through never has to be taken back from another batch, so the greedy
 * rule needs one maximum flow in all, piece by piece.
 */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "oracle.h"

#define EPS	1e-7	/* microseconds: far above rounding, far below a batch */

struct net {
	size_t n, m;		/* batches, intervals */
	double *edge;		/* interval boundaries, m + 1 */
	size_t *first, *last;	/* intervals of each batch: [first, last) */
	double *flow;		/* [n][m]: CPU time of a batch in an interval */
	double *left;		/* [m]: what an interval can still take */
	size_t *queue;		/* breadth-first search */
	size_t *from;		/* predecessor of each node; batches first, then intervals */
};

static int rising(const void *x, const void *y)
{
	double a = *(const double *)x, b = *(const double *)y;

	return a < b ? -1 : a > b;
}

static size_t place(const double *v, size_t n, double x)
{
	size_t i = 0;

	while (i < n && v[i] < x)
		i++;
	return i;
}

static void net_free(struct net *g)
{
	free(g->edge);
	free(g->first);
	free(g->flow);
	free(g->left);
	free(g->queue);
}

static int net_make(struct net *g, const struct sim_choice *c, int cpus)
{
	double end = 0, sum = 0;
	size_t k = 0;

	memset(g, 0, sizeof(*g));
	g->n = c->n;
	g->edge = malloc((2 * c->n + 1) * sizeof(double));
	g->first = malloc(2 * c->n * sizeof(size_t));
	if (!g->edge || !g->first)
		goto free_net;
	g->last = g->first + c->n;
	for (size_t i = 0; i < c->n; i++) {
		g->edge[k++] = c->release_us[i];
		if (isfinite(c->deadline_us[i]))
			g->edge[k++] = c->deadline_us[i];
		end = fmax(end, g->edge[k - 1]);
		sum += c->base_us[i];
	}
	for (size_t i = 0; i < c->nseg; i++)
		sum += c->seg[i].us;
	/* Room behind everything for batches without a deadline: all of it, one after the other. */
	g->edge[k++] = end + sum + 1;
	qsort(g->edge, k, sizeof(double), rising);
	for (size_t i = 0; i < k; i++)
		if (!g->m || g->edge[i] != g->edge[g->m - 1])
			g->edge[g->m++] = g->edge[i];
	g->m--;
	g->flow = calloc(g->n * g->m, sizeof(double));
	g->left = malloc(g->m * sizeof(double));
	g->queue = malloc(2 * (g->n + g->m) * sizeof(size_t));
	if (!g->flow || !g->left || !g->queue)
		goto free_net;
	g->from = g->queue + g->n + g->m;
	for (size_t i = 0; i < g->m; i++)
		g->left[i] = cpus * (g->edge[i + 1] - g->edge[i]);
	for (size_t i = 0; i < c->n; i++) {
		g->first[i] = place(g->edge, g->m, c->release_us[i]);
		g->last[i] = isfinite(c->deadline_us[i]) ?
			     place(g->edge, g->m, c->deadline_us[i]) : g->m;
	}
	return 0;

free_net:
	net_free(g);
	return -ENOMEM;
}

static double length(const struct net *g, size_t k)
{
	return g->edge[k + 1] - g->edge[k];
}

/* One shortest augmenting path from batch @s; returns the interval it ends in, or m. */
static size_t path(struct net *g, size_t s)
{
	size_t head = 0, tail = 0, none = g->n + g->m;

	for (size_t i = 0; i < none; i++)
		g->from[i] = none;
	g->from[s] = s;
	g->queue[tail++] = s;
	while (head < tail) {
		size_t v = g->queue[head++];

		if (v < g->n) {
			for (size_t k = g->first[v]; k < g->last[v]; k++) {
				if (g->from[g->n + k] != none ||
				    length(g, k) - g->flow[v * g->m + k] <= EPS)
					continue;
				g->from[g->n + k] = v;
				if (g->left[k] > EPS)
					return k;
				g->queue[tail++] = g->n + k;
			}
		} else {
			for (size_t i = 0; i < g->n; i++) {
				if (g->from[i] != none || g->flow[i * g->m + (v - g->n)] <= EPS)
					continue;
				g->from[i] = v;
				g->queue[tail++] = i;
			}
		}
	}
	return g->m;
}

/* Sends up to @us more from batch @s; returns how much went. */
static double send(struct net *g, size_t s, double us)
{
	double sent = 0;

	while (us - sent > EPS) {
		size_t end = path(g, s), k = end;
		double by = us - sent;

		if (end == g->m)
			break;
		by = fmin(by, g->left[end]);
		for (;;) {
			size_t v = g->from[g->n + k];

			by = fmin(by, length(g, k) - g->flow[v * g->m + k]);
			if (v == s)
				break;
			k = g->from[v] - g->n;
			by = fmin(by, g->flow[v * g->m + k]);
		}
		g->left[end] -= by;
		k = end;
		for (;;) {
			size_t v = g->from[g->n + k];

			g->flow[v * g->m + k] += by;
			if (v == s)
				break;
			k = g->from[v] - g->n;
			g->flow[v * g->m + k] -= by;
		}
		sent += by;
	}
	return sent;
}

/**
 * sim_oracle_flow() - sim_oracle() for any number of CPUs, by maximum flow
 * @b: filled
 * @t: trace
 * @p: power table
 * @cpus: number of CPUs
 * @slowdown: see sim_choice_make()
 *
 * Return: 0 or -ENOMEM.
 */
int sim_oracle_flow(struct sim_bound *b, const struct sim_trace *t, const struct sim_power *p,
		    int cpus, double slowdown)
{
	struct sim_choice c;
	struct net g;
	bool *full;
	int ret = sim_choice_make(&c, t, p, cpus, slowdown);

	if (ret)
		return ret;
	full = calloc(t->n ? t->n : 1, sizeof(*full));
	ret = full ? net_make(&g, &c, cpus) : -ENOMEM;
	if (ret)
		goto free_full;
	b->active_uj = c.base_uj;
	b->idle_uw = (double)p->idle[p->nidle - 1].uw * cpus + p->shared_idle_uw;
	b->busy_us = 0;
	b->late = c.late;
	for (size_t i = 0; i < c.n; i++)
		b->busy_us += send(&g, i, c.base_us[i]);
	for (size_t i = 0; i < c.nseg; i++) {
		const struct sim_segment *s = &c.seg[i];
		double us;

		if (full[s->job])
			continue;
		us = send(&g, s->job, s->us);
		full[s->job] = s->us - us > EPS;
		b->active_uj -= s->uw * us / 1e6;
		b->busy_us += us;
	}
	net_free(&g);
free_full:
	free(full);
	sim_choice_free(&c);
	return ret;
}
