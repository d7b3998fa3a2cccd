// SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause
/* Text and JSON from the same calls, whatever the values are. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
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
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
