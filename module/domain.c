// SPDX-License-Identifier: GPL-2.0-only
/*
 * Clocks and clock domains: which there are, what others demand of them, and
 * how they come and go with policies, CPUs and the administrator's list.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/cpufreq.h>
#include <linux/delay.h>
#include <linux/err.h>
#include <linux/kthread.h>
#include <linux/rculist.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/topology.h>
#include <linux/tracepoint.h>

#include "actuator.h"
#include "cpus.h"
#include "device.h"
#include "domain.h"
#include "latency.h"
#include "plan.h"

#define WATTLE_RANGE_STEP_KHZ	100000

DECLARE_RWSEM(wattle_domain_sem);
static LIST_HEAD(wattle_domain_clocks);	/* under the sem */
static LIST_HEAD(wattle_domain_list);	/* under the sem, read under RCU too */
static bool wattle_domain_closed;	/* under the sem: no clock is taken up any more */
static struct tracepoint *wattle_domain_qos_tp;
/* Under the sem, for a rebuild: that must not fail, or what is held would outlive its reason. */
static cpumask_var_t wattle_domain_left, wattle_domain_set;

/*
 * The aggregate of a constraint has changed. Called with the constraint chain's
 * rwsem held, perhaps by our own thread under the sem: no lock may be taken.
 */
static int wattle_domain_moved(struct wattle_clock *k, bool max)
{
	struct wattle_domain *d;
	bool own = false;

	rcu_read_lock();
	d = rcu_dereference(k->domain);
	if (d) {
		own = d->task == current;
		if (!own) {
			/*
			 * A maximum that rose from below our request to above it shows
			 * as our own: what others allow now has to be looked for.
			 */
			if (max)
				WRITE_ONCE(d->peek, true);
			wattle_actuator_kick(d);
		}
	}
	rcu_read_unlock();
	if (!own)
		wattle_cpus_follow();
	return NOTIFY_OK;
}

static int wattle_domain_max_moved(struct notifier_block *nb, unsigned long khz, void *data)
{
	return wattle_domain_moved(container_of(nb, struct wattle_clock, max_nb), true);
}

static int wattle_domain_min_moved(struct notifier_block *nb, unsigned long khz, void *data)
{
	return wattle_domain_moved(container_of(nb, struct wattle_clock, min_nb), false);
}

/*
 * Somebody changed some request, perhaps a maximum above ours. That moves no aggregate;
 * what does is told by the chains. In the context of whoever did it.
 */
static void wattle_domain_qos(void *data, enum pm_qos_req_action action, int before, int after)
{
	struct wattle_domain *d;

	if (before != after)
		return;
	rcu_read_lock();
	list_for_each_entry_rcu(d, &wattle_domain_list, link)
		if (d->task == current)
			goto out;
	list_for_each_entry_rcu(d, &wattle_domain_list, link) {
		/* One that has yet to look will; requests may change very often. */
		if (!READ_ONCE(d->busy) || READ_ONCE(d->peek))
			continue;
		WRITE_ONCE(d->peek, true);
		wattle_actuator_kick(d);
	}
out:
	rcu_read_unlock();
}

static struct wattle_clock *wattle_domain_find(const struct cpufreq_policy *policy)
{
	struct wattle_clock *k;

	list_for_each_entry(k, &wattle_domain_clocks, link)
		if (k->policy == policy)
			return k;
	return NULL;
}

/* A work that runs on a CPU makes its scheduler call the governor, which is all it is for. */
static void wattle_domain_hook_fn(struct work_struct *work)
{
}

