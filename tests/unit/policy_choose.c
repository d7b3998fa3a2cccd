// SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause
/* The choice of an operating point, and of the moment to start. */
#include "policy_help.h"
#include "core/choose.h"
#include "core/defer.h"
#include "core/place.h"

static struct wattle_power power;

static void fresh(struct wattle_choose_ask *ask, uint64_t kc, uint64_t stall)
{
	memset(ask, 0, sizeof(*ask));
	ask->kcycles = kc;
	ask->stall_ns = stall;
	ask->horizon_ns = WATTLE_HORIZON_UNKNOWN;
	ask->base_uw = power.t.idle[2].uw;
	ask->max_khz = ~0U;
	ask->nr_busy = 1;
}

static uint32_t khz_of(const struct wattle_choose_ask *ask)
{
	struct wattle_choice c;

	wattle_choose(&power, ask, &c);
	return power.t.opp[c.opp].khz;
}

static void the_floor_is_the_critical_frequency(void **state)
{
	struct wattle_choose_ask ask;
	struct wattle_choice c;

	(void)state;
	fresh(&ask, 1000000, 0);
	wattle_choose(&power, &ask, &c);
	assert_int_equal(c.opp, power.crit[2][0]);
	assert_int_equal(c.floor, c.opp);
	assert_int_equal(c.why, WATTLE_CHOOSE_FLOOR);
	assert_int_not_equal(c.runner, c.opp);
	assert_true(c.runner_pj >= c.pj);
	ask.alone = 1;
	wattle_choose(&power, &ask, &c);
	assert_int_equal(c.opp, power.crit[2][1]);
	ask.objective = WATTLE_OBJECTIVE_THROUGHPUT;
	wattle_choose(&power, &ask, &c);
	assert_int_equal(c.opp, power.crit_throughput);
	/* Stalls do not shrink with frequency: the more of them, the slower. */
	fresh(&ask, 100000, SEC);
	assert_int_equal(khz_of(&ask), 800000);
	/* Gaps too short for a deep state: idling is dear, so slower is cheaper. */
	fresh(&ask, 1000000, 0);
	ask.base_uw = power.t.idle[0].uw;
	assert_int_equal(khz_of(&ask), 800000);
}

static void least_and_most_bind(void **state)
{
	struct wattle_choose_ask ask;
	struct wattle_choice c;

	(void)state;
	fresh(&ask, 1000000, 0);
	ask.min_khz = 2000001;
	wattle_choose(&power, &ask, &c);
	assert_int_equal(power.t.opp[c.opp].khz, 2600000);
	assert_int_equal(c.why, WATTLE_CHOOSE_MIN);
	assert_int_equal(power.t.opp[c.runner].khz, 3200000);
	ask.max_khz = 2599999;
	wattle_choose(&power, &ask, &c);
	assert_int_equal(power.t.opp[c.opp].khz, 2000000);
	assert_int_equal(c.why, WATTLE_CHOOSE_MAX);
	/* A cap below the table leaves its lowest point. */
	ask.max_khz = 0;
	wattle_choose(&power, &ask, &c);
	assert_int_equal(c.opp, 0);
	assert_int_equal(c.why, WATTLE_CHOOSE_MAX);
	assert_int_equal(c.runner, 0);
}

/* Against the definition, over a horizon, for all that is allowed. */
static void with_a_horizon_it_is_the_argmin(void **state)
{
	uint64_t seed = 29;
	int round;

	(void)state;
	for (round = 0; round < 20000; round++) {
		struct wattle_choose_ask ask;
		struct wattle_choice c;
		uint64_t best = ~0ULL;
		uint32_t i;

		fresh(&ask, policy_rng(&seed) % 10000, policy_rng(&seed) % MS);
		ask.horizon_ns = policy_rng(&seed) % (5 * MS);
		ask.min_khz = policy_rng(&seed) % 3200000;
		ask.alone = round & 1;
		wattle_choose(&power, &ask, &c);
		for (i = wattle_power_opp_at_least(&power, ask.min_khz); i < 5; i++) {
			uint64_t t = wattle_power_run_ns(ask.kcycles, ask.stall_ns,
							 power.t.opp[i].khz);
			uint64_t uw = power.t.opp[i].uw + (ask.alone ? 8000000 : 0);
			uint64_t pj = wattle_power_pj(uw, t);

			if (t <= ask.horizon_ns)
				pj += wattle_power_gap_pj(&power, ask.horizon_ns - t);
			else
				pj -= wattle_power_pj(ask.base_uw, t - ask.horizon_ns);
			assert_int_equal(pj, wattle_choose_pj(&power, &ask, i));
			best = pj < best ? pj : best;
		}
		assert_int_equal(c.pj, best);
	}
}

