// SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause
/*
 * Admission against a run of the schedule itself: what was promised is met by
 * non-preemptive EDF, and what is refused could not be met by it.
 */
#include "policy_help.h"
#include "core/edf.h"

#define N	40

struct job {
	struct wattle_demand_entry	e;
	uint64_t			release, due, need;
	int				in, done;
};

static struct job jobs[N];

static void fresh(struct wattle_edf_ask *ask, uint64_t kc, uint64_t due)
{
	memset(ask, 0, sizeof(*ask));
	ask->kcycles = kc;
	ask->due_ns = due;
	ask->khz = 1000000;	/* 1 kcycle = 1 us */
	ask->supply_pm = 1000;
}

static void by_hand(void **state)
{
	struct wattle_demand_entry e = { 4000, 0, 0, 0 };
	struct wattle_demand d;
	struct wattle_edf_ask ask;
	__u64 earliest;

	(void)state;
	wattle_demand_init(&d);
	fresh(&ask, 5000, 5 * MS);
	assert_int_equal(wattle_edf_test(&d, &ask, 0, &earliest), 1);
	assert_int_equal(wattle_edf_test(&d, &ask, 1, &earliest), 0);
	assert_int_equal(earliest, 5 * MS + 1);
	wattle_demand_add(&d, &e, 8 * MS, 0, 0);
	/* Before it there are 4 ms to spare, not 5; behind it, it ends at 9. */
	assert_int_equal(wattle_edf_test(&d, &ask, 0, &earliest), 0);
	assert_int_equal(earliest, 9 * MS);
	ask.due_ns = 9 * MS;
	assert_int_equal(wattle_edf_test(&d, &ask, 0, NULL), 1);
	ask.due_ns = 9 * MS - 1;
	assert_int_equal(wattle_edf_test(&d, &ask, 0, NULL), 0);
	/* Half the CPU is somebody else's: twice the time. */
	ask.supply_pm = 500;
	ask.due_ns = 18 * MS;
	assert_int_equal(wattle_edf_test(&d, &ask, 0, NULL), 1);
	ask.due_ns = 18 * MS - 1;
	assert_int_equal(wattle_edf_test(&d, &ask, 0, NULL), 0);
	ask.supply_pm = 0;
	ask.due_ns = ~0ULL - 1;
	assert_int_equal(wattle_edf_test(&d, &ask, 0, &earliest), 0);
	assert_true(earliest == ~0ULL);
	/* What runs comes first. */
	fresh(&ask, 4000, 8 * MS);
	ask.first_ns = 1;
	assert_int_equal(wattle_edf_test(&d, &ask, 0, NULL), 0);
	/* A release in the future, and what may have begun just before it. */
	fresh(&ask, 1000, 30 * MS);
	ask.release_ns = 27 * MS;
	ask.blocking_ns = 2 * MS;
	assert_int_equal(wattle_edf_test(&d, &ask, 0, NULL), 1);
	ask.blocking_ns++;
	assert_int_equal(wattle_edf_test(&d, &ask, 0, NULL), 0);
}

static void at_the_ends_of_the_range(void **state)
{
	struct wattle_demand_entry e = { ~0ULL, ~0ULL, 0, 0 };
	struct wattle_demand d;
	struct wattle_edf_ask ask;
	__u64 earliest;

	(void)state;
	wattle_demand_init(&d);
	fresh(&ask, ~0ULL, ~0ULL);
	assert_int_equal(wattle_edf_test(&d, &ask, 0, &earliest), 0);
	assert_true(earliest == ~0ULL);
	fresh(&ask, 0, ~0ULL);
	ask.khz = 0;
	assert_int_equal(wattle_edf_test(&d, &ask, ~0ULL - 1, NULL), 1);
	ask.kcycles = 1;
	assert_int_equal(wattle_edf_test(&d, &ask, 0, NULL), 0);
	/* Something endless is due at the end of time: before it there is room, behind it none. */
	wattle_demand_add(&d, &e, ~0ULL - 1, 0, 0);
	fresh(&ask, 1, ~0ULL);
	assert_int_equal(wattle_edf_test(&d, &ask, 0, &earliest), 0);
	assert_true(earliest == ~0ULL);
	ask.supply_pm = 1;
	assert_int_equal(wattle_edf_need_ns(&ask, 1, 0), 1000000);
	assert_true(wattle_edf_need_ns(&ask, ~0ULL, ~0ULL) == ~0ULL);
}

/* Runs all that is in by non-preemptive EDF from @now; returns how many were late. */
static int run_edf(uint64_t now)
{
	int late = 0, i;

	for (i = 0; i < N; i++)
		jobs[i].done = 0;
	for (;;) {
		uint64_t next = ~0ULL;
		struct job *best = NULL;

		for (i = 0; i < N; i++) {
			struct job *j = &jobs[i];

			if (!j->in || j->done)
				continue;
			if (j->release > now) {
				next = j->release < next ? j->release : next;
				continue;
			}
			if (!best || j->due < best->due)
				best = j;
		}
		if (!best && next == ~0ULL)
			return late;
		if (!best) {
			now = next;
			continue;
		}
		now += best->need;
		late += now > best->due;
		best->done = 1;
	}
}

static void promised_is_met_refused_is_not(void **state)
{
	uint64_t seed = 23;
	int round, admitted = 0, refused = 0, future = 0;

	(void)state;
	for (round = 0; round < 4000; round++) {
		struct wattle_demand d;
		uint64_t now = SEC, longest = 0;
		__u64 earliest;
		int i, later = round % 2;

		wattle_demand_init(&d);
		memset(jobs, 0, sizeof(jobs));
		for (i = 0; i < N; i++) {
			struct job *j = &jobs[i];
			struct wattle_edf_ask ask;

			j->e.kcycles = 1 + policy_rng(&seed) % 3000;
			j->need = j->e.kcycles * US;
			j->release = later && policy_rng(&seed) % 2 ?
				     now + policy_rng(&seed) % (20 * MS) : 0;
			j->due = (j->release ? j->release : now) + policy_rng(&seed) % (60 * MS);
			fresh(&ask, j->e.kcycles, j->due);
			ask.release_ns = j->release;
			if (j->need > longest)
				longest = j->need;
			ask.blocking_ns = later ? 3000 * US : 0;
			j->in = 1;
			if (wattle_edf_test(&d, &ask, now, &earliest)) {
				wattle_demand_add(&d, &j->e, j->due, j->release, now);
				admitted++;
				future += j->release > now;
				assert_int_equal(run_edf(now), 0);
				continue;
			}
			refused++;
			/* Without later releases the test is exact, and so is the alternative. */
			if (!later) {
				assert_int_not_equal(run_edf(now), 0);
				j->due = earliest;
				assert_int_equal(run_edf(now), 0);
				j->due = earliest - 1;
				assert_int_not_equal(run_edf(now), 0);
			}
			j->in = 0;
		}
	}
	assert_true(admitted > 10000 && refused > 10000 && future > 1000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(by_hand),
		cmocka_unit_test(at_the_ends_of_the_range),
		cmocka_unit_test(promised_is_met_refused_is_not),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
