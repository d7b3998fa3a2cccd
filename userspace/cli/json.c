// SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause
#include "cli/json.h"

#include <string.h>

#include "cli/out.h"

#define INDENT	2

/* jansson hands out whole characters, so the two bytes of a C1 control come together. */
static int put_escaped(const char *s, size_t len, void *ctx)
{
	FILE *f = ctx;
	size_t i;

	for (i = 0; i < len; i++) {
		const unsigned char c = (unsigned char)s[i];
		const unsigned char next = i + 1 < len ? (unsigned char)s[i + 1] : 0;

		if (c == 0x7f) {
			fputs("\\u007F", f);
		} else if (c == 0xc2 && next >= 0x80 && next < 0xa0) {
			fprintf(f, "\\u00%02X", next);
			i++;
		} else {
			fputc(c, f);
		}
	}
	return 0;
}

/* The callback never fails, so what can is memory: half a document must not pass for one. */
static void dump(FILE *f, const json_t *j)
{
	if (json_dump_callback(j, put_escaped, f, JSON_ENCODE_ANY | JSON_REAL_PRECISION(15)))
		out_need(NULL);
}

static void put_string(FILE *f, const char *s)
{
	json_t *j = out_need(json_string(s));

	dump(f, j);
	json_decref(j);
}

/* A depth below 0: all in one line. */
static int deeper(int depth)
{
	return depth < 0 ? depth : depth + 1;
}

static void new_line(FILE *f, int depth)
{
	if (depth >= 0)
		fprintf(f, "\n%*s", depth * INDENT, "");
}

static void put_value(FILE *f, const json_t *j, int depth);

static void put_object(FILE *f, const json_t *j, int depth)
{
	const char *key, *comma = "";
	json_t *v;

	fputc('{', f);
	json_object_foreach((json_t *)j, key, v) {
		fputs(comma, f);
		comma = ",";
		new_line(f, deeper(depth));
		put_string(f, key);
		fputs(": ", f);
		put_value(f, v, deeper(depth));
	}
	if (*comma)
		new_line(f, depth);
	fputc('}', f);
}

static void put_array(FILE *f, const json_t *j, int depth)
{
	size_t i;
	json_t *v;

	fputc('[', f);
	json_array_foreach(j, i, v) {
		if (i)
			fputc(',', f);
		new_line(f, deeper(depth));
		put_value(f, v, deeper(depth));
	}
	if (json_array_size(j))
		new_line(f, depth);
	fputc(']', f);
}

static void put_value(FILE *f, const json_t *j, int depth)
{
	switch (json_typeof(j)) {
	case JSON_OBJECT:
		put_object(f, j, depth);
		break;
	case JSON_ARRAY:
		put_array(f, j, depth);
		break;
	case JSON_INTEGER:
		fprintf(f, "%llu", (unsigned long long)json_integer_value(j));
		break;
	default:
		dump(f, j);
		break;
	}
}

void json_write(FILE *f, const json_t *j)
{
	put_value(f, j, 0);
	fputc('\n', f);
}

void json_write_line(FILE *f, const json_t *j)
{
	put_value(f, j, -1);
	fputc('\n', f);
}
