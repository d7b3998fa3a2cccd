// SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause
/*
 * ATTACH: programs that know nothing of wattle are slowed while they run, and
 * only then: kt_attach POLICY. Every case ends with the outside checker. The
 * members spin on the last CPU, the test looks on from the first.
 */
#include "attach.h"

#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>

#include "../platform/selftest/lib.h"

static const struct driver opp = { "opp", 3200000, 3200000, 1600000, 2400000, false };

const struct driver *drv = &opp;
struct scene *scene;

/* The limit comes with a member that runs, goes when it sleeps, comes again. */
static void test_runs_and_sleeps(void)
{
	int fd = fresh_open(), q = steer_queue(fd, 1000), i;
	pid_t pid = spinner();
	struct wattle_attach a;

	EXPECT_EQ(enforce(), 0);
	EXPECT_EQ(attach(fd, q, WATTLE_ATTACH_PROCESS, pid, WATTLE_ATTACH_CONSENT, &a), 0);
	EXPECT_EQ(a.need_pm, 500);
	EXPECT_EQ(a.members, 1);
	for (i = 0; i < 3; i++) {
		scene_spin(true);
		EXPECT(wait_limit(cpus - 1, drv->cap));
		EXPECT(pt_wait_khz(cpus - 1, drv->cap, LIMIT));
		EXPECT_EQ(limit_of(0), drv->full);
		scene_spin(false);
		EXPECT(wait_limit(cpus - 1, drv->full));
	}
	EXPECT_EQ(report(fd, q, 0, 0, 0, &a), 0);
	EXPECT(a.member_ns > 0);
	EXPECT(a.capped_ns > 0 && a.capped_ns <= a.member_ns);
	/* At half the clock, all of it work: half of it lost. */
	EXPECT(a.slowed_ns >= a.capped_ns * 45 / 100 && a.slowed_ns <= a.capped_ns * 55 / 100);
	end_process(pid);
	close(fd);
	EXPECT_EQ(relax(), 0);
	EXPECT(checker_same(&before, LIMIT));
}

/* Without consent nothing happens until a slice tells how much it will cost. */
static void test_learns(void)
{
	int fd = fresh_open(), q = steer_queue(fd, 100);
	pid_t pid = spinner();
	struct wattle_attach a;
	uint64_t ns;

	EXPECT_EQ(enforce(), 0);
	EXPECT_EQ(attach(fd, q, WATTLE_ATTACH_PROCESS, pid, 0, &a), 0);
	EXPECT_EQ(a.need_pm, 1000);
	scene_spin(true);
	/* It has been seen to run: that is when it would have been slowed. */
	ns = ran(fd, q);
	while (ran(fd, q) < ns + 100 * MS)
		sched_yield();
	EXPECT(reads("none", cpus - 1, "requested_khz"));
	/* All waits for memory; half of that is believed: of 10 % 20 % may go. */
	EXPECT_EQ(report(fd, q, 3200000000, 3200000000, SEC, &a), 0);
	EXPECT_EQ(a.slices, 1);
	EXPECT_EQ(a.need_pm, 834);
	EXPECT(wait_text("2800000", cpus - 1, "requested_khz"));
	/* It changes its ways, and what was goes out of mind. */
	while (a.need_pm < 905 && a.slices < 50)
		EXPECT_EQ(report(fd, q, 3200000000, 0, SEC, &a), 0);
	EXPECT(a.need_pm >= 905 && a.need_pm <= 910);
	EXPECT(wait_text("none", cpus - 1, "requested_khz"));
	end_process(pid);
	close(fd);
	EXPECT_EQ(relax(), 0);
	EXPECT(checker_same(&before, LIMIT));
}

