// SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause
/*
 * RAPL's provider: what it says where there is none, and its own code on made-up
 * registers (wattle_rapl_replay.ko): joules against the clock over wraps, sleeping
 * packages left alone, CPUs that go and come, dies, cores, registers that fail.
 */
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <sys/klog.h>

#include "harness.h"

#define REAL	"wattle_rapl"
#define REPLAY	"wattle_rapl_replay"
#define PARAM	"/sys/module/" REPLAY "/parameters/"
#define WATTS	40		/* of package 0; package 1 has twice that */
#define MAX_ZONES	16
#define LOG_ALL		3	/* SYSLOG_ACTION_READ_ALL */
#define LOG_CLEAR	5	/* SYSLOG_ACTION_CLEAR */
#define SLACK_UJ(w)	((w) * 3000ULL)	/* a reading may be 1 ms old, at both ends */

struct zone {
	unsigned int	zone, package, cpu;
	int		filtered, err;
	uint64_t	uj, before_ns, after_ns;
};

/* Instead of what a case that failed may have left. */
static int load(const char *params)
{
	int err = kt_loaded(REPLAY) ? kt_rmmod(REPLAY) : 0;

	return err ? err : kt_insmod(REPLAY, params);
}

static int read_text(const char *path, char *text, size_t size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n;

	if (fd < 0)
		return -errno;
	n = read(fd, text, size - 1);
	close(fd);
	text[n > 0 ? n : 0] = '\0';
	return n < 0 ? -EIO : 0;
}

static int write_text(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC), err;

	if (fd < 0)
		return -errno;
	err = write(fd, text, strlen(text)) < 0 ? -errno : 0;
	close(fd);
	return err;
}

/* All zones, read now; how many. */
static int zones(struct zone *z)
{
	uint64_t before = kt_now(), after;
	char text[4096], *at = text;
	int n = 0, used;

	if (read_text(PARAM "zones", text, sizeof(text)))
		return -1;
	after = kt_now();
	for (; n < MAX_ZONES && *at; at += used, n++) {
		unsigned long long uj;

		used = 0;
		if (sscanf(at, "%u %u %u %d %d %llu\n%n", &z[n].zone, &z[n].package, &z[n].cpu,
			   &z[n].filtered, &z[n].err, &uj, &used) != 6 || !used)
			return -1;
		z[n].uj = uj;
		z[n].before_ns = before;
		z[n].after_ns = after;
	}
	return n;
}

/* Did the zone gain @watts from reading @a to reading @b? Says the numbers if not. */
static int gained(const struct zone *a, const struct zone *b, uint64_t watts)
{
	uint64_t min = (b->before_ns - a->after_ns) * watts / 1000;
	uint64_t max = (b->after_ns - a->before_ns) * watts / 1000;
	uint64_t got = b->uj - a->uj;

	if (b->uj >= a->uj && got + SLACK_UJ(watts) >= min && got <= max + SLACK_UJ(watts))
		return 1;
	printf("# zone %u of package %u rose by %llu uJ, not %llu to %llu\n", b->zone, b->package,
	       (unsigned long long)got, (unsigned long long)min, (unsigned long long)max);
	return 0;
}

struct spinner {
	pthread_t	thread;
	int		cpu;
	atomic_int	state;		/* 0 starting, 1 spinning, 2 asked to end */
};

static void *spin(void *arg)
{
	struct spinner *s = arg;

	kt_pin(s->cpu);
	atomic_store(&s->state, 1);
	while (atomic_load(&s->state) != 2)
		;
	return NULL;
}

static int spinner_start(struct spinner *s, int cpu)
{
	s->cpu = cpu;
	atomic_store(&s->state, 0);
	if (pthread_create(&s->thread, NULL, spin, s))
		return -1;
	while (!atomic_load(&s->state))
		sched_yield();
	return 0;
}

static void spinner_stop(struct spinner *s)
{
	atomic_store(&s->state, 2);
	pthread_join(s->thread, NULL);
}

static void spin_until(uint64_t end)
{
	while (kt_now() < end)
		;
}

