// SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause
/*
 * The speed for one queue over several CPUs: whatever it answers, a schedule run at that
 * speed meets every deadline; and it does not ask for much more than it must.
 */
#include "policy_help.h"

#include "core/pace.h"

#define N	64
#define FULL	3200000U

struct job {
	struct wattle_pace_entry	e;
	struct wattle_pace_run		run;
	uint64_t			kcycles, stall_us, due;
};

static struct job jobs[N];
static struct wattle_pace pace;

static int by_due(const void *a, const void *b)
{
	const struct job *x = a, *y = b;

	return (x->due > y->due) - (x->due < y->due);
}

/*
 * Non-preemptive EDF of jobs[@from..@n) on @m CPUs that become free at @busy; how many are
 * late when everything runs at @khz.
 */
static unsigned int late(int n, unsigned int m, const uint64_t *busy, uint32_t khz)
{
	uint64_t idle[8];
	unsigned int i, best, missed = 0;
	int j;

	memcpy(idle, busy, sizeof(idle));
	qsort(jobs, n, sizeof(jobs[0]), by_due);
	for (j = 0; j < n; j++) {
		for (best = 0, i = 1; i < m; i++)
			if (idle[i] < idle[best])
				best = i;
		idle[best] += wattle_power_run_ns(jobs[j].kcycles, jobs[j].stall_us * US, khz);
		missed += idle[best] > jobs[j].due;
	}
	return missed;
}

/* Random work, deadlines and load; whatever runs is longer than nothing and at most @long. */
static void test_enough(void **state)
{
	unsigned int round, m, i, paced = 0, slowed = 0;
	uint64_t seed = 88172645463325252ULL, now = 5 * SEC;

	(void)state;
	for (round = 0; round < 4000; round++) {
		uint64_t busy[8], most = 0, due = now;
		int n = 1 + policy_rng(&seed) % N, j;
		uint32_t khz, own;

		m = 1 + policy_rng(&seed) % 8;
		wattle_pace_init(&pace, m);
		memset(jobs, 0, sizeof(jobs));
		for (j = 0; j < n; j++) {
			jobs[j].kcycles = 1 + policy_rng(&seed) % 32000;
			jobs[j].stall_us = policy_rng(&seed) % 3 ? 0 : policy_rng(&seed) % 5000;
			due += policy_rng(&seed) % (20 * MS / m);
			jobs[j].due = due + policy_rng(&seed) % (60 * MS);
			wattle_pace_add(&pace, &jobs[j].e, jobs[j].kcycles, jobs[j].stall_us,
					jobs[j].due, 0, now);
		}
		for (i = 0; i < m; i++) {
			uint64_t k = policy_rng(&seed) % 32000;

			most = k > most ? k : most;
			busy[i] = k;
		}
		khz = wattle_pace_waiting_khz(&pace, most, 0, FULL, 0, now);
		if (khz == WATTLE_PACE_FREE)
			continue;
		paced++;
		slowed += khz < FULL * 3 / 4;
		for (i = 0; i < m; i++)
			busy[i] = now + wattle_power_run_ns(busy[i], 0, khz);
		assert_int_equal(late(n, m, busy, khz), 0);
		for (j = 0; j < n; j++) {
			/* Who runs needs no more than what had been asked for while it waited. */
			wattle_pace_begin(&jobs[j].run, jobs[j].kcycles, jobs[j].stall_us,
					  jobs[j].due, now);
			own = wattle_pace_own_khz(&jobs[j].run, 0);
			assert_true(own <= khz);
			wattle_pace_sub(&pace, &jobs[j].e);
		}
		assert_int_equal(wattle_pace_waiting_khz(&pace, most, 0, FULL, 0, now), 0);
	}
	/* Both kinds of answers were seen, or this shows nothing. */
	assert_true(paced > 500 && paced < 3900);
	assert_true(slowed > 100);
}

