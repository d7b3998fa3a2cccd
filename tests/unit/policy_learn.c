// SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause
/* Learning C and M: near the truth soon, in spite of noise, and never out of range. */
#include <errno.h>
#include <stdio.h>

#include "policy_help.h"
#include "core/learn.h"

/* Uniform in +- @pm per mille of @t. */
static uint64_t noisy(uint64_t *seed, uint64_t t, uint32_t pm)
{
	uint64_t span = t / 1000 * pm + t % 1000 * pm / 1000;

	return t - span + (span ? policy_rng(seed) % (2 * span + 1) : 0);
}

static uint64_t off_pm(uint64_t got, uint64_t want)
{
	return (got > want ? got - want : want - got) * 1000 / want;
}

/*
 * 20 runs at two frequencies, noise of 2 % in what the foreign load leaves of
 * the run time, and now and then a run that says it slept.
 */
static void twenty_samples_at_two_frequencies(void **state)
{
	uint64_t seed = 41, worst = 0;
	int round, i;

	(void)state;
	for (round = 0; round < 2000; round++) {
		struct wattle_learn_entry e;
		struct wattle_learned is;
		uint64_t kc = 1000 + policy_rng(&seed) % 100000000;
		uint64_t part = 10 + policy_rng(&seed) % 300, top, t;
		uint64_t stall = wattle_power_run_ns(kc, 0, 3200000) * part / 100;
		uint32_t low = 1000000 + policy_rng(&seed) % 800000;

		wattle_learn_entry_init(&e, 1);
		assert_int_equal(wattle_learn_get(&e, &is), -ENODATA);
		for (i = 0; i < 20; i++) {
			uint32_t khz = i % 2 ? 3200000 : low;

			t = wattle_power_run_ns(kc, stall, khz);
			assert_int_equal(wattle_learn_sample(&e, khz, noisy(&seed, t, 20), 0), 1);
			assert_int_equal(wattle_learn_sample(&e, khz, 5 * t,
							     WATTLE_SAMPLE_SLEPT), 0);
		}
		assert_int_equal(wattle_learn_get(&e, &is), 0);
		assert_int_equal(is.both, 1);
		/* What is predicted is T, at any frequency: within 5 %. */
		for (i = 0; i <= 4; i++) {
			uint32_t khz = 800000 + i * 600000;

			top = off_pm(wattle_power_run_ns(is.kcycles, is.stall_ns, khz),
				     wattle_power_run_ns(kc, stall, khz));
			worst = top > worst ? top : worst;
		}
	}
	print_message("worst error of T(f): %.1f %%\n", worst / 10.0);
	assert_true(worst <= 50);
}

/* C and M themselves, where the noise allows to tell them: 0.5 %, neither negligible. */
static void c_and_m_within_five_per_cent(void **state)
{
	uint64_t seed = 43, worst_c = 0, worst_m = 0;
	int round, i;

	(void)state;
	for (round = 0; round < 2000; round++) {
		struct wattle_learn_entry e;
		struct wattle_learned is;
		uint64_t kc = 100000 + policy_rng(&seed) % 100000000;
		uint64_t stall = wattle_power_run_ns(kc, 0, 3200000) *
				 (50 + policy_rng(&seed) % 100) / 100;

		wattle_learn_entry_init(&e, 1);
		for (i = 0; i < 20; i++) {
			uint32_t khz = i % 2 ? 3200000 : 1400000;
			uint64_t t = wattle_power_run_ns(kc, stall, khz);

			wattle_learn_sample(&e, khz, noisy(&seed, t, 5), 0);
		}
		wattle_learn_get(&e, &is);
		worst_c = off_pm(is.kcycles, kc) > worst_c ? off_pm(is.kcycles, kc) : worst_c;
		worst_m = off_pm(is.stall_ns, stall) > worst_m ? off_pm(is.stall_ns, stall) :
								 worst_m;
	}
	print_message("worst error of C %.1f %%, of M %.1f %%\n", worst_c / 10.0, worst_m / 10.0);
	assert_true(worst_c <= 50 && worst_m <= 50);
}

