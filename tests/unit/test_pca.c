// SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause
/*
 * Moments against fp64 in two passes, and principal components against what
 * defines them: C v = lambda v, orthonormal, signs, shares, and the way back.
 */
#include "ml/model/safetensors.h"
#include "train_help.h"

static void moments(struct wattle_moments *m, const struct wattle_dataset *d, unsigned int workers)
{
	struct wattle_ml_error e;
	struct rig rig;

	rig_open(&rig, workers);
	assert_ok(wattle_moments__fit(m, &d->x, rig.pool, rig.queue, NULL, &e), e);
	rig_close(&rig);
}

static void set(struct wattle_dataset *d, size_t r, size_t c, float v)
{
	((float *)d->x.data)[r * d->x.stride + c] = v;
}

static void fit(struct wattle_pca *p, const struct wattle_dataset *d, size_t k, double share,
		bool standardise, bool whiten)
{
	const struct wattle_pca_opts o = {
		.sz = sizeof(o), .components = k, .share = share, .standardise = standardise,
		.whiten = whiten,
	};
	struct wattle_run_stats run = { 0 };
	struct wattle_ml_error e;
	struct rig rig;

	rig_open(&rig, 2);
	assert_ok(wattle_pca__fit(p, &d->x, rig.pool, rig.queue, &o, &run, &e), e);
	/* Blocks, slices and the eigenvectors. */
	assert_true(run.batches >= 3);
	rig_close(&rig);
}

static void ref_cov(const struct wattle_dataset *d, double *mean, double *cov)
{
	const size_t n = d->x.rows, C = d->x.cols;
	size_t r, i, j;

	memset(mean, 0, C * sizeof(*mean));
	memset(cov, 0, C * C * sizeof(*cov));
	for (r = 0; r < n; r++)
		for (i = 0; i < C; i++)
			mean[i] += data_x(d, r, i) / (double)n;
	for (r = 0; r < n; r++)
		for (i = 0; i < C; i++)
			for (j = 0; j < C; j++)
				cov[i * C + j] += (data_x(d, r, i) - mean[i]) *
						  (data_x(d, r, j) - mean[j]) / (double)(n - 1);
}

static void check_moments(size_t rows, size_t cols, uint32_t dtype, double offset)
{
	double *mean = calloc(cols, sizeof(*mean)), *cov = calloc(cols * cols, sizeof(*cov));
	struct wattle_dataset d;
	struct wattle_moments m;
	size_t i, j, r;

	assert_non_null(mean);
	assert_non_null(cov);
	data_make(&d, rows, cols, 2, dtype, offset, rows + cols);
	ref_cov(&d, mean, cov);
	moments(&m, &d, 2);
	for (i = 0; i < cols; i++) {
		double low = data_x(&d, 0, i), high = low;

		for (r = 1; r < rows; r++) {
			low = fmin(low, data_x(&d, r, i));
			high = fmax(high, data_x(&d, r, i));
		}
		assert_true(m.low[i] == low && m.high[i] == high && !m.missing[i]);
		if (!(fabs(m.mean[i] - mean[i]) <= 1e-6 * sqrt(cov[i * cols + i]) + 1e-12))
			fail_msg("%zux%zu: mean[%zu] %.12g, want %.12g", rows, cols, i, m.mean[i],
				 mean[i]);
		for (j = 0; j < cols; j++) {
			const double scale = sqrt(cov[i * cols + i] * cov[j * cols + j]);
			/* Bytes are exact but for the last subtraction. */
			const double tol = dtype == WATTLE_U8 ? 1e-10 : 3e-6;

			if (!(fabs(m.cov[i * cols + j] - cov[i * cols + j]) <= tol * scale + 1e-12))
				fail_msg("%zux%zu offset %g: cov[%zu][%zu] %.12g, want %.12g", rows,
					 cols, offset, i, j, m.cov[i * cols + j],
					 cov[i * cols + j]);
			assert_true(m.cov[i * cols + j] == m.cov[j * cols + i]);
		}
	}
	wattle_moments__free(&m);
	wattle_dataset__free(&d);
	free(mean);
	free(cov);
}

