/* SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause */
/*
 * Fields of a CSV text, one after the other, with their positions (RFC 4180, and
 * what programs write in its name: tabs, semicolons, blanks around numbers).
 */
#ifndef WATTLE_ML_DATA_CSV_SCAN_H
#define WATTLE_ML_DATA_CSV_SCAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <wattle/ml.h>

/**
 * struct csv - a CSV text being read
 * @path:	for messages
 * @p:		next character
 * @begin:	start of the text
 * @end:	end of the text
 * @sep:	separator
 * @line:	number of the current line, from 1
 * @line_start:	where it starts
 * @scratch:	last quoted field that held a doubled quote
 */
struct csv {
	const char	*path;
	const char	*begin;
	const char	*p;
	const char	*end;
	char		sep;
	uint64_t	line;
	const char	*line_start;
	char		*scratch;
	size_t		scratch_cap;
};

/**
 * struct csv_field - one field
 * @s:		text, without quotes and, outside quotes, without surrounding blanks;
 *		valid until the next field is read
 * @len:	its length
 * @quoted:	it was in quotes
 * @line:	where it starts
 * @column:	where it starts: byte in the line, from 1
 */
struct csv_field {
	const char	*s;
	size_t		len;
	bool		quoted;
	uint64_t	line;
	size_t		column;
};

/* Does a row end at @p? A lone CR ends nothing. */
static inline bool csv_at_eol(const struct csv *c, const char *p)
{
	return p == c->end || *p == '\n' || (*p == '\r' && (p + 1 == c->end || p[1] == '\n'));
}

/**
 * csv_init() - start reading
 * @c:		filled in
 * @path:	for messages
 * @buf:	the text
 * @len:	its length
 * @sep:	separator; 0 = by what the first line holds: comma, else semicolon, else tab
 * @e:		error
 *
 * Return: 0; -EINVAL the text is UTF-16 or has lines ending in CR alone.
 */
int csv_init(struct csv *c, const char *path, const char *buf, size_t len, char sep,
	     struct wattle_ml_error *e);
void csv_exit(struct csv *c);

/**
 * csv_field() - read the field at c->p
 * @c:		text; left at the separator or end of row that follows
 * @f:		the field
 * @e:		error
 *
 * Return: 0; -EINVAL quotes that do not close, or text after them; -ENOMEM.
 */
int csv_field(struct csv *c, struct csv_field *f, struct wattle_ml_error *e);

/* Skips the end of the row at c->p. */
void csv_next_line(struct csv *c);

/* Skips lines with nothing on them. */
void csv_skip_blank(struct csv *c);

/**
 * csv_ragged() - say how many fields the current row has
 * @c:		text, anywhere
 * @row:	start of the row
 * @line:	its number
 * @want:	fields it should have
 * @e:		error
 *
 * Return: -EINVAL, or what csv_field() said.
 */
int csv_ragged(struct csv *c, const char *row, uint64_t line, size_t want,
	       struct wattle_ml_error *e);

#endif
