/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The mode: off, observe, advise, enforce.
 */
#ifndef WATTLE_MODE_H
#define WATTLE_MODE_H

#include <linux/types.h>

int wattle_mode_parse(const char *text, u32 *mode);
const char *wattle_mode_name(u32 mode);
int wattle_mode_set(u32 mode);
u32 wattle_mode_get(void);

#endif