static void test_moments(void **state)
{
	static const size_t rows[] = { 2, 3, 255, 257, 513, 4099, 9001 };
	static const size_t cols[] = { 1, 3, 13, 38, 65 };
	size_t i, j;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(rows); i++)
		for (j = 0; j < ARRAY_SIZE(cols); j++) {
			check_moments(rows[i], cols[j], WATTLE_F32, 0);
			check_moments(rows[i], cols[j], WATTLE_U8, 0);
		}
	/* Far from zero in units of the spread: the pivot keeps the digits. */
	check_moments(5000, 20, WATTLE_F32, 1e3);
}

static void test_workers(void **state)
{
	struct wattle_moments a, b;
	struct wattle_dataset d;

	(void)state;
	data_make(&d, 30011, 40, 2, WATTLE_F32, 3, 1);
	moments(&a, &d, 1);
	moments(&b, &d, 3);
	assert_memory_equal(a.cov, b.cov, 40 * 40 * sizeof(double));
	assert_memory_equal(a.mean, b.mean, 40 * sizeof(double));
	wattle_moments__free(&a);
	wattle_moments__free(&b);
	wattle_dataset__free(&d);
}

static void test_missing(void **state)
{
	const struct wattle_pca_opts o = { .sz = sizeof(o), .components = 2 };
	struct wattle_ml_error e;
	struct wattle_moments m;
	struct wattle_dataset d;
	struct wattle_pca p;
	struct rig rig;

	(void)state;
	data_make(&d, 3000, 7, 2, WATTLE_F32, 0, 2);
	set(&d, 5, 3, NAN);
	set(&d, 2999, 3, INFINITY);
	moments(&m, &d, 2);
	assert_int_equal(m.missing[3], 2);
	assert_int_equal(m.missing[2], 0);
	assert_true(isfinite(m.low[3]) && isfinite(m.high[3]) && isfinite(m.mean[3]));
	wattle_moments__free(&m);
	rig_open(&rig, 1);
	assert_int_equal(wattle_pca__fit(&p, &d.x, rig.pool, rig.queue, &o, NULL, &e), -EINVAL);
	assert_message(e, "feature 4 has 2 values that are not finite");
	rig_close(&rig);
	wattle_dataset__free(&d);
}

/* C v = lambda v for the covariance or correlation that an fp64 reference has. */
static void check_eigen(const struct wattle_pca *p, const struct wattle_dataset *d)
{
	const size_t C = p->cols;
	double *mean = calloc(C, sizeof(*mean)), *cov = calloc(C * C, sizeof(*cov));
	double trace = 0;
	size_t i, j, c;

	assert_non_null(mean);
	assert_non_null(cov);
	ref_cov(d, mean, cov);
	for (i = 0; i < C; i++)
		trace += cov[i * C + i] / (p->scale[i] * p->scale[i]);
	assert_true(fabs(trace - p->total) <= 1e-5 * trace);
	for (i = 0; i < p->k; i++) {
		const double *v = p->components + i * C;
		double top = 0;

		for (c = 0; c < C; c++)
			if (fabs(v[c]) > fabs(top))
				top = v[c];
		assert_true(top > 0);
		assert_true(!i || p->variance[i] <= p->variance[i - 1]);
		for (j = 0; j <= i; j++) {
			double dot = 0;

			for (c = 0; c < C; c++)
				dot += v[c] * p->components[j * C + c];
			assert_true(fabs(dot - (i == j)) <= 1e-12);
		}
		for (j = 0; j < C; j++) {
			double cv = 0;

			for (c = 0; c < C; c++)
				cv += cov[j * C + c] / (p->scale[j] * p->scale[c]) * v[c];
			if (!(fabs(cv - p->variance[i] * v[j]) <= 1e-5 * p->variance[0]))
				fail_msg("component %zu: (Cv)[%zu] = %.9g, lambda v = %.9g", i, j,
					 cv, p->variance[i] * v[j]);
		}
	}
	free(mean);
	free(cov);
}

