// SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause
/* See core_world.h. */
#include "core_world.h"

static uint64_t rng_state = 1;

void world_seed(uint64_t seed)
{
	rng_state = seed;
}

uint64_t world_rng(void)
{
	rng_state ^= rng_state << 13;
	rng_state ^= rng_state >> 7;
	rng_state ^= rng_state << 17;
	return rng_state;
}

static struct world *world_of(struct wattle_sched *s)
{
	return wattle_container_of(s, struct world, s);
}

static void op_wake(struct wattle_sched_worker *w)
{
	struct world *wd = world_of(w->client->sched);

	wd->wake[wd->nr_wake % WORLD_LOG].w = w;
	wd->wake[wd->nr_wake % WORLD_LOG].err = w->wake_err;
	wd->nr_wake++;
}

static void op_event(struct wattle_sched_client *c, const struct wattle_event *ev)
{
	struct world *wd = world_of(c->sched);

	wd->event[wd->nr_event++ % WORLD_LOG] = *ev;
}

/*
 * The world is not reachable from a freed object, so objects carry it along.
 */
struct owned_batch {
	struct wattle_sched_batch	b;
	struct world			*wd;
};

struct owned_queue {
	struct wattle_sched_queue	q;
	struct world			*wd;
};

static void op_batch_free(struct wattle_sched_batch *b)
{
	struct owned_batch *o = wattle_container_of(b, struct owned_batch, b);

	assert_int_equal(b->node.rank, 0);
	assert_int_equal(b->due.height, 0);
	o->wd->live_batches--;
	free(o);
}

static void op_queue_free(struct wattle_sched_queue *q)
{
	struct owned_queue *o = wattle_container_of(q, struct owned_queue, q);

	assert_int_equal(q->inflight, 0);
	o->wd->live_queues--;
	free(o);
}

static void op_timer(struct wattle_sched *s, __u64 at_ns)
{
	struct world *wd = world_of(s);

	wd->timer_at = at_ns;
	wd->nr_timer++;
}

static void op_trace(struct wattle_sched *s, enum wattle_sched_trace what,
		     const struct wattle_sched_batch *b, const struct wattle_sched_worker *w,
		     __u64 now_ns)
{
	struct world *wd = world_of(s);

	assert_int_equal(now_ns, wd->now);
	wd->traced[what]++;
	if (wd->hook)
		wd->hook(wd, what, b, w);
}

static __u64 op_cpu_ns(struct wattle_sched_worker *w, __u64 now_ns)
{
	struct world *wd = world_of(w->client->sched);

	assert_int_equal(now_ns, wd->now);
	return wd->cpu_ns ? wd->cpu_ns(wd, w) : now_ns;
}

static const struct wattle_sched_ops ops = {
	.wake = op_wake,
	.event = op_event,
	.batch_free = op_batch_free,
	.queue_free = op_queue_free,
	.timer = op_timer,
	.trace = op_trace,
	.cpu_ns = op_cpu_ns,
};

struct world *world_new(void)
{
	static const struct wattle_sched_limits limits = {
		.queues_per_client = 64, .queues_per_user = 256, .queues_total = 1024,
		.clients_per_user = 64, .clients_total = 256, .workers_per_client = 64,
		.workers_per_user = 256, .workers_total = 1024,
		.batches_per_queue = 100000, .batches_per_user = 1000000,
		.batches_total = 1000000,
		.lease_min_ns = MS, .lease_max_ns = 60 * SEC, .lease_default_ns = 10 * SEC,
	};
	struct world *wd = calloc(1, sizeof(*wd));

	assert_non_null(wd);
	wd->now = 1000 * SEC;
	wattle_sched_init(&wd->s, &ops, &limits, wd->cpus, WORLD_CPUS);
	wattle_sched_set_supply(&wd->s, 4, 1000000);
	return wd;
}

void world_free(struct world *wd)
{
	assert_int_equal(wd->live_batches, 0);
	assert_int_equal(wd->live_queues, 0);
	assert_int_equal(wd->s.nr_batches, 0);
	assert_int_equal(wd->s.nr_clients, 0);
	assert_int_equal(wd->s.nr_queues, 0);
	assert_true(wattle_list_empty(&wd->s.running));
	assert_null(wd->s.admit[0].root);
	assert_null(wd->s.admit[1].root);
	assert_null(wd->s.admit[2].root);
	free(wd);
}

void world_advance(struct world *wd, __u64 ns)
{
	__u64 end = wd->now + ns;

	while (wd->timer_at && wd->timer_at <= end) {
		if (wd->timer_at > wd->now)
			wd->now = wd->timer_at;
		wd->timer_at = 0;
		wattle_sched_tick(&wd->s, wd->now);
	}
	wd->now = end;
}

struct wattle_sched_client *world_client(struct world *wd, struct wattle_sched_user *u)
{
	struct wattle_sched_client *c = malloc(sizeof(*c));

	assert_non_null(c);
	assert_int_equal(wattle_sched_client_init(&wd->s, c, u), 0);
	return c;
}