/* The allowed slowdown is the queue's, as it is now. */
static void test_update(void)
{
	int fd = fresh_open(), q = steer_queue(fd, 1000);
	struct wattle_queue_update u = {
		.size = sizeof(u), .queue = q, .mask = WATTLE_UPDATE_MAX_SLOWDOWN,
	};
	pid_t pid = spinner();
	struct wattle_attach a;

	EXPECT_EQ(enforce(), 0);
	EXPECT_EQ(attach(fd, q, WATTLE_ATTACH_PROCESS, pid, WATTLE_ATTACH_CONSENT, &a), 0);
	scene_spin(true);
	EXPECT(wait_limit(cpus - 1, drv->cap));
	EXPECT_EQ(ioctl(fd, WATTLE_IOC_QUEUE_UPDATE, &u), 0);
	EXPECT(wait_limit(cpus - 1, drv->full));
	u.params.max_slowdown_pm = 1000;
	EXPECT_EQ(ioctl(fd, WATTLE_IOC_QUEUE_UPDATE, &u), 0);
	EXPECT(wait_limit(cpus - 1, drv->cap));
	end_process(pid);
	EXPECT(wait_limit(cpus - 1, drv->full));
	close(fd);
	EXPECT_EQ(relax(), 0);
	EXPECT(checker_same(&before, LIMIT));
}

/* STOP, the queue, the file, the death of the owner: each ends it, the program runs on. */
static void test_ends(void)
{
	struct wattle_queue_destroy d = { .size = sizeof(d) };
	pid_t pid = spinner(), owner;
	struct wattle_attach a;
	int fd, q, how;

	EXPECT_EQ(enforce(), 0);
	scene_spin(true);
	for (how = 0; how < 3; how++) {
		fd = kt_open();
		q = steer_queue(fd, 1000);
		EXPECT_EQ(attach(fd, q, WATTLE_ATTACH_PROCESS, pid, WATTLE_ATTACH_CONSENT, &a), 0);
		EXPECT(wait_limit(cpus - 1, drv->cap));
		d.queue = q;
		if (how == 0)
			EXPECT_EQ(attach(fd, q, WATTLE_ATTACH_STOP, 0, 0, &a), 0);
		else if (how == 1)
			EXPECT_EQ(ioctl(fd, WATTLE_IOC_QUEUE_DESTROY, &d), 0);
		else
			close(fd);
		EXPECT(wait_limit(cpus - 1, drv->full));
		if (how == 0)
			EXPECT_ERR(attach(fd, q, WATTLE_ATTACH_STOP, 0, 0, &a), ENXIO);
		if (how < 2)
			close(fd);
	}
	owner = fork();
	if (!owner) {
		fd = kt_open();
		q = steer_queue(fd, 1000);
		attach(fd, q, WATTLE_ATTACH_PROCESS, pid, WATTLE_ATTACH_CONSENT, &a);
		for (;;)
			pause();
	}
	EXPECT(wait_limit(cpus - 1, drv->cap));
	kill(owner, SIGKILL);
	waitpid(owner, NULL, 0);
	EXPECT(wait_limit(cpus - 1, drv->full));
	EXPECT_EQ(kill(pid, 0), 0);
	end_process(pid);
	EXPECT_EQ(relax(), 0);
	EXPECT(checker_same(&before, LIMIT));
}

/* Off and observe hold nothing; enforce finds who still runs, without a switch to tell. */
static void test_modes(void)
{
	static const char * const others[] = { "off", "observe" };
	int fd = fresh_open(), q = steer_queue(fd, 1000), i;
	pid_t pid = spinner();
	struct wattle_attach a;
	uint64_t start;

	EXPECT_EQ(attach(fd, q, WATTLE_ATTACH_PROCESS, pid, WATTLE_ATTACH_CONSENT, &a), 0);
	scene_spin(true);
	EXPECT_EQ(enforce(), 0);
	for (i = 0; i < 4; i++) {
		EXPECT(wait_limit(cpus - 1, drv->cap));
		start = kt_now();
		EXPECT_EQ(kt_mode(others[i % 2]), 0);
		if (kt_now() - start < SEC)
			EXPECT(reads("none", cpus - 1, "requested_khz"));
		EXPECT(wait_limit(cpus - 1, drv->full));
		EXPECT_EQ(kt_mode("enforce"), 0);
	}
	EXPECT(wait_limit(cpus - 1, drv->cap));
	EXPECT_EQ(managed("0"), 0);
	EXPECT(wait_limit(cpus - 1, drv->full));
	EXPECT_EQ(enforce(), 0);
	EXPECT(wait_limit(cpus - 1, drv->cap));
	end_process(pid);
	close(fd);
	EXPECT_EQ(relax(), 0);
	EXPECT(checker_same(&before, LIMIT));
}

