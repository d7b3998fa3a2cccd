/* SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause */
/*
 * Template: a tile of rows times weights, and its transpose times residuals.
 *
 * Accumulators are arrays that the compiler keeps in registers, because every
 * loop over them has a constant bound and is unrolled. With T outputs by 2 rows
 * (or T outputs by 2 vectors of columns) a step is 2 T multiply-adds to T + 2
 * loads, so that for T >= 3 arithmetic, not the L1 cache, is the limit.
 */
#ifndef WATTLE_TILE_H
#define WATTLE_TILE_H

/* Rows of a tile, and the distance between outputs in its table of scores. */
#define TILE_ROWS	32
/* Outputs computed together. */
#define TILE_OUTPUTS	5

/*
 * The f32 rows of a tile, in the matrix itself or widened from bytes: row r is
 * at x + r / 8 * step + r % 8 * stride. Eight rows that are far apart read
 * memory as eight streams, which one core needs to get all the bandwidth.
 */
struct rows {
	const float	*x;
	size_t		stride;
	size_t		step;
	size_t		nv;	/* vectors that hold the features */
};

V_INLINE const float *row_at(const struct rows *s, size_t r)
{
	return s->x + r / 8 * s->step + r % 8 * s->stride;
}

/* Lane sums of n accumulators, n <= 12. */
V_INLINE void sums(const vf *a, unsigned int n, float *out)
{
	unsigned int i;

	UNROLL
	for (i = 0; i < n; i += 4)
		v_sum4(a[i], a[i + 1 < n ? i + 1 : i], a[i + 2 < n ? i + 2 : i],
		       a[i + 3 < n ? i + 3 : i], out + i);
}

/* z[r] = w x_r for nr rows. */
V_INLINE void dots_1(const struct rows *s, size_t r, unsigned int nr, const float *w, float *z)
{
	const float *x = row_at(s, r);
	vf acc[8];
	float t[12];
	unsigned int i;
	size_t v;

	UNROLL
	for (i = 0; i < nr; i++)
		acc[i] = v_set1(0.0f);
	for (v = 0; v < s->nv * VW; v += VW) {
		vf wv = v_load(w + v);

		v_keep(wv);
		UNROLL
		for (i = 0; i < nr; i++)
			acc[i] = v_fma(v_load(x + i * s->stride + v), wv, acc[i]);
	}
	sums(acc, nr, t);
	UNROLL
	for (i = 0; i < nr; i++)
		z[r + i] = t[i];
}

/* z[k * TILE_ROWS + r] for T outputs and nr rows. */
V_INLINE void dots_k(const struct rows *s, size_t r, unsigned int nr, unsigned int T,
		     const float *w, size_t wstride, float *z)
{
	const float *x = row_at(s, r);
	vf acc[12];
	float t[12];
	unsigned int i, k;
	size_t v;

	UNROLL
	for (i = 0; i < nr * T; i++)
		acc[i] = v_set1(0.0f);
	for (v = 0; v < s->nv * VW; v += VW) {
		vf xv[2];

		UNROLL
		for (i = 0; i < nr; i++)
			xv[i] = v_load(x + i * s->stride + v);
		UNROLL
		for (k = 0; k < T; k++) {
			vf wv = v_load(w + k * wstride + v);

			v_keep(wv);
			UNROLL
			for (i = 0; i < nr; i++)
				acc[k * nr + i] = v_fma(xv[i], wv, acc[k * nr + i]);
		}
	}
	sums(acc, nr * T, t);
	UNROLL
	for (k = 0; k < T; k++)
		UNROLL
		for (i = 0; i < nr; i++)
			z[k * TILE_ROWS + r + i] = t[k * nr + i];
}

V_INLINE void scores_k(unsigned int T, const struct rows *s, size_t n, const float *w,
		       size_t wstride, float *z)
{
	size_t r;

	for (r = 0; r + 2 <= n; r += 2)
		dots_k(s, r, 2, T, w, wstride, z);
	if (r < n)
		dots_k(s, r, 1, T, w, wstride, z);
}

/* fn(T, ...) for T = t outputs, with a T that the compiler knows: it unrolls by it. */
#define FOR_OUTPUTS(t, fn, ...) do {					\
		switch (t) {						\
		case 5:							\
			fn(5, __VA_ARGS__);				\
			break;						\
		case 4:							\
			fn(4, __VA_ARGS__);				\
			break;						\
		case 3:							\
			fn(3, __VA_ARGS__);				\
			break;						\
		case 2:							\
			fn(2, __VA_ARGS__);				\
			break;						\
		default:						\
			fn(1, __VA_ARGS__);				\
			break;						\
		}							\
	} while (0)

