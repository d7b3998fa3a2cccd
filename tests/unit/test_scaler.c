// SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause
#include <math.h>

#include "ml_help.h"

#define ROWS	5000
#define COLS	7

/* Columns that break the textbook formula: far from zero, tiny, constant, u8-like. */
static void make(struct wattle_matrix *x, size_t rows)
{
	uint64_t seed = 5;

	assert_int_equal(wattle_matrix__alloc(x, rows, COLS, WATTLE_F32), 0);
	for (size_t r = 0; r < rows; r++) {
		float *row = (float *)x->data + r * x->stride;
		double u = (double)(rnd(&seed) >> 11) * 0x1p-53;

		row[0] = (float)(1e7 + u * 10);
		row[1] = (float)(u * 1e-20);
		row[2] = 0.1f;
		row[3] = (float)(r % 256);
		row[4] = (float)((u - 0.5) * 1e30);
		row[5] = r ? 16777216.0f : 16777218.0f;
		row[6] = (float)-u;
	}
}

static long double exact(const struct wattle_matrix *x, size_t c, long double *mean)
{
	long double sum = 0, m2 = 0;

	for (size_t r = 0; r < x->rows; r++)
		sum += (long double)((float *)x->data)[r * x->stride + c];
	*mean = sum / (long double)x->rows;
	for (size_t r = 0; r < x->rows; r++) {
		long double dev = (long double)((float *)x->data)[r * x->stride + c] - *mean;

		m2 += dev * dev;
	}
	return sqrtl(m2 / (long double)x->rows);
}

static void close_to(double got, long double want, double rel)
{
	if (!(fabsl(got - want) <= rel * fabsl(want)))
		fail_msg("%.17g instead of %.17Lg", got, want);
}

static void test_exact(void **state)
{
	static const size_t sizes[] = { 1, 2, 3, 100, ROWS };
	struct wattle_scaler s;
	struct wattle_matrix x;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
		make(&x, sizes[i]);
		assert_int_equal(wattle_scaler__fit(&s, &x), 0);
		assert_int_equal(s.cols, COLS);
		for (size_t c = 0; c < COLS; c++) {
			long double mean, sd = exact(&x, c, &mean);

			if (sizes[i] == 1 || c == 2) {
				assert_true(s.scale[c] == 1);
				assert_true(s.mean[c] == (double)((float *)x.data)[c]);
				continue;
			}
			close_to(s.scale[c], sd, 1e-12);
			/* Against the spread: the mean of column 4 is near 0 by chance. */
			assert_true(fabsl(s.mean[c] - mean) <= 1e-12L * (fabsl(mean) + sd));
		}
		wattle_scaler__free(&s);
		wattle_matrix__free(&x);
	}
}

/* Against NumPy in double precision on the same floats. */
static void test_numpy(void **state)
{
	struct wattle_scaler s;
	struct wattle_matrix x;
	char *out, *p;

	(void)state;
	make(&x, ROWS);
	write_file(tmp_path("x.raw"), x.data, x.rows * x.stride * sizeof(float));
	out = run_numpy("import numpy as np\n"
			"x = np.fromfile('%s', '<f4').reshape(%d, %zu)[:, :%d].astype('f8')\n"
			"for c in range(%d):\n"
			"    print(repr(float(x[:, c].mean())), repr(float(x[:, c].std())))\n",
			tmp_path("x.raw"), ROWS, x.stride, COLS, COLS);
	if (!out) {
		wattle_matrix__free(&x);
		skip_because("/usr/bin/python3 has no numpy");
	}
	assert_int_equal(wattle_scaler__fit(&s, &x), 0);
	p = out;
	for (size_t c = 0; c < COLS; c++) {
		double mean = strtod(p, &p), sd = strtod(p, &p);

		assert_true(fabs(s.mean[c] - mean) <= 1e-12 * (fabs(mean) + sd));
		if (c != 2)
			close_to(s.scale[c], sd, 1e-9);
	}
	free(out);
	wattle_scaler__free(&s);
	wattle_matrix__free(&x);
}

/* Where 1 / scale is no float any more, a column counts as constant; just above, it does not. */
static void test_tiny(void **state)
{
	struct wattle_scaler s;
	struct wattle_matrix x;

	(void)state;
	assert_int_equal(wattle_matrix__alloc(&x, 4, 3, WATTLE_F32), 0);
	for (size_t r = 0; r < 4; r++) {
		float *row = (float *)x.data + r * x.stride;

		row[0] = r % 2 ? 0x1p-149f : 0;
		row[1] = r % 2 ? 5e-39f : 0;
		row[2] = r % 2 ? 7e-39f : 0;
	}
	assert_int_equal(wattle_scaler__fit(&s, &x), 0);
	assert_true(s.scale[0] == 1 && s.scale[1] == 1);
	close_to(s.scale[2], (long double)7e-39f / 2, 1e-12);
	wattle_scaler__free(&s);
	wattle_matrix__free(&x);
}

