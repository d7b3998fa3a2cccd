// SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause
/* Passes over the data: blocks to batches, partial sums to one gradient. */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "ml/data/fail.h"
#include "ml/data/matrix.h"
#include "ml/data/memory.h"
#include "ml/data/scaler.h"
#include "ml/train/objective.h"

/* A batch of about a millisecond, of this many operations on one core of today. */
#define BATCH_FLOPS	40e6
#define ROW_FLOPS	100.0	/* what a row costs however short it is */
#define MAX_BLOCKS	512u
/* Below a tenth of that, passing batches on would show. */
#define MIN_FLOPS	4e6
/* Sums of parts above this are cut into batches themselves. */
#define MERGE_DOUBLES	((size_t)1 << 21)
#define MERGE_SLICE	((size_t)2048)
/* Partial sums that are kept at a time, unless each worker needs more to be busy. */
#define PARTS_BYTES	(64u << 20)
#define SLOTS_PER_WORKER 2u

size_t wattle_objective__block_rows(size_t rows, size_t cols, size_t nr_outputs)
{
	const double per_row = 4.0 * (double)cols * (double)nr_outputs + ROW_FLOPS;
	size_t n = (size_t)(BATCH_FLOPS / per_row);

	if (n < rows / MAX_BLOCKS + 1)
		n = rows / MAX_BLOCKS + 1;
	/* Few rows: still enough blocks to go round a large machine. */
	if (n > rows / 64)
		n = rows / 64;
	if ((double)n * per_row < MIN_FLOPS)
		n = (size_t)(MIN_FLOPS / per_row) + 1;
	return (n + 31) & ~(size_t)31;
}

static uint64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

/* What is started now is due then; 0 = never. */
static uint64_t due_ns(const struct wattle_objective *o)
{
	const uint64_t due = now_ns() + o->epoch_deadline_ns;

	if (!o->epoch_deadline_ns)
		return o->deadline_ns;
	return o->deadline_ns && o->deadline_ns < due ? o->deadline_ns : due;
}

/* One batch for each of @count items from @first on, at most @nr_batches. */
static int run(struct wattle_objective *o, enum wattle_train_shape shape, size_t first,
	       size_t count, wattle_batch_fn fn, uint64_t due, struct wattle_ml_error *e)
{
	size_t i;
	int err;

	for (i = 0; i < count; i++)
		o->batches[i] = (struct wattle_batch){
			.user_data = first + i,
			.shape = shape,
			.release_ns = WATTLE_TIME_NONE,
			.deadline_ns = due ? due : WATTLE_TIME_NONE,
		};
	err = wattle_pool__run(o->pool, o->queue, o->batches, count, fn, o, &o->run);
	o->pool_error = err;
	if (err)
		return wattle_ml__fail(e, err, "training stopped: %s", wattle_client__error());
	return 0;
}

static size_t min_size(size_t a, size_t b)
{
	return a < b ? a : b;
}

static size_t rows_of(const struct wattle_objective *o, size_t block)
{
	const size_t first = block * o->block_rows;

	return o->x.rows - first < o->block_rows ? o->x.rows - first : o->block_rows;
}

static int scale_block(void *ctx, uint64_t block, unsigned int worker)
{
	struct wattle_objective *o = ctx;
	const size_t first = block * o->block_rows;

	(void)worker;
	wattle_scaler__rows(o->fold, &o->x, first, rows_of(o, block),
			    wattle_matrix__row_f32(&o->copy, first), o->copy.stride);
	return 0;
}

static bool can_fold(const struct wattle_scaler *s)
{
	size_t j;

	for (j = 0; j < s->cols; j++)
		if (!(fabs(s->mean[j]) <= WATTLE_FOLD_MAX * s->scale[j]) ||
		    s->scale[j] < 1.0 / WATTLE_FOLD_RANGE || s->scale[j] > WATTLE_FOLD_RANGE)
			return false;
	return true;
}

/*
 * Standardisation without a copy if its precision allows, else with one, of *@bytes. Partial
 * sums take what memory there is, so the copy is asked for first.
 */
static int ask_copy(const struct wattle_objective *o, const struct wattle_scaler *scaler,
		    size_t *bytes, struct wattle_ml_error *e)
{
	size_t stride;
	int err;

	*bytes = 0;
	if (!scaler || can_fold(scaler))
		return 0;
	err = wattle_memory__check(o->x.rows, o->x.cols, sizeof(float),
				   "a standardised copy of the data", e);
	return err ? err : wattle_matrix__size(o->x.rows, o->x.cols, sizeof(float), &stride, bytes);
}

static int make_copy(struct wattle_objective *o, const struct wattle_scaler *scaler,
		     struct wattle_ml_error *e)
{
	size_t first;
	int err;

