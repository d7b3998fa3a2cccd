// SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause
#include <math.h>

#include "ml_help.h"

/* Row r holds r; labels repeat as @counts says, interleaved. */
static void make(struct wattle_dataset *d, const size_t *counts, uint32_t nr_classes,
		 uint32_t dtype)
{
	static char *names[] = { "a", "b", "c", "d" };
	size_t rows = 0, left[4], r = 0;

	memset(d, 0, sizeof(*d));
	for (uint32_t k = 0; k < nr_classes; k++) {
		left[k] = counts[k];
		rows += counts[k];
	}
	assert_int_equal(wattle_matrix__alloc(&d->x, rows, 3, dtype), 0);
	d->labels = calloc(rows, sizeof(*d->labels));
	d->nr_classes = nr_classes;
	d->class_names = calloc(nr_classes, sizeof(char *));
	for (uint32_t k = 0; k < nr_classes; k++)
		d->class_names[k] = strdup(names[k]);
	while (r < rows) {
		for (uint32_t k = 0; k < nr_classes; k++) {
			if (!left[k])
				continue;
			left[k]--;
			d->labels[r] = k;
			if (dtype == WATTLE_F32)
				((float *)d->x.data)[r * d->x.stride] = (float)r;
			else
				((uint8_t *)d->x.data)[r * d->x.stride] = (uint8_t)r;
			r++;
		}
	}
}

static size_t id(const struct wattle_matrix *x, size_t r)
{
	return x->dtype == WATTLE_F32 ? (size_t)((float *)x->data)[r * x->stride] :
					((uint8_t *)x->data)[r * x->stride];
}

/* Every row in one part, order kept, label kept, the right number of each class. */
static void check_parts(const struct wattle_dataset *d, const struct wattle_dataset *train,
			const struct wattle_dataset *test, double share)
{
	const struct wattle_dataset *parts[] = { train, test };
	uint8_t *seen = calloc(d->x.rows, 1);
	size_t n[4] = { 0 }, k[4] = { 0 };

	assert_int_equal(train->x.rows + test->x.rows, d->x.rows);
	for (int p = 0; p < 2; p++) {
		size_t last = 0;

		assert_int_equal(parts[p]->x.cols, d->x.cols);
		assert_int_equal(parts[p]->nr_classes, d->nr_classes);
		for (size_t r = 0; r < parts[p]->x.rows; r++) {
			size_t row = id(&parts[p]->x, r);

			assert_true(row < d->x.rows);
			assert_false(seen[row]);
			seen[row] = 1;
			assert_true(!r || row > last);
			last = row;
			assert_int_equal(parts[p]->labels[r], d->labels[row]);
			n[d->labels[row]]++;
			k[d->labels[row]] += p;
		}
		for (uint32_t c = 0; c < d->nr_classes; c++)
			assert_string_equal(parts[p]->class_names[c], d->class_names[c]);
	}
	for (uint32_t c = 0; c < d->nr_classes; c++) {
		double want = floor(share * (double)n[c] + 0.5);

		want = fmin(fmax(want, 1), (double)n[c] - 1);
		assert_true((double)k[c] == want);
	}
	free(seen);
}

static void test_shares(void **state)
{
	static const double shares[] = { 1e-9, 0.1, 0.2, 0.25, 0.5, 0.9, 0.999999 };
	static const size_t counts[] = { 2, 7, 100, 31 };
	struct wattle_dataset d, train, test;
	struct wattle_ml_error e;

	(void)state;
	for (uint32_t dtype = WATTLE_F32; dtype <= WATTLE_U8; dtype++) {
		make(&d, counts, 4, dtype);
		for (size_t i = 0; i < ARRAY_SIZE(shares); i++) {
			for (uint64_t seed = 0; seed < 20; seed++) {
				assert_ok(wattle_dataset__split(&d, shares[i], seed, &train, &test,
								&e), e);
				check_parts(&d, &train, &test, shares[i]);
				wattle_dataset__free(&train);
				wattle_dataset__free(&test);
			}
		}
		wattle_dataset__free(&d);
	}
}

static void test_seed(void **state)
{
	static const size_t counts[] = { 50, 50 };
	struct wattle_dataset d, train[2], test[2];
	struct wattle_ml_error e;
	size_t bytes;

	(void)state;
	make(&d, counts, 2, WATTLE_F32);
	for (uint64_t other = 0; other < 2; other++) {
		assert_ok(wattle_dataset__split(&d, 0.3, 42, &train[0], &test[0], &e), e);
		assert_ok(wattle_dataset__split(&d, 0.3, 42 + other, &train[1], &test[1], &e), e);
		/* The same seed the same rows; another one, others. */
		bytes = test[0].x.rows * test[0].x.stride * sizeof(float);
		assert_int_equal(!memcmp(test[0].x.data, test[1].x.data, bytes), !other);
		for (int i = 0; i < 2; i++) {
			wattle_dataset__free(&train[i]);
			wattle_dataset__free(&test[i]);
		}
	}
	wattle_dataset__free(&d);
}

/* Every row is drawn about equally often: 2000 draws of 10 in 40, 500 each, sigma 19. */
static void test_fair(void **state)
{
	static const size_t counts[] = { 40, 40 };
	struct wattle_dataset d, train, test;
	struct wattle_ml_error e;
	size_t hits[80] = { 0 };

	(void)state;
	make(&d, counts, 2, WATTLE_F32);
	for (uint64_t seed = 0; seed < 2000; seed++) {
		assert_ok(wattle_dataset__split(&d, 0.25, seed, &train, &test, &e), e);
		for (size_t r = 0; r < test.x.rows; r++)
			hits[id(&test.x, r)]++;
		wattle_dataset__free(&train);
		wattle_dataset__free(&test);
	}
	for (size_t i = 0; i < 80; i++)
		assert_in_range(hits[i], 400, 600);
	wattle_dataset__free(&d);
}

static void test_refused(void **state)
{
	static const double bad[] = { 0, 1, -0.5, 1.5, NAN, INFINITY };
	static const size_t counts[] = { 5, 1, 3 };
	struct wattle_dataset d, train, test, zero = { 0 };
	struct wattle_ml_error e;

	(void)state;
	make(&d, counts, 3, WATTLE_F32);
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		assert_int_equal(wattle_dataset__split(&d, bad[i], 1, &train, &test, &e), -EINVAL);
		assert_message(e, "between 0 and 1");
	}
	assert_int_equal(wattle_dataset__split(&d, 0.5, 1, &train, &test, &e), -EINVAL);
	assert_message(e, "class 'b' has a single sample (number 2)");
	assert_memory_equal(&train, &zero, sizeof(zero));
	assert_memory_equal(&test, &zero, sizeof(zero));
	d.labels[1] = 3;
	assert_int_equal(wattle_dataset__split(&d, 0.5, 1, &train, &test, &e), -EINVAL);
	assert_message(e, "class index 3, with 3 classes");
	free(d.labels);
	d.labels = NULL;
	assert_int_equal(wattle_dataset__split(&d, 0.5, 1, &train, &test, &e), -EINVAL);
	assert_message(e, "needs labels");
	wattle_dataset__free(&d);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_shares),
		cmocka_unit_test(test_seed),
		cmocka_unit_test(test_fair),
		cmocka_unit_test(test_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
