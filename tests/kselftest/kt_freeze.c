// SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause
/*
 * Threads that are frozen, stopped or suspended while they wait in NEXT: none of it
 * ends the wait, and the grant comes afterwards. And what suspend does to meters.
 */
#include "harness.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>

#define GROUP		"/sys/fs/cgroup/wattle-test"
#define PLATFORM	"wattle_platform"

struct answer {
	int			err;
	struct wattle_next	n;
};

/* A child that waits in NEXT, in @group if not NULL, and tells what came of it. */
static pid_t start(int fd, const char *group, int *answer)
{
	struct answer a = { 0 };
	int p[2];
	pid_t pid;

	if (pipe(p))
		return -1;
	pid = fork();
	if (!pid) {
		a.err = group ? kt_put(group, "0") : 0;
		if (!a.err)
			a.err = kt_next(fd, 0, kt_now() + 60 * SEC, &a.n);
		if (!a.err)
			a.err = kt_complete(fd, a.n.token);
		_exit(write(p[1], &a, sizeof(a)) != sizeof(a));
	}
	close(p[1]);
	*answer = p[0];
	return pid < 0 || kt_wait_asleep(pid) ? -1 : pid;
}

static struct answer finish(pid_t pid, int fd)
{
	struct answer a = { .err = -EPIPE };

	if (read(fd, &a, sizeof(a)) != sizeof(a))
		a.err = -EPIPE;
	close(fd);
	waitpid(pid, NULL, 0);
	return a;
}

/* Waits until the group says it is frozen, 10 s at most. */
static int wait_frozen(void)
{
	uint64_t end = kt_now() + 10 * SEC;
	char text[256];
	ssize_t n;
	int f;

	do {
		f = open(GROUP "/cgroup.events", O_RDONLY);
		if (f < 0)
			return -errno;
		n = read(f, text, sizeof(text) - 1);
		close(f);
		text[n > 0 ? n : 0] = '\0';
		if (strstr(text, "frozen 1"))
			return 0;
	} while (kt_now() < end);
	return -ETIMEDOUT;
}

static void test_cgroup(void)
{
	struct wattle_queue_stats st;
	int fd = kt_open(), q = kt_queue(fd, NULL), answer;
	struct answer a;
	pid_t pid;

	if (mkdir(GROUP, 0755) || access(GROUP "/cgroup.freeze", W_OK)) {
		rmdir(GROUP);
		kt_skip("no cgroup v2 with a freezer at /sys/fs/cgroup");
		close(fd);
		return;
	}
	pid = start(fd, GROUP "/cgroup.procs", &answer);
	EXPECT(pid > 0);
	EXPECT_EQ(kt_put(GROUP "/cgroup.freeze", "1"), 0);
	EXPECT_EQ(wait_frozen(), 0);
	/* Nobody who is frozen is given work. */
	EXPECT_EQ(kt_submit(fd, q, 7, 1), 1);
	EXPECT_EQ(kt_stats(fd, q, &st), 0);
	EXPECT_EQ(st.queued, 1);
	EXPECT_EQ(st.granted, 0);
	EXPECT_EQ(kt_put(GROUP "/cgroup.freeze", "0"), 0);
	a = finish(pid, answer);
	rmdir(GROUP);
	EXPECT_EQ(a.err, 0);
	EXPECT_EQ(a.n.user_data, 7);
	EXPECT_EQ(kt_stats(fd, q, &st), 0);
	EXPECT_EQ(st.completed, 1);
	close(fd);
}

static void test_stop(void)
{
	int fd = kt_open(), q = kt_queue(fd, NULL), answer, status;
	struct answer a;
	pid_t pid;

	pid = start(fd, NULL, &answer);
	EXPECT(pid > 0);
	EXPECT_EQ(kill(pid, SIGSTOP), 0);
	EXPECT_EQ(waitpid(pid, &status, WUNTRACED), pid);
	EXPECT(WIFSTOPPED(status));
	EXPECT_EQ(kt_submit(fd, q, 8, 1), 1);
	EXPECT_EQ(kill(pid, SIGCONT), 0);
	a = finish(pid, answer);
	EXPECT_EQ(a.err, 0);
	EXPECT_EQ(a.n.user_data, 8);
	close(fd);
}

