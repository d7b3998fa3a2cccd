/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Energy accounts: what the packages used since load, and whose it was.
 */
#ifndef WATTLE_ENERGY_H
#define WATTLE_ENERGY_H

#include <linux/compiler.h>
#include <linux/types.h>
#include <linux/wattle.h>

/**
 * struct wattle_energy_report - the energy accounts at one moment
 * @quality:	enum wattle_quality of @total_uj; NONE: no source, or none that can be read
 * @simulated:	the source is a virtual platform
 * @source:	name of the source, "" if none
 * @total_uj:	package energy since load, all packages
 * @charged_uj:	of it, charged to queues
 * @rest_uj:	of it, not a queue's
 * @stamp_ns:	when @total_uj was read
 * @read_errors: readings that failed
 * @unsure_epochs: epochs so long that a counter may have wrapped unseen
 */
struct wattle_energy_report {
	u32	quality;
	bool	simulated;
	char	source[WATTLE_NAME_MAX];
	u64	total_uj;
	u64	charged_uj;
	u64	rest_uj;
	u64	stamp_ns;
	u64	read_errors;
	u64	unsure_epochs;
};

extern u64 wattle_energy_due_ns;

int wattle_energy_init(void);
void wattle_energy_exit(void);
int wattle_energy_close(void);
int wattle_energy_report(struct wattle_energy_report *r);
int wattle_energy_peek(struct wattle_energy_report *r);
int wattle_energy_query(struct wattle_query *q, bool allowed);
const char *wattle_energy_quality_name(u32 quality);
void __wattle_energy_poke(void);

/**
 * wattle_energy_poke() - close the epoch if it is time, from a thread that runs anyway
 * @now_ns: the time
 */
static inline void wattle_energy_poke(u64 now_ns)
{
	if (unlikely(now_ns >= READ_ONCE(wattle_energy_due_ns)))
		__wattle_energy_poke();
}

#endif
