// SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause
/*
 * CSV to a data set: the first two rows decide what the columns are, then one
 * pass over the text parses numbers in place.
 */
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "csv_numbers.h"
#include "csv_scan.h"
#include "fail.h"
#include "labels.h"
#include "matrix.h"
#include "memory.h"
#include "number.h"
#include "readers.h"
#include "utf8.h"

/* A row kept for looking at: header, first data row. */
struct cell {
	char		*s;
	size_t		len;
	uint64_t	line;
	size_t		column;
	bool		quoted;
	bool		numeric;	/* a number, or what stands for a missing one */
};

struct row {
	struct cell	*cells;
	size_t		n;
};

struct layout {
	size_t		nr_fields;
	size_t		label;		/* nr_fields: there is none */
	struct row	header;		/* n == 0: there is none */
	csv_numbers_fn	*numbers;
	const char	*data;		/* first data row */
	uint64_t	data_line;
};

static void row_free(struct row *r)
{
	for (size_t i = 0; i < r->n; i++)
		free(r->cells[i].s);
	free(r->cells);
	memset(r, 0, sizeof(*r));
}

static int row_read(struct csv *c, struct row *r, struct wattle_ml_error *e)
{
	size_t cap = 0;

	for (;;) {
		struct csv_field f;
		struct cell *cell;
		double v;
		int err = csv_field(c, &f, e);

		if (err)
			return err;
		if (r->n == cap) {
			cap = cap ? 2 * cap : 16;
			cell = realloc(r->cells, cap * sizeof(*cell));
			if (!cell)
				return wattle_ml__no_memory(e, c->path);
			r->cells = cell;
		}
		cell = &r->cells[r->n];
		cell->s = malloc(f.len + 1);
		if (!cell->s)
			return wattle_ml__no_memory(e, c->path);
		memcpy(cell->s, f.s, f.len);
		cell->s[f.len] = 0;
		cell->len = f.len;
		cell->line = f.line;
		cell->column = f.column;
		cell->quoted = f.quoted;
		cell->numeric = !wattle_number__f64(f.s, f.len, &v) ||
				wattle_number__text(f.s, f.len) != WATTLE_TEXT_OTHER;
		r->n++;
		if (csv_at_eol(c, c->p))
			break;
		c->p++;
	}
	csv_next_line(c);
	return 0;
}

static size_t find_name(const struct row *r, const char *name)
{
	for (size_t i = 0; i < r->n; i++)
		if (!strcmp(r->cells[i].s, name) && strlen(name) == r->cells[i].len)
			return i;
	return r->n;
}

/*
 * A header names numbers: some cell of the first row is text where the second row
 * has a number. A label of strings differs from its header in nothing, so it says
 * nothing; neither does an empty cell (R writes one above row names).
 */
static bool looks_like_header(const struct row *first, const struct row *second, const char *label)
{
	bool any_number = false;
	double v;

	if (label && wattle_number__f64(label, strlen(label), &v) &&
	    find_name(first, label) < first->n)
		return true;
	for (size_t i = 0; i < first->n; i++) {
		const struct cell *a = &first->cells[i];

		any_number |= a->numeric && a->len;
		if (i >= second->n || !second->cells[i].numeric || !a->len)
			continue;
		if (!a->numeric || (a->quoted && !second->cells[i].quoted))
			return true;
	}
	return !any_number;
}

static int no_column(const struct csv *c, const struct layout *l, const char *label,
		     struct wattle_ml_error *e)
{
	char list[256] = "";
	size_t used = 0;

	if (!l->header.n)
		return wattle_ml__fail(e, -EINVAL,
				       "%s: no label column %s: there is no header; give the column's number, 1 to %zu",
				       c->path, wattle_ml__quote(label, strlen(label)).s,
				       l->nr_fields);
	for (size_t i = 0; i < l->header.n; i++) {
		struct wattle_quote q = wattle_ml__quote(l->header.cells[i].s,
							 l->header.cells[i].len);

		if (used + strlen(q.s) + 8 > sizeof(list)) {
			strcpy(list + used, ", ...");
			break;
		}
		used += (size_t)sprintf(list + used, "%s%s", i ? ", " : "", q.s);
	}
	return wattle_ml__fail(e, -EINVAL, "%s: no label column %s; the columns are %s",
			       c->path, wattle_ml__quote(label, strlen(label)).s, list);
}

