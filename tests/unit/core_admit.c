// SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause
/*
 * The ledger against the exact test: for every batch, in nanoseconds, over a
 * plain array. It must never admit what that refuses, and refuse what that
 * admits only when rounding could tell the difference.
 */
#include "core_world.h"

#define N	64
#define TICK	1024ULL

struct entry {
	struct wattle_admit_node	n;
	struct wattle_admit_ask		ask;
	enum wattle_admit_kind		kind;
	uint64_t			seq;
	int				in;
};

static struct entry entries[N];

typedef __int128 wide;

static int goes_before(const struct entry *a, const struct entry *b)
{
	if (a->ask.deadline_ns != b->ask.deadline_ns)
		return a->ask.deadline_ns < b->ask.deadline_ns;
	return a->seq < b->seq;
}

/* Graham's bound for @e with all of @entries and @extra: does it hold with @slop to spare? */
static int holds(const struct entry *e, const struct entry *extra, wide first, unsigned int m,
		 uint64_t now, wide slop)
{
	wide before = first, start = now;
	int i;

	for (i = 0; i < N; i++) {
		const struct entry *o = &entries[i];

		if (o->in && o != e && goes_before(o, e))
			before += o->ask.need_ns;
	}
	if (extra != e && goes_before(extra, e))
		before += extra->ask.need_ns;
	if (e->kind == WATTLE_ADMIT_DELAYED)
		start = (wide)e->ask.release_ns + e->ask.blocking_ns;
	return before + m * (start + e->ask.need_ns) + slop <= (wide)m * e->ask.deadline_ns;
}

/* May @x come in without breaking its own promise or one behind it? */
static int exact(const struct entry *x, wide first, unsigned int m, uint64_t now, wide slop)
{
	int i;

	if (!holds(x, x, first, m, now, slop))
		return 0;
	for (i = 0; i < N; i++) {
		const struct entry *o = &entries[i];

		if (o->in && o->kind != WATTLE_ADMIT_DEMAND &&
		    goes_before(x, o) &&
		    !holds(o, x, first, m, now, slop))
			return 0;
	}
	return 1;
}

static void check_tree(const struct wattle_admit_node *n, unsigned int *count)
{
	unsigned int l, r;

	if (!n)
		return;
	(*count)++;
	check_tree(n->left, count);
	check_tree(n->right, count);
	l = n->left ? n->left->height : 0;
	r = n->right ? n->right->height : 0;
	assert_int_equal(n->height, (l > r ? l : r) + 1);
	assert_true(l <= r + 1 && r <= l + 1);
	assert_int_equal(n->sum, n->need + (n->left ? n->left->sum : 0) +
			 (n->right ? n->right->sum : 0));
	assert_true(!n->left || (n->left->parent == n && n->left->due <= n->due));
	assert_true(!n->right || (n->right->parent == n && n->right->due >= n->due));
}

static void make_ask(struct entry *e, uint64_t now)
{
	uint64_t span = (world_rng() % 8 + 1) * 10 * MS;

	memset(e, 0, sizeof(*e));
	e->ask.need_ns = world_rng() % (4 * MS) + 1;
	e->ask.deadline_ns = now + world_rng() % span;
	/* Ties must be common, or nobody tests them. */
	if (world_rng() % 3 == 0)
		e->ask.deadline_ns -= e->ask.deadline_ns % (5 * MS);
	e->kind = WATTLE_ADMIT_PROMISED;
	if (world_rng() % 4 == 0) {
		e->ask.release_ns = now + 1 + world_rng() % span / 2;
		e->ask.blocking_ns = world_rng() % (2 * MS);
		e->kind = WATTLE_ADMIT_DELAYED;
	}
}

