/* SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause */
/* What the policy is held to, over all rows, and whether it was reached. */
#ifndef WATTLE_SIM_SUMMARY_H
#define WATTLE_SIM_SUMMARY_H

#include "report.h"

/**
 * struct sim_worst - the worst row for one aim
 * @value: its figure
 * @where: server and family
 */
struct sim_worst {
	double value;
	char where[64];
};

#define SIM_AIMS	13

/**
 * struct sim_summary - the worst over servers and families for each aim
 * @worst: by aim
 * @seen: rows of the policy that were added
 */
struct sim_summary {
	struct sim_worst worst[SIM_AIMS];
	size_t seen;
};

void sim_summary_add(struct sim_summary *s, const char *table, const char *family,
		     const char *label, struct sim_row *row);
int sim_summary_text(const struct sim_summary *s, FILE *out);

#endif
