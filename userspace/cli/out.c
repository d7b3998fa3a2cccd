// SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause
/*
 * Output: text and JSON from the same call. See out.h.
 *
 * JSON is built with jansson rather than printed as we go, so that a document that
 * ends in an error is still whole.
 */
#include "cli/out.h"

#include <errno.h>
#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "cli/json.h"
#include "cli/utf8.h"

#define LABEL_WIDTH	12

/* Memory for a line of a report: without it there is nothing sensible left to do. */
void *out_need(void *p)
{
	if (!p) {
		fputs("wattle: out of memory while writing the report\n", stderr);
		exit(1);
	}
	return p;
}

static json_t *top(struct out *o)
{
	return o->stack[o->depth];
}

static void put(struct out *o, const char *key, json_t *v)
{
	out_need(v);
	if (json_object_set_new(top(o), key, v))
		out_need(NULL);
}

static json_t *json_text(const char *v)
{
	char *clean = out_need(utf8_clean(v));
	json_t *j = json_string(clean);

	free(clean);
	return out_need(j);
}

static json_t *json_f64(double v)
{
	return isfinite(v) ? json_real(v) : json_null();
}

static void begin(struct out *o)
{
	o->root = out_need(json_object());
	o->stack[0] = o->root;
	put(o, "schema", json_u64(OUT_SCHEMA));
	put(o, "command", json_text(o->command));
}

void out_init(struct out *o, FILE *f, bool json, const char *command)
{
	memset(o, 0, sizeof(*o));
	o->f = f;
	o->json = json;
	o->command = command;
	begin(o);
}

static void end_line(struct out *o)
{
	if (o->mid_line)
		fputc('\n', o->f);
	o->mid_line = false;
}

void out_drop(struct out *o)
{
	json_decref(o->root);
	o->root = NULL;
}

bool out_record(struct out *o)
{
	o->depth = 0;
	if (o->json)
		json_write_line(o->f, o->root);
	else
		end_line(o);
	out_drop(o);
	begin(o);
	return !fflush(o->f) && !ferror(o->f);
}

int out_finish(struct out *o, int code)
{
	o->depth = 0;
	if (o->json) {
		put(o, "exit", json_u64((unsigned int)code));
		(o->lines ? json_write_line : json_write)(o->f, o->root);
	} else {
		end_line(o);
	}
	out_drop(o);
	/* A full disk or a closed pipe must not look like success. */
	if (fflush(o->f) || ferror(o->f)) {
		fprintf(stderr, "wattle %s: cannot write the output: %s\n", o->command,
			strerror(errno));
		return code ? code : 1;
	}
	return code;
}

static char *sentence(const char *fmt, va_list ap)
{
	char *s;

	if (vasprintf(&s, fmt, ap) < 0)
		out_need(NULL);
	return s;
}

/* The sentence on stderr; file names and even the verb are what somebody typed. */
static void complain(struct out *o, const char *kind, const char *s)
{
	char *command = out_need(utf8_visible(o->command, false));
	char *text = out_need(utf8_visible(s, false));

	if (!o->json) {
		end_line(o);
		fflush(o->f);
	}
	fprintf(stderr, "wattle %s: %s%s\n", command, kind, text);
	free(command);
	free(text);
}

int out_error(struct out *o, int code, const char *fmt, ...)
{
	json_t *e = out_need(json_object());
	va_list ap;
	char *s;

	va_start(ap, fmt);
	s = sentence(fmt, ap);
	va_end(ap);
	complain(o, "", s);
	if (json_object_set_new(e, "message", json_text(s)) ||
	    json_object_set_new(e, "exit", json_u64((unsigned int)code)))
		out_need(NULL);
	if (json_object_set_new(o->root, "error", e))
		out_need(NULL);
	free(s);
	return code;
}

void out_warn(struct out *o, const char *fmt, ...)
{
	json_t *list = json_object_get(o->root, "warnings");
	va_list ap;
	char *s;

	va_start(ap, fmt);
	s = sentence(fmt, ap);
	va_end(ap);
	complain(o, "warning: ", s);
	if (!list) {
		list = out_need(json_array());
		if (json_object_set_new(o->root, "warnings", list))
			out_need(NULL);
	}
	if (json_array_append_new(list, json_text(s)))
		out_need(NULL);
	free(s);
}

void out_group(struct out *o, const char *key, const char *label)
{
	json_t *g = out_need(json_object());

	put(o, key, g);
	if (o->depth + 1 == OUT_DEPTH)
		abort();
	o->stack[++o->depth] = g;
	if (o->json || !label)
		return;
	end_line(o);
	fprintf(o->f, "%-*s", LABEL_WIDTH, label);
	o->mid_line = true;
}

void out_end(struct out *o)
{
	if (o->depth == 0)
		abort();
	o->depth--;
	if (!o->json && o->depth == 0)
		end_line(o);
}

void out_nl(struct out *o)
{
	if (o->json)
		return;
	end_line(o);
	fprintf(o->f, "%-*s", LABEL_WIDTH, "");
	o->mid_line = true;
}

/* Control characters in a name must not steer somebody's terminal. */
static void put_visible(FILE *f, const char *v)
{
	char *visible = out_need(utf8_visible(v, false));

	fputs(visible, f);
	free(visible);
}

static void put_text(struct out *o, const char *text, const char *v)
{
	const char *at;

	if (o->json || !text)
		return;
	at = strchr(text, '%');
	if (at) {
		fwrite(text, 1, at - text, o->f);
		put_visible(o->f, v);
		fputs(at + 1, o->f);
	} else {
		fputs(text, o->f);
	}
	o->mid_line = true;
}

void out_str(struct out *o, const char *key, const char *text, const char *v)
{
	put(o, key, json_text(v));
	put_text(o, text, v);
}

void out_u64(struct out *o, const char *key, const char *text, uint64_t v)
{
	char buf[24];

	put(o, key, json_u64(v));
	snprintf(buf, sizeof(buf), "%llu", (unsigned long long)v);
	put_text(o, text, buf);
}

void out_f64(struct out *o, const char *key, const char *text, double v, int digits)
{
	char buf[360];	/* DBL_MAX has 309 digits before the point */

	put(o, key, json_f64(v));
	snprintf(buf, sizeof(buf), "%.*f", digits, v);
	put_text(o, text, buf);
}

void out_g(struct out *o, const char *key, const char *text, double v, int digits)
{
	char buf[64];

	put(o, key, json_f64(v));
	snprintf(buf, sizeof(buf), "%.*g", digits, v);
	put_text(o, text, buf);
}

void out_bool(struct out *o, const char *key, const char *text, bool v)
{
	put(o, key, json_boolean(v));
	if (v)
		put_text(o, text, "");
}

void out_unavailable(struct out *o, const char *key, const char *text, const char *why)
{
	char *s;

	out_group(o, key, NULL);
	put(o, "available", json_false());
	put(o, "why", json_text(why));
	if (asprintf(&s, "not available: %s", why) < 0)
		out_need(NULL);
	put_text(o, text, s);
	free(s);
	o->depth--;
}
