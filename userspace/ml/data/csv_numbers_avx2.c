// SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause
/* Runs of numbers with AVX2: marks by comparing 32 bytes at a time, digits 16 at a time. */
#include "csv_numbers.h"

#ifdef __AVX2__
#include <immintrin.h>
#include "number.h"

static inline uint64_t marks64(const char *p, char sep)
{
	const __m256i s = _mm256_set1_epi8(sep), nl = _mm256_set1_epi8('\n');
	const __m256i quote = _mm256_set1_epi8('"');
	const __m256i a = _mm256_loadu_si256((const __m256i *)p);
	const __m256i b = _mm256_loadu_si256((const __m256i *)(p + 32));
	const __m256i x = _mm256_or_si256(_mm256_or_si256(_mm256_cmpeq_epi8(a, s),
							  _mm256_cmpeq_epi8(a, nl)),
					  _mm256_cmpeq_epi8(a, quote));
	const __m256i y = _mm256_or_si256(_mm256_or_si256(_mm256_cmpeq_epi8(b, s),
							  _mm256_cmpeq_epi8(b, nl)),
					  _mm256_cmpeq_epi8(b, quote));

	return (uint32_t)_mm256_movemask_epi8(x) |
	       (uint64_t)(uint32_t)_mm256_movemask_epi8(y) << 32;
}

/* lane - 1 up to a point in lane k, lane above it: takes the point out of the digits. */
static inline __m128i without_point(__m128i digits, int k)
{
	const __m128i lane = _mm_setr_epi8(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
	const __m128i upto = _mm_cmpgt_epi8(_mm_set1_epi8((char)(k + 1)), lane);

	/* Lane 0 becomes -1, which pshufb turns into 0. */
	return _mm_shuffle_epi8(digits, _mm_add_epi8(lane, upto));
}

/* Sixteen digits, the most significant in lane 0. */
static inline uint64_t sixteen_digits(__m128i d)
{
	const __m128i tens = _mm_set1_epi16(0x010a);		/* 10, 1 */
	const __m128i hundreds = _mm_set1_epi32(0x00010064);	/* 100, 1 */
	const __m128i myriads = _mm_set1_epi32(0x00012710);	/* 10000, 1 */
	uint64_t both;

	d = _mm_madd_epi16(_mm_maddubs_epi16(d, tens), hundreds);
	d = _mm_madd_epi16(_mm_packus_epi32(d, d), myriads);
	both = (uint64_t)_mm_cvtsi128_si64(d);
	return (both & 0xffffffff) * 100000000 + (both >> 32);
}

/*
 * Sign, at most 16 digits and a point: the 16 bytes before the field's end, digits
 * of other fields blanked. All else is for the scanner.
 */
static inline bool number(const char *begin, const char *p, const char *end, float *v)
{
	const __m128i lane = _mm_setr_epi8(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
	const char *first = p;
	unsigned int points;
	__m128i d, field;
	bool neg = false;
	int q = 0;

	if (p < end && (*p == '-' || *p == '+'))
		neg = *p++ == '-';
	if (end - p > 16 || end - p < 1 || end - begin < 16)
		goto scan;
	field = _mm_cmpgt_epi8(lane, _mm_set1_epi8((char)(15 - (end - p))));
	d = _mm_sub_epi8(_mm_loadu_si128((const __m128i *)(end - 16)), _mm_set1_epi8('0'));
	d = _mm_and_si128(d, field);
	points = (unsigned int)_mm_movemask_epi8(_mm_cmpeq_epi8(d, _mm_set1_epi8('.' - '0')));
	if (points) {
		const int k = __builtin_ctz(points);

		/* A point alone is no number; a second one is no digit below. */
		if (end - p == 1)
			return false;
		d = without_point(d, k);
		q = k - 15;
	}
	if (_mm_movemask_epi8(_mm_cmpeq_epi8(_mm_min_epu8(d, _mm_set1_epi8(9)), d)) != 0xffff)
		goto scan;
	return wattle_number__round_f32(sixteen_digits(d), q, neg, v);

scan:
	return first < end && wattle_number__fast_f32(first, end, v) == end;
}

#include "csv_run.h"

static size_t numbers_avx2(const struct csv_span *s, const char **p, size_t n, float *out)
{
	return numbers(s, p, n, out);
}

csv_numbers_fn *const csv_numbers_avx2 = numbers_avx2;
#else
csv_numbers_fn *const csv_numbers_avx2;
#endif
