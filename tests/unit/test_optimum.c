// SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause
/* Training: what it converges to, against optima found another way. */
#include "ml/train/train.h"
#include "train_help.h"

/* Solves A x = b in place by Gauss with pivoting; x in b. */
static void solve(double *A, double *b, size_t n)
{
	size_t i, j, k, p;

	for (i = 0; i < n; i++) {
		for (p = i, j = i + 1; j < n; j++)
			if (fabs(A[j * n + i]) > fabs(A[p * n + i]))
				p = j;
		for (k = 0; k < n; k++) {
			const double t = A[i * n + k];

			A[i * n + k] = A[p * n + k];
			A[p * n + k] = t;
		}
		const double t = b[i];

		b[i] = b[p];
		b[p] = t;
		for (j = i + 1; j < n; j++) {
			const double f = A[j * n + i] / A[i * n + i];

			for (k = i; k < n; k++)
				A[j * n + k] -= f * A[i * n + k];
			b[j] -= f * b[i];
		}
	}
	for (i = n; i--;) {
		for (j = i + 1; j < n; j++)
			b[i] -= A[i * n + j] * b[j];
		b[i] /= A[i * n + i];
	}
}

/* Binary, log-loss, L2: the optimum is unique; Newton's method in fp64 finds it another way. */
static void test_newton(void **state)
{
	const size_t cols = 9, n = cols + 1;
	struct wattle_train_opts o = train_defaults;
	double w[10] = { 0 }, g[10], H[100];
	struct wattle_train_result r;
	struct wattle_scaler s;
	struct wattle_dataset d;
	struct wattle_model m;
	struct rig rig;
	size_t i, j, k;

	(void)state;
	data_make(&d, 800, cols, 2, WATTLE_F32, 0, 40);
	assert_int_equal(wattle_scaler__fit(&s, &d.x), 0);
	for (int it = 0; it < 30; it++) {
		ref_loss(&d, &s, WATTLE_LINK_LOGISTIC, 0.01, w, g);
		memset(H, 0, sizeof(H));
		for (k = 0; k < d.x.rows; k++) {
			double x[10], z = w[cols], p;

			for (j = 0; j < cols; j++) {
				x[j] = (data_x(&d, k, j) - s.mean[j]) / s.scale[j];
				z += w[j] * x[j];
			}
			x[cols] = 1;
			p = 1 / (1 + exp(-z));
			for (i = 0; i < n; i++)
				for (j = 0; j < n; j++)
					H[i * n + j] += p * (1 - p) * x[i] * x[j] /
							(double)d.x.rows;
		}
		for (i = 0; i < cols; i++)
			H[i * n + i] += 0.01;
		solve(H, g, n);
		for (i = 0; i < n; i++)
			w[i] -= g[i];
	}
	ref_loss(&d, &s, WATTLE_LINK_LOGISTIC, 0.01, w, g);
	assert_true(norm(g, n) < 1e-12);

	o.l2 = 0.01;
	o.momentum = 1;
	o.max_epochs = 3000;
	o.tol = 1e-6;
	rig_open(&rig, 2);
	train_ok(&m, &d, &rig, &o, &r);
	assert_true(r.epochs < 3000);
	for (i = 0; i < cols; i++)
		if (!(fabs((double)m.w[i] - w[i]) <= 1e-4))
			fail_msg("w[%zu] = %.7g, want %.7g", i, (double)m.w[i], w[i]);
	assert_true(fabs((double)m.b[0] - w[cols]) <= 1e-4);
	wattle_model__free(&m);

	/* Momentum is there to need fewer epochs. */
	{
		const unsigned int with = r.epochs;

		o.momentum = 0;
		o.max_epochs = 20000;
		train_ok(&m, &d, &rig, &o, &r);
		if (!(with < r.epochs / 2))
			fail_msg("%u epochs with momentum, %u without", with, r.epochs);
		wattle_model__free(&m);
	}
	/* More penalty, smaller weights; the intercept is not penalised. */
	o.momentum = 1;
	o.l2 = 100;
	train_ok(&m, &d, &rig, &o, &r);
	for (i = 0; i < cols; i++)
		assert_true(fabs((double)m.w[i]) < 0.005);
	assert_true(fabs((double)m.b[0] - w[cols]) < 0.2);
	wattle_model__free(&m);
	rig_close(&rig);
	wattle_scaler__free(&s);
	wattle_dataset__free(&d);
}

