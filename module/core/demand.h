/* SPDX-License-Identifier: GPL-2.0-only OR LGPL-2.1-or-later OR BSD-2-Clause */
/*
 * What is due, and by when: the dated work of one CPU in a bounded number of
 * deadline buckets, so that what is asked of it costs the same however many
 * batches are outstanding.
 *
 * A bucket stands for the earliest deadline in it. While there are few
 * deadlines each has a bucket of its own and every answer is exact; from
 * WATTLE_DEMAND_EXACT buckets on, deadlines close together (1/32 of the time
 * to them) share; when all buckets are taken, with the next earlier one. Work
 * is thus taken to be due earlier than it is, never later, and the answers err
 * on the safe side.
 */
#ifndef WATTLE_CORE_DEMAND_H
#define WATTLE_CORE_DEMAND_H

#include <linux/types.h>

#define WATTLE_DEMAND_BUCKETS	128
#define WATTLE_DEMAND_EXACT	96
#define WATTLE_DEMAND_NONE	0xffffU

/**
 * struct wattle_demand_bucket - work due by one time
 * @due_ns:	earliest deadline in it
 * @release_ns:	latest release in it; 0 = all could run now
 * @kcycles:	sum of C, saturating
 * @stall_ns:	sum of M, saturating
 * @count:	batches in it; 0 = free
 * @pad:	0
 */
struct wattle_demand_bucket {
	__u64	due_ns;
	__u64	release_ns;
	__u64	kcycles;
	__u64	stall_ns;
	__u32	count;
	__u32	pad;
};

/**
 * struct wattle_demand_entry - one batch's part; memory is the caller's
 * @kcycles:	C as added
 * @stall_ns:	M as added
 * @bucket:	where, or WATTLE_DEMAND_NONE
 * @pad:	0
 */
struct wattle_demand_entry {
	__u64	kcycles;
	__u64	stall_ns;
	__u32	bucket;
	__u32	pad;
};

/**
 * struct wattle_demand - the dated work of one CPU
 * @nr:		buckets in use
 * @order:	their indexes, by deadline
 * @bucket:	the buckets
 */
struct wattle_demand {
	__u32				nr;
	__u32				pad;
	__u8				order[WATTLE_DEMAND_BUCKETS];
	struct wattle_demand_bucket	bucket[WATTLE_DEMAND_BUCKETS];
};

#endif
