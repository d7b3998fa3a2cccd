// SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause
/*
 * The bound: cases worked by hand, the greedy optimum against the algorithm of Yao, Demers
 * and Shenker, both against trying everything on tiny instances, and no policy below it.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "compare.h"
#include "oracle.h"
#include "prng.h"

static const struct sim_power two = {
	.name = "two", .nopp = 2, .opp = { { 1000000, 1000000 }, { 2000000, 4000000 } },
	.nidle = 1, .idle = { { "C1", 100000, 1, 1 } },
};

/* The middle point lies above the line between its neighbours. */
static const struct sim_power bent = {
	.name = "bent", .nopp = 4,
	.opp = {
		{ 500000, 700000 }, { 1000000, 1000000 }, { 1500000, 3500000 }, { 2000000, 4000000 }
	},
	.nidle = 2, .idle = { { "C1", 300000, 1, 1 }, { "C6", 50000, 400, 100 } },
	.shared_uw = 400000, .shared_idle_uw = 100000,
};

static double active(const struct sim_job *job, size_t n, const struct sim_power *p, int cpus)
{
	struct sim_trace t = { .job = (struct sim_job *)job, .n = n };
	struct sim_bound b, f;

	assert_int_equal(sim_oracle(&b, &t, p, cpus, 0.05), 0);
	assert_int_equal(sim_oracle_flow(&f, &t, p, cpus, 0.05), 0);
	assert_true(fabs(b.active_uj - f.active_uj) <= 1e-5 * fabs(f.active_uj) + 1e-6);
	return f.active_uj;
}

#define CLOSE(a, b)	assert_true(fabs((a) - (b)) < 1e-6 * (1 + fabs(b)))

/* 10^6 cycles: 1 ms and 900 uJ above idling at 1 GHz, half of that time and 1950 uJ at 2. */
static void one_batch(void **state)
{
	const struct sim_job wide = { 0, 5000, 1000, 0 }, fits = { 0, 1000, 1000, 0 };
	const struct sim_job mixes = { 0, 750, 1000, 0 }, tight = { 0, 500, 1000, 0 };

	(void)state;
	CLOSE(active(&wide, 1, &two, 1), 900.0);	/* never slower than is cheapest */
	CLOSE(active(&fits, 1, &two, 1), 900.0);
	CLOSE(active(&mixes, 1, &two, 1), 1425.0);	/* half of it at each */
	CLOSE(active(&tight, 1, &two, 1), 1950.0);
}

/* Stall takes its time at any frequency: 500 us of it at 0.9 W, then as above. */
static void stall(void **state)
{
	const struct sim_job slow = { 0, 1500, 1000, 500 }, fast = { 0, 1000, 1000, 500 };
	const struct sim_job pure = { 0, 4000, 0, 1000 };

	(void)state;
	CLOSE(active(&slow, 1, &two, 1), 1350.0);
	CLOSE(active(&fast, 1, &two, 1), 3900.0);
	CLOSE(active(&pure, 1, &two, 1), 900.0);
}

/* The example of the critical interval: the inner batch fixes 2 GHz, the outer gets the rest. */
static void nested(void **state)
{
	const struct sim_job job[2] = { { 0, 3000, 2000, 0 }, { 1000, 1500, 1000, 0 } };

	(void)state;
	/* inner 1950; outer 2 x 10^6 cycles in 2500 us: at 1 GHz in 2000 us. */
	CLOSE(active(job, 2, &two, 1), 1950.0 + 1800.0);
}

/* Without a deadline: 5 % longer than the shortest time, no more. */
static void slowdown(void **state)
{
	const struct sim_job job = { 0, SIM_NEVER, 1000, 0 };

	(void)state;
	/* 525 of [500, 1000] us: a twentieth of the way from 1950 down to 900. */
	CLOSE(active(&job, 1, &two, 1), 1950.0 - 1050.0 * 25 / 500);
}