/* Freezes all of user space for a second, and thaws it; no device is touched. */
static int suspend(void)
{
	kt_put("/sys/module/suspend/parameters/pm_test_delay", "1");
	return kt_put("/sys/power/pm_test", "freezer") ?: kt_put("/sys/power/state", "freeze") ?:
	       kt_put("/sys/power/pm_test", "none");
}

static int can_suspend(void)
{
	if (!access("/sys/power/pm_test", W_OK) && !access("/sys/power/state", W_OK))
		return 1;
	kt_skip("this kernel cannot test suspend (CONFIG_PM_DEBUG)");
	return 0;
}

static void test_suspend(void)
{
	int fd = kt_open(), q = kt_queue(fd, NULL), answer;
	struct answer a;
	pid_t pid;

	if (!can_suspend()) {
		close(fd);
		return;
	}
	pid = start(fd, NULL, &answer);
	EXPECT(pid > 0);
	EXPECT_EQ(suspend(), 0);
	EXPECT_EQ(kt_submit(fd, q, 9, 1), 1);
	a = finish(pid, answer);
	EXPECT_EQ(a.err, 0);
	EXPECT_EQ(a.n.user_data, 9);
	close(fd);
}

static int query(int fd, struct wattle_query *q)
{
	*q = (struct wattle_query){ .size = sizeof(*q) };
	return ioctl(fd, WATTLE_IOC_QUERY, q) ? -errno : 0;
}

/*
 * The counter is far from its range's end when it starts at 0 again. Taken for a wrap
 * that would be 49,152 J; the whole platform does not use 1 kW.
 */
static void test_counter_restarts(void)
{
	struct wattle_query before, after;
	int fd = kt_open(), err;
	uint64_t t0;

	if (!can_suspend()) {
		close(fd);
		return;
	}
	EXPECT_EQ(kt_insmod(PLATFORM, "counter_start=0x40000000"), 0);
	t0 = kt_now();
	EXPECT_EQ(query(fd, &before), 0);
	EXPECT_EQ(before.energy_quality, WATTLE_QUALITY_MEASURED);
	err = suspend();
	/* The reading is not older than a counter's step once this has passed. */
	do {
		EXPECT_EQ(query(fd, &after), 0);
	} while (after.energy_uj == before.energy_uj && kt_now() < t0 + 30 * SEC);
	EXPECT_EQ(kt_rmmod(PLATFORM), 0);
	EXPECT_EQ(err, 0);
	EXPECT_EQ(after.energy_quality, WATTLE_QUALITY_MEASURED);
	EXPECT(after.energy_uj > before.energy_uj);
	printf("# %llu uJ in %llu ms with a suspend between\n",
	       after.energy_uj - before.energy_uj,
	       (unsigned long long)((kt_now() - t0) / MS));
	/* 1 kW is 1 uJ a ns. */
	EXPECT(after.energy_uj - before.energy_uj < (kt_now() - t0));
	close(fd);
}

int main(void)
{
	static const struct kt_case cases[] = {
		{ "frozen by its cgroup: no work, no EINTR, the grant comes later", test_cgroup },
		{ "stopped and continued: no EINTR", test_stop },
		{ "suspended: parked before, parked after", test_suspend },
		{ "a counter that restarts in a suspend is no wrap", test_counter_restarts },
	};

	if (geteuid())
		kt_skip_all("needs root: it freezes and suspends");
	if (kt_loaded(PLATFORM))
		kt_skip_all("the platform is loaded already");
	return kt_run(cases, ARRAY_SIZE(cases));
}
