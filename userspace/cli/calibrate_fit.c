// SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause
/* Least squares over windows of steady load: see calibrate_fit.h. */
#include "cli/calibrate_fit.h"

#include <errno.h>
#include <math.h>

/* Weighted sums over the windows of one frequency. */
struct sums {
	double	one, n, nn, y, ny;
};

double cal_watts(const struct cal *c, const struct cal_window *w)
{
	double rest = (c->cpus - w->active) * c->idle[w->idle];

	return w->active ? c->shared + w->active * c->opp[w->opp] + rest : c->shared_idle + rest;
}

static bool possible(const struct cal *c, const struct cal_window *w)
{
	return w->active <= c->cpus && w->idle < c->nr_idle &&
	       (!w->active || w->opp < c->nr_opps) && isfinite(w->watts) && w->watts >= 0;
}

/*
 * watts = B + n P_f: the normal equations are an arrow, one row for each P_f and one
 * for B, each window weighing 1 / watts^2, as errors of meter and load are a share of
 * what is drawn. Eliminating each P_f = (S_ny - B S_n) / S_nn leaves one equation for B, whose
 * weight is 0 when no frequency was seen with two different n.
 */
static int fit_opps(struct cal *c, const struct cal_window *w, size_t n)
{
	struct sums s[CAL_OPPS] = { 0 };
	double weight = 0, right = 0, seen = 0;
	unsigned int f;
	size_t i;

	for (i = 0; i < n; i++) {
		double active = w[i].active, y = w[i].watts, weight_1 = y > 0 ? 1 / (y * y) : 0;
		struct sums *at = &s[w[i].opp];

		if (!w[i].active || w[i].idle != c->nr_idle - 1)
			continue;
		at->one += weight_1;
		at->n += weight_1 * active;
		at->nn += weight_1 * active * active;
		at->y += weight_1 * y;
		at->ny += weight_1 * active * y;
	}
	for (f = 0; f < c->nr_opps; f++) {
		if (!s[f].one)
			return -EINVAL;
		weight += s[f].one - s[f].n * s[f].n / s[f].nn;
		right += s[f].y - s[f].n * s[f].ny / s[f].nn;
		seen += s[f].one;
	}
	/* What rounding leaves of 0. */
	c->one_cpu = weight < 1e-9 * seen;
	c->shared = c->one_cpu ? c->shared_idle : fmax(right / weight, c->shared_idle);
	for (f = 0; f < c->nr_opps; f++)
		c->opp[f] = fmax((s[f].ny - c->shared * s[f].n) / s[f].nn, 0);
	return 0;
}

/* The mean of what all sleeping packages drew. */
static int fit_sleep(struct cal *c, const struct cal_window *w, size_t n)
{
	double sum = 0, seen = 0;
	size_t i;

	for (i = 0; i < n; i++) {
		if (w[i].active || w[i].idle != c->nr_idle - 1)
			continue;
		sum += w[i].watts;
		seen += 1;
	}
	if (!seen)
		return -EINVAL;
	c->shared_idle = sum / seen;
	return 0;
}

/* What is left of windows in a shallower state, over the CPUs that idled. */
static int fit_idle(struct cal *c, const struct cal_window *w, size_t n)
{
	unsigned int k;
	size_t i;

	c->idle[c->nr_idle - 1] = 0;
	for (k = 0; k + 1 < c->nr_idle; k++) {
		double sum = 0, seen = 0;

		for (i = 0; i < n; i++) {
			if (w[i].idle != k || !w[i].active || w[i].active == c->cpus)
				continue;
			sum += w[i].watts - c->shared - w[i].active * c->opp[w[i].opp];
			seen += c->cpus - w[i].active;
		}
		/* With one CPU nobody idles beside a busy one: the sleeping package tells. */
		for (i = 0; i < n && c->cpus == 1; i++) {
			if (w[i].idle != k || w[i].active)
				continue;
			sum += w[i].watts - c->shared_idle;
			seen += 1;
		}
		if (seen == 0)
			return -EINVAL;
		c->idle[k] = fmax(sum / seen, 0);
	}
	return 0;
}

/* Pool adjacent violators: the nearest figures in ascending order, in least squares. */
static unsigned int ascending(double *v, unsigned int n)
{
	unsigned int start[CAL_OPPS], size[CAL_OPPS], blocks = 0, moved = 0, i, k;
	double mean[CAL_OPPS];

	for (i = 0; i < n; i++) {
		start[blocks] = i;
		size[blocks] = 1;
		mean[blocks++] = v[i];
		while (blocks > 1 && mean[blocks - 2] > mean[blocks - 1]) {
			unsigned int a = size[blocks - 2], b = size[blocks - 1];

			mean[blocks - 2] = (mean[blocks - 2] * a + mean[blocks - 1] * b) / (a + b);
			size[blocks - 2] = a + b;
			blocks--;
		}
	}
	for (i = 0; i < blocks; i++)
		for (k = start[i]; k < start[i] + size[i]; k++) {
			moved += size[i] > 1;
			v[k] = mean[i];
		}
	return moved;
}

static void straighten(struct cal *c)
{
	unsigned int k;

	c->straightened = ascending(c->opp, c->nr_opps);
	for (k = 0; k < c->nr_idle; k++)
		c->idle[k] = -c->idle[k];
	c->straightened += ascending(c->idle, c->nr_idle);
	for (k = 0; k < c->nr_idle; k++) {
		c->idle[k] = -c->idle[k];
		/* Not more than a CPU that runs at its slowest. */
		c->straightened += c->idle[k] > c->opp[0];
		c->idle[k] = fmin(c->idle[k], c->opp[0]);
	}
}

int cal_fit(struct cal *c, const struct cal_window *w, size_t n)
{
	double sum = 0, off;
	size_t i, used = 0;
	int err;

	if (!c->cpus || !c->nr_opps || c->nr_opps > CAL_OPPS || !c->nr_idle ||
	    c->nr_idle > CAL_IDLE)
		return -EINVAL;
	for (i = 0; i < n; i++)
		if (!possible(c, &w[i]))
			return -EINVAL;
	err = fit_sleep(c, w, n);
	if (!err)
		err = fit_opps(c, w, n);
	if (!err)
		err = fit_idle(c, w, n);
	if (err)
		return err;
	straighten(c);
	for (i = 0; i < n; i++) {
		if (!(w[i].watts > 0))
			continue;
		off = cal_watts(c, &w[i]) / w[i].watts - 1;
		sum += off * off;
		used++;
	}
	c->rms = used ? sqrt(sum / used) : 0;
	return 0;
}
