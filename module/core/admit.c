// SPDX-License-Identifier: GPL-2.0-only OR LGPL-2.1-or-later OR BSD-2-Clause
/*
 * The admission ledger: an AVL tree by (deadline, seq), each node carrying the
 * sum of its subtree and the extremes of three linear forms of it. See admit.h
 * for what is decided and Documentation/design/core.md for why it is right.
 *
 * Bounds, so that nothing here can overflow an s64: m x tick <= 2^60 (horizon),
 * need <= 2^42, m <= 2^16, sums stop at 2^61, extremes at -2^62.
 */
#include "core/admit.h"
#include "core/sat.h"

#define TICK_SHIFT	10
#define NEED_MAX	(1LL << 42)
#define SPAN_MAX	(1LL << 60)
#define SUM_MAX		(1LL << 61)
#define NONE		(1LL << 62)	/* no constraint in the subtree */
#define CPUS_MAX	65536U

static inline __s64 min_s64(__s64 a, __s64 b)
{
	return a < b ? a : b;
}

static inline __s64 max_s64(__s64 a, __s64 b)
{
	return a > b ? a : b;
}

static inline __s64 ticks_down(__u64 ns)
{
	return (__s64)(ns >> TICK_SHIFT);
}

static inline __s64 ticks_up(__u64 ns)
{
	return (__s64)(wattle_sat_add(ns, (1U << TICK_SHIFT) - 1) >> TICK_SHIFT);
}

static inline __u32 height_of(const struct wattle_admit_node *n)
{
	return n ? n->height : 0;
}

static inline __s64 sum_of(const struct wattle_admit_node *n)
{
	return n ? n->sum : 0;
}

/* An extreme of a right subtree, seen from above: @upto more comes before it. */
static inline __s64 shifted(__s64 value, __s64 upto)
{
	return value == NONE ? NONE : max_s64(value - upto, -NONE);
}

__u64 wattle_admit_need_ns(__u64 work_kcycles, __u64 stall_us, __u32 khz)
{
	__u64 ns = 0;

	if (work_kcycles) {
		if (!khz)
			return 0;
		/* kcycles / kHz = seconds; the rest is < 2^32, so rest x 10^9 fits. */
		ns = wattle_sat_mul(work_kcycles / khz, 1000000000ULL);
		ns = wattle_sat_add(ns, ((work_kcycles % khz) * 1000000000ULL + khz - 1) / khz);
	}
	return wattle_sat_add(ns, wattle_sat_mul(stall_us, 1000));
}

/* m x t - (m - 1) x need: what must be left when all that comes before is taken off. */
static inline __s64 own_slack(const struct wattle_admit *a, __s64 t, __s64 need)
{
	/* A node that has not been settled may come from a farther horizon. */
	t = max_s64(min_s64(t, a->horizon), -a->horizon);
	return (__s64)a->nr_cpus * t - ((__s64)a->nr_cpus - 1) * need;
}

/*
 * How much of the time up to just before @n's deadline is free for a newcomer:
 * the widest offer of the interval between its predecessor's deadline and its own.
 */
static inline __s64 own_gap(const struct wattle_admit *a, const struct wattle_admit_node *n,
			    __s64 before)
{
	__s64 t = n->deadline_ns ? ticks_down(n->deadline_ns - 1) : 0;

	return (__s64)a->nr_cpus * min_s64(t, a->horizon) - before;
}

static void update(const struct wattle_admit *a, struct wattle_admit_node *n)
{
	const struct wattle_admit_node *l = n->left, *r = n->right;
	__s64 before = sum_of(l);
	__s64 upto = min_s64(before + n->need, SUM_MAX);
	__u32 lh = height_of(l), rh = height_of(r);

	n->height = (lh > rh ? lh : rh) + 1;
	n->sum = min_s64(upto + sum_of(r), SUM_MAX);
	n->slack = n->kind == WATTLE_ADMIT_PROMISED ?
		   own_slack(a, n->due, n->need) - upto : NONE;
	n->slack_delayed = n->kind == WATTLE_ADMIT_DELAYED ?
			   own_slack(a, n->delay, n->need) - upto : NONE;
	n->gap = own_gap(a, n, before);
	if (l) {
		n->slack = min_s64(n->slack, l->slack);
		n->slack_delayed = min_s64(n->slack_delayed, l->slack_delayed);
		n->gap = max_s64(n->gap, l->gap);
	}
	if (r) {
		n->slack = min_s64(n->slack, shifted(r->slack, upto));
		n->slack_delayed = min_s64(n->slack_delayed, shifted(r->slack_delayed, upto));
		n->gap = max_s64(n->gap, shifted(r->gap, upto));
	}
}