/* With @hotplug the number of CPUs changes now and then, and is taken in step by step. */
static void run_property(unsigned int m, uint64_t seed, uint64_t start, int hotplug)
{
	unsigned int admitted = 0, refused = 0, rounded = 0, stale = 0, count, step;
	struct wattle_admit a;
	uint64_t now = start;

	world_seed(seed);
	memset(entries, 0, sizeof(entries));
	wattle_admit_init(&a, m);
	for (step = 0; step < 20000; step++) {
		struct entry *e = &entries[world_rng() % N];
		uint64_t first = world_rng() % 2 ? 0 : world_rng() % (8 * MS);
		__u64 earliest, again;
		wide slop;
		int yes;

		if (hotplug && world_rng() % 50 == 0) {
			m = 1U << world_rng() % 5;
			wattle_admit_set_cpus(&a, m);
		}
		wattle_admit_settle(&a, world_rng() % 4);
		stale += !!a.stale;
		if (e->in) {
			wattle_admit_sub(&a, &e->n);
			e->in = 0;
			now += world_rng() % (400 * 1000);
			continue;
		}
		make_ask(e, now);
		e->ask.first_ns = first;
		e->seq = step;
		yes = wattle_admit_test(&a, &e->ask, now, &earliest);
		/* Safe: in exact arithmetic, with what is promised already. */
		if (yes)
			assert_true(exact(e, first, m, now, 0));
		/* Tight: one tick a batch, a few for the four roundings of one test on m CPUs. */
		slop = (wide)(a.count + 2 + 5 * m) * TICK;
		if (!yes && !a.stale && exact(e, first, m, now, slop))
			fail_msg("refused with %llu ns to spare", (unsigned long long)slop);
		rounded += !yes && exact(e, first, m, now, 0);

		/* earliest is the first deadline that is admitted, to the nanosecond. */
		if (earliest) {
			struct wattle_admit_ask b = e->ask;

			b.deadline_ns = earliest;
			assert_int_equal(wattle_admit_test(&a, &b, now, &again), 1);
			assert_int_equal(again, earliest);
			if (yes)
				assert_true(earliest <= e->ask.deadline_ns);
			/* Nothing before it is: look at the ticks just before and some others. */
			for (count = 1; count <= 20; count++) {
				__u64 back = count <= 4 ? 1 + (count - 1) * TICK :
							  world_rng() % (20 * MS) + 1;

				if (back > earliest - now)
					continue;
				b.deadline_ns = earliest - back;
				if (b.deadline_ns <= now)
					continue;
				assert_int_equal(wattle_admit_test(&a, &b, now, NULL), 0);
			}
		}
		if (!yes)
			refused++;
		else
			admitted++;
		if (!yes && world_rng() % 4)
			continue;
		if (!yes)
			e->kind = WATTLE_ADMIT_DEMAND;
		/* Demand without promise goes where it breaks none. */
		if (!yes && earliest)
			e->ask.deadline_ns = earliest;
		else if (!yes)
			continue;
		wattle_admit_add(&a, &e->n, &e->ask, e->kind, e->seq);
		e->in = 1;
		if (step % 50 == 0) {
			count = 0;
			check_tree(a.root, &count);
			assert_int_equal(count, a.count);
		}
	}
	assert_true(admitted > 1000 && refused > 500);
	assert_true(hotplug ? stale > 1000 && stale < 15000 : !stale);
	print_message("m = %u: %u admitted, %u refused, %u of them by rounding\n", m, admitted,
		      refused, rounded);
}

static void test_property(void **state)
{
	(void)state;
	run_property(1, 1, 1000 * SEC, 0);
	run_property(2, 2, 1000 * SEC, 0);
	run_property(4, 3, 1000 * SEC, 0);
	run_property(16, 4, 1000 * SEC, 0);
	run_property(4, 5, 0x3fffffffffffffULL, 0);	/* 208 days up */
	run_property(4, 6, 1000 * SEC, 1);
}

/* sub() undoes add() exactly: the same answers before and after. */
static void test_sub_undoes_add(void **state)
{
	struct wattle_admit a;
	struct entry probe;
	int i, j;

	(void)state;
	world_seed(77);
	memset(entries, 0, sizeof(entries));
	wattle_admit_init(&a, 3);
	for (i = 0; i < N / 2; i++) {
		make_ask(&entries[i], SEC);
		wattle_admit_add(&a, &entries[i].n, &entries[i].ask, WATTLE_ADMIT_DEMAND, i);
	}
	for (i = 0; i < 500; i++) {
		__u64 before, after;
		__s64 sum = a.root->sum;
		int x, y;

		make_ask(&probe, SEC);
		x = wattle_admit_test(&a, &probe.ask, SEC, &before);
		for (j = N / 2; j < N; j++) {
			make_ask(&entries[j], SEC);
			wattle_admit_add(&a, &entries[j].n, &entries[j].ask,
					 entries[j].kind, j);
		}
		for (j = N - 1; j >= N / 2; j--)
			wattle_admit_sub(&a, &entries[j].n);
		y = wattle_admit_test(&a, &probe.ask, SEC, &after);
		assert_int_equal(x, y);
		assert_int_equal(before, after);
		assert_int_equal(a.root->sum, sum);
	}
	/* A second sub of the same node is harmless. */
	wattle_admit_sub(&a, &entries[N - 1].n);
	assert_int_equal(a.count, N / 2);
}

static void test_cpus_change(void **state)
{
	struct wattle_admit_ask ask = { .need_ns = 10 * MS, .deadline_ns = SEC + 25 * MS };
	struct wattle_admit_node n[8];
	struct wattle_admit a;
	int i;

	(void)state;
	wattle_admit_init(&a, 4);
	for (i = 0; i < 4; i++) {
		n[i].height = 0;
		assert_int_equal(wattle_admit_test(&a, &ask, SEC, NULL), 1);
		wattle_admit_add(&a, &n[i], &ask, WATTLE_ADMIT_PROMISED, i);
	}
	/* 40 ms of work in 25 ms: four CPUs can, and a fifth batch would fit, */
	assert_int_equal(wattle_admit_test(&a, &ask, SEC, NULL), 1);
	/* one CPU cannot take more, */
	wattle_admit_set_cpus(&a, 1);
	assert_int_equal(wattle_admit_settle(&a, 1), 1);
	assert_int_equal(wattle_admit_test(&a, &ask, SEC, NULL), 0);
	assert_int_equal(wattle_admit_settle(&a, 4), 0);
	assert_int_equal(wattle_admit_test(&a, &ask, SEC, NULL), 0);
	/* and back, as before. */
	wattle_admit_set_cpus(&a, 4);
	assert_int_equal(wattle_admit_settle(&a, 4), 0);
	assert_int_equal(wattle_admit_test(&a, &ask, SEC, NULL), 1);
	i = 0;
	check_tree(a.root, (unsigned int *)&i);
	assert_int_equal(i, 4);
}

