// SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause
/*
 * Tables of a report: an array of objects in JSON, aligned columns or
 * comma-separated values (RFC 4180) in text.
 */
#include "cli/out.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "cli/json.h"
#include "cli/utf8.h"

static void csv_field(FILE *f, const char *v)
{
	if (!v[strcspn(v, ",\"\r\n")]) {
		fputs(v, f);
		return;
	}
	fputc('"', f);
	for (; *v; v++) {
		if (*v == '"')
			fputc('"', f);
		fputc(*v, f);
	}
	fputc('"', f);
}

/* A field may hold tabs and line ends, in quotes. */
static void csv_cell(struct out *o, const char *v)
{
	char *visible = o->exact ? NULL : out_need(utf8_visible(v, true));

	csv_field(o->f, o->exact ? v : visible);
	free(visible);
}

void out_table(struct out *o, const char *key, const struct out_col *cols, unsigned int nr_cols,
	       bool csv)
{
	struct out_table *t = &o->table;
	unsigned int i;

	memset(t, 0, sizeof(*t));
	t->cols = cols;
	t->nr_cols = nr_cols;
	t->csv = csv;
	if (o->json) {
		t->rows = out_need(json_array());
		if (json_object_set_new(o->stack[o->depth], key, t->rows))
			out_need(NULL);
		return;
	}
	if (!csv)
		return;
	for (i = 0; i < nr_cols; i++) {
		if (i)
			fputc(',', o->f);
		csv_cell(o, cols[i].head);
	}
	fputc('\n', o->f);
}

/* Takes over @j, which is only there when the output is JSON. */
static void cell(struct out *o, const char *text, json_t *j)
{
	struct out_table *t = &o->table;
	unsigned int at = t->at;
	char *visible;

	t->at = (at + 1) % t->nr_cols;
	if (o->json) {
		if (at == 0) {
			t->row = out_need(json_object());
			if (json_array_append_new(t->rows, t->row))
				out_need(NULL);
		}
		if (json_object_set_new(t->row, t->cols[at].key, out_need(j)))
			out_need(NULL);
		return;
	}
	if (t->csv) {
		csv_cell(o, text);
		fputc(t->at ? ',' : '\n', o->f);
		return;
	}
	visible = out_need(utf8_visible(text, false));
	if (t->nr_cells == t->room) {
		t->room = t->room ? 2 * t->room : 64;
		t->cells = out_need(realloc(t->cells, t->room * sizeof(*t->cells)));
	}
	t->cells[t->nr_cells++] = visible;
}

void out_cell_str(struct out *o, const char *v)
{
	char *clean;

	if (!o->json) {
		cell(o, v, NULL);
		return;
	}
	clean = out_need(utf8_clean(v));
	cell(o, v, json_string(clean));
	free(clean);
}

void out_cell_u64(struct out *o, uint64_t v)
{
	char buf[24];

	snprintf(buf, sizeof(buf), "%llu", (unsigned long long)v);
	cell(o, buf, o->json ? json_u64(v) : NULL);
}

void out_cell_f64(struct out *o, double v, int digits)
{
	char buf[360];

	if (isfinite(v))
		snprintf(buf, sizeof(buf), "%.*f", digits, v);
	else
		strcpy(buf, "-");
	cell(o, buf, !o->json ? NULL : isfinite(v) ? json_real(v) : json_null());
}

/* Columns a terminal uses for @s, which is visible: bytes that do not continue a UTF-8 sequence. */
static int width(const char *s)
{
	int n = 0;

	for (; *s; s++)
		n += (*s & 0xc0) != 0x80;
	return n;
}

static void aligned(FILE *f, const char *s, int w, bool left, bool last)
{
	int fill = w - width(s);

	if (!left)
		fprintf(f, "%*s", fill, "");
	fputs(s, f);
	if (left && !last)
		fprintf(f, "%*s", fill, "");
	fputs(last ? "\n" : "  ", f);
}

static void flush_aligned(struct out *o)
{
	struct out_table *t = &o->table;
	char **heads = out_need(calloc(t->nr_cols, sizeof(*heads)));
	int *w = out_need(calloc(t->nr_cols, sizeof(*w)));
	bool any_head = false;
	size_t i;

	for (i = 0; i < t->nr_cols; i++) {
		/* Those of a matrix are names of classes. */
		heads[i] = out_need(utf8_visible(t->cols[i].head, false));
		w[i] = width(heads[i]);
		any_head |= w[i] > 0;
	}
	for (i = 0; i < t->nr_cells; i++)
		if (width(t->cells[i]) > w[i % t->nr_cols])
			w[i % t->nr_cols] = width(t->cells[i]);
	if (o->mid_line)
		fputc('\n', o->f);
	o->mid_line = false;
	for (i = 0; any_head && i < t->nr_cols; i++) {
		if (!i)
			fputs("  ", o->f);
		aligned(o->f, heads[i], w[i], t->cols[i].left, i + 1 == t->nr_cols);
	}
	for (i = 0; i < t->nr_cells; i++) {
		if (i % t->nr_cols == 0)
			fputs("  ", o->f);
		aligned(o->f, t->cells[i], w[i % t->nr_cols], t->cols[i % t->nr_cols].left,
			(i + 1) % t->nr_cols == 0);
	}
	for (i = 0; i < t->nr_cols; i++)
		free(heads[i]);
	free(heads);
	free(w);
}

void out_table_end(struct out *o)
{
	struct out_table *t = &o->table;
	size_t i;

	if (t->at)
		abort();	/* a row with too few cells is a bug of the verb */
	if (!o->json && !t->csv)
		flush_aligned(o);
	for (i = 0; i < t->nr_cells; i++)
		free(t->cells[i]);
	free(t->cells);
	memset(t, 0, sizeof(*t));
}

void out_matrix(struct out *o, const char *key, const char *corner, char *const *names,
		const uint64_t *v, unsigned int n)
{
	struct out_col *cols;
	json_t *rows, *row;
	unsigned int i, k;

	if (o->json) {
		rows = out_need(json_array());
		for (i = 0; i < n; i++) {
			row = out_need(json_array());
			for (k = 0; k < n; k++)
				if (json_array_append_new(row, json_u64(v[(size_t)i * n + k])))
					out_need(NULL);
			if (json_array_append_new(rows, row))
				out_need(NULL);
		}
		if (json_object_set_new(o->stack[o->depth], key, rows))
			out_need(NULL);
		return;
	}
	cols = out_need(calloc(n + 1, sizeof(*cols)));
	cols[0].head = corner;
	cols[0].left = true;
	for (k = 0; k < n; k++)
		cols[k + 1].head = names[k];
	out_table(o, key, cols, n + 1, false);
	for (i = 0; i < n; i++) {
		out_cell_str(o, names[i]);
		for (k = 0; k < n; k++)
			out_cell_u64(o, v[(size_t)i * n + k]);
	}
	out_table_end(o);
	free(cols);
}
