/* SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause */
#ifndef WATTLE_ML_DATA_SCALER_H
#define WATTLE_ML_DATA_SCALER_H

#include <wattle/ml.h>

/**
 * wattle_scaler__rows() - scale some rows
 * @s:		scaler; cols 0 = copy as float
 * @x:		features
 * @first:	first row
 * @n:		how many
 * @out:	@n x @out_stride; padding is zeroed
 * @out_stride:	elements from row to row, >= @x->cols
 *
 * Computed in double precision and rounded once, so that a column whose values are
 * far from zero keeps its digits.
 */
void wattle_scaler__rows(const struct wattle_scaler *s, const struct wattle_matrix *x,
			 size_t first, size_t n, float *out, size_t out_stride);

#endif