/* Function-call interrupts CPUs 2 and 3 have had. */
static long long calls(void)
{
	char text[65536], *at;
	unsigned long long n[4];

	if (read_text("/proc/interrupts", text, sizeof(text)))
		return -1;
	at = strstr(text, "CAL:");
	if (!at || sscanf(at + 4, "%llu %llu %llu %llu", &n[0], &n[1], &n[2], &n[3]) != 4)
		return -1;
	return n[2] + n[3];
}

/* Does the kernel log have a line of @module with @text? */
static int logged(const char *module, const char *text)
{
	static char log[1 << 20];
	int n = klogctl(LOG_ALL, log, sizeof(log) - 1);
	char *line, *next;

	log[n > 0 ? n : 0] = '\0';
	for (line = log; line; line = next) {
		next = strchr(line, '\n');
		if (next)
			*next++ = '\0';
		if (strstr(line, module) && strstr(line, text))
			return 1;
	}
	return 0;
}

static void test_nothing_here(void)
{
	EXPECT_EQ(kt_insmod(REAL, ""), -ENODEV);
	EXPECT(logged("wattle_rapl:", "unavailable (family "));
	EXPECT_EQ(kt_loaded(REAL), 0);
}

static void test_reasons(void)
{
	static const struct { const char *param, *text; } t[] = {
		{ "model=0xad", "TPMI" },
		{ "model=0x1a", "not in the table" },
		{ "unit=0", "unit register reads 0" },
		{ "broken=1", "unit register cannot be read" },
		{ "watts=0", "does not advance" },
		{ "watts=0 start=0", "does not advance" },
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(t); i++) {
		klogctl(LOG_CLEAR, NULL, 0);	/* for readers, not for the console */
		EXPECT_EQ(load(t[i].param), -ENODEV);
		EXPECT(logged("wattle_rapl_replay: unavailable", t[i].text));
	}
}

/* Both packages busy; each counter wraps in the first half second after the load. */
static void test_joules(void)
{
	struct zone a[MAX_ZONES], b[MAX_ZONES];
	struct spinner s;
	unsigned int seen = 0;
	int i, n;

	EXPECT_EQ(load("packages=2"), 0);
	EXPECT_EQ(spinner_start(&s, 2), 0);
	n = zones(a);
	spin_until(kt_now() + 2 * SEC);
	EXPECT_EQ(zones(b), n);
	spinner_stop(&s);
	EXPECT_EQ(n, 4);
	for (i = 0; i < n; i++) {
		EXPECT_EQ(b[i].err, 0);
		EXPECT_EQ(b[i].filtered, 0);
		seen |= 1u << (b[i].package * 2 + (b[i].zone == WATTLE_ZONE_DRAM));
		EXPECT(gained(&a[i], &b[i], b[i].zone == WATTLE_ZONE_DRAM ? 10 :
			      WATTS * (b[i].package + 1)));
	}
	EXPECT_EQ(seen, 15);
	EXPECT_EQ(kt_rmmod(REPLAY), 0);
}

/* 300 readings of a package: how many calls its CPUs got. */
static long long calls_of_readings(struct zone *last)
{
	long long before = calls();
	int i, n = 0;

	for (i = 0; i < 300; i++) {
		spin_until(kt_now() + 2 * MS);
		n = zones(last);
		if (n != 4)
			return -1;
	}
	return calls() - before;
}

static void test_sleepers_sleep_on(void)
{
	struct zone a[MAX_ZONES], idle[MAX_ZONES], busy[MAX_ZONES];
	long long woken = -1, asked, n;
	struct spinner s;
	int i;

	EXPECT_EQ(load("packages=2"), 0);
	EXPECT_EQ(spinner_start(&s, 2), 0);
	EXPECT_EQ(zones(a), 4);
	asked = calls_of_readings(busy);
	spinner_stop(&s);
	/*
	 * A CPU that is awake for the kernel's own work may be asked, and a host that
	 * holds up its virtual CPU keeps it awake: the quietest of five rounds, and a
	 * bound far below what asking always would cost.
	 */
	for (i = 0; i < 5 && (woken < 0 || woken > asked / 10); i++) {
		n = calls_of_readings(idle);
		EXPECT(n >= 0);
		if (woken < 0 || n < woken)
			woken = n;
	}
	printf("# function calls to package 1 for 300 readings: %lld busy, %lld idle\n",
	       asked, woken);
	EXPECT(asked >= 300);
	EXPECT(woken >= 0 && woken <= asked / 3);
	/* Whatever was used while nobody looked is there as soon as somebody is awake. */
	EXPECT_EQ(spinner_start(&s, 3), 0);
	EXPECT_EQ(zones(busy), 4);
	spinner_stop(&s);
	for (i = 0; i < 4; i++) {
		EXPECT_EQ(idle[i].err, 0);
		EXPECT(idle[i].uj >= a[i].uj && busy[i].uj >= idle[i].uj);
		EXPECT(gained(&a[i], &busy[i], busy[i].zone == WATTLE_ZONE_DRAM ? 10 :
			      WATTS * (busy[i].package + 1)));
	}
	EXPECT_EQ(kt_rmmod(REPLAY), 0);
}

