/* SPDX-License-Identifier: GPL-2.0-only OR LGPL-2.1-or-later OR BSD-2-Clause */
/*
 * Admission: may this batch be promised its deadline?
 *
 * The ledger holds the execution time of every admitted batch that has not
 * ended, by deadline, in buckets, so that a decision costs the same whatever is
 * queued. With m CPUs and work-conserving, non-preemptive EDF a batch starts no
 * later than (work due before it + what is running) / m from now (Graham 1969),
 * so it is feasible if that plus its own time is within its deadline; so must
 * every admitted batch due later still be.
 */
#ifndef WATTLE_CORE_ADMIT_H
#define WATTLE_CORE_ADMIT_H

#include <linux/types.h>

#define WATTLE_ADMIT_BUCKETS	256

struct wattle_admit_bucket {
	__u64	demand_ns;	/* sum of need of the batches in it */
	__u64	min_slack_key;	/* see admit.c */
	__u32	count;
	__u32	pad;
};

struct wattle_admit {
	__u64				base_ns;
	struct wattle_admit_bucket	bucket[WATTLE_ADMIT_BUCKETS];
};

/*
 * T(f) = C / f + M in ns, rounded up, saturating; 0 when nothing is known
 * (C = 0 and M = 0, or C > 0 and khz = 0).
 */
__u64 wattle_admit_need_ns(__u64 work_kcycles, __u64 stall_us, __u32 khz);

void wattle_admit_init(struct wattle_admit *a);
/*
 * May @need_ns due at @deadline_ns be promised? @running_ns: remaining time of
 * what runs now. 1 yes, 0 no; @earliest_ns: the earliest deadline for which the
 * answer would be yes.
 */
int wattle_admit_test(const struct wattle_admit *a, __u64 need_ns, __u64 deadline_ns,
		      __u64 running_ns, __u32 nr_cpus, __u64 now_ns, __u64 *earliest_ns);
void wattle_admit_add(struct wattle_admit *a, __u64 need_ns, __u64 deadline_ns, __u64 now_ns);
void wattle_admit_sub(struct wattle_admit *a, __u64 need_ns, __u64 deadline_ns, __u64 now_ns);

#endif
