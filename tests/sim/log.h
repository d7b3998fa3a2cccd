/* SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause */
/* The decision log of module/core in a file: written by a run, replayed without the machine. */
#ifndef WATTLE_SIM_LOG_H
#define WATTLE_SIM_LOG_H

#include <stdio.h>
#include <linux/types.h>

struct wattle_policy;

int sim_log_begin(FILE *out, struct wattle_policy *policy, __u64 nr_items, __u64 now_ns);
int sim_log_replay(const char *path, __u64 *count, FILE *err);

#endif
