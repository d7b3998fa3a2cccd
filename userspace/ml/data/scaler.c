// SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause
/*
 * Standardisation. Mean and squared deviation are taken in two passes over blocks
 * of rows that stay in cache, and blocks are merged pairwise as in Chan, Golub and
 * LeVeque, Updating Formulae and a Pairwise Algorithm for Computing Sample
 * Variances (1979), eq. 2.1: the difference of two large rounded sums never occurs.
 */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "matrix.h"
#include "scaler.h"
#include "u128.h"

#define BLOCK_BYTES	(128u << 10)	/* a part of L2 */

struct moments {
	double	*mean;
	double	*m2;		/* sum of squared deviations from the mean */
	double	*block_mean;
	double	*block_m2;
	double	*low;
	double	*high;
};

static void block_sums(const struct wattle_matrix *x, size_t first, size_t n, struct moments *m)
{
	memset(m->block_mean, 0, x->cols * sizeof(double));
	memset(m->block_m2, 0, x->cols * sizeof(double));
	for (size_t r = first; r < first + n; r++) {
		const float *row = wattle_matrix__row_f32(x, r);

		for (size_t c = 0; c < x->cols; c++)
			m->block_mean[c] += (double)row[c];
	}
	for (size_t c = 0; c < x->cols; c++)
		m->block_mean[c] /= (double)n;
	for (size_t r = first; r < first + n; r++) {
		const float *row = wattle_matrix__row_f32(x, r);

		for (size_t c = 0; c < x->cols; c++) {
			double v = (double)row[c], dev = v - m->block_mean[c];

			m->block_m2[c] += dev * dev;
			m->low[c] = v < m->low[c] ? v : m->low[c];
			m->high[c] = v > m->high[c] ? v : m->high[c];
		}
	}
}

static void merge(struct moments *m, size_t cols, double before, double n)
{
	double total = before + n;

	for (size_t c = 0; c < cols; c++) {
		double delta = m->block_mean[c] - m->mean[c];

		m->mean[c] += delta * (n / total);
		m->m2[c] += m->block_m2[c] + delta * delta * (before * n / total);
	}
}

static int fit_f32(struct wattle_scaler *s, const struct wattle_matrix *x)
{
	size_t block = BLOCK_BYTES / (x->stride * sizeof(float));
	double *work = calloc(x->cols, 6 * sizeof(double));
	struct moments m;

	if (!work)
		return -ENOMEM;
	m.mean = work;
	m.m2 = work + x->cols;
	m.block_mean = work + 2 * x->cols;
	m.block_m2 = work + 3 * x->cols;
	m.low = work + 4 * x->cols;
	m.high = work + 5 * x->cols;
	for (size_t c = 0; c < x->cols; c++) {
		m.low[c] = INFINITY;
		m.high[c] = -INFINITY;
	}
	if (!block)
		block = 1;
	for (size_t r = 0; r < x->rows; r += block) {
		size_t n = x->rows - r < block ? x->rows - r : block;

		block_sums(x, r, n, &m);
		merge(&m, x->cols, (double)r, (double)n);
	}
	for (size_t c = 0; c < x->cols; c++) {
		double sd = sqrt(m.m2[c] / (double)x->rows);

		/* By the values themselves: the sum of rounding errors is no spread. */
		bool constant = m.low[c] == m.high[c];

		s->mean[c] = constant ? m.low[c] : m.mean[c];
		s->scale[c] = constant || !wattle_scaler__usable(sd) ? 1 : sd;
	}
	free(work);
	return 0;
}

/* Bytes need no care: sums of values and of squares are exact in integers. */
static int fit_u8(struct wattle_scaler *s, const struct wattle_matrix *x)
{
	uint64_t *sum = calloc(x->cols, 2 * sizeof(*sum)), *sq;
	uint32_t *part = calloc(x->cols, 2 * sizeof(*part)), *part_sq;
	u128 n = x->rows, spread;
	int err = -ENOMEM;

	if (!sum || !part)
		goto out_free;
	sq = sum + x->cols;
	part_sq = part + x->cols;
	for (size_t r = 0; r < x->rows;) {
		/* 65536 squares of a byte stay below 2^32. */
		size_t end = x->rows - r < 65536 ? x->rows : r + 65536;

		for (; r < end; r++) {
			const uint8_t *row = wattle_matrix__row_u8(x, r);

			for (size_t c = 0; c < x->cols; c++) {
				part[c] += row[c];
				part_sq[c] += (uint32_t)row[c] * row[c];
			}
		}
		for (size_t c = 0; c < x->cols; c++) {
			sum[c] += part[c];
			sq[c] += part_sq[c];
		}
		memset(part, 0, x->cols * 2 * sizeof(*part));
	}
	for (size_t c = 0; c < x->cols; c++) {
		/* n^2 times the variance. */
		spread = n * sq[c];
		spread -= (u128)sum[c] * sum[c];
		s->mean[c] = (double)sum[c] / (double)x->rows;
		s->scale[c] = spread ? sqrt((double)spread) / (double)x->rows : 1;
	}
	err = 0;

out_free:
	free(sum);
	free(part);
	return err;
}

int wattle_scaler__fit(struct wattle_scaler *s, const struct wattle_matrix *x)
{
	int err = -ENOMEM;

	memset(s, 0, sizeof(*s));
	if (!wattle_dtype__size(x->dtype) || !x->rows || !x->cols)
		return -EINVAL;
	s->cols = x->cols;
	s->mean = calloc(x->cols, sizeof(double));
	s->scale = calloc(x->cols, sizeof(double));
	if (s->mean && s->scale)
		err = x->dtype == WATTLE_U8 ? fit_u8(s, x) : fit_f32(s, x);
	if (err)
		wattle_scaler__free(s);
	return err;
}

void wattle_scaler__rows(const struct wattle_scaler *s, const struct wattle_matrix *x,
			 size_t first, size_t n, float *out, size_t out_stride)
{
	for (size_t r = 0; r < n; r++) {
		float *to = out + r * out_stride;

		if (x->dtype == WATTLE_U8) {
			const uint8_t *row = wattle_matrix__row_u8(x, first + r);

			for (size_t c = 0; c < x->cols; c++)
				to[c] = s->cols ? (float)((row[c] - s->mean[c]) / s->scale[c]) :
						  (float)row[c];
		} else {
			const float *row = wattle_matrix__row_f32(x, first + r);

			for (size_t c = 0; c < x->cols; c++)
				to[c] = s->cols ?
					(float)(((double)row[c] - s->mean[c]) / s->scale[c]) :
					row[c];
		}
		memset(to + x->cols, 0, (out_stride - x->cols) * sizeof(float));
	}
}

int wattle_scaler__apply(const struct wattle_scaler *s, const struct wattle_matrix *x,
			 struct wattle_matrix *out)
{
	int err;

	memset(out, 0, sizeof(*out));
	if (s->cols != x->cols || !wattle_dtype__size(x->dtype))
		return -EINVAL;
	err = wattle_matrix__alloc_raw(out, x->rows, x->cols, WATTLE_F32);
	if (!err)
		wattle_scaler__rows(s, x, 0, x->rows, out->data, out->stride);
	return err;
}

void wattle_scaler__free(struct wattle_scaler *s)
{
	if (!s)
		return;
	free(s->mean);
	free(s->scale);
	memset(s, 0, sizeof(*s));
}
