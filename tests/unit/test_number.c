// SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause
/*
 * The number parser against strtod() and strtof(), bit for bit.
 */
#include <float.h>
#include <locale.h>
#include <math.h>

#include "ml/data/labels.h"
#include "ml/data/number.h"
#include "ml_help.h"

static void check_one(const char *s)
{
	size_t len = strlen(s);
	double d = strtod(s, NULL), got_d = 0;
	float f = strtof(s, NULL), got_f = 0, fast;
	const char *end;
	int err;

	err = wattle_number__f64(s, len, &got_d);
	if (err != (isinf(d) ? -ERANGE : 0) || (!err && memcmp(&d, &got_d, sizeof(d))))
		fail_msg("f64 '%s': %d, %a instead of %a", s, err, got_d, d);
	err = wattle_number__f32(s, len, &got_f);
	if (err != (isinf(f) ? -ERANGE : 0) || (!err && memcmp(&f, &got_f, sizeof(f))))
		fail_msg("f32 '%s': %d, %a instead of %a", s, err, (double)got_f, (double)f);
	end = wattle_number__fast_f32(s, s + len, &fast);
	if (end && (end != s + len || memcmp(&f, &fast, sizeof(f))))
		fail_msg("fast f32 '%s': %a instead of %a", s, (double)fast, (double)f);
}

static void test_nasty(void **state)
{
	static const char * const nasty[] = {
		"0", "-0", "+0", "0.0", "-0.0e5", "0e999999999", "0e-999999999", "1", "+1", "-1",
		"1.", ".5", "-.5e1", "1e0", "1E+0", "1e-0", "00001", "0000000000000000000000001",
		"0.00000000000000000000000000000000000000000000000000000001",
		"9007199254740991", "9007199254740992", "9007199254740993", "9007199254740994",
		"9007199254740992.5", "9007199254740993.00000000000000000000000000000001",
		"18446744073709551615", "18446744073709551616", "9999999999999999999",
		"10000000000000000000", "99999999999999999999999999999",
		"16777216", "16777217", "16777218", "16777219", "16777217.0000000000000001",
		"33554434", "33554435", "0.5000000298023223876953125",
		"1.00000005960464477539062", "1.000000059604644775390625",
		"1.00000005960464477539063", "1.00000017881393432617187",
		"1.000000178813934326171875", "1.00000017881393432617188",
		"3.4028234663852886e38", "3.4028235e38", "3.40282356e38", "3.402823567797336e38",
		"3.4028235677973366e38", "3.4028235677973367e38", "3.5e38", "-3.5e38",
		"1.17549435e-38", "1.1754943e-38", "1.1754942e-38", "1.40129846e-45",
		"7.0064923216240853e-46", "7.0064923216240854e-46", "7.006e-46", "1e-46",
		"1.7976931348623157e308", "1.7976931348623158e308", "1.7976931348623159e308",
		"1e309", "-1e400", "2.2250738585072014e-308", "2.2250738585072011e-308",
		"4.9e-324", "2.4703282292062327e-324", "2.4703282292062328e-324", "1e-400",
		"1e22", "1e23", "1e-22", "1e-23", "8.5e22", "123456789012345678e-40",
		"3.141592653589793238462643383279502884197", "2.718281828459045e-27",
		"1e64", "1e65", "1e-64", "1e-65", "9999999999999999999e64", "1e-999999999999999",
		"6.62607015e-34", "299792458", "0.1", "0.2", "0.3", "0.7", "1.1", "123.456",
		"7.2057594037927933e+16", "4503599627370496.5", "4503599627370497.5",
		"1.3287659e-10", "12345678", "1234567.8", "0.12345678", "0.123456789012345678",
		"1.2345678901234567", "8.442911973260991817129021",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(nasty); i++)
		check_one(nasty[i]);
}

