// SPDX-License-Identifier: GPL-2.0-only
/*
 * Grants: asking for work, waiting for it, ending it.
 *
 * NEXT is the hot path: one hold of the device lock completes the previous
 * grant and takes the next, one read of the clock serves both, nothing is
 * allocated and no timer is touched unless the thread has to wait.
 *
 * A worker waits as a plain sleeping task, not on a wait queue: the state
 * machine names the one worker that is to have the batch and that thread alone
 * is woken. Its record's state, written under the device lock before the
 * wake-up and read after setting the task's state, is the condition.
 */
#include <linux/cpumask.h>
#include <linux/hrtimer.h>
#include <linux/ktime.h>
#include <linux/sched.h>
#include <linux/sched/rt.h>
#include <linux/sched/signal.h>
#include <linux/smp.h>
#include <linux/uaccess.h>

#include "copy.h"
#include "cpus.h"
#include "device.h"
#include "energy.h"
#include "grant.h"
#include "trace.h"
#include "worker.h"

/*
 * The CPU the caller is pinned to: the one in its mask, not the one it is on. A
 * thread whose mask is just being narrowed has yet to be moved; and a mask that is
 * changed under our eyes may for a moment look empty.
 */
static u32 wattle_grant_cpu(void)
{
	u32 cpu;

	if (current->nr_cpus_allowed != 1)
		return WATTLE_CPU_ANY;
	cpu = cpumask_first(current->cpus_ptr);
	return likely(cpu < nr_cpu_ids) ? cpu : WATTLE_CPU_ANY;
}

/*
 * Sleeps until the state machine has decided about @w, at most until @until_ns.
 *
 * The freezer of suspend and of cgroup v1 leaves the sleep alone. That of cgroup v2,
 * SIGSTOP and ptrace need the thread out of the call, at its return to user space,
 * and pass for a signal. -ERESTARTNOHAND is for those: the kernel repeats the call
 * when they are done, and only if no handler ran, else user space sees -EINTR, with
 * SA_RESTART too. Repeating is safe: the time-out is absolute, and the completion of
 * the previous grant is remembered. A handler might have asked for another grant in
 * between, so with one the caller decides.
 *
 * Return: 0, -ERESTARTNOHAND, -ETIMEDOUT.
 */
static int wattle_grant_wait(struct wattle_worker *w, u64 until_ns)
{
	ktime_t until = ns_to_ktime(min_t(u64, until_ns, KTIME_MAX));
	u64 slack = rt_task(current) ? 0 : current->timer_slack_ns;
	int ret = 0;

	for (;;) {
		/* Pairs with the barrier in wake_up_process(). */
		set_current_state(TASK_INTERRUPTIBLE | TASK_FREEZABLE);
		if (READ_ONCE(w->sched.state) != WATTLE_WORKER_PARKED ||
		    READ_ONCE(w->sched.wake_err))
			break;
		if (signal_pending(current)) {
			ret = -ERESTARTNOHAND;
			break;
		}
		if (until_ns == WATTLE_TIME_FOREVER) {
			schedule();
		} else if (!schedule_hrtimeout_range(&until, slack, HRTIMER_MODE_ABS)) {
			ret = -ETIMEDOUT;
			break;
		}
	}
	__set_current_state(TASK_RUNNING);
	return ret;
}

/* Under the device lock: what the caller is told about its grant. */
static void wattle_grant_fill(struct wattle_next *n, const struct wattle_worker *w)
{
	const struct wattle_sched_batch *b = w->sched.batch;

	n->cpu = w->sched.cpu;
	n->token = w->sched.token;
	n->user_data = b->in.user_data;
	n->batch = b->id;
	n->granted = b->queue->id;
	n->shape = b->in.shape;
	n->freq_khz = w->plan_khz ?: w->sched.freq_khz;
	n->deadline_ns = b->in.deadline_ns;
	n->lease_ns = w->sched.lease_ns;
	n->granted_ns = w->sched.granted_ns;
}

/* Under the device lock. */
static int wattle_grant_unpark(struct wattle_worker *w, u64 now_ns)
{
	wattle_trace_call(.op = WATTLE_CALL_UNPARK, .client = w->client->id,
			  .worker = w->sched.slot, .now_ns = now_ns);
	return wattle_sched_unpark(&w->sched, now_ns);
}

