// SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause
/* Limits with their own errno each, parameter checks, life and death of objects, draining. */
#include "core_world.h"

static struct world *wd;
static struct wattle_sched_user user;
static struct wattle_sched_client *c;

static int setup(void **state)
{
	(void)state;
	wd = world_new();
	memset(&user, 0, sizeof(user));
	c = world_client(wd, &user);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	world_check(wd);
	world_client_exit(wd, c);
	assert_int_equal(user.nr_clients, 0);
	assert_int_equal(user.nr_queues, 0);
	assert_int_equal(user.nr_batches, 0);
	world_free(wd);
	return 0;
}

static void test_client_limits(void **state)
{
	struct wattle_sched_client d;
	struct wattle_sched_user other = { 0 };

	(void)state;
	wd->s.limits.clients_per_user = 1;
	wd->s.limits.clients_total = 2;
	assert_int_equal(wattle_sched_client_init(&wd->s, &d, &user), -EUSERS);
	assert_int_equal(wattle_sched_client_init(&wd->s, &d, &other), 0);
	other.nr_clients = 0;
	{
		struct wattle_sched_client e;

		assert_int_equal(wattle_sched_client_init(&wd->s, &e, &other), -ENFILE);
	}
	other.nr_clients = 1;
	wattle_sched_client_exit(&d, wd->now);
	assert_int_equal(other.nr_clients, 0);
}

static void test_queue_limits(void **state)
{
	struct wattle_sched_client *d = world_client(wd, &user);
	struct wattle_queue_params p = { 0 };
	struct wattle_sched_queue x, *q;

	(void)state;
	wattle_sched_params_check(&wd->s, &p, 0);
	wd->s.limits.queues_per_client = 2;
	wd->s.limits.queues_per_user = 3;
	wd->s.limits.queues_total = 4;
	q = world_queue(c, NULL);
	world_queue(c, NULL);
	assert_int_equal(wattle_sched_queue_init(c, &x, &p), -EMFILE);
	world_queue(d, NULL);
	assert_int_equal(wattle_sched_queue_init(d, &x, &p), -EUSERS);
	wd->s.limits.queues_per_user = 9;
	wd->s.limits.queues_total = 3;
	assert_int_equal(wattle_sched_queue_init(d, &x, &p), -ENFILE);
	/* Room again as soon as one goes; ids are not taken up again. */
	assert_int_equal(wattle_sched_queue_destroy(q, wd->now), 0);
	q = world_queue(c, NULL);
	assert_int_equal(q->id, 3);
	assert_ptr_equal(wattle_sched_queue_find(c, 3), q);
	assert_null(wattle_sched_queue_find(c, 1));
	world_client_exit(wd, d);
}

static void test_queue_ids_come_round(void **state)
{
	struct wattle_sched_queue *p = world_queue(c, NULL), *q;

	(void)state;
	assert_int_equal(p->id, 1);
	c->next_queue_id = 0xffffffffU;
	assert_int_equal(world_queue(c, NULL)->id, 0xffffffffU);
	q = world_queue(c, NULL);		/* 0 is ANY and 1 is taken */
	assert_int_equal(q->id, 2);
}

static void test_batch_limits(void **state)
{
	struct wattle_queue_params p = { .max_inflight = 2 };
	struct wattle_sched_client *d = world_client(wd, &user);
	struct wattle_sched_queue *q = world_queue(c, &p), *r = world_queue(d, NULL);
	struct wattle_sched_worker *w = world_worker(c, 0);
	struct wattle_batch in = { 0 };
	struct wattle_verdict v;
	__u64 id;

	(void)state;
	id = world_submit(wd, q, 1, 0);
	world_submit(wd, q, 2, 0);
	assert_int_equal(world_submit_full(wd, q, &in, &v, NULL), -EAGAIN);
	/* A grant is still in flight; its end makes room. */
	assert_int_equal(world_next(wd, w, 0), 1);
	assert_int_equal(world_submit_full(wd, q, &in, &v, NULL), -EAGAIN);
	assert_int_equal(world_complete(wd, w), 0);
	wd->s.limits.batches_per_user = 2;
	world_submit(wd, r, 3, 0);
	assert_int_equal(world_submit_full(wd, q, &in, &v, NULL), -EDQUOT);
	wd->s.limits.batches_per_user = 10;
	wd->s.limits.batches_total = 2;
	assert_int_equal(world_submit_full(wd, q, &in, &v, NULL), -ENOSPC);
	wd->s.draining = 1;
	assert_int_equal(world_submit_full(wd, q, &in, &v, NULL), -ESHUTDOWN);
	assert_int_equal(wattle_sched_submit_dry(q, &in, &v, wd->now), -ESHUTDOWN);
	wd->s.draining = 0;
	assert_int_equal(q->stats.submitted, 2);	/* what met a limit is not counted */
	assert_int_equal(wattle_sched_cancel(q, id, wd->now), -ENOENT);
	world_client_exit(wd, d);
}

