// SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause
/*
 * Training kernels against fp64, each instruction set for itself. The bounds are
 * worst-case ones (kernel_ref.c), so two instruction sets that both keep them
 * agree within their sum.
 */
#include <math.h>
#include "kernel_ref.h"
#include "ml_help.h"

#ifdef EMULATED
extern const struct wattle_kernels *const wattle_kernels_avx512_emulated;
#endif

static bool can_run(const struct wattle_kernels *k)
{
#ifdef EMULATED
	if (k == wattle_kernels_avx512_emulated)
		return true;
#endif
	return wattle_kernels__available(k);
}

static const struct wattle_kernels *isa(void **state)
{
	const struct wattle_kernels *k = *state;

	if (!can_run(k))
		skip();		/* the test's name says why */
	return k;
}

#define assert_near(got, want, err, what, ...) do {				\
		const double got_ = (got), want_ = (want), err_ = (err);	\
		if (!(fabs(got_ - want_) <= err_))				\
			fail_msg(what ": %.9g, want %.9g +- %.2g", __VA_ARGS__, got_, want_, \
				 err_);						\
	} while (0)

static void check_gradient(const struct wattle_kernels *k, struct case_data *c)
{
	const size_t K = c->p.nr_outputs, cols = c->p.cols;
	size_t i, j;

	/* Garbage, so that adding instead of writing shows. */
	memset(c->p.g, 0x7e, K * c->p.wstride * sizeof(double));
	memset(c->p.gb, 0x7e, K * sizeof(double));
	c->p.loss = 1e300;
	memset(c->p.scratch, 0x7e, wattle_kernels__scratch_size(cols, K));
	k->gradient(&c->p);
	for (i = 0; i < K; i++) {
		assert_near(c->p.gb[i], c->gb[i], c->gb_err[i], "%zux%zu K=%zu link %d: gb[%zu]",
			    c->p.rows, cols, K, c->p.link, i);
		for (j = 0; j < cols; j++)
			assert_near(c->p.g[i * c->p.wstride + j], c->g[i * cols + j],
				    c->g_err[i * cols + j],
				    "%zux%zu K=%zu link %d u8=%u: g[%zu][%zu]", c->p.rows, cols, K,
				    c->p.link, c->p.dtype, i, j);
	}
	assert_near(c->p.loss, c->loss, c->loss_err, "%zux%zu K=%zu link %d: loss", c->p.rows, cols,
		    K, c->p.link);
}

static void one_case(const struct wattle_kernels *k, const struct shape *s, uint64_t seed)
{
	struct case_data c;

	case_make(&c, s, seed);
	check_gradient(k, &c);
	case_free(&c);
}

static size_t outputs_for(enum wattle_link link, uint64_t *seed)
{
	switch (link) {
	case WATTLE_LINK_SOFTMAX:
		return 2 + rnd(seed) % 16;
	case WATTLE_LINK_SQUARED:
		return 1 + rnd(seed) % 17;
	default:
		return 1;
	}
}

/* Every number of rows of a tile and around it, every tail of the columns. */
static void test_odd_sizes(void **state)
{
	const struct wattle_kernels *k = isa(state);
	uint64_t seed = 1;
	struct shape s;

	for (s.rows = 0; s.rows <= 33; s.rows++)
		for (s.cols = 1; s.cols <= 70; s.cols++) {
			s.link = (enum wattle_link)(rnd(&seed) % 4);
			s.outputs = outputs_for(s.link, &seed);
			s.dtype = rnd(&seed) % 2 ? WATTLE_U8 : WATTLE_F32;
			s.extra = rnd(&seed) % 3;
			s.spread = 4.0;
			one_case(k, &s, seed);
		}
}

/* K = 1..17 with every link that takes it, on sizes with whole tiles and tails. */
static void test_outputs(void **state)
{
	const struct wattle_kernels *k = isa(state);
	uint64_t seed = 2;
	struct shape s = { .rows = 77, .cols = 53, .extra = 1, .spread = 4.0 };

	for (s.outputs = 1; s.outputs <= 17; s.outputs++)
		for (s.dtype = WATTLE_F32; s.dtype <= WATTLE_U8; s.dtype++)
			for (int l = WATTLE_LINK_LINEAR; l <= WATTLE_LINK_SQUARED; l++) {
				s.link = (enum wattle_link)l;
				if ((s.outputs == 1) == (s.link == WATTLE_LINK_SOFTMAX))
					continue;
				if (s.outputs > 1 && s.link < WATTLE_LINK_SOFTMAX)
					continue;
				one_case(k, &s, rnd(&seed));
			}
}

