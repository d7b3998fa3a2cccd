// SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause
/*
 * Yao, Demers and Shenker, FOCS 1995, section 3: for work without stalls on one CPU. The
 * interval of greatest intensity runs at its intensity, is cut out, and so on. One schedule
 * is optimal for every convex power function, so speeds are found first and priced then, on
 * the lower hull of (0, idle) and the operating points.
 */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "oracle.h"

/* Power above idling at an average speed of @khz: on the hull, which begins at (0, 0). */
static double hull_uw(const struct sim_power *p, double khz)
{
	double idle = p->idle[p->nidle - 1].uw - ((double)p->shared_uw - p->shared_idle_uw);
	double best = INFINITY;

	/* The hull at a point is the least of all chords over it. */
	for (int i = -1; i < p->nopp; i++) {
		double fi = i < 0 ? 0 : p->opp[i].khz, pi = i < 0 ? 0 : p->opp[i].uw - idle;

		if (fi > khz)
			break;
		for (int k = i + 1; k < p->nopp; k++) {
			double fk = p->opp[k].khz, pk = p->opp[k].uw - idle;

			if (fk < khz)
				continue;
			best = fmin(best, pi + (pk - pi) * (khz - fi) / (fk - fi));
		}
	}
	return best;
}

/**
 * sim_yds() - energy of the optimal schedule, by peeling off critical intervals
 * @active_uj: set to the energy above idling
 * @t: trace without stalls, every batch with a deadline
 * @p: power table
 *
 * Return: 0, -ENOMEM, -EDOM when the trace has stalls or is infeasible at the highest
 * frequency.
 */
int sim_yds(double *active_uj, const struct sim_trace *t, const struct sim_power *p)
{
	double *r = malloc(2 * (t->n ? t->n : 1) * sizeof(double)), *d = r + t->n;
	bool *gone = calloc(t->n ? t->n : 1, sizeof(*gone));
	size_t left = t->n;
	int ret = r && gone ? 0 : -ENOMEM;

	*active_uj = 0;
	for (size_t i = 0; i < t->n && !ret; i++) {
		r[i] = (double)t->job[i].release_us;
		d[i] = (double)t->job[i].deadline_us;
		if (t->job[i].stall_us || t->job[i].deadline_us == SIM_NEVER)
			ret = -EDOM;
	}
	while (left && !ret) {
		double best = -1, ba = 0, bb = 0, cut;

		for (size_t x = 0; x < t->n; x++) {
			for (size_t y = 0; y < t->n; y++) {
				double sum = 0;

				if (gone[x] || gone[y] || d[y] <= r[x])
					continue;
				for (size_t i = 0; i < t->n; i++)
					if (!gone[i] && r[i] >= r[x] && d[i] <= d[y])
						sum += (double)t->job[i].work_kcycles;
				if (sum / (d[y] - r[x]) > best) {
					best = sum / (d[y] - r[x]);
					ba = r[x];
					bb = d[y];
				}
			}
		}
		/* kcycles per us is 10^6 kHz. */
		if (best * 1e6 > sim_fmax(p) * (1 + 1e-9)) {
			ret = -EDOM;
			break;
		}
		cut = bb - ba;
		*active_uj += hull_uw(p, fmin(best * 1e6, sim_fmax(p))) * cut / 1e6;
		for (size_t i = 0; i < t->n; i++) {
			if (gone[i])
				continue;
			if (r[i] >= ba && d[i] <= bb) {
				gone[i] = true;
				left--;
				continue;
			}
			r[i] = r[i] <= ba ? r[i] : fmax(r[i] - cut, ba);
			d[i] = d[i] <= ba ? d[i] : fmax(d[i] - cut, ba);
		}
	}
	free(gone);
	free(r);
	return ret;
}
