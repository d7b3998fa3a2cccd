// SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause
/*
 * The supply changes while batches wait: needs follow, promises that no longer hold
 * are told so, those that do are kept.
 */
#include "core_world.h"

#define N	200

struct scene {
	struct world			*wd;
	struct wattle_sched_user	user;
	struct wattle_sched_client	*c;
	struct wattle_sched_queue	*q;
	struct wattle_sched_batch	*b[N];
};

/* Enforce, @cpus CPUs at 1 GHz, all busy for a while with work that promises nothing. */
static void setup(struct scene *sc, unsigned int cpus)
{
	struct wattle_queue_params p = { .event_mask = WATTLE_EVENTS_ALL, .lease_ns = 8 * MS };

	memset(sc, 0, sizeof(*sc));
	sc->wd = world_new();
	wattle_sched_set_mode(&sc->wd->s, WATTLE_MODE_ENFORCE, sc->wd->now);
	wattle_sched_set_supply(&sc->wd->s, cpus, 1000000);
	sc->c = world_client(sc->wd, &sc->user);
	sc->q = world_queue(sc->c, &p);
}

static void teardown(struct scene *sc)
{
	world_check(sc->wd);
	world_client_exit(sc->wd, sc->c);
	world_free(sc->wd);
}

/* Batch @i: 1000 kcycles (1 ms at 1 GHz), due @due_ms after now. */
static unsigned int submit(struct scene *sc, unsigned int i, __u64 due_ms)
{
	struct wattle_batch in = { .user_data = i + 1, .work_kcycles = 1000,
				   .deadline_ns = sc->wd->now + due_ms * MS };
	struct wattle_verdict v;

	assert_int_equal(world_submit_full(sc->wd, sc->q, &in, &v, &sc->b[i]), 0);
	return v.status;
}

static __u64 recheck(struct scene *sc, __u64 max)
{
	__u64 n, all = 0;
	__u32 round;

	while (wattle_sched_settle_supply(&sc->wd->s, max))
		;
	for (round = 0; round < WATTLE_RECHECK_ROUNDS; round++) {
		wattle_sched_recheck_begin(&sc->wd->s, round);
		do {
			n = wattle_sched_recheck_some(&sc->wd->s, max, sc->wd->now);
			all += n;
		} while (n == max);
	}
	return all;
}

static unsigned int revoked(const struct scene *sc, unsigned int from)
{
	unsigned int i, n = 0;

	for (i = from; i < sc->wd->nr_event; i++) {
		const struct wattle_event *e = &sc->wd->event[i];

		if (e->type != WATTLE_EVENT_REVOKED)
			continue;
		n++;
		assert_int_equal(e->cpu, WATTLE_CPU_ANY);
		assert_int_equal(e->run_ns, 0);
		assert_int_equal(e->status, WATTLE_REASON_INFEASIBLE);
		assert_int_equal(sc->b[e->user_data - 1]->promised, 0);
	}
	return n;
}

static unsigned int promised(const struct scene *sc, unsigned int n)
{
	unsigned int i, sum = 0;

	for (i = 0; i < n; i++) {
		assert_in_range(sc->b[i]->promised, 0, 1);
		sum += sc->b[i]->promised;
	}
	return sum;
}

/* Half the frequency: of 100 batches of 1 ms due in 101 ms, half can be promised. */
static void test_half_speed(void **state)
{
	struct scene sc;
	unsigned int i, kept;

	(void)state;
	setup(&sc, 1);
	for (i = 0; i < 100; i++)
		assert_int_equal(submit(&sc, i, 101), WATTLE_VERDICT_ADMITTED);
	wattle_sched_set_supply(&sc.wd->s, 1, 500000);
	assert_int_equal(recheck(&sc, 7), 100 * WATTLE_RECHECK_ROUNDS);
	kept = promised(&sc, 100);
	assert_in_range(kept, 49, 50);
	assert_int_equal(revoked(&sc, 0), 100 - kept);
	/* Who came first keeps first, and all need twice the time. */
	for (i = 0; i < 100; i++) {
		assert_int_equal(sc.b[i]->promised, i < kept);
		assert_int_equal(sc.b[i]->need_ns, 2 * MS);
	}
	/* Again with the same supply: nobody loses anything. */
	i = sc.wd->nr_event;
	assert_int_equal(recheck(&sc, 1000), 100 * WATTLE_RECHECK_ROUNDS);
	assert_int_equal(promised(&sc, 100), kept);
	assert_int_equal(revoked(&sc, i), 0);
	teardown(&sc);
}