static void test_components(void **state)
{
	struct wattle_dataset d;
	struct wattle_pca p, all;
	double kept = 0;
	size_t i;

	(void)state;
	for (unsigned int s = 0; s < 2; s++) {
		data_make(&d, 2500, 24, 3, s ? WATTLE_U8 : WATTLE_F32, 0, 5);
		fit(&p, &d, 6, 0, s, false);
		assert_int_equal(p.k, 6);
		check_eigen(&p, &d);
		fit(&all, &d, 0, 1.0, s, false);
		check_eigen(&all, &d);
		wattle_pca__free(&p);
		/* As few as keep the share. */
		fit(&p, &d, 0, 0.8, s, false);
		for (i = 0, kept = 0; i < p.k; i++) {
			assert_true(kept < 0.8 * all.total);
			kept += all.variance[i];
		}
		assert_true(kept >= 0.8 * all.total);
		wattle_pca__free(&p);
		wattle_pca__free(&all);
		wattle_dataset__free(&d);
	}
}

static void test_round_trip(void **state)
{
	struct wattle_matrix z, back;
	struct wattle_dataset d;
	struct wattle_pca p;
	double error[1500], sum = 0, kept = 0;
	size_t r, c, i, j;

	(void)state;
	data_make(&d, 1500, 17, 2, WATTLE_F32, 2, 6);
	for (unsigned int whiten = 0; whiten < 2; whiten++) {
		fit(&p, &d, 17, 0, true, whiten);
		assert_int_equal(wattle_pca__apply(&p, &d.x, &z), 0);
		assert_int_equal(wattle_pca__inverse(&p, &z, &back), 0);
		for (r = 0; r < 1500; r++)
			for (c = 0; c < 17; c++)
				assert_true(fabs(data_x(&d, r, c) -
						 (double)((float *)back.data)[r * back.stride + c])
					    <= 1e-4 * p.scale[c]);
		/* Scores are uncorrelated, with the eigenvalues, or 1, as variances. */
		for (i = 0; i < 17; i++)
			for (j = 0; j <= i; j++) {
				double s = 0;

				for (r = 0; r < 1500; r++)
					s += (double)((float *)z.data)[r * z.stride + i] *
					     (double)((float *)z.data)[r * z.stride + j] / 1499;
				assert_true(fabs(s - (i != j ? 0 : whiten ? 1 : p.variance[i])) <=
					    1e-4 * (whiten ? 1 : p.variance[0]));
			}
		wattle_matrix__free(&z);
		wattle_matrix__free(&back);
		wattle_pca__free(&p);
	}
	fit(&p, &d, 5, 0, true, true);
	assert_int_equal(wattle_pca__error(&p, &d.x, error), 0);
	for (r = 0; r < 1500; r++)
		sum += error[r] / 1500;
	for (i = 0; i < 5; i++)
		kept += p.variance[i];
	assert_true(fabs(sum - (p.total - kept) * 1499 / 1500) <= 1e-4 * p.total);
	wattle_pca__free(&p);
	wattle_dataset__free(&d);
}

static void test_refusals(void **state)
{
	struct wattle_pca_opts o = { .sz = sizeof(o), .components = 8 };
	struct wattle_ml_error e;
	struct wattle_dataset d;
	struct wattle_matrix m;
	struct wattle_pca p;
	struct rig rig;
	size_t r;

	(void)state;
	rig_open(&rig, 1);
	data_make(&d, 100, 7, 2, WATTLE_F32, 0, 2);
	assert_int_equal(wattle_pca__fit(&p, &d.x, rig.pool, rig.queue, &o, NULL, &e), -EINVAL);
	assert_message(e, "8 components are too many: 100 rows of 7 features have 7 at most");
	o.components = 0;
	assert_int_equal(wattle_pca__fit(&p, &d.x, rig.pool, rig.queue, &o, NULL, &e), -EINVAL);
	assert_message(e, "share of the variance, 0,");
	/* A column twice: one direction has no variance. */
	for (r = 0; r < 100; r++)
		set(&d, r, 6, (float)data_x(&d, r, 0));
	o.components = 7;
	o.whiten = true;
	assert_int_equal(wattle_pca__fit(&p, &d.x, rig.pool, rig.queue, &o, NULL, &e), -EINVAL);
	assert_message(e, "component 7 has no variance");
	o.whiten = false;
	assert_ok(wattle_pca__fit(&p, &d.x, rig.pool, rig.queue, &o, NULL, &e), e);
	assert_int_equal(wattle_matrix__alloc(&m, 1, 6, WATTLE_F32), 0);
	assert_int_equal(wattle_pca__apply(&p, &m, &(struct wattle_matrix){ 0 }), -EINVAL);
	wattle_matrix__free(&m);
	wattle_pca__free(&p);
	for (r = 0; r < 700; r++)
		set(&d, r / 7, r % 7, 3.25f);
	assert_int_equal(wattle_pca__fit(&p, &d.x, rig.pool, rig.queue, &o, NULL, &e), -EINVAL);
	assert_message(e, "every feature is constant");
	wattle_dataset__free(&d);
	rig_close(&rig);
}

