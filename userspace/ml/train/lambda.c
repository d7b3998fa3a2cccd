// SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause
/* The largest eigenvalue of the data, which bounds the curvature of every loss. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "ml/data/fail.h"
#include "ml/train/objective.h"

#define MIN_PASSES	10
#define MAX_PASSES	50
/* Stop when the Rayleigh quotient grows by less than this share of itself. */
#define GROWTH		0.004
/* What the extrapolation may still be short of. */
#define MARGIN		1.01

/*
 * Deterministic, and orthogonal to nothing likely: uniform in [0, 2). Mostly one
 * sign, because features that go up and down together are what makes a large
 * eigenvalue.
 */
static void start_vector(double *v, size_t n)
{
	uint64_t s = 0x9e3779b97f4a7c15u;
	size_t i;

	for (i = 0; i < n; i++) {
		s ^= s << 13;
		s ^= s >> 7;
		s ^= s << 17;
		v[i] = (double)(s >> 11) / (double)(1ull << 52);
	}
}

static double norm(const double *v, size_t n)
{
	double sum = 0.0;
	size_t i;

	for (i = 0; i < n; i++)
		sum += v[i] * v[i];
	return sqrt(sum);
}

int wattle_objective__lambda_max(struct wattle_objective *o, double *lambda,
				 struct wattle_ml_error *e)
{
	const size_t n = o->x.cols + 1;		/* the intercept comes last */
	double *v = calloc(2 * n, sizeof(*v)), *u = v + n;
	double rho = 0.0, growth = 0.0, before, half, len;
	int pass, err = 0;
	size_t i;

	*lambda = 0.0;
	if (!v)
		return wattle_ml__no_memory(e, "the step size");
	start_vector(v, n);
	for (pass = 0; pass < MAX_PASSES; pass++) {
		len = norm(v, n);
		if (!(len > 0.0) || !isfinite(len))
			break;
		for (i = 0; i < n; i++)
			v[i] /= len;
		err = wattle_objective__eval(o, WATTLE_LINK_LINEAR, v, v + n - 1, &half, u,
					     u + n - 1, e);
		if (err)
			break;
		before = rho;
		/* The mean of z^2 / 2 is half the Rayleigh quotient v'X'Xv / n. */
		rho = 2.0 * half;
		*lambda = rho * MARGIN;
		/* The very first growth, from nothing, is no measure of convergence. */
		if (pass > 1) {
			const double ratio = (rho - before) / growth;

			/* Growth falls geometrically: what is still to come is its sum. */
			if (ratio > 0.0 && ratio < 0.95)
				*lambda = (rho + (rho - before) * ratio / (1.0 - ratio)) * MARGIN;
			/*
			 * Small growth is the end only if it shrinks, and not too early: on a
			 * plateau the largest eigenvector may have just begun to show. An
			 * eigenvalue twice the others has gained 4^MIN_PASSES on them.
			 */
			if (pass >= MIN_PASSES && rho - before <= GROWTH * rho &&
			    (ratio < 0.95 || rho - before <= 1e-6 * rho))
				break;
		}
		growth = rho - before;
		memcpy(v, u, n * sizeof(*v));
	}
	free(v);
	return err;
}