static void replace(struct wattle_admit *a, struct wattle_admit_node *parent,
		    struct wattle_admit_node *old, struct wattle_admit_node *new)
{
	if (new)
		new->parent = parent;
	if (!parent)
		a->root = new;
	else if (parent->left == old)
		parent->left = new;
	else
		parent->right = new;
}

static struct wattle_admit_node *rotate(struct wattle_admit *a, struct wattle_admit_node *n,
					int to_left)
{
	struct wattle_admit_node *up = to_left ? n->right : n->left;
	struct wattle_admit_node *inner = to_left ? up->left : up->right;

	replace(a, n->parent, n, up);
	if (to_left) {
		n->right = inner;
		up->left = n;
	} else {
		n->left = inner;
		up->right = n;
	}
	if (inner)
		inner->parent = n;
	n->parent = up;
	update(a, n);
	update(a, up);
	return up;
}

/* From @n to the root: every ancestor's sums have changed. */
static void rebalance(struct wattle_admit *a, struct wattle_admit_node *n)
{
	for (; n; n = n->parent) {
		__u32 lh = height_of(n->left), rh = height_of(n->right);

		if (lh > rh + 1) {
			if (height_of(n->left->left) < height_of(n->left->right))
				rotate(a, n->left, 1);
			n = rotate(a, n, 0);
		} else if (rh > lh + 1) {
			if (height_of(n->right->right) < height_of(n->right->left))
				rotate(a, n->right, 0);
			n = rotate(a, n, 1);
		} else {
			update(a, n);
		}
	}
}

static void set_cpus(struct wattle_admit *a, __u32 nr_cpus)
{
	a->nr_cpus = nr_cpus < 1 ? 1 : nr_cpus > CPUS_MAX ? CPUS_MAX : nr_cpus;
	a->horizon = SPAN_MAX / a->nr_cpus;
	a->at_ns = 0;
	a->at_seq = 0;
}

void wattle_admit_init(struct wattle_admit *a, __u32 nr_cpus)
{
	a->root = NULL;
	a->count = 0;
	a->stale = 0;
	a->pad = 0;
	set_cpus(a, nr_cpus);
}

void wattle_admit_set_cpus(struct wattle_admit *a, __u32 nr_cpus)
{
	__u32 before = a->nr_cpus;

	if (nr_cpus == before)
		return;
	set_cpus(a, nr_cpus);
	if (a->nr_cpus != before)
		a->stale = !!a->root;
}

/* The first node at or after (@deadline_ns, @seq). */
static struct wattle_admit_node *first_from(const struct wattle_admit *a, __u64 deadline_ns,
					    __u64 seq)
{
	struct wattle_admit_node *n = a->root, *found = NULL;

	while (n) {
		if (n->deadline_ns < deadline_ns ||
		    (n->deadline_ns == deadline_ns && n->seq < seq)) {
			n = n->right;
		} else {
			found = n;
			n = n->left;
		}
	}
	return found;
}

static struct wattle_admit_node *next_of(struct wattle_admit_node *n)
{
	if (n->right) {
		for (n = n->right; n->left; )
			n = n->left;
		return n;
	}
	while (n->parent && n->parent->right == n)
		n = n->parent;
	return n->parent;
}

/*
 * In the order of the tree; the place is kept as a key, so that nodes may come
 * and go in between. True after each step: a subtree without a node that is still
 * to come is settled. For the last node of a subtree climbs to its top, and who
 * comes or goes updates all its ancestors, from below.
 */
int wattle_admit_settle(struct wattle_admit *a, __u32 max)
{
	struct wattle_admit_node *n, *next;

	if (!a->stale)
		return 0;
	for (n = first_from(a, a->at_ns, a->at_seq); n && max--; n = next) {
		next = next_of(n);
		a->at_ns = n->deadline_ns;
		a->at_seq = n->seq + 1;
		n->due = min_s64(ticks_down(n->deadline_ns), a->horizon);
		if (n->right)
			continue;
		update(a, n);
		while (n->parent && n->parent->right == n) {
			n = n->parent;
			update(a, n);
		}
	}
	a->stale = !!n;
	return a->stale;
}

