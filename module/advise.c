// SPDX-License-Identifier: GPL-2.0-only
/*
 * Mode advise: the plan is made and paced as in enforce, and acted on by nobody;
 * what it would have come to is summed by queue (core/advice.h).
 *
 * Grants are not gated, and work is done sooner than it would be, so deadlines ask
 * for less than they would of a machine that is behind. Therefore the highest they asked for
 * holds as long as there are any. See Documentation/design/actuators.md.
 *
 * All under the device lock.
 */
#include <linux/ktime.h>
#include <linux/rcupdate.h>
#include <linux/topology.h>

#include "advise.h"
#include "device.h"
#include "domain.h"
#include "model.h"
#include "plan.h"
#include "queue.h"
#include "worker.h"

/* How often the clock of a domain that works is looked at: it is the governor's, and moves. */
#define WATTLE_ADVISE_LOOK_NS	(10 * NSEC_PER_MSEC)

static struct wattle_advice wattle_advice_total;

/**
 * wattle_advise_begin() - a grant begins, or the plan was made anew
 * @w: the worker
 * @now_ns: the time
 */
void wattle_advise_begin(struct wattle_worker *w, u64 now_ns)
{
	w->advised_ns = w->plan_domain && wattle_plan_advising() ? now_ns : 0;
}

static u32 wattle_advise_near(const struct wattle_domain *d)
{
	const struct wattle_sched_worker *sw;
	u32 nr = 0;

	wattle_list_for_each(sw, &wattle.sched.running, run_link)
		nr += sw->occupies != WATTLE_CPU_ANY &&
		      topology_physical_package_id(sw->occupies) ==
		      topology_physical_package_id(d->first);
	return nr;
}

static void wattle_advise_add(struct wattle_worker *w, const struct wattle_sched_batch *b,
			      struct wattle_advice_run *r, u64 now_ns)
{
	const struct wattle_domain *d = w->plan_domain;
	const struct wattle_model_table *t;
	const struct wattle_power *p;

	if (!w->advised_ns || now_ns <= w->advised_ns)
		return;
	r->kcycles = b->in.work_kcycles;
	r->stall_us = b->in.stall_us;
	r->would_khz = d->acting_khz ?: d->full_khz;
	r->ns = now_ns - w->advised_ns;
	w->advised_ns = now_ns;
	rcu_read_lock();
	t = wattle_model();
	p = t ? &t->power : NULL;
	wattle_advice_add(&wattle_queue_of(b->queue)->advice, p, r);
	wattle_advice_add(&wattle_advice_total, p, r);
	rcu_read_unlock();
}

/**
 * wattle_advise_ran() - a grant has run up to now
 * @w: the worker, counted in its domain
 * @b: its batch
 * @clock_khz: the clock it had, 0 = as it was last seen
 * @now_ns: the time
 */
void wattle_advise_ran(struct wattle_worker *w, const struct wattle_sched_batch *b, u32 clock_khz,
		       u64 now_ns)
{
	const struct wattle_domain *d = w->plan_domain;
	struct wattle_advice_run r = { .khz = clock_khz ?: d->advised_clock_khz ?: d->full_khz };

	if (!w->advised_ns)
		return;
	r.nr = wattle_advise_near(d);
	wattle_advise_add(w, b, &r, now_ns);
}

/**
 * wattle_advise_domain() - the domain's thread looks: account what runs there up to now
 * @d: the domain; what it would act on may change after this
 * @clock_khz: its slowest clock now, 0 unknown
 * @now_ns: the time
 * @until: lowered to when to look again
 */
void wattle_advise_domain(struct wattle_domain *d, u32 clock_khz, u64 now_ns, u64 *until)
{
	struct wattle_advice_run r = { .khz = clock_khz ?: d->full_khz };
	struct wattle_sched_worker *sw;

	if (!wattle_plan_advising() || !d->used)
		return;
	r.nr = wattle_advise_near(d);
	wattle_list_for_each(sw, &wattle.sched.running, run_link) {
		struct wattle_worker *w = wattle_worker_of(sw);

		if (w->plan_domain == d)
			wattle_advise_add(w, sw->batch, &r, now_ns);
	}
	d->advised_clock_khz = clock_khz;
	*until = min(*until, now_ns + WATTLE_ADVISE_LOOK_NS);
}

/**
 * wattle_advise_khz() - what a domain would be capped at
 * @d: the domain
 * @khz: what the plan comes to now, 0 = no cap
 * @dated: deadlines had a say
 *
 * Return: kHz, 0 = no cap.
 */
u32 wattle_advise_khz(struct wattle_domain *d, u32 khz, bool dated)
{
	if (!dated)
		d->advised_khz = 0;
	else if (khz)
		d->advised_khz = max(d->advised_khz, khz);
	return khz ? max(khz, d->advised_khz) : 0;
}

/**
 * wattle_advise_total() - of all queues there ever were
 */
const struct wattle_advice *wattle_advise_total(void)
{
	return &wattle_advice_total;
}
