// SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause
/*
 * What dispatch costs, in a guest in virtual time, where the clock follows
 * executed instructions (2 ns each): instruction counts, not speed.
 *
 * next_vs_null_syscall: one turn of a worker's loop over a preloaded queue
 * (NEXT completes the previous batch and takes the next) against getppid().
 * handoff_vs_eventfd: from just before SUBMIT to the parked worker's first
 * instruction, against the same with write() and read() of an eventfd; both
 * threads on one CPU, the median. The line for two CPUs is for information:
 * in virtual time CPUs run one after the other, so it includes the emulator's
 * turn-taking.
 * deep_vs_shallow: a turn of SUBMIT and NEXT with 100,000 batches outstanding, all
 * of them with deadlines in no order, against 100.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/wattle.h>
#include <pthread.h>
#include <sched.h>
#include <stdint.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "bench.h"

#define LOOPS		20000
#define CHUNK		500	/* the least of LOOPS / CHUNK: another CPU's work counts as time */
#define HANDOFFS	400
#define VECTOR		250
#define DEEP		100000
#define SHALLOW		100
#define DEEP_TURNS	5000

static int fd;
static uint32_t queue, other;	/* a queue holds 65,536 at most */

static uint64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000000ULL + t.tv_nsec;
}

static void pin(int cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	if (sched_setaffinity(0, sizeof(set), &set))
		bench_die("dispatch: cannot pin to CPU %d: %s", cpu, strerror(errno));
}

static void submit_to(uint32_t to, const struct wattle_batch *b, uint32_t n)
{
	struct wattle_submit s = { .size = sizeof(s), .queue = to, .count = n,
				   .batch_size = sizeof(*b), .batches = (uintptr_t)b };

	if (ioctl(fd, WATTLE_IOC_SUBMIT, &s) != (int)n)
		bench_die("dispatch: SUBMIT: %s", strerror(errno));
}

static void submit(const struct wattle_batch *b, uint32_t n)
{
	submit_to(queue, b, n);
}

/* The @i-th batch with a deadline and known work; deadlines in no order, 1 to 6 s ahead. */
static struct wattle_batch dated_batch(int i)
{
	return (struct wattle_batch) {
		.stall_us	= 1,
		.deadline_ns	= now_ns() + (1000 + i * 7919LL % 5000) * 1000000ULL,
	};
}

/* @dated: deadlines and known work, so that the ledger and the order have work to do. */
static void preload(int count, int dated)
{
	struct wattle_batch b[VECTOR];
	int i, k, n;

	for (i = 0; i < count; i += n) {
		n = count - i < VECTOR ? count - i : VECTOR;
		memset(b, 0, sizeof(b));
		for (k = 0; dated && k < n; k++)
			b[k] = dated_batch(i + k);
		submit(b, n);
	}
}

static void cancel_all(uint32_t of)
{
	struct wattle_cancel c = { .size = sizeof(c), .queue = of, .flags = WATTLE_CANCEL_ALL };

	if (ioctl(fd, WATTLE_IOC_CANCEL, &c) < 0)
		bench_die("dispatch: CANCEL: %s", strerror(errno));
}

static void next(struct wattle_next *n)
{
	n->prev_token = n->token;
	if (ioctl(fd, WATTLE_IOC_NEXT, n))
		bench_die("dispatch: NEXT: %s", strerror(errno));
}

static double next_loop(int dated)
{
	struct wattle_next n = { .size = sizeof(n) };
	struct wattle_complete d = { .size = sizeof(d) };
	double least = 0;
	uint64_t t;
	int i, k;

	preload(LOOPS + VECTOR, dated);
	next(&n);
	for (k = 0; k < LOOPS; k += CHUNK) {
		t = now_ns();
		for (i = 0; i < CHUNK; i++)
			next(&n);
		t = now_ns() - t;
		/* With deadlines the cost falls with the queue: only while it is long. */
		if (!dated || k < LOOPS / 4)
			bench_least(&least, (double)t / CHUNK);
	}
	d.token = n.token;
	if (ioctl(fd, WATTLE_IOC_COMPLETE, &d))
		bench_die("dispatch: COMPLETE: %s", strerror(errno));
	cancel_all(queue);
	return least;
}

/* A turn of SUBMIT and NEXT with @depth batches outstanding all the time, in two queues. */
static double turn_at(int depth)
{
	struct wattle_complete d = { .size = sizeof(d) };
	struct wattle_next n = { .size = sizeof(n) };
	struct wattle_batch b;
	double least = 0;
	uint64_t t;
	int i, k;

	for (i = 0; i < depth; i++) {
		b = dated_batch(i);
		submit_to(i % 2 ? other : queue, &b, 1);
	}
	for (k = 0; k < DEEP_TURNS; k += CHUNK) {
		t = now_ns();
		for (i = 0; i < CHUNK; i++) {
			b = dated_batch(k + i);
			submit_to(i % 2 ? other : queue, &b, 1);
			next(&n);
		}
		bench_least(&least, (double)(now_ns() - t) / CHUNK);
	}
	d.token = n.token;
	if (ioctl(fd, WATTLE_IOC_COMPLETE, &d))
		bench_die("dispatch: COMPLETE: %s", strerror(errno));
	cancel_all(queue);
	cancel_all(other);
	return least;
}

