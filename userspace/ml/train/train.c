// SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause
/*
 * Full-batch gradient descent: w <- w - alpha grad J.
 *
 * Plain, or with Nesterov's acceleration (1983) restarted by the gradient scheme
 * of O'Donoghue and Candes, Adaptive Restart for Accelerated Gradient Schemes
 * (2015), section 3.2. The step is 1 / L unless given; L is derived for each
 * loss in Documentation/design/training.md. With momentum it grows from there.
 */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "ml/data/fail.h"
#include "ml/data/matrix.h"
#include "ml/train/objective.h"
#include "ml/train/pca.h"
#include "ml/train/train.h"

#define DEFAULT_EPOCHS	100u
/* A loss this many times the first one will not come back. */
#define DIVERGED	16.0
/* How a step with momentum follows the curvature, per epoch. */
#define GROW		1.2
#define FORGET		0.9

/*
 * struct descent - state between epochs; all vectors are outputs x cols weights,
 * then the outputs' intercepts
 * @w:		current iterate
 * @at:		where the gradient is taken: @w, or ahead of it with momentum
 * @g:		gradient there
 * @prev:	the iterate before
 * @at_before, @g_before: @at and @g of the epoch before, with momentum
 * @t:		Nesterov's sequence
 * @shortest:	1 / L; 0 when the step is given and stays as it is
 * @seen:	curvature met lately
 */
struct descent {
	struct wattle_objective	o;
	enum wattle_link	link;
	size_t			weights;	/* of a vector; the rest is intercepts */
	size_t			len;
	double			*w;
	double			*at;
	double			*g;
	double			*prev;
	double			*at_before;
	double			*g_before;
	double			t;
	double			shortest;
	double			seen;
	double			l2;
	double			alpha;
	double			loss;
	double			last_loss;
	double			grad_norm;
	double			first_loss;
	double			first_norm;
};

