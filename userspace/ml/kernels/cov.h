/* SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause */
/*
 * Template: the moments of a block of rows in one pass: sums, extremes and the
 * upper triangle of X'X, after a pivot near each column's mean is taken away.
 *
 * Rows go by COV_BYTES / element at a time into panels of PANEL columns, so that
 * both factors of a tile of X'X stream from the caches. A tile is 4 x PANEL
 * products in registers, added to fp64 after each chunk of rows: fp32 over at
 * most 256 rows. Bytes are multiplied as 16-bit integers, two rows an
 * instruction, where there is one: twice as fast. They are exact either way, for
 * 256 times 255^2 is below 2^24.
 */
#ifndef WATTLE_COV_H
#define WATTLE_COV_H

#define PANEL		(3 * VW)
/* Of a column in a chunk: panels of PANEL columns are to fit the L1 cache. */
#define COV_BYTES	1024
/* Rows whose sums stay in registers while they are packed. */
#define PACK_ROWS	16


struct cov_scratch {
	float	*packed;
	float	*sum;
	float	*missing;
};

static struct cov_scratch cov_carve(const struct wattle_cov *p)
{
	struct cov_scratch s = { .packed = p->scratch };

	s.sum = s.packed + p->width * (COV_BYTES / sizeof(float));
	s.missing = s.sum + p->width;
	return s;
}

/* VW values of a row from column c on, as floats; columns beyond the row are 0. */
V_INLINE vf cov_load(const struct wattle_cov *p, size_t row, size_t c)
{
	if (c >= p->stride)
		return v_set1(0.0f);
	if (p->dtype == WATTLE_U8)
		return v_u8((const uint8_t *)p->x + row * p->stride + c);
	return v_load((const float *)p->x + row * p->stride + c);
}

/* One vector of columns, n rows: less the pivot, 0 where a value is not finite. */
V_INLINE void pack_f32(const struct wattle_cov *p, const struct cov_scratch *s, size_t first,
		       size_t n, size_t c, float *to)
{
	const vf pivot = v_load(p->pivot + c), zero = v_set1(0.0f), one = v_set1(1.0f);
	vf sum = v_load(s->sum + c), missing = v_load(s->missing + c);
	vf low = v_load(p->low + c), high = v_load(p->high + c);
	size_t r;

	for (r = 0; r < n; r++) {
		const vf x = cov_load(p, first + r, c);
		const vm ok = v_lt_f(v_sub(x, x), one);
		const vf d = v_sel(ok, v_sub(x, pivot), zero);

		v_store(to + r * PANEL, d);
		sum = v_add(sum, d);
		missing = v_add(missing, v_sel(ok, zero, one));
		low = v_min(v_sel(ok, x, low), low);
		high = v_max(v_sel(ok, x, high), high);
	}
	v_store(s->sum + c, sum);
	v_store(s->missing + c, missing);
	v_store(p->low + c, low);
	v_store(p->high + c, high);
}

/* Products of columns i..i+3 with those of a panel, n rows: added to s. */
V_INLINE void tile_f32(const float *a, const float *b, size_t n, double *s, size_t width)
{
	float out[PANEL] __attribute__((aligned(64)));
	vf acc[12];
	unsigned int i, v;
	size_t r, c;

	UNROLL
	for (i = 0; i < 12; i++)
		acc[i] = v_set1(0.0f);
	for (r = 0; r < n; r++) {
		vf bv[3];

		UNROLL
		for (v = 0; v < 3; v++) {
			bv[v] = v_load(b + r * PANEL + v * VW);
			v_keep(bv[v]);
		}
		UNROLL
		for (i = 0; i < 4; i++) {
			const vf av = v_set1(a[r * PANEL + i]);

			UNROLL
			for (v = 0; v < 3; v++)
				acc[i * 3 + v] = v_fma(av, bv[v], acc[i * 3 + v]);
		}
	}
	UNROLL
	for (i = 0; i < 4; i++) {
		UNROLL
		for (v = 0; v < 3; v++)
			v_store(out + v * VW, acc[i * 3 + v]);
		for (c = 0; c < PANEL; c++)
			s[i * width + c] += (double)out[c];
	}
}

#ifdef v_madd16
/*
 * Bytes as pairs of 16-bit numbers, two rows each: x as it is, for sums are
 * exact. The second row of the last pair is 0 where n is odd.
 */
V_INLINE void pack_u8(const struct wattle_cov *p, const struct cov_scratch *s, size_t first,
		      size_t n, size_t c, int32_t *to)
{
	const uint8_t *x = (const uint8_t *)p->x + first * p->stride + c;
	vf low = v_load(p->low + c), high = v_load(p->high + c);
	vf sum = v_load(s->sum + c);
	size_t r;

	for (r = 0; r < n; r += 2) {
		const vi a = v_u8i(x + r * p->stride);
		const vi b = r + 1 < n ? v_u8i(x + (r + 1) * p->stride) : v_iset1(0);
		const vf fa = v_cvt(a), fb = r + 1 < n ? v_cvt(b) : fa;

		v_istore(to + r / 2 * PANEL, v_iadd(a, v_shl(b, 16)));
		/* Whole numbers below 2^24. */
		sum = v_add(sum, v_cvt(v_iadd(a, b)));
		low = v_min(v_min(fa, fb), low);
		high = v_max(v_max(fa, fb), high);
	}
	v_store(s->sum + c, sum);
	v_store(p->low + c, low);
	v_store(p->high + c, high);
}

