// SPDX-License-Identifier: GPL-2.0-only OR LGPL-2.1-or-later OR BSD-2-Clause
/* The policy's events: what is known about each CPU. See policy.h. */
#include "core/policy_cpu.h"

/*
 * Why these: Documentation/design/policy.md, "Parameters".
 */
void wattle_policy_defaults(struct wattle_policy_params *params, const struct wattle_power *power)
{
	(void)power;
	params->headroom_pm = 0;
	params->hysteresis_pm = 5;
	params->guard_ns = 2000;
	params->no_defer = 0;
	params->no_split = 0;
}

void wattle_policy_init(struct wattle_policy *p, const struct wattle_power *power,
			const struct wattle_policy_params *params,
			struct wattle_policy_cpu *cpus, __u32 nr_cpus, __u64 now_ns)
{
	__u32 i;

	p->power = power;
	if (params)
		p->params = *params;
	else
		wattle_policy_defaults(&p->params, power);
	p->cpus = cpus;
	p->nr_cpus = nr_cpus;
	p->pad = 0;
	p->seq = 0;
	wattle_learn_entry_init(&p->anon, 0);
	p->learn = NULL;
	p->log = NULL;
	p->log_data = NULL;
	for (i = 0; i < nr_cpus; i++) {
		struct wattle_policy_cpu *c = &cpus[i];

		wattle_demand_init(&c->demand);
		wattle_gap_init(&c->gap);
		wattle_list_init(&c->pending);
		c->running = NULL;
		c->rem_kcycles = 0;
		c->rem_stall_ns = 0;
		c->since_ns = now_ns;
		c->idle_ns = now_ns;
		c->hold_ns = WATTLE_U64_MAX;
		/* Until gaps were seen nothing is held back. */
		c->usual_ns = WATTLE_GAP_MAX_NS;
		c->longest_ns = 0;
		c->undated_kcycles = 0;
		c->undated_ns = 0;
		c->undated_run_ns = 0;
		c->undated_pm = 0;
		c->pad = 0;
		c->nr_waiting = 0;
		c->nr_undated = 0;
		c->domain = i;
		c->package = 0;
		c->khz = wattle_power_khz_max(power);
		c->wish_khz = 0;
		c->cap_khz = ~0U;
		c->min_khz = 0;
		c->foreign_pm = 0;
		c->online = 1;
		c->changes = 0;
		c->woke = 0;
	}
}

/* An event that has no answer. */
static void note(struct wattle_policy *p, enum wattle_record_type type, __u32 cpu,
		 const struct wattle_item *item, const __u32 *arg, __u32 nr_args, __u64 now_ns)
{
	struct wattle_record r;

	if (!p->log)
		return;
	wattle_record_begin(&r, type, cpu, item, now_ns);
	while (nr_args--)
		r.arg[nr_args] = arg[nr_args];
	if (type == WATTLE_RECORD_DONE)
		r.run_ns = item->run_ns;
	p->log(p->log_data, &r);
}

void wattle_policy_topology(struct wattle_policy *p, __u32 cpu, __u32 domain, __u32 package)
{
	p->cpus[cpu].domain = domain;
	p->cpus[cpu].package = package;
	note(p, WATTLE_RECORD_TOPOLOGY, cpu, NULL, (const __u32[]){ domain, package }, 2, 0);
}

void wattle_policy_limits(struct wattle_policy *p, __u32 cpu, __u32 min_khz, __u32 max_khz,
			  __u32 foreign_pm, __u32 online, __u64 now_ns)
{
	struct wattle_policy_cpu *c = &p->cpus[cpu];

	c->min_khz = min_khz;
	c->cap_khz = max_khz;
	c->foreign_pm = foreign_pm;
	c->online = online;
	note(p, WATTLE_RECORD_LIMITS, cpu, NULL,
	     (const __u32[]){ min_khz, max_khz, foreign_pm, online }, 4, now_ns);
}

/* By release; those that come at the same time in order of submission. */
static void pend(struct wattle_policy_cpu *c, struct wattle_item *item)
{
	struct wattle_list *at = c->pending.prev;

	while (at != &c->pending &&
	       wattle_container_of(at, struct wattle_item, link)->in.release_ns >
	       item->in.release_ns)
		at = at->prev;
	wattle_list_add_head(&item->link, at);
}

/* The first batch after a gap: how long would the gap be without deferral? */
static void gap_ends(struct wattle_policy_cpu *c, const struct wattle_item *item, __u64 now_ns)
{
	__u64 ready = item->in.release_ns > now_ns ? item->in.release_ns : now_ns;
	__u64 gap = wattle_sat_sub(ready, c->idle_ns);

	if (c->running || c->nr_waiting)
		return;
	if (gap > WATTLE_GAP_MAX_NS)
		gap = WATTLE_GAP_MAX_NS;
	c->usual_ns = c->usual_ns - (c->usual_ns >> 3) + (gap >> 3);
}

