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

#endif