/* With the sem held for writing. A clock that cannot be had is not steered. */
static void wattle_domain_take_up(struct cpufreq_policy *policy)
{
	struct wattle_clock *k;

	if (wattle_domain_closed || wattle_domain_find(policy))
		return;
	k = kzalloc(sizeof(*k), GFP_KERNEL);
	if (!k)
		return;
	if (!zalloc_cpumask_var(&k->cpus, GFP_KERNEL))
		goto free_clock;
	cpumask_copy(k->cpus, policy->related_cpus);
	k->policy = policy;
	k->levels.nr = 1;
	INIT_LIST_HEAD(&k->domain_link);
	INIT_WORK(&k->hook, wattle_domain_hook_fn);
	k->max_nb.notifier_call = wattle_domain_max_moved;
	k->min_nb.notifier_call = wattle_domain_min_moved;
	if (freq_qos_add_notifier(&policy->constraints, FREQ_QOS_MAX, &k->max_nb))
		goto free_mask;
	if (freq_qos_add_notifier(&policy->constraints, FREQ_QOS_MIN, &k->min_nb))
		goto remove_max;
	wattle_actuator_limits(k);
	list_add_tail(&k->link, &wattle_domain_clocks);
	return;

remove_max:
	freq_qos_remove_notifier(&policy->constraints, FREQ_QOS_MAX, &k->max_nb);
free_mask:
	free_cpumask_var(k->cpus);
free_clock:
	kfree(k);
}

static void wattle_domain_part(struct wattle_clock *k, enum wattle_why why)
{
	struct wattle_domain *d = rcu_dereference_protected(k->domain, 1);

	if (!d)
		return;
	wattle_actuator_drop(d, k, why);
	rcu_assign_pointer(k->domain, NULL);
	list_del_init(&k->domain_link);
}

/* With the sem held for writing. */
static void wattle_domain_let_go(struct wattle_clock *k)
{
	wattle_domain_part(k, WATTLE_WHY_GONE);
	freq_qos_remove_notifier(&k->policy->constraints, FREQ_QOS_MIN, &k->min_nb);
	freq_qos_remove_notifier(&k->policy->constraints, FREQ_QOS_MAX, &k->max_nb);
	cancel_work_sync(&k->hook);
	list_del(&k->link);
	free_cpumask_var(k->cpus);
	kfree(k);
}

/**
 * wattle_domain_policy() - cpufreq's policy notifier
 * @policy: the policy
 * @action: CPUFREQ_CREATE_POLICY (its rwsem is held) or CPUFREQ_REMOVE_POLICY
 *
 * What follows from it, domains and supply, is the caller's work's to do.
 */
void wattle_domain_policy(struct cpufreq_policy *policy, unsigned long action)
{
	struct wattle_clock *k;

	down_write(&wattle_domain_sem);
	if (action == CPUFREQ_CREATE_POLICY) {
		wattle_domain_take_up(policy);
	} else {
		k = wattle_domain_find(policy);
		if (k)
			wattle_domain_let_go(k);
	}
	up_write(&wattle_domain_sem);
}

/**
 * wattle_domain_walk() - take up the policies that were there before the notifier
 *
 * The sem is held over each look: a policy that is going has either been taken out
 * of the table or will be removed here by its notifier.
 */
void wattle_domain_walk(void)
{
	struct cpufreq_policy *policy;
	unsigned int cpu;

	for_each_possible_cpu(cpu) {
		down_write(&wattle_domain_sem);
		policy = cpufreq_cpu_get(cpu);
		if (policy) {
			/* Being made: if that fails now, nobody is told that it goes. */
			if (READ_ONCE(policy->max_freq_req))
				wattle_domain_take_up(policy);
			cpufreq_cpu_put(policy);
		}
		up_write(&wattle_domain_sem);
	}
}

static void wattle_domain_table(struct wattle_levels *l, const struct cpufreq_policy *policy)
{
	struct cpufreq_frequency_table *pos;
	u32 i, at;

	l->nr = 0;
	cpufreq_for_each_valid_entry(pos, policy->freq_table) {
		/* Sorted here: a driver's table need not be. */
		for (at = 0; at < l->nr && l->khz[at] < pos->frequency; at++)
			;
		if ((at < l->nr && l->khz[at] == pos->frequency) || l->nr == WATTLE_LEVELS_MAX)
			continue;
		for (i = l->nr++; i > at; i--)
			l->khz[i] = l->khz[i - 1];
		l->khz[at] = pos->frequency;
	}
}