void wattle_admit_add(struct wattle_admit *a, struct wattle_admit_node *n,
		      const struct wattle_admit_ask *ask, enum wattle_admit_kind kind, __u64 seq)
{
	struct wattle_admit_node **link = &a->root, *parent = NULL;
	__u64 start = wattle_sat_add(ask->release_ns, ask->blocking_ns);

	n->left = NULL;
	n->right = NULL;
	n->kind = kind;
	n->deadline_ns = ask->deadline_ns;
	n->seq = seq;
	n->due = min_s64(ticks_down(ask->deadline_ns), a->horizon);
	n->need = min_s64(ticks_up(ask->need_ns), NEED_MAX);
	n->delay = max_s64(n->due - ticks_up(start), -a->horizon);
	while (*link) {
		parent = *link;
		if (n->deadline_ns < parent->deadline_ns ||
		    (n->deadline_ns == parent->deadline_ns && n->seq < parent->seq))
			link = &parent->left;
		else
			link = &parent->right;
	}
	*link = n;
	n->parent = parent;
	update(a, n);
	rebalance(a, parent);
	a->count++;
}

void wattle_admit_sub(struct wattle_admit *a, struct wattle_admit_node *n)
{
	struct wattle_admit_node *from;

	if (!n->height)
		return;
	if (n->left && n->right) {
		struct wattle_admit_node *next = n->right;

		while (next->left)
			next = next->left;
		from = next->parent == n ? next : next->parent;
		replace(a, next->parent, next, next->right);
		next->left = n->left;
		next->right = n->right;
		if (next->left)
			next->left->parent = next;
		if (next->right)
			next->right->parent = next;
		replace(a, n->parent, n, next);
	} else {
		from = n->parent;
		replace(a, from, n, n->left ? n->left : n->right);
	}
	n->height = 0;
	rebalance(a, from);
	a->count--;
}

/* What must hold of a node behind a newcomer. */
struct limit {
	__s64	slack;
	__s64	slack_delayed;
};

static inline int violated(const struct limit *lim, __s64 slack, __s64 slack_delayed)
{
	return (slack != NONE && slack < lim->slack) ||
	       (slack_delayed != NONE && slack_delayed < lim->slack_delayed);
}

/* The last promise that @lim breaks; a newcomer must queue behind it. NULL if none. */
static const struct wattle_admit_node *last_violated(const struct wattle_admit *a,
						     const struct limit *lim)
{
	const struct wattle_admit_node *n = a->root;
	__s64 acc = 0;

	if (!n || !violated(lim, n->slack, n->slack_delayed))
		return NULL;
	while (n) {
		__s64 upto = min_s64(acc + sum_of(n->left) + n->need, SUM_MAX);
		const struct wattle_admit_node *r = n->right;

		if (r && violated(lim, shifted(r->slack, upto),
				  shifted(r->slack_delayed, upto))) {
			acc = upto;
			n = r;
			continue;
		}
		if ((n->kind == WATTLE_ADMIT_PROMISED &&
		     own_slack(a, n->due, n->need) - upto < lim->slack) ||
		    (n->kind == WATTLE_ADMIT_DELAYED &&
		     own_slack(a, n->delay, n->need) - upto < lim->slack_delayed))
			return n;
		n = n->left;
	}
	return NULL;
}

/* The node due last, NULL if there is none. */
static const struct wattle_admit_node *last_of(const struct wattle_admit *a)
{
	const struct wattle_admit_node *n = a->root;

	while (n && n->right)
		n = n->right;
	return n;
}

/* Needs of all that goes before a newcomer due at @deadline_ns. */
static __s64 demand_by(const struct wattle_admit *a, __u64 deadline_ns)
{
	const struct wattle_admit_node *n = a->root;
	__s64 acc = 0;

	while (n) {
		if (n->deadline_ns <= deadline_ns) {
			acc = min_s64(acc + sum_of(n->left) + n->need, SUM_MAX);
			n = n->right;
		} else {
			n = n->left;
		}
	}
	return acc;
}

static const struct wattle_admit_node *prev_of(const struct wattle_admit_node *n)
{
	if (n->left) {
		for (n = n->left; n->right; )
			n = n->right;
		return n;
	}
	while (n->parent && n->parent->left == n)
		n = n->parent;
	return n->parent;
}

/*
 * First node due after @low_ns whose gap is at least @k: it ends the first
 * interval that can take the newcomer. @before: needs before that node. NULL:
 * only the time after the last deadline is left.
 */