static void test_worker_limits(void **state)
{
	struct wattle_sched_worker x;

	(void)state;
	wd->s.limits.workers_per_client = 2;
	assert_int_equal(wattle_sched_worker_init(c, &x, 0xffff), -EMFILE);
	world_worker(c, 0);
	world_worker(c, 1);
	assert_int_equal(wattle_sched_worker_init(c, &x, 2), -EMFILE);
	wd->s.limits.workers_per_client = 10;
	wd->s.limits.workers_per_user = 2;
	assert_int_equal(wattle_sched_worker_init(c, &x, 2), -EUSERS);
	wd->s.limits.workers_per_user = 10;
	wd->s.limits.workers_total = 2;
	assert_int_equal(wattle_sched_worker_init(c, &x, 2), -ENFILE);
}

/* A closed queue can be emptied in steps while others try to fill it. */
static void test_closed_queue(void **state)
{
	struct wattle_sched_queue *q = world_queue(c, NULL);
	struct wattle_batch in = { .user_data = 2 };
	struct wattle_verdict v;

	(void)state;
	world_submit(wd, q, 1, 0);
	assert_int_equal(wattle_sched_queue_close(q), 0);
	assert_int_equal(wattle_sched_queue_close(q), -ENOENT);
	assert_int_equal(world_submit_full(wd, q, &in, &v, NULL), -ENOENT);
	assert_int_equal(wattle_sched_cancel_some(q, 10, wd->now), 1);
	assert_int_equal(q->stats.submitted, 1);
}

/* A destroyed queue counts against the limits as long as it is there. */
static void test_dead_queue_counts(void **state)
{
	struct wattle_sched_worker *w = world_worker(c, 0);
	struct wattle_sched_queue *q = world_queue(c, NULL);
	__u32 before = wd->s.nr_queues;

	(void)state;
	world_submit(wd, q, 1, 0);
	assert_int_equal(world_next(wd, w, 0), 1);
	wattle_sched_queue_destroy(q, wd->now);
	assert_int_equal(wd->s.nr_queues, before);
	assert_int_equal(world_complete(wd, w), 0);
	assert_int_equal(wd->s.nr_queues, before - 1);
}

static void test_params(void **state)
{
	const struct wattle_queue_params bad[] = {
		{ .class = 4 }, { .weight = 10001 }, { .flags = 2 }, { .event_mask = 1 },
		{ .event_mask = WATTLE_EVENTS_ALL + 2 }, { .max_slowdown_pm = 10001 },
		{ .max_inflight = 100001 }, { .lease_ns = MS - 1 }, { .lease_ns = 60 * SEC + 1 },
		{ .reserved = { 1, 0 } }, { .reserved = { 0, 1 } },
	};
	struct wattle_queue_params p = { 0 };
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		p = bad[i];
		assert_int_equal(wattle_sched_params_check(&wd->s, &p, 1), -EINVAL);
		p = bad[i];
		assert_int_equal(wattle_sched_update_check(&wd->s, WATTLE_UPDATE_ALL, &p, 1),
				 -EINVAL);
	}
	memset(&p, 0, sizeof(p));
	assert_int_equal(wattle_sched_params_check(&wd->s, &p, 0), 0);
	assert_int_equal(p.class, WATTLE_CLASS_BATCH);
	assert_int_equal(p.weight, 100);
	assert_int_equal(p.max_inflight, 100000);
	assert_int_equal(p.lease_ns, 10 * SEC);
	p.class = WATTLE_CLASS_LATENCY;
	assert_int_equal(wattle_sched_params_check(&wd->s, &p, 0), -EPERM);
	assert_int_equal(wattle_sched_params_check(&wd->s, &p, 1), 0);
	p.weight = 10000;
	p.lease_ns = MS;
	p.max_slowdown_pm = 10000;
	p.event_mask = WATTLE_EVENTS_ALL;
	p.flags = WATTLE_QUEUE_STRICT;
	assert_int_equal(wattle_sched_params_check(&wd->s, &p, 1), 0);
}

