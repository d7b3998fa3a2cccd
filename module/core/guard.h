/* SPDX-License-Identifier: GPL-2.0-only OR LGPL-2.1-or-later OR BSD-2-Clause */
/*
 * Is a queue's work slowed by no more than it allows? Its batches say how their time depends
 * on the clock (C and M); who says so wrongly is slowed more than was agreed. So what they
 * take under a limit is compared with what they take without, again and again: slowed
 * batches, then a few free ones, then the verdict. The reference is always of the same
 * minutes, so a machine that something else throttles is no queue's fault.
 *
 * What is compared is time over need, r. A queue is demoted (it runs free) when the mean of
 * its slowed r is above (1 + allowed) times the mean of its free r by 5 % and by
 * WATTLE_GUARD_SURE standard errors (Welch's, 2.5: one in 160 by chance in a normal
 * distribution), in two verdicts running. And when more than one in 50 of its promised
 * batches that were slowed came late, three at least.
 */
#ifndef WATTLE_CORE_GUARD_H
#define WATTLE_CORE_GUARD_H

#include <linux/types.h>

/* Slowed batches before the first verdict; twice as many after each that found nothing. */
#define WATTLE_GUARD_SLOWED_MIN	64
#define WATTLE_GUARD_SLOWED_MAX	512
/* Free ones. */
#define WATTLE_GUARD_FREE	6
/* Grants of a free phase: what was not to be measured by then is left. */
#define WATTLE_GUARD_PATIENCE	256
/* Verdicts running until it is demoted. */
#define WATTLE_GUARD_TWICE	2
/* Promised batches from which on misses count, and how few may miss. */
#define WATTLE_GUARD_PROMISED	32
#define WATTLE_GUARD_ONE_IN	50
#define WATTLE_GUARD_MISSED	3
/* Until a demoted queue is tried again; twice as long each time. */
#define WATTLE_GUARD_WAIT_NS	10000000000ULL
#define WATTLE_GUARD_WAITS	9	/* doublings: an hour and a half */

enum wattle_guard_phase {
	WATTLE_GUARD_SLOWS,	/* its batches are slowed, and measured */
	WATTLE_GUARD_FREES,	/* they run free, to be compared with */
	WATTLE_GUARD_DEMOTED,	/* they run free, until it is tried again */
};

/* What an account led to. */
enum wattle_guard_verdict {
	WATTLE_GUARD_NONE,	/* nothing yet */
	WATTLE_GUARD_FINE,
	WATTLE_GUARD_SUSPECT,	/* once more and it is demoted */
	WATTLE_GUARD_SLOWDOWN,	/* demoted: slowed by more than it allows */
	WATTLE_GUARD_MISSES,	/* demoted: promises were missed */
};

/* Of r in 1/1024, at most 2^22: 512 squares stay below 2^53, a sum's square below 2^62. */
struct wattle_guard_mean {
	__u64	sum;
	__u64	squares;
	__u32	nr;
	__u32	pad;
};

/**
 * struct wattle_guard - what is known of one queue; all 0 at first
 * @phase:	enum wattle_guard_phase
 * @turn:	counts phases, so that what began in another is known
 * @grants:	of this phase
 * @bad:	verdicts running that found too much
 * @window:	slowed batches per verdict, 0 = the fewest
 * @waits:	doublings of the next wait
 * @kept:	promised batches that ran slowed and came in time, since they were counted anew
 * @missed:	those that did not
 * @slowdown_pm: by the last verdict; 0 = not known
 * @pad:	0
 * @demotions:	in all
 * @until_ns:	when it is tried again, in WATTLE_GUARD_DEMOTED
 * @slowed:	r of slowed batches
 * @free:	of free ones
 */
struct wattle_guard {
	__u32	phase;
	__u32	turn;
	__u32	grants;
	__u32	bad;
	__u32	window;
	__u32	waits;
	__u32	kept;
	__u32	missed;
	__u32	slowdown_pm;
	__u32	pad;
	__u64	demotions;
	__u64	until_ns;
	struct wattle_guard_mean slowed;
	struct wattle_guard_mean free;
};

/**
 * wattle_guard_free() - is a batch that is granted now to run free?
 * @g: of its queue
 * @now_ns: the time
 */
int wattle_guard_free(struct wattle_guard *g, __u64 now_ns);

/**
 * wattle_guard_demoted() - is a queue given no benefit of slowness? As above, and ends a demotion
 */
int wattle_guard_demoted(struct wattle_guard *g, __u64 now_ns);

/**
 * wattle_guard_ran() - a batch has run all of its time slowed, or all of it free
 * @g: of its queue
 * @turn: @g->turn when it began
 * @slowed: which of the two
 * @run_ns: its time
 * @need_ns: what it needs by its own account, > 0
 * @allowed_pm: what its queue allows
 * @now_ns: the time
 */
enum wattle_guard_verdict wattle_guard_ran(struct wattle_guard *g, __u32 turn, int slowed,
					   __u64 run_ns, __u64 need_ns, __u32 allowed_pm,
					   __u64 now_ns);

/**
 * wattle_guard_promised() - a promised batch has run slowed
 * @g: of its queue
 * @late: it came late
 * @now_ns: the time
 */
enum wattle_guard_verdict wattle_guard_promised(struct wattle_guard *g, int late, __u64 now_ns);

#endif
