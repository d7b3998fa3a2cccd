// SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause
/*
 * Training kernels for AVX-512 (F, BW, DQ, VL). Compiled with -mavx512f -mavx512bw -mavx512dq
 * -mavx512vl -mfma.
 */
#include <string.h>
#include "ml/kernels/kernels.h"

#if defined(__x86_64__)
#include <immintrin.h>

#define VW		16
#define TILE_L1		(26 * 1024)
#define TILE_L2		(112 * 1024)

typedef __m512 vf;
typedef __m512i vi;
typedef __mmask16 vm;

#define v_load(p)	_mm512_load_ps(p)
#define v_store(p, a)	_mm512_store_ps(p, a)
#define v_set1(a)	_mm512_set1_ps(a)
#define v_add(a, b)	_mm512_add_ps(a, b)
#define v_sub(a, b)	_mm512_sub_ps(a, b)
#define v_mul(a, b)	_mm512_mul_ps(a, b)
#define v_div(a, b)	_mm512_div_ps(a, b)
#define v_fma(a, b, c)	_mm512_fmadd_ps(a, b, c)
/* The instruction returns its second operand when one is NaN: the bound goes first. */
#define v_min(bound, x)	_mm512_min_ps(bound, x)
#define v_max(bound, x)	_mm512_max_ps(bound, x)
#define v_abs(a)	_mm512_abs_ps(a)
#define v_xor(a, b)	_mm512_xor_ps(a, b)
#define v_or(a, b)	_mm512_or_ps(a, b)
#define v_bits(a)	_mm512_castps_si512(a)
#define v_float(a)	_mm512_castsi512_ps(a)
#define v_cvt(a)	_mm512_cvtepi32_ps(a)
#define v_iload(p)	_mm512_load_si512(p)
#define v_istore(p, a)	_mm512_store_si512(p, a)
#define v_iset1(a)	_mm512_set1_epi32(a)
#define v_iadd(a, b)	_mm512_add_epi32(a, b)
#define v_isub(a, b)	_mm512_sub_epi32(a, b)
#define v_shl(a, n)	_mm512_slli_epi32(a, n)
#define v_sra(a, n)	_mm512_srai_epi32(a, n)
#define v_eq_i(a, b)	_mm512_cmpeq_epi32_mask(a, b)
#define v_lt_f(a, b)	_mm512_cmp_ps_mask(a, b, _CMP_LT_OQ)
/* Takes the second vector where the mask is set. */
#define v_sel(m, a, b)	_mm512_mask_blend_ps(m, b, a)
#ifndef v_keep		/* the emulation in tests/unit has no such registers */
#define v_keep(a)	__asm__("" : "+v"(a))
#endif
#define v_u8(p)		_mm512_cvtepi32_ps(_mm512_cvtepu8_epi32( \
					_mm_loadu_si128((const __m128i *)(p))))

/* Products of 16-bit numbers, those of neighbours added: to VW sums of 32 bits. */
#define v_madd16(a, b)	_mm512_madd_epi16(a, b)
#define v_u8i(p)	_mm512_cvtepu8_epi32(_mm_loadu_si128((const __m128i *)(p)))

/* Upper and lower half added: from there on as AVX2. */
static inline __attribute__((always_inline)) __m256 fold(__m512 a)
{
	return _mm256_add_ps(_mm512_castps512_ps256(a), _mm512_extractf32x8_ps(a, 1));
}

static inline __attribute__((always_inline))
void v_sum4(__m512 a, __m512 b, __m512 c, __m512 d, float *out)
{
	const __m256 s = _mm256_hadd_ps(_mm256_hadd_ps(fold(a), fold(b)),
					_mm256_hadd_ps(fold(c), fold(d)));

	_mm_storeu_ps(out, _mm_add_ps(_mm256_castps256_ps128(s), _mm256_extractf128_ps(s, 1)));
}

#include "ml/kernels/vmath.h"
#include "ml/kernels/tile.h"
#include "ml/kernels/link.h"
#include "ml/kernels/pass.h"
#include "ml/kernels/cov.h"

static const struct wattle_kernels avx512 = {
	.name		= "avx512",
	.gradient	= pass_gradient,
	.scores		= pass_scores,
	.cov		= pass_cov,
	.exp		= v_exp_array,
	.log		= v_log_array,
};

const struct wattle_kernels *const wattle_kernels_avx512 = &avx512;
#else
const struct wattle_kernels *const wattle_kernels_avx512;
#endif
