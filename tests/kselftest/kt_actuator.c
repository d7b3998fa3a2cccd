// SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause
/*
 * What wattle asks of clocks, and that it takes all of it back: kt_actuator
 * DRIVER POLICY [PARAMETER...], the virtual platform's. Every case ends with the
 * outside checker: limits, governors, latency requests and affinities as before.
 */
#include "actuator.h"

#include <fcntl.h>
#include <sched.h>
#include <signal.h>

#include "../platform/selftest/lib.h"
#include "checker.h"

static const struct driver drivers[] = {
	{ "opp", 3200000, 3200000, 1600000, 2400000, false },
	{ "acpi", 2450000, 3400000, 1500000, 2000000, false },
	{ "hwp", 3200000, 3200000, 1600000, 2400000, true },
};

const struct driver *drv;
static char params[256];

/* While a grant runs the limit is there, the clock follows; then it goes. */
static void test_cap(void)
{
	unsigned int cpu = cpus - 1;
	struct load l = { .cpu = cpu, .kcycles = 6400 };
	char text[16];

	l.fd = kt_open();
	EXPECT_EQ(enforce(), 0);
	EXPECT(queue_of(l.fd, 1000, &slow, 1) > 0);
	EXPECT(checker_same(&before, 0));
	EXPECT(load_start(&l));
	EXPECT(load_hold(&l, 1));
	EXPECT(wait_limit(cpu, drv->cap));
	snprintf(text, sizeof(text), "%u", drv->cap);
	EXPECT(wait_text(text, cpu, "requested_khz"));
	EXPECT(pt_wait_khz(cpu, drv->cap, LIMIT));
	EXPECT(wait_text(drv->range ? "unavailable" : text, cpu, "observed_khz"));
	EXPECT(wait_text(drv->range ? "hint" : "effective", cpu, "confidence"));
	EXPECT(cpu_number(cpu, "foreign_max_khz") != drv->cap);
	EXPECT(wait_number(cpu, "force_max_us"));
	if (policy_of(0) != policy_of(cpu))
		EXPECT_EQ(limit_of(0), drv->full);
	EXPECT(load_hold(&l, 0));
	EXPECT(wait_limit(cpu, drv->full));
	EXPECT(wait_text("none", cpu, "requested_khz"));
	/* Under load that never pauses: nobody's governor was left behind. */
	EXPECT(pt_wait_khz(cpu, drv->true_full, LIMIT));
	EXPECT_EQ(load_stop(&l), 0);
	EXPECT(cpu_number(cpu, "actuations") >= 2);
	EXPECT_EQ(cpu_number(cpu, "failures"), 0);
	EXPECT(checker_same(&before, LIMIT));
	EXPECT_EQ(relax(), 0);
	close(l.fd);
}

/* Nothing is slowed that may not be; nothing outside enforce. */
static void no_cap(const char *mode, unsigned int slowdown_pm, const struct wattle_batch *b)
{
	struct load l = { .cpu = cpus - 1, .kcycles = 6400 };
	struct wattle_queue_stats st = { 0 };
	bool went;
	int q;

	l.fd = kt_open();
	EXPECT_EQ(enforce(), 0);
	EXPECT_EQ(kt_mode(mode), 0);
	q = queue_of(l.fd, slowdown_pm, b, 3);
	EXPECT(q > 0);
	EXPECT(load_start(&l));
	do {
		went = load_hold(&l, 1);
		EXPECT(wait_text("none", l.cpu, "requested_khz"));
		EXPECT_EQ(limit_of(l.cpu), drv->full);
		went &= load_hold(&l, 0);
		EXPECT(went);
		EXPECT_EQ(kt_stats(l.fd, q, &st), 0);
	} while (went && st.queued);
	EXPECT_EQ(cpu_number(l.cpu, "actuations"), 0);
	EXPECT_EQ(load_stop(&l), 0);
	EXPECT_EQ(relax(), 0);
	close(l.fd);
}

/* Time for such a batch at all the speed there is, and little more. */
static uint64_t just_in_time(void)
{
	return slow.work_kcycles * 1000000ULL / drv->full * 1000 * 105 / 100;
}

