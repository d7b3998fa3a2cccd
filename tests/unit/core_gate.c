// SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause
/* Modes, gating of CPUs over clients, waking of waiting workers. */
#include "core_world.h"

static struct world *wd;
static struct wattle_sched_user user;
static struct wattle_sched_client *a, *b;
static struct wattle_sched_queue *p, *q;

static int setup(void **state)
{
	(void)state;
	wd = world_new();
	memset(&user, 0, sizeof(user));
	a = world_client(wd, &user);
	b = world_client(wd, &user);
	p = world_queue(a, NULL);
	q = world_queue(b, NULL);
	wattle_sched_set_mode(&wd->s, WATTLE_MODE_ENFORCE, wd->now);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	world_check(wd);
	world_client_exit(wd, a);
	world_client_exit(wd, b);
	world_free(wd);
	return 0;
}

/* Work for one worker of a and two of b. */
static void submit_three(void)
{
	world_submit(wd, p, 1, 0);
	world_submit(wd, q, 2, 0);
	world_submit(wd, q, 3, 0);
}

static void test_one_grant_per_cpu(void **state)
{
	struct wattle_sched_worker *v = world_worker(a, 0), *w = world_worker(b, 0);
	struct wattle_sched_worker *x = world_worker(b, 1);

	(void)state;
	submit_three();
	assert_int_equal(world_next(wd, v, 2), 1);
	assert_int_equal(world_next(wd, w, 2), 0);
	assert_int_equal(world_next(wd, x, 3), 1);	/* another CPU is another matter */
	assert_int_equal(wd->nr_wake, 0);
	assert_int_equal(world_complete(wd, v), 0);
	assert_int_equal(wd->nr_wake, 1);
	assert_ptr_equal(wd->wake[0].w, w);
	assert_int_equal(w->state, WATTLE_WORKER_GRANTED);
	assert_int_equal(wattle_sched_unpark(w, wd->now), 1);
}

/* Work that does not say which CPU is nobody's neighbour. */
static void test_unpinned_not_gated(void **state)
{
	struct wattle_sched_worker *v = world_worker(a, 0), *w = world_worker(a, 1);
	struct wattle_sched_worker *x = world_worker(b, 0);

	(void)state;
	world_submit(wd, p, 1, 0);
	world_submit(wd, p, 2, 0);
	world_submit(wd, q, 3, 0);
	assert_int_equal(world_next(wd, v, WATTLE_CPU_ANY), 1);
	assert_int_equal(world_next(wd, w, WATTLE_CPU_ANY), 1);
	assert_int_equal(world_next(wd, x, 0), 1);
	/* A CPU that does not exist is not a pin. */
	assert_int_equal(world_complete(wd, v), 0);
	world_submit(wd, p, 4, 0);
	assert_int_equal(world_next(wd, v, WORLD_CPUS), 1);
	assert_int_equal(v->cpu, WATTLE_CPU_ANY);
}

static void test_unmanaged_not_gated(void **state)
{
	struct wattle_sched_worker *v = world_worker(a, 0), *w = world_worker(b, 0);
	struct wattle_sched_worker *x = world_worker(b, 1);

	(void)state;
	submit_three();
	assert_int_equal(world_next(wd, v, 1), 1);
	assert_int_equal(world_next(wd, w, 1), 0);
	assert_int_equal(world_next(wd, x, 1), 0);
	/* Taken away from wattle, the CPU lets everybody run. */
	wattle_sched_cpu_manage(&wd->s, 1, 0, wd->now);
	assert_int_equal(w->state, WATTLE_WORKER_GRANTED);
	assert_int_equal(x->state, WATTLE_WORKER_GRANTED);
	assert_int_equal(wd->nr_wake, 2);
	/* Given back with three grants on it, it is free only after the third. */
	wattle_sched_cpu_manage(&wd->s, 1, 1, wd->now);
	world_submit(wd, p, 4, 0);
	world_submit(wd, p, 5, 0);
	assert_int_equal(world_turn(wd, v, 1), 0);
	assert_int_equal(world_complete(wd, w), 0);
	assert_int_equal(v->state, WATTLE_WORKER_PARKED);
	assert_int_equal(world_complete(wd, x), 0);
	assert_int_equal(v->state, WATTLE_WORKER_GRANTED);
	wattle_sched_cpu_manage(&wd->s, WORLD_CPUS, 1, wd->now);	/* no such CPU: nothing */
}

