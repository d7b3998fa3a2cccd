// SPDX-License-Identifier: GPL-2.0-only OR LGPL-2.1-or-later OR BSD-2-Clause
/* Batches: verdict, submission, withdrawal, end. */
#include "core/internal.h"

#define WORK_MAX	(1ULL << 43)
#define STALL_MAX	(1ULL << 32)
#define SETTLE_STEP	4	/* of a ledger whose CPUs have changed, with each submission */

int wattle_sched_batch_check(const struct wattle_batch *in)
{
	if (in->flags || in->work_kcycles >= WORK_MAX || in->stall_us >= STALL_MAX)
		return -EINVAL;
	return 0;
}

/*
 * CPU time that comes before any waiting batch of @class: what runs, and better
 * classes. Of what runs, what holds a CPU of the supply: a thread that is not
 * pinned is not gated either, and nobody is promised anything about it (else one
 * client's sleeping threads would make everybody's batches infeasible).
 */
__u64 wattle_sched_first_ns(const struct wattle_sched *s, __u32 class, __u64 now_ns)
{
	const struct wattle_sched_worker *w;
	__u64 sum = 0;
	__u32 i;

	wattle_list_for_each(w, &s->running, run_link) {
		if (w->occupies == WATTLE_CPU_ANY)
			continue;
		if (w->batch)
			sum = wattle_sat_add(sum,
					     wattle_lease_remaining(w->granted_ns, w->lease_ns,
								    w->batch->need_ns, now_ns));
		else
			sum = wattle_sat_add(sum, s->limits.lease_default_ns);
	}
	for (i = 0; i < class; i++) {
		sum = wattle_sat_add(sum, wattle_admit_total_ns(&s->admit[i]));
		sum = wattle_sat_add(sum, wattle_sum_value(&s->undated[i]));
	}
	return sum;
}

/*
 * The verdict on @in, and in @order_ns its place within the class. Enforce puts
 * a batch that cannot be promised its deadline behind all that can, with those
 * that have none: it has missed it, and what comes later need not. A need that is
 * not known leaves nothing to check but a deadline that has passed.
 */
static void decide(struct wattle_sched_queue *q, const struct wattle_batch *in, __u64 need_ns,
		   int dry, __u64 now_ns, struct wattle_verdict *v, __u64 *order_ns)
{
	static const struct wattle_verdict zero;
	struct wattle_sched *s = q->client->sched;
	__u32 class = WATTLE_PARAMS_CLASS(q);
	struct wattle_admit *a = &s->admit[class];
	struct wattle_admit_ask ask = {
		.need_ns = need_ns,
		.release_ns = in->release_ns,
		.deadline_ns = in->deadline_ns,
		.blocking_ns = in->release_ns > now_ns ? wattle_sched_longest_lease(s) : 0,
	};
	__u64 earliest = 0;
	int past, feasible;

	*v = zero;
	v->status = WATTLE_VERDICT_ADMITTED;
	*order_ns = in->deadline_ns ? in->deadline_ns : WATTLE_U64_MAX;
	if (s->mode == WATTLE_MODE_OFF) {
		v->reason = WATTLE_REASON_UNCHECKED;
		return;
	}
	if (!in->deadline_ns)
		return;
	past = in->deadline_ns <= now_ns;
	if (!past && !need_ns)
		return;
	ask.first_ns = wattle_sched_first_ns(s, class, now_ns);
	feasible = wattle_admit_test(a, &ask, now_ns, dry ? &earliest : NULL);
	if (feasible && !past) {
		v->earliest_ns = earliest;
		return;
	}
	if (!dry)
		wattle_admit_test(a, &ask, now_ns, &earliest);
	v->earliest_ns = earliest;
	v->reason = past ? WATTLE_REASON_DEADLINE_PAST : WATTLE_REASON_INFEASIBLE;
	v->status = WATTLE_VERDICT_BEST_EFFORT;
	if (s->mode != WATTLE_MODE_ENFORCE)
		return;
	if (q->params.flags & WATTLE_QUEUE_STRICT)
		v->status = WATTLE_VERDICT_REFUSED;
	*order_ns = WATTLE_U64_MAX;
}

