/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the grants that run want of their clock domain, kept under the device lock.
 */
#ifndef WATTLE_PLAN_H
#define WATTLE_PLAN_H

#include <linux/types.h>

#include "core/sched.h"
#include "domain.h"

int wattle_plan_init(void);
void wattle_plan_exit(void);
void wattle_plan_event(enum wattle_sched_trace what, const struct wattle_sched_batch *b,
		       const struct wattle_sched_worker *w, u64 now_ns);
void wattle_plan_redo(enum wattle_why why);
void wattle_plan_settle(void);
void wattle_plan_place(unsigned int cpu, struct wattle_domain *d);
struct wattle_domain *wattle_plan_domain(unsigned int cpu);
void wattle_plan_attached(struct wattle_domain *d, bool present, u32 khz);
bool wattle_plan_latency(void);
bool wattle_plan_enforcing(void);
bool wattle_plan_advising(void);

#endif