/* A CPU goes. Only what the other cannot carry is revoked, not all that was promised. */
static void test_fewer_cpus(void **state)
{
	struct scene sc;
	unsigned int i, kept;

	(void)state;
	setup(&sc, 2);
	for (i = 0; i < 60; i++)
		assert_int_equal(submit(&sc, i, 2 + i / 2 + 1), WATTLE_VERDICT_ADMITTED);
	wattle_sched_set_supply(&sc.wd->s, 1, 1000000);
	recheck(&sc, 64);
	kept = promised(&sc, 60);
	assert_in_range(kept, 28, 33);
	assert_int_equal(revoked(&sc, 0), 60 - kept);
	teardown(&sc);
}

/* More supply gives room to newcomers and nothing to who was promised nothing. */
static void test_more(void **state)
{
	struct scene sc;
	unsigned int i;

	(void)state;
	setup(&sc, 1);
	for (i = 0; i < 10; i++)
		assert_int_equal(submit(&sc, i, 11), WATTLE_VERDICT_ADMITTED);
	assert_int_equal(submit(&sc, 10, 5), WATTLE_VERDICT_BEST_EFFORT);
	wattle_sched_set_supply(&sc.wd->s, 1, 2000000);
	recheck(&sc, 64);
	assert_int_equal(revoked(&sc, 0), 0);
	assert_int_equal(promised(&sc, 11), 10);
	assert_int_equal(submit(&sc, 11, 8), WATTLE_VERDICT_ADMITTED);
	teardown(&sc);
}

/* What was kept is kept: run on the lesser supply, no promised batch is late. */
static void test_kept(void **state)
{
	struct scene sc;
	struct wattle_sched_worker *w;
	unsigned int i, late = 0;
	int promise;

	(void)state;
	setup(&sc, 1);
	for (i = 0; i < N; i++)
		submit(&sc, i, 20 + (i * 37) % 230);
	wattle_sched_set_supply(&sc.wd->s, 1, 600000);
	recheck(&sc, 16);
	assert_true(revoked(&sc, 0) > 0);
	w = world_worker(sc.c, 0);
	while (world_next(sc.wd, w, 0) == 1) {
		struct wattle_batch in = w->batch->in;

		promise = w->batch->promised;
		world_advance(sc.wd, w->batch->need_ns);
		late += promise && sc.wd->now > in.deadline_ns;
		world_complete(sc.wd, w);
	}
	assert_int_equal(late, 0);
	teardown(&sc);
}

/* A batch that comes or goes back between steps belongs to neither round twice. */
static void test_meanwhile(void **state)
{
	struct scene sc;
	struct wattle_sched_worker *w;
	unsigned int i;

	(void)state;
	setup(&sc, 1);
	for (i = 0; i < 20; i++)
		assert_int_equal(submit(&sc, i, 60), WATTLE_VERDICT_ADMITTED);
	w = world_worker(sc.c, 0);
	wattle_sched_set_supply(&sc.wd->s, 1, 500000);
	wattle_sched_recheck_begin(&sc.wd->s, 0);
	assert_int_equal(wattle_sched_recheck_some(&sc.wd->s, 5, sc.wd->now), 5);
	assert_int_equal(world_next(sc.wd, w, 0), 1);
	wattle_sched_undo(w, sc.wd->now);
	submit(&sc, 20, 61);
	while (wattle_sched_recheck_some(&sc.wd->s, 5, sc.wd->now) == 5)
		;
	for (i = 1; i < WATTLE_RECHECK_ROUNDS; i++) {
		wattle_sched_recheck_begin(&sc.wd->s, i);
		while (wattle_sched_recheck_some(&sc.wd->s, 5, sc.wd->now) == 5)
			;
	}
	assert_int_equal(revoked(&sc, 0), 0);
	assert_true(promised(&sc, 21) >= 20);
	for (i = 0; i < 21; i++)
		assert_int_equal(sc.b[i]->need_ns, 2 * MS);
	teardown(&sc);
}

/*
 * Forty batches of 2 ms due in 101 ms keep their promises at half the frequency, whoever
 * comes during round @at after @steps steps of it; those get what is left, and are told.
 */