void wattle_sched_ledger_add(struct wattle_sched_batch *b, __u64 now_ns)
{
	struct wattle_sched *s = b->queue->client->sched;
	struct wattle_admit_ask ask = {
		.need_ns = b->need_ns,
		.release_ns = b->in.release_ns,
		.deadline_ns = b->order_ns,
	};
	enum wattle_admit_kind kind = WATTLE_ADMIT_DEMAND;

	if (!b->need_ns)
		return;
	if (!wattle_sched_dated(b)) {
		wattle_sum_add(&s->undated[b->class], b->need_ns);
		return;
	}
	/* Asked about again soon; until then nobody is to reckon with it. */
	if (b->promised > 1 && wattle_sched_recheck_round(s) < WATTLE_RECHECK_ROUNDS)
		return;
	if (b->promised == 1 && b->in.release_ns > now_ns) {
		kind = WATTLE_ADMIT_DELAYED;
		ask.blocking_ns = wattle_sched_longest_lease(s);
	} else if (b->promised == 1) {
		kind = WATTLE_ADMIT_PROMISED;
	}
	wattle_admit_add(&s->admit[b->class], &b->due, &ask, kind, b->seq);
}

void wattle_sched_ledger_sub(struct wattle_sched_batch *b)
{
	struct wattle_sched *s = b->queue->client->sched;

	if (!b->need_ns)
		return;
	if (!wattle_sched_dated(b))
		wattle_sum_sub(&s->undated[b->class], b->need_ns);
	else
		wattle_admit_sub(&s->admit[b->class], &b->due);
}

int wattle_sched_submit_dry(struct wattle_sched_queue *q, const struct wattle_batch *in,
			    struct wattle_verdict *v, __u64 now_ns)
{
	struct wattle_sched *s = q->client->sched;
	__u64 order;

	if (s->draining)
		return -ESHUTDOWN;
	/* Settles nothing: a dry run leaves no record, so a replay would not know of it. */
	decide(q, in, wattle_admit_need_ns(in->work_kcycles, in->stall_us, s->supply_khz), 1,
	       now_ns, v, &order);
	return 0;
}

/*
 * Multiplicative hashing: whoever knows the multiplier can make one long chain by
 * cancelling all batches but those of one slot, so a kernel keeps it secret.
 */
static inline __u32 hash_of(const struct wattle_sched_client *c, __u64 id)
{
	return (id * c->hash_mult) >> (64 - WATTLE_SCHED_HASH_BITS);
}

/* The numbers that a verdict adds to; the batch itself may not be queued. */
static void count_verdict(struct wattle_sched_queue *q, const struct wattle_batch *in,
			  const struct wattle_verdict *v)
{
	struct wattle_queue_stats *st = &q->stats;

	st->submitted++;
	switch (v->status) {
	case WATTLE_VERDICT_ADMITTED:
		st->admitted++;
		break;
	case WATTLE_VERDICT_BEST_EFFORT:
		st->best_effort++;
		if (q->client->sched->mode != WATTLE_MODE_ENFORCE)
			st->would_refuse++;
		break;
	default:
		st->refused++;
		if (in->deadline_ns)
			st->missed++;
		break;
	}
}

int wattle_sched_submit(struct wattle_sched_queue *q, struct wattle_sched_batch *b,
			struct wattle_verdict *v, __u64 now_ns)
{
	struct wattle_sched_client *c = q->client;
	struct wattle_sched *s = c->sched;

	if (s->draining)
		return -ESHUTDOWN;
	if (q->closing)
		return -ENOENT;
	if (q->inflight >= q->params.max_inflight)
		return -EAGAIN;
	if (c->user->nr_batches >= s->limits.batches_per_user)
		return -EDQUOT;
	if (s->nr_batches >= s->limits.batches_total)
		return -ENOSPC;

