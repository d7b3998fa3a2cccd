/* SPDX-License-Identifier: GPL-2.0-only OR LGPL-2.1-or-later OR BSD-2-Clause */
/*
 * What work takes, learned from what it took: T(f) = C / f + M for each kind of
 * work (queue and shape), and for work that says what it takes by how much it
 * is wrong.
 *
 * The fit is the least-squares line through (1 / f, T), its sums as running
 * means so that they neither grow nor need a division by n later: over the
 * first 32 samples all count the same, from then on the old are forgotten by
 * 1/32. One frequency alone cannot tell C from M: then all is taken for C,
 * which is the safe side when the frequency falls.
 */
#ifndef WATTLE_CORE_LEARN_H
#define WATTLE_CORE_LEARN_H

#include <linux/types.h>

#define WATTLE_LEARN_ONE	4096U	/* ratios are in 1/4096 */

/* Why a sample says nothing about the work. */
#define WATTLE_SAMPLE_SLEPT	(1U << 0)	/* it waited for something else */
#define WATTLE_SAMPLE_MIGRATED	(1U << 1)	/* it ran on more than one CPU */
#define WATTLE_SAMPLE_CHANGED	(1U << 2)	/* the frequency changed while it ran */
#define WATTLE_SAMPLE_ABORTED	(1U << 3)	/* it did not run to its end */

/**
 * struct wattle_learn_entry - one kind of work
 * @key:	queue << 32 | shape; 0 = unused
 * @mean_x:	of 10^12 / kHz
 * @mean_y:	of run times, ns >> @shift
 * @cxx:	variance of x
 * @cxy:	covariance of x and y
 * @dev_ns:	mean deviation of the run time from the fit (Jacobson 1988)
 * @n:		samples used, stops at 2^32 - 1
 * @shift:	scale of y
 * @strange:	samples in a row that fitted not at all
 * @nr_ratio:	samples of declared work
 * @ratio:	mean of time taken / time declared
 * @ratio_dev:	its mean deviation
 * @newer:	neighbour in order of use, index + 1
 * @older:	the same
 * @next:	next in its hash chain, index + 1
 * @head:	first of the hash chain of this number, index + 1
 */
struct wattle_learn_entry {
	__u64	key;
	__s64	mean_x;
	__s64	mean_y;
	__s64	cxx;
	__s64	cxy;
	__u64	dev_ns;
	__u32	n;
	__u32	shift;
	__u32	strange;
	__u32	nr_ratio;
	__u32	ratio;
	__u32	ratio_dev;
	__u32	newer;
	__u32	older;
	__u32	next;
	__u32	head;
};

/**
 * struct wattle_learn - all kinds of work, the least recently used forgotten first
 * @entry:	the caller's array
 * @nr:		its size, at least 1
 * @used:	entries in use
 * @newest:	index + 1
 * @oldest:	index + 1
 */
struct wattle_learn {
	struct wattle_learn_entry	*entry;
	__u32				nr;
	__u32				used;
	__u32				newest;
	__u32				oldest;
};

/**
 * struct wattle_learned - what is known of a kind of work
 * @kcycles:	C
 * @stall_ns:	M
 * @margin_ns:	what to allow beyond T(f): four mean deviations (Jacobson 1988)
 * @both:	C and M were told apart by two frequencies
 * @pad:	0
 */
struct wattle_learned {
	__u64	kcycles;
	__u64	stall_ns;
	__u64	margin_ns;
	__u32	both;
	__u32	pad;
};

/**
 * wattle_learn_init() - nothing known
 * @l:		out
 * @entry:	@nr of them, need no initialisation
 * @nr:		at least 1
 */
void wattle_learn_init(struct wattle_learn *l, struct wattle_learn_entry *entry, __u32 nr);

/**
 * wattle_learn_entry_init() - one kind of work, nothing known
 * @e:		out
 * @key:	its key
 */
void wattle_learn_entry_init(struct wattle_learn_entry *e, __u64 key);

/**
 * wattle_learn_find() - the entry of a kind of work, now the most recently used
 * @l:		table
 * @key:	not 0
 * @make:	make one if there is none, in place of the least recently used
 *
 * Return: the entry; NULL if there is none and none was to be made.
 */
struct wattle_learn_entry *wattle_learn_find(struct wattle_learn *l, __u64 key, int make);

/**
 * wattle_learn_sample() - one run
 * @e:		its kind
 * @khz:	the frequency it ran at from beginning to end
 * @run_ns:	wall time less the time it waited for the CPU
 * @unfit:	WATTLE_SAMPLE_*: 0 = nothing speaks against it
 *
 * Return: 1 it was used, 0 not.
 */
int wattle_learn_sample(struct wattle_learn_entry *e, __u32 khz, __u64 run_ns, __u32 unfit);

/**
 * wattle_learn_get() - what is known
 * @e:		the kind of work
 * @out:	the answer
 *
 * Return: 0; -ENODATA before the first sample.
 */
int wattle_learn_get(const struct wattle_learn_entry *e, struct wattle_learned *out);

/**
 * wattle_learn_ratio() - one run of work that had said what it takes
 * @e:		its kind
 * @ratio:	time taken / time declared, in 1/4096; clamped to 8
 */
void wattle_learn_ratio(struct wattle_learn_entry *e, __u64 ratio);

/**
 * wattle_learn_factor() - what to multiply declared work with
 * @e:		the kind of work
 *
 * Return: mean plus two mean deviations, in 1/4096; at least 1: who says too
 * much is believed, as promises rest on it.
 */
__u32 wattle_learn_factor(const struct wattle_learn_entry *e);

#endif