static void one_frequency_is_all_work(void **state)
{
	struct wattle_learn_entry e;
	struct wattle_learned is;
	int i;

	(void)state;
	wattle_learn_entry_init(&e, 1);
	for (i = 0; i < 10; i++)
		wattle_learn_sample(&e, 2000000, MS, 0);
	assert_int_equal(wattle_learn_get(&e, &is), 0);
	assert_int_equal(is.both, 0);
	assert_int_equal(is.stall_ns, 0);
	assert_int_equal(is.kcycles, 2000);
	assert_true(is.margin_ns < MS / 10);
	/* Stalls alone: no frequency matters. */
	wattle_learn_entry_init(&e, 1);
	for (i = 0; i < 20; i++)
		wattle_learn_sample(&e, i % 2 ? 3200000 : 800000, MS, 0);
	wattle_learn_get(&e, &is);
	assert_true(is.kcycles < 10);
	assert_in_range(is.stall_ns, MS - 10 * US, MS + 10 * US);
	/* Slower at the higher frequency is noise, not negative work. */
	wattle_learn_entry_init(&e, 1);
	for (i = 0; i < 20; i++)
		wattle_learn_sample(&e, i % 2 ? 3200000 : 800000, i % 2 ? 2 * MS : MS, 0);
	wattle_learn_get(&e, &is);
	assert_int_equal(is.kcycles, 0);
	/* No stall at all is not a negative one. */
	wattle_learn_entry_init(&e, 1);
	for (i = 0; i < 20; i++)
		wattle_learn_sample(&e, i % 2 ? 3200000 : 800000, i % 2 ? MS : 5 * MS, 0);
	wattle_learn_get(&e, &is);
	assert_int_equal(is.stall_ns, 0);
}

static void strangers_are_dropped_unless_they_stay(void **state)
{
	struct wattle_learn_entry e;
	struct wattle_learned is;
	int i;

	(void)state;
	wattle_learn_entry_init(&e, 1);
	for (i = 0; i < 20; i++)
		wattle_learn_sample(&e, 2000000, MS, 0);
	assert_int_equal(wattle_learn_sample(&e, 2000000, 10 * MS, 0), 0);
	assert_int_equal(wattle_learn_sample(&e, 2000000, MS, 0), 1);
	wattle_learn_get(&e, &is);
	assert_int_equal(is.kcycles, 2000);
	/* Other data, other work. */
	for (i = 0; i < 5; i++)
		wattle_learn_sample(&e, 2000000, 10 * MS, 0);
	wattle_learn_get(&e, &is);
	assert_int_equal(is.kcycles, 20000);
	/* What came before is not forgotten by one that is not to be used. */
	for (i = 0; i < 4; i++)
		assert_int_equal(wattle_learn_sample(&e, 2000000, 50 * MS, 1U << i), 0);
	assert_int_equal(wattle_learn_sample(&e, 0, MS, 0), 0);
	assert_int_equal(wattle_learn_sample(&e, 1000, MS, 0), 0);
	assert_int_equal(wattle_learn_sample(&e, 2000000, 0, 0), 0);
	assert_int_equal(wattle_learn_sample(&e, 2000000, ~0ULL, 0), 0);
}

static void any_numbers(void **state)
{
	uint64_t seed = 47;
	int round, i;

	(void)state;
	for (round = 0; round < 3000; round++) {
		struct wattle_learn_entry e;
		struct wattle_learned is;

		wattle_learn_entry_init(&e, 1);
		for (i = 0; i < 60; i++) {
			wattle_learn_sample(&e, policy_rng(&seed) >> (32 + policy_rng(&seed) % 32),
					    policy_rng(&seed) >> (policy_rng(&seed) % 64), 0);
			if (wattle_learn_get(&e, &is))
				continue;
			assert_true(e.cxx >= 0);
			assert_true(e.mean_x > 0 && e.mean_y >= 0);
		}
	}
	/* A run of 146 years is scaled, not wrapped. */
	{
		struct wattle_learn_entry e;
		struct wattle_learned is;

		wattle_learn_entry_init(&e, 1);
		for (i = 0; i < 10; i++)
			wattle_learn_sample(&e, 1000000, (1ULL << 62) - 1, 0);
		wattle_learn_get(&e, &is);
		assert_true(off_pm(is.kcycles, (1ULL << 62) / 1000) <= 1);
	}
}

