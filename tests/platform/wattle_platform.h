/* SPDX-License-Identifier: GPL-2.0 WITH Linux-syscall-note */
/*
 * The virtual platform's own interface for tests: /dev/wattle_platform.
 * Wattle itself never opens it; to wattle the platform is a cpufreq driver, a
 * cpuidle driver and a RAPL-like counter in the energy-provider registry.
 */
#ifndef WATTLE_PLATFORM_H
#define WATTLE_PLATFORM_H

#include <linux/ioctl.h>
#include <linux/types.h>

/**
 * struct wattle_platform_work - halted work: stay runnable until C/f + M is done
 * @size:	sizeof(struct wattle_platform_work)
 * @flags:	0
 * @work_kcycles: C, the frequency-sensitive part, in thousands of cycles
 * @stall_us:	M, the part that no frequency changes
 * @ran_ns:	out: CPU time the work took
 *
 * The task stays TASK_RUNNING and halts its CPU until its share is done, so
 * the scheduler, the governors and wattle all see running work. -EINTR on a
 * fatal signal.
 */
struct wattle_platform_work {
	__u32	size;
	__u32	flags;
	__u64	work_kcycles;
	__u64	stall_us;
	__u64	ran_ns;
};

/**
 * struct wattle_platform_task - the caller's hidden facts, for the referee only
 * @size:	sizeof
 * @flags:	0
 * @activity_pm: activity factor in per mille of nominal switching power (600 to 1600)
 * @stall_pm:	share of its time that no frequency changes, per mille (stolen time)
 */
struct wattle_platform_task {
	__u32	size;
	__u32	flags;
	__u32	activity_pm;
	__u32	stall_pm;
};

#define WATTLE_PLATFORM_WORK	_IOWR(0xE8, 1, struct wattle_platform_work)
#define WATTLE_PLATFORM_TASK	_IOW(0xE8, 2, struct wattle_platform_task)

#endif