/* The finishing worker competes with those that wait for its CPU. */
static void test_turn_competes(void **state)
{
	struct wattle_sched_worker *v = world_worker(a, 0), *w = world_worker(b, 0);

	(void)state;
	world_submit(wd, p, 1, 10 * MS);
	world_submit(wd, p, 2, 30 * MS);
	world_submit(wd, p, 4, 50 * MS);
	world_submit(wd, q, 3, 40 * MS);
	assert_int_equal(world_next(wd, v, 0), 1);
	assert_int_equal(world_next(wd, w, 0), 0);
	/* v's next is due earlier than w's: it keeps the CPU, nobody is woken. */
	assert_int_equal(world_turn(wd, v, 0), 2);
	assert_int_equal(wd->nr_wake, 0);
	/* Now w's is: w is woken, v waits in its turn. */
	assert_int_equal(world_turn(wd, v, 0), 0);
	assert_int_equal(wd->nr_wake, 1);
	assert_int_equal(w->batch->in.user_data, 3);
	assert_int_equal(world_turn(wd, w, 0), 0);
	assert_int_equal(v->batch->in.user_data, 4);
}

/* A worker that goes elsewhere, or asks for a queue that is not there, gives up its CPU. */
static void test_turn_leaves_cpu(void **state)
{
	struct wattle_sched_worker *v = world_worker(a, 0), *w = world_worker(b, 0);
	__s32 prev;

	(void)state;
	world_submit(wd, p, 1, 0);
	world_submit(wd, p, 2, 0);
	world_submit(wd, q, 3, 0);
	assert_int_equal(world_next(wd, v, 0), 1);
	assert_int_equal(world_next(wd, w, 0), 0);
	assert_int_equal(world_turn(wd, v, 1), 2);
	assert_int_equal(w->state, WATTLE_WORKER_GRANTED);
	world_submit(wd, p, 4, 0);
	world_submit(wd, q, 5, 0);
	assert_int_equal(world_turn(wd, w, 1), 0);
	assert_int_equal(wattle_sched_turn(v, v->token, 0, &prev, 4711, 1, 1, wd->now), -ENOENT);
	assert_int_equal(w->state, WATTLE_WORKER_GRANTED);
	assert_int_equal(w->batch->in.user_data, 5);
}

/* Over clients the best batch wins, not the longest wait. */
static void test_best_over_clients(void **state)
{
	struct wattle_queue_params lat = { .class = WATTLE_CLASS_LATENCY };
	struct wattle_sched_queue *l = world_queue(b, &lat);
	struct wattle_sched_worker *v = world_worker(a, 0), *w = world_worker(a, 1);
	struct wattle_sched_worker *x = world_worker(b, 0);

	(void)state;
	world_submit(wd, p, 1, 0);
	world_submit(wd, p, 2, MS);
	world_submit(wd, l, 3, 0);
	assert_int_equal(world_next(wd, v, 0), 1);
	assert_int_equal(world_next(wd, w, 0), 0);
	assert_int_equal(world_next(wd, x, 0), 0);
	assert_int_equal(world_complete(wd, v), 0);
	assert_int_equal(x->state, WATTLE_WORKER_GRANTED);
	assert_int_equal(w->state, WATTLE_WORKER_PARKED);
}

static int nr_contenders(__u32 cpu)
{
	struct wattle_list *n;
	int count = 0;

	for (n = wd->cpus[cpu].parked.next; n != &wd->cpus[cpu].parked; n = n->next)
		count++;
	return count;
}

/*
 * However many threads a client sends to a CPU, they count as one where it is
 * decided who gets it: they would take the same batch. One with a filter might not.
 */