static double seconds(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

double wattle_train__curvature(enum wattle_link link)
{
	switch (link) {
	case WATTLE_LINK_LOGISTIC:
		return 0.25;
	case WATTLE_LINK_SOFTMAX:
		return 0.5;
	case WATTLE_LINK_SQUARED:
		return 0.07704;
	default:
		return 1.0;
	}
}

/* --- what can be wrong with the input --- */

static int check_opts(const struct wattle_train_opts *o, struct wattle_ml_error *e)
{
	if (o->sz < sizeof(*o))
		return wattle_ml__fail(e, -EINVAL, "wattle_train_opts.sz is not set; assign "
				       "sizeof(struct wattle_train_opts)");
	if (o->loss != WATTLE_LOSS_LOG && o->loss != WATTLE_LOSS_SQUARED)
		return wattle_ml__fail(e, -EINVAL, "there is no loss number %u; known are 0 (log) "
				       "and 1 (squared)", o->loss);
	if (!(o->l2 >= 0.0) || !isfinite(o->l2))
		return wattle_ml__fail(e, -EINVAL, "the L2 strength %g must be 0 or a positive "
				       "number", o->l2);
	if (!(o->alpha >= 0.0) || !isfinite(o->alpha))
		return wattle_ml__fail(e, -EINVAL, "the step %g must be a positive number, or 0 to "
				       "choose it from the data", o->alpha);
	if (!(o->tol >= 0.0) || !isfinite(o->tol))
		return wattle_ml__fail(e, -EINVAL, "the tolerance %g must be 0 (never stop early) "
				       "or a positive number", o->tol);
	return 0;
}

static int check_data(const struct wattle_dataset *d, struct wattle_ml_error *e)
{
	const size_t elem = wattle_dtype__size(d->x.dtype);
	uint32_t other = 0;
	size_t r;

	if (!d->x.rows || !d->x.cols || !d->x.data)
		return wattle_ml__fail(e, -EINVAL, "there is nothing to train on: the data have %zu "
				       "rows and %zu features", d->x.rows, d->x.cols);
	if (!elem)
		return wattle_ml__fail(e, -EINVAL, "features of type %u are unknown; known are 0 "
				       "(f32) and 1 (u8)", d->x.dtype);
	if (d->x.stride < d->x.cols || d->x.stride * elem % WATTLE_MATRIX_ALIGN ||
	    (uintptr_t)d->x.data % WATTLE_MATRIX_ALIGN)
		return wattle_ml__fail(e, -EINVAL, "rows of features must start on %u bytes; "
				       "wattle_matrix__alloc() sees to it", WATTLE_MATRIX_ALIGN);
	if (!d->labels)
		return wattle_ml__fail(e, -EINVAL, "the data have no labels to learn; name the "
				       "label column or file");
	if (d->nr_classes < 2)
		return wattle_ml__fail(e, -EINVAL, "training needs two classes or more; the labels "
				       "are all the same%s%s", d->class_names ? ": " : "",
				       d->class_names ? wattle_ml__quote(d->class_names[0],
						strlen(d->class_names[0])).s : "");
	for (r = 0; r < d->x.rows; r++) {
		if (d->labels[r] >= d->nr_classes)
			return wattle_ml__fail(e, -EINVAL, "row %zu has class %u of %u", r + 1,
					       d->labels[r], d->nr_classes);
		other |= d->labels[r] ^ d->labels[0];
	}
	if (!other)
		return wattle_ml__fail(e, -EINVAL, "training needs two classes or more; all %zu "
				       "rows are of one class", d->x.rows);
	return 0;
}

/* Says where, when a number that is not one got into the features. */
static int check_finite(const struct wattle_dataset *d, struct wattle_ml_error *e)
{
	size_t r, c;

	for (r = 0; d->x.dtype == WATTLE_F32 && r < d->x.rows; r++) {
		const float *x = wattle_matrix__row_f32(&d->x, r);

		for (c = 0; c < d->x.cols; c++)
			if (!isfinite(x[c]))
				return wattle_ml__fail(e, -EINVAL, "row %zu, feature %zu%s%s is %g; "
						       "remove or replace such values first", r + 1,
						       c + 1, d->feature_names ? " " : "",
						       d->feature_names ? wattle_ml__quote(
								d->feature_names[c],
								strlen(d->feature_names[c])).s : "",
						       (double)x[c]);
	}
	return 0;
}

/* --- the descent --- */

static double square(const double *v, size_t n)
{
	double sum = 0.0;
	size_t i;

	for (i = 0; i < n; i++)
		sum += v[i] * v[i];
	return sum;
}

/* Loss and gradient at @at, penalty included. */
static int evaluate(struct descent *s, struct wattle_ml_error *e)
{
	size_t i;
	int err;

	err = wattle_objective__eval(&s->o, s->link, s->at, s->at + s->weights, &s->loss, s->g,
				     s->g + s->weights, e);
	if (err)
		return err;
	s->loss += 0.5 * s->l2 * square(s->at, s->weights);
	for (i = 0; i < s->weights; i++)
		s->g[i] += s->l2 * s->at[i];
	s->grad_norm = sqrt(square(s->g, s->len));
	return 0;
}

static void step_plain(struct descent *s)
{
	size_t i;

	for (i = 0; i < s->len; i++)
		s->w[i] -= s->alpha * s->g[i];
}

/*
 * A longer step where the loss turns out flatter than its worst case. Between the
 * last two gradients, |dg|^2 / <dg, dx> is a mean of the curvatures met on the
 * way, weighted towards the high ones; its inverse is a step that fits them. It
 * grows slowly, shrinks at once, and is never below @shortest, 1 / L, which is
 * safe anywhere.
 */
static double adapt(struct descent *s)
{
	double gg = 0.0, gx = 0.0;
	size_t i;

	for (i = 0; i < s->len; i++) {
		const double dg = s->g[i] - s->g_before[i];

		gg += dg * dg;
		gx += dg * (s->at[i] - s->at_before[i]);
	}
	/* Not convex here, or nothing moved. */
	if (!(gx > 0.0))
		return s->shortest;
	s->seen = fmax(gg / gx, FORGET * s->seen);
	return fmax(fmin(GROW * s->alpha, 1.0 / s->seen), s->shortest);
}

/*
 * w+ = at - alpha g; ahead by (t - 1) / t+ of the way just gone, unless that way
 * leads uphill: then momentum starts over from w+. The sequence t allows for a
 * changing step as in Scheinberg, Goldfarb and Bai, Fast First-Order Methods for
 * Composite Convex Optimization with Backtracking (2014), section 3.
 */
static void step_momentum(struct descent *s, unsigned int epoch)
{
	double uphill = 0.0, last = s->alpha, t, beta;
	double *swap = s->prev;
	size_t i;

	if (s->shortest > 0.0) {
		if (epoch > 1)
			s->alpha = adapt(s);
		memcpy(s->at_before, s->at, s->len * sizeof(double));
		memcpy(s->g_before, s->g, s->len * sizeof(double));
	}
	s->prev = s->w;
	s->w = swap;
	for (i = 0; i < s->len; i++) {
		s->w[i] = s->at[i] - s->alpha * s->g[i];
		uphill += s->g[i] * (s->w[i] - s->prev[i]);
	}
	if (uphill > 0.0)
		s->t = 1.0;
	t = 0.5 * (1.0 + sqrt(1.0 + 4.0 * (last / s->alpha) * s->t * s->t));
	beta = (s->t - 1.0) / t;
	s->t = t;
	for (i = 0; i < s->len; i++)
		s->at[i] = s->w[i] + beta * (s->w[i] - s->prev[i]);
}

/*
 * Ends the descent at one point: @w becomes the one @loss and @g belong to, which
 * with momentum is ahead of the iterate.
 */
static void settle(struct descent *s, struct wattle_train_result *r)
{
	memmove(s->w, s->at, s->len * sizeof(double));
	r->loss = s->loss;
	r->grad_norm = s->grad_norm;
}

static int diverged(const struct descent *s, unsigned int epoch, const struct wattle_dataset *d,
		    const struct wattle_train_opts *opts, struct wattle_ml_error *e)
{
	int err = check_finite(d, e);

	if (err)
		return err;
	return wattle_ml__fail(e, -ERANGE, "training diverged: in epoch %u the loss is %g after %g "
			       "at the start, with a step of %g; %s", epoch, s->loss,
			       s->first_loss, s->alpha, opts->alpha > 0.0 ?
			       "give a smaller one, or 0 to choose it from the data" :
			       "standardise the features, or give a smaller one");
}

static int descend(struct descent *s, const struct wattle_dataset *d,
		   const struct wattle_train_opts *opts, double start,
		   struct wattle_train_result *r, struct wattle_ml_error *e)
{
	const unsigned int max = opts->max_epochs ? opts->max_epochs : DEFAULT_EPOCHS;
	unsigned int epoch;
	bool settled;
	int err;

	for (epoch = 1;; epoch++) {
		err = evaluate(s, e);
		if (err)
			return err;
		if (epoch == 1) {
			s->first_loss = s->loss;
			s->first_norm = s->grad_norm;
		}
		if (!isfinite(s->loss) || !isfinite(s->grad_norm) ||
		    s->loss > DIVERGED * s->first_loss)
			return diverged(s, epoch > max ? max : epoch, d, opts, e);
		settled = s->grad_norm <= opts->tol * s->first_norm &&
			  (opts->tol > 0.0 || !s->grad_norm);
		/* After the last step only the point it led to is left to look at. */
		if (settled || epoch > max)
			break;
		r->epochs = epoch;
		if (opts->progress) {
			const struct wattle_epoch now = {
				.epoch = epoch,
				.loss = s->loss,
				.grad_norm = s->grad_norm,
				.seconds = seconds() - start,
			};

			if (opts->progress(opts->progress_ctx, &now))
				break;
		}
		if (opts->momentum) {
			step_momentum(s, epoch);
		} else {
			/* 1 / L rests on an estimate; a rising loss says it was too long. */
			if (s->shortest > 0.0 && epoch > 1 && s->loss > s->last_loss * (1 + 1e-6))
				s->alpha *= 0.5;
			step_plain(s);
		}
		s->last_loss = s->loss;
		if (epoch == max)
			memmove(s->at, s->w, s->len * sizeof(double));
	}
	settle(s, r);
	return 0;
}

static int choose_alpha(struct descent *s, const struct wattle_dataset *d, double given,
			struct wattle_ml_error *e)
{
	double lambda;
	int err;

	s->alpha = given;
	if (given > 0.0)
		return 0;
	err = wattle_objective__lambda_max(&s->o, &lambda, e);
	if (err)
		return err;
	s->alpha = 1.0 / (wattle_train__curvature(s->link) * lambda + s->l2);
	s->shortest = s->alpha;
	if (isfinite(s->alpha) && s->alpha > 0.0)
		return 0;
	err = check_finite(d, e);
	if (err)
		return err;
	return wattle_ml__fail(e, -ERANGE, "the features are too large to choose a step (largest "
			       "eigenvalue %g); standardise them", lambda);
}

/* --- the model --- */

static char **copy_names(char **names, size_t n)
{
	char **to = calloc(n, sizeof(*to));
	size_t i;

	for (i = 0; to && i < n; i++) {
		to[i] = strdup(names[i]);
		if (!to[i]) {
			while (i--)
				free(to[i]);
			free(to);
			return NULL;
		}
	}
	return to;
}

/* @names: of the features a model wants to be given, or NULL. */
static int model_init(struct wattle_model *m, const struct wattle_dataset *d, char **names,
		      uint32_t loss, struct wattle_ml_error *e)
{
	char number[16];
	uint32_t k;

	m->nr_classes = d->nr_classes;
	m->nr_outputs = d->nr_classes == 2 ? 1 : d->nr_classes;
	m->cols = d->x.cols;
	m->loss = loss;
	m->w = calloc(m->nr_outputs * m->cols, sizeof(*m->w));
	m->b = calloc(m->nr_outputs, sizeof(*m->b));
	if (!m->w || !m->b)
		goto no_memory;
	if (d->class_names) {
		m->class_names = copy_names(d->class_names, d->nr_classes);
		if (!m->class_names)
			goto no_memory;
	} else {
		m->class_names = calloc(d->nr_classes, sizeof(*m->class_names));
		for (k = 0; m->class_names && k < d->nr_classes; k++) {
			snprintf(number, sizeof(number), "%u", k);
			m->class_names[k] = strdup(number);
		}
		if (!m->class_names || !m->class_names[d->nr_classes - 1])
			goto no_memory;
	}
	if (names) {
		m->feature_names = copy_names(names, wattle_model__features(m));
		if (!m->feature_names)
			goto no_memory;
	}
	return 0;

no_memory:
	return wattle_ml__no_memory(e, "a model");
}

/* The model's PCA, and the data as its components: what everything after works on. */
static int reduce(struct wattle_model *m, const struct wattle_dataset *d,
		  struct wattle_dataset *low, struct wattle_pool *pool, uint32_t queue,
		  const struct wattle_pca_opts *opts, struct wattle_train_result *r,
		  struct wattle_ml_error *e)
{
	int err;

	err = wattle_pca__fit(&m->pca, &d->x, pool, queue, opts, &r->run, e);
	if (err)
		return err;
	*low = *d;
	low->feature_names = NULL;
	return wattle_pca__project(&m->pca, &d->x, &low->x, pool, queue, &r->run, e);
}

static void model_take(struct wattle_model *m, const struct descent *s)
{
	size_t i;

	for (i = 0; i < s->weights; i++)
		m->w[i] = (float)s->w[i];
	for (i = 0; i < m->nr_outputs; i++)
		m->b[i] = (float)s->w[s->weights + i];
}

static int descent_init(struct descent *s, const struct wattle_model *m,
			const struct wattle_train_opts *opts, struct wattle_ml_error *e)
{
	s->weights = m->nr_outputs * m->cols;
	s->len = s->weights + m->nr_outputs;
	s->l2 = opts->l2;
	s->t = 1.0;
	s->link = opts->loss == WATTLE_LOSS_SQUARED ? WATTLE_LINK_SQUARED :
		  m->nr_outputs == 1 ? WATTLE_LINK_LOGISTIC : WATTLE_LINK_SOFTMAX;
	s->w = calloc(s->len, sizeof(double));
	s->g = calloc(s->len, sizeof(double));
	s->at = s->w;
	if (opts->momentum) {
		s->at = calloc(s->len, sizeof(double));
		s->prev = calloc(s->len, sizeof(double));
		s->at_before = calloc(s->len, sizeof(double));
		s->g_before = calloc(s->len, sizeof(double));
	}
	if (!s->w || !s->g || !s->at ||
	    (opts->momentum && (!s->prev || !s->at_before || !s->g_before)))
		return wattle_ml__no_memory(e, "training");
	return 0;
}

static void descent_free(struct descent *s)
{
	if (s->at != s->w)
		free(s->at);
	free(s->w);
	free(s->g);
	free(s->prev);
	free(s->at_before);
	free(s->g_before);
}

/* What preparing did comes on top of what the objective's passes did. */
static void add_run(struct wattle_train_result *r, const struct wattle_run_stats *prepared,
		    const struct wattle_objective *o)
{
	r->run = (struct wattle_run_stats){
		.batches = prepared->batches + o->run.batches,
		.late = prepared->late + o->run.late,
		.failed = prepared->failed + o->run.failed,
		.refused = prepared->refused + o->run.refused,
		.aborted = prepared->aborted + o->run.aborted,
		.run_ns = prepared->run_ns + o->run.run_ns,
	};
	r->pool_error = o->pool_error;
}

int wattle_train(struct wattle_model *m, const struct wattle_dataset *d, struct wattle_pool *pool,
		 uint32_t queue, const struct wattle_train_opts *opts,
		 struct wattle_train_result *r, struct wattle_ml_error *e)
{
	const double start = seconds();
	struct wattle_train_result unused;
	struct wattle_run_stats prepared;
	struct wattle_dataset low = { 0 };
	struct descent s = { 0 };
	char **names = d->feature_names;
	int err;

	if (!r)
		r = &unused;
	memset(r, 0, sizeof(*r));
	memset(m, 0, sizeof(*m));
	err = check_opts(opts, e);
	if (!err)
		err = check_data(d, e);
	if (err)
		return err;
	snprintf(r->isa, sizeof(r->isa), "%s", wattle_ml__isa());

	if (opts->pca) {
		err = reduce(m, d, &low, pool, queue, opts->pca, r, e);
		if (err)
			goto free_model;
		d = &low;
	}
	prepared = r->run;
	err = model_init(m, d, names, opts->loss, e);
	if (!err)
		err = descent_init(&s, m, opts, e);
	if (!err && opts->standardise) {
		err = wattle_scaler__fit(&m->scaler, &d->x);
		if (err)
			wattle_ml__fail(e, err, "the features cannot be standardised: %s",
					strerror(-err));
	}
	if (err)
		goto free_model;
	err = wattle_objective__init(&s.o, d, opts->standardise ? &m->scaler : NULL, m->nr_outputs,
				     pool, queue, opts->block_rows, e);
	add_run(r, &prepared, &s.o);
	if (err)
		goto free_model;
	s.o.deadline_ns = opts->deadline_ns;
	s.o.epoch_deadline_ns = opts->epoch_deadline_ns;
	err = choose_alpha(&s, d, opts->alpha, e);
	if (!err)
		err = descend(&s, d, opts, start, r, e);
	if (!err)
		model_take(m, &s);
	r->alpha = s.alpha;
	add_run(r, &prepared, &s.o);
	wattle_objective__free(&s.o);

free_model:
	if (err)
		wattle_model__free(m);
	descent_free(&s);
	if (d == &low)
		wattle_matrix__free(&low.x);
	r->seconds = seconds() - start;
	return err;
}
