// SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause
/* Runs of numbers in plain C, eight bytes at a time; and which instruction set. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "csv_numbers.h"
#include "number.h"

#define ONES	0x0101010101010101ull
#define LOW7	(0x7f * ONES)

/* 0x80 in each byte of @v that is @c, nothing else: no carry leaves a byte. */
static inline uint64_t equal(uint64_t v, char c)
{
	v ^= ONES * (unsigned char)c;
	return ~(((v & LOW7) + LOW7) | v | LOW7);
}

static inline uint64_t marks64(const char *p, char sep)
{
	uint64_t bits = 0;

	for (unsigned int i = 0; i < 8; i++) {
		uint64_t v, hit;

		memcpy(&v, p + 8 * i, 8);
#if __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
		v = __builtin_bswap64(v);
#endif
		hit = equal(v, sep) | equal(v, '\n') | equal(v, '"');
		/* The eight top bits, gathered into one byte. */
		bits |= ((hit >> 7) * 0x0102040810204080ull >> 56) << (8 * i);
	}
	return bits;
}

static inline bool number(const char *begin, const char *p, const char *end, float *v)
{
	(void)begin;
	return p < end && wattle_number__fast_f32(p, end, v) == end;
}

#include "csv_run.h"

size_t csv_numbers_portable(const struct csv_span *s, const char **p, size_t n, float *out)
{
	return numbers(s, p, n, out);
}

csv_numbers_fn *csv_numbers_get(void)
{
	/* As the kernels choose theirs, without a need for them: fuzzers link readers alone. */
#if defined(__x86_64__)
	const char *isa = getenv("WATTLE_ISA");

	__builtin_cpu_init();
	if (csv_numbers_avx2 && __builtin_cpu_supports("avx2") &&
	    !(isa && !strcmp(isa, "portable")))
		return csv_numbers_avx2;
#endif
	return csv_numbers_portable;
}
