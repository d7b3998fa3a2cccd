// SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause
/*
 * The division of a package's joules: it adds up whatever it is given, and against the
 * truth of made-up machines it is compared with two formulas of Kepler, as peers.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "energy/split.h"

#define MAX_USE	64
#define MS	1000000ULL
#define SEC	1000000000ULL
#define ONE	1024

static uint64_t rng_state;

static uint64_t rnd(void)
{
	uint64_t z = rng_state += 0x9e3779b97f4a7c15ULL;

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
	return z ^ (z >> 31);
}

/* Anything between tiny and all of 64 bits, small ones as often as large ones. */
static uint64_t any(void)
{
	uint64_t v = rnd() >> (rnd() % 64);

	return rnd() % 8 ? v : 0;
}

static double uniform(double a, double b)
{
	return a + (b - a) * (double)(rnd() >> 11) / 9007199254740992.0;
}

static void parts_are_whole(const struct wattle_split_tick *t, const struct wattle_split_use *use,
			    size_t nr)
{
	unsigned __int128 sum = (unsigned __int128)t->idle_uj + t->shared_uj + t->irq_uj +
				t->lost_uj;
	size_t i;

	for (i = 0; i < nr; i++) {
		sum += use[i].uj;
		assert_true(use[i].low_uj <= use[i].uj && use[i].uj <= use[i].high_uj);
	}
	assert_true(sum == t->uj);
	assert_true(t->idle_low_uj <= t->idle_uj && t->idle_uj <= t->idle_high_uj);
}

static void test_adds_up_for_anything(void **state)
{
	struct wattle_split_use use[MAX_USE];
	struct wattle_split_idle idle;
	struct wattle_split_tick t;
	unsigned int round, k;
	size_t i, nr;

	(void)state;
	rng_state = 1;
	for (round = 0; round < 200000; round++) {
		memset(&t, 0, sizeof(t));
		t.uj = any();
		t.quantum_uj = any();
		t.busy_ns = any();
		t.shared_uw = any();
		t.awake_ns = any();
		t.activity_low = 1 + rnd() % 1000;
		t.activity_high = 1000 + rnd() % 3000;
		t.irq_weight = any();
		t.lost_weight = any();
		for (k = 0; k < WATTLE_SPLIT_STATES; k++) {
			t.idle_ns[k] = any();
			idle.uw[k] = any();
		}
		nr = rnd() % MAX_USE;
		for (i = 0; i < nr; i++)
			use[i].weight = any();
		wattle_split(&t, &idle, use, nr);
		parts_are_whole(&t, use, nr);
	}
}

static struct wattle_split_tick plain(uint64_t uj, uint64_t busy, uint64_t idle)
{
	struct wattle_split_tick t = {
		.uj = uj, .busy_ns = busy, .nr_cpus = 2,
		.activity_low = 600, .activity_high = 1600,
	};

	t.idle_ns[1] = idle;
	return t;
}

static void test_shares_follow_weights(void **state)
{
	struct wattle_split_use use[3] = { { .weight = 1 }, { .weight = 2 }, { .weight = 1 } };
	struct wattle_split_idle idle = { { 0 } };
	struct wattle_split_tick t = plain(1000, SEC, 0);

	(void)state;
	wattle_split(&t, &idle, use, 3);
	assert_int_equal(use[0].uj, 250);
	assert_int_equal(use[1].uj, 500);
	assert_int_equal(use[2].uj, 250);
	t = plain(1001, SEC, 0);
	t.irq_weight = 1;
	t.lost_weight = 5;
	wattle_split(&t, &idle, use, 3);
	assert_int_equal(use[0].uj + use[1].uj + use[2].uj, 400);
	assert_int_equal(t.irq_uj, 100);
	assert_int_equal(t.lost_uj, 501);
}

