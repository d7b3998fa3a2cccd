// SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause
/* The slowdown rule: by its definition, at its limits, against 128-bit arithmetic. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka.h wants those first */
#include <cmocka.h>

#include "core/slowdown.h"

#define C_MAX	((1ULL << 43) - 1)
#define M_MAX	((1ULL << 32) - 1)
#define MHZ	1000u

static void test_unknown(void **state)
{
	(void)state;
	assert_int_equal(wattle_slowdown_khz(0, 0, 50, 3200 * MHZ), 0);
	assert_int_equal(wattle_slowdown_khz(1000, 10, 50, 0), 0);
}

static void test_known(void **state)
{
	(void)state;
	/* Pure work: 5 % more time is f / 1.05. 3.2e6 kcycles at 3.2 GHz: 1 s. */
	assert_int_equal(wattle_slowdown_khz(3200000, 0, 50, 3200 * MHZ), 3047620);
	/* Half of the time stalled at full speed: twice the slowdown of the work. */
	assert_int_equal(wattle_slowdown_khz(1600000, 500000, 50, 3200 * MHZ), 2909091);
	/* Stalls alone: any frequency will do. */
	assert_int_equal(wattle_slowdown_khz(0, 1, 0, 3200 * MHZ), 1);
	/* No slowdown allowed. */
	assert_int_equal(wattle_slowdown_khz(3200000, 0, 0, 3200 * MHZ), 3200 * MHZ);
	assert_int_equal(wattle_slowdown_khz(1600000, 500000, 0, 3200 * MHZ), 3200 * MHZ);
	/* Too short to be told apart in microseconds: full speed. */
	assert_int_equal(wattle_slowdown_khz(1, 0, 10000, 3200 * MHZ), 3200 * MHZ);
}

static void test_limits(void **state)
{
	(void)state;
	assert_in_range(wattle_slowdown_khz(C_MAX, M_MAX, 10000, 1), 1, 1);
	assert_in_range(wattle_slowdown_khz(C_MAX, M_MAX, 10000, UINT32_MAX), 1, UINT32_MAX);
	assert_in_range(wattle_slowdown_khz(C_MAX, 0, 0, UINT32_MAX), UINT32_MAX, UINT32_MAX);
	assert_in_range(wattle_slowdown_khz(1, M_MAX, 10000, UINT32_MAX), 1, 1);
}

/* T(f) in units of 1/f: (C * 10^6 + M f) <= (1 + s)(C * 10^6 + M F) f / F */
static int keeps(uint64_t c, uint64_t m, uint32_t pm, uint32_t full, uint32_t khz)
{
	unsigned __int128 slow = (unsigned __int128)c * 1000000 + (unsigned __int128)m * khz;
	unsigned __int128 fast = (unsigned __int128)c * 1000000 + (unsigned __int128)m * full;

	return slow * full * 1000 <= fast * khz * (1000 + pm);
}

static void test_random(void **state)
{
	uint64_t x = 88172645463325252ULL;
	unsigned int i, lower = 0;

	(void)state;
	for (i = 0; i < 200000; i++) {
		uint64_t c, m;
		uint32_t pm, full, khz;

		x ^= x << 13;
		x ^= x >> 7;
		x ^= x << 17;
		/* 128-bit products bound what can be checked: C < 2^40, M < 2^28. */
		c = (x >> 8) % (1ULL << (x % 40 + 1));
		m = (x >> 20) % (1ULL << (x % 28 + 1));
		pm = (x >> 13) % 1001;
		full = 800000 + (x >> 33) % 4000000;
		khz = wattle_slowdown_khz(c, m, pm, full);
		if (!c && !m) {
			assert_int_equal(khz, 0);
			continue;
		}
		assert_in_range(khz, 1, full);
		assert_true(keeps(c, m, pm, full, khz));
		/* And not needlessly fast: 1 us and 1 kHz of rounding aside. */
		if (khz > 1 && khz < full && c > 1000000000 && pm) {
			assert_false(keeps(c, m, pm, full, khz - khz / 100000 - 2));
			lower++;
		}
	}
	assert_true(lower > 1000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_unknown),
		cmocka_unit_test(test_known),
		cmocka_unit_test(test_limits),
		cmocka_unit_test(test_random),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
