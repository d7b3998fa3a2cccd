// SPDX-License-Identifier: GPL-2.0-only
/*
 * CPUs: which are wattle's to gate, what admission may count on, how fast they
 * run. Who acts on them (domains, latency requests) is told here, in one place.
 *
 * Hotplug and cpufreq callbacks run under locks of theirs that may be held by
 * whoever waits for ours, so they only queue the work that looks again.
 */
#include <linux/cpu.h>
#include <linux/cpufreq.h>
#include <linux/cpuhotplug.h>
#include <linux/cpumask.h>
#include <linux/ktime.h>
#include <linux/mutex.h>
#include <linux/rwsem.h>
#include <linux/slab.h>
#include <linux/sysfs.h>
#include <linux/workqueue.h>

#include "aperf.h"
#include "cpus.h"
#include "device.h"
#include "domain.h"
#include "latency.h"
#include "pace.h"
#include "plan.h"
#include "trace.h"

/* Batches looked at in one hold of the device lock when the supply has changed. */
#define WATTLE_RECHECK	64

DEFINE_PER_CPU(struct wattle_cpu_freq, wattle_cpu_freq);

/* promises of each class brought up to date under one hold */
#define WATTLE_CPUS_SETTLE	64

/*
 * The supply admission counts on, and looking again at what was promised on another.
 * Outermost: that may take long, so it goes on when the other locks have been dropped.
 */
static DEFINE_MUTEX(wattle_cpus_supply_mutex);
static DEFINE_MUTEX(wattle_cpus_mutex);		/* @managed, its gates and domains */
static cpumask_var_t wattle_cpus_managed;
static u32 wattle_cpus_managed_nr;		/* its weight, for those who only want that */
static u32 wattle_cpus_khz_supply;
static int wattle_cpus_hp_state;
static bool wattle_cpus_follow_policy;		/* the cpufreq notifier is registered */

/* A driver that takes ranges (HWP) picks the clock itself: policy->cur is not it. */
static bool wattle_cpus_driver_targets(const struct cpufreq_policy *policy)
{
	return READ_ONCE(policy->governor);
}

/*
 * What a CPU can be counted on for: what others allow it (@cap; wattle's own limit
 * goes when promises need it to), but never a boost frequency, which nobody can
 * promise.
 */
static u32 wattle_cpus_sustained_khz(const struct cpufreq_policy *policy, u32 cap)
{
	struct cpufreq_frequency_table *pos;
	u32 best = 0;

	if (!policy->freq_table)
		return cap;
	cpufreq_for_each_valid_entry(pos, policy->freq_table)
		if (!(pos->flags & CPUFREQ_BOOST_FREQ) && pos->frequency <= cap)
			best = max(best, pos->frequency);
	return best ? best : cap;
}

/*
 * kHz of @cpu for admission, 0 unknown; notes whether its clock can be known.
 * The reference keeps the policy, but not its table: that goes with the driver,
 * under the policy's rwsem, which leaves the policy inactive.
 */
static u32 wattle_cpus_look(unsigned int cpu)
{
	struct wattle_cpu_freq *f = per_cpu_ptr(&wattle_cpu_freq, cpu);
	struct cpufreq_policy *policy = cpufreq_cpu_get(cpu);
	bool known = false;
	u32 khz = 0;

	if (policy) {
		down_read(&policy->rwsem);
		if (!policy_is_inactive(policy)) {
			known = wattle_cpus_driver_targets(policy);
			khz = wattle_cpus_sustained_khz(policy, wattle_domain_learn(policy));
		}
		up_read(&policy->rwsem);
		cpufreq_cpu_put(policy);
	}
	WRITE_ONCE(f->known, known);
	if (!known)
		WRITE_ONCE(f->khz, 0);
	return khz;
}

/*
 * A CPU that is offline runs nothing that a gate could wait for: its waiting
 * workers, which the kernel has moved elsewhere, are let go. Nobody else changes
 * what is compared here, so the device lock is taken only for a change. Under
 * the mutex and with the set of online CPUs held.
 */
