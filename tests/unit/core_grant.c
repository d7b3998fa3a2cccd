// SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause
/* Grants: tokens, completion, undo, unparking, events, migration. */
#include "core_world.h"

static struct world *wd;
static struct wattle_sched_user user;
static struct wattle_sched_client *c;
static struct wattle_sched_queue *q;
static struct wattle_sched_worker *v, *w;

static int setup(void **state)
{
	struct wattle_queue_params p = { .event_mask = WATTLE_EVENTS_ALL };

	(void)state;
	wd = world_new();
	memset(&user, 0, sizeof(user));
	c = world_client(wd, &user);
	q = world_queue(c, &p);
	v = world_worker(c, 0);
	w = world_worker(c, 1);
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

static void test_tokens(void **state)
{
	__u64 seen[64];
	int i, j;

	(void)state;
	for (i = 0; i < 64; i++) {
		world_submit(wd, q, i, 0);
		/* A slot that changes hands must not repeat a token. */
		if (i % 8 == 7) {
			world_worker_exit(wd, v);
			v = world_worker(c, 0);
		}
		assert_int_equal(world_next(wd, v, 0), 1);
		assert_int_not_equal(v->token, 0);
		assert_int_equal(v->token & 0xffff, v->slot + 1);
		seen[i] = v->token;
		for (j = 0; j < i; j++)
			assert_int_not_equal(seen[i], seen[j]);
		assert_int_equal(world_complete(wd, v), 0);
	}
}

static void test_complete_errors(void **state)
{
	__u64 t1, t2;

	(void)state;
	world_submit(wd, q, 1, 0);
	world_submit(wd, q, 2, 0);
	assert_int_equal(wattle_sched_complete(v, 0, 0, 0, wd->now), -EINVAL);
	assert_int_equal(wattle_sched_complete(v, 12345, 0, 0, wd->now), -ESTALE);
	assert_int_equal(world_next(wd, v, 0), 1);
	assert_int_equal(world_next(wd, w, 1), 1);
	t1 = v->token;
	t2 = w->token;
	assert_int_equal(wattle_sched_complete(v, t1, 2, 0, wd->now), -EINVAL);
	assert_int_equal(wattle_sched_complete(v, t2, 0, 0, wd->now), -EACCES);
	assert_int_equal(wattle_sched_complete(v, t1 + (1ULL << 40), 0, 0, wd->now), -ESTALE);
	assert_int_equal(wattle_sched_complete(v, t1, WATTLE_STATUS_FAILED, 0, wd->now), 0);
	assert_int_equal(wattle_sched_complete(v, t1, 0, 0, wd->now), -EALREADY);
	assert_int_equal(wattle_sched_complete(w, t1, 0, 0, wd->now), -EACCES);
	assert_int_equal(wattle_sched_complete(w, t2, 0, 1, wd->now), 0);
	assert_int_equal(q->stats.completed, 2);
	assert_int_equal(q->stats.failed, 1);
}

/* NEXT repeated with the same prev_token completes nothing twice. */
static void test_turn_is_idempotent(void **state)
{
	__u64 t;
	__s32 prev = 99;

	(void)state;
	world_submit(wd, q, 1, 0);
	assert_int_equal(world_next(wd, v, 0), 1);
	t = v->token;
	assert_int_equal(wattle_sched_turn(v, t, 0, &prev, 0, 0, 0, wd->now), 0);
	assert_int_equal(prev, 0);
	assert_int_equal(q->stats.completed, 1);
	assert_int_equal(wattle_sched_unpark(v, wd->now), 0);	/* as after a signal */
	assert_int_equal(wattle_sched_turn(v, t, 0, &prev, 0, 0, 0, wd->now), 0);
	assert_int_equal(prev, 0);
	assert_int_equal(wattle_sched_unpark(v, wd->now), 0);
	world_submit(wd, q, 2, 0);
	assert_int_equal(wattle_sched_turn(v, t, 0, &prev, 0, 0, 0, wd->now), 1);
	assert_int_equal(q->stats.completed, 1);
	/* Holding a grant that prev_token does not name. */
	assert_int_equal(wattle_sched_turn(v, t, 0, &prev, 0, 0, 0, wd->now), -EBUSY);
	assert_int_equal(wattle_sched_turn(v, 0, 0, &prev, 0, 0, 0, wd->now), -EBUSY);
	assert_int_equal(wattle_sched_next(v, 0, 0, wd->now), -EBUSY);
	/* Other people's, made up, and a bad status: no question asked. */
	assert_int_equal(wattle_sched_turn(w, v->token, 0, &prev, 0, 1, 1, wd->now), -EACCES);
	assert_int_equal(wattle_sched_turn(w, 4711, 0, &prev, 0, 1, 1, wd->now), -ESTALE);
	assert_int_equal(wattle_sched_turn(w, 0, 2, &prev, 0, 1, 1, wd->now), -EINVAL);
	assert_int_equal(w->state, WATTLE_WORKER_OUT);
}

/* A grant assigned while the waiter was being interrupted stands. */
static void test_grant_beats_signal(void **state)
{
	(void)state;
	assert_int_equal(world_next(wd, v, 0), 0);
	world_submit(wd, q, 1, 0);
	assert_int_equal(wattle_sched_unpark(v, wd->now), 1);
	assert_int_equal(v->batch->in.user_data, 1);
	assert_int_equal(world_complete(wd, v), 0);
	/* And one that had not been is not: the next batch finds nobody waiting. */
	assert_int_equal(world_next(wd, v, 0), 0);
	assert_int_equal(wattle_sched_unpark(v, wd->now), 0);
	world_submit(wd, q, 2, 0);
	assert_int_equal(v->state, WATTLE_WORKER_OUT);
	assert_int_equal(q->stats.queued, 1);
}

static void test_undo(void **state)
{
	__u64 waits = 0;
	int i;

	(void)state;
	world_submit(wd, q, 1, 10 * MS);
	world_submit(wd, q, 2, 10 * MS);
	world_submit(wd, q, 3, 20 * MS);
	world_advance(wd, 3 * MS);
	assert_int_equal(world_next(wd, v, 0), 1);
	assert_int_equal(q->stats.wait_ns, 3 * MS);
	world_advance(wd, MS);
	wattle_sched_undo(v, wd->now);
	assert_int_equal(v->state, WATTLE_WORKER_OUT);
	assert_int_equal(v->token, 0);
	assert_int_equal(q->stats.requeued, 1);
	assert_int_equal(q->stats.wait_ns, 0);
	assert_int_equal(q->stats.granted, 0);
	assert_int_equal(q->stats.queued, 3);
	world_check(wd);
	/* At its old place: before its equal, which came later. */
	assert_int_equal(world_turn(wd, w, 1), 1);
	assert_int_equal(q->stats.wait_ns, 4 * MS);
	assert_int_equal(world_turn(wd, w, 1), 2);
	assert_int_equal(world_turn(wd, w, 1), 3);
	for (i = 0; i < WATTLE_HIST_SLOTS; i++)
		waits += q->stats.wait_hist[i];
	assert_int_equal(waits, 3);
	assert_int_equal(world_complete(wd, w), 0);
	/* Nothing to undo is nothing done. */
	wattle_sched_undo(w, wd->now);
	assert_int_equal(q->stats.requeued, 1);
}

/* What goes back is offered to those that wait, and to its own CPU's waiters first. */
static void test_undo_wakes(void **state)
{
	(void)state;
	wattle_sched_set_mode(&wd->s, WATTLE_MODE_ENFORCE, wd->now);
	world_submit(wd, q, 1, 0);
	assert_int_equal(world_next(wd, v, 0), 1);
	assert_int_equal(world_next(wd, w, 0), 0);
	wattle_sched_undo(v, wd->now);
	assert_int_equal(w->state, WATTLE_WORKER_GRANTED);
	assert_int_equal(w->batch->in.user_data, 1);
	assert_int_equal(wattle_sched_unpark(w, wd->now), 1);
	wattle_sched_undo(w, wd->now);
	assert_int_equal(world_next(wd, v, 3), 1);
	assert_int_equal(q->stats.requeued, 2);
}

/* The queue went while the grant was on its way: the batch has nowhere to go back to. */
static void test_undo_into_dead_queue(void **state)
{
	struct wattle_queue_stats st;

	(void)state;
	world_submit(wd, q, 1, 0);
	assert_int_equal(world_next(wd, v, 0), 1);
	assert_int_equal(wattle_sched_queue_destroy(q, wd->now), 0);
	assert_int_equal(wd->live_queues, 1);
	wattle_sched_undo(v, wd->now);
	assert_int_equal(wd->live_queues, 0);
	wattle_sched_totals(&wd->s, &st, wd->now);
	assert_int_equal(st.cancelled, 1);
	assert_int_equal(st.requeued, 1);
}

static void test_late_and_missed(void **state)
{
	(void)state;
	world_submit(wd, q, 1, 10 * MS);
	world_submit(wd, q, 2, 15 * MS);
	world_submit(wd, q, 3, 0);
	assert_int_equal(world_turn(wd, v, 0), 1);
	world_advance(wd, 10 * MS);		/* at the deadline is in time */
	assert_int_equal(world_turn(wd, v, 0), 2);
	world_advance(wd, 5 * MS + 1);		/* a nanosecond after is not */
	assert_int_equal(world_turn(wd, v, 0), 3);
	world_advance(wd, SEC);
	assert_int_equal(world_turn(wd, v, 0), 0);
	assert_int_equal(q->stats.late, 1);
	assert_int_equal(q->stats.missed, 1);
	assert_int_equal(wd->nr_event, 3);
	assert_int_equal(wd->event[0].type, WATTLE_EVENT_DONE);
	assert_int_equal(wd->event[0].run_ns, 10 * MS);
	assert_int_equal(wd->event[1].type, WATTLE_EVENT_LATE);
	assert_int_equal(wd->event[1].user_data, 2);
	assert_int_equal(wd->event[2].type, WATTLE_EVENT_DONE);
}

static void test_migrated(void **state)
{
	(void)state;
	world_submit(wd, q, 1, 0);
	world_submit(wd, q, 2, 0);
	assert_int_equal(world_next(wd, v, 2), 1);
	assert_int_equal(wattle_sched_complete(v, v->token, 0, 3, wd->now), 0);
	assert_int_equal(q->stats.migrated, 1);
	assert_int_equal(wd->nr_event, 2);
	assert_int_equal(wd->event[1].type, WATTLE_EVENT_MIGRATED);
	assert_int_equal(wd->event[1].cpu, 3);
	/* A thread that is not pinned migrates as it likes. */
	assert_int_equal(world_next(wd, v, WATTLE_CPU_ANY), 1);
	assert_int_equal(wattle_sched_complete(v, v->token, 0, 3, wd->now), 0);
	assert_int_equal(q->stats.migrated, 1);
}

static void test_event_mask(void **state)
{
	struct wattle_queue_params p = { .event_mask = WATTLE_EVENT_BIT(WATTLE_EVENT_CANCELLED) };
	struct wattle_sched_queue *r = world_queue(c, &p);
	__u64 id;

	(void)state;
	world_submit(wd, r, 1, 0);
	assert_int_equal(world_turn(wd, v, 0), 1);
	assert_int_equal(world_turn(wd, v, 0), 0);
	assert_int_equal(wd->nr_event, 0);
	wattle_sched_unpark(v, wd->now);
	id = world_submit(wd, r, 2, 0);
	assert_int_equal(wattle_sched_cancel(r, id, wd->now), 0);
	assert_int_equal(wd->nr_event, 1);
	assert_int_equal(wd->event[0].type, WATTLE_EVENT_CANCELLED);
	assert_int_equal(wd->event[0].batch, id);
	assert_int_equal(wd->event[0].queue, r->id);
	assert_int_equal(wd->event[0].cpu, WATTLE_CPU_ANY);
}

static void test_cancel(void **state)
{
	struct wattle_sched_queue *r = world_queue(c, NULL);
	struct wattle_batch in = { .release_ns = wd->now + SEC, .work_kcycles = 5,
				   .deadline_ns = wd->now + 100 * SEC };
	struct wattle_verdict vd;
	__u64 id, ids[200];
	int i;

	(void)state;
	id = world_submit(wd, q, 1, 0);
	assert_int_equal(wattle_sched_cancel(r, id, wd->now), -ENOENT);
	assert_int_equal(wattle_sched_cancel(q, id + 1, wd->now), -ENOENT);
	assert_int_equal(world_next(wd, v, 0), 1);
	assert_int_equal(wattle_sched_cancel(q, id, wd->now), -EBUSY);
	assert_int_equal(world_complete(wd, v), 0);
	assert_int_equal(wattle_sched_cancel(q, id, wd->now), -ENOENT);
	for (i = 0; i < 200; i++) {
		if (i % 3) {
			ids[i] = world_submit(wd, q, i, 0);
		} else {
			assert_int_equal(world_submit_full(wd, q, &in, &vd, NULL), 0);
			ids[i] = vd.batch;
		}
	}
	for (i = 0; i < 200; i += 2)
		assert_int_equal(wattle_sched_cancel(q, ids[i], wd->now), 0);
	assert_int_equal(wattle_sched_cancel(q, ids[0], wd->now), -ENOENT);
	assert_int_equal(wattle_sched_cancel_all(q, wd->now), 100);
	assert_int_equal(wattle_sched_cancel_all(q, wd->now), 0);
	assert_int_equal(q->stats.cancelled, 200);
	assert_int_equal(wd->s.delayed.count, 0);
}

/* Slot k counts [2^k, 2^(k+1)) us, the last everything above. */
static void test_histogram(void **state)
{
	static const struct { __u64 ns; int slot; } t[] = {
		{ 0, 0 }, { 999, 0 }, { 1999, 0 }, { 2000, 1 }, { 3999, 1 }, { 4000, 2 },
		{ 1023999, 9 }, { 1024000, 10 }, { SEC, 19 },
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		__u64 before = q->stats.run_hist[t[i].slot];

		world_submit(wd, q, 1, 0);
		assert_int_equal(world_next(wd, v, 0), 1);
		world_advance(wd, t[i].ns);
		assert_int_equal(world_complete(wd, v), 0);
		assert_int_equal(q->stats.run_hist[t[i].slot], before + 1);
	}
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(test_tokens), T(test_complete_errors), T(test_turn_is_idempotent),
		T(test_grant_beats_signal), T(test_undo), T(test_undo_wakes),
		T(test_undo_into_dead_queue), T(test_late_and_missed), T(test_migrated),
		T(test_event_mask), T(test_cancel), T(test_histogram),
	};

	return cmocka_run_group_tests_name("core grant", tests, NULL, NULL);
}
