// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the thread of a clock domain does (its life is in actor.c): each round it
 * reads the plan, brings the requests of its clocks to it, and sees what became of
 * the last change; then it sleeps until it is kicked or there is something to look
 * at.
 *
 * It holds the domain sem for reading while it acts, which keeps the policies of
 * its clocks, and never a policy's rwsem: a policy is made with that one held.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/cpufreq.h>
#include <linux/ktime.h>
#include <linux/percpu.h>
#include <linux/sched.h>
#include <linux/string.h>

#include "actuator.h"
#include "advise.h"
#include "clock.h"
#include "cpus.h"
#include "device.h"
#include "plan.h"
#include "pace.h"
#include "trace.h"

/*
 * A cap of a slowly switching driver: how long it stays at least, and when within
 * that the governor's hook is run. See actuators.md for the trap behind it.
 */
#define WATTLE_RIPE_NS		(12 * NSEC_PER_MSEC)
#define WATTLE_HOOK_NS		(6 * NSEC_PER_MSEC)
#define WATTLE_NUDGES		3
/* A clock that was just raised is not lowered for so long: a change costs some 100 us. */
#define WATTLE_SETTLE_NS	(20 * NSEC_PER_MSEC)
/* How long it may take until a clock is raised; deadlines are taken to be that much earlier. */
#define WATTLE_RAISE_NS		(2 * NSEC_PER_MSEC)
#define WATTLE_RAISE_SLOW_NS	(WATTLE_RAISE_NS + WATTLE_RIPE_NS)
/* How long a change may take to be in force, and how long its clock is watched. */
#define WATTLE_FORCE_NS		NSEC_PER_SEC
#define WATTLE_FORCE_LOOKS	200
#define WATTLE_FOLLOW_NS	(50 * NSEC_PER_MSEC)
/* How often others' requests above our own are looked for at most: each look moves ours. */
#define WATTLE_PEEK_NS		(100 * NSEC_PER_MSEC)
/* An idle clock that stands low is looked at later and later, up to this wait. */
#define WATTLE_IDLE_CHECK_NS	(200 * NSEC_PER_MSEC)
/* Idle time of a CPU when its clock was marked to be checked; its domain's thread's. */
static DEFINE_PER_CPU(u64, wattle_actuator_idle_us);

static u64 wattle_actuator_sooner(u64 a, u64 b)
{
	return b && b < a ? b : a;
}

static void wattle_actuator_took(struct wattle_took *t, u64 ns)
{
	WRITE_ONCE(t->last_ns, ns);
	WRITE_ONCE(t->max_ns, max(t->max_ns, ns));
	WRITE_ONCE(t->sum_ns, t->sum_ns + ns);
	WRITE_ONCE(t->nr, t->nr + 1);
}

/**
 * wattle_actuator_limits() - look at the foreign limits of a clock
 * @k: the clock; under the domain sem
 *
 * MIN is all foreign: wattle holds none. Of MAX only what is below our own
 * request can be seen while that is held.
 *
 * Return: they have changed.
 */
bool wattle_actuator_limits(struct wattle_clock *k)
{
	const struct freq_constraints *c = &k->policy->constraints;
	u32 lowest = READ_ONCE(c->max_freq.target_value);
	u32 highest = READ_ONCE(c->min_freq.target_value);
	bool changed = false;

	if ((!k->held_khz || lowest < k->held_khz) && lowest != k->foreign_max) {
		WRITE_ONCE(k->foreign_max, lowest);
		changed = true;
	}
	if (highest != k->foreign_min) {
		WRITE_ONCE(k->foreign_min, highest);
		changed = true;
	}
	return changed;
}

/*
 * What others allow above our own request: raise it, look, set it back. Cpufreq
 * acts on requests by a work of its own, which mostly sees only the end.
 */
static bool wattle_actuator_peek(struct wattle_clock *k)
{
	u32 before = k->foreign_max;

	if (!k->held_khz ||
	    (u32)READ_ONCE(k->policy->constraints.max_freq.target_value) != k->held_khz)
		return false;
	freq_qos_update_request(&k->req, FREQ_QOS_MAX_DEFAULT_VALUE);
	WRITE_ONCE(k->foreign_max, READ_ONCE(k->policy->constraints.max_freq.target_value));
	freq_qos_update_request(&k->req, k->held_khz);
	return k->foreign_max != before;
}

