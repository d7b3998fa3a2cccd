// SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause
/*
 * Mean, covariance, extremes and missing values: a batch for each block of rows,
 * then the blocks' sums in their order, a batch for each slice of the matrix.
 */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "ml/data/fail.h"
#include "ml/data/matrix.h"
#include "ml/data/memory.h"
#include "ml/kernels/kernels.h"
#include "ml/train/objective.h"

/* Blocks: none smaller than this, so that adding their matrices up stays small beside them. */
#define BLOCK_ROWS	2048u
#define MAX_BLOCKS	64u
#define MAX_COLS	(1 << 24)
/* Memory of all blocks' sums, unless it is less than MIN_BLOCKS take. */
#define PARTS_BYTES	((size_t)64 << 20)
#define MIN_BLOCKS	4u
/* Rows the pivot is taken from, evenly spaced. */
#define PIVOT_ROWS	64u

/* The sums of a block, in one allocation: see carve(). */
struct part {
	double		*s;
	double		*sum;
	float		*low;
	float		*high;
	uint64_t	*missing;
};

struct job {
	const struct wattle_matrix *x;
	const struct wattle_kernels *kernels;
	size_t			width;
	size_t			block_rows;
	size_t			nr_blocks;
	size_t			part_size;
	size_t			scratch_size;
	size_t			slice;		/* rows of the matrix that a batch adds up */
	char			*parts;
	char			*scratch;
	float			*pivot;
	double			*cov;
	struct wattle_batch	*batches;
};

static struct part carve(const struct job *j, size_t block)
{
	struct part p = { .s = (double *)(j->parts + block * j->part_size) };

	p.sum = p.s + j->width * j->width;
	p.missing = (uint64_t *)(p.sum + j->width);
	p.low = (float *)(p.missing + j->width);
	p.high = p.low + j->width;
	return p;
}

static int block_moments(void *ctx, uint64_t block, unsigned int worker)
{
	struct job *j = ctx;
	const size_t first = block * j->block_rows;
	const struct part part = carve(j, block);
	struct wattle_cov p = {
		.x = (const char *)j->x->data +
		     first * j->x->stride * wattle_dtype__size(j->x->dtype),
		.dtype = j->x->dtype,
		.rows = j->x->rows - first < j->block_rows ? j->x->rows - first : j->block_rows,
		.cols = j->x->cols,
		.stride = j->x->stride,
		.width = j->width,
		.pivot = j->pivot,
		.scratch = j->scratch + worker * j->scratch_size,
		.s = part.s,
		.sum = part.sum,
		.low = part.low,
		.high = part.high,
		.missing = part.missing,
	};

	j->kernels->cov(&p);
	return 0;
}

/* Some rows of the sum of all blocks. Written, not added to: a batch may run twice. */
static int merge_slice(void *ctx, uint64_t slice, unsigned int worker)
{
	struct job *j = ctx;
	const size_t end = (slice + 1) * j->slice < j->x->cols ? (slice + 1) * j->slice :
								  j->x->cols;
	const size_t cols = j->x->cols;
	size_t b, i, c;

	(void)worker;
	for (i = slice * j->slice; i < end; i++) {
		double *to = j->cov + i * cols;

		memcpy(to + i, carve(j, 0).s + i * j->width + i, (cols - i) * sizeof(double));
		for (b = 1; b < j->nr_blocks; b++) {
			const double *s = carve(j, b).s + i * j->width;

			for (c = i; c < cols; c++)
				to[c] += s[c];
		}
	}
	return 0;
}

static int run(struct job *j, struct wattle_pool *pool, uint32_t queue, uint32_t shape,
	       size_t count, wattle_batch_fn fn, struct wattle_run_stats *stats,
	       struct wattle_ml_error *e)
{
	size_t i;
	int err;

	for (i = 0; i < count; i++)
		j->batches[i] = (struct wattle_batch){
			.user_data = i,
			.shape = shape,
			.release_ns = WATTLE_TIME_NONE,
			.deadline_ns = WATTLE_TIME_NONE,
		};
	err = wattle_pool__run(pool, queue, j->batches, count, fn, j, stats);
	if (err)
		return wattle_ml__fail(e, err, "the covariance stopped: %s",
				       wattle_client__error());
	return 0;
}

/*
 * A pivot near each column's mean: without it the squares of a column far from zero
 * would have no digits left for its spread. Values that are none are left out.
 */
static void choose_pivot(struct job *j)
{
	const size_t n = j->x->rows < PIVOT_ROWS ? j->x->rows : PIVOT_ROWS;
	size_t c, i;

	if (j->x->dtype == WATTLE_U8)
		return;
	for (c = 0; c < j->x->cols; c++) {
		double sum = 0.0, count = 0.0;

		for (i = 0; i < n; i++) {
			const float v = wattle_matrix__row_f32(j->x, j->x->rows / n * i)[c];

			sum += isfinite(v) ? (double)v : 0.0;
			count += isfinite(v);
		}
		j->pivot[c] = count > 0.0 ? (float)(sum / count) : 0.0f;
	}
}

/* By the sizes of the data alone, so that the result does not depend on the machine. */
static void choose_blocks(struct job *j)
{
	size_t blocks = PARTS_BYTES / j->part_size;

	blocks = blocks < MIN_BLOCKS ? MIN_BLOCKS : blocks > MAX_BLOCKS ? MAX_BLOCKS : blocks;
	j->block_rows = (j->x->rows + blocks - 1) / blocks;
	if (j->block_rows < BLOCK_ROWS)
		j->block_rows = BLOCK_ROWS;
	j->nr_blocks = (j->x->rows + j->block_rows - 1) / j->block_rows;
	j->slice = (j->x->cols + MAX_BLOCKS - 1) / MAX_BLOCKS;
}

