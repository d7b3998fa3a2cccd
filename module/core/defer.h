/* SPDX-License-Identifier: GPL-2.0-only OR LGPL-2.1-or-later OR BSD-2-Clause */
/*
 * Holding work back on a CPU that idles, so that short gaps become one long
 * enough for a deep state. Never greedily: to twice the target residency, at
 * most half the slack, at most what the class allows.
 */
#ifndef WATTLE_CORE_DEFER_H
#define WATTLE_CORE_DEFER_H

#include <linux/types.h>

#include "core/power.h"

/**
 * struct wattle_defer_ask - an idle CPU with work waiting
 * @now_ns:	the time
 * @idle_ns:	since when it idles
 * @hold_ns:	until when the work that waits may be held at all
 * @usual_ns:	length of the gaps there would be without holding anything back
 * @slack_ns:	how long it could wait and still be in time at the frequency it would run at
 * @off_ns:	taken off the slack: waking, from whatever state it may be, and the guard
 */
struct wattle_defer_ask {
	__u64	now_ns;
	__u64	idle_ns;
	__u64	hold_ns;
	__u64	usual_ns;
	__u64	slack_ns;
	__u64	off_ns;
};

/**
 * wattle_defer_until() - when to start
 * @p:		prepared table
 * @ask:	the question
 *
 * Return: @ask->now_ns = at once, or a later time.
 */
__u64 wattle_defer_until(const struct wattle_power *p, const struct wattle_defer_ask *ask);

#endif
