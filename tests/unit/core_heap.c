// SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause
/* The leftist heap against a sorted array. */
#include "core_world.h"

#define N 3000

static unsigned int check_node(const struct wattle_heap_node *n, unsigned int *count)
{
	unsigned int l, r;

	if (!n)
		return 0;
	(*count)++;
	l = check_node(n->left, count);
	r = check_node(n->right, count);
	assert_true(l >= r);
	assert_int_equal(n->rank, r + 1);
	if (n->left) {
		assert_ptr_equal(n->left->parent, n);
		assert_true(n->left->key > n->key ||
			    (n->left->key == n->key && n->left->tie > n->tie));
	}
	if (n->right) {
		assert_ptr_equal(n->right->parent, n);
		assert_true(n->right->key > n->key ||
			    (n->right->key == n->key && n->right->tie > n->tie));
	}
	return n->rank;
}

static void check(const struct wattle_heap *h)
{
	unsigned int count = 0;

	if (h->root)
		assert_null(h->root->parent);
	check_node(h->root, &count);
	assert_int_equal(count, h->count);
}

static void test_pops_in_order(void **state)
{
	static struct wattle_heap_node n[N];
	struct wattle_heap h;
	uint64_t key = 0, tie = 0;
	int i;

	(void)state;
	world_seed(42);
	wattle_heap_init(&h);
	for (i = 0; i < N; i++)
		wattle_heap_insert(&h, &n[i], world_rng() % 500, i);
	check(&h);
	for (i = 0; i < N; i++) {
		struct wattle_heap_node *f = wattle_heap_first(&h);

		assert_true(f->key > key || (f->key == key && (!i || f->tie > tie)));
		key = f->key;
		tie = f->tie;
		wattle_heap_remove(&h, f);
		assert_int_equal(f->rank, 0);
		if (i % 64 == 0)
			check(&h);
	}
	assert_null(h.root);
	assert_int_equal(h.count, 0);
}

static void test_removes_any(void **state)
{
	static struct wattle_heap_node n[N];
	static char in[N];
	struct wattle_heap h;
	int i, j;

	(void)state;
	world_seed(7);
	wattle_heap_init(&h);
	memset(in, 0, sizeof(in));
	for (i = 0; i < 20000; i++) {
		int k = world_rng() % 200;

		if (in[k])
			wattle_heap_remove(&h, &n[k]);
		else
			wattle_heap_insert(&h, &n[k], world_rng() % 50, i);
		in[k] = !in[k];
		check(&h);
		if (h.count) {
			struct wattle_heap_node *f = wattle_heap_first(&h);

			for (j = 0; j < 200; j++)
				assert_true(!in[j] || &n[j] == f || f->key < n[j].key ||
					    (f->key == n[j].key && f->tie < n[j].tie));
		}
	}
}

/* Ascending and descending input build the worst shapes; both must stay cheap and right. */
static void test_sorted_input(void **state)
{
	static struct wattle_heap_node n[N];
	struct wattle_heap h;
	int i, dir;

	(void)state;
	for (dir = 0; dir < 2; dir++) {
		wattle_heap_init(&h);
		for (i = 0; i < N; i++)
			wattle_heap_insert(&h, &n[i], dir ? N - i : i, i);
		check(&h);
		for (i = 0; i < N; i += 3)
			wattle_heap_remove(&h, &n[i]);
		check(&h);
		assert_int_equal(h.count, N - (N + 2) / 3);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_pops_in_order),
		cmocka_unit_test(test_removes_any),
		cmocka_unit_test(test_sorted_input),
	};

	return cmocka_run_group_tests_name("core heap", tests, NULL, NULL);
}
