/* SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause */
/* Scores of many traces, summed up. */
#ifndef WATTLE_SIM_REPORT_H
#define WATTLE_SIM_REPORT_H

#include "compare.h"

/**
 * struct sim_row - a policy on a family and server
 * @ratio: energy over the bound of each trace
 * @n: traces
 * @batches: batches submitted
 * @dated: admitted with a deadline
 * @missed: of those, late
 * @refused: turned away
 * @over_race: worst energy against race-to-idle on one trace
 * @node_over_race: worst node energy against race-to-idle on one trace
 * @slow_mean: worst mean slowdown of a trace's batches without a deadline
 * @slow_max: worst slowdown of one of them
 * @energy_uj: sum
 * @switches: changes of frequency
 * @decisions: calls into the policy
 * @decision_ns: time they took
 * @decision_instr: instructions, of the traces on which they were counted
 * @counted: decisions on those traces
 */
struct sim_row {
	double *ratio;
	size_t n;
	size_t batches;
	size_t dated;
	size_t missed;
	size_t refused;
	double over_race;
	double node_over_race;
	double slow_mean;
	double slow_max;
	double energy_uj;
	uint64_t switches;
	uint64_t decisions;
	uint64_t decision_ns;
	uint64_t decision_instr;
	uint64_t counted;
};

int sim_row_init(struct sim_row *row, size_t traces);
void sim_row_add(struct sim_row *row, const struct sim_score *score, const struct sim_score *race,
		 size_t batches);
double sim_row_mean(const struct sim_row *row);
double sim_row_quantile(struct sim_row *row, double q);
void sim_row_free(struct sim_row *row);

void sim_rows_head(FILE *out);
void sim_row_text(const char *label, struct sim_row *row, FILE *out);
void sim_row_json(const char *table, const char *family, const char *label, struct sim_row *row,
		  bool first, FILE *out);

#endif
