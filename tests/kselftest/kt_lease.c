// SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause
/* Leases and the lives of threads: expiry, late COMPLETE, death, exec, fork, the last close. */
#include "harness.h"

#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <sys/socket.h>

#define LEASE	(5 * MS)

static struct wattle_queue_params short_lease = { .lease_ns = LEASE,
						  .event_mask = WATTLE_EVENTS_ALL };

/* Waits for the next event of @type; others are an error. */
static int wait_event(int fd, uint32_t type, struct wattle_event *ev)
{
	if (read(fd, ev, sizeof(*ev)) != sizeof(*ev)) {
		kt_fail(__FILE__, __LINE__, "read: %s", strerror(errno));
		return -1;
	}
	if (ev->type != type) {
		kt_fail(__FILE__, __LINE__, "event %u, not %u", ev->type, type);
		return -1;
	}
	return 0;
}

/* How a child ended, as wait() tells; -1 if it could not be waited for. */
static int child_status(pid_t pid)
{
	int status;

	return waitpid(pid, &status, 0) == pid ? status : -1;
}

/* A batch of @q was lost with its thread, which is told, and the accounts hold. */
static void expect_lost(int fd, int q, struct wattle_event *ev, struct wattle_queue_stats *st)
{
	EXPECT_EQ(wait_event(fd, WATTLE_EVENT_ABORTED, ev), 0);
	EXPECT_EQ(kt_stats(fd, q, st), 0);
	EXPECT_EQ(st->aborted, 1);
	EXPECT(kt_identity(st));
}

static void test_expiry_and_late_complete(void)
{
	struct wattle_queue_stats st;
	struct wattle_event ev;
	struct wattle_next n;
	int fd = kt_open(), q = kt_queue(fd, &short_lease);
	uint64_t run;

	EXPECT_EQ(kt_submit(fd, q, 11, 2), 2);
	EXPECT_EQ(kt_next(fd, 0, 0, &n), 0);
	EXPECT_EQ(n.lease_ns - n.granted_ns, LEASE);
	EXPECT_EQ(wait_event(fd, WATTLE_EVENT_REVOKED, &ev), 0);
	EXPECT_EQ(ev.user_data, 11);
	EXPECT(ev.run_ns >= LEASE);
	EXPECT(ev.time_ns >= n.lease_ns);
	EXPECT_EQ(kt_complete(fd, n.token), -ESTALE);
	EXPECT_EQ(kt_stats(fd, q, &st), 0);
	EXPECT_EQ(st.aborted, 1);
	EXPECT_EQ(st.lease_expired, 1);
	EXPECT_EQ(st.completed, 0);
	EXPECT_EQ(st.granted, 0);
	EXPECT(st.run_ns >= LEASE);
	EXPECT(kt_identity(&st));
	/* Charged up to the late COMPLETE and no further. */
	run = st.run_ns;
	EXPECT_EQ(kt_complete(fd, n.token), -ESTALE);
	EXPECT_EQ(kt_stats(fd, q, &st), 0);
	EXPECT_EQ(st.run_ns, run);
	close(fd);
}

static void test_next_after_expiry(void)
{
	struct wattle_queue_stats st;
	struct wattle_event ev;
	struct wattle_next n;
	int fd = kt_open(), q = kt_queue(fd, &short_lease);

	EXPECT_EQ(kt_submit(fd, q, 21, 2), 2);
	EXPECT_EQ(kt_next(fd, 0, 0, &n), 0);
	EXPECT_EQ(wait_event(fd, WATTLE_EVENT_REVOKED, &ev), 0);
	EXPECT_EQ(kt_next(fd, n.token, 0, &n), 0);
	EXPECT_EQ(n.prev_result, -ESTALE);
	EXPECT_EQ(n.user_data, 22);
	EXPECT_EQ(kt_complete(fd, n.token), 0);
	EXPECT_EQ(kt_stats(fd, q, &st), 0);
	EXPECT_EQ(st.completed, 1);
	EXPECT_EQ(st.aborted, 1);
	EXPECT(kt_identity(&st));
	close(fd);
}

