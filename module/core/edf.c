// SPDX-License-Identifier: GPL-2.0-only OR LGPL-2.1-or-later OR BSD-2-Clause
/* Per-CPU EDF admission. See edf.h. */
#include "core/edf.h"
#include "core/null.h"
#include "core/power.h"
#include "core/sat.h"

__u64 wattle_edf_need_ns(const struct wattle_edf_ask *ask, __u64 kcycles, __u64 stall_ns)
{
	__u64 ns = wattle_power_run_ns(kcycles, stall_ns, ask->khz);

	if (ask->supply_pm >= 1000 || !ns)
		return ns;
	if (!ask->supply_pm)
		return WATTLE_U64_MAX;
	return wattle_sat_add(wattle_sat_mul(ns / ask->supply_pm, 1000),
			      (ns % ask->supply_pm * 1000 + ask->supply_pm - 1) / ask->supply_pm);
}

/* When work that follows @t and is released at @release_ns starts at the latest. */
static __u64 latest_start(const struct wattle_edf_ask *ask, __u64 t, __u64 release_ns,
			  __u64 now_ns)
{
	__u64 start;

	if (release_ns <= now_ns)
		return t;
	start = wattle_sat_add(release_ns, ask->blocking_ns);
	return start > t ? start : t;
}

/*
 * Inserting before a bucket delays it and all behind by @need at most. The
 * place is after the last bucket that has not that much to spare.
 */
static __u64 earliest(const struct wattle_demand *d, const struct wattle_edf_ask *ask,
		      __u64 need, __u64 now_ns)
{
	__u64 t = wattle_sat_add(now_ns, ask->first_ns);
	__u64 found = wattle_sat_add(t, need);
	__u32 n;

	for (n = 0; n < d->nr; n++) {
		const struct wattle_demand_bucket *b = &d->bucket[d->order[n]];

		t = latest_start(ask, t, b->release_ns, now_ns);
		t = wattle_sat_add(t, wattle_edf_need_ns(ask, b->kcycles, b->stall_ns));
		if (wattle_sat_sub(b->due_ns, t) >= need)
			continue;
		found = wattle_sat_add(t, need);
		if (found < b->due_ns)
			found = b->due_ns;
	}
	t = wattle_sat_add(latest_start(ask, 0, ask->release_ns, now_ns), need);
	return found > t ? found : t;
}

int wattle_edf_test(const struct wattle_demand *d, const struct wattle_edf_ask *ask,
		    __u64 now_ns, __u64 *earliest_ns)
{
	__u64 need = wattle_edf_need_ns(ask, ask->kcycles, ask->stall_ns);
	__u64 t = wattle_sat_add(now_ns, ask->first_ns);
	int placed = 0, fits = 1;
	__u32 n = 0;

	while (fits && (n < d->nr || !placed)) {
		const struct wattle_demand_bucket *b = n < d->nr ? &d->bucket[d->order[n]] : NULL;

		if (!placed && (!b || b->due_ns > ask->due_ns)) {
			t = latest_start(ask, t, ask->release_ns, now_ns);
			t = wattle_sat_add(t, need);
			fits = t <= ask->due_ns && t != WATTLE_U64_MAX;
			placed = 1;
			continue;
		}
		t = latest_start(ask, t, b->release_ns, now_ns);
		t = wattle_sat_add(t, wattle_edf_need_ns(ask, b->kcycles, b->stall_ns));
		/*
		 * Before it nothing changes (what is late already is not its fault), but
		 * for what it may keep waiting by having begun just before the release.
		 */
		if (placed || b->release_ns > now_ns)
			fits = t <= b->due_ns;
		n++;
	}
	if (earliest_ns)
		*earliest_ns = fits ? ask->due_ns : earliest(d, ask, need, now_ns);
	return fits;
}