static void test_free(void)
{
	const struct wattle_batch unknown = { 0 };
	const struct wattle_batch dated = { .work_kcycles = slow.work_kcycles,
					    .deadline_ns = kt_now() + just_in_time() };

	no_cap("enforce", 1000, &unknown);
	no_cap("enforce", 1000, &dated);
	no_cap("enforce", 0, &slow);
	no_cap("observe", 1000, &slow);
	no_cap("off", 1000, &slow);
	EXPECT(checker_same(&before, LIMIT));
}

/* A batch that would be late behind what runs slowed lifts its cap. */
static void test_dated_lifts(void)
{
	struct wattle_batch dated = { .work_kcycles = 1000 };
	struct load l = { .cpu = cpus - 1, .kcycles = 6400 };

	l.fd = kt_open();
	EXPECT_EQ(enforce(), 0);
	EXPECT(queue_of(l.fd, 1000, &slow, 1) > 0);
	EXPECT(load_start(&l));
	EXPECT(load_hold(&l, 1));
	EXPECT(wait_limit(l.cpu, drv->cap));
	dated.deadline_ns = kt_now() + just_in_time();
	EXPECT(queue_of(l.fd, 1000, &dated, 1) > 0);
	EXPECT(wait_limit(l.cpu, drv->full));
	EXPECT(load_end(&l));
}

/*
 * Work that is due much later runs slowly and ends in time, if all CPUs have some; one
 * alone does not, nor where the clock is not known.
 */
static void test_paced(void)
{
	struct wattle_batch b = { .work_kcycles = slow.work_kcycles,
				  .deadline_ns = kt_now() + 3600 * SEC };
	struct load l[8] = { 0 };
	struct wattle_queue_stats st;
	unsigned int i, n = cpus < 8 ? cpus : 8;
	int fd = kt_open(), q;

	EXPECT_EQ(enforce(), 0);
	q = queue_of(fd, 0, &b, n);
	EXPECT(q > 0);
	for (i = 0; i < n; i++) {
		if (i == 1)
			EXPECT_EQ(limit_of(0), drv->full);
		l[i] = (struct load){ .cpu = i, .fd = fd, .kcycles = 6400 };
		EXPECT(load_start(&l[i]));
		EXPECT(load_hold(&l[i], 1));
	}
	for (i = 0; i < n; i++) {
		EXPECT(wait_limit(i, drv->range ? drv->full : drv->cap));
		if (drv->range)
			EXPECT(wait_text("none", i, "requested_khz"));
	}
	for (i = 0; i < n; i++)
		EXPECT_EQ(load_stop(&l[i]), 0);
	for (i = 0; i < n; i++)
		EXPECT(wait_limit(i, drv->full));
	EXPECT_EQ(kt_stats(fd, q, &st), 0);
	EXPECT_EQ(st.completed, n);
	EXPECT_EQ(st.late, 0);
	EXPECT_EQ(relax(), 0);
	close(fd);
	EXPECT(checker_same(&before, LIMIT));
}

/* Off means off when the write returns; enforce caps again what still runs. */
static void test_modes(void)
{
	static const char * const others[] = { "off", "observe" };
	struct load l = { .cpu = cpus - 1, .kcycles = 6400 };
	uint64_t start, took;
	unsigned int i;

	l.fd = kt_open();
	EXPECT_EQ(enforce(), 0);
	EXPECT(queue_of(l.fd, 1000, &slow, 1) > 0);
	EXPECT(load_start(&l));
	EXPECT(load_hold(&l, 1));
	for (i = 0; i < 6; i++) {
		EXPECT(wait_limit(l.cpu, drv->cap));
		start = kt_now();
		EXPECT_EQ(kt_mode(others[i % 2]), 0);
		took = kt_now() - start;
		/* Unless it gave up after its second, nothing was held when it came back. */
		if (took < SEC)
			EXPECT(reads("none", l.cpu, "requested_khz"));
		EXPECT(wait_text("none", l.cpu, "requested_khz"));
		EXPECT(wait_limit(l.cpu, drv->full));
		EXPECT(pt_wait_khz(l.cpu, drv->true_full, LIMIT));
		EXPECT_EQ(kt_mode("enforce"), 0);
	}
	printf("# mode off took %llu us\n", (unsigned long long)took / 1000);
	/* So does taking the CPU away. */
	EXPECT(wait_limit(l.cpu, drv->cap));
	EXPECT_EQ(managed("\n"), 0);
	EXPECT(wait_limit(l.cpu, drv->full));
	EXPECT(load_end(&l));
}

