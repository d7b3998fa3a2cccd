// SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause
/* Training: the room that partial sums and copies take, and that it changes no result. */
#include "ml/data/memory.h"
#include "ml/train/train.h"
#include "train_help.h"

/* Parts so large that they are merged by batches: the same sum as one by one. */
static void test_merge_in_slices(void **state)
{
	struct wattle_dataset d;
	struct wattle_ml_error e;
	double *w, *g[2], *gb[2], loss[2];
	struct wattle_objective o;
	struct rig rig;
	size_t len, i;

	(void)state;
	data_make(&d, 40000, 300, 8, WATTLE_U8, 0, 12);
	len = 8 * 300;
	w = calloc(len + 8, sizeof(*w));
	for (i = 0; i < 2; i++) {
		g[i] = calloc(len, sizeof(double));
		gb[i] = calloc(8, sizeof(double));
	}
	for (i = 0; i < len; i++)
		w[i] = 1e-4 * (double)(i % 17);
	for (i = 0; i < 2; i++) {
		rig_open(&rig, i ? 3 : 1);
		assert_ok(wattle_objective__init(&o, &d, NULL, 8, rig.pool, rig.queue, 40, &e), e);
		assert_true(o.nr_slots * o.part >= (size_t)1 << 21);
		assert_ok(wattle_objective__eval(&o, WATTLE_LINK_SOFTMAX, w, w + len, &loss[i],
						 g[i], gb[i], &e), e);
		assert_true(o.run.batches > o.nr_blocks);
		wattle_objective__free(&o);
		rig_close(&rig);
	}
	assert_memory_equal(g[0], g[1], len * sizeof(double));
	assert_memory_equal(gb[0], gb[1], 8 * sizeof(double));
	assert_memory_equal(&loss[0], &loss[1], sizeof(double));

	/* And it is the sum: against fp64 throughout. */
	{
		double *ref = calloc(len + 8, sizeof(double));

		assert_true(fabs(ref_loss(&d, NULL, WATTLE_LINK_SOFTMAX, 0, w, ref) - loss[0]) <
			    1e-5);
		for (i = 0; i < len; i++)
			assert_true(fabs(ref[i] - g[0][i]) <= 2e-5 * (1 + fabs(ref[i])));
		free(ref);
	}
	for (i = 0; i < 2; i++) {
		free(g[i]);
		free(gb[i]);
	}
	free(w);
	wattle_dataset__free(&d);
}

/*
 * With room for a few blocks at a time, or one, the sum is the same to the bit; with room for
 * none it is refused. However small the blocks, room is bounded.
 */
static void test_slots(void **state)
{
	enum { CLASSES = 12, COLS = 900, LEN = CLASSES * COLS };
	const size_t each = (size_t)(CLASSES * 913 + 1) * sizeof(double);
	double *w, *g[2], gb[2][CLASSES], loss[2];
	struct wattle_objective o;
	struct wattle_ml_error e;
	struct wattle_dataset d;
	size_t slots = 0, i, j;
	struct rig rig;

	(void)state;
	data_make(&d, 2000, COLS, CLASSES, WATTLE_U8, 0, 14);
	w = calloc(LEN + CLASSES, sizeof(*w));
	for (i = 0; i < LEN; i++)
		w[i] = 1e-4 * (double)(i % 13);
	for (i = 0; i < 2; i++)
		g[i] = calloc(LEN, sizeof(double));
	rig_open(&rig, 3);
	for (i = 0; i < 4; i++) {
		/* Unlimited, some, one, none. */
		static const double room[] = { 0, 13.2, 3.5, 1 };

		if (i)
			wattle_memory__set_limit((uint64_t)(room[i] * (double)each) +
						 3 * wattle_kernels__scratch_size(COLS, CLASSES));
		if (i == 3) {
			assert_int_equal(wattle_objective__init(&o, &d, NULL, CLASSES, rig.pool,
								rig.queue, 1, &e), -ENOMEM);
			assert_message(e, "12 outputs on 900 features with 3 workers needs");
			break;
		}
		assert_ok(wattle_objective__init(&o, &d, NULL, CLASSES, rig.pool, rig.queue, 1, &e),
			  e);
		assert_int_equal(o.nr_blocks, 2000);
		if (i)
			assert_true(o.nr_slots < slots);
		else
			assert_true(o.nr_slots * each <= 64u << 20);
		slots = o.nr_slots;
		assert_ok(wattle_objective__eval(&o, WATTLE_LINK_SOFTMAX, w, w + LEN, &loss[!!i],
						 g[!!i], gb[!!i], &e), e);
		assert_true(o.run.batches >= 2000);
		wattle_objective__free(&o);
		for (j = 0; i && j < LEN; j++)
			assert_true(g[0][j] == g[1][j]);
		if (i) {
			assert_memory_equal(gb[0], gb[1], sizeof(gb[0]));
			assert_true(loss[0] == loss[1]);
		}
	}
	assert_int_equal(slots, 1);
	wattle_memory__set_limit(0);
	rig_close(&rig);
	for (i = 0; i < 2; i++)
		free(g[i]);
	free(w);
	wattle_dataset__free(&d);
}

