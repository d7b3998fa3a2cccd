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
 * @pad:	0
 * @release_ns:	latest release of all work ever added
 * @kcycles:	sum of C of all buckets, saturating
 * @stall_ns:	sum of M of all buckets, saturating
 * @order:	their indexes, by deadline
 * @bucket:	the buckets
 * @latest:	scratch: by when all that comes before a bucket must be done
 */
struct wattle_demand {
	__u32				nr;
	__u32				pad;
	__u64				release_ns;
	__u64				kcycles;
	__u64				stall_ns;
	__u8				order[WATTLE_DEMAND_BUCKETS];
	struct wattle_demand_bucket	bucket[WATTLE_DEMAND_BUCKETS];
	__u64				latest[WATTLE_DEMAND_BUCKETS + 1];
};

/**
 * struct wattle_demand_first - what runs, and so comes before everything
 * @kcycles:	what is left of its C
 * @stall_ns:	what is left of its M
 * @due_ns:	its deadline, 0 = none
 */
struct wattle_demand_first {
	__u64	kcycles;
	__u64	stall_ns;
	__u64	due_ns;
};

/**
 * struct wattle_demand_speed - the speed that all deadlines ask for
 * @khz:	least frequency at which all is in time, never above the limit given
 * @late:	not even the limit is enough, or a deadline has passed
 * @due_ns:	the deadline that asks for most; 0 = there is no dated work
 * @kcycles:	C due by it
 * @stall_ns:	M due by it
 */
struct wattle_demand_speed {
	__u32	khz;
	__u32	late;
	__u64	due_ns;
	__u64	kcycles;
	__u64	stall_ns;
};

/**
 * wattle_demand_init() - nothing is due
 * @d:		out
 */
void wattle_demand_init(struct wattle_demand *d);

/**
 * wattle_demand_add() - a batch is due
 * @d:		demand
 * @e:		the batch's part, @e->kcycles and @e->stall_ns filled
 * @due_ns:	its deadline, not 0
 * @release_ns:	when it may start; 0 = at once
 * @now_ns:	the time
 */
void wattle_demand_add(struct wattle_demand *d, struct wattle_demand_entry *e, __u64 due_ns,
		       __u64 release_ns, __u64 now_ns);

/**
 * wattle_demand_sub() - a batch is done, runs, or was withdrawn
 * @d:		demand
 * @e:		its part; harmless when it is in no bucket
 */
void wattle_demand_sub(struct wattle_demand *d, struct wattle_demand_entry *e);

/**
 * wattle_demand_latest() - by when the CPU must be free for promised later releases
 * @d:		demand
 * @before_ns:	only of work due before this
 * @khz:	frequency it is then run at; not 0
 * @now_ns:	the time
 *
 * Return: the latest start of the first of it that has a release in the future;
 * ~0 = there is none.
 */
__u64 wattle_demand_latest(struct wattle_demand *d, __u64 before_ns, __u32 khz, __u64 now_ns);

/**
 * wattle_demand_slack() - how long all of it could wait
 * @d:		demand
 * @khz:	frequency it is then run at; not 0
 * @now_ns:	the time
 *
 * Return: min over k of d_k - now - T(work due by d_k); 0 = it must start now;
 * ~0 = nothing is due. Work released later counts as if it were there.
 */
__u64 wattle_demand_slack(const struct wattle_demand *d, __u32 khz, __u64 now_ns);

/**
 * wattle_demand_speed() - max over k of (work due by d_k) / (time to d_k less stalls)
 * @d:		demand
 * @first:	what runs
 * @limit_khz:	no answer is above it
 * @guard_ns:	taken off every deadline
 * @now_ns:	the time
 * @out:	the answer
 *
 * Work released later must be given its time at @limit_khz before its own
 * deadline: what comes before it is due by the latest start of that.
 */
void wattle_demand_speed(struct wattle_demand *d, const struct wattle_demand_first *first,
			 __u32 limit_khz, __u64 guard_ns, __u64 now_ns,
			 struct wattle_demand_speed *out);

#endif
