/* SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause */
/*
 * libwattle, machine learning: read, scale, split, train, evaluate, predict.
 *
 * Conventions as in <wattle/wattle.h>. Matrices are row-major, rows x cols,
 * rows padded to @stride elements so that every row starts on 64 bytes; padding
 * is zero. Errors: negative errno plus one sentence in struct wattle_ml_error
 * that names file, line and column where there are such.
 */
#ifndef WATTLE_ML_H
#define WATTLE_ML_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <wattle/wattle.h>

#ifdef __cplusplus
extern "C" {
#endif

struct wattle_ml_error {
	char	msg[512];
};

/* ------------------------------------------------------------------ data */

enum wattle_dtype {
	WATTLE_F32	= 0,
	WATTLE_U8	= 1,	/* kept narrow: pixels, 0 to 255 as they are */
};

/**
 * struct wattle_matrix - features, row-major
 * @rows:	samples
 * @cols:	features
 * @stride:	elements from row to row, >= @cols
 * @dtype:	enum wattle_dtype
 * @data:	@rows x @stride elements, 64-byte aligned
 */
struct wattle_matrix {
	size_t		rows;
	size_t		cols;
	size_t		stride;
	uint32_t	dtype;
	void		*data;
};

/* What a data set was read from, by name or by content. */
enum wattle_format {
	WATTLE_FORMAT_NONE	= 0,	/* nothing: made by the program */
	WATTLE_FORMAT_TEXT	= 1,	/* CSV or TSV: labels are a column */
	WATTLE_FORMAT_IDX	= 2,	/* labels are a file of their own */
	WATTLE_FORMAT_NPY	= 3,	/* the same */
};

/**
 * struct wattle_dataset - features with labels
 * @x:		features
 * @labels:	@x.rows class indices, or NULL when unlabelled
 * @nr_classes:	0 when unlabelled
 * @class_names: @nr_classes strings, sorted (numerically if all are numbers), so that the
 *		same data give the same indices
 * @feature_names: @x.cols strings, or NULL
 * @format:	enum wattle_format
 */
struct wattle_dataset {
	struct wattle_matrix	x;
	uint32_t		*labels;
	uint32_t		nr_classes;
	char			**class_names;
	char			**feature_names;
	uint32_t		format;
};

/**
 * struct wattle_read_opts - how to read a data set
 * @sz:		sizeof
 * @label:	label column by name or 1-based number (CSV); path of the label file (IDX, npy);
 *		NULL: CSV = last column, IDX = guessed from the file name (images -> labels),
 *		npy = none
 * @label_is_column: @label names a column: where labels are a file of their own it is not used
 * @unlabelled:	there is no label
 * @header:	CSV: 1 there is one, 0 there is none, -1 guess
 */
struct wattle_read_opts {
	size_t		sz;
	const char	*label;
	bool		label_is_column;
	bool		unlabelled;
	int		header;
};

/*
 * By extension and magic: .csv .tsv .idx*-ubyte[.gz] .npy. Non-finite values are an error that
 * says where.
 */
WATTLE_API int wattle_dataset__read(struct wattle_dataset *d, const char *path,
				    const struct wattle_read_opts *opts, struct wattle_ml_error *e);
WATTLE_API void wattle_dataset__free(struct wattle_dataset *d);
/*
 * Gives the labels of @d the indices that @class_names has, say a model's, so that two files
 * agree on what class 3 is. Names that are both numbers agree by value. -EINVAL and @d unchanged
 * when it has a class that is not among them.
 */
WATTLE_API int wattle_dataset__relabel(struct wattle_dataset *d, char *const *class_names,
				       uint32_t nr_classes, struct wattle_ml_error *e);
WATTLE_API int wattle_matrix__alloc(struct wattle_matrix *m, size_t rows, size_t cols,
				    uint32_t dtype);
WATTLE_API void wattle_matrix__free(struct wattle_matrix *m);

/*
 * Stratified split: per class, round(share * n) rows (at least 1, at most n - 1) go
 * to @test; order inside is that of @d; the choice depends on @seed and the data
 * only (splitmix64 + Fisher-Yates). -EINVAL when a class has a single row.
 */
WATTLE_API int wattle_dataset__split(const struct wattle_dataset *d, double share, uint64_t seed,
				     struct wattle_dataset *train, struct wattle_dataset *test,
				     struct wattle_ml_error *e);

/* ------------------------------------------------------------------ scaling */

/**
 * struct wattle_scaler - x' = (x - mean) / scale, per feature
 * @cols:	features
 * @mean:	mean, n in the denominator
 * @scale:	standard deviation (n in the denominator, as scikit-learn's StandardScaler); 1 for
 *		a constant feature, and for one whose deviation is below 2.9e-39 (1 / FLT_MAX)
 */
struct wattle_scaler {
	size_t	cols;
	double	*mean;
	double	*scale;
};

WATTLE_API int wattle_scaler__fit(struct wattle_scaler *s, const struct wattle_matrix *x);
/* New f32 matrix @out. -EINVAL when columns differ. */
WATTLE_API int wattle_scaler__apply(const struct wattle_scaler *s, const struct wattle_matrix *x,
				    struct wattle_matrix *out);
WATTLE_API void wattle_scaler__free(struct wattle_scaler *s);

/* ------------------------------------------------------------------ moments and PCA */

/**
 * struct wattle_moments - what one pass over the rows tells of the columns
 * @rows:	of the data
 * @cols:	of the data
 * @mean:	@cols
 * @low:	@cols, least of the finite values
 * @high:	@cols, largest of the finite values
 * @missing:	@cols, values that are NaN or infinite. They count as the column's middle in @mean
 *		and @cov: clean them first, or do not use those two
 * @cov:	@cols x @cols, 1/(n-1) sum (x - mean)(x - mean)', symmetric
 */
struct wattle_moments {
	size_t		rows;
	size_t		cols;
	double		*mean;
	double		*low;
	double		*high;
	uint64_t	*missing;
	double		*cov;
};

/**
 * wattle_moments__fit() - mean, covariance, extremes and missing values in one pass
 * @m:		filled in; free with wattle_moments__free()
 * @x:		features, two rows at least
 * @pool:	workers
 * @queue:	where the batches go, one a block of rows
 * @run:	what they did is added to it; may be NULL
 * @e:		error
 *
 * fp32 within 256 rows and fp64 across, after a pivot near the mean is taken away; bytes
 * exactly. The same bits for any number of workers.
 *
 * Return: 0; -EINVAL; -ENOMEM; what wattle_pool__run() returns.
 */
WATTLE_API int wattle_moments__fit(struct wattle_moments *m, const struct wattle_matrix *x,
				   struct wattle_pool *pool, uint32_t queue,
				   struct wattle_run_stats *run, struct wattle_ml_error *e);
WATTLE_API void wattle_moments__free(struct wattle_moments *m);

/**
 * struct wattle_pca - z = V (x - mean) / scale, on the directions of the largest variance
 * @cols:	features in; 0 = there is none
 * @k:		components out
 * @mean:	@cols
 * @scale:	@cols, the standard deviation (n in the denominator, 1 for a constant column) when
 *		the components are those of the correlation matrix, else 1
 * @components:	V, @k x @cols, orthonormal rows, the largest variance first. Each row's entry of
 *		largest magnitude, the first of equal ones, is positive
 * @variance:	@k eigenvalues of the covariance (n-1) of (x - mean) / scale
 * @total:	sum of all eigenvalues: sum(variance) / total is the share that is kept
 * @whiten:	z is divided by sqrt(variance)
 */
struct wattle_pca {
	size_t	cols;
	size_t	k;
	double	*mean;
	double	*scale;
	double	*components;
	double	*variance;
	double	total;
	bool	whiten;
};

/**
 * struct wattle_pca_opts - which components
 * @sz:		sizeof
 * @components:	how many; 0 = by @share
 * @share:	as few as keep this share of the variance, above 0 and at most 1
 * @standardise: of the correlation matrix: every column counts the same
 * @whiten:	scores of variance 1
 */
struct wattle_pca_opts {
	size_t	sz;
	size_t	components;
	double	share;
	bool	standardise;
	bool	whiten;
};

/**
 * wattle_pca__fit() - principal components (Pearson 1901; Hotelling 1933)
 * @p:		filled in; free with wattle_pca__free()
 * @x:		features, two rows at least, all finite
 * @pool:	workers
 * @queue:	where the batches go
 * @o:		which components
 * @run:	what the batches did is added to it; may be NULL
 * @e:		error
 *
 * Covariance in one pass, eigenvectors by LAPACK's dsyevr (liblapacke.so.3 is loaded on first
 * use). Where eigenvalues are equal, any basis of their space is right, and which one comes out
 * is LAPACK's choice.
 *
 * Return: 0; -EINVAL also for values that are not finite (says the column), for more components
 * than the data have, and for whitening one without variance; -ENOPKG without LAPACKE;
 * -ENOMEM; what wattle_pool__run() returns.
 */
WATTLE_API int wattle_pca__fit(struct wattle_pca *p, const struct wattle_matrix *x,
			       struct wattle_pool *pool, uint32_t queue,
			       const struct wattle_pca_opts *o, struct wattle_run_stats *run,
			       struct wattle_ml_error *e);
/* Scores: new f32 matrix @out, x->rows x k. -EINVAL when columns differ. */
WATTLE_API int wattle_pca__apply(const struct wattle_pca *p, const struct wattle_matrix *x,
				 struct wattle_matrix *out);
/* Back: new f32 matrix @out, z->rows x cols, z f32. What the dropped components held is lost. */
WATTLE_API int wattle_pca__inverse(const struct wattle_pca *p, const struct wattle_matrix *z,
				   struct wattle_matrix *out);
/*
 * Per row of @x the squared distance between (x - mean) / scale and its reconstruction, to
 * @error[x->rows]; an anomaly score. Over the data of the fit its mean is (n-1)/n times the
 * variance that was dropped.
 */
WATTLE_API int wattle_pca__error(const struct wattle_pca *p, const struct wattle_matrix *x,
				 double *error);
WATTLE_API void wattle_pca__free(struct wattle_pca *p);

/* ------------------------------------------------------------------ model */

enum wattle_loss {
	/* binary: -y ln s(z) - (1-y) ln(1-s(z)); multi-class: softmax cross-entropy */
	WATTLE_LOSS_LOG		= 0,
	/* J = 1/2 sum (y - sigmoid(z))^2, one output per class against the rest */
	WATTLE_LOSS_SQUARED	= 1,
};

/**
 * struct wattle_model - linear classifier with its preprocessing
 * @nr_classes:	classes
 * @nr_outputs:	1 for two classes (z > 0 means class 1), else @nr_classes
 * @cols:	features of the classifier: of the data, or with a PCA its components
 * @w:		@nr_outputs x @cols weights, in the space of the scaled features
 * @b:		@nr_outputs intercepts
 * @loss:	enum wattle_loss it was trained with
 * @pca:	applied first; cols 0 = none
 * @scaler:	applied next, of @cols features; cols 0 = none
 * @class_names: @nr_classes strings
 * @feature_names: wattle_model__features() strings or NULL
 */
struct wattle_model {
	uint32_t		nr_classes;
	uint32_t		nr_outputs;
	size_t			cols;
	float			*w;
	float			*b;
	uint32_t		loss;
	struct wattle_pca	pca;
	struct wattle_scaler	scaler;
	char			**class_names;
	char			**feature_names;
};

/* Features that a model wants to be given. */
static inline size_t wattle_model__features(const struct wattle_model *m)
{
	return m->pca.cols ? m->pca.cols : m->cols;
}

WATTLE_API void wattle_model__free(struct wattle_model *m);
/*
 * safetensors: tensors weight, bias, scaler.mean, scaler.scale, pca.mean, pca.scale,
 * pca.components, pca.variance; the rest in __metadata__.
 * Written to a temporary file, synced, renamed.
 */
WATTLE_API int wattle_model__save(const struct wattle_model *m, const char *path,
				  struct wattle_ml_error *e);
/* -EBADMSG cut short or not safetensors; -EPROTO another schema. */
WATTLE_API int wattle_model__load(struct wattle_model *m, const char *path,
				  struct wattle_ml_error *e);
/* @labels: x->rows class indices; @prob: x->rows x nr_classes or NULL. @x unscaled. */
WATTLE_API int wattle_model__predict(const struct wattle_model *m, const struct wattle_matrix *x,
				     uint32_t *labels, float *prob, struct wattle_ml_error *e);

/* ------------------------------------------------------------------ training */

/**
 * struct wattle_epoch - progress of an epoch, before its step
 * @epoch:	1, 2, ...
 * @loss:	mean loss where the gradient was taken, L2 term included
 * @grad_norm:	Euclidean norm of that gradient
 * @seconds:	since the start
 */
struct wattle_epoch {
	unsigned int	epoch;
	double		loss;
	double		grad_norm;
	double		seconds;
};

/**
 * struct wattle_train_opts - full-batch gradient descent, w <- w - alpha grad J
 * @sz:		sizeof
 * @loss:	enum wattle_loss
 * @l2:		L2 strength lambda: J = mean loss + lambda / 2 |w|^2 (intercept excluded)
 * @alpha:	step; 0 = 1 / L from the largest eigenvalue of the data (power iteration), and with
 *		momentum longer where the loss turns out to be flatter
 * @momentum:	0 = plain gradient descent; 1 = Nesterov's accelerated gradient (1983)
 * @max_epochs:	steps at most; 0 = 100. After the last one a pass looks at where it led
 * @tol:	stop where the gradient's norm is at most tol times the first; 0 = never
 * @block_rows:	rows of one batch; 0 = chosen from the sizes (not from the number of workers)
 * @standardise: fit a scaler on the training data, or on the scores of @pca, and keep it in the
 *		model
 * @deadline_ns: every batch's absolute deadline; 0 = none
 * @epoch_deadline_ns: per-epoch budget; each epoch's batches are due this long after it starts; 0
 *		= none
 * @progress:	called in each epoch before its step; non-zero stops there; may be NULL
 * @progress_ctx: passed to it
 * @pca:	train on principal components, which the model then holds; NULL = on the features
 */
struct wattle_train_opts {
	size_t		sz;
	uint32_t	loss;
	double		l2;
	double		alpha;
	int		momentum;
	unsigned int	max_epochs;
	double		tol;
	size_t		block_rows;
	bool		standardise;
	uint64_t	deadline_ns;
	uint64_t	epoch_deadline_ns;
	int		(*progress)(void *ctx, const struct wattle_epoch *e);
	void		*progress_ctx;
	const struct wattle_pca_opts *pca;
};

/**
 * struct wattle_train_result - what training did
 * @epochs:	begun, each with a step unless @progress stopped it
 * @loss:	mean loss, L2 term included, at the very weights that the model holds (before
 *		their rounding to float), however training ended
 * @grad_norm:	norm of the gradient there; at most tol times the first if tol ended it
 * @alpha:	step used, the last
 * @seconds:	wall time, scaling included
 * @run:	batches, late, failed, ...
 * @pool_error:	what wattle_pool__run() returned when it was that which failed, else 0
 * @isa:	kernels used: "avx512", "avx2", "portable"
 */
struct wattle_train_result {
	unsigned int		epochs;
	double			loss;
	double			grad_norm;
	double			alpha;
	double			seconds;
	struct wattle_run_stats	run;
	int			pool_error;
	char			isa[16];
};

/*
 * Each block of rows of an epoch is one batch on @queue of @pool's client. The result does not
 * depend on the number of workers, bit for bit.
 */
WATTLE_API int wattle_train(struct wattle_model *m, const struct wattle_dataset *d,
			    struct wattle_pool *pool, uint32_t queue,
			    const struct wattle_train_opts *opts, struct wattle_train_result *r,
			    struct wattle_ml_error *e);

/* ------------------------------------------------------------------ evaluation */

/**
 * struct wattle_eval - how good
 * @n:		samples
 * @accuracy:	share predicted right
 * @nr_classes:	classes
 * @confusion:	nr_classes x nr_classes counts, row = truth, column = prediction
 * @precision:	per class; NaN when the class was never predicted
 * @recall:	per class; NaN when the class does not occur
 */
struct wattle_eval {
	size_t		n;
	double		accuracy;
	uint32_t	nr_classes;
	uint64_t	*confusion;
	double		*precision;
	double		*recall;
};

WATTLE_API int wattle_evaluate(const uint32_t *truth, const uint32_t *pred, size_t n,
			       uint32_t nr_classes, struct wattle_eval *out);
WATTLE_API void wattle_eval__free(struct wattle_eval *e);

/* Name of the kernels in use; WATTLE_ISA=avx512|avx2|portable in the environment forces one. */
WATTLE_API const char *wattle_ml__isa(void);

#ifdef __cplusplus
}
#endif
#endif
