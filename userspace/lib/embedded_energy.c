// SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause
/*
 * Joules of the embedded backend's queues: the packages' energy of an epoch,
 * split by CPU time. The core does the arithmetic; here are the readings.
 */
#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

#include "energy/energy.h"
#include "lib/embedded.h"

/* Busy time of all CPUs since boot; 0 = not known. */
static uint64_t busy_ns(void)
{
	uint64_t user, nice, sys, idle, iowait, irq, softirq, steal = 0;
	long hz = sysconf(_SC_CLK_TCK);
	uint64_t ticks = 0;
	FILE *f;

	f = fopen("/proc/stat", "re");
	if (!f)
		return 0;
	if (fscanf(f, "cpu %" SCNu64 " %" SCNu64 " %" SCNu64 " %" SCNu64 " %" SCNu64 " %" SCNu64
		   " %" SCNu64 " %" SCNu64, &user, &nice, &sys, &idle, &iowait, &irq, &softirq,
		   &steal) >= 7)
		ticks = user + nice + sys + irq + softirq + steal;
	fclose(f);
	return hz > 0 ? ticks * (1000000000ULL / (uint64_t)hz) : 0;
}

bool emb_energy_epoch(struct emb *e)
{
	struct wattle_energy en;
	uint64_t busy, spent;

	wattle_powercap_read(&en);
	if (en.quality == WATTLE_QUALITY_NONE)
		return false;
	busy = busy_ns();

	emb_lock(e);
	/* Of two threads that close an epoch at once the earlier reading comes too late. */
	if (en.stamp_ns > e->energy_at) {
		spent = 0;
		if (e->energy_busy_ns && busy > e->energy_busy_ns)
			spent = busy - e->energy_busy_ns;
		if (e->energy_at)
			wattle_sched_energy_epoch(&e->sched, en.uj - e->energy_uj, spent,
						  WATTLE_QUALITY_CPUTIME, wattle_now_ns());
		e->energy_at = en.stamp_ns;
		e->energy_uj = en.uj;
		e->energy_busy_ns = busy;
	}
	emb_unlock(e);
	return true;
}
