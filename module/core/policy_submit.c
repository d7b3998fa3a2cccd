// SPDX-License-Identifier: GPL-2.0-only OR LGPL-2.1-or-later OR BSD-2-Clause
/* Submission: what a batch would cost each CPU, whether it can be promised, where it goes. */
#include "core/choose.h"
#include "core/edf.h"
#include "core/place.h"
#include "core/policy_cpu.h"

/* What one CPU makes of the item; the best of them is kept. */
struct option {
	struct wattle_place_offer	offer;
	__u64				earliest_ns;
	__u64				alone_ns;	/* its own time on this CPU */
	__u32				cpu;
};

/*
 * Before anything else starts: what runs has this much left, once it has taken
 * longer than it said as long again; a CPU that idles must wake, from the
 * deepest state at worst.
 */
static __u64 first_ns(const struct wattle_policy *p, const struct wattle_policy_cpu *c,
		      const struct wattle_edf_ask *ask,
		      const struct wattle_demand_first *first, __u64 now_ns)
{
	if (!c->running)
		return wattle_cpu_wake_ns(p);
	if (!first->kcycles && !first->stall_ns)
		return wattle_sat_sub(now_ns, c->running->start_ns);
	return wattle_edf_need_ns(ask, first->kcycles, first->stall_ns);
}

static void look_at(const struct wattle_policy *p, const struct wattle_item *item, __u32 cpu,
		    __u64 now_ns, struct option *o)
{
	struct wattle_policy_cpu *c = &p->cpus[cpu];
	const struct wattle_work *in = &item->in;
	struct wattle_demand_entry entry = item->entry;
	struct wattle_demand_speed speed;
	struct wattle_demand_first first;
	struct wattle_edf_ask ask;

	wattle_cpu_first(c, now_ns, &first);
	ask.kcycles = entry.kcycles;
	ask.stall_ns = entry.stall_ns;
	ask.release_ns = in->release_ns;
	ask.due_ns = in->deadline_ns;
	ask.khz = wattle_cpu_cap(p, c);
	ask.supply_pm = wattle_cpu_supply(c);
	/* The guard before everything is the guard off every deadline. */
	ask.first_ns = wattle_sat_add(first_ns(p, c, &ask, &first, now_ns),
				      p->params.guard_ns + wattle_cpu_raise_ns(p, c, ask.khz));
	/* The batch itself may be what has begun just before somebody's release. */
	o->alone_ns = wattle_edf_need_ns(&ask, entry.kcycles, entry.stall_ns);
	ask.blocking_ns = o->alone_ns > c->longest_ns ? o->alone_ns : c->longest_ns;
	/* Or it idles then, and must wake and change its frequency, from the lowest at worst. */
	ask.blocking_ns = wattle_sat_add(ask.blocking_ns, p->params.guard_ns +
					 wattle_cpu_wake_ns(p) +
					 1000ULL * p->power->t.transition_us +
					 1000ULL * p->power->t.switch_us);

	o->cpu = cpu;
	o->offer.active = c->running || c->nr_waiting;
	o->offer.cheap_khz = p->power->t.opp[p->power->crit[p->power->t.nr_idle - 1][0]].khz;
	o->offer.wait_ns = wattle_sat_add(ask.first_ns,
					  wattle_edf_need_ns(&ask, c->undated_kcycles,
							     c->undated_ns));
	o->earliest_ns = 0;
	o->offer.feasible = 1;
	o->offer.khz = 0;
	if (!in->deadline_ns)
		return;
	o->offer.feasible = wattle_edf_test(&c->demand, &ask, now_ns, &o->earliest_ns);
	if (p->nr_cpus == 1)
		return;
	wattle_demand_add(&c->demand, &entry, in->deadline_ns, in->release_ns, now_ns);
	wattle_demand_speed(&c->demand, &first, ask.khz, p->params.guard_ns, now_ns, &speed);
	wattle_demand_sub(&c->demand, &entry);
	o->offer.khz = speed.khz;
}

static int find_place(const struct wattle_policy *p, const struct wattle_item *item,
		      __u64 now_ns, struct option *best)
{
	struct option o;
	int found = 0;
	__u32 i;

	for (i = 0; i < p->nr_cpus; i++) {
		if (!p->cpus[i].online)
			continue;
		look_at(p, item, i, now_ns, &o);
		if (!found || wattle_place_better(&o.offer, &best->offer, !!item->in.deadline_ns))
			*best = o;
		found = 1;
	}
	return found;
}

