// SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause
/* kt_actuator: what others ask of a clock while wattle asks too. */
#include "actuator.h"

#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include "../platform/selftest/lib.h"

static int foreign(const char *which, unsigned int khz)
{
	char text[16];

	snprintf(text, sizeof(text), "%u", khz);
	return pt_write(text, CPUFREQ "policy%u/scaling_%s_freq", policy_of(cpus - 1), which);
}

/* An administrator's minimum is never undercut, one that comes late neither. */
void test_foreign_min(void)
{
	struct load l = { .cpu = cpus - 1, .kcycles = 6400 };
	char line[64], lowest[64];
	int i;

	EXPECT(pt_read(lowest, sizeof(lowest), CPUFREQ "policy%u/scaling_min_freq",
		       policy_of(l.cpu)));
	l.fd = kt_open();
	EXPECT_EQ(enforce(), 0);
	EXPECT(queue_of(l.fd, 1000, &slow, 2) > 0);
	EXPECT(load_start(&l));
	for (i = 0; i < 2; i++) {
		if (i)
			EXPECT_EQ(foreign("min", drv->between), 0);
		EXPECT(load_hold(&l, 1));
		if (!i) {
			EXPECT(wait_limit(l.cpu, drv->cap));
			EXPECT_EQ(foreign("min", drv->between), 0);
		}
		EXPECT(wait_limit(l.cpu, drv->between));
		EXPECT(pt_read(line, sizeof(line), CPUFREQ "policy%u/scaling_min_freq",
			       policy_of(l.cpu)));
		EXPECT_EQ(strtoul(line, NULL, 10), drv->between);
		EXPECT(pt_wait_khz(l.cpu, drv->between, LIMIT));
		/* Between two frequencies of the table the next above counts. */
		EXPECT_EQ(foreign("min", drv->between - 100000), 0);
		EXPECT(wait_limit(l.cpu, drv->range ? drv->between - 100000 : drv->between));
		/* With all of the range taken there is nothing left to ask for. */
		EXPECT_EQ(foreign("min", drv->full), 0);
		EXPECT(wait_text("none", l.cpu, "requested_khz"));
		EXPECT_EQ(-pt_write(lowest, CPUFREQ "policy%u/scaling_min_freq",
				    policy_of(l.cpu)), 0);
		EXPECT(wait_limit(l.cpu, drv->cap));
		EXPECT(load_hold(&l, 0));
	}
	EXPECT(load_end(&l));
}

static bool wait_supply(unsigned int khz)
{
	uint64_t end = kt_now() + LIMIT;

	while (kt_sysfs("supply_khz") != khz) {
		if (kt_now() > end) {
			printf("# supply_khz is %lld, not %u\n", kt_sysfs("supply_khz"), khz);
			return false;
		}
		sched_yield();
	}
	return true;
}

/* Admission counts on what others allow: also seen while our own cap is below it. */
void test_foreign_max(void)
{
	struct load l = { .cpu = cpus - 1, .kcycles = 6400 };

	l.fd = kt_open();
	EXPECT_EQ(enforce(), 0);
	EXPECT(wait_supply(drv->full));
	EXPECT(queue_of(l.fd, 1000, &slow, 1) > 0);
	EXPECT_EQ(foreign("max", drv->between), 0);
	EXPECT(wait_supply(drv->between));
	EXPECT_EQ(foreign("max", drv->full), 0);
	EXPECT(wait_supply(drv->full));
	EXPECT(load_start(&l));
	EXPECT(load_hold(&l, 1));
	EXPECT(wait_limit(l.cpu, drv->cap));
	EXPECT_EQ(kt_sysfs("supply_khz"), drv->full);
	EXPECT_EQ(foreign("max", drv->between), 0);
	EXPECT(wait_supply(drv->between));
	/* A smaller maximum makes a smaller frequency twice as slow as it. */
	EXPECT(load_hold(&l, 0));
	EXPECT(wait_limit(l.cpu, drv->between));
	EXPECT_EQ(foreign("max", drv->full), 0);
	EXPECT(wait_supply(drv->full));
	EXPECT(load_end(&l));
}

static bool wait_event(int fd, struct wattle_event *ev)
{
	uint64_t end = kt_now() + LIMIT;
	ssize_t got;

	do {
		got = read(fd, ev, sizeof(*ev));
	} while (got < 0 && errno == EAGAIN && kt_now() < end);
	return got == sizeof(*ev);
}

/*
 * A promise that a lower maximum breaks is taken back by name; the batch stays. With
 * the maximum gone it is given again.
 */
