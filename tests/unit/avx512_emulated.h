/* SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause */
/*
 * AVX-512 intrinsics on a CPU without them: SIMDe's, and the few it lacks. Only
 * correctness is tested this way. Included before kernels_avx512.c.
 */
#ifndef WATTLE_TESTS_AVX512_EMULATED_H
#define WATTLE_TESTS_AVX512_EMULATED_H

#define SIMDE_ENABLE_NATIVE_ALIASES
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wshadow"
#pragma GCC diagnostic ignored "-Wextra"
#include <simde/x86/avx512.h>
#pragma GCC diagnostic pop
#include <string.h>

static inline __m256 emulated_extractf32x8(__m512 a, int which)
{
	__m256 half[2];

	memcpy(half, &a, sizeof(half));
	return half[which];
}

static inline __m512i emulated_srai_epi32(__m512i a, unsigned int n)
{
	int v[16], i;

	memcpy(v, &a, sizeof(v));
	for (i = 0; i < 16; i++)
		v[i] >>= n;
	memcpy(&a, v, sizeof(v));
	return a;
}

static inline __m512 emulated_cvtepi32_ps(__m512i a)
{
	float f[16];
	__m512 out;
	int v[16], i;

	memcpy(v, &a, sizeof(v));
	for (i = 0; i < 16; i++)
		f[i] = (float)v[i];
	memcpy(&out, f, sizeof(out));
	return out;
}

static inline __m512i emulated_cvtepu8_epi32(__m128i a)
{
	unsigned char b[16];
	__m512i out;
	int v[16], i;

	memcpy(b, &a, sizeof(b));
	for (i = 0; i < 16; i++)
		v[i] = b[i];
	memcpy(&out, v, sizeof(out));
	return out;
}

/* SIMDe 0.7.4 names the masked one so, with four arguments. */
#undef _mm512_madd_epi16
#define _mm512_madd_epi16(a, b)			simde_mm512_madd_epi16(a, b)
#define _mm512_extractf32x8_ps(a, which)	emulated_extractf32x8(a, which)
#define _mm512_srai_epi32(a, n)			emulated_srai_epi32(a, n)
#define _mm512_cvtepi32_ps(a)			emulated_cvtepi32_ps(a)
#define _mm512_cvtepu8_epi32(a)			emulated_cvtepu8_epi32(a)
#define v_keep(a)				((void)(a))

#define wattle_kernels_avx512			wattle_kernels_avx512_emulated

#endif
