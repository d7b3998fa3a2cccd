// SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause
/* Work that may wait is held until there is more of it; promises and consent set the end. */
#include "core_world.h"

#define DELAY	(20 * MS)

static struct world *wd;
static struct wattle_sched_user user;
static struct wattle_sched_client *c;
static struct wattle_sched_queue *p, *q;	/* may wait; may not */
static struct wattle_sched_worker *w[4];

static int setup(void **state)
{
	const struct wattle_queue_params any = { .lease_ns = 50 * MS };
	const struct wattle_queue_params params = {
		.max_delay_us = DELAY / 1000, .lease_ns = 50 * MS,
	};
	unsigned int i;

	(void)state;
	wd = world_new();
	memset(&user, 0, sizeof(user));
	c = world_client(wd, &user);
	p = world_queue(c, &params);
	q = world_queue(c, &any);
	wattle_sched_set_mode(&wd->s, WATTLE_MODE_ENFORCE, wd->now);
	for (i = 0; i < 4; i++) {
		w[i] = world_worker(c, i);
		assert_int_equal(world_next(wd, w[i], i), 0);
	}
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	world_check(wd);
	world_client_exit(wd, c);
	world_free(wd);
	return 0;
}

/* @ms of work, due in @due_ms, 0 = never; not to start before @in_ms. */
static void work(struct wattle_sched_queue *to, __u64 ms, __u64 due_ms, __u64 in_ms)
{
	struct wattle_batch b = { .user_data = 1, .stall_us = ms * 1000 };
	struct wattle_verdict v;

	b.deadline_ns = due_ms ? wd->now + due_ms * MS : 0;
	b.release_ns = in_ms ? wd->now + in_ms * MS : 0;
	assert_int_equal(world_submit_full(wd, to, &b, &v, NULL), 0);
	assert_int_equal(v.status, WATTLE_VERDICT_ADMITTED);
}

static unsigned int granted(void)
{
	unsigned int i, n = 0;

	for (i = 0; i < 4; i++)
		n += w[i]->state == WATTLE_WORKER_GRANTED;
	return n;
}

/* All go together when the first of them has waited as long as it may. */
static void test_together(void **state)
{
	(void)state;
	work(p, 2, 0, 0);
	assert_int_equal(granted(), 0);
	assert_int_equal(wd->s.nr_holds, 1);
	world_advance(wd, DELAY / 2);
	work(p, 2, 0, 0);
	work(p, 2, 0, 0);
	world_advance(wd, DELAY / 2 - 1);
	assert_int_equal(granted(), 0);
	world_advance(wd, 1);
	assert_int_equal(granted(), 3);
	assert_int_equal(wd->s.hold_ns, 0);
}

/* Half of the time that promises leave is theirs. */
static void test_promise(void **state)
{
	(void)state;
	work(p, 2, 22, 0);
	world_advance(wd, 9 * MS);
	assert_int_equal(granted(), 0);
	world_advance(wd, 1 * MS);
	assert_int_equal(granted(), 1);
}

/* One that joins with less time brings the end nearer; with none it is the end. */
static void test_nearer(void **state)
{
	(void)state;
	work(p, 2, 0, 0);
	work(p, 2, 10, 0);
	world_advance(wd, 3 * MS);
	assert_int_equal(granted(), 0);
	world_advance(wd, 1 * MS);
	assert_int_equal(granted(), 2);
}

static void test_ends(void **state)
{
	(void)state;
	work(p, 2, 0, 0);
	work(q, 2, 0, 0);
	world_advance(wd, 0);
	assert_int_equal(granted(), 2);
}

/* A promise for later counts on CPUs that work until then. */
static void test_later(void **state)
{
	(void)state;
	work(p, 2, 0, 0);
	assert_int_equal(granted(), 0);
	work(q, 2, 500, 100);
	world_advance(wd, 0);
	assert_int_equal(granted(), 1);
	/* And as long as it waits nothing is held. */
	work(p, 2, 300, 0);
	assert_int_equal(granted(), 2);
}

/* Beside what runs anyway it costs nothing; longer than that it is held. */
static void test_rides_along(void **state)
{
	unsigned int i;

	(void)state;
	work(q, 10, 0, 0);
	assert_int_equal(granted(), 1);
	work(p, 4, 0, 0);
	assert_int_equal(granted(), 2);
	work(p, 11, 0, 0);
	assert_int_equal(granted(), 2);
	/* While it is held a worker that comes by gets nothing either. */
	for (i = 0; i < 4 && (w[i]->state != WATTLE_WORKER_GRANTED || w[i]->batch->queue != q); i++)
		;
	assert_true(i < 4);
	assert_int_equal(world_complete(wd, w[i]), 0);
	assert_int_equal(world_next(wd, w[i], i), 0);
	assert_int_equal(granted(), 1);
	world_advance(wd, DELAY);
	assert_int_equal(wd->s.hold_ns, 0);
	assert_int_equal(granted(), 2);
}

/* What is ready and was not asked is not made to wait for it. */
static void test_others(void **state)
{
	struct wattle_sched_client *d = world_client(wd, &user);
	struct wattle_sched_queue *r = world_queue(d, NULL);
	struct wattle_sched_worker *v;

	(void)state;
	work(r, 2, 0, 0);
	work(p, 2, 0, 0);
	assert_int_equal(granted(), 1);
	assert_int_equal(wd->s.nr_holds, 0);
	v = world_worker(d, 0);
	assert_int_equal(world_next(wd, v, 7), 1);
	assert_int_equal(world_complete(wd, v), 0);
	world_client_exit(wd, d);
}

