// SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause
/*
 * NEXT interrupted, timed out, undeliverable; waiting and waking; events that
 * overflow, short reads, poll. Nothing may be lost and nothing run twice.
 */
#include "harness.h"

#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>

static void test_timeout(void)
{
	struct wattle_next n;
	uint64_t t, before;
	int fd = kt_open();

	kt_queue(fd, NULL);
	EXPECT_EQ(kt_next(fd, 0, 0, &n), -ETIMEDOUT);		/* do not wait */
	EXPECT_EQ(kt_next(fd, 0, 1, &n), -ETIMEDOUT);		/* long past */
	before = kt_now();
	t = before + 20 * MS;
	EXPECT_EQ(kt_next(fd, 0, t, &n), -ETIMEDOUT);
	EXPECT(kt_now() >= t);
	EXPECT_EQ(n.prev_result, 0);
	EXPECT_EQ(n.token, 0);
	close(fd);
}

/* A thread that waited in vain is not handed anything later. */
static void test_timeout_leaves_nothing(void)
{
	struct wattle_queue_stats st;
	struct wattle_next n;
	int fd = kt_open(), q = kt_queue(fd, NULL);

	EXPECT_EQ(kt_next(fd, 0, kt_now() + MS, &n), -ETIMEDOUT);
	EXPECT_EQ(kt_submit(fd, q, 1, 1), 1);
	EXPECT_EQ(kt_stats(fd, q, &st), 0);
	EXPECT_EQ(st.queued, 1);
	EXPECT_EQ(st.granted, 0);
	EXPECT_EQ(kt_next(fd, 0, 0, &n), 0);
	close(fd);
}

static volatile sig_atomic_t alarms;

static void on_alarm(int sig)
{
	(void)sig;
	alarms++;
}

static void alarm_in_us(long us, long every_us)
{
	struct itimerval it = { { 0, every_us }, { us / 1000000, us % 1000000 } };

	setitimer(ITIMER_REAL, &it, NULL);
}

/* SA_RESTART must make no difference: the call has had effects. */
static void test_signal_is_eintr(void)
{
	struct sigaction sa = { .sa_handler = on_alarm, .sa_flags = SA_RESTART };
	struct wattle_next n;
	int fd = kt_open(), err;

	kt_queue(fd, NULL);
	sigaction(SIGALRM, &sa, NULL);
	alarms = 0;
	alarm_in_us(5000, 5000);	/* again and again: the first may come too early */
	err = kt_next(fd, 0, WATTLE_TIME_FOREVER, &n);
	alarm_in_us(0, 0);
	EXPECT_EQ(err, -EINTR);
	EXPECT(alarms > 0);
	close(fd);
}

#define STORM	3000

static int storm_fd, storm_queue;
static unsigned int storm_done;
static int storm_over;

static void *storm_feed(void *arg)
{
	sigset_t all;
	int i;

	(void)arg;
	sigfillset(&all);
	pthread_sigmask(SIG_BLOCK, &all, NULL);
	for (i = 0; i < STORM; i++) {
		/*
		 * Mostly one at a time and with the waiter asleep, so that signals
		 * meet sleeping, waking and running NEXTs alike.
		 */
		uint64_t spin = kt_now() + kt_rand() % (300 * 1000);

		while (i % 4 && __atomic_load_n(&storm_done, __ATOMIC_ACQUIRE) < (unsigned int)i) {
			if (__atomic_load_n(&storm_over, __ATOMIC_ACQUIRE))
				return (void *)2;
			sched_yield();
		}
		while (i % 4 == 1 && kt_now() < spin)
			;
		if (kt_submit(storm_fd, storm_queue, i, 1) != 1)
			return (void *)1;
	}
	return NULL;
}

/*
 * A timer interrupts NEXT at every point there is; each batch still runs exactly
 * once. The timer is set anew for each call, to a random moment within twice the
 * time calls take here, so that a slow machine is not held up for good.
 */
