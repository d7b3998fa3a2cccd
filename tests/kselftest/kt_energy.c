// SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause
/* A queue's energy: none before there is a meter, some of a quality after. */
#include "harness.h"

#define PLATFORM	"wattle_platform"

/* One batch that computes for @ns. */
static int run(int fd, int q, uint64_t ns)
{
	struct wattle_next n;
	uint64_t end;
	int err;

	if (kt_submit(fd, q, 1, 1) != 1)
		return -1;
	err = kt_next(fd, 0, 0, &n);
	if (err)
		return err;
	end = n.granted_ns + ns;
	while (kt_now() < end)
		;
	return kt_complete(fd, n.token);
}

static int query(int fd, struct wattle_query *q)
{
	*q = (struct wattle_query){ .size = sizeof(*q) };
	return ioctl(fd, WATTLE_IOC_QUERY, q) ? -errno : 0;
}

static void test_source_comes_late(void)
{
	struct wattle_queue_stats st;
	struct wattle_query now;
	int fd = kt_open(), q = kt_queue(fd, NULL);
	uint64_t end;

	EXPECT_EQ(run(fd, q, 20 * MS), 0);
	EXPECT_EQ(query(fd, &now), 0);
	EXPECT_EQ(now.energy_quality, WATTLE_QUALITY_NONE);
	EXPECT_EQ(now.energy_source[0], 0);
	EXPECT_EQ(kt_insmod(PLATFORM, ""), 0);
	EXPECT_EQ(query(fd, &now), 0);
	EXPECT_EQ(now.energy_quality, WATTLE_QUALITY_MEASURED);
	/* What ran before is unknown, which is not 0 uJ of some quality. */
	EXPECT_EQ(kt_stats(fd, q, &st), 0);
	EXPECT(st.run_ns >= 20 * MS);
	EXPECT_EQ(st.energy_quality, WATTLE_QUALITY_NONE);
	EXPECT_EQ(st.energy_uj, 0);

	/* Until a reading is far enough from the one before to tell: 10 s at most. */
	end = kt_now() + 10 * SEC;
	do {
		EXPECT_EQ(run(fd, q, 20 * MS), 0);
		EXPECT_EQ(kt_stats(fd, q, &st), 0);
	} while (!st.energy_uj && kt_now() < end);
	EXPECT_EQ(st.energy_quality, WATTLE_QUALITY_CPUTIME);
	EXPECT(st.energy_uj > 0);
	close(fd);
	EXPECT_EQ(kt_rmmod(PLATFORM), 0);
}

int main(void)
{
	static const struct kt_case cases[] = {
		{ "the source comes after the work", test_source_comes_late },
	};

	if (geteuid())
		kt_skip_all("needs root: it loads modules");
	if (kt_loaded(PLATFORM))
		kt_skip_all("the platform is loaded already");
	return kt_run(cases, ARRAY_SIZE(cases));
}
