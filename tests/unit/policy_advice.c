// SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause
/* What slowing down would have saved: figures reckoned by hand, and the ends of the ranges. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/advice.h"

#define MS 1000000ULL

static const struct wattle_power_table table = {
	.nr_opps = 3, .nr_idle = 2, .shared_uw = 9000000, .shared_idle_uw = 2000000,
	.opp = { { 1000000, 1000000 }, { 2000000, 3000000 }, { 4000000, 11000000 } },
	.idle = { { 400000, 2, 2, 0 }, { 50000, 600, 133, 0 } },
};

static struct wattle_power power;

static int setup(void **state)
{
	(void)state;
	return wattle_power_init(&power, &table, NULL);
}

static void test_uw(void **state)
{
	(void)state;
	assert_int_equal(wattle_power_uw(&power, 1), 1000000);
	assert_int_equal(wattle_power_uw(&power, 1000000), 1000000);
	assert_int_equal(wattle_power_uw(&power, 1500000), 2000000);
	assert_int_equal(wattle_power_uw(&power, 2000000), 3000000);
	assert_int_equal(wattle_power_uw(&power, 2500000), 5000000);
	assert_int_equal(wattle_power_uw(&power, 4000000), 11000000);
	assert_int_equal(wattle_power_uw(&power, UINT32_MAX), 11000000);
}

/* 10 ms at 4 GHz, 20 ms at 2: 11 W 10 ms + 0.05 W 10 ms against 3 W 20 ms + 7 W 10 ms / 2. */
static void test_work(void **state)
{
	struct wattle_advice a = { 0 };
	struct wattle_advice_run r = {
		.kcycles = 40000, .khz = 4000000, .would_khz = 2000000, .nr = 2, .ns = 10 * MS,
	};

	(void)state;
	wattle_advice_add(&a, &power, &r);
	assert_int_equal(a.run_ns, 10 * MS);
	assert_int_equal(a.longer_ns, 10 * MS);
	assert_int_equal(a.priced_ns, 10 * MS);
	assert_int_equal(a.unknown_ns, 0);
	assert_int_equal(a.spent_nj, 110500000);
	assert_int_equal(a.would_nj, 95000000);
	/* Half of a run is half of it. */
	r.ns = 5 * MS;
	wattle_advice_add(&a, &power, &r);
	assert_int_equal(a.longer_ns, 15 * MS);
	assert_int_equal(a.spent_nj, 165750000);
	assert_int_equal(a.would_nj, 142500000);
}

/* Half of the time waits for memory: 1.5 times as long; nothing but waiting: as long. */
static void test_stall(void **state)
{
	struct wattle_advice a = { 0 };
	struct wattle_advice_run r = {
		.kcycles = 20000, .stall_us = 5000, .khz = 4000000, .would_khz = 2000000,
		.ns = 10 * MS,
	};

	(void)state;
	wattle_advice_add(&a, &power, &r);
	assert_int_equal(a.longer_ns, 5 * MS);
	/* Alone in its package it pays for all that is shared. */
	assert_int_equal(a.spent_nj, 110250000);
	assert_int_equal(a.would_nj, 45000000 + 35000000);
	a = (struct wattle_advice){ 0 };
	r.kcycles = 0;
	r.stall_us = 10000;
	wattle_advice_add(&a, &power, &r);
	assert_int_equal(a.longer_ns, 0);
	assert_int_equal(a.spent_nj, 110000000);
	assert_int_equal(a.would_nj, 30000000);
}

/* Without a table there is a slowdown and no joules; without C and M neither. */
static void test_unknown(void **state)
{
	struct wattle_advice a = { 0 };
	struct wattle_advice_run r = {
		.kcycles = 40000, .khz = 4000000, .would_khz = 2000000, .ns = 10 * MS,
	};

	(void)state;
	wattle_advice_add(&a, NULL, &r);
	assert_int_equal(a.longer_ns, 10 * MS);
	assert_int_equal(a.priced_ns, 0);
	assert_int_equal(a.spent_nj, 0);
	r.kcycles = 0;
	wattle_advice_add(&a, &power, &r);
	r.kcycles = 40000;
	r.khz = 0;
	wattle_advice_add(&a, &power, &r);
	r.khz = 4000000;
	r.would_khz = 0;
	wattle_advice_add(&a, &power, &r);
	assert_int_equal(a.unknown_ns, 30 * MS);
	assert_int_equal(a.run_ns, 10 * MS);
	assert_int_equal(a.priced_ns, 0);
}

/* A clock that is slower already is no reason to speed up. */
static void test_faster(void **state)
{
	struct wattle_advice a = { 0 };
	struct wattle_advice_run r = {
		.kcycles = 40000, .khz = 2000000, .would_khz = 4000000, .ns = 10 * MS,
	};

	(void)state;
	wattle_advice_add(&a, &power, &r);
	assert_int_equal(a.longer_ns, 0);
	assert_int_equal(a.spent_nj, a.would_nj);
}

static void test_ends(void **state)
{
	struct wattle_advice a = { 0 };
	struct wattle_advice_run r = {
		.kcycles = (1ULL << 43) - 1, .stall_us = UINT32_MAX, .khz = WATTLE_KHZ_MAX,
		.would_khz = 1, .ns = 1ULL << 40,
	};
	uint64_t longer_ns;

	(void)state;
	/* 2^43 / 2^25 s + 4295 s against 2^43 s: 33064411 times as long, if it could be said. */
	wattle_advice_add(&a, &power, &r);
	longer_ns = a.longer_ns;
	assert_true(longer_ns >= 1ULL << 43);
	wattle_advice_add(&a, &power, &r);
	assert_true(a.longer_ns >= longer_ns);
	assert_int_equal(a.run_ns, 1ULL << 41);
	r.ns = UINT64_MAX / 4;
	wattle_advice_add(&a, &power, &r);
	wattle_advice_add(&a, &power, &r);
	assert_true(a.longer_ns >= longer_ns);
	assert_true(a.spent_nj > 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_uw),
		cmocka_unit_test(test_work),
		cmocka_unit_test(test_stall),
		cmocka_unit_test(test_unknown),
		cmocka_unit_test(test_faster),
		cmocka_unit_test(test_ends),
	};

	return cmocka_run_group_tests(tests, setup, NULL);
}
