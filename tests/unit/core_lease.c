// SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause
/* Leases: the lazy timer, expiry, occupied CPUs, overrun. */
#include "core/lease.h"
#include "core_world.h"

static struct world *wd;
static struct wattle_sched_user user;
static struct wattle_sched_client *c;
static struct wattle_sched_queue *q;
static struct wattle_sched_worker *v, *w;

static int setup(void **state)
{
	struct wattle_queue_params p = { .event_mask = WATTLE_EVENTS_ALL, .lease_ns = 10 * MS };

	(void)state;
	wd = world_new();
	memset(&user, 0, sizeof(user));
	c = world_client(wd, &user);
	q = world_queue(c, &p);
	v = world_worker(c, 0);
	w = world_worker(c, 1);
	wattle_sched_set_mode(&wd->s, WATTLE_MODE_ENFORCE, wd->now);
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

/* v has a grant on CPU 0, and w waits for that CPU with a batch that it could run. */
static void one_runs_one_waits(void)
{
	world_submit(wd, q, 1, 0);
	world_submit(wd, q, 2, 0);
	assert_int_equal(world_next(wd, v, 0), 1);
	assert_int_equal(world_next(wd, w, 0), 0);
}

static void test_arithmetic(void **state)
{
	(void)state;
	assert_int_equal(wattle_lease_end(5, 7), 12);
	assert_int_equal(wattle_lease_end(~0ULL - 1, 7), ~0ULL);
	assert_true(wattle_lease_over(12, 12));
	assert_false(wattle_lease_over(12, 11));
	assert_false(wattle_lease_over(~0ULL, ~0ULL));	/* beyond the clock: never */
	assert_true(wattle_lease_must_arm(0, 5));
	assert_true(wattle_lease_must_arm(6, 5));
	assert_false(wattle_lease_must_arm(5, 5));
	assert_false(wattle_lease_must_arm(5, 6));
	assert_false(wattle_lease_must_arm(0, ~0ULL));
	/* Rest of a known need; of the lease when that is used up or unknown. */
	assert_int_equal(wattle_lease_remaining(100, 200, 30, 110), 20);
	assert_int_equal(wattle_lease_remaining(100, 200, 30, 130), 70);
	assert_int_equal(wattle_lease_remaining(100, 200, 0, 110), 90);
	assert_int_equal(wattle_lease_remaining(100, 200, 500, 110), 90);
	assert_int_equal(wattle_lease_remaining(100, 200, 30, 300), 0);
}

/* A thousand grants within one lease arm the timer once; one per lease after that. */
static void test_lazy_timer(void **state)
{
	int i;

	(void)state;
	for (i = 0; i < 1002; i++)
		world_submit(wd, q, 1, 0);
	for (i = 0; i < 1001; i++) {
		assert_int_equal(world_turn(wd, v, 0), 1);
		world_advance(wd, 1000);
	}
	assert_int_equal(wd->nr_timer, 1);
	world_advance(wd, 9 * MS - 1001 * 1000 % MS);
	assert_in_range(wd->nr_timer, 1, 2);
	assert_int_equal(world_turn(wd, v, 0), 1);
	world_advance(wd, 5 * MS);
	assert_int_equal(world_turn(wd, v, 0), 0);
	assert_int_equal(q->stats.lease_expired, 0);
	/* It fires once more for nobody and then rests. */
	world_advance(wd, SEC);
	assert_int_equal(wd->timer_at, 0);
	assert_int_equal(wd->s.timer_ns, 0);
	assert_in_range(wd->nr_timer, 2, 3);
}

/* A shorter lease than the one armed for must be seen in time. */
static void test_earlier_lease_rearms(void **state)
{
	struct wattle_queue_params p = { .lease_ns = MS };
	struct wattle_sched_queue *s = world_queue(c, &p);

	(void)state;
	world_submit(wd, q, 1, 0);
	assert_int_equal(world_next(wd, v, 0), 1);
	world_submit(wd, s, 2, 0);
	assert_int_equal(world_next(wd, w, 1), 1);
	assert_int_equal(wd->timer_at, wd->now + MS);
	world_advance(wd, MS);
	assert_int_equal(w->state, WATTLE_WORKER_EXPIRED);
	assert_int_equal(v->state, WATTLE_WORKER_GRANTED);
	assert_int_equal(wd->timer_at, wd->now + 9 * MS);
	world_advance(wd, 9 * MS);
	assert_int_equal(v->state, WATTLE_WORKER_EXPIRED);
}

static void test_expiry(void **state)
{
	__u64 token;

	(void)state;
	world_submit(wd, q, 1, 50 * MS);
	assert_int_equal(world_next(wd, v, 0), 1);
	token = v->token;
	assert_int_equal(v->lease_ns, wd->now + 10 * MS);
	world_advance(wd, 10 * MS - 1);
	assert_int_equal(v->state, WATTLE_WORKER_GRANTED);
	world_advance(wd, 1);
	assert_int_equal(v->state, WATTLE_WORKER_EXPIRED);
	assert_int_equal(q->stats.aborted, 1);
	assert_int_equal(q->stats.lease_expired, 1);
	assert_int_equal(q->stats.missed, 1);
	assert_int_equal(q->stats.run_ns, 10 * MS);
	assert_int_equal(wd->nr_event, 1);
	assert_int_equal(wd->event[0].type, WATTLE_EVENT_REVOKED);
	assert_int_equal(wd->event[0].run_ns, 10 * MS);
	assert_int_equal(wd->traced[WATTLE_TRACE_LEASE_EXPIRED], 1);
	assert_int_equal(wd->live_batches, 0);
	/* The late COMPLETE is told so, once and again, and is charged once. */
	world_advance(wd, 5 * MS);
	assert_int_equal(wattle_sched_complete(v, token, 0, 0, wd->now), -ESTALE);
	assert_int_equal(q->stats.run_ns, 15 * MS);
	world_advance(wd, 5 * MS);
	assert_int_equal(wattle_sched_complete(v, token, 0, 0, wd->now), -ESTALE);
	assert_int_equal(q->stats.run_ns, 15 * MS);
	assert_int_equal(q->stats.completed, 0);
	/* Another thread's look at that token. */
	assert_int_equal(wattle_sched_complete(w, token, 0, 0, wd->now), -EACCES);
}

/* NEXT with the expired token: told so, and given the next. */
static void test_turn_after_expiry(void **state)
{
	__u64 token;
	__s32 prev;

	(void)state;
	world_submit(wd, q, 1, 0);
	world_submit(wd, q, 2, 0);
	assert_int_equal(world_next(wd, v, 0), 1);
	token = v->token;
	world_advance(wd, 12 * MS);
	assert_int_equal(wattle_sched_turn(v, token, 0, &prev, 0, 0, 0, wd->now), 1);
	assert_int_equal(prev, -ESTALE);
	assert_int_equal(v->batch->in.user_data, 2);
	assert_int_equal(q->stats.run_ns, 12 * MS);
	assert_int_equal(q->stats.aborted, 1);
	/* And so when it does not name it. */
	wattle_sched_delivered(v);
	world_advance(wd, 12 * MS);
	world_submit(wd, q, 3, 0);
	assert_int_equal(wattle_sched_turn(v, 0, 0, &prev, 0, 0, 0, wd->now), 1);
	assert_int_equal(prev, 0);
	assert_int_equal(v->batch->in.user_data, 3);
}

/* An expired grant still occupies its CPU: a neighbour must not pay for it. */
static void test_cpu_stays_occupied(void **state)
{
	__u64 token;

	(void)state;
	world_submit(wd, q, 1, 0);
	world_submit(wd, q, 2, 0);
	assert_int_equal(world_next(wd, v, 0), 1);
	token = v->token;
	assert_int_equal(world_next(wd, w, 0), 0);
	world_advance(wd, SEC);
	assert_int_equal(v->state, WATTLE_WORKER_EXPIRED);
	assert_int_equal(w->state, WATTLE_WORKER_PARKED);
	/* Seen where it is: still there. A wrong token: not a call about it. */
	wattle_sched_seen(v, 0, wd->now);
	assert_int_equal(wattle_sched_complete(v, token + (1ULL << 32), 0, 0, wd->now), -ESTALE);
	assert_int_equal(w->state, WATTLE_WORKER_PARKED);
	assert_int_equal(wattle_sched_complete(v, token, 0, 0, wd->now), -ESTALE);
	assert_int_equal(w->state, WATTLE_WORKER_GRANTED);
	assert_int_equal(wattle_sched_unpark(w, wd->now), 1);
}

static void test_seen_elsewhere(void **state)
{
	(void)state;
	one_runs_one_waits();
	wattle_sched_seen(v, 1, wd->now);		/* a live grant is judged at COMPLETE */
	assert_int_equal(w->state, WATTLE_WORKER_PARKED);
	world_advance(wd, 15 * MS);
	wattle_sched_seen(v, 1, wd->now);
	assert_int_equal(w->state, WATTLE_WORKER_GRANTED);
	assert_int_equal(q->stats.run_ns, 15 * MS);
	wattle_sched_seen(v, 2, wd->now);
	/* It runs on, and that is charged when it calls in. */
	world_advance(wd, 5 * MS);
	assert_int_equal(wattle_sched_complete(v, v->expired_token, 0, 2, wd->now), -ESTALE);
	assert_int_equal(q->stats.run_ns, 20 * MS);
}

/* An overrun ends with its thread seen asleep: nothing more is charged, the CPU is free. */
static void test_seen_asleep(void **state)
{
	(void)state;
	one_runs_one_waits();
	world_advance(wd, 15 * MS);
	wattle_sched_seen(v, WATTLE_CPU_ANY, wd->now);
	assert_int_equal(w->state, WATTLE_WORKER_GRANTED);
	assert_int_equal(v->state, WATTLE_WORKER_OUT);
	assert_int_equal(wattle_sched_unpark(w, wd->now), 1);
	assert_int_equal(world_complete(wd, w), 0);
	world_advance(wd, SEC);
	assert_int_equal(wattle_sched_complete(v, v->expired_token, 0, 2, wd->now), -ESTALE);
	assert_int_equal(q->stats.run_ns, 15 * MS);
}

static void test_exit_after_expiry(void **state)
{
	(void)state;
	one_runs_one_waits();
	world_advance(wd, 15 * MS);
	world_worker_exit(wd, v);
	assert_int_equal(w->state, WATTLE_WORKER_GRANTED);
	assert_int_equal(q->stats.run_ns, 15 * MS);
	assert_int_equal(q->stats.aborted, 1);
	assert_int_equal(wd->event[0].type, WATTLE_EVENT_REVOKED);
	assert_int_equal(wd->nr_event, 1);
}

/* A queue is kept for the overrun of its last grant. */
static void test_overrun_on_dead_queue(void **state)
{
	struct wattle_queue_stats st;

	(void)state;
	world_submit(wd, q, 1, 0);
	assert_int_equal(world_next(wd, v, 0), 1);
	wattle_sched_queue_destroy(q, wd->now);
	world_advance(wd, 15 * MS);
	assert_int_equal(wd->live_queues, 1);
	assert_int_equal(wattle_sched_complete(v, v->expired_token, 0, 0, wd->now), -ESTALE);
	assert_int_equal(wd->live_queues, 0);
	wattle_sched_totals(&wd->s, &st, wd->now);
	assert_int_equal(st.run_ns, 15 * MS);
	assert_int_equal(st.lease_expired, 1);
}

/* A waiter that slept through the whole lease never began: the batch goes back. */
static void test_never_picked_up(void **state)
{
	(void)state;
	assert_int_equal(world_next(wd, v, 0), 0);
	world_submit(wd, q, 1, 0);
	assert_int_equal(v->state, WATTLE_WORKER_GRANTED);
	world_advance(wd, 20 * MS);
	assert_int_equal(q->stats.aborted, 0);
	assert_int_equal(q->stats.requeued, 1);
	assert_int_equal(q->stats.queued, 1);
	assert_int_equal(wattle_sched_unpark(v, wd->now), -EINTR);
	assert_int_equal(world_turn(wd, v, 0), 1);
	/* Picked up but not yet copied out: it may have begun, so it is aborted, not repeated. */
	world_submit(wd, q, 2, 0);
	assert_int_equal(wattle_sched_next(w, 0, 1, wd->now), 1);
	world_advance(wd, 10 * MS);
	assert_int_equal(w->state, WATTLE_WORKER_EXPIRED);
	assert_int_equal(q->stats.requeued, 1);
}

static void test_update_acts_from_next_grant(void **state)
{
	struct wattle_queue_params p = { .lease_ns = 3 * MS };

	(void)state;
	world_submit(wd, q, 1, 0);
	world_submit(wd, q, 2, 0);
	assert_int_equal(world_next(wd, v, 0), 1);
	assert_int_equal(wattle_sched_update_check(&wd->s, WATTLE_UPDATE_LEASE, &p, 0), 0);
	wattle_sched_queue_update(q, WATTLE_UPDATE_LEASE, &p, wd->now);
	assert_int_equal(v->lease_ns, wd->now + 10 * MS);
	assert_int_equal(world_next(wd, w, 1), 1);
	assert_int_equal(w->lease_ns, wd->now + 3 * MS);
}

/* Admission counts on the CPU of an expired grant being held on to. */
static void test_running_counts(void **state)
{
	struct wattle_batch in = { .work_kcycles = 1000, .deadline_ns = wd->now + 12 * MS };
	struct wattle_verdict vd;

	(void)state;
	wattle_sched_set_supply(&wd->s, 1, 1000000);
	world_submit(wd, q, 1, 0);
	assert_int_equal(world_next(wd, v, 0), 1);
	/* Of unknown length: its lease of 10 ms stands in the way, and 1 + 10 < 12. */
	assert_int_equal(wattle_sched_submit_dry(q, &in, &vd, wd->now), 0);
	assert_int_equal(vd.status, WATTLE_VERDICT_ADMITTED);
	in.deadline_ns = wd->now + 10 * MS;
	assert_int_equal(wattle_sched_submit_dry(q, &in, &vd, wd->now), 0);
	assert_int_equal(vd.status, WATTLE_VERDICT_BEST_EFFORT);
	world_advance(wd, 5 * MS);	/* half of the lease later there is room again */
	in.deadline_ns = wd->now + 10 * MS;
	assert_int_equal(wattle_sched_submit_dry(q, &in, &vd, wd->now), 0);
	assert_int_equal(vd.status, WATTLE_VERDICT_ADMITTED);
	world_advance(wd, 6 * MS);
	assert_int_equal(v->state, WATTLE_WORKER_EXPIRED);
	assert_int_equal(wattle_sched_submit_dry(q, &in, &vd, wd->now), 0);
	assert_int_equal(vd.status, WATTLE_VERDICT_BEST_EFFORT);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_arithmetic),
		T(test_lazy_timer), T(test_earlier_lease_rearms), T(test_expiry),
		T(test_turn_after_expiry), T(test_cpu_stays_occupied), T(test_seen_elsewhere),
		T(test_seen_asleep),
		T(test_exit_after_expiry), T(test_overrun_on_dead_queue),
		T(test_never_picked_up), T(test_update_acts_from_next_grant),
		T(test_running_counts),
	};

	return cmocka_run_group_tests_name("core lease", tests, NULL, NULL);
}
