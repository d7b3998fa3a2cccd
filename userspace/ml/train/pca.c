// SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause
/*
 * Principal components: eigenvectors of the covariance, largest first.
 *
 * LAPACK is loaded on first use, because nothing else needs it and a BLAS starts
 * threads when it is loaded. Its own threads are held to one while it works: how
 * many there are would otherwise show in the last bits.
 */
#include <dlfcn.h>
#include <errno.h>
#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ml/data/fail.h"
#include "ml/data/matrix.h"
#include "ml/data/scaler.h"
#include "ml/train/objective.h"
#include "ml/train/pca.h"

/* lapacke.h: LAPACK_COL_MAJOR; lapack_int is int. */
#define COL_MAJOR	102

struct lapack {
	int	(*dsyevr)(int layout, char jobz, char range, char uplo, int n, double *a, int lda,
			  double vl, double vu, int il, int iu, double abstol, int *m, double *w,
			  double *z, int ldz, int *isuppz);
	void	(*set_threads)(int n);
	int	(*get_threads)(void);
	char	why[256];
};

static struct lapack lapack;
static pthread_once_t lapack_once = PTHREAD_ONCE_INIT;
/* The number of a BLAS's threads belongs to the process. */
static pthread_mutex_t lapack_lock = PTHREAD_MUTEX_INITIALIZER;

static void lapack_load(void)
{
	void *h = dlopen("liblapacke.so.3", RTLD_NOW | RTLD_LOCAL);
	const char *err = h ? NULL : dlerror();

	if (h)
		*(void **)&lapack.dsyevr = dlsym(h, "LAPACKE_dsyevr");
	if (!lapack.dsyevr) {
		snprintf(lapack.why, sizeof(lapack.why), "%s",
			 err ? err : "liblapacke.so.3 has no LAPACKE_dsyevr");
		return;
	}
	/* dlsym() also looks at what the library depends on: OpenBLAS, if that is the BLAS. */
	*(void **)&lapack.set_threads = dlsym(h, "openblas_set_num_threads");
	*(void **)&lapack.get_threads = dlsym(h, "openblas_get_num_threads");
}

/*
 * struct eigen - the @k largest eigenpairs of an @n x @n symmetric matrix @a, which is
 * overwritten; ascending
 */
struct eigen {
	int	n;
	int	k;
	double	*a;
	double	*values;
	double	*vectors;
	double	*copy;		/* of @a, as a batch may run twice */
	int	*support;
	int	info;
	int	found;
};

static int solve(void *ctx, uint64_t user_data, unsigned int worker)
{
	struct eigen *g = ctx;
	int threads = 0;

	(void)user_data;
	(void)worker;
	memcpy(g->copy, g->a, (size_t)g->n * g->n * sizeof(double));
	pthread_mutex_lock(&lapack_lock);
	if (lapack.set_threads && lapack.get_threads) {
		threads = lapack.get_threads();
		lapack.set_threads(1);
	}
	g->info = lapack.dsyevr(COL_MAJOR, 'V', g->k < g->n ? 'I' : 'A', 'L', g->n, g->copy, g->n,
				0.0, 0.0, g->n - g->k + 1, g->n, 0.0, &g->found, g->values,
				g->vectors, g->n, g->support);
	if (threads)
		lapack.set_threads(threads);
	pthread_mutex_unlock(&lapack_lock);
	return 0;
}

static void eigen_free(struct eigen *g)
{
	free(g->copy);
	free(g->values);
	free(g->vectors);
	free(g->support);
}

