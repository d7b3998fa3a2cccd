/* SPDX-License-Identifier: GPL-2.0-only OR LGPL-2.1-or-later OR BSD-2-Clause */
/*
 * How far work has come: the share of T(f) that has passed is the share of C and M done.
 */
#ifndef WATTLE_CORE_PROGRESS_H
#define WATTLE_CORE_PROGRESS_H

#include <linux/types.h>

/**
 * wattle_progress() - what is left of C and M after a time at one frequency
 * @kcycles:	in: C left, < 2^63; out: less what was done
 * @stall_ns:	in: M left, < 2^63; out: likewise
 * @khz:	f; 0: nothing is done while time passes
 * @ran_ns:	the time
 *
 * Rounded so that never more is taken for done than was.
 *
 * Return: 1 there is something left; 0 it should have ended (both are then 0).
 */
int wattle_progress(__u64 *kcycles, __u64 *stall_ns, __u32 khz, __u64 ran_ns);

#endif