/* A model's score of a row from the definition: components, scaler, weights. */
static double score(const struct wattle_model *m, const struct wattle_dataset *d, size_t r)
{
	const struct wattle_pca *p = &m->pca;
	double out = (double)m->b[0];
	size_t i, c;

	for (i = 0; i < m->cols; i++) {
		double z = 0;

		for (c = 0; c < p->cols; c++)
			z += p->components[i * p->cols + c] *
			     (data_x(d, r, c) - p->mean[c]) / p->scale[c];
		if (p->whiten)
			z /= sqrt(p->variance[i]);
		out += (double)m->w[i] * (z - m->scaler.mean[i]) / m->scaler.scale[i];
	}
	return out;
}

static void train(struct wattle_model *m, const struct wattle_dataset *d,
		  const struct wattle_pca_opts *pca, unsigned int workers)
{
	struct wattle_train_opts o = train_defaults;
	struct wattle_train_result r;
	struct rig rig;

	o.pca = pca;
	o.momentum = 1;
	o.max_epochs = 20;
	rig_open(&rig, workers);
	train_ok(m, d, &rig, &o, &r);
	/* Covariance, slices, eigenvectors, scores, and the epochs. */
	assert_true(r.run.batches > 24);
	rig_close(&rig);
}

/* Trained on components, saved, loaded: the same answers, and those of the definition. */
static void test_model(void **state)
{
	struct wattle_pca_opts pca = { .sz = sizeof(pca), .components = 3, .standardise = true };
	struct wattle_model m, same, back;
	struct wattle_ml_error e;
	struct wattle_dataset d;
	float prob[2 * 700], prob_back[2 * 700];
	uint32_t labels[700], labels_back[700];
	char *buf, *at;
	size_t len, r;

	(void)state;
	data_make(&d, 700, 9, 2, WATTLE_F32, 1, 11);
	for (unsigned int whiten = 0; whiten < 2; whiten++) {
		pca.whiten = whiten;
		train(&m, &d, &pca, 1);
		train(&same, &d, &pca, 3);
		assert_int_equal(m.cols, 3);
		assert_int_equal(wattle_model__features(&m), 9);
		assert_memory_equal(m.w, same.w, 3 * sizeof(float));
		assert_memory_equal(m.pca.components, same.pca.components, 27 * sizeof(double));
		wattle_model__free(&same);
		assert_ok(wattle_model__predict(&m, &d.x, labels, prob, &e), e);
		for (r = 0; r < 700; r++)
			assert_true(fabs((double)prob[2 * r + 1] -
					 1 / (1 + exp(-score(&m, &d, r)))) <= 1e-5);

		assert_ok(wattle_safetensors__bytes(&m, &buf, &len, &e), e);
		assert_ok(wattle_safetensors__parse(&back, "m", buf, len, &e), e);
		assert_ok(wattle_model__predict(&back, &d.x, labels_back, prob_back, &e), e);
		assert_memory_equal(prob, prob_back, sizeof(prob));
		assert_memory_equal(labels, labels_back, sizeof(labels));
		assert_true(back.pca.total == m.pca.total && back.pca.whiten == m.pca.whiten);
		wattle_model__free(&back);
		for (r = 0; r < len; r++)
			assert_int_not_equal(wattle_safetensors__parse(&back, "m", buf, r, &e), 0);
		at = memmem(buf, len, "pca_whiten", 10);
		assert_non_null(at);
		memcpy(at, "pca_xhiten", 10);
		assert_int_equal(wattle_safetensors__parse(&back, "m", buf, len, &e), -EPROTO);
		assert_message(e, "pca_whiten is neither yes nor no");
		memcpy(at, "pca_whiten", 10);
		/* A tensor under another name: half a PCA. */
		at = memmem(buf, len, "pca.scale", 9);
		assert_non_null(at);
		memcpy(at, "pcb.scale", 9);
		assert_int_equal(wattle_safetensors__parse(&back, "m", buf, len, &e), -EPROTO);
		assert_message(e, "a part of a PCA only");
		free(buf);

		m.pca.variance[2] = NAN;
		assert_int_equal(wattle_safetensors__bytes(&m, &buf, &len, &e), -EINVAL);
		wattle_model__free(&m);
	}
	wattle_dataset__free(&d);
}

