// SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause
/* Budgets that are never overdrawn by what was admitted, and shares that are kept. */
#include <errno.h>

#include "policy_help.h"
#include "core/budget.h"
#include "core/server.h"

static void debit_and_refund(void **state)
{
	struct wattle_budget b;

	(void)state;
	wattle_budget_init(&b, 1000, 0, 0);
	assert_int_equal(wattle_budget_debit(&b, 1001, 0), -E2BIG);
	assert_int_equal(wattle_budget_debit(&b, 700, 0), 0);
	assert_int_equal(wattle_budget_debit(&b, 301, 0), -EDQUOT);
	assert_int_equal(wattle_budget_debit(&b, 300, 0), 0);
	wattle_budget_settle(&b, 700, 200);
	assert_int_equal(b.left_uj, 500);
	assert_int_equal(b.held_uj, 300);
	/* More than was held for it: charged, and counted. */
	wattle_budget_settle(&b, 300, 400);
	assert_int_equal(b.left_uj, 400);
	assert_int_equal(b.over_uj, 100);
	wattle_budget_settle(&b, 0, ~0ULL);
	assert_int_equal(b.left_uj, 0);
	assert_true(b.spent_uj == ~0ULL);
	/* Unlimited: everything fits, and is counted. */
	wattle_budget_init(&b, 0, 0, 0);
	assert_int_equal(wattle_budget_debit(&b, ~0ULL, 0), 0);
	assert_int_equal(wattle_budget_debit(&b, ~0ULL, 0), 0);
	wattle_budget_settle(&b, ~0ULL, 5);
	assert_int_equal(b.spent_uj, 5);
	/* 2^64 - 1 is a budget like any other. */
	wattle_budget_init(&b, ~0ULL, 0, 0);
	assert_int_equal(wattle_budget_debit(&b, ~0ULL, 0), 0);
	assert_int_equal(wattle_budget_debit(&b, 1, 0), -EDQUOT);
	wattle_budget_settle(&b, ~0ULL, 0);
	assert_true(b.left_uj == ~0ULL);
}

static void a_bucket_fills(void **state)
{
	struct wattle_budget b;
	uint64_t seed = 61, now = 0, taken = 0;
	int i;

	(void)state;
	wattle_budget_init(&b, 1000, 100, 0);
	assert_int_equal(wattle_budget_debit(&b, 1000, 0), 0);
	wattle_budget_settle(&b, 1000, 1000);
	assert_int_equal(wattle_budget_debit(&b, 1, 9999999), -EDQUOT);
	assert_int_equal(wattle_budget_debit(&b, 1, 10 * MS), 0);
	/* No more than its rate in all, however often it is asked. */
	wattle_budget_init(&b, 1000, 777, 0);
	for (i = 0; i < 100000; i++) {
		now += policy_rng(&seed) % MS;
		if (!wattle_budget_debit(&b, 1, now)) {
			wattle_budget_settle(&b, 1, 1);
			taken++;
		}
	}
	assert_true(taken <= 1000 + now / SEC * 777 + 777);
	assert_true(taken * 100 >= (now / SEC * 777) * 98);
	/* Never above its size, never wrapped. */
	wattle_budget_init(&b, 1000, ~0ULL, 0);
	assert_int_equal(wattle_budget_debit(&b, 1000, ~0ULL), 0);
	assert_int_equal(wattle_budget_debit(&b, 1, ~0ULL), -EDQUOT);
	wattle_budget_settle(&b, 1000, 0);
	assert_int_equal(b.left_uj, 1000);
}

static void the_worst_case_is_never_exceeded(void **state)
{
	struct wattle_power p;
	uint64_t seed = 67;
	int round;

	(void)state;
	policy_power(&p);
	for (round = 0; round < 10000; round++) {
		uint64_t kc = policy_rng(&seed) >> (21 + policy_rng(&seed) % 40);
		uint64_t stall = policy_rng(&seed) >> (22 + policy_rng(&seed) % 40);
		uint64_t worst = wattle_budget_worst_uj(&p, kc, stall, ~0U), least = ~0ULL;
		uint32_t i, at = 0;

		for (i = 0; i < 5; i++) {
			uint64_t pj = wattle_power_pj(p.t.opp[i].uw + 8000000,
						      wattle_power_run_ns(kc, stall,
									  p.t.opp[i].khz));

			if (pj <= least) {
				least = pj;
				at = i;
			}
		}
		for (i = at; i < 5; i++) {
			uint64_t ns = wattle_power_run_ns(kc, stall, p.t.opp[i].khz);
			uint64_t uj = wattle_power_pj(p.t.opp[i].uw + 8000000, ns) / 1000000;

			assert_true(uj <= worst);
		}
	}
	assert_true(wattle_budget_worst_uj(&p, ~0ULL, ~0ULL, ~0U) == ~0ULL / 1000000 + 1);
}

static void a_server_postpones_itself(void **state)
{
	struct wattle_server s;

	(void)state;
	wattle_server_init(&s, 10, 100);
	wattle_server_wake(&s, 1000);
	assert_int_equal(s.due_ns, 1100);
	wattle_server_charge(&s, 4);
	assert_int_equal(s.left_ns, 6);
	/* 6 in the 50 to its deadline is more than a tenth: it begins anew. */
	wattle_server_wake(&s, 1050);
	assert_int_equal(s.due_ns, 1150);
	assert_int_equal(s.left_ns, 10);
	wattle_server_charge(&s, 8);
	/* 2 in 70 is less: it goes on. */
	wattle_server_wake(&s, 1080);
	assert_int_equal(s.due_ns, 1150);
	assert_int_equal(s.left_ns, 2);
	/* A thousandfold liar is postponed a thousandfold. */
	wattle_server_charge(&s, 10002);
	assert_int_equal(s.due_ns, 1150 + 100 * 1001);
	assert_int_equal(s.left_ns, 10);
	wattle_server_charge(&s, ~0ULL);
	assert_true(s.due_ns == ~0ULL);
	wattle_server_init(&s, 0, 0);
	assert_int_equal(s.budget_ns, 1);
	assert_int_equal(s.period_ns, 1);
	wattle_server_init(&s, ~0ULL, 1);
	wattle_server_wake(&s, 5);
	assert_true(s.due_ns == ~0ULL);
}

