// SPDX-License-Identifier: GPL-2.0-only OR LGPL-2.1-or-later OR BSD-2-Clause
/* The decision: everything that is known of one CPU, one frequency, one reason. */
#include "core/choose.h"
#include "core/defer.h"
#include "core/policy_cpu.h"

static void choose(const struct wattle_policy *p, const struct wattle_policy_cpu *c,
		   const struct wattle_demand_first *first, const struct wattle_item *cur,
		   __u32 min_khz, struct wattle_decision *d, struct wattle_choice *choice)
{
	struct wattle_choose_ask ask;
	__u64 known = WATTLE_HORIZON_UNKNOWN;

	if (!wattle_list_empty(&c->pending)) {
		const struct wattle_item *i = wattle_list_first(&c->pending, struct wattle_item,
								link);

		known = wattle_sat_sub(i->in.release_ns, d->now_ns);
	}
	ask.kcycles = wattle_sat_add(first->kcycles, wattle_sat_add(c->demand.kcycles,
								    c->undated_kcycles));
	ask.stall_ns = wattle_sat_add(first->stall_ns, wattle_sat_add(c->demand.stall_ns,
								      c->undated_ns));
	ask.horizon_ns = known;
	ask.base_uw = wattle_gap_base_uw(&c->gap, p->power);
	ask.min_khz = min_khz;
	ask.max_khz = d->cap_khz;
	ask.from_khz = c->running ? c->khz : 0;
	ask.hysteresis_pm = p->params.hysteresis_pm;
	ask.objective = cur->in.objective;
	ask.alone = wattle_cpu_alone(p, c);
	ask.nr_busy = wattle_cpus_busy(p);
	wattle_choose(p->power, &ask, choice);
	d->objective = ask.objective;
	d->horizon_ns = known;
	d->idle_state = wattle_gap_state(&c->gap, p->power, known);
	d->floor_khz = p->power->t.opp[choice->floor].khz;
	d->runner_khz = choice->runner == choice->opp ? 0 : p->power->t.opp[choice->runner].khz;
	d->energy_pj = choice->pj;
	d->runner_pj = choice->runner_pj;
}

/*
 * Work that was promised nothing must not begin when it could keep a promised
 * release waiting: admission reckons only with promised batches having begun.
 */
static int must_wait(const struct wattle_policy *p, struct wattle_policy_cpu *c,
		     const struct wattle_item *next, const struct wattle_decision *d)
{
	__u64 off = wattle_sat_add(p->params.guard_ns, wattle_cpu_wake_ns(p));
	__u64 end = wattle_sat_add(d->now_ns, off);

	if (next->promised || wattle_list_empty(&c->pending))
		return 0;
	if (!wattle_item_known(next))
		return 1;
	end = wattle_sat_add(end, wattle_power_run_ns(next->entry.kcycles, next->entry.stall_ns,
						      d->cap_khz));
	return end > wattle_demand_latest(&c->demand, next->order_ns, d->cap_khz, d->now_ns);
}

static void start_at(const struct wattle_policy *p, struct wattle_policy_cpu *c,
		     const struct wattle_item *next, struct wattle_decision *d)
{
	struct wattle_defer_ask ask;

	d->start_ns = d->now_ns;
	if (!next || c->running)
		return;
	if (must_wait(p, c, next, d)) {
		d->start_ns = wattle_list_first(&c->pending, struct wattle_item,
						link)->in.release_ns;
		return;
	}
	if (p->params.no_defer ||
	    d->binding == WATTLE_BIND_LATE || d->binding == WATTLE_BIND_UNKNOWN ||
	    next->in.objective != WATTLE_OBJECTIVE_WINDOW)
		return;
	ask.now_ns = d->now_ns;
	ask.idle_ns = c->idle_ns;
	ask.hold_ns = c->hold_ns;
	ask.usual_ns = c->usual_ns;
	ask.off_ns = wattle_sat_add(p->params.guard_ns, wattle_cpu_wake_ns(p));
	ask.slack_ns = wattle_demand_slack(&c->demand, d->floor_khz, d->now_ns);
	d->start_ns = wattle_defer_until(p->power, &ask);
}

static void clear(struct wattle_decision *d, __u32 cpu, __u64 now_ns)
{
	d->now_ns = now_ns;
	d->seq = 0;
	d->cpu = cpu;
	d->binding = WATTLE_BIND_NONE;
	d->khz = 0;
	d->runner_khz = 0;
	d->demand_khz = 0;
	d->floor_khz = 0;
	d->cap_khz = 0;
	d->objective = 0;
	d->idle_state = 0;
	d->pad = 0;
	d->start_ns = now_ns;
	d->recheck_ns = 0;
	d->horizon_ns = WATTLE_HORIZON_UNKNOWN;
	d->energy_pj = 0;
	d->runner_pj = 0;
}

static __u32 binding_of(const struct wattle_choice *choice, __u32 demand_khz, __u32 slow_khz,
			__u32 min_khz)
{
	switch (choice->why) {
	case WATTLE_CHOOSE_FLOOR:
		return WATTLE_BIND_FLOOR;
	case WATTLE_CHOOSE_MAX:
		return WATTLE_BIND_CAP;
	case WATTLE_CHOOSE_STAY:
		return WATTLE_BIND_HYSTERESIS;
	}
	if (demand_khz >= slow_khz && demand_khz >= min_khz)
		return WATTLE_BIND_DEMAND;
	return slow_khz >= min_khz ? WATTLE_BIND_SLOWDOWN : WATTLE_BIND_MINIMUM;
}