/* A hold of nothing is over: withdrawn, or taken where no gate is. */
static void test_empty(void **state)
{
	struct wattle_sched_worker *any = world_worker(c, 4);

	(void)state;
	work(p, 2, 0, 0);
	assert_int_not_equal(wd->s.hold_ns, 0);
	assert_int_equal(wattle_sched_cancel_all(p, wd->now), 1);
	assert_int_equal(wd->s.hold_ns, 0);
	work(p, 2, 0, 0);
	assert_int_not_equal(wd->s.hold_ns, 0);
	assert_int_equal(world_next(wd, any, WATTLE_CPU_ANY), 1);
	assert_int_equal(wd->s.hold_ns, 0);
	assert_int_equal(granted(), 0);
}

/* In the rounds in which promises are in no ledger nobody knows what they leave. */
static void test_recheck(void **state)
{
	unsigned int i;
	__u32 round;

	(void)state;
	work(p, 2, 100, 0);
	assert_int_equal(granted(), 0);
	for (round = 0; round < WATTLE_RECHECK_ROUNDS; round++) {
		wattle_sched_recheck_begin(&wd->s, round);
		if (!round) {
			work(p, 2, 0, 0);
			world_advance(wd, 0);
			assert_int_equal(granted(), 2);
			work(p, 2, 0, 0);
			assert_int_equal(granted(), 3);
		}
		wattle_sched_recheck_some(&wd->s, ~0ULL, wd->now);
	}
	assert_int_equal(wd->s.nr_holds, 1);
	for (i = 0; i < 4; i++)
		if (w[i]->state == WATTLE_WORKER_GRANTED)
			assert_int_equal(world_turn(wd, w[i], i), 0);
	work(p, 2, 0, 0);
	assert_int_equal(wd->s.nr_holds, 2);
}

/* Nobody knows how long it takes; not in enforce; a deadline that cannot be met. */
static void test_not_held(void **state)
{
	struct wattle_batch late = { .user_data = 1, .stall_us = 5000,
				     .deadline_ns = wd->now + 2 * MS };
	struct wattle_verdict v;

	(void)state;
	world_submit(wd, p, 1, 0);
	assert_int_equal(granted(), 1);
	assert_int_equal(world_submit_full(wd, p, &late, &v, NULL), 0);
	assert_int_equal(v.status, WATTLE_VERDICT_BEST_EFFORT);
	assert_int_equal(granted(), 2);
	wattle_sched_set_mode(&wd->s, WATTLE_MODE_OBSERVE, wd->now);
	work(p, 2, 0, 0);
	assert_int_equal(granted(), 3);
	assert_int_equal(wd->s.nr_holds, 0);
}

/* Whatever takes the gate away takes the hold away. */
static void test_switch(void **state)
{
	(void)state;
	work(p, 2, 0, 0);
	assert_int_equal(granted(), 0);
	wattle_sched_set_mode(&wd->s, WATTLE_MODE_OFF, wd->now);
	assert_int_equal(granted(), 1);
	assert_int_equal(wd->s.hold_ns, 0);
}

static void test_supply(void **state)
{
	(void)state;
	work(p, 2, 0, 0);
	wattle_sched_set_supply(&wd->s, 2, 1000000);
	world_advance(wd, 0);
	assert_int_equal(granted(), 1);
}

static void test_drain(void **state)
{
	(void)state;
	work(p, 2, 0, 0);
	wattle_sched_drain(&wd->s, wd->now);
	world_advance(wd, 0);
	assert_int_equal(granted(), 1);
}

/* Random work: every promise that is served at once when its hold ends is kept. */
static void test_kept(void **state)
{
	unsigned int round, i;

	(void)state;
	world_seed(7);
	for (round = 0; round < 3000; round++) {
		__u64 ms = 1 + world_rng() % 10;
		struct wattle_batch b = { .stall_us = ms * 1000,
			.deadline_ns = wd->now + (ms + world_rng() % 80) * MS };
		struct wattle_verdict v;

		assert_int_equal(world_submit_full(wd, world_rng() % 8 ? p : q, &b, &v, NULL), 0);
		for (i = 0; i < world_rng() % 12; i++) {
			unsigned int k;

			world_advance(wd, MS);
			for (k = 0; k < 4; k++) {
				if (w[k]->state != WATTLE_WORKER_GRANTED ||
				    wd->now < w[k]->granted_ns + w[k]->batch->need_ns)
					continue;
				if (w[k]->batch->promised == 1)
					assert_true(wd->now <=
						    w[k]->batch->in.deadline_ns + 2 * MS);
				world_complete(wd, w[k]);
				world_next(wd, w[k], k);
			}
		}
	}
	assert_true(wd->s.nr_holds > 100);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(test_together),
		T(test_promise),
		T(test_nearer),
		T(test_ends),
		T(test_later),
		T(test_rides_along),
		T(test_others),
		T(test_empty),
		T(test_recheck),
		T(test_not_held),
		T(test_switch),
		T(test_supply),
		T(test_drain),
		T(test_kept),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
