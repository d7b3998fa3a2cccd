// SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause
/* Training: that workers do not matter, the gradient and the step, and how it fails. */
#include "ml/train/train.h"
#include "train_help.h"

/* --- results do not depend on the workers --- */

static void check_workers(uint32_t classes, uint32_t dtype, uint32_t loss, int momentum,
			  double offset)
{
	static const unsigned int workers[] = { 1, 2, 3, 7 };
	struct wattle_train_result r[ARRAY_SIZE(workers)];
	struct wattle_model m[ARRAY_SIZE(workers)];
	struct wattle_train_opts o = train_defaults;
	struct wattle_dataset d;
	struct rig rig;
	size_t i;

	o.loss = loss;
	o.momentum = momentum;
	o.l2 = 1e-3;
	o.max_epochs = 12;
	o.block_rows = 130;
	data_make(&d, 5003, 37, classes, dtype, offset, 11);
	for (i = 0; i < ARRAY_SIZE(workers); i++) {
		rig_open(&rig, workers[i]);
		train_ok(&m[i], &d, &rig, &o, &r[i]);
		rig_close(&rig);
		assert_memory_equal(m[i].w, m[0].w, m[0].nr_outputs * m[0].cols * sizeof(float));
		assert_memory_equal(m[i].b, m[0].b, m[0].nr_outputs * sizeof(float));
		assert_memory_equal(&r[i].loss, &r[0].loss, sizeof(r[0].loss));
		assert_memory_equal(&r[i].grad_norm, &r[0].grad_norm, sizeof(r[0].grad_norm));
		assert_int_equal(r[i].run.batches, r[0].run.batches);
		assert_int_equal(r[i].run.failed + r[i].run.refused, 0);
		/* Enough blocks that the order could differ. */
		assert_true(r[i].run.batches > 12 * 20);
	}
	assert_true(norm((double[]){ (double)m[0].w[0], (double)m[0].w[1] }, 2) > 0);
	for (i = 0; i < ARRAY_SIZE(workers); i++)
		wattle_model__free(&m[i]);
	wattle_dataset__free(&d);
}

static void test_workers(void **state)
{
	(void)state;
	check_workers(2, WATTLE_F32, WATTLE_LOSS_LOG, 1, 0);
	check_workers(5, WATTLE_U8, WATTLE_LOSS_LOG, 0, 0);
	check_workers(3, WATTLE_F32, WATTLE_LOSS_SQUARED, 1, 0);
	/* So far from zero that the data are scaled into a copy. */
	check_workers(3, WATTLE_F32, WATTLE_LOSS_LOG, 1, 1000);
}

/* --- the gradient --- */

/*
 * Folded, copied or plain, the gradient is that of the reference, and that one is the loss's
 * slope.
 */
static void check_gradient(uint32_t classes, uint32_t dtype, enum wattle_link link, double offset,
			   bool standardise)
{
	const size_t cols = 19, K = classes == 2 ? 1 : classes, len = K * (cols + 1);
	double w[64 * 20], g[64 * 20], ref[64 * 20], loss, want, slope;
	struct wattle_scaler s = { 0 };
	struct wattle_objective o;
	struct wattle_ml_error e;
	struct wattle_dataset d;
	uint64_t seed = 5;
	struct rig rig;
	size_t i;

	data_make(&d, 700, cols, classes, dtype, offset, 13);
	if (standardise)
		assert_int_equal(wattle_scaler__fit(&s, &d.x), 0);
	for (i = 0; i < len; i++)
		w[i] = ((double)(rnd(&seed) % 2001) / 1000 - 1) *
		       (standardise ? 0.5 : dtype == WATTLE_U8 ? 0.002 : 0.02);
	rig_open(&rig, 2);
	assert_ok(wattle_objective__init(&o, &d, standardise ? &s : NULL, K, rig.pool, rig.queue, 0,
					 &e), e);
	/* The offset decides, not the test. */
	assert_int_equal(!!o.copy.data, standardise && offset > 100);
	assert_ok(wattle_objective__eval(&o, link, w, w + K * cols, &loss, g, g + K * cols, &e), e);
	want = ref_loss(&d, &s, link, 0, w, ref);
	if (!(fabs(loss - want) <= 2e-6 * (1 + want)))
		fail_msg("link %d offset %g: loss %.9g, want %.9g", link, offset, loss, want);
	for (i = 0; i < len; i++)
		if (!(fabs(g[i] - ref[i]) <= 1e-5 * (1e-2 + norm(ref, len))))
			fail_msg("link %d offset %g: g[%zu] = %.9g, want %.9g", link, offset, i,
				 g[i], ref[i]);
	for (i = 0; i < len; i += 3) {
		const double h = 1e-5, at = w[i];

		w[i] = at + h;
		slope = ref_loss(&d, &s, link, 0, w, NULL);
		w[i] = at - h;
		slope = (slope - ref_loss(&d, &s, link, 0, w, NULL)) / (2 * h);
		w[i] = at;
		if (!(fabs(slope - ref[i]) <= 1e-5 * (1 + fabs(ref[i]))))
			fail_msg("link %d: slope %zu is %.9g, want %.9g", link, i, ref[i], slope);
	}
	wattle_objective__free(&o);
	rig_close(&rig);
	wattle_scaler__free(&s);
	wattle_dataset__free(&d);
}

