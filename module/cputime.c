// SPDX-License-Identifier: GPL-2.0-only
/*
 * CPU time of a thread. The exact figure (task_sched_runtime()) is not exported;
 * sum_exec_runtime is, but for a running thread it is as old as the last tick or
 * context switch, and most batches are shorter than a tick. So a thread that asks
 * about itself leaves a base: as long as it has not been switched out since, all
 * the time that has passed was its own.
 *
 * The answer is never more than the truth, but for interrupts that came between,
 * and less by at most what the thread used since it last came on a CPU or since
 * the last tick. What is missing now is in a later answer: nothing gets lost.
 */
#include <linux/compiler.h>
#include <linux/limits.h>
#include <linux/minmax.h>
#include <linux/sched.h>

#include "cputime.h"

/**
 * wattle_cputime_init() - nothing is known
 * @t: filled
 */
void wattle_cputime_init(struct wattle_cputime *t)
{
	/* No thread has switched that often: there is no base. */
	*t = (struct wattle_cputime){ .switches = ULONG_MAX };
}

/**
 * wattle_cputime_read() - CPU time a thread has used
 * @t: of that thread; calls are serialised
 * @task: the thread, current or not, asleep or not
 * @now_ns: ktime_get_ns(), just read
 *
 * Return: nanoseconds, never less than before.
 */
u64 wattle_cputime_read(struct wattle_cputime *t, const struct task_struct *task, u64 now_ns)
{
	/* First: a switch that comes after this finds the thread running until now. */
	unsigned long switches = READ_ONCE(task->nvcsw) + READ_ONCE(task->nivcsw);
	u64 ns = max_t(u64, t->last_ns, READ_ONCE(task->se.sum_exec_runtime));

	if (switches == t->switches)
		ns = max(ns, t->base_ns + (now_ns - t->base_at_ns));
	t->last_ns = ns;
	if (task == current) {
		t->base_ns = ns;
		t->base_at_ns = now_ns;
		t->switches = switches;
	}
	return ns;
}
