// SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause
/*
 * The machine changes under work that is capped, over and over: kt_storm DRIVER POLICY
 * STEPS. CPUs go and come, governors, the driver, foreign limits, modes and managed CPUs,
 * cpusets, sleep; clients are killed all the while. Each storm alone, then all at once.
 * Afterwards the outside checker finds every limit, request and affinity as before.
 */
#include "storm.h"

#include <pthread.h>
#include <sched.h>

#include "../platform/selftest/lib.h"

#define CLIENTS	3	/* processes at a time */

static unsigned int steps;
static pid_t client[CLIENTS];

/* --- clients: work that may take twice its time --- */

static void *client_work(void *arg)
{
	struct load *l = arg;
	struct wattle_next n;
	uint64_t prev = 0, end;

	/* Its CPU may be gone, or not in its cpuset: then it runs where it may. */
	kt_pin(l->cpu);
	for (;;) {
		int err = kt_next(l->fd, prev, kt_now() + MS, &n);

		if (err && err != -ETIMEDOUT && err != -EINTR && err != -ESTALE)
			_exit(9);
		prev = err ? 0 : n.token;
		for (end = kt_now() + kt_rand() % (4 * MS); kt_now() < end;)
			;
	}
	return NULL;
}

static void __attribute__((noreturn)) client_run(void)
{
	struct load l[4];
	pthread_t t;
	unsigned int i;
	int q;

	l[0].fd = kt_open();
	q = queue_of(l[0].fd, 1000, &slow, 4);
	if (q < 0)
		_exit(8);
	for (i = 0; i < ARRAY_SIZE(l); i++) {
		l[i] = (struct load){ .fd = l[0].fd, .cpu = i % cpus };
		if (pthread_create(&t, NULL, client_work, &l[i]))
			_exit(7);
	}
	for (;;) {
		struct wattle_queue_stats st;

		if (kt_stats(l[0].fd, q, &st))
			_exit(6);
		if (st.queued < 8 && kt_submit_batches(l[0].fd, q, &slow, 1, NULL) < 0 &&
		    errno != ENOSPC && errno != EBUSY)
			_exit(5);
		sched_yield();
	}
}

static bool client_start(unsigned int i)
{
	fflush(stdout);
	client[i] = fork();
	if (!client[i])
		client_run();
	return client[i] > 0;
}

/* Ends it the hard way. A client that had ended by itself had found something wrong. */
static bool client_kill(unsigned int i)
{
	int status = 0;

	kill(client[i], SIGKILL);
	if (waitpid(client[i], &status, 0) != client[i] || !WIFSIGNALED(status)) {
		printf("# client %u ended with %d\n", i, WEXITSTATUS(status));
		return false;
	}
	return true;
}

pid_t storm_client(unsigned int i)
{
	return client[i % CLIENTS];
}

/* Until something is asked of a clock: only then does a disturbance disturb. */
static bool wait_capped(void)
{
	uint64_t end = kt_now() + LIMIT;
	unsigned int cpu;
	char line[64];

	do {
		for (cpu = 0; cpu < cpus; cpu++)
			if (pt_read(line, sizeof(line), WATTLE "cpu%u/requested_khz", cpu) &&
			    line[0] >= '0' && line[0] <= '9')
				return true;
		sched_yield();
	} while (kt_now() < end);
	printf("# nothing is asked of any clock\n");
	return false;
}

/* --- the weather --- */

static bool all_over(void)
{
	bool same;

	same = !kt_wait_sysfs("stats/clients", 0) && !kt_wait_sysfs("stats/workers", 0);
	same &= kt_sysfs("stats/granted") == 0 && kt_sysfs("stats/queues") == 0;
	if (!same)
		printf("# something of the clients is left\n");
	same &= relax() == 0;
	return checker_same(&before, LIMIT) && same;
}

/* Clients, @steps times @storm between two kills, and the machine as it was. */
static void rage(const struct storm *storm)
{
	unsigned int i, capped = 0;
	bool fine = true;

	if (storm->begin && !storm->begin())
		return;
	EXPECT_EQ(enforce(), 0);
	for (i = 0; i < CLIENTS; i++)
		EXPECT(client_start(i));
	for (i = 0; i < steps && fine; i++) {
		fine = wait_capped();
		capped += fine;
		fine = fine && storm->step(i, true);
		if (fine && i % 2)
			fine = client_kill(i / 2 % CLIENTS) && client_start(i / 2 % CLIENTS);
	}
	for (i = 0; i < CLIENTS; i++)
		fine &= client_kill(i);
	storm->end();
	printf("# %u steps under caps\n", capped);
	EXPECT(all_over());
	EXPECT(fine);
}

