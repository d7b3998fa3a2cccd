// SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause
#include "attach.h"

#include <linux/futex.h>
#include <limits.h>
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

static pid_t spinners[256];
static unsigned int nr_spinners;

int fresh_open(void)
{
	while (nr_spinners)
		end_process(spinners[--nr_spinners]);
	close_range(3, ~0U, 0);
	relax();
	return kt_open();
}

void scene_spin(bool on)
{
	__atomic_store_n(&scene->spin, on, __ATOMIC_RELEASE);
	syscall(SYS_futex, &scene->spin, FUTEX_WAKE, INT_MAX, NULL, NULL, 0);
}

void spin_forever(void)
{
	kt_pin((int)cpus - 1);
	for (;;) {
		while (__atomic_load_n(&scene->spin, __ATOMIC_ACQUIRE))
			;
		syscall(SYS_futex, &scene->spin, FUTEX_WAIT, 0, NULL, NULL, 0);
	}
}

/* After exec there is no scene: it spins, a minute at most. */
int attach_exec_spin(void)
{
	uint64_t end = kt_now() + 60 * SEC;

	while (kt_now() < end)
		;
	return 1;
}

pid_t spinner(void)
{
	pid_t pid;

	fflush(stdout);
	scene_spin(false);
	pid = fork();
	if (!pid) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		spin_forever();
	}
	if (pid > 0 && nr_spinners < ARRAY_SIZE(spinners))
		spinners[nr_spinners++] = pid;
	return pid;
}

void end_process(pid_t pid)
{
	unsigned int i;

	/* -1 of a fork that failed would be everybody. */
	if (pid <= 0)
		return;
	for (i = 0; i < nr_spinners; i++)
		if (spinners[i] == pid)
			spinners[i] = spinners[--nr_spinners];
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

int steer_queue(int fd, unsigned int slowdown_pm)
{
	struct wattle_queue_params p = { .max_slowdown_pm = slowdown_pm };

	return kt_queue(fd, &p);
}

int attach(int fd, int queue, unsigned int op, int target, unsigned int flags,
	   struct wattle_attach *a)
{
	*a = (struct wattle_attach) {
		.size = sizeof(*a), .queue = queue, .op = op, .target = target, .flags = flags,
	};
	return ioctl(fd, WATTLE_IOC_ATTACH, a);
}

int report(int fd, int queue, uint64_t cycles, uint64_t stalls, uint64_t ns,
	   struct wattle_attach *a)
{
	*a = (struct wattle_attach) {
		.size = sizeof(*a), .queue = queue, .op = WATTLE_ATTACH_REPORT,
		.cycles = cycles, .stall_cycles = stalls, .run_ns = ns,
	};
	return ioctl(fd, WATTLE_IOC_ATTACH, a);
}

uint64_t ran(int fd, int queue)
{
	struct wattle_attach a;

	return report(fd, queue, 0, 0, 0, &a) ? 0 : a.member_ns;
}

bool wait_members(int fd, int queue, unsigned int n)
{
	uint64_t end = kt_now() + LIMIT;
	struct wattle_attach a;

	do {
		if (!report(fd, queue, 0, 0, 0, &a) && a.members == n)
			return true;
		sched_yield();
	} while (kt_now() < end);
	printf("# %u members, not %u\n", a.members, n);
	return false;
}