static void test_gradient(void **state)
{
	(void)state;
	for (int standardise = 0; standardise < 2; standardise++)
		for (uint32_t dtype = WATTLE_F32; dtype <= WATTLE_U8; dtype++) {
			check_gradient(2, dtype, WATTLE_LINK_LOGISTIC, 0, standardise);
			check_gradient(2, dtype, WATTLE_LINK_SQUARED, 0, standardise);
			check_gradient(4, dtype, WATTLE_LINK_SQUARED, 0, standardise);
			check_gradient(4, dtype, WATTLE_LINK_SOFTMAX, 0, standardise);
		}
	/* Just foldable, and far from it. */
	check_gradient(3, WATTLE_F32, WATTLE_LINK_SOFTMAX, 20, true);
	check_gradient(3, WATTLE_F32, WATTLE_LINK_SOFTMAX, 1000, true);
}

/* --- the step --- */

/* No second difference of a loss exceeds its constant, and some come close. */
static void test_curvature(void **state)
{
	const double h = 1e-3;
	double top[2] = { 0 }, z;

	(void)state;
	for (z = -20; z <= 20; z += 0.001) {
		double l[3], q[3];

		for (int i = 0; i < 3; i++) {
			const double a = z + (i - 1) * h, p = 1 / (1 + exp(-a));

			l[i] = log1p(exp(-fabs(a))) + fmax(a, 0);
			q[i] = 0.5 * p * p;
		}
		top[0] = fmax(top[0], fabs(l[0] - 2 * l[1] + l[2]) / (h * h));
		top[1] = fmax(top[1], fabs(q[0] - 2 * q[1] + q[2]) / (h * h));
	}
	assert_true(top[0] <= wattle_train__curvature(WATTLE_LINK_LOGISTIC) * 1.0001);
	assert_true(top[0] >= wattle_train__curvature(WATTLE_LINK_LOGISTIC) * 0.999);
	assert_true(top[1] <= wattle_train__curvature(WATTLE_LINK_SQUARED) * 1.0001);
	assert_true(top[1] >= wattle_train__curvature(WATTLE_LINK_SQUARED) * 0.999);
}

/*
 * A one-hot encoded binary feature: two columns, one the negative of the other, whose
 * eigenvalue 2 hides from the start vector among independent columns of eigenvalue 1.
 */
static void test_lambda_max_plateau(void **state)
{
	const size_t cols = 10;
	struct wattle_scaler s = { 0 };

	(void)state;
	for (size_t at = 0; at + 1 < cols; at++) {
		struct wattle_objective o;
		struct wattle_ml_error e;
		struct wattle_dataset d;
		struct rig rig;
		double lambda;
		float *x;

		/* A full factorial design: every column but that pair exactly orthogonal. */
		data_make(&d, 1024, cols, 2, WATTLE_F32, 0, 77);
		x = d.x.data;
		for (size_t r = 0; r < d.x.rows; r++) {
			for (size_t j = 0; j < cols; j++)
				x[r * d.x.stride + j] = r >> j & 1 ? 1 : -1;
			x[r * d.x.stride + at + 1] = -x[r * d.x.stride + at];
		}
		assert_int_equal(wattle_scaler__fit(&s, &d.x), 0);
		rig_open(&rig, 1);
		assert_ok(wattle_objective__init(&o, &d, &s, 1, rig.pool, rig.queue, 0, &e), e);
		assert_ok(wattle_objective__lambda_max(&o, &lambda, &e), e);
		if (lambda < 1.98)
			fail_msg("columns %zu and %zu: %.6g, want 2 or more", at, at + 1, lambda);
		wattle_objective__free(&o);
		rig_close(&rig);
		wattle_scaler__free(&s);
		wattle_dataset__free(&d);
	}
}

