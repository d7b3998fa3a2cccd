// SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause
/* The power table: every fault has its name, and what follows from a sound one is exact. */
#include "policy_help.h"

typedef unsigned __int128 wide;

static void every_fault_has_its_name(void **state)
{
	struct wattle_power_table good, t;
	uint32_t at;

	(void)state;
	policy_table(&good);
	assert_int_equal(wattle_power_check(&good, &at), WATTLE_POWER_OK);
#define FAULT(change, error, index)						\
	do {									\
		t = good;							\
		change;								\
		assert_int_equal(wattle_power_check(&t, &at), error);		\
		assert_int_equal(at, index);					\
		assert_true(strlen(wattle_power_strerror(error)) > 10);		\
	} while (0)
	FAULT(t.nr_opps = 0, WATTLE_POWER_NO_OPP, 0);
	FAULT(t.nr_opps = 65, WATTLE_POWER_OPPS, 0);
	FAULT(t.nr_opps = ~0U, WATTLE_POWER_OPPS, 0);
	FAULT(t.nr_idle = 0, WATTLE_POWER_NO_IDLE, 0);
	FAULT(t.nr_idle = 11, WATTLE_POWER_IDLES, 0);
	FAULT(t.opp[0].khz = 0, WATTLE_POWER_KHZ, 0);
	FAULT(t.opp[4].khz = WATTLE_KHZ_MAX + 1, WATTLE_POWER_KHZ, 4);
	FAULT(t.opp[2].khz = t.opp[1].khz, WATTLE_POWER_KHZ_ORDER, 2);
	FAULT(t.opp[1].uw = 0, WATTLE_POWER_UW, 1);
	FAULT(t.opp[1].uw = WATTLE_UW_MAX + 1, WATTLE_POWER_UW, 1);
	FAULT(t.opp[3].uw = t.opp[2].uw - 1, WATTLE_POWER_UW_ORDER, 3);
	FAULT(t.idle[0].uw = WATTLE_UW_MAX + 1, WATTLE_POWER_IDLE_UW, 0);
	FAULT(t.idle[2].uw = t.idle[1].uw + 1, WATTLE_POWER_IDLE_UW_ORDER, 2);
	FAULT(t.idle[0].uw = t.opp[0].uw + 1, WATTLE_POWER_IDLE_ABOVE, 0);
	FAULT(t.idle[1].residency_us = WATTLE_IDLE_US_MAX + 1, WATTLE_POWER_RESIDENCY, 1);
	FAULT(t.idle[2].residency_us = 20, WATTLE_POWER_RESIDENCY_ORDER, 2);
	FAULT(t.idle[1].exit_us = WATTLE_IDLE_US_MAX + 1, WATTLE_POWER_EXIT, 1);
	FAULT(t.idle[2].exit_us = 9, WATTLE_POWER_EXIT_ORDER, 2);
	FAULT(t.shared_uw = WATTLE_UW_MAX + 1, WATTLE_POWER_SHARED, 0);
	FAULT(t.platform_uw = ~0U, WATTLE_POWER_SHARED, 0);
	FAULT(t.shared_idle_uw = t.shared_uw + 1, WATTLE_POWER_SHARED_ORDER, 0);
	FAULT(t.transition_us = ~0U, WATTLE_POWER_TRANSITION, 0);
	FAULT(t.switch_us = WATTLE_IDLE_US_MAX + 1, WATTLE_POWER_TRANSITION, 0);
	FAULT(t.idle[1].pad = 1, WATTLE_POWER_PAD, 1);
#undef FAULT
	assert_string_equal(wattle_power_strerror(99), "unknown fault");
	/* Where the fault is need not be asked. */
	t.nr_opps = 0;
	assert_int_equal(wattle_power_check(&t, NULL), WATTLE_POWER_NO_OPP);
}

/* Any bytes: a verdict, and if it is OK a table that everything works on. */
static void random_bytes_are_refused_or_usable(void **state)
{
	uint64_t seed = 1;
	uint32_t taken = 0;
	int round;

	(void)state;
	for (round = 0; round < 20000; round++) {
		struct wattle_power_table t;
		struct wattle_power p;
		uint8_t *raw = (uint8_t *)&t;
		size_t i;

		policy_table(&t);
		/* Whole tables of noise are always refused; a few bytes of it not. */
		for (i = 0; i < 1 + policy_rng(&seed) % 4; i++)
			raw[policy_rng(&seed) % sizeof(t)] = (uint8_t)policy_rng(&seed);
		if (wattle_power_init(&p, &t, NULL))
			continue;
		taken++;
		assert_int_equal(p.hull[p.nr_hull - 1], t.nr_opps - 1);
		for (i = 0; i < t.nr_idle; i++) {
			assert_in_range(p.crit[i][0], 0, t.nr_opps - 1);
			assert_in_range(p.crit[i][1], p.crit[i][0], t.nr_opps - 1);
		}
		assert_true(wattle_power_gap_pj(&p, ~0ULL) > 0);
	}
	assert_in_range(taken, 100, 19900);
}

