// SPDX-License-Identifier: GPL-2.0-only
/*
 * Halted work: a task that is busy without executing. It stays runnable and
 * halts its CPU until C cycles and M of stall are done, so under virtual time
 * (one vCPU executes at a time) any number of CPUs are busy at once, and to the
 * scheduler, the governors and wattle it is running work.
 *
 * Work is done in proportion: at frequency f what is left takes C/f + M, and dt
 * of it takes dt/(C/f + M) off both. wp_referee_accrue() does that for every
 * stretch of constant frequency while the work is attached to a CPU. It is
 * attached by its own task and detached by the sched_switch probe, so time off
 * the CPU does not count.
 */
#include <linux/math64.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>

#include "compat.h"
#include "platform.h"

/* C < 2^43 kcycles: the result stays under 2^63 at any frequency we have. */
u64 wp_halted_left_ns(const struct wp_work *w, u32 khz)
{
	return mul_u64_u64_div_u64(w->cycles, NSEC_PER_MSEC, khz) + w->stall_ns;
}

void wp_halted_progress(struct wp_work *w, u32 khz, u64 dt_ns)
{
	u64 left = wp_halted_left_ns(w, khz);

	w->ran_ns += dt_ns;
	if (dt_ns >= left) {
		w->cycles = 0;
		w->stall_ns = 0;
		return;
	}
	/* dt < left: the quotients are smaller than what they are taken from. */
	w->cycles -= mul_u64_u64_div_u64(w->cycles, dt_ns, left);
	w->stall_ns -= mul_u64_u64_div_u64(w->stall_ns, dt_ns, left);
}

static enum hrtimer_restart on_timer(struct hrtimer *timer)
{
	wp_cpu(smp_processor_id())->timer_fires++;
	return HRTIMER_NORESTART;	/* ending the halt was all */
}

/*
 * Interrupts off: hold this CPU with @w, unless it does already, and say when to
 * look again; 0 when the work is done.
 */
static u64 hold(struct wp_cpu *c, struct wp_work *w)
{
	u64 now, left, until = 0;

	raw_spin_lock(&c->lock);
	now = wp_now();
	if (c->work != w) {
		wp_referee_set(c, WP_RUN, &w->facts, now);
		c->work = w;
		c->work_task = current;
	} else {
		wp_referee_accrue(c, now);
	}
	left = wp_halted_left_ns(w, c->clock.khz);
	if (left)
		until = min(max(now, c->last_ns) + left, c->clock.next_ns);
	raw_spin_unlock(&c->lock);
	return until;
}

/* Interrupts off: the task goes on without the work. */
static void let_go(struct wp_cpu *c, struct wp_work *w)
{
	struct wp_facts facts;

	wp_tasks_facts(current, &facts);
	raw_spin_lock(&c->lock);
	wp_referee_accrue(c, wp_now());
	if (c->work == w) {
		c->work = NULL;
		c->work_task = NULL;
		wp_referee_set(c, WP_RUN, &facts, c->last_ns);
	}
	raw_spin_unlock(&c->lock);
}

static long run(struct wp_work *w)
{
	bool fatal = false;
	u64 until;

	do {
		/* A quiescent state for RCU at every wake-up, and others may run. */
		cond_resched();
		local_irq_disable();
		until = hold(wp_cpu(smp_processor_id()), w);
		fatal = fatal_signal_pending(current);
		if (!until || fatal) {
			let_go(wp_cpu(smp_processor_id()), w);
			local_irq_enable();
		} else if (need_resched()) {
			local_irq_enable();
		} else {
			/* Interrupts stay off from the look at the clock to the halt. */
			hrtimer_start(&w->timer, ns_to_ktime(until), HRTIMER_MODE_ABS_PINNED_HARD);
			safe_halt();
		}
	} while (until && !fatal);

	hrtimer_cancel(&w->timer);
	return until ? -EINTR : 0;
}

long wp_halted_work(u64 work_kcycles, u64 stall_us, u64 *ran_ns)
{
	struct wp_work *w;
	u64 own_ns;
	long ret;

	w = kzalloc(sizeof(*w), GFP_KERNEL);
	if (!w)
		return -ENOMEM;
	wp_hrtimer_setup(&w->timer, on_timer, HRTIMER_MODE_ABS_PINNED_HARD);
	w->cycles = work_kcycles * 1000;
	w->stall_ns = stall_us * NSEC_PER_USEC;
	wp_tasks_facts(current, &w->facts);
	own_ns = mul_u64_u64_div_u64(w->cycles, NSEC_PER_MSEC, wp_max_khz);
	w->facts.stall_pm = 0;
	if (w->stall_ns)	/* own_ns + stall_ns < 2^52: no overflow */
		w->facts.stall_pm = mul_u64_u64_div_u64(w->stall_ns, 1000, own_ns + w->stall_ns);

	ret = run(w);
	*ran_ns = w->ran_ns;
	kfree(w);
	return ret;
}
