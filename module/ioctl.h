/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The ioctl entry of /dev/wattle.
 */
#ifndef WATTLE_IOCTL_H
#define WATTLE_IOCTL_H

#include <linux/fs.h>

long wattle_ioctl(struct file *file, unsigned int cmd, unsigned long arg);

#endif
