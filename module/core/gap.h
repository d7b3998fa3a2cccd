/* SPDX-License-Identifier: GPL-2.0-only OR LGPL-2.1-or-later OR BSD-2-Clause */
/*
 * What idle time is worth: a slower run takes from the gap behind it, so what
 * it saves depends on the idle state that gap would have reached.
 *
 * A known release says how long the gap will be. Otherwise the gaps of the
 * past do: their time, by the state they were long enough for, forgotten by
 * 1/32 with every new gap.
 */
#ifndef WATTLE_CORE_GAP_H
#define WATTLE_CORE_GAP_H

#include <linux/types.h>

#include "core/power.h"

/**
 * struct wattle_gap - the gaps a CPU had
 * @ns:		time in gaps long enough for each idle state, decaying
 */
struct wattle_gap {
	__u64	ns[WATTLE_IDLE_MAX];
};

/**
 * wattle_gap_init() - nothing seen
 * @g:		out
 */
void wattle_gap_init(struct wattle_gap *g);

/**
 * wattle_gap_seen() - the CPU has idled
 * @g:		gaps
 * @p:		prepared table
 * @ns:		for how long
 */
void wattle_gap_seen(struct wattle_gap *g, const struct wattle_power *p, __u64 ns);

/**
 * wattle_gap_base_uw() - what an idle moment of this CPU draws
 * @g:		gaps
 * @p:		prepared table
 *
 * Return: mean power over the time in gaps; the deepest state's when none was seen.
 */
__u32 wattle_gap_base_uw(const struct wattle_gap *g, const struct wattle_power *p);

/**
 * wattle_gap_state() - the idle state that the next gap is expected to reach
 * @g:		gaps
 * @p:		prepared table
 * @known_ns:	length of the gap if known, ~0 otherwise
 *
 * Return: index of the state: for the known length, or the one that most idle
 * time of the past was good for.
 */
__u32 wattle_gap_state(const struct wattle_gap *g, const struct wattle_power *p,
		       __u64 known_ns);

#endif
