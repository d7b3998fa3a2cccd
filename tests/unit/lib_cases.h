/* SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause */
/*
 * Cases of the library's API that hold for both backends. The unit tests run
 * them embedded, a guest program runs the same objects on /dev/wattle.
 */
#ifndef WATTLE_TESTS_LIB_CASES_H
#define WATTLE_TESTS_LIB_CASES_H

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "lib/internal.h"

/* Set by main(): which backend the cases are about. */
extern enum wattle_backend test_backend;

extern const struct CMUnitTest client_cases[];
extern const size_t nr_client_cases;
extern const struct CMUnitTest grant_cases[];
extern const size_t nr_grant_cases;
extern const struct CMUnitTest pool_cases[];
extern const size_t nr_pool_cases;

/* Runs @cases and gives the failures; cmocka wants an array of known size, so this is its core. */
#define run_cases(name, cases, count) \
	_cmocka_run_group_tests(name, cases, count, NULL, NULL)

/* --- lib_help.c --- */
int test_setup(void **state);		/* *state = an open client */
int test_teardown(void **state);
struct wattle_client *test_client(void);
/* A queue, or a failed test. @p NULL = defaults. */
uint32_t test_queue(struct wattle_client *c, const struct wattle_queue_params *p);
/* Submits one batch and asserts that it was queued; its id. */
uint64_t test_submit(struct wattle_client *c, uint32_t queue, uint64_t user_data,
		     uint64_t deadline_ns);
/* The accounts; asserts the identity that must hold at every moment. */
struct wattle_queue_stats test_stats(struct wattle_client *c, uint32_t queue);
/* Waits for the next event (10 s at most, then the test fails). */
struct wattle_event test_event(struct wattle_client *c);
/* NEXT without a previous grant; @timeout_ns relative, 0 = do not wait. */
int test_next(struct wattle_client *c, uint32_t queue, uint64_t timeout_ns,
	      struct wattle_next *n);
/* Whether admission is computed and acted on (enforce). */
bool test_enforcing(struct wattle_client *c);

#define CASE(f) cmocka_unit_test_setup_teardown(f, test_setup, test_teardown)
#define NR(a) (sizeof(a) / sizeof((a)[0]))

#endif
