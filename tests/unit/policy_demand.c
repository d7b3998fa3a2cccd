// SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause
/*
 * Deadline buckets against the definition: exact while each deadline has a
 * bucket of its own, and never too slow when they share.
 */
#include "policy_help.h"

#define N	2000

typedef unsigned __int128 wide;

struct job {
	struct wattle_demand_entry	e;
	uint64_t			due;
	int				in;
};

static struct job jobs[N];
static const struct wattle_demand_first nothing;

static int by_due(const void *a, const void *b)
{
	const struct job *x = *(struct job *const *)a, *y = *(struct job *const *)b;

	return (x->due > y->due) - (x->due < y->due);
}

/* max_k ceil(sum C / (d_k - now - sum M)), in wide integers. */
static uint64_t exact_speed(uint64_t now)
{
	static struct job *order[N];
	wide kc = 0, stall = 0, best = 0;
	int i, n = 0;

	for (i = 0; i < N; i++)
		if (jobs[i].in)
			order[n++] = &jobs[i];
	qsort(order, n, sizeof(order[0]), by_due);
	for (i = 0; i < n; i++) {
		wide left, s;

		kc += order[i]->e.kcycles;
		stall += order[i]->e.stall_ns;
		/* Of equal deadlines only the last counts. */
		if (i + 1 < n && order[i + 1]->due == order[i]->due)
			continue;
		left = now + stall < order[i]->due ? order[i]->due - now - stall : 0;
		s = !left ? ~0U : (kc * SEC + left - 1) / left;
		if (s > best)
			best = s;
	}
	return best > ~0U ? ~0U : (uint64_t)best;
}

static void add(struct wattle_demand *d, int i, uint64_t kc, uint64_t stall, uint64_t due,
		uint64_t now)
{
	jobs[i].e.kcycles = kc;
	jobs[i].e.stall_ns = stall;
	jobs[i].due = due;
	jobs[i].in = 1;
	wattle_demand_add(d, &jobs[i].e, due, 0, now);
}

static uint32_t speed(struct wattle_demand *d, uint64_t now)
{
	struct wattle_demand_speed s;

	wattle_demand_speed(d, &nothing, ~0U - 1, 0, now, &s);
	return s.late ? ~0U : s.khz;
}

static void few_deadlines_are_exact(void **state)
{
	struct wattle_demand d;
	uint64_t seed = 11, now = SEC;
	int round, i;

	(void)state;
	memset(jobs, 0, sizeof(jobs));
	wattle_demand_init(&d);
	for (round = 0; round < 20000; round++) {
		i = policy_rng(&seed) % WATTLE_DEMAND_EXACT;
		now += policy_rng(&seed) % (100 * US);
		if (jobs[i].in) {
			wattle_demand_sub(&d, &jobs[i].e);
			jobs[i].in = 0;
		} else {
			add(&d, i, policy_rng(&seed) % 100000, policy_rng(&seed) % (50 * US),
			    now + policy_rng(&seed) % SEC, now);
		}
		assert_int_equal(speed(&d, now), exact_speed(now));
	}
}

static void many_deadlines_err_upwards_and_little(void **state)
{
	struct wattle_demand d;
	uint64_t seed = 13, now = SEC;
	int round, i;

	(void)state;
	memset(jobs, 0, sizeof(jobs));
	wattle_demand_init(&d);
	for (round = 0; round < 20000; round++) {
		uint64_t got, want;

		i = policy_rng(&seed) % N;
		if (jobs[i].in) {
			wattle_demand_sub(&d, &jobs[i].e);
			jobs[i].in = 0;
		} else {
			add(&d, i, policy_rng(&seed) % 2000, 0,
			    now + 100 * MS + policy_rng(&seed) % (400 * MS), now);
		}
		assert_true(d.nr <= WATTLE_DEMAND_BUCKETS);
		if (round % 64)
			continue;
		got = speed(&d, now);
		want = exact_speed(now);
		assert_true(got >= want);
		assert_true(got <= want + want / 16);
	}
	/* Everything leaves, nothing stays. */
	for (i = 0; i < N; i++)
		wattle_demand_sub(&d, &jobs[i].e);
	assert_int_equal(d.nr, 0);
	assert_int_equal(d.kcycles, 0);
	assert_int_equal(speed(&d, now), 0);
}

static void full_of_deadlines_far_apart(void **state)
{
	struct wattle_demand d;
	uint64_t seed = 17;
	int i;

	(void)state;
	memset(jobs, 0, sizeof(jobs));
	wattle_demand_init(&d);
	for (i = 0; i < N; i++)
		add(&d, i, 1000, 0, SEC + (policy_rng(&seed) >> (1 + policy_rng(&seed) % 50)), SEC);
	assert_int_equal(d.nr, WATTLE_DEMAND_BUCKETS);
	assert_true(speed(&d, SEC) >= exact_speed(SEC));
	/* In order, and in none twice. */
	for (i = 1; i < (int)d.nr; i++)
		assert_true(d.bucket[d.order[i - 1]].due_ns < d.bucket[d.order[i]].due_ns);
	for (i = 0; i < N; i++)
		wattle_demand_sub(&d, &jobs[i].e);
	assert_int_equal(d.nr, 0);
}

