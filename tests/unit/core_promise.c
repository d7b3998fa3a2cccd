// SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause
/*
 * Promises are kept. Workers on m CPUs run every batch for exactly its need; in
 * enforce mode no batch that was admitted may then be late, whatever else is
 * submitted in the meantime: infeasible batches (best effort), work without
 * deadline, worse classes, release times.
 */
#include "core_world.h"

struct run {
	unsigned int	promised;
	unsigned int	best_effort;
	unsigned int	refused;
	unsigned int	broken;
	unsigned int	late;
};

static struct run res;

static void hook(struct world *wd, enum wattle_sched_trace what,
		 const struct wattle_sched_batch *b, const struct wattle_sched_worker *w)
{
	(void)w;
	if (what != WATTLE_TRACE_COMPLETE || !b->in.deadline_ns || wd->now <= b->in.deadline_ns)
		return;
	res.late++;
	if (b->promised)
		res.broken++;
}

/* 80 batches fit in a period and 100 come, each time: 80 of each are promised and kept. */
static void test_overload(void **state)
{
	struct wattle_batch in = { .user_data = 1, .work_kcycles = 1000 };
	struct world *wd = world_new();
	struct wattle_sched_user user = { 0 };
	struct wattle_sched_client *c = world_client(wd, &user);
	struct wattle_sched_queue *q = world_queue(c, NULL);
	struct wattle_sched_worker *w = world_worker(c, 0);
	struct wattle_verdict v;
	unsigned int period, i;
	__u64 end;

	(void)state;
	memset(&res, 0, sizeof(res));
	wd->hook = hook;
	wattle_sched_set_mode(&wd->s, WATTLE_MODE_ENFORCE, wd->now);
	wattle_sched_set_supply(&wd->s, 1, 1000000);
	for (period = 0; period < 20; period++) {
		end = wd->now + 82 * MS;
		for (i = 0; i < 100; i++) {
			in.deadline_ns = end;
			assert_int_equal(world_submit_full(wd, q, &in, &v, NULL), 0);
			res.promised += v.status == WATTLE_VERDICT_ADMITTED;
		}
		assert_true(res.promised >= 80 * (period + 1));
		world_next(wd, w, 0);
		while (wd->now + MS <= end && w->state == WATTLE_WORKER_GRANTED) {
			world_advance(wd, MS);
			world_complete(wd, w);
			world_next(wd, w, 0);
		}
		world_advance(wd, end - wd->now);
	}
	assert_int_equal(res.broken, 0);
	world_client_exit(wd, c);
	world_free(wd);
}

/* Three classes; only the best one, if any, carries deadlines when @mixed. */
static void run(unsigned int m, uint64_t seed, unsigned int load_pct, int mixed)
{
	struct world *wd = world_new();
	struct wattle_sched_user user = { 0 };
	struct wattle_sched_client *c[2];
	struct wattle_sched_queue *q[4];
	struct wattle_sched_worker *w[16];
	struct wattle_queue_params strict = { .flags = WATTLE_QUEUE_STRICT, .lease_ns = 8 * MS };
	struct wattle_queue_params plain = { .lease_ns = 8 * MS };
	struct wattle_queue_params bg = { .class = WATTLE_CLASS_BACKGROUND, .lease_ns = 8 * MS };
	__u64 done_at[16], next_submit = wd->now, end = wd->now + 20 * SEC;
	unsigned int i, nw = 0;

	world_seed(seed);
	memset(&res, 0, sizeof(res));
	wd->hook = hook;
	wattle_sched_set_mode(&wd->s, WATTLE_MODE_ENFORCE, wd->now);
	wattle_sched_set_supply(&wd->s, m, 1000000);
	for (i = 0; i < 2; i++)
		c[i] = world_client(wd, &user);
	q[0] = world_queue(c[0], &plain);
	q[1] = world_queue(c[0], &strict);
	q[2] = world_queue(c[1], &plain);
	q[3] = world_queue(c[1], &bg);
	for (i = 0; i < m; i++) {
		w[nw++] = world_worker(c[0], i);
		w[nw++] = world_worker(c[1], i);
	}
	for (i = 0; i < nw; i++)
		assert_int_equal(world_next(wd, w[i], i / 2), 0);

	for (;;) {
		__u64 at = next_submit, t;

		/* The next thing that happens: a submission, an end, the timer. */
		for (i = 0; i < nw; i++) {
			if (w[i]->state != WATTLE_WORKER_GRANTED)
				continue;
			done_at[i] = w[i]->granted_ns + w[i]->batch->need_ns;
			if (done_at[i] < at)
				at = done_at[i];
		}
		t = wd->timer_at;
		if (t && t < at)
			at = t;
		if (at > end)
			break;
		wd->now = at;
		if (t == at) {
			wd->timer_at = 0;
			wattle_sched_tick(&wd->s, wd->now);
			continue;
		}
		if (next_submit == at) {
			unsigned int k = world_rng() % (mixed ? 4 : 2);
			struct wattle_batch in = {
				.work_kcycles = 100 + world_rng() % 3000,
				.deadline_ns = at + (1 + world_rng() % 60) * MS,
			};
			struct wattle_verdict v;

			if (mixed && (k == 3 || world_rng() % 5 == 0))
				in.deadline_ns = 0;
			if (mixed && k != 3 && world_rng() % 6 == 0) {
				in.release_ns = at + world_rng() % (10 * MS);
				in.deadline_ns += 20 * MS;
			}
			if (world_rng() % 8 == 0 && in.deadline_ns)
				in.deadline_ns -= in.deadline_ns % (20 * MS) - 20 * MS;
			assert_int_equal(world_submit_full(wd, q[k], &in, &v, NULL), 0);
			res.promised += v.status == WATTLE_VERDICT_ADMITTED && in.deadline_ns;
			res.best_effort += v.status == WATTLE_VERDICT_BEST_EFFORT;
			res.refused += v.status == WATTLE_VERDICT_REFUSED;
			/* Mean need 1.6 ms. */
			next_submit += world_rng() % (2 * 1600000 * 100 / (m * load_pct));
			continue;
		}
		for (i = 0; i < nw; i++) {
			if (w[i]->state == WATTLE_WORKER_GRANTED && done_at[i] == at) {
				world_turn(wd, w[i], i / 2);
				break;
			}
		}
	}
	print_message("m = %u, load %u %%%s: %u promised, %u broken; %u best effort, %u refused, %u late\n",
		      m, load_pct, mixed ? ", mixed" : "", res.promised, res.broken,
		      res.best_effort, res.refused, res.late);
	assert_int_equal(res.broken, 0);
	assert_true(res.promised > 1000);
	if (load_pct > 100)
		assert_true(res.best_effort + res.refused > 500);
	world_check(wd);
	world_client_exit(wd, c[0]);
	world_client_exit(wd, c[1]);
	world_free(wd);
}

/* Both clients have a worker on every CPU, so the CPUs are work-conserving for both. */
static void test_promises(void **state)
{
	(void)state;
	run(1, 11, 80, 0);
	run(1, 12, 150, 0);
	run(4, 13, 90, 0);
	run(4, 14, 200, 0);
	run(8, 15, 120, 0);
}

static void test_promises_mixed(void **state)
{
	(void)state;
	run(1, 21, 70, 1);
	run(2, 22, 130, 1);
	run(4, 23, 95, 1);
	run(8, 24, 160, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_promises),
		cmocka_unit_test(test_promises_mixed),
		cmocka_unit_test(test_overload),
	};

	return cmocka_run_group_tests_name("core promise", tests, NULL, NULL);
}
