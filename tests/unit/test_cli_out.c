// SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause
/* Text and JSON from the same calls, whatever the values are. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "cli/out.h"
#include "cli/utf8.h"

static const struct out_col cols[] = {
	{ "name", "name", true }, { "n", "count", false }, { "x", "x", false },
};

static void report(struct out *o)
{
	char *names[] = { "a", "bc" };
	uint64_t v[] = { 1, 20, 300, 4 };

	out_group(o, "data", "data");
	out_str(o, "path", "%", "d.csv");
	out_u64(o, "rows", ": % rows", 12);
	out_nl(o);
	out_f64(o, "loss", "loss %", 1.0 / 3, 3);
	out_g(o, "step", ", step %", 0.000123456, 3);
	out_bool(o, "yes", ", simulated", true);
	out_bool(o, "no", ", never", false);
	out_u64(o, "hidden", NULL, 7);
	out_end(o);
	out_group(o, "energy", "energy");
	out_unavailable(o, "package", "package %", "no meter");
	out_end(o);
	out_group(o, "odd", "odd");
	out_f64(o, "nan", "%", NAN, 2);
	out_f64(o, "inf", " %", INFINITY, 2);
	out_str(o, "name", " %", "100% \033[31m");
	out_table(o, "rows", cols, 3, false);
	out_cell_str(o, "\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4");
	out_cell_u64(o, 1);
	out_cell_f64(o, NAN, 2);
	out_cell_str(o, "b");
	out_cell_u64(o, 1000000);
	out_cell_f64(o, 2.5, 2);
	out_table_end(o);
	out_matrix(o, "m", "t", names, v, 2);
	out_end(o);
}

static char *render(bool json, void (*fn)(struct out *o), int *code)
{
	char *buf = NULL;
	size_t n = 0;
	FILE *f = open_memstream(&buf, &n);
	struct out o;

	out_init(&o, f, json, "test");
	fn(&o);
	*code = out_finish(&o, 0);
	fclose(f);
	return buf;
}

static void text(void **state)
{
	int code;
	char *s = render(false, report, &code);

	(void)state;
	assert_int_equal(code, 0);
	assert_string_equal(s,
			    "data        d.csv: 12 rows\n"
			    "            loss 0.333, step 0.000123, simulated\n"
			    "energy      package not available: no meter\n"
			    "odd         nan inf 100% ?[31m\n"
			    "  name     count     x\n"
			    "  \xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4        1     -\n"
			    "  b      1000000  2.50\n"
			    "  t     a  bc\n"
			    "  a     1  20\n"
			    "  bc  300   4\n");
	free(s);
}

static void json(void **state)
{
	json_t *d, *row;
	double loss, step;
	const char *why;
	int code, rows;
	char *s = render(true, report, &code);

	(void)state;
	assert_int_equal(code, 0);
	d = json_loads(s, JSON_REJECT_DUPLICATES, NULL);
	assert_non_null(d);
	assert_int_equal(json_integer_value(json_object_get(d, "schema")), OUT_SCHEMA);
	assert_int_equal(json_unpack(d, "{s:{s:i,s:F,s:F,s:b,s:b,s:i}}", "data", "rows", &rows,
				     "loss", &loss, "step", &step, "yes", &code, "no", &code,
				     "hidden", &code), 0);
	assert_int_equal(rows, 12);
	assert_true(fabs(loss - 1.0 / 3) < ldexp(1, -45));
	assert_true(step == 0.000123456);
	assert_int_equal(json_unpack(d, "{s:{s:{s:b,s:s}}}", "energy", "package", "available",
				     &code, "why", &why), 0);
	assert_false(code);
	assert_string_equal(why, "no meter");
	assert_true(json_is_null(json_object_get(json_object_get(d, "odd"), "nan")));
	assert_true(json_is_null(json_object_get(json_object_get(d, "odd"), "inf")));
	row = json_array_get(json_object_get(json_object_get(d, "odd"), "rows"), 1);
	assert_int_equal(json_integer_value(json_object_get(row, "n")), 1000000);
	row = json_array_get(json_object_get(json_object_get(d, "odd"), "m"), 1);
	assert_int_equal(json_integer_value(json_array_get(row, 0)), 300);
	json_decref(d);
	free(s);
}

static void table_csv(struct out *o)
{
	out_table(o, "rows", cols, 3, true);
	out_cell_str(o, "plain");
	out_cell_u64(o, 1);
	out_cell_f64(o, 0.5, 1);
	out_cell_str(o, "a,b \"c\"\n");
	out_cell_u64(o, 2);
	out_cell_f64(o, -1, 1);
	out_table_end(o);
}

static void csv(void **state)
{
	int code;
	char *s = render(false, table_csv, &code);

	(void)state;
	assert_string_equal(s, "name,count,x\nplain,1,0.5\n\"a,b \"\"c\"\"\n\",2,-1.0\n");
	free(s);
}

static void failing(struct out *o)
{
	out_group(o, "data", "data");
	out_str(o, "path", "%", "bad\xff name");
	/* An error in the middle of a group: the document is whole all the same. */
	out_warn(o, "first %d", 1);
	out_warn(o, "second");
	out_error(o, 3, "broken at %s", "x:\"1\"\xfe");
}