/* Half idle, idle power unknown: no joule that may be idle is charged to a program. */
static void test_unknown_idle_power_shows(void **state)
{
	struct wattle_split_use use[1] = { { .weight = 7 } };
	struct wattle_split_idle idle = { { 0 } };
	struct wattle_split_tick t = plain(1000000, SEC, SEC);

	(void)state;
	wattle_split(&t, &idle, use, 1);
	assert_false(t.idle_known);
	assert_int_equal(t.idle_uj, 500000);
	assert_int_equal(t.idle_low_uj, 0);
	assert_int_equal(use[0].uj, 500000);
	assert_int_equal(use[0].low_uj, 500000);
	assert_int_equal(use[0].high_uj, 1000000);

	/* Known: 100 mW for the second, and one program alone has no doubt about the rest. */
	idle.uw[1] = 100000;
	t = plain(1000000, SEC, SEC);
	wattle_split(&t, &idle, use, 1);
	assert_true(t.idle_known);
	assert_int_equal(t.idle_uj, 100000);
	assert_int_equal(use[0].uj, 900000);
	assert_int_equal(use[0].low_uj, 900000);
	assert_int_equal(use[0].high_uj, 900000);
}

static void test_quantum_widens(void **state)
{
	struct wattle_split_use use[1] = { { .weight = 7 } };
	struct wattle_split_idle idle = { { 0 } };
	struct wattle_split_tick t = plain(1000, SEC, 0);

	(void)state;
	t.quantum_uj = 61;
	wattle_split(&t, &idle, use, 1);
	assert_int_equal(use[0].low_uj, 939);
	assert_int_equal(use[0].uj, 1000);
	assert_int_equal(use[0].high_uj, 1061);
}

static void test_nobody_worked(void **state)
{
	struct wattle_split_idle idle = { { 0 } };
	struct wattle_split_tick t = plain(1000, 0, 2 * SEC);

	(void)state;
	wattle_split(&t, &idle, NULL, 0);
	assert_int_equal(t.idle_uj, 1000);
	/* Neither idle nor busy: a counter that moved while no clock did. */
	t = plain(1000, 0, 0);
	wattle_split(&t, &idle, NULL, 0);
	assert_int_equal(t.lost_uj, 1000);
	/* A counter that stood still. */
	t = plain(0, SEC, SEC);
	wattle_split(&t, &idle, NULL, 0);
	assert_int_equal(t.idle_uj + t.lost_uj, 0);
}

static void test_shared_comes_before_programs(void **state)
{
	struct wattle_split_use use[1] = { { .weight = 7 } };
	struct wattle_split_idle idle = { { 0, 100000 } };
	struct wattle_split_tick t = plain(1000000, SEC, SEC);

	(void)state;
	t.shared_uw = 300000;
	t.awake_ns = SEC / 2;
	wattle_split(&t, &idle, use, 1);
	assert_int_equal(t.idle_uj, 100000);
	assert_int_equal(t.shared_uj, 150000);
	assert_int_equal(use[0].uj, 750000);
	/* More than there is: programs get nothing, and nothing becomes negative. */
	t.shared_uw = UINT64_MAX;
	wattle_split(&t, &idle, use, 1);
	assert_int_equal(t.shared_uj, 900000);
	assert_int_equal(use[0].uj, 0);
}

static void test_idle_power_is_an_average(void **state)
{
	struct wattle_split_idle idle = { { 0 } };
	struct wattle_split_tick t;
	double sum = 0;
	int i;

	(void)state;
	rng_state = 5;
	t = plain(1000000, SEC / 2, SEC);
	assert_false(wattle_split_learn(&t, &idle));
	/* 2 CPU-seconds a tick of 5 W +- 20 %. */
	for (i = 0; i < 400; i++) {
		t = plain((uint64_t)uniform(8e6, 12e6), SEC / 1000, 2 * SEC);
		assert_true(wattle_split_learn(&t, &idle));
		if (i >= 200)
			sum += (double)idle.uw[1] / 200;
	}
	assert_true(fabs(sum - 5e6) < 0.03 * 5e6);
	assert_true(idle.uw[1] > 4300000 && idle.uw[1] < 5700000);
	/* A counter that stood still, and a tick shared by two states, say nothing. */
	t = plain(0, 0, 2 * SEC);
	assert_false(wattle_split_learn(&t, &idle));
	t = plain(10000000, 0, SEC);
	t.idle_ns[2] = SEC;
	assert_false(wattle_split_learn(&t, &idle));
}

