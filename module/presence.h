/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Presence: on which CPUs members of attached programs run.
 */
#ifndef WATTLE_PRESENCE_H
#define WATTLE_PRESENCE_H

#include <linux/types.h>

struct task_struct;
struct wattle_attachment;

int wattle_presence_init(void);
void wattle_presence_exit(void);
int wattle_presence_start(void);
void wattle_presence_stop(void);
void wattle_presence_kick(void);
void wattle_presence_came(void);
void wattle_presence_gone(struct wattle_attachment *a);
void wattle_presence_forget(u32 slot);
u64 wattle_presence_ran_ns(const struct wattle_attachment *a);

#endif