/* The @k largest eigenpairs of @cov, as one batch. */
static int eigen_run(struct eigen *g, double *cov, size_t n, size_t k, struct wattle_pool *pool,
		     uint32_t queue, struct wattle_run_stats *run, struct wattle_ml_error *e)
{
	const struct wattle_batch batch = {
		.shape = WATTLE_SHAPE_EIGEN,
		.release_ns = WATTLE_TIME_NONE,
		.deadline_ns = WATTLE_TIME_NONE,
	};
	int err;

	pthread_once(&lapack_once, lapack_load);
	if (!lapack.dsyevr)
		return wattle_ml__fail(e, -ENOPKG, "principal components need LAPACK: %s; install "
				       "the package liblapacke", lapack.why);
	if (n > 32768)
		return wattle_ml__fail(e, -EINVAL, "principal components of %zu features are not "
				       "computed, 32768 at most; leave some out", n);
	*g = (struct eigen){ .n = (int)n, .k = (int)k, .a = cov };
	g->copy = malloc(n * n * sizeof(double));
	g->values = calloc(n, sizeof(double));
	g->vectors = calloc(n, k * sizeof(double));
	g->support = calloc(n, 2 * sizeof(int));
	if (!g->copy || !g->values || !g->vectors || !g->support)
		return wattle_ml__no_memory(e, "the eigenvectors");
	err = wattle_pool__run(pool, queue, &batch, 1, solve, g, run);
	if (err)
		return wattle_ml__fail(e, err, "the eigenvectors stopped: %s",
				       wattle_client__error());
	if (g->info || g->found != g->k)
		return wattle_ml__fail(e, -EDOM, "LAPACK found %d of %d eigenvectors (dsyevr says "
				       "%d)", g->found, g->k, g->info);
	return 0;
}

/* --- from moments to components --- */

static int check(const struct wattle_moments *m, const struct wattle_pca_opts *o,
		 struct wattle_ml_error *e)
{
	const size_t most = m->rows - 1 < m->cols ? m->rows - 1 : m->cols;
	size_t c;

	if (o->components > most)
		return wattle_ml__fail(e, -EINVAL, "%zu components are too many: %zu rows of %zu "
				       "features have %zu at most", o->components, m->rows, m->cols,
				       most);
	for (c = 0; c < m->cols; c++) {
		if (m->missing[c])
			return wattle_ml__fail(e, -EINVAL, "feature %zu has %llu values that are "
					       "not finite; remove or replace them first", c + 1,
					       (unsigned long long)m->missing[c]);
		if (!isfinite(m->cov[c * m->cols + c]))
			return wattle_ml__fail(e, -ERANGE, "feature %zu, from %g to %g, is too "
					       "large: its variance is not finite", c + 1,
					       m->low[c], m->high[c]);
	}
	return 0;
}

/* Scales, and with them the correlation in place of the covariance. */
static double scale(struct wattle_pca *p, const struct wattle_moments *m, bool standardise)
{
	const double n = (double)m->rows;
	double total = 0.0;
	size_t i, c;

	for (i = 0; i < m->cols; i++) {
		const double sd = sqrt(fmax(m->cov[i * m->cols + i], 0.0) * ((n - 1.0) / n));

		p->mean[i] = m->low[i] == m->high[i] ? m->low[i] : m->mean[i];
		p->scale[i] = standardise && wattle_scaler__usable(sd) ? sd : 1.0;
	}
	for (i = 0; i < m->cols; i++) {
		for (c = 0; c < m->cols; c++)
			m->cov[i * m->cols + c] /= p->scale[i] * p->scale[c];
		total += m->cov[i * m->cols + i];
	}
	return total;
}

/* How many of the eigenvalues, ascending, keep the share. */
static size_t count(const struct eigen *g, double share, double total)
{
	double sum = 0.0;
	size_t k;

	for (k = 0; k < (size_t)g->k && sum < share * total; k++)
		sum += fmax(g->values[g->k - 1 - (int)k], 0.0);
	return k ? k : 1;
}

/* An eigenvector's sign is anybody's choice: its largest entry is positive. */
static void take(struct wattle_pca *p, const struct eigen *g)
{
	size_t i, c;

	for (i = 0; i < p->k; i++) {
		const double *from = g->vectors + ((size_t)g->k - 1 - i) * p->cols;
		double *to = p->components + i * p->cols, top = 0.0;

		for (c = 0; c < p->cols; c++)
			if (fabs(from[c]) > fabs(top))
				top = from[c];
		for (c = 0; c < p->cols; c++)
			to[c] = top < 0.0 ? -from[c] : from[c];
		p->variance[i] = fmax(g->values[(size_t)g->k - 1 - i], 0.0);
	}
}

int wattle_pca__fit(struct wattle_pca *p, const struct wattle_matrix *x, struct wattle_pool *pool,
		    uint32_t queue, const struct wattle_pca_opts *o, struct wattle_run_stats *run,
		    struct wattle_ml_error *e)
{
	struct wattle_moments m;
	struct eigen g = { 0 };
	int err;

