/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The speed that deadlines ask of a clock domain, decided by its thread.
 */
#ifndef WATTLE_PACE_H
#define WATTLE_PACE_H

#include <linux/types.h>

#include "domain.h"

struct wattle_sched_batch;
struct wattle_worker;

/**
 * struct wattle_pacing - a decision, for the record
 * @now_ns:	when
 * @again_ns:	when it is taken again, if nothing happens before
 * @khz:	the cap that came of it, 0 = none
 * @own_khz:	what the deadlines of its running grants ask for; ~0 = all there is
 * @waiting_khz: what the deadlines of all that waits ask for; likewise
 * @base_khz:	what its work without a deadline needs
 * @floor_khz:	slower is not asked for
 * @clock_khz:	its clock, as seen
 */
struct wattle_pacing {
	u64	now_ns;
	u64	again_ns;
	u32	khz;
	u32	own_khz;
	u32	waiting_khz;
	u32	base_khz;
	u32	floor_khz;
	u32	clock_khz;
};

void wattle_pace_start(void);
void wattle_pace_set_cpus(u32 nr);
void wattle_pace_wait(const struct wattle_sched_batch *b, u64 now_ns);
void wattle_pace_leave(const struct wattle_sched_batch *b);
void wattle_pace_grant(struct wattle_worker *w, const struct wattle_sched_batch *b, u64 now_ns);
bool wattle_pace_awake(const struct wattle_domain *d);
bool wattle_pace_khz(struct wattle_domain *d, u32 *khz, u32 clock_khz, u64 guard_ns, u64 now_ns,
		     u64 *until);

#endif