/* Work with a deadline that waits counts on full speed. */
static void test_dated(void)
{
	const struct wattle_batch dated = { .work_kcycles = 1000,
					    .deadline_ns = kt_now() + 3600 * SEC };
	int fd = fresh_open(), q = steer_queue(fd, 1000), other;
	pid_t pid = spinner();
	struct wattle_attach a;

	/* Not before: the spinner would have it too. */
	other = kt_open();
	EXPECT_EQ(enforce(), 0);
	EXPECT_EQ(attach(fd, q, WATTLE_ATTACH_PROCESS, pid, WATTLE_ATTACH_CONSENT, &a), 0);
	scene_spin(true);
	EXPECT(wait_limit(cpus - 1, drv->cap));
	EXPECT(queue_of(other, 0, &dated, 1) > 0);
	EXPECT(wait_limit(cpus - 1, drv->full));
	close(other);
	EXPECT(wait_limit(cpus - 1, drv->cap));
	end_process(pid);
	close(fd);
	EXPECT_EQ(relax(), 0);
	EXPECT(checker_same(&before, LIMIT));
}

/* Somebody else on the CPU is not slowed along: neither gets less than the full clock. */
static void test_neighbour(void)
{
	int fd = fresh_open(), q = steer_queue(fd, 1000);
	pid_t pid = spinner(), other;
	struct wattle_attach a;

	EXPECT_EQ(enforce(), 0);
	EXPECT_EQ(attach(fd, q, WATTLE_ATTACH_PROCESS, pid, WATTLE_ATTACH_CONSENT, &a), 0);
	scene_spin(true);
	EXPECT(wait_limit(cpus - 1, drv->cap));
	other = spinner();
	scene_spin(true);
	EXPECT(wait_limit(cpus - 1, drv->full));
	EXPECT_EQ(report(fd, q, 0, 0, 0, &a), 0);
	EXPECT_EQ(a.need_pm, 500);
	end_process(other);
	EXPECT(wait_limit(cpus - 1, drv->cap));
	end_process(pid);
	close(fd);
	EXPECT_EQ(relax(), 0);
	EXPECT(checker_same(&before, LIMIT));
}

int main(int argc, char **argv)
{
	static const struct kt_case cases[] = {
		{ "a limit while a member runs, and not longer", test_runs_and_sleeps },
		{ "slices say what it may be slowed to", test_learns },
		{ "the queue's slowdown rules", test_update },
		{ "STOP, QUEUE_DESTROY, close, kill -9", test_ends },
		{ "modes and managed CPUs", test_modes },
		{ "a deadline lifts it", test_dated },
		{ "neighbours are not slowed along", test_neighbour },
		{ "children, threads, exec, exit", test_tree },
		{ "what was there before is not followed", test_before },
		{ "a process of many threads", test_threads },
		{ "a cgroup, and those below it", test_cgroup },
		{ "who may", test_permission },
		{ "nonsense", test_nonsense },
		{ "a queue that cannot be told", test_unborn },
		{ "limits", test_limits },
		{ "a fork storm, killed", test_storm },
		{ "unloaded right after", test_unload },
	};
	unsigned long most = 0;
	char params[64];

	if (argc == 2 && !strcmp(argv[1], "spin"))
		return attach_exec_spin();
	if (argc < 2) {
		fprintf(stderr, "usage: kt_attach POLICY [CASES]\n");
		return 2;
	}
	if (geteuid())
		kt_skip_all("needs root: it loads modules and changes the mode");
	cpus = sysconf(_SC_NPROCESSORS_ONLN);
	if (cpus < 4)
		kt_skip_all("needs four CPUs");
	snprintf(params, sizeof(params), "driver=opp policy=%s", argv[1]);
	if (kt_loaded("wattle_platform"))
		kt_rmmod("wattle_platform");
	if (kt_insmod("wattle_platform", params))
		kt_skip_all("the virtual platform does not load");
	if (kt_reload(LEASES))
		kt_skip_all("wattle does not load");
	scene = mmap(NULL, sizeof(*scene), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
		     -1, 0);
	if (scene == MAP_FAILED)
		kt_skip_all("no memory");
	/* What a case that failed left behind ends with it. */
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	kt_pin(0);
	checker_look(&before);
	if (argc > 2)
		most = strtoul(argv[2], NULL, 10);
	if (!most || most > ARRAY_SIZE(cases))
		most = ARRAY_SIZE(cases);
	return kt_run(cases, most);
}