static int find_label(const struct csv *c, struct layout *l, const struct wattle_read_opts *opts,
		      struct wattle_ml_error *e)
{
	const char *label = opts->label;
	unsigned long long n = 0;
	size_t i;

	l->label = opts->unlabelled ? l->nr_fields : l->nr_fields - 1;
	if (opts->unlabelled || !label)
		return 0;
	i = find_name(&l->header, label);
	if (i < l->header.n) {
		for (size_t k = i + 1; k < l->header.n; k++)
			if (!strcmp(l->header.cells[k].s, label))
				return wattle_ml__fail(e, -EINVAL,
						       "%s: columns %zu and %zu are both called %s; give the label's number",
						       c->path, i + 1, k + 1,
						       wattle_ml__quote(label, strlen(label)).s);
		l->label = i;
		return 0;
	}
	if (*label && strspn(label, "0123456789") == strlen(label))
		n = strtoull(label, NULL, 10);
	if (!n || n > l->nr_fields)
		return no_column(c, l, label, e);
	l->label = (size_t)n - 1;
	return 0;
}

static int check_names(const struct csv *c, const struct row *header, struct wattle_ml_error *e)
{
	for (size_t i = 0; i < header->n; i++) {
		const struct cell *h = &header->cells[i];

		if (!wattle_utf8__valid(h->s, h->len))
			return wattle_ml__fail(e, -EINVAL,
					       "%s:%" PRIu64 ":%zu: the column name %s is not UTF-8; convert the file: iconv -f latin1 -t utf-8",
					       c->path, h->line, h->column,
					       wattle_ml__quote(h->s, h->len).s);
	}
	return 0;
}

/* Leaves @c at the first data row. */
static int find_layout(struct csv *c, struct layout *l, const struct wattle_read_opts *opts,
		       struct wattle_ml_error *e)
{
	struct row first = { 0 }, second = { 0 };
	const char *start;
	uint64_t line;
	bool header;
	int err;

	csv_skip_blank(c);
	if (c->p == c->end)
		return wattle_ml__fail(e, -ENODATA, "%s: the file has no rows", c->path);
	start = c->p;
	line = c->line;
	err = row_read(c, &first, e);
	if (err)
		goto out_free;
	l->nr_fields = first.n;
	l->data = start;
	l->data_line = line;
	header = opts->header > 0;
	csv_skip_blank(c);
	start = c->p;
	line = c->line;
	if (opts->header < 0) {
		if (start < c->end)
			err = row_read(c, &second, e);
		if (err)
			goto out_free;
		header = looks_like_header(&first, &second, opts->label);
	}
	if (header) {
		l->header = first;
		memset(&first, 0, sizeof(first));
		l->data = start;
		l->data_line = line;
		err = check_names(c, &l->header, e);
		if (err)
			goto out_free;
		if (start == c->end) {
			err = wattle_ml__fail(e, -ENODATA, "%s: there is a header and no row of data",
					      c->path);
			goto out_free;
		}
	}
	err = find_label(c, l, opts, e);
	if (!err && l->nr_fields == 1 && l->label == 0)
		err = wattle_ml__fail(e, -EINVAL,
				      "%s:%" PRIu64 ":1: one column, which is the label: no features; is the separator %s?",
				      c->path, l->data_line, wattle_ml__quote(&c->sep, 1).s);
	c->p = l->data;
	c->line = l->data_line;
	c->line_start = l->data;

out_free:
	row_free(&first);
	row_free(&second);
	return err;
}

/* "column 3", or "column 3 ('age')". */
static const char *column_name(char *buf, size_t size, const struct layout *l, size_t i)
{
	if (l->header.n > i)
		snprintf(buf, size, "column %zu (%s)", i + 1,
			 wattle_ml__quote(l->header.cells[i].s, l->header.cells[i].len).s);
	else
		snprintf(buf, size, "column %zu", i + 1);
	return buf;
}

