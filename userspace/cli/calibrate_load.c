// SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause
/* Steady load on chosen CPUs: see calibrate_load.h. */
#include "cli/calibrate_load.h"

#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cli/opt.h"

#define LIFE_NS		20000000

/* Eight sums that do not wait for one another: as dense as portable C gets. */
static void burn(void)
{
	volatile double sink;
	uint64_t end = opt_now_ns() + LIFE_NS;
	double a[8] = { 1, 2, 3, 4, 5, 6, 7, 8 };
	int i, k;

	do {
		for (i = 0; i < 2000; i++)
			for (k = 0; k < 8; k++)
				a[k] = a[k] * 0.999999 + 1e-6;
	} while (opt_now_ns() < end);
	sink = a[0] + a[1] + a[2] + a[3] + a[4] + a[5] + a[6] + a[7];
	(void)sink;
}

static void succeed_one_another(pid_t parent)
{
	int status;
	pid_t pid;

	for (;;) {
		pid = fork();
		if (!pid) {
			prctl(PR_SET_PDEATHSIG, SIGKILL);
			if (getppid() == parent)	/* else its signal came too early */
				burn();
			_exit(0);
		}
		if (pid < 0)
			burn();		/* no room for another process: then this one */
		else
			while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
				;
	}
}

static pid_t start_one(unsigned int cpu)
{
	pid_t main_pid = getpid(), pid = fork();
	cpu_set_t *set;
	size_t size;

	if (pid)
		return pid;
	signal(SIGINT, SIG_DFL);
	signal(SIGTERM, SIG_DFL);
	signal(SIGHUP, SIG_DFL);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != main_pid)
		_exit(1);
	setpgid(0, 0);
	size = CPU_ALLOC_SIZE(cpu + 1);
	set = CPU_ALLOC(cpu + 1);
	if (!set)
		_exit(1);
	CPU_ZERO_S(size, set);
	CPU_SET_S(cpu, size, set);
	if (sched_setaffinity(0, size, set))
		_exit(1);
	succeed_one_another(getpid());
	return 0;
}

int cal_load_start(struct cal_load *l, const unsigned int *cpus, unsigned int n)
{
	int err;

	/* Whose parent was killed is to be waited for here. */
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	for (l->n = 0; l->n < n; l->n++) {
		l->pid[l->n] = start_one(cpus[l->n]);
		if (l->pid[l->n] < 0) {
			err = -errno;
			cal_load_stop(l);
			return err;
		}
		setpgid(l->pid[l->n], l->pid[l->n]);
	}
	return 0;
}

void cal_load_stop(struct cal_load *l)
{
	unsigned int i;
	int status;

	for (i = 0; i < l->n; i++)
		kill(-l->pid[i], SIGKILL);
	for (i = 0; i < l->n; i++) {
		/* Its last process too, which has become this one's child. */
		while (waitpid(-l->pid[i], &status, 0) > 0 || errno == EINTR)
			;
	}
	l->n = 0;
}
