// SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause
/* The power table: MODEL_SET takes what is sound, says what is not, MODEL_GET gives it back. */
#include "harness.h"

#include <fcntl.h>
#include <linux/capability.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stddef.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#define PLATFORM	"wattle_platform"

static struct wattle_power_model sound(void)
{
	return (struct wattle_power_model){
		.size = sizeof(struct wattle_power_model),
		.nr_opps = 3, .nr_idle = 2,
		.shared_uw = 9000000, .shared_idle_uw = 2000000, .platform_uw = 30000000,
		.transition_us = 5, .switch_us = 20, .error_pm = 45,
		.name = "by hand",
		.opp = { { 1200000, 900000 }, { 2000000, 2100000 }, { 3200000, 5500000 } },
		.idle = { { 400000, 2, 2, 0 }, { 50000, 600, 133, 0 } },
	};
}

static int set(int fd, struct wattle_power_model *m)
{
	return ioctl(fd, WATTLE_IOC_MODEL_SET, m) ? -errno : 0;
}

static int get(int fd, struct wattle_power_model *m)
{
	*m = (struct wattle_power_model){ .size = sizeof(*m) };
	return ioctl(fd, WATTLE_IOC_MODEL_GET, m) ? -errno : 0;
}

static int clear(int fd)
{
	struct wattle_power_model m = { .size = sizeof(m), .flags = WATTLE_MODEL_CLEAR };

	return set(fd, &m);
}

static void test_taken(void)
{
	struct wattle_power_model in = sound(), out;
	struct wattle_query q = { .size = sizeof(q) };
	int fd = kt_open();

	EXPECT_EQ(ioctl(fd, WATTLE_IOC_QUERY, &q), 0);
	EXPECT(q.features & WATTLE_FEATURE_MODEL_SET);
	EXPECT_EQ(get(fd, &out), -ENODATA);
	EXPECT_EQ(kt_sysfs("model/opps"), 0);		/* "unavailable" is no number */
	EXPECT_EQ(set(fd, &in), 0);
	EXPECT_EQ(get(fd, &out), 0);
	EXPECT_EQ(memcmp(&in, &out, sizeof(in)), 0);
	EXPECT_EQ(kt_sysfs("model/opps"), 3);
	EXPECT_EQ(kt_sysfs("model/idle_states"), 2);
	EXPECT_EQ(kt_sysfs("model/error_pm"), 45);
	/* (0.9 + 7 - 0.05) / 1.2 GHz, (2.1 + 6.95) / 2.0, (5.5 + 6.95) / 3.2 J a cycle. */
	EXPECT_EQ(kt_sysfs("model/critical_khz"), 3200000);
	in.nr_opps = 2;
	in.opp[2] = (struct wattle_model_opp){ 0, 0 };
	in.shared_uw = in.shared_idle_uw;
	in.flags = WATTLE_MODEL_SIMULATED;
	EXPECT_EQ(set(fd, &in), 0);
	EXPECT_EQ(get(fd, &out), 0);
	EXPECT_EQ(memcmp(&in, &out, sizeof(in)), 0);
	EXPECT_EQ(kt_sysfs("model/critical_khz"), 1200000);
	/* The file's end is not the table's. */
	close(fd);
	fd = kt_open();
	EXPECT_EQ(get(fd, &out), 0);
	EXPECT_EQ(clear(fd), 0);
	EXPECT_EQ(clear(fd), -ENOENT);
	EXPECT_EQ(get(fd, &out), -ENODATA);
	close(fd);
}

/* One word of a sound table, replaced; what is to be said of it. */
struct wrong {
	size_t		offset;
	uint32_t	value;
	int		err;
	uint32_t	fault;
	uint32_t	index;
};

#define AT(field)	offsetof(struct wattle_power_model, field)

