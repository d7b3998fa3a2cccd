// SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause
#include "cli/report.h"

#include <stdlib.h>

#define MAX_TEXT_CLASSES	20	/* more make a matrix nobody can read on a terminal */

void report_dataset(struct out *o, const char *key, const char *label, const char *path,
		    const struct wattle_dataset *d)
{
	out_group(o, key, label);
	out_str(o, "path", "%", path);
	out_u64(o, "rows", ": % rows", d->x.rows);
	out_u64(o, "features", " x % features", d->x.cols);
	if (d->labels)
		out_u64(o, "classes", ", % classes", d->nr_classes);
	out_str(o, "kept_as", " (%)", d->x.dtype == WATTLE_U8 ? "8-bit integers" : "32-bit floats");
	out_end(o);
}

static uint64_t row_sum(const struct wattle_eval *e, uint32_t k)
{
	uint64_t n = 0;
	uint32_t i;

	for (i = 0; i < e->nr_classes; i++)
		n += e->confusion[(size_t)k * e->nr_classes + i];
	return n;
}

void report_eval(struct out *o, const char *label, const struct wattle_eval *e,
		 char *const *names, bool matrix)
{
	static const struct out_col cols[] = {
		{ "class", "class", true }, { "rows", "rows", false },
		{ "recall", "recall", false }, { "precision", "precision", false },
	};
	uint64_t right = 0;
	uint32_t k;

	for (k = 0; k < e->nr_classes; k++)
		right += e->confusion[(size_t)k * e->nr_classes + k];
	out_group(o, "evaluation", label);
	out_f64(o, "accuracy", "accuracy %", e->accuracy, 4);
	out_u64(o, "right", " (% of", right);
	out_u64(o, "n", " %)", e->n);
	out_table(o, "per_class", cols, 4, false);
	for (k = 0; k < e->nr_classes; k++) {
		out_cell_str(o, names[k]);
		out_cell_u64(o, row_sum(e, k));
		out_cell_f64(o, e->recall[k], 4);
		out_cell_f64(o, e->precision[k], 4);
	}
	out_table_end(o);
	if (o->json || (matrix && e->nr_classes <= MAX_TEXT_CLASSES))
		out_matrix(o, "confusion", "truth \\ predicted", names, e->confusion,
			   e->nr_classes);
	out_end(o);
}
