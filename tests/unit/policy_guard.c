// SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause
/* The guard: who is slowed by more than was agreed, or misses what was promised, runs free. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "core/guard.h"

#define MS	1000000ULL
#define SEC	1000000000ULL

static struct wattle_guard g;
static uint64_t state;

static uint64_t rng(void)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return state;
}

static int setup(void **s)
{
	(void)s;
	memset(&g, 0, sizeof(g));
	state = 88172645463325252ULL;
	return 0;
}

/*
 * @n batches of 1 ms that take @slowed_pm of that slowed and @free_pm free, give or take
 * @noise_pm. The last verdict that was one.
 */
static enum wattle_guard_verdict run(unsigned int n, unsigned int allowed_pm, uint64_t slowed_pm,
				     uint64_t free_pm, uint64_t noise_pm, uint64_t *now)
{
	enum wattle_guard_verdict v, last = WATTLE_GUARD_NONE;

	while (n--) {
		int free = wattle_guard_free(&g, *now);
		uint64_t ns = MS * (free ? free_pm : slowed_pm) / 1000;

		if (noise_pm)
			ns = ns * (1000 - noise_pm + rng() % (2 * noise_pm)) / 1000;
		*now += ns;
		v = wattle_guard_ran(&g, g.turn, !free, ns, MS, allowed_pm, *now);
		if (v != WATTLE_GUARD_NONE)
			last = v;
		if (v == WATTLE_GUARD_SLOWDOWN)
			break;
	}
	return last;
}

static void test_honest(void **s)
{
	uint64_t now = SEC;

	(void)s;
	assert_int_equal(run(5000, 100, 1095, 1000, 0, &now), WATTLE_GUARD_FINE);
	assert_int_equal(g.demotions, 0);
	assert_in_range(g.slowdown_pm, 94, 95);
	assert_int_equal(g.window, WATTLE_GUARD_SLOWED_MAX);
	/* Noise of 40 %: it finds nothing where nothing is. */
	setup(NULL);
	now = SEC;
	run(200000, 100, 1100, 1000, 400, &now);
	assert_int_equal(g.demotions, 0);
}

/* Says it waits for memory, and computes: found out after two verdicts. */
static void test_liar(void **s)
{
	uint64_t now = SEC, from;

	(void)s;
	assert_int_equal(run(1000, 100, 2000, 1000, 100, &now), WATTLE_GUARD_SLOWDOWN);
	assert_int_equal(g.demotions, 1);
	assert_in_range(g.slowdown_pm, 800, 1250);
	assert_in_range(now, SEC + 130 * MS, SEC + 350 * MS);
	/* Until it is tried again it runs free, and then the same, for longer. */
	from = now;
	assert_true(wattle_guard_demoted(&g, from + 9 * SEC));
	assert_false(wattle_guard_demoted(&g, from + 11 * SEC));
	now = from + 11 * SEC;
	assert_int_equal(run(1000, 100, 2000, 1000, 100, &now), WATTLE_GUARD_SLOWDOWN);
	assert_int_equal(g.demotions, 2);
	assert_true(wattle_guard_demoted(&g, now + 19 * SEC));
	assert_false(wattle_guard_demoted(&g, now + 21 * SEC));
}

/* Mends its ways: forgiven, and its next wait is short again. */
static void test_forgiven(void **s)
{
	uint64_t now = SEC;
	unsigned int i;

	(void)s;
	for (i = 0; i < 4; i++) {
		assert_int_equal(run(1000, 0, 2000, 1000, 0, &now), WATTLE_GUARD_SLOWDOWN);
		now = g.until_ns;
	}
	assert_int_equal(g.waits, 4);
	assert_int_equal(run(20000, 0, 1000, 1000, 0, &now), WATTLE_GUARD_FINE);
	assert_true(g.waits < 4);
}

/* Something else throttles the machine: the reference is as slow, so nobody is blamed. */
static void test_throttled(void **s)
{
	uint64_t now = SEC;
	unsigned int i;

	(void)s;
	for (i = 0; i < 50; i++)
		run(300, 100, 1100 * (1 + i % 3), 1000 * (1 + i % 3), 50, &now);
	assert_int_equal(g.demotions, 0);
}

/* What began in another phase, or was not slowed when it should have been, does not count. */
static void test_whole(void **s)
{
	uint32_t turn;
	unsigned int i;

	(void)s;
	for (i = 0; i < 100; i++)
		assert_int_equal(wattle_guard_ran(&g, 0, 0, MS, MS, 100, SEC), WATTLE_GUARD_NONE);
	assert_int_equal(g.phase, WATTLE_GUARD_SLOWS);
	for (i = 0; i < WATTLE_GUARD_SLOWED_MIN; i++)
		wattle_guard_ran(&g, 0, 1, MS, MS, 100, SEC);
	assert_int_equal(g.phase, WATTLE_GUARD_FREES);
	turn = g.turn;
	assert_int_equal(wattle_guard_ran(&g, turn - 1, 0, MS, MS, 100, SEC), WATTLE_GUARD_NONE);
	assert_int_equal(g.free.nr, 0);
	/* Nothing to be measured: it does not run free for ever. */
	for (i = 0; i <= WATTLE_GUARD_PATIENCE; i++)
		wattle_guard_free(&g, SEC);
	assert_int_equal(g.phase, WATTLE_GUARD_SLOWS);
	assert_int_equal(g.slowed.nr, 0);
}

static void test_promises(void **s)
{
	unsigned int i;

	(void)s;
	/* One in 60 is late: that may be. */
	for (i = 0; i < 100000; i++)
		assert_int_equal(wattle_guard_promised(&g, i % 60 == 59, SEC), WATTLE_GUARD_NONE);
	setup(NULL);
	for (i = 0; i < WATTLE_GUARD_PROMISED - 1; i++)
		assert_int_equal(wattle_guard_promised(&g, i < 3, SEC), WATTLE_GUARD_NONE);
	assert_int_equal(wattle_guard_promised(&g, 0, SEC), WATTLE_GUARD_MISSES);
	assert_true(wattle_guard_demoted(&g, 2 * SEC));
	assert_int_equal(wattle_guard_promised(&g, 1, SEC), WATTLE_GUARD_NONE);
}

/* The ends of all ranges: no overflow (UBSan looks on), no division by 0. */
static void test_extremes(void **s)
{
	static const uint64_t t[] = { 0, 1, MS, 1ULL << 42, ~0ULL };
	static const uint32_t pm[] = { 0, 1, 10000 };
	unsigned int i, j, k, n;

	(void)s;
	for (i = 0; i < 5; i++)
		for (j = 0; j < 5; j++)
			for (k = 0; k < 3; k++) {
				memset(&g, 0, sizeof(g));
				g.window = WATTLE_GUARD_SLOWED_MAX;
				for (n = 0; n < 3000; n++) {
					int free = wattle_guard_free(&g, ~0ULL - 1);

					wattle_guard_ran(&g, g.turn, !free, n % 2 ? t[i] : t[j],
							 n % 3 ? t[j] : t[i], pm[k], ~0ULL - 1);
				}
			}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_honest, setup),
		cmocka_unit_test_setup(test_liar, setup),
		cmocka_unit_test_setup(test_forgiven, setup),
		cmocka_unit_test_setup(test_throttled, setup),
		cmocka_unit_test_setup(test_whole, setup),
		cmocka_unit_test_setup(test_promises, setup),
		cmocka_unit_test_setup(test_extremes, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