static void sums_stop_at_the_end_and_stay_there(void **state)
{
	struct wattle_demand d;
	struct wattle_demand_entry a = { ~0ULL - 5, ~0ULL - 5, 0, 0 }, b = { 100, 100, 0, 0 };
	struct wattle_demand_entry c = { 7, 7, 0, 0 };

	(void)state;
	wattle_demand_init(&d);
	wattle_demand_add(&d, &a, SEC, 0, 0);
	wattle_demand_add(&d, &b, SEC, 0, 0);
	assert_int_equal(speed(&d, 0), ~0U);
	/* It is not known any more how much is left, so it is all. */
	wattle_demand_sub(&d, &a);
	assert_int_equal(speed(&d, 0), ~0U);
	wattle_demand_sub(&d, &b);
	assert_int_equal(speed(&d, 0), 0);
	/* Subtracting twice is harmless. */
	wattle_demand_sub(&d, &b);
	wattle_demand_add(&d, &c, ~0ULL, 0, 0);
	assert_int_equal(speed(&d, 0), 1);
	assert_int_equal(speed(&d, ~0ULL), ~0U);
}

static void what_runs_comes_before_everything(void **state)
{
	struct wattle_demand_first first = { 1000000, 0, 0 };
	struct wattle_demand d;
	struct wattle_demand_speed s;

	(void)state;
	memset(jobs, 0, sizeof(jobs));
	wattle_demand_init(&d);
	/* Alone and undated it asks for nothing; dated for its time. */
	wattle_demand_speed(&d, &first, 3000000, 0, 0, &s);
	assert_int_equal(s.khz, 0);
	first.due_ns = SEC;
	wattle_demand_speed(&d, &first, 3000000, 0, 0, &s);
	assert_int_equal(s.khz, 1000000);
	add(&d, 0, 1000000, 0, SEC, 0);
	wattle_demand_speed(&d, &first, 3000000, 0, 0, &s);
	assert_int_equal(s.khz, 2000000);
	assert_int_equal(s.late, 0);
	wattle_demand_speed(&d, &first, 1900000, 0, 0, &s);
	assert_int_equal(s.khz, 1900000);
	assert_int_equal(s.late, 1);
	/* The guard comes off every deadline. */
	wattle_demand_speed(&d, &first, ~0U, SEC / 2, 0, &s);
	assert_int_equal(s.khz, 4000000);
}

static void later_releases_keep_their_time(void **state)
{
	struct wattle_demand_first first = { 5000000, 0, 10 * SEC };
	struct wattle_demand_entry e = { 1000000, 0, 0, 0 };
	struct wattle_demand d;
	struct wattle_demand_speed s;

	(void)state;
	wattle_demand_init(&d);
	/* 5 G by 10 s and 1 G between 9 and 10 s at 1 GHz: the 5 must be done by 9. */
	wattle_demand_add(&d, &e, 10 * SEC, 9 * SEC, 0);
	wattle_demand_speed(&d, &first, 1000000, 0, 0, &s);
	assert_int_equal(s.khz, 600000);
	e.kcycles = 1000000;
	wattle_demand_sub(&d, &e);
	wattle_demand_add(&d, &e, 4 * SEC, 3 * SEC, 0);
	/* Now the first, undivided, must be over by 3 s. */
	wattle_demand_speed(&d, &first, 2000000, 0, 0, &s);
	assert_in_range(s.khz, 1428571, 1500001);
}

static void slack_is_what_is_left_at_a_frequency(void **state)
{
	struct wattle_demand d;

	(void)state;
	memset(jobs, 0, sizeof(jobs));
	wattle_demand_init(&d);
	assert_true(wattle_demand_slack(&d, 1000000, 0) == ~0ULL);
	add(&d, 0, 1000000, 0, 2 * SEC, 0);
	add(&d, 1, 1000000, 5, 10 * SEC, 0);
	assert_int_equal(wattle_demand_slack(&d, 1000000, 0), SEC);
	assert_int_equal(wattle_demand_slack(&d, 1000000, SEC + 1), 0);
	assert_int_equal(wattle_demand_slack(&d, 500000, 0), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(few_deadlines_are_exact),
		cmocka_unit_test(many_deadlines_err_upwards_and_little),
		cmocka_unit_test(full_of_deadlines_far_apart),
		cmocka_unit_test(sums_stop_at_the_end_and_stay_there),
		cmocka_unit_test(what_runs_comes_before_everything),
		cmocka_unit_test(later_releases_keep_their_time),
		cmocka_unit_test(slack_is_what_is_left_at_a_frequency),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