/* Three servers always hungry, one of which runs 50 times as long as it should. */
static void neighbours_of_a_liar_keep_their_bandwidth(void **state)
{
	static const uint64_t slice[3] = { 2 * MS, 2 * MS, 100 * MS };
	uint64_t now = 0, ran[3] = { 0 }, worst[3] = { 0 }, asked[3] = { 0 };
	struct wattle_server s[3];
	int i, step;

	(void)state;
	for (i = 0; i < 3; i++) {
		wattle_server_init(&s[i], 30 * MS, 100 * MS);
		wattle_server_wake(&s[i], 0);
	}
	for (step = 0; step < 100000; step++) {
		int best = 0;

		for (i = 1; i < 3; i++)
			if (s[i].due_ns < s[best].due_ns)
				best = i;
		if (now - asked[best] > worst[best])
			worst[best] = now - asked[best];
		now += slice[best];
		ran[best] += slice[best];
		wattle_server_charge(&s[best], slice[best]);
		asked[best] = now;
	}
	for (i = 0; i < 3; i++)
		assert_in_range(ran[i] * 1000 / now, 320, 345);
	/* The honest wait for one slice of the liar and their own period, no longer. */
	assert_true(worst[0] <= 230 * MS && worst[1] <= 230 * MS);
}

static void background_gets_a_twentieth(void **state)
{
	struct wattle_classes c = { 0, 0 };
	uint64_t seed = 71, ran[3] = { 0 }, all = 0;
	int step;

	(void)state;
	for (step = 0; step < 200000; step++) {
		uint64_t need = 1 + policy_rng(&seed) % (5 * MS);
		uint32_t k = wattle_classes_pick(&c, 7, need);

		ran[k] += need;
		all += need;
		wattle_classes_charge(&c, k, need, 1, 10 * MS);
	}
	assert_int_equal(ran[1], 0);
	assert_in_range(ran[2] * 1000 / all, 49, 56);
	/* Nothing is saved up while there is nothing to run. */
	c.owed_ns = 0;
	for (step = 0; step < 1000; step++)
		wattle_classes_charge(&c, 0, MS, 0, 10 * MS);
	assert_int_equal(wattle_classes_pick(&c, 7, 1), 0);
	/* Nor more than one batch's worth. */
	wattle_classes_charge(&c, 0, ~0ULL, 1, 10 * MS);
	assert_int_equal(c.owed_ns, 10 * MS);
	assert_int_equal(wattle_classes_pick(&c, 7, 10 * MS), 2);
	assert_int_equal(wattle_classes_pick(&c, 3, 1), 0);
	assert_int_equal(wattle_classes_pick(&c, 2, 1), 1);
	assert_int_equal(wattle_classes_pick(&c, 4, ~0ULL), 2);
	assert_int_equal(wattle_classes_pick(&c, 0, 1), WATTLE_CLASSES);
}

/* Two users, one with one queue and one with three of weights 100, 200, 300. */
static void users_share_equally_and_queues_by_weight(void **state)
{
	struct wattle_share user[2] = { { 0, 100, 0 }, { 0, 100, 0 } };
	struct wattle_share q[4] = { { 0, 100, 0 }, { 0, 100, 0 }, { 0, 200, 0 }, { 0, 300, 0 } };
	static const int owner[4] = { 0, 1, 1, 1 };
	uint64_t seed = 73, ran[4] = { 0 }, all = 0;
	int step, i;

	(void)state;
	for (step = 0; step < 100000; step++) {
		uint64_t need = 1 + policy_rng(&seed) % MS;
		int best = 0;

		for (i = 1; i < 4; i++)
			if (wattle_share_before(&user[owner[i]], &q[i], &user[owner[best]],
						&q[best]))
				best = i;
		ran[best] += need;
		all += need;
		wattle_share_charge(&q[best], need);
		wattle_share_charge(&user[owner[best]], need);
	}
	assert_in_range(ran[0] * 1000 / all, 495, 505);
	assert_in_range(ran[1] * 1000 / all, 81, 86);
	assert_in_range(ran[2] * 1000 / all, 164, 169);
	assert_in_range(ran[3] * 1000 / all, 247, 253);
	/* Who slept begins where the others are. */
	wattle_share_wake(&q[0], ~0ULL - 1);
	wattle_share_charge(&q[0], ~0ULL);
	assert_true(q[0].vtime == ~0ULL);
	wattle_share_wake(&q[0], 5);
	assert_true(q[0].vtime == ~0ULL);
	q[1].weight = 0;
	wattle_share_charge(&q[1], 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(debit_and_refund),
		cmocka_unit_test(a_bucket_fills),
		cmocka_unit_test(the_worst_case_is_never_exceeded),
		cmocka_unit_test(a_server_postpones_itself),
		cmocka_unit_test(neighbours_of_a_liar_keep_their_bandwidth),
		cmocka_unit_test(background_gets_a_twentieth),
		cmocka_unit_test(users_share_equally_and_queues_by_weight),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
