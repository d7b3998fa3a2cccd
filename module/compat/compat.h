/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Differences between kernels, 6.1 and newer. The only place in module/ where a
 * kernel version may be named; every entry says when it can go.
 */
#ifndef WATTLE_COMPAT_H
#define WATTLE_COMPAT_H

#include <linux/fs.h>
#include <linux/hrtimer.h>
#include <linux/version.h>
#include <net/genetlink.h>

#ifndef CONFIG_64BIT
#error "wattle needs a 64-bit kernel: its arithmetic and its lock-free reads are 64 bits wide"
#endif
#ifdef CONFIG_PREEMPT_RT
#error "wattle does not support PREEMPT_RT: its exit probe takes a spinlock with preemption off"
#endif

/* 6.12 dropped no_llseek: NULL means the same there. Goes with 6.11. */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 12, 0)
#define WATTLE_NO_LLSEEK	no_llseek
#else
#define WATTLE_NO_LLSEEK	NULL
#endif

/* hrtimer_setup() came with 6.13 and replaced hrtimer_init() in 6.15. Goes with 6.12. */
static inline void wattle_hrtimer_setup(struct hrtimer *timer,
					enum hrtimer_restart (*function)(struct hrtimer *),
					clockid_t clock, enum hrtimer_mode mode)
{
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 13, 0)
	hrtimer_init(timer, clock, mode);
	timer->function = function;
#else
	hrtimer_setup(timer, function, clock, mode);
#endif
}

/* 6.6 moved the attributes of a dump's request into a struct genl_info. Goes with 6.5. */
static inline struct nlattr **wattle_netlink_dump_attrs(struct netlink_callback *cb)
{
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 6, 0)
	return genl_dumpit_info(cb)->attrs;
#else
	return genl_dumpit_info(cb)->info.attrs;
#endif
}

/* 6.16 renamed rdmsrl_safe(). Goes with 6.15. */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 16, 0)
#define wattle_rdmsr_safe(msr, value)	rdmsrl_safe(msr, value)
#else
#define wattle_rdmsr_safe(msr, value)	rdmsrq_safe(msr, value)
#endif

/* What sched_switch tells; as it is since 5.18. */
#define WATTLE_SWITCH_PROBE_ARGS void *data, bool preempt, struct task_struct *prev, \
				 struct task_struct *next, unsigned int prev_state

/* 6.16 gave the sched_process_exit tracepoint a second argument. Goes with 6.15. */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 16, 0)
#define WATTLE_EXIT_PROBE_ARGS	void *data, struct task_struct *task
#else
#define WATTLE_EXIT_PROBE_ARGS	void *data, struct task_struct *task, bool group_dead
#endif

#endif