/* A domain of which not every CPU is managed is left alone. */
static void test_part_managed(void)
{
	struct load l = { .cpu = cpus - 1, .kcycles = 6400 };
	char list[16];

	if (policy_of(cpus - 1) == cpus - 1 && policy_of(0) == 0 && policy_of(1) == 1) {
		kt_skip("every CPU has a clock of its own");
		return;
	}
	l.fd = kt_open();
	snprintf(list, sizeof(list), "%u", l.cpu);
	EXPECT_EQ(managed(list), 0);
	EXPECT_EQ(kt_mode("enforce"), 0);
	EXPECT(queue_of(l.fd, 1000, &slow, 1) > 0);
	EXPECT(load_start(&l));
	EXPECT(load_hold(&l, 1));
	EXPECT_EQ(enforce(), 0);
	EXPECT(wait_limit(l.cpu, drv->cap));
	EXPECT_EQ(managed(list), 0);
	EXPECT(wait_text("none", l.cpu, "requested_khz"));
	EXPECT(wait_limit(l.cpu, drv->full));
	EXPECT(load_end(&l));
}

/*
 * Short caps under load that never pauses: the clock must always come back. On slowly
 * switching drivers schedutil does not see to that by itself.
 */
static void test_come_back(void)
{
	struct load l = { .cpu = cpus - 1, .kcycles = 1600 };
	uint64_t until;
	int i;

	l.fd = kt_open();
	EXPECT_EQ(enforce(), 0);
	EXPECT(queue_of(l.fd, 1000, &slow, 20) > 0);
	EXPECT(load_start(&l));
	for (i = 0; i < 20; i++) {
		EXPECT(load_hold(&l, 1));
		if (i % 2)
			EXPECT(wait_limit(l.cpu, drv->cap));
		for (until = kt_now() + kt_rand() % (20 * MS); kt_now() < until;)
			sched_yield();
		EXPECT(load_hold(&l, 0));
		EXPECT(wait_limit(l.cpu, drv->full));
		EXPECT(pt_wait_khz(l.cpu, drv->true_full, LIMIT));
	}
	printf("# %lld nudges\n", cpu_number(l.cpu, "nudges"));
	EXPECT(load_end(&l));
}

/* Another governor takes over while a cap is held, and the first one back. */
static void test_governors(void)
{
	static const char * const names[] = { "performance", "powersave", "schedutil",
					      "ondemand", "conservative" };
	struct load l = { .cpu = cpus - 1, .kcycles = 6400 };
	char was[64], list[256];
	unsigned int i, tried = 0;

	EXPECT(pt_read(was, sizeof(was), CPUFREQ "policy%u/scaling_governor", policy_of(l.cpu)));
	EXPECT(pt_read(list, sizeof(list), CPUFREQ "policy%u/scaling_available_governors",
		       policy_of(l.cpu)));
	l.fd = kt_open();
	EXPECT_EQ(enforce(), 0);
	EXPECT(queue_of(l.fd, 1000, &slow, 1) > 0);
	EXPECT(load_start(&l));
	EXPECT(load_hold(&l, 1));
	EXPECT(wait_limit(l.cpu, drv->cap));
	for (i = 0; i < ARRAY_SIZE(names); i++) {
		if (!strstr(list, names[i]))
			continue;
		tried++;
		EXPECT_EQ(-pt_write(names[i], CPUFREQ "policy%u/scaling_governor",
				    policy_of(l.cpu)), 0);
		EXPECT_EQ(limit_of(l.cpu), drv->cap);
		if (strcmp(names[i], "powersave"))
			EXPECT(pt_wait_khz(l.cpu, drv->cap, LIMIT));
	}
	EXPECT(tried >= 2);
	EXPECT_EQ(-pt_write(was, CPUFREQ "policy%u/scaling_governor", policy_of(l.cpu)), 0);
	EXPECT(load_hold(&l, 0));
	EXPECT(wait_limit(l.cpu, drv->full));
	EXPECT(pt_wait_khz(l.cpu, drv->true_full, LIMIT));
	EXPECT(load_end(&l));
}