static void test_not_numbers(void **state)
{
	static const char * const bad[] = {
		"", "+", "-", ".", "-.", "e5", ".e5", "1e", "1e+", "1e-", "1.2.3", "1 ", " 1", "1,5",
		"0x10", "1f", "nan", "inf", "-inf", "infinity", "NA", "--1", "+-1", "1e5.0", "1_000",
		"1e+-5", "abc", "1a", "\xc2\xa0" "1",
	};
	double d;
	float f;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		assert_int_equal(wattle_number__f64(bad[i], strlen(bad[i]), &d), -EINVAL);
		assert_int_equal(wattle_number__f32(bad[i], strlen(bad[i]), &f), -EINVAL);
	}
}

/* The text ends where its length says: nothing after it is read. */
static void test_length(void **state)
{
	char *s = malloc(3);	/* no terminator: ASan watches */
	float f;
	double d;

	(void)state;
	memcpy(s, "1e5", 3);
	assert_int_equal(wattle_number__f32(s, 1, &f), 0);
	assert_true(f == 1);
	assert_int_equal(wattle_number__f32(s, 2, &f), -EINVAL);
	assert_int_equal(wattle_number__f64(s, 3, &d), 0);
	assert_true(d == 1e5);
	assert_ptr_equal(wattle_number__fast_f32(s, s + 3, &f), s + 3);
	free(s);
}

static void test_random_doubles(void **state)
{
	uint64_t seed = 1;
	char buf[64];

	(void)state;
	for (int i = 0; i < 400000; i++) {
		uint64_t bits = rnd(&seed);
		double v;

		memcpy(&v, &bits, sizeof(v));
		if (!isfinite(v))
			continue;
		snprintf(buf, sizeof(buf), "%.*g", 1 + (int)(rnd(&seed) % 20), v);
		check_one(buf);
	}
}

/* Where the product of the 64-bit parts decides: every exponent of the table, many digits. */
static void test_random_decimals(void **state)
{
	uint64_t seed = 2;
	char buf[64];

	(void)state;
	for (int i = 0; i < 600000; i++) {
		uint64_t w = rnd(&seed) >> (rnd(&seed) % 64);
		int q = (int)(rnd(&seed) % 141) - 70;

		snprintf(buf, sizeof(buf), "%s%llue%d", rnd(&seed) & 1 ? "-" : "",
			 (unsigned long long)w, q);
		check_one(buf);
	}
}

/* What files hold: few digits, a point somewhere. */
static void test_random_data(void **state)
{
	size_t fast = 0, all = 0;
	uint64_t seed = 3;
	char buf[64];
	float f;

	(void)state;
	for (int i = 0; i < 400000; i++) {
		double v = (double)(int64_t)rnd(&seed) / 9.3e18;

		snprintf(buf, sizeof(buf), "%.*f", (int)(rnd(&seed) % 10),
			 v * pow(10, (int)(rnd(&seed) % 9)));
		check_one(buf);
		fast += !!wattle_number__fast_f32(buf, buf + strlen(buf), &f);
		all++;
	}
	/* The point of a fast path is that it is taken. */
	assert_true(fast * 1000 >= all * 999);
}

/* Exactly between two floats, and a hair on either side: where rounding twice goes wrong. */
static void test_float_midpoints(void **state)
{
	uint64_t seed = 4;
	char buf[256];

	(void)state;
	for (int i = 0; i < 60000; i++) {
		uint32_t bits = (uint32_t)rnd(&seed) & 0x7fffffff;
		float a, b;
		double mid;
		size_t len;

		memcpy(&a, &bits, sizeof(a));
		b = nextafterf(a, INFINITY);
		if (!isfinite(a) || !isfinite(b))
			continue;
		mid = ((double)a + (double)b) / 2;	/* exact */
		snprintf(buf, sizeof(buf), "%.160g", mid);
		check_one(buf);
		snprintf(buf, sizeof(buf), "%.17g", mid);
		check_one(buf);
		snprintf(buf, sizeof(buf), "%.17g", nextafter(mid, INFINITY));
		check_one(buf);
		snprintf(buf, sizeof(buf), "%.17g", nextafter(mid, 0));
		check_one(buf);
		/* A 1 far behind the exact expansion. */
		if (mid > 1e-3 && mid < 1e7) {
			snprintf(buf, sizeof(buf), "%.80f", mid);
			len = strlen(buf);
			strcpy(buf + len, "0000000001");
			check_one(buf);
		}
	}
}

