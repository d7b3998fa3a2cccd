// SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause
/* One line an aim: the worst row, the limit, reached or not. */
#include <string.h>

#include "summary.h"

enum aim {
	MEAN, P95, TINY, MISSED, REFUSED, RACE, SLOW, NODE,
	WORK_LOSS, WORK_MISSED, TABLE_LOSS, TABLE_MISSED, BACKLOG,
};

static const struct {
	const char *what;
	double limit;	/* 0: reported only */
	double scale;
	const char *unit;
} aim[SIM_AIMS] = {
	[MEAN] = { "energy over the bound, mean (dated, but tiny)", 1.05, 1, "" },
	[P95] = { "energy over the bound, p95 (dated, but tiny)", 1.12, 1, "" },
	[TINY] = { "energy over the bound, mean (tiny)", 1.20, 1, "" },
	[MISSED] = { "deadlines missed of those admitted", 0.001, 100, " %" },
	[REFUSED] = { "batches refused", 0.005, 100, " %" },
	[RACE] = { "energy against race-to-idle, worst trace", 1.02, 1, "" },
	[SLOW] = { "backlog: slowdown, worst trace's mean", 1.05, 1, "" },
	[NODE] = { "backlog: node energy against f_max, worst trace", 1.01, 1, "" },
	[WORK_LOSS] = { "sizes off by 30 %: energy over the bound, mean", 0, 1, "" },
	[WORK_MISSED] = { "sizes off by 30 %: deadlines missed", 0.005, 100, " %" },
	[TABLE_LOSS] = { "wrong server's table: energy over the bound, mean", 0, 1, "" },
	[TABLE_MISSED] = { "wrong server's table: deadlines missed", 0.005, 100, " %" },
	[BACKLOG] = { "backlog: energy over the bound, mean", 0, 1, "" },
};

static double share(size_t part, size_t whole)
{
	return whole ? (double)part / (double)whole : 0;
}

static void note(struct sim_summary *s, enum aim a, double value, const char *table,
		 const char *family)
{
	struct sim_worst *w = &s->worst[a];

	if (*w->where && w->value >= value)
		return;
	w->value = value;
	snprintf(w->where, sizeof(w->where), "%.40s, %.16s", table, family);
}

/**
 * sim_summary_add() - one more row
 * @s: summary, zeroed at first
 * @table: server
 * @family: family
 * @label: policy; others than wattle's are left alone
 * @row: row
 */
void sim_summary_add(struct sim_summary *s, const char *table, const char *family,
		     const char *label, struct sim_row *row)
{
	bool dated = strcmp(family, "backlog") != 0;
	double missed = share(row->missed, row->dated);

	if (!strcmp(label, "wattle-work30")) {
		if (dated)
			note(s, WORK_LOSS, sim_row_mean(row), table, family);
		note(s, WORK_MISSED, missed, table, family);
	}
	if (!strcmp(label, "wattle-wrongtable")) {
		if (dated)
			note(s, TABLE_LOSS, sim_row_mean(row), table, family);
		note(s, TABLE_MISSED, missed, table, family);
	}
	if (strcmp(label, "wattle"))
		return;
	s->seen++;
	note(s, RACE, row->over_race, table, family);
	note(s, REFUSED, share(row->refused, row->batches), table, family);
	if (!dated) {
		note(s, SLOW, row->slow_mean, table, family);
		note(s, NODE, row->node_over_race, table, family);
		note(s, BACKLOG, sim_row_mean(row), table, family);
		return;
	}
	note(s, MISSED, missed, table, family);
	if (!strcmp(family, "tiny")) {
		note(s, TINY, sim_row_mean(row), table, family);
		return;
	}
	note(s, MEAN, sim_row_mean(row), table, family);
	note(s, P95, sim_row_quantile(row, 0.95), table, family);
}

/**
 * sim_summary_text() - for people
 * @s: summary
 * @out: where to
 *
 * Return: how many aims were not reached.
 */
int sim_summary_text(const struct sim_summary *s, FILE *out)
{
	int missed = 0;

	if (!s->seen)
		return 0;
	fprintf(out, "wattle, worst server and family of each:\n");
	for (int i = 0; i < SIM_AIMS; i++) {
		const struct sim_worst *w = &s->worst[i];
		bool over = aim[i].limit > 0 && w->value > aim[i].limit;

		if (!*w->where)
			continue;
		fprintf(out, "    %-52s %8.3f%-2s", aim[i].what, w->value * aim[i].scale,
			aim[i].unit);
		if (aim[i].limit > 0)
			fprintf(out, "  at most %.3f%-2s %s", aim[i].limit * aim[i].scale,
				aim[i].unit, over ? "NOT REACHED" : "reached    ");
		else
			fprintf(out, "  %-27s", "reported");
		fprintf(out, "  (%s)\n", w->where);
		missed += over;
	}
	return missed;
}