static int bad_number(const struct csv *c, const struct layout *l, size_t i,
		      const struct csv_field *f, int err, struct wattle_ml_error *e)
{
	struct wattle_quote q = wattle_ml__quote(f->s, f->len);
	char name[96];

	column_name(name, sizeof(name), l, i);
	if (err == -ENOMEM)
		return wattle_ml__no_memory(e, c->path);
	if (err == -ERANGE)
		return wattle_ml__fail(e, -EINVAL,
				       "%s:%" PRIu64 ":%zu: %s in %s is beyond what a 32-bit float holds (3.4e38); rescale the column",
				       c->path, f->line, f->column, q.s, name);
	switch (wattle_number__text(f->s, f->len)) {
	case WATTLE_TEXT_MISSING:
		return wattle_ml__fail(e, -EINVAL,
				       "%s:%" PRIu64 ":%zu: %s has no value (%s); fill it in, or drop the row or the column",
				       c->path, f->line, f->column, name, q.s);
	case WATTLE_TEXT_NONFINITE:
		return wattle_ml__fail(e, -EINVAL,
				       "%s:%" PRIu64 ":%zu: %s in %s is not finite; fill it in, or drop the row or the column",
				       c->path, f->line, f->column, q.s, name);
	default:
		return wattle_ml__fail(e, -EINVAL,
				       "%s:%" PRIu64 ":%zu: %s in %s is not a number, and features must be numbers; drop or encode the column, or name it as the label",
				       c->path, f->line, f->column, q.s, name);
	}
}

static int read_label(struct csv *c, const struct layout *l, struct wattle_labels *labels,
		      struct wattle_ml_error *e)
{
	struct csv_field f;
	char name[96];	/* only made for a message: it costs more than the label */
	double v;
	int err = csv_field(c, &f, e);

	if (err)
		return err;
	if (!f.len || (!f.quoted && wattle_number__text(f.s, f.len) != WATTLE_TEXT_OTHER))
		return wattle_ml__fail(e, -EINVAL,
				       "%s:%" PRIu64 ":%zu: the label in %s is missing (%s); fill it in or drop the row",
				       c->path, f.line, f.column,
				       column_name(name, sizeof(name), l, l->label),
				       wattle_ml__quote(f.s, f.len).s);
	/* What the bytes of a name can be wrong in was looked at when they first came. */
	if (wattle_labels__last(labels, f.s, f.len))
		goto add;
	if (wattle_number__f64(f.s, f.len, &v) == -ERANGE)
		return wattle_ml__fail(e, -EINVAL,
				       "%s:%" PRIu64 ":%zu: the label %s in %s is too large to be a number",
				       c->path, f.line, f.column, wattle_ml__quote(f.s, f.len).s,
				       column_name(name, sizeof(name), l, l->label));
	if (!wattle_utf8__valid(f.s, f.len))
		return wattle_ml__fail(e, -EINVAL,
				       "%s:%" PRIu64 ":%zu: the label %s is not UTF-8; convert the file: iconv -f latin1 -t utf-8",
				       c->path, f.line, f.column, wattle_ml__quote(f.s, f.len).s);
add:
	err = wattle_labels__add(labels, f.s, f.len);
	if (err == -E2BIG)
		return wattle_ml__fail(e, -EINVAL,
				       "%s:%" PRIu64 ":%zu: more than %u different labels in %s: a quantity, not a class? Name another column as the label",
				       c->path, f.line, f.column, WATTLE_MAX_CLASSES,
				       column_name(name, sizeof(name), l, l->label));
	if (err)
		return wattle_ml__no_memory(e, "labels");
	return 0;
}

static int read_row(struct csv *c, const struct layout *l, float *out,
		    struct wattle_labels *labels, struct wattle_ml_error *e)
{
	const struct csv_span s = { .begin = c->begin, .end = c->end, .sep = c->sep };
	const char *row = c->p;
	uint64_t line = c->line;
	int err;

