/* SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause */
/* Power tables and random numbers for the tests of the policy. */
#ifndef TESTS_UNIT_POLICY_HELP_H
#define TESTS_UNIT_POLICY_HELP_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "core/policy.h"
#include "core/sat.h"

#define US	1000ULL
#define MS	1000000ULL
#define SEC	1000000000ULL

/* Marsaglia, Xorshift RNGs (2003): the same numbers on every machine. */
static inline uint64_t policy_rng(uint64_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return *state;
}

/* Five operating points, three idle states; the critical frequency is inside. */
static inline void policy_table(struct wattle_power_table *t)
{
	static const struct wattle_power_opp opp[] = {
		{ 800000, 2000000 }, { 1400000, 2600000 }, { 2000000, 3900000 },
		{ 2600000, 6200000 }, { 3200000, 10000000 },
	};
	static const struct wattle_power_idle idle[] = {
		{ 1500000, 0, 2, 0 }, { 900000, 20, 10, 0 }, { 100000, 600, 133, 0 },
	};

	memset(t, 0, sizeof(*t));
	t->nr_opps = 5;
	t->nr_idle = 3;
	memcpy(t->opp, opp, sizeof(opp));
	memcpy(t->idle, idle, sizeof(idle));
	t->shared_uw = 12000000;
	t->shared_idle_uw = 4000000;
	t->platform_uw = 40000000;
	t->transition_us = 10;
}

static inline void policy_power(struct wattle_power *p)
{
	struct wattle_power_table t;

	policy_table(&t);
	assert_int_equal(wattle_power_init(p, &t, NULL), WATTLE_POWER_OK);
}

#endif