/* One field at a time: named it is taken, not named it must be zero. */
static void test_update_mask(void **state)
{
	const struct { __u32 bit; struct wattle_queue_params p; } one[] = {
		{ WATTLE_UPDATE_CLASS, { .class = 3 } },
		{ WATTLE_UPDATE_WEIGHT, { .weight = 7 } },
		{ WATTLE_UPDATE_FLAGS, { .flags = 1 } },
		{ WATTLE_UPDATE_EVENT_MASK, { .event_mask = 2 } },
		{ WATTLE_UPDATE_MAX_SLOWDOWN, { .max_slowdown_pm = 50 } },
		{ WATTLE_UPDATE_MAX_INFLIGHT, { .max_inflight = 9 } },
		{ WATTLE_UPDATE_MAX_DELAY, { .max_delay_us = 4 } },
		{ WATTLE_UPDATE_ENERGY_BUDGET, { .energy_budget_uj = 5 } },
		{ WATTLE_UPDATE_LEASE, { .lease_ns = 2 * MS } },
	};
	struct wattle_sched_queue *q = world_queue(c, NULL);
	struct wattle_queue_params p, want = q->params;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(one) / sizeof(one[0]); i++) {
		p = one[i].p;
		assert_int_equal(wattle_sched_update_check(&wd->s, WATTLE_UPDATE_ALL &
							   ~one[i].bit, &p, 1), -EINVAL);
		p = one[i].p;
		assert_int_equal(wattle_sched_update_check(&wd->s, one[i].bit, &p, 1), 0);
		wattle_sched_queue_update(q, one[i].bit, &p, wd->now);
	}
	want.class = 3;
	want.weight = 7;
	want.flags = 1;
	want.event_mask = 2;
	want.max_slowdown_pm = 50;
	want.max_inflight = 9;
	want.max_delay_us = 4;
	want.energy_budget_uj = 5;
	want.lease_ns = 2 * MS;
	assert_memory_equal(&q->params, &want, sizeof(want));
	memset(&p, 0, sizeof(p));
	assert_int_equal(wattle_sched_update_check(&wd->s, 0x200, &p, 1), -EINVAL);
}

static void test_batch_check(void **state)
{
	struct wattle_batch in = { .work_kcycles = (1ULL << 43) - 1,
				   .stall_us = (1ULL << 32) - 1, .deadline_ns = ~0ULL };

	(void)state;
	assert_int_equal(wattle_sched_batch_check(&in), 0);
	in.work_kcycles++;
	assert_int_equal(wattle_sched_batch_check(&in), -EINVAL);
	in.work_kcycles = 0;
	in.stall_us++;
	assert_int_equal(wattle_sched_batch_check(&in), -EINVAL);
	in.stall_us = 0;
	in.flags = 1;
	assert_int_equal(wattle_sched_batch_check(&in), -EINVAL);
}

static void test_worker_death(void **state)
{
	struct wattle_queue_params p = { .event_mask = WATTLE_EVENTS_ALL };
	struct wattle_sched_queue *q = world_queue(c, &p);
	struct wattle_sched_worker *v = world_worker(c, 0), *w = world_worker(c, 1);
	struct wattle_sched_worker *x = world_worker(c, 2);

	(void)state;
	/* Waiting: nothing is lost, nobody is woken into a corpse. */
	assert_int_equal(world_next(wd, v, 0), 0);
	world_worker_exit(wd, v);
	world_submit(wd, q, 1, 5 * MS);
	assert_int_equal(wd->nr_wake, 0);
	/* Assigned, not yet delivered: the batch goes to somebody else. */
	assert_int_equal(wattle_sched_next(w, 0, 0, wd->now), 1);
	assert_int_equal(world_next(wd, x, 1), 0);
	world_worker_exit(wd, w);
	assert_int_equal(x->state, WATTLE_WORKER_GRANTED);
	assert_int_equal(q->stats.requeued, 1);
	assert_int_equal(q->stats.aborted, 0);
	/* Delivered: it may have run, so it is lost. */
	assert_int_equal(wattle_sched_unpark(x, wd->now), 1);
	wattle_sched_delivered(x);
	world_advance(wd, MS);
	world_worker_exit(wd, x);
	assert_int_equal(q->stats.aborted, 1);
	assert_int_equal(q->stats.missed, 1);
	assert_int_equal(q->stats.run_ns, MS);
	assert_int_equal(wd->nr_event, 1);
	assert_int_equal(wd->event[0].type, WATTLE_EVENT_ABORTED);
	assert_int_equal(c->nr_workers, 0);
}

