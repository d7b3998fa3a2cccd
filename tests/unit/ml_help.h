/* SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause */
/*
 * What the tests of the ML readers and models share.
 */
#ifndef WATTLE_TESTS_ML_HELP_H
#define WATTLE_TESTS_ML_HELP_H

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>
#include <wattle/ml.h>

#define ARRAY_SIZE(a)	(sizeof(a) / sizeof((a)[0]))

/* Skips with a reason; cmocka's own skip() has no room for one. */
#define skip_because(...) do {						\
		print_message("# skipped: " __VA_ARGS__);		\
		print_message("\n");					\
		skip();							\
	} while (0)

/* The message is all there is to go by when this fails. */
#define assert_message(e, want) do {					\
		if (!strstr((e).msg, want))				\
			fail_msg("message '%s' lacks '%s'", (e).msg, want); \
	} while (0)

#define assert_ok(call, e) do {						\
		int ret_ = (call);					\
		if (ret_)						\
			fail_msg("%s: %d, '%s'", #call, ret_, (e).msg);	\
	} while (0)

/* splitmix64, so that random tests are the same everywhere. */
static inline uint64_t rnd(uint64_t *state)
{
	uint64_t z = (*state += 0x9e3779b97f4a7c15ull);

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ull;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebull;
	return z ^ (z >> 31);
}

/* A directory of this test's own, made once and removed at exit. */
const char *tmp_dir(void);
/* PATH in it; two results live at a time. */
const char *tmp_path(const char *name);
void write_file(const char *path, const void *data, size_t len);
/* Whole file, malloc'ed. */
char *slurp_file(const char *path, size_t *len);
/*
 * Runs a Python program with numpy; its standard output, malloc'ed, or NULL when there is no
 * numpy. Fails the test when the program does.
 */
char *run_numpy(const char *program, ...) __attribute__((format(printf, 1, 2)));

#endif
