// SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause
/* Windows made from a known table must give that table back. */
#include <errno.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "cli/calibrate_fit.h"

#define N(a) (sizeof(a) / sizeof((a)[0]))

static const struct cal truth = {
	.cpus = 4, .nr_opps = 3, .nr_idle = 3,
	.opp = { 1.5, 2.75, 6 }, .idle = { 0.75, 0.25, 0 }, .shared = 9, .shared_idle = 2,
};

static const struct cal_window layout[] = {
	{ 0, 0, 2, 0 },
	{ 1, 0, 2, 0 }, { 4, 0, 2, 0 }, { 1, 1, 2, 0 }, { 2, 1, 2, 0 }, { 1, 2, 2, 0 },
	{ 4, 2, 2, 0 },
	{ 1, 1, 0, 0 }, { 1, 1, 1, 0 },
};

static struct cal empty(const struct cal *t)
{
	return (struct cal) { .cpus = t->cpus, .nr_opps = t->nr_opps, .nr_idle = t->nr_idle };
}

static void fill(const struct cal *t, struct cal_window *w, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++)
		w[i].watts = cal_watts(t, &w[i]);
}

static void near(double got, double want, double bound)
{
	if (!(fabs(got - want) <= bound))
		fail_msg("%.9g is not within %.3g of %.9g", got, bound, want);
}

static void test_exact(void **state)
{
	struct cal_window w[N(layout)];
	struct cal c = empty(&truth);
	unsigned int i;

	(void)state;
	memcpy(w, layout, sizeof(w));
	fill(&truth, w, N(w));
	assert_int_equal(cal_fit(&c, w, N(w)), 0);
	for (i = 0; i < c.nr_opps; i++)
		near(c.opp[i], truth.opp[i], 1e-9);
	for (i = 0; i < c.nr_idle; i++)
		near(c.idle[i], truth.idle[i], 1e-9);
	near(c.shared, truth.shared, 1e-9);
	near(c.shared_idle, truth.shared_idle, 1e-9);
	near(c.rms, 0, 1e-9);
	assert_false(c.one_cpu);
	assert_int_equal(c.straightened, 0);
}

/* Each reading off by up to 1 %: figures of a CPU within a few per cent, rms below 1 %. */
static void test_noise(void **state)
{
	struct cal_window w[4 * N(layout)];
	struct cal c = empty(&truth);
	uint64_t seed = 1;
	unsigned int i;

	(void)state;
	for (i = 0; i < N(w); i++)
		w[i] = layout[i % N(layout)];
	fill(&truth, w, N(w));
	for (i = 0; i < N(w); i++) {
		seed = seed * 6364136223846793005ULL + 1442695040888963407ULL;
		w[i].watts *= 1 + 0.02 * ((double)(seed >> 33) / 2147483648.0 - 0.5);
	}
	assert_int_equal(cal_fit(&c, w, N(w)), 0);
	near(c.shared, truth.shared, 0.03 * truth.shared);
	for (i = 0; i < c.nr_opps; i++)
		near(c.opp[i], truth.opp[i], 0.1 * truth.opp[i]);
	assert_true(c.rms > 0 && c.rms < 0.01);
}

/* A table must ascend: what noise turns round is averaged, and said. */
static void test_order(void **state)
{
	struct cal_window w[N(layout)];
	struct cal bent = truth, c = empty(&truth);

	(void)state;
	bent.opp[0] = 3;	/* above the second */
	bent.idle[0] = 0.25;	/* below the second */
	bent.idle[1] = 0.75;
	memcpy(w, layout, sizeof(w));
	fill(&bent, w, N(w));
	assert_int_equal(cal_fit(&c, w, N(w)), 0);
	near(c.opp[0], 2.875, 1e-9);
	near(c.opp[1], 2.875, 1e-9);
	near(c.opp[2], 6, 1e-9);
	near(c.idle[0], 0.5, 1e-9);
	near(c.idle[1], 0.5, 1e-9);
	assert_int_equal(c.straightened, 4);
	assert_true(c.rms > 0);
}

/* No idle state draws more than a running CPU. */
static void test_idle_above(void **state)
{
	struct cal_window w[N(layout)];
	struct cal hot = truth, c = empty(&truth);

	(void)state;
	hot.idle[0] = 2;
	memcpy(w, layout, sizeof(w));
	fill(&hot, w, N(w));
	assert_int_equal(cal_fit(&c, w, N(w)), 0);
	near(c.idle[0], 1.5, 1e-9);
	assert_int_equal(c.straightened, 1);
}

static void test_one_cpu(void **state)
{
	struct cal_window w[] = {
		{ 0, 0, 1, 2 }, { 1, 0, 1, 12 }, { 1, 1, 1, 20 }, { 0, 0, 0, 3 },
	};
	struct cal c = { .cpus = 1, .nr_opps = 2, .nr_idle = 2 };

	(void)state;
	assert_int_equal(cal_fit(&c, w, N(w)), 0);
	assert_true(c.one_cpu);
	near(c.shared, 2, 1e-9);
	near(c.opp[0], 10, 1e-9);
	near(c.opp[1], 18, 1e-9);
	near(c.idle[0], 1, 1e-9);
	near(c.rms, 0, 1e-9);
}

/* Each window that is needed, left out; each field, out of range. */
static void test_bad(void **state)
{
	struct cal_window w[N(layout)], v[N(layout)];
	static const unsigned int needed[] = { 0, 7, 8 };
	struct cal c;
	unsigned int i;

	(void)state;
	memcpy(w, layout, sizeof(w));
	fill(&truth, w, N(w));
	for (i = 0; i < N(needed); i++) {
		memcpy(v, w, sizeof(w));
		v[needed[i]] = w[1];
		c = empty(&truth);
		assert_int_equal(cal_fit(&c, v, N(v)), -EINVAL);
	}
	memcpy(v, w, sizeof(w));
	v[5].opp = v[6].opp = 1;	/* nothing at the highest frequency */
	c = empty(&truth);
	assert_int_equal(cal_fit(&c, v, N(v)), -EINVAL);

	static const struct cal_window bad[] = {
		{ 5, 0, 2, 1 }, { 1, 3, 2, 1 }, { 1, 0, 3, 1 }, { 1, 0, 2, -1 }, { 1, 0, 2, NAN },
		{ 1, 0, 2, INFINITY },
	};
	for (i = 0; i < N(bad); i++) {
		memcpy(v, w, sizeof(w));
		v[4] = bad[i];
		c = empty(&truth);
		assert_int_equal(cal_fit(&c, v, N(v)), -EINVAL);
	}
	c = empty(&truth);
	c.nr_opps = CAL_OPPS + 1;
	assert_int_equal(cal_fit(&c, w, N(w)), -EINVAL);
	c = empty(&truth);
	c.cpus = 0;
	assert_int_equal(cal_fit(&c, w, N(w)), -EINVAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_exact),
		cmocka_unit_test(test_noise),
		cmocka_unit_test(test_order),
		cmocka_unit_test(test_idle_above),
		cmocka_unit_test(test_one_cpu),
		cmocka_unit_test(test_bad),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