static void declared_work_is_corrected_upwards_only(void **state)
{
	struct wattle_learn_entry e;
	uint64_t seed = 53;
	int i, over = 0;

	(void)state;
	wattle_learn_entry_init(&e, 1);
	assert_int_equal(wattle_learn_factor(&e), WATTLE_LEARN_ONE);
	/* The honest are not charged for anything. */
	for (i = 0; i < 100; i++)
		wattle_learn_ratio(&e, WATTLE_LEARN_ONE);
	assert_int_equal(wattle_learn_factor(&e), WATTLE_LEARN_ONE);
	for (i = 0; i < 100; i++)
		wattle_learn_ratio(&e, WATTLE_LEARN_ONE / 2);
	assert_int_equal(wattle_learn_factor(&e), WATTLE_LEARN_ONE);
	/* Within 30 % of the truth: nearly always enough, and not much more. */
	for (i = 0; i < 1000; i++) {
		uint64_t r = WATTLE_LEARN_ONE * 7 / 10 + policy_rng(&seed) % 2458;

		if (i >= 20) {
			over += r > wattle_learn_factor(&e);
			assert_true(wattle_learn_factor(&e) < WATTLE_LEARN_ONE * 17 / 10);
		}
		wattle_learn_ratio(&e, r);
	}
	assert_true(over < 50);
	/* A thousandfold liar is taken for an eightfold one at most. */
	for (i = 0; i < 1000; i++)
		wattle_learn_ratio(&e, 1000ULL * WATTLE_LEARN_ONE);
	assert_in_range(wattle_learn_factor(&e), 7 * WATTLE_LEARN_ONE, 8 * WATTLE_LEARN_ONE + 8);
	wattle_learn_ratio(&e, ~0ULL);
	assert_true(wattle_learn_factor(&e) <= 8 * WATTLE_LEARN_ONE + 8);
}

static void the_least_recently_used_goes(void **state)
{
	static struct wattle_learn_entry entry[16];
	struct wattle_learn l;
	uint64_t seed = 59, last[40] = { 0 }, use = 0;
	int round;

	(void)state;
	wattle_learn_init(&l, entry, 16);
	assert_null(wattle_learn_find(&l, 5, 0));
	for (round = 0; round < 20000; round++) {
		uint64_t key = 1 + policy_rng(&seed) % 39;
		struct wattle_learn_entry *e = wattle_learn_find(&l, key, 0);
		int newer = 0, i;

		for (i = 1; i < 40; i++)
			newer += last[i] > last[key];
		/* There if and only if it is among the sixteen used last. */
		assert_int_equal(!!e, last[key] && newer < 16);
		if (e)
			assert_int_equal(e->n, 1);
		e = wattle_learn_find(&l, key, 1);
		assert_int_equal(e->key, key);
		if (!e->n)
			wattle_learn_sample(e, 1000000, key, 0);
		last[key] = ++use;
	}
	/* A table of one. */
	wattle_learn_init(&l, entry, 1);
	wattle_learn_find(&l, 1, 1);
	wattle_learn_find(&l, 2, 1);
	assert_null(wattle_learn_find(&l, 1, 0));
	assert_non_null(wattle_learn_find(&l, 2, 0));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(twenty_samples_at_two_frequencies),
		cmocka_unit_test(c_and_m_within_five_per_cent),
		cmocka_unit_test(one_frequency_is_all_work),
		cmocka_unit_test(strangers_are_dropped_unless_they_stay),
		cmocka_unit_test(any_numbers),
		cmocka_unit_test(declared_work_is_corrected_upwards_only),
		cmocka_unit_test(the_least_recently_used_goes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