	o->fold = scaler;
	err = wattle_matrix__alloc_raw(&o->copy, o->x.rows, o->x.cols, WATTLE_F32);
	if (err)
		return wattle_ml__no_memory(e, "a standardised copy of the data");
	for (first = 0; first < o->nr_blocks; first += o->nr_batches) {
		err = run(o, WATTLE_SHAPE_SCALE, first,
			  min_size(o->nr_batches, o->nr_blocks - first), scale_block, 0, e);
		if (err)
			return err;
	}
	o->x = o->copy;
	o->fold = NULL;
	return 0;
}

/*
 * How many blocks have room for their sums at a time. That changes when blocks are
 * added up, never their order, so it may depend on the workers and the memory.
 */
static int choose_slots(struct wattle_objective *o, size_t slices, size_t copy,
			struct wattle_ml_error *e)
{
	const size_t workers = wattle_pool__nr_workers(o->pool), part = o->part * sizeof(double);
	const size_t fixed = o->nr_outputs * (o->wstride + 1) * sizeof(float) + part +
			     workers * o->scratch_size + slices * sizeof(*o->batches) + copy;
	const uint64_t available = wattle_memory__available();
	const size_t each = part + sizeof(*o->batches);
	size_t slots = PARTS_BYTES / part;

	if (slots < SLOTS_PER_WORKER * workers)
		slots = SLOTS_PER_WORKER * workers;
	slots = min_size(slots, o->nr_blocks);
	if (available < fixed || available - fixed < each)
		return wattle_ml__fail(e, -ENOMEM,
				       "training %zu outputs on %zu features with %zu workers needs %.1f MiB of memory, %.1f MiB are available; take fewer workers, classes or features",
				       o->nr_outputs, o->x.cols, workers,
				       (double)(fixed + each) / 1048576.0,
				       (double)available / 1048576.0);
	o->nr_slots = min_size(slots, (size_t)((available - fixed) / each));
	o->nr_batches = o->nr_slots > slices ? o->nr_slots : slices;
	return 0;
}

int wattle_objective__init(struct wattle_objective *o, const struct wattle_dataset *d,
			   const struct wattle_scaler *scaler, size_t nr_outputs,
			   struct wattle_pool *pool, uint32_t queue, size_t block_rows,
			   struct wattle_ml_error *e)
{
	size_t slices, copy;
	int err;

	memset(o, 0, sizeof(*o));
	o->x = d->x;
	o->labels = d->labels;
	o->nr_outputs = nr_outputs;
	o->wstride = wattle_kernels__wstride(d->x.cols);
	o->kernels = wattle_kernels__get();
	o->pool = pool;
	o->queue = queue;
	o->block_rows = block_rows ? block_rows :
			wattle_objective__block_rows(d->x.rows, d->x.cols, nr_outputs);
	/* Any size may be asked for; the sum below must not overflow. */
	o->block_rows = min_size(o->block_rows, d->x.rows);
	o->nr_blocks = (d->x.rows + o->block_rows - 1) / o->block_rows;
	/* The gradient by w, then by b, then the loss; whole cache lines apart. */
	o->part = (nr_outputs * (o->wstride + 1) + 1 + 7) & ~(size_t)7;
	o->scratch_size = wattle_kernels__scratch_size(d->x.cols, nr_outputs);
	slices = (o->part + MERGE_SLICE - 1) / MERGE_SLICE;
	err = ask_copy(o, scaler, &copy, e);
	if (!err)
		err = choose_slots(o, slices, copy, e);
	if (err)
		return err;

	o->w = wattle_matrix__lines(nr_outputs * o->wstride * sizeof(float));
	o->b = wattle_matrix__lines(nr_outputs * sizeof(float));
	o->parts = wattle_matrix__lines(o->nr_slots * o->part * sizeof(double));
	o->sum = wattle_matrix__lines(o->part * sizeof(double));
	o->scratch = wattle_matrix__lines(wattle_pool__nr_workers(pool) * o->scratch_size);
	o->batches = calloc(o->nr_batches, sizeof(*o->batches));
	if (!o->w || !o->b || !o->parts || !o->sum || !o->scratch || !o->batches)
		err = wattle_ml__no_memory(e, "training");
	else if (copy)
		err = make_copy(o, scaler, e);
	else
		o->fold = scaler;
	if (err) {
		const struct wattle_run_stats run = o->run;
		const int pool_error = o->pool_error;

		wattle_objective__free(o);
		o->run = run;
		o->pool_error = pool_error;
	}
	return err;
}

void wattle_objective__free(struct wattle_objective *o)
{
	wattle_matrix__free(&o->copy);
	free(o->w);
	free(o->b);
	free(o->parts);
	free(o->sum);
	free(o->scratch);
	free(o->batches);
	memset(o, 0, sizeof(*o));
}