	memset(p, 0, sizeof(*p));
	if (o->sz < sizeof(*o))
		return wattle_ml__fail(e, -EINVAL, "wattle_pca_opts.sz is not set; assign "
				       "sizeof(struct wattle_pca_opts)");
	if (!o->components && !(o->share > 0.0 && o->share <= 1.0))
		return wattle_ml__fail(e, -EINVAL, "the share of the variance, %g, must be above 0 "
				       "and at most 1", o->share);
	err = wattle_moments__fit(&m, x, pool, queue, run, e);
	if (err)
		return err;
	err = check(&m, o, e);
	if (err)
		goto free_moments;
	p->cols = x->cols;
	p->whiten = o->whiten;
	p->mean = calloc(x->cols, sizeof(double));
	p->scale = calloc(x->cols, sizeof(double));
	if (!p->mean || !p->scale) {
		err = wattle_ml__no_memory(e, "the components");
		goto free_pca;
	}
	p->total = scale(p, &m, o->standardise);
	if (!(p->total > 0.0)) {
		err = wattle_ml__fail(e, -EINVAL, "every feature is constant: there are no "
				      "principal components");
		goto free_pca;
	}
	err = eigen_run(&g, m.cov, x->cols, o->components ? o->components : x->cols, pool, queue,
			run, e);
	if (err)
		goto free_pca;
	p->k = o->components ? o->components : count(&g, o->share, p->total);
	p->components = calloc(p->k, x->cols * sizeof(double));
	p->variance = calloc(p->k, sizeof(double));
	if (!p->components || !p->variance) {
		err = wattle_ml__no_memory(e, "the components");
		goto free_pca;
	}
	take(p, &g);
	/* What rounding leaves of a variance of 0 is no length to divide by. */
	if (p->whiten && !(p->variance[p->k - 1] > 1e-12 * p->variance[0]))
		err = wattle_ml__fail(e, -EINVAL, "component %zu has no variance, so it cannot be "
				      "whitened; take fewer", p->k);

free_pca:
	eigen_free(&g);
	if (err)
		wattle_pca__free(p);
free_moments:
	wattle_moments__free(&m);
	return err;
}

void wattle_pca__free(struct wattle_pca *p)
{
	if (!p)
		return;
	free(p->mean);
	free(p->scale);
	free(p->components);
	free(p->variance);
	memset(p, 0, sizeof(*p));
}

/* --- using them --- */

/* Length of component i: scores are divided by it. */
static double whitener(const struct wattle_pca *p, size_t i)
{
	return p->whiten ? sqrt(p->variance[i]) : 1.0;
}

int wattle_projection__init(struct wattle_projection *j, const struct wattle_pca *p)
{
	const size_t wstride = wattle_kernels__wstride(p->cols);
	size_t i, c;

	memset(j, 0, sizeof(*j));
	j->pca = p;
	j->rows = wattle_matrix__lines(WATTLE_PROJECTION_ROWS * wstride * sizeof(float));
	j->w = wattle_matrix__lines(p->k * wstride * sizeof(float));
	j->b = wattle_matrix__lines(p->k * sizeof(float));
	j->scratch = wattle_matrix__lines(wattle_kernels__scratch_size(p->cols, p->k));
	if (!j->rows || !j->w || !j->b || !j->scratch) {
		wattle_projection__free(j);
		return -ENOMEM;
	}
	for (i = 0; i < p->k; i++)
		for (c = 0; c < p->cols; c++)
			j->w[i * wstride + c] = (float)(p->components[i * p->cols + c] /
							whitener(p, i));
	j->pass = (struct wattle_pass){
		.x = j->rows,
		.dtype = WATTLE_F32,
		.cols = p->cols,
		.stride = wstride,
		.nr_outputs = p->k,
		.w = j->w,
		.wstride = wstride,
		.b = j->b,
		.scratch = j->scratch,
	};
	return 0;
}

void wattle_projection__free(struct wattle_projection *j)
{
	free(j->rows);
	free(j->w);
	free(j->b);
	free(j->scratch);
	memset(j, 0, sizeof(*j));
}