static void newcomers(__u32 at, unsigned int steps)
{
	unsigned int i, kept = 0, round;
	struct scene sc;

	setup(&sc, 1);
	for (i = 0; i < 40; i++)
		assert_int_equal(submit(&sc, i, 101), WATTLE_VERDICT_ADMITTED);
	wattle_sched_set_supply(&sc.wd->s, 1, 500000);
	for (round = 0; round < WATTLE_RECHECK_ROUNDS; round++) {
		wattle_sched_recheck_begin(&sc.wd->s, round);
		for (i = 0; round == at && i < steps; i++)
			assert_int_equal(wattle_sched_recheck_some(&sc.wd->s, 5, sc.wd->now), 5);
		for (i = 40; round == at && i < 60; i++)
			submit(&sc, i, 90);
		while (wattle_sched_recheck_some(&sc.wd->s, 5, sc.wd->now) == 5)
			;
	}
	assert_int_equal(promised(&sc, 40), 40);
	for (i = 40; i < 60; i++) {
		kept += sc.b[i]->promised;
		assert_true(sc.b[i]->verdict == WATTLE_VERDICT_ADMITTED || !sc.b[i]->promised);
	}
	assert_in_range(kept, 9, 10);
	/* Who was told that its deadline is promised, and is not, has been told. */
	for (i = 40, round = 0; i < 60; i++)
		round += sc.b[i]->verdict == WATTLE_VERDICT_ADMITTED && !sc.b[i]->promised;
	assert_int_equal(revoked(&sc, 0), round);
	teardown(&sc);
}

static void test_newcomers(void **state)
{
	__u32 at;

	(void)state;
	for (at = 0; at < WATTLE_RECHECK_ROUNDS; at++) {
		newcomers(at, 0);
		newcomers(at, 4);
		newcomers(at, 8);
	}
}

static unsigned int events(const struct scene *sc, unsigned int from, unsigned int type)
{
	unsigned int i, n = 0;

	for (i = from; i < sc->wd->nr_event; i++)
		n += sc->wd->event[i].type == type;
	return n;
}

/*
 * The supply falls and comes back in two steps (a suspend, a package that was hot): what
 * was taken back is given again as far as there is room, each time behind what held, and
 * nobody is told the same twice. In mode off nothing is promised.
 */
static void test_renewed(void **state)
{
	unsigned int i, kept, half, from;
	struct scene sc;

	(void)state;
	setup(&sc, 1);
	for (i = 0; i < 100; i++)
		assert_int_equal(submit(&sc, i, 101), WATTLE_VERDICT_ADMITTED);
	wattle_sched_set_supply(&sc.wd->s, 1, 500000);
	recheck(&sc, 7);
	kept = promised(&sc, 100);
	assert_int_equal(events(&sc, 0, WATTLE_EVENT_REVOKED), 100 - kept);

	from = sc.wd->nr_event;
	wattle_sched_set_supply(&sc.wd->s, 1, 750000);
	recheck(&sc, 7);
	half = promised(&sc, 100);
	assert_in_range(half, 70, 76);
	for (i = 0; i < kept; i++)
		assert_int_equal(sc.b[i]->promised, 1);
	assert_int_equal(events(&sc, from, WATTLE_EVENT_RENEWED), half - kept);
	assert_int_equal(events(&sc, from, WATTLE_EVENT_REVOKED), 0);

	from = sc.wd->nr_event;
	wattle_sched_set_mode(&sc.wd->s, WATTLE_MODE_OFF, sc.wd->now);
	wattle_sched_set_supply(&sc.wd->s, 1, 1000000);
	recheck(&sc, 7);
	assert_int_equal(events(&sc, from, WATTLE_EVENT_RENEWED), 0);
	wattle_sched_set_mode(&sc.wd->s, WATTLE_MODE_ENFORCE, sc.wd->now);
	recheck(&sc, 7);
	assert_int_equal(promised(&sc, 100), 100);
	assert_int_equal(events(&sc, from, WATTLE_EVENT_RENEWED), 100 - half);
	assert_int_equal(events(&sc, from, WATTLE_EVENT_REVOKED), 0);
	teardown(&sc);
}