/* What an undated batch must find when its turn comes. */
static void note_shortest(const struct wattle_policy *p, struct wattle_policy_cpu *c,
			  const struct wattle_item *item)
{
	__u64 run_ns = wattle_power_run_ns(item->entry.kcycles, item->entry.stall_ns,
					   wattle_cpu_cap(p, c));

	if (!c->nr_undated || run_ns < c->undated_run_ns)
		c->undated_run_ns = run_ns;
	if (!c->nr_undated || item->in.slowdown_pm < c->undated_pm)
		c->undated_pm = item->in.slowdown_pm;
}

/* Into the accounts of item->cpu; item->order_ns says where. */
void wattle_cpu_take(struct wattle_policy *p, struct wattle_item *item, __u64 now_ns)
{
	struct wattle_policy_cpu *c = &p->cpus[item->cpu];

	item->entry.bucket = WATTLE_DEMAND_NONE;
	if (wattle_item_dated(item)) {
		wattle_demand_add(&c->demand, &item->entry, item->order_ns, item->in.release_ns,
				  now_ns);
	} else {
		c->undated_kcycles = wattle_sat_add(c->undated_kcycles, item->entry.kcycles);
		c->undated_ns = wattle_sat_add(c->undated_ns, item->entry.stall_ns);
		note_shortest(p, c, item);
		c->nr_undated++;
	}
	wattle_list_init(&item->link);
	gap_ends(c, item, now_ns);
	if (item->in.release_ns > now_ns)
		pend(c, item);
	if (item->hold_ns < c->hold_ns)
		c->hold_ns = item->hold_ns;
	c->nr_waiting++;
	item->state = WATTLE_ITEM_WAITING;
}

static void leave(struct wattle_policy_cpu *c, struct wattle_item *item)
{
	if (wattle_item_dated(item)) {
		wattle_demand_sub(&c->demand, &item->entry);
	} else {
		c->undated_kcycles = wattle_sat_sub(c->undated_kcycles, item->entry.kcycles);
		c->undated_ns = wattle_sat_sub(c->undated_ns, item->entry.stall_ns);
		c->nr_undated--;
	}
	wattle_list_del(&item->link);
	c->nr_waiting--;
	if (!c->nr_waiting) {
		c->hold_ns = WATTLE_U64_MAX;
		c->longest_ns = 0;
	}
}

void wattle_policy_start(struct wattle_policy *p, struct wattle_item *item, __u64 now_ns)
{
	struct wattle_policy_cpu *c = &p->cpus[item->cpu];

	note(p, WATTLE_RECORD_START, item->cpu, item, NULL, 0, now_ns);
	leave(c, item);
	c->since_ns = now_ns;
	c->changes = 0;
	c->woke = now_ns > c->idle_ns;
	if (c->woke) {
		wattle_gap_seen(&c->gap, p->power, now_ns - c->idle_ns);
		c->since_ns = wattle_sat_add(now_ns, wattle_cpu_wake_ns(p));
	}
	c->running = item;
	c->rem_kcycles = item->entry.kcycles;
	c->rem_stall_ns = item->entry.stall_ns;
	/* The gap is over: what else waits is no longer held for its sake. */
	c->hold_ns = WATTLE_U64_MAX;
	item->state = WATTLE_ITEM_RUNNING;
	item->start_ns = now_ns;
}

void wattle_policy_speed(struct wattle_policy *p, __u32 cpu, __u32 khz, __u64 now_ns)
{
	struct wattle_policy_cpu *c = &p->cpus[cpu];
	__u64 change_ns = 1000ULL * p->power->t.transition_us;
	struct wattle_demand_first first;

	note(p, WATTLE_RECORD_SPEED, cpu, NULL, &khz, 1, now_ns);
	if (khz == c->khz || !khz)
		return;
	if (c->since_ns <= now_ns) {
		wattle_cpu_first(c, now_ns, &first);
		c->rem_kcycles = first.kcycles;
		c->rem_stall_ns = first.stall_ns;
		c->since_ns = now_ns;
	}
	/* Nothing runs during a change. */
	c->since_ns = wattle_sat_add(c->since_ns, change_ns);
	c->khz = khz;
	c->changes++;
}

void wattle_policy_done(struct wattle_policy *p, struct wattle_item *item, __u64 now_ns)
{
	struct wattle_policy_cpu *c = &p->cpus[item->cpu];

	note(p, WATTLE_RECORD_DONE, item->cpu, item, &item->unfit, 1, now_ns);
	wattle_cpu_learn(p, c, now_ns);
	c->running = NULL;
	c->idle_ns = now_ns;
	item->state = WATTLE_ITEM_OUT;
}

void wattle_policy_cancel(struct wattle_policy *p, struct wattle_item *item, __u64 now_ns)
{
	note(p, WATTLE_RECORD_CANCEL, item->cpu, item, NULL, 0, now_ns);
	leave(&p->cpus[item->cpu], item);
	item->state = WATTLE_ITEM_OUT;
}

__u32 wattle_policy_domain_khz(const struct wattle_policy *p, __u32 domain)
{
	__u32 i, khz = 0;

	for (i = 0; i < p->nr_cpus; i++)
		if (p->cpus[i].domain == domain && p->cpus[i].wish_khz > khz)
			khz = p->cpus[i].wish_khz;
	return khz;
}
