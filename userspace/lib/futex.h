/* SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause */
/* Private futexes: sleep while a word has a value, wake its sleepers. */
#ifndef WATTLE_LIB_FUTEX_H
#define WATTLE_LIB_FUTEX_H

#include <errno.h>
#include <linux/futex.h>
#include <stdatomic.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

/* Far, but not "no time-out": see wattle_futex_wait(). 2^62 ns are 146 years. */
#define WATTLE_FUTEX_FAR	(1ULL << 62)

/**
 * wattle_futex_wait() - sleep while *@word == @val, until @until_ns (CLOCK_MONOTONIC)
 *
 * Always with a time-out: a futex wait without one is restarted after a signal
 * handler with SA_RESTART, one with a time-out returns -EINTR whatever the
 * handler's flags, which is what NEXT promises.
 *
 * Return: 0 woken (or for no reason), -EAGAIN the word had another value,
 * -EINTR, -ETIMEDOUT.
 */
static inline int wattle_futex_wait(atomic_uint *word, uint32_t val, uint64_t until_ns)
{
	struct timespec ts;

	if (until_ns > WATTLE_FUTEX_FAR)
		until_ns = WATTLE_FUTEX_FAR;
	ts.tv_sec = (time_t)(until_ns / 1000000000ULL);
	ts.tv_nsec = (long)(until_ns % 1000000000ULL);
	if (syscall(SYS_futex, word, FUTEX_WAIT_BITSET_PRIVATE, val, &ts, NULL,
		    FUTEX_BITSET_MATCH_ANY) == -1)
		return -errno;
	return 0;
}

/* The word may be gone by the time the kernel looks: at worst somebody wakes for no reason. */
static inline void wattle_futex_wake(atomic_uint *word, int count)
{
	syscall(SYS_futex, word, FUTEX_WAKE_PRIVATE, count, NULL, NULL, 0);
}

#endif
