/* SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause */
#ifndef WATTLE_ML_DATA_SCALER_H
#define WATTLE_ML_DATA_SCALER_H

#include <float.h>
#include <math.h>
#include <stdbool.h>
#include <wattle/ml.h>

/*
 * Can a feature be divided by it? Below 2.9e-39, where 1 / scale is no 32-bit float any
 * more, a feature holds nothing but the last bits of subnormal numbers: as good as constant.
 */
static inline bool wattle_scaler__usable(double scale)
{
	return isfinite(scale) && scale >= 1.0 / (double)FLT_MAX;
}

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
