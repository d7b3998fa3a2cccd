// SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause
/* Energy: the parts always sum to the whole. */
#include "core/energy.h"
#include "core_world.h"

static void test_mul_div(void **state)
{
	int i;

	(void)state;
	world_seed(99);
	for (i = 0; i < 200000; i++) {
		uint64_t a = world_rng() >> (world_rng() & 63);
		uint64_t d = (world_rng() >> (world_rng() & 63)) | 1;
		uint64_t b = world_rng() % d + (world_rng() & 1);
		unsigned __int128 p = (unsigned __int128)a * b;
		__u64 rem;

		assert_int_equal(wattle_mul_div(a, b, d, &rem), (uint64_t)(p / d));
		assert_int_equal(rem, (uint64_t)(p % d));
	}
	{
		__u64 rem;

		assert_int_equal(wattle_mul_div(~0ULL, ~0ULL, ~0ULL, &rem), ~0ULL);
		assert_int_equal(rem, 0);
		assert_int_equal(wattle_mul_div(0, 5, 5, &rem), 0);
	}
}

/* 1000 epochs, 7 queues: uJ and carried pJ sum exactly to what was put in. */
static void test_conserved(void **state)
{
	__u64 uj[8] = { 0 }, in = 0, sum = 0, pj_sum = 0;
	__u32 pj[8] = { 0 };
	int e, i;

	(void)state;
	world_seed(99);
	for (e = 0; e < 1000; e++) {
		struct wattle_energy_split s;
		__u64 run[7], runs = 0, delta = world_rng() % 300000000, busy;

		for (i = 0; i < 7; i++) {
			run[i] = world_rng() % 3 ? world_rng() % SEC : 0;
			runs += run[i];
		}
		busy = world_rng() % (8 * SEC);
		wattle_energy_split_begin(&s, delta, busy, runs);
		for (i = 0; i < 7; i++)
			wattle_energy_split_take(&s, run[i], &uj[i], &pj[i]);
		wattle_energy_split_end(&s, &uj[7], &pj[7]);
		in += delta;
	}
	for (i = 0; i < 8; i++) {
		assert_true(pj[i] < WATTLE_PJ_PER_UJ);
		sum += uj[i];
		pj_sum += pj[i];
	}
	assert_int_equal(pj_sum % WATTLE_PJ_PER_UJ, 0);
	assert_int_equal(sum + pj_sum / WATTLE_PJ_PER_UJ, in);
}

static void test_shares(void **state)
{
	struct wattle_energy_split s;
	__u64 a = 0, b = 0, rest = 0;
	__u32 pa = 0, pb = 0, pr = 0;

	(void)state;
	/* Busy for longer than the queues ran: the others' part is nobody's here. */
	wattle_energy_split_begin(&s, 1000, 10 * SEC, 4 * SEC);
	wattle_energy_split_take(&s, 3 * SEC, &a, &pa);
	wattle_energy_split_take(&s, SEC, &b, &pb);
	wattle_energy_split_end(&s, &rest, &pr);
	assert_int_equal(a, 300);
	assert_int_equal(b, 100);
	assert_int_equal(rest, 600);
	/* Busy time shorter than what ran (sampled apart): all of it is split, no more. */
	wattle_energy_split_begin(&s, 1000, SEC, 4 * SEC);
	wattle_energy_split_take(&s, 3 * SEC, &a, &pa);
	wattle_energy_split_take(&s, SEC, &b, &pb);
	wattle_energy_split_end(&s, &rest, &pr);
	assert_int_equal(a, 1050);
	assert_int_equal(b, 350);
	assert_int_equal(rest, 600);
	/* Nothing known to have run. */
	wattle_energy_split_begin(&s, 7, 0, 0);
	wattle_energy_split_take(&s, 0, &a, &pa);
	wattle_energy_split_end(&s, &rest, &pr);
	assert_int_equal(a, 1050);
	assert_int_equal(rest, 607);
}

/* A third of a microjoule an epoch is not lost: it comes after three. */
static void test_carry(void **state)
{
	__u64 a = 0, rest = 0;
	__u32 pa = 0, pr = 0;
	int i;

	(void)state;
	for (i = 0; i < 300; i++) {
		struct wattle_energy_split s;

		wattle_energy_split_begin(&s, 1, 3, 1);
		wattle_energy_split_take(&s, 1, &a, &pa);
		wattle_energy_split_end(&s, &rest, &pr);
	}
	assert_in_range(a * WATTLE_PJ_PER_UJ + pa, 100ULL * WATTLE_PJ_PER_UJ - 300,
			100ULL * WATTLE_PJ_PER_UJ);
	assert_int_equal(a + rest + (pa + pr) / WATTLE_PJ_PER_UJ, 300);
}

static void test_saturates(void **state)
{
	struct wattle_energy_split s;
	__u64 a = ~0ULL - 5, rest = 0;
	__u32 pa = 0, pr = 0;

	(void)state;
	wattle_energy_split_begin(&s, ~0ULL, ~0ULL, ~0ULL);
	wattle_energy_split_take(&s, ~0ULL, &a, &pa);
	wattle_energy_split_end(&s, &rest, &pr);
	assert_int_equal(a, ~0ULL);
	assert_int_equal(rest, 0);
	/* CPU times whose sum stopped at the end of the range: conserved all the same. */
	a = 0;
	wattle_energy_split_begin(&s, 1000, 0, ~0ULL);
	wattle_energy_split_take(&s, ~0ULL / 4 * 3, &a, &pa);
	assert_int_equal(a, 749);
	wattle_energy_split_take(&s, ~0ULL / 4 * 3, &a, &pa);
	wattle_energy_split_take(&s, 1ULL << 60, &a, &pa);
	wattle_energy_split_end(&s, &rest, &pr);
	assert_int_equal(a + rest + (pa + pr) / WATTLE_PJ_PER_UJ, 1000);
	assert_int_equal((pa + pr) % WATTLE_PJ_PER_UJ, 0);
}