static void test_signal_storm(void)
{
	struct sigaction sa = { .sa_handler = on_alarm };
	static unsigned char ran[STORM];
	struct wattle_queue_stats st;
	unsigned int done = 0, eintr = 0;
	struct wattle_next n;
	uint64_t prev = 0, t0 = kt_now(), end = t0 + 60 * SEC, us = 100;
	pthread_t t;
	void *ret;
	int err;

	memset(ran, 0, sizeof(ran));
	storm_over = 0;
	storm_done = 0;
	storm_fd = kt_open();
	storm_queue = kt_queue(storm_fd, NULL);
	sigaction(SIGALRM, &sa, NULL);
	alarms = 0;
	EXPECT_EQ(pthread_create(&t, NULL, storm_feed, NULL), 0);
	while (done < STORM && kt_now() < end) {
		if (done == 100)
			us = 1 + (kt_now() - t0) / 100 / 1000;	/* undisturbed so far */
		if (done >= 100)
			alarm_in_us(1 + kt_rand() % (2 * us), 0);
		err = kt_next(storm_fd, prev, WATTLE_TIME_FOREVER, &n);
		if (err == -EINTR) {
			eintr++;	/* repeat, with the same prev_token */
			continue;
		}
		if (err || n.prev_result || n.user_data >= STORM)
			break;
		ran[n.user_data]++;
		prev = n.token;
		__atomic_store_n(&storm_done, ++done, __ATOMIC_RELEASE);
	}
	alarm_in_us(0, 0);
	__atomic_store_n(&storm_over, 1, __ATOMIC_RELEASE);
	pthread_join(t, &ret);
	EXPECT_EQ(done, STORM);
	EXPECT(!ret);
	EXPECT_EQ(kt_complete(storm_fd, prev), 0);
	for (done = 0; done < STORM; done++)
		EXPECT_EQ(ran[done], 1);
	EXPECT_EQ(kt_stats(storm_fd, storm_queue, &st), 0);
	EXPECT_EQ(st.completed, STORM);
	EXPECT(kt_identity(&st));
	printf("# %d signals, %u times EINTR\n", (int)alarms, eintr);
	EXPECT(eintr > 0);
	close(storm_fd);
}

