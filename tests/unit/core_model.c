// SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause
/*
 * Random operations against a naive model: a flat array of batches that knows
 * only what was traced, searched in full for every grant. After every step all
 * invariants are checked: accounts, order, exclusive CPUs, nobody waiting in
 * vain, no batch granted twice, ledger, timer, energy.
 */
#include "core_world.h"

#define STEPS		200000
#define MAX_BATCHES	256
#define MAX_WORKERS	24
#define MAX_CLIENTS	4

struct shadow {
	const struct wattle_sched_batch	*b;
	const struct wattle_sched_queue	*q;
	__u64				seq;
	int				granted;
};

static struct shadow shadow[MAX_BATCHES];
static struct wattle_sched_worker *workers[MAX_WORKERS];
static __u64 nr_grants, nr_completed, nr_lost, nr_back, energy_in;
static __u32 next_slot;

static struct shadow *find(const struct wattle_sched_batch *b)
{
	int i;

	for (i = 0; i < MAX_BATCHES; i++) {
		if (shadow[i].b == b)
			return &shadow[i];
	}
	return NULL;
}

/* The specification of order, written out once more. */
static int first_of(const struct shadow *x, const struct shadow *y)
{
	__u64 dx = x->b->order_ns, dy = y->b->order_ns;

	if (x->q->params.class != y->q->params.class)
		return x->q->params.class < y->q->params.class;
	if (dx != dy)
		return dx < dy;
	if (dx == ~0ULL && x->q->vtime != y->q->vtime)
		return x->q->vtime < y->q->vtime;
	return x->seq < y->seq;
}

static int may_take(const struct wattle_sched_worker *w, const struct shadow *x)
{
	return x->b && !x->granted && x->b->state == WATTLE_BATCH_READY &&
	       x->q->client == w->client && (!w->filter || w->filter == x->q);
}

static int busy_elsewhere(const struct wattle_sched_worker *w)
{
	int i, n = 0;

	for (i = 0; i < MAX_WORKERS; i++)
		n += workers[i] && workers[i] != w && workers[i]->occupies == w->cpu &&
		     (workers[i]->state == WATTLE_WORKER_GRANTED ||
		      workers[i]->state == WATTLE_WORKER_EXPIRED);
	return n;
}

static int gated(const struct world *wd, __u32 cpu)
{
	return wd->s.mode == WATTLE_MODE_ENFORCE && cpu < WORLD_CPUS && wd->cpus[cpu].managed;
}

static void check_grant(struct world *wd, const struct wattle_sched_batch *b,
			const struct wattle_sched_worker *w)
{
	struct shadow *s = find(b);
	int i, j;

	assert_non_null(s);
	assert_false(s->granted);
	assert_true(b->ready_ns <= wd->now || b->in.release_ns <= wd->now);
	assert_ptr_equal(s->q->client, w->client);
	assert_true(!w->filter || w->filter == s->q);
	if (gated(wd, w->cpu))
		assert_int_equal(busy_elsewhere(w), 0);
	for (i = 0; i < MAX_BATCHES; i++) {
		if (may_take(w, &shadow[i]) && &shadow[i] != s)
			assert_false(first_of(&shadow[i], s));
	}
	/* A free gated CPU goes to the best batch of all that wait for it. */
	for (j = 0; j < MAX_WORKERS && gated(wd, w->cpu); j++) {
		const struct wattle_sched_worker *o = workers[j];

		if (!o || o->state != WATTLE_WORKER_PARKED || o->cpu != w->cpu)
			continue;
		for (i = 0; i < MAX_BATCHES; i++) {
			if (may_take(o, &shadow[i]) && &shadow[i] != s)
				assert_false(first_of(&shadow[i], s));
		}
	}
	s->granted = 1;
	nr_grants++;
}