/* As tile_f32(), n pairs of rows: at most 512 rows of at most 255^2 stay below 2^31. */
V_INLINE void tile_u8(const int32_t *a, const int32_t *b, size_t n, double *s, size_t width)
{
	int32_t out[PANEL] __attribute__((aligned(64)));
	vi acc[12];
	unsigned int i, v;
	size_t r, c;

	UNROLL
	for (i = 0; i < 12; i++)
		acc[i] = v_iset1(0);
	for (r = 0; r < n; r++) {
		UNROLL
		for (i = 0; i < 4; i++) {
			const vi av = v_iset1(a[r * PANEL + i]);

			UNROLL
			for (v = 0; v < 3; v++)
				acc[i * 3 + v] = v_iadd(acc[i * 3 + v],
					v_madd16(av, v_iload(b + r * PANEL + v * VW)));
		}
	}
	UNROLL
	for (i = 0; i < 4; i++) {
		UNROLL
		for (v = 0; v < 3; v++)
			v_istore(out + v * VW, acc[i * 3 + v]);
		for (c = 0; c < PANEL; c++)
			s[i * width + c] += (double)out[c];
	}
}
#endif

/* Rows that are packed at a time; a panel's columns take COV_BYTES each. */
static size_t cov_rows(const struct wattle_cov *p)
{
#ifdef v_madd16
	if (p->dtype == WATTLE_U8)
		return COV_BYTES / sizeof(int16_t);
#else
	(void)p;
#endif
	return COV_BYTES / sizeof(float);
}

static void cov_pack(const struct wattle_cov *p, const struct cov_scratch *s, size_t first,
		     size_t rows)
{
	const size_t panels = (p->cols + PANEL - 1) / PANEL;
	size_t r, n, q, v;

	for (r = 0; r < rows; r += PACK_ROWS) {
		n = rows - r < PACK_ROWS ? rows - r : PACK_ROWS;
		for (q = 0; q < panels; q++) {
			float *to = s->packed + q * PANEL * (COV_BYTES / sizeof(float));

			for (v = 0; v < PANEL; v += VW) {
				const size_t c = q * PANEL + v;

#ifdef v_madd16
				if (p->dtype == WATTLE_U8 && c < p->stride) {
					pack_u8(p, s, first + r, n, c,
						(int32_t *)to + r / 2 * PANEL + v);
					continue;
				}
				if (p->dtype == WATTLE_U8) {
					for (size_t i = 0; i < (n + 1) / 2; i++)
						v_istore((int32_t *)to + (r / 2 + i) * PANEL + v,
							 v_iset1(0));
					continue;
				}
#endif
				pack_f32(p, s, first + r, n, c, to + r * PANEL + v);
			}
		}
	}
}

static void cov_tiles(const struct wattle_cov *p, const struct cov_scratch *s, size_t n)
{
	const size_t panel = PANEL * (COV_BYTES / sizeof(float));
	size_t q, i, end;

	for (q = 0; q * PANEL < p->cols; q++) {
		const float *b = s->packed + q * panel;

		end = (q + 1) * PANEL < p->cols ? (q + 1) * PANEL : p->cols;
		for (i = 0; i < end; i += 4) {
			const float *a = s->packed + i / PANEL * panel + i % PANEL;
			double *to = p->s + i * p->width + q * PANEL;

#ifdef v_madd16
			if (p->dtype == WATTLE_U8) {
				tile_u8((const int32_t *)a, (const int32_t *)b, (n + 1) / 2, to,
					p->width);
				continue;
			}
#endif
			tile_f32(a, b, n, to, p->width);
		}
	}
}

static void pass_cov(struct wattle_cov *p)
{
	const struct cov_scratch s = cov_carve(p);
	const size_t R = cov_rows(p);
	size_t first, n, c;

	memset(p->s, 0, p->width * p->width * sizeof(double));
	for (c = 0; c < p->width; c++) {
		p->sum[c] = 0.0;
		p->missing[c] = 0;
		p->low[c] = __builtin_inff();
		p->high[c] = -__builtin_inff();
	}
	for (first = 0; first < p->rows; first += n) {
		n = p->rows - first < R ? p->rows - first : R;
		memset(s.sum, 0, p->width * sizeof(float));
		memset(s.missing, 0, p->width * sizeof(float));
		cov_pack(p, &s, first, n);
		cov_tiles(p, &s, n);
		for (c = 0; c < p->width; c++) {
			p->sum[c] += (double)s.sum[c];
			p->missing[c] += (uint64_t)s.missing[c];
		}
	}
}

#endif