static void wattle_cpus_gate(void)
{
	unsigned int cpu;

	for_each_possible_cpu(cpu) {
		bool gate = cpumask_test_cpu(cpu, wattle_cpus_managed) && cpu_online(cpu);
		u64 now_ns;

		if (!!wattle.sched.cpus[cpu].managed == gate)
			continue;
		/* One CPU a hold: taking one away may wake everybody who waits for it. */
		wattle_device_lock();
		now_ns = ktime_get_ns();
		wattle_trace_call(.op = WATTLE_CALL_CPU, .cpu = cpu, .arg = gate,
				  .now_ns = now_ns);
		wattle_sched_cpu_manage(&wattle.sched, cpu, gate, now_ns);
		wattle_device_unlock();
	}
}

/*
 * Promises that wait may be a million: a few a hold. What others are promised
 * meanwhile depends on how many are done, so each hold is in the log.
 */
static void wattle_cpus_settle(void)
{
	int more;

	do {
		wattle_device_lock();
		wattle_trace_call(.op = WATTLE_CALL_SETTLE, .value = WATTLE_CPUS_SETTLE,
				  .now_ns = ktime_get_ns());
		more = wattle_sched_settle_supply(&wattle.sched, WATTLE_CPUS_SETTLE);
		wattle_device_unlock();
		cond_resched();
	} while (more);
}

/* What was promised on another supply is looked at again, some batches a hold of the lock. */
static void wattle_cpus_supply(u32 nr, u32 khz)
{
	bool same;
	u32 round;
	u64 some;

	wattle_device_lock();
	same = wattle.sched.nr_supply == nr && wattle.sched.supply_khz == khz;
	wattle_trace_call(.op = WATTLE_CALL_SUPPLY, .id = nr, .value = khz,
			  .now_ns = ktime_get_ns());
	wattle_sched_set_supply(&wattle.sched, nr, khz);
	wattle_pace_set_cpus(nr);
	wattle_device_unlock();
	wattle_cpus_settle();
	for (round = 0; !same && round < WATTLE_RECHECK_ROUNDS; round++) {
		wattle_device_lock();
		wattle_trace_call(.op = WATTLE_CALL_RECHECK, .id = round,
				  .now_ns = ktime_get_ns());
		wattle_sched_recheck_begin(&wattle.sched, round);
		wattle_device_unlock();
		do {
			u64 now_ns;

			wattle_device_lock();
			now_ns = ktime_get_ns();
			wattle_trace_call(.op = WATTLE_CALL_RECHECK, .id = round,
					  .value = WATTLE_RECHECK, .now_ns = now_ns);
			some = wattle_sched_recheck_some(&wattle.sched, WATTLE_RECHECK, now_ns);
			wattle_device_unlock();
			cond_resched();
		} while (some == WATTLE_RECHECK);
	}
	if (same)
		return;
	/* While promises were asked about, none seemed to wait, or one that was revoked did. */
	wattle_device_lock();
	wattle_plan_redo(WATTLE_WHY_DATED);
	wattle_device_unlock();
}

/*
 * Admission counts on the managed CPUs that are online, or on all online ones
 * while none is managed, each at the frequency of the slowest.
 */
static void wattle_cpus_update(void)
{
	u32 nr = 0, khz = U32_MAX;
	unsigned int cpu;

	mutex_lock(&wattle_cpus_supply_mutex);
	cpus_read_lock();
	mutex_lock(&wattle_cpus_mutex);
	wattle_cpus_gate();
	for_each_online_cpu(cpu) {
		u32 one = wattle_cpus_look(cpu);

		if (!cpumask_empty(wattle_cpus_managed) &&
		    !cpumask_test_cpu(cpu, wattle_cpus_managed))
			continue;
		nr++;
		khz = min(khz, one);
	}
	wattle_domain_rebuild(wattle_cpus_managed);
	wattle_latency_manage(wattle_cpus_managed);
	WRITE_ONCE(wattle_cpus_khz_supply, nr ? khz : 0);
	mutex_unlock(&wattle_cpus_mutex);
	cpus_read_unlock();
	wattle_cpus_supply(nr, nr ? khz : 0);
	mutex_unlock(&wattle_cpus_supply_mutex);
}

