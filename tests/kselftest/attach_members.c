// SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause
/* kt_attach: who is followed, who may, and what is refused. */
#include "attach.h"

#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "../platform/selftest/lib.h"

#define ALICE	12345
#define BOB	12346
#define STORM	2000

static void *idle_thread(void *arg)
{
	(void)arg;
	for (;;)
		pause();
	return NULL;
}

/*
 * A member that waits for its turn, then has a child with a thread, which becomes
 * another program. It is reaped from here, whether its parent lives or not.
 */
static pid_t parent_of_exec(int go)
{
	pthread_t t;
	pid_t pid;
	char c;

	fflush(stdout);
	pid = fork();
	if (pid)
		return pid;
	/* A copy of the other end would keep it waiting when the test fails. */
	close_range(3, (unsigned int)go - 1, 0);
	close_range((unsigned int)go + 1, ~0U, 0);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (read(go, &c, 1) != 1)
		_exit(1);
	if (!fork()) {
		__atomic_store_n(&scene->alive, getpid(), __ATOMIC_RELEASE);
		kt_pin((int)cpus - 1);
		if (pthread_create(&t, NULL, idle_thread, NULL) || read(go, &c, 1) != 1)
			_exit(1);
		execl("/proc/self/exe", "kt_attach", "spin", (char *)NULL);
		_exit(1);
	}
	if (read(go, &c, 1) != 1)
		_exit(1);
	_exit(0);
}

void test_tree(void)
{
	int fd = fresh_open(), q = steer_queue(fd, 1000), go[2];
	struct wattle_attach a;
	pid_t pid, child;

	EXPECT_EQ(enforce(), 0);
	EXPECT_EQ(pipe(go), 0);
	pid = parent_of_exec(go[0]);
	EXPECT_EQ(attach(fd, q, WATTLE_ATTACH_PROCESS, pid, WATTLE_ATTACH_CONSENT, &a), 0);
	EXPECT_EQ(a.members, 1);
	EXPECT_EQ(write(go[1], "1", 1), 1);
	/* The parent, the child, the child's thread. */
	EXPECT(wait_members(fd, q, 3));
	/* exec ends the thread; the parent goes: whichever of the two reads first. */
	EXPECT_EQ(write(go[1], "23", 2), 2);
	EXPECT_EQ(waitpid(pid, NULL, 0), pid);
	EXPECT(wait_members(fd, q, 1));
	EXPECT(wait_limit(cpus - 1, drv->cap));
	EXPECT_EQ(report(fd, q, 0, 0, 0, &a), 0);
	EXPECT_EQ(a.lost, 0);
	/* Orphaned, it is ours; its exit ends the limit. */
	child = __atomic_load_n(&scene->alive, __ATOMIC_ACQUIRE);
	EXPECT(child > 0);
	end_process(child);
	EXPECT(wait_limit(cpus - 1, drv->full));
	EXPECT(wait_members(fd, q, 0));
	close(go[0]);
	close(go[1]);
	close(fd);
	EXPECT_EQ(relax(), 0);
	EXPECT(checker_same(&before, LIMIT));
}

/* For as long as a look takes, and longer: no limit. */
static bool stays_free(void)
{
	uint64_t end = kt_now() + 300 * MS;

	while (kt_now() < end) {
		if (limit_of(cpus - 1) != drv->full)
			return false;
		sched_yield();
	}
	return true;
}

