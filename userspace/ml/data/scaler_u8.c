// SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause
/*
 * Mean and standard deviation of bytes, in integers: one pass, no rounding until
 * the end, and a constant column is one whose variance is 0.
 */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "matrix.h"
#include "scaler.h"

/* 255^2 times as many still fits 32 bits. */
#define BLOCK_ROWS	((size_t)65536)

struct byte_sums {
	uint64_t	*sum;
	uint64_t	*squares;
	uint32_t	*block_sum;
	uint32_t	*block_squares;
};

static void add_block(const struct wattle_matrix *x, size_t first, size_t n, struct byte_sums *s)
{
	uint32_t *restrict sum = s->block_sum, *restrict squares = s->block_squares;
	const size_t cols = x->cols;
	size_t r, c;

	memset(sum, 0, cols * sizeof(*sum));
	memset(squares, 0, cols * sizeof(*squares));
	for (r = first; r < first + n; r++) {
		const uint8_t *restrict row = wattle_matrix__row_u8(x, r);

		for (c = 0; c < cols; c++) {
			sum[c] += row[c];
			squares[c] += (uint32_t)row[c] * row[c];
		}
	}
	for (c = 0; c < cols; c++) {
		s->sum[c] += sum[c];
		s->squares[c] += squares[c];
	}
}

int wattle_scaler__fit_u8(struct wattle_scaler *s, const struct wattle_matrix *x)
{
	const size_t cols = x->cols;
	uint64_t *wide = calloc(cols, 2 * sizeof(*wide));
	uint32_t *narrow = calloc(cols, 2 * sizeof(*narrow));
	struct byte_sums sums = { wide, wide + cols, narrow, narrow + cols };
	int err = -ENOMEM;
	size_t r, c;

	if (!wide || !narrow)
		goto out_free;
	for (r = 0; r < x->rows; r += BLOCK_ROWS)
		add_block(x, r, x->rows - r < BLOCK_ROWS ? x->rows - r : BLOCK_ROWS, &sums);
	for (c = 0; c < cols; c++) {
		/* n times the sum of squared deviations, exact: both products fit 128 bits. */
		const unsigned __int128 m2 = (unsigned __int128)sums.squares[c] * x->rows -
					     (unsigned __int128)sums.sum[c] * sums.sum[c];
		const double n = (double)x->rows;

		s->mean[c] = (double)sums.sum[c] / n;
		s->scale[c] = m2 ? sqrt((double)m2) / n : 1;
	}
	err = 0;

out_free:
	free(wide);
	free(narrow);
	return err;
}
