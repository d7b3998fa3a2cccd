// SPDX-License-Identifier: GPL-2.0-only
/*
 * The speed that deadlines ask of a clock domain.
 *
 * The state machine's events keep the demand (core/pace.h) up to date, a few
 * instructions each. What it comes to is decided by the domain's thread, off the
 * path of SUBMIT and NEXT: when a grant begins after a while without, when dated
 * work came while something is capped, and again after part of the time that is
 * left, by what has been done until then at the speed there was.
 *
 * All under the device lock.
 */
#include <linux/cpumask.h>
#include <linux/ktime.h>
#include <linux/rcupdate.h>
#include <linux/sched.h>
#include <linux/topology.h>

#include "core/power.h"
#include "core/sat.h"
#include "actuator.h"
#include "batch.h"
#include "device.h"
#include "model.h"
#include "param.h"
#include "pace.h"
#include "plan.h"
#include "trace.h"
#include "worker.h"

/*
 * Decisions of a domain are so far apart for every eight CPUs, and at most so far while
 * something is paced. Each looks at all that runs, so with a domain for every CPU the time
 * under the device lock would grow with the square of their number.
 */
#define WATTLE_PACE_LEAST_NS	NSEC_PER_MSEC
#define WATTLE_PACE_LEAST_CPUS	8
#define WATTLE_PACE_MOST_NS	(50 * NSEC_PER_MSEC)
/* For less work than this, at full speed, no clock is lowered: a change costs more. */
#define WATTLE_PACE_WORTH_NS	(12 * NSEC_PER_MSEC)
/* Part of the time to the first deadline after which to look again. */
#define WATTLE_PACE_PART	16

static struct wattle_pace wattle_pace;
static u32 wattle_pace_late;	/* batches that wait and are too late for a promise */
static bool wattle_pace_told;	/* who holds a cap has been kicked since it decided */

static u64 wattle_pace_least_ns(void)
{
	return WATTLE_PACE_LEAST_NS * DIV_ROUND_UP(num_online_cpus(), WATTLE_PACE_LEAST_CPUS);
}

/* When @b is due, 0 = no time that anything is to be arranged for. */
static u64 wattle_pace_due(const struct wattle_sched_batch *b)
{
	return b->in.deadline_ns && b->order_ns != WATTLE_U64_MAX ? b->order_ns : 0;
}

/* Has every domain that holds a cap look, once until one of them has. */
static void wattle_pace_tell(void)
{
	struct wattle_domain *d;
	unsigned int cpu;

	if (wattle_pace_told)
		return;
	wattle_pace_told = true;
	for_each_possible_cpu(cpu) {
		d = wattle_plan_domain(cpu);
		if (!d || d->first != cpu || !d->acting_khz || !d->paced)
			continue;
		WRITE_ONCE(d->kick, true);
		wattle_device_wake_task(d->task);
	}
}

/**
 * wattle_pace_start() - nothing waits
 */
void wattle_pace_start(void)
{
	wattle_pace_init(&wattle_pace, 1);
	wattle_pace_late = 0;
}

/**
 * wattle_pace_set_cpus() - how many CPUs what waits is shared by
 * @nr: their number
 */
void wattle_pace_set_cpus(u32 nr)
{
	wattle_pace_cpus(&wattle_pace, nr);
	wattle_pace_told = false;
	wattle_pace_tell();
}

/**
 * wattle_pace_wait() - a batch was submitted, or its grant undone
 * @b: the batch
 * @now_ns: the time
 *
 * One without a deadline, too, may delay those with one, by its class.
 */
void wattle_pace_wait(const struct wattle_sched_batch *b, u64 now_ns)
{
	struct wattle_kbatch *kb = container_of(b, struct wattle_kbatch, sched);
	u64 due_ns = wattle_pace_due(b);

	if (due_ns)
		wattle_pace_add(&wattle_pace, &kb->pace, b->in.work_kcycles, b->in.stall_us,
				due_ns, b->in.release_ns, now_ns);
	kb->late = b->in.deadline_ns && !due_ns;
	wattle_pace_late += kb->late;
	if (wattle_pace.nr || kb->late)
		wattle_pace_tell();
}

/**
 * wattle_pace_leave() - a batch that waited was withdrawn
 * @b: the batch
 */