/* Softmax with L2 is strongly convex: a small gradient in fp64 means the optimum is near. */
static void test_softmax_optimum(void **state)
{
	struct wattle_train_opts o = train_defaults;
	struct wattle_train_result r;
	struct wattle_dataset d;
	double w[4 * 9], g[4 * 9];
	struct wattle_model m;
	struct rig rig;
	size_t i;

	(void)state;
	data_make(&d, 900, 8, 4, WATTLE_U8, 0, 41);
	o.l2 = 0.01;
	o.momentum = 1;
	o.tol = 1e-6;
	o.max_epochs = 5000;
	rig_open(&rig, 2);
	train_ok(&m, &d, &rig, &o, &r);
	assert_true(r.epochs < 5000);
	for (i = 0; i < 32; i++)
		w[i] = (double)m.w[i];
	for (i = 0; i < 4; i++)
		w[32 + i] = (double)m.b[i];
	assert_true(fabs(ref_loss(&d, &m.scaler, WATTLE_LINK_SOFTMAX, 0.01, w, g) - r.loss) < 1e-6);
	if (!(norm(g, 36) < 1e-5))
		fail_msg("the gradient there is %g", norm(g, 36));
	wattle_model__free(&m);
	rig_close(&rig);
	wattle_dataset__free(&d);
}

static void test_constant_column(void **state)
{
	struct wattle_train_opts o = train_defaults;
	struct wattle_train_result r;
	struct wattle_dataset d;
	struct wattle_model m;
	struct rig rig;
	size_t i;

	(void)state;
	data_make(&d, 300, 6, 3, WATTLE_F32, 0, 42);
	for (i = 0; i < 300; i++) {
		((float *)d.x.data)[i * d.x.stride + 2] = 12345.678f;
		((float *)d.x.data)[i * d.x.stride + 4] = 0.0f;
	}
	o.max_epochs = 50;
	rig_open(&rig, 2);
	train_ok(&m, &d, &rig, &o, &r);
	for (i = 0; i < 3; i++) {
		assert_true(m.w[i * 6 + 2] == 0.0f && m.w[i * 6 + 4] == 0.0f);
		assert_true(isfinite((double)m.w[i * 6]) && m.w[i * 6] != 0);
	}
	wattle_model__free(&m);
	rig_close(&rig);
	wattle_dataset__free(&d);
}

/* Columns at the ends of what a float holds: learned from, or as good as constant. */
static void test_extreme_columns(void **state)
{
	static const double factor[] = { 1e-42, 1e-37, 1e-33, 1e34, 1e37, 1 };
	struct wattle_train_opts o = train_defaults;
	struct wattle_train_result r;
	struct wattle_ml_error e;
	struct wattle_dataset d;
	struct wattle_model m;
	uint32_t label[600];
	struct rig rig;
	size_t i, right;

	(void)state;
	rig_open(&rig, 1);
	for (size_t k = 0; k < ARRAY_SIZE(factor); k++) {
		data_make(&d, 600, 2, 2, WATTLE_F32, 0, 47);
		for (i = 0; i < 600; i++)
			((float *)d.x.data)[i * d.x.stride] =
				(float)((d.labels[i] ? 1.0 + (double)(i % 7) : -3.0) * factor[k]);
		o.max_epochs = 60;
		train_ok(&m, &d, &rig, &o, &r);
		assert_true(isfinite(r.loss) && isfinite((double)m.w[0]));
		assert_int_equal(wattle_model__predict(&m, &d.x, label, NULL, &e), 0);
		for (i = 0, right = 0; i < 600; i++)
			right += label[i] == d.labels[i];
		if (k == 0)
			assert_true(m.scaler.scale[0] == 1);
		else if (right < 590)
			fail_msg("times %g: %zu of 600 right", factor[k], right);
		wattle_model__free(&m);
		wattle_dataset__free(&d);
	}
	rig_close(&rig);
}

/* Without an optimum at a finite place it still learns, and stays finite. */
static void test_separable(void **state)
{
	struct wattle_train_opts o = train_defaults;
	struct wattle_train_result r;
	struct wattle_ml_error e;
	struct wattle_dataset d;
	struct wattle_model m;
	uint32_t label[400];
	struct rig rig;
	size_t i;

	(void)state;
	data_make(&d, 400, 5, 2, WATTLE_F32, 0, 43);
	for (i = 0; i < 400; i++)
		((float *)d.x.data)[i * d.x.stride] = d.labels[i] ? 3.0f : -3.0f;
	o.momentum = 1;
	o.max_epochs = 2000;
	rig_open(&rig, 2);
	train_ok(&m, &d, &rig, &o, &r);
	assert_true(isfinite(r.loss) && r.loss < 1e-3);
	assert_int_equal(wattle_model__predict(&m, &d.x, label, NULL, &e), 0);
	assert_memory_equal(label, d.labels, sizeof(label));
	wattle_model__free(&m);
	rig_close(&rig);
	wattle_dataset__free(&d);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_newton),
		cmocka_unit_test(test_softmax_optimum),
		cmocka_unit_test(test_constant_column),
		cmocka_unit_test(test_extreme_columns),
		cmocka_unit_test(test_separable),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