/* The estimate bounds the largest eigenvalue, and not by much. */
static void test_lambda_max(void **state)
{
	(void)state;
	for (int i = 0; i < 12; i++) {
		const size_t cols = 3 + (size_t)i * 4, n = cols + 1;
		struct wattle_scaler s = { 0 };
		double v[64], u[64], lambda, truth = 0;
		struct wattle_objective o;
		struct wattle_ml_error e;
		struct wattle_dataset d;
		struct rig rig;
		size_t j;

		data_make(&d, 400, cols, 2, i % 3 ? WATTLE_F32 : WATTLE_U8, 0, 20 + (uint64_t)i);
		if (i % 2)
			assert_int_equal(wattle_scaler__fit(&s, &d.x), 0);
		for (j = 0; j < n; j++)
			v[j] = 1 + 0.1 * (double)j;
		for (int it = 0; it < 500; it++) {
			const double len = norm(v, n);

			for (j = 0; j < n; j++)
				v[j] /= len;
			truth = 2 * ref_loss(&d, &s, WATTLE_LINK_LINEAR, 0, v, u);
			memcpy(v, u, n * sizeof(*v));
		}
		rig_open(&rig, 1);
		assert_ok(wattle_objective__init(&o, &d, i % 2 ? &s : NULL, 1, rig.pool, rig.queue,
						 0, &e), e);
		assert_ok(wattle_objective__lambda_max(&o, &lambda, &e), e);
		if (!(lambda >= 0.99 * truth && lambda <= 1.05 * truth))
			fail_msg("%zu columns: %.6g, want %.6g", cols, lambda, truth);
		wattle_objective__free(&o);
		rig_close(&rig);
		wattle_scaler__free(&s);
		wattle_dataset__free(&d);
	}
}

struct falling {
	double		last;
	unsigned int	epochs;
	unsigned int	stop;
};

static int loss_falls(void *ctx, const struct wattle_epoch *e)
{
	struct falling *f = ctx;

	if (e->loss > f->last * (1 + 1e-6))
		fail_msg("epoch %u: the loss rose from %.9g to %.9g", e->epoch, f->last, e->loss);
	assert_int_equal(e->epoch, ++f->epochs);
	assert_true(e->grad_norm > 0 && e->seconds > 0);
	f->last = e->loss;
	return f->epochs == f->stop;
}

/* With a step of 1/L plain descent never goes up, whatever the loss. */
static void test_falls(void **state)
{
	static const struct { uint32_t classes, loss; bool standardise; } t[] = {
		{ 2, WATTLE_LOSS_LOG, true }, { 2, WATTLE_LOSS_SQUARED, true },
		{ 5, WATTLE_LOSS_LOG, true }, { 5, WATTLE_LOSS_SQUARED, true },
		{ 2, WATTLE_LOSS_LOG, false }, { 5, WATTLE_LOSS_SQUARED, false },
	};
	struct wattle_train_result r;
	struct wattle_dataset d;
	struct wattle_model m;
	struct rig rig;
	size_t i;

	(void)state;
	rig_open(&rig, 2);
	for (i = 0; i < ARRAY_SIZE(t); i++) {
		struct falling f = { .last = INFINITY };
		struct wattle_train_opts o = train_defaults;

		o.loss = t[i].loss;
		o.standardise = t[i].standardise;
		o.max_epochs = 40;
		o.progress = loss_falls;
		o.progress_ctx = &f;
		data_make(&d, 600, 12, t[i].classes, WATTLE_F32, 0, 30 + i);
		train_ok(&m, &d, &rig, &o, &r);
		assert_int_equal(r.epochs, 40);
		assert_int_equal(f.epochs, 40);
		wattle_model__free(&m);

		/* A progress function can stop it; what there is by then is kept. */
		f = (struct falling){ .last = INFINITY, .stop = 7 };
		train_ok(&m, &d, &rig, &o, &r);
		assert_int_equal(r.epochs, 7);
		assert_true(m.w[0] != 0);
		wattle_model__free(&m);
		wattle_dataset__free(&d);
	}
	rig_close(&rig);
}

