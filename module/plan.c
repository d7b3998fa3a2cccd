// SPDX-License-Identifier: GPL-2.0-only
/*
 * The plan: what the grants that run want of their clock domain.
 *
 * The state machine reports grants and their ends under the device lock, where
 * only counts change. When the lock is dropped, domains whose plan is not what
 * was posted last are posted to their threads: a worker that ends one grant and
 * begins another in one NEXT so posts nothing.
 */
#include <linux/bitops.h>
#include <linux/jiffies.h>
#include <linux/ktime.h>
#include <linux/mm.h>
#include <linux/slab.h>

#include "core/slowdown.h"
#include "actuator.h"
#include "advise.h"
#include "device.h"
#include "latency.h"
#include "pace.h"
#include "plan.h"
#include "presence.h"
#include "watch.h"
#include "worker.h"

/* All under the device lock. */
static struct wattle_domain **wattle_plan_of;	/* by CPU, NULL = none */
static bool wattle_plan_on;			/* enforce, not draining */
static bool wattle_plan_advises;		/* advise: decided, not acted on */
static u64 wattle_plan_nr_latency;		/* admitted batches of the latency class */
static u32 wattle_plan_nr_members;		/* domains slowed for attached programs alone */
static u32 wattle_plan_nr_slowed;		/* grants to be freed when a promise waits */

/*
 * Where the clock is not known how fast it runs, promises count on full speed: while one
 * waits nothing before it is slowed. Elsewhere its domain's thread sees to it (pace.c).
 */
static bool wattle_plan_dated(void)
{
	u32 i;

	for (i = 0; i < WATTLE_SCHED_CLASSES; i++)
		if (wattle.sched.admit[i].count)
			return true;
	return false;
}

/* The frequency a grant of @b needs in @d; 0 = all there is. */
static u32 wattle_plan_khz(const struct wattle_domain *d, const struct wattle_worker *w,
			   const struct wattle_sched_batch *b)
{
	if (w->watch_free)
		return 0;
	/* The lowest is enough, but for what its pace asks for. */
	if (b->in.deadline_ns && d->paced && w->run.due_ns && w->run.known)
		return 1;
	if (b->in.deadline_ns || (!d->paced && wattle_plan_dated()))
		return 0;
	return wattle_slowdown_khz(b->in.work_kcycles, b->in.stall_us,
				   b->queue->params.max_slowdown_pm, d->full_khz);
}

static u8 wattle_plan_level(const struct wattle_levels *l, u32 khz)
{
	u32 i;

	if (!khz)
		return l->nr - 1;
	for (i = 0; i < l->nr - 1; i++)
		if (l->khz[i] >= khz)
			break;
	return i;
}

static void wattle_plan_post(struct wattle_domain *d, enum wattle_why why)
{
	bool any = d->used || d->attached;
	u32 top = d->used ? fls64(d->used) - 1 : 0;

	if (d->attached)
		top = max_t(u32, top, d->attached - 1);
	d->want.khz = any && top < d->levels.nr - 1 ? d->levels.khz[top] : 0;
	d->want.idle = !any;
	d->want.why = why;
	if (d->queued)
		return;
	d->queued = true;
	d->pending = wattle.pending.plans;
	wattle.pending.plans = d;
	wattle.pending.dirty = true;
}

static struct wattle_domain *wattle_plan_count(struct wattle_worker *w,
					       const struct wattle_sched_batch *b)
{
	u32 cpu = w->sched.cpu;
	struct wattle_domain *d;

	w->plan_domain = NULL;
	w->plan_khz = 0;
	w->plan_slowed = false;
	if ((!wattle_plan_on && !wattle_plan_advises) || cpu == WATTLE_CPU_ANY)
		return NULL;
	d = wattle_plan_of[cpu];
	if (!d || !d->steered)
		return NULL;
	w->plan_domain = d;
	w->plan_level = wattle_plan_level(&d->levels, wattle_plan_khz(d, w, b));
	if (w->plan_level < d->levels.nr - 1) {
		if (wattle_plan_on)
			w->plan_khz = d->paced ? d->acting_khz : d->levels.khz[w->plan_level];
		w->plan_slowed = !d->paced;
		wattle_plan_nr_slowed += w->plan_slowed;
	}
	if (!d->nr_at[w->plan_level]++)
		d->used |= BIT_ULL(w->plan_level);
	return d;
}

