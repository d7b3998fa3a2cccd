// SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause
/*
 * Training kernels in plain C with the compiler's generic vectors: whatever the
 * target has (SSE2, NEON), or scalar code. No fused multiply-add is assumed.
 */
#include <string.h>
#include "ml/kernels/kernels.h"

#define VW		4
#define TILE_L1		(26 * 1024)
#define TILE_L2		(112 * 1024)

typedef float vf __attribute__((vector_size(16)));
typedef int32_t vi __attribute__((vector_size(16)));
typedef vi vm;
typedef uint8_t vb __attribute__((vector_size(4)));

#define FN static inline __attribute__((always_inline))

FN vf v_load(const float *p)
{
	return *(const vf *)p;
}

FN void v_store(float *p, vf a)
{
	*(vf *)p = a;
}

FN vi v_iload(const int32_t *p)
{
	return *(const vi *)p;
}

FN vf v_set1(float a)
{
	const vf v = { a, a, a, a };

	return v;
}

FN vi v_iset1(int32_t a)
{
	const vi v = { a, a, a, a };

	return v;
}

FN vf v_sel(vm m, vf a, vf b)
{
	return (vf)((m & (vi)a) | (~m & (vi)b));
}

#define v_add(a, b)	((a) + (b))
#define v_sub(a, b)	((a) - (b))
#define v_mul(a, b)	((a) * (b))
#define v_div(a, b)	((a) / (b))
#define v_fma(a, b, c)	((a) * (b) + (c))
#define v_bits(a)	((vi)(a))
#define v_float(a)	((vf)(a))
#define v_cvt(a)	__builtin_convertvector(a, vf)
#define v_iadd(a, b)	((a) + (b))
#define v_isub(a, b)	((a) - (b))
#define v_shl(a, n)	((a) << (n))
#define v_sra(a, n)	((a) >> (n))
#define v_eq_i(a, b)	((vm)((a) == (b)))
#define v_lt_f(a, b)	((vm)((a) < (b)))
#define v_keep(a)	((void)(a))
#define v_xor(a, b)	v_float(v_bits(a) ^ v_bits(b))
#define v_or(a, b)	v_float(v_bits(a) | v_bits(b))
#define v_abs(a)	v_float(v_bits(a) & v_iset1(0x7fffffff))

/* x when x is NaN: comparisons with it are false. */
FN vf v_min(vf bound, vf x)
{
	return v_sel(v_lt_f(bound, x), bound, x);
}

FN vf v_max(vf bound, vf x)
{
	return v_sel(v_lt_f(x, bound), bound, x);
}

FN vf v_u8(const uint8_t *p)
{
	vb b;

	memcpy(&b, p, sizeof(b));
	return __builtin_convertvector(b, vf);
}

FN void v_sum4(vf a, vf b, vf c, vf d, float *out)
{
	out[0] = (a[0] + a[2]) + (a[1] + a[3]);
	out[1] = (b[0] + b[2]) + (b[1] + b[3]);
	out[2] = (c[0] + c[2]) + (c[1] + c[3]);
	out[3] = (d[0] + d[2]) + (d[1] + d[3]);
}

#include "ml/kernels/vmath.h"
#include "ml/kernels/tile.h"
#include "ml/kernels/link.h"
#include "ml/kernels/pass.h"
#include "ml/kernels/cov.h"

static const struct wattle_kernels portable = {
	.name		= "portable",
	.gradient	= pass_gradient,
	.scores		= pass_scores,
	.cov		= pass_cov,
	.exp		= v_exp_array,
	.log		= v_log_array,
};

const struct wattle_kernels *const wattle_kernels_portable = &portable;