/* The lowest frequency of @k at or above @khz, 0 = that would be no cap. */
static u32 wattle_actuator_at_least(const struct wattle_clock *k, u32 khz)
{
	u32 i;

	for (i = 0; i + 1 < k->levels.nr; i++)
		if (k->levels.khz[i] >= khz)
			return k->levels.khz[i];
	return 0;
}

/* Where to nudge: the highest below the top but @not, which moves the clock up if it can. */
static u32 wattle_actuator_elsewhere(const struct wattle_clock *k, u32 not)
{
	u32 i = k->levels.nr > 1 ? k->levels.nr - 1 : 0;

	while (i--)
		if (k->levels.khz[i] != not && k->levels.khz[i] >= k->foreign_min)
			return k->levels.khz[i];
	return 0;
}

static int wattle_actuator_set(struct wattle_domain *d, struct wattle_clock *k, u32 khz,
			       enum wattle_why why, u64 asked_ns, u64 now_ns)
{
	u32 old = k->held_khz;
	int err;

	if (!old) {
		/* From the moment ours is the lowest, the chains no longer tell of all others. */
		WRITE_ONCE(d->busy, true);
		wattle_actuator_limits(k);
		err = freq_qos_add_request(&k->policy->constraints, &k->req, FREQ_QOS_MAX, khz);
	} else if (khz) {
		err = freq_qos_update_request(&k->req, khz);
	} else {
		err = freq_qos_remove_request(&k->req);
	}
	WRITE_ONCE(d->actuations, d->actuations + 1);
	trace_wattle_actuate(d, k, old, khz, why, err);
	k->set_ns = now_ns;
	if (err < 0) {
		WRITE_ONCE(d->failures, d->failures + 1);
		WRITE_ONCE(d->failing, true);
		return err;
	}
	WRITE_ONCE(k->held_khz, khz);
	k->before_khz = old;
	k->asked_ns = asked_ns;
	k->looks = 0;
	k->forced = false;
	k->ripe_ns = 0;
	k->hook_ns = 0;
	/* A raise in the middle of a nudge still is about the frequency it began with. */
	if (old && (!khz || khz > old) && wattle_clock_slow(k)) {
		k->check_ns = U64_MAX;
		k->check_wait_ns = 0;
		if (why != WATTLE_WHY_NUDGE) {
			k->check_khz = READ_ONCE(k->policy->cur);
			k->nudges_left = WATTLE_NUDGES;
		}
	} else if (khz && why != WATTLE_WHY_NUDGE) {
		k->check_ns = 0;
	}
	return 0;
}

/* What @khz comes to in the driver's table, or what it cannot be less than. */
static u32 wattle_actuator_at_most(const struct wattle_clock *k, u32 khz)
{
	u32 i = k->levels.nr;

	while (i--)
		if (k->levels.khz[i] <= khz)
			return k->levels.khz[i];
	return 0;
}

/* Are the limits what the last change should have made them? */
static bool wattle_actuator_in_force(const struct wattle_clock *k)
{
	u32 limit = READ_ONCE(k->policy->max);

	/* Nobody runs there: the limits are set when a CPU comes. */
	if (policy_is_inactive(k->policy))
		return true;
	if (k->held_khz && (!k->before_khz || k->before_khz > k->held_khz))
		return limit <= k->held_khz;
	return limit > k->before_khz ||
	       limit >= wattle_actuator_at_most(k, min(k->foreign_max,
						       k->held_khz ?: k->full_khz));
}

/* To be looked at in @after_ns: from now on it counts how long its CPUs idle. */
static void wattle_actuator_mark(struct wattle_clock *k, u64 now_ns, u64 after_ns)
{
	unsigned int cpu;
	u64 wall;

	k->check_ns = now_ns + after_ns;
	k->check_wait_ns = after_ns;
	for_each_cpu(cpu, k->cpus)
		if (cpu_online(cpu))
			per_cpu(wattle_actuator_idle_us, cpu) = get_cpu_idle_time(cpu, &wall, 0);
}