static void test_crowd_counts_once(void **state)
{
	struct wattle_sched_worker *crowd[40], *x = world_worker(b, 0), *f = world_worker(a, 60);
	struct wattle_sched_worker *v = world_worker(b, 1);
	int i, of_a = 0;

	(void)state;
	world_submit(wd, q, 1, 0);
	assert_int_equal(world_next(wd, v, 0), 1);
	for (i = 0; i < 40; i++) {
		crowd[i] = world_worker(a, i);
		assert_int_equal(world_next(wd, crowd[i], 0), 0);
	}
	assert_int_equal(world_next(wd, x, 0), 0);
	assert_int_equal(wattle_sched_next(f, p->id, 0, wd->now), 0);
	assert_int_equal(nr_contenders(0), 3);
	/* Leaving in any order: the newest, one from the middle, the oldest. */
	assert_int_equal(wattle_sched_unpark(crowd[39], wd->now), 0);
	assert_int_equal(wattle_sched_unpark(crowd[20], wd->now), 0);
	assert_int_equal(wattle_sched_unpark(crowd[0], wd->now), 0);
	assert_int_equal(wattle_sched_unpark(f, wd->now), 0);
	assert_int_equal(nr_contenders(0), 2);
	/* Equal weights: 37 threads against one get half of the grants. */
	for (i = 0; i < 20; i++) {
		world_submit(wd, p, 100 + i, 0);
		world_submit(wd, q, 200 + i, 0);
	}
	for (i = 0; i < 20; i++) {
		struct wattle_sched_worker *w;

		w = wattle_list_first(&wd->s.running, struct wattle_sched_worker, run_link);
		world_advance(wd, MS);
		of_a += w->client == a;
		if (!w->taken)
			assert_int_equal(wattle_sched_unpark(w, wd->now), 1);
		assert_int_equal(world_turn(wd, w, 0), 0);
		assert_int_equal(wd->cpus[0].nr_busy, 1);
	}
	assert_in_range(of_a, 9, 11);
	/* Set free, all that there is work for run: 2 of b and 37 of a wait for 10 each. */
	wattle_sched_cpu_manage(&wd->s, 0, 0, wd->now);
	assert_in_range(wd->cpus[0].nr_busy, 12, 14);
}

static void test_one_wake_per_batch(void **state)
{
	struct wattle_sched_worker *w[6];
	int i;

	(void)state;
	for (i = 0; i < 6; i++) {
		w[i] = world_worker(a, i);
		assert_int_equal(world_next(wd, w[i], i), 0);
	}
	world_submit(wd, p, 1, 0);
	assert_int_equal(wd->nr_wake, 1);
	/* The one that has slept least. */
	assert_ptr_equal(wd->wake[0].w, w[5]);
	world_submit(wd, p, 2, 0);
	world_submit(wd, p, 3, 0);
	assert_int_equal(wd->nr_wake, 3);
	assert_ptr_equal(wd->wake[1].w, w[4]);
	assert_ptr_equal(wd->wake[2].w, w[3]);
	/* No spurious wake: another client's work wakes nobody here. */
	world_submit(wd, q, 4, 0);
	assert_int_equal(wd->nr_wake, 3);
}

/* The newest sleeper's CPU is taken: the wake-up must go past it, not be lost. */
static void test_wake_skips_busy_cpu(void **state)
{
	struct wattle_sched_worker *old = world_worker(a, 0), *new = world_worker(a, 1);
	struct wattle_sched_worker *x = world_worker(b, 0);

	(void)state;
	world_submit(wd, q, 1, 0);
	assert_int_equal(world_next(wd, x, 3), 1);
	assert_int_equal(world_next(wd, old, 2), 0);
	assert_int_equal(world_next(wd, new, 3), 0);
	world_submit(wd, p, 2, 0);
	assert_int_equal(old->state, WATTLE_WORKER_GRANTED);
	assert_int_equal(new->state, WATTLE_WORKER_PARKED);
}

static void test_off_lets_all_run(void **state)
{
	struct wattle_sched_worker *w[4];
	int i;

	(void)state;
	for (i = 0; i < 4; i++) {
		w[i] = world_worker(i & 1 ? b : a, i);
		world_submit(wd, i & 1 ? q : p, i + 1, 0);
	}
	assert_int_equal(world_next(wd, w[0], 0), 1);
	for (i = 1; i < 4; i++)
		assert_int_equal(world_next(wd, w[i], 0), 0);
	assert_int_equal(wattle_sched_set_mode(&wd->s, WATTLE_MODE_OFF, wd->now), 0);
	for (i = 1; i < 4; i++)
		assert_int_equal(w[i]->state, WATTLE_WORKER_GRANTED);
	assert_int_equal(wd->nr_wake, 3);
	/* Back to enforce: nothing is taken back; the CPU is free after the last of them. */
	assert_int_equal(wattle_sched_set_mode(&wd->s, WATTLE_MODE_ENFORCE, wd->now), 0);
	world_submit(wd, p, 9, 0);
	for (i = 0; i < 4; i++) {
		assert_int_equal(wd->cpus[0].nr_busy, 4 - i);
		assert_int_equal(world_complete(wd, w[i]), 0);
	}
	assert_int_equal(world_next(wd, w[0], 0), 1);
}

