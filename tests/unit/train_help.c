// SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause
#include "train_help.h"

const struct wattle_train_opts train_defaults = {
	.sz = sizeof(struct wattle_train_opts),
	.standardise = true,
};

void train_ok(struct wattle_model *m, const struct wattle_dataset *d, struct rig *rig,
	      const struct wattle_train_opts *o, struct wattle_train_result *r)
{
	struct wattle_ml_error e = { "" };

	assert_ok(wattle_train(m, d, rig->pool, rig->queue, o, r, &e), e);
}

void rig_open(struct rig *r, unsigned int workers)
{
	const struct wattle_client_opts co = {
		.sz = sizeof(co), .backend = WATTLE_BACKEND_EMBEDDED,
	};
	const struct wattle_pool_opts po = { .sz = sizeof(po), .nr_workers = workers };
	char err[256];
	int q;

	if (wattle_client__open(&r->c, &co, err, sizeof(err)))
		fail_msg("%s", err);
	if (wattle_pool__new(&r->pool, r->c, &po))
		fail_msg("%s", wattle_client__error());
	q = wattle_client__queue_create(r->c, "train", NULL);
	if (q <= 0)
		fail_msg("%s", wattle_client__error());
	r->queue = (uint32_t)q;
}

void rig_close(struct rig *r)
{
	wattle_pool__free(r->pool);
	wattle_client__close(r->c);
}

void train_fails(const struct wattle_dataset *d, const struct wattle_train_opts *o, int want,
		 const char *message)
{
	struct wattle_ml_error e = { "" };
	struct wattle_train_result r;
	struct wattle_model m;
	struct rig rig;

	rig_open(&rig, 1);
	assert_int_equal(wattle_train(&m, d, rig.pool, rig.queue, o, &r, &e), want);
	assert_message(e, message);
	assert_null(m.w);
	rig_close(&rig);
}

static double uniform(uint64_t *seed)
{
	return (double)(rnd(seed) >> 11) * 0x1p-53;
}

void data_make(struct wattle_dataset *d, size_t rows, size_t cols, uint32_t classes,
	       uint32_t dtype, double offset, uint64_t seed)
{
	size_t r, j;

	memset(d, 0, sizeof(*d));
	assert_int_equal(wattle_matrix__alloc(&d->x, rows, cols, dtype), 0);
	d->nr_classes = classes;
	d->labels = calloc(rows, sizeof(*d->labels));
	d->class_names = calloc(classes, sizeof(*d->class_names));
	assert_non_null(d->labels);
	assert_non_null(d->class_names);
	for (r = 0; r < classes; r++) {
		char name[16];

		snprintf(name, sizeof(name), "c%zu", r);
		d->class_names[r] = strdup(name);
	}
	for (r = 0; r < rows; r++) {
		const double common = uniform(&seed);

		d->labels[r] = (uint32_t)(rnd(&seed) % classes);
		for (j = 0; j < cols; j++) {
			/* Features go up and down together, and lean towards their class. */
			double v = 0.5 * uniform(&seed) + 0.35 * common +
				   (j % classes == d->labels[r] ? 0.15 : 0.0);

			if (dtype == WATTLE_U8)
				((uint8_t *)d->x.data)[r * d->x.stride + j] =
					(uint8_t)(255.0 * v);
			else
				((float *)d->x.data)[r * d->x.stride + j] =
					(float)(v * (1.0 + (double)j) +
						0.2 * offset * (1.0 + (double)j));
		}
	}
}

double data_x(const struct wattle_dataset *d, size_t r, size_t j)
{
	if (d->x.dtype == WATTLE_U8)
		return ((const uint8_t *)d->x.data)[r * d->x.stride + j];
	return (double)((const float *)d->x.data)[r * d->x.stride + j];
}

static double sigmoid(double a)
{
	return a >= 0 ? 1 / (1 + exp(-a)) : exp(a) / (1 + exp(a));
}

double ref_loss(const struct wattle_dataset *d, const struct wattle_scaler *s,
		enum wattle_link link, double l2, const double *w, double *g)
{
	const size_t K = d->nr_classes == 2 || link == WATTLE_LINK_LINEAR ? 1 : d->nr_classes;
	const size_t cols = d->x.cols, W = K * cols;
	const double n = (double)d->x.rows;
	double x[512], z[32], dz[32], loss = 0;
	size_t r, j, k;

	assert_true(cols <= ARRAY_SIZE(x) && K <= ARRAY_SIZE(z));
	if (g)
		memset(g, 0, (W + K) * sizeof(*g));
	for (r = 0; r < d->x.rows; r++) {
		double top = -INFINITY, all = 0;

		for (j = 0; j < cols; j++) {
			x[j] = data_x(d, r, j);
			if (s && s->cols)
				x[j] = (x[j] - s->mean[j]) / s->scale[j];
		}
		for (k = 0; k < K; k++) {
			z[k] = w[W + k];
			for (j = 0; j < cols; j++)
				z[k] += w[k * cols + j] * x[j];
			top = fmax(top, z[k]);
		}
		for (k = 0; k < K; k++)
			all += exp(z[k] - top);
		if (link == WATTLE_LINK_SOFTMAX)
			loss += log(all) + top - z[d->labels[r]];
		for (k = 0; k < K; k++) {
			const double y = d->labels[r] == (K == 1 ? 1 : k), p = sigmoid(z[k]);

			if (link == WATTLE_LINK_SOFTMAX) {
				dz[k] = exp(z[k] - top) / all - y;
			} else if (link == WATTLE_LINK_SQUARED) {
				dz[k] = (p - y) * p * (1 - p);
				loss += 0.5 * (p - y) * (p - y);
			} else if (link == WATTLE_LINK_LINEAR) {
				dz[k] = z[k];
				loss += 0.5 * z[k] * z[k];
			} else {
				dz[k] = p - y;
				loss += fmax(z[k], 0) - y * z[k] + log1p(exp(-fabs(z[k])));
			}
		}
		for (k = 0; g && k < K; k++) {
			g[W + k] += dz[k] / n;
			for (j = 0; j < cols; j++)
				g[k * cols + j] += dz[k] * x[j] / n;
		}
	}
	loss /= n;
	for (j = 0; j < W; j++) {
		loss += 0.5 * l2 * w[j] * w[j];
		if (g)
			g[j] += l2 * w[j];
	}
	return loss;
}

double norm(const double *v, size_t n)
{
	double sum = 0;

	while (n--)
		sum += v[n] * v[n];
	return sqrt(sum);
}
