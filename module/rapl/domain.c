// SPDX-License-Identifier: GPL-2.0-only
/*
 * Energy counters and the CPUs that can read them: see domain.h.
 *
 * Who reads: a CPU of the counter, at its own idle entry and exit, if the last
 * reading is older than SAMPLE_NS; a reader, by a call to a CPU that is not idle;
 * a CPU on its way offline; a deferrable work, often enough that no wrap is lost.
 *
 * Locks: the hotplug lock, then the mutex (the list), then a domain's raw lock
 * (its counter). The idle probe only tries the raw lock.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/cpu.h>
#include <linux/cpuhotplug.h>
#include <linux/mutex.h>
#include <linux/percpu.h>
#include <linux/slab.h>
#include <linux/smp.h>
#include <linux/tick.h>
#include <linux/timekeeping.h>
#include <linux/tracepoint.h>
#include <linux/wattle.h>
#include <linux/workqueue.h>

#include <trace/events/power.h>

#include "rapl/domain.h"

/* A register read costs a microsecond or so: 250 a second are not worth a thought. */
#define SAMPLE_NS	(4 * NSEC_PER_MSEC)
/* The hardware advances its counters about every millisecond. */
#define FRESH_NS	NSEC_PER_MSEC
/* Readings in the time a counter can wrap in. */
#define READS_A_WRAP	4

/**
 * struct rapl_cpu - what a CPU can read
 * @domains:	by the plan's meters; NULL: no such counter
 * @idle:	it is in an idle state, as the cpu_idle tracepoint has it
 */
struct rapl_cpu {
	struct wattle_rapl_domain	*domains[WATTLE_RAPL_MAX_METERS];
	bool				idle;
};

static DEFINE_PER_CPU(struct rapl_cpu, rapl_cpus);
static DEFINE_MUTEX(rapl_mutex);
static LIST_HEAD(rapl_domains);
static const struct wattle_rapl_plan *rapl_plan;
static void (*rapl_grown)(void);
static enum cpuhp_state rapl_hotplug;

static void rapl_work_fn(struct work_struct *work);
static DECLARE_DEFERRABLE_WORK(rapl_work, rapl_work_fn);

/* On a CPU of @d, its lock held. */
static void rapl_sample_locked(struct wattle_rapl_domain *d)
{
	u64 raw, now_ns = ktime_get_mono_fast_ns();

	d->failed = wattle_rapl_hw_read(d->meter->msr, &raw);
	if (!d->failed)
		wattle_rapl_fold(&d->counter, raw, now_ns, ktime_get_boot_fast_ns() - now_ns);
}

static void rapl_sample(void *arg)
{
	struct wattle_rapl_domain *d = arg;
	unsigned long flags;

	raw_spin_lock_irqsave(&d->lock, flags);
	rapl_sample_locked(d);
	raw_spin_unlock_irqrestore(&d->lock, flags);
}

/* Older than @age_ns, or never read. A torn look costs a reading, no more. */
static bool rapl_stale(const struct wattle_rapl_domain *d, u64 now_ns, u64 age_ns)
{
	return now_ns - READ_ONCE(d->counter.stamp_ns) >= age_ns;
}

static void rapl_sample_in_passing(struct rapl_cpu *c)
{
	u64 now_ns = ktime_get_mono_fast_ns();
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(c->domains); i++) {
		/* Pairs with the release in rapl_attach(). */
		struct wattle_rapl_domain *d = smp_load_acquire(&c->domains[i]);
		unsigned long flags;

		if (!d || !rapl_stale(d, now_ns, SAMPLE_NS))
			continue;
		/* Who holds it is reading it. */
		if (!raw_spin_trylock_irqsave(&d->lock, flags))
			continue;
		rapl_sample_locked(d);
		raw_spin_unlock_irqrestore(&d->lock, flags);
	}
}

/*
 * On the CPU itself, around its idle states. What is read on the way in is what
 * others get to see while it sleeps; what on the way out, what it slept for.
 */
static void rapl_idle_probe(void *data, unsigned int state, unsigned int cpu)
{
	struct rapl_cpu *c = this_cpu_ptr(&rapl_cpus);

	if (state == (u32)PWR_EVENT_EXIT) {
		WRITE_ONCE(c->idle, false);
		rapl_sample_in_passing(c);
	} else {
		rapl_sample_in_passing(c);
		WRITE_ONCE(c->idle, true);
	}
}

