/* SPDX-License-Identifier: GPL-2.0-only OR LGPL-2.1-or-later OR BSD-2-Clause */
/*
 * Energy budgets: the worst a batch may cost is taken when it is admitted and
 * what it did not use given back when it ends. So what was admitted never runs
 * out of budget half way, and a budget never makes it slower, which would cost
 * more.
 */
#ifndef WATTLE_CORE_BUDGET_H
#define WATTLE_CORE_BUDGET_H

#include <linux/types.h>

#include "core/power.h"

/**
 * struct wattle_budget - what may still be spent; all in microjoules
 * @limit_uj:	in all, or the most the bucket holds when @rate_uw is set; 0 = unlimited
 * @left_uj:	not spent and not held
 * @held_uj:	taken for batches that have not ended
 * @spent_uj:	used by batches that have, saturating
 * @over_uj:	of that, used beyond what was held for them, saturating
 * @rate_uw:	the bucket fills by so much each second; 0 = never
 * @filled_ns:	up to when it has been filled
 */
struct wattle_budget {
	__u64	limit_uj;
	__u64	left_uj;
	__u64	held_uj;
	__u64	spent_uj;
	__u64	over_uj;
	__u64	rate_uw;
	__u64	filled_ns;
};

/**
 * wattle_budget_init() - nothing spent
 * @b:		out
 * @limit_uj:	0 = unlimited
 * @rate_uw:	0 = what is spent is spent
 * @now_ns:	the time
 */
void wattle_budget_init(struct wattle_budget *b, __u64 limit_uj, __u64 rate_uw, __u64 now_ns);

/**
 * wattle_budget_debit() - take the worst case of a batch
 * @b:		budget
 * @uj:		worst case
 * @now_ns:	the time
 *
 * Return: 0; -EDQUOT not enough is left now; -E2BIG more than it will ever hold.
 */
int wattle_budget_debit(struct wattle_budget *b, __u64 uj, __u64 now_ns);

/**
 * wattle_budget_settle() - a batch has ended
 * @b:		budget
 * @debited_uj:	what was taken for it
 * @used_uj:	what it used; more than that is charged as far as there is anything left
 */
void wattle_budget_settle(struct wattle_budget *b, __u64 debited_uj, __u64 used_uj);

/**
 * wattle_budget_worst_uj() - the most a batch can cost
 * @p:		prepared table
 * @kcycles:	C
 * @stall_ns:	M
 * @cap_khz:	fastest it may run
 *
 * Return: microjoules, rounded up, saturating: the dearest operating point
 * from its critical one to @cap_khz, alone in its package. Slower it never runs.
 */
__u64 wattle_budget_worst_uj(const struct wattle_power *p, __u64 kcycles, __u64 stall_ns,
			     __u32 cap_khz);

#endif