/* A process that was there is not followed, and may have a queue of its own. */
void test_before(void)
{
	int fd = fresh_open(), q = steer_queue(fd, 1000), r = steer_queue(fd, 1000);
	pid_t pid = spinner();
	struct wattle_attach a;

	EXPECT_EQ(enforce(), 0);
	scene_spin(true);
	EXPECT_EQ(attach(fd, q, WATTLE_ATTACH_PROCESS, getpid(), WATTLE_ATTACH_CONSENT, &a), 0);
	EXPECT_EQ(a.members, 1);
	EXPECT(stays_free());
	EXPECT_EQ(attach(fd, r, WATTLE_ATTACH_PROCESS, pid, WATTLE_ATTACH_CONSENT, &a), 0);
	EXPECT(wait_limit(cpus - 1, drv->cap));
	/* Each belongs to one. */
	EXPECT_EQ(attach(fd, r, WATTLE_ATTACH_STOP, 0, 0, &a), 0);
	EXPECT_ERR(attach(fd, r, WATTLE_ATTACH_PROCESS, getpid(), 0, &a), EBUSY);
	EXPECT_ERR(attach(fd, q, WATTLE_ATTACH_PROCESS, pid, 0, &a), EEXIST);
	end_process(pid);
	close(fd);
	EXPECT_EQ(relax(), 0);
	EXPECT(checker_same(&before, LIMIT));
}

static void *breeding_thread(void *arg)
{
	pthread_t t;
	pthread_attr_t attr;

	(void)arg;
	/* Its successor is there before it goes: walks meet threads that come and go. */
	pthread_attr_init(&attr);
	pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
	pthread_attr_setstacksize(&attr, 65536);
	if (__atomic_load_n(&scene->spin, __ATOMIC_ACQUIRE))
		while (pthread_create(&t, &attr, breeding_thread, NULL))
			sched_yield();
	else
		idle_thread(NULL);
	return NULL;
}

/* Threads that come and go while it is attached: in the end all are followed. */
void test_threads(void)
{
	int fd = fresh_open(), q = steer_queue(fd, 1000), i, n;
	struct wattle_attach a;
	pid_t pid;

	EXPECT_EQ(enforce(), 0);
	for (n = 0; n < 5; n++) {
		scene_spin(true);
		fflush(stdout);
		pid = fork();
		if (!pid) {
			pthread_t t;

			prctl(PR_SET_PDEATHSIG, SIGKILL);
			for (i = 0; i < 16; i++)
				pthread_create(&t, NULL, breeding_thread, NULL);
			__atomic_store_n(&scene->alive, 1, __ATOMIC_RELEASE);
			idle_thread(NULL);
		}
		while (!__atomic_load_n(&scene->alive, __ATOMIC_ACQUIRE))
			sched_yield();
		__atomic_store_n(&scene->alive, 0, __ATOMIC_RELEASE);
		EXPECT_EQ(attach(fd, q, WATTLE_ATTACH_PROCESS, pid, WATTLE_ATTACH_CONSENT, &a), 0);
		scene_spin(false);
		EXPECT(wait_members(fd, q, 17));
		end_process(pid);
		EXPECT(wait_members(fd, q, 0));
		EXPECT_EQ(attach(fd, q, WATTLE_ATTACH_STOP, 0, 0, &a), 0);
	}
	close(fd);
	EXPECT_EQ(relax(), 0);
	EXPECT(checker_same(&before, LIMIT));
}

static int put_pid(const char *dir, pid_t pid)
{
	char text[16];

	snprintf(text, sizeof(text), "%d", pid);
	return pt_write(text, "%s/cgroup.procs", dir);
}

