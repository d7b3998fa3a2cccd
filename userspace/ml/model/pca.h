/* SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause */
#ifndef WATTLE_ML_MODEL_PCA_H
#define WATTLE_ML_MODEL_PCA_H

#include <wattle/ml.h>
#include "ml/kernels/kernels.h"

/**
 * struct wattle_projection - a PCA as the kernels take it, with room for a block of rows
 * @pca:	what it was made from
 * @pass:	its @x is @rows
 * @rows:	WATTLE_PROJECTION_ROWS scaled rows
 */
struct wattle_projection {
	const struct wattle_pca	*pca;
	struct wattle_pass	pass;
	float			*rows;
	float			*w;
	float			*b;
	void			*scratch;
};

#define WATTLE_PROJECTION_ROWS	128u

/* 0 or -ENOMEM, with nothing left to free. */
int wattle_projection__init(struct wattle_projection *j, const struct wattle_pca *p);
void wattle_projection__free(struct wattle_projection *j);

/**
 * wattle_projection__rows() - scores of n <= WATTLE_PROJECTION_ROWS rows
 * @j:		projection; @j->rows holds the scaled rows afterwards
 * @x:		features
 * @first:	first row
 * @n:		how many
 * @z:		out: n x k, dense
 *
 * Scaled in double precision and rounded once, then fp32 sums.
 */
void wattle_projection__rows(struct wattle_projection *j, const struct wattle_matrix *x,
			     size_t first, size_t n, float *z);

/* Rows first to end - 1 into those of @out; @z has room for WATTLE_PROJECTION_ROWS x k. */
void wattle_projection__into(struct wattle_projection *j, const struct wattle_matrix *x,
			     size_t first, size_t end, float *z, const struct wattle_matrix *out);

/*
 * Can it be used? Numbers that are finite, scales and whitened variances to divide by, no more
 * components than features. One that is not there is valid.
 */
bool wattle_pca__valid(const struct wattle_pca *p);

#endif