/* Energy of the batch at the frequency that energy alone would choose, in a window. */
static __u64 least_pj(const struct wattle_power *w, const struct wattle_item *item)
{
	__u64 best = WATTLE_U64_MAX;
	__u32 i;

	for (i = 0; i < w->nr_hull; i++) {
		const struct wattle_power_opp *o = &w->t.opp[w->hull[i]];
		__u64 pj = wattle_power_pj(o->uw, wattle_power_run_ns(item->entry.kcycles,
								      item->entry.stall_ns,
								      o->khz));

		if (pj < best)
			best = pj;
	}
	return best;
}

/* Everything of the item that follows from what was submitted. */
static void prepare(struct wattle_policy *p, struct wattle_item *item, __u64 now_ns)
{
	const struct wattle_work *in = &item->in;
	__u64 ready = in->release_ns > now_ns ? in->release_ns : now_ns;

	wattle_item_estimate(p, item);
	item->entry.bucket = WATTLE_DEMAND_NONE;
	item->entry.pad = 0;
	item->state = WATTLE_ITEM_OUT;
	item->promised = 0;
	item->pad = 0;
	item->order_ns = in->deadline_ns ? in->deadline_ns : WATTLE_ORDER_LAST;
	item->hold_ns = wattle_sat_add(ready, in->max_delay_ns);
	item->start_ns = 0;
	item->run_ns = 0;
	item->unfit = 0;
}

static void settle(struct wattle_item *item, const struct option *best,
		   struct wattle_admit_verdict *v, __u64 now_ns)
{
	const struct wattle_work *in = &item->in;
	__u64 cap_pj = wattle_sat_mul(in->energy_cap_uj, 1000000);

	v->status = WATTLE_ADMISSION_PROMISED;
	v->reason = WATTLE_ADMIT_FINE;
	if (in->energy_cap_uj && v->cost_pj > cap_pj)
		v->reason = WATTLE_ADMIT_OVER_CAP;
	else if (!in->deadline_ns)
		return;
	else if (in->deadline_ns <= now_ns)
		v->reason = WATTLE_ADMIT_PAST;
	else if (!wattle_item_known(item))
		v->reason = WATTLE_ADMIT_UNKNOWN;
	else if (!best->offer.feasible)
		v->reason = WATTLE_ADMIT_INFEASIBLE;
	if (!v->reason) {
		item->promised = 1;
		return;
	}
	/* A cap that no frequency can keep is a refusal: to run it at all is to break it. */
	if (v->reason == WATTLE_ADMIT_OVER_CAP || (in->flags & WATTLE_WORK_STRICT)) {
		v->status = WATTLE_ADMISSION_REFUSED;
		return;
	}
	v->status = WATTLE_ADMISSION_BEST_EFFORT;
	/* Where it hurts no promise. Of unknown length: after all that was promised. */
	if (v->reason == WATTLE_ADMIT_UNKNOWN || !wattle_item_known(item))
		item->order_ns = WATTLE_ORDER_LAST;
	else if (item->order_ns < best->earliest_ns)
		item->order_ns = best->earliest_ns;
}

static void admit(struct wattle_policy *p, struct wattle_item *item,
		  struct wattle_admit_verdict *v, __u64 now_ns)
{
	struct wattle_policy_cpu *c;
	struct option best;

	prepare(p, item, now_ns);
	v->cpu = 0;
	v->pad = 0;
	v->cost_pj = least_pj(p->power, item);
	if (!find_place(p, item, now_ns, &best)) {
		v->status = WATTLE_ADMISSION_REFUSED;
		v->reason = WATTLE_ADMIT_NO_CPU;
		return;
	}
	v->cpu = best.cpu;
	item->cpu = best.cpu;
	settle(item, &best, v, now_ns);
	if (v->status == WATTLE_ADMISSION_REFUSED)
		return;
	c = &p->cpus[best.cpu];
	if (best.alone_ns > c->longest_ns)
		c->longest_ns = best.alone_ns;
	wattle_cpu_take(p, item, now_ns);
}

void wattle_policy_submit(struct wattle_policy *p, struct wattle_item *item,
			  struct wattle_admit_verdict *v, __u64 now_ns)
{
	struct wattle_record r;

	admit(p, item, v, now_ns);
	if (!p->log)
		return;
	wattle_record_begin(&r, WATTLE_RECORD_SUBMIT, v->cpu, item, now_ns);
	r.work = item->in;
	r.verdict = *v;
	p->log(p->log_data, &r);
}