/* The driver goes while a cap is held, and comes back: so does the cap. */
static void test_reload(void)
{
	struct load l = { .cpu = cpus - 1 };
	int i;

	l.fd = kt_open();
	EXPECT_EQ(enforce(), 0);
	EXPECT(queue_of(l.fd, 1000, &slow, 1) > 0);
	EXPECT(load_start(&l));
	EXPECT(load_hold(&l, 1));
	for (i = 0; i < 3; i++) {
		EXPECT(wait_limit(l.cpu, drv->cap));
		EXPECT_EQ(kt_rmmod("wattle_platform"), 0);
		EXPECT(wait_text("none", l.cpu, "confidence"));
		EXPECT(wait_text("none", l.cpu, "requested_khz"));
		EXPECT_EQ(kt_insmod("wattle_platform", params), 0);
	}
	EXPECT(wait_limit(l.cpu, drv->cap));
	EXPECT(load_hold(&l, 0));
	EXPECT(wait_limit(l.cpu, drv->full));
	EXPECT(load_end(&l));
}

static int set_online(unsigned int cpu, const char *on)
{
	return -pt_write(on, "/sys/devices/system/cpu/cpu%u/online", cpu);
}

/* CPUs of the domain, and then the one the grant is for, go and come. */
static void test_hotplug(void)
{
	struct load l = { .cpu = cpus - 2, .kcycles = 6400 };
	int i;

	l.fd = kt_open();
	EXPECT_EQ(enforce(), 0);
	EXPECT(queue_of(l.fd, 1000, &slow, 2) > 0);
	EXPECT(load_start(&l));
	EXPECT(load_hold(&l, 1));
	EXPECT(wait_limit(l.cpu, drv->cap));
	for (i = 0; i < 3; i++) {
		EXPECT_EQ(set_online(cpus - 1, "0"), 0);
		EXPECT(wait_limit(l.cpu, drv->cap));
		EXPECT_EQ(set_online(cpus - 1, "1"), 0);
		EXPECT(wait_limit(l.cpu, drv->cap));
	}
	EXPECT_EQ(set_online(l.cpu, "0"), 0);
	EXPECT(wait_text("none", l.cpu, "requested_khz") ||
	       policy_of(l.cpu) != l.cpu);
	EXPECT_EQ(set_online(l.cpu, "1"), 0);
	EXPECT(wait_limit(l.cpu, drv->cap));
	/* Its mask was widened when the CPU went: it may end where it likes. */
	EXPECT_EQ(load_stop(&l), 0);
	EXPECT(wait_limit(l.cpu, drv->full));
	EXPECT_EQ(relax(), 0);
	close(l.fd);
	EXPECT(checker_same(&before, LIMIT));
}

static void __attribute__((noreturn)) victim(void)
{
	struct load l[2] = { { .cpu = cpus - 1, .kcycles = 6400, .hold = 1 },
			     { .cpu = 0, .kcycles = 6400, .hold = 1 } };

	l[0].fd = kt_open();
	l[1].fd = l[0].fd;
	if (queue_of(l[0].fd, 1000, &slow, 2) < 0 || !load_start(&l[0]) || !load_start(&l[1]))
		_exit(1);
	for (;;)
		pause();
}

