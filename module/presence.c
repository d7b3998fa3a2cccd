// SPDX-License-Identifier: GPL-2.0-only
/*
 * Presence: on which CPUs members of attached programs run.
 *
 * A probe on sched_switch notes on each CPU whose member came, and how much time
 * went to members and to others. It runs with the run queue locked and interrupts
 * off, so it takes no lock, allocates and wakes nothing; for news it raises an
 * interrupt work. A look, under the device lock, goes over the notes and tells
 * the plan of each domain what its members need. As long as any are there it looks
 * again every window; who was there in the last one is no news, so that the
 * number of looks does not grow with the number of switches.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/bitmap.h>
#include <linux/cpumask.h>
#include <linux/irq_work.h>
#include <linux/jiffies.h>
#include <linux/percpu.h>
#include <linux/sched.h>
#include <linux/smp.h>
#include <linux/string.h>
#include <linux/timekeeping.h>
#include <linux/tracepoint.h>
#include <linux/workqueue.h>

#include "attach.h"
#include "compat/compat.h"
#include "device.h"
#include "member.h"
#include "plan.h"
#include "presence.h"

/* How long a member counts after it was seen last; changes of a clock take about as long. */
#define WATTLE_PRESENCE_WINDOW	(msecs_to_jiffies(10) + 1)
#define WATTLE_PRESENCE_WORDS	BITS_TO_LONGS(WATTLE_ATTACH_MAX)
/* Others beside members: above a quarter of the time nothing is slowed, until under an eighth. */
#define WATTLE_PRESENCE_CROWD	4
#define WATTLE_PRESENCE_ROOM	8
/* What is older than so much time of members and others weighs half. */
#define WATTLE_PRESENCE_MEMORY_NS (100 * NSEC_PER_MSEC)

/**
 * struct wattle_presence - what a CPU does
 * @cur:	whose member runs, NULL nobody's; written here with interrupts off, as the next four
 * @idle:	nothing runs
 * @since_ns:	since when; 0 = not known
 * @member_ns:	time of members, of closed stretches
 * @foreign_ns:	time of others, of closed stretches
 * @seen:	slots of whom members came since the last look; set here, taken by the look
 * @known:	slots of whom the last look knew; no news. Written by the look
 * @looked_member_ns: what the look has accounted for; under the device lock
 * @looked_foreign_ns: likewise
 * @news:	asks for a look
 */
struct wattle_presence {
	struct wattle_attachment *cur;
	bool			idle;
	u64			since_ns;
	u64			member_ns;
	u64			foreign_ns;
	unsigned long		seen[WATTLE_PRESENCE_WORDS];
	unsigned long		known[WATTLE_PRESENCE_WORDS];
	u64			looked_member_ns;
	u64			looked_foreign_ns;
	struct irq_work		news;
};

static struct wattle_presence __percpu *wattle_presence;
static struct tracepoint *wattle_presence_tp;
static bool wattle_presence_on;		/* the probe is there */

static void wattle_presence_look_fn(struct work_struct *work);
static DECLARE_DELAYED_WORK(wattle_presence_look, wattle_presence_look_fn);

/* On @p's CPU, interrupts off: from now on @next runs. */
static void wattle_presence_note(struct wattle_presence *p, struct task_struct *next)
{
	u64 now_ns = ktime_get_mono_fast_ns(), ns;
	struct wattle_attachment *a = p->cur;

	/* Its clock may step back a little when the time is adjusted. */
	ns = p->since_ns && now_ns > p->since_ns ? now_ns - p->since_ns : 0;
	if (a) {
		u64 *ran = this_cpu_ptr(a->ran);

		WRITE_ONCE(*ran, *ran + ns);
		WRITE_ONCE(p->member_ns, p->member_ns + ns);
	} else if (!p->idle) {
		WRITE_ONCE(p->foreign_ns, p->foreign_ns + ns);
	}
	WRITE_ONCE(p->since_ns, now_ns);

	rcu_read_lock();
	a = is_idle_task(next) ? NULL : wattle_member_of(next);
	WRITE_ONCE(p->idle, is_idle_task(next));
	WRITE_ONCE(p->cur, a);
	if (a) {
		if (!test_bit(a->slot, p->seen))
			set_bit(a->slot, p->seen);
		/* Pairs with the look's: it either finds the bit or this finds it not known. */
		smp_mb();
		if (!test_bit(a->slot, p->known))
			irq_work_queue(&p->news);
	}
	rcu_read_unlock();
}

static void wattle_presence_switch(WATTLE_SWITCH_PROBE_ARGS)
{
	wattle_presence_note(this_cpu_ptr(wattle_presence), next);
}

static void wattle_presence_news(struct irq_work *work)
{
	mod_delayed_work(system_wq, &wattle_presence_look, 0);
}

/*
 * CPU time up to now, from the closed stretches and the open one, which may have been
 * closed meanwhile: then it is missing here, and in a later sum.
 */
static u64 wattle_presence_sum(u64 closed_ns, bool open, u64 since_ns, u64 now_ns)
{
	return closed_ns + (open && since_ns && now_ns > since_ns ? now_ns - since_ns : 0);
}

