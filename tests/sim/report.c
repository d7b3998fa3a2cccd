// SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause
/* Means, quantiles and shares; the same figures as text and as JSON. */
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "report.h"

/**
 * sim_row_init() - an empty row
 * @row: row
 * @traces: most that will be added
 *
 * Return: 0 or -ENOMEM.
 */
int sim_row_init(struct sim_row *row, size_t traces)
{
	memset(row, 0, sizeof(*row));
	row->ratio = calloc(traces ? traces : 1, sizeof(*row->ratio));
	return row->ratio ? 0 : -ENOMEM;
}

/**
 * sim_row_free() - give it back
 * @row: row
 */
void sim_row_free(struct sim_row *row)
{
	free(row->ratio);
	row->ratio = NULL;
}

/**
 * sim_row_add() - one more trace
 * @row: row
 * @score: the policy on it
 * @race: race-to-idle on it
 * @batches: batches in the trace
 *
 * A refused batch costs nothing, so where different batches ran, what is compared is how
 * far each is from the bound of what it ran.
 */
void sim_row_add(struct sim_row *row, const struct sim_score *score, const struct sim_score *race,
		 size_t batches)
{
	const struct sim_result *r = &score->r;
	double over = score->ratio / race->ratio;

	row->ratio[row->n++] = score->ratio;
	row->batches += batches;
	row->dated += r->dated;
	row->missed += r->missed;
	row->refused += r->refused;
	row->energy_uj += r->energy_uj;
	row->slow_mean = fmax(row->slow_mean, r->slow_mean);
	row->slow_max = fmax(row->slow_max, r->slow_max);
	row->switches += r->switches;
	row->decisions += r->decisions;
	row->decision_ns += r->decision_ns;
	row->decision_instr += r->decision_instr;
	row->counted += r->counted ? r->decisions : 0;
	if (r->refused == race->r.refused) {
		over = r->energy_uj / race->r.energy_uj;
		row->node_over_race = fmax(row->node_over_race, r->node_uj / race->r.node_uj);
	}
	row->over_race = fmax(row->over_race, over);
}

/**
 * sim_row_mean() - mean of energy over the bound
 * @row: row
 *
 * Return: it, NaN without traces.
 */
double sim_row_mean(const struct sim_row *row)
{
	double sum = 0;

	for (size_t i = 0; i < row->n; i++)
		sum += row->ratio[i];
	return sum / (double)row->n;
}

static int rising(const void *x, const void *y)
{
	double a = *(const double *)x, b = *(const double *)y;

	return a < b ? -1 : a > b;
}

/**
 * sim_row_quantile() - nearest rank
 * @row: row; its ratios are sorted
 * @q: 0 to 1
 *
 * Return: the smallest ratio that at least a share of @q does not exceed.
 */
double sim_row_quantile(struct sim_row *row, double q)
{
	size_t rank = (size_t)ceil(q * (double)row->n);

	if (!row->n)
		return NAN;
	qsort(row->ratio, row->n, sizeof(*row->ratio), rising);
	return row->ratio[rank ? rank - 1 : 0];
}

static double share(size_t part, size_t whole)
{
	return whole ? (double)part / (double)whole : 0;
}

/**
 * sim_rows_head() - the head of a table of rows
 * @out: where to
 */
void sim_rows_head(FILE *out)
{
	fprintf(out, "    %-17s %7s %7s %7s %8s %8s %8s %8s %13s %7s %9s\n", "policy", "mean", "p95",
		"worst", "missed", "refused", "/race", "node/r.", "slow mean/max", "ns/dec.",
		"instr/d.");
}

/**
 * sim_row_text() - a row for people
 * @label: policy
 * @row: row
 * @out: where to
 */
void sim_row_text(const char *label, struct sim_row *row, FILE *out)
{
	fprintf(out, "    %-17s %7.3f %7.3f %7.3f %7.3f%% %7.3f%%", label, sim_row_mean(row),
		sim_row_quantile(row, 0.95), sim_row_quantile(row, 1),
		100 * share(row->missed, row->dated), 100 * share(row->refused, row->batches));
	fprintf(out, " %8.3f", row->over_race);
	if (row->node_over_race > 0)
		fprintf(out, " %8.3f", row->node_over_race);
	else
		fprintf(out, " %8s", "-");
	if (row->slow_max > 0)
		fprintf(out, "   %5.3f/%5.3f", row->slow_mean, row->slow_max);
	else
		fprintf(out, " %13s", "-");
	fprintf(out, " %7.0f", row->decisions ?
		(double)row->decision_ns / (double)row->decisions : 0);
	if (row->counted)
		fprintf(out, " %9.0f\n", (double)row->decision_instr / (double)row->counted);
	else
		fprintf(out, " %9s\n", "no PMU");
}

/**
 * sim_row_json() - a row for programs
 * @table: server
 * @family: family
 * @label: policy
 * @row: row
 * @first: no comma before it
 * @out: where to
 */
void sim_row_json(const char *table, const char *family, const char *label, struct sim_row *row,
		  bool first, FILE *out)
{
	fprintf(out, "%s  {\"table\": \"%s\", \"family\": \"%s\", \"policy\": \"%s\", ",
		first ? "" : ",\n", table, family, label);
	fprintf(out, "\"mean\": %.6f, \"p95\": %.6f, \"worst\": %.6f, ", sim_row_mean(row),
		sim_row_quantile(row, 0.95), sim_row_quantile(row, 1));
	fprintf(out, "\"misses_share\": %.6f, \"refused_share\": %.6f}",
		share(row->missed, row->dated), share(row->refused, row->batches));
}
