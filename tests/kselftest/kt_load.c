// SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause
/*
 * Loading and unloading: every order, again and again, while open, with work
 * inside, with wrong parameters: kt_load [cycles].
 */
#include "harness.h"

#include <fcntl.h>

static unsigned int cycles = 10;
static int have_platform;

static int unload_all(void)
{
	static const char *const mods[] = { "wattle", "wattle_platform", "wattle_registry" };
	size_t i;

	for (i = 0; i < ARRAY_SIZE(mods); i++) {
		if (kt_loaded(mods[i]) && kt_rmmod(mods[i]))
			return -1;
	}
	return 0;
}

/* A grant and a waiting batch through the device, so that a load is not a mere insmod. */
static int use(void)
{
	struct wattle_next n;
	int fd = kt_open(), q = kt_queue(fd, NULL), err;

	err = fd < 0 || q < 0 || kt_submit(fd, q, 1, 3) != 3 || kt_next(fd, 0, 0, &n) ||
	      kt_next(fd, n.token, 0, &n);
	close(fd);
	return err;
}

static void test_each_alone(void)
{
	static const char *const mods[] = { "wattle_registry", "wattle", "wattle_platform" };
	unsigned int i, k;

	EXPECT_EQ(unload_all(), 0);
	EXPECT_EQ(kt_insmod("wattle_registry", ""), 0);
	for (k = 1; k < 2 + (unsigned int)have_platform; k++) {
		for (i = 0; i < cycles; i++) {
			EXPECT_EQ(kt_insmod(mods[k], ""), 0);
			if (k == 1)
				EXPECT_EQ(use(), 0);
			EXPECT_EQ(kt_rmmod(mods[k]), 0);
		}
	}
	EXPECT_EQ(kt_rmmod("wattle_registry"), 0);
	for (i = 0; i < cycles; i++) {
		EXPECT_EQ(kt_insmod("wattle_registry", ""), 0);
		EXPECT_EQ(kt_rmmod("wattle_registry"), 0);
	}
}

/* Provider and consumer come and go in all four orders, used in every state. */
static void test_every_order(void)
{
	unsigned int i, up, down;

	if (!have_platform) {
		kt_skip("wattle_platform.ko does not load here");
		return;
	}
	EXPECT_EQ(unload_all(), 0);
	for (i = 0; i < cycles; i++) {
		for (up = 0; up < 2; up++) {
			for (down = 0; down < 2; down++) {
				EXPECT_EQ(kt_insmod("wattle_registry", ""), 0);
				EXPECT_EQ(kt_insmod(up ? "wattle" : "wattle_platform", ""), 0);
				if (up)
					EXPECT_EQ(use(), 0);
				EXPECT_EQ(kt_insmod(up ? "wattle_platform" : "wattle", ""), 0);
				EXPECT_EQ(use(), 0);
				EXPECT_EQ(kt_rmmod(down ? "wattle" : "wattle_platform"), 0);
				if (!down)
					EXPECT_EQ(use(), 0);
				EXPECT_EQ(kt_rmmod(down ? "wattle_platform" : "wattle"), 0);
				EXPECT_EQ(kt_rmmod("wattle_registry"), 0);
			}
		}
	}
}

/* The registry stays while somebody needs it; no module loads twice. */
static void test_dependencies(void)
{
	EXPECT_EQ(unload_all(), 0);
	/* Not tried: wattle without the registry, which the kernel logs as a complaint. */
	EXPECT_EQ(kt_insmod("wattle_registry", ""), 0);
	EXPECT_EQ(kt_insmod("wattle", ""), 0);
	EXPECT_EQ(kt_rmmod("wattle_registry"), -EWOULDBLOCK);
	EXPECT_EQ(kt_insmod("wattle", ""), -EEXIST);
}

static void test_busy_while_open(void)
{
	struct wattle_next n;
	int fd, q;

	EXPECT_EQ(kt_reload(""), 0);
	fd = kt_open();
	q = kt_queue(fd, NULL);
	EXPECT_EQ(kt_submit(fd, q, 1, 2), 2);
	EXPECT_EQ(kt_next(fd, 0, 0, &n), 0);
	/* delete_module(O_NONBLOCK) on a module in use; rmmod prints it as "in use" (EBUSY). */
	EXPECT_EQ(kt_rmmod("wattle"), -EWOULDBLOCK);
	EXPECT_EQ(kt_complete(fd, n.token), 0);
	EXPECT_EQ(kt_rmmod("wattle"), -EWOULDBLOCK);
	close(fd);
	EXPECT_EQ(kt_rmmod("wattle"), 0);
	EXPECT(access("/dev/wattle", F_OK) < 0);
}

static void test_bad_parameters(void)
{
	static const char *const bad[] = {
		"mode=nonsense", "max_clients=0", "max_batches=0",
		"lease_default_ms=0", "lease_default_ms=10 lease_max_ms=5",
		"max_events=100000000", "energy_gid=-2", "max_workers_per_client=70000",
		"max_queues=-1",
	};
	size_t i;

	EXPECT_EQ(unload_all(), 0);
	EXPECT_EQ(kt_insmod("wattle_registry", ""), 0);
	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		int err = kt_insmod("wattle", bad[i]);

		if (err != -EINVAL) {
			kt_fail(__FILE__, __LINE__, "%s: %d, not EINVAL", bad[i], err);
			return;
		}
		EXPECT(!kt_loaded("wattle"));
	}
	EXPECT_EQ(kt_insmod("wattle", "mode=advise"), 0);
	EXPECT_EQ(use(), 0);
	EXPECT_EQ(kt_rmmod("wattle"), 0);
	EXPECT_EQ(kt_insmod("wattle", "mode=enforce max_clients=1"), 0);
	EXPECT_EQ(use(), 0);
	EXPECT_EQ(kt_rmmod("wattle"), 0);
}

int main(int argc, char **argv)
{
	static const struct kt_case cases[] = {
		{ "each module alone", test_each_alone },
		{ "every order", test_every_order },
		{ "who needs whom", test_dependencies },
		{ "no unloading while open", test_busy_while_open },
		{ "wrong parameters are refused by name", test_bad_parameters },
	};
	int err, ret;

	if (argc > 1)
		cycles = strtoul(argv[1], NULL, 0);
	err = unload_all();
	if (!err)
		err = kt_insmod("wattle_registry", "");
	if (err) {
		printf("1..0 # SKIP cannot unload and load modules here\n");
		return 77;
	}
	have_platform = !kt_insmod("wattle_platform", "");
	err = kt_insmod("wattle", "");
	if (err) {
		printf("Bail out! wattle.ko does not load: %s\n", strerror(-err));
		return 1;
	}
	printf("# %u cycles\n", cycles);
	ret = kt_run(cases, ARRAY_SIZE(cases));
	unload_all();
	kt_reload("");
	return ret;
}