/* Runs as fast as it may, for a reason that no energy counts against. */
static void run_free(struct wattle_decision *d, enum wattle_binding why)
{
	d->binding = why;
	d->khz = d->cap_khz;
}

/* What deadlines ask for when @off_ns of the time is lost. */
static __u32 demand_less(const struct wattle_policy *p, struct wattle_policy_cpu *c,
			 const struct wattle_demand_first *first,
			 const struct wattle_decision *d, __u64 off_ns,
			 struct wattle_demand_speed *s)
{
	wattle_demand_speed(&c->demand, first, d->cap_khz, p->params.guard_ns + off_ns, d->now_ns,
			    s);
	return wattle_stretch_khz(s->khz, 1000 + p->params.headroom_pm, wattle_cpu_supply(c));
}

/*
 * What deadlines ask for, reckoned with the time that going there takes. Who
 * stays at the present frequency needs none: it must do only then. Mostly the
 * first question is the last.
 */
static __u32 demand_of(const struct wattle_policy *p, struct wattle_policy_cpu *c,
		       const struct wattle_demand_first *first, const struct wattle_decision *d,
		       struct wattle_demand_speed *s)
{
	__u64 lower_ns = 1000ULL * p->power->t.transition_us;
	__u64 raise_ns = wattle_cpu_raise_ns(p, c, d->cap_khz);
	__u32 khz = demand_less(p, c, first, d, lower_ns, s);

	if ((khz > c->khz || s->late) && lower_ns && c->khz <= d->cap_khz &&
	    demand_less(p, c, first, d, 0, s) <= c->khz && !s->late)
		return c->khz;
	if (khz > c->khz && raise_ns)
		khz = demand_less(p, c, first, d, raise_ns, s);
	return khz < d->cap_khz ? khz : d->cap_khz;
}

/* Those whose release has come are like all others; each is looked at once. */
static void unpend(struct wattle_policy_cpu *c, __u64 now_ns)
{
	while (!wattle_list_empty(&c->pending)) {
		struct wattle_item *i = wattle_list_first(&c->pending, struct wattle_item, link);

		if (i->in.release_ns > now_ns)
			return;
		wattle_list_del(&i->link);
	}
}

static void decide(struct wattle_policy *p, __u32 cpu, const struct wattle_item *next,
		   struct wattle_decision *d, __u64 now_ns)
{
	struct wattle_policy_cpu *c = &p->cpus[cpu];
	const struct wattle_item *cur = c->running ? c->running : next;
	struct wattle_demand_first first;
	struct wattle_demand_speed speed;
	struct wattle_choice choice;
	__u32 slow_khz = 0, ready_khz, least;

	clear(d, cpu, now_ns);
	d->seq = p->seq++;
	d->cap_khz = wattle_cpu_cap(p, c);
	unpend(c, now_ns);
	if (!cur)
		goto out;
	wattle_cpu_first(c, now_ns, &first);
	if (!c->running)
		first.stall_ns = wattle_cpu_wake_ns(p);
	d->demand_khz = demand_of(p, c, &first, d, &speed);
	if (!wattle_item_known(cur)) {
		run_free(d, WATTLE_BIND_UNKNOWN);
	} else if (c->running && !first.kcycles && !first.stall_ns) {
		run_free(d, WATTLE_BIND_OVERRUN);
	} else if (speed.late) {
		run_free(d, WATTLE_BIND_LATE);
	} else {
		if (!cur->in.deadline_ns)
			slow_khz = wattle_choose_slowdown_khz(p->power, cur->entry.kcycles,
							      cur->entry.stall_ns,
							      cur->in.slowdown_pm, d->cap_khz,
							      c->khz);
		/* And leave the CPU fit for the shortest that waits, besides this one. */
		if (c->nr_undated > !c->running && slow_khz < d->cap_khz) {
			ready_khz = wattle_choose_ready_khz(p->power, c->undated_run_ns,
							    c->undated_pm, d->cap_khz);
			slow_khz = ready_khz > slow_khz ? ready_khz : slow_khz;
		}
		least = d->demand_khz > slow_khz ? d->demand_khz : slow_khz;
		if (c->min_khz > least)
			least = c->min_khz;
		choose(p, c, &first, cur, least, d, &choice);
		d->khz = p->power->t.opp[choice.opp].khz;
		d->binding = binding_of(&choice, d->demand_khz, slow_khz, c->min_khz);
		wattle_cpu_recheck(p, c, &first, &speed, &choice, d);
	}
	start_at(p, c, next, d);
out:
	c->wish_khz = d->khz;
}

void wattle_policy_decide(struct wattle_policy *p, __u32 cpu, const struct wattle_item *next,
			  struct wattle_decision *d, __u64 now_ns)
{
	struct wattle_record r;

	decide(p, cpu, next, d, now_ns);
	if (!p->log)
		return;
	wattle_record_begin(&r, WATTLE_RECORD_DECIDE, cpu, next, now_ns);
	r.decision = *d;
	p->log(p->log_data, &r);
}
