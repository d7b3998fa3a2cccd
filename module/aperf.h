/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Delivered frequency, by the APERF and MPERF counters.
 */
#ifndef WATTLE_APERF_H
#define WATTLE_APERF_H

#include <linux/types.h>

u32 wattle_aperf_khz(u32 cpu);

#endif
