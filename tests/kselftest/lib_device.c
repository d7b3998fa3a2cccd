// SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause
/*
 * The library on /dev/wattle: the cases of the unit tests, on the device. TAP.
 * With a mode as argument in that mode, and in enforce with every CPU managed;
 * mode and managed CPUs are put back at the end.
 */
#include <unistd.h>

#include "unit/lib_cases.h"

#define SYSFS	"/sys/class/misc/wattle/"

enum wattle_backend test_backend = WATTLE_BACKEND_DEVICE;

static void get(const char *path, char *text, int size)
{
	FILE *f = fopen(path, "r");

	text[0] = '\0';
	if (f) {
		if (!fgets(text, size, f))
			text[0] = '\0';
		fclose(f);
	}
}

static int put(const char *path, const char *text)
{
	FILE *f = fopen(path, "w");
	int ret;

	if (!f)
		return -errno;
	ret = fputs(text, f) < 0 ? -errno : 0;
	if (fclose(f) && !ret)
		ret = -errno;
	if (ret)
		printf("# %s: cannot write \"%s\": %s\n", path, text, strerror(-ret));
	return ret;
}

static int run_all(void)
{
	int failed;

	failed = run_cases("client, device", client_cases, nr_client_cases);
	failed += run_cases("grants, device", grant_cases, nr_grant_cases);
	failed += run_cases("pool, device", pool_cases, nr_pool_cases);
	return failed;
}

int main(int argc, char **argv)
{
	char mode[64], managed[256], online[256];
	int failed;

	if (access(WATTLE_DEFAULT_DEVICE, F_OK)) {
		printf("1..0 # SKIP no %s: the wattle module is not loaded\n",
		       WATTLE_DEFAULT_DEVICE);
		return 77;
	}
	cmocka_set_message_output(CM_OUTPUT_TAP);
	if (argc < 2)
		return run_all() ? 1 : 0;

	get(SYSFS "mode", mode, sizeof(mode));
	get(SYSFS "managed_cpus", managed, sizeof(managed));
	get("/sys/devices/system/cpu/online", online, sizeof(online));
	if (put(SYSFS "managed_cpus", strcmp(argv[1], "enforce") ? "\n" : online) ||
	    put(SYSFS "mode", argv[1])) {
		printf("1..1\nnot ok 1 - mode %s\n", argv[1]);
		return 1;
	}
	failed = run_all();
	failed += put(SYSFS "mode", mode) != 0;
	failed += put(SYSFS "managed_cpus", managed[0] ? managed : "\n") != 0;
	return failed ? 1 : 0;
}
