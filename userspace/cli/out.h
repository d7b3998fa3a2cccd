/* SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause */
/*
 * Output: text and JSON from the same call, so that they cannot drift apart.
 *
 * Every call names a JSON key and a text template. A template is copied as it is
 * but for one '%', which stands for the value; a NULL template means the value
 * appears in JSON only. No control character of a value reaches the text; JSON has them as
 * \u escapes. Text is written at once; JSON is one document, written by
 * out_finish(), complete and well-formed after an error too.
 */
#ifndef WATTLE_CLI_OUT_H
#define WATTLE_CLI_OUT_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <jansson.h>

#define OUT_SCHEMA	1
#define OUT_DEPTH	8

/**
 * struct out - where a report goes
 * @f:		text or JSON ends up here
 * @json:	JSON instead of text
 * @lines:	JSON is a stream, one document a line; see out_record()
 * @exact:	names go into a file as they are; else control characters in them become '?'
 * @command:	verb, for errors and the JSON document
 * @root:	JSON document
 * @stack:	open groups, innermost at @depth; only used for JSON
 * @table:	rows of the open table
 */
struct out {
	FILE		*f;
	bool		json;
	bool		lines;
	bool		exact;
	const char	*command;
	json_t		*root;
	json_t		*stack[OUT_DEPTH];
	unsigned int	depth;
	bool		mid_line;
	struct out_table {
		const struct out_col	*cols;
		unsigned int		nr_cols;
		unsigned int		at;
		bool			csv;
		char			**cells;
		size_t			nr_cells;
		size_t			room;
		json_t			*rows;
		json_t			*row;
	} table;
};

void out_init(struct out *o, FILE *f, bool json, const char *command);
/* Ends the report. Returns @code, or 1 when the output could not be written. */
int out_finish(struct out *o, int code);
/*
 * Ends one record of a stream (@lines) and writes it at once; the next begins. False when
 * the output could not be written.
 */
bool out_record(struct out *o);
/* Frees without printing. */
void out_drop(struct out *o);

/* @p, or the end of the process when it is NULL: a report needs little memory. */
void *out_need(void *p);

/* A sentence on stderr ("wattle VERB: ..."), and "error" in JSON. Returns @code. */
int out_error(struct out *o, int code, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
/* A remark on stderr, and in the list "warnings" of JSON. */
void out_warn(struct out *o, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* An object in JSON; in text a line that begins with @label in the left column (NULL: goes on). */
void out_group(struct out *o, const char *key, const char *label);
void out_end(struct out *o);
/* Next line of the same group. */
void out_nl(struct out *o);

void out_str(struct out *o, const char *key, const char *text, const char *v);
void out_u64(struct out *o, const char *key, const char *text, uint64_t v);
/* @digits after the point in text; JSON has 15 significant ones, null when not finite. */
void out_f64(struct out *o, const char *key, const char *text, double v, int digits);
/* @digits significant digits in text. */
void out_g(struct out *o, const char *key, const char *text, double v, int digits);
/* Text appears only when @v is true. */
void out_bool(struct out *o, const char *key, const char *text, bool v);
/* "not available: WHY" in text; {"available": false, "why": WHY} in JSON. */
void out_unavailable(struct out *o, const char *key, const char *text, const char *why);

/**
 * struct out_col - a column of a table
 * @key:	JSON key of the cell
 * @head:	heading in text
 * @left:	left-aligned (names); numbers are not
 */
struct out_col {
	const char	*key;
	const char	*head;
	bool		left;
};

/* An array of objects in JSON, aligned columns or (@csv) comma-separated values in text. */
void out_table(struct out *o, const char *key, const struct out_col *cols, unsigned int nr_cols,
	       bool csv);
void out_cell_str(struct out *o, const char *v);
void out_cell_u64(struct out *o, uint64_t v);
/* "-" in text and null in JSON when not finite. */
void out_cell_f64(struct out *o, double v, int digits);
void out_table_end(struct out *o);

/* @n x @n counts: an array of arrays in JSON, a table headed by the names in text. */
void out_matrix(struct out *o, const char *key, const char *corner, char *const *names,
		const uint64_t *v, unsigned int n);

#endif