static void the_hull_is_the_lower_one(void **state)
{
	uint64_t seed = 7;
	int round;

	(void)state;
	for (round = 0; round < 500; round++) {
		struct wattle_power_table t;
		struct wattle_power p;
		uint32_t i, n;

		policy_table(&t);
		t.nr_opps = 2 + policy_rng(&seed) % 63;
		for (i = 0; i < t.nr_opps; i++) {
			t.opp[i].khz = (i ? t.opp[i - 1].khz : 0) + 1 + policy_rng(&seed) % 500000;
			t.opp[i].uw = (i ? t.opp[i - 1].uw : 1500000) + policy_rng(&seed) % 5000000;
		}
		assert_int_equal(wattle_power_init(&p, &t, NULL), WATTLE_POWER_OK);
		/* Every point lies on or above every segment. */
		for (n = 0; n + 1 < p.nr_hull; n++) {
			const struct wattle_power_opp *a = &t.opp[p.hull[n]];
			const struct wattle_power_opp *b = &t.opp[p.hull[n + 1]];

			for (i = p.hull[n]; i <= p.hull[n + 1]; i++)
				assert_true((wide)(t.opp[i].uw - a->uw) * (b->khz - a->khz) >=
					    (wide)(b->uw - a->uw) * (t.opp[i].khz - a->khz));
		}
	}
}

static void critical_is_the_argmin(void **state)
{
	struct wattle_power p;
	uint32_t k, alone, i;

	(void)state;
	policy_power(&p);
	for (k = 0; k < p.t.nr_idle; k++) {
		for (alone = 0; alone < 2; alone++) {
			uint64_t extra = alone ? p.t.shared_uw - p.t.shared_idle_uw : 0;
			const struct wattle_power_opp *c = &p.t.opp[p.crit[k][alone]];

			for (i = 0; i < p.t.nr_opps; i++) {
				const struct wattle_power_opp *o = &p.t.opp[i];

				assert_true((o->uw + extra - p.t.idle[k].uw) * c->khz >=
					    (c->uw + extra - p.t.idle[k].uw) * o->khz);
			}
		}
	}
	/* By hand: (3.9 - .1) / 2.0 = 1.9, (2.6 - .1) / 1.4 = 1.79, (2.0 - .1) / .8 = 2.38. */
	assert_int_equal(p.t.opp[p.crit[2][0]].khz, 1400000);
	/* 8 W more for the package: (6.2 + 7.9) / 2.6 = 5.42, (10 + 7.9) / 3.2 = 5.59. */
	assert_int_equal(p.t.opp[p.crit[2][1]].khz, 2600000);
	/* The whole node: (10 + 52) / 3.2 = 19.4, (6.2 + 52) / 2.6 = 22.4. */
	assert_int_equal(p.t.opp[p.crit_throughput].khz, 3200000);
}

/* The more CPUs share what they share, the lower; checked against all OPPs by division. */
static void floor_is_the_cheapest_for_so_many(void **state)
{
	struct wattle_power_table t;
	struct wattle_power p;
	uint32_t nr, k, before = ~0U;

	(void)state;
	policy_table(&t);
	assert_int_equal(wattle_power_init(&p, &t, NULL), WATTLE_POWER_OK);
	for (nr = 1; nr <= 64; nr++) {
		double shared = (double)((t.shared_uw - t.shared_idle_uw) / nr), least = 1e30;
		uint32_t khz = wattle_power_floor_khz(&p, nr), best = 0;

		for (k = 0; k < t.nr_opps; k++) {
			double cost = (t.opp[k].uw + shared - t.idle[t.nr_idle - 1].uw) /
				      t.opp[k].khz;

			if (cost > least)
				continue;
			least = cost;
			best = k;
		}
		assert_int_equal(khz, best + 1 < t.nr_opps ? t.opp[best].khz : 0);
		khz = khz ? khz : ~0U;
		assert_true(khz <= before);
		before = khz;
	}
	assert_true(before < t.opp[t.nr_opps - 1].khz);
	assert_int_equal(wattle_power_floor_khz(&p, 0), wattle_power_floor_khz(&p, 1));
}

static void residency_is_where_the_deeper_state_breaks_even(void **state)
{
	struct wattle_power p;
	uint32_t k;

	(void)state;
	policy_power(&p);
	for (k = 1; k < p.t.nr_idle; k++) {
		uint64_t ns = p.t.idle[k].residency_us * US;
		uint64_t upper = wattle_power_pj(p.t.idle[k - 1].uw, ns) + p.etr_pj[k - 1];
		uint64_t lower = wattle_power_pj(p.t.idle[k].uw, ns) + p.etr_pj[k];

		assert_int_equal(upper, lower);
		assert_int_equal(wattle_power_idle_for(&p, ns), k);
		assert_int_equal(wattle_power_idle_for(&p, ns - 1), k - 1);
	}
	/* 20 us x .6 W = 12 uJ, then 600 us x .8 W = 480 uJ more. */
	assert_int_equal(p.etr_pj[2], 492000000);
	assert_int_equal(wattle_power_gap_pj(&p, SEC), 100000ULL * 1000000 + 492000000);
	/* The least over all states whose residency is met. */
	for (k = 0; k < 2000; k++) {
		uint64_t best = ~0ULL;
		uint32_t i;

		for (i = 0; i < p.t.nr_idle; i++) {
			uint64_t pj = (uint64_t)p.t.idle[i].uw * k + p.etr_pj[i];

			if (p.t.idle[i].residency_us <= k && pj < best)
				best = pj;
		}
		assert_int_equal(wattle_power_gap_pj(&p, k * US), best);
	}
}