void wattle_pace_leave(const struct wattle_sched_batch *b)
{
	struct wattle_kbatch *kb = container_of(b, struct wattle_kbatch, sched);

	wattle_pace_sub(&wattle_pace, &kb->pace);
	wattle_pace_late -= kb->late;
	kb->late = false;
}

/**
 * wattle_pace_grant() - a batch runs
 * @w: whose grant it is
 * @b: the batch
 * @now_ns: the time
 */
void wattle_pace_grant(struct wattle_worker *w, const struct wattle_sched_batch *b, u64 now_ns)
{
	wattle_pace_leave(b);
	wattle_pace_begin(&w->run, b->in.work_kcycles, b->in.stall_us, wattle_pace_due(b), now_ns);
}

/**
 * wattle_pace_awake() - will a domain's thread look soon, and is its cap enough until then?
 * @d: the domain, about to be posted
 *
 * A grant that begins where the pace has been decided was part of the demand. So a
 * worker that submits and asks in turns does not wake the thread each time.
 */
bool wattle_pace_awake(const struct wattle_domain *d)
{
	return d->paced && d->posted.khz && d->posted.why == WATTLE_WHY_GRANT &&
	       d->posted.khz <= d->acting_khz &&
	       ktime_get_ns() < d->paced_ns + WATTLE_PACE_MOST_NS;
}

/*
 * Only one class has dated work, and no better one has any: then what is due first goes
 * first, which is what the demand reckons with.
 */
static bool wattle_pace_in_order(void)
{
	const struct wattle_sched *s = &wattle.sched;
	u32 i, nr = 0, worst = 0;

	for (i = 0; i < WATTLE_SCHED_CLASSES; i++) {
		if (!s->admit[i].count)
			continue;
		nr++;
		worst = i;
	}
	for (i = 0; i < worst; i++)
		if (wattle_sum_value(&s->undated[i]))
			return false;
	return nr == 1;
}

/* What runs, in @d and everywhere. */
struct wattle_pace_seen {
	u64	kcycles;	/* the most that is left of any */
	u64	stall_ns;
	u64	due_ns;		/* earliest deadline of @d's grants */
	u32	own_khz;	/* what those ask for */
	u32	nr;		/* grants that run */
	u32	nr_near;	/* of these, in @d's package */
	bool	unknown;	/* nobody knows how long one of them goes on */
};

static void wattle_pace_see(struct wattle_domain *d, u32 clock_khz, u64 guard_ns, u64 now_ns,
			    struct wattle_pace_seen *seen)
{
	struct wattle_sched_worker *sw;

	wattle_list_for_each(sw, &wattle.sched.running, run_link) {
		struct wattle_worker *w = wattle_worker_of(sw);
		struct wattle_pace_run run;

		if (sw->occupies == WATTLE_CPU_ANY)
			continue;
		seen->nr++;
		seen->nr_near += topology_physical_package_id(sw->occupies) ==
				 topology_physical_package_id(d->first);
		if (!w->plan_domain) {
			seen->unknown = true;
			continue;
		}
		if (w->plan_domain == d)
			wattle_pace_ran(&w->run, clock_khz, now_ns);
		run = w->run;
		if (w->plan_domain != d)
			wattle_pace_ran(&run, w->plan_domain->clock_khz, now_ns);
		seen->unknown |= !run.known || run.over;
		seen->kcycles = max(seen->kcycles, run.kcycles);
		seen->stall_ns = max(seen->stall_ns, run.stall_ns);
		if (w->plan_domain != d || !run.due_ns)
			continue;
		seen->own_khz = max(seen->own_khz, wattle_pace_own_khz(&run, guard_ns));
		seen->due_ns = min(seen->due_ns, run.due_ns);
	}
}

/*
 * Slower than this is not asked for. What CPUs share (uncore, memory, the rest of the node)
 * is paid for as long as one of them runs: how much that is a power table tells. Without
 * one it is taken to be worth slowing down for only where many share it: published
 * tables have their cheapest frequency at about half of the highest with all CPUs busy.
 */
static u32 wattle_pace_floor_khz(u32 full_khz, const struct wattle_pace_seen *seen)
{
	u32 all = num_online_cpus(), less_pm = 1000 - wattle_param_pace_floor_pm();
	const struct wattle_model_table *t;
	u32 khz = 0;

	if (!less_pm)
		return full_khz;
	rcu_read_lock();
	t = wattle_model();
	if (t)
		khz = wattle_power_floor_khz(&t->power, seen->nr_near) ?: full_khz;
	rcu_read_unlock();
	if (khz)
		return min(khz, full_khz);
	if (2 * seen->nr < all)
		return full_khz;
	return full_khz / 1000 * (1000 - less_pm * min(seen->nr, all) / all);
}

