/* SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause */
/* What AddressSanitizer cannot see by itself. Nothing in a normal build. */
#ifndef WATTLE_LIB_ASAN_H
#define WATTLE_LIB_ASAN_H

#ifdef __SANITIZE_ADDRESS__
#include <sanitizer/asan_interface.h>
#endif

/* More than the frames between a thread's function and its sleep in NEXT. */
#define WATTLE_ASAN_DEPTH	16384

/**
 * wattle_asan_left() - the frames below @frame have been left without a return
 * @frame: __builtin_frame_address(0) of the function that was unwound to
 *
 * A cancelled thread does that; the red zones of those frames would stay.
 */
static inline void wattle_asan_left(void *frame)
{
#ifdef __SANITIZE_ADDRESS__
	__asan_unpoison_memory_region((char *)frame - WATTLE_ASAN_DEPTH, WATTLE_ASAN_DEPTH);
#else
	(void)frame;
#endif
}

#endif
