// SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause
/*
 * Everything at once: halted work killed at random moments, hidden facts set and
 * dropped, frequencies changed, referee and counter read from all sides. The
 * kernel log and the sums must stay clean.
 *
 *	platform_stress [KILLS]	workers to kill (default 60)
 */
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "lib.h"

#define DIR		"/sys/kernel/debug/wattle_platform/"
#define RANGE_UJ	65536000000ull
#define WORKERS		6

static volatile bool stop;
static unsigned int seed = 1;

/* A child that works until it is killed: facts, files and work of all sizes. */
static pid_t start_worker(unsigned int cpu, unsigned int rnd)
{
	pid_t pid = fork();
	int fd;

	if (pid)
		return pid;
	pt_pin(cpu);
	for (;;) {
		fd = pt_open();
		pt_task(fd, 600 + rand_r(&rnd) % 1001, rand_r(&rnd) % 1001);
		if (pt_work(fd, rand_r(&rnd) % 20000, rand_r(&rnd) % 3000) < 0)
			_exit(1);
		close(fd);
	}
}

struct reader {
	pthread_t thread;
	unsigned int cpu, readings;
	bool monotone;
};

static void *read_all(void *arg)
{
	struct pt_snapshot *s = calloc(2, sizeof(*s));
	struct reader *r = arg;
	uint64_t uj, last_uj = pt_read_u64(DIR "package0/counter_uj");
	unsigned int cpu;

	pt_pin(r->cpu);
	r->monotone = s;
	for (; s && !stop; r->readings++) {
		pt_snapshot(&s[0]);
		for (cpu = 0; cpu < s->nr_cpus; cpu++)
			r->monotone &= s[0].cpu[cpu].energy_nj >= s[1].cpu[cpu].energy_nj;
		r->monotone &= s[0].package[0].energy_nj >= s[1].package[0].energy_nj;
		s[1] = s[0];
		/* Backwards would look like nearly a whole range. */
		uj = pt_read_u64(DIR "package0/counter_uj");
		r->monotone &= (uj + RANGE_UJ - last_uj) % RANGE_UJ < RANGE_UJ / 2;
		last_uj = uj;
	}
	free(s);
	return NULL;
}

static void *change_limits(void *arg)
{
	static const char * const khz[] = { "800000", "3200000", "1600000", "2400000" };
	unsigned int i, cpu;

	(void)arg;
	for (i = 0; !stop; i++)
		for (cpu = 0; cpu < pt_cpus(); cpu++)
			pt_write(khz[(i + cpu) % 4],
				 "/sys/devices/system/cpu/cpufreq/policy%u/scaling_max_freq", cpu);
	return NULL;
}

static void test_kills(const char *params, unsigned int kills)
{
	static struct pt_snapshot s;
	struct reader readers[2] = { { .cpu = 0 }, { .cpu = 1 } };
	pid_t workers[WORKERS] = { 0 };
	unsigned int i, died = 0, cpu, n = pt_cpus();
	uint64_t states[PT_MAX_CPUS] = { 0 };
	bool killed = true, sums = true;
	pthread_t limits;
	int status;

	pt_load(params);
	pt_reset();
	stop = false;
	for (i = 0; i < WORKERS; i++)
		workers[i] = start_worker(i % n, rand_r(&seed));
	for (i = 0; i < 2; i++)
		pthread_create(&readers[i].thread, NULL, read_all, &readers[i]);
	pthread_create(&limits, NULL, change_limits, NULL);

	for (i = 0; i < kills; i++) {
		const struct timespec t = { .tv_nsec = rand_r(&seed) % 5000000 };
		unsigned int k = rand_r(&seed) % WORKERS;

		nanosleep(&t, NULL);	/* a random moment, nothing to wait for */
		kill(workers[k], SIGKILL);
		if (waitpid(workers[k], &status, 0) == workers[k])
			died++;
		killed &= WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL;
		workers[k] = start_worker(k % n, rand_r(&seed));
	}
	stop = true;
	for (i = 0; i < 2; i++)
		pthread_join(readers[i].thread, NULL);
	pthread_join(limits, NULL);
	for (i = 0; i < WORKERS; i++) {
		kill(workers[i], SIGKILL);
		waitpid(workers[i], NULL, 0);
	}
	tap_ok(died == kills && killed, "%s: %u workers killed in the middle", params, died);
	tap_ok(readers[0].monotone && readers[1].monotone && readers[0].readings,
	       "%s: energy never went backwards in %u readings", params,
	       readers[0].readings + readers[1].readings);

	pt_snapshot(&s);
	for (cpu = 0; cpu < s.nr_cpus; cpu++) {
		for (i = 0; i < PT_NR_STATES; i++)
			states[cpu] += s.cpu[cpu].state_ns[i];
		sums &= states[cpu] == s.cpu[cpu].freq_ns;
	}
	tap_ok(sums, "%s: no time was lost or invented", params);
	tap_ok(pt_try_unload() == 0, "%s: unloads", params);
}

int main(int argc, char **argv)
{
	unsigned int kills = argc > 1 ? atoi(argv[1]) : 60;

	if (pt_cpus() < 2)
		tap_skip_all("needs 2 CPUs");
	test_kills("driver=opp", kills);
	test_kills("driver=hwp policy=pairs", kills);
	test_kills("driver=acpi steal=1", kills / 4);
	return tap_done();
}
