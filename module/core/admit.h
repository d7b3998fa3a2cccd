/* SPDX-License-Identifier: GPL-2.0-only OR LGPL-2.1-or-later OR BSD-2-Clause */
/*
 * Admission: may this batch be promised its deadline?
 *
 * The ledger holds the demand of every batch that waits, in a balanced tree in
 * the order of dispatch: by deadline, then by submission. With m CPUs and
 * work-conserving, non-preemptive EDF a batch starts no later than (what runs +
 * what waits before it) / m from now (Graham 1969: until it starts, no CPU is
 * idle and none takes up work behind it). So it is feasible if that plus its own
 * time is within its deadline; and so must every promised batch behind it still
 * be. Each
 * node carries the sum of its subtree and the tightest slack in it, so the test
 * is exact and costs O(log n) (Documentation/design/core.md derives it).
 *
 * Arithmetic is in ticks of 1024 ns, deadlines rounded down and needs up, so
 * the answer errs on the safe side by at most one tick per waiting batch.
 */
#ifndef WATTLE_CORE_ADMIT_H
#define WATTLE_CORE_ADMIT_H

#include <linux/types.h>

#include "core/null.h"

enum wattle_admit_kind {
	WATTLE_ADMIT_DEMAND,	/* takes up time, but was promised nothing */
	WATTLE_ADMIT_PROMISED,	/* waits now; must start in time */
	WATTLE_ADMIT_DELAYED,	/* promised, but not yet released */
};

/**
 * struct wattle_admit_node - one batch's demand; memory is the caller's
 * @height: of the subtree, 1 for a leaf; 0: in no ledger
 * @deadline_ns: place in the order
 * @seq:	place among equals
 * @due:	deadline, ticks, no later than the horizon
 * @need:	execution time, ticks
 * @delay:	release to deadline less blocking, ticks (DELAYED only)
 * @sum:	needs in the subtree
 * @slack:	least m x due - (m - 1) x need - (needs up to it) of PROMISED nodes
 * @slack_delayed: least m x delay - (m - 1) x need - (needs up to it) of DELAYED nodes
 * @gap:	greatest m x (tick of the deadline less 1 ns) - (needs before it)
 */
struct wattle_admit_node {
	struct wattle_admit_node	*parent;
	struct wattle_admit_node	*left;
	struct wattle_admit_node	*right;
	__u32				height;
	__u32				kind;
	__u64				deadline_ns;
	__u64				seq;
	__s64				due;
	__s64				need;
	__s64				delay;
	__s64				sum;
	__s64				slack;
	__s64				slack_delayed;
	__s64				gap;
};

/**
 * struct wattle_admit - ledger of one class
 * @nr_cpus:	m, 1 to 65536
 * @horizon:	deadlines beyond this tick count as this tick
 * @stale:	m has changed: nodes from (@at_ns, @at_seq) on may have extremes of another m. Sums
 *		do not depend on m and are right at all times
 */
struct wattle_admit {
	struct wattle_admit_node	*root;
	__u32				nr_cpus;
	__u32				count;
	__s64				horizon;
	__u32				stale;
	__u32				pad;
	__u64				at_ns;
	__u64				at_seq;
};

/**
 * struct wattle_admit_ask - a batch that wants a promise
 * @need_ns:	its execution time
 * @release_ns:	not to start before; 0 = at once
 * @deadline_ns: its deadline
 * @blocking_ns: longest time one grant may hold a CPU; counts against a batch
 *		with a release in the future, as work due later may start before it
 * @first_ns:	CPU time that comes before any waiting batch: what runs now and
 *		what waits in better classes
 */
struct wattle_admit_ask {
	__u64	need_ns;
	__u64	release_ns;
	__u64	deadline_ns;
	__u64	blocking_ns;
	__u64	first_ns;
};

/*
 * T(f) = C / f + M in ns, rounded up, saturating; 0 when nothing is known
 * (C = 0 and M = 0, or C > 0 and khz = 0).
 */
__u64 wattle_admit_need_ns(__u64 work_kcycles, __u64 stall_us, __u32 khz);

void wattle_admit_init(struct wattle_admit *a, __u32 nr_cpus);
/*
 * Another number of CPUs: O(1). The ledger is then to be settled; until it is,
 * newcomers are promised only what all that waits already leaves them.
 */
void wattle_admit_set_cpus(struct wattle_admit *a, __u32 nr_cpus);
/* Settle @max more nodes, in O(@max + log n). 1: there is more to do. */
int wattle_admit_settle(struct wattle_admit *a, __u32 max);
/*
 * May @ask, submitted after all that is in the ledger, be promised? 1 yes, 0 no.
 * @earliest_ns: the earliest deadline after @now_ns for which the answer is
 * yes; 0 if there is none. May be NULL.
 */
int wattle_admit_test(const struct wattle_admit *a, const struct wattle_admit_ask *ask,
		      __u64 now_ns, __u64 *earliest_ns);
/*
 * For how long all CPUs could do nothing, from @now_ns on, with every promise still
 * kept at full speed; ~0 if there is none. 0 also where that cannot be told (promises
 * with a release in the future, a ledger that is not settled). O(1).
 */
__u64 wattle_admit_slack_ns(const struct wattle_admit *a, __u64 first_ns, __u64 now_ns);
/* @n must be in no ledger. @seq: unique. */
void wattle_admit_add(struct wattle_admit *a, struct wattle_admit_node *n,
		      const struct wattle_admit_ask *ask, enum wattle_admit_kind kind, __u64 seq);
/* Harmless on a node that is in no ledger. */
void wattle_admit_sub(struct wattle_admit *a, struct wattle_admit_node *n);

static inline __u64 wattle_admit_total_ns(const struct wattle_admit *a)
{
	return a->root ? (__u64)a->root->sum << 10 : 0;
}

#endif
