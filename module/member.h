/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Members: which threads belong to which attached program.
 */
#ifndef WATTLE_MEMBER_H
#define WATTLE_MEMBER_H

#include <linux/types.h>

struct task_struct;
struct wattle_attachment;

int wattle_member_init(void);
void wattle_member_exit(void);
int wattle_member_hold(void);
void wattle_member_put(void);
struct wattle_attachment *wattle_member_of(struct task_struct *task);
int wattle_member_add_group(struct wattle_attachment *a, struct task_struct *task);
int wattle_member_add_cgroup(struct wattle_attachment *a);
void wattle_member_remove_all(struct wattle_attachment *a);
void wattle_member_count(struct wattle_attachment *a, u32 *members, u32 *lost);

#endif