static void job_free(struct job *j)
{
	free(j->parts);
	free(j->scratch);
	free(j->pivot);
	free(j->batches);
}

static int job_init(struct job *j, const struct wattle_matrix *x, size_t workers,
		    struct wattle_ml_error *e)
{
	int err;

	j->x = x;
	j->kernels = wattle_kernels__get();
	j->width = wattle_cov__width(x->cols);
	/* 48 columns: a multiple of 64 bytes throughout. */
	j->part_size = j->width * (j->width * sizeof(double) + sizeof(double) + sizeof(uint64_t) +
				   2 * sizeof(float));
	j->scratch_size = wattle_cov__scratch_size(j->width);
	choose_blocks(j);
	err = wattle_memory__check(j->nr_blocks + 2, j->part_size, 1,
				   "covariances of blocks of rows", e);
	if (err)
		return err;
	j->parts = wattle_matrix__lines(j->nr_blocks * j->part_size);
	j->scratch = wattle_matrix__lines(workers * j->scratch_size);
	j->pivot = wattle_matrix__lines(j->width * sizeof(float));
	j->batches = calloc(MAX_BLOCKS, sizeof(*j->batches));
	if (!j->parts || !j->scratch || !j->pivot || !j->batches)
		return wattle_ml__no_memory(e, "the covariance");
	choose_pivot(j);
	return 0;
}

static int moments_alloc(struct wattle_moments *m, const struct wattle_matrix *x,
			 struct wattle_ml_error *e)
{
	m->rows = x->rows;
	m->cols = x->cols;
	m->mean = calloc(x->cols, sizeof(double));
	m->low = calloc(x->cols, sizeof(double));
	m->high = calloc(x->cols, sizeof(double));
	m->missing = calloc(x->cols, sizeof(uint64_t));
	m->cov = calloc(x->cols, x->cols * sizeof(double));
	if (!m->mean || !m->low || !m->high || !m->missing || !m->cov)
		return wattle_ml__no_memory(e, "the covariance");
	return 0;
}

/*
 * With d = x - pivot and its mean m: sum (x - mean)(x - mean)' = sum d d' - n m m'.
 * m is small beside the spread, so nothing cancels; of bytes both sums are exact.
 */
static void finish(struct wattle_moments *m, const struct job *j)
{
	const double n = (double)m->rows;
	const struct part first = carve(j, 0);
	size_t b, c, i;

	for (b = 0; b < j->nr_blocks; b++) {
		const struct part p = carve(j, b);

		for (c = 0; c < m->cols; c++) {
			if (b)
				first.sum[c] += p.sum[c];
			m->low[c] = b ? fmin(m->low[c], (double)p.low[c]) : (double)p.low[c];
			m->high[c] = b ? fmax(m->high[c], (double)p.high[c]) : (double)p.high[c];
			m->missing[c] += p.missing[c];
		}
	}
	for (i = 0; i < m->cols; i++) {
		for (c = i; c < m->cols; c++) {
			const double s = m->cov[i * m->cols + c] -
					 first.sum[i] * (first.sum[c] / n);
			/* By the values themselves: rounding is no spread. */
			const bool constant = m->low[i] == m->high[i] || m->low[c] == m->high[c];

			m->cov[i * m->cols + c] = constant ? 0.0 : s / (n - 1.0);
			m->cov[c * m->cols + i] = m->cov[i * m->cols + c];
		}
		m->mean[i] = (double)j->pivot[i] + first.sum[i] / n;
	}
}

int wattle_moments__fit(struct wattle_moments *m, const struct wattle_matrix *x,
			struct wattle_pool *pool, uint32_t queue,
			struct wattle_run_stats *run_stats, struct wattle_ml_error *e)
{
	struct wattle_run_stats unused = { 0 };
	struct job j = { 0 };
	int err;

	memset(m, 0, sizeof(*m));
	if (!wattle_dtype__size(x->dtype) || x->rows < 2 || !x->cols)
		return wattle_ml__fail(e, -EINVAL, "a covariance needs two rows and a feature at "
				       "least; the data have %zu rows and %zu features", x->rows,
				       x->cols);
	/* Products of two widths and a few bytes stay under 2^64. */
	if (x->cols > MAX_COLS)
		return wattle_ml__fail(e, -EINVAL, "a covariance of %zu features is not computed, "
				       "%d at most; leave some out", x->cols, MAX_COLS);
	err = job_init(&j, x, wattle_pool__nr_workers(pool), e);
	if (!err)
		err = moments_alloc(m, x, e);
	j.cov = m->cov;
	if (!err)
		err = run(&j, pool, queue, WATTLE_SHAPE_COVARIANCE, j.nr_blocks, block_moments,
			  run_stats ? run_stats : &unused, e);
	if (!err)
		err = run(&j, pool, queue, WATTLE_SHAPE_MERGE, (x->cols + j.slice - 1) / j.slice,
			  merge_slice, run_stats ? run_stats : &unused, e);
	if (!err)
		finish(m, &j);
	else
		wattle_moments__free(m);
	job_free(&j);
	return err;
}

void wattle_moments__free(struct wattle_moments *m)
{
	if (!m)
		return;
	free(m->mean);
	free(m->low);
	free(m->high);
	free(m->missing);
	free(m->cov);
	memset(m, 0, sizeof(*m));
}