static int stop_at_3(void *ctx, const struct wattle_epoch *e)
{
	*(struct wattle_epoch *)ctx = *e;
	return e->epoch == 3;
}

/*
 * Loss and gradient of the result are those of the weights it comes with, whatever ended
 * training: the number of epochs, the tolerance, the caller.
 */
static void check_one_point(int momentum, int how)
{
	double w[3 * 9], g[3 * 9], first, loss;
	struct wattle_train_opts o = train_defaults;
	struct wattle_train_result r;
	struct wattle_epoch last;
	struct wattle_dataset d;
	struct wattle_model m;
	struct rig rig;
	size_t i;

	data_make(&d, 500, 8, 3, WATTLE_F32, 0, 60);
	o.l2 = 0.05;
	o.momentum = momentum;
	o.max_epochs = how == 0 ? 5 : 500;
	o.tol = how == 1 ? 0.1 : 0;
	if (how == 2) {
		o.progress = stop_at_3;
		o.progress_ctx = &last;
	}
	rig_open(&rig, 1);
	train_ok(&m, &d, &rig, &o, &r);
	memset(w, 0, sizeof(w));
	ref_loss(&d, &m.scaler, WATTLE_LINK_SOFTMAX, o.l2, w, g);
	first = norm(g, 27);
	for (i = 0; i < 24; i++)
		w[i] = (double)m.w[i];
	for (i = 0; i < 3; i++)
		w[24 + i] = (double)m.b[i];
	loss = ref_loss(&d, &m.scaler, WATTLE_LINK_SOFTMAX, o.l2, w, g);
	if (!(fabs(loss - r.loss) <= 2e-6 && fabs(norm(g, 27) - r.grad_norm) <= 1e-5 * first))
		fail_msg("momentum %d, end %d: loss %.9g and gradient %.9g, reported %.9g and %.9g",
			 momentum, how, loss, norm(g, 27), r.loss, r.grad_norm);
	if (how == 0)
		assert_int_equal(r.epochs, 5);
	if (how == 1)
		assert_true(r.epochs < 500 && r.grad_norm <= 0.1 * first * (1 + 1e-6));
	if (how == 2) {
		assert_int_equal(r.epochs, 3);
		assert_true(last.loss == r.loss && last.grad_norm == r.grad_norm);
	}
	wattle_model__free(&m);
	rig_close(&rig);
	wattle_dataset__free(&d);
}

static void test_one_point(void **state)
{
	(void)state;
	for (int momentum = 0; momentum < 2; momentum++)
		for (int how = 0; how < 3; how++)
			check_one_point(momentum, how);
}

/* --- failures, and what is counted --- */

static void test_diverges(void **state)
{
	struct wattle_train_opts o = train_defaults;
	struct wattle_dataset d;

	(void)state;
	data_make(&d, 300, 6, 3, WATTLE_F32, 0, 44);
	o.alpha = 1e6;
	train_fails(&d, &o, -ERANGE, "give a smaller one, or 0");
	((float *)d.x.data)[17 * d.x.stride + 3] = NAN;
	o.alpha = 0;
	o.standardise = false;
	train_fails(&d, &o, -EINVAL, "row 18, feature 4 is");
	((float *)d.x.data)[17 * d.x.stride + 3] = -INFINITY;
	o.standardise = true;
	train_fails(&d, &o, -EINVAL, "row 18, feature 4 is -inf");
	wattle_dataset__free(&d);
}