/* Variances and components as scikit-learn's full SVD has them, signs by our rule. */
static const char program[] =
	"import sys, numpy as np\n"
	"try:\n"
	"    from sklearn.datasets import load_breast_cancer, load_digits\n"
	"    from sklearn.decomposition import PCA\n"
	"except ImportError:\n"
	"    print('missing')\n"
	"    sys.exit(0)\n"
	"x = %s(return_X_y=True)[0].astype(np.float32)\n"
	"np.save('%s/p.npy', x)\n"
	"p = PCA(5, svd_solver='full').fit(x.astype(np.float64))\n"
	"c = p.components_\n"
	"c = c * np.sign(c[np.arange(5), np.abs(c).argmax(1)])[:, None]\n"
	"for v in np.r_[p.explained_variance_, p.explained_variance_ratio_, c.ravel()]:\n"
	"    print('%%.17g' %% v)\n";

static void test_sklearn(void **state)
{
	static const char *const sets[] = { "load_breast_cancer", "load_digits" };
	const struct wattle_read_opts ro = { .sz = sizeof(ro), .unlabelled = true };
	struct wattle_ml_error e;
	struct wattle_dataset d;
	struct wattle_pca p;
	char path[256], *out, *at;
	size_t i, s;

	(void)state;
	for (s = 0; s < ARRAY_SIZE(sets); s++) {
		out = run_numpy(program, sets[s], tmp_dir());
		if (!out || !strncmp(out, "missing", 7)) {
			free(out);
			skip_because("scikit-learn is missing; install python3-sklearn");
		}
		snprintf(path, sizeof(path), "%s/p.npy", tmp_dir());
		assert_ok(wattle_dataset__read(&d, path, &ro, &e), e);
		fit(&p, &d, 5, 0, false, false);
		at = out;
		for (i = 0; i < 5; i++)
			assert_true(fabs(p.variance[i] / strtod(at, &at) - 1) <= 1e-5);
		for (i = 0; i < 5; i++)
			assert_true(fabs(p.variance[i] / p.total - strtod(at, &at)) <= 1e-6);
		for (i = 0; i < 5 * p.cols; i++) {
			const double theirs = strtod(at, &at);

			if (!(fabs(p.components[i] - theirs) <= 1e-4))
				fail_msg("%s: component %zu[%zu] %.9g, scikit-learn has %.9g",
					 sets[s], i / p.cols, i % p.cols, p.components[i], theirs);
		}
		wattle_pca__free(&p);
		wattle_dataset__free(&d);
		free(out);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_moments),
		cmocka_unit_test(test_workers),
		cmocka_unit_test(test_missing),
		cmocka_unit_test(test_components),
		cmocka_unit_test(test_round_trip),
		cmocka_unit_test(test_refusals),
		cmocka_unit_test(test_model),
		cmocka_unit_test(test_sklearn),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
