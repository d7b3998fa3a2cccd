// SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause
/* RAPL by way of powercap, in a directory of our own. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "energy/energy.h"
#include "lib/internal.h"

static char root[64];

static void put(const char *zone, const char *file, const char *text)
{
	char path[256];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", root, zone);
	mkdir(path, 0755);
	snprintf(path, sizeof(path), "%s/%s/%s", root, zone, file);
	f = fopen(path, "w");
	assert_non_null(f);
	assert_true(fputs(text, f) >= 0);
	assert_int_equal(fclose(f), 0);
}

static void zone(const char *name, const char *label, const char *uj, const char *range)
{
	put(name, "name", label);
	put(name, "energy_uj", uj);
	put(name, "max_energy_range_uj", range);
}

static int setup(void **state)
{
	(void)state;
	strcpy(root, "/tmp/wattle-powercap-XXXXXX");
	if (!mkdtemp(root))
		return -1;
	wattle_powercap_set_dir(root);
	return 0;
}

static int teardown(void **state)
{
	char cmd[128];

	(void)state;
	wattle_powercap_set_dir(NULL);
	snprintf(cmd, sizeof(cmd), "rm -rf %s", root);
	return system(cmd);
}

static struct wattle_energy read_ok(void)
{
	struct wattle_energy e;

	assert_int_equal(wattle_energy__read(NULL, &e), 0);
	assert_string_equal(e.why, "");
	assert_int_equal(e.quality, WATTLE_QUALITY_MEASURED);
	assert_string_equal(e.source, "powercap:intel-rapl");
	assert_false(e.simulated);
	assert_true(e.stamp_ns > 0);
	return e;
}

static void expect_none(const char *why, const char *cure)
{
	struct wattle_energy e;

	assert_int_equal(wattle_energy__read(NULL, &e), 0);
	assert_int_equal(e.quality, WATTLE_QUALITY_NONE);
	assert_non_null(strstr(e.why, why));
	assert_non_null(strstr(e.why, cure));
}

static void packages_are_summed_their_parts_are_not(void **state)
{
	uint64_t start;

	(void)state;
	zone("intel-rapl:0", "package-0\n", "1000\n", "262143328850\n");
	zone("intel-rapl:1", "package-1\n", "5000\n", "262143328850\n");
	zone("intel-rapl:0:0", "core\n", "1\n", "262143328850\n");
	zone("intel-rapl:2", "psys\n", "1\n", "262143328850\n");
	zone("intel-rapl-mmio:0", "package-0\n", "1\n", "262143328850\n");
	zone("dtpm", "package-0\n", "1\n", "262143328850\n");
	start = read_ok().uj;
	put("intel-rapl:0", "energy_uj", "1700\n");
	put("intel-rapl:1", "energy_uj", "5020\n");
	put("intel-rapl:0:0", "energy_uj", "90000\n");
	put("intel-rapl:2", "energy_uj", "90000\n");
	put("intel-rapl-mmio:0", "energy_uj", "90000\n");
	put("dtpm", "energy_uj", "90000\n");
	assert_int_equal(read_ok().uj - start, 720);
	assert_int_equal(read_ok().uj - start, 720);
}

static void packages_are_told_apart(void **state)
{
	uint64_t uj[3];
	int ids[3], i;

	(void)state;
	zone("intel-rapl:0", "package-1\n", "990\n", "999\n");
	zone("intel-rapl:1", "package-0-die-0\n", "5000\n", "262143328850\n");
	zone("intel-rapl:2", "package\n", "7\n", "262143328850\n");
	assert_int_equal(wattle_powercap_packages(uj, ids, 3), 0);
	read_ok();
	put("intel-rapl:0", "energy_uj", "5\n");
	put("intel-rapl:1", "energy_uj", "5020\n");
	read_ok();
	assert_int_equal(wattle_powercap_packages(uj, ids, 3), 3);
	/* In whatever order the directory has them. */
	for (i = 0; i < 3; i++)
		assert_int_equal(uj[i], ids[i] == 1 ? 15 : ids[i] == 0 ? 20 : 0);
	assert_int_equal(ids[0] + ids[1] + ids[2], 0);
	assert_int_equal(wattle_powercap_packages(uj, ids, 0), 3);
}

