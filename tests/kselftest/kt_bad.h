/* SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause */
/*
 * What the two programs of wrong calls share: a file with a queue that has one
 * batch granted and one waiting, which is how it must be found at the end.
 */
#ifndef TESTS_KSELFTEST_KT_BAD_H
#define TESTS_KSELFTEST_KT_BAD_H

#include "harness.h"

#include <fcntl.h>
#include <stddef.h>
#include <sys/mman.h>

static int fd, queue;
static struct wattle_next held;	/* a grant this thread holds */

/* Page @base is there, the page after it is not. */
static inline char *edge(void)
{
	static char *base;
	size_t page = sysconf(_SC_PAGESIZE);

	if (!base) {
		base = mmap(NULL, 2 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
			    -1, 0);
		munmap(base + page, page);
	}
	return base + page;
}

static inline long call(unsigned long cmd, void *arg)
{
	return ioctl(fd, cmd, arg);
}

/* The last case: one batch is granted, one waits, nothing else ever happened. */
static inline void test_nothing_left_behind(void)
{
	struct wattle_queue_stats st;

	EXPECT_EQ(kt_stats(fd, queue, &st), 0);
	EXPECT_EQ(st.submitted, 2);
	EXPECT_EQ(st.granted, 1);
	EXPECT_EQ(st.queued, 1);
	EXPECT_EQ(st.completed, 0);
	EXPECT_EQ(st.cancelled, 0);
	EXPECT_EQ(st.requeued, 0);
	EXPECT(kt_identity(&st));
	EXPECT_EQ(kt_complete(fd, held.token), 0);
}

/* The state the cases start from; runs them. */
static inline int kt_bad_run(const struct kt_case *cases, size_t n)
{
	if (!kt_loaded("wattle") && kt_reload(""))
		kt_skip_all("there is no /dev/wattle and no module to load");
	fd = kt_open();
	if (fd < 0)
		return 1;
	queue = kt_queue(fd, NULL);
	if (queue < 0 || kt_submit(fd, queue, 1, 2) != 2 || kt_next(fd, 0, 0, &held))
		return 1;
	return kt_run(cases, n);
}

#define C(fn)	{ #fn, test_##fn }

#endif