/* Outputs of the next group: as equal as can be, none above TILE_OUTPUTS. */
V_INLINE size_t group(size_t left)
{
	const size_t groups = (left + TILE_OUTPUTS - 1) / TILE_OUTPUTS;

	return (left + groups - 1) / groups;
}

/* The scores of n <= 8 rows, without intercepts: z[k * TILE_ROWS + r]. */
static void tile_scores(const struct rows *s, size_t n, const float *w, size_t wstride,
			size_t nr_outputs, float *z)
{
	size_t k, t, r;

	if (nr_outputs == 1) {
		if (n == 8) {
			dots_1(s, 0, 8, w, z);
			return;
		}
		for (r = 0; r < n; r++)
			dots_1(s, r, 1, w, z);
		return;
	}
	for (k = 0; k < nr_outputs; k += t) {
		const float *wk = w + k * wstride;
		float *zk = z + k * TILE_ROWS;

		t = group(nr_outputs - k);
		FOR_OUTPUTS(t, scores_k, s, n, wk, wstride, zk);
	}
}

/* g += sum of d[r] x_r for nr rows, one output. */
V_INLINE void axpy_1(const struct rows *s, size_t r, unsigned int nr, const float *d, float *g)
{
	const float *x = row_at(s, r);
	vf dv[8];
	unsigned int i;
	size_t v;

	UNROLL
	for (i = 0; i < nr; i++)
		dv[i] = v_set1(d[r + i]);
	for (v = 0; v < s->nv * VW; v += VW) {
		/* The sum so far joins last: the next rows' sums need not wait for these. */
		vf acc = v_mul(v_load(x + v), dv[0]);

		UNROLL
		for (i = 1; i < nr; i++)
			acc = v_fma(v_load(x + i * s->stride + v), dv[i], acc);
		v_store(g + v, v_add(v_load(g + v), acc));
	}
}

/* g[k] += sum of d[k][r] x_r, T outputs, nc vectors of columns from v, all n rows. */
V_INLINE void axpy_k(const struct rows *s, size_t n, size_t v, unsigned int nc, unsigned int T,
		     const float *d, float *g, size_t wstride)
{
	vf acc[12];
	unsigned int c, k;
	size_t r;

	UNROLL
	for (k = 0; k < T; k++)
		UNROLL
		for (c = 0; c < nc; c++)
			acc[k * nc + c] = v_load(g + k * wstride + v + c * VW);
	for (r = 0; r < n; r++) {
		const float *x = row_at(s, r) + v;
		vf xv[2];

		UNROLL
		for (c = 0; c < nc; c++)
			xv[c] = v_load(x + c * VW);
		UNROLL
		for (k = 0; k < T; k++) {
			const vf dv = v_set1(d[k * TILE_ROWS + r]);

			UNROLL
			for (c = 0; c < nc; c++)
				acc[k * nc + c] = v_fma(xv[c], dv, acc[k * nc + c]);
		}
	}
	UNROLL
	for (k = 0; k < T; k++)
		UNROLL
		for (c = 0; c < nc; c++)
			v_store(g + k * wstride + v + c * VW, acc[k * nc + c]);
}

V_INLINE void gradient_k(unsigned int T, const struct rows *s, size_t n, const float *d, float *g,
			 size_t wstride)
{
	size_t v;

	for (v = 0; v + 2 * VW <= s->nv * VW; v += 2 * VW)
		axpy_k(s, n, v, 2, T, d, g, wstride);
	if (v < s->nv * VW)
		axpy_k(s, n, v, 1, T, d, g, wstride);
}

/* g += residuals times rows. */
static void tile_gradient(const struct rows *s, size_t n, const float *d, float *g, size_t wstride,
			  size_t nr_outputs)
{
	size_t k, t, r;

	if (nr_outputs == 1) {
		for (r = 0; r + 8 <= n; r += 8)
			axpy_1(s, r, 8, d, g);
		if (r + 4 <= n) {
			axpy_1(s, r, 4, d, g);
			r += 4;
		}
		for (; r < n; r++)
			axpy_1(s, r, 1, d, g);
		return;
	}
	for (k = 0; k < nr_outputs; k += t) {
		const float *dk = d + k * TILE_ROWS;
		float *gk = g + k * wstride;

		t = group(nr_outputs - k);
		FOR_OUTPUTS(t, gradient_k, s, n, dk, gk, wstride);
	}
}

/* A row of bytes to floats, for the two phases that follow. */
static void tile_widen(const uint8_t *x, size_t nv, float *out)
{
	size_t v;

	for (v = 0; v < nv * VW; v += VW)
		v_store(out + v, v_u8(x + v));
}

#endif
