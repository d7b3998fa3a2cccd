/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * CPU time of a thread, also of one that is not the caller.
 */
#ifndef WATTLE_CPUTIME_H
#define WATTLE_CPUTIME_H

#include <linux/types.h>

struct task_struct;

/**
 * struct wattle_cputime - what is known of a thread's CPU time
 * @last_ns:	the latest answer
 * @base_ns:	the answer when the thread last asked itself, at @base_at_ns
 * @base_at_ns:	see @base_ns
 * @switches:	its context switches until then
 */
struct wattle_cputime {
	u64		last_ns;
	u64		base_ns;
	u64		base_at_ns;
	unsigned long	switches;
};

void wattle_cputime_init(struct wattle_cputime *t);
u64 wattle_cputime_read(struct wattle_cputime *t, const struct task_struct *task, u64 now_ns);

#endif
