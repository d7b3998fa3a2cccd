// SPDX-License-Identifier: GPL-2.0-only
/*
 * Resume-latency requests: while work of the latency class is admitted, managed
 * CPUs do not idle deeper than resume_latency_us. A request of 0 makes the idle
 * governors poll, so that is never made.
 *
 * The plan says under the device lock whether they are wanted; a work makes and
 * removes them. It comes late on purpose when they no longer are: between two
 * batches of a service nothing should change.
 */
#include <linux/cpu.h>
#include <linux/cpuidle.h>
#include <linux/cpumask.h>
#include <linux/mm.h>
#include <linux/mutex.h>
#include <linux/pm_qos.h>
#include <linux/slab.h>
#include <linux/wattle.h>
#include <linux/workqueue.h>

#include "latency.h"
#include "param.h"
#include "trace.h"

#define WATTLE_LATENCY_LINGER	(msecs_to_jiffies(20) + 1)

/**
 * struct wattle_latency_cpu - what is held of one CPU; under the mutex
 * @req:	the request
 * @held_us:	what it says, 0 = there is none
 */
struct wattle_latency_cpu {
	struct dev_pm_qos_request	req;
	u32				held_us;
};

static DEFINE_MUTEX(wattle_latency_mutex);	/* requests and @managed */
static struct wattle_latency_cpu *wattle_latency_cpus;
static cpumask_var_t wattle_latency_managed;
static bool wattle_latency_wanted;	/* written under the device lock */
static bool wattle_latency_held;	/* some request may be held */

static void wattle_latency_set(unsigned int cpu, u32 us)
{
	struct wattle_latency_cpu *c = &wattle_latency_cpus[cpu];
	struct device *dev = get_cpu_device(cpu);
	u32 old = c->held_us;
	int err;

	/* A CPU that was pulled out took its requests with it. */
	if (old && !dev_pm_qos_request_active(&c->req))
		WRITE_ONCE(c->held_us, 0);
	if (us == c->held_us || (us && !dev))
		return;
	if (us)
		err = dev_pm_qos_add_request(dev, &c->req, DEV_PM_QOS_RESUME_LATENCY, us);
	else
		err = dev_pm_qos_remove_request(&c->req);
	trace_wattle_latency(cpu, old, us, err);
	if (err >= 0)
		WRITE_ONCE(c->held_us, us);
}

/* With the mutex held. */
static void wattle_latency_apply(void)
{
	u32 us = READ_ONCE(wattle_latency_wanted) ? wattle_param_resume_latency_us() : 0;
	unsigned int cpu;

	WRITE_ONCE(wattle_latency_held, us);
	/* Pairs with wattle_latency_want(): it sees that nothing is held, or this what it wants. */
	smp_mb();
	if (!us && READ_ONCE(wattle_latency_wanted)) {
		us = wattle_param_resume_latency_us();
		WRITE_ONCE(wattle_latency_held, us);
	}
	for_each_possible_cpu(cpu)
		wattle_latency_set(cpu, cpumask_test_cpu(cpu, wattle_latency_managed) ? us : 0);
}

static void wattle_latency_work_fn(struct work_struct *work)
{
	mutex_lock(&wattle_latency_mutex);
	wattle_latency_apply();
	mutex_unlock(&wattle_latency_mutex);
}

static DECLARE_DELAYED_WORK(wattle_latency_work, wattle_latency_work_fn);

/**
 * wattle_latency_want() - whether requests are to be held
 * @want: they are; false takes effect a little later
 *
 * Called under the device lock.
 */
void wattle_latency_want(bool want)
{
	if (want == wattle_latency_wanted)
		return;
	WRITE_ONCE(wattle_latency_wanted, want);
	/* Pairs with wattle_latency_apply(). */
	smp_mb();
	if (!want)
		queue_delayed_work(system_wq, &wattle_latency_work, WATTLE_LATENCY_LINGER);
	else if (!READ_ONCE(wattle_latency_held))
		mod_delayed_work(system_wq, &wattle_latency_work, 0);
}

/**
 * wattle_latency_manage() - the CPUs that requests are for
 * @cpus: managed
 */
void wattle_latency_manage(const struct cpumask *cpus)
{
	mutex_lock(&wattle_latency_mutex);
	cpumask_copy(wattle_latency_managed, cpus);
	wattle_latency_apply();
	mutex_unlock(&wattle_latency_mutex);
}

/**
 * wattle_latency_settle() - make what is wanted so now
 */
void wattle_latency_settle(void)
{
	mod_delayed_work(system_wq, &wattle_latency_work, 0);
	flush_delayed_work(&wattle_latency_work);
}

/**
 * wattle_latency_held_us() - what is asked of a CPU, 0 = nothing
 * @cpu: the CPU
 */
u32 wattle_latency_held_us(unsigned int cpu)
{
	return READ_ONCE(wattle_latency_cpus[cpu].held_us);
}

/**
 * wattle_latency_confidence() - do CPUs here have idle states to keep them from?
 */
u32 wattle_latency_confidence(void)
{
	if (!wattle_param_resume_latency_us() || !cpuidle_get_driver())
		return WATTLE_CONFIDENCE_NONE;
	return WATTLE_CONFIDENCE_EFFECTIVE;
}

int wattle_latency_init(void)
{
	if (!zalloc_cpumask_var(&wattle_latency_managed, GFP_KERNEL))
		return -ENOMEM;
	wattle_latency_cpus = kvcalloc(nr_cpu_ids, sizeof(*wattle_latency_cpus), GFP_KERNEL);
	if (!wattle_latency_cpus) {
		free_cpumask_var(wattle_latency_managed);
		return -ENOMEM;
	}
	return 0;
}

/**
 * wattle_latency_exit() - no work is admitted any more, no CPU managed
 */
void wattle_latency_exit(void)
{
	cancel_delayed_work_sync(&wattle_latency_work);
	wattle_latency_manage(cpu_none_mask);
	kvfree(wattle_latency_cpus);
	free_cpumask_var(wattle_latency_managed);
}