static void test_kill(void)
{
	int i, status;

	EXPECT_EQ(enforce(), 0);
	for (i = 0; i < 5; i++) {
		pid_t pid;

		fflush(stdout);
		pid = fork();
		if (!pid)
			victim();
		EXPECT(wait_limit(cpus - 1, drv->cap));
		EXPECT(wait_limit(0, drv->cap));
		kill(pid, SIGKILL);
		EXPECT_EQ(waitpid(pid, &status, 0), pid);
		EXPECT(wait_limit(cpus - 1, drv->full));
		EXPECT(checker_same(&before, LIMIT));
		EXPECT_EQ(kt_wait_sysfs("stats/clients", 0), 0);
	}
	EXPECT_EQ(relax(), 0);
}

/* A lease that ends takes its cap with it, though the thread computes on. */
static void test_lease(void)
{
	struct wattle_queue_params p = { .max_slowdown_pm = 1000, .lease_ns = 5 * SEC };
	struct load l = { .cpu = cpus - 1, .kcycles = 6400 };
	int q;

	l.fd = kt_open();
	EXPECT_EQ(enforce(), 0);
	q = kt_queue(l.fd, &p);
	EXPECT_EQ(kt_submit_batches(l.fd, q, &slow, 1, NULL), 1);
	EXPECT(load_start(&l));
	EXPECT(load_hold(&l, 1));
	EXPECT(wait_limit(l.cpu, drv->cap));
	EXPECT(wait_limit(l.cpu, drv->full));
	EXPECT_EQ(kt_sysfs("stats/granted"), 0);
	EXPECT_EQ(load_stop(&l), -ESTALE);
	EXPECT_EQ(relax(), 0);
	close(l.fd);
	EXPECT(checker_same(&before, LIMIT));
}

/* Only while admitted work of the class is there, only on managed CPUs, never 0. */
static void test_latency(void)
{
	struct wattle_queue_params p = { .class = WATTLE_CLASS_LATENCY };
	struct wattle_batch later = { .release_ns = kt_now() + 3600 * SEC };
	struct wattle_cancel c = { .size = sizeof(c), .flags = WATTLE_CANCEL_ALL };
	struct wattle_query info = { .size = sizeof(info) };
	int fd = kt_open(), q = kt_queue(fd, &p);

	EXPECT_EQ(ioctl(fd, WATTLE_IOC_QUERY, &info), 0);
	EXPECT_EQ(info.latency_confidence, WATTLE_CONFIDENCE_EFFECTIVE);
	EXPECT_EQ(info.cpufreq_confidence,
		  drv->range ? WATTLE_CONFIDENCE_HINT : WATTLE_CONFIDENCE_EFFECTIVE);
	EXPECT_EQ(managed("1"), 0);
	EXPECT_EQ(kt_submit_batches(fd, q, &later, 1, NULL), 1);
	EXPECT(wait_text("none", 1, "requested_latency_us"));
	EXPECT_EQ(kt_mode("enforce"), 0);
	EXPECT(wait_text("50", 1, "requested_latency_us"));
	EXPECT(wait_text("none", 0, "requested_latency_us"));
	EXPECT_EQ(kt_mode("off"), 0);
	EXPECT(wait_text("none", 1, "requested_latency_us"));
	EXPECT_EQ(kt_mode("enforce"), 0);
	EXPECT(wait_text("50", 1, "requested_latency_us"));
	c.queue = q;
	EXPECT_EQ(ioctl(fd, WATTLE_IOC_CANCEL, &c), 0);
	EXPECT(wait_text("none", 1, "requested_latency_us"));
	EXPECT_EQ(kt_submit_batches(fd, q, &later, 1, NULL), 1);
	EXPECT(wait_text("50", 1, "requested_latency_us"));
	EXPECT_EQ(managed("0"), 0);
	EXPECT(wait_text("50", 0, "requested_latency_us"));
	EXPECT(wait_text("none", 1, "requested_latency_us"));
	close(fd);
	EXPECT(wait_text("none", 0, "requested_latency_us"));
	EXPECT_EQ(relax(), 0);
	EXPECT(checker_same(&before, LIMIT));
}