static int cpu_set_online(int cpu, const char *on)
{
	char path[64];

	snprintf(path, sizeof(path), "/sys/devices/system/cpu/cpu%d/online", cpu);
	return write_text(path, on);
}

static void test_hotplug(void)
{
	struct zone a[MAX_ZONES], off[MAX_ZONES], off2[MAX_ZONES], on[MAX_ZONES];
	struct spinner s;
	int i;

	EXPECT_EQ(load("packages=2"), 0);
	EXPECT_EQ(spinner_start(&s, 2), 0);
	EXPECT_EQ(zones(a), 4);
	spinner_stop(&s);
	/* The first reader of package 1 goes, then the last: its figure stays. */
	EXPECT_EQ(cpu_set_online(2, "0"), 0);
	EXPECT_EQ(cpu_set_online(3, "0"), 0);
	EXPECT_EQ(zones(off), 4);
	spin_until(kt_now() + 100 * MS);
	EXPECT_EQ(zones(off2), 4);
	EXPECT_EQ(cpu_set_online(3, "1"), 0);
	EXPECT_EQ(spinner_start(&s, 3), 0);
	EXPECT_EQ(zones(on), 4);
	spinner_stop(&s);
	EXPECT_EQ(cpu_set_online(2, "1"), 0);
	for (i = 0; i < 4; i++) {
		EXPECT_EQ(off[i].err, 0);
		if (off[i].package)
			EXPECT_EQ(off2[i].uj, off[i].uj);
		EXPECT(gained(&a[i], &on[i], on[i].zone == WATTLE_ZONE_DRAM ? 10 :
			      WATTS * (on[i].package + 1)));
	}
	EXPECT_EQ(kt_rmmod(REPLAY), 0);
}

/* A package that was offline when the module came is offered when it comes. */
static void test_late_package(void)
{
	struct zone z[MAX_ZONES];
	uint64_t end;
	int n;

	EXPECT_EQ(cpu_set_online(2, "0"), 0);
	EXPECT_EQ(cpu_set_online(3, "0"), 0);
	EXPECT_EQ(load("packages=2"), 0);
	EXPECT_EQ(zones(z), 2);
	EXPECT_EQ(cpu_set_online(3, "1"), 0);
	for (end = kt_now() + 10 * SEC, n = 0; n != 4 && kt_now() < end; )
		n = zones(z);
	EXPECT_EQ(cpu_set_online(2, "1"), 0);
	EXPECT_EQ(n, 4);
	EXPECT_EQ(zones(z), 4);
	EXPECT_EQ(kt_rmmod(REPLAY), 0);
}

/* Two dies are one package of twice the watts, not half of it left out. */
static void test_dies(void)
{
	struct zone a[MAX_ZONES], b[MAX_ZONES];
	struct spinner s;

	EXPECT_EQ(load("dies=2 filter=1 model=0x8f"), 0);
	EXPECT_EQ(spinner_start(&s, 2), 0);
	EXPECT_EQ(zones(a), 2);
	spin_until(kt_now() + 500 * MS);
	EXPECT_EQ(zones(b), 2);
	spinner_stop(&s);
	EXPECT_EQ(b[0].zone, WATTLE_ZONE_PACKAGE);
	EXPECT_EQ(b[0].filtered, 1);
	EXPECT(gained(&a[0], &b[0], 2 * WATTS));
	EXPECT(gained(&a[1], &b[1], 2 * 10));
	EXPECT(logged("wattle_rapl_replay:", "blurs"));
	EXPECT_EQ(kt_rmmod(REPLAY), 0);
}