/*
 * A made-up machine: two cores, tasks of their own frequency and hidden activity, idle
 * cores that cost something. The counter is all that the formulas see of the truth.
 */
struct peers {
	double	ours;
	double	time_ratio;
	double	instr_ratio;
	double	inside;		/* truths within our bounds, of all */
	double	n;
};

static void one_machine(struct peers *p, double spread)
{
	struct wattle_split_use use[6];
	struct wattle_split_idle idle = { { 0 } };
	double truth[6], ns[6], instr[6], dyn = 0, busy = 0, ratio_ns = 0, ratio_instr = 0;
	double total, cores = 8, p_idle = uniform(0.5, 3);
	struct wattle_split_tick t;
	int i, nr = 2 + (int)(rnd() % 5);

	for (i = 0; i < nr; i++) {
		double f = uniform(0.3, 1), v = 0.7 + 0.3 * f;

		ns[i] = uniform(0.05, 1) * SEC;
		instr[i] = ns[i] * f * uniform(0.3, 3);
		truth[i] = 12e6 * f * v * v * uniform(1 - spread, 1 + spread) * ns[i] / SEC;
		use[i].weight = (uint64_t)(ns[i] * f * v * v * ONE);
		dyn += truth[i];
		busy += ns[i];
		ratio_ns += ns[i];
		ratio_instr += instr[i];
	}
	total = dyn + p_idle * 1e6 * (cores - busy / SEC);
	t = plain((uint64_t)total, (uint64_t)busy, (uint64_t)(cores * SEC - busy));
	t.quantum_uj = 61;
	/* Learned before, with an error of its own. */
	idle.uw[1] = (uint64_t)(p_idle * 1e6 * uniform(0.98, 1.02));
	wattle_split(&t, &idle, use, nr);
	parts_are_whole(&t, use, nr);
	for (i = 0; i < nr; i++) {
		double active = total * busy / (cores * SEC), rest = total - active;

		p->ours += fabs((double)use[i].uj - truth[i]) / truth[i];
		/* Kepler 0.11: the active part of the node's energy by CPU time. */
		p->time_ratio += fabs(active * ns[i] / ratio_ns - truth[i]) / truth[i];
		/* Kepler to 0.9: dynamic by instructions, idle in equal parts. */
		p->instr_ratio += fabs(active * instr[i] / ratio_instr + rest / nr - truth[i]) /
				  truth[i];
		p->inside += (double)use[i].low_uj * 0.98 <= truth[i] &&
			     truth[i] <= (double)use[i].high_uj * 1.02;
		p->n++;
	}
}

static void measure(struct peers *p, double spread)
{
	int i;

	memset(p, 0, sizeof(*p));
	rng_state = 42;
	for (i = 0; i < 4000; i++)
		one_machine(p, spread);
	p->ours /= p->n;
	p->time_ratio /= p->n;
	p->instr_ratio /= p->n;
	p->inside /= p->n;
	print_message("# hidden activity 1 +- %.1f: MAPE %.1f %%, by CPU-time ratio %.1f %%, by instruction ratio %.1f %%; %.1f %% within the bounds\n",
		      spread, 100 * p->ours, 100 * p->time_ratio, 100 * p->instr_ratio,
		      100 * p->inside);
}

static void test_against_peers(void **state)
{
	struct peers p;

	(void)state;
	/* Frequencies, voltages and idle cores alone. */
	measure(&p, 0);
	assert_true(p.ours < 0.03);
	assert_true(p.ours * 3 <= p.time_ratio);
	assert_true(p.ours * 3 <= p.instr_ratio);
	/* And a hidden activity that nothing has learned: better than either, by less. */
	measure(&p, 0.4);
	assert_true(p.ours < p.time_ratio);
	assert_true(p.ours < p.instr_ratio);
	assert_true(p.inside >= 0.9);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_adds_up_for_anything),
		cmocka_unit_test(test_shares_follow_weights),
		cmocka_unit_test(test_unknown_idle_power_shows),
		cmocka_unit_test(test_quantum_widens),
		cmocka_unit_test(test_nobody_worked),
		cmocka_unit_test(test_shared_comes_before_programs),
		cmocka_unit_test(test_idle_power_is_an_average),
		cmocka_unit_test(test_against_peers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