/* What became of the last change. Return: when to look again, U64_MAX = no need. */
static u64 wattle_actuator_watch(struct wattle_domain *d, struct wattle_clock *k, u64 now_ns)
{
	u64 age = now_ns - k->set_ns;

	if (!k->asked_ns)
		return U64_MAX;
	if (!k->forced && wattle_actuator_in_force(k)) {
		k->forced = true;
		WRITE_ONCE(d->failing, false);
		wattle_actuator_took(&d->force, now_ns - k->asked_ns);
		trace_wattle_in_force(d, k, now_ns - k->asked_ns);
		if (k->held_khz && wattle_clock_slow(k)) {
			k->ripe_ns = now_ns + WATTLE_RIPE_NS;
			k->hook_ns = now_ns + WATTLE_HOOK_NS;
		}
		if (k->check_ns) {
			wattle_actuator_mark(k, now_ns, WATTLE_RIPE_NS);
			k->hook_ns = now_ns + WATTLE_HOOK_NS;
		}
	}
	if (!k->forced) {
		/* A machine that stood still has not been looked at. */
		k->looks++;
		if (age < WATTLE_FORCE_NS || k->looks < WATTLE_FORCE_LOOKS)
			return now_ns + (age < 2 * NSEC_PER_MSEC ? 100 : 1000) * NSEC_PER_USEC;
		WRITE_ONCE(d->failures, d->failures + 1);
		WRITE_ONCE(d->failing, true);
		k->check_ns = 0;
		k->asked_ns = 0;
		return U64_MAX;
	}
	/* Only a clock that is told can be seen to follow, and only downwards. */
	if (!k->held_khz || (k->before_khz && k->before_khz < k->held_khz) || !k->targets ||
	    age >= WATTLE_FOLLOW_NS) {
		k->asked_ns = 0;
		return U64_MAX;
	}
	if (READ_ONCE(k->policy->cur) <= k->held_khz) {
		wattle_actuator_took(&d->follow, now_ns - k->asked_ns);
		k->asked_ns = 0;
		return U64_MAX;
	}
	return now_ns + (age < 2 * NSEC_PER_MSEC ? 100 : 1000) * NSEC_PER_USEC;
}

static void wattle_actuator_hook(struct wattle_clock *k)
{
	unsigned int cpu = cpumask_any_and(k->policy->cpus, cpu_online_mask);

	k->hook_ns = 0;
	if (cpu < nr_cpu_ids)
		queue_work_on(cpu, system_highpri_wq, &k->hook);
}

/* Was some CPU of it busy for half of the time since it was marked, @since_ns ago? */
static bool wattle_actuator_busy(const struct wattle_clock *k, u64 since_ns)
{
	u64 half_us = since_ns / NSEC_PER_USEC / 2, wall;
	unsigned int cpu;

	for_each_cpu(cpu, k->cpus) {
		if (!cpu_online(cpu))
			continue;
		if (get_cpu_idle_time(cpu, &wall, 0) - per_cpu(wattle_actuator_idle_us, cpu) <
		    half_us)
			return true;
	}
	return false;
}

/*
 * Did the clock follow a raise? If it stands where the cap had it, and somebody computes
 * there, nudge the governor, if it is schedutil: no other forgets what it chose. While
 * nobody computes it may well stand there: then it is looked at again after twice the
 * time, until the load that schedutil goes by has decayed and its next choice is another
 * one anyway.
 */