/* Through the scheduler: running grants included, gone queues not forgotten. */
static void test_epoch(void **state)
{
	struct world *wd = world_new();
	struct wattle_sched_user u = { 0 };
	struct wattle_sched_client *c = world_client(wd, &u);
	struct wattle_sched_queue *p = world_queue(c, NULL), *q = world_queue(c, NULL);
	struct wattle_sched_worker *v = world_worker(c, 0), *w = world_worker(c, 1);
	struct wattle_queue_stats st;

	(void)state;
	world_submit(wd, p, 1, 0);
	assert_int_equal(world_next(wd, v, 0), 1);
	world_submit(wd, q, 2, 0);
	assert_int_equal(world_next(wd, w, 1), 1);
	world_advance(wd, 10 * MS);
	assert_int_equal(world_complete(wd, v), 0);
	world_advance(wd, 20 * MS);
	wattle_sched_energy_epoch(&wd->s, 4000, 80 * MS, WATTLE_QUALITY_CPUTIME, wd->now);
	assert_int_equal(p->stats.energy_uj, 500);
	assert_int_equal(q->stats.energy_uj, 1500);
	assert_int_equal(wd->s.unattributed_uj, 2000);
	assert_int_equal(q->stats.energy_quality, WATTLE_QUALITY_CPUTIME);
	/* p did not run since; q's next share counts from the epoch, and its end goes with it. */
	world_advance(wd, 10 * MS);
	assert_int_equal(world_complete(wd, w), 0);
	wattle_sched_queue_destroy(q, wd->now);
	wattle_sched_energy_epoch(&wd->s, 1000, 0, WATTLE_QUALITY_MODEL, wd->now);
	assert_int_equal(p->stats.energy_uj, 500);
	wattle_sched_totals(&wd->s, &st, wd->now);
	assert_int_equal(st.energy_uj, 3000);
	assert_int_equal(st.energy_quality, WATTLE_QUALITY_MODEL);
	assert_int_equal(st.run_ns, 50 * MS);
	assert_int_equal(st.energy_uj + wd->s.unattributed_uj, 5000);
	world_client_exit(wd, c);
	world_free(wd);
}

/* v computes half of the time, w sleeps, x computes always. */
static __u64 some_sleep(const struct world *wd, const struct wattle_sched_worker *w)
{
	static const unsigned int percent[] = { 50, 0, 100 };

	return wd->now / 100 * percent[w->slot];
}

/* How long it lasted and what was computed are two figures, and joules go by the second. */
static void test_by_cpu_time(void **state)
{
	struct world *wd = world_new();
	struct wattle_sched_user u = { 0 };
	struct wattle_sched_client *c = world_client(wd, &u);
	struct wattle_sched_queue *q[3];
	struct wattle_sched_worker *w[3];
	struct wattle_queue_stats st;
	int i;

	(void)state;
	wd->cpu_ns = some_sleep;
	for (i = 0; i < 3; i++) {
		q[i] = world_queue(c, NULL);
		w[i] = world_worker(c, i);
		world_submit(wd, q[i], i + 1, 0);
		assert_int_equal(world_next(wd, w[i], i), 1);
	}
	world_advance(wd, 20 * MS);
	wattle_sched_queue_stats(q[0], &st, wd->now);
	assert_int_equal(st.run_ns, 20 * MS);
	assert_int_equal(st.cpu_ns, 10 * MS);
	assert_int_equal(q[0]->stats.cpu_ns, 0);	/* asking charges nothing */
	wattle_sched_energy_epoch(&wd->s, 4000, 40 * MS, WATTLE_QUALITY_CPUTIME, wd->now);
	assert_int_equal(q[0]->stats.energy_uj, 1000);
	assert_int_equal(q[1]->stats.energy_uj, 0);
	assert_int_equal(q[2]->stats.energy_uj, 2000);
	assert_int_equal(wd->s.unattributed_uj, 1000);
	/* The sleeper's is a known 0. */
	assert_int_equal(q[1]->stats.energy_quality, WATTLE_QUALITY_CPUTIME);
	assert_int_equal(q[1]->stats.run_ns, 20 * MS);
	/* Up to the end of the grant, and what a thread does outside is not the queue's. */
	world_advance(wd, 10 * MS);
	assert_int_equal(world_complete(wd, w[0]), 0);
	world_advance(wd, 100 * MS);
	world_submit(wd, q[0], 4, 0);
	assert_int_equal(world_next(wd, w[0], 0), 1);
	world_advance(wd, 10 * MS);
	assert_int_equal(world_complete(wd, w[0]), 0);
	assert_int_equal(q[0]->stats.cpu_ns, 20 * MS);
	assert_int_equal(q[0]->stats.run_ns, 40 * MS);
	wattle_sched_totals(&wd->s, &st, wd->now);
	assert_int_equal(st.cpu_ns, 20 * MS + 140 * MS);
	assert_int_equal(st.run_ns, 40 * MS + 2 * 140 * MS);
	world_client_exit(wd, c);
	world_free(wd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_mul_div),
		cmocka_unit_test(test_conserved),
		cmocka_unit_test(test_shares),
		cmocka_unit_test(test_carry),
		cmocka_unit_test(test_saturates),
		cmocka_unit_test(test_epoch),
		cmocka_unit_test(test_by_cpu_time),
	};

	return cmocka_run_group_tests_name("core energy", tests, NULL, NULL);
}