static void errors(void **state)
{
	const char *path, *w0, *w1, *msg;
	int code, exit_code;
	json_t *d;
	char *s = render(true, failing, &code);

	(void)state;
	d = json_loads(s, 0, NULL);
	assert_non_null(d);
	assert_int_equal(json_unpack(d, "{s:{s:s},s:[s,s],s:{s:s,s:i}}", "data", "path", &path,
				     "warnings", &w0, &w1, "error", "message", &msg, "exit",
				     &exit_code), 0);
	assert_string_equal(path, "bad\xef\xbf\xbd name");
	assert_string_equal(w0, "first 1");
	assert_string_equal(w1, "second");
	assert_string_equal(msg, "broken at x:\"1\"\xef\xbf\xbd");
	assert_int_equal(exit_code, 3);
	json_decref(d);
	free(s);
}

/* What somebody else's file may hold: C0, DEL, C1 as a byte and as UTF-8, ill-formed bytes. */
#define NASTY	"a\033[2J\x7f\x9b" "1m\xc2\x9b" "2J\xc2\x85\xff\tb\nc\xc3\xa9"

static void nasty(struct out *o)
{
	char *names[] = { NASTY, "b" };
	static const struct out_col nasty_cols[] = { { "k", NASTY, true } };
	static const uint64_t v[] = { 1, 2, 3, 4 };

	out_group(o, "g", "g");
	out_str(o, "s", "%", NASTY);
	out_unavailable(o, "u", " %", NASTY);
	out_table(o, "t", nasty_cols, 1, false);
	out_cell_str(o, NASTY);
	out_table_end(o);
	out_matrix(o, "m", "x", names, v, 2);
	out_table(o, "c", nasty_cols, 1, true);
	out_cell_str(o, NASTY);
	out_table_end(o);
	out_end(o);
}

static bool has_control(const char *s)
{
	for (; *s; s++) {
		const unsigned char c = (unsigned char)*s;

		if ((c < 0x20 && c != '\n' && c != '\t') || c == 0x7f || c == 0xff ||
		    (c == 0xc2 && (unsigned char)s[1] < 0xa0) ||
		    (c >= 0x80 && c < 0xa0 && (unsigned char)s[-1] < 0xc0))
			return true;
	}
	return false;
}

static void nasty_error(struct out *o)
{
	o->command = NASTY;
	out_warn(o, "%s", NASTY);
	out_error(o, 3, "%s: no", NASTY);
}

