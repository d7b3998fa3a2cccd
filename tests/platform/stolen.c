// SPDX-License-Identifier: GPL-2.0-only
/*
 * Stolen time: real code executes at the host's speed, so a frequency below the
 * highest is made by taking time away. The referee adds up what each stretch of
 * running owes, (1 - stall)(f_max/f - 1) of its length, and a timer pays by
 * spinning in hard interrupt context, where the scheduler charges it to the task.
 *
 * The timer is started and cancelled by the sched_switch probe when a CPU leaves
 * and enters idle, so an idle CPU has none. Halted work owes nothing.
 */
#include <linux/completion.h>
#include <linux/kernel_stat.h>
#include <linux/math64.h>
#include <linux/module.h>
#include <linux/slab.h>

#include "compat.h"
#include "platform.h"

#define PERIOD_NS	NSEC_PER_MSEC
#define MIN_RUN_NS	(100 * NSEC_PER_USEC)
#define MAX_OWED_NS	(10 * NSEC_PER_MSEC)
#define MAX_LATE_NS	(20 * NSEC_PER_USEC)

static bool steal;
module_param(steal, bool, 0444);
MODULE_PARM_DESC(steal, "slow real code down to the virtual frequency (default N); boot with tsc=noirqtime");

bool wp_steal;

u64 wp_stolen_owes(const struct wp_facts *facts, u32 khz, u64 dt_ns)
{
	if (!wp_steal || khz >= wp_max_khz)
		return 0;
	return mul_u64_u64_div_u64(dt_ns, (u64)(1000 - facts->stall_pm) * (wp_max_khz - khz),
				   1000ULL * khz);
}

static void spin_ns(u64 ns)
{
	u64 until = wp_now() + ns;

	while (wp_now() < until)
		cpu_relax();
}

static enum hrtimer_restart on_timer(struct hrtimer *timer)
{
	struct wp_cpu *c = container_of(timer, struct wp_cpu, steal_timer);
	u64 owed, run, late, now;

	/* A CPU that went away leaves its timers to another one. */
	if (c->cpu != smp_processor_id())
		return HRTIMER_NORESTART;

	raw_spin_lock(&c->lock);
	c->timer_fires++;
	now = wp_now();
	wp_referee_accrue(c, now);
	/*
	 * Taking the interrupt was no running: it owes nothing and has paid
	 * already. What is longer than that was code with interrupts off.
	 */
	late = min_t(u64, now - min_t(u64, now, ktime_to_ns(hrtimer_get_expires(timer))),
		     MAX_LATE_NS);
	late += wp_stolen_owes(&c->facts, c->clock.khz, late);
	owed = min_t(u64, c->owed_ns - min(c->owed_ns, late), MAX_OWED_NS);
	c->owed_ns = 0;
	c->stolen_ns += owed;
	c->stealing = true;
	run = max_t(u64, PERIOD_NS * c->clock.khz / wp_max_khz, MIN_RUN_NS);
	raw_spin_unlock(&c->lock);

	spin_ns(owed);

	raw_spin_lock(&c->lock);
	wp_referee_accrue(c, wp_now());
	c->stealing = false;
	raw_spin_unlock(&c->lock);

	hrtimer_set_expires(timer, ns_to_ktime(wp_now() + run));
	return HRTIMER_RESTART;
}

/* On @c itself, interrupts off, no lock of ours held. */
void wp_stolen_switch(struct wp_cpu *c, bool was_idle, bool is_idle)
{
	if (!wp_steal || was_idle == is_idle)
		return;
	if (is_idle)
		hrtimer_try_to_cancel(&c->steal_timer);
	else
		hrtimer_start(&c->steal_timer, ns_to_ktime(wp_now() + MIN_RUN_NS),
			      HRTIMER_MODE_ABS_PINNED_HARD);
}

/* Does the scheduler take interrupt time away from the task it interrupts? */
struct trial {
	struct hrtimer timer;
	struct completion done;
	u64 apart_ns;
};

#define TRIAL_NS	(2 * NSEC_PER_MSEC)

static enum hrtimer_restart on_trial(struct hrtimer *timer)
{
	struct trial *t = container_of(timer, struct trial, timer);

	if (!t->apart_ns) {
		/* The first interrupt's time is booked at its end: look in a second one. */
		t->apart_ns = kcpustat_this_cpu->cpustat[CPUTIME_IRQ] + 1;
		spin_ns(TRIAL_NS);
		hrtimer_set_expires(timer, ns_to_ktime(wp_now() + TRIAL_NS));
		return HRTIMER_RESTART;
	}
	t->apart_ns = kcpustat_this_cpu->cpustat[CPUTIME_IRQ] + 1 - t->apart_ns;
	complete(&t->done);
	return HRTIMER_NORESTART;
}

static int check_irqtime(void)
{
	struct trial *t = kzalloc(sizeof(*t), GFP_KERNEL);
	bool apart;

	if (!t)
		return -ENOMEM;
	init_completion(&t->done);
	wp_hrtimer_setup(&t->timer, on_trial, HRTIMER_MODE_REL_PINNED_HARD);
	hrtimer_start(&t->timer, ns_to_ktime(MIN_RUN_NS), HRTIMER_MODE_REL_PINNED_HARD);
	wait_for_completion(&t->done);
	hrtimer_cancel(&t->timer);
	apart = t->apart_ns > TRIAL_NS / 2;
	kfree(t);
	if (apart) {
		pr_err(WP_NAME ": steal=1: this kernel books interrupt time apart from tasks; boot with tsc=noirqtime\n");
		return -EINVAL;
	}
	return 0;
}

int wp_stolen_init(void)
{
	unsigned int cpu;
	int ret;

	for_each_possible_cpu(cpu)
		wp_hrtimer_setup(&wp_cpu(cpu)->steal_timer, on_timer,
				 HRTIMER_MODE_ABS_PINNED_HARD);
	if (!steal)
		return 0;
	ret = check_irqtime();
	if (ret)
		return ret;
	wp_steal = true;
	return 0;
}

/* After the last CPU was taken down: none will start its timer again. */
void wp_stolen_exit(void)
{
	unsigned int cpu;

	for_each_possible_cpu(cpu)
		hrtimer_cancel(&wp_cpu(cpu)->steal_timer);
	wp_steal = false;
}
