/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Grants: asking for work, waiting for it, ending it.
 */
#ifndef WATTLE_GRANT_H
#define WATTLE_GRANT_H

#include <linux/types.h>

#include "chardev.h"

long wattle_grant_next(struct wattle_client *c, void __user *arg, u32 size);
long wattle_grant_complete(struct wattle_client *c, void __user *arg, u32 size);

#endif