static void test_cpus(void)
{
	rage(&storm_cpus);
}

static void test_governors(void)
{
	rage(&storm_governors);
}

static void test_driver(void)
{
	rage(&storm_driver);
}

static void test_limits(void)
{
	rage(&storm_limits);
}

static void test_modes(void)
{
	rage(&storm_modes);
}

static void test_cpusets(void)
{
	rage(&storm_cpusets);
}

static void test_sleep(void)
{
	rage(&storm_sleep);
}

/* --- all at once --- */

struct rager {
	const struct storm	*storm;
	pthread_t		thread;
	unsigned int		succeeded;
};

static bool raging;

static void *rager_fn(void *arg)
{
	struct rager *r = arg;
	unsigned int i;

	for (i = 0; i < steps || __atomic_load_n(&raging, __ATOMIC_ACQUIRE); i++)
		__atomic_add_fetch(&r->succeeded, r->storm->step(i, false), __ATOMIC_RELAXED);
	return NULL;
}

static bool all_took_effect(struct rager *r, unsigned int n)
{
	unsigned int i;

	for (i = 0; i < n; i++)
		if (!__atomic_load_n(&r[i].succeeded, __ATOMIC_RELAXED))
			return false;
	return true;
}

/*
 * What one storm needs another may have taken: steps may fail, the system may not. It goes on
 * until each storm has done something, or no longer may.
 */
static void test_all(void)
{
	struct rager r[] = { { .storm = &storm_cpus }, { .storm = &storm_governors },
			     { .storm = &storm_driver }, { .storm = &storm_limits },
			     { .storm = &storm_modes } };
	uint64_t end = kt_now() + LIMIT;
	unsigned int i;
	bool fine = true;

	EXPECT_EQ(enforce(), 0);
	for (i = 0; i < CLIENTS; i++)
		EXPECT(client_start(i));
	EXPECT(wait_capped());
	raging = true;
	for (i = 0; i < ARRAY_SIZE(r); i++)
		EXPECT_EQ(pthread_create(&r[i].thread, NULL, rager_fn, &r[i]), 0);
	for (i = 0; fine && (i < steps || (!all_took_effect(r, ARRAY_SIZE(r)) && kt_now() < end));
	     i++)
		fine = client_kill(i % CLIENTS) && client_start(i % CLIENTS);
	__atomic_store_n(&raging, false, __ATOMIC_RELEASE);
	for (i = 0; i < ARRAY_SIZE(r); i++)
		pthread_join(r[i].thread, NULL);
	for (i = 0; i < CLIENTS; i++)
		fine &= client_kill(i);
	for (i = 0; i < ARRAY_SIZE(r); i++)
		r[i].storm->end();
	EXPECT(all_over());
	EXPECT(fine);
	for (i = 0; i < ARRAY_SIZE(r); i++) {
		printf("# %s: %u steps took effect\n", r[i].storm->name, r[i].succeeded);
		EXPECT(r[i].succeeded);
	}
}

/* After all of it the module can still go, and leaves nothing. */
static void test_unload(void)
{
	EXPECT_EQ(kt_rmmod("wattle"), 0);
	EXPECT(checker_same(&before, LIMIT));
	EXPECT_EQ(kt_insmod("wattle", LEASES), 0);
}

int main(int argc, char **argv)
{
	static const struct kt_case cases[] = {
		{ "CPUs go and come", test_cpus },
		{ "governors change", test_governors },
		{ "the driver goes and comes", test_driver },
		{ "foreign limits move", test_limits },
		{ "modes and managed CPUs change", test_modes },
		{ "cpusets change", test_cpusets },
		{ "the machine sleeps and wakes", test_sleep },
		{ "all at once", test_all },
		{ "unloaded after the storm", test_unload },
	};

	if (argc != 4) {
		fprintf(stderr, "usage: kt_storm DRIVER POLICY STEPS\n");
		return 2;
	}
	if (geteuid())
		kt_skip_all("needs root: it loads modules and changes the mode");
	cpus = sysconf(_SC_NPROCESSORS_ONLN);
	if (cpus < 4)
		kt_skip_all("needs four CPUs");
	steps = strtoul(argv[3], NULL, 0);
	storm_platform(argv[1], argv[2]);
	printf("# driver %s, policy %s, %u steps a storm\n", argv[1], argv[2], steps);
	if (kt_reload(LEASES)) {
		fprintf(stderr, "kt_storm: cannot load wattle\n");
		return 1;
	}
	checker_look(&before);
	return kt_run(cases, ARRAY_SIZE(cases));
}
