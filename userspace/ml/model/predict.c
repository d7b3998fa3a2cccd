// SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause
/*
 * From features to classes: scale a block of rows, score it with the kernels,
 * pick the largest score.
 */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "ml/data/fail.h"
#include "ml/data/matrix.h"
#include "ml/data/scaler.h"
#include "ml/kernels/kernels.h"
#include "ml/model/pca.h"

#define BLOCK_ROWS	WATTLE_PROJECTION_ROWS

struct work {
	struct wattle_pass	pass;
	const struct wattle_kernels *kernels;
	float			*rows;		/* BLOCK_ROWS x wstride */
	float			*w;		/* nr_outputs x wstride */
	float			*z;		/* BLOCK_ROWS x nr_outputs */
	void			*scratch;
	struct wattle_projection pca;		/* if the model has one */
	float			*low;		/* BLOCK_ROWS x components, dense */
};

static void work_free(struct work *k)
{
	free(k->rows);
	free(k->w);
	free(k->z);
	free(k->scratch);
	free(k->low);
	wattle_projection__free(&k->pca);
}

static int work_init(struct work *k, const struct wattle_model *m, struct wattle_ml_error *e)
{
	size_t wstride = wattle_kernels__wstride(m->cols);

	memset(k, 0, sizeof(*k));
	k->kernels = wattle_kernels__get();
	k->rows = wattle_matrix__lines(BLOCK_ROWS * wstride * sizeof(float));
	k->w = wattle_matrix__lines(m->nr_outputs * wstride * sizeof(float));
	k->z = wattle_matrix__lines((size_t)BLOCK_ROWS * m->nr_outputs * sizeof(float));
	k->scratch = wattle_matrix__lines(wattle_kernels__scratch_size(m->cols, m->nr_outputs));
	if (m->pca.cols)
		k->low = calloc(BLOCK_ROWS, m->cols * sizeof(*k->low));
	if (!k->rows || !k->w || !k->z || !k->scratch ||
	    (m->pca.cols && (!k->low || wattle_projection__init(&k->pca, &m->pca)))) {
		work_free(k);
		return wattle_ml__no_memory(e, "prediction");
	}
	for (size_t o = 0; o < m->nr_outputs; o++)
		memcpy(k->w + o * wstride, m->w + o * m->cols, m->cols * sizeof(float));
	k->pass = (struct wattle_pass) {
		.x = k->rows,
		.dtype = WATTLE_F32,
		.cols = m->cols,
		.stride = wstride,
		.nr_outputs = m->nr_outputs,
		.w = k->w,
		.wstride = wstride,
		.b = m->b,
		.scratch = k->scratch,
	};
	return 0;
}

/* s(z) without overflow: the exponential's argument is never positive. */
static double sigmoid(double z)
{
	double t = exp(-fabs(z));

	return z >= 0 ? 1 / (1 + t) : t / (1 + t);
}

/* ln s(z), exact where s(z) itself underflows. */
static double log_sigmoid(double z)
{
	return z >= 0 ? -log1p(exp(-z)) : z - log1p(exp(z));
}

/*
 * Probabilities of the classes. Trained with log-loss, several outputs are a
 * softmax. Trained with squared error each output is a class against the rest, and
 * its sigmoids are scaled to sum 1: a softmax of ln s(z), so that a row every output
 * refuses does not divide 0 by 0.
 */
static void probabilities(const struct wattle_model *m, const float *z, float *p)
{
	double max = -INFINITY, sum = 0;

	if (m->nr_outputs == 1) {
		p[1] = (float)sigmoid(z[0]);
		p[0] = (float)sigmoid(-z[0]);
		return;
	}
	for (uint32_t k = 0; k < m->nr_outputs; k++) {
		double v = m->loss == WATTLE_LOSS_SQUARED ? log_sigmoid(z[k]) : z[k];

		max = v > max ? v : max;
	}
	for (uint32_t k = 0; k < m->nr_outputs; k++) {
		double v = m->loss == WATTLE_LOSS_SQUARED ? log_sigmoid(z[k]) : z[k];

		v = exp(v - max);
		sum += v;
		p[k] = (float)v;
	}
	for (uint32_t k = 0; k < m->nr_outputs; k++)
		p[k] = (float)(p[k] / sum);
}

/* The class with the largest score, the first of equal ones. */
static uint32_t pick(const struct wattle_model *m, const float *z)
{
	uint32_t best = 0;

	if (m->nr_outputs == 1)
		return z[0] > 0;
	for (uint32_t k = 1; k < m->nr_outputs; k++)
		if (z[k] > z[best])
			best = k;
	return best;
}

static int check(const struct wattle_model *m, const struct wattle_matrix *x,
		 struct wattle_ml_error *e)
{
	if (!m->w || !m->b || !m->cols || m->nr_classes < 2 ||
	    m->nr_outputs != (m->nr_classes == 2 ? 1 : m->nr_classes))
		return wattle_ml__fail(e, -EINVAL, "the model is empty or inconsistent");
	if (!wattle_dtype__size(x->dtype))
		return wattle_ml__fail(e, -EINVAL, "features of unknown type %u", x->dtype);
	if ((m->scaler.cols && m->scaler.cols != m->cols) ||
	    (m->pca.cols && m->pca.k != m->cols))
		return wattle_ml__fail(e, -EINVAL, "the model is empty or inconsistent");
	if (x->cols != wattle_model__features(m))
		return wattle_ml__fail(e, -EINVAL,
				       "the samples have %zu features, the model was trained on %zu; give it the same columns (and leave the label out)",
				       x->cols, wattle_model__features(m));
	return 0;
}

/* Rows as the classifier wants them: components if there are any, then scaled. */
static void prepare(struct work *k, const struct wattle_model *m, const struct wattle_matrix *x,
		    size_t first, size_t n)
{
	const struct wattle_matrix low = {
		.rows = n, .cols = m->cols, .stride = m->cols, .dtype = WATTLE_F32, .data = k->low,
	};

	if (!m->pca.cols) {
		wattle_scaler__rows(&m->scaler, x, first, n, k->rows, k->pass.stride);
		return;
	}
	wattle_projection__rows(&k->pca, x, first, n, k->low);
	wattle_scaler__rows(&m->scaler, &low, 0, n, k->rows, k->pass.stride);
}

int wattle_model__predict(const struct wattle_model *m, const struct wattle_matrix *x,
			  uint32_t *labels, float *prob, struct wattle_ml_error *e)
{
	struct work k;
	int err;

	err = check(m, x, e);
	if (!err)
		err = work_init(&k, m, e);
	if (err)
		return err;
	for (size_t first = 0; first < x->rows; first += BLOCK_ROWS) {
		size_t n = x->rows - first < BLOCK_ROWS ? x->rows - first : BLOCK_ROWS;

		prepare(&k, m, x, first, n);
		k.pass.rows = n;
		k.kernels->scores(&k.pass, k.z);
		for (size_t r = 0; r < n; r++) {
			const float *z = k.z + r * m->nr_outputs;

			for (uint32_t o = 0; o < m->nr_outputs; o++) {
				if (isfinite(z[o]))
					continue;
				err = wattle_ml__fail(e, -ERANGE,
						      "sample %zu: its score is not finite; its values are far from what the model was trained on",
						      first + r + 1);
				goto out_free;
			}
			labels[first + r] = pick(m, z);
			if (prob)
				probabilities(m, z, prob + (first + r) * m->nr_classes);
		}
	}

out_free:
	work_free(&k);
	return err;
}