/* The standardised copy is asked for before it is made. */
static void test_copy_room(void **state)
{
	struct wattle_train_opts o = train_defaults;
	struct wattle_dataset d;

	(void)state;
	data_make(&d, 20000, 64, 2, WATTLE_F32, 1000, 15);
	wattle_memory__set_limit(4 << 20);
	train_fails(&d, &o, -ENOMEM, "a standardised copy of the data: 20000 rows x 64 columns");
	wattle_memory__set_limit(0);
	wattle_dataset__free(&d);
}

/* What the partial sums take leaves room for the copy, and what the copy takes is not theirs. */
static void test_sums_beside_copy(void **state)
{
	enum { CLASSES = 12, COLS = 900 };
	const size_t each = (size_t)(CLASSES * 913 + 1) * sizeof(double);
	const size_t scratch = 3 * wattle_kernels__scratch_size(COLS, CLASSES);
	struct wattle_scaler s = { 0 };
	struct wattle_objective o;
	struct wattle_ml_error e;
	struct wattle_dataset d;
	uint64_t limit;
	size_t copy;
	struct rig rig;

	(void)state;
	data_make(&d, 2000, COLS, CLASSES, WATTLE_F32, 1000, 16);
	copy = d.x.rows * d.x.stride * sizeof(float);
	assert_int_equal(wattle_scaler__fit(&s, &d.x), 0);
	rig_open(&rig, 3);
	limit = copy + scratch + 13 * each;
	wattle_memory__set_limit(limit);
	assert_ok(wattle_objective__init(&o, &d, &s, CLASSES, rig.pool, rig.queue, 1, &e), e);
	assert_non_null(o.copy.data);
	assert_true(o.nr_slots > 1);
	assert_true(copy + scratch + (o.nr_slots + 1) * o.part * sizeof(double) <= limit);
	wattle_objective__free(&o);
	/* No room for a single sum beside it. */
	wattle_memory__set_limit(copy + scratch + each);
	assert_int_equal(wattle_objective__init(&o, &d, &s, CLASSES, rig.pool, rig.queue, 1, &e),
			 -ENOMEM);
	assert_message(e, "training 12 outputs on 900 features");
	wattle_memory__set_limit(0);
	rig_close(&rig);
	wattle_scaler__free(&s);
	wattle_dataset__free(&d);
}

/* A block of more rows than there are is one of all rows, however many more. */
static void test_huge_block(void **state)
{
	static const size_t rows[] = { 401, SIZE_MAX / 2, SIZE_MAX - 100, SIZE_MAX };
	double w[8] = { 0 }, g[8], gb[1], loss;
	struct wattle_objective o;
	struct wattle_ml_error e;
	struct wattle_dataset d;
	struct rig rig;

	(void)state;
	data_make(&d, 400, 7, 2, WATTLE_U8, 0, 17);
	rig_open(&rig, 2);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		assert_ok(wattle_objective__init(&o, &d, NULL, 1, rig.pool, rig.queue, rows[i], &e),
			  e);
		assert_int_equal(o.nr_blocks, 1);
		assert_int_equal(o.block_rows, 400);
		assert_ok(wattle_objective__eval(&o, WATTLE_LINK_LOGISTIC, w, w + 7, &loss, g, gb,
						 &e), e);
		assert_true(fabs(loss - log(2)) < 1e-6);
		wattle_objective__free(&o);
	}
	rig_close(&rig);
	wattle_dataset__free(&d);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_merge_in_slices),
		cmocka_unit_test(test_slots),
		cmocka_unit_test(test_copy_room),
		cmocka_unit_test(test_sums_beside_copy),
		cmocka_unit_test(test_huge_block),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
