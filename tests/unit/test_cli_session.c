// SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause
/* Exit codes of what fails before any work: a device's own only where a device is the reason. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>
#include <cmocka.h>

#include "cli/session.h"

static void open_exit(void **state)
{
	bool there = !access(WATTLE_DEFAULT_DEVICE, F_OK);

	(void)state;
	assert_int_equal(session_open_exit(WATTLE_BACKEND_EMBEDDED), CLI_FAILURE);
	assert_int_equal(session_open_exit(WATTLE_BACKEND_DEVICE), CLI_DEVICE);
	assert_int_equal(session_open_exit(WATTLE_BACKEND_AUTO), there ? CLI_DEVICE : CLI_FAILURE);
}

/* The embedded backend without a file descriptor left for its events. */
static void no_descriptors(void **state)
{
	struct rlimit kept, none;
	struct session s;
	char *text = NULL;
	size_t len;
	FILE *f = open_memstream(&text, &len);
	struct out o;
	int rc;

	(void)state;
	out_init(&o, f, true, "test");
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &kept), 0);
	none = kept;
	none.rlim_cur = 0;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
	rc = session_open(&o, &s, WATTLE_BACKEND_EMBEDDED);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &kept), 0);
	assert_int_equal(rc, CLI_FAILURE);
	out_finish(&o, rc);
	fclose(f);
	free(text);
}

/* Memory runs out in a prediction: no fault of the data. */
static void memory_is_no_data(void **state)
{
	(void)state;
	assert_int_equal(cli_ml_exit(-ENOMEM), CLI_FAILURE);
	assert_int_equal(cli_ml_exit(-EINVAL), CLI_DATA);
	assert_int_equal(cli_ml_exit(-ERANGE), CLI_DATA);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(open_exit), cmocka_unit_test(no_descriptors),
		cmocka_unit_test(memory_is_no_data),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