static void wattle_cpus_work_fn(struct work_struct *work)
{
	wattle_cpus_update();
}

static DECLARE_WORK(wattle_cpus_work, wattle_cpus_work_fn);

/**
 * wattle_cpus_follow() - look again, soon: limits or CPUs have changed
 *
 * From any context. Not while the machine goes to sleep or comes back: its CPUs go
 * one by one, and no promise is to be judged by those that are left at the moment.
 */
void wattle_cpus_follow(void)
{
	queue_work(system_freezable_wq, &wattle_cpus_work);
}

static int wattle_cpus_hotplug(unsigned int cpu)
{
	wattle_cpus_follow();
	return 0;
}

static int wattle_cpus_policy(struct notifier_block *nb, unsigned long action, void *data)
{
	wattle_domain_policy(data, action);
	wattle_cpus_follow();
	return NOTIFY_OK;
}

static struct notifier_block wattle_cpus_policy_nb = {
	.notifier_call = wattle_cpus_policy,
};

/**
 * __wattle_cpus_observe() - look at a CPU's frequency
 * @cpu: the CPU
 */
void __wattle_cpus_observe(u32 cpu)
{
	struct wattle_cpu_freq *f = per_cpu_ptr(&wattle_cpu_freq, cpu);

	WRITE_ONCE(f->stamp, jiffies);
	WRITE_ONCE(f->khz, READ_ONCE(f->known) ? cpufreq_quick_get(cpu) : wattle_aperf_khz(cpu));
}

/**
 * wattle_cpus_observed_khz() - the frequency of a CPU, for display
 * @cpu: the CPU
 *
 * Return: what its driver says it set last, or what was measured within the last
 * second; 0 = not known.
 */
u32 wattle_cpus_observed_khz(u32 cpu)
{
	const struct wattle_cpu_freq *f = per_cpu_ptr(&wattle_cpu_freq, cpu);

	if (!cpu_online(cpu))
		return 0;
	if (READ_ONCE(f->known))
		return cpufreq_quick_get(cpu);
	return time_before(jiffies, READ_ONCE(f->stamp) + HZ) ? READ_ONCE(f->khz) : 0;
}

/**
 * wattle_cpus_confidence() - how far frequency requests can be trusted
 *
 * Return: enum wattle_confidence, the least over the managed CPUs, or over all while
 * none is managed. Sleeps.
 */
u32 wattle_cpus_confidence(void)
{
	u32 least = WATTLE_CONFIDENCE_EFFECTIVE;
	unsigned int cpu, nr = 0;

	cpus_read_lock();
	mutex_lock(&wattle_cpus_mutex);
	down_read(&wattle_domain_sem);
	for_each_online_cpu(cpu) {
		if (!cpumask_empty(wattle_cpus_managed) &&
		    !cpumask_test_cpu(cpu, wattle_cpus_managed))
			continue;
		nr++;
		least = min(least, wattle_domain_confidence(cpu));
	}
	up_read(&wattle_domain_sem);
	mutex_unlock(&wattle_cpus_mutex);
	cpus_read_unlock();
	return nr ? least : WATTLE_CONFIDENCE_NONE;
}

/**
 * wattle_cpus_nr_managed() - CPUs the administrator has given to wattle
 */
u32 wattle_cpus_nr_managed(void)
{
	return READ_ONCE(wattle_cpus_managed_nr);
}

/**
 * wattle_cpus_is_managed() - the administrator has given this CPU to wattle
 * @cpu: a possible CPU
 *
 * For display: no lock is taken, the list may change meanwhile.
 */
bool wattle_cpus_is_managed(u32 cpu)
{
	return cpumask_test_cpu(cpu, wattle_cpus_managed);
}

