/* SPDX-License-Identifier: GPL-2.0-only OR LGPL-2.1-or-later OR BSD-2-Clause */
/*
 * Splitting a measured package total over queues by CPU time, conserved.
 *
 * Over one epoch the package used delta; a queue whose threads computed for q of the
 * D nanoseconds all CPUs were busy is charged delta x q / D. Whole microjoules
 * go to the account, the fraction is kept in picojoules and carried, and what
 * is left over - idle power's share, other programs, rounding below 1 pJ - is
 * the unattributed rest, so that the parts always sum to the total.
 */
#ifndef WATTLE_CORE_ENERGY_H
#define WATTLE_CORE_ENERGY_H

#include <linux/types.h>

#define WATTLE_PJ_PER_UJ	1000000U

/**
 * struct wattle_energy_split - one epoch being divided
 * @delta_uj:	the total
 * @divisor_ns:	max(busy time of all CPUs, sum of all CPU times)
 * @left_uj:	of the total, not yet given away
 * @left_pj:	fraction of that, below 1 uJ
 */
struct wattle_energy_split {
	__u64	delta_uj;
	__u64	divisor_ns;
	__u64	left_uj;
	__u32	left_pj;
	__u32	pad;
};

/* floor(a x b / d) and, in @rem, a x b mod d, for b <= d and d > 0: never overflows. */
__u64 wattle_mul_div(__u64 a, __u64 b, __u64 d, __u64 *rem);

void wattle_energy_split_begin(struct wattle_energy_split *e, __u64 delta_uj, __u64 busy_ns,
			       __u64 cpu_sum_ns);
/*
 * Add the share of @cpu_ns to an account of @uj microjoules and @pj picojoules.
 * The CPU times of all calls after one begin should not sum to more than its
 * @cpu_sum_ns; where they do, the last get less, down to nothing.
 */
void wattle_energy_split_take(struct wattle_energy_split *e, __u64 cpu_ns, __u64 *uj, __u32 *pj);
/* Add what nobody took to an account; the split is then empty. */
void wattle_energy_split_end(struct wattle_energy_split *e, __u64 *uj, __u32 *pj);

#endif
