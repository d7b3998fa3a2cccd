// SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause
/* The machine against integration by hand, and that a run repeats bit for bit. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "compare.h"
#include "policies.h"

static const struct sim_power machine = {
	.name = "machine", .nopp = 2, .opp = { { 1000000, 1000000 }, { 2000000, 4000000 } },
	.nidle = 2, .idle = { { "C1", 200000, 2, 1 }, { "C6", 50000, 400, 100 } },
	.shared_uw = 300000, .shared_idle_uw = 30000, .platform_uw = 7000000, .switch_us = 50,
	.transition_us = 10,
};

/* A policy whose wishes the test sets. */
static uint32_t wish_start, wish_later;
static uint64_t hold_until;

struct scripted {
	struct sim *s;
};

static void *scripted_open(struct sim *s, uint32_t param)
{
	struct scripted *p = malloc(sizeof(*p));

	(void)param;
	if (p)
		p->s = s;
	return p;
}

static bool scripted_submit(void *p, size_t job, int *cpu)
{
	(void)p;
	*cpu = 0;
	return job != 9;
}

static uint64_t scripted_ready(void *p, int cpu, size_t job)
{
	const struct scripted *x = p;

	(void)job;
	if (hold_until > x->s->now_ns)
		return hold_until;
	sim_request(x->s, cpu, wish_start);
	return x->s->now_ns;
}

static void scripted_of(void *p, int cpu, size_t job)
{
	(void)p;
	(void)cpu;
	(void)job;
}

static void scripted_speed(void *p, int cpu)
{
	const struct scripted *x = p;

	if (wish_later)
		sim_request(x->s, cpu, wish_later);
}

static const struct sim_policy scripted = {
	.name = "scripted", .open = scripted_open, .close = free, .submit = scripted_submit,
	.ready = scripted_ready, .start = scripted_of, .done = scripted_of,
	.speed = scripted_speed,
};

static struct sim_result run(const struct sim_job *job, size_t n, struct sim *s)
{
	static struct sim_trace t;
	const struct sim_setup setup = {
		.power = &machine, .trace = &t, .policy = &scripted, .cpus = 1, .instr_fd = -1,
	};
	struct sim_result r;

	t.job = (struct sim_job *)job;
	t.n = n;
	assert_int_equal(sim_run(s, &setup, &r), 0);
	return r;
}

#define CLOSE(a, b)	assert_true(fabs((a) - (b)) < 1e-6 * (1 + fabs(b)))

/* Energy of a stay in C6 beyond power times time: 400 us x 150 mW. */
#define ETR	60.0

static void one_run(void **state)
{
	const struct sim_job job = { 1000, 5000, 2000, 500 };	/* 1500 us at 2 GHz */
	struct sim_result r;
	struct sim s;

	(void)state;
	wish_start = 2000000;
	wish_later = 0;
	hold_until = 0;
	r = run(&job, 1, &s);
	assert_int_equal(s.start_ns[0], 1100000);		/* C6 takes 100 us to leave */
	assert_int_equal(s.finish_ns[0], 2600000);
	assert_int_equal(r.missed, 0);
	assert_int_equal(r.switches, 0);
	/* 1 ms of C6, 100 us waking, 1.5 ms at 4 W, C6 until the deadline at 5 ms. */
	CLOSE(r.energy_uj, 1000 * 0.08 + ETR + 100 * 0.5 + 1500 * 4.3 + 2400 * 0.08 + ETR);
	CLOSE(r.end_us, 5000.0);
	CLOSE(r.busy_end_us, 2600.0);
	CLOSE(r.node_uj, 1000 * 0.08 + ETR + 100 * 0.5 + 1500 * 4.3 + ETR + 2600 * 7.0);
	sim_free(&s);
}

/* The wish comes at the start, acts 50 us later, and nothing runs for 10 us then. */
static void switching(void **state)
{
	const struct sim_job job = { 0, SIM_NEVER, 2000, 0 };
	struct sim_result r;
	struct sim s;

	(void)state;
	wish_start = 2000000;
	wish_later = 1000000;
	r = run(&job, 1, &s);
	assert_int_equal(r.switches, 1);
	/* 50 us at 2 GHz are 10^5 cycles; 1.9 x 10^6 are left for 1 GHz. */
	assert_int_equal(s.finish_ns[0], 100000 + 50000 + 10000 + 1900000);
	CLOSE(r.slow_max, 1.96);
	sim_free(&s);
	/* Asked for before the wake-up it acts on the way: no cycle at 2 GHz, nobody stalled. */
	wish_start = 1000000;
	r = run(&job, 1, &s);
	assert_int_equal(s.finish_ns[0], 100000 + 2000000);
	sim_free(&s);
}