static void hook(struct world *wd, enum wattle_sched_trace what,
		 const struct wattle_sched_batch *b, const struct wattle_sched_worker *w)
{
	struct shadow *s;

	switch (what) {
	case WATTLE_TRACE_SUBMIT:
		s = find(NULL);
		assert_non_null(s);
		s->b = b;
		s->q = b->queue;
		s->seq = b->seq;
		s->granted = 0;
		break;
	case WATTLE_TRACE_GRANT:
		check_grant(wd, b, w);
		break;
	case WATTLE_TRACE_REQUEUE:
		s = find(b);
		assert_non_null(s);
		assert_true(s->granted);
		s->granted = 0;
		nr_back++;
		break;
	case WATTLE_TRACE_COMPLETE:
	case WATTLE_TRACE_ABORT:
	case WATTLE_TRACE_LEASE_EXPIRED:
	case WATTLE_TRACE_CANCEL:
		s = find(b);
		assert_non_null(s);
		assert_int_equal(s->granted, what != WATTLE_TRACE_CANCEL);
		nr_completed += what == WATTLE_TRACE_COMPLETE;
		nr_lost += what == WATTLE_TRACE_ABORT || what == WATTLE_TRACE_LEASE_EXPIRED;
		s->b = NULL;
		break;
	case WATTLE_TRACE_REFUSE:
		assert_int_equal(wd->s.mode, WATTLE_MODE_ENFORCE);
		assert_true(b->queue->params.flags & WATTLE_QUEUE_STRICT);
		break;
	}
}

static unsigned int walk(const struct wattle_admit_node *n)
{
	return n ? 1 + walk(n->left) + walk(n->right) : 0;
}

static void check_all(struct world *wd)
{
	unsigned int waiting = 0, granted = 0, charged[3] = { 0 }, nr_busy[WORLD_CPUS] = { 0 };
	struct wattle_queue_stats sum;
	int i, j;

	world_check(wd);
	for (i = 0; i < MAX_BATCHES; i++) {
		const struct shadow *x = &shadow[i];

		if (!x->b)
			continue;
		waiting += !x->granted;
		granted += x->granted;
		assert_int_equal(x->b->state == WATTLE_BATCH_GRANTED, x->granted);
		if (!x->granted && x->b->need_ns && x->b->in.deadline_ns)
			charged[x->b->class]++;
		if (x->b->verdict == WATTLE_VERDICT_ADMITTED)
			assert_int_equal(x->b->order_ns, x->b->in.deadline_ns ?
					 x->b->in.deadline_ns : ~0ULL);
	}
	wattle_sched_totals(&wd->s, &sum, wd->now);
	assert_int_equal(sum.queued, waiting);
	assert_int_equal(sum.granted, granted);
	for (i = 0; i < 3; i++) {
		assert_int_equal(walk(wd->s.admit[i].root), charged[i]);
		assert_int_equal(wd->s.admit[i].count, charged[i]);
	}
	for (i = 0; i < MAX_WORKERS; i++) {
		const struct wattle_sched_worker *w = workers[i];

		if (!w)
			continue;
		if (w->state == WATTLE_WORKER_GRANTED) {
			assert_non_null(w->batch);
			assert_true(find(w->batch)->granted);
			assert_true(w->token);
		} else {
			assert_null(w->batch);
		}
		if (w->occupies != WATTLE_CPU_ANY)
			nr_busy[w->occupies]++;
		if (w->state != WATTLE_WORKER_PARKED || (gated(wd, w->cpu) && busy_elsewhere(w)))
			continue;
		/* It may run: then there is nothing for it. */
		for (j = 0; j < MAX_BATCHES; j++)
			assert_false(may_take(w, &shadow[j]));
	}
	for (i = 0; i < WORLD_CPUS; i++)
		assert_int_equal(nr_busy[i], wd->cpus[i].nr_busy);
}

/* A thread computes for all of its time, for half of it, ..., or not at all. */
static __u64 thread_cpu_ns(const struct world *wd, const struct wattle_sched_worker *w)
{
	return w->slot % 4 == 3 ? 4711 : wd->now / (1 + w->slot % 4);
}

/* All energy that went in is in some account; the fractions make whole microjoules. */
static void check_energy(struct world *wd)
{
	__u64 pj = wd->s.unattributed_pj + wd->s.retired_pj;
	struct wattle_queue_stats sum;
	struct wattle_sched_queue *q;

	wattle_list_for_each(q, &wd->s.queues, sched_link)
		pj += q->energy_pj;
	wattle_sched_totals(&wd->s, &sum, wd->now);
	assert_int_equal(pj % 1000000, 0);
	assert_int_equal(sum.energy_uj + wd->s.unattributed_uj + pj / 1000000, energy_in);
	/* Rounding of the clock above: a nanosecond for each time that it was read. */
	assert_true(sum.cpu_ns <= sum.run_ns + STEPS * MAX_WORKERS);
	assert_true(sum.run_ns < SEC || (sum.cpu_ns > sum.run_ns / 4 && sum.cpu_ns < sum.run_ns));
}