/* By where its threads are now: moved in, it is slowed; moved out, it is not. */
void test_cgroup(void)
{
	static const char top[] = "/tmp/kt_attach.cg";
	int fd = fresh_open(), q = steer_queue(fd, 1000), r = steer_queue(fd, 1000), dir, root;
	char a_path[64], below[80];
	struct wattle_attach a;
	unsigned int i;
	pid_t pid;

	snprintf(a_path, sizeof(a_path), "%s/kt_a", top);
	snprintf(below, sizeof(below), "%s/below", a_path);
	mkdir(top, 0755);
	if (mount("none", top, "cgroup2", 0, NULL)) {
		close(fd);
		kt_skip("no cgroup v2 here: %s", strerror(errno));
		return;
	}
	EXPECT_EQ(mkdir(a_path, 0755), 0);
	EXPECT_EQ(mkdir(below, 0755), 0);
	dir = open(a_path, O_RDONLY | O_DIRECTORY);
	root = open("/tmp", O_RDONLY | O_DIRECTORY);
	pid = spinner();
	EXPECT_EQ(enforce(), 0);
	EXPECT_ERR(attach(fd, q, WATTLE_ATTACH_CGROUP, root, 0, &a), EBADF);
	EXPECT_ERR(attach(fd, q, WATTLE_ATTACH_CGROUP, 999, 0, &a), EBADF);
	EXPECT_ERR(attach(fd, q, WATTLE_ATTACH_CGROUP, fd, 0, &a), EBADF);
	EXPECT_EQ(attach(fd, q, WATTLE_ATTACH_CGROUP, dir, WATTLE_ATTACH_CONSENT, &a), 0);
	EXPECT_ERR(attach(fd, r, WATTLE_ATTACH_CGROUP, dir, 0, &a), EBUSY);
	scene_spin(true);
	EXPECT(stays_free());
	EXPECT_EQ(put_pid(below, pid), 0);
	EXPECT(wait_limit(cpus - 1, drv->cap));
	/* It spins alone: no switch need tell of any of these. */
	for (i = 0; i < 5; i++) {
		EXPECT_EQ(put_pid(top, pid), 0);
		EXPECT(wait_limit(cpus - 1, drv->full));
		EXPECT_EQ(put_pid(a_path, pid), 0);
		EXPECT(wait_limit(cpus - 1, drv->cap));
	}
	end_process(pid);
	EXPECT(wait_limit(cpus - 1, drv->full));
	/* The directory may go while it is attached. */
	EXPECT_EQ(rmdir(below), 0);
	EXPECT_EQ(rmdir(a_path), 0);
	close(dir);
	close(root);
	close(fd);
	umount(top);
	rmdir(top);
	EXPECT_EQ(relax(), 0);
	EXPECT(checker_same(&before, LIMIT));
}

#define ALICES_TOP	"/tmp/kt_attach.alice"

static pid_t bobs;

static int as_alice(void)
{
	int fd = kt_open(), q = steer_queue(fd, 1000), dir;
	struct wattle_attach a;
	pid_t child;

	/* Another user's, and one that only runs as her. */
	if (!attach(fd, q, WATTLE_ATTACH_PROCESS, bobs, 0, &a) || errno != EPERM)
		return 4;
	/* A cgroup that is hers, and one that is not. */
	dir = open(ALICES_TOP, O_RDONLY | O_DIRECTORY);
	if (dir >= 0 && (!attach(fd, q, WATTLE_ATTACH_CGROUP, dir, 0, &a) || errno != EPERM))
		return 5;
	dir = open(ALICES_TOP "/hers", O_RDONLY | O_DIRECTORY);
	if (dir >= 0 && (attach(fd, q, WATTLE_ATTACH_CGROUP, dir, 0, &a) ||
			 attach(fd, q, WATTLE_ATTACH_STOP, 0, 0, &a)))
		return 6;
	/* init is root's; so is kthreadd, and that is none of anybody's. */
	if (!attach(fd, q, WATTLE_ATTACH_PROCESS, 1, 0, &a) || errno != EPERM)
		return 1;
	if (!attach(fd, q, WATTLE_ATTACH_PROCESS, 2, 0, &a) || errno != EINVAL)
		return 2;
	child = fork();
	if (!child) {
		for (;;)
			pause();
	}
	if (attach(fd, q, WATTLE_ATTACH_PROCESS, child, 0, &a))
		return 3;
	kill(child, SIGKILL);
	return 0;
}

/* A process with these ids. */
static pid_t process_of(uid_t uid, uid_t euid, uid_t suid)
{
	pid_t pid;

	fflush(stdout);
	pid = fork();
	if (pid)
		return pid;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (setresuid(uid, euid, suid))
		_exit(1);
	__atomic_store_n(&scene->alive, 1, __ATOMIC_RELEASE);
	idle_thread(NULL);
	_exit(1);
}

