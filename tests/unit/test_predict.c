// SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause
/*
 * Prediction against the formulas in double precision.
 */
#include <math.h>

#include "ml_help.h"

static void make(struct wattle_model *m, uint32_t nr_classes, size_t cols, uint32_t loss,
		 bool scaler)
{
	uint64_t seed = nr_classes * 1000 + cols;

	memset(m, 0, sizeof(*m));
	m->nr_classes = nr_classes;
	m->nr_outputs = nr_classes == 2 ? 1 : nr_classes;
	m->cols = cols;
	m->loss = loss;
	m->w = calloc(m->nr_outputs * cols, sizeof(float));
	m->b = calloc(m->nr_outputs, sizeof(float));
	for (size_t i = 0; i < m->nr_outputs * cols; i++)
		m->w[i] = (float)((double)(int64_t)rnd(&seed) * 0x1p-63);
	for (size_t i = 0; i < m->nr_outputs; i++)
		m->b[i] = (float)((double)(int64_t)rnd(&seed) * 0x1p-63);
	if (!scaler)
		return;
	m->scaler.cols = cols;
	m->scaler.mean = calloc(cols, sizeof(double));
	m->scaler.scale = calloc(cols, sizeof(double));
	for (size_t i = 0; i < cols; i++) {
		m->scaler.mean[i] = 100 + (double)(rnd(&seed) % 50);
		m->scaler.scale[i] = 20 + (double)(rnd(&seed) % 30);
	}
}

static void fill(struct wattle_matrix *x, size_t rows, size_t cols, uint32_t dtype)
{
	uint64_t seed = rows + cols;

	assert_int_equal(wattle_matrix__alloc(x, rows, cols, dtype), 0);
	for (size_t r = 0; r < rows; r++)
		for (size_t c = 0; c < cols; c++) {
			uint8_t v = (uint8_t)rnd(&seed);

			if (dtype == WATTLE_U8)
				((uint8_t *)x->data)[r * x->stride + c] = v;
			else
				((float *)x->data)[r * x->stride + c] = v;
		}
}

/* Scores of one row, in double precision from the definition. */
static void scores(const struct wattle_model *m, const struct wattle_matrix *x, size_t r, double *z)
{
	for (size_t o = 0; o < m->nr_outputs; o++) {
		z[o] = (double)m->b[o];
		for (size_t c = 0; c < m->cols; c++) {
			double v = x->dtype == WATTLE_U8 ? ((uint8_t *)x->data)[r * x->stride + c] :
				   (double)((float *)x->data)[r * x->stride + c];

			if (m->scaler.cols)
				v = (v - m->scaler.mean[c]) / m->scaler.scale[c];
			z[o] += v * (double)m->w[o * m->cols + c];
		}
	}
}

static void check_row(const struct wattle_model *m, const double *z, uint32_t label,
		      const float *prob)
{
	double p[32], sum = 0, best = -INFINITY, total = 0;

	for (uint32_t k = 0; k < m->nr_classes; k++) {
		if (m->nr_outputs == 1)
			p[k] = 1 / (1 + exp(k ? -z[0] : z[0]));
		else
			p[k] = m->loss == WATTLE_LOSS_SQUARED ? 1 / (1 + exp(-z[k])) : exp(z[k]);
		sum += p[k];
	}
	for (uint32_t k = 0; k < m->nr_classes; k++) {
		p[k] /= sum;
		best = fmax(best, p[k]);
		total += (double)prob[k];
		assert_true(fabs(p[k] - (double)prob[k]) < 2e-5);
	}
	assert_true(fabs(total - 1) < 1e-5);
	/* The label is the most probable class, ties within rounding aside. */
	assert_true(p[label] > best - 4e-5);
}

