/* SPDX-License-Identifier: GPL-2.0-only OR LGPL-2.1-or-later OR BSD-2-Clause */
/*
 * The speed that deadlines ask for where any of m CPUs may take what waits:
 * Optimal Available (demand.h) over one queue for all of them.
 *
 * With work-conserving, non-preemptive EDF a batch begins when what runs has ended
 * and what is due before it has been shared out over the CPUs (Graham 1969), and
 * then takes its own time. So the CPUs are fast enough if each could do
 *
 *	the longest that runs + (all due by d) / m + the longest that waits
 *
 * by every d. The last two take a batch twice, which errs on the safe side.
 * Documentation/design/actuators.md.
 */
#ifndef WATTLE_CORE_PACE_H
#define WATTLE_CORE_PACE_H

#include <linux/types.h>

#include "core/demand.h"

/* As fast as there is: a deadline is in danger, or something is not known. */
#define WATTLE_PACE_FREE	(~0U)

/**
 * struct wattle_pace_entry - a dated batch that waits; memory is the caller's
 * @due:	its part of the demand, divided by m
 * @epoch:	of the m that it was divided by
 * @state:	WATTLE_PACE_OUT, ...
 */
struct wattle_pace_entry {
	struct wattle_demand_entry	due;
	__u32				epoch;
	__u32				state;
};

enum wattle_pace_state {
	WATTLE_PACE_OUT		= 0,	/* not counted */
	WATTLE_PACE_KNOWN	= 1,
	WATTLE_PACE_UNKNOWN	= 2,	/* neither C nor M is known */
};

/**
 * struct wattle_pace - all dated batches that wait
 * @demand:	those of known need
 * @kcycles:	the greatest C of any since none waited
 * @stall_ns:	the greatest M
 * @nr:		all of them
 * @nr_unknown:	of unknown need
 * @nr_stale:	divided by another m than the present one
 * @nr_cpus:	m
 * @epoch:	counts changes of m
 * @pad:	0
 */
struct wattle_pace {
	struct wattle_demand	demand;
	__u64			kcycles;
	__u64			stall_ns;
	__u32			nr;
	__u32			nr_unknown;
	__u32			nr_stale;
	__u32			nr_cpus;
	__u32			epoch;
	__u32			pad;
};

/**
 * struct wattle_pace_run - a batch that runs
 * @kcycles:	C left as of @since_ns
 * @stall_ns:	M left as of @since_ns
 * @since_ns:	when they were last brought up to date
 * @due_ns:	its deadline, 0 = none
 * @known:	its need was known
 * @over:	it has taken longer than that
 */
struct wattle_pace_run {
	__u64	kcycles;
	__u64	stall_ns;
	__u64	since_ns;
	__u64	due_ns;
	__u32	known;
	__u32	over;
};

/**
 * wattle_pace_init() - nothing waits
 * @p:		out
 * @nr_cpus:	m; 0 counts as 1
 */
void wattle_pace_init(struct wattle_pace *p, __u32 nr_cpus);

/**
 * wattle_pace_cpus() - another number of CPUs
 * @p:		pace
 * @nr_cpus:	m; 0 counts as 1
 *
 * What waits has been divided by the old one: until it is gone the answer is to
 * run free.
 */
void wattle_pace_cpus(struct wattle_pace *p, __u32 nr_cpus);

/**
 * wattle_pace_add() - a dated batch waits
 * @p:		pace
 * @e:		its part, in state OUT
 * @kcycles:	C, < 2^43
 * @stall_us:	M; C = M = 0: unknown
 * @due_ns:	its deadline, not 0
 * @release_ns:	not to start before; 0 = at once
 * @now_ns:	the time
 */
void wattle_pace_add(struct wattle_pace *p, struct wattle_pace_entry *e, __u64 kcycles,
		     __u64 stall_us, __u64 due_ns, __u64 release_ns, __u64 now_ns);

/**
 * wattle_pace_sub() - it waits no longer
 * @p:		pace
 * @e:		its part; harmless in state OUT
 */
void wattle_pace_sub(struct wattle_pace *p, struct wattle_pace_entry *e);

/**
 * wattle_pace_begin() - a batch runs
 * @r:		out
 * @kcycles:	C, < 2^43
 * @stall_us:	M; C = M = 0: unknown
 * @due_ns:	its deadline, 0 = none
 * @now_ns:	the time
 */
void wattle_pace_begin(struct wattle_pace_run *r, __u64 kcycles, __u64 stall_us, __u64 due_ns,
		       __u64 now_ns);

/**
 * wattle_pace_ran() - it has run until now
 * @r:		a batch that runs
 * @khz:	at no less than this frequency
 * @now_ns:	the time
 */
void wattle_pace_ran(struct wattle_pace_run *r, __u32 khz, __u64 now_ns);

/**
 * wattle_pace_own_khz() - the speed that a running batch's own deadline asks for
 * @r:		a batch that runs, brought up to date
 * @guard_ns:	taken off the time to it
 *
 * Return: kHz, 0 without a deadline, or WATTLE_PACE_FREE.
 */
__u32 wattle_pace_own_khz(const struct wattle_pace_run *r, __u64 guard_ns);

/**
 * wattle_pace_waiting_khz() - the speed that what waits asks for
 * @p:		pace
 * @kcycles:	the most C left of any batch that runs
 * @stall_ns:	the most M left
 * @limit_khz:	all there is
 * @guard_ns:	taken off every deadline
 * @now_ns:	the time
 *
 * Return: kHz, 0 when nothing waits, or WATTLE_PACE_FREE.
 */
__u32 wattle_pace_waiting_khz(struct wattle_pace *p, __u64 kcycles, __u64 stall_ns,
			      __u32 limit_khz, __u64 guard_ns, __u64 now_ns);

#endif