static void test_long_text(void **state)
{
	char buf[2048];
	double d;

	(void)state;
	memset(buf, '3', sizeof(buf));
	buf[0] = '0';
	buf[1] = '.';
	assert_int_equal(wattle_number__f64(buf, sizeof(buf), &d), 0);
	assert_true(d == strtod("0.33333333333333333333333333333333333333", NULL));
	memset(buf, '9', sizeof(buf));
	assert_int_equal(wattle_number__f64(buf, sizeof(buf), &d), -ERANGE);
	memset(buf, '0', sizeof(buf));
	buf[2047] = '7';
	assert_int_equal(wattle_number__f64(buf, sizeof(buf), &d), 0);
	assert_true(d == 7);
}

/* A locale with a decimal comma, made here: few machines have one installed. */
static bool use_comma_locale(void)
{
	static const char source[] = "comment_char %\nescape_char /\nLC_NUMERIC\n"
		"decimal_point \"<U002C>\"\nthousands_sep \"\"\ngrouping -1\nEND LC_NUMERIC\n";
	char cmd[512];

	write_file(tmp_path("source"), source, sizeof(source) - 1);
	/* It exits 1: the other categories are empty. What counts is whether it can be used. */
	snprintf(cmd, sizeof(cmd), "localedef -c -i %s -f ANSI_X3.4-1968 %s/comma >%s 2>&1",
		 tmp_path("source"), tmp_dir(), tmp_path("log"));
	if (system(cmd) < 0)
		return false;
	setenv("LOCPATH", tmp_dir(), 1);
	return setlocale(LC_NUMERIC, "comma");
}

/* The user's locale changes nothing, in the slow path and in class names either. */
static void test_locale(void **state)
{
	static const char slow[] = "0.12345678901234567890123456789";
	struct wattle_labels labels = { 0 };
	struct wattle_dataset d = { 0 };
	char buf[32];
	double v = 0;
	int err;

	(void)state;
	if (!use_comma_locale())
		skip_because("localedef cannot make a locale with a decimal comma");
	snprintf(buf, sizeof(buf), "%.1f", 0.5);
	err = wattle_number__f64(slow, sizeof(slow) - 1, &v);
	if (!err)
		err = wattle_labels__add(&labels, "0.250", 5);
	if (!err)
		err = wattle_labels__finish(&labels, &d);
	setlocale(LC_NUMERIC, "C");
	assert_string_equal(buf, "0,5");
	assert_int_equal(err, 0);
	assert_true(v == 0.12345678901234567890123456789);
	assert_string_equal(d.class_names[0], "0.25");
	wattle_dataset__free(&d);
}

static void test_text(void **state)
{
	(void)state;
	assert_int_equal(wattle_number__text("", 0), WATTLE_TEXT_MISSING);
	assert_int_equal(wattle_number__text("NA", 2), WATTLE_TEXT_MISSING);
	assert_int_equal(wattle_number__text("?", 1), WATTLE_TEXT_MISSING);
	assert_int_equal(wattle_number__text("None", 4), WATTLE_TEXT_MISSING);
	assert_int_equal(wattle_number__text("NaN", 3), WATTLE_TEXT_NONFINITE);
	assert_int_equal(wattle_number__text("-Inf", 4), WATTLE_TEXT_NONFINITE);
	assert_int_equal(wattle_number__text("+infinity", 9), WATTLE_TEXT_NONFINITE);
	assert_int_equal(wattle_number__text("Na", 1), WATTLE_TEXT_OTHER);
	assert_int_equal(wattle_number__text("Nancy", 5), WATTLE_TEXT_OTHER);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_nasty),
		cmocka_unit_test(test_not_numbers),
		cmocka_unit_test(test_length),
		cmocka_unit_test(test_random_doubles),
		cmocka_unit_test(test_random_decimals),
		cmocka_unit_test(test_random_data),
		cmocka_unit_test(test_float_midpoints),
		cmocka_unit_test(test_long_text),
		cmocka_unit_test(test_locale),
		cmocka_unit_test(test_text),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
