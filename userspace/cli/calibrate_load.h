/* SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause */
/* Steady load on chosen CPUs. */
#ifndef WATTLE_CLI_CALIBRATE_LOAD_H
#define WATTLE_CLI_CALIBRATE_LOAD_H

#include <sys/types.h>

#include "cli/calibrate_machine.h"

/**
 * struct cal_load - processes that keep CPUs busy
 * @pid:	one for each CPU
 */
struct cal_load {
	unsigned int	n;
	pid_t		pid[CAL_CPUS];
};

/*
 * One process on each of @n CPUs, multiplying and adding in registers. What runs there
 * is replaced by a fresh process every 20 ms: whatever differs from one process to the
 * next (its place in caches, the data it happens to have) averages out over a window.
 * Negative errno; then nothing runs.
 */
int cal_load_start(struct cal_load *l, const unsigned int *cpus, unsigned int n);

/* When it returns nothing of the load runs any more. */
void cal_load_stop(struct cal_load *l);

#endif