	wattle_sched_settle_supply(s, SETTLE_STEP);
	b->need_ns = wattle_admit_need_ns(b->in.work_kcycles, b->in.stall_us, s->supply_khz);
	decide(q, &b->in, b->need_ns, 0, now_ns, v, &b->order_ns);
	b->queue = q;
	b->id = 0;
	b->verdict = v->status;
	b->reason = v->reason;
	b->state = WATTLE_BATCH_IDLE;
	b->submit_ns = now_ns;
	b->node.rank = 0;
	b->due.height = 0;
	count_verdict(q, &b->in, v);
	if (v->status == WATTLE_VERDICT_REFUSED) {
		wattle_sched_event(q, WATTLE_EVENT_REFUSED, b, 0, v->reason, WATTLE_CPU_ANY,
				   now_ns);
		wattle_sched_trace(s, WATTLE_TRACE_REFUSE, b, NULL, now_ns);
		b->queue = NULL;
		return 0;
	}

	b->id = c->next_batch_id++;
	v->batch = b->id;
	b->seq = s->seq++;
	b->class = WATTLE_PARAMS_CLASS(q);
	b->ready_ns = b->in.release_ns > now_ns ? b->in.release_ns : now_ns;
	wattle_list_add_tail(&b->queue_link, &q->batches);
	wattle_list_add_tail(&b->hash_link, &c->hash[hash_of(c, b->id)]);
	q->inflight++;
	q->stats.queued++;
	c->nr_waiting++;
	c->user->nr_batches++;
	s->nr_batches++;
	b->promised = v->status == WATTLE_VERDICT_ADMITTED && s->mode != WATTLE_MODE_OFF;
	/*
	 * The ledger lacks what the recheck has yet to ask about, so this promise was
	 * given without it. It must not stand in the way of any of those: until they
	 * are settled it is in no ledger, and then it is asked about itself.
	 */
	if (b->promised && wattle_sched_dated(b) && wattle_sched_recheck_gathers(s))
		b->promised = WATTLE_PROMISE_LATE;
	b->recheck = s->recheck;
	b->revoked = 0;
	wattle_sched_ledger_add(b, now_ns);
	wattle_sched_trace(s, WATTLE_TRACE_SUBMIT, b, NULL, now_ns);
	if (b->in.release_ns > now_ns) {
		b->state = WATTLE_BATCH_DELAYED;
		wattle_heap_insert(&s->delayed, &b->node, b->in.release_ns, b->seq);
		wattle_sched_arm(s, b->in.release_ns);
		/* What was promised for later counts on CPUs that work until then. */
		if (wattle_sched_dated(b))
			wattle_sched_hold_end(s);
		return 0;
	}
	wattle_sched_make_ready(b);
	wattle_sched_offer(b, now_ns);
	return 0;
}

/* @b has left its lists and heaps, whatever became of it, and is nobody's any more. */
void wattle_sched_batch_end(struct wattle_sched_batch *b)
{
	struct wattle_sched_queue *q = b->queue;
	struct wattle_sched_client *c = q->client;

	wattle_list_del(&b->hash_link);
	b->state = WATTLE_BATCH_IDLE;
	b->queue = NULL;
	q->inflight--;
	c->user->nr_batches--;
	c->sched->nr_batches--;
	c->sched->ops->batch_free(b);
}

void wattle_sched_withdraw(struct wattle_sched_batch *b, __u64 now_ns)
{
	struct wattle_sched_queue *q = b->queue;
	struct wattle_sched *s = q->client->sched;

	if (b->state == WATTLE_BATCH_DELAYED)
		wattle_heap_remove(&s->delayed, &b->node);
	else
		wattle_sched_unready(b);
	wattle_sched_hold_left(s);
	wattle_list_del(&b->queue_link);
	wattle_sched_ledger_sub(b);
	q->client->nr_waiting--;
	q->stats.queued--;
	q->stats.cancelled++;
	if (wattle_sched_dated(b))
		q->stats.missed++;
	wattle_sched_event(q, WATTLE_EVENT_CANCELLED, b, 0, 0, WATTLE_CPU_ANY, now_ns);
	wattle_sched_trace(s, WATTLE_TRACE_CANCEL, b, NULL, now_ns);
	wattle_sched_batch_end(b);
}