static u64 wattle_presence_more(u64 *looked, u64 sum)
{
	u64 more = sum > *looked ? sum - *looked : 0;

	*looked += more;
	return more;
}

/* What the members of @a used on @cpu since the last look, and what it cost them. */
static void wattle_presence_charge(struct wattle_attachment *a, const struct wattle_presence *p,
				   unsigned int cpu, const struct wattle_domain *d, u64 now_ns)
{
	u64 sum = wattle_presence_sum(READ_ONCE(*per_cpu_ptr(a->ran, cpu)),
				      READ_ONCE(p->cur) == a, READ_ONCE(p->since_ns), now_ns);
	u64 ns = wattle_presence_more(per_cpu_ptr(a->looked, cpu), sum);

	if (!d || !d->acting_khz || d->acting_khz >= d->full_khz)
		return;
	a->capped_ns += ns;
	a->slowed_ns += wattle_slice_slowed_ns(&a->slices, ns, d->acting_khz, d->full_khz);
}

/* Looks at one CPU. Return: somebody's member is there; then *@khz is raised to its need. */
static bool wattle_presence_cpu(unsigned int cpu, struct wattle_domain *d, u32 *khz, u64 now_ns)
{
	struct wattle_presence *p = per_cpu_ptr(wattle_presence, cpu);
	DECLARE_BITMAP(here, WATTLE_ATTACH_MAX);
	const struct wattle_attachment *cur;
	struct wattle_attachment *a;
	bool any = false, idle;
	u64 since_ns;
	u32 slot, i;

	rcu_read_lock();
	for (i = 0; i < WATTLE_PRESENCE_WORDS; i++)
		here[i] = READ_ONCE(p->seen[i]) ? xchg(&p->seen[i], 0) : 0;
	cur = READ_ONCE(p->cur);
	idle = READ_ONCE(p->idle);
	since_ns = READ_ONCE(p->since_ns);
	if (cur)
		__set_bit(cur->slot, here);
	rcu_read_unlock();
	for_each_set_bit(slot, here, WATTLE_ATTACH_MAX) {
		u32 need;

		a = wattle_attach_slot(slot);
		if (!a) {
			__clear_bit(slot, here);
			continue;
		}
		wattle_presence_charge(a, p, cpu, d, now_ns);
		need = wattle_attach_khz(a, d->full_khz) ?: U32_MAX;
		*khz = max(*khz, need);
		any = true;
	}
	for (i = 0; i < WATTLE_PRESENCE_WORDS; i++)
		WRITE_ONCE(p->known[i], here[i]);
	d->member_ns += wattle_presence_more(&p->looked_member_ns,
			wattle_presence_sum(READ_ONCE(p->member_ns), cur, since_ns, now_ns));
	d->foreign_ns += wattle_presence_more(&p->looked_foreign_ns,
			wattle_presence_sum(READ_ONCE(p->foreign_ns), !cur && !idle, since_ns,
					    now_ns));
	/* Pairs with the probe's: who came meanwhile, unknown to either, is looked at again. */
	smp_mb();
	return any || !bitmap_empty(p->seen, WATTLE_ATTACH_MAX);
}

/* Do others use so much of a domain's CPUs that slowing members would slow them? */
static bool wattle_presence_crowded(struct wattle_domain *d)
{
	u64 all;

	while (d->member_ns + d->foreign_ns > WATTLE_PRESENCE_MEMORY_NS) {
		d->member_ns /= 2;
		d->foreign_ns /= 2;
	}
	all = d->member_ns + d->foreign_ns;
	d->crowded = d->foreign_ns > all / (d->crowded ? WATTLE_PRESENCE_ROOM :
						       WATTLE_PRESENCE_CROWD);
	return d->crowded;
}

static bool wattle_presence_domain(struct wattle_domain *d)
{
	u64 now_ns = ktime_get_mono_fast_ns();
	bool present = false;
	unsigned int cpu;
	u32 khz = 0;

	for_each_cpu(cpu, d->cpus)
		present |= wattle_presence_cpu(cpu, d, &khz, now_ns);
	if (wattle_presence_crowded(d) || khz == U32_MAX)
		khz = 0;
	wattle_plan_attached(d, present, khz);
	return present;
}

static void wattle_presence_look_fn(struct work_struct *work)
{
	struct wattle_domain *d;
	bool again = false;
	unsigned int cpu;

	wattle_device_lock();
	if (!READ_ONCE(wattle_presence_on))
		goto unlock;
	for_each_possible_cpu(cpu) {
		d = wattle_plan_domain(cpu);
		if (d && d->steered && wattle_plan_enforcing()) {
			if (d->first == cpu)
				again |= wattle_presence_domain(d);
			continue;
		}
		/* Nobody there is news, until the plan is made anew and asks for a look. */
		bitmap_fill(per_cpu_ptr(wattle_presence, cpu)->known, WATTLE_ATTACH_MAX);
	}
	if (again)
		queue_delayed_work(system_wq, &wattle_presence_look, WATTLE_PRESENCE_WINDOW);
unlock:
	wattle_device_unlock();
}

