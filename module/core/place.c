// SPDX-License-Identifier: GPL-2.0-only OR LGPL-2.1-or-later OR BSD-2-Clause
/* Partitioned placement. See place.h. */
#include "core/place.h"

/* An active CPU that stays cheap, then one to be woken, then one made to hurry. */
static int rank(const struct wattle_place_offer *o)
{
	if (!o->feasible)
		return 3;
	if (o->active && o->khz <= o->cheap_khz)
		return 0;
	return o->active ? 2 : 1;
}

int wattle_place_better(const struct wattle_place_offer *a, const struct wattle_place_offer *b,
			int dated)
{
	int ra = rank(a), rb = rank(b);

	if (!dated)
		return a->wait_ns < b->wait_ns;
	if (ra != rb)
		return ra < rb;
	/* The one that must hurry least keeps most room for what comes. */
	return a->khz < b->khz;
}