static void test_mode_values(void **state)
{
	(void)state;
	assert_int_equal(wattle_sched_set_mode(&wd->s, WATTLE_MODE_ADVISE, wd->now), 0);
	assert_int_equal(wattle_sched_set_mode(&wd->s, WATTLE_MODE_ENFORCE, wd->now), 0);
	assert_int_equal(wattle_sched_set_mode(&wd->s, 4, wd->now), -EINVAL);
	assert_int_equal(wd->s.mode, WATTLE_MODE_ENFORCE);
	assert_int_equal(wattle_sched_set_mode(&wd->s, WATTLE_MODE_OBSERVE, wd->now), 0);
}

/* 1 ms of work at 1 GHz in 0.5 ms: what each mode says about it. */
static void test_verdicts(void **state)
{
	struct wattle_queue_params strict = { .flags = WATTLE_QUEUE_STRICT,
					      .event_mask = WATTLE_EVENTS_ALL };
	struct wattle_sched_queue *s = world_queue(a, &strict);
	struct wattle_batch in = { .work_kcycles = 1000, .deadline_ns = wd->now + MS / 2 };
	struct wattle_batch past = { .user_data = 7, .deadline_ns = wd->now - 1 };
	struct wattle_verdict v;

	(void)state;
	assert_int_equal(world_submit_full(wd, p, &in, &v, NULL), 0);
	assert_int_equal(v.status, WATTLE_VERDICT_BEST_EFFORT);
	assert_int_equal(v.reason, WATTLE_REASON_INFEASIBLE);
	assert_in_range(v.earliest_ns, wd->now + MS, wd->now + MS + 4096);
	assert_int_equal(p->stats.would_refuse, 0);
	assert_int_equal(world_submit_full(wd, s, &in, &v, NULL), 0);
	assert_int_equal(v.status, WATTLE_VERDICT_REFUSED);
	assert_int_equal(v.batch, 0);
	assert_int_equal(s->stats.refused, 1);
	assert_int_equal(s->stats.missed, 1);
	assert_int_equal(wd->traced[WATTLE_TRACE_REFUSE], 1);
	assert_int_equal(wd->nr_event, 1);
	assert_int_equal(wd->event[0].type, WATTLE_EVENT_REFUSED);
	assert_int_equal(wd->event[0].status, WATTLE_REASON_INFEASIBLE);
	assert_int_equal(world_submit_full(wd, s, &past, &v, NULL), 0);
	assert_int_equal(v.status, WATTLE_VERDICT_REFUSED);
	assert_int_equal(v.reason, WATTLE_REASON_DEADLINE_PAST);
	assert_int_equal(wd->event[1].user_data, 7);

	wattle_sched_set_mode(&wd->s, WATTLE_MODE_OBSERVE, wd->now);
	assert_int_equal(world_submit_full(wd, s, &in, &v, NULL), 0);
	assert_int_equal(v.status, WATTLE_VERDICT_BEST_EFFORT);
	assert_int_equal(v.reason, WATTLE_REASON_INFEASIBLE);
	assert_int_equal(world_submit_full(wd, s, &past, &v, NULL), 0);
	assert_int_equal(v.reason, WATTLE_REASON_DEADLINE_PAST);
	assert_int_equal(s->stats.would_refuse, 2);
	assert_int_equal(s->stats.refused, 2);

	wattle_sched_set_mode(&wd->s, WATTLE_MODE_OFF, wd->now);
	assert_int_equal(world_submit_full(wd, s, &past, &v, NULL), 0);
	assert_int_equal(v.status, WATTLE_VERDICT_ADMITTED);
	assert_int_equal(v.reason, WATTLE_REASON_UNCHECKED);
	assert_int_equal(v.earliest_ns, 0);
	assert_int_equal(v.cost_quality, WATTLE_QUALITY_NONE);
}