static void wrap_is_followed(void **state)
{
	uint64_t start;

	(void)state;
	zone("intel-rapl:0", "package-0\n", "990\n", "999\n");
	zone("intel-rapl:1", "package-1\n", "10\n", "65532610987\n");
	start = read_ok().uj;
	put("intel-rapl:0", "energy_uj", "5\n");	/* 990 .. 999, 0 .. 5 */
	assert_int_equal(read_ok().uj - start, 15);
	put("intel-rapl:0", "energy_uj", "4\n");	/* all but once round */
	assert_int_equal(read_ok().uj - start, 15 + 999);
	put("intel-rapl:1", "energy_uj", "65532610987\n");
	assert_int_equal(read_ok().uj - start, 15 + 999 + 65532610977);
	put("intel-rapl:1", "energy_uj", "0\n");
	assert_int_equal(read_ok().uj - start, 15 + 999 + 65532610978);
}

static void no_zone_says_what_to_do(void **state)
{
	(void)state;
	expect_none("no RAPL package in", "modprobe intel_rapl_msr");
	put("intel-rapl:0", "name", "psys\n");
	expect_none("no RAPL package in", "modprobe intel_rapl_msr");
	wattle_powercap_set_dir("/nonexistent");
	expect_none("no RAPL package in /nonexistent", "host");
}

static void nonsense_is_unavailable_not_zero(void **state)
{
	(void)state;
	zone("intel-rapl:0", "package-0\n", "\n", "1000\n");
	expect_none("intel-rapl:0", "dmesg");
	put("intel-rapl:0", "energy_uj", "-5\n");
	expect_none("intel-rapl:0", "dmesg");
	put("intel-rapl:0", "energy_uj", "12 J\n");
	expect_none("intel-rapl:0", "dmesg");
	put("intel-rapl:0", "energy_uj", "99999999999999999999999\n");
	expect_none("intel-rapl:0", "dmesg");
	put("intel-rapl:0", "energy_uj", "12\n");
	read_ok();
	/* It fails later: no partial sum, and it comes back when the counter does. */
	zone("intel-rapl:0", "package-0\n", "", "1000\n");
	expect_none("energy_uj", "dmesg");
	put("intel-rapl:0", "energy_uj", "20\n");
	read_ok();
}