static int rapl_call(struct wattle_rapl_domain *d, unsigned int cpu)
{
	return smp_call_function_single(cpu, rapl_sample, d, 1);
}

/*
 * Read @d on a CPU that is awake: this one, or one that does housekeeping, or any.
 * It may fall asleep before the call arrives and is then woken: once, by bad luck.
 */
static void rapl_refresh(struct wattle_rapl_domain *d)
{
	bool spare_isolated = true, isolated = false;
	unsigned int cpu;

	if (!rapl_stale(d, ktime_get_mono_fast_ns(), FRESH_NS))
		return;
	cpu = get_cpu();
	if (cpumask_test_cpu(cpu, d->online)) {
		rapl_sample(d);
		put_cpu();
		return;
	}
	put_cpu();
again:
	for_each_cpu(cpu, d->online) {
		if (READ_ONCE(per_cpu(rapl_cpus, cpu).idle))
			continue;
		if (spare_isolated && tick_nohz_full_cpu(cpu)) {
			isolated = true;
			continue;
		}
		if (!rapl_call(d, cpu))
			return;
	}
	if (spare_isolated && isolated) {
		spare_isolated = false;
		goto again;
	}
}

int wattle_rapl_domain_read(struct wattle_rapl_domain *d, u64 *uj)
{
	unsigned long flags;
	int err;

	rapl_refresh(d);
	raw_spin_lock_irqsave(&d->lock, flags);
	*uj = wattle_rapl_uj(&d->counter);
	err = d->failed ? -EIO : 0;
	raw_spin_unlock_irqrestore(&d->lock, flags);
	return err;
}

bool wattle_rapl_domain_advances(struct wattle_rapl_domain *d)
{
	unsigned int cpu;

	if (READ_ONCE(d->counter.acc))
		return true;
	for_each_cpu(cpu, d->online)
		if (!rapl_call(d, cpu))
			break;
	return READ_ONCE(d->counter.acc);
}

/*
 * Busy counters without a reader: nobody goes idle there, nobody asks. Deferrable:
 * it wakes nobody either, and whoever sleeps over its time reads on waking up.
 */
static void rapl_work_fn(struct work_struct *work)
{
	struct wattle_rapl_domain *d;
	u64 wrap_ns = U64_MAX;
	unsigned long delay;

	mutex_lock(&rapl_mutex);
	list_for_each_entry(d, &rapl_domains, node) {
		rapl_refresh(d);
		wrap_ns = min(wrap_ns, wattle_rapl_wrap_ns(d->meter->esu));
		/* A core takes far longer to wrap than a package, which the bound is for. */
		if (d->meter->zone == WATTLE_ZONE_PACKAGE && READ_ONCE(d->counter.unsure))
			pr_warn_once("package %u went unread for so long that its counter may have wrapped twice\n",
				     d->place.package);
	}
	mutex_unlock(&rapl_mutex);
	delay = nsecs_to_jiffies(min_t(u64, wrap_ns / READS_A_WRAP, 60 * NSEC_PER_SEC));
	/* The finest units wrap within a jiffy: not at once again, which would never end. */
	queue_delayed_work(system_unbound_wq, &rapl_work, max(delay, 1UL));
}

static bool rapl_same(const struct wattle_rapl_domain *d, const struct wattle_rapl_meter *m,
		      const struct wattle_rapl_place *at)
{
	return d->meter == m && d->place.package == at->package &&
	       (m->scope == WATTLE_RAPL_SCOPE_PACKAGE || d->place.die == at->die) &&
	       (m->scope != WATTLE_RAPL_SCOPE_CORE || d->place.core == at->core);
}

static struct wattle_rapl_domain *rapl_find(const struct wattle_rapl_meter *m,
					    const struct wattle_rapl_place *at)
{
	struct wattle_rapl_domain *d;

	list_for_each_entry(d, &rapl_domains, node)
		if (rapl_same(d, m, at))
			return d;
	return NULL;
}