/* A drained module holds nothing; one that is unloaded right after a cap neither. */
static void test_drain_and_unload(void)
{
	struct load l = { .cpu = cpus - 1, .kcycles = 6400 };
	struct load plain = { .cpu = cpus - 1, .kcycles = 6400, .fd = -1 };
	int i;

	EXPECT(load_start(&plain));
	for (i = 0; i < 4; i++) {
		l.fd = kt_open();
		l.hold = 0;
		EXPECT_EQ(enforce(), 0);
		EXPECT(queue_of(l.fd, 1000, &slow, 1) > 0);
		EXPECT(load_start(&l));
		EXPECT(load_hold(&l, 1));
		EXPECT(wait_limit(l.cpu, drv->cap));
		if (i % 2) {
			EXPECT_EQ(-pt_write("1", WATTLE "draining"), 0);
			EXPECT(wait_limit(l.cpu, drv->full));
		}
		EXPECT_EQ(load_stop(&l), 0);
		close(l.fd);
		EXPECT_EQ(kt_rmmod("wattle"), 0);
		EXPECT(wait_limit(l.cpu, drv->full));
		EXPECT(pt_wait_khz(l.cpu, drv->true_full, LIMIT));
		EXPECT_EQ(kt_insmod("wattle", LEASES), 0);
	}
	EXPECT_EQ(load_stop(&plain), 0);
	EXPECT(checker_same(&before, LIMIT));
}

int main(int argc, char **argv)
{
	static const struct kt_case cases[] = {
		{ "a cap while granted work runs, and not longer", test_cap },
		{ "work that may not be slowed runs free", test_free },
		{ "a deadline lifts the cap before it", test_dated_lifts },
		{ "a deadline far off lowers the clock", test_paced },
		{ "a foreign minimum is respected", test_foreign_min },
		{ "admission follows a foreign maximum", test_foreign_max },
		{ "a foreign maximum from below to above the cap", test_foreign_crosses },
		{ "a promise that a foreign maximum breaks", test_revoked },
		{ "a real-time spinner keeps no limit", test_spinner },
		{ "modes: off takes everything back at once", test_modes },
		{ "a domain that is not all managed is left alone", test_part_managed },
		{ "the clock comes back under load that never pauses", test_come_back },
		{ "governors change under a cap", test_governors },
		{ "the driver goes and comes under a cap", test_reload },
		{ "CPUs go and come under a cap", test_hotplug },
		{ "kill -9", test_kill },
		{ "a lease ends, and its cap", test_lease },
		{ "latency requests", test_latency },
		{ "drained, unloaded", test_drain_and_unload },
	};
	unsigned int i;
	int n;

	if (argc < 3) {
		fprintf(stderr, "usage: kt_actuator DRIVER POLICY [PARAMETER...]\n");
		return 2;
	}
	if (geteuid())
		kt_skip_all("needs root: it loads modules and changes the mode");
	cpus = sysconf(_SC_NPROCESSORS_ONLN);
	if (cpus < 4)
		kt_skip_all("needs four CPUs");
	for (i = 0; i < ARRAY_SIZE(drivers); i++)
		if (!strcmp(argv[1], drivers[i].name))
			drv = &drivers[i];
	if (!drv) {
		fprintf(stderr, "kt_actuator: no driver '%s': opp, acpi or hwp\n", argv[1]);
		return 2;
	}
	n = snprintf(params, sizeof(params), "driver=%s policy=%s", argv[1], argv[2]);
	for (i = 3; i < (unsigned int)argc; i++)
		n += snprintf(params + n, sizeof(params) - n, " %s", argv[i]);
	printf("# %s\n", params);
	if (kt_loaded("wattle_platform"))
		kt_rmmod("wattle_platform");
	if (kt_insmod("wattle_platform", params))
		kt_skip_all("the virtual platform does not load");
	if (kt_reload(LEASES))
		kt_skip_all("wattle does not load");
	checker_look(&before);
	/* One case alone, by hand: CASE=its name, or the beginning of it. */
	for (i = 0; getenv("CASE") && i < ARRAY_SIZE(cases); i++)
		if (!strncmp(cases[i].name, getenv("CASE"), strlen(getenv("CASE"))))
			return kt_run(&cases[i], 1);
	return kt_run(cases, ARRAY_SIZE(cases));
}