static struct wattle_sched_queue *any_queue(struct wattle_sched_client *c)
{
	struct wattle_sched_queue *q;
	unsigned int k;

	if (!c->nr_queues)
		return NULL;
	k = world_rng() % c->nr_queues;
	wattle_list_for_each(q, &c->queues, client_link) {
		if (!k--)
			return q;
	}
	return NULL;
}

static struct wattle_queue_params random_params(void)
{
	struct wattle_queue_params p = {
		.class = world_rng() % 4,
		.weight = world_rng() % 3 ? 0 : 1 + world_rng() % 10000,
		.flags = world_rng() % 2,
		.event_mask = world_rng() & WATTLE_EVENTS_ALL,
		.max_inflight = world_rng() % 4 ? 0 : 1 + world_rng() % 20,
		.lease_ns = world_rng() % 3 ? 0 : MS + world_rng() % (20 * MS),
	};

	return p;
}

static void do_submit(struct world *wd, struct wattle_sched_queue *q)
{
	struct wattle_batch in = {
		.work_kcycles = world_rng() % 3 ? world_rng() % 5000 : 0,
		.stall_us = world_rng() % 4 ? 0 : world_rng() % 1000,
	};
	struct wattle_verdict v;
	int err;

	if (!q || !find(NULL))
		return;
	if (world_rng() % 3)
		in.deadline_ns = wd->now + world_rng() % (50 * MS) - MS;
	if (world_rng() % 5 == 0)
		in.release_ns = wd->now + world_rng() % (20 * MS);
	err = world_submit_full(wd, q, &in, &v, NULL);
	if (err)
		assert_true(err == -EAGAIN && q->inflight >= q->params.max_inflight);
}

static void do_worker(struct world *wd, struct wattle_sched_worker **slot,
		      struct wattle_sched_client **clients)
{
	struct wattle_sched_worker *w = *slot;
	/* Crowds on the first two. */
	__u32 cpu = world_rng() % 5 ? world_rng() % (world_rng() % 2 ? 2 : WORLD_CPUS) :
		    WATTLE_CPU_ANY;
	struct wattle_sched_queue *q;
	__s32 prev;
	int ret;

	if (!w) {
		*slot = world_worker(clients[world_rng() % MAX_CLIENTS], next_slot++ % 60000);
		return;
	}
	switch (w->state) {
	case WATTLE_WORKER_PARKED:
		/* Impatience; death comes from elsewhere. */
		if (world_rng() % 4 == 0)
			assert_int_equal(wattle_sched_unpark(w, wd->now), 0);
		return;
	case WATTLE_WORKER_GRANTED:
		if (!w->taken) {
			assert_int_equal(wattle_sched_unpark(w, wd->now), 1);
			if (world_rng() % 5 == 0) {
				wattle_sched_undo(w, wd->now);
				return;
			}
			wattle_sched_delivered(w);
		}
		break;
	}
	if (w->state == WATTLE_WORKER_EXPIRED && world_rng() % 2) {
		wattle_sched_seen(w, world_rng() % WORLD_CPUS, wd->now);
		return;
	}
	if (w->token && world_rng() % 3 == 0) {
		__u64 t = w->token;

		assert_int_equal(wattle_sched_complete(w, t, world_rng() % 2, cpu, wd->now), 0);
		assert_int_equal(wattle_sched_complete(w, t, 0, cpu, wd->now), -EALREADY);
		return;
	}
	q = world_rng() % 4 ? NULL : any_queue(w->client);
	ret = wattle_sched_turn(w, w->token ? w->token : world_rng() % 2 ? w->last_token : 0,
				world_rng() % 2, &prev, q ? q->id : WATTLE_QUEUE_ANY, cpu, cpu,
				wd->now);
	assert_in_range(ret, 0, 1);
	if (ret && world_rng() % 10 == 0)
		wattle_sched_undo(w, wd->now);
	else if (ret)
		wattle_sched_delivered(w);
}

static void exit_worker(struct world *wd, struct wattle_sched_worker **slot)
{
	struct wattle_sched_worker *w = *slot;

	if (!w)
		return;
	*slot = NULL;
	world_worker_exit(wd, w);
}

static void renew_client(struct world *wd, struct wattle_sched_client **slot,
			 struct wattle_sched_user *u)
{
	int i;

	for (i = 0; i < MAX_WORKERS; i++) {
		if (workers[i] && workers[i]->client == *slot)
			exit_worker(wd, &workers[i]);
	}
	world_client_exit(wd, *slot);
	*slot = world_client(wd, u);
}