static void test_amd(void)
{
	struct zone a[MAX_ZONES], b[MAX_ZONES];
	struct spinner s;
	int i;

	EXPECT_EQ(load("amd=1 dies=2 threads=2 unit=0xa1003"), 0);
	EXPECT_EQ(spinner_start(&s, 2), 0);
	EXPECT_EQ(zones(a), 3);
	spin_until(kt_now() + 500 * MS);
	EXPECT_EQ(zones(b), 3);
	spinner_stop(&s);
	/* One package whatever the dies; a zone for each core. */
	EXPECT_EQ(b[0].zone, WATTLE_ZONE_PACKAGE);
	EXPECT(gained(&a[0], &b[0], WATTS));
	for (i = 1; i < 3; i++) {
		EXPECT_EQ(b[i].zone, WATTLE_ZONE_CORE);
		EXPECT_EQ(b[i].cpu / 2, i - 1);
		EXPECT(gained(&a[i], &b[i], 5));
	}
	EXPECT_EQ(kt_rmmod(REPLAY), 0);
}

static int query(struct wattle_query *q)
{
	int fd = kt_open(), err;

	*q = (struct wattle_query){ .size = sizeof(*q) };
	err = ioctl(fd, WATTLE_IOC_QUERY, q) ? -errno : 0;
	close(fd);
	return err;
}

/* The device takes it for its source; a register that stops answering is an error, not 0 J. */
static void test_device(void)
{
	struct wattle_query a, b;
	struct zone z[MAX_ZONES];
	long long errors;

	EXPECT_EQ(load(""), 0);
	EXPECT_EQ(query(&a), 0);
	EXPECT_EQ(strcmp(a.energy_source, "rapl-replay"), 0);
	EXPECT_EQ(a.energy_quality, WATTLE_QUALITY_MEASURED);
	EXPECT(a.energy_flags & WATTLE_ENERGY_SIMULATED);
	spin_until(kt_now() + 200 * MS);
	EXPECT_EQ(query(&b), 0);
	EXPECT((b.energy_uj - a.energy_uj) * 1000 / (b.energy_stamp_ns - a.energy_stamp_ns) >=
	       WATTS * 9 / 10);
	EXPECT((b.energy_uj - a.energy_uj) * 1000 / (b.energy_stamp_ns - a.energy_stamp_ns) <=
	       WATTS * 11 / 10);

	errors = kt_sysfs("energy/read_errors");
	EXPECT_EQ(write_text(PARAM "broken", "1"), 0);
	spin_until(kt_now() + 5 * MS);
	EXPECT_EQ(query(&b), 0);
	EXPECT(kt_sysfs("energy/read_errors") > errors);
	EXPECT_EQ(b.energy_quality, WATTLE_QUALITY_NONE);
	EXPECT_EQ(zones(z), 2);
	EXPECT_EQ(z[0].err, -EIO);
	EXPECT_EQ(write_text(PARAM "broken", "0"), 0);
	EXPECT_EQ(kt_rmmod(REPLAY), 0);
	EXPECT_EQ(query(&b), 0);
	EXPECT_EQ(b.energy_source[0], 0);
}

int main(void)
{
	static const struct kt_case cases[] = {
		{ "where there is none, it says so", test_nothing_here },
		{ "each reason", test_reasons },
		{ "joules of two busy packages, over a wrap", test_joules },
		{ "a package that sleeps is not woken", test_sleepers_sleep_on },
		{ "all CPUs of a package go and come", test_hotplug },
		{ "a package that comes late", test_late_package },
		{ "two dies are one package; a filtered counter", test_dies },
		{ "AMD's package and cores", test_amd },
		{ "the device's source, and a register that fails", test_device },
	};

	if (geteuid())
		kt_skip_all("needs root: it loads modules");
	if (kt_loaded(REAL))
		kt_skip_all("wattle_rapl is loaded: this machine has the real counters");
	if (sysconf(_SC_NPROCESSORS_ONLN) != 4)
		kt_skip_all("needs a guest with 4 CPUs");
	kt_pin(0);
	return kt_run(cases, ARRAY_SIZE(cases));
}
