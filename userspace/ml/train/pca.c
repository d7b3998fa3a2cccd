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
#include "ml/data/memory.h"
#include "ml/data/scaler.h"
#include "ml/model/pca.h"
#include "ml/train/objective.h"
#include "ml/train/pca.h"

/* lapacke.h: LAPACK_COL_MAJOR; lapack_int is int. */
#define COL_MAJOR	102
/* Rows of a batch of scores. */
#define MAX_COLS	32768	/* a covariance of 8 GiB */
#define PROJECT_ROWS	4096u

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
	/* Before a covariance that no eigenvectors would be computed of. */
	if (x->cols > MAX_COLS)
		return wattle_ml__fail(e, -EINVAL, "principal components of %zu features are not "
				       "computed, %d at most; leave some out", x->cols, MAX_COLS);
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

struct project_job {
	const struct wattle_matrix *x;
	const struct wattle_matrix *out;
	struct wattle_projection *j;	/* one a worker */
	float			*z;	/* the same */
};

static int project_batch(void *ctx, uint64_t block, unsigned int worker)
{
	struct project_job *b = ctx;
	const size_t first = block * PROJECT_ROWS, left = b->x->rows - first;
	struct wattle_projection *j = &b->j[worker];

	wattle_projection__into(j, b->x, first, first + (left < PROJECT_ROWS ? left :
				PROJECT_ROWS),
				b->z + worker * WATTLE_PROJECTION_ROWS * j->pca->k, b->out);
	return 0;
}

int wattle_pca__project(const struct wattle_pca *p, const struct wattle_matrix *x,
			struct wattle_matrix *out, struct wattle_pool *pool, uint32_t queue,
			struct wattle_run_stats *run, struct wattle_ml_error *e)
{
	const size_t workers = wattle_pool__nr_workers(pool);
	const size_t blocks = (x->rows + PROJECT_ROWS - 1) / PROJECT_ROWS;
	struct project_job b = { .x = x, .out = out };
	struct wattle_batch *batches = calloc(blocks, sizeof(*batches));
	size_t i, ready = 0;
	int err;

	memset(out, 0, sizeof(*out));
	b.j = calloc(workers, sizeof(*b.j));
	b.z = calloc(workers * WATTLE_PROJECTION_ROWS, p->k * sizeof(*b.z));
	err = wattle_memory__check(x->rows, p->k, sizeof(float), "principal components", e);
	if (err)
		goto free_job;
	if (!batches || !b.j || !b.z || wattle_matrix__alloc(out, x->rows, p->k, WATTLE_F32)) {
		err = wattle_ml__no_memory(e, "the components' scores");
		goto free_job;
	}
	for (; ready < workers; ready++)
		if (wattle_projection__init(&b.j[ready], p)) {
			err = wattle_ml__no_memory(e, "the components' scores");
			goto free_projections;
		}
	for (i = 0; i < blocks; i++)
		batches[i] = (struct wattle_batch){
			.user_data = i,
			.shape = WATTLE_SHAPE_PROJECT,
			.release_ns = WATTLE_TIME_NONE,
			.deadline_ns = WATTLE_TIME_NONE,
		};
	err = wattle_pool__run(pool, queue, batches, blocks, project_batch, &b, run);
	if (err)
		wattle_ml__fail(e, err, "the components' scores stopped: %s",
				wattle_client__error());
free_projections:
	while (ready--)
		wattle_projection__free(&b.j[ready]);
	if (err)
		wattle_matrix__free(out);
free_job:
	free(b.j);
	free(b.z);
	free(batches);
	return err;
}