static void test_unsound(void)
{
	static const struct wrong wrongs[] = {
		{ AT(nr_opps), 65, EDOM, WATTLE_MODEL_FAULT_OPPS, 0 },
		{ AT(nr_opps), ~0U, EDOM, WATTLE_MODEL_FAULT_OPPS, 0 },
		{ AT(nr_idle), 11, EDOM, WATTLE_MODEL_FAULT_IDLES, 0 },
		{ AT(opp[0].khz), 0, EDOM, WATTLE_MODEL_FAULT_KHZ, 0 },
		{ AT(opp[2].khz), (1U << 25) + 1, EDOM, WATTLE_MODEL_FAULT_KHZ, 2 },
		{ AT(opp[1].khz), 1200000, EDOM, WATTLE_MODEL_FAULT_KHZ_ORDER, 1 },
		{ AT(opp[0].uw), 0, EDOM, WATTLE_MODEL_FAULT_UW, 0 },
		{ AT(opp[2].uw), (1U << 29) + 1, EDOM, WATTLE_MODEL_FAULT_UW, 2 },
		{ AT(opp[2].uw), 2099999, EDOM, WATTLE_MODEL_FAULT_UW_ORDER, 2 },
		{ AT(idle[1].uw), ~0U, EDOM, WATTLE_MODEL_FAULT_IDLE_UW, 1 },
		{ AT(idle[1].uw), 400001, EDOM, WATTLE_MODEL_FAULT_IDLE_UW_ORDER, 1 },
		{ AT(idle[0].uw), 900001, EDOM, WATTLE_MODEL_FAULT_IDLE_ABOVE, 0 },
		{ AT(idle[1].residency_us), ~0U, EDOM, WATTLE_MODEL_FAULT_RESIDENCY, 1 },
		{ AT(idle[1].residency_us), 2, EDOM, WATTLE_MODEL_FAULT_RESIDENCY_ORDER, 1 },
		{ AT(idle[1].exit_us), ~0U, EDOM, WATTLE_MODEL_FAULT_EXIT, 1 },
		{ AT(idle[1].exit_us), 1, EDOM, WATTLE_MODEL_FAULT_EXIT_ORDER, 1 },
		{ AT(shared_uw), ~0U, EDOM, WATTLE_MODEL_FAULT_SHARED, 0 },
		{ AT(platform_uw), ~0U, EDOM, WATTLE_MODEL_FAULT_SHARED, 0 },
		{ AT(shared_idle_uw), 9000001, EDOM, WATTLE_MODEL_FAULT_SHARED_ORDER, 0 },
		{ AT(transition_us), ~0U, EDOM, WATTLE_MODEL_FAULT_TRANSITION, 0 },
		{ AT(switch_us), ~0U, EDOM, WATTLE_MODEL_FAULT_TRANSITION, 0 },
		{ AT(idle[0].pad), 1, EDOM, WATTLE_MODEL_FAULT_PAD, 0 },
		{ AT(error_pm), 1001, EDOM, WATTLE_MODEL_FAULT_ERROR, 0 },
		/* Not the table's contents: nothing is said of an entry. */
		{ AT(flags), 4, EINVAL, 0, 0 },
		{ AT(flags), WATTLE_MODEL_CLEAR, EINVAL, 0, 0 },
		{ AT(kind), 1, EINVAL, 0, 0 },
		{ AT(pad), 1, EINVAL, 0, 0 },
		{ AT(reserved[2]), 1, EINVAL, 0, 0 },
		{ AT(name[28]), 'x', EINVAL, 0, 0 },
		{ AT(name[0]), '\n', EINVAL, 0, 0 },
		{ AT(opp[63].uw), 1, EINVAL, 0, 0 },
		{ AT(opp[3].khz), 1, EINVAL, 0, 0 },
		{ AT(idle[9].pad), 1, EINVAL, 0, 0 },
		{ AT(idle[2].uw), 1, EINVAL, 0, 0 },
	};
	struct wattle_power_model good = sound(), now, bad;
	int fd = kt_open(), err;
	size_t i;

	EXPECT_EQ(set(fd, &good), 0);
	for (i = 0; i < ARRAY_SIZE(wrongs); i++) {
		const struct wrong *w = &wrongs[i];

		bad = sound();
		memcpy((char *)&bad + w->offset, &w->value, sizeof(w->value));
		err = set(fd, &bad);
		if (err != -w->err || bad.fault != w->fault || bad.index != w->index) {
			kt_fail(__FILE__, __LINE__, "%zu: %s, fault %u, index %u", i,
				strerrorname_np(-err), bad.fault, bad.index);
			return;
		}
	}
	/* No operating points, no idle states: what is not counted must be 0. */
	bad = (struct wattle_power_model){ .size = sizeof(bad), .nr_idle = 1 };
	EXPECT_EQ(set(fd, &bad), -EDOM);
	EXPECT_EQ(bad.fault, WATTLE_MODEL_FAULT_NO_OPP);
	bad = (struct wattle_power_model){ .size = sizeof(bad), .nr_opps = 1, .opp = { { 9, 9 } } };
	EXPECT_EQ(set(fd, &bad), -EDOM);
	EXPECT_EQ(bad.fault, WATTLE_MODEL_FAULT_NO_IDLE);
	bad = sound();
	bad.fault = 1;
	EXPECT_EQ(set(fd, &bad), -EINVAL);
	bad = sound();
	bad.index = 1;
	EXPECT_EQ(set(fd, &bad), -EINVAL);
	/* None of them has replaced it. */
	EXPECT_EQ(get(fd, &now), 0);
	EXPECT_EQ(memcmp(&now, &good, sizeof(now)), 0);
	EXPECT_EQ(clear(fd), 0);
	close(fd);
}