/* Long enough for streams, sums in fp64 and narrow tiles. */
static void test_large(void **state)
{
	const struct wattle_kernels *k = isa(state);
	static const struct shape shapes[] = {
		{ 1003, 784, 0, 1, WATTLE_F32, WATTLE_LINK_LOGISTIC, 8 },
		{ 1003, 784, 0, 10, WATTLE_U8, WATTLE_LINK_SOFTMAX, 8 },
		{ 1003, 784, 0, 10, WATTLE_F32, WATTLE_LINK_SQUARED, 8 },
		{ 20011, 38, 0, 1, WATTLE_F32, WATTLE_LINK_LOGISTIC, 8 },
		{ 20011, 38, 0, 3, WATTLE_F32, WATTLE_LINK_SOFTMAX, 8 },
		{ 517, 3000, 0, 1, WATTLE_F32, WATTLE_LINK_LINEAR, 8 },
		{ 131, 3000, 0, 4, WATTLE_U8, WATTLE_LINK_SOFTMAX, 8 },
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(shapes); i++)
		one_case(k, &shapes[i], 100 + i);
}

static void test_scores(void **state)
{
	const struct wattle_kernels *k = isa(state);
	static const struct shape shapes[] = {
		{ 0, 5, 0, 3, WATTLE_F32, WATTLE_LINK_SOFTMAX, 4 },
		{ 1, 1, 0, 1, WATTLE_U8, WATTLE_LINK_LOGISTIC, 4 },
		{ 45, 70, 1, 1, WATTLE_F32, WATTLE_LINK_LOGISTIC, 4 },
		{ 301, 33, 0, 10, WATTLE_U8, WATTLE_LINK_SOFTMAX, 4 },
		{ 301, 784, 0, 17, WATTLE_F32, WATTLE_LINK_SOFTMAX, 4 },
	};
	struct case_data c;
	size_t i, n;

	for (i = 0; i < ARRAY_SIZE(shapes); i++) {
		case_make(&c, &shapes[i], 200 + i);
		k->scores(&c.p, c.zk);
		for (n = 0; n < c.p.rows * c.p.nr_outputs; n++)
			assert_near((double)c.zk[n], c.z[n], c.z_err[n], "shape %zu: z[%zu]", i, n);
		case_free(&c);
	}
}