int wattle_sched_cancel(struct wattle_sched_queue *q, __u64 batch_id, __u64 now_ns)
{
	struct wattle_sched_client *c = q->client;
	struct wattle_sched_batch *b;

	wattle_list_for_each(b, &c->hash[hash_of(c, batch_id)], hash_link) {
		if (b->id != batch_id || b->queue != q)
			continue;
		if (b->state == WATTLE_BATCH_GRANTED)
			return -EBUSY;
		wattle_sched_withdraw(b, now_ns);
		wattle_sched_settle(c);
		return 0;
	}
	return -ENOENT;
}

__u64 wattle_sched_cancel_some(struct wattle_sched_queue *q, __u64 max, __u64 now_ns)
{
	struct wattle_sched_batch *b, *tmp;
	__u64 n = 0;

	wattle_list_for_each_safe(b, tmp, &q->batches, queue_link) {
		if (n == max)
			break;
		wattle_sched_withdraw(b, now_ns);
		n++;
	}
	wattle_sched_settle(q->client);
	return n;
}

__u64 wattle_sched_cancel_all(struct wattle_sched_queue *q, __u64 now_ns)
{
	return wattle_sched_cancel_some(q, WATTLE_U64_MAX, now_ns);
}

/*
 * First round: @b's need under the present supply. What was promised is in no ledger now.
 * A promise that was taken back is asked about again, after all that holds: the supply may
 * have come back (a resume, a package that cooled down).
 */
static void recheck_open(struct wattle_sched_batch *b, __u64 now_ns)
{
	const struct wattle_sched *s = b->queue->client->sched;

	wattle_sched_ledger_sub(b);
	b->need_ns = wattle_admit_need_ns(b->in.work_kcycles, b->in.stall_us, s->supply_khz);
	if (b->promised && wattle_sched_dated(b))
		b->promised = WATTLE_PROMISE_OPEN;
	else if (b->revoked && s->mode != WATTLE_MODE_OFF)
		b->promised = WATTLE_PROMISE_LATE;
	wattle_sched_ledger_add(b, now_ns);
}

/*
 * Into the ledger, as if it came now: the test is about newcomers, who go behind
 * their equals.
 */
static void recheck_enter(struct wattle_sched_batch *b, __u64 order_ns, __u64 now_ns)
{
	int ready = b->state == WATTLE_BATCH_READY;

	/* What it was held by was its place of before. */
	wattle_sched_hold_end(b->queue->client->sched);
	if (ready)
		wattle_sched_unready(b);
	wattle_sched_ledger_sub(b);
	b->order_ns = order_ns;
	b->seq = b->queue->client->sched->seq++;
	wattle_sched_ledger_add(b, now_ns);
	if (ready)
		wattle_sched_make_ready(b);
}

/* What can be promised again is; what cannot is told, and is not in the way. */
static void recheck_ask(struct wattle_sched_batch *b, __u64 now_ns)
{
	struct wattle_sched_queue *q = b->queue;
	struct wattle_verdict v;
	__u64 order_ns;

	/* One whose grant was undone late is there as mere demand: not against itself. */
	wattle_sched_ledger_sub(b);
	decide(q, &b->in, b->need_ns, 0, now_ns, &v, &order_ns);
	if (v.status == WATTLE_VERDICT_ADMITTED) {
		b->promised = 1;
		recheck_enter(b, order_ns, now_ns);
		if (b->revoked)
			wattle_sched_event(q, WATTLE_EVENT_RENEWED, b, 0, (__s32)v.reason,
					   WATTLE_CPU_ANY, now_ns);
		b->revoked = 0;
		return;
	}
	b->promised = WATTLE_PROMISE_REVOKED;
	if (!b->revoked)
		wattle_sched_event(q, WATTLE_EVENT_REVOKED, b, 0, (__s32)v.reason,
				   WATTLE_CPU_ANY, now_ns);
	b->revoked = 1;
}

