// SPDX-License-Identifier: GPL-2.0-only OR LGPL-2.1-or-later OR BSD-2-Clause
/* Servers and shares. See server.h. */
#include "core/energy.h"
#include "core/sat.h"
#include "core/server.h"

void wattle_server_init(struct wattle_server *s, __u64 budget_ns, __u64 period_ns)
{
	s->budget_ns = budget_ns ? budget_ns : 1;
	s->period_ns = period_ns > s->budget_ns ? period_ns : s->budget_ns;
	s->left_ns = s->budget_ns;
	s->due_ns = 0;
}

void wattle_server_wake(struct wattle_server *s, __u64 now_ns)
{
	__u64 rem;

	if (s->due_ns > now_ns &&
	    s->left_ns < wattle_mul_div(s->due_ns - now_ns, s->budget_ns, s->period_ns, &rem))
		return;
	s->due_ns = wattle_sat_add(now_ns, s->period_ns);
	s->left_ns = s->budget_ns;
}

void wattle_server_charge(struct wattle_server *s, __u64 ran_ns)
{
	__u64 over, periods;

	if (ran_ns < s->left_ns) {
		s->left_ns -= ran_ns;
		return;
	}
	over = ran_ns - s->left_ns;
	periods = over / s->budget_ns + 1;
	s->left_ns = s->budget_ns - over % s->budget_ns;
	s->due_ns = wattle_sat_add(s->due_ns, wattle_sat_mul(periods, s->period_ns));
}

void wattle_classes_charge(struct wattle_classes *c, __u32 class, __u64 ran_ns, int waiting,
			   __u64 slice_ns)
{
	__u64 parts;

	if (class == WATTLE_CLASS_LAST) {
		c->owed_ns = wattle_sat_sub(c->owed_ns, ran_ns);
		return;
	}
	if (!waiting) {
		c->owed_ns = 0;
		c->part_ns = 0;
		return;
	}
	parts = wattle_sat_add(c->part_ns, ran_ns);
	c->owed_ns = wattle_sat_add(c->owed_ns, parts / WATTLE_OWED_PART);
	c->part_ns = parts % WATTLE_OWED_PART;
	if (c->owed_ns > slice_ns)
		c->owed_ns = slice_ns;
}

__u32 wattle_classes_pick(const struct wattle_classes *c, __u32 ready, __u64 need_ns)
{
	__u32 k;

	if ((ready & (1U << WATTLE_CLASS_LAST)) && c->owed_ns && c->owed_ns >= need_ns)
		return WATTLE_CLASS_LAST;
	for (k = 0; k < WATTLE_CLASSES; k++)
		if (ready & (1U << k))
			return k;
	return WATTLE_CLASSES;
}

void wattle_share_wake(struct wattle_share *s, __u64 floor)
{
	if (s->vtime < floor)
		s->vtime = floor;
}

void wattle_share_charge(struct wattle_share *s, __u64 ran_ns)
{
	__u32 weight = s->weight ? s->weight : 1;
	__u64 add = wattle_sat_add(wattle_sat_mul(ran_ns / weight, 100),
				   ran_ns % weight * 100 / weight);

	s->vtime = wattle_sat_add(s->vtime, add);
}

int wattle_share_before(const struct wattle_share *user_a, const struct wattle_share *queue_a,
			const struct wattle_share *user_b, const struct wattle_share *queue_b)
{
	if (user_a != user_b && user_a->vtime != user_b->vtime)
		return user_a->vtime < user_b->vtime;
	return queue_a->vtime < queue_b->vtime;
}
