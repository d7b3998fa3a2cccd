/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The thread of a clock domain (actor.c), and what it does (actuator.c): from the
 * plan to frequency requests.
 */
#ifndef WATTLE_ACTUATOR_H
#define WATTLE_ACTUATOR_H

#include <linux/jiffies.h>
#include <linux/time64.h>

#include "domain.h"

/* How long a cap outlives the last grant; long against an actuation, short against people. */
#define WATTLE_LINGER_NS	(10 * NSEC_PER_MSEC)
#define WATTLE_LINGER		(msecs_to_jiffies(10) + 1)

struct wattle_domain *wattle_actuator_make(unsigned int cpu);
void wattle_actuator_stop(struct wattle_domain *d);
void wattle_actuator_kick(struct wattle_domain *d);
u64 wattle_actuator_round(struct wattle_domain *d);
void wattle_actuator_drop(struct wattle_domain *d, struct wattle_clock *k, enum wattle_why why);
bool wattle_actuator_limits(struct wattle_clock *k);

/*
 * Is what was posted the end of a grant after which less is wanted, or nothing? That waits
 * for what may follow; a raise never does. Under the device lock.
 */
static inline bool wattle_actuator_lingers(const struct wattle_domain *d)
{
	return d->posted.why == WATTLE_WHY_END &&
	       (d->posted.idle ||
		(d->posted.khz && (!d->acting_khz || d->posted.khz < d->acting_khz)));
}

#endif
