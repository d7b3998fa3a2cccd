/* SPDX-License-Identifier: GPL-2.0-only OR LGPL-2.1-or-later OR BSD-2-Clause */
/*
 * Arithmetic that stops at the ends of the range instead of going round: a sum
 * of clamped terms can still overflow, and a time that wrapped would grant or
 * expire everything at once.
 */
#ifndef WATTLE_CORE_SAT_H
#define WATTLE_CORE_SAT_H

#include <linux/types.h>

#define WATTLE_U64_MAX	(~0ULL)

static inline __u64 wattle_sat_add(__u64 a, __u64 b)
{
	__u64 r = a + b;

	return r < a ? WATTLE_U64_MAX : r;
}

static inline __u64 wattle_sat_sub(__u64 a, __u64 b)
{
	return a > b ? a - b : 0;
}

static inline __u64 wattle_sat_mul(__u64 a, __u64 b)
{
	__u64 r;

	return __builtin_mul_overflow(a, b, &r) ? WATTLE_U64_MAX : r;
}

/**
 * struct wattle_sum - a sum that may exceed 64 bits and comes down again
 * @lo:	low half
 * @hi:	high half
 *
 * Where terms are taken out again, a sum must not stop at the end of the range:
 * what was added beyond it would be missing when the rest has gone.
 */
struct wattle_sum {
	__u64	lo;
	__u64	hi;
};

static inline void wattle_sum_add(struct wattle_sum *s, __u64 term)
{
	s->lo += term;
	s->hi += s->lo < term;
}

/* @term has been added before. */
static inline void wattle_sum_sub(struct wattle_sum *s, __u64 term)
{
	s->hi -= s->lo < term;
	s->lo -= term;
}

/* The sum, or the end of the range if it is beyond. */
static inline __u64 wattle_sum_value(const struct wattle_sum *s)
{
	return s->hi ? WATTLE_U64_MAX : s->lo;
}

#endif
