// SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause
/*
 * Halted work takes C/f + M of CPU time, on however many CPUs at once, and only
 * while its task has the CPU.
 */
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "lib.h"

#define KCYCLES		768000ull	/* 240 ms at 3.2 GHz */

static double ms(uint64_t kcycles, uint64_t khz)
{
	return (double)kcycles * 1000 / khz;
}

struct worker {
	pthread_t thread;
	pthread_barrier_t *start;
	unsigned int cpu;
	int rt_priority;
	uint64_t kcycles, stall_us;
	uint64_t began_ns, ended_ns;
	int64_t ran_ns;
};

static void *work(void *arg)
{
	struct worker *w = arg;
	struct sched_param rt = { .sched_priority = w->rt_priority };
	int fd = pt_open();

	pt_pin(w->cpu);
	if (w->rt_priority && pthread_setschedparam(pthread_self(), SCHED_FIFO, &rt))
		tap_bail("cannot get SCHED_FIFO");
	pthread_barrier_wait(w->start);
	w->began_ns = pt_now_ns();
	w->ran_ns = pt_work(fd, w->kcycles, w->stall_us);
	w->ended_ns = pt_now_ns();
	close(fd);
	return NULL;
}

static double span_ms(const struct worker *w)
{
	return (w->ended_ns - w->began_ns) / 1e6;
}

static void run_all(struct worker *w, unsigned int n)
{
	pthread_barrier_t start;
	unsigned int i;

	pthread_barrier_init(&start, NULL, n);
	for (i = 0; i < n; i++) {
		w[i].start = &start;
		if (pthread_create(&w[i].thread, NULL, work, &w[i]))
			tap_bail("cannot create a thread");
	}
	for (i = 0; i < n; i++)
		pthread_join(w[i].thread, NULL);
	pthread_barrier_destroy(&start);
}

static void test_frequency(uint64_t khz, unsigned int n)
{
	struct worker w[4];
	double slowest = 0;
	unsigned int i;

	memset(w, 0, sizeof(w));
	for (i = 0; i < n; i++) {
		w[i].cpu = i;
		w[i].kcycles = KCYCLES;
	}
	pt_fix_khz(khz);
	run_all(w, n);
	for (i = 0; i < n; i++)
		if (span_ms(&w[i]) > slowest)
			slowest = span_ms(&w[i]);
	tap_near(slowest, ms(KCYCLES, khz), 0.02, "%u busy CPUs at %llu kHz, ms", n,
		 (unsigned long long)khz);
}

static double one(uint64_t kcycles, uint64_t stall_us)
{
	struct worker w = { .cpu = 1, .kcycles = kcycles, .stall_us = stall_us };

	run_all(&w, 1);
	return span_ms(&w);
}

static void test_stall(void)
{
	double fast, slow;

	pt_fix_khz(3200000);
	fast = one(0, 240000);
	pt_fix_khz(800000);
	slow = one(0, 240000);
	tap_near(fast, 240, 0.02, "stall only at 3.2 GHz, ms");
	tap_near(slow, fast, 0.02, "stall only at 0.8 GHz, ms");
	tap_near(one(KCYCLES / 4, 120000), ms(KCYCLES / 4, 800000) + 120, 0.02,
		 "half and half at 0.8 GHz, ms");
}

static void test_shared_cpu(void)
{
	struct worker w[2] = {
		{ .cpu = 1, .kcycles = KCYCLES },
		{ .cpu = 1, .kcycles = KCYCLES },
	};
	uint64_t end;

	pt_fix_khz(1600000);
	run_all(w, 2);
	end = w[0].ended_ns > w[1].ended_ns ? w[0].ended_ns : w[1].ended_ns;
	tap_near((end - w[0].began_ns) / 1e6, 2 * ms(KCYCLES, 1600000), 0.02,
		 "two tasks on one CPU, wall ms");
	tap_near(w[0].ran_ns / 1e6, ms(KCYCLES, 1600000), 0.02, "CPU time of the first, ms");
	tap_near(w[1].ran_ns / 1e6, ms(KCYCLES, 1600000), 0.02, "CPU time of the second, ms");
}