/* A dry run says the same and leaves no trace. */
static void test_dry_run(void **state)
{
	struct wattle_batch in = { .work_kcycles = 4000,
				   .deadline_ns = wd->now + 10 * MS + 16384 };
	struct wattle_verdict v, real;
	struct wattle_queue_stats before = p->stats;
	int i;

	(void)state;
	for (i = 0; i < 40; i++) {
		assert_int_equal(wattle_sched_submit_dry(p, &in, &v, wd->now), 0);
		assert_memory_equal(&before, &p->stats, sizeof(before));
		assert_int_not_equal(v.earliest_ns, 0);
		assert_int_equal(v.batch, 0);
		assert_int_equal(world_submit_full(wd, p, &in, &real, NULL), 0);
		assert_int_equal(v.status, real.status);
		assert_int_equal(v.reason, real.reason);
		before = p->stats;
	}
	assert_int_equal(real.status, WATTLE_VERDICT_BEST_EFFORT);
	/* The k-th starts by (k - 1) x 4 ms / 4 CPUs and takes 4 ms: k = 7 just makes it. */
	assert_int_equal(p->stats.admitted, 7);
}

/* Of a ledger that is to be settled a dry run settles nothing: no log would tell a replay. */
static void test_dry_run_settles_nothing(void **state)
{
	struct wattle_batch in = { .work_kcycles = 1000, .deadline_ns = wd->now + SEC };
	struct wattle_verdict v;
	int i;

	(void)state;
	for (i = 0; i < 6; i++)
		assert_int_equal(world_submit_full(wd, p, &in, &v, NULL), 0);
	wattle_sched_set_supply(&wd->s, 2, 1000000);
	for (i = 0; i < 6; i++)
		assert_int_equal(wattle_sched_submit_dry(p, &in, &v, wd->now), 0);
	assert_int_equal(v.status, WATTLE_VERDICT_ADMITTED);
	assert_int_equal(wattle_sched_settle_supply(&wd->s, 5), 1);
	assert_int_equal(wattle_sched_settle_supply(&wd->s, 5), 0);
}

/* A better class is taken into account; what a worse one was promised is not. */
static void test_classes_in_admission(void **state)
{
	struct wattle_queue_params lat = { .class = WATTLE_CLASS_LATENCY };
	struct wattle_queue_params bg = { .class = WATTLE_CLASS_BACKGROUND };
	struct wattle_sched_queue *l = world_queue(a, &lat), *g = world_queue(a, &bg);
	struct wattle_batch work = { .work_kcycles = 40000 };
	struct wattle_batch due = { .work_kcycles = 1000, .deadline_ns = wd->now + 10 * MS };
	struct wattle_verdict v;

	(void)state;
	assert_int_equal(wattle_sched_submit_dry(g, &due, &v, wd->now), 0);
	assert_int_equal(v.status, WATTLE_VERDICT_ADMITTED);
	assert_int_equal(world_submit_full(wd, p, &work, &v, NULL), 0);
	assert_int_equal(wattle_sched_submit_dry(g, &due, &v, wd->now), 0);
	assert_int_equal(v.status, WATTLE_VERDICT_BEST_EFFORT);
	assert_int_equal(wattle_sched_submit_dry(l, &due, &v, wd->now), 0);
	assert_int_equal(v.status, WATTLE_VERDICT_ADMITTED);
	assert_int_equal(wattle_sched_submit_dry(p, &due, &v, wd->now), 0);
	assert_int_equal(v.status, WATTLE_VERDICT_ADMITTED);	/* undated work is behind it */
	wattle_sched_cancel_all(p, wd->now);
	assert_int_equal(wattle_sum_value(&wd->s.undated[1]), 0);
	assert_int_equal(wattle_sched_submit_dry(g, &due, &v, wd->now), 0);
	assert_int_equal(v.status, WATTLE_VERDICT_ADMITTED);
}