void test_permission(void)
{
	static const uid_t ids[][3] = {
		{ BOB, BOB, BOB }, { ALICE, 0, 0 }, { ALICE, ALICE, 0 }, { BOB, ALICE, ALICE },
	};
	bool cgroups;
	unsigned int i;

	EXPECT_EQ(chmod("/dev/wattle", 0666), 0);
	mkdir(ALICES_TOP, 0755);
	cgroups = !mount("none", ALICES_TOP, "cgroup2", 0, NULL);
	if (cgroups) {
		EXPECT_EQ(mkdir(ALICES_TOP "/hers", 0755), 0);
		EXPECT_EQ(chown(ALICES_TOP "/hers", ALICE, ALICE), 0);
	}
	for (i = 0; i < ARRAY_SIZE(ids); i++) {
		__atomic_store_n(&scene->alive, 0, __ATOMIC_RELEASE);
		bobs = process_of(ids[i][0], ids[i][1], ids[i][2]);
		while (!__atomic_load_n(&scene->alive, __ATOMIC_ACQUIRE))
			sched_yield();
		EXPECT_EQ(kt_as_user(ALICE, as_alice), 0);
		end_process(bobs);
	}
	EXPECT_EQ(chmod("/dev/wattle", 0660), 0);
	if (cgroups) {
		EXPECT_EQ(rmdir(ALICES_TOP "/hers"), 0);
		umount(ALICES_TOP);
	}
	rmdir(ALICES_TOP);
	EXPECT(checker_same(&before, LIMIT));
}

static int raw(int fd, struct wattle_attach a)
{
	return ioctl(fd, WATTLE_IOC_ATTACH, &a);
}

#define TRY(...)	raw(fd, (struct wattle_attach){ .size = sizeof(struct wattle_attach), \
							.queue = q, __VA_ARGS__ })

void test_nonsense(void)
{
	int fd = fresh_open(), q = steer_queue(fd, 1000), ro = open("/dev/wattle", O_RDONLY);
	struct wattle_query query = { .size = sizeof(query) };
	pid_t pid = spinner(), gone = fork();
	struct wattle_attach a;

	if (!gone)
		_exit(0);
	waitpid(gone, NULL, 0);
	EXPECT_EQ(ioctl(fd, WATTLE_IOC_QUERY, &query), 0);
	EXPECT(query.features & WATTLE_FEATURE_ATTACH);
	EXPECT_ERR(attach(ro, q, WATTLE_ATTACH_PROCESS, pid, 0, &a), EBADF);
	EXPECT_ERR(attach(fd, q + 1, WATTLE_ATTACH_PROCESS, pid, 0, &a), ENOENT);
	EXPECT_ERR(attach(fd, q, 0, pid, 0, &a), EINVAL);
	EXPECT_ERR(attach(fd, q, 5, 0, 0, &a), EINVAL);
	EXPECT_ERR(attach(fd, q, WATTLE_ATTACH_PROCESS, pid, 2, &a), EINVAL);
	EXPECT_ERR(attach(fd, q, WATTLE_ATTACH_PROCESS, 0, 0, &a), EINVAL);
	EXPECT_ERR(attach(fd, q, WATTLE_ATTACH_PROCESS, -1, 0, &a), EINVAL);
	EXPECT_ERR(attach(fd, q, WATTLE_ATTACH_PROCESS, gone, 0, &a), ESRCH);
	EXPECT_ERR(attach(fd, q, WATTLE_ATTACH_PROCESS, 2, 0, &a), EINVAL);
	EXPECT_ERR(attach(fd, q, WATTLE_ATTACH_CGROUP, -1, 0, &a), EBADF);
	EXPECT_ERR(attach(fd, q, WATTLE_ATTACH_REPORT, pid, 0, &a), EINVAL);
	EXPECT_ERR(attach(fd, q, WATTLE_ATTACH_REPORT, 0, 1, &a), EINVAL);
	EXPECT_ERR(attach(fd, q, WATTLE_ATTACH_REPORT, 0, 0, &a), ENXIO);
	EXPECT_ERR(attach(fd, q, WATTLE_ATTACH_STOP, 0, 0, &a), ENXIO);
	EXPECT_ERR(TRY(.op = WATTLE_ATTACH_REPORT, .pad = 1), EINVAL);
	EXPECT_ERR(TRY(.op = WATTLE_ATTACH_REPORT, .reserved[1] = 1), EINVAL);
	EXPECT_ERR(TRY(.op = WATTLE_ATTACH_PROCESS, .target = pid, .run_ns = 5), EINVAL);
	EXPECT_EQ(attach(fd, q, WATTLE_ATTACH_PROCESS, pid, 0, &a), 0);
	/* Slices that cannot be: nothing, more stalls than cycles, too fast, too slow, too long. */
	EXPECT_ERR(report(fd, q, 0, 0, SEC, &a), ERANGE);
	EXPECT_ERR(report(fd, q, 1000, 1001, 1000000, &a), ERANGE);
	EXPECT_ERR(report(fd, q, 1000000, 0, 999, &a), ERANGE);
	EXPECT_ERR(report(fd, q, 17 * SEC, 0, SEC, &a), ERANGE);
	EXPECT_ERR(report(fd, q, 10, 0, SEC, &a), ERANGE);
	EXPECT_ERR(report(fd, q, ~0ULL, ~0ULL, ~0ULL, &a), ERANGE);
	EXPECT_EQ(report(fd, q, 0, 0, 0, &a), 0);
	EXPECT_EQ(a.slices, 0);
	EXPECT_EQ(a.need_pm, 1000);
	EXPECT_ERR(ioctl(fd, WATTLE_IOC_ATTACH, 8), EFAULT);
	end_process(pid);
	close(ro);
	close(fd);
	EXPECT(checker_same(&before, LIMIT));
}