/* Where the model is right and sure, the residual keeps its relative precision. */
static void test_extreme_scores(void **state)
{
	const struct wattle_kernels *k = isa(state);
	static const double scores[] = { 5, 15, 30, 60, 80, 86, 200, 1e4, 3e38 };
	const struct shape s = { 1, 1, 0, 1, WATTLE_F32, WATTLE_LINK_LOGISTIC, 1 };
	const struct shape s3 = { 1, 1, 0, 3, WATTLE_F32, WATTLE_LINK_SOFTMAX, 1 };
	const struct shape q = { 1, 1, 0, 1, WATTLE_F32, WATTLE_LINK_SQUARED, 1 };
	struct case_data c;
	size_t i, label;

	for (i = 0; i < ARRAY_SIZE(scores); i++) {
		const float z = (float)scores[i];
		const double tiny = exp(-fmin((double)z, 87.0));

		for (label = 0; label < 2; label++) {
			const double right = (label ? -tiny : tiny) / (1 + tiny);

			case_make(&c, &s, 1);
			*(float *)c.x = 1.0f;
			c.b[0] = 0;
			/* Right: the score has the sign of the class. */
			c.w[0] = label ? z : -z;
			c.labels[0] = (uint32_t)label;
			k->gradient(&c.p);
			assert_near(c.p.gb[0], right, 1e-5 * tiny, "z=%g, label %zu, right",
				    (double)z, label);
			assert_near(c.p.loss, log1p(tiny), 1.5e-7, "z=%g: loss", (double)z);
			/* Wrong. */
			c.labels[0] = !label;
			k->gradient(&c.p);
			assert_near(c.p.gb[0], label ? 1.0 : -1.0, 0.01, "z=%g, label %zu, wrong",
				    (double)z, label);
			assert_near(c.p.loss, (double)z, 0.01 + 1e-6 * (double)z, "z=%g: loss",
				    (double)z);
			case_free(&c);
		}
		case_make(&c, &s3, 1);
		*(float *)c.x = 1.0f;
		c.b[0] = c.b[1] = c.b[2] = 0;
		c.w[0] = c.w[2 * c.p.wstride] = 0;
		c.w[c.p.wstride] = z;
		c.labels[0] = 1;
		k->gradient(&c.p);
		assert_near(c.p.gb[1], -2 * tiny / (1 + 2 * tiny), 1e-5 * tiny, "softmax z=%g",
			    (double)z);
		assert_near(c.p.gb[0], tiny / (1 + 2 * tiny), 1e-5 * tiny, "softmax z=%g",
			    (double)z);
		case_free(&c);

		case_make(&c, &q, 1);
		*(float *)c.x = 1.0f;
		c.b[0] = 0;
		c.w[0] = z;
		c.labels[0] = 1;
		k->gradient(&c.p);
		assert_true(isfinite(c.p.gb[0]) && c.p.gb[0] <= 0);
		assert_near(c.p.gb[0], -tiny * tiny / pow(1 + tiny, 3), 1e-5 * tiny * tiny + 1e-37,
			    "squared z=%g", (double)z);
		case_free(&c);
	}
}

/* Moments of a block: every tail of rows and columns, padding that must not count. */
static void test_cov(void **state)
{
	const struct wattle_kernels *k = isa(state);
	static const size_t rows[] = { 1, 2, 15, 16, 17, 255, 257, 513, 1030 };
	static const size_t cols[] = { 1, 4, 11, 12, 16, 24, 25, 38, 48, 49, 80 };
	size_t a, b, i, j, r;

	for (a = 0; a < ARRAY_SIZE(rows) * ARRAY_SIZE(cols) * 2; a++) {
		const struct shape s = {
			rows[a / 2 % ARRAY_SIZE(rows)], cols[a / 2 / ARRAY_SIZE(rows)], a % 3, 1,
			a % 2 ? WATTLE_U8 : WATTLE_F32, WATTLE_LINK_LINEAR, 1,
		};
		const size_t w = wattle_cov__width(s.cols);
		char *mem = aligned_alloc(64, w * (w + 8) * 8 + wattle_cov__scratch_size(w));
		struct wattle_cov p;
		struct case_data c;
		float *pivot;

		assert_non_null(mem);
		memset(mem, 0x7e, w * (w + 8) * 8 + wattle_cov__scratch_size(w));
		case_make(&c, &s, a);
		p = (struct wattle_cov){
			.x = c.p.x, .dtype = s.dtype, .rows = s.rows, .cols = s.cols,
			.stride = c.p.stride, .width = w, .s = (double *)mem,
		};
		p.sum = p.s + w * w;
		p.missing = (uint64_t *)(p.sum + w);
		p.low = (float *)(p.missing + w);
		p.high = p.low + w;
		p.pivot = pivot = p.high + w;
		p.scratch = pivot + w;
		for (i = 0; i < w; i++)
			pivot[i] = s.dtype == WATTLE_U8 || i >= s.cols ? 0.0f :
				   0.25f * (float)(i % 3);
		k->cov(&p);
		for (i = 0; i < s.cols; i++) {
			double sum = 0, low = INFINITY, high = -INFINITY;

			for (r = 0; r < s.rows; r++) {
				const double x = case_x(&c, r, i);

				sum += x - (double)pivot[i];
				low = fmin(low, x);
				high = fmax(high, x);
			}
			assert_near(p.sum[i], sum, s.dtype == WATTLE_U8 ? 0 :
				    1e-6 * (double)s.rows, "%zux%zu: sum[%zu]", s.rows, s.cols, i);
			assert_true((double)p.low[i] == low && (double)p.high[i] == high);
			assert_int_equal(p.missing[i], 0);
			for (j = i; j < s.cols; j++) {
				double want = 0, size = 0;

				for (r = 0; r < s.rows; r++) {
					const double v = (case_x(&c, r, i) - (double)pivot[i]) *
							 (case_x(&c, r, j) - (double)pivot[j]);

					want += v;
					size += fabs(v);
				}
				b = i * w + j;
				assert_near(p.s[b], want, s.dtype == WATTLE_U8 ? 0 :
					    256 * 0x1p-24 * size, "%zux%zu: s[%zu][%zu]", s.rows,
					    s.cols, i, j);
			}
		}
		free(mem);
		case_free(&c);
	}
}

