/* SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause */
/*
 * The outside checker: every frequency limit, governor, preference, latency
 * request and affinity of the system, as the kernel's own files show them, to be
 * compared before and after.
 */
#ifndef TESTS_KSELFTEST_CHECKER_H
#define TESTS_KSELFTEST_CHECKER_H

#include <stdint.h>

#define CHECKER_SIZE	(256 * 1024)

struct checker {
	unsigned int	entries;	/* files and masks looked at */
	unsigned int	len;
	char		text[CHECKER_SIZE];	/* a line for each */
};

/**
 * checker_look() - fill @c
 *
 * Leaves out tasks that come and go: affinities are those of process 1, of kthreadd
 * and of the calling process's threads.
 */
void checker_look(struct checker *c);

/**
 * checker_same() - is the system as it was at @before?
 * @limit_ns: wait for it so long
 *
 * Says on stdout what differs if it is not.
 */
int checker_same(const struct checker *before, uint64_t limit_ns);

#endif
