/* SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause */
/*
 * Matrices as <wattle/ml.h> has them; the part readers need besides.
 */
#ifndef WATTLE_ML_DATA_MATRIX_H
#define WATTLE_ML_DATA_MATRIX_H

#include <string.h>
#include <wattle/ml.h>

#define WATTLE_MATRIX_ALIGN	64u

/* Bytes of one element; 0 for a dtype that does not exist. */
static inline size_t wattle_dtype__size(uint32_t dtype)
{
	return dtype == WATTLE_F32 ? sizeof(float) : dtype == WATTLE_U8 ? 1 : 0;
}

/**
 * wattle_matrix__size() - size of a padded matrix, checked for overflow
 * @rows:	rows, > 0
 * @cols:	columns, > 0
 * @elem:	bytes per element, a divisor of WATTLE_MATRIX_ALIGN
 * @stride:	elements from row to row
 * @bytes:	bytes in all, at most PTRDIFF_MAX
 *
 * Return: 0; -EINVAL a size is 0; -EOVERFLOW.
 */
int wattle_matrix__size(size_t rows, size_t cols, size_t elem, size_t *stride, size_t *bytes);

/**
 * wattle_matrix__alloc_raw() - a matrix whose contents are undefined, padding included
 * @m:		filled in
 * @rows:	rows
 * @cols:	columns
 * @dtype:	enum wattle_dtype
 *
 * For readers that write every row: follow each row with wattle_matrix__pad_row().
 *
 * Return: as wattle_matrix__alloc().
 */
int wattle_matrix__alloc_raw(struct wattle_matrix *m, size_t rows, size_t cols, uint32_t dtype);

/* @bytes of zeros on whole cache lines, for free(); NULL without memory. */
void *wattle_matrix__lines(size_t bytes);

static inline float *wattle_matrix__row_f32(const struct wattle_matrix *m, size_t row)
{
	return (float *)m->data + row * m->stride;
}

static inline uint8_t *wattle_matrix__row_u8(const struct wattle_matrix *m, size_t row)
{
	return (uint8_t *)m->data + row * m->stride;
}

/* Zeroes the padding of a row. */
static inline void wattle_matrix__pad_row(const struct wattle_matrix *m, size_t row)
{
	size_t elem = wattle_dtype__size(m->dtype);

	memset((char *)m->data + (row * m->stride + m->cols) * elem, 0,
	       (m->stride - m->cols) * elem);
}

#endif