/* A number that is none must not get lost, wherever it is. */
static void test_not_finite(void **state)
{
	const struct wattle_kernels *k = isa(state);
	static const float bad[] = { NAN, INFINITY, -INFINITY };
	uint64_t seed = 3;
	size_t i, j, b;
	int l;

	for (l = WATTLE_LINK_LINEAR; l <= WATTLE_LINK_SQUARED; l++)
		for (i = 0; i < 60; i++)
			for (b = 0; b < ARRAY_SIZE(bad); b++) {
				struct shape s = {
					45, 21, 0, 1, WATTLE_F32, (enum wattle_link)l, 2
				};
				bool seen = false;
				struct case_data c;

				s.outputs = l == WATTLE_LINK_SOFTMAX ? 3 : 1;
				case_make(&c, &s, i);
				if (i % 2)
					((float *)c.x)[rnd(&seed) % 45 * c.p.stride +
						       rnd(&seed) % 21] = bad[b];
				else
					c.w[rnd(&seed) % 21] = bad[b];
				k->gradient(&c.p);
				seen = !isfinite(c.p.loss);
				for (j = 0; j < 21; j++)
					seen |= !isfinite(c.p.g[j]);
				if (!seen)
					fail_msg("link %d: %g in %s does not show", l,
						 (double)bad[b], i % 2 ? "x" : "w");
				case_free(&c);
			}
}

static void test_same_twice(void **state)
{
	const struct wattle_kernels *k = isa(state);
	const struct shape s = { 300, 100, 0, 5, WATTLE_U8, WATTLE_LINK_SOFTMAX, 4 };
	struct case_data c;
	double *g, loss;

	case_make(&c, &s, 7);
	k->gradient(&c.p);
	loss = c.p.loss;
	g = malloc(s.outputs * c.p.wstride * sizeof(double));
	assert_non_null(g);
	memcpy(g, c.p.g, s.outputs * c.p.wstride * sizeof(double));
	k->gradient(&c.p);
	assert_memory_equal(&loss, &c.p.loss, sizeof(loss));
	for (size_t i = 0; i < s.outputs; i++)
		assert_memory_equal(g + i * c.p.wstride, c.p.g + i * c.p.wstride,
				    s.cols * sizeof(double));
	free(g);
	case_free(&c);
}

static double ulps(float got, double want)
{
	int e;

	frexp(want, &e);
	return fabs((double)got - want) / ldexp(1.0, e - 24);
}

static void test_exp(void **state)
{
	const struct wattle_kernels *k = isa(state);
	enum { N = 200000 };
	float *x = malloc(N * sizeof(*x)), *y = malloc(N * sizeof(*y));
	float edge[5] = { NAN, -200, 200, INFINITY, -INFINITY }, out[5];
	size_t i;

	assert_non_null(x);
	assert_non_null(y);
	for (i = 0; i < N; i++)
		x[i] = -87.0f + 175.0f * (float)i / (N - 1);
	k->exp(x, y, N);
	for (i = 0; i < N; i++)
		if (!(ulps(y[i], exp((double)x[i])) <= 2.0))
			fail_msg("exp(%.9g) = %.9g is %.2f ulp off", (double)x[i], (double)y[i],
				 ulps(y[i], exp((double)x[i])));
	k->exp(edge, out, 5);
	assert_true(isnan(out[0]));
	assert_true(out[1] > 0 && out[1] < 2e-38f && out[4] == out[1]);
	assert_true(out[2] > 1e38f && isfinite(out[2]) && out[3] == out[2]);
	free(x);
	free(y);
}

