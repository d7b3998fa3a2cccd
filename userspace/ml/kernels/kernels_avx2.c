// SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause
/* Training kernels for AVX2 and FMA. Compiled with -mavx2 -mfma. */
#include <string.h>
#include "ml/kernels/kernels.h"

#if defined(__x86_64__)
#include <immintrin.h>

#define VW		8
#define TILE_L1		(26 * 1024)
#define TILE_L2		(112 * 1024)

typedef __m256 vf;
typedef __m256i vi;
typedef __m256 vm;

#define v_load(p)	_mm256_load_ps(p)
#define v_store(p, a)	_mm256_store_ps(p, a)
#define v_set1(a)	_mm256_set1_ps(a)
#define v_add(a, b)	_mm256_add_ps(a, b)
#define v_sub(a, b)	_mm256_sub_ps(a, b)
#define v_mul(a, b)	_mm256_mul_ps(a, b)
#define v_div(a, b)	_mm256_div_ps(a, b)
#define v_fma(a, b, c)	_mm256_fmadd_ps(a, b, c)
/* The instruction returns its second operand when one is NaN: the bound goes first. */
#define v_min(bound, x)	_mm256_min_ps(bound, x)
#define v_max(bound, x)	_mm256_max_ps(bound, x)
#define v_abs(a)	_mm256_andnot_ps(_mm256_set1_ps(-0.0f), a)
#define v_xor(a, b)	_mm256_xor_ps(a, b)
#define v_or(a, b)	_mm256_or_ps(a, b)
#define v_bits(a)	_mm256_castps_si256(a)
#define v_float(a)	_mm256_castsi256_ps(a)
#define v_cvt(a)	_mm256_cvtepi32_ps(a)
#define v_iload(p)	_mm256_load_si256((const __m256i *)(p))
#define v_istore(p, a)	_mm256_store_si256((__m256i *)(p), a)
#define v_iset1(a)	_mm256_set1_epi32(a)
#define v_iadd(a, b)	_mm256_add_epi32(a, b)
#define v_isub(a, b)	_mm256_sub_epi32(a, b)
#define v_shl(a, n)	_mm256_slli_epi32(a, n)
#define v_sra(a, n)	_mm256_srai_epi32(a, n)
#define v_eq_i(a, b)	_mm256_castsi256_ps(_mm256_cmpeq_epi32(a, b))
#define v_lt_f(a, b)	_mm256_cmp_ps(a, b, _CMP_LT_OQ)
#define v_sel(m, a, b)	_mm256_blendv_ps(b, a, m)
#define v_keep(a)	__asm__("" : "+x"(a))
#define v_u8(p)		_mm256_cvtepi32_ps(_mm256_cvtepu8_epi32( \
					_mm_loadl_epi64((const __m128i *)(p))))

/* Products of 16-bit numbers, those of neighbours added: to VW sums of 32 bits. */
#define v_madd16(a, b)	_mm256_madd_epi16(a, b)
#define v_u8i(p)	_mm256_cvtepu8_epi32(_mm_loadl_epi64((const __m128i *)(p)))

static inline __attribute__((always_inline))
void v_sum4(__m256 a, __m256 b, __m256 c, __m256 d, float *out)
{
	const __m256 s = _mm256_hadd_ps(_mm256_hadd_ps(a, b), _mm256_hadd_ps(c, d));

	_mm_storeu_ps(out, _mm_add_ps(_mm256_castps256_ps128(s), _mm256_extractf128_ps(s, 1)));
}

#include "ml/kernels/vmath.h"
#include "ml/kernels/tile.h"
#include "ml/kernels/link.h"
#include "ml/kernels/pass.h"
#include "ml/kernels/cov.h"

static const struct wattle_kernels avx2 = {
	.name		= "avx2",
	.gradient	= pass_gradient,
	.scores		= pass_scores,
	.cov		= pass_cov,
	.exp		= v_exp_array,
	.log		= v_log_array,
};

const struct wattle_kernels *const wattle_kernels_avx2 = &avx2;
#else
const struct wattle_kernels *const wattle_kernels_avx2;
#endif