static void a_change_must_pay(void **state)
{
	struct wattle_choose_ask ask;
	struct wattle_choice c;

	(void)state;
	/* 10 us of transition at 2.6 W = 26 uJ; 20 us of work cannot save that. */
	fresh(&ask, 60, 0);
	ask.from_khz = 2000000;
	wattle_choose(&power, &ask, &c);
	assert_int_equal(power.t.opp[c.opp].khz, 2000000);
	assert_int_equal(c.why, WATTLE_CHOOSE_STAY);
	fresh(&ask, 6000000, 0);
	ask.from_khz = 2000000;
	wattle_choose(&power, &ask, &c);
	assert_int_equal(power.t.opp[c.opp].khz, 1400000);
	/* Unless more than the saving is asked for. */
	ask.hysteresis_pm = 100;
	wattle_choose(&power, &ask, &c);
	assert_int_equal(power.t.opp[c.opp].khz, 2000000);
	/* What is too slow is no place to stay. */
	ask.min_khz = 2600000;
	wattle_choose(&power, &ask, &c);
	assert_int_equal(power.t.opp[c.opp].khz, 2600000);
}

static void numbers_at_the_ends(void **state)
{
	struct wattle_choose_ask ask;
	struct wattle_choice c;

	(void)state;
	fresh(&ask, ~0ULL, ~0ULL);
	wattle_choose(&power, &ask, &c);
	assert_int_equal(c.opp, 4);
	ask.horizon_ns = 0;
	ask.alone = 1;
	wattle_choose(&power, &ask, &c);
	assert_in_range(c.opp, 0, 4);
	fresh(&ask, 0, 0);
	wattle_choose(&power, &ask, &c);
	assert_int_equal(c.pj, 0);
	assert_int_equal(wattle_choose_slowdown_khz(&power, ~0ULL, ~0ULL, ~0U, ~0U, ~0U), 800000);
	assert_int_equal(wattle_choose_slowdown_khz(&power, 0, 0, 0, ~0U, ~0U), 3200000);
}

static uint32_t slow(uint64_t kc, uint64_t stall, uint32_t pm, uint32_t ref, uint32_t from)
{
	return wattle_choose_slowdown_khz(&power, kc, stall, pm, ref, from);
}

static void slowdown_is_kept(void **state)
{
	uint64_t seed = 31;
	int round;

	(void)state;
	assert_int_equal(slow(1000000, 0, 50, ~0U, ~0U), 3200000);
	/* 2 / 3 of the time stalls: 3.2 to 2.6 GHz costs 7.7 %, to 2.0 20 %. */
	assert_int_equal(slow(1000000, SEC * 5 / 8, 80, ~0U, ~0U), 2600000);
	assert_int_equal(slow(1000000, SEC * 5 / 8, 76, ~0U, ~0U), 3200000);
	assert_int_equal(slow(1000000, SEC * 5 / 8, 201, ~0U, ~0U), 2000000);
	/* The reference is what is allowed, not what the table ends with. */
	assert_int_equal(slow(1000000, SEC * 5 / 8, 80, 2000000, 2000000), 2000000);
	/* A change is part of the slowdown: 10 us of 1.2 ms, or none of it. */
	assert_int_equal(slow(1600, 700 * US, 97, ~0U, 2600000), 2600000);
	assert_int_equal(slow(1600, 700 * US, 97, ~0U, 3200000), 3200000);
	for (round = 0; round < 20000; round++) {
		uint64_t kc = policy_rng(&seed) % (1ULL << 43);
		uint64_t m = policy_rng(&seed) % (1ULL << 42);
		uint32_t pm = policy_rng(&seed) % 10001;
		uint32_t khz = slow(kc, m, pm, ~0U, ~0U);
		unsigned __int128 top = wattle_power_run_ns(kc, m, 3200000);
		uint32_t i = wattle_power_opp_at_least(&power, khz);

		assert_true((unsigned __int128)wattle_power_run_ns(kc, m, khz) * 1000 <=
			    top * (1000 + pm));
		/* The next lower would not do. */
		if (i)
			assert_true((unsigned __int128)wattle_power_run_ns(kc, m,
									   power.t.opp[i - 1].khz) *
				    1000 + 10 * MS + 2000 > top * (1000 + pm));
	}
}