/* Under the device lock. */
static int wattle_grant_ask_again(struct wattle_worker *w, u32 queue, u64 now_ns)
{
	const u32 cpu = wattle_grant_cpu();

	wattle_trace_call(.op = WATTLE_CALL_NEXT, .client = w->client->id,
			  .worker = w->sched.slot, .queue = queue, .cpu = cpu,
			  .now_ns = now_ns);
	return wattle_sched_next(&w->sched, queue, cpu, now_ns);
}

/*
 * Under the device lock, first time: both phases in one step, so that the CPU
 * the caller gives up goes to the best of it and those waiting for it. A caller
 * that will not wait does not stay parked. 1 granted, 0 parked, or an errno.
 */
static int wattle_grant_turn(struct wattle_worker *w, struct wattle_next *n, u64 now_ns)
{
	const u32 cpu = wattle_grant_cpu(), on_cpu = raw_smp_processor_id();
	int ret;

	wattle_trace_call(.op = WATTLE_CALL_TURN, .client = w->client->id,
			  .worker = w->sched.slot, .queue = n->queue, .cpu = cpu,
			  .on_cpu = on_cpu, .id = n->prev_token, .arg = n->prev_status,
			  .now_ns = now_ns);
	ret = wattle_sched_turn(&w->sched, n->prev_token, n->prev_status, &n->prev_result,
				n->queue, cpu, on_cpu, now_ns);
	if (unlikely(!ret && !n->timeout_ns)) {
		ret = wattle_grant_unpark(w, now_ns);
		if (!ret)
			ret = -ETIMEDOUT;
	}
	return ret;
}

/*
 * Parked: wait, then see under the lock what became of it. A grant that was
 * assigned beats the signal or the timeout that ended the wait. A worker that
 * finds neither a grant nor a reason to give up (the lease ran out before the
 * thread could pick it up: -EINTR without a signal) asks again. Return: 1 or a
 * negative errno.
 */
static int wattle_grant_park(struct wattle_worker *w, struct wattle_next *n)
{
	int ret;

	do {
		int why = wattle_grant_wait(w, n->timeout_ns);
		u64 now_ns;

		wattle_device_lock();
		now_ns = ktime_get_ns();
		ret = wattle_grant_unpark(w, now_ns);
		if (!ret || ret == -EINTR)
			ret = why ? why : wattle_grant_ask_again(w, n->queue, now_ns);
		if (ret == 1) {
			/* It was granted asleep: from here on its CPU time can be told exactly. */
			wattle_worker_cpu_ns(w, now_ns);
			wattle_grant_fill(n, w);
		}
		wattle_device_unlock();
	} while (!ret);
	return ret;
}

/*
 * Fetches the fields of a NEXT that are input, one by one: copying the whole
 * struct would cost more than the call. 0, -EINVAL, -E2BIG, -EFAULT.
 */
static int wattle_grant_get(struct wattle_next *n, const struct wattle_next __user *u, u32 size)
{
	int err = wattle_tail_zero(u, sizeof(*u), size);

	if (unlikely(err))
		return err;
	if (!user_read_access_begin(u, sizeof(*u)))
		return -EFAULT;
	unsafe_get_user(n->flags, &u->flags, fault);
	unsafe_get_user(n->prev_token, &u->prev_token, fault);
	unsafe_get_user(n->prev_status, &u->prev_status, fault);
	unsafe_get_user(n->queue, &u->queue, fault);
	unsafe_get_user(n->timeout_ns, &u->timeout_ns, fault);
	unsafe_get_user(n->pad, &u->pad, fault);
	user_read_access_end();
	if (n->flags || n->pad || n->prev_status > WATTLE_STATUS_FAILED)
		return -EINVAL;
	return 0;
fault:
	user_read_access_end();
	return -EFAULT;
}

/* Tells user space of its grant. False: some of it could not be written. */
static bool wattle_grant_put(struct wattle_next __user *u, const struct wattle_next *n)
{
	if (!user_write_access_begin(u, sizeof(*u)))
		return false;
	unsafe_put_user(n->prev_result, &u->prev_result, fault);
	unsafe_put_user(n->cpu, &u->cpu, fault);
	unsafe_put_user(n->token, &u->token, fault);
	unsafe_put_user(n->user_data, &u->user_data, fault);
	unsafe_put_user(n->batch, &u->batch, fault);
	unsafe_put_user(n->granted, &u->granted, fault);
	unsafe_put_user(n->shape, &u->shape, fault);
	unsafe_put_user(n->freq_khz, &u->freq_khz, fault);
	unsafe_put_user(n->deadline_ns, &u->deadline_ns, fault);
	unsafe_put_user(n->lease_ns, &u->lease_ns, fault);
	unsafe_put_user(n->granted_ns, &u->granted_ns, fault);
	user_write_access_end();
	return true;
fault:
	user_write_access_end();
	return false;
}