static void test_limits_of_range(void **state)
{
	struct wattle_admit_node n[3] = { { 0 } };
	struct wattle_admit_ask ask = { .need_ns = ~0ULL, .deadline_ns = ~0ULL };
	struct wattle_admit a;
	__u64 earliest = 1;
	int i;

	(void)state;
	wattle_admit_init(&a, 65536);
	assert_int_equal(wattle_admit_test(&a, &ask, 0, &earliest), 0);
	assert_int_equal(earliest, 0);
	/* Demands too large for the ledger fill it rather than wrap. */
	for (i = 0; i < 3; i++)
		wattle_admit_add(&a, &n[i], &ask, WATTLE_ADMIT_PROMISED, i);
	ask.need_ns = 1;
	ask.deadline_ns = 100;
	ask.first_ns = ~0ULL;
	assert_int_equal(wattle_admit_test(&a, &ask, ~0ULL, &earliest), 0);
	ask.release_ns = ~0ULL;
	ask.blocking_ns = ~0ULL;
	assert_int_equal(wattle_admit_test(&a, &ask, 0, &earliest), 0);
	for (i = 0; i < 3; i++)
		wattle_admit_sub(&a, &n[i]);
	assert_null(a.root);
	/* A deadline beyond the horizon is one at the horizon: fine for little work. */
	memset(&ask, 0, sizeof(ask));
	ask.need_ns = MS;
	ask.deadline_ns = ~0ULL;
	assert_int_equal(wattle_admit_test(&a, &ask, SEC, &earliest), 1);
	wattle_admit_init(&a, 0);
	assert_int_equal(a.nr_cpus, 1);
	/* From the farthest horizon to the nearest and back, with something at each end of it. */
	n[0].height = 0;
	wattle_admit_add(&a, &n[0], &ask, WATTLE_ADMIT_PROMISED, 0);
	ask.release_ns = ~0ULL;
	ask.blocking_ns = ~0ULL;
	ask.deadline_ns = 1;
	wattle_admit_add(&a, &n[1], &ask, WATTLE_ADMIT_DELAYED, 1);
	wattle_admit_set_cpus(&a, 65536);
	wattle_admit_add(&a, &n[2], &ask, WATTLE_ADMIT_DELAYED, 2);
	assert_int_equal(wattle_admit_settle(&a, 4), 0);
	assert_true(a.root->slack > 0);
	wattle_admit_set_cpus(&a, 1);
	assert_int_equal(wattle_admit_settle(&a, 4), 0);
}

static void test_need(void **state)
{
	(void)state;
	assert_int_equal(wattle_admit_need_ns(0, 0, 1000000), 0);
	assert_int_equal(wattle_admit_need_ns(5, 0, 0), 0);
	assert_int_equal(wattle_admit_need_ns(5, 7, 0), 0);
	assert_int_equal(wattle_admit_need_ns(0, 7, 0), 7000);
	/* 3,200,000 kcycles at 3.2 GHz is a second. */
	assert_int_equal(wattle_admit_need_ns(3200000, 0, 3200000), SEC);
	assert_int_equal(wattle_admit_need_ns(3200000, 2, 3200000), SEC + 2000);
	/* Rounded up: a third of a kHz-second. */
	assert_int_equal(wattle_admit_need_ns(1, 0, 3), 333333334);
	/* The largest the ABI lets in, at 1 kHz, and beyond it. */
	assert_int_equal(wattle_admit_need_ns((1ULL << 43) - 1, 0, 1), ~0ULL);
	assert_int_equal(wattle_admit_need_ns(0, ~0ULL, 1), ~0ULL);
	assert_int_equal(wattle_admit_need_ns((1ULL << 43) - 1, (1ULL << 32) - 1, 0xffffffffU),
			 ((unsigned __int128)((1ULL << 43) - 1) * SEC + 0xfffffffeU) / 0xffffffffU +
			 ((1ULL << 32) - 1) * 1000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_property),
		cmocka_unit_test(test_sub_undoes_add),
		cmocka_unit_test(test_cpus_change),
		cmocka_unit_test(test_limits_of_range),
		cmocka_unit_test(test_need),
	};

	return cmocka_run_group_tests_name("core admit", tests, NULL, NULL);
}