void test_revoked(void)
{
	struct wattle_queue_params p = { .event_mask = WATTLE_EVENTS_ALL };
	struct wattle_batch b = { .work_kcycles = drv->full * 1000ULL, .user_data = 7 };
	struct wattle_queue_stats st;
	struct wattle_verdict v;
	struct wattle_event ev;
	int fd = kt_open_flags(O_NONBLOCK), q;

	EXPECT_EQ(enforce(), 0);
	EXPECT(wait_supply(drv->full));
	q = kt_queue(fd, &p);
	/* 1000 s of work at full speed. */
	b.deadline_ns = kt_now() + 1100 * SEC;
	EXPECT_EQ(kt_submit_batches(fd, q, &b, 1, &v), 1);
	EXPECT_EQ(v.status, WATTLE_VERDICT_ADMITTED);
	EXPECT_EQ(foreign("max", drv->between), 0);
	EXPECT(wait_event(fd, &ev));
	EXPECT_EQ(foreign("max", drv->full), 0);
	EXPECT_EQ(ev.type, WATTLE_EVENT_REVOKED);
	EXPECT_EQ(ev.user_data, 7);
	EXPECT_EQ(ev.cpu, WATTLE_CPU_ANY);
	EXPECT_EQ(ev.status, WATTLE_REASON_INFEASIBLE);
	EXPECT_EQ(kt_stats(fd, q, &st), 0);
	EXPECT_EQ(st.queued, 1);
	EXPECT(wait_event(fd, &ev));
	EXPECT_EQ(ev.type, WATTLE_EVENT_RENEWED);
	EXPECT_EQ(ev.user_data, 7);
	EXPECT_EQ(relax(), 0);
	close(fd);
	EXPECT(checker_same(&before, LIMIT));
}

/* A foreign maximum goes from below the cap, where no frequency is, to above it. */
void test_foreign_crosses(void)
{
	struct load l = { .cpu = cpus - 1, .kcycles = 6400 };
	char highest[64], below[16], above[16];
	int i;

	snprintf(below, sizeof(below), "%u", drv->cap - 50000);
	snprintf(above, sizeof(above), "%u", drv->between);
	EXPECT(pt_read(highest, sizeof(highest), CPUFREQ "policy%u/scaling_max_freq",
		       policy_of(l.cpu)));
	l.fd = kt_open();
	EXPECT_EQ(enforce(), 0);
	EXPECT(queue_of(l.fd, 1000, &slow, 1) > 0);
	EXPECT(load_start(&l));
	EXPECT(load_hold(&l, 1));
	EXPECT(wait_limit(l.cpu, drv->cap));
	for (i = 0; i < 3; i++) {
		EXPECT_EQ(foreign("max", drv->cap - 50000), 0);
		EXPECT(wait_text(below, l.cpu, "foreign_max_khz"));
		EXPECT_EQ(foreign("max", drv->between), 0);
		EXPECT(wait_text(above, l.cpu, "foreign_max_khz"));
	}
	EXPECT_EQ(-pt_write(highest, CPUFREQ "policy%u/scaling_max_freq", policy_of(l.cpu)), 0);
	EXPECT(load_end(&l));
}

/* Somebody whom nothing of wattle's may preempt takes @cpu for itself. */
static pid_t urgent(unsigned int cpu)
{
	struct sched_param p = { .sched_priority = 10 };
	pid_t pid;

	fflush(stdout);
	pid = fork();
	if (pid)
		return pid;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	kt_pin((int)cpu);
	sched_setscheduler(0, SCHED_FIFO, &p);
	for (;;)
		;
}

/*
 * The thread that lifts limits runs at the lowest real-time priority, but is not bound to
 * the CPU that a spinner has: its lease over, the limit goes, and the domain may too. The
 * kernel takes a twentieth of the CPU from the spinner, and from all that is real-time
 * there; without that its own threads starve, and with them the machine.
 */
void test_spinner(void)
{
	struct wattle_queue_params p = { .max_slowdown_pm = 1000, .lease_ns = 3 * SEC };
	struct load l = { .cpu = cpus - 1, .kcycles = 6400 };
	pid_t pid;
	int i, q;

	l.fd = kt_open();
	EXPECT_EQ(enforce(), 0);
	q = kt_queue(l.fd, &p);
	EXPECT_EQ(kt_submit_batches(l.fd, q, &slow, 1, NULL), 1);
	EXPECT(load_start(&l));
	EXPECT(load_hold(&l, 1));
	EXPECT(wait_limit(l.cpu, drv->cap));
	pid = urgent(l.cpu);
	EXPECT(wait_limit(l.cpu, drv->full));
	EXPECT_EQ(kt_sysfs("stats/granted"), 0);
	/* Domains end and are made again while it spins. */
	for (i = 0; i < 3; i++) {
		EXPECT_EQ(managed("\n"), 0);
		EXPECT(wait_text("none", l.cpu, "requested_khz"));
		EXPECT_EQ(enforce(), 0);
	}
	EXPECT_EQ(relax(), 0);
	kill(pid, SIGKILL);
	EXPECT_EQ(waitpid(pid, NULL, 0), pid);
	EXPECT_EQ(load_stop(&l), -ESTALE);
	close(l.fd);
	EXPECT(checker_same(&before, LIMIT));
}