/* Many small ones: the price of not knowing who takes which is small. */
static void test_near(void **state)
{
	int j;

	(void)state;
	wattle_pace_init(&pace, 4);
	memset(jobs, 0, sizeof(jobs));
	/* 64 x 1000 kcycles on 4 CPUs by 10 ms: 1.6 GHz at least. */
	for (j = 0; j < N; j++)
		wattle_pace_add(&pace, &jobs[j].e, 1000, 0, 15 * MS, 0, 5 * MS);
	assert_in_range(wattle_pace_waiting_khz(&pace, 0, 0, FULL, 0, 5 * MS), 1600000, 1700000);
	/* Half of the time gone and nothing done: it must be twice as fast, then it is too late. */
	assert_int_equal(wattle_pace_waiting_khz(&pace, 0, 0, FULL, 0, 10 * MS + 1),
			 WATTLE_PACE_FREE);
	/* Another number of CPUs: free, until what was divided by the old one is gone. */
	wattle_pace_cpus(&pace, 2);
	assert_int_equal(wattle_pace_waiting_khz(&pace, 0, 0, FULL, 0, 5 * MS), WATTLE_PACE_FREE);
	for (j = 0; j < N; j++)
		wattle_pace_sub(&pace, &jobs[j].e);
	wattle_pace_add(&pace, &jobs[0].e, 8000, 0, 15 * MS, 0, 5 * MS);
	assert_in_range(wattle_pace_waiting_khz(&pace, 0, 0, FULL, 0, 5 * MS), 800000, 1200000);
	/* Something of which nothing is known. */
	wattle_pace_add(&pace, &jobs[1].e, 0, 0, 3600 * SEC, 0, 5 * MS);
	assert_int_equal(wattle_pace_waiting_khz(&pace, 0, 0, FULL, 0, 5 * MS), WATTLE_PACE_FREE);
	wattle_pace_sub(&pace, &jobs[1].e);
	wattle_pace_sub(&pace, &jobs[1].e);
	assert_true(wattle_pace_waiting_khz(&pace, 0, 0, FULL, 0, 5 * MS) < FULL);
}

/* Progress at the speed there was; longer than it said, or without time left: free. */
static void test_own(void **state)
{
	struct wattle_pace_run r;

	(void)state;
	/* 32000 kcycles are 10 ms at full speed, 20 ms are left. */
	wattle_pace_begin(&r, 32000, 0, 120 * MS, 100 * MS);
	assert_int_equal(wattle_pace_own_khz(&r, 0), FULL / 2);
	wattle_pace_ran(&r, FULL / 2, 110 * MS);
	assert_in_range(wattle_pace_own_khz(&r, 0), FULL / 2, FULL / 2 + 2);
	wattle_pace_ran(&r, FULL, 113 * MS);
	assert_true(wattle_pace_own_khz(&r, 0) < FULL / 2);
	assert_int_equal(wattle_pace_own_khz(&r, 7 * MS), WATTLE_PACE_FREE);
	wattle_pace_ran(&r, FULL, 119 * MS);
	assert_true(r.over);
	assert_int_equal(wattle_pace_own_khz(&r, 0), WATTLE_PACE_FREE);
	/* Stalls are not sped up. */
	wattle_pace_begin(&r, 16000, 10000, 120 * MS, 100 * MS);
	assert_int_equal(wattle_pace_own_khz(&r, 0), FULL / 2);
	/* Nothing known; no deadline; no clock. */
	wattle_pace_begin(&r, 0, 0, 120 * MS, 100 * MS);
	assert_int_equal(wattle_pace_own_khz(&r, 0), WATTLE_PACE_FREE);
	wattle_pace_begin(&r, 1000, 0, 0, 100 * MS);
	assert_int_equal(wattle_pace_own_khz(&r, 0), 0);
	wattle_pace_begin(&r, 32000, 0, 120 * MS, 100 * MS);
	wattle_pace_ran(&r, 0, 105 * MS);
	assert_int_equal(r.kcycles, 32000);
	/* The ends of the ranges. */
	wattle_pace_begin(&r, (1ULL << 43) - 1, ~0ULL, ~0ULL, 1);
	assert_int_equal(wattle_pace_own_khz(&r, ~0ULL), WATTLE_PACE_FREE);
	wattle_pace_ran(&r, 1, ~0ULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_enough),
		cmocka_unit_test(test_near),
		cmocka_unit_test(test_own),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
