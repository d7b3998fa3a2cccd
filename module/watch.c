// SPDX-License-Identifier: GPL-2.0-only
/*
 * Watches whether queues are slowed by more than they allow (core/guard.h): which
 * batches tell something, and what follows. A queue that is found out runs free
 * for a while; where most users' queues are, it is the machine (or wattle) that is not
 * as it says, and the mode goes to observe. See Documentation/design/actuators.md.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/kernel.h>
#include <linux/ktime.h>
#include <linux/workqueue.h>

#include "chardev.h"
#include "core/guard.h"
#include "device.h"
#include "mode.h"
#include "plan.h"
#include "queue.h"
#include "trace.h"
#include "user.h"
#include "watch.h"
#include "worker.h"

/* Fewer queues than this, found out at one time, are their own fault. */
#define WATTLE_WATCH_QUEUES	4

static void wattle_watch_fn(struct work_struct *work);
static DECLARE_WORK(wattle_watch_work, wattle_watch_fn);

static struct wattle_user *wattle_watch_user(const struct wattle_sched_queue *q)
{
	return container_of(q->client->user, struct wattle_user, sched);
}

/* Is more than half of what users run slowed found out, for more than half of the users? */
static bool wattle_watch_most(u32 *demoted)
{
	u32 users = 0, out = 0, nr = 0;
	struct wattle_sched_queue *q;
	struct wattle_user *u;

	lockdep_assert_held(&wattle.lock);
	wattle_list_for_each(q, &wattle.sched.queues, sched_link) {
		u = wattle_watch_user(q);
		u->nr_watched = 0;
		u->nr_demoted = 0;
	}
	wattle_list_for_each(q, &wattle.sched.queues, sched_link) {
		const struct wattle_guard *g = &wattle_queue_of(q)->guard;

		u = wattle_watch_user(q);
		u->nr_watched += g->demotions || g->slowed.nr || g->kept || g->missed;
		u->nr_demoted += g->phase == WATTLE_GUARD_DEMOTED;
		nr += g->phase == WATTLE_GUARD_DEMOTED;
	}
	wattle_list_for_each(q, &wattle.sched.queues, sched_link) {
		u = wattle_watch_user(q);
		if (!u->nr_watched)
			continue;
		users++;
		out += u->nr_demoted * 2 > u->nr_watched;
		u->nr_watched = 0;
	}
	*demoted = nr;
	return nr >= WATTLE_WATCH_QUEUES && out * 2 > users;
}

static void wattle_watch_fn(struct work_struct *work)
{
	bool most;
	u32 nr;

	wattle_device_lock();
	most = wattle_plan_enforcing() && wattle_watch_most(&nr);
	wattle_device_unlock();
	if (!most)
		return;
	pr_warn("most of what is slowed takes longer than it allows (%u queues): mode observe; what programs say of their work, or the clocks, are not as stated\n",
		nr);
	if (wattle_mode_set(WATTLE_MODE_OBSERVE))
		pr_warn("mode observe failed\n");
}

static void wattle_watch_found(struct wattle_queue *q, enum wattle_guard_verdict v, u64 now_ns)
{
	if (v == WATTLE_GUARD_NONE)
		return;
	trace_wattle_guard(&q->sched, v, &q->guard, now_ns);
	if (v == WATTLE_GUARD_SLOWDOWN || v == WATTLE_GUARD_MISSES)
		queue_work(system_wq, &wattle_watch_work);
}

/**
 * wattle_watch_grant() - is a grant to run free for the sake of its queue's guard?
 * @w: the worker
 * @b: its batch
 * @now_ns: the time
 *
 * Called under the device lock, as are the others here.
 */
bool wattle_watch_grant(struct wattle_worker *w, const struct wattle_sched_batch *b, u64 now_ns)
{
	struct wattle_queue *q = wattle_queue_of(b->queue);
	bool free;

	/* Nothing is slowed that has agreed to nothing; with a deadline its promise counts. */
	if (b->in.deadline_ns)
		free = wattle_guard_demoted(&q->guard, now_ns);
	else if (b->queue->params.max_slowdown_pm)
		free = wattle_guard_free(&q->guard, now_ns);
	else
		free = false;
	/* A clock takes a while to follow: the first of a phase on a CPU is neither. */
	w->watch_whole = w->watch_queue == b->queue->id && w->watch_turn == q->guard.turn;
	w->watch_queue = b->queue->id;
	w->watch_turn = q->guard.turn;
	return free;
}

/**
 * wattle_watch_complete() - a batch has been done
 * @w: the worker, still counted in its domain
 * @b: its batch
 * @now_ns: the time
 */
void wattle_watch_complete(struct wattle_worker *w, const struct wattle_sched_batch *b, u64 now_ns)
{
	struct wattle_queue *q = wattle_queue_of(b->queue);
	const struct wattle_domain *d = w->plan_domain;
	enum wattle_guard_verdict v;
	bool slowed;

	if (!d || !wattle_plan_enforcing())
		return;
	slowed = d->acting_khz && d->acting_khz < d->full_khz;
	if (b->in.deadline_ns) {
		if (b->promised != 1 || w->plan_level == d->levels.nr - 1)
			return;
		v = wattle_guard_promised(&q->guard, now_ns > b->in.deadline_ns, now_ns);
	} else {
		/* Free in a domain that others have slowed, or the reverse, tells nothing. */
		if (!w->watch_whole || slowed != (w->plan_level < d->levels.nr - 1))
			return;
		v = wattle_guard_ran(&q->guard, w->watch_turn, slowed,
				     now_ns - w->sched.granted_ns, b->need_ns,
				     b->queue->params.max_slowdown_pm, now_ns);
	}
	wattle_watch_found(q, v, now_ns);
}

/**
 * wattle_watch_stats() - what is known of a queue
 * @q: the queue
 * @st: filled in part
 */
void wattle_watch_stats(struct wattle_queue *q, struct wattle_queue_stats *st)
{
	st->demoted = q->guard.phase == WATTLE_GUARD_DEMOTED;
	st->slowdown_pm = q->guard.slowdown_pm;
	st->demotions = q->guard.demotions;
}

/**
 * wattle_watch_exit() - no queue is left
 */
void wattle_watch_exit(void)
{
	cancel_work_sync(&wattle_watch_work);
}