/* Second, for each class: the promises of before. */
static void recheck_close(struct wattle_sched_batch *b, __u64 now_ns)
{
	if (b->promised == WATTLE_PROMISE_OPEN)
		recheck_ask(b, now_ns);
}

/*
 * Third, for each class: those that were given meanwhile or had been taken back. A newcomer of
 * these rounds finds every promise of before in the ledger and is promised at once, perhaps before
 * a late one that has its turn yet.
 */
static void recheck_late(struct wattle_sched_batch *b, __u64 now_ns)
{
	if (b->promised == WATTLE_PROMISE_OPEN || b->promised == WATTLE_PROMISE_LATE)
		recheck_ask(b, now_ns);
}

/* Fourth, for each class: the rest takes the best places that break no promise. */
static void recheck_place(struct wattle_sched_batch *b, __u64 now_ns)
{
	struct wattle_verdict v;
	__u64 order_ns;

	recheck_late(b, now_ns);
	if (b->promised <= 1)
		return;
	b->promised = 0;
	decide(b->queue, &b->in, b->need_ns, 0, now_ns, &v, &order_ns);
	recheck_enter(b, order_ns, now_ns);
}

/* What a round after the first does for one class, the best class first. */
static void (* const recheck_step[])(struct wattle_sched_batch *b, __u64 now_ns) = {
	recheck_close, recheck_late, recheck_place,
};

/* The round, from 1, in which batches of @class get the places that are left. */
static __u32 recheck_last(__u32 class)
{
	return WATTLE_RECHECK_ROUNDS - WATTLE_SCHED_CLASSES + class + 1;
}

static void recheck_one(struct wattle_sched_batch *b, __u32 round, __u64 now_ns)
{
	if (round == 1)
		recheck_open(b, now_ns);
	else if ((round - 2) % WATTLE_SCHED_CLASSES == b->class)
		recheck_step[(round - 2) / WATTLE_SCHED_CLASSES](b, now_ns);
}

int wattle_sched_recheck_missed(struct wattle_sched_batch *b)
{
	struct wattle_sched *s = b->queue->client->sched;
	__u32 round = wattle_sched_recheck_round(s);

	if (b->recheck >> WATTLE_RECHECK_SHIFT != s->recheck >> WATTLE_RECHECK_SHIFT) {
		b->need_ns = wattle_admit_need_ns(b->in.work_kcycles, b->in.stall_us,
						  s->supply_khz);
		if (b->promised == 1 && wattle_sched_dated(b))
			b->promised = WATTLE_PROMISE_LATE;
	}
	if (round < recheck_last(b->class))
		return 0;
	b->recheck = s->recheck;
	return b->promised > 1;
}

void wattle_sched_recheck_undone(struct wattle_sched_batch *b, __u64 now_ns)
{
	recheck_place(b, now_ns);
}

void wattle_sched_recheck_begin(struct wattle_sched *s, __u32 round)
{
	__u32 nr = (s->recheck >> WATTLE_RECHECK_SHIFT) + !round;

	s->recheck = nr << WATTLE_RECHECK_SHIFT | (round + 1);
}

__u64 wattle_sched_recheck_some(struct wattle_sched *s, __u64 max, __u64 now_ns)
{
	struct wattle_sched_queue *q;
	struct wattle_sched_batch *b;
	__u64 n = 0;

	/*
	 * Queues of a class go in the order they were made in: which of two batches in
	 * different queues came first does not matter, as it would take a list of all
	 * batches. So where the supply falls short, the older queue keeps its promises.
	 */
	wattle_list_for_each(q, &s->queues, sched_link) {
		/* Who has been through goes to the end, where newcomers are. */
		while (n < max && !wattle_list_empty(&q->batches)) {
			b = wattle_list_first(&q->batches, struct wattle_sched_batch, queue_link);
			if (b->recheck == s->recheck)
				break;
			b->recheck = s->recheck;
			recheck_one(b, wattle_sched_recheck_round(s), now_ns);
			wattle_list_del(&b->queue_link);
			wattle_list_add_tail(&b->queue_link, &q->batches);
			n++;
		}
		if (n == max)
			break;
	}
	return n;
}