static void test_apply(void **state)
{
	struct wattle_scaler s, t;
	struct wattle_matrix x, y;

	(void)state;
	make(&x, ROWS);
	assert_int_equal(wattle_scaler__fit(&s, &x), 0);
	assert_int_equal(wattle_scaler__apply(&s, &x, &y), 0);
	for (size_t r = 0; r < ROWS; r++) {
		for (size_t c = 0; c < y.stride; c++) {
			float v = ((float *)y.data)[r * y.stride + c];
			double from = (double)((float *)x.data)[r * x.stride + c];

			if (c >= COLS)
				assert_true(v == 0);
			else
				assert_true(v == (float)((from - s.mean[c]) / s.scale[c]));
		}
	}
	/* What was scaled has mean 0 and deviation 1, column 0 at 1e7 too. */
	assert_int_equal(wattle_scaler__fit(&t, &y), 0);
	for (size_t c = 0; c < COLS; c++) {
		assert_true(fabs(t.mean[c]) < 1e-6);
		assert_true(c == 2 ? t.scale[c] == 1 : fabs(t.scale[c] - 1) < 1e-6);
	}
	wattle_scaler__free(&t);
	wattle_matrix__free(&y);
	x.cols--;
	assert_int_equal(wattle_scaler__apply(&s, &x, &y), -EINVAL);
	assert_null(y.data);
	x.cols++;
	wattle_scaler__free(&s);
	wattle_matrix__free(&x);
}

static void test_u8(void **state)
{
	struct wattle_matrix x, f, y, z;
	struct wattle_scaler s, t;
	uint64_t seed = 9;

	(void)state;
	assert_int_equal(wattle_matrix__alloc(&x, 999, 70, WATTLE_U8), 0);
	assert_int_equal(wattle_matrix__alloc(&f, 999, 70, WATTLE_F32), 0);
	for (size_t r = 0; r < 999; r++) {
		for (size_t c = 0; c < 70; c++) {
			uint8_t v = c == 5 ? 200 : (uint8_t)rnd(&seed);

			((uint8_t *)x.data)[r * x.stride + c] = v;
			((float *)f.data)[r * f.stride + c] = v;
		}
	}
	assert_int_equal(wattle_scaler__fit(&s, &x), 0);
	assert_int_equal(wattle_scaler__fit(&t, &f), 0);
	for (size_t c = 0; c < 70; c++) {
		assert_true(fabs(s.mean[c] - t.mean[c]) < 1e-10);
		assert_true(fabs(s.scale[c] - t.scale[c]) < 1e-10);
	}
	assert_true(s.scale[5] == 1 && s.mean[5] == 200);
	assert_int_equal(wattle_scaler__apply(&s, &x, &y), 0);
	assert_int_equal(wattle_scaler__apply(&s, &f, &z), 0);
	assert_int_equal(y.dtype, WATTLE_F32);
	assert_memory_equal(y.data, z.data, 999 * y.stride * sizeof(float));
	wattle_matrix__free(&x);
	wattle_matrix__free(&f);
	wattle_matrix__free(&y);
	wattle_matrix__free(&z);
	wattle_scaler__free(&s);
	wattle_scaler__free(&t);
}

/* More rows than a 32-bit sum of squares holds: 150000 x 255^2 is above 2^33. */
static void test_many_bytes(void **state)
{
	struct wattle_matrix x;
	struct wattle_scaler s;
	size_t rows = 150000;

	(void)state;
	assert_int_equal(wattle_matrix__alloc(&x, rows, 2, WATTLE_U8), 0);
	for (size_t r = 0; r < rows; r++) {
		((uint8_t *)x.data)[r * x.stride] = 255;
		((uint8_t *)x.data)[r * x.stride + 1] = r % 2 ? 255 : 245;
	}
	assert_int_equal(wattle_scaler__fit(&s, &x), 0);
	assert_true(s.mean[0] == 255 && s.scale[0] == 1);
	assert_true(s.mean[1] == 250 && s.scale[1] == 5);
	wattle_scaler__free(&s);
	wattle_matrix__free(&x);
}

static void test_matrix_sizes(void **state)
{
	struct wattle_matrix m;

	(void)state;
	assert_int_equal(wattle_matrix__alloc(&m, 0, 5, WATTLE_F32), -EINVAL);
	assert_int_equal(wattle_matrix__alloc(&m, 5, 0, WATTLE_F32), -EINVAL);
	assert_int_equal(wattle_matrix__alloc(&m, 5, 5, 77), -EINVAL);
	assert_int_equal(wattle_matrix__alloc(&m, SIZE_MAX, 1, WATTLE_U8), -EOVERFLOW);
	assert_int_equal(wattle_matrix__alloc(&m, 1, SIZE_MAX, WATTLE_F32), -EOVERFLOW);
	assert_int_equal(wattle_matrix__alloc(&m, 1, SIZE_MAX - 60, WATTLE_U8), -EOVERFLOW);
	assert_int_equal(wattle_matrix__alloc(&m, (size_t)1 << 33, (size_t)1 << 33, WATTLE_F32),
			 -EOVERFLOW);
	assert_int_equal(wattle_matrix__alloc(&m, (size_t)1 << 30, (size_t)1 << 32, WATTLE_U8),
			 -ENOMEM);
	assert_null(m.data);
	assert_int_equal(wattle_matrix__alloc(&m, 3, 17, WATTLE_F32), 0);
	assert_int_equal(m.stride, 32);
	assert_int_equal((uintptr_t)m.data % 64, 0);
	for (size_t i = 0; i < 96; i++)
		assert_true(((float *)m.data)[i] == 0);
	wattle_matrix__free(&m);
	wattle_matrix__free(NULL);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_exact),
		cmocka_unit_test(test_numpy),
		cmocka_unit_test(test_apply),
		cmocka_unit_test(test_tiny),
		cmocka_unit_test(test_u8),
		cmocka_unit_test(test_many_bytes),
		cmocka_unit_test(test_matrix_sizes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
