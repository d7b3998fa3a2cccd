/* SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause */
/*
 * The training objective: mean loss and gradient over a data set, computed by
 * batches on a pool.
 *
 * Weights live in the space of the standardised features and in fp64. The data
 * stay as they are: standardisation is folded into the weights that the kernels
 * see, and unfolded from the gradient they return (Documentation/design/training.md).
 */
#ifndef WATTLE_ML_OBJECTIVE_H
#define WATTLE_ML_OBJECTIVE_H

#include <wattle/ml.h>
#include "ml/kernels/kernels.h"

/*
 * Folding computes x - mean as a difference of two fp32 sums: it loses a factor
 * of |mean| / scale in precision. Above this the data are scaled into a copy.
 */
#define WATTLE_FOLD_MAX		64.0
/* Folded, w / scale and sums of x must be 32-bit floats: no scales beyond this or its inverse. */
#define WATTLE_FOLD_RANGE	1e30

/* struct wattle_batch.shape: what a batch does, so that its cost can be learned. */
enum wattle_train_shape {
	WATTLE_SHAPE_GRADIENT	= 1,
	WATTLE_SHAPE_CURVATURE	= 2,
	WATTLE_SHAPE_SCALE	= 3,
	WATTLE_SHAPE_MERGE	= 4,
	WATTLE_SHAPE_COVARIANCE	= 5,
	WATTLE_SHAPE_EIGEN	= 6,
	WATTLE_SHAPE_PROJECT	= 7,
};

/**
 * struct wattle_objective - data, blocks and buffers
 * @x:		features as the kernels read them: the caller's, or @copy
 * @copy:	the scaled copy, when folding would lose too much
 * @labels:	classes
 * @fold:	scaler folded into the weights, or NULL
 * @nr_outputs:	rows of a weight matrix
 * @wstride:	of the kernels
 * @kernels:	in use
 * @pool: @queue: where batches go
 * @block_rows:	rows of a batch, by the sizes of the data alone
 * @nr_blocks:	batches of a pass
 * @nr_slots:	blocks whose sums have room at a time: 64 MiB of them or two per worker, fewer
 *		when memory is short; the result does not depend on it
 * @deadline_ns: absolute deadline of every batch, 0 = none
 * @epoch_deadline_ns: deadline of a pass after its start, 0 = none
 * @run:	sums over all passes; survives a failed init, and so does @pool_error
 * @pool_error:	what the pool returned if a run failed
 *
 * The rest is for objective.c.
 */
struct wattle_objective {
	struct wattle_matrix	x;
	struct wattle_matrix	copy;
	const uint32_t		*labels;
	const struct wattle_scaler *fold;
	size_t			nr_outputs;
	size_t			wstride;
	const struct wattle_kernels *kernels;
	struct wattle_pool	*pool;
	uint32_t		queue;
	size_t			block_rows;
	size_t			nr_blocks;
	size_t			nr_slots;
	uint64_t		deadline_ns;
	uint64_t		epoch_deadline_ns;
	struct wattle_run_stats	run;
	int			pool_error;

	enum wattle_link	link;
	size_t			outputs;	/* of the pass that runs: 1 for curvature */
	size_t			part;		/* doubles of a block's result */
	size_t			first;		/* block in the first slot */
	size_t			filled;		/* slots in use */
	float			*w;
	float			*b;
	double			*parts;
	double			*sum;
	char			*scratch;
	size_t			scratch_size;
	struct wattle_batch	*batches;
	size_t			nr_batches;
};

/* Rows of a batch for data of this size: whole tiles, at most 512 batches; times in training.md. */
size_t wattle_objective__block_rows(size_t rows, size_t cols, size_t nr_outputs);

/**
 * wattle_objective__init() - set up for a data set
 * @o:		set up; on failure nothing is left to free
 * @d:		data with labels; must outlive @o
 * @scaler:	standardisation, or NULL; must outlive @o
 * @nr_outputs:	1 or the number of classes
 * @pool:	workers
 * @queue:	of the pool's client
 * @block_rows:	0 = wattle_objective__block_rows()
 * @e:		error
 *
 * Return: 0; -ENOMEM, also when more is needed than the machine has left; what
 * wattle_pool__run() returns (scaling a copy is a run).
 */
int wattle_objective__init(struct wattle_objective *o, const struct wattle_dataset *d,
			   const struct wattle_scaler *scaler, size_t nr_outputs,
			   struct wattle_pool *pool, uint32_t queue, size_t block_rows,
			   struct wattle_ml_error *e);
void wattle_objective__free(struct wattle_objective *o);

/**
 * wattle_objective__eval() - mean loss and its gradient
 * @o:		objective
 * @link:	loss; %WATTLE_LINK_LINEAR takes one output whatever @nr_outputs is
 * @w:		outputs x cols, dense
 * @b:		outputs
 * @loss:	mean over the rows
 * @gw:		gradient by @w, outputs x cols
 * @gb:		gradient by @b
 * @e:		error
 *
 * The same bits for any number of workers: a block's sums depend on its rows,
 * and blocks are added in their order.
 *
 * Return: 0 or what wattle_pool__run() returns.
 */
int wattle_objective__eval(struct wattle_objective *o, enum wattle_link link, const double *w,
			   const double *b, double *loss, double *gw, double *gb,
			   struct wattle_ml_error *e);

/**
 * wattle_objective__lambda_max() - largest eigenvalue of X'X / n
 * @o:		objective; X is standardised if it is, with a column of ones for the intercept
 * @lambda:	an estimate, usually within a per cent of the truth; an eigenvalue less than
 *	twice the others that barely meets the start vector can be missed
 * @e:		error
 *
 * Power iteration with Aitken's extrapolation; a pass each.
 *
 * Return: 0 or what wattle_pool__run() returns; -ENOMEM.
 */
int wattle_objective__lambda_max(struct wattle_objective *o, double *lambda,
				 struct wattle_ml_error *e);

#endif
