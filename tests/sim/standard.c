// SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause
/* The standard set, as text while it runs and as one JSON array. */
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "report.h"
#include "standard.h"
#include "summary.h"

#define MAX_ENTRIES	16

struct group {
	const struct sim_entry *entry[MAX_ENTRIES];
	struct sim_row row[MAX_ENTRIES];
	size_t n;
};

static bool listed(const char *list, const char *name)
{
	size_t len = strlen(name);

	for (const char *s = list; s; s = strchr(s, ',') ? strchr(s, ',') + 1 : NULL)
		if (!strncmp(s, name, len) && (!s[len] || s[len] == ','))
			return true;
	return !list;
}

static const struct sim_row *row_of(const struct group *g, const char *label)
{
	for (size_t i = 0; i < g->n; i++)
		if (!strcmp(g->entry[i]->label, label))
			return &g->row[i];
	return NULL;
}

/*
 * Where the saving comes from, by taking knowledge away: blind is not told of deadlines,
 * nodefer never holds a batch back. What is left of the saving without one is not due to it.
 */
static void split(const struct group *g, FILE *text)
{
	const struct sim_row *race = row_of(g, "race"), *full = row_of(g, "wattle");
	const struct sim_row *nodefer = row_of(g, "wattle-nodefer");
	const struct sim_row *blind = row_of(g, "wattle-blind");
	double whole;

	if (!race || !full || !nodefer || !blind || !race->n)
		return;
	whole = race->energy_uj / 100;
	fprintf(text, "    wattle saves %.1f %% of race: frequency %.1f, deadlines known %.1f, idle (held back) %.1f\n",
		(race->energy_uj - full->energy_uj) / whole,
		(race->energy_uj - blind->energy_uj) / whole,
		(blind->energy_uj - nodefer->energy_uj) / whole,
		(nodefer->energy_uj - full->energy_uj) / whole);
}

static int keep_worst(const struct sim_plan *plan, const struct sim_case *c, const char *why)
{
	char path[512];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s-%s-%s.csv", plan->worst, why, c->power->name,
		 c->trace->name);
	f = fopen(path, "w");
	if (!f) {
		int ret = -errno;

		fprintf(stderr, "wattle-sim: %s: %s\n", path, strerror(-ret));
		return ret;
	}
	sim_trace_write(c->trace, f);
	return fclose(f) ? -EIO : 0;
}

static int one_trace(const struct sim_plan *plan, struct group *g, const struct sim_case *c)
{
	struct sim_score race, score;
	struct sim s;
	int ret = sim_compare(c, sim_entry_find("race"), 0, &s, false, &race);

	if (ret)
		return ret;
	sim_free(&s);
	for (size_t i = 0; i < g->n && !ret; i++) {
		ret = sim_compare(c, g->entry[i], race.r.missed, &s, false, &score);
		if (ret)
			return ret;
		sim_free(&s);
		sim_row_add(&g->row[i], &score, &race, c->trace->n);
		if (!plan->worst || strcmp(g->entry[i]->label, "wattle"))
			continue;
		if (score.r.missed)
			ret = keep_worst(plan, c, "missed");
		else if (score.r.refused)
			ret = keep_worst(plan, c, "refused");
		else if (score.r.energy_uj > 1.02 * race.r.energy_uj)
			ret = keep_worst(plan, c, "dearer");
		else if (score.ratio > 1.12)
			ret = keep_worst(plan, c, "far");
	}
	return ret;
}

static int one_family(const struct sim_plan *plan, struct group *g, int table, const char *family)
{
	struct sim_case c = {
		.power = &plan->power[table],
		.wrong = plan->npower > 1 ? &plan->power[(table + 1) % plan->npower] : NULL,
		.cpus = plan->cpus,
	};
	int ret = 0;

	for (size_t i = 0; i < g->n && !ret; i++)
		ret = sim_row_init(&g->row[i], plan->traces);
	for (size_t i = 0; i < plan->traces && !ret; i++) {
		struct sim_bound bound;
		struct sim_trace t;

		c.seed = plan->seed + i;
		/* Reading a counter costs more than a decision: not on every trace. */
		c.instr_fd = i ? -1 : plan->instr_fd;
		ret = sim_generate(&t, family, c.seed, sim_fmax(c.power), c.cpus);
		if (ret)
			break;
		ret = sim_make_feasible(&t, c.power, c.cpus);
		c.trace = &t;
		c.bound = &bound;
		if (!ret)
			ret = sim_oracle(&bound, &t, c.power, c.cpus, SIM_SLOWDOWN);
		if (!ret)
			ret = one_trace(plan, g, &c);
		if (ret)
			fprintf(stderr, "wattle-sim: %s on %s: %s\n", t.name, c.power->name,
				ret == -ELOOP ? "no deadlines were found that race meets" :
				ret == -EDEADLK ? "the policy left batches waiting for ever" :
				strerror(-ret));
		sim_trace_free(&t);
	}
	return ret;
}

/**
 * sim_standard() - run the plan
 * @plan: what
 * @text: for people
 * @json: for programs, or NULL
 *
 * Return: 0 or a negative errno.
 */
int sim_standard(const struct sim_plan *plan, FILE *text, FILE *json)
{
	struct sim_summary summary = { .seen = 0 };
	struct group g = { .n = 0 };
	bool first = true;
	int ret = 0;

	for (size_t i = 0; i < sim_nentries && g.n < MAX_ENTRIES; i++)
		if (listed(plan->policy, sim_entries[i].label) &&
		    (!sim_entries[i].wrong_table || plan->npower > 1))
			g.entry[g.n++] = &sim_entries[i];
	if (!g.n)
		return -EINVAL;
	if (json)
		fprintf(json, "[\n");
	for (int t = 0; t < plan->npower && !ret; t++) {
		for (int f = 0; sim_families[f] && !ret; f++) {
			const char *family = sim_families[f];

			if (plan->family && strcmp(plan->family, family))
				continue;
			ret = one_family(plan, &g, t, family);
			if (!ret) {
				fprintf(text, "%s, %s: %zu traces, seeds from %" PRIu64 ", %d CPU(s)\n",
					plan->power[t].name, family, plan->traces, plan->seed,
					plan->cpus);
				sim_rows_head(text);
			}
			for (size_t i = 0; i < g.n && !ret; i++) {
				sim_row_text(g.entry[i]->label, &g.row[i], text);
				sim_summary_add(&summary, plan->power[t].name, family,
						g.entry[i]->label, &g.row[i]);
				if (json)
					sim_row_json(plan->power[t].name, family,
						     g.entry[i]->label, &g.row[i], first, json);
				first = false;
			}
			if (!ret)
				split(&g, text);
			fflush(text);
			for (size_t i = 0; i < g.n; i++)
				sim_row_free(&g.row[i]);
		}
	}
	if (json)
		fprintf(json, "\n]\n");
	if (!ret)
		sim_summary_text(&summary, text);
	return ret;
}
