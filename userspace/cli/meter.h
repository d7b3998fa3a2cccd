/* SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause */
/*
 * What a run cost: joules from the best source there is, the virtual platform's
 * own figure where there is one, CPU time and wall time.
 */
#ifndef WATTLE_CLI_METER_H
#define WATTLE_CLI_METER_H

#include <stdbool.h>
#include <stdint.h>

#include <wattle/wattle.h>

#include "cli/out.h"

/**
 * struct meter - readings at the start and at the end of a run
 * @before: @after: package energy
 * @referee: the platform's referee could be read both times
 * @referee_nj: its difference, all packages
 * @queue:	the job's accounts at the end
 * @cpu_seconds: of this process
 * @seconds:	of wall time
 */
struct meter {
	struct wattle_energy		before;
	struct wattle_energy		after;
	struct wattle_queue_stats	queue;
	bool				referee;
	uint64_t			referee_start_nj;
	uint64_t			referee_nj;
	double				cpu_start;
	double				cpu_seconds;
	uint64_t			start_ns;
	double				seconds;
};

/* "measured" etc. */
const char *meter_quality(uint32_t q);

void meter_start(struct meter *m, struct wattle_client *c);
/* Reads the accounts of @queue too. 0 or negative errno of that. */
int meter_stop(struct meter *m, struct wattle_client *c, uint32_t queue);

/* Lines of the report: batches, deadlines, waits and run times. */
void meter_report_batches(struct out *o, const struct meter *m);
/* Joules of package, queue and referee, each as what it is; CPU-seconds. */
void meter_report_energy(struct out *o, const struct meter *m, bool device);

/**
 * meter_percentile() - where a share of a log2 histogram lies
 * @hist: WATTLE_HIST_SLOTS counts
 * @share: 0 to 1
 * @below_us: upper end of the slot it falls into; UINT64_MAX for the last slot
 *
 * Return: false when the histogram is empty.
 */
bool meter_percentile(const __u64 *hist, double share, uint64_t *below_us);

#endif