/* A real-time task takes the CPU away in one piece. */
static void test_preempted(void)
{
	struct worker w[2] = {
		{ .cpu = 1, .kcycles = KCYCLES },
		{ .cpu = 1, .kcycles = KCYCLES / 2, .rt_priority = 10 },
	};

	pt_fix_khz(1600000);
	run_all(w, 2);
	tap_near(span_ms(&w[1]), ms(KCYCLES / 2, 1600000), 0.02, "the preempting task, ms");
	tap_near(w[0].ran_ns / 1e6, ms(KCYCLES, 1600000), 0.02,
		 "CPU time of the preempted task, ms");
	tap_ok(w[0].ended_ns > w[1].ended_ns, "the preempted task ends last");
}

static void test_frequency_change(void)
{
	struct worker w = { .cpu = 1, .kcycles = 2 * KCYCLES };
	const struct timespec wait = { .tv_nsec = 120000000 };
	pthread_barrier_t start;
	double before, rest;
	uint64_t changed;

	pt_fix_khz(3200000);
	pthread_barrier_init(&start, NULL, 2);
	w.start = &start;
	pthread_create(&w.thread, NULL, work, &w);
	pthread_barrier_wait(&start);
	nanosleep(&wait, NULL);		/* not a race: the instant is measured, not assumed */
	pt_fix_khz(800000);
	changed = pt_now_ns();
	pthread_join(w.thread, NULL);
	pthread_barrier_destroy(&start);

	before = (changed - w.began_ns) / 1e6;
	rest = ms(2 * KCYCLES - (uint64_t)(before * 3200), 800);
	tap_ok(changed < w.ended_ns, "the change came in the middle, after %.1f ms", before);
	tap_near(span_ms(&w), before + rest / 1000, 0.02, "3.2 to 0.8 GHz on the way, ms");
}

static void test_split_batches(void)
{
	int fd = pt_open();
	int64_t ran;
	uint64_t t0;
	int i;

	pt_pin(1);
	pt_fix_khz(3200000);
	t0 = pt_now_ns();
	for (i = 0; i < 240; i++)
		if (pt_work(fd, KCYCLES / 240, 0) < 0)
			tap_bail("work failed: %s", strerror(errno));
	tap_near((pt_now_ns() - t0) / 1e6, 240, 0.02, "240 pieces of 1 ms, ms");
	ran = pt_work(fd, 0, 0);
	tap_ok(ran >= 0 && ran < 50000, "no work takes no time (%lld ns)", (long long)ran);
	close(fd);
}

static volatile sig_atomic_t handled;

static void on_signal(int sig)
{
	(void)sig;
	handled = 1;
}

/* *flag becomes 1 when the child is about to start its work. */
static pid_t child_work(volatile int *flag)
{
	pid_t pid = fork();

	if (!pid) {
		int fd = pt_open();

		pt_pin(1);
		*flag = 1;
		_exit(pt_work(fd, 2000ull * 3200000, 0) < 0 ? 1 : 0);
	}
	return pid;
}

static void test_signals(void)
{
	volatile int *flag = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
				  MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	struct itimerspec soon = { .it_value.tv_nsec = 50000000 };
	struct sigevent ev = { .sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGUSR1 };
	struct sigaction act = { .sa_handler = on_signal };
	const struct timespec wait = { .tv_nsec = 50000000 };
	static struct pt_snapshot a, b;
	uint64_t t0;
	timer_t timer;
	pid_t pid;
	int status, fd;

	pt_fix_khz(3200000);
	pt_pin(0);
	pid = child_work(flag);
	while (!*flag)
		sched_yield();
	pt_snapshot(&a);
	do {				/* until the work has the CPU */
		nanosleep(&wait, NULL);
		pt_snapshot(&b);
	} while (b.cpu[1].state_ns[PT_RUN] - a.cpu[1].state_ns[PT_RUN] < 20000000);
	t0 = pt_now_ns();
	kill(pid, SIGKILL);
	waitpid(pid, &status, 0);
	tap_ok(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL, "SIGKILL ends the work");
	tap_ok(pt_now_ns() - t0 < 100000000, "within 0.1 s (%.2f ms)", (pt_now_ns() - t0) / 1e6);

	sigaction(SIGUSR1, &act, NULL);
	fd = pt_open();
	timer_create(CLOCK_MONOTONIC, &ev, &timer);
	t0 = pt_now_ns();
	timer_settime(timer, 0, &soon, NULL);
	tap_ok(pt_work(fd, KCYCLES, 0) > 0 && handled, "a handled signal does not end it");
	tap_near((pt_now_ns() - t0) / 1e6, 240, 0.02, "and it takes its time, ms");
	timer_delete(timer);
	close(fd);
	munmap((void *)flag, 4096);
}

