/* SPDX-License-Identifier: GPL-2.0-only OR LGPL-2.1-or-later OR BSD-2-Clause */
/*
 * The log: every call that told the policy something or asked it, with its
 * answer. Fed to a policy that was initialised alike, the same log must bring
 * the same answers, bit for bit: that is how a decision taken in the kernel is
 * explained, and a change of the rules shown to change nothing else.
 */
#ifndef WATTLE_CORE_RECORD_H
#define WATTLE_CORE_RECORD_H

#include <linux/types.h>

#include "core/policy.h"

enum wattle_record_type {
	WATTLE_RECORD_TOPOLOGY	= 1,
	WATTLE_RECORD_LIMITS	= 2,
	WATTLE_RECORD_SUBMIT	= 3,
	WATTLE_RECORD_DECIDE	= 4,
	WATTLE_RECORD_START	= 5,
	WATTLE_RECORD_SPEED	= 6,
	WATTLE_RECORD_DONE	= 7,
	WATTLE_RECORD_CANCEL	= 8,
};

#define WATTLE_RECORD_NO_ITEM	(~0ULL)

/**
 * struct wattle_record - one call; no padding, all that is not used is 0
 * @type:	enum wattle_record_type
 * @cpu:	index
 * @now_ns:	the time it was told
 * @item:	item->id, or WATTLE_RECORD_NO_ITEM
 * @arg:	TOPOLOGY: domain, package; LIMITS: min, max, foreign_pm, online; SPEED: kHz;
 *		DONE: item->unfit
 * @run_ns:	DONE: item->run_ns
 * @work:	SUBMIT: item->in
 * @verdict:	SUBMIT: the answer
 * @decision:	DECIDE: the answer
 */
struct wattle_record {
	__u32				type;
	__u32				cpu;
	__u64				now_ns;
	__u64				item;
	__u32				arg[4];
	__u64				run_ns;
	struct wattle_work		work;
	struct wattle_admit_verdict	verdict;
	struct wattle_decision		decision;
};

/**
 * wattle_record_replay() - one record into a policy, and is the answer the same?
 * @p:		policy that has been told everything before
 * @r:		the record; may be any bytes
 * @items:	@nr_items, indexed by id, all in state OUT before the first record
 * @nr_items:	their number
 *
 * Return: 0 the same; -EILSEQ another answer; -EINVAL a record that no caller
 * could have made (nothing was done).
 */
int wattle_record_replay(struct wattle_policy *p, const struct wattle_record *r,
			 struct wattle_item *items, __u64 nr_items);

#endif
