// SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause
#include <math.h>
#include "kernel_ref.h"
#include "ml_help.h"

static void *lines(size_t bytes)
{
	void *p = aligned_alloc(64, (bytes + 127) & ~(size_t)63);

	assert_non_null(p);
	memset(p, 0, (bytes + 127) & ~(size_t)63);
	return p;
}

static double uniform(uint64_t *seed)
{
	return (double)(rnd(seed) >> 11) * 0x1p-52 - 1.0;
}

double case_x(const struct case_data *c, size_t r, size_t j)
{
	if (c->p.dtype == WATTLE_U8)
		return ((const uint8_t *)c->p.x)[r * c->p.stride + j];
	return (double)((const float *)c->p.x)[r * c->p.stride + j];
}

void case_make(struct case_data *c, const struct shape *s, uint64_t seed)
{
	const size_t line = s->dtype == WATTLE_U8 ? 64 : 16;
	const size_t stride = (s->cols + line - 1) / line * line + s->extra * line;
	const double top = s->dtype == WATTLE_U8 ? 255.0 : 1.0;
	size_t i, k, j;

	memset(c, 0, sizeof(*c));
	c->p.rows = s->rows;
	c->p.cols = s->cols;
	c->p.stride = stride;
	c->p.dtype = s->dtype;
	c->p.link = s->link;
	c->p.nr_outputs = s->outputs;
	c->p.wstride = wattle_kernels__wstride(s->cols);
	c->x = lines(s->rows * stride * 4);
	/* Padding is filled as well: it must not count. */
	for (i = 0; i < s->rows * stride; i++) {
		if (s->dtype == WATTLE_U8)
			((uint8_t *)c->x)[i] = (uint8_t)rnd(&seed);
		else
			((float *)c->x)[i] = (float)uniform(&seed);
	}
	c->w = lines(s->outputs * c->p.wstride * sizeof(float));
	c->b = lines(s->outputs * sizeof(float));
	for (k = 0; k < s->outputs; k++) {
		for (j = 0; j < s->cols; j++)
			c->w[k * c->p.wstride + j] = (float)(s->spread * uniform(&seed) /
							     (top * sqrt((double)s->cols)));
		c->b[k] = (float)uniform(&seed);
	}
	c->labels = lines(s->rows * sizeof(uint32_t));
	for (i = 0; i < s->rows; i++)
		c->labels[i] = (uint32_t)(rnd(&seed) % (s->outputs == 1 ? 2 : s->outputs));
	c->p.x = c->x;
	c->p.w = c->w;
	c->p.b = c->b;
	c->p.labels = c->labels;
	c->p.scratch = lines(wattle_kernels__scratch_size(s->cols, s->outputs));
	c->p.g = lines(s->outputs * c->p.wstride * sizeof(double));
	c->p.gb = lines(s->outputs * sizeof(double));
	c->zk = lines(s->rows * s->outputs * sizeof(float));
	c->g = lines(s->outputs * s->cols * sizeof(double));
	c->g_err = lines(s->outputs * s->cols * sizeof(double));
	c->gb = lines(s->outputs * sizeof(double));
	c->gb_err = lines(s->outputs * sizeof(double));
	c->z = lines(s->rows * s->outputs * sizeof(double));
	c->z_err = lines(s->rows * s->outputs * sizeof(double));
	case_reference(c);
}

/* ln(1 + e^a) without overflow. */
static double softplus(double a)
{
	return (a > 0 ? a : 0) + log1p(exp(-fabs(a)));
}

static double sigmoid(double a)
{
	return a >= 0 ? 1 / (1 + exp(-a)) : exp(a) / (1 + exp(a));
}