/* One that was with a worker in all rounds and comes back is asked about then, and told. */
static void undone(__u64 due_ms, unsigned int kept)
{
	struct wattle_sched_worker *w;
	struct scene sc;

	setup(&sc, 1);
	assert_int_equal(submit(&sc, 0, due_ms), WATTLE_VERDICT_ADMITTED);
	w = world_worker(sc.c, 0);
	assert_int_equal(world_next(sc.wd, w, 0), 1);
	wattle_sched_set_supply(&sc.wd->s, 1, 500000);
	assert_int_equal(recheck(&sc, 7), 0);
	wattle_sched_undo(w, sc.wd->now);
	assert_int_equal(sc.b[0]->need_ns, 2 * MS);
	assert_int_equal(sc.b[0]->promised, kept);
	assert_int_equal(events(&sc, 0, WATTLE_EVENT_REVOKED), !kept);
	/* Again and again tells nothing new. */
	assert_int_equal(world_next(sc.wd, w, 0), 1);
	wattle_sched_undo(w, sc.wd->now);
	assert_int_equal(sc.b[0]->promised, kept);
	assert_int_equal(events(&sc, 0, WATTLE_EVENT_REVOKED), !kept);
	/* It counts as one batch, or as none: what is left of the supply is promised, no more. */
	assert_int_equal(submit(&sc, 1, 5), WATTLE_VERDICT_ADMITTED);
	assert_int_equal(submit(&sc, 2, 5),
			 kept ? WATTLE_VERDICT_BEST_EFFORT : WATTLE_VERDICT_ADMITTED);
	assert_int_equal(submit(&sc, 3, 5), WATTLE_VERDICT_BEST_EFFORT);
	teardown(&sc);
}

static void test_undone(void **state)
{
	(void)state;
	undone(3, 1);
	undone(2, 0);
}

/* Undone between two rounds, at each of them: asked about once, like any other. */
static void test_undone_between(void **state)
{
	struct wattle_sched_worker *w;
	struct scene sc;
	__u32 at, round;

	(void)state;
	for (at = 0; at <= WATTLE_RECHECK_ROUNDS; at++) {
		setup(&sc, 1);
		assert_int_equal(submit(&sc, 0, 2), WATTLE_VERDICT_ADMITTED);
		w = world_worker(sc.c, 0);
		assert_int_equal(world_next(sc.wd, w, 0), 1);
		wattle_sched_set_supply(&sc.wd->s, 1, 500000);
		for (round = 0; round < WATTLE_RECHECK_ROUNDS; round++) {
			wattle_sched_recheck_begin(&sc.wd->s, round);
			if (round == at)
				wattle_sched_undo(w, sc.wd->now);
			while (wattle_sched_recheck_some(&sc.wd->s, 5, sc.wd->now) == 5)
				;
		}
		if (round == at)
			wattle_sched_undo(w, sc.wd->now);
		assert_int_equal(sc.b[0]->need_ns, 2 * MS);
		assert_int_equal(sc.b[0]->promised, 0);
		assert_int_equal(events(&sc, 0, WATTLE_EVENT_REVOKED), 1);
		teardown(&sc);
	}
}

/* Where the supply falls short, the better class keeps its promises, not the older queue. */
static void test_classes(void **state)
{
	struct wattle_queue_params p = { .class = WATTLE_CLASS_LATENCY, .lease_ns = 8 * MS,
					 .event_mask = WATTLE_EVENTS_ALL };
	unsigned int i;
	struct scene sc;

	(void)state;
	setup(&sc, 1);
	for (i = 0; i < 40; i++)
		assert_int_equal(submit(&sc, i, 101), WATTLE_VERDICT_ADMITTED);
	sc.q = world_queue(sc.c, &p);
	for (i = 40; i < 80; i++)
		assert_int_equal(submit(&sc, i, 101), WATTLE_VERDICT_ADMITTED);
	wattle_sched_set_supply(&sc.wd->s, 1, 500000);
	recheck(&sc, 7);
	for (i = 40; i < 80; i++)
		assert_int_equal(sc.b[i]->promised, 1);
	assert_in_range(promised(&sc, 80), 49, 50);
	teardown(&sc);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_undone),
		cmocka_unit_test(test_undone_between),
		cmocka_unit_test(test_classes),
		cmocka_unit_test(test_half_speed),
		cmocka_unit_test(test_fewer_cpus),
		cmocka_unit_test(test_more),
		cmocka_unit_test(test_kept),
		cmocka_unit_test(test_meanwhile),
		cmocka_unit_test(test_newcomers),
		cmocka_unit_test(test_renewed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