static void test_sizes(void)
{
	static char big[8192];
	struct wattle_power_model m = sound();
	int fd = kt_open();

	m.size = 0;
	EXPECT_EQ(set(fd, &m), -EINVAL);
	m.size = sizeof(m) - 8;
	EXPECT_EQ(set(fd, &m), -EINVAL);
	m.size = sizeof(big);
	EXPECT_EQ(set(fd, &m), -E2BIG);
	m.size = sizeof(m) + 8;
	memcpy(big, &m, sizeof(m));
	EXPECT_EQ(set(fd, (struct wattle_power_model *)big), 0);
	big[sizeof(m)] = 1;
	EXPECT_EQ(set(fd, (struct wattle_power_model *)big), -E2BIG);
	EXPECT_EQ(set(fd, NULL), -EFAULT);
	EXPECT_EQ(clear(fd), 0);
	close(fd);
}

/* A child without the right to administer; its exit code is an errno. */
static int as_nobody(int (*fn)(void))
{
	struct __user_cap_header_struct h = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct d[2];
	int status;
	pid_t pid = fork();

	if (pid < 0)
		return -errno;
	if (!pid) {
		if (syscall(SYS_capget, &h, d))
			_exit(255);
		d[0].effective &= ~(1U << CAP_SYS_ADMIN);
		d[0].permitted &= ~(1U << CAP_SYS_ADMIN);
		if (syscall(SYS_capset, &h, d))
			_exit(255);
		_exit(fn());
	}
	if (waitpid(pid, &status, 0) != pid || !WIFEXITED(status))
		return -ECHILD;
	return -WEXITSTATUS(status);
}

static int nobody_sets(void)
{
	struct wattle_power_model m = sound();
	int fd = open("/dev/wattle", O_RDWR);

	return fd < 0 ? 254 : -set(fd, &m);
}

static int nobody_clears(void)
{
	int fd = open("/dev/wattle", O_RDWR);

	return fd < 0 ? 254 : -clear(fd);
}

static int nobody_gets(void)
{
	struct wattle_power_model m;
	int fd = open("/dev/wattle", O_RDWR);

	return fd < 0 ? 254 : -get(fd, &m);
}

static void test_permission(void)
{
	struct wattle_power_model m = sound();
	int fd = kt_open(), ro = open("/dev/wattle", O_RDONLY);

	EXPECT(ro >= 0);
	EXPECT_EQ(as_nobody(nobody_sets), -EPERM);
	EXPECT_EQ(set(fd, &m), 0);
	EXPECT_EQ(as_nobody(nobody_clears), -EPERM);
	EXPECT_EQ(as_nobody(nobody_gets), 0);
	EXPECT_EQ(set(ro, &m), -EBADF);
	EXPECT_EQ(get(ro, &m), 0);
	EXPECT_EQ(clear(fd), 0);
	close(ro);
	close(fd);
}

/* --- replaced while grants run --- */

static atomic_int stop;
static atomic_uint sets, torn, errors;

static struct wattle_power_model variant(unsigned int i)
{
	struct wattle_power_model m = sound();

	m.error_pm = i;
	m.opp[2].uw += i;
	m.idle[1].uw = i;
	return m;
}

static void *setter(void *arg)
{
	int fd = *(int *)arg;
	struct wattle_power_model m;
	unsigned int i;

	for (i = 0; !atomic_load(&stop); i++) {
		m = variant(i % 1000);
		if (set(fd, &m) || (i % 64 == 63 && clear(fd)))
			atomic_fetch_add(&errors, 1);
		atomic_fetch_add(&sets, 1);
	}
	return NULL;
}

static void *getter(void *arg)
{
	int fd = *(int *)arg;
	struct wattle_power_model m, want;
	int err;

	while (!atomic_load(&stop)) {
		err = get(fd, &m);
		if (err == -ENODATA)
			continue;
		want = variant(m.error_pm);
		if (err)
			atomic_fetch_add(&errors, 1);
		else if (memcmp(&m, &want, sizeof(m)))
			atomic_fetch_add(&torn, 1);
	}
	return NULL;
}