/*
 * w' = w / scale and b' = b - w' mean, with w' as rounded: rounding then moves a
 * weight by half a unit, but never shifts all scores by a constant.
 */
static void fold(struct wattle_objective *o, const double *w, const double *b)
{
	const size_t cols = o->x.cols;
	size_t k, j;

	for (k = 0; k < o->outputs; k++) {
		float *to = o->w + k * o->wstride;
		double shift = 0.0;

		for (j = 0; j < cols; j++) {
			const double v = w[k * cols + j];

			to[j] = (float)(o->fold ? v / o->fold->scale[j] : v);
			if (o->fold)
				shift += (double)to[j] * o->fold->mean[j];
		}
		o->b[k] = (float)(b[k] - shift);
	}
}

static int pass_block(void *ctx, uint64_t block, unsigned int worker)
{
	const struct wattle_objective *o = ctx;
	const size_t first = block * o->block_rows;
	double *part = o->parts + (block - o->first) * o->part;
	struct wattle_pass p = {
		.x = o->x.dtype == WATTLE_U8 ? (const void *)wattle_matrix__row_u8(&o->x, first) :
					       (const void *)wattle_matrix__row_f32(&o->x, first),
		.dtype = o->x.dtype,
		.rows = rows_of(o, block),
		.cols = o->x.cols,
		.stride = o->x.stride,
		.labels = o->labels + first,
		.link = o->link,
		.nr_outputs = o->outputs,
		.w = o->w,
		.wstride = o->wstride,
		.b = o->b,
		.scratch = o->scratch + worker * o->scratch_size,
		.g = part,
		.gb = part + o->outputs * o->wstride,
	};

	o->kernels->gradient(&p);
	part[o->outputs * (o->wstride + 1)] = p.loss;
	return 0;
}

/* Adds what the slots hold, block by block, to the sum of the blocks before. */
static void merge(struct wattle_objective *o, size_t from, size_t to)
{
	size_t i, slot;

	if (!o->first)
		memset(o->sum + from, 0, (to - from) * sizeof(double));
	for (slot = 0; slot < o->filled; slot++) {
		const double *part = o->parts + slot * o->part;

		for (i = from; i < to; i++)
			o->sum[i] += part[i];
	}
}

static int merge_slice(void *ctx, uint64_t slice, unsigned int worker)
{
	struct wattle_objective *o = ctx;
	const size_t from = slice * MERGE_SLICE;

	(void)worker;
	merge(o, from, o->part - from < MERGE_SLICE ? o->part : from + MERGE_SLICE);
	return 0;
}

/* As many blocks at a time as there are slots, and after each time their sum. */
static int pass(struct wattle_objective *o, enum wattle_train_shape shape,
		struct wattle_ml_error *e)
{
	const uint64_t due = due_ns(o);
	int err;

	for (o->first = 0; o->first < o->nr_blocks; o->first += o->filled) {
		o->filled = min_size(o->nr_slots, o->nr_blocks - o->first);
		err = run(o, shape, o->first, o->filled, pass_block, due, e);
		if (err)
			return err;
		if (o->filled * o->part >= MERGE_DOUBLES)
			err = run(o, WATTLE_SHAPE_MERGE, 0,
				  (o->part + MERGE_SLICE - 1) / MERGE_SLICE, merge_slice, due, e);
		else
			merge(o, 0, o->part);
		if (err)
			return err;
	}
	return 0;
}

int wattle_objective__eval(struct wattle_objective *o, enum wattle_link link, const double *w,
			   const double *b, double *loss, double *gw, double *gb,
			   struct wattle_ml_error *e)
{
	const double n = (double)o->x.rows;
	const size_t cols = o->x.cols;
	size_t k, j;
	int err;

	o->link = link;
	o->outputs = link == WATTLE_LINK_LINEAR ? 1 : o->nr_outputs;
	fold(o, w, b);
	err = pass(o, link == WATTLE_LINK_LINEAR ? WATTLE_SHAPE_CURVATURE : WATTLE_SHAPE_GRADIENT,
		   e);
	if (err)
		return err;

	for (k = 0; k < o->outputs; k++) {
		const double *g = o->sum + k * o->wstride;
		const double d = o->sum[o->outputs * o->wstride + k];

		/* dz/dw = (x - mean) / scale. */
		for (j = 0; j < cols; j++)
			gw[k * cols + j] = o->fold ? (g[j] - o->fold->mean[j] * d) /
							     (o->fold->scale[j] * n) :
						     g[j] / n;
		gb[k] = d / n;
	}
	*loss = o->sum[o->outputs * (o->wstride + 1)] / n;
	return 0;
}