/* No control character of a name comes out, by any way, as text or as JSON, nor on stderr. */
static void controls(void **state)
{
	int code, kept = dup(STDERR_FILENO);
	FILE *err = tmpfile();
	char buf[1024], *s;
	size_t n;

	(void)state;
	assert_true(has_control(NASTY) && has_control("\xc2\x9b") && has_control("a\x9b"));
	s = render(false, nasty, &code);
	if (has_control(s))
		fail_msg("text: %s", s);
	assert_non_null(strstr(s, "a?[2J??1m?2J??\?b?c\xc3\xa9"));
	assert_non_null(strstr(s, "\"a?[2J??1m?2J??\tb\nc\xc3\xa9\""));
	free(s);
	s = render(true, nasty, &code);
	if (has_control(s))
		fail_msg("JSON: %s", s);
	assert_non_null(strstr(s, "a\\u001B[2J\\u007F\xef\xbf\xbd" "1m\\u009B2J\\u0085"));
	free(s);
	fflush(stderr);
	dup2(fileno(err), STDERR_FILENO);
	s = render(false, nasty_error, &code);
	fflush(stderr);
	dup2(kept, STDERR_FILENO);
	close(kept);
	free(s);
	rewind(err);
	n = fread(buf, 1, sizeof(buf) - 1, err);
	buf[n] = 0;
	fclose(err);
	if (has_control(buf))
		fail_msg("stderr: %s", buf);
	/* One line each. */
	assert_ptr_equal(strchr(strchr(buf, '\n') + 1, '\n'), buf + n - 1);
}

static void exact_csv(struct out *o)
{
	o->exact = true;
	table_csv(o);
	out_table(o, "rows", cols, 1, true);
	out_cell_str(o, NASTY);
	out_table_end(o);
}

static void exact(void **state)
{
	int code;
	char *s = render(false, exact_csv, &code);

	(void)state;
	assert_non_null(strstr(s, "\"" NASTY "\"\n"));
	free(s);
}

static void big(struct out *o)
{
	static const uint64_t v[] = { UINT64_MAX };
	char *names[] = { "a" };

	out_u64(o, "max", "%", UINT64_MAX);
	out_u64(o, "bit", " %", (uint64_t)1 << 63);
	out_u64(o, "below", " %", ((uint64_t)1 << 63) - 1);
	out_table(o, "t", cols + 1, 1, false);
	out_cell_u64(o, UINT64_MAX - 1);
	out_table_end(o);
	out_matrix(o, "m", "x", names, v, 1);
}

/* 64 bits are 64 bits. */
static void big_numbers(void **state)
{
	int code;
	char *s = render(true, big, &code);

	(void)state;
	assert_non_null(strstr(s, "\"max\": 18446744073709551615,"));
	assert_non_null(strstr(s, "\"bit\": 9223372036854775808,"));
	assert_non_null(strstr(s, "\"below\": 9223372036854775807,"));
	assert_non_null(strstr(s, "\"n\": 18446744073709551614\n"));
	assert_null(strchr(s, '-'));
	free(s);
	s = render(false, big, &code);
	assert_non_null(strstr(s, "18446744073709551615 9223372036854775808 9223372036854775807"));
	free(s);
}

static void full_disk(void **state)
{
	FILE *f = fopen("/dev/full", "w");
	struct out o;

	(void)state;
	assert_non_null(f);
	out_init(&o, f, false, "test");
	report(&o);
	assert_int_equal(out_finish(&o, 0), 1);
	fclose(f);
	/* A failure that has a code of its own keeps it. */
	f = fopen("/dev/full", "w");
	out_init(&o, f, true, "test");
	report(&o);
	assert_int_equal(out_finish(&o, 3), 3);
	fclose(f);
}

static void utf8(void **state)
{
	static const struct {
		const char *in, *want;
	} cases[] = {
		{ "", "" }, { "plain", "plain" },
		{ "\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80", "\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80" },
		{ "a\xff" "b", "a\xef\xbf\xbd" "b" },
		{ "\xc3", "\xef\xbf\xbd" },
		{ "\xc0\xaf", "\xef\xbf\xbd\xef\xbf\xbd" },			/* overlong */
		{ "\xed\xa0\x80", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd" },	/* surrogate */
	};
	size_t i;
	char *s;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		s = utf8_clean(cases[i].in);
		assert_string_equal(s, cases[i].want);
		free(s);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(text), cmocka_unit_test(json), cmocka_unit_test(csv),
		cmocka_unit_test(errors), cmocka_unit_test(full_disk), cmocka_unit_test(utf8),
		cmocka_unit_test(controls), cmocka_unit_test(exact), cmocka_unit_test(big_numbers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
