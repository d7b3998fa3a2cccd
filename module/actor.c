// SPDX-License-Identifier: GPL-2.0-only
/*
 * The life of a clock domain's thread: where it runs, how urgently, and how it ends.
 *
 * It runs for microseconds and at the lowest real-time priority: behind the work of
 * its own CPU a raise would wait a slice. While its domain holds nothing it goes to
 * a CPU of the domain and stays there when it is woken, but it is not bound: where
 * something more urgent spins, the kernel sends it elsewhere, so no limit stays
 * because of that. Only the way there may take as long as such a spinner likes;
 * nothing is locked or held then, and wattle_actuator_stop() fetches it back.
 */
#include <linux/cpumask.h>
#include <linux/delay.h>
#include <linux/err.h>
#include <linux/hrtimer.h>
#include <linux/kthread.h>
#include <linux/ktime.h>
#include <linux/sched.h>
#include <linux/sched/task.h>
#include <linux/slab.h>

#include "actuator.h"
#include "cpus.h"
#include "device.h"

/* Elsewhere it would wake a CPU that idles, which costs more than what it decides may save. */
static void wattle_actor_go_home(struct wattle_domain *d)
{
	if (cpumask_test_cpu(task_cpu(current), d->home) ||
	    !cpumask_intersects(d->home, cpu_active_mask))
		return;
	mutex_lock(&d->going);
	/* A CPU that goes offline now sends its threads elsewhere by itself. */
	if (!d->stopping && !set_cpus_allowed_ptr(current, d->home))
		set_cpus_allowed_ptr(current, cpu_possible_mask);
	mutex_unlock(&d->going);
}

/* Is it somewhere else for no reason? Nobody waits for it while nothing is held. */
static bool wattle_actor_may_go(struct wattle_domain *d)
{
	const struct wattle_clock *k;

	lockdep_assert_held_read(&wattle_domain_sem);
	list_for_each_entry(k, &d->clocks, domain_link)
		if (k->held_khz)
			return false;
	/* The domain's CPUs may change as soon as the sem is released. */
	cpumask_copy(d->home, d->cpus);
	return !d->dead;
}

static int wattle_actor_thread(void *data)
{
	struct wattle_domain *d = data;
	bool go;

	sched_set_fifo_low(current);
	while (!kthread_should_stop()) {
		u64 next, now_ns;
		ktime_t wait;

		WRITE_ONCE(d->kick, false);
		/* What was written before the kick is read after it was taken. */
		smp_mb();
		down_read(&wattle_domain_sem);
		next = wattle_actuator_round(d);
		go = wattle_actor_may_go(d);
		up_read(&wattle_domain_sem);
		if (go)
			wattle_actor_go_home(d);

		set_current_state(TASK_IDLE);
		if (READ_ONCE(d->kick) || kthread_should_stop()) {
			__set_current_state(TASK_RUNNING);
			continue;
		}
		now_ns = ktime_get_ns();
		if (next == U64_MAX) {
			schedule();
		} else if (next > now_ns) {
			wait = ns_to_ktime(next - now_ns);
			schedule_hrtimeout_range(&wait, 20 * NSEC_PER_USEC, HRTIMER_MODE_REL);
		}
		__set_current_state(TASK_RUNNING);
	}
	return 0;
}

/**
 * wattle_actuator_kick() - have a domain's thread look
 * @d: the domain; under the domain sem, RCU or the device lock
 */
void wattle_actuator_kick(struct wattle_domain *d)
{
	WRITE_ONCE(d->kick, true);
	wake_up_process(d->task);
}

static void wattle_actor_linger(struct timer_list *t)
{
	wattle_actuator_kick(container_of(t, struct wattle_domain, linger));
}

/**
 * wattle_actuator_make() - a domain without CPUs, and its thread
 * @cpu: names it
 *
 * Return: the domain, or ERR_PTR(-ENOMEM), ERR_PTR(-EINTR).
 */
struct wattle_domain *wattle_actuator_make(unsigned int cpu)
{
	struct wattle_domain *d = kzalloc(sizeof(*d), GFP_KERNEL);
	struct task_struct *task = ERR_PTR(-ENOMEM);

	if (!d)
		return ERR_PTR(-ENOMEM);
	if (!zalloc_cpumask_var(&d->cpus, GFP_KERNEL))
		goto free_domain;
	if (!zalloc_cpumask_var(&d->home, GFP_KERNEL))
		goto free_cpus;
	INIT_LIST_HEAD(&d->clocks);
	mutex_init(&d->going);
	d->levels.nr = 1;
	d->want.idle = true;
	d->posted.idle = true;
	d->first = cpu;
	timer_setup(&d->linger, wattle_actor_linger, 0);
	task = kthread_create(wattle_actor_thread, d, "wattle/%u", cpu);
	if (IS_ERR(task))
		goto free_home;
	d->task = get_task_struct(task);
	wake_up_process(task);
	return d;

free_home:
	free_cpumask_var(d->home);
free_cpus:
	free_cpumask_var(d->cpus);
free_domain:
	kfree(d);
	return ERR_CAST(task);
}

/* Where it may be on its way to never gets to it: from there it is fetched back. */
static void wattle_actor_fetch(struct wattle_domain *d)
{
	sched_set_normal(d->task, 0);
	while (!mutex_trylock(&d->going)) {
		set_cpus_allowed_ptr(d->task, cpu_possible_mask);
		fsleep(USEC_PER_MSEC);
	}
	d->stopping = true;
	mutex_unlock(&d->going);
}

/**
 * wattle_actuator_stop() - end a dead domain's thread and free it
 * @d: in no list and no CPU's; without the domain sem
 */
void wattle_actuator_stop(struct wattle_domain *d)
{
	/* Nobody finds it any more, but somebody may have; then nobody arms its timer. */
	synchronize_rcu();
	timer_delete_sync(&d->linger);
	wattle_actor_fetch(d);
	kthread_stop(d->task);
	put_task_struct(d->task);
	free_cpumask_var(d->home);
	free_cpumask_var(d->cpus);
	kfree(d);
}
