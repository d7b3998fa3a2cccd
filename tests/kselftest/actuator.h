/* SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause */
/*
 * What the cases of kt_actuator share: the driver under test, a load that takes
 * grants, and waiting for limits.
 */
#ifndef KT_ACTUATOR_H
#define KT_ACTUATOR_H

#include "harness.h"

#include <pthread.h>
#include <stdbool.h>

#include "checker.h"

#define CPUFREQ	"/sys/devices/system/cpu/cpufreq/"
#define WATTLE	"/sys/class/misc/wattle/"
#define LIMIT	(20 * SEC)

struct driver {
	const char	*name;
	unsigned int	full;		/* highest frequency that cpufreq states */
	unsigned int	true_full;	/* and what then runs */
	unsigned int	cap;		/* for work that may take twice its time */
	unsigned int	between;	/* a foreign limit between the two */
	bool		range;
};

extern const struct driver *drv;
/* Grants here last as long as a slow guest takes, but for those whose lease is the test. */
#define LEASES	"lease_max_ms=3600000"

/* A batch that may take twice its time, in a queue that allows it. */
extern const struct wattle_batch slow;
extern struct checker before;
extern unsigned int cpus;

/* A thread on a CPU: halted work until told to stop; under a grant while @hold. */
struct load {
	pthread_t	thread;
	unsigned int	cpu;
	int		fd;		/* of /dev/wattle, -1 = plain load */
	int		hold;		/* 1 take a grant, 0 end it, -1 stop */
	int		held;
	int		err;
	unsigned int	kcycles;	/* done at a time; 0: spins, platform not needed */
};

/* The policy that @cpu belongs to: the directory is named after its first CPU. */
unsigned int policy_of(unsigned int cpu);
uint64_t limit_of(unsigned int cpu);
bool wait_limit(unsigned int cpu, uint64_t khz);
bool wait_text(const char *want, unsigned int cpu, const char *file);
/* Now, without waiting. */
bool reads(const char *want, unsigned int cpu, const char *file);
/* Until the file has a number above 0. */
bool wait_number(unsigned int cpu, const char *file);
long long cpu_number(unsigned int cpu, const char *file);
bool load_start(struct load *l);
/* Until it has, or no longer has, its grant; false if that went wrong. */
bool load_hold(struct load *l, int hold);
int load_stop(struct load *l);
/* The usual end of a case: no load, no file, mode observe, and the machine as it was before. */
bool load_end(struct load *l);
int managed(const char *list);
int enforce(void);
int relax(void);
/* Batches that may take twice their time (if they are known), unless @b says otherwise. */
int queue_of(int fd, unsigned int slowdown_pm, const struct wattle_batch *b, unsigned int n);

void test_foreign_min(void);
void test_foreign_max(void);
void test_foreign_crosses(void);
void test_revoked(void);
void test_spinner(void);

#endif