/* Two at once: on one CPU both at 2 GHz, on two CPUs both at 1. A batch cannot be split. */
static void several(void **state)
{
	const struct sim_job job[2] = { { 0, 1000, 1000, 0 }, { 0, 1000, 1000, 0 } };
	const struct sim_job single = { 0, 600, 1000, 0 };

	(void)state;
	CLOSE(active(job, 2, &two, 1), 3900.0);
	CLOSE(active(job, 2, &two, 2), 1800.0);
	CLOSE(active(&single, 1, &two, 4), 1950.0 - 1050.0 * 100 / 500);
}

/* What cannot be met is moved to where it can, counted, and still bounded. */
static void infeasible(void **state)
{
	struct sim_job job[2] = { { 0, 400, 1000, 0 }, { 0, 900, 1000, 0 } };
	struct sim_trace t = { .job = job, .n = 2 };
	struct sim_bound b;

	(void)state;
	assert_int_equal(sim_oracle(&b, &t, &two, 1, 0.05), 0);
	assert_int_equal(b.late, 2);
	CLOSE(b.active_uj, 3900.0);
}

static void random_jobs(struct prng *r, struct sim_job *job, size_t n, bool stalls)
{
	uint64_t now = 0;

	for (size_t i = 0; i < n; i++) {
		uint64_t run = prng_range(r, 50, 1000);

		now += prng_range(r, 0, 900);
		job[i].release_us = now;
		job[i].deadline_us = now + run + prng_range(r, 0, 3000);
		job[i].stall_us = stalls && prng_range(r, 0, 1) ? prng_range(r, 0, run / 2) : 0;
		job[i].work_kcycles = (run - job[i].stall_us) * 2;
	}
}

/* Two algorithms that have nothing in common but the answer. */
static void against_yds(void **state)
{
	struct prng r;
	int seen = 0;

	(void)state;
	prng_seed(&r, 7);
	for (int round = 0; round < 600; round++) {
		const struct sim_power *p = round & 1 ? &two : &bent;
		struct sim_job job[14];
		struct sim_trace t = { .job = job, .n = prng_range(&r, 1, 14) };
		struct sim_bound b;
		double yds;

		random_jobs(&r, job, t.n, false);
		if (sim_yds(&yds, &t, p))
			continue;	/* infeasible: the bound moves deadlines, this does not */
		assert_int_equal(sim_oracle(&b, &t, p, 1, 0.05), 0);
		assert_int_equal(b.late, 0);
		assert_true(fabs(b.active_uj - yds) <= 2e-5 * yds);
		seen++;
	}
	assert_true(seen > 200);
}

/*
 * Everything: all times to run on a grid, feasible when for every set of batches they fit
 * into what its windows have room for. The best of them is not below the bound, and not
 * above it by more than a step of the grid is worth.
 */
static double room_of(const struct sim_job *job, size_t n, unsigned int set, int cpus)
{
	double edge[8], sum = 0;
	size_t k = 0;

	for (size_t i = 0; i < n; i++) {
		edge[k++] = (double)job[i].release_us;
		edge[k++] = (double)job[i].deadline_us;
	}
	for (size_t i = 1; i < k; i++)
		for (size_t j = i; j && edge[j - 1] > edge[j]; j--) {
			double x = edge[j];

			edge[j] = edge[j - 1];
			edge[j - 1] = x;
		}
	for (size_t e = 0; e + 1 < k; e++) {
		int inside = 0;

		for (size_t i = 0; i < n; i++)
			inside += (set >> i & 1) && (double)job[i].release_us <= edge[e] &&
				  (double)job[i].deadline_us >= edge[e + 1];
		sum += (edge[e + 1] - edge[e]) * (inside < cpus ? inside : cpus);
	}
	return sum;
}

/* Least energy above idling of @j in @us, by trying every pair of operating points. */
static double least_uj(const struct sim_job *j, const struct sim_power *p, int cpus, double us)
{
	double best = INFINITY;

	for (int a = 0; a < p->nopp; a++)
		for (int b = 0; b < p->nopp; b++) {
			double over = ((double)p->shared_uw - p->shared_idle_uw) / cpus -
				      p->idle[p->nidle - 1].uw;
			double ta = sim_run_ns(j, p->opp[a].khz) / 1e3;
			double tb = sim_run_ns(j, p->opp[b].khz) / 1e3;
			double ea = (p->opp[a].uw + over) * ta / 1e6;
			double eb = (p->opp[b].uw + over) * tb / 1e6;

			if (ta <= us + 1e-9)
				best = fmin(best, ea);
			if (ta < us && us < tb)
				best = fmin(best, ea + (eb - ea) * (us - ta) / (tb - ta));
		}
	return best;
}