/* A lease shortened later acts from the next grant on. */
static void test_update_lease(void)
{
	struct wattle_queue_update u = { .size = sizeof(u), .mask = WATTLE_UPDATE_LEASE,
					 .params = { .lease_ns = SEC } };
	struct wattle_next n;
	int fd = kt_open(), q = kt_queue(fd, NULL);

	u.queue = q;
	EXPECT_EQ(kt_submit(fd, q, 1, 2), 2);
	EXPECT_EQ(kt_next(fd, 0, 0, &n), 0);
	EXPECT(n.lease_ns - n.granted_ns > SEC);
	EXPECT_EQ(ioctl(fd, WATTLE_IOC_QUEUE_UPDATE, &u), 0);
	EXPECT_EQ(kt_next(fd, n.token, 0, &n), 0);
	EXPECT_EQ(n.lease_ns - n.granted_ns, SEC);
	close(fd);
}

static int thread_fd;

static void *die_inside(void *arg)
{
	struct wattle_next *n = arg;

	kt_next(thread_fd, 0, 0, n);
	return NULL;
}

static void test_thread_dies_inside_grant(void)
{
	struct wattle_queue_params p = { .event_mask = WATTLE_EVENTS_ALL };
	struct wattle_queue_stats st;
	struct wattle_event ev;
	struct wattle_next n;
	pthread_t t;
	int q;

	thread_fd = kt_open();
	q = kt_queue(thread_fd, &p);
	EXPECT_EQ(kt_submit(thread_fd, q, 31, 2), 2);
	EXPECT_EQ(pthread_create(&t, NULL, die_inside, &n), 0);
	pthread_join(t, NULL);
	EXPECT_EQ(n.user_data, 31);
	expect_lost(thread_fd, q, &ev, &st);
	EXPECT_EQ(ev.user_data, 31);
	EXPECT_EQ(st.queued, 1);
	/* Its token is nobody's now. */
	EXPECT_EQ(kt_complete(thread_fd, n.token), -ESTALE);
	close(thread_fd);
}

/* exec keeps the thread, and so the grant, if the file survives it. */
static void test_exec_inside_grant(void)
{
	struct wattle_queue_params p = { .event_mask = WATTLE_EVENTS_ALL };
	struct wattle_queue_stats st;
	struct wattle_event ev;
	int fd = kt_open(), q = kt_queue(fd, &p);
	pid_t pid;

	EXPECT_EQ(kt_submit(fd, q, 41, 1), 1);
	pid = fork();
	if (!pid) {
		struct wattle_next n;
		char num[16], token[32];

		if (fcntl(fd, F_SETFD, 0) || kt_next(fd, 0, 0, &n))
			_exit(1);
		snprintf(num, sizeof(num), "%d", fd);
		snprintf(token, sizeof(token), "%llu", n.token);
		execl("/proc/self/exe", "kt_lease", "--complete", num, token, NULL);
		_exit(2);
	}
	EXPECT_EQ(child_status(pid), 0);
	EXPECT_EQ(wait_event(fd, WATTLE_EVENT_DONE, &ev), 0);
	EXPECT_EQ(kt_stats(fd, q, &st), 0);
	EXPECT_EQ(st.completed, 1);
	EXPECT(kt_identity(&st));
	close(fd);
}

/* Another thread execs: the ones that held grants die with it, and the grants with them. */
static void *exec_thread(void *arg)
{
	(void)arg;
	execl("/bin/true", "true", NULL);
	_exit(3);
}

static void test_exec_from_other_thread(void)
{
	struct wattle_queue_params p = { .event_mask = WATTLE_EVENTS_ALL };
	struct wattle_queue_stats st;
	struct wattle_event ev;
	int fd = kt_open(), q = kt_queue(fd, &p);
	pid_t pid;

	EXPECT_EQ(kt_submit(fd, q, 42, 1), 1);
	pid = fork();
	if (!pid) {
		struct wattle_next n;
		pthread_t t;

		if (kt_next(fd, 0, 0, &n) || pthread_create(&t, NULL, exec_thread, NULL))
			_exit(1);
		for (;;)
			pause();
	}
	EXPECT_EQ(child_status(pid), 0);
	expect_lost(fd, q, &ev, &st);
	close(fd);
}

/* A child shares the file and not the grants. */
static void test_fork(void)
{
	struct wattle_queue_stats st;
	struct wattle_next n;
	int fd = kt_open(), q = kt_queue(fd, NULL);
	pid_t pid;

	EXPECT_EQ(kt_submit(fd, q, 51, 2), 2);
	EXPECT_EQ(kt_next(fd, 0, 0, &n), 0);
	pid = fork();
	if (!pid) {
		struct wattle_next m;

		if (kt_complete(fd, n.token) != -EACCES)
			_exit(1);
		if (kt_next(fd, 0, 0, &m) || m.user_data != 52)
			_exit(2);
		_exit(0);	/* dies inside its own */
	}
	EXPECT_EQ(child_status(pid), 0);
	EXPECT_EQ(kt_complete(fd, n.token), 0);
	EXPECT_EQ(kt_stats(fd, q, &st), 0);
	EXPECT_EQ(st.completed, 1);
	EXPECT_EQ(st.aborted, 1);
	EXPECT(kt_identity(&st));
	close(fd);
}

