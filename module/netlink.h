/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The generic netlink family; see Documentation/netlink/specs/wattle.yaml.
 */
#ifndef WATTLE_NETLINK_H
#define WATTLE_NETLINK_H

#include <linux/types.h>

struct wattle_note;

int wattle_netlink_init(void);
void wattle_netlink_exit(void);
bool wattle_netlink_listening(u32 group);
void wattle_netlink_tell(const struct wattle_note *note);

#endif
