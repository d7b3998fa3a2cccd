/* SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause */
/*
 * A report's JSON document as text. jansson's integers are signed; ours are counts and
 * 64-bit masks, so the document holds their bits and they are written without a sign.
 */
#ifndef WATTLE_CLI_JSON_H
#define WATTLE_CLI_JSON_H

#include <stdint.h>
#include <stdio.h>
#include <jansson.h>

/* The only way to put an integer into a document. */
static inline json_t *json_u64(uint64_t v)
{
	return json_integer((json_int_t)v);
}

/**
 * json_write() - write a document, indented, and end the line
 * @f:	where to; errors are its ferror(), without memory it ends as out_need() does
 * @j:	object or array; its integers are from json_u64()
 *
 * DEL and the C1 control characters, which JSON allows as they are, become \u escapes as well:
 * a document may end up on a terminal.
 */
void json_write(FILE *f, const json_t *j);
/* The same in one line, for a stream of documents. */
void json_write_line(FILE *f, const json_t *j);

#endif