static void wattle_plan_grant(struct wattle_worker *w, const struct wattle_sched_batch *b,
			      u64 now_ns)
{
	struct wattle_domain *d;

	w->watch_free = wattle_plan_on && wattle_watch_grant(w, b, now_ns);
	d = wattle_plan_count(w, b);
	if (d)
		wattle_plan_post(d, WATTLE_WHY_GRANT);
	wattle_advise_begin(w, now_ns);
}

static void wattle_plan_end(struct wattle_worker *w, const struct wattle_sched_batch *b, u64 now_ns)
{
	struct wattle_domain *d = w->plan_domain;

	if (!d)
		return;
	wattle_advise_ran(w, b, 0, now_ns);
	w->plan_domain = NULL;
	wattle_plan_nr_slowed -= w->plan_slowed;
	if (!--d->nr_at[w->plan_level])
		d->used &= ~BIT_ULL(w->plan_level);
	wattle_plan_post(d, WATTLE_WHY_END);
}

/*
 * @b waits now. If it has a promise, nothing runs slowed before it. Counting afresh takes
 * as long as there are CPUs and grants, so only with a grant to be freed: who submits and
 * withdraws in a loop makes it happen once a slowed grant.
 */
static void wattle_plan_dated_came(const struct wattle_sched_batch *b)
{
	if ((wattle_plan_nr_slowed || wattle_plan_nr_members) && b->due.height)
		wattle_plan_redo(WATTLE_WHY_DATED);
}

static void wattle_plan_latency_count(const struct wattle_sched_batch *b, int by)
{
	if (b->class != WATTLE_CLASS_LATENCY - 1)
		return;
	wattle_plan_nr_latency += by;
	if (wattle_plan_on && wattle_plan_nr_latency <= 1)
		wattle_latency_want(wattle_plan_nr_latency);
}

/**
 * wattle_plan_event() - struct wattle_sched_ops.trace, for the plan
 * @what: what happened
 * @b: to which batch
 * @w: by which worker, NULL if none
 * @now_ns: when
 *
 * Called under the device lock. Every GRANT is followed by one of COMPLETE,
 * LEASE_EXPIRED, ABORT and REQUEUE of the same worker.
 */
void wattle_plan_event(enum wattle_sched_trace what, const struct wattle_sched_batch *b,
		       const struct wattle_sched_worker *w, u64 now_ns)
{
	struct wattle_worker *ww = (struct wattle_worker *)w;	/* its first member */

	switch (what) {
	case WATTLE_TRACE_GRANT:
		wattle_pace_grant(ww, b, now_ns);
		wattle_plan_grant(ww, b, now_ns);
		break;
	case WATTLE_TRACE_COMPLETE:
		wattle_watch_complete(ww, b, now_ns);
		fallthrough;
	case WATTLE_TRACE_LEASE_EXPIRED:
	case WATTLE_TRACE_ABORT:
		wattle_plan_end(ww, b, now_ns);
		wattle_plan_latency_count(b, -1);
		break;
	case WATTLE_TRACE_REQUEUE:
		wattle_plan_end(ww, b, now_ns);
		wattle_pace_wait(b, now_ns);
		wattle_plan_dated_came(b);
		break;
	case WATTLE_TRACE_CANCEL:
		wattle_pace_leave(b);
		wattle_plan_latency_count(b, -1);
		break;
	case WATTLE_TRACE_SUBMIT:
		wattle_plan_latency_count(b, 1);
		wattle_pace_wait(b, now_ns);
		wattle_plan_dated_came(b);
		break;
	case WATTLE_TRACE_REFUSE:
		break;
	}
}

/**
 * wattle_plan_redo() - count afresh
 * @why: what has changed
 *
 * Called under the device lock; time grows with CPUs and running grants.
 */