static void test_formulas(void **state)
{
	static const size_t rows[] = { 1, 3, 127, 128, 129, 300 };
	static const size_t cols[] = { 1, 15, 16, 17, 70 };
	static const uint32_t classes[] = { 2, 3, 10, 17 };
	struct wattle_ml_error e;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows) * ARRAY_SIZE(cols) * ARRAY_SIZE(classes) * 8; i++) {
		size_t n = rows[i / 8 % 6], d = cols[i / 48 % 5];
		struct wattle_model m;
		struct wattle_matrix x;
		uint32_t *labels;
		float *prob;
		double z[32];

		make(&m, classes[i / 240], d, i & 1, i & 2);
		fill(&x, n, d, i & 4 ? WATTLE_U8 : WATTLE_F32);
		if (!(i & 2))	/* unscaled values are large: keep scores where exp() is finite */
			for (size_t k = 0; k < m.nr_outputs * d; k++)
				m.w[k] /= 256;
		labels = calloc(n, sizeof(*labels));
		prob = calloc(n * m.nr_classes, sizeof(*prob));
		assert_ok(wattle_model__predict(&m, &x, labels, prob, &e), e);
		for (size_t r = 0; r < n; r++) {
			scores(&m, &x, r, z);
			check_row(&m, z, labels[r], prob + r * m.nr_classes);
		}
		free(labels);
		free(prob);
		wattle_matrix__free(&x);
		wattle_model__free(&m);
	}
}

/* Scores where a naive exp() is infinite or a sum of sigmoids is 0. */
static void test_extremes(void **state)
{
	static const float big[] = { 1e4f, -1e4f, 3e38f, -3e38f };
	struct wattle_model m;
	struct wattle_matrix x;
	struct wattle_ml_error e;
	uint32_t label;
	float prob[3];

	(void)state;
	for (uint32_t loss = WATTLE_LOSS_LOG; loss <= WATTLE_LOSS_SQUARED; loss++) {
		for (uint32_t nr = 2; nr <= 3; nr++) {
			make(&m, nr, 1, loss, false);
			assert_int_equal(wattle_matrix__alloc(&x, 1, 1, WATTLE_F32), 0);
			for (size_t i = 0; i < ARRAY_SIZE(big); i++) {
				float sum = 0;

				*(float *)x.data = big[i];
				for (uint32_t k = 0; k < m.nr_outputs; k++) {
					m.w[k] = 1 - 0.25f * (float)k;
					m.b[k] = 0;
				}
				assert_ok(wattle_model__predict(&m, &x, &label, prob, &e), e);
				for (uint32_t k = 0; k < nr; k++) {
					assert_true(isfinite(prob[k]) && prob[k] >= 0);
					sum += prob[k];
				}
				assert_true(fabsf(sum - 1) < 1e-6f);
				/* Squared and large: all three sigmoids are 1. */
				if (nr == 3 && loss == WATTLE_LOSS_SQUARED && big[i] > 0)
					assert_true(prob[0] == prob[2]);
				else
					assert_true(prob[label] == 1);
				if (nr == 2)
					assert_int_equal(label, big[i] > 0);
				else
					assert_int_equal(label, big[i] > 0 ? 0 : 2);
			}
			wattle_model__free(&m);
			wattle_matrix__free(&x);
		}
	}
}

static void test_refused(void **state)
{
	struct wattle_model m, empty = { 0 };
	struct wattle_matrix x;
	struct wattle_ml_error e;
	uint32_t labels[3];

	(void)state;
	make(&m, 3, 4, WATTLE_LOSS_LOG, true);
	fill(&x, 3, 5, WATTLE_F32);
	assert_int_equal(wattle_model__predict(&m, &x, labels, NULL, &e), -EINVAL);
	assert_message(e, "the samples have 5 features, the model was trained on 4");
	assert_int_equal(wattle_model__predict(&empty, &x, labels, NULL, &e), -EINVAL);
	assert_message(e, "empty or inconsistent");
	x.cols = 4;
	((float *)x.data)[x.stride] = 3e38f;
	m.scaler.scale[0] = 1e-3;
	assert_int_equal(wattle_model__predict(&m, &x, labels, NULL, &e), -ERANGE);
	assert_message(e, "sample 2: its score is not finite");
	wattle_model__free(&m);
	wattle_matrix__free(&x);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_formulas),
		cmocka_unit_test(test_extremes),
		cmocka_unit_test(test_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
