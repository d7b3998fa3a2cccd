/* SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause */
/*
 * Template: exp and log on vectors, over the operations an ISA file defines.
 *
 *   VW			floats in a vector
 *   vf, vi		vectors of float and int32
 *   vm			what v_lt_f() and v_eq_i() return and v_sel() takes
 *   v_load v_store v_set1 v_add v_sub v_mul v_div v_fma(a, b, c) = a * b + c
 *   v_min(bound, x), v_max(bound, x): x when x is NaN
 *   v_abs v_xor v_or (of the bits) v_bits (vf as vi) v_float (vi as vf) v_cvt (vi to vf by value)
 *   v_iset1 v_iadd v_isub v_shl(vi, n) v_sra(vi, n) v_iload
 *   v_eq_i(vi, vi) v_lt_f(vf, vf) v_sel(mask, if_set, if_clear)
 *   v_sum4(a, b, c, d, out): sums of the lanes of four vectors, to out[0..3]
 *   v_u8(p): VW bytes as floats
 *   v_keep(a): a stays in a register (else the compiler loads it again at every use)
 *
 * Polynomials are our own fits: iteratively reweighted least squares towards
 * the minimax error, in fp64, on the reduced range, weighted by the function.
 */
#ifndef WATTLE_VMATH_H
#define WATTLE_VMATH_H

#define V_INLINE static inline __attribute__((always_inline))
/* On loops with a bound the compiler knows: what they index stays in registers. */
#define UNROLL _Pragma("GCC unroll 16")
/*
 * A statement for each of U <= 4 vectors that go through a formula side by side.
 * Every step of a polynomial waits for the one before, longer than a core looks
 * ahead (less still when it shares the core with another thread), so the
 * instructions of independent vectors must be neighbours.
 */
#define EACH UNROLL for (i = 0; i < U; i++)

/* n ln 2 is subtracted in two parts, of which the first times n is exact. */
#define LN2_HI	0.693145751953125f
#define LN2_LO	0.00000142860677f
/* 1.5 * 2^23: adding it rounds to an integer, held in the low bits. */
#define ROUND_MAGIC 12582912.0f

/*
 * e^x = 2^n e^r, |r| <= ln 2 / 2; polynomial error 3.1e-9 (0.05 ulp). The
 * clamps keep 2^n p normal: no denormals, which would be slow.
 */
V_INLINE void v_exps(vf *x, unsigned int U)
{
	vf t[4], n[4], p[4];
	unsigned int i;

	EACH x[i] = v_max(v_set1(-87.0f), v_min(v_set1(88.0f), x[i]));
	EACH t[i] = v_fma(x[i], v_set1(1.44269504f), v_set1(ROUND_MAGIC));
	EACH n[i] = v_sub(t[i], v_set1(ROUND_MAGIC));
	EACH x[i] = v_fma(n[i], v_set1(-LN2_HI), x[i]);
	EACH x[i] = v_fma(n[i], v_set1(-LN2_LO), x[i]);
	EACH p[i] = v_fma(x[i], v_set1(0.00138146f), v_set1(0.008368717f));
	EACH p[i] = v_fma(p[i], x[i], v_set1(0.04166839f));
	EACH p[i] = v_fma(p[i], x[i], v_set1(0.16666521f));
	EACH p[i] = v_fma(p[i], x[i], v_set1(0.49999994f));
	EACH p[i] = v_fma(v_mul(x[i], x[i]), p[i], x[i]);
	EACH p[i] = v_add(p[i], v_set1(1.0f));
	/* The magic number's own bits are shifted out at the top. */
	EACH x[i] = v_mul(p[i], v_float(v_shl(v_iadd(v_bits(t[i]), v_iset1(127)), 23)));
}

V_INLINE vf v_exp(vf x)
{
	v_exps(&x, 1);
	return x;
}

/*
 * ln x = e ln 2 + ln m, m in [sqrt 1/2, sqrt 2), f = m - 1 exact:
 * ln m = f - f^2/2 + f^3 P(f), polynomial error 5.8e-9. x normal and positive;
 * NaN and infinity give something non-finite.
 */
V_INLINE void v_logs(vf *x, unsigned int U)
{
	vf k[4], f[4], f2[4], p[4];
	unsigned int i;

	EACH {
		const vi e = v_sra(v_isub(v_bits(x[i]), v_iset1(0x3f3504f3)), 23);

		k[i] = v_cvt(e);
		f[i] = v_sub(v_float(v_isub(v_bits(x[i]), v_shl(e, 23))), v_set1(1.0f));
	}
	EACH p[i] = v_fma(f[i], v_set1(-0.076345004f), v_set1(0.12761582f));
	EACH p[i] = v_fma(p[i], f[i], v_set1(-0.13160183f));
	EACH p[i] = v_fma(p[i], f[i], v_set1(0.14201757f));
	EACH p[i] = v_fma(p[i], f[i], v_set1(-0.16623357f));
	EACH p[i] = v_fma(p[i], f[i], v_set1(0.20001227f));
	EACH p[i] = v_fma(p[i], f[i], v_set1(-0.2500082f));
	EACH p[i] = v_fma(p[i], f[i], v_set1(0.3333333f));
	EACH f2[i] = v_mul(f[i], f[i]);
	EACH p[i] = v_mul(v_mul(p[i], f[i]), f2[i]);
	EACH p[i] = v_fma(k[i], v_set1(LN2_LO), p[i]);
	EACH p[i] = v_fma(v_set1(-0.5f), f2[i], p[i]);
	EACH p[i] = v_add(p[i], f[i]);
	EACH p[i] = v_fma(k[i], v_set1(LN2_HI), p[i]);
	/* x - x is 0, or NaN when x is not finite. */
	EACH x[i] = v_add(p[i], v_sub(x[i], x[i]));
}

V_INLINE vf v_log(vf x)
{
	v_logs(&x, 1);
	return x;
}

static void v_exp_array(const float *x, float *y, size_t n)
{
	float t[VW] __attribute__((aligned(64)));
	size_t i, j;

	for (i = 0; i < n; i += VW) {
		for (j = 0; j < VW; j++)
			t[j] = i + j < n ? x[i + j] : 0.0f;
		v_store(t, v_exp(v_load(t)));
		for (j = 0; j < VW && i + j < n; j++)
			y[i + j] = t[j];
	}
}

static void v_log_array(const float *x, float *y, size_t n)
{
	float t[VW] __attribute__((aligned(64)));
	size_t i, j;

	for (i = 0; i < n; i += VW) {
		for (j = 0; j < VW; j++)
			t[j] = i + j < n ? x[i + j] : 1.0f;
		v_store(t, v_log(v_load(t)));
		for (j = 0; j < VW && i + j < n; j++)
			y[i + j] = t[j];
	}
}

#endif