/* The dead worker's CPU goes to who waits for it. */
static void test_death_frees_cpu(void **state)
{
	struct wattle_sched_queue *q = world_queue(c, NULL);
	struct wattle_sched_worker *v = world_worker(c, 0), *w = world_worker(c, 1);

	(void)state;
	wattle_sched_set_mode(&wd->s, WATTLE_MODE_ENFORCE, wd->now);
	world_submit(wd, q, 1, 0);
	world_submit(wd, q, 2, 0);
	assert_int_equal(world_next(wd, v, 0), 1);
	assert_int_equal(world_next(wd, w, 0), 0);
	world_worker_exit(wd, v);
	assert_int_equal(w->state, WATTLE_WORKER_GRANTED);
}

static void test_client_exit(void **state)
{
	struct wattle_sched_client *d = world_client(wd, &user);
	struct wattle_sched_queue *q = world_queue(d, NULL), *mine = world_queue(c, NULL);
	struct wattle_sched_worker *v = world_worker(d, 0), *u = world_worker(d, 1);
	struct wattle_sched_worker *w = world_worker(c, 0);
	struct wattle_batch later = { .release_ns = wd->now + SEC };
	struct wattle_queue_stats st;
	struct wattle_verdict vd;
	int i;

	(void)state;
	wattle_sched_set_mode(&wd->s, WATTLE_MODE_ENFORCE, wd->now);
	for (i = 0; i < 10; i++)
		world_submit(wd, q, i, i % 2 ? 100 * MS : 0);
	assert_int_equal(world_submit_full(wd, q, &later, &vd, NULL), 0);
	world_submit(wd, mine, 99, 0);
	assert_int_equal(world_next(wd, v, 0), 1);
	assert_int_equal(wattle_sched_next(u, 0, 1, wd->now), 1);	/* not delivered */
	assert_int_equal(world_next(wd, w, 0), 0);
	wattle_sched_client_exit(d, wd->now);
	assert_int_equal(wd->live_queues, 1);
	assert_int_equal(wd->live_batches, 1);
	assert_int_equal(wd->s.delayed.count, 0);
	wattle_sched_totals(&wd->s, &st, wd->now);
	assert_int_equal(st.submitted, 12);
	assert_int_equal(st.aborted, 1);
	assert_int_equal(st.cancelled, 10);
	assert_int_equal(w->state, WATTLE_WORKER_GRANTED);
	free(v);
	free(u);
	free(d);
}

static void test_destroy_wakes_filtered(void **state)
{
	struct wattle_sched_queue *p = world_queue(c, NULL), *q = world_queue(c, NULL);
	struct wattle_sched_worker *v = world_worker(c, 0), *w = world_worker(c, 1);

	(void)state;
	assert_int_equal(wattle_sched_next(v, q->id, 0, wd->now), 0);
	assert_int_equal(world_next(wd, w, 1), 0);
	wattle_sched_queue_destroy(q, wd->now);
	assert_int_equal(wd->nr_wake, 1);
	assert_ptr_equal(wd->wake[0].w, v);
	assert_int_equal(wd->wake[0].err, -ENOENT);
	assert_int_equal(wattle_sched_unpark(v, wd->now), -ENOENT);
	assert_int_equal(wattle_sched_unpark(v, wd->now), 0);	/* said once */
	world_submit(wd, p, 1, 0);
	assert_int_equal(w->state, WATTLE_WORKER_GRANTED);
}

/* A destroyed queue's grants run on and complete. */
static void test_destroy_while_granted(void **state)
{
	struct wattle_sched_queue *q = world_queue(c, NULL);
	struct wattle_sched_worker *v = world_worker(c, 0);
	struct wattle_queue_stats st;

	(void)state;
	world_submit(wd, q, 1, 0);
	world_submit(wd, q, 2, 0);
	assert_int_equal(world_next(wd, v, 0), 1);
	assert_int_equal(wattle_sched_queue_destroy(q, wd->now), 1);
	assert_int_equal(wd->live_queues, 1);
	assert_int_equal(c->nr_queues, 0);
	world_advance(wd, MS);
	assert_int_equal(world_complete(wd, v), 0);
	assert_int_equal(wd->live_queues, 0);
	wattle_sched_totals(&wd->s, &st, wd->now);
	assert_int_equal(st.completed, 1);
	assert_int_equal(st.cancelled, 1);
	assert_int_equal(st.run_ns, MS);
}