/* Any frequency of a range can be asked for: steps of 100 MHz, or as many as there is room for. */
static void wattle_domain_range(struct wattle_levels *l, u32 low, u32 high)
{
	u32 step = max_t(u32, WATTLE_RANGE_STEP_KHZ, (high - low) / (WATTLE_LEVELS_MAX - 2) + 1);
	u32 khz;

	l->nr = 0;
	for (khz = low; khz < high; khz += step)
		l->khz[l->nr++] = khz;
	l->khz[l->nr++] = high;
}

/**
 * wattle_domain_learn() - a policy's table and foreign limits, as they are now
 * @policy: in use, its rwsem held for reading
 *
 * Return: what others allow it, kHz; wattle's own request left out.
 */
u32 wattle_domain_learn(struct cpufreq_policy *policy)
{
	struct wattle_clock *k;
	u32 limit = READ_ONCE(policy->max);

	down_write(&wattle_domain_sem);
	k = wattle_domain_find(policy);
	if (k) {
		cpumask_copy(k->cpus, policy->related_cpus);
		k->targets = policy->governor;
		k->full_khz = policy->cpuinfo.max_freq;
		k->levels.nr = 0;
		if (policy->freq_table)
			wattle_domain_table(&k->levels, policy);
		else if (policy->cpuinfo.max_freq > policy->cpuinfo.min_freq)
			wattle_domain_range(&k->levels, policy->cpuinfo.min_freq,
					    policy->cpuinfo.max_freq);
		if (!k->levels.nr)
			k->levels = (struct wattle_levels) { 1, { k->full_khz } };
		wattle_actuator_limits(k);
		limit = min(k->foreign_max, k->full_khz);
	}
	up_write(&wattle_domain_sem);
	return limit;
}

/* All online CPUs that share a policy or a core with @cpu, over any number of steps. */
static void wattle_domain_closure(unsigned int cpu, struct cpumask *set)
{
	struct wattle_clock *k;
	unsigned int c, nr;

	cpumask_copy(set, cpumask_of(cpu));
	do {
		nr = cpumask_weight(set);
		for_each_cpu(c, set)
			cpumask_or(set, set, topology_sibling_cpumask(c));
		list_for_each_entry(k, &wattle_domain_clocks, link)
			if (cpumask_intersects(k->cpus, set))
				cpumask_or(set, set, k->cpus);
		cpumask_and(set, set, cpu_online_mask);
	} while (cpumask_weight(set) != nr);
}

/* A domain that there is for the CPUs in @set, to keep; or a new one. */
static struct wattle_domain *wattle_domain_for(const struct cpumask *set)
{
	struct wattle_domain *d;

	list_for_each_entry(d, &wattle_domain_list, link) {
		if (d->kept || !cpumask_intersects(d->cpus, set))
			continue;
		d->kept = true;
		return d;
	}
	d = wattle_actuator_make(cpumask_first(set));
	if (IS_ERR(d))
		return d;
	d->kept = true;
	list_add_tail_rcu(&d->link, &wattle_domain_list);
	return d;
}

/* Gives @d the clocks of @set; whether it may be steered is returned. */
static bool wattle_domain_fill(struct wattle_domain *d, const struct cpumask *set,
			       const struct cpumask *managed)
{
	bool steered = cpumask_subset(set, managed);
	struct wattle_clock *k;
	unsigned int cpu;

	list_for_each_entry(k, &wattle_domain_clocks, link) {
		bool has = rcu_dereference_protected(k->domain, 1) == d;

		if (cpumask_intersects(k->cpus, set) == has)
			continue;
		wattle_domain_part(k, WATTLE_WHY_DOMAIN);
		if (has)
			continue;
		list_add_tail(&k->domain_link, &d->clocks);
		rcu_assign_pointer(k->domain, d);
		/* The plan may stay as it was posted: the clock has not heard of it. */
		wattle_actuator_kick(d);
	}
	for_each_cpu(cpu, set)
		steered &= !!wattle_domain_clock_of(cpu);
	return steered;
}

