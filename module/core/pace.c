// SPDX-License-Identifier: GPL-2.0-only OR LGPL-2.1-or-later OR BSD-2-Clause
/* The speed that deadlines ask for where any of m CPUs may take what waits. See pace.h. */
#include "core/pace.h"
#include "core/power.h"
#include "core/progress.h"
#include "core/sat.h"

static __u64 ns_of(__u64 us)
{
	return wattle_sat_mul(us, 1000);
}

static __u64 shared(__u64 x, __u32 m)
{
	return x / m + !!(x % m);
}

void wattle_pace_init(struct wattle_pace *p, __u32 nr_cpus)
{
	wattle_demand_init(&p->demand);
	p->kcycles = 0;
	p->stall_ns = 0;
	p->nr = 0;
	p->nr_unknown = 0;
	p->nr_stale = 0;
	p->nr_cpus = nr_cpus ? nr_cpus : 1;
	p->epoch = 0;
	p->pad = 0;
}

void wattle_pace_cpus(struct wattle_pace *p, __u32 nr_cpus)
{
	if (!nr_cpus)
		nr_cpus = 1;
	if (p->nr_cpus == nr_cpus)
		return;
	p->nr_cpus = nr_cpus;
	p->nr_stale = p->nr;
	p->epoch++;
}

void wattle_pace_add(struct wattle_pace *p, struct wattle_pace_entry *e, __u64 kcycles,
		     __u64 stall_us, __u64 due_ns, __u64 release_ns, __u64 now_ns)
{
	__u64 stall_ns = ns_of(stall_us);

	e->epoch = p->epoch;
	p->nr++;
	if (!kcycles && !stall_us) {
		e->state = WATTLE_PACE_UNKNOWN;
		p->nr_unknown++;
		return;
	}
	e->state = WATTLE_PACE_KNOWN;
	if (kcycles > p->kcycles)
		p->kcycles = kcycles;
	if (stall_ns > p->stall_ns)
		p->stall_ns = stall_ns;
	e->due.kcycles = shared(kcycles, p->nr_cpus);
	e->due.stall_ns = shared(stall_ns, p->nr_cpus);
	wattle_demand_add(&p->demand, &e->due, due_ns, release_ns, now_ns);
}

void wattle_pace_sub(struct wattle_pace *p, struct wattle_pace_entry *e)
{
	if (e->state == WATTLE_PACE_OUT)
		return;
	p->nr--;
	if (e->epoch != p->epoch)
		p->nr_stale--;
	if (e->state == WATTLE_PACE_UNKNOWN)
		p->nr_unknown--;
	else
		wattle_demand_sub(&p->demand, &e->due);
	e->state = WATTLE_PACE_OUT;
	if (p->nr == p->nr_unknown) {
		p->kcycles = 0;
		p->stall_ns = 0;
	}
}

void wattle_pace_begin(struct wattle_pace_run *r, __u64 kcycles, __u64 stall_us, __u64 due_ns,
		       __u64 now_ns)
{
	r->kcycles = kcycles;
	r->stall_ns = ns_of(stall_us);
	r->since_ns = now_ns;
	r->due_ns = due_ns;
	r->known = kcycles || stall_us;
	r->over = 0;
}

void wattle_pace_ran(struct wattle_pace_run *r, __u32 khz, __u64 now_ns)
{
	__u64 ran = wattle_sat_sub(now_ns, r->since_ns);

	if (now_ns > r->since_ns)
		r->since_ns = now_ns;
	if (!r->known || r->over || !khz)
		return;
	r->over = !wattle_progress(&r->kcycles, &r->stall_ns, khz, ran);
}

__u32 wattle_pace_own_khz(const struct wattle_pace_run *r, __u64 guard_ns)
{
	__u64 off;

	if (!r->due_ns)
		return 0;
	if (!r->known || r->over)
		return WATTLE_PACE_FREE;
	off = wattle_sat_add(r->since_ns, wattle_sat_add(guard_ns, r->stall_ns));
	if (r->due_ns <= off)
		return WATTLE_PACE_FREE;
	return wattle_power_khz_for(r->kcycles, r->due_ns - off);
}

__u32 wattle_pace_waiting_khz(struct wattle_pace *p, __u64 kcycles, __u64 stall_ns,
			      __u32 limit_khz, __u64 guard_ns, __u64 now_ns)
{
	struct wattle_demand_speed s;
	struct wattle_demand_first first = {
		.kcycles = wattle_sat_add(kcycles, p->kcycles),
		.stall_ns = wattle_sat_add(stall_ns, p->stall_ns),
	};

	if (!p->nr)
		return 0;
	if (p->nr_unknown || p->nr_stale)
		return WATTLE_PACE_FREE;
	wattle_demand_speed(&p->demand, &first, limit_khz, guard_ns, now_ns, &s);
	return s.late ? WATTLE_PACE_FREE : s.khz;
}
