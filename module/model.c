// SPDX-License-Identifier: GPL-2.0-only
/*
 * The machine's power table: MODEL_SET checks it whole, against itself
 * (core/power.c) and against the clocks there are, and then publishes it. A
 * published table is never written, only replaced, so that whoever reads it
 * under RCU has one table from beginning to end.
 */
#include <linux/build_bug.h>
#include <linux/capability.h>
#include <linux/cpu.h>
#include <linux/cpufreq.h>
#include <linux/fs.h>
#include <linux/mutex.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "copy.h"
#include "model.h"
#include "queue.h"

struct wattle_model_table __rcu *wattle_model_now;
static DEFINE_MUTEX(wattle_model_mutex);	/* who replaces it */

/* The ABI's numbers are the core's. */
#define WATTLE_MODEL_SAME(fault)						\
	static_assert((int)WATTLE_MODEL_FAULT_##fault == (int)WATTLE_POWER_##fault)

WATTLE_MODEL_SAME(NO_OPP);
WATTLE_MODEL_SAME(OPPS);
WATTLE_MODEL_SAME(NO_IDLE);
WATTLE_MODEL_SAME(IDLES);
WATTLE_MODEL_SAME(KHZ);
WATTLE_MODEL_SAME(KHZ_ORDER);
WATTLE_MODEL_SAME(UW);
WATTLE_MODEL_SAME(UW_ORDER);
WATTLE_MODEL_SAME(IDLE_UW);
WATTLE_MODEL_SAME(IDLE_UW_ORDER);
WATTLE_MODEL_SAME(IDLE_ABOVE);
WATTLE_MODEL_SAME(RESIDENCY);
WATTLE_MODEL_SAME(RESIDENCY_ORDER);
WATTLE_MODEL_SAME(EXIT);
WATTLE_MODEL_SAME(EXIT_ORDER);
WATTLE_MODEL_SAME(SHARED);
WATTLE_MODEL_SAME(SHARED_ORDER);
WATTLE_MODEL_SAME(TRANSITION);
WATTLE_MODEL_SAME(PAD);
static_assert(WATTLE_MODEL_OPPS_MAX == WATTLE_OPPS_MAX);
static_assert(WATTLE_MODEL_IDLE_MAX == WATTLE_IDLE_MAX);
static_assert(sizeof(struct wattle_model_opp) == sizeof(struct wattle_power_opp));
static_assert(offsetof(struct wattle_model_opp, uw) == offsetof(struct wattle_power_opp, uw));
static_assert(sizeof(struct wattle_model_idle) == sizeof(struct wattle_power_idle));
static_assert(offsetof(struct wattle_model_idle, residency_us) ==
	      offsetof(struct wattle_power_idle, residency_us));
static_assert(offsetof(struct wattle_model_idle, exit_us) ==
	      offsetof(struct wattle_power_idle, exit_us));

/* What a clock can be, boost included. */
struct wattle_model_range {
	u32	low_khz;
	u32	high_khz;
};

static bool wattle_model_range_of(unsigned int cpu, struct wattle_model_range *r)
{
	struct cpufreq_policy *policy = cpufreq_cpu_get(cpu);
	struct cpufreq_frequency_table *pos;

	if (!policy)
		return false;
	r->low_khz = policy->cpuinfo.min_freq;
	r->high_khz = policy->cpuinfo.max_freq;
	/* With boost switched off the first two leave it out, the table does not. */
	if (policy->freq_table) {
		cpufreq_for_each_valid_entry(pos, policy->freq_table) {
			r->low_khz = min(r->low_khz, pos->frequency);
			r->high_khz = max(r->high_khz, pos->frequency);
		}
	}
	cpufreq_cpu_put(policy);
	return r->high_khz;
}

/*
 * Is @t of a machine like this one? Wattle may be asked for any frequency of the table,
 * and reads the power of frequencies beyond it off its end, which is no figure any
 * more where the clock goes beyond twice as high.
 */
static u32 wattle_model_check_machine(const struct wattle_power_table *t, u32 *index)
{
	u32 fault = WATTLE_MODEL_FAULT_NONE, i;
	DECLARE_BITMAP(found, WATTLE_OPPS_MAX);
	unsigned int cpu, clocks = 0;
	struct wattle_model_range r;

	bitmap_zero(found, WATTLE_OPPS_MAX);
	cpus_read_lock();
	for_each_online_cpu(cpu) {
		if (!wattle_model_range_of(cpu, &r))
			continue;
		clocks++;
		for (i = 0; i < t->nr_opps; i++)
			if (t->opp[i].khz >= r.low_khz && t->opp[i].khz <= r.high_khz)
				__set_bit(i, found);
		if (r.high_khz / 2 <= t->opp[t->nr_opps - 1].khz)
			continue;
		*index = t->nr_opps - 1;
		fault = WATTLE_MODEL_FAULT_MACHINE_REACH;
	}
	cpus_read_unlock();
	if (!clocks)
		return WATTLE_MODEL_FAULT_NONE;
	for (i = 0; i < t->nr_opps; i++) {
		if (test_bit(i, found))
			continue;
		*index = i;
		return WATTLE_MODEL_FAULT_MACHINE_KHZ;
	}
	return fault;
}

/* Padding, and what is not the table. Counts are checked by the core, so may be wild here. */
static bool wattle_model_tidy(const struct wattle_power_model *in)
{
	u32 opps = min_t(u32, in->nr_opps, WATTLE_OPPS_MAX);
	u32 idle = min_t(u32, in->nr_idle, WATTLE_IDLE_MAX);

	return !(in->flags & ~WATTLE_MODEL_SIMULATED) && !in->kind && !in->fault && !in->index &&
	       !in->pad && wattle_queue_name_ok(in->name) &&
	       !memchr_inv(in->reserved, 0, sizeof(in->reserved)) &&
	       !memchr_inv(in->opp + opps, 0, sizeof(in->opp[0]) * (WATTLE_OPPS_MAX - opps)) &&
	       !memchr_inv(in->idle + idle, 0, sizeof(in->idle[0]) * (WATTLE_IDLE_MAX - idle));
}

static int wattle_model_check(struct wattle_power_model *in, struct wattle_model_table *t)
{
	struct wattle_power_table raw = {
		.nr_opps	= in->nr_opps,
		.nr_idle	= in->nr_idle,
		.shared_uw	= in->shared_uw,
		.shared_idle_uw	= in->shared_idle_uw,
		.platform_uw	= in->platform_uw,
		.transition_us	= in->transition_us,
		.switch_us	= in->switch_us,
	};

	memcpy(raw.opp, in->opp, sizeof(raw.opp));
	memcpy(raw.idle, in->idle, sizeof(raw.idle));
	in->fault = wattle_power_init(&t->power, &raw, &in->index);
	if (!in->fault && in->error_pm > 1000)
		in->fault = WATTLE_MODEL_FAULT_ERROR;
	if (in->fault)
		return -EDOM;
	in->fault = wattle_model_check_machine(&raw, &in->index);
	if (in->fault)
		return -ERANGE;
	t->flags = in->flags;
	t->error_pm = in->error_pm;
	memcpy(t->name, in->name, sizeof(t->name));
	return 0;
}

static int wattle_model_publish(struct wattle_model_table *t)
{
	struct wattle_model_table *old;

	mutex_lock(&wattle_model_mutex);
	old = rcu_replace_pointer(wattle_model_now, t, lockdep_is_held(&wattle_model_mutex));
	mutex_unlock(&wattle_model_mutex);
	if (!old && !t)
		return -ENOENT;
	if (old)
		kfree_rcu(old, rcu);
	return 0;
}

/* CLEAR says nothing else; all of the struct but its size and that bit is 0. */
static int wattle_model_clear(const struct wattle_power_model *in)
{
	if (in->flags != WATTLE_MODEL_CLEAR ||
	    memchr_inv(&in->kind, 0, sizeof(*in) - offsetof(struct wattle_power_model, kind)))
		return -EINVAL;
	return wattle_model_publish(NULL);
}

/**
 * wattle_model_set() - MODEL_SET
 * @file: the client's
 * @arg: pointer to struct wattle_power_model
 * @size: what the caller says it is
 *
 * Return: 0 or the command's errno.
 */
long wattle_model_set(struct file *file, void __user *arg, u32 size)
{
	struct wattle_model_table *t = NULL;
	struct wattle_power_model *in;
	int err;

	if (!file_ns_capable(file, &init_user_ns, CAP_SYS_ADMIN))
		return -EPERM;
	in = kzalloc(sizeof(*in), GFP_KERNEL_ACCOUNT);
	if (!in)
		return -ENOMEM;
	err = wattle_copy_in(in, sizeof(*in), arg, size);
	if (err)
		goto free_in;
	if (in->flags & WATTLE_MODEL_CLEAR) {
		err = wattle_model_clear(in);
		goto free_in;
	}
	err = -EINVAL;
	if (!wattle_model_tidy(in))
		goto free_in;
	err = -ENOMEM;
	t = kzalloc(sizeof(*t), GFP_KERNEL_ACCOUNT);
	if (!t)
		goto free_in;
	err = wattle_model_check(in, t);
	/* What was wrong goes back with what it was wrong with. */
	if (err && copy_to_user(arg + offsetof(struct wattle_power_model, fault), &in->fault,
				sizeof(in->fault) + sizeof(in->index)))
		err = -EFAULT;
	if (!err)
		err = wattle_model_publish(t);
	if (err)
		kfree(t);
free_in:
	kfree(in);
	return err;
}

/**
 * wattle_model_get() - MODEL_GET
 * @arg: pointer to struct wattle_power_model
 * @size: what the caller says it is
 *
 * Return: 0 or the command's errno.
 */
long wattle_model_get(void __user *arg, u32 size)
{
	const struct wattle_model_table *t;
	const struct wattle_power_table *p;
	struct wattle_power_model *out;
	struct {
		__u32 size, flags;
	} head;
	int err;

	err = wattle_tail_zero(arg, sizeof(*out), size);
	if (err)
		return err;
	if (copy_from_user(&head, arg, sizeof(head)))
		return -EFAULT;
	if (head.flags)
		return -EINVAL;
	out = kzalloc(sizeof(*out), GFP_KERNEL_ACCOUNT);
	if (!out)
		return -ENOMEM;
	err = -ENODATA;
	rcu_read_lock();
	t = wattle_model();
	if (t) {
		p = &t->power.t;
		err = 0;
		out->size = sizeof(*out);
		out->flags = t->flags;
		out->nr_opps = p->nr_opps;
		out->nr_idle = p->nr_idle;
		out->shared_uw = p->shared_uw;
		out->shared_idle_uw = p->shared_idle_uw;
		out->platform_uw = p->platform_uw;
		out->transition_us = p->transition_us;
		out->switch_us = p->switch_us;
		out->error_pm = t->error_pm;
		memcpy(out->name, t->name, sizeof(out->name));
		memcpy(out->opp, p->opp, sizeof(out->opp));
		memcpy(out->idle, p->idle, sizeof(out->idle));
	}
	rcu_read_unlock();
	if (!err && copy_to_user(arg, out, sizeof(*out)))
		err = -EFAULT;
	kfree(out);
	return err;
}

/**
 * wattle_model_exit() - forget the table; nobody can reach the device any more
 */
void wattle_model_exit(void)
{
	wattle_model_publish(NULL);
}