void wattle_projection__rows(struct wattle_projection *j, const struct wattle_matrix *x,
			     size_t first, size_t n, float *z)
{
	const struct wattle_scaler s = {
		.cols = j->pca->cols, .mean = j->pca->mean, .scale = j->pca->scale,
	};

	wattle_scaler__rows(&s, x, first, n, j->rows, j->pass.stride);
	j->pass.rows = n;
	wattle_kernels__get()->scores(&j->pass, z);
}

int wattle_pca__apply(const struct wattle_pca *p, const struct wattle_matrix *x,
		      struct wattle_matrix *out)
{
	struct wattle_projection j;
	size_t first, n, r;
	float *z;
	int err;

	memset(out, 0, sizeof(*out));
	if (x->cols != p->cols || !wattle_dtype__size(x->dtype))
		return -EINVAL;
	err = wattle_projection__init(&j, p);
	if (err)
		return err;
	z = calloc(WATTLE_PROJECTION_ROWS, p->k * sizeof(*z));
	err = z ? wattle_matrix__alloc(out, x->rows, p->k, WATTLE_F32) : -ENOMEM;
	for (first = 0; !err && first < x->rows; first += n) {
		n = x->rows - first < WATTLE_PROJECTION_ROWS ? x->rows - first :
							       WATTLE_PROJECTION_ROWS;
		wattle_projection__rows(&j, x, first, n, z);
		for (r = 0; r < n; r++)
			memcpy(wattle_matrix__row_f32(out, first + r), z + r * p->k,
			       p->k * sizeof(*z));
	}
	free(z);
	wattle_projection__free(&j);
	return err;
}

/* The scaled features that scores stand for: V' z. */
static void rebuild(const struct wattle_pca *p, const float *z, double *out)
{
	size_t i, c;

	memset(out, 0, p->cols * sizeof(*out));
	for (i = 0; i < p->k; i++) {
		const double *v = p->components + i * p->cols, s = (double)z[i] * whitener(p, i);

		for (c = 0; c < p->cols; c++)
			out[c] += s * v[c];
	}
}

int wattle_pca__inverse(const struct wattle_pca *p, const struct wattle_matrix *z,
			struct wattle_matrix *out)
{
	double *row;
	size_t r, c;
	int err;

	memset(out, 0, sizeof(*out));
	if (z->cols != p->k || z->dtype != WATTLE_F32)
		return -EINVAL;
	row = calloc(p->cols, sizeof(*row));
	err = row ? wattle_matrix__alloc(out, z->rows, p->cols, WATTLE_F32) : -ENOMEM;
	for (r = 0; !err && r < z->rows; r++) {
		rebuild(p, wattle_matrix__row_f32(z, r), row);
		for (c = 0; c < p->cols; c++)
			wattle_matrix__row_f32(out, r)[c] =
				(float)(row[c] * p->scale[c] + p->mean[c]);
	}
	free(row);
	return err;
}

int wattle_pca__error(const struct wattle_pca *p, const struct wattle_matrix *x, double *error)
{
	struct wattle_projection j;
	size_t first, n, r, c;
	double *row;
	float *z;
	int err;

	if (x->cols != p->cols || !wattle_dtype__size(x->dtype))
		return -EINVAL;
	err = wattle_projection__init(&j, p);
	if (err)
		return err;
	z = calloc(WATTLE_PROJECTION_ROWS, p->k * sizeof(*z));
	row = calloc(p->cols, sizeof(*row));
	if (!z || !row)
		err = -ENOMEM;
	for (first = 0; !err && first < x->rows; first += n) {
		n = x->rows - first < WATTLE_PROJECTION_ROWS ? x->rows - first :
							       WATTLE_PROJECTION_ROWS;
		wattle_projection__rows(&j, x, first, n, z);
		for (r = 0; r < n; r++) {
			rebuild(p, z + r * p->k, row);
			error[first + r] = 0.0;
			for (c = 0; c < p->cols; c++) {
				const double d = (double)j.rows[r * j.pass.stride + c] - row[c];

				error[first + r] += d * d;
			}
		}
	}
	free(z);
	free(row);
	wattle_projection__free(&j);
	return err;
}
