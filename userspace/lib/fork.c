// SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause
/*
 * A forked child has the memory of a client but none of its threads, and a
 * mutex of it may be held for ever by a thread that does not exist. Counting
 * forks lets every call tell a client of this process from a leftover, at the
 * price of a load instead of a getpid(2).
 */
#include "internal.h"

static atomic_uint epoch;

static void forked(void)
{
	atomic_fetch_add_explicit(&epoch, 1, memory_order_relaxed);
}

__attribute__((constructor)) static void fork_watch(void)
{
	pthread_atfork(NULL, NULL, forked);
}

unsigned int wattle_fork_epoch(void)
{
	return atomic_load_explicit(&epoch, memory_order_relaxed);
}