/**
 * wattle_presence_kick() - the plan is made anew, or what a program needs has changed
 *
 * Called under the device lock.
 */
void wattle_presence_kick(void)
{
	if (READ_ONCE(wattle_presence_on))
		mod_delayed_work(system_wq, &wattle_presence_look, 0);
}

static void wattle_presence_here(void *arg)
{
	wattle_presence_note(this_cpu_ptr(wattle_presence), current);
}

static bool wattle_presence_not_idle(int cpu, void *arg)
{
	return !READ_ONCE(per_cpu_ptr(wattle_presence, cpu)->idle);
}

/**
 * wattle_presence_came() - threads that run have become members
 *
 * No switch tells of those, so the CPUs that do not idle look again. Sleeps.
 */
void wattle_presence_came(void)
{
	/* Switches under way do not know of them yet: let their notes be there first. */
	synchronize_rcu();
	on_each_cpu_cond(wattle_presence_not_idle, wattle_presence_here, NULL, true);
}

static bool wattle_presence_has(int cpu, void *arg)
{
	return READ_ONCE(per_cpu_ptr(wattle_presence, cpu)->cur) == arg;
}

/**
 * wattle_presence_gone() - threads that run are members no more
 * @a: their program, which nobody can come to belong to
 *
 * When this returns no CPU's @cur is it, and none will be. Sleeps.
 */
void wattle_presence_gone(struct wattle_attachment *a)
{
	synchronize_rcu();
	on_each_cpu_cond(wattle_presence_has, wattle_presence_here, a, true);
}

/**
 * wattle_presence_forget() - a slot becomes free
 * @slot: the slot
 *
 * Called under the device lock, after wattle_presence_gone().
 */
void wattle_presence_forget(u32 slot)
{
	unsigned int cpu;

	for_each_possible_cpu(cpu) {
		clear_bit(slot, per_cpu_ptr(wattle_presence, cpu)->seen);
		__clear_bit(slot, per_cpu_ptr(wattle_presence, cpu)->known);
	}
}

/**
 * wattle_presence_ran_ns() - CPU time of a program's members
 * @a: the program. Under the device lock.
 */
u64 wattle_presence_ran_ns(const struct wattle_attachment *a)
{
	u64 now_ns = ktime_get_mono_fast_ns(), sum = 0;
	unsigned int cpu;

	for_each_possible_cpu(cpu) {
		const struct wattle_presence *p = per_cpu_ptr(wattle_presence, cpu);

		sum += wattle_presence_sum(READ_ONCE(*per_cpu_ptr(a->ran, cpu)),
					   READ_ONCE(p->cur) == a, READ_ONCE(p->since_ns), now_ns);
	}
	return sum;
}

/**
 * wattle_presence_start() - watch switches
 *
 * Return: 0 or a negative errno.
 */
int wattle_presence_start(void)
{
	unsigned int cpu;
	int err;

	for_each_possible_cpu(cpu) {
		struct wattle_presence *p = per_cpu_ptr(wattle_presence, cpu);

		p->cur = NULL;
		p->idle = false;
		p->since_ns = 0;
		bitmap_zero(p->seen, WATTLE_ATTACH_MAX);
		bitmap_zero(p->known, WATTLE_ATTACH_MAX);
	}
	err = tracepoint_probe_register(wattle_presence_tp, wattle_presence_switch, NULL);
	if (!err)
		WRITE_ONCE(wattle_presence_on, true);
	return err;
}

/**
 * wattle_presence_stop() - watch them no longer; nobody is attached
 */
void wattle_presence_stop(void)
{
	unsigned int cpu;

	tracepoint_probe_unregister(wattle_presence_tp, wattle_presence_switch, NULL);
	tracepoint_synchronize_unregister();
	for_each_possible_cpu(cpu)
		irq_work_sync(&per_cpu_ptr(wattle_presence, cpu)->news);
	wattle_device_lock();
	WRITE_ONCE(wattle_presence_on, false);
	wattle_device_unlock();
	cancel_delayed_work_sync(&wattle_presence_look);
}

static void wattle_presence_match(struct tracepoint *tp, void *arg)
{
	if (!strcmp(tp->name, "sched_switch"))
		wattle_presence_tp = tp;
}

/**
 * wattle_presence_init() - find what tells of switches
 *
 * Return: 0; -ENOMEM; -ENOENT no such tracepoint in this kernel.
 */
int wattle_presence_init(void)
{
	unsigned int cpu;

	for_each_kernel_tracepoint(wattle_presence_match, NULL);
	if (!wattle_presence_tp) {
		pr_err("this kernel has no sched_switch tracepoint (CONFIG_TRACEPOINTS)\n");
		return -ENOENT;
	}
	wattle_presence = alloc_percpu(struct wattle_presence);
	if (!wattle_presence)
		return -ENOMEM;
	for_each_possible_cpu(cpu)
		init_irq_work(&per_cpu_ptr(wattle_presence, cpu)->news, wattle_presence_news);
	return 0;
}

void wattle_presence_exit(void)
{
	free_percpu(wattle_presence);
}
