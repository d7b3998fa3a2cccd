/* SPDX-License-Identifier: GPL-2.0-only OR LGPL-2.1-or-later OR BSD-2-Clause */
/*
 * Delivered frequency from two counters that run only while the CPU does.
 */
#ifndef WATTLE_CORE_DELIVERED_H
#define WATTLE_CORE_DELIVERED_H

#include <linux/types.h>

#include "core/sat.h"

/**
 * wattle_delivered_khz() - @base_khz * @actual / @reference
 * @base_khz:	the rate of the reference counter
 * @actual:	what the counter at the CPU's own clock advanced by (APERF)
 * @reference:	what the reference counter advanced by (MPERF)
 *
 * The counters are 64 bits wide and take centuries to wrap, but firmware may
 * reset them (resume): a difference that is nonsense gives a ratio that is. Above
 * 16 times the base it is not believed.
 *
 * Return: kHz, 0 = not known.
 */
static inline __u32 wattle_delivered_khz(__u32 base_khz, __u64 actual, __u64 reference)
{
	__u64 khz;

	/* Too short a while: the two are not read at the same moment. */
	if (!base_khz || reference < 1024)
		return 0;
	/* Both are scaled alike where the product would not fit. */
	while (actual >> 32) {
		actual >>= 1;
		reference >>= 1;
	}
	if (!reference)
		return 0;
	khz = actual * base_khz / reference;
	return khz <= 16ULL * base_khz && khz <= 0xffffffffULL ? khz : 0;
}

#endif
