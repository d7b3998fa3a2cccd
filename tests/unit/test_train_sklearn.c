// SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause
/*
 * The same optimum as scikit-learn's LogisticRegression finds, on data that come
 * with it: with L2 it is unique, so the weights must agree.
 */
#include "train_help.h"

/* Two columns of y, so that classes stay the numbers they are. */
static const char program[] =
	"import sys, numpy as np\n"
	"try:\n"
	"    from sklearn.datasets import %s as load\n"
	"    from sklearn.linear_model import LogisticRegression\n"
	"    from sklearn.preprocessing import StandardScaler\n"
	"except ImportError:\n"
	"    print('missing')\n"
	"    sys.exit(0)\n"
	"x, y = load(return_X_y=True)\n"
	"x = x.astype(np.float32)\n"
	"np.save('%s/x.npy', x)\n"
	"np.save('%s/y.npy', y.astype(np.int64))\n"
	"s = StandardScaler().fit(x.astype(np.float64)).transform(x.astype(np.float64))\n"
	"m = LogisticRegression(C=1 / (%g * len(y)), tol=1e-10, max_iter=20000).fit(s, y)\n"
	"for v in np.r_[m.coef_.ravel(), m.intercept_]:\n"
	"    print('%%.9g' %% v)\n";

static void compare(const char *set, double l2, double tolerance)
{
	char path[256], labels[256], *out, *at;
	struct wattle_read_opts ro = { .sz = sizeof(ro) };
	struct wattle_train_opts o = {
		.sz = sizeof(o), .standardise = true, .momentum = 1, .max_epochs = 20000,
		.tol = 1e-6, .l2 = l2,
	};
	struct wattle_train_result r;
	struct wattle_ml_error e;
	struct wattle_dataset d;
	struct wattle_model m;
	double shift = 0;
	struct rig rig;
	size_t i;

	out = run_numpy(program, set, tmp_dir(), tmp_dir(), l2);
	if (!out || !strncmp(out, "missing", 7)) {
		free(out);
		skip_because("scikit-learn is missing; install python3-sklearn");
	}
	snprintf(path, sizeof(path), "%s/x.npy", tmp_dir());
	snprintf(labels, sizeof(labels), "%s/y.npy", tmp_dir());
	ro.label = labels;
	assert_ok(wattle_dataset__read(&d, path, &ro, &e), e);
	rig_open(&rig, 2);
	assert_ok(wattle_train(&m, &d, rig.pool, rig.queue, &o, &r, &e), e);
	assert_true(r.epochs < o.max_epochs);
	at = out;
	for (i = 0; i < m.nr_outputs * (m.cols + 1); i++) {
		const bool weight = i < m.nr_outputs * m.cols;
		const double theirs = strtod(at, &at);
		double ours = weight ? (double)m.w[i] : (double)m.b[i - m.nr_outputs * m.cols];

		/* All intercepts of a softmax can move together: only differences mean anything. */
		if (!weight && m.nr_outputs > 1) {
			if (i == m.nr_outputs * m.cols)
				shift = theirs - ours;
			ours += shift;
		}
		if (!(fabs(ours - theirs) <= tolerance))
			fail_msg("%s: number %zu is %.7g, scikit-learn has %.7g", set, i, ours,
				 theirs);
	}
	wattle_model__free(&m);
	rig_close(&rig);
	wattle_dataset__free(&d);
	free(out);
}

static void test_binary(void **state)
{
	(void)state;
	compare("load_breast_cancer", 0.01, 1e-3);
}

static void test_softmax(void **state)
{
	(void)state;
	compare("load_wine", 0.01, 1e-3);
	/* 64 features of which three are constant, ten classes. */
	compare("load_digits", 0.01, 1e-3);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_binary),
		cmocka_unit_test(test_softmax),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