static const struct wattle_admit_node *first_gap(const struct wattle_admit *a, __s64 k,
						 __u64 low_ns, __s64 *before)
{
	const struct wattle_admit_node *n = a->root, *from = NULL;
	__s64 acc = 0, from_acc = 0;

	/* Left-most subtree (a node with its right side) that is due after low_ns and has one. */
	while (n) {
		__s64 b = min_s64(acc + sum_of(n->left), SUM_MAX);
		__s64 upto = min_s64(b + n->need, SUM_MAX);

		if (n->deadline_ns <= low_ns) {
			acc = upto;
			n = n->right;
			continue;
		}
		if (own_gap(a, n, b) >= k || (n->right && shifted(n->right->gap, upto) >= k)) {
			from = n;
			from_acc = b;
		}
		n = n->left;
	}
	if (!from)
		return NULL;
	n = from;
	*before = from_acc;
	if (own_gap(a, n, from_acc) >= k)
		return n;
	acc = min_s64(from_acc + n->need, SUM_MAX);
	n = n->right;
	while (n) {
		__s64 b = min_s64(acc + sum_of(n->left), SUM_MAX);

		if (n->left && shifted(n->left->gap, acc) >= k) {
			n = n->left;
			continue;
		}
		*before = b;
		if (own_gap(a, n, b) >= k)
			return n;
		acc = min_s64(b + n->need, SUM_MAX);
		n = n->right;
	}
	return NULL;
}

/*
 * Smallest deadline d >= @low_ns with m x tick(d) >= @k + (needs before d).
 * Between two neighbours the needs are constant.
 */
static __u64 earliest_due(const struct wattle_admit *a, __s64 k, __u64 low_ns)
{
	__s64 before = sum_of(a->root);
	const struct wattle_admit_node *n = first_gap(a, k, low_ns, &before);
	__s64 tick;
	__u64 d;

	n = n ? prev_of(n) : last_of(a);
	tick = (k + before + a->nr_cpus - 1) / a->nr_cpus;
	if (tick > a->horizon)
		return 0;
	d = (__u64)tick << TICK_SHIFT;
	if (d < low_ns)
		d = low_ns;
	if (n && d < n->deadline_ns)
		d = n->deadline_ns;
	return d;
}

int wattle_admit_test(const struct wattle_admit *a, const struct wattle_admit_ask *ask,
		      __u64 now_ns, __u64 *earliest_ns)
{
	__s64 m = a->nr_cpus;
	__s64 now = min_s64(ticks_up(now_ns), a->horizon);
	__s64 need = ticks_up(ask->need_ns);
	__s64 due = min_s64(ticks_down(ask->deadline_ns), a->horizon);
	__s64 first = min_s64(ticks_up(ask->first_ns), SPAN_MAX);
	const struct wattle_admit_node *last;
	__s64 base = now, k;
	struct limit lim;
	__u64 low;

	if (earliest_ns)
		*earliest_ns = 0;
	if (need > NEED_MAX)
		return 0;
	if (ask->release_ns > now_ns) {
		base = ticks_up(wattle_sat_add(ask->release_ns, ask->blocking_ns));
		base = min_s64(base, a->horizon);
	}
	k = m * base + m * need + first;
	lim.slack = m * now + first + need;
	lim.slack_delayed = first + need;
	/* What a newcomer would do to promises cannot be told yet: behind them it does nothing. */
	last = a->stale ? last_of(a) : last_violated(a, &lim);
	low = last ? last->deadline_ns : 0;
	if (earliest_ns)
		*earliest_ns = earliest_due(a, k, low > now_ns ? low : wattle_sat_add(now_ns, 1));
	return ask->deadline_ns >= low && m * due >= k + demand_by(a, ask->deadline_ns);
}

__u64 wattle_admit_slack_ns(const struct wattle_admit *a, __u64 first_ns, __u64 now_ns)
{
	__s64 now = min_s64(ticks_up(now_ns), a->horizon);
	__s64 first = min_s64(ticks_up(first_ns), SPAN_MAX), left;

	if (!a->root)
		return WATTLE_U64_MAX;
	if (a->stale || a->root->slack_delayed != NONE)
		return 0;
	if (a->root->slack == NONE)
		return WATTLE_U64_MAX;
	left = a->root->slack - a->nr_cpus * now - first;
	return left > 0 ? (__u64)(left / a->nr_cpus) << TICK_SHIFT : 0;
}
