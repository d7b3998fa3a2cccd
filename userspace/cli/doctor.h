/* SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause */
/* wattle doctor: what its checks share. */
#ifndef WATTLE_CLI_DOCTOR_H
#define WATTLE_CLI_DOCTOR_H

#include <wattle/wattle.h>

#include "cli/cli.h"

enum doctor_state { OK, NOTE, BROKEN };

/**
 * struct doctor - a visit
 * @root:	tree that /sys, /proc and /dev are looked up in, "" for the real one
 * @client:	of the device, NULL when it cannot be had
 */
struct doctor {
	struct out		*o;
	const char		*root;
	struct wattle_client	*client;
	struct wattle_query	query;
	unsigned int		notes;
	unsigned int		broken;
};

/* One line of the report. @cure: what to do, NULL when there is nothing to cure. */
void doctor_finding(struct doctor *d, const char *check, enum doctor_state s, const char *cure,
		    const char *fmt, ...) __attribute__((format(printf, 5, 6)));

/*
 * Others that set frequencies too: daemons that are known for it, Slurm's --cpu-freq,
 * limits that somebody has left. Each a check of its own.
 */
void doctor_check_conflicts(struct doctor *d);

#endif
