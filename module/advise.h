/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Mode advise: what enforce would have come to.
 */
#ifndef WATTLE_ADVISE_H
#define WATTLE_ADVISE_H

#include <linux/types.h>

#include "core/advice.h"
#include "core/sched.h"

struct wattle_domain;
struct wattle_worker;

void wattle_advise_begin(struct wattle_worker *w, u64 now_ns);
void wattle_advise_ran(struct wattle_worker *w, const struct wattle_sched_batch *b, u32 clock_khz,
		       u64 now_ns);
void wattle_advise_domain(struct wattle_domain *d, u32 clock_khz, u64 now_ns, u64 *until);
u32 wattle_advise_khz(struct wattle_domain *d, u32 khz, bool dated);
const struct wattle_advice *wattle_advise_total(void);

#endif
