// SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause
/* What slices tell: by hand, at their limits, and that what is old is forgotten. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka.h wants those first */
#include <cmocka.h>

#include "core/slice.h"

#define SEC	1000000000ULL
#define FULL	3200000u

static void test_nothing(void **state)
{
	struct wattle_slices s = { 0 };

	(void)state;
	assert_int_equal(wattle_slice_khz(&s, 0, 10000, FULL), 0);
	/* With consent as if all were work: f / (1 + s). */
	assert_int_equal(wattle_slice_khz(&s, 1, 1000, FULL), FULL / 2);
	assert_int_equal(wattle_slice_khz(&s, 1, 50, FULL), 3047620);
	assert_int_equal(wattle_slice_khz(&s, 1, 0, FULL), FULL);
	assert_int_equal(wattle_slice_khz(&s, 1, 50, 0), 0);
}

static void test_ok(void **state)
{
	(void)state;
	assert_true(wattle_slice_ok(3200000, 0, 1000000));
	assert_true(wattle_slice_ok(3200000, 3200000, 1000000));
	assert_false(wattle_slice_ok(3200000, 3200001, 1000000));
	assert_false(wattle_slice_ok(3200, 0, WATTLE_SLICE_MIN_NS - 1));
	assert_false(wattle_slice_ok(1ULL << 43, 0, WATTLE_SLICE_MAX_NS + 1));
	assert_false(wattle_slice_ok(16 * SEC + 1, 0, SEC));
	assert_false(wattle_slice_ok(999999, 0, SEC));
	assert_false(wattle_slice_ok(UINT64_MAX, UINT64_MAX, UINT64_MAX));
	assert_true(wattle_slice_ok(WATTLE_SLICE_MAX_CYCLES, 0, WATTLE_SLICE_MAX_NS));
}

static void test_half_is_believed(void **state)
{
	struct wattle_slices s = { 0 };

	(void)state;
	wattle_slice_add(&s, 3200000000ULL, 3200000000ULL, SEC);
	assert_int_equal(s.nr, 1);
	assert_in_range(s.kcycles, 1600000, 1600001);
	assert_in_range(s.stall_ns, SEC / 2 - 4096, SEC / 2);
	/* C / f <= 0.5 s + 0.1 s */
	assert_in_range(wattle_slice_khz(&s, 0, 100, FULL), 2666667, 2666700);
	/* At half the clock: 1 s of work, 0.5 s of stalls; a third of the time is lost. */
	assert_in_range(wattle_slice_slowed_ns(&s, 3 * SEC, FULL / 2, FULL), SEC, SEC + SEC / 100);
	assert_int_equal(wattle_slice_slowed_ns(&s, SEC, FULL, FULL), 0);
	assert_int_equal(wattle_slice_slowed_ns(&s, SEC, 0, FULL), 0);
}

static void test_forgets(void **state)
{
	struct wattle_slices s = { 0 };
	uint32_t khz, i;

	(void)state;
	wattle_slice_add(&s, 3200000000ULL, 3200000000ULL, SEC);
	khz = wattle_slice_khz(&s, 0, 100, FULL);
	for (i = 0; i < 12; i++) {
		wattle_slice_add(&s, 3200000000ULL, 0, SEC);
		assert_true(wattle_slice_khz(&s, 0, 100, FULL) >= khz);
		khz = wattle_slice_khz(&s, 0, 100, FULL);
	}
	assert_in_range(khz, 2890000, 2909091);
}

/* Whatever may be reported, however often: sums stay in range, and the answer is a clock. */
static void test_limits(void **state)
{
	struct wattle_slices s = { .nr = UINT32_MAX - 5 };
	uint32_t i, khz;

	(void)state;
	for (i = 0; i < 100; i++) {
		wattle_slice_add(&s, WATTLE_SLICE_MAX_CYCLES, i % 2 ? WATTLE_SLICE_MAX_CYCLES : 0,
				 WATTLE_SLICE_MAX_NS);
		assert_true(s.kcycles < 1ULL << 36 && s.stall_ns < 1ULL << 42);
		khz = wattle_slice_khz(&s, 0, 10000, UINT32_MAX);
		assert_true(khz > 0);
		assert_true(wattle_slice_slowed_ns(&s, 1ULL << 43, 1, UINT32_MAX) <= 1ULL << 44);
	}
	assert_int_equal(s.nr, UINT32_MAX);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_nothing),
		cmocka_unit_test(test_ok),
		cmocka_unit_test(test_half_is_believed),
		cmocka_unit_test(test_forgets),
		cmocka_unit_test(test_limits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
