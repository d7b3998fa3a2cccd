/* SPDX-License-Identifier: GPL-2.0-only OR LGPL-2.1-or-later OR BSD-2-Clause */
/*
 * The lowest frequency that keeps an allowed slowdown, for work whose
 * frequency-sensitive part C and stall M are known.
 */
#ifndef WATTLE_CORE_SLOWDOWN_H
#define WATTLE_CORE_SLOWDOWN_H

#include <linux/types.h>

#include "core/sat.h"

/**
 * wattle_slowdown_khz() - lowest f with C/f + M <= (1 + s)(C/F + M)
 * @work_kcycles: C, < 2^43
 * @stall_us:	M, < 2^32
 * @slowdown_pm: s in per mille, <= 10000
 * @full_khz:	F, the frequency it is slowed against
 *
 * Rounds to the side of speed: the time allowed is rounded down to microseconds, the
 * frequency up. Times saturate, and C * 10^6 stays below 2^63.
 *
 * Return: kHz, at least 1 and at most @full_khz; 0: C and M, or F, are not known.
 */
static inline __u32 wattle_slowdown_khz(__u64 work_kcycles, __u64 stall_us, __u32 slowdown_pm,
					__u32 full_khz)
{
	__u64 cycles = work_kcycles * 1000000ULL, full_us, extra_us, budget_us, khz;

	if (!full_khz || (!work_kcycles && !stall_us))
		return 0;
	if (!work_kcycles)
		return 1;
	full_us = cycles / full_khz + stall_us;
	extra_us = wattle_sat_add(wattle_sat_mul(full_us / 1000, slowdown_pm),
				  full_us % 1000 * slowdown_pm / 1000);
	budget_us = wattle_sat_add(cycles / full_khz, extra_us);
	if (!budget_us)
		return full_khz;
	khz = cycles / budget_us + !!(cycles % budget_us);
	return khz < full_khz ? khz : full_khz;
}

#endif