static void wattle_actuator_check(struct wattle_domain *d, struct wattle_clock *k, u64 now_ns)
{
	u64 marked_ns = k->check_ns - k->check_wait_ns;
	u32 cur = READ_ONCE(k->policy->cur);
	bool busy, forgets;

	/* Who has it may be changing governors, or making a policy, and wait for this domain. */
	if (!down_read_trylock(&k->policy->rwsem)) {
		k->check_ns = now_ns + NSEC_PER_MSEC;
		k->check_wait_ns = k->check_ns - marked_ns;
		return;
	}
	forgets = k->policy->governor && !strcmp(k->policy->governor->name, "schedutil");
	up_read(&k->policy->rwsem);
	busy = wattle_actuator_busy(k, now_ns - marked_ns);
	k->check_ns = 0;
	if (k->held_khz || policy_is_inactive(k->policy) || cur != k->check_khz || !forgets ||
	    cur >= READ_ONCE(k->policy->max) || !k->nudges_left)
		return;
	if (!busy) {
		/* Nobody waits for a second look, so it is for enforce mode only. */
		if (k->check_wait_ns <= WATTLE_IDLE_CHECK_NS / 2 && wattle_plan_enforcing())
			wattle_actuator_mark(k, now_ns, 2 * k->check_wait_ns);
		return;
	}
	WRITE_ONCE(d->busy, true);
	/* What switches the mode off either sees that, and waits, or is seen here. */
	smp_mb();
	if (k->check_wait_ns >= 2 * WATTLE_RIPE_NS && !wattle_plan_enforcing())
		return;
	k->nudge_khz = wattle_actuator_elsewhere(k, cur);
	if (!k->nudge_khz)
		return;
	k->nudges_left--;
	WRITE_ONCE(d->nudges, d->nudges + 1);
}

/* Brings one clock to @want. Return: when to look again, U64_MAX = no need. */
static u64 wattle_actuator_clock(struct wattle_domain *d, struct wattle_clock *k, u32 want,
				 enum wattle_why why, u64 asked_ns, u64 now_ns)
{
	u64 next = wattle_actuator_watch(d, k, now_ns);
	u32 khz = want ? wattle_actuator_at_least(k, max(want, k->foreign_min)) : 0;

	if (k->hook_ns && now_ns >= k->hook_ns)
		wattle_actuator_hook(k);
	if (k->check_ns && now_ns >= k->check_ns)
		wattle_actuator_check(d, k, now_ns);
	if (khz || k->nudge_khz < k->foreign_min) {
		k->nudge_khz = 0;
	} else if (k->nudge_khz) {
		/* It is in place and the governor has seen it: on to the real thing. */
		if (k->held_khz == k->nudge_khz && k->ripe_ns && now_ns >= k->ripe_ns)
			k->nudge_khz = 0;
		khz = k->nudge_khz;
		why = WATTLE_WHY_NUDGE;
		asked_ns = now_ns;
	}
	if (khz == k->held_khz) {
		if (k->nudge_khz)
			next = wattle_actuator_sooner(next, k->ripe_ns);
		goto out;
	}
	/* To be raised, and the governor may not have noted the cap: not yet, if MIN allows. */
	if (k->held_khz && k->held_khz >= k->foreign_min && (!khz || khz > k->held_khz) &&
	    wattle_clock_slow(k) && !policy_is_inactive(k->policy) &&
	    now_ns - k->set_ns < WATTLE_FORCE_NS && (!k->forced || now_ns < k->ripe_ns)) {
		next = wattle_actuator_sooner(next, k->ripe_ns);
		goto out;
	}
	if (khz && (!k->held_khz || khz < k->held_khz) && why != WATTLE_WHY_NUDGE &&
	    k->before_khz && now_ns - k->set_ns < WATTLE_SETTLE_NS) {
		next = wattle_actuator_sooner(next, k->set_ns + WATTLE_SETTLE_NS);
		goto out;
	}
	if (wattle_actuator_set(d, k, khz, why, asked_ns, now_ns))
		next = now_ns + WATTLE_FORCE_NS;
	else
		next = now_ns + 50 * NSEC_PER_USEC;
out:
	next = wattle_actuator_sooner(next, k->hook_ns);
	return wattle_actuator_sooner(next, k->check_ns);
}

static bool wattle_actuator_slow_domain(const struct wattle_domain *d)
{
	const struct wattle_clock *k;

	list_for_each_entry(k, &d->clocks, domain_link)
		if (wattle_clock_slow(k))
			return true;
	return false;
}

/* The slowest of its clocks, as they were told; 0 unknown. */
static u32 wattle_actuator_clock_khz(const struct wattle_domain *d)
{
	const struct wattle_clock *k;
	u32 khz = U32_MAX;

	list_for_each_entry(k, &d->clocks, domain_link)
		khz = min(khz, k->targets ? READ_ONCE(k->policy->cur) : 0);
	return khz == U32_MAX ? 0 : khz;
}

/*
 * What to act on now, nothing in mode advise. The end of a grant takes effect only if
 * nothing follows it by *@until, otherwise U64_MAX. The timer that kicks for that goes by
 * jiffies, which may be late, so it may be early.
 */
