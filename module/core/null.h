/* SPDX-License-Identifier: GPL-2.0-only OR LGPL-2.1-or-later OR BSD-2-Clause */
/* NULL, without a C library and without the kernel. */
#ifndef WATTLE_CORE_NULL_H
#define WATTLE_CORE_NULL_H

#ifndef NULL
#define NULL ((void *)0)
#endif

#endif