/**
 * wattle_cpus_supply_khz() - the frequency admission counts on, 0 unknown
 */
u32 wattle_cpus_supply_khz(void)
{
	return READ_ONCE(wattle_cpus_khz_supply);
}

/**
 * wattle_cpus_set_managed() - take the administrator's list
 * @list: as "0-3,8", "" for none
 *
 * Return: 0; -EINVAL no such list or a CPU this machine cannot have; -ENOMEM.
 */
int wattle_cpus_set_managed(const char *list)
{
	cpumask_var_t mask;
	int err;

	if (!zalloc_cpumask_var(&mask, GFP_KERNEL))
		return -ENOMEM;
	err = bitmap_parselist(list, cpumask_bits(mask), nr_cpu_ids);
	if (err || !cpumask_subset(mask, cpu_possible_mask)) {
		err = -EINVAL;
		goto free_mask;
	}

	/* What is taken away is let go of in order, before the domains go. */
	wattle_domain_release(mask);
	mutex_lock(&wattle_cpus_mutex);
	cpumask_copy(wattle_cpus_managed, mask);
	WRITE_ONCE(wattle_cpus_managed_nr, cpumask_weight(mask));
	mutex_unlock(&wattle_cpus_mutex);
	wattle_cpus_update();
free_mask:
	free_cpumask_var(mask);
	return err;
}

/**
 * wattle_cpus_print_managed() - the list, for sysfs
 * @buf: a page
 *
 * Return: bytes.
 */
int wattle_cpus_print_managed(char *buf)
{
	int len;

	mutex_lock(&wattle_cpus_mutex);
	len = sysfs_emit(buf, "%*pbl\n", cpumask_pr_args(wattle_cpus_managed));
	mutex_unlock(&wattle_cpus_mutex);
	return len;
}

static void wattle_cpus_unfollow_policy(void)
{
	if (wattle_cpus_follow_policy)
		cpufreq_unregister_notifier(&wattle_cpus_policy_nb, CPUFREQ_POLICY_NOTIFIER);
}

/**
 * wattle_cpus_init() - no CPU is managed; follow hotplug and cpufreq policies
 *
 * Return: 0 or a negative errno.
 */
int wattle_cpus_init(void)
{
	int err;

	if (!zalloc_cpumask_var(&wattle_cpus_managed, GFP_KERNEL))
		return -ENOMEM;
	err = cpuhp_setup_state_nocalls(CPUHP_AP_ONLINE_DYN, "wattle:online",
					wattle_cpus_hotplug, wattle_cpus_hotplug);
	if (err < 0)
		goto free_mask;
	wattle_cpus_hp_state = err;
	/* Fails where cpufreq is off (cpufreq.off=1, Xen): then no policy comes or goes. */
	wattle_cpus_follow_policy =
		!cpufreq_register_notifier(&wattle_cpus_policy_nb, CPUFREQ_POLICY_NOTIFIER);
	wattle_domain_walk();
	err = wattle_cpus_set_managed("");
	if (err)
		goto remove_followers;
	return 0;

remove_followers:
	wattle_domain_close();
	wattle_cpus_unfollow_policy();
	cpuhp_remove_state_nocalls(wattle_cpus_hp_state);
	cancel_work_sync(&wattle_cpus_work);
free_mask:
	free_cpumask_var(wattle_cpus_managed);
	return err;
}

/**
 * wattle_cpus_exit() - let go of every CPU and stop following; the device is gone
 */
void wattle_cpus_exit(void)
{
	wattle_domain_release(cpu_none_mask);
	mutex_lock(&wattle_cpus_mutex);
	cpumask_clear(wattle_cpus_managed);
	mutex_unlock(&wattle_cpus_mutex);
	wattle_cpus_update();
	wattle_domain_close();
	wattle_cpus_unfollow_policy();
	cpuhp_remove_state_nocalls(wattle_cpus_hp_state);
	cancel_work_sync(&wattle_cpus_work);
	free_cpumask_var(wattle_cpus_managed);
}