/* 64 programs of one user; the 65th is refused, and what goes makes room. */
void test_limits(void)
{
	int fd = fresh_open(), other = kt_open(), q = steer_queue(other, 0), i, queues[63];
	struct wattle_attach a;
	pid_t pids[64];

	for (i = 0; i < 64; i++)
		pids[i] = spinner();
	for (i = 0; i < 63; i++) {
		queues[i] = steer_queue(fd, 0);
		EXPECT_EQ(attach(fd, queues[i], WATTLE_ATTACH_PROCESS, pids[i], 0, &a), 0);
	}
	EXPECT_EQ(attach(other, q, WATTLE_ATTACH_PROCESS, pids[63], 0, &a), 0);
	i = steer_queue(other, 0);
	EXPECT_ERR(attach(other, i, WATTLE_ATTACH_PROCESS, getpid(), 0, &a), EUSERS);
	EXPECT_EQ(attach(fd, queues[7], WATTLE_ATTACH_STOP, 0, 0, &a), 0);
	EXPECT_EQ(attach(other, i, WATTLE_ATTACH_PROCESS, getpid(), 0, &a), 0);
	for (i = 0; i < 64; i++)
		end_process(pids[i]);
	close(fd);
	close(other);
	EXPECT(checker_same(&before, LIMIT));
}

static int unborn_queue;

static void *attacher(void *arg)
{
	int fd = *(int *)arg;
	struct wattle_attach a;

	/* Ids are given in turn: the next ones are those that will not come to be. */
	while (!__atomic_load_n(&scene->spin, __ATOMIC_ACQUIRE))
		attach(fd, __atomic_load_n(&unborn_queue, __ATOMIC_RELAXED), WATTLE_ATTACH_PROCESS,
		       getpid(), 0, &a);
	return NULL;
}