static void the_next_finds_a_cpu_fit_for_it(void **state)
{
	struct wattle_power p = power;

	(void)state;
	/* 10 us of transition in 5 % of the next: 200 us it must have. */
	assert_int_equal(wattle_choose_ready_khz(&p, 200 * US, 50, 3200000), 0);
	assert_int_equal(wattle_choose_ready_khz(&p, 199 * US, 50, 3200000), 3200000);
	/* And 100 us until it acts, in which three quarters of the speed lose 25. */
	p.t.switch_us = 100;
	assert_int_equal(wattle_choose_ready_khz(&p, 700 * US, 50, 3200000), 2400000);
	assert_int_equal(wattle_choose_ready_khz(&p, 2200 * US, 50, 3200000), 0);
	assert_int_equal(wattle_choose_ready_khz(&p, 0, ~0U, 3200000), 3200000);
	assert_int_equal(wattle_choose_ready_khz(&p, ~0ULL, ~0U, ~0U), 0);
	assert_int_equal(wattle_choose_ready_khz(&p, 5, 0, 3200000), 3200000);
}

static void deferral_is_never_greedy(void **state)
{
	struct wattle_defer_ask ask = { 10 * SEC, 10 * SEC, ~0ULL, 0, SEC, 133 * US };

	(void)state;
	/* Twice the deepest residency. */
	assert_int_equal(wattle_defer_until(&power, &ask), 10 * SEC + 1200 * US);
	/* Part of which has passed, or all of it. */
	ask.idle_ns = 10 * SEC - 1000 * US;
	assert_int_equal(wattle_defer_until(&power, &ask), 10 * SEC + 200 * US);
	ask.idle_ns = 0;
	assert_int_equal(wattle_defer_until(&power, &ask), 10 * SEC);
	/* At most half the slack less waking up; a shallower state may fit. */
	ask.idle_ns = 10 * SEC;
	ask.slack_ns = 2400 * US + 133 * US;
	assert_int_equal(wattle_defer_until(&power, &ask), 10 * SEC + 1200 * US);
	ask.slack_ns--;
	assert_int_equal(wattle_defer_until(&power, &ask), 10 * SEC + 40 * US);
	ask.slack_ns = 80 * US + 133 * US - 1;
	assert_int_equal(wattle_defer_until(&power, &ask), 10 * SEC);
	/* What the class allows. */
	ask.slack_ns = ~0ULL;
	ask.hold_ns = 10 * SEC + 1200 * US - 1;
	assert_int_equal(wattle_defer_until(&power, &ask), 10 * SEC + 40 * US);
	ask.hold_ns = 0;
	assert_int_equal(wattle_defer_until(&power, &ask), 10 * SEC);
	/* Where gaps get that long by themselves there is no need. */
	ask.hold_ns = ~0ULL;
	ask.usual_ns = 599 * US;
	assert_int_equal(wattle_defer_until(&power, &ask), 10 * SEC + 1200 * US);
	ask.usual_ns = 600 * US;
	assert_int_equal(wattle_defer_until(&power, &ask), 10 * SEC);
	ask.usual_ns = 0;
	/* At the end of time. */
	ask.now_ns = ~0ULL;
	ask.idle_ns = ~0ULL;
	ask.hold_ns = ~0ULL;
	assert_true(wattle_defer_until(&power, &ask) == ~0ULL);
}