static void test_log(void **state)
{
	const struct wattle_kernels *k = isa(state);
	enum { N = 200000 };
	float *x = malloc(N * sizeof(*x)), *y = malloc(N * sizeof(*y));
	float edge[2] = { NAN, INFINITY }, out[2];
	size_t i;

	assert_non_null(x);
	assert_non_null(y);
	for (i = 0; i < N; i++)
		x[i] = i % 2 ? 1.0f + 2.0f * (float)i / N : expf(-87.0f + 175.0f * (float)i / N);
	k->log(x, y, N);
	for (i = 0; i < N; i++) {
		const double want = log((double)x[i]);

		if (!(ulps(y[i], want) <= 2.0 || fabs((double)y[i] - want) <= 1e-7))
			fail_msg("log(%.9g) = %.9g is %.2f ulp off", (double)x[i], (double)y[i],
				 ulps(y[i], want));
	}
	k->log(edge, out, 2);
	assert_false(isfinite(out[0]) || isfinite(out[1]));
	free(x);
	free(y);
}

static void test_pick(void **state)
{
	const struct wattle_kernels *const best = wattle_kernels__pick(NULL, NULL);
	const struct wattle_kernels *const all[] = {
		wattle_kernels_avx512, wattle_kernels_avx2, wattle_kernels_portable,
	};
	static const char *const names[] = { "avx512", "avx2", "portable" };
	const char *why = "unset";
	size_t i;

	(void)state;
	assert_true(wattle_kernels__available(best));
	assert_ptr_equal(wattle_kernels__pick("", &why), best);
	assert_null(why);
	assert_ptr_equal(wattle_kernels__pick("sse9", &why), best);
	assert_non_null(strstr(why, "avx512, avx2 and portable"));
	for (i = 0; i < ARRAY_SIZE(all); i++) {
		if (wattle_kernels__available(all[i])) {
			assert_ptr_equal(wattle_kernels__pick(names[i], &why), all[i]);
			assert_null(why);
		} else {
			assert_ptr_equal(wattle_kernels__pick(names[i], &why), best);
			assert_non_null(why);
		}
	}
	assert_string_equal(wattle_ml__isa(), wattle_kernels__get()->name);
}

#define TESTS_EACH	10

int main(void)
{
	static const struct {
		const char	*name;
		CMUnitTestFunction fn;
	} each[TESTS_EACH] = {
		{ "odd sizes", test_odd_sizes },
		{ "1 to 17 outputs", test_outputs },
		{ "large blocks", test_large },
		{ "scores", test_scores },
		{ "moments", test_cov },
		{ "extreme scores", test_extreme_scores },
		{ "not finite shows", test_not_finite },
		{ "same bits twice", test_same_twice },
		{ "exp within 2 ulp", test_exp },
		{ "log within 2 ulp", test_log },
	};
#ifdef EMULATED
	const struct wattle_kernels *const isas[] = { wattle_kernels_avx512_emulated };
	static const char *const names[] = { "avx512 emulated" };
#else
	const struct wattle_kernels *const isas[] = {
		wattle_kernels_avx512, wattle_kernels_avx2, wattle_kernels_portable,
	};
	static const char *const names[] = { "avx512", "avx2", "portable" };
#endif
	struct CMUnitTest tests[ARRAY_SIZE(names) * TESTS_EACH + 1] = {
		cmocka_unit_test(test_pick),
	};
	static char titles[ARRAY_SIZE(names) * TESTS_EACH][96];
	size_t i, j, n = 0;

#ifdef EMULATED
	if (!wattle_kernels__available(wattle_kernels_avx2)) {
		puts("the emulation is compiled for AVX2, which this CPU or OS lacks");
		return 77;
	}
#endif
	for (i = 0; i < ARRAY_SIZE(names); i++)
		for (j = 0; j < TESTS_EACH; j++, n++) {
			snprintf(titles[n], sizeof(titles[n]), "%s: %s%s", names[i], each[j].name,
				 can_run(isas[i]) ? "" :
				 " (this CPU or OS lacks the instructions)");
			tests[n + 1] = (struct CMUnitTest){
				.name = titles[n],
				.test_func = each[j].fn,
				.initial_state = (void *)(uintptr_t)isas[i],
			};
		}
	return cmocka_run_group_tests(tests, NULL, NULL);
}
