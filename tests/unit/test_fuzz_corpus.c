// SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause
/*
 * The kept inputs of the fuzz targets, seeds and whatever once broke something, and
 * every prefix of them. A crash here is the failure.
 */
#include <dirent.h>

#include "fuzz/target.h"
#include "ml_help.h"

static void replay(const char *format, void (*target)(const uint8_t *, size_t))
{
	char path[512];
	struct dirent *de;
	size_t files = 0;
	DIR *d;

	snprintf(path, sizeof(path), "tests/fuzz/corpus/%s", format);
	d = opendir(path);
	if (!d)
		fail_msg("%s: %s (run from the top of the tree)", path, strerror(errno));
	while ((de = readdir(d))) {
		size_t len;
		char *buf;

		if (de->d_name[0] == '.')
			continue;
		snprintf(path, sizeof(path), "tests/fuzz/corpus/%s/%s", format, de->d_name);
		buf = slurp_file(path, &len);
		for (size_t n = 0; n <= len; n++) {
			uint8_t *exact = malloc(n ? n : 1);

			memcpy(exact, buf, n);
			target(exact, n);
			free(exact);
		}
		free(buf);
		files++;
	}
	closedir(d);
	wattle_memory__set_limit(0);
	assert_true(files >= 10);
}

static void test_csv(void **state)
{
	(void)state;
	replay("csv", fuzz_csv);
}

static void test_idx(void **state)
{
	(void)state;
	replay("idx", fuzz_idx);
}

static void test_npy(void **state)
{
	(void)state;
	replay("npy", fuzz_npy);
}

static void test_safetensors(void **state)
{
	(void)state;
	replay("safetensors", fuzz_safetensors);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_csv),
		cmocka_unit_test(test_idx),
		cmocka_unit_test(test_npy),
		cmocka_unit_test(test_safetensors),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
