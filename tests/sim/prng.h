/* SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause */
/*
 * Random numbers that are the same bits on every machine: xoshiro256** 1.0 (Blackman and
 * Vigna, "Scrambled linear pseudorandom number generators", ACM TOMS 47, 2021), seeded by
 * SplitMix64 (Steele, Lea, Flood, OOPSLA 2014) as its authors advise. Integers only: the C
 * library's log() is not the same bits everywhere.
 */
#ifndef WATTLE_SIM_PRNG_H
#define WATTLE_SIM_PRNG_H

#include <stdint.h>

struct prng {
	uint64_t s[4];
};

static inline uint64_t prng_rotl(uint64_t x, int k)
{
	return (x << k) | (x >> (64 - k));
}

static inline uint64_t prng_next(struct prng *p)
{
	uint64_t *s = p->s;
	uint64_t r = prng_rotl(s[1] * 5, 7) * 9;
	uint64_t t = s[1] << 17;

	s[2] ^= s[0];
	s[3] ^= s[1];
	s[1] ^= s[2];
	s[0] ^= s[3];
	s[2] ^= t;
	s[3] = prng_rotl(s[3], 45);
	return r;
}

static inline void prng_seed(struct prng *p, uint64_t seed)
{
	for (int i = 0; i < 4; i++) {
		uint64_t z = seed += UINT64_C(0x9e3779b97f4a7c15);

		z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
		z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
		p->s[i] = z ^ (z >> 31);
	}
}

/* Uniform in [lo, hi]; the bias of the product, under 2^-32 for such ranges, is no concern. */
static inline uint64_t prng_range(struct prng *p, uint64_t lo, uint64_t hi)
{
	unsigned __int128 x = (unsigned __int128)prng_next(p) * (hi - lo + 1);

	return lo + (uint64_t)(x >> 64);
}

/*
 * Exponential with the given mean, by comparisons of uniform numbers alone: von Neumann,
 * "Various techniques used in connection with random digits", NBS Applied Mathematics
 * Series 12, 1951. A run of falling numbers of odd length accepts its first one; every
 * rejected run adds one to the integer part.
 */
static inline uint64_t prng_exp(struct prng *p, uint64_t mean)
{
	for (uint64_t whole = 0;; whole++) {
		uint64_t first = prng_next(p), last = first, x;
		int len = 1;

		while ((x = prng_next(p)) < last) {
			last = x;
			len++;
		}
		if (len & 1)
			return whole * mean +
			       (uint64_t)(((unsigned __int128)first * mean) >> 64);
	}
}

#endif