static u32 wattle_actuator_read(struct wattle_domain *d, enum wattle_why *why, u64 *ns, u64 *until)
{
	bool ended, lingers, dated = false;
	u64 guard_ns = wattle_actuator_slow_domain(d) ? WATTLE_RAISE_SLOW_NS : WATTLE_RAISE_NS;
	u32 clock_khz = wattle_actuator_clock_khz(d);
	u64 now_ns;
	u32 khz;

	wattle_device_lock();
	ended = wattle_actuator_lingers(d);
	now_ns = ktime_get_ns();
	khz = d->posted.khz;
	*why = d->posted.why;
	*ns = d->posted.ns;
	*until = U64_MAX;
	lingers = ended && now_ns - *ns < WATTLE_LINGER_NS;
	if (lingers && khz != d->acting_khz)
		*until = *ns + WATTLE_LINGER_NS;
	/* Deadlines do not wait until a cap has lingered: they may raise it, not lower it. */
	if (lingers)
		khz = d->acting_khz;
	else if (ended)
		*ns = now_ns;
	wattle_advise_domain(d, clock_khz, now_ns, until);
	if (khz && d->paced)
		dated = wattle_pace_khz(d, &khz, clock_khz, guard_ns, now_ns, until);
	if (dated) {
		*why = WATTLE_WHY_PACE;
		*ns = now_ns;
	}
	if (wattle_plan_advising()) {
		d->acting_khz = wattle_advise_khz(d, khz, dated);
		khz = 0;
	} else {
		d->acting_khz = khz;
		d->advised_khz = 0;
	}
	wattle_device_unlock();
	return khz;
}

/**
 * wattle_actuator_round() - bring a domain's clocks to where its plan is
 * @d: the domain; with the domain sem, for reading
 *
 * Return: when to look again, U64_MAX = when kicked.
 */
u64 wattle_actuator_round(struct wattle_domain *d)
{
	bool foreign = false, busy = false, peek = false;
	u64 now_ns, asked_ns, next;
	enum wattle_why why;
	struct wattle_clock *k;
	u32 want;

	lockdep_assert_held_read(&wattle_domain_sem);
	if (d->dead)
		return U64_MAX;
	want = wattle_actuator_read(d, &why, &asked_ns, &next);
	now_ns = ktime_get_ns();
	if (READ_ONCE(d->peek) && now_ns < d->peek_ns) {
		next = min(next, d->peek_ns);
	} else if (xchg(&d->peek, false)) {
		peek = true;
		d->peek_ns = now_ns + WATTLE_PEEK_NS;
	}
	list_for_each_entry(k, &d->clocks, domain_link) {
		u32 before = k->foreign_min;
		bool moved = wattle_actuator_limits(k);

		if (peek)
			moved |= wattle_actuator_peek(k);
		foreign |= moved;
		now_ns = ktime_get_ns();
		if (moved && k->foreign_min != before)
			next = min(next, wattle_actuator_clock(d, k, want, WATTLE_WHY_FOREIGN,
							       now_ns, now_ns));
		else
			next = min(next, wattle_actuator_clock(d, k, want, why, asked_ns,
							       now_ns));
		/* Nobody waits for a look at a clock that idled. */
		busy |= k->held_khz || k->nudge_khz ||
			(k->check_ns && k->check_wait_ns < 2 * WATTLE_RIPE_NS);
	}
	WRITE_ONCE(d->busy, busy);
	if (foreign)
		wattle_cpus_follow();
	return next;
}

/**
 * wattle_actuator_drop() - remove a clock's request at once
 * @d: its domain
 * @k: the clock
 * @why: enum wattle_why
 *
 * With the domain sem held for writing, so that no thread acts.
 */
void wattle_actuator_drop(struct wattle_domain *d, struct wattle_clock *k, enum wattle_why why)
{
	if (k->held_khz)
		wattle_actuator_set(d, k, 0, why, ktime_get_ns(), ktime_get_ns());
	k->asked_ns = 0;
	k->ripe_ns = 0;
	k->hook_ns = 0;
	k->check_ns = 0;
	k->nudge_khz = 0;
}