static void step(struct world *wd, struct wattle_sched_client **c, struct wattle_sched_user *u)
{
	struct wattle_sched_client *k = c[world_rng() % MAX_CLIENTS];
	struct wattle_sched_queue *q = any_queue(k);
	struct wattle_queue_params p = random_params();
	unsigned int what = world_rng() % 1000;
	__u64 delta;

	if (what < 330) {
		do_submit(wd, q);
	} else if (what < 800) {
		do_worker(wd, &workers[world_rng() % MAX_WORKERS], c);
	} else if (what < 900) {
		world_advance(wd, world_rng() % (2 * MS));
	} else if (what < 910) {
		world_advance(wd, world_rng() % (30 * MS));
	} else if (what < 925) {
		exit_worker(wd, &workers[world_rng() % MAX_WORKERS]);
	} else if (what < 940) {
		if (k->nr_queues < 5)
			world_queue(k, &p);
	} else if (what < 945) {
		if (q)
			wattle_sched_queue_destroy(q, wd->now);
	} else if (what < 955) {
		if (q && !wattle_sched_params_check(&wd->s, &p, 1))
			wattle_sched_queue_update(q, world_rng() & WATTLE_UPDATE_ALL, &p, wd->now);
	} else if (what < 970) {
		struct shadow *x = &shadow[world_rng() % MAX_BATCHES];

		if (x->b && !x->q->dead)
			assert_int_equal(wattle_sched_cancel((struct wattle_sched_queue *)x->q,
							     x->b->id, wd->now),
					 x->granted ? -EBUSY : 0);
	} else if (what < 973) {
		if (q)
			wattle_sched_cancel_all(q, wd->now);
	} else if (what < 978) {
		int mode = world_rng() % 6;

		wattle_sched_set_mode(&wd->s, mode == 2 || mode > 3 ? 3 : mode, wd->now);
	} else if (what < 983) {
		wattle_sched_cpu_manage(&wd->s, world_rng() % WORLD_CPUS, world_rng() % 4, wd->now);
	} else if (what < 986) {
		wattle_sched_set_supply(&wd->s, world_rng() % 9, world_rng() % 8 ? 1000000 : 0);
	} else if (what < 996) {
		delta = world_rng() % 100000;
		energy_in += delta;
		wattle_sched_energy_epoch(&wd->s, delta, world_rng() % SEC, WATTLE_QUALITY_CPUTIME,
					  wd->now);
		check_energy(wd);
	} else if (what < 997) {
		renew_client(wd, &c[world_rng() % MAX_CLIENTS], u);
	} else {
		wattle_sched_tick(&wd->s, wd->now);	/* a timer too early */
	}
}

static void run(uint64_t seed)
{
	struct world *wd = world_new();
	struct wattle_sched_user users[MAX_CLIENTS] = { 0 };
	struct wattle_sched_client *c[MAX_CLIENTS];
	unsigned int i;

	world_seed(seed);
	memset(shadow, 0, sizeof(shadow));
	memset(workers, 0, sizeof(workers));
	nr_grants = nr_completed = nr_lost = nr_back = energy_in = 0;
	wd->hook = hook;
	wd->cpu_ns = thread_cpu_ns;
	for (i = 0; i < MAX_CLIENTS; i++)
		c[i] = world_client(wd, &users[0]);
	for (i = 0; i < STEPS; i++) {
		step(wd, c, &users[0]);
		check_all(wd);
	}
	print_message("seed %llu: %llu grants, %llu completed, %llu lost, %llu went back\n",
		      (unsigned long long)seed, (unsigned long long)nr_grants,
		      (unsigned long long)nr_completed, (unsigned long long)nr_lost,
		      (unsigned long long)nr_back);
	/* The dice must have reached everything. */
	assert_true(nr_grants > STEPS / 10 && nr_lost > 1000 && nr_back > 1000);
	for (i = 0; i < 8; i++)
		assert_true(wd->traced[i] > 100);
	for (i = 0; i < MAX_WORKERS; i++)
		exit_worker(wd, &workers[i]);
	for (i = 0; i < MAX_CLIENTS; i++)
		world_client_exit(wd, c[i]);
	world_free(wd);
}

static void test_model(void **state)
{
	const char *seed = getenv("WATTLE_SEED");

	(void)state;
	run(seed ? strtoull(seed, NULL, 0) : 20261123);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_model) };

	return cmocka_run_group_tests_name("core model", tests, NULL, NULL);
}