static void test_drain(void **state)
{
	struct wattle_sched_queue *p = world_queue(c, NULL), *q = world_queue(c, NULL);
	struct wattle_sched_worker *v = world_worker(c, 0), *w = world_worker(c, 1);
	struct wattle_sched_worker *x = world_worker(c, 2);
	struct wattle_batch later = { .user_data = 5, .release_ns = wd->now + SEC };
	struct wattle_verdict vd;

	(void)state;
	assert_int_equal(world_submit_full(wd, p, &later, &vd, NULL), 0);
	assert_int_equal(wattle_sched_next(v, q->id, 0, wd->now), 0);
	assert_int_equal(world_next(wd, w, 1), 0);
	assert_int_equal(world_next(wd, x, 2), 0);
	wattle_sched_drain(&wd->s, wd->now);
	/* q will never have anything again; of p something is left, for one of two. */
	assert_int_equal(wd->nr_wake, 1);
	assert_int_equal(wattle_sched_unpark(v, wd->now), -ESHUTDOWN);
	assert_int_equal(wattle_sched_next(v, q->id, 0, wd->now), -ESHUTDOWN);
	world_advance(wd, SEC);
	assert_int_equal(x->state, WATTLE_WORKER_GRANTED);
	assert_int_equal(wattle_sched_unpark(x, wd->now), 1);
	assert_int_equal(wattle_sched_unpark(w, wd->now), -ESHUTDOWN);
	assert_int_equal(world_next(wd, w, 1), -ESHUTDOWN);
	assert_int_equal(world_complete(wd, x), 0);
	assert_int_equal(world_next(wd, x, 2), -ESHUTDOWN);
}

/* Near the ends of the clock and of the counters nothing goes round. */
static void test_overflow(void **state)
{
	struct wattle_queue_params light = { .weight = 1 };
	struct wattle_sched_queue *q = world_queue(c, &light);
	struct wattle_sched_worker *v = world_worker(c, 0);
	struct wattle_batch in = { .work_kcycles = (1ULL << 43) - 1,
				   .stall_us = (1ULL << 32) - 1, .deadline_ns = ~0ULL,
				   .release_ns = ~0ULL };
	struct wattle_verdict vd;
	__u64 id;

	(void)state;
	assert_int_equal(world_submit_full(wd, q, &in, &vd, NULL), 0);
	assert_int_equal(vd.status, WATTLE_VERDICT_BEST_EFFORT);
	id = vd.batch;
	wattle_sched_set_supply(&wd->s, 1, 1);
	assert_int_equal(world_submit_full(wd, q, &in, &vd, NULL), 0);
	assert_int_equal(wattle_sched_cancel(q, id, wd->now), 0);
	assert_int_equal(wattle_sched_cancel(q, vd.batch, wd->now), 0);
	q->stats.run_ns = ~0ULL - 5;
	q->stats.wait_ns = ~0ULL - 5;
	q->vtime = ~0ULL - 5;
	world_submit(wd, q, 1, 0);
	wd->now = ~0ULL - 20 * SEC;	/* 584 years up */
	assert_int_equal(world_next(wd, v, 0), 1);
	assert_int_equal(q->stats.wait_ns, ~0ULL);
	wd->now = ~0ULL - 15 * SEC;
	assert_int_equal(world_complete(wd, v), 0);
	assert_int_equal(q->stats.run_ns, ~0ULL);
	assert_int_equal(q->vtime, ~0ULL);
	world_submit(wd, q, 2, 0);
	wd->now = ~0ULL - 5;
	assert_int_equal(world_next(wd, v, 0), 1);
	assert_int_equal(v->lease_ns, ~0ULL);
	wattle_sched_tick(&wd->s, ~0ULL - 5);
	assert_int_equal(v->state, WATTLE_WORKER_GRANTED);
	q->stats.wait_ns = 0;
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(test_client_limits), T(test_queue_limits), T(test_queue_ids_come_round),
		T(test_batch_limits), T(test_worker_limits), T(test_closed_queue),
		T(test_dead_queue_counts), T(test_params),
		T(test_update_mask), T(test_batch_check), T(test_worker_death),
		T(test_death_frees_cpu), T(test_client_exit), T(test_destroy_wakes_filtered),
		T(test_destroy_while_granted), T(test_drain), T(test_overflow),
	};

	return cmocka_run_group_tests_name("core life", tests, NULL, NULL);
}