/* The file lives as long as anybody holds it, wherever it was passed to. */
static void test_passed_file(void)
{
	struct wattle_queue_stats st;
	char buf[CMSG_SPACE(sizeof(int))] __attribute__((aligned(8))), c = 0;
	struct iovec iov = { &c, 1 };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1, .msg_control = buf,
			      .msg_controllen = sizeof(buf) };
	struct cmsghdr *cm = CMSG_FIRSTHDR(&msg);
	int fd = kt_open(), q = kt_queue(fd, NULL), sv[2], copy = -1;
	struct wattle_next n;
	pid_t pid;

	EXPECT_EQ(socketpair(AF_UNIX, SOCK_STREAM, 0, sv), 0);
	EXPECT_EQ(kt_submit(fd, q, 61, 2), 2);
	cm->cmsg_level = SOL_SOCKET;
	cm->cmsg_type = SCM_RIGHTS;
	cm->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(cm), &fd, sizeof(fd));
	EXPECT_EQ(sendmsg(sv[0], &msg, 0), 1);
	close(fd);		/* now it lives in the socket alone */
	EXPECT_EQ(recvmsg(sv[1], &msg, 0), 1);
	cm = CMSG_FIRSTHDR(&msg);
	EXPECT(cm);
	memcpy(&copy, CMSG_DATA(cm), sizeof(copy));
	pid = fork();
	if (!pid)
		_exit(kt_next(copy, 0, 0, &n) || n.user_data != 61 || kt_complete(copy, n.token));
	EXPECT_EQ(child_status(pid), 0);
	EXPECT_EQ(kt_stats(copy, q, &st), 0);
	EXPECT_EQ(st.completed, 1);
	EXPECT_EQ(st.queued, 1);
	close(copy);
	close(sv[0]);
	close(sv[1]);
}

/* Closing with everything in it: nothing stays, and the sums remember. */
static void test_close_with_work(void)
{
	long long aborted = kt_sysfs("stats/aborted"), cancelled = kt_sysfs("stats/cancelled");
	struct wattle_batch later = { .release_ns = kt_now() + 1000 * SEC };
	struct wattle_next n;
	int fd = kt_open(), q = kt_queue(fd, NULL);

	EXPECT_EQ(kt_submit(fd, q, 1, 10), 10);
	EXPECT_EQ(kt_submit_batches(fd, q, &later, 1, NULL), 1);
	EXPECT_EQ(kt_next(fd, 0, 0, &n), 0);
	close(fd);
	EXPECT_EQ(kt_wait_sysfs("stats/queues", 0), 0);
	EXPECT_EQ(kt_wait_sysfs("stats/clients", 0), 0);
	EXPECT_EQ(kt_wait_sysfs("stats/workers", 0), 0);
	EXPECT_EQ(kt_sysfs("stats/queued"), 0);
	EXPECT_EQ(kt_sysfs("stats/granted"), 0);
	EXPECT_EQ(kt_sysfs("stats/aborted"), aborted + 1);
	EXPECT_EQ(kt_sysfs("stats/cancelled"), cancelled + 10);
}

int main(int argc, char **argv)
{
	static const struct kt_case cases[] = {
		{ "a lease expires; late COMPLETE is ESTALE and charged",
		  test_expiry_and_late_complete },
		{ "NEXT after the end of a lease", test_next_after_expiry },
		{ "a changed lease acts from the next grant", test_update_lease },
		{ "a thread dies inside a grant", test_thread_dies_inside_grant },
		{ "exec inside a grant", test_exec_inside_grant },
		{ "exec by another thread", test_exec_from_other_thread },
		{ "fork shares the file, not the grants", test_fork },
		{ "a file passed over a socket", test_passed_file },
		{ "close with work in it", test_close_with_work },
	};

	/* The second half of exec_inside_grant. */
	if (argc == 4 && !strcmp(argv[1], "--complete"))
		return kt_complete(atoi(argv[2]), strtoull(argv[3], NULL, 10)) ? 1 : 0;
	return kt_run(cases, ARRAY_SIZE(cases));
}