void wattle_plan_redo(enum wattle_why why)
{
	struct wattle_sched_worker *w;
	struct wattle_domain *d;
	u64 now_ns = ktime_get_ns();
	unsigned int cpu;

	WRITE_ONCE(wattle_plan_on,
		   wattle.sched.mode == WATTLE_MODE_ENFORCE && !wattle.sched.draining);
	WRITE_ONCE(wattle_plan_advises,
		   wattle.sched.mode == WATTLE_MODE_ADVISE && !wattle.sched.draining);
	for_each_possible_cpu(cpu) {
		d = wattle_plan_of[cpu];
		if (!d || d->first != cpu)
			continue;
		memset(d->nr_at, 0, sizeof(d->nr_at));
		d->used = 0;
		/* Until the look that is asked for below, attached programs run free. */
		d->attached = d->attached && wattle_plan_on && d->steered ? d->levels.nr : 0;
	}
	wattle_plan_nr_slowed = 0;
	wattle_plan_nr_members = 0;
	wattle_list_for_each(w, &wattle.sched.running, run_link) {
		struct wattle_worker *ww = wattle_worker_of(w);

		if (ww->plan_domain)
			wattle_advise_ran(ww, w->batch, 0, now_ns);
		ww->plan_domain = NULL;
		/* At which speed it has run up to now is not known. */
		ww->run.since_ns = now_ns;
		ww->watch_whole = false;
		if (w->state == WATTLE_WORKER_GRANTED)
			wattle_plan_count(ww, w->batch);
		wattle_advise_begin(ww, now_ns);
	}
	for_each_possible_cpu(cpu) {
		d = wattle_plan_of[cpu];
		if (!d || d->first != cpu)
			continue;
		wattle_plan_post(d, why);
		/* The same may be wanted as before, and now be acted on, or no longer. */
		if (why == WATTLE_WHY_MODE) {
			WRITE_ONCE(d->kick, true);
			wattle_device_wake_task(d->task);
		}
	}
	wattle_latency_want(wattle_plan_latency());
	wattle_presence_kick();
}

/**
 * wattle_plan_attached() - what attached programs that run in a domain need
 * @d: the domain
 * @present: any runs there
 * @khz: the highest frequency that one of them needs, 0 = all there is
 *
 * Called under the device lock.
 */
void wattle_plan_attached(struct wattle_domain *d, bool present, u32 khz)
{
	u32 top = d->levels.nr - 1, level = 0;

	if (present && wattle_plan_on && d->steered)
		level = 1 + (wattle_plan_dated() ? top : wattle_plan_level(&d->levels, khz));
	if (level == d->attached)
		return;
	wattle_plan_nr_members -= d->attached && d->attached <= top;
	wattle_plan_nr_members += level && level <= top;
	d->attached = level;
	wattle_plan_post(d, WATTLE_WHY_MEMBER);
}

/**
 * wattle_plan_settle() - post to the threads what differs from what they were told
 *
 * Called under the device lock, about to be dropped. The end of a grant wakes
 * nobody: a timer looks later whether another has followed.
 */
void wattle_plan_settle(void)
{
	struct wattle_domain *d;

	while ((d = wattle.pending.plans)) {
		wattle.pending.plans = d->pending;
		d->queued = false;
		if (d->want.khz == d->posted.khz && d->want.idle == d->posted.idle)
			continue;
		if (d->want.khz != d->posted.khz)
			d->want.ns = ktime_get_ns();
		d->posted = d->want;
		if (d->posted.khz == d->acting_khz || wattle_pace_awake(d))
			continue;
		if (wattle_actuator_lingers(d)) {
			mod_timer(&d->linger, jiffies + WATTLE_LINGER);
		} else {
			WRITE_ONCE(d->kick, true);
			wattle_device_wake_task(d->task);
		}
	}
}

/**
 * wattle_plan_place() - a CPU belongs to another domain
 * @cpu: the CPU
 * @d: its domain, NULL none
 *
 * Called under the device lock; wattle_plan_redo() must follow before it is dropped.
 */
void wattle_plan_place(unsigned int cpu, struct wattle_domain *d)
{
	wattle_plan_of[cpu] = d;
}

/**
 * wattle_plan_domain() - a CPU's domain, NULL none
 * @cpu: the CPU. Under the device lock, or the domain sem.
 */
struct wattle_domain *wattle_plan_domain(unsigned int cpu)
{
	return READ_ONCE(wattle_plan_of[cpu]);
}

/**
 * wattle_plan_latency() - should latency requests be held? Under the device lock.
 */
bool wattle_plan_latency(void)
{
	return wattle_plan_on && wattle_plan_nr_latency;
}

/**
 * wattle_plan_enforcing() - may limits be placed? A look without the device lock.
 */
bool wattle_plan_enforcing(void)
{
	return READ_ONCE(wattle_plan_on);
}

/**
 * wattle_plan_advising() - is what would be done only reckoned? A look without the device lock.
 */
bool wattle_plan_advising(void)
{
	return READ_ONCE(wattle_plan_advises);
}

int wattle_plan_init(void)
{
	wattle_pace_start();
	wattle_plan_of = kvcalloc(nr_cpu_ids, sizeof(*wattle_plan_of), GFP_KERNEL);
	return wattle_plan_of ? 0 : -ENOMEM;
}

void wattle_plan_exit(void)
{
	kvfree(wattle_plan_of);
}
