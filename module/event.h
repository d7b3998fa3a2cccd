/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Events: what happened to a client's batches, for read() and poll().
 */
#ifndef WATTLE_EVENT_H
#define WATTLE_EVENT_H

#include <linux/fs.h>
#include <linux/poll.h>
#include <linux/types.h>

#include "chardev.h"

int wattle_event_prepare(struct wattle_client *c);
bool wattle_event_push(struct wattle_client *c, const struct wattle_event *ev);
void wattle_event_wake(struct wattle_client *c);
u64 wattle_event_lost(struct wattle_client *c);
void wattle_event_free(struct wattle_client *c);
ssize_t wattle_event_read(struct file *file, char __user *buf, size_t count, loff_t *pos);
__poll_t wattle_event_poll(struct file *file, poll_table *wait);

#endif
