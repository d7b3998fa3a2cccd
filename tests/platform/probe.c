// SPDX-License-Identifier: GPL-2.0-only
/*
 * The sched_switch probe: tells the referee what a CPU runs from now on, ends
 * halted work's hold on the CPU, and starts and stops stolen time. Runs under
 * rq->lock with interrupts off.
 *
 * The tracepoint is not exported, so it is looked up by name.
 */
#include <linux/sched/signal.h>
#include <linux/tracepoint.h>

#include "platform.h"

static struct tracepoint *sched_switch;

static void on_switch(void *data, bool preempt, struct task_struct *prev,
		      struct task_struct *next, unsigned int prev_state)
{
	struct wp_cpu *c = wp_cpu(smp_processor_id());
	bool was_idle = is_idle_task(prev);
	bool is_idle = is_idle_task(next);
	struct wp_facts facts;

	if (!is_idle)
		wp_tasks_facts(next, &facts);

	raw_spin_lock(&c->lock);
	if (!c->online) {
		raw_spin_unlock(&c->lock);
		return;
	}
	/* Integrated with the work attached, so its progress ends exactly here. */
	wp_referee_accrue(c, wp_now());
	c->work = NULL;
	c->work_task = NULL;
	if (!is_idle)
		wp_referee_set(c, WP_RUN, &facts, c->last_ns);
	else
		/* Without our idle driver an idle CPU halts in C1 and nobody tells. */
		wp_referee_set(c, wp_idle_on ? WP_IDLE_LOOP : WP_C1, NULL, c->last_ns);
	raw_spin_unlock(&c->lock);

	wp_stolen_switch(c, was_idle, is_idle);
}

static void match(struct tracepoint *tp, void *priv)
{
	if (!strcmp(tp->name, "sched_switch"))
		sched_switch = tp;
}

int wp_probe_init(void)
{
	int ret;

	for_each_kernel_tracepoint(match, NULL);
	if (!sched_switch) {
		pr_err(WP_NAME ": this kernel has no sched_switch tracepoint\n");
		return -ENODEV;
	}
	ret = tracepoint_probe_register(sched_switch, (void *)on_switch, NULL);
	if (ret)
		pr_err(WP_NAME ": cannot attach to sched_switch: %d\n", ret);
	return ret;
}

void wp_probe_exit(void)
{
	tracepoint_probe_unregister(sched_switch, (void *)on_switch, NULL);
	tracepoint_synchronize_unregister();
}