static void gaps_of_the_past_say_what_idling_is_worth(void **state)
{
	struct wattle_gap g;
	int i;

	(void)state;
	wattle_gap_init(&g);
	assert_int_equal(wattle_gap_base_uw(&g, &power), 100000);
	assert_int_equal(wattle_gap_state(&g, &power, ~0ULL), 2);
	for (i = 0; i < 1000; i++)
		wattle_gap_seen(&g, &power, 100 * US);
	assert_int_equal(wattle_gap_base_uw(&g, &power), 900000);
	assert_int_equal(wattle_gap_state(&g, &power, ~0ULL), 1);
	/* Known beats guessed. */
	assert_int_equal(wattle_gap_state(&g, &power, 700 * US), 2);
	/* Half the time in each: in between. */
	for (i = 0; i < 1000; i++) {
		wattle_gap_seen(&g, &power, 100 * US);
		wattle_gap_seen(&g, &power, 599 * US);
		wattle_gap_seen(&g, &power, 699 * US);
	}
	assert_in_range(wattle_gap_base_uw(&g, &power), 450000, 550000);
	/* What was is forgotten, however long it was. */
	for (i = 0; i < 100; i++)
		wattle_gap_seen(&g, &power, ~0ULL);
	assert_int_equal(wattle_gap_base_uw(&g, &power), 100000);
	for (i = 0; i < 2000; i++)
		wattle_gap_seen(&g, &power, 1);
	assert_in_range(wattle_gap_state(&g, &power, ~0ULL), 0, 2);
	assert_true(g.ns[2] < 1000);
}

static void fewest_cores_at_the_cheapest_point(void **state)
{
	/* feasible, active, khz, cheap_khz, wait */
	struct wattle_place_offer cheap = { 1, 1, 900, 1000, 5 }, full = { 1, 1, 1000, 1000, 9 };
	struct wattle_place_offer idle = { 1, 0, 300, 1000, 0 }, hurry = { 1, 1, 1100, 1000, 9 };
	struct wattle_place_offer more = { 1, 1, 1200, 1000, 9 }, no = { 0, 1, 1, 1000, 0 };

	(void)state;
#define ABOVE(a, b)							\
	do {								\
		assert_int_equal(wattle_place_better(&(a), &(b), 1), 1);\
		assert_int_equal(wattle_place_better(&(b), &(a), 1), 0);\
	} while (0)
	ABOVE(cheap, full);
	ABOVE(full, idle);
	ABOVE(idle, hurry);
	ABOVE(hurry, more);
	ABOVE(more, no);
#undef ABOVE
	/* Of equals the first stays. */
	assert_int_equal(wattle_place_better(&idle, &idle, 1), 0);
	/* Undated: where it starts first. */
	assert_int_equal(wattle_place_better(&idle, &full, 0), 1);
	assert_int_equal(wattle_place_better(&full, &cheap, 0), 0);
}

static int setup(void **state)
{
	(void)state;
	policy_power(&power);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_floor_is_the_critical_frequency),
		cmocka_unit_test(least_and_most_bind),
		cmocka_unit_test(with_a_horizon_it_is_the_argmin),
		cmocka_unit_test(a_change_must_pay),
		cmocka_unit_test(numbers_at_the_ends),
		cmocka_unit_test(slowdown_is_kept),
		cmocka_unit_test(the_next_finds_a_cpu_fit_for_it),
		cmocka_unit_test(deferral_is_never_greedy),
		cmocka_unit_test(gaps_of_the_past_say_what_idling_is_worth),
		cmocka_unit_test(fewest_cores_at_the_cheapest_point),
	};

	return cmocka_run_group_tests(tests, setup, NULL);
}
