/* SPDX-License-Identifier: GPL-2.0-only OR LGPL-2.1-or-later OR BSD-2-Clause */
/*
 * What slices of a program's run tell of how it depends on the clock: of a slice's
 * cycles, those that waited for memory would have taken the same time at any
 * frequency (M), the others are work (C).
 */
#ifndef WATTLE_CORE_SLICE_H
#define WATTLE_CORE_SLICE_H

#include <linux/types.h>

#include "core/sat.h"
#include "core/slowdown.h"

#define WATTLE_SLICE_MIN_NS	1000ULL
#define WATTLE_SLICE_MAX_NS	(1ULL << 40)
#define WATTLE_SLICE_MAX_CYCLES	(1ULL << 44)
/* 16 GHz: no clock is faster, so nor is a slice. Cycles below one MHz are a broken counter. */
#define WATTLE_SLICE_MAX_PER_NS	16ULL
#define WATTLE_SLICE_MIN_PER_US	1ULL
/* What is older than so much run time weighs half. */
#define WATTLE_SLICE_MEMORY_NS	2000000000ULL
/*
 * Stall counters count cycles in which nothing was retired while memory was waited for;
 * in some of them work went on that a slower clock delays. Half of them is believed.
 */
#define WATTLE_SLICE_BELIEVE	2

/**
 * struct wattle_slices - what has been learned
 * @kcycles:	C
 * @stall_ns:	M
 * @run_ns:	run time that both are of
 * @nr:		slices, saturating; 0 = nothing is known
 * @pad:	0
 */
struct wattle_slices {
	__u64	kcycles;
	__u64	stall_ns;
	__u64	run_ns;
	__u32	nr;
	__u32	pad;
};

/**
 * wattle_slice_ok() - can there be such a slice?
 * @cycles:	in all
 * @stalls:	of these, waiting for memory
 * @run_ns:	CPU time
 */
static inline int wattle_slice_ok(__u64 cycles, __u64 stalls, __u64 run_ns)
{
	return run_ns >= WATTLE_SLICE_MIN_NS && run_ns <= WATTLE_SLICE_MAX_NS &&
	       cycles <= WATTLE_SLICE_MAX_CYCLES && stalls <= cycles &&
	       cycles <= run_ns * WATTLE_SLICE_MAX_PER_NS &&
	       cycles >= run_ns / 1000 * WATTLE_SLICE_MIN_PER_US;
}

/**
 * wattle_slice_add() - learn from a slice
 * @s:		what is known, changed
 * @cycles:	of the slice; wattle_slice_ok()
 * @stalls:	of the slice
 * @run_ns:	of the slice
 *
 * Sums stay below 2^42 ns and 2^36 kcycles: they are halved before a slice is added.
 */
static inline void wattle_slice_add(struct wattle_slices *s, __u64 cycles, __u64 stalls,
				    __u64 run_ns)
{
	/* Share in 1/4096, rounded down: cycles < 2^45, so the product stays below 2^57. */
	__u64 share = cycles ? (stalls / WATTLE_SLICE_BELIEVE) * 4096 / cycles : 0;

	while (s->run_ns > WATTLE_SLICE_MEMORY_NS) {
		s->kcycles /= 2;
		s->stall_ns /= 2;
		s->run_ns /= 2;
	}
	s->kcycles += (cycles - cycles / 4096 * share) / 1000;
	s->stall_ns += run_ns / 4096 * share;
	s->run_ns += run_ns;
	s->nr += s->nr != 0xffffffffU;
}

/**
 * wattle_slice_khz() - the lowest frequency that keeps a slowdown
 * @s:		what is known
 * @consent:	if that is nothing, reckon as if all depended on the clock
 * @slowdown_pm: allowed, per mille, <= 10000
 * @full_khz:	against this frequency
 *
 * Return: kHz; 0: all there is.
 */
static inline __u32 wattle_slice_khz(const struct wattle_slices *s, int consent,
				     __u32 slowdown_pm, __u32 full_khz)
{
	if (!s->nr && !consent)
		return 0;
	if (!s->nr || (!s->kcycles && s->stall_ns < 1000))
		/* A second of nothing but cycles. */
		return wattle_slowdown_khz(full_khz, 0, slowdown_pm, full_khz);
	return wattle_slowdown_khz(s->kcycles, s->stall_ns / 1000, slowdown_pm, full_khz);
}

/**
 * wattle_slice_slowed_ns() - of a time under a limit, what full speed would have saved
 * @s:		what is known
 * @ns:		the time, saturating beyond 2^44
 * @khz:	the limit
 * @full_khz:	full speed
 *
 * T(f) - T(F) = C/f - C/F. Rounded up.
 */
static inline __u64 wattle_slice_slowed_ns(const struct wattle_slices *s, __u64 ns, __u32 khz,
					   __u32 full_khz)
{
	/* Of the time at @khz, the share that the clock decides: C/f of C/f + M. In 1/1024. */
	__u64 work_us = 1, all_us = 1, share;

	if (!khz || khz >= full_khz)
		return 0;
	if (s->nr && s->stall_ns >= 1000) {
		work_us = s->kcycles * 1000000 / khz + 1;
		all_us = work_us + s->stall_ns / 1000;
	}
	share = (work_us * 1024 + all_us - 1) / all_us;
	share = (share * (full_khz - khz) + full_khz - 1) / full_khz;
	return wattle_sat_mul(ns, share) / 1024;
}

#endif
