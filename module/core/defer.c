// SPDX-License-Identifier: GPL-2.0-only OR LGPL-2.1-or-later OR BSD-2-Clause
/* Deferral and coalescing. See defer.h. */
#include "core/defer.h"
#include "core/sat.h"

/*
 * From the deepest state upwards, the first whose stay can be completed to
 * twice its residency within half the slack and within what is allowed. Half
 * of what cannot be completed would only delay: a stay cut short at the
 * residency has saved nothing. Where gaps are long enough for a state by
 * themselves there is nothing to win with it, nor with a shallower one.
 */
__u64 wattle_defer_until(const struct wattle_power *p, const struct wattle_defer_ask *ask)
{
	__u64 idle = wattle_sat_sub(ask->now_ns, ask->idle_ns);
	__u64 hold = wattle_sat_sub(ask->hold_ns, ask->now_ns);
	__u64 slack = wattle_sat_sub(ask->slack_ns, ask->off_ns) / 2;
	__u32 k;

	for (k = p->t.nr_idle; k-- > 1;) {
		__u64 stay = 2000ULL * p->t.idle[k].residency_us;
		__u64 wait = wattle_sat_sub(stay, idle);

		if (ask->usual_ns >= stay / 2)
			break;
		if (wait <= slack && wait <= hold)
			return wattle_sat_add(ask->now_ns, wait);
	}
	return ask->now_ns;
}
