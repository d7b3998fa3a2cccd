// SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause
/* Using principal components: scores of rows, the way back, and what it loses. */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "ml/data/matrix.h"
#include "ml/data/scaler.h"
#include "ml/model/pca.h"

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

void wattle_projection__into(struct wattle_projection *j, const struct wattle_matrix *x,
			     size_t first, size_t end, float *z, const struct wattle_matrix *out)
{
	const size_t k = j->pca->k;
	size_t n, r;

	for (; first < end; first += n) {
		n = end - first < WATTLE_PROJECTION_ROWS ? end - first : WATTLE_PROJECTION_ROWS;
		wattle_projection__rows(j, x, first, n, z);
		for (r = 0; r < n; r++)
			memcpy(wattle_matrix__row_f32(out, first + r), z + r * k, k * sizeof(*z));
	}
}

int wattle_pca__apply(const struct wattle_pca *p, const struct wattle_matrix *x,
		      struct wattle_matrix *out)
{
	struct wattle_projection j;
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
	if (!err)
		wattle_projection__into(&j, x, 0, x->rows, z, out);
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