void world_client_exit(struct world *wd, struct wattle_sched_client *c)
{
	struct wattle_sched_worker *w, *tmp;

	wattle_list_for_each_safe(w, tmp, &c->workers, client_link) {
		if (w->state == WATTLE_WORKER_PARKED)
			wattle_sched_unpark(w, wd->now);
		world_worker_exit(wd, w);
	}
	wattle_sched_client_exit(c, wd->now);
	free(c);
}

struct wattle_sched_queue *world_queue(struct wattle_sched_client *c,
				       const struct wattle_queue_params *p)
{
	struct world *wd = world_of(c->sched);
	struct owned_queue *o = malloc(sizeof(*o));
	struct wattle_queue_params def = { 0 };

	assert_non_null(o);
	if (p)
		def = *p;
	assert_int_equal(wattle_sched_params_check(c->sched, &def, 1), 0);
	assert_int_equal(wattle_sched_queue_init(c, &o->q, &def), 0);
	o->wd = wd;
	wd->live_queues++;
	return &o->q;
}

struct wattle_sched_worker *world_worker(struct wattle_sched_client *c, __u32 slot)
{
	struct wattle_sched_worker *w = malloc(sizeof(*w));

	assert_non_null(w);
	assert_int_equal(wattle_sched_worker_init(c, w, slot), 0);
	return w;
}

void world_worker_exit(struct world *wd, struct wattle_sched_worker *w)
{
	wattle_sched_worker_exit(w, wd->now);
	free(w);
}

int world_submit_full(struct world *wd, struct wattle_sched_queue *q,
		      const struct wattle_batch *in, struct wattle_verdict *v,
		      struct wattle_sched_batch **out)
{
	struct owned_batch *o = malloc(sizeof(*o));
	int err;

	assert_non_null(o);
	memset(o, 0xa5, sizeof(*o));	/* the core may rely on nothing but in */
	o->b.in = *in;
	o->wd = wd;
	wd->live_batches++;
	if (out)
		*out = &o->b;
	err = wattle_sched_submit(q, &o->b, v, wd->now);
	if (err || v->status == WATTLE_VERDICT_REFUSED) {
		wd->live_batches--;
		free(o);
		if (out)
			*out = NULL;
	}
	return err;
}

__u64 world_submit(struct world *wd, struct wattle_sched_queue *q, __u64 user_data,
		   __u64 deadline_in_ns)
{
	struct wattle_batch in = {
		.user_data = user_data,
		.deadline_ns = deadline_in_ns ? wd->now + deadline_in_ns : 0,
	};
	struct wattle_verdict v;

	assert_int_equal(world_submit_full(wd, q, &in, &v, NULL), 0);
	assert_int_not_equal(v.status, WATTLE_VERDICT_REFUSED);
	assert_int_not_equal(v.batch, 0);
	return v.batch;
}

int world_next(struct world *wd, struct wattle_sched_worker *w, __u32 cpu)
{
	int ret = wattle_sched_next(w, WATTLE_QUEUE_ANY, cpu, wd->now);

	if (ret == 1)
		wattle_sched_delivered(w);
	return ret;
}

int world_complete(struct world *wd, struct wattle_sched_worker *w)
{
	return wattle_sched_complete(w, w->token, WATTLE_STATUS_OK, w->cpu, wd->now);
}

__u64 world_turn(struct world *wd, struct wattle_sched_worker *w, __u32 cpu)
{
	__s32 prev;
	int ret;

	if (w->state == WATTLE_WORKER_GRANTED && !w->taken)
		assert_int_equal(wattle_sched_unpark(w, wd->now), 1);
	ret = wattle_sched_turn(w, w->token, WATTLE_STATUS_OK, &prev, WATTLE_QUEUE_ANY, cpu,
				cpu, wd->now);
	assert_in_range(ret, 0, 1);
	if (!ret)
		return 0;
	wattle_sched_delivered(w);
	return w->batch->in.user_data;
}

void world_check(struct world *wd)
{
	struct wattle_queue_stats sum;
	struct wattle_sched_queue *q;
	int i;

	wattle_list_for_each(q, &wd->s.queues, sched_link) {
		const struct wattle_queue_stats *st = &q->stats;
		__u64 waits = 0, runs = 0;

		assert_int_equal(st->submitted, st->refused + st->completed + st->cancelled +
				 st->aborted + st->queued + st->granted);
		assert_int_equal(st->submitted, st->admitted + st->best_effort + st->refused);
		assert_int_equal(st->queued + st->granted, q->inflight);
		assert_int_equal(st->granted, q->nr_granted);
		assert_true(st->late <= st->missed);
		assert_true(st->failed <= st->completed);
		assert_true(st->lease_expired <= st->aborted);
		for (i = 0; i < WATTLE_HIST_SLOTS; i++) {
			waits += st->wait_hist[i];
			runs += st->run_hist[i];
		}
		/* Every batch that was ever granted, and not taken back, has waited once. */
		assert_int_equal(waits, st->completed + st->aborted + st->granted);
		assert_int_equal(runs, st->completed);
	}
	wattle_sched_totals(&wd->s, &sum, wd->now);
	assert_int_equal(sum.submitted, sum.refused + sum.completed + sum.cancelled +
			 sum.aborted + sum.queued + sum.granted);
	assert_int_equal(sum.queued + sum.granted, wd->s.nr_batches);
	assert_int_equal(wd->s.nr_batches, wd->live_batches);
}
