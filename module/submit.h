/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Putting batches into queues, and withdrawing them.
 */
#ifndef WATTLE_SUBMIT_H
#define WATTLE_SUBMIT_H

#include <linux/types.h>

#include "chardev.h"

long wattle_submit(struct wattle_client *c, void __user *arg, u32 size);
u64 wattle_submit_withdraw(struct wattle_client *c, u32 queue);
void wattle_submit_withdraw_all(struct wattle_client *c);
long wattle_submit_cancel(struct wattle_client *c, void __user *arg, u32 size);

#endif