/* Under the device lock: from here on grants are counted in it. */
static void wattle_domain_place(struct wattle_domain *d, const struct cpumask *set, bool steered)
{
	struct wattle_clock *k;
	unsigned int cpu;

	cpumask_copy(d->cpus, set);
	d->first = cpumask_first(set);
	d->steered = steered;
	d->full_khz = 0;
	d->paced = !list_empty(&d->clocks);
	list_for_each_entry(k, &d->clocks, domain_link) {
		d->paced &= k->targets;
		/* Clocks of one core are of one kind; where they are not, the fastest rules. */
		if (min(k->full_khz, k->foreign_max) <= d->full_khz)
			continue;
		d->full_khz = min(k->full_khz, k->foreign_max);
		d->levels = k->levels;
	}
	for_each_cpu(cpu, set)
		wattle_plan_place(cpu, d);
}

/**
 * wattle_domain_rebuild() - domains as policies, online CPUs and the list want them
 * @managed: the administrator's list
 *
 * With the set of online CPUs held. A domain whose CPUs or clocks change is kept
 * as it is as far as it can be: limits in force stay.
 */
void wattle_domain_rebuild(const struct cpumask *managed)
{
	struct cpumask *left = wattle_domain_left, *set = wattle_domain_set;
	struct wattle_domain *d, *tmp;
	struct wattle_clock *k, *next;
	LIST_HEAD(dead);
	unsigned int cpu;

	down_write(&wattle_domain_sem);
	cpumask_and(left, managed, cpu_online_mask);
	list_for_each_entry(d, &wattle_domain_list, link)
		d->kept = false;
	while ((cpu = cpumask_first(left)) < nr_cpu_ids) {
		bool steered;

		wattle_domain_closure(cpu, set);
		cpumask_andnot(left, left, set);
		d = wattle_domain_for(set);
		if (IS_ERR(d)) {
			pr_warn("no thread for the clock domain of CPU %u: %ld; it is not steered\n",
				cpu, PTR_ERR(d));
			continue;
		}
		steered = wattle_domain_fill(d, set, managed);
		wattle_device_lock();
		wattle_domain_place(d, set, steered);
		wattle_plan_redo(WATTLE_WHY_DOMAIN);
		wattle_device_unlock();
	}
	list_for_each_entry_safe(d, tmp, &wattle_domain_list, link) {
		if (d->kept)
			continue;
		d->dead = true;
		list_del_rcu(&d->link);
		list_add_tail(&d->dead_link, &dead);
		list_for_each_entry_safe(k, next, &d->clocks, domain_link)
			wattle_domain_part(k, WATTLE_WHY_DOMAIN);
	}
	wattle_device_lock();
	for_each_possible_cpu(cpu) {
		d = wattle_plan_domain(cpu);
		if (d && (d->dead || !cpumask_test_cpu(cpu, d->cpus)))
			wattle_plan_place(cpu, NULL);
	}
	wattle_plan_redo(WATTLE_WHY_DOMAIN);
	wattle_device_unlock();
	up_write(&wattle_domain_sem);

	list_for_each_entry_safe(d, tmp, &dead, dead_link)
		wattle_actuator_stop(d);
}

static bool wattle_domain_busy(void)
{
	struct wattle_domain *d;
	bool busy = false;

	down_read(&wattle_domain_sem);
	list_for_each_entry(d, &wattle_domain_list, link) {
		wattle_device_lock();
		if (wattle_plan_advising())
			busy |= READ_ONCE(d->busy) || READ_ONCE(d->kick);
		else
			busy |= !d->posted.khz && (d->acting_khz || READ_ONCE(d->busy) ||
						   READ_ONCE(d->kick));
		wattle_device_unlock();
	}
	up_read(&wattle_domain_sem);
	return busy;
}

/**
 * wattle_domain_settle() - wait until domains that want nothing hold nothing
 *
 * A second at most: a driver that does not answer must not hang its caller.
 */
void wattle_domain_settle(void)
{
	unsigned long end = jiffies + HZ;

	while (wattle_domain_busy() && time_before(jiffies, end))
		usleep_range(500, 1000);
}

/**
 * wattle_domain_release() - domains that will not be all managed let go, and do so now
 * @keep: CPUs that will be managed
 *
 * What removes a domain afterwards finds nothing held, and its clock where the
 * governor wants it.
 */
