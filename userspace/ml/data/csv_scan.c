// SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "csv_scan.h"
#include "fail.h"

static char guess_separator(const struct csv *c)
{
	bool quoted = false, semicolon = false, tab = false;

	for (const char *p = c->p; p < c->end && (quoted || *p != '\n'); p++) {
		if (*p == '"')
			quoted = !quoted;
		else if (quoted)
			continue;
		else if (*p == ',')
			return ',';
		else if (*p == ';')
			semicolon = true;
		else if (*p == '\t')
			tab = true;
	}
	return semicolon ? ';' : tab ? '\t' : ',';
}

int csv_init(struct csv *c, const char *path, const char *buf, size_t len, char sep,
	     struct wattle_ml_error *e)
{
	memset(c, 0, sizeof(*c));
	c->path = path;
	c->begin = buf;
	c->p = buf;
	c->end = buf + len;
	c->line = 1;
	if (len >= 2 && (!memcmp(buf, "\xff\xfe", 2) || !memcmp(buf, "\xfe\xff", 2)))
		return wattle_ml__fail(e, -EINVAL, "%s:1:1: the text is UTF-16; convert it: iconv -f utf-16 -t utf-8",
				       path);
	if (len >= 3 && !memcmp(buf, "\xef\xbb\xbf", 3))
		c->p += 3;
	if (!memchr(buf, '\n', len)) {
		const char *cr = memchr(buf, '\r', len);

		if (cr && cr + 1 < c->end)
			return wattle_ml__fail(e, -EINVAL, "%s:1:%zu: lines end in CR alone; convert them: tr '\\r' '\\n'",
					       path, (size_t)(cr - buf) + 1);
	}
	c->line_start = c->p;
	c->sep = sep ? sep : guess_separator(c);
	return 0;
}

void csv_exit(struct csv *c)
{
	free(c->scratch);
	c->scratch = NULL;
}

static bool is_blank(const struct csv *c, char ch)
{
	return (ch == ' ' || ch == '\t') && ch != c->sep;
}

static int scratch_grow(struct csv *c, size_t need, struct wattle_ml_error *e)
{
	size_t cap = c->scratch_cap ? c->scratch_cap : 64;
	char *p;

	if (need <= c->scratch_cap)
		return 0;
	while (cap < need)
		cap *= 2;
	p = realloc(c->scratch, cap);
	if (!p)
		return wattle_ml__no_memory(e, c->path);
	c->scratch = p;
	c->scratch_cap = cap;
	return 0;
}

/* c->p is at the opening quote. */
static int quoted_field(struct csv *c, struct csv_field *f, struct wattle_ml_error *e)
{
	const char *start = ++c->p, *run = start;
	bool doubled = false;
	size_t used = 0;
	int err;

	f->quoted = true;
	for (;; c->p++) {
		if (c->p == c->end)
			return wattle_ml__fail(e, -EINVAL, "%s:%" PRIu64 ":%zu: the quote opened here never closes",
					       c->path, f->line, f->column);
		if (*c->p == '\n') {
			c->line++;
			c->line_start = c->p + 1;
		}
		if (*c->p != '"')
			continue;
		if (c->p + 1 < c->end && c->p[1] == '"') {
			/* Up to and with the first of the two. */
			size_t n = (size_t)(c->p + 1 - run);

			doubled = true;
			err = scratch_grow(c, used + n, e);
			if (err)
				return err;
			memcpy(c->scratch + used, run, n);
			used += n;
			run = c->p + 2;
			c->p++;
			continue;
		}
		break;
	}
	if (doubled) {
		size_t n = (size_t)(c->p - run);

		err = scratch_grow(c, used + n, e);
		if (err)
			return err;
		memcpy(c->scratch + used, run, n);
		f->s = c->scratch;
		f->len = used + n;
	} else {
		f->s = start;
		f->len = (size_t)(c->p - start);
	}
	c->p++;
	while (c->p < c->end && is_blank(c, *c->p))
		c->p++;
	if (!csv_at_eol(c, c->p) && *c->p != c->sep)
		return wattle_ml__fail(e, -EINVAL, "%s:%" PRIu64 ":%zu: text after the closing quote; a quote inside a quoted field is written twice",
				       c->path, c->line, (size_t)(c->p - c->line_start) + 1);
	return 0;
}

int csv_field(struct csv *c, struct csv_field *f, struct wattle_ml_error *e)
{
	const char *last;

	while (c->p < c->end && is_blank(c, *c->p))
		c->p++;
	f->line = c->line;
	f->column = (size_t)(c->p - c->line_start) + 1;
	if (c->p < c->end && *c->p == '"')
		return quoted_field(c, f, e);
	f->quoted = false;
	f->s = c->p;
	while (!csv_at_eol(c, c->p) && *c->p != c->sep)
		c->p++;
	last = c->p;
	while (last > f->s && is_blank(c, last[-1]))
		last--;
	f->len = (size_t)(last - f->s);
	return 0;
}

void csv_next_line(struct csv *c)
{
	if (c->p < c->end && *c->p == '\r')
		c->p++;
	if (c->p < c->end && *c->p == '\n')
		c->p++;
	c->line++;
	c->line_start = c->p;
}

void csv_skip_blank(struct csv *c)
{
	while (c->p < c->end && csv_at_eol(c, c->p))
		csv_next_line(c);
}

int csv_ragged(struct csv *c, const char *row, uint64_t line, size_t want,
	       struct wattle_ml_error *e)
{
	struct csv_field f;
	size_t found = 0;
	int err;

	c->p = row;
	c->line = line;
	c->line_start = row;
	for (;;) {
		err = csv_field(c, &f, e);
		if (err)
			return err;
		found++;
		if (csv_at_eol(c, c->p))
			break;
		c->p++;
	}
	return wattle_ml__fail(e, -EINVAL, "%s:%" PRIu64 ":1: expected %zu fields, found %zu",
			       c->path, line, want, found);
}
