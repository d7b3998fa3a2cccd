// SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause
#include <math.h>

#include "ml_help.h"

/* By hand: class 2 is never predicted, class 3 never occurs. */
static void test_by_hand(void **state)
{
	static const uint32_t truth[] = { 0, 0, 0, 0, 1, 1, 1, 2, 2, 0 };
	static const uint32_t pred[] = { 0, 0, 1, 3, 1, 1, 0, 0, 1, 0 };
	static const uint64_t confusion[] = {
		3, 1, 0, 1,
		1, 2, 0, 0,
		1, 1, 0, 0,
		0, 0, 0, 0,
	};
	struct wattle_eval ev;

	(void)state;
	assert_int_equal(wattle_evaluate(truth, pred, 10, 4, &ev), 0);
	assert_int_equal(ev.n, 10);
	assert_int_equal(ev.nr_classes, 4);
	assert_true(ev.accuracy == 0.5);
	assert_memory_equal(ev.confusion, confusion, sizeof(confusion));
	assert_true(ev.recall[0] == 3 / 5.0);
	assert_true(ev.recall[1] == 2 / 3.0);
	assert_true(ev.recall[2] == 0);
	assert_true(isnan(ev.recall[3]));
	assert_true(ev.precision[0] == 3 / 5.0);
	assert_true(ev.precision[1] == 2 / 4.0);
	assert_true(isnan(ev.precision[2]));
	assert_true(ev.precision[3] == 0);
	wattle_eval__free(&ev);
	assert_null(ev.confusion);
	wattle_eval__free(NULL);
}

static void test_refused(void **state)
{
	static const uint32_t a[] = { 0, 1, 2 }, b[] = { 0, 1, 1 };
	struct wattle_eval ev;

	(void)state;
	assert_int_equal(wattle_evaluate(a, b, 0, 3, &ev), -EINVAL);
	assert_int_equal(wattle_evaluate(a, b, 3, 0, &ev), -EINVAL);
	assert_int_equal(wattle_evaluate(a, b, 3, 2, &ev), -ERANGE);
	assert_int_equal(wattle_evaluate(b, a, 3, 2, &ev), -ERANGE);
	assert_int_equal(wattle_evaluate(a, b, 3, UINT32_MAX, &ev), -ENOMEM);
	assert_null(ev.confusion);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_by_hand),
		cmocka_unit_test(test_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