/* Needs that sum to more than the range: what is left when some go is still there. */
static void test_huge_undated(void **state)
{
	struct wattle_queue_params bg = { .class = WATTLE_CLASS_BACKGROUND };
	struct wattle_sched_queue *g = world_queue(a, &bg);
	struct wattle_batch huge = { .work_kcycles = (1ULL << 43) - 1 };
	struct wattle_batch small = { .work_kcycles = 1000, .deadline_ns = wd->now + SEC };
	struct wattle_verdict v[3];
	int i;

	(void)state;
	/* At 1 kHz each of them takes the whole range. */
	wattle_sched_set_supply(&wd->s, 1, 1);
	for (i = 0; i < 3; i++)
		assert_int_equal(world_submit_full(wd, p, &huge, &v[i], NULL), 0);
	wattle_sched_set_supply(&wd->s, 1, 1000000);
	for (i = 0; i < 3; i++) {
		struct wattle_verdict dry;

		assert_int_equal(wattle_sched_submit_dry(g, &small, &dry, wd->now), 0);
		assert_int_equal(dry.status, WATTLE_VERDICT_BEST_EFFORT);
		assert_int_equal(wattle_sched_cancel(p, v[i].batch, wd->now), 0);
	}
	assert_int_equal(wattle_sched_submit_dry(g, &small, &v[0], wd->now), 0);
	assert_int_equal(v[0].status, WATTLE_VERDICT_ADMITTED);
	assert_int_equal(wattle_sum_value(&wd->s.undated[1]), 0);
}

static void test_sums(void **state)
{
	struct wattle_sum s = { 0, 0 };

	(void)state;
	wattle_sum_add(&s, ~0ULL);
	assert_int_equal(wattle_sum_value(&s), ~0ULL);
	wattle_sum_add(&s, ~0ULL);
	wattle_sum_add(&s, 7);
	assert_int_equal(wattle_sum_value(&s), ~0ULL);
	wattle_sum_sub(&s, ~0ULL);
	assert_int_equal(wattle_sum_value(&s), ~0ULL);
	wattle_sum_sub(&s, ~0ULL);
	assert_int_equal(wattle_sum_value(&s), 7);
	wattle_sum_sub(&s, 7);
	assert_int_equal(s.lo | s.hi, 0);
}

/* Looking for a group ends somewhere: then there are two of the same, and all get theirs. */
static void test_search_ends(void **state)
{
	struct wattle_sched_worker *v = world_worker(b, 0), *same[3];
	struct wattle_sched_queue *own[32];
	int i;

	(void)state;
	world_submit(wd, q, 1, 0);
	assert_int_equal(world_next(wd, v, 0), 1);
	same[0] = world_worker(a, 60);
	assert_int_equal(wattle_sched_next(same[0], p->id, 0, wd->now), 0);
	for (i = 0; i < 31; i++) {
		own[i] = world_queue(a, NULL);
		assert_int_equal(wattle_sched_next(world_worker(a, i), own[i]->id, 0, wd->now), 0);
	}
	assert_int_equal(nr_contenders(0), 32);
	/* The last that is looked at; one more group, and it is not. */
	same[1] = world_worker(a, 61);
	assert_int_equal(wattle_sched_next(same[1], p->id, 0, wd->now), 0);
	assert_int_equal(nr_contenders(0), 32);
	own[i] = world_queue(a, NULL);
	assert_int_equal(wattle_sched_next(world_worker(a, i), own[i]->id, 0, wd->now), 0);
	same[2] = world_worker(a, 62);
	assert_int_equal(wattle_sched_next(same[2], p->id, 0, wd->now), 0);
	assert_int_equal(nr_contenders(0), 34);
	for (i = 0; i < 3; i++)
		world_submit(wd, p, 2 + i, 0);
	assert_int_equal(world_complete(wd, v), 0);
	for (i = 0; i < 3; i++) {
		struct wattle_sched_worker *w;

		assert_int_equal(wd->cpus[0].nr_busy, 1);
		w = wattle_list_first(&wd->s.running, struct wattle_sched_worker, run_link);
		assert_int_equal(w->batch->in.user_data, 2 + i);
		assert_int_equal(wattle_sched_unpark(w, wd->now), 1);
		assert_int_equal(world_complete(wd, w), 0);
	}
	assert_int_equal(nr_contenders(0), 32);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(test_one_grant_per_cpu), T(test_unpinned_not_gated),
		T(test_unmanaged_not_gated), T(test_turn_competes), T(test_turn_leaves_cpu),
		T(test_best_over_clients), T(test_crowd_counts_once),
		T(test_search_ends),
		T(test_one_wake_per_batch),
		T(test_wake_skips_busy_cpu), T(test_off_lets_all_run), T(test_mode_values),
		T(test_verdicts), T(test_dry_run),
		T(test_dry_run_settles_nothing), T(test_classes_in_admission),
		T(test_huge_undated), T(test_sums),
	};

	return cmocka_run_group_tests_name("core gate", tests, NULL, NULL);
}