static void wattle_grant_undo(struct wattle_worker *w)
{
	u64 now_ns;

	wattle_device_lock();
	now_ns = ktime_get_ns();
	wattle_trace_call(.op = WATTLE_CALL_UNDO, .client = w->client->id,
			  .worker = w->sched.slot, .now_ns = now_ns);
	wattle_sched_undo(&w->sched, now_ns);
	wattle_device_unlock();
}

/* Hands the grant to user space; one that cannot be handed over goes back. */
static long wattle_grant_deliver(struct wattle_worker *w, struct wattle_next __user *u,
				 const struct wattle_next *n)
{
	if (unlikely(!wattle_grant_put(u, n))) {
		wattle_grant_undo(w);
		return -EFAULT;
	}
	if (unlikely(fatal_signal_pending(current))) {
		wattle_grant_undo(w);
		return -EINTR;
	}
	/*
	 * Without the lock: from the grant to here only this thread looks at
	 * the mark, and it matters first when this thread dies.
	 */
	if (trace_wattle_call_enabled())
		trace_wattle_call(0, &(const struct wattle_call){
			.op = WATTLE_CALL_DELIVERED, .client = w->client->id,
			.worker = w->sched.slot, .id = n->token });
	wattle_sched_delivered(&w->sched);
	return 0;
}

/**
 * wattle_grant_next() - WATTLE_IOC_NEXT
 * @c: the client
 * @arg: struct wattle_next
 * @size: its size by the caller's account
 *
 * Return: 0 or a negative errno, see the ABI.
 */
long wattle_grant_next(struct wattle_client *c, void __user *arg, u32 size)
{
	struct wattle_next __user *u = arg;
	struct wattle_worker *w;
	struct wattle_next n;
	u64 now_ns;
	int ret;

	ret = wattle_grant_get(&n, u, size);
	if (ret)
		return ret;
	w = wattle_worker_get(c);
	if (IS_ERR(w))
		return PTR_ERR(w);
	n.prev_result = 0;
	wattle_cpus_observe(wattle_grant_cpu());

	wattle_device_lock();
	now_ns = ktime_get_ns();
	ret = wattle_grant_turn(w, &n, now_ns);
	if (ret == 1)
		wattle_grant_fill(&n, w);
	wattle_device_unlock();

	wattle_energy_poke(now_ns);
	if (!ret)
		ret = wattle_grant_park(w, &n);
	if (likely(ret == 1))
		return wattle_grant_deliver(w, u, &n);
	return put_user(n.prev_result, &u->prev_result) ? -EFAULT : ret;
}

/*
 * What a token is to a thread that never asked this client for work: another
 * thread's, or nobody's. It needs no record of its own to be told so.
 */
static int wattle_grant_stranger(struct wattle_client *c, u64 token)
{
	const struct wattle_sched_worker *sw;
	int err = -ESTALE;

	wattle_device_lock();
	wattle_list_for_each(sw, &c->sched.workers, client_link) {
		if (token == sw->token || token == sw->last_token || token == sw->expired_token) {
			err = -EACCES;
			break;
		}
	}
	wattle_device_unlock();
	return err;
}

/**
 * wattle_grant_complete() - WATTLE_IOC_COMPLETE
 * @c: the client
 * @arg: struct wattle_complete
 * @size: its size by the caller's account
 *
 * Return: 0 or a negative errno, see the ABI.
 */
long wattle_grant_complete(struct wattle_client *c, void __user *arg, u32 size)
{
	struct wattle_complete in;
	struct wattle_worker *w;
	u32 on_cpu;
	u64 now_ns;
	int err;

	err = wattle_copy_in(&in, sizeof(in), arg, size);
	if (err)
		return err;
	if (in.flags || in.pad || !in.token || in.status > WATTLE_STATUS_FAILED)
		return -EINVAL;
	w = wattle_worker_find(c);
	if (!w)
		return wattle_grant_stranger(c, in.token);

	wattle_device_lock();
	now_ns = ktime_get_ns();
	on_cpu = raw_smp_processor_id();
	wattle_trace_call(.op = WATTLE_CALL_COMPLETE, .client = c->id, .worker = w->sched.slot,
			  .on_cpu = on_cpu, .id = in.token, .arg = in.status, .now_ns = now_ns);
	err = wattle_sched_complete(&w->sched, in.token, in.status, on_cpu, now_ns);
	wattle_device_unlock();
	return err;
}