static void against_everything(void **state)
{
	enum { STEPS = 24, N = 3 };
	struct prng r;
	int seen = 0;

	(void)state;
	prng_seed(&r, 11);
	for (int round = 0; round < 40; round++) {
		const struct sim_power *p = round & 1 ? &two : &bent;
		int cpus = 1 + round % 3 % 2;
		struct sim_job job[N];
		struct sim_trace t = { .job = job, .n = N };
		double lo[N], step[N], room[1 << N], best = INFINITY, worth = 0;
		struct sim_bound b;

		random_jobs(&r, job, N, true);
		assert_int_equal(sim_oracle(&b, &t, p, cpus, 0.05), 0);
		if (b.late)
			continue;
		for (int i = 0; i < N; i++) {
			double hi = sim_run_ns(&job[i], p->opp[0].khz) / 1e3;

			lo[i] = sim_run_ns(&job[i], sim_fmax(p)) / 1e3;
			step[i] = (hi - lo[i]) / STEPS;
			worth += least_uj(&job[i], p, cpus, lo[i]) -
				 least_uj(&job[i], p, cpus, lo[i] + step[i]);
		}
		for (unsigned int set = 1; set < 1 << N; set++)
			room[set] = room_of(job, N, set, cpus);
		for (int x = 0; x < (STEPS + 1) * (STEPS + 1) * (STEPS + 1); x++) {
			double us[N], uj = 0;
			bool fits = true;

			for (int i = 0, y = x; i < N; i++, y /= STEPS + 1) {
				us[i] = lo[i] + y % (STEPS + 1) * step[i];
				uj += least_uj(&job[i], p, cpus, us[i]);
			}
			for (unsigned int set = 1; set < 1 << N && fits; set++) {
				double need = 0;

				for (int i = 0; i < N; i++)
					need += set >> i & 1 ? us[i] : 0;
				fits = need <= room[set] + 1e-6;
			}
			if (fits)
				best = fmin(best, uj);
		}
		assert_true(best >= b.active_uj * (1 - 1e-5));
		assert_true(best <= b.active_uj + worth + 1e-3);
		seen++;
	}
	assert_true(seen >= 20);
}

/* With preemption and everything known nobody is cheaper, whoever meets all deadlines. */
static void below_all(void **state)
{
	static const char *const who[] = { "race", "schedutil", "ear5", "fixed", "oa" };

	(void)state;
	for (int f = 0; sim_families[f]; f++) {
		for (int cpus = 1; cpus <= 2; cpus++) {
			struct sim_trace t;
			struct sim_case c = {
				.power = &bent, .trace = &t, .cpus = cpus, .instr_fd = -1
			};

			assert_int_equal(sim_generate(&t, sim_families[f], 5, 2000000, cpus), 0);
			t.n = t.n < 60 ? t.n : 60;
			assert_int_equal(sim_make_feasible(&t, &bent, cpus), 0);
			for (size_t i = 0; i < sizeof(who) / sizeof(who[0]); i++) {
				struct sim_score score;
				struct sim s;

				assert_int_equal(sim_compare(&c, sim_entry_find(who[i]), 0, &s,
							     false, &score), 0);
				sim_free(&s);
				if (!score.r.missed && score.r.slow_max <= 1.05)
					assert_true(score.ratio > 1 - 1e-4);
			}
			sim_trace_free(&t);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_batch),
		cmocka_unit_test(stall),
		cmocka_unit_test(nested),
		cmocka_unit_test(slowdown),
		cmocka_unit_test(several),
		cmocka_unit_test(infeasible),
		cmocka_unit_test(against_yds),
		cmocka_unit_test(against_everything),
		cmocka_unit_test(below_all),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