static int work_errno(struct wattle_platform_work work)
{
	int fd = pt_open();
	int ret = ioctl(fd, WATTLE_PLATFORM_WORK, &work) ? errno : 0;

	close(fd);
	return ret;
}

static int task_errno(struct wattle_platform_task task)
{
	int fd = pt_open();
	int ret = ioctl(fd, WATTLE_PLATFORM_TASK, &task) ? errno : 0;

	close(fd);
	return ret;
}

static void test_arguments(void)
{
	const uint32_t size = sizeof(struct wattle_platform_work);
	const uint32_t tsize = sizeof(struct wattle_platform_task);
	struct {
		struct wattle_platform_work work;
		uint64_t more;
	} large = { .work.size = sizeof(large) };
	int fd = pt_open();

	tap_ok(work_errno((struct wattle_platform_work){ .size = size - 8 }) == EINVAL,
	       "a short struct is EINVAL");
	tap_ok(work_errno((struct wattle_platform_work){ .size = size, .flags = 1 }) == EINVAL,
	       "an unknown flag is EINVAL");
	tap_ok(work_errno((struct wattle_platform_work){ .size = size,
			   .work_kcycles = 1ull << 43 }) == EINVAL, "too many cycles are EINVAL");
	tap_ok(work_errno((struct wattle_platform_work){ .size = size,
			   .stall_us = 1ull << 32 }) == EINVAL, "too much stall is EINVAL");
	tap_ok(ioctl(fd, WATTLE_PLATFORM_WORK, &large) == 0, "a longer struct with zeros is fine");
	large.more = 1;
	tap_ok(ioctl(fd, WATTLE_PLATFORM_WORK, &large) && errno == E2BIG,
	       "a longer struct with more is E2BIG");
	tap_ok(ioctl(fd, WATTLE_PLATFORM_WORK, (void *)8) && errno == EFAULT,
	       "a bad pointer is EFAULT");
	tap_ok(ioctl(fd, _IO(0xE8, 99), 0) && errno == ENOTTY, "an unknown command is ENOTTY");
	tap_ok(task_errno((struct wattle_platform_task){ .size = tsize,
			   .activity_pm = 599 }) == EINVAL, "activity 0.599 is EINVAL");
	tap_ok(task_errno((struct wattle_platform_task){ .size = tsize,
			   .activity_pm = 1601 }) == EINVAL, "activity 1.601 is EINVAL");
	tap_ok(task_errno((struct wattle_platform_task){ .size = tsize, .activity_pm = 1000,
			   .stall_pm = 1001 }) == EINVAL, "stall 1.001 is EINVAL");
	close(fd);
}

int main(void)
{
	static const uint64_t khz[] = { 3200000, 1600000, 800000 };
	static const unsigned int busy[] = { 1, 2, 4 };
	unsigned int i, j;

	if (!pt_virtual_time())
		tap_skip_all("times are exact under virtual time only");
	if (pt_cpus() < 4)
		tap_skip_all("needs 4 CPUs");
	pt_load("driver=opp");
	pt_quiet();

	for (i = 0; i < sizeof(khz) / sizeof(khz[0]); i++)
		for (j = 0; j < sizeof(busy) / sizeof(busy[0]); j++)
			test_frequency(khz[i], busy[j]);
	test_stall();
	test_shared_cpu();
	test_preempted();
	test_frequency_change();
	test_split_batches();
	test_signals();
	test_arguments();
	pt_unload();
	return tap_done();
}