static u64 wattle_pace_again(u64 due_ns, u64 now_ns)
{
	u64 left = wattle_sat_sub(due_ns, now_ns) / WATTLE_PACE_PART;

	return now_ns + max(min(left, (u64)WATTLE_PACE_MOST_NS), wattle_pace_least_ns());
}

/* The cap for @want, 0 = none. */
static u32 wattle_pace_level(const struct wattle_levels *l, u32 want)
{
	u32 i;

	for (i = 0; i + 1 < l->nr; i++)
		if (l->khz[i] >= want)
			return l->khz[i];
	return 0;
}

/* How long the CPUs still have work, at full speed, if each gets its share. */
static u64 wattle_pace_ahead_ns(const struct wattle_pace_seen *seen, u32 full_khz)
{
	return wattle_power_run_ns(wattle_sat_add(seen->kcycles, wattle_pace.demand.kcycles),
				   wattle_sat_add(seen->stall_ns, wattle_pace.demand.stall_ns),
				   full_khz);
}

/**
 * wattle_pace_khz() - what a domain is to be capped at, deadlines considered
 * @d: the domain; its thread calls
 * @khz: in: what its work without a deadline needs; out: the cap, 0 = none
 * @clock_khz: its slowest clock now, 0 unknown
 * @guard_ns: how long a raise takes at most
 * @now_ns: the time
 * @until: lowered to when to ask again
 *
 * Return: deadlines had a say.
 */
bool wattle_pace_khz(struct wattle_domain *d, u32 *khz, u32 clock_khz, u64 guard_ns, u64 now_ns,
		     u64 *until)
{
	struct wattle_pace_seen seen = { .due_ns = U64_MAX };
	struct wattle_pacing p = { .now_ns = now_ns, .base_khz = *khz, .clock_khz = clock_khz };
	u32 ran_khz = min(clock_khz, d->clock_khz), want;
	u64 least_ns = wattle_pace_least_ns();

	guard_ns += least_ns;
	d->clock_khz = clock_khz;
	wattle_pace_see(d, ran_khz, guard_ns, now_ns, &seen);
	if (!seen.own_khz && !wattle_pace.nr && !wattle_pace_late) {
		wattle_pace_told = false;
		return false;
	}
	/* So soon after the last time: the next one will tell. */
	if (d->paced_ns && now_ns < d->paced_ns + least_ns) {
		*until = min(*until, d->paced_ns + least_ns);
		*khz = d->acting_khz ? max(*khz, d->acting_khz) : 0;
		return true;
	}
	wattle_pace_told = false;
	d->paced_ns = now_ns;
	p.own_khz = seen.own_khz;
	if (wattle_pace.nr) {
		p.waiting_khz = WATTLE_PACE_FREE;
		if (!seen.unknown && wattle_pace_in_order())
			p.waiting_khz = wattle_pace_waiting_khz(&wattle_pace, seen.kcycles,
								seen.stall_ns, d->full_khz,
								guard_ns, now_ns);
	}
	/* What waits behind it is late already: the sooner its turn comes the better. */
	if (wattle_pace_late)
		p.waiting_khz = WATTLE_PACE_FREE;
	if (wattle_pace.demand.nr)
		seen.due_ns = min(seen.due_ns,
				  wattle_pace.demand.bucket[wattle_pace.demand.order[0]].due_ns);
	p.again_ns = wattle_pace_again(seen.due_ns, now_ns);
	p.floor_khz = seen.own_khz ? wattle_pace_floor_khz(d->full_khz, &seen) : 0;
	want = max3(p.base_khz, p.own_khz, max(p.waiting_khz, p.floor_khz));
	p.khz = wattle_pace_level(&d->levels, want);
	if (!d->acting_khz && wattle_pace_ahead_ns(&seen, d->full_khz) < WATTLE_PACE_WORTH_NS)
		p.khz = 0;
	trace_wattle_pace(d, &p);
	*until = min(*until, p.again_ns);
	*khz = p.khz;
	return true;
}