/* Residuals d[k] of a row, their error bound and the loss's. */
static void residuals(struct case_data *c, size_t r, double *d, double *d_err)
{
	const size_t K = c->p.nr_outputs;
	const double *z = c->z + r * K;
	double off = 0, top = -INFINITY, all = 0;
	size_t k;

	for (k = 0; k < K; k++) {
		off = fmax(off, c->z_err[r * K + k]);
		top = fmax(top, z[k]);
	}
	/* No link has a slope above 1, exp and log are good to 2 ulp, then a few operations. */
	for (k = 0; k < K; k++)
		d_err[k] = off + 10 * UNIT;
	switch (c->p.link) {
	case WATTLE_LINK_LINEAR:
		d[0] = z[0];
		d_err[0] = off + UNIT * fabs(z[0]);
		c->loss += z[0] * z[0] / 2;
		c->loss_err += fabs(z[0]) * d_err[0] + off * off + 140 * UNIT * z[0] * z[0] / 2;
		break;
	case WATTLE_LINK_LOGISTIC: {
		const double sign = c->labels[r] == 1 ? -1 : 1, l = softplus(sign * z[0]);

		d[0] = sign * sigmoid(sign * z[0]);
		c->loss += l;
		c->loss_err += off + 140 * UNIT * (l + 1);
		break;
	}
	case WATTLE_LINK_SOFTMAX: {
		double others = 0, l;

		for (k = 0; k < K; k++)
			all += exp(z[k] - top);
		for (k = 0; k < K; k++)
			others += k == c->labels[r] ? 0 : exp(z[k] - top) / all;
		for (k = 0; k < K; k++)
			d[k] = k == c->labels[r] ? -others : exp(z[k] - top) / all;
		l = log(all) + top - z[c->labels[r]];
		c->loss += l;
		c->loss_err += 2 * off + 140 * UNIT * (l + 1);
		break;
	}
	case WATTLE_LINK_SQUARED:
		for (k = 0; k < K; k++) {
			const bool is = c->labels[r] == (K == 1 ? 1 : k);
			const double sign = is ? -1 : 1, s = sigmoid(sign * z[k]);

			d[k] = sign * s * s * (1 - s);
			c->loss += s * s / 2;
			c->loss_err += off + 140 * UNIT * (s * s / 2 + 1);
		}
		break;
	}
}

void case_reference(struct case_data *c)
{
	const size_t K = c->p.nr_outputs, cols = c->p.cols;
	double d[32], d_err[32];
	size_t r, k, j;

	assert_in_range(K, 1, 32);
	memset(c->g, 0, K * cols * sizeof(double));
	memset(c->g_err, 0, K * cols * sizeof(double));
	memset(c->gb, 0, K * sizeof(double));
	memset(c->gb_err, 0, K * sizeof(double));
	c->loss = c->loss_err = 0;
	for (r = 0; r < c->p.rows; r++) {
		for (k = 0; k < K; k++) {
			double z = (double)c->b[k], sum = fabs(z);

			for (j = 0; j < cols; j++) {
				const double t = case_x(c, r, j) *
						 (double)c->w[k * c->p.wstride + j];

				z += t;
				sum += fabs(t);
			}
			c->z[r * K + k] = z;
			/* Four lanes or more; a rounding for a product and one for a sum each. */
			c->z_err[r * K + k] = (2.0 * (double)(cols / 4) + 10) * UNIT * sum;
		}
		residuals(c, r, d, d_err);
		for (k = 0; k < K; k++) {
			/* fp32 over at most WATTLE_FLUSH_ROWS rows and a tile, then fp64. */
			const double add = 2.0 * (WATTLE_FLUSH_ROWS + 32) * UNIT;

			c->gb[k] += d[k];
			c->gb_err[k] += d_err[k] + add * fabs(d[k]);
			for (j = 0; j < cols; j++) {
				const double x = case_x(c, r, j);

				c->g[k * cols + j] += d[k] * x;
				c->g_err[k * cols + j] += (d_err[k] + add * fabs(d[k])) * fabs(x);
			}
		}
	}
}

void case_free(struct case_data *c)
{
	void *const all[] = {
		c->x, c->w, c->b, c->labels, c->p.scratch, c->p.g, c->p.gb, c->zk,
		c->g, c->g_err, c->gb, c->gb_err, c->z, c->z_err,
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(all); i++)
		free(all[i]);
}
