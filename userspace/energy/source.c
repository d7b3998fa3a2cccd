// SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause
/* The best source of joules there is: the module's, else powercap, else none. */
#include <stdio.h>
#include <string.h>

#include "energy/energy.h"
#include "lib/internal.h"

static bool from_device(struct wattle_client *c, struct wattle_energy *e, bool *denied)
{
	struct wattle_query q;

	*denied = false;
	if (!c || wattle_client__backend(c) != WATTLE_BACKEND_DEVICE ||
	    wattle_client__query(c, &q))
		return false;
	*denied = q.energy_flags & WATTLE_ENERGY_DENIED;
	if (q.energy_quality == WATTLE_QUALITY_NONE)
		return false;
	memset(e, 0, sizeof(*e));
	e->uj = q.energy_uj;
	e->stamp_ns = q.energy_stamp_ns;
	e->quality = q.energy_quality;
	e->simulated = q.energy_flags & WATTLE_ENERGY_SIMULATED;
	snprintf(e->source, sizeof(e->source), "wattle:%.*s", (int)sizeof(q.energy_source),
		 q.energy_source);
	return true;
}

int wattle_energy__read(struct wattle_client *c, struct wattle_energy *e)
{
	bool denied;

	if (from_device(c, e, &denied))
		return 0;
	wattle_powercap_read(e);
	if (e->quality == WATTLE_QUALITY_NONE && denied)
		snprintf(e->why, sizeof(e->why), "the module has a source of joules that this user "
			 "may not read: join the group wattle-energy, or get CAP_PERFMON");
	return 0;
}