	for (size_t i = 0; i < l->nr_fields; i++) {
		if (i == l->label) {
			err = read_label(c, l, labels, e);
			if (err)
				return err;
		} else {
			const size_t upto = i < l->label ? l->label : l->nr_fields;
			const size_t n = l->numbers(&s, &c->p, upto - i, out);

			if (n) {
				out += n;
				i += n - 1;
			} else {
				struct csv_field f;

				err = csv_field(c, &f, e);
				if (err)
					return err;
				/* A short row is a short row, whatever its last field holds. */
				if (i + 1 < l->nr_fields && csv_at_eol(c, c->p))
					return csv_ragged(c, row, line, l->nr_fields, e);
				err = wattle_number__f32(f.s, f.len, out++);
				if (err)
					return bad_number(c, l, i, &f, err, e);
			}
		}
		if (csv_at_eol(c, c->p) != (i + 1 == l->nr_fields))
			return csv_ragged(c, row, line, l->nr_fields, e);
		if (i + 1 < l->nr_fields)
			c->p++;
	}
	csv_next_line(c);
	return 0;
}

/* Upper bound of the rows that can still come: lines, and two bytes a field. */
static size_t max_rows(const struct csv *c, size_t nr_fields)
{
	size_t size = (size_t)(c->end - c->p), lines = 1, by_size, i = 0;

	/* Counted in bytes, which vectors add 16 or 32 of at a time. */
	for (; size - i >= 128; i += 128) {
		unsigned char n = 0;

		for (size_t k = 0; k < 128; k++)
			n += c->p[i + k] == '\n';
		lines += n;
	}
	for (; i < size; i++)
		lines += c->p[i] == '\n';
	by_size = (size + 1) / 2 / nr_fields;
	return lines < by_size ? lines : by_size;
}

static char **take_feature_names(struct layout *l)
{
	char **names = calloc(l->nr_fields + 1, sizeof(*names));
	size_t n = 0;

	if (!names)
		return NULL;
	for (size_t i = 0; i < l->nr_fields; i++) {
		if (i == l->label)
			continue;
		names[n++] = l->header.cells[i].s;
		l->header.cells[i].s = NULL;
	}
	return names;
}

static int parse(struct wattle_dataset *d, struct csv *c, struct layout *l,
		 const struct wattle_read_opts *opts, struct wattle_ml_error *e)
{
	struct wattle_labels labels = { 0 };
	size_t cols, cap, rows = 0;
	int err;

	err = find_layout(c, l, opts, e);
	if (err)
		return err;
	cols = l->nr_fields - (l->label < l->nr_fields);
	/* One more than can be: a bad row is parsed as far as it goes. */
	cap = max_rows(c, l->nr_fields) + 1;
	err = wattle_memory__check(cap, cols, sizeof(float), c->path, e);
	if (err)
		return err;
	err = wattle_matrix__alloc_raw(&d->x, cap, cols, WATTLE_F32);
	if (err)
		return wattle_ml__fail(e, err, "%s: cannot allocate %zu x %zu values", c->path, cap,
				       cols);
	for (;;) {
		if (l->nr_fields > 1)
			csv_skip_blank(c);
		if (c->p == c->end)
			break;
		err = read_row(c, l, wattle_matrix__row_f32(&d->x, rows), &labels, e);
		if (err)
			goto out_labels;
		wattle_matrix__pad_row(&d->x, rows++);
	}
	d->x.rows = rows;
	if (l->header.n) {
		d->feature_names = take_feature_names(l);
		if (!d->feature_names) {
			err = wattle_ml__no_memory(e, "column names");
			goto out_labels;
		}
	}
	if (l->label < l->nr_fields && wattle_labels__finish(&labels, d))
		err = wattle_ml__no_memory(e, "labels");

out_labels:
	wattle_labels__free(&labels);
	return err;
}

int wattle_csv__parse(struct wattle_dataset *d, const char *path, const char *buf, size_t len,
		      char sep, const struct wattle_read_opts *opts, struct wattle_ml_error *e)
{
	struct layout l = { .numbers = csv_numbers_get() };
	struct csv c;
	int err;

	err = csv_init(&c, path, buf, len, sep, e);
	if (!err)
		err = parse(d, &c, &l, opts, e);
	row_free(&l.header);
	csv_exit(&c);
	if (err)
		wattle_dataset__free(d);
	return err;
}