#define BATCHES	2000

static void test_under_load(void)
{
	struct wattle_queue_stats st;
	struct wattle_next n = { 0 };
	int fd = kt_open(), q = kt_queue(fd, NULL), i;
	pthread_t t[2];

	EXPECT_EQ(pthread_create(&t[0], NULL, setter, &fd), 0);
	EXPECT_EQ(pthread_create(&t[1], NULL, getter, &fd), 0);
	for (i = 0; i < BATCHES || atomic_load(&sets) < 500; i++) {
		EXPECT_EQ(kt_submit(fd, q, 1, 1), 1);
		EXPECT_EQ(kt_next(fd, n.token, 0, &n), 0);
	}
	EXPECT_EQ(kt_complete(fd, n.token), 0);
	atomic_store(&stop, 1);
	EXPECT_EQ(pthread_join(t[0], NULL), 0);
	EXPECT_EQ(pthread_join(t[1], NULL), 0);
	printf("# %u tables while %d batches ran\n", atomic_load(&sets), i);
	EXPECT_EQ(atomic_load(&errors), 0);
	EXPECT_EQ(atomic_load(&torn), 0);
	EXPECT_EQ(kt_stats(fd, q, &st), 0);
	EXPECT_EQ(st.completed, i);
	EXPECT(kt_identity(&st));
	clear(fd);
	close(fd);
}

/* --- against a machine whose clocks run from 0.8 to 3.6 GHz, or as the driver says --- */

static long long cpufreq(const char *file)
{
	char path[128], text[32] = "";
	int fd;

	snprintf(path, sizeof(path), "/sys/devices/system/cpu/cpu0/cpufreq/%s", file);
	fd = open(path, O_RDONLY);
	if (fd < 0)
		return -1;
	if (read(fd, text, sizeof(text) - 1) < 0)
		text[0] = 0;
	close(fd);
	return atoll(text);
}

static void test_machine(void)
{
	struct wattle_power_model m = sound();
	int fd = kt_open();
	long long low, high;

	EXPECT_EQ(kt_insmod(PLATFORM, ""), 0);
	low = cpufreq("cpuinfo_min_freq");
	high = cpufreq("cpuinfo_max_freq");
	EXPECT(low > 0 && high > low);
	m.opp[0].khz = low;
	m.opp[1].khz = (low + high) / 2;
	m.opp[2].khz = high;
	EXPECT_EQ(set(fd, &m), 0);
	m.opp[2].khz = 5 * high;
	EXPECT_EQ(set(fd, &m), -ERANGE);
	EXPECT_EQ(m.fault, WATTLE_MODEL_FAULT_MACHINE_KHZ);
	EXPECT_EQ(m.index, 2);
	m.fault = m.index = 0;
	m.opp[2].khz = high;
	m.opp[0].khz = low / 2;
	EXPECT_EQ(set(fd, &m), -ERANGE);
	EXPECT_EQ(m.fault, WATTLE_MODEL_FAULT_MACHINE_KHZ);
	EXPECT_EQ(m.index, 0);
	/* A table that ends where most of the range is still to come. */
	m = sound();
	m.nr_opps = 1;
	m.opp[0].khz = low;
	m.opp[1] = m.opp[2] = (struct wattle_model_opp){ 0, 0 };
	EXPECT_EQ(set(fd, &m), -ERANGE);
	EXPECT_EQ(m.fault, WATTLE_MODEL_FAULT_MACHINE_REACH);
	EXPECT_EQ(m.index, 0);
	EXPECT_EQ(get(fd, &m), 0);
	EXPECT_EQ(m.opp[2].khz, high);
	/* The machine's clocks go: the table stays, and can be taken back. */
	EXPECT_EQ(kt_rmmod(PLATFORM), 0);
	EXPECT_EQ(get(fd, &m), 0);
	EXPECT_EQ(clear(fd), 0);
	close(fd);
}

int main(void)
{
	static const struct kt_case cases[] = {
		{ "taken, given back, replaced, forgotten", test_taken },
		{ "each fault is told, with its entry", test_unsound },
		{ "sizes", test_sizes },
		{ "who may", test_permission },
		{ "replaced while batches run", test_under_load },
		{ "against the machine's clocks", test_machine },
	};

	if (geteuid())
		kt_skip_all("needs root");
	if (kt_loaded(PLATFORM))
		kt_skip_all("the platform is loaded already");
	return kt_run(cases, ARRAY_SIZE(cases));
}