static void times_are_rounded_up_and_stop_at_the_end(void **state)
{
	(void)state;
	assert_int_equal(wattle_power_run_ns(0, 0, 0), 0);
	assert_int_equal(wattle_power_run_ns(0, 5, 0), 5);
	assert_true(wattle_power_run_ns(1, 0, 0) == ~0ULL);
	assert_int_equal(wattle_power_run_ns(1, 0, 3000000), 334);
	assert_int_equal(wattle_power_run_ns(3000000, 7, 3000000), SEC + 7);
	assert_true(wattle_power_run_ns(~0ULL, 0, 1) == ~0ULL);
	assert_true(wattle_power_run_ns(1, ~0ULL, 1) == ~0ULL);
	assert_true(wattle_power_run_ns((1ULL << 43) - 1, 0, 1 << 25) < ~0ULL);
	assert_true(wattle_power_run_ns(~0ULL, 0, ~0U) == 4294967297ULL * SEC);
}

static void powers_over_times(void **state)
{
	uint64_t seed = 3;
	int round;

	(void)state;
	assert_int_equal(wattle_power_pj(1000000, 1), 1000);
	assert_int_equal(wattle_power_pj(1, 999), 0);
	assert_true(wattle_power_pj(~0ULL, ~0ULL) == ~0ULL);
	assert_true(wattle_power_pj(~0ULL, 1001) == ~0ULL);
	for (round = 0; round < 100000; round++) {
		uint64_t uw = policy_rng(&seed) >> 33, ns = policy_rng(&seed) >> 25;
		wide exact = (wide)uw * ns / 1000;
		uint64_t got = wattle_power_pj(uw, ns);

		/* Two roundings instead of one: at most 1 pJ below. */
		assert_true(got <= exact && got + 1 >= exact);
	}
}

static void the_frequency_for_a_time(void **state)
{
	uint64_t seed = 5;
	int round;

	(void)state;
	assert_int_equal(wattle_power_khz_for(0, 0), 0);
	assert_int_equal(wattle_power_khz_for(1, 0), ~0U);
	assert_int_equal(wattle_power_khz_for(~0ULL, 1), ~0U);
	assert_int_equal(wattle_power_khz_for(3000000, SEC), 3000000);
	for (round = 0; round < 100000; round++) {
		uint64_t kc = policy_rng(&seed) >> (21 + policy_rng(&seed) % 40);
		uint64_t ns = 1 + (policy_rng(&seed) >> (16 + policy_rng(&seed) % 40));
		wide exact = ((wide)kc * SEC + ns - 1) / ns;
		uint32_t khz = wattle_power_khz_for(kc, ns);

		if (exact > ~0U) {
			assert_int_equal(khz, ~0U);
			continue;
		}
		/* Never too slow; too fast only by the rounding of the time to coarser units. */
		assert_true(khz >= exact);
		if (kc < 1ULL << 34)
			assert_true(khz == exact);
		else if (khz != ~0U)
			assert_true(khz <= exact + exact / (ns / 1000 > 1 ? ns / 1000 - 1 : 1) + 1);
	}
}

static void neighbours_in_the_table(void **state)
{
	struct wattle_power p;

	(void)state;
	policy_power(&p);
	assert_int_equal(wattle_power_opp_at_least(&p, 0), 0);
	assert_int_equal(wattle_power_opp_at_least(&p, 800001), 1);
	assert_int_equal(wattle_power_opp_at_least(&p, ~0U), 4);
	assert_int_equal(wattle_power_opp_at_most(&p, 0), 0);
	assert_int_equal(wattle_power_opp_at_most(&p, 3199999), 3);
	assert_int_equal(wattle_power_opp_at_most(&p, ~0U), 4);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_fault_has_its_name),
		cmocka_unit_test(random_bytes_are_refused_or_usable),
		cmocka_unit_test(the_hull_is_the_lower_one),
		cmocka_unit_test(critical_is_the_argmin),
		cmocka_unit_test(floor_is_the_cheapest_for_so_many),
		cmocka_unit_test(residency_is_where_the_deeper_state_breaks_even),
		cmocka_unit_test(times_are_rounded_up_and_stop_at_the_end),
		cmocka_unit_test(powers_over_times),
		cmocka_unit_test(the_frequency_for_a_time),
		cmocka_unit_test(neighbours_in_the_table),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