/* The answer cannot be written: what was completed is, the new grant goes back. */
static void test_undeliverable(void)
{
	long page = sysconf(_SC_PAGESIZE);
	struct wattle_queue_stats st;
	struct wattle_next n, *bad;
	char *m = mmap(NULL, page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	int fd = kt_open(), q = kt_queue(fd, NULL), i;
	uint64_t first;

	bad = (struct wattle_next *)m;
	EXPECT_EQ(kt_submit(fd, q, 1, 2), 2);
	EXPECT_EQ(kt_next(fd, 0, 0, &n), 0);
	first = n.token;
	*bad = (struct wattle_next){ .size = sizeof(*bad), .prev_token = first };
	mprotect(m, page, PROT_READ);
	for (i = 0; i < 3; i++) {
		EXPECT_ERR(ioctl(fd, WATTLE_IOC_NEXT, bad), EFAULT);
		EXPECT_EQ(kt_stats(fd, q, &st), 0);
		EXPECT_EQ(st.completed, 1);
		EXPECT_EQ(st.queued, 1);
		EXPECT_EQ(st.granted, 0);
		EXPECT_EQ(st.requeued, i + 1);
		EXPECT(kt_identity(&st));
	}
	EXPECT_EQ(kt_next(fd, first, 0, &n), 0);
	EXPECT_EQ(n.user_data, 2);
	EXPECT_EQ(n.prev_result, 0);
	close(fd);
	munmap(m, page);
}

/* NEXT repeated with the same prev_token completes once. */
static void test_repeat_prev(void)
{
	struct wattle_queue_stats st;
	struct wattle_next n;
	int fd = kt_open(), q = kt_queue(fd, NULL), i;
	uint64_t t;

	EXPECT_EQ(kt_submit(fd, q, 1, 1), 1);
	EXPECT_EQ(kt_next(fd, 0, 0, &n), 0);
	t = n.token;
	for (i = 0; i < 3; i++) {
		EXPECT_EQ(kt_next(fd, t, 0, &n), -ETIMEDOUT);
		EXPECT_EQ(n.prev_result, 0);
	}
	EXPECT_EQ(kt_complete(fd, t), -EALREADY);
	EXPECT_EQ(kt_stats(fd, q, &st), 0);
	EXPECT_EQ(st.completed, 1);
	close(fd);
}

struct waiter {
	pthread_t		thread;
	int			fd;
	uint32_t		queue;
	pid_t			tid;
	int			err;
	struct wattle_next	n;
};

static void *wait_thread(void *arg)
{
	struct waiter *w = arg;

	__atomic_store_n(&w->tid, (pid_t)syscall(SYS_gettid), __ATOMIC_RELEASE);
	w->n = (struct wattle_next){ .size = sizeof(w->n), .queue = w->queue,
				     .timeout_ns = kt_now() + 20 * SEC };
	w->err = ioctl(w->fd, WATTLE_IOC_NEXT, &w->n) ? -errno : 0;
	if (!w->err)
		kt_complete(w->fd, w->n.token);
	return NULL;
}

static int start_waiter(struct waiter *w, int fd, uint32_t queue)
{
	*w = (struct waiter){ .fd = fd, .queue = queue };
	if (pthread_create(&w->thread, NULL, wait_thread, w))
		return -1;
	while (!__atomic_load_n(&w->tid, __ATOMIC_ACQUIRE))
		sched_yield();
	return kt_wait_asleep(w->tid);
}

static void test_wake_one(void)
{
	struct wattle_queue_stats st;
	struct waiter w[4];
	int fd = kt_open(), q = kt_queue(fd, NULL), i, ok = 0;

	for (i = 0; i < 4; i++)
		EXPECT_EQ(start_waiter(&w[i], fd, 0), 0);
	EXPECT_EQ(kt_submit(fd, q, 9, 1), 1);
	/* The one that came last; the others sleep on. */
	pthread_join(w[3].thread, NULL);
	EXPECT_EQ(w[3].err, 0);
	EXPECT_EQ(w[3].n.user_data, 9);
	EXPECT_EQ(kt_stats(fd, q, &st), 0);
	EXPECT_EQ(st.completed, 1);
	EXPECT_EQ(kt_submit(fd, q, 10, 3), 3);
	for (i = 0; i < 3; i++) {
		pthread_join(w[i].thread, NULL);
		ok += !w[i].err;
	}
	EXPECT_EQ(ok, 3);
	close(fd);
}

static void test_queue_goes_while_waiting(void)
{
	struct wattle_queue_destroy d = { .size = sizeof(d) };
	struct waiter w;
	int fd = kt_open(), q = kt_queue(fd, NULL);

	EXPECT_EQ(start_waiter(&w, fd, q), 0);
	d.queue = q;
	EXPECT_EQ(ioctl(fd, WATTLE_IOC_QUEUE_DESTROY, &d), 0);
	pthread_join(w.thread, NULL);
	EXPECT_EQ(w.err, -ENOENT);
	close(fd);
}

static void test_release_time(void)
{
	struct wattle_batch b = { .user_data = 1, .release_ns = kt_now() + 30 * MS };
	struct wattle_next n;
	int fd = kt_open(), q = kt_queue(fd, NULL);

	EXPECT_EQ(kt_submit_batches(fd, q, &b, 1, NULL), 1);
	EXPECT_EQ(kt_next(fd, 0, 0, &n), -ETIMEDOUT);
	EXPECT_EQ(kt_next(fd, 0, WATTLE_TIME_FOREVER, &n), 0);
	EXPECT(n.granted_ns >= b.release_ns);
	EXPECT_EQ(kt_complete(fd, n.token), 0);
	close(fd);
}

/* --- events --- */

static void test_overflow(void)
{
	struct wattle_queue_params p = {
		.event_mask = WATTLE_EVENT_BIT(WATTLE_EVENT_CANCELLED) };
	struct wattle_cancel c = { .size = sizeof(c), .flags = WATTLE_CANCEL_ALL };
	struct wattle_query q = { .size = sizeof(q) };
	struct wattle_event ev[64];
	int fd = kt_open_flags(O_NONBLOCK), queue = kt_queue(fd, &p);
	unsigned int got = 0;
	ssize_t r;
	const unsigned int sent = 3000;

	c.queue = queue;
	EXPECT_EQ(kt_submit(fd, queue, 0, sent), sent);
	EXPECT_EQ(ioctl(fd, WATTLE_IOC_CANCEL, &c), 0);
	EXPECT_EQ(c.cancelled, sent);
	while ((r = read(fd, ev, sizeof(ev))) > 0) {
		EXPECT_EQ(r % sizeof(ev[0]), 0);
		/* The ring keeps the oldest, in order, and drops the newest. */
		EXPECT_EQ(ev[0].user_data, got);
		EXPECT_EQ(ev[0].lost, 0);
		got += r / sizeof(ev[0]);
	}
	EXPECT_EQ(errno, EAGAIN);
	EXPECT(got && got < sent);
	EXPECT_EQ(ioctl(fd, WATTLE_IOC_QUERY, &q), 0);
	EXPECT_EQ(q.events_lost, sent - got);
	/* The next event says how many went before it. */
	EXPECT_EQ(kt_submit(fd, queue, 7, 1), 1);
	EXPECT_EQ(ioctl(fd, WATTLE_IOC_CANCEL, &c), 0);
	EXPECT_EQ(read(fd, ev, sizeof(ev)), sizeof(ev[0]));
	EXPECT_EQ(ev[0].user_data, 7);
	EXPECT_EQ(ev[0].lost, sent - got);
	close(fd);
}

/* Whole events only, and a buffer that turns bad loses none. */
static void test_short_reads(void)
{
	struct wattle_queue_params p = {
		.event_mask = WATTLE_EVENT_BIT(WATTLE_EVENT_CANCELLED) };
	struct wattle_cancel c = { .size = sizeof(c), .flags = WATTLE_CANCEL_ALL };
	size_t page = sysconf(_SC_PAGESIZE), one = sizeof(struct wattle_event);
	char *m = mmap(NULL, 2 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	struct wattle_event ev[8];
	int fd = kt_open_flags(O_NONBLOCK), queue = kt_queue(fd, &p);

	munmap(m + page, page);
	c.queue = queue;
	EXPECT_EQ(kt_submit(fd, queue, 0, 5), 5);
	EXPECT_EQ(ioctl(fd, WATTLE_IOC_CANCEL, &c), 0);
	EXPECT_EQ(read(fd, ev, one + 1), one);
	EXPECT_EQ(ev[0].user_data, 0);
	EXPECT_ERR(read(fd, m + page - 8, 4 * one), EFAULT);
	EXPECT_ERR(read(fd, m + page, 4 * one), EFAULT);
	EXPECT_EQ(read(fd, ev, sizeof(ev)), 4 * one);
	EXPECT_EQ(ev[0].user_data, 1);
	EXPECT_EQ(ev[3].user_data, 4);
	munmap(m, page);
	close(fd);
}

static int read_fd;

static void *read_thread(void *arg)
{
	struct wattle_event ev;
	pid_t *tid = arg;

	__atomic_store_n(tid, (pid_t)syscall(SYS_gettid), __ATOMIC_RELEASE);
	return (void *)(read(read_fd, &ev, sizeof(ev)) == sizeof(ev) ? ev.user_data : 0UL);
}

static void *poll_thread(void *arg)
{
	struct pollfd p = { .fd = read_fd, .events = POLLIN };
	pid_t *tid = arg;

	__atomic_store_n(tid, (pid_t)syscall(SYS_gettid), __ATOMIC_RELEASE);
	return (void *)(long)(poll(&p, 1, 20000) == 1 && p.revents == POLLIN);
}

/* A sleeping reader and a sleeping poller are woken by an event. */
static void test_blocking_read_and_poll(void)
{
	struct wattle_queue_params p = {
		.event_mask = WATTLE_EVENT_BIT(WATTLE_EVENT_CANCELLED) };
	void *(*const fn[2])(void *) = { poll_thread, read_thread };
	struct wattle_cancel c = { .size = sizeof(c), .flags = WATTLE_CANCEL_ALL };
	int queue, i;

	read_fd = kt_open();
	queue = kt_queue(read_fd, &p);
	c.queue = queue;
	for (i = 0; i < 2; i++) {
		pthread_t t;
		pid_t tid = 0;
		void *ret;

		EXPECT_EQ(pthread_create(&t, NULL, fn[i], &tid), 0);
		while (!__atomic_load_n(&tid, __ATOMIC_ACQUIRE))
			sched_yield();
		EXPECT_EQ(kt_wait_asleep(tid), 0);
		if (!i) {
			EXPECT_EQ(kt_submit(read_fd, queue, 1, 1), 1);
			EXPECT_EQ(ioctl(read_fd, WATTLE_IOC_CANCEL, &c), 0);
		} else {
			EXPECT_EQ(kt_submit(read_fd, queue, 2, 1), 1);
			EXPECT_EQ(ioctl(read_fd, WATTLE_IOC_CANCEL, &c), 0);
		}
		pthread_join(t, &ret);
		EXPECT_EQ((long)ret, i ? 2 : 1);
		/* The poller has read nothing: take its event away. */
		if (!i) {
			struct wattle_event ev;

			EXPECT_EQ(read(read_fd, &ev, sizeof(ev)), sizeof(ev));
		}
	}
	close(read_fd);
}

int main(void)
{
	static const struct kt_case cases[] = {
		{ "time-outs", test_timeout },
		{ "a time-out leaves nothing behind", test_timeout_leaves_nothing },
		{ "a signal is EINTR, SA_RESTART or not", test_signal_is_eintr },
		{ "storm of signals: nothing lost, nothing twice", test_signal_storm },
		{ "an undeliverable grant goes back", test_undeliverable },
		{ "the same prev_token completes once", test_repeat_prev },
		{ "one batch wakes one waiter, the newest", test_wake_one },
		{ "a queue that goes sends its waiters home", test_queue_goes_while_waiting },
		{ "release times", test_release_time },
		{ "event overflow is counted", test_overflow },
		{ "short and bad read buffers lose no event", test_short_reads },
		{ "read() and poll() sleep and wake", test_blocking_read_and_poll },
	};

	return kt_run(cases, ARRAY_SIZE(cases));
}
