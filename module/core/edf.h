/* SPDX-License-Identifier: GPL-2.0-only OR LGPL-2.1-or-later OR BSD-2-Clause */
/*
 * Admission on one CPU: can this batch be promised its deadline, with all that
 * was promised before?
 *
 * The test lays the demand out in the order of its deadlines, at the frequency
 * that can be counted on, each bucket no earlier than its release plus the
 * longest batch that may just have begun then. If every bucket ends by its
 * deadline in that layout, non-preemptive EDF meets them all
 * (Documentation/design/policy.md proves it).
 */
#ifndef WATTLE_CORE_EDF_H
#define WATTLE_CORE_EDF_H

#include <linux/types.h>

#include "core/demand.h"

/**
 * struct wattle_edf_ask - a batch that wants a promise, and what it finds
 * @kcycles:	its C
 * @stall_ns:	its M
 * @release_ns:	not to start before; 0 = at once
 * @due_ns:	its deadline
 * @first_ns:	time until the first waiting batch can start, guard included
 * @blocking_ns: longest batch that may have begun just before a release, guard included
 * @khz:	frequency that can be counted on: the foreign cap, never turbo
 * @supply_pm:	share of the CPU that can be counted on, per mille, 0 to 1000
 */
struct wattle_edf_ask {
	__u64	kcycles;
	__u64	stall_ns;
	__u64	release_ns;
	__u64	due_ns;
	__u64	first_ns;
	__u64	blocking_ns;
	__u32	khz;
	__u32	supply_pm;
};

/**
 * wattle_edf_need_ns() - time that work takes of a CPU that is not all ours
 * @ask:	frequency and supply
 * @kcycles:	C
 * @stall_ns:	M
 *
 * Return: nanoseconds, rounded up, saturating; ~0 without any supply.
 */
__u64 wattle_edf_need_ns(const struct wattle_edf_ask *ask, __u64 kcycles, __u64 stall_ns);

/**
 * wattle_edf_test() - may it be promised?
 * @d:		what is admitted already
 * @ask:	the batch
 * @now_ns:	the time
 * @earliest_ns: out, may be NULL: a deadline that could be promised, the earliest
 *		when nothing has a release in the future; ~0 = none
 *
 * Return: 1 yes, 0 no.
 */
int wattle_edf_test(const struct wattle_demand *d, const struct wattle_edf_ask *ask,
		    __u64 now_ns, __u64 *earliest_ns);

#endif
