// SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause
/* Who comes first: class, deadline, weighted time, arrival; filters; release times. */
#include "core_world.h"

static struct world *wd;
static struct wattle_sched_user user;
static struct wattle_sched_client *c;
static struct wattle_sched_worker *w;

static int setup(void **state)
{
	(void)state;
	wd = world_new();
	memset(&user, 0, sizeof(user));
	c = world_client(wd, &user);
	w = world_worker(c, 0);
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

/* Runs everything there is for @ran each and returns user_data as decimal digits. */
static __u64 drain_order(__u64 ran)
{
	__u64 order = 0, d;

	while ((d = world_turn(wd, w, WATTLE_CPU_ANY))) {
		order = order * 10 + d;
		world_advance(wd, ran);
	}
	return order;
}

static void test_edf(void **state)
{
	struct wattle_sched_queue *q = world_queue(c, NULL);

	(void)state;
	world_submit(wd, q, 5, 0);
	world_submit(wd, q, 4, 90 * MS);
	world_submit(wd, q, 2, 40 * MS);
	world_submit(wd, q, 6, 0);
	world_submit(wd, q, 1, 10 * MS);
	world_submit(wd, q, 3, 40 * MS);
	assert_int_equal(drain_order(MS), 123456);
}

static void test_edf_over_queues(void **state)
{
	struct wattle_sched_queue *p = world_queue(c, NULL), *q = world_queue(c, NULL);

	(void)state;
	world_submit(wd, p, 2, 20 * MS);
	world_submit(wd, q, 1, 10 * MS);
	world_submit(wd, p, 4, 40 * MS);
	world_submit(wd, q, 3, 30 * MS);
	world_submit(wd, q, 6, 60 * MS);
	world_submit(wd, p, 5, 60 * MS - 1);
	assert_int_equal(drain_order(MS), 123456);
}

/* Equal deadlines go by arrival, whatever the queues have had: promises count on it. */
static void test_equal_deadlines(void **state)
{
	struct wattle_sched_queue *p = world_queue(c, NULL), *q = world_queue(c, NULL);

	(void)state;
	world_submit(wd, p, 1, 50 * MS);
	world_submit(wd, p, 2, 50 * MS);
	world_submit(wd, q, 3, 50 * MS);
	world_submit(wd, p, 4, 50 * MS);
	assert_int_equal(drain_order(MS), 1234);
}

static void test_class_before_deadline(void **state)
{
	struct wattle_queue_params lat = { .class = WATTLE_CLASS_LATENCY };
	struct wattle_queue_params bg = { .class = WATTLE_CLASS_BACKGROUND };
	struct wattle_sched_queue *b = world_queue(c, &bg), *n = world_queue(c, NULL);
	struct wattle_sched_queue *l = world_queue(c, &lat);

	(void)state;
	world_submit(wd, b, 5, MS);
	world_submit(wd, n, 4, 0);
	world_submit(wd, n, 3, 10 * MS);
	world_submit(wd, l, 2, 0);
	world_submit(wd, l, 1, SEC);
	assert_int_equal(drain_order(MS), 12345);
}

/* Two backlogged queues, weights 300 and 100: run time 3 to 1, to one batch. */
static void test_weights(void **state)
{
	struct wattle_queue_params heavy = { .weight = 300 };
	struct wattle_sched_queue *p = world_queue(c, &heavy), *q = world_queue(c, NULL);
	int i, n[3] = { 0 };

	(void)state;
	for (i = 0; i < 400; i++) {
		world_submit(wd, p, 1, 0);
		world_submit(wd, q, 2, 0);
	}
	for (i = 0; i < 400; i++) {
		n[world_turn(wd, w, WATTLE_CPU_ANY)]++;
		world_advance(wd, 2 * MS);
		assert_in_range(n[1] + 1, 3 * n[2] - 3 > 0 ? 3 * n[2] - 3 : 0, 3 * n[2] + 4);
	}
	assert_in_range(n[1], 299, 301);
	world_complete(wd, w);
}

/* A queue that slept does not come back with a claim on all the time since. */
static void test_idle_saves_nothing(void **state)
{
	struct wattle_sched_queue *p = world_queue(c, NULL), *q = world_queue(c, NULL);
	int i, n[3] = { 0 };

	(void)state;
	for (i = 0; i < 300; i++)
		world_submit(wd, p, 1, 0);
	for (i = 0; i < 100; i++) {
		assert_int_equal(world_turn(wd, w, WATTLE_CPU_ANY), 1);
		world_advance(wd, MS);
	}
	for (i = 0; i < 100; i++)
		world_submit(wd, q, 2, 0);
	for (i = 0; i < 100; i++) {
		n[world_turn(wd, w, WATTLE_CPU_ANY)]++;
		world_advance(wd, MS);
	}
	assert_in_range(n[1], 48, 52);
	world_complete(wd, w);
}

static void test_filter(void **state)
{
	struct wattle_sched_queue *p = world_queue(c, NULL), *q = world_queue(c, NULL);
	struct wattle_sched_worker *v = world_worker(c, 1);

	(void)state;
	world_submit(wd, p, 1, MS);
	world_submit(wd, q, 2, 0);
	assert_int_equal(wattle_sched_next(w, q->id, WATTLE_CPU_ANY, wd->now), 1);
	assert_int_equal(w->batch->in.user_data, 2);
	world_complete(wd, w);
	/* Nothing of q's left: it waits, though p has work; p's goes to who asks for any. */
	assert_int_equal(wattle_sched_next(w, q->id, WATTLE_CPU_ANY, wd->now), 0);
	assert_int_equal(world_next(wd, v, WATTLE_CPU_ANY), 1);
	assert_int_equal(v->batch->in.user_data, 1);
	world_submit(wd, p, 3, 0);
	assert_int_equal(w->state, WATTLE_WORKER_PARKED);
	world_submit(wd, q, 4, 0);
	assert_int_equal(w->state, WATTLE_WORKER_GRANTED);
	assert_int_equal(w->batch->in.user_data, 4);
	assert_int_equal(wattle_sched_unpark(w, wd->now), 1);
	world_complete(wd, w);
	world_complete(wd, v);
	assert_int_equal(wattle_sched_next(w, 999, WATTLE_CPU_ANY, wd->now), -ENOENT);
	assert_int_equal(w->state, WATTLE_WORKER_OUT);
}

static void test_release(void **state)
{
	struct wattle_sched_queue *q = world_queue(c, NULL);
	struct wattle_batch in = { .user_data = 1, .release_ns = wd->now + 20 * MS };
	struct wattle_verdict v;
	unsigned int timers = wd->nr_timer;

	(void)state;
	assert_int_equal(world_submit_full(wd, q, &in, &v, NULL), 0);
	assert_int_equal(wd->nr_timer, timers + 1);
	assert_int_equal(wd->timer_at, in.release_ns);
	in.user_data = 2;
	in.release_ns = wd->now + 10 * MS;
	assert_int_equal(world_submit_full(wd, q, &in, &v, NULL), 0);
	assert_int_equal(wd->timer_at, in.release_ns);
	/* One that is in the past is simply ready. */
	in.user_data = 3;
	in.release_ns = wd->now - 1;
	assert_int_equal(world_submit_full(wd, q, &in, &v, NULL), 0);
	assert_int_equal(world_turn(wd, w, WATTLE_CPU_ANY), 3);
	assert_int_equal(world_turn(wd, w, WATTLE_CPU_ANY), 0);
	world_advance(wd, 10 * MS - 1);
	assert_int_equal(w->state, WATTLE_WORKER_PARKED);
	world_advance(wd, 1);
	assert_int_equal(w->state, WATTLE_WORKER_GRANTED);
	assert_int_equal(w->batch->in.user_data, 2);
	world_advance(wd, 15 * MS);
	/* Waited from its release, not from its submission. */
	assert_int_equal(world_turn(wd, w, WATTLE_CPU_ANY), 1);
	assert_int_equal(q->stats.wait_ns, 5 * MS);
	assert_int_equal(world_turn(wd, w, WATTLE_CPU_ANY), 0);
}

/* An early tick releases nothing and arms again. */
static void test_early_tick(void **state)
{
	struct wattle_sched_queue *q = world_queue(c, NULL);
	struct wattle_batch in = { .user_data = 1, .release_ns = wd->now + 20 * MS };
	struct wattle_verdict v;

	(void)state;
	assert_int_equal(world_submit_full(wd, q, &in, &v, NULL), 0);
	assert_int_equal(world_next(wd, w, WATTLE_CPU_ANY), 0);
	wd->timer_at = 0;
	wattle_sched_tick(&wd->s, wd->now);
	assert_int_equal(wd->timer_at, in.release_ns);
	assert_int_equal(w->state, WATTLE_WORKER_PARKED);
}

/* Batches due at one moment come in portions, each followed at once by the next tick. */
static void test_release_portions(void **state)
{
	struct wattle_sched_queue *q = world_queue(c, NULL);
	struct wattle_batch in = { .release_ns = wd->now + 20 * MS };
	struct wattle_verdict v;
	int i, ticks;

	(void)state;
	for (i = 0; i < 200; i++)
		assert_int_equal(world_submit_full(wd, q, &in, &v, NULL), 0);
	wd->now = in.release_ns;
	for (ticks = 0; wd->s.delayed.count; ticks++) {
		assert_true(wd->timer_at && wd->timer_at <= wd->now);
		wd->timer_at = 0;
		wattle_sched_tick(&wd->s, wd->now);
		assert_true(ticks < 200);
	}
	assert_true(ticks > 1);
}

static void test_class_change(void **state)
{
	struct wattle_queue_params bg = { .class = WATTLE_CLASS_BACKGROUND };
	struct wattle_sched_queue *p = world_queue(c, NULL), *q = world_queue(c, &bg);
	struct wattle_queue_params up = { .class = WATTLE_CLASS_LATENCY };

	(void)state;
	world_submit(wd, p, 3, MS);
	world_submit(wd, q, 1, 0);
	world_submit(wd, q, 2, 0);
	assert_int_equal(wattle_sched_update_check(&wd->s, WATTLE_UPDATE_CLASS, &up, 1), 0);
	/* Promises of the better class did not reckon with what waits here. */
	assert_int_equal(wattle_sched_queue_update(q, WATTLE_UPDATE_CLASS, &up, wd->now), -EBUSY);
	assert_int_equal(drain_order(MS), 312);
	assert_int_equal(wattle_sched_queue_update(q, WATTLE_UPDATE_CLASS, &up, wd->now), 0);
}

static void test_class_change_acts(void **state)
{
	struct wattle_queue_params bg = { .class = WATTLE_CLASS_BACKGROUND };
	struct wattle_queue_params up = { .class = WATTLE_CLASS_LATENCY };
	struct wattle_sched_queue *p = world_queue(c, NULL), *q = world_queue(c, &bg);

	(void)state;
	assert_int_equal(wattle_sched_queue_update(q, WATTLE_UPDATE_CLASS, &up, wd->now), 0);
	world_submit(wd, p, 3, MS);
	world_submit(wd, q, 1, 0);
	world_submit(wd, q, 2, 0);
	assert_int_equal(drain_order(MS), 123);
}

static void test_class_down_at_once(void **state)
{
	struct wattle_queue_params bg = { .class = WATTLE_CLASS_BACKGROUND };
	struct wattle_sched_queue *p = world_queue(c, NULL), *q = world_queue(c, NULL);

	(void)state;
	world_submit(wd, q, 1, MS);
	world_submit(wd, p, 3, 2 * MS);
	assert_int_equal(wattle_sched_queue_update(q, WATTLE_UPDATE_CLASS, &bg, wd->now), 0);
	assert_int_equal(drain_order(MS), 31);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(test_edf), T(test_edf_over_queues), T(test_equal_deadlines),
		T(test_class_before_deadline), T(test_weights), T(test_idle_saves_nothing),
		T(test_filter), T(test_release), T(test_early_tick), T(test_release_portions),
		T(test_class_change),
		T(test_class_change_acts), T(test_class_down_at_once),
	};

	return cmocka_run_group_tests_name("core order", tests, NULL, NULL);
}