/* On @cpu. A counter that reads 0 is one that is not there. */
static struct wattle_rapl_domain *rapl_add(const struct wattle_rapl_meter *m,
					   const struct wattle_rapl_place *at, unsigned int cpu)
{
	struct wattle_rapl_domain *d;
	u64 raw;

	if (wattle_rapl_hw_read(m->msr, &raw) || !(u32)raw)
		return NULL;
	d = kzalloc(sizeof(*d), GFP_KERNEL);
	if (!d)
		return NULL;
	if (!zalloc_cpumask_var(&d->online, GFP_KERNEL)) {
		kfree(d);
		return NULL;
	}
	raw_spin_lock_init(&d->lock);
	d->meter = m;
	d->place = *at;
	d->cpu = cpu;
	d->filtered = wattle_rapl_hw_filtered();
	d->counter.esu = m->esu;
	list_add_tail(&d->node, &rapl_domains);
	return d;
}

/* On @cpu. True if it brought a new counter. */
static bool rapl_attach(unsigned int cpu, unsigned int i)
{
	struct rapl_cpu *c = per_cpu_ptr(&rapl_cpus, cpu);
	struct wattle_rapl_domain *d = c->domains[i];
	struct wattle_rapl_place at;
	bool added = false;

	if (!d) {
		wattle_rapl_hw_place(cpu, &at);
		d = rapl_find(&rapl_plan->meters[i], &at);
		if (!d) {
			d = rapl_add(&rapl_plan->meters[i], &at, cpu);
			added = d;
		}
		if (!d)
			return false;
	}
	cpumask_set_cpu(cpu, d->online);
	rapl_sample(d);
	/* Pairs with the acquire in rapl_sample_in_passing(): it sees @d complete. */
	smp_store_release(&c->domains[i], d);
	return added;
}

/* On @cpu. Never fails: a counter that cannot be had must not keep a CPU offline. */
static int rapl_cpu_online(unsigned int cpu)
{
	bool added = false;
	unsigned int i;

	WRITE_ONCE(per_cpu(rapl_cpus, cpu).idle, false);
	mutex_lock(&rapl_mutex);
	for (i = 0; i < rapl_plan->nr; i++)
		added |= rapl_attach(cpu, i);
	mutex_unlock(&rapl_mutex);
	if (added)
		rapl_grown();
	return 0;
}

/* On @cpu, which may be the last that can read its counters. */
static int rapl_cpu_offline(unsigned int cpu)
{
	struct rapl_cpu *c = per_cpu_ptr(&rapl_cpus, cpu);
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(c->domains); i++) {
		struct wattle_rapl_domain *d = c->domains[i];

		if (!d)
			continue;
		rapl_sample(d);
		cpumask_clear_cpu(cpu, d->online);
	}
	return 0;
}

struct list_head *wattle_rapl_domains_lock(void)
{
	mutex_lock(&rapl_mutex);
	return &rapl_domains;
}

void wattle_rapl_domains_unlock(void)
{
	mutex_unlock(&rapl_mutex);
}

static void rapl_forget(void)
{
	struct wattle_rapl_domain *d, *next;
	unsigned int cpu;

	for_each_possible_cpu(cpu)
		memset(per_cpu_ptr(&rapl_cpus, cpu), 0, sizeof(struct rapl_cpu));
	list_for_each_entry_safe(d, next, &rapl_domains, node) {
		list_del(&d->node);
		free_cpumask_var(d->online);
		kfree(d);
	}
}

int wattle_rapl_domains_init(const struct wattle_rapl_plan *plan, void (*grown)(void))
{
	int ret;

	rapl_plan = plan;
	rapl_grown = grown;
	/* Before the walk over the CPUs, which wakes each: from then on the flags are right. */
	ret = register_trace_cpu_idle(rapl_idle_probe, NULL);
	if (ret)
		return ret;
	ret = cpuhp_setup_state(CPUHP_AP_ONLINE_DYN, "wattle/rapl:online",
				rapl_cpu_online, rapl_cpu_offline);
	if (ret < 0)
		goto unregister_probe;
	rapl_hotplug = ret;
	queue_delayed_work(system_unbound_wq, &rapl_work, HZ);
	return 0;

unregister_probe:
	unregister_trace_cpu_idle(rapl_idle_probe, NULL);
	tracepoint_synchronize_unregister();
	rapl_forget();
	return ret;
}

void wattle_rapl_domains_leave(void)
{
	cpuhp_remove_state_nocalls(rapl_hotplug);
}

void wattle_rapl_domains_exit(void)
{
	cancel_delayed_work_sync(&rapl_work);
	unregister_trace_cpu_idle(rapl_idle_probe, NULL);
	tracepoint_synchronize_unregister();
	rapl_forget();
}