static double null_loop(void)
{
	double least = 0;
	uint64_t t;
	int i, k;

	for (k = 0; k < LOOPS; k += CHUNK) {
		t = now_ns();
		for (i = 0; i < CHUNK; i++)
			syscall(SYS_getppid);
		bench_least(&least, (double)(now_ns() - t) / CHUNK);
	}
	return least;
}

/* --- hand-off --- */

struct handoff {
	int		wattle;		/* else eventfd */
	int		cpu;		/* of the waiting thread */
	int		go, ack;
	uint64_t	woke;
	pid_t		tid;
	pthread_t	thread;
};

static void *waiter(void *arg)
{
	struct handoff *h = arg;
	struct wattle_next n = { .size = sizeof(n), .timeout_ns = WATTLE_TIME_FOREVER };
	uint64_t one = 1, got;
	int i;

	pin(h->cpu);
	__atomic_store_n(&h->tid, (pid_t)syscall(SYS_gettid), __ATOMIC_RELEASE);
	for (i = 0; i < HANDOFFS; i++) {
		if (h->wattle)
			next(&n);
		else if (read(h->go, &got, sizeof(got)) != sizeof(got))
			bench_die("dispatch: eventfd: %s", strerror(errno));
		h->woke = now_ns();
		if (write(h->ack, &one, sizeof(one)) != sizeof(one))
			bench_die("dispatch: eventfd: %s", strerror(errno));
	}
	return NULL;
}

/* Waits until the thread sleeps: a hand-off to one that does not is another thing. */
static void wait_asleep(pid_t tid)
{
	char path[64], buf[512];
	const char *p = NULL;

	snprintf(path, sizeof(path), "/proc/self/task/%d/stat", tid);
	do {
		int f = open(path, O_RDONLY);
		ssize_t len = f < 0 ? -1 : read(f, buf, sizeof(buf) - 1);

		if (f >= 0)
			close(f);
		if (len <= 0)
			bench_die("dispatch: %s: %s", path, strerror(errno));
		buf[len] = 0;
		p = strrchr(buf, ')');
		sched_yield();
	} while (!p || p[2] != 'S');
}

static int by_value(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

static double handoff(int wattle, int cpu)
{
	struct handoff h = { .wattle = wattle, .cpu = cpu };
	static uint64_t took[HANDOFFS];
	struct wattle_batch b = { 0 };
	uint64_t one = 1, got, t;
	int i;

	h.go = eventfd(0, 0);
	h.ack = eventfd(0, 0);
	if (h.go < 0 || h.ack < 0 || pthread_create(&h.thread, NULL, waiter, &h))
		bench_die("dispatch: set-up: %s", strerror(errno));
	while (!__atomic_load_n(&h.tid, __ATOMIC_ACQUIRE))
		sched_yield();
	for (i = 0; i < HANDOFFS; i++) {
		wait_asleep(h.tid);
		t = now_ns();
		if (wattle)
			submit(&b, 1);
		else if (write(h.go, &one, sizeof(one)) != sizeof(one))
			bench_die("dispatch: eventfd: %s", strerror(errno));
		if (read(h.ack, &got, sizeof(got)) != sizeof(got))
			bench_die("dispatch: eventfd: %s", strerror(errno));
		took[i] = h.woke - t;
	}
	pthread_join(h.thread, NULL);
	close(h.go);
	close(h.ack);
	qsort(took, HANDOFFS, sizeof(took[0]), by_value);
	return (double)took[HANDOFFS / 2];
}

int main(void)
{
	struct wattle_queue_create c = { .size = sizeof(c), .name = "dispatch" };
	const char *unit = "ns of virtual time (instructions x 2)";
	double null, ours, peer;

	setvbuf(stdout, NULL, _IOLBF, 0);
	fd = open("/dev/wattle", O_RDWR | O_CLOEXEC);
	if (fd < 0)
		bench_die("dispatch: /dev/wattle: %s; run it by make bench", strerror(errno));
	if (ioctl(fd, WATTLE_IOC_QUEUE_CREATE, &c))
		bench_die("dispatch: QUEUE_CREATE: %s", strerror(errno));
	queue = c.queue;
	if (ioctl(fd, WATTLE_IOC_QUEUE_CREATE, &c))
		bench_die("dispatch: QUEUE_CREATE: %s", strerror(errno));
	other = c.queue;
	mlockall(MCL_CURRENT | MCL_FUTURE);
	pin(0);

	null = null_loop();
	ours = next_loop(0);
	bench_figure("dispatch.next_vs_null_syscall", ours, null, "getppid(2)", unit, 0);
	ours = next_loop(1);
	printf("# NEXT with %d to %d deadlines queued: %.0f ns, %.2f null system calls\n",
	       LOOPS, LOOPS * 3 / 4, ours, ours / null);

	peer = turn_at(SHALLOW);
	ours = turn_at(DEEP);
	bench_figure("dispatch.deep_vs_shallow", ours, peer, "100 outstanding", unit, 0);

	peer = handoff(0, 0);
	ours = handoff(1, 0);
	bench_figure("dispatch.handoff_vs_eventfd", ours, peer, "eventfd write to read", unit, 0);
	if (sysconf(_SC_NPROCESSORS_ONLN) > 1) {
		peer = handoff(0, 1);
		ours = handoff(1, 1);
		printf("# hand-off to another CPU: %.0f ns, eventfd %.0f ns, ratio %.2f\n", ours,
		       peer, ours / peer);
	}
	return 0;
}