/* A queue whose id cannot be told is taken back, with what was attached to it meanwhile. */
void test_unborn(void)
{
	struct wattle_queue_create in = { .size = sizeof(in) }, *u;
	struct wattle_attach a;
	pthread_t t;
	int fd = fresh_open(), q, i;

	u = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	EXPECT(u != MAP_FAILED);
	*u = in;
	EXPECT_EQ(mprotect(u, 4096, PROT_READ), 0);
	q = steer_queue(fd, 1000);
	unborn_queue = q + 1;
	scene_spin(false);
	EXPECT_EQ(pthread_create(&t, NULL, attacher, &fd), 0);
	for (i = 0; i < 3000; i++) {
		EXPECT_ERR(ioctl(fd, WATTLE_IOC_QUEUE_CREATE, u), EFAULT);
		__atomic_store_n(&unborn_queue, q + 2 + i, __ATOMIC_RELAXED);
	}
	scene_spin(true);
	pthread_join(t, NULL);
	EXPECT_EQ(kt_sysfs("stats/queues"), 1);
	/* Nothing of them holds this process. */
	EXPECT_EQ(attach(fd, q, WATTLE_ATTACH_PROCESS, getpid(), 0, &a), 0);
	munmap(u, 4096);
	close(fd);
	EXPECT(checker_same(&before, LIMIT));
}

/* 2,000 descendants that come and go, then all are killed at once: none stays marked. */
void test_storm(void)
{
	int fd = fresh_open(), q = steer_queue(fd, 1000), st;
	struct wattle_attach a;
	pid_t pid, p;

	EXPECT_EQ(enforce(), 0);
	__atomic_store_n(&scene->alive, 0, __ATOMIC_RELEASE);
	fflush(stdout);
	pid = fork();
	if (!pid) {
		int i, live = 0;

		setpgid(0, 0);
		raise(SIGSTOP);
		for (i = 0; i < STORM; i++) {
			p = fork();
			if (!p) {
				if (i % 4)
					_exit(0);
				for (;;)
					pause();
			}
			live += p > 0 && !(i % 4);
			while (waitpid(-1, NULL, WNOHANG) > 0)
				;
		}
		__atomic_store_n(&scene->alive, live, __ATOMIC_RELEASE);
		for (;;)
			waitpid(-1, NULL, 0);
	}
	EXPECT_EQ(waitpid(pid, &st, WUNTRACED), pid);
	EXPECT_EQ(attach(fd, q, WATTLE_ATTACH_PROCESS, pid, WATTLE_ATTACH_CONSENT, &a), 0);
	kill(pid, SIGCONT);
	while (!__atomic_load_n(&scene->alive, __ATOMIC_ACQUIRE))
		sched_yield();
	EXPECT_EQ(report(fd, q, 0, 0, 0, &a), 0);
	EXPECT_EQ(a.lost, 0);
	EXPECT(wait_members(fd, q, 1 + (unsigned int)scene->alive));
	EXPECT_EQ(kill(-pid, SIGKILL), 0);
	/* This process is their reaper. */
	while (waitpid(-1, NULL, 0) > 0)
		;
	EXPECT(wait_members(fd, q, 0));
	close(fd);
	EXPECT_EQ(relax(), 0);
	EXPECT(checker_same(&before, LIMIT));
}

/* A limit, then the owner goes, and the module at once. */
void test_unload(void)
{
	struct wattle_attach a;
	pid_t pid;
	int fd, q, i;

	for (i = 0; i < 3; i++) {
		pid = spinner();
		scene_spin(true);
		fd = kt_open();
		q = steer_queue(fd, 1000);
		EXPECT_EQ(enforce(), 0);
		EXPECT_EQ(attach(fd, q, WATTLE_ATTACH_PROCESS, pid, WATTLE_ATTACH_CONSENT, &a), 0);
		EXPECT(wait_limit(cpus - 1, drv->cap));
		EXPECT_EQ(kt_rmmod("wattle"), -EWOULDBLOCK);
		close(fd);
		EXPECT_EQ(kt_rmmod("wattle"), 0);
		EXPECT(wait_limit(cpus - 1, drv->full));
		EXPECT_EQ(kt_insmod("wattle", LEASES), 0);
		end_process(pid);
	}
	EXPECT(checker_same(&before, LIMIT));
}