static void test_bad_input(void **state)
{
	struct wattle_train_opts o;
	struct wattle_dataset d;
	uint32_t *labels, kept;
	void *data;

	(void)state;
	data_make(&d, 50, 4, 3, WATTLE_F32, 0, 45);
	o = train_defaults;
	o.sz = 8;
	train_fails(&d, &o, -EINVAL, "sz is not set");
	o = train_defaults;
	o.loss = 2;
	train_fails(&d, &o, -EINVAL, "no loss number 2");
	o = train_defaults;
	o.l2 = -1;
	train_fails(&d, &o, -EINVAL, "L2 strength -1");
	o = train_defaults;
	o.alpha = NAN;
	train_fails(&d, &o, -EINVAL, "step nan");
	o = train_defaults;
	o.tol = INFINITY;
	train_fails(&d, &o, -EINVAL, "tolerance inf");

	labels = d.labels;
	d.labels = NULL;
	train_fails(&d, &train_defaults, -EINVAL, "no labels");
	d.labels = labels;
	kept = labels[49];
	labels[49] = 3;
	train_fails(&d, &train_defaults, -EINVAL, "row 50 has class 3 of 3");
	labels[49] = kept;
	d.nr_classes = 1;
	train_fails(&d, &train_defaults, -EINVAL, "two classes");
	d.nr_classes = 3;
	memset(labels, 0, 50 * sizeof(*labels));
	train_fails(&d, &train_defaults, -EINVAL, "all 50 rows are of one class");
	data = d.x.data;
	d.x.data = (float *)data + 1;
	train_fails(&d, &train_defaults, -EINVAL, "must start on 64 bytes");
	d.x.data = data;
	d.x.dtype = 9;
	train_fails(&d, &train_defaults, -EINVAL, "type 9");
	d.x.dtype = WATTLE_F32;
	wattle_dataset__free(&d);
}

/* A failure of the pool is told from one of the data, whatever its number. */
static void test_pool_error(void **state)
{
	struct wattle_ml_error e = { "" };
	struct wattle_train_result r;
	struct wattle_dataset d;
	struct wattle_model m;
	struct rig rig;

	(void)state;
	/* Without and with a run of its own to scale a copy. */
	for (int offset = 0; offset <= 1000; offset += 1000) {
		data_make(&d, 300, 6, 3, WATTLE_F32, offset, 44);
		rig_open(&rig, 1);
		assert_int_equal(wattle_train(&m, &d, rig.pool, 999999, &train_defaults, &r, &e),
				 -ENOENT);
		assert_int_equal(r.pool_error, -ENOENT);
		assert_message(e, "training stopped: submit: no such queue");
		d.nr_classes = 1;
		assert_int_equal(wattle_train(&m, &d, rig.pool, rig.queue, &train_defaults, &r, &e),
				 -EINVAL);
		assert_int_equal(r.pool_error, 0);
		d.nr_classes = 3;
		rig_close(&rig);
		wattle_dataset__free(&d);
	}
}

/* Deadlines are the batches', and a missed one is counted, not fatal. */
static void test_deadlines(void **state)
{
	struct wattle_train_opts o = train_defaults;
	struct wattle_train_result r;
	struct wattle_dataset d;
	struct wattle_model m;
	struct rig rig;

	(void)state;
	data_make(&d, 2000, 10, 3, WATTLE_F32, 0, 46);
	rig_open(&rig, 2);
	o.max_epochs = 5;
	o.alpha = 0.1;
	o.block_rows = 125;
	o.epoch_deadline_ns = 1;
	train_ok(&m, &d, &rig, &o, &r);
	assert_int_equal(r.run.batches, (5 + 1) * 16);
	assert_int_equal(r.run.late, r.run.batches);
	wattle_model__free(&m);
	o.epoch_deadline_ns = 3600ull * 1000000000;
	train_ok(&m, &d, &rig, &o, &r);
	assert_int_equal(r.run.late, 0);
	assert_true(r.run.run_ns > 0 && r.seconds > 0);
	wattle_model__free(&m);
	rig_close(&rig);
	wattle_dataset__free(&d);
}

static void test_block_rows(void **state)
{
	(void)state;
	for (size_t rows = 1; rows < 40000000; rows = rows * 3 / 2 + 1)
		for (size_t cols = 1; cols < 20000; cols *= 7) {
			const size_t n = wattle_objective__block_rows(rows, cols, 3);

			assert_true(n && n % 32 == 0);
			assert_true((rows + n - 1) / n <= 512);
		}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_workers),
		cmocka_unit_test(test_gradient),
		cmocka_unit_test(test_curvature),
		cmocka_unit_test(test_lambda_max),
		cmocka_unit_test(test_lambda_max_plateau),
		cmocka_unit_test(test_falls),
		cmocka_unit_test(test_one_point),
		cmocka_unit_test(test_diverges),
		cmocka_unit_test(test_bad_input),
		cmocka_unit_test(test_pool_error),
		cmocka_unit_test(test_deadlines),
		cmocka_unit_test(test_block_rows),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