static void one_unreadable_package_makes_all_unavailable(void **state)
{
	char path[128];
	int status;
	pid_t pid;

	(void)state;
	zone("intel-rapl:0", "package-0\n", "1\n", "1000\n");
	zone("intel-rapl:1", "package-1\n", "1\n", "1000\n");
	snprintf(path, sizeof(path), "%s/intel-rapl:1/energy_uj", root);
	assert_int_equal(chmod(path, 0400), 0);
	assert_int_equal(chmod(root, 0755), 0);
	pid = fork();
	if (!pid) {
		struct wattle_energy e;

		/* A file of root's; of our own when we are not root. */
		if (!geteuid() ? setuid(65534) : chmod(path, 0))
			_exit(9);
		wattle_energy__read(NULL, &e);
		if (e.quality != WATTLE_QUALITY_NONE || e.uj)
			_exit(1);
		_exit(strstr(e.why, "root only") && strstr(e.why, "run as root") ? 0 : 2);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

static int spin(void *ctx, uint64_t user_data, unsigned int worker)
{
	uint64_t until = wattle_now_ns() + 5000000;

	(void)ctx;
	(void)user_data;
	(void)worker;
	while (wattle_now_ns() < until)
		;
	return 0;
}

/* The embedded backend charges its queues by CPU time, and no more than there was. */
static void queues_are_charged(void **state)
{
	struct wattle_client_opts o = { .sz = sizeof(o), .backend = WATTLE_BACKEND_EMBEDDED };
	struct wattle_batch b[4] = { { .user_data = 0 } };
	struct wattle_queue_stats st;
	struct wattle_client *c;
	struct wattle_pool *p;
	struct wattle_query q;
	int busy, idle;

	(void)state;
	zone("intel-rapl:0", "package-0\n", "0\n", "262143328850\n");
	assert_int_equal(wattle_client__open(&c, &o, NULL, 0), 0);
	busy = wattle_client__queue_create(c, "busy", NULL);
	idle = wattle_client__queue_create(c, "idle", NULL);
	assert_int_equal(wattle_pool__new(&p, c, NULL), 0);
	assert_int_equal(wattle_pool__run(p, (uint32_t)busy, b, 4, spin, NULL, NULL), 0);
	put("intel-rapl:0", "energy_uj", "1000000\n");
	assert_int_equal(wattle_client__queue_stats(c, (uint32_t)busy, &st), 0);
	assert_int_equal(st.energy_quality, WATTLE_QUALITY_CPUTIME);
	assert_true(st.energy_uj > 0 && st.energy_uj <= 1000000);
	assert_int_equal(wattle_client__queue_stats(c, (uint32_t)idle, &st), 0);
	assert_int_equal(st.energy_uj, 0);
	assert_int_equal(wattle_client__query(c, &q), 0);
	assert_int_equal(q.energy_quality, WATTLE_QUALITY_MEASURED);
	assert_int_equal(q.energy_uj, 1000000);
	assert_string_equal(q.energy_source, "powercap:intel-rapl");
	wattle_pool__free(p);
	wattle_client__close(c);
}

/* Its thread holds a grant, and waits. */
static int doze(void *ctx, uint64_t user_data, unsigned int worker)
{
	struct timespec ts = { .tv_nsec = 30000000 };

	(void)ctx;
	(void)user_data;
	(void)worker;
	while (nanosleep(&ts, &ts))
		;
	return 0;
}

/* A grant that slept cost nothing, one that computed what there was. */
static void sleep_costs_nothing(void **state)
{
	struct wattle_client_opts o = { .sz = sizeof(o), .backend = WATTLE_BACKEND_EMBEDDED };
	struct wattle_batch b[2] = { { .user_data = 0 } };
	struct wattle_queue_stats st[2];
	struct wattle_client *c;
	struct wattle_pool *p;
	int q[2], i;

	(void)state;
	zone("intel-rapl:0", "package-0\n", "0\n", "262143328850\n");
	assert_int_equal(wattle_client__open(&c, &o, NULL, 0), 0);
	assert_int_equal(wattle_pool__new(&p, c, NULL), 0);
	for (i = 0; i < 2; i++) {
		q[i] = wattle_client__queue_create(c, "q", NULL);
		assert_int_equal(wattle_pool__run(p, (uint32_t)q[i], b, 2, i ? doze : spin, NULL,
						  NULL), 0);
	}
	put("intel-rapl:0", "energy_uj", "1000000\n");
	for (i = 0; i < 2; i++)
		assert_int_equal(wattle_client__queue_stats(c, (uint32_t)q[i], &st[i]), 0);
	assert_true(st[0].cpu_ns > 0 && st[0].cpu_ns <= st[0].run_ns);
	assert_true(st[1].run_ns >= 60000000 && st[1].cpu_ns < st[1].run_ns / 10);
	assert_true(st[0].energy_uj > 0 && st[1].energy_uj < st[0].energy_uj);
	assert_int_equal(st[1].energy_quality, WATTLE_QUALITY_CPUTIME);
	wattle_pool__free(p);
	wattle_client__close(c);
}

static void queues_without_a_source_have_no_joules(void **state)
{
	struct wattle_client_opts o = { .sz = sizeof(o), .backend = WATTLE_BACKEND_EMBEDDED };
	struct wattle_queue_stats st;
	struct wattle_client *c;
	struct wattle_query q;
	int queue;

	(void)state;
	assert_int_equal(wattle_client__open(&c, &o, NULL, 0), 0);
	queue = wattle_client__queue_create(c, "q", NULL);
	assert_int_equal(wattle_client__queue_stats(c, (uint32_t)queue, &st), 0);
	assert_int_equal(st.energy_quality, WATTLE_QUALITY_NONE);
	assert_int_equal(wattle_client__query(c, &q), 0);
	assert_int_equal(q.energy_quality, WATTLE_QUALITY_NONE);
	assert_string_equal(q.energy_source, "");
	wattle_client__close(c);
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(packages_are_summed_their_parts_are_not),
		CASE(packages_are_told_apart),
		CASE(wrap_is_followed),
		CASE(no_zone_says_what_to_do),
		CASE(nonsense_is_unavailable_not_zero),
		CASE(one_unreadable_package_makes_all_unavailable),
		CASE(queues_are_charged),
		CASE(sleep_costs_nothing),
		CASE(queues_without_a_source_have_no_joules),
	};

	return cmocka_run_group_tests_name("powercap", tests, NULL, NULL);
}