static void holding(void **state)
{
	const struct sim_job job = { 0, 9000, 2000, 0 };
	struct sim s;

	(void)state;
	wish_start = 2000000;
	wish_later = 0;
	hold_until = 3000000;
	run(&job, 1, &s);
	assert_int_equal(s.start_ns[0], 3100000);
	sim_free(&s);
	hold_until = 0;
}

/* Earliest deadline first among those that wait, and what runs is not preempted. */
static void order(void **state)
{
	const struct sim_job job[4] = {
		{ 0, 50000, 4000, 0 }, { 100, 40000, 2000, 0 }, { 200, 9000, 2000, 0 },
		{ 300, SIM_NEVER, 2000, 0 },
	};
	struct sim s;

	(void)state;
	run(job, 4, &s);
	assert_int_equal(s.finish_ns[0], 2100000);
	assert_int_equal(s.finish_ns[2], 3100000);
	assert_int_equal(s.finish_ns[1], 4100000);
	assert_int_equal(s.finish_ns[3], 5100000);
	sim_free(&s);
}

static void refusing(void **state)
{
	struct sim_job job[10];
	struct sim_result r;
	struct sim s;

	(void)state;
	for (int i = 0; i < 10; i++)
		job[i] = (struct sim_job){ 0, 100000, 100, 0 };
	r = run(job, 10, &s);
	assert_int_equal(r.refused, 1);
	assert_int_equal(r.dated, 9);
	assert_true(s.finish_ns[9] == SIM_NEVER);
	sim_free(&s);
}

/* Short gaps again and again: the governor learns not to go deep. */
static void governor(void **state)
{
	struct sim_job job[40];
	struct sim_result r;
	struct sim s;
	double deep;

	(void)state;
	for (int i = 0; i < 40; i++)
		job[i] = (struct sim_job){ (uint64_t)i * 300, (uint64_t)i * 300 + 1000, 100, 0 };
	r = run(job, 40, &s);
	deep = (double)(s.start_ns[2] - job[2].release_us * 1000);
	assert_true(deep == 100000);
	assert_int_equal(s.start_ns[39] - job[39].release_us * 1000, 1000);	/* C1 */
	assert_int_equal(r.missed, 0);
	sim_free(&s);
}

/* Utilisation of a CPU that is busy half of each 8 ms: it settles, and below f_max. */
static void schedutil(void **state)
{
	struct sim_trace t;
	struct sim_job job[200];
	struct sim_setup setup = {
		.power = &machine, .trace = &t, .policy = &sim_schedutil, .cpus = 1, .instr_fd = -1,
	};
	struct sim_result r;
	struct sim s;

	(void)state;
	t.job = job;
	t.n = 200;
	for (int i = 0; i < 200; i++)	/* 2 of each 8 ms at 2 GHz */
		job[i] = (struct sim_job){ (uint64_t)i * 8000, (uint64_t)i * 8000 + 8000, 4000, 0 };
	assert_int_equal(sim_run(&s, &setup, &r), 0);
	assert_int_equal(r.missed, 0);
	assert_int_equal(s.cpu[0].khz, 1000000);
	assert_in_range(s.finish_ns[199] - s.start_ns[199], 4000000, 4000002);
	sim_free(&s);
	for (int i = 0; i < 200; i++)	/* 6 of each 8 ms: only f_max will do */
		job[i].work_kcycles = 12000;
	assert_int_equal(sim_run(&s, &setup, &r), 0);
	assert_in_range(s.finish_ns[199] - s.start_ns[199], 6000000, 6000002);
	sim_free(&s);
}

/* The same case twice: the same energy to the last bit. */
static void repeats(void **state)
{
	struct sim_trace t;
	struct sim_case c = {
		.power = &machine, .trace = &t, .cpus = 2, .seed = 3, .instr_fd = -1,
	};

	(void)state;
	assert_int_equal(sim_generate(&t, "mixed", 3, 2000000, 2), 0);
	assert_int_equal(sim_make_feasible(&t, &machine, 2), 0);
	for (size_t i = 0; i < sim_nentries; i++) {
		struct sim_score a, b;
		struct sim s;

		if (sim_entries[i].wrong_table)
			continue;
		assert_int_equal(sim_compare(&c, &sim_entries[i], 0, &s, false, &a), 0);
		sim_free(&s);
		assert_int_equal(sim_compare(&c, &sim_entries[i], 0, &s, false, &b), 0);
		sim_free(&s);
		assert_memory_equal(&a.r.energy_uj, &b.r.energy_uj, sizeof(double));
		assert_memory_equal(&a.ratio, &b.ratio, sizeof(double));
		assert_int_equal(a.r.switches, b.r.switches);
	}
	sim_trace_free(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_run),
		cmocka_unit_test(switching),
		cmocka_unit_test(holding),
		cmocka_unit_test(order),
		cmocka_unit_test(refusing),
		cmocka_unit_test(governor),
		cmocka_unit_test(schedutil),
		cmocka_unit_test(repeats),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