void wattle_domain_release(const struct cpumask *keep)
{
	struct wattle_domain *d;

	down_read(&wattle_domain_sem);
	wattle_device_lock();
	list_for_each_entry(d, &wattle_domain_list, link)
		d->steered &= cpumask_subset(d->cpus, keep);
	wattle_plan_redo(WATTLE_WHY_DOMAIN);
	wattle_device_unlock();
	up_read(&wattle_domain_sem);
	wattle_domain_settle();
}

/**
 * wattle_domain_clock_of() - the clock of a CPU, NULL none
 * @cpu: the CPU. With the domain sem held.
 */
struct wattle_clock *wattle_domain_clock_of(unsigned int cpu)
{
	struct wattle_clock *k;

	list_for_each_entry(k, &wattle_domain_clocks, link)
		if (cpumask_test_cpu(cpu, k->cpus))
			return k;
	return NULL;
}

/* A policy's confidence by its driver, lowered by what has been seen of it. */
static u32 wattle_domain_trust(const struct wattle_clock *k)
{
	const struct wattle_domain *d = rcu_dereference_protected(k->domain, 1);

	if (k->levels.nr < 2 || (d && READ_ONCE(d->failing)))
		return WATTLE_CONFIDENCE_NONE;
	return k->targets ? WATTLE_CONFIDENCE_EFFECTIVE : WATTLE_CONFIDENCE_HINT;
}

/**
 * wattle_domain_confidence() - how far a frequency request on @cpu can be trusted
 * @cpu: the CPU. With the domain sem held.
 *
 * Return: enum wattle_confidence.
 */
u32 wattle_domain_confidence(unsigned int cpu)
{
	struct wattle_clock *k = wattle_domain_clock_of(cpu);

	return k ? wattle_domain_trust(k) : WATTLE_CONFIDENCE_NONE;
}

static void wattle_domain_match(struct tracepoint *tp, void *arg)
{
	if (!strcmp(tp->name, "pm_qos_update_target"))
		*(struct tracepoint **)arg = tp;
}

/**
 * wattle_domain_init() - watch requests that move no aggregate
 *
 * Return: 0 or a negative errno.
 */
int wattle_domain_init(void)
{
	int err;

	if (!zalloc_cpumask_var(&wattle_domain_left, GFP_KERNEL))
		return -ENOMEM;
	if (!zalloc_cpumask_var(&wattle_domain_set, GFP_KERNEL)) {
		err = -ENOMEM;
		goto free_left;
	}
	err = wattle_plan_init();
	if (err)
		goto free_set;
	for_each_kernel_tracepoint(wattle_domain_match, &wattle_domain_qos_tp);
	if (!wattle_domain_qos_tp) {
		pr_err("this kernel has no pm_qos_update_target tracepoint (CONFIG_PM, CONFIG_TRACEPOINTS)\n");
		err = -ENOENT;
		goto exit_plan;
	}
	err = tracepoint_probe_register(wattle_domain_qos_tp, wattle_domain_qos, NULL);
	if (err)
		goto exit_plan;
	return 0;

exit_plan:
	wattle_plan_exit();
free_set:
	free_cpumask_var(wattle_domain_set);
free_left:
	free_cpumask_var(wattle_domain_left);
	return err;
}

/**
 * wattle_domain_close() - let go of every clock and take up no other
 *
 * The policy notifier may still be registered: what goes, goes here or there.
 */
void wattle_domain_close(void)
{
	struct wattle_clock *k, *tmp;

	down_write(&wattle_domain_sem);
	wattle_domain_closed = true;
	list_for_each_entry_safe(k, tmp, &wattle_domain_clocks, link)
		wattle_domain_let_go(k);
	up_write(&wattle_domain_sem);
}

/**
 * wattle_domain_exit() - no domain and no clock is left
 */
void wattle_domain_exit(void)
{
	tracepoint_probe_unregister(wattle_domain_qos_tp, wattle_domain_qos, NULL);
	tracepoint_synchronize_unregister();
	wattle_plan_exit();
	free_cpumask_var(wattle_domain_set);
	free_cpumask_var(wattle_domain_left);
}
