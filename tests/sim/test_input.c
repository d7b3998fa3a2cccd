// SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause
/* Traces, tables and families: what is taken, what is refused and how, what repeats. */
#include <errno.h>
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "compare.h"
#include "prng.h"
#include "report.h"
#include "svg.h"

static char path[] = "/tmp/wattle-sim-XXXXXX";

static void put(const char *text)
{
	FILE *f = fopen(path, "w");

	assert_non_null(f);
	fputs(text, f);
	assert_int_equal(fclose(f), 0);
}

/* The message for @text, with the file's name cut off. */
static char *refused(const char *text, bool table)
{
	static char out[400];
	struct sim_power p;
	struct sim_trace t;
	char *buf = NULL;
	size_t n = 0;
	FILE *err = open_memstream(&buf, &n);
	int ret;

	put(text);
	ret = table ? sim_power_read(&p, path, err) : sim_trace_read(&t, path, err);
	fclose(err);
	assert_int_equal(ret, -EINVAL);
	assert_memory_equal(buf, path, strlen(path));
	snprintf(out, sizeof(out), "%s", buf + strlen(path));
	free(buf);
	return out;
}

#define HEAD "release_us,deadline_us,work_kcycles,stall_us\n"

static void trace_errors(void **state)
{
	static const struct {
		const char *text, *where;
	} bad[] = {
		{ "", ":1:1: no batch" },
		{ "1,2,3,4\n", ":1:1: the first line must be" },
		{ HEAD, ":2:1: no batch" },
		{ HEAD "0,10,5\n", ":2:7: expected ','" },
		{ HEAD "0,10,5,0\n0,10,x,0\n", ":3:6: work_kcycles is not a whole number" },
		{ HEAD "-1,10,5,0\n", ":2:1: release_us is not a whole number" },
		{ HEAD "0,10,5,0,7\n", ":2:9: more than four" },
		{ HEAD "0,10,5.5,0\n", ":2:7: expected ','" },
		{ HEAD "0,10,0,0\n", ":2:1: a batch without work" },
		{ HEAD "10,10,1,0\n", ":2:1: the deadline is not after" },
		{ HEAD "0,99999999999999999999999,1,0\n", ":2:3: deadline_us is above" },
		{ HEAD "0,10,99999999999999,0\n", ":2:6: work_kcycles is above" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_memory_equal(refused(bad[i].text, false), bad[i].where,
				    strlen(bad[i].where));
}

static void trace_missing(void **state)
{
	char *buf = NULL;
	size_t n = 0;
	FILE *err = open_memstream(&buf, &n);
	struct sim_trace t;

	(void)state;
	assert_int_equal(sim_trace_read(&t, "/nonexistent.csv", err), -ENOENT);
	fclose(err);
	assert_string_equal(buf, "/nonexistent.csv: No such file or directory\n");
	free(buf);
}

static void trace_round_trip(void **state)
{
	struct sim_trace t, u;
	FILE *f;

	(void)state;
	put("release_us,deadline_us,work_kcycles,stall_us\r\n# a comment\n5,,7,0\n\n0,10,1,2\n");
	assert_int_equal(sim_trace_read(&t, path, stderr), 0);
	assert_int_equal(t.n, 2);
	assert_int_equal(t.job[0].deadline_us, 10);
	assert_true(t.job[1].deadline_us == SIM_NEVER);
	f = fopen(path, "w");
	assert_non_null(f);
	sim_trace_write(&t, f);
	fclose(f);
	assert_int_equal(sim_trace_read(&u, path, stderr), 0);
	assert_int_equal(u.n, 2);
	assert_memory_equal(t.job, u.job, 2 * sizeof(*t.job));
	sim_trace_free(&t);
	sim_trace_free(&u);
}

#define OPPS "opp 1000 100\nopp 2000 300\n"
#define IDLE "idle C1 50 2 1\n"

static void table_errors(void **state)
{
	static const struct {
		const char *text, *where;
	} bad[] = {
		{ "", ":0:1: no operating point" },
		{ OPPS, ":2:1: no idle state" },
		{ IDLE, ":1:1: no operating point" },
		{ "opp 1000\n", ":1:9: power in uW must be" },
		{ "opp 1e3 5\n", ":1:5: frequency in kHz must be" },
		{ "opp -1 5\n", ":1:5: frequency in kHz must be" },
		{ "opp 0 5\n", ":1:1: frequency and power" },
		{ "opp 99999999999999999999 5\n", ":1:5: frequency in kHz must be" },
		{ "opp 2000 300\nopp 1000 100\n", ":2:1: operating points must rise" },
		{ "opp 1000 300\nopp 2000 300\n", ":2:1: an operating point must take more" },
		{ OPPS "watt 5\n", ":3:1: expected one of" },
		{ OPPS IDLE "idle C6 60 5 2\n", ":4:1: idle states must fall" },
		{ OPPS IDLE "idle C6 10 2 1\n", ":4:1: a deeper idle state needs" },
		{ OPPS "idle C1 50 2 9\n", ":3:1: the exit latency" },
		{ OPPS "idle C1 100 2 1\n", ":3:1: the first idle state takes as much" },
		{ OPPS IDLE "shared 5\nshared 5\n", ":5:1: said twice" },
		{ OPPS IDLE "shared 5 6\n", ":4:10: something is left over" },
		{ OPPS IDLE "shared 5\nshared_idle 6\n", ":5:1: shared_idle is above" },
		{ OPPS IDLE "platform 99999999999\n", ":4:10: platform must be" },
		{ OPPS IDLE "switch 200000\n", ":4:8: switch must be" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_memory_equal(refused(bad[i].text, true), bad[i].where,
				    strlen(bad[i].where));
}

/* Every shipped table is read, and module/core would take it. */
static void shipped_tables(void **state)
{
	static const char *const name[] = {
		"opteron-252", "opteron-250he", "xeon-e5-2680v2", "q6700"
	};

	(void)state;
	for (size_t i = 0; i < sizeof(name) / sizeof(name[0]); i++) {
		struct sim_power p, wrong, other;
		const char *why;
		char file[100];

		snprintf(file, sizeof(file), "tests/sim/power/%s.power", name[i]);
		assert_int_equal(sim_power_read(&p, file, stderr), 0);
		assert_string_equal(p.name, name[i]);
		snprintf(file, sizeof(file), "tests/sim/power/%s.power", name[(i + 1) % 4]);
		assert_int_equal(sim_power_read(&other, file, stderr), 0);
		sim_power_mistake(&wrong, &p, &other);
		assert_int_equal(sim_power_check(&wrong, &why), 0);
		assert_int_equal(wrong.nopp, p.nopp);
		for (int k = 0; k < p.nopp; k++) {
			assert_int_equal(wrong.opp[k].khz, p.opp[k].khz);
			assert_true(!k || wrong.opp[k].uw > wrong.opp[k - 1].uw);
		}
	}
}

/* The authors' own first outputs for the state 1, 2, 3, 4. */
static void generator_vector(void **state)
{
	struct prng p = { .s = { 1, 2, 3, 4 } };

	(void)state;
	assert_true(prng_next(&p) == 11520);
	assert_true(prng_next(&p) == 0);
	assert_true(prng_next(&p) == 1509978240);
	assert_true(prng_next(&p) == UINT64_C(1215971899390074240));
}

/* Mean 1, variance 1, and a twentieth beyond 3: the method, not just the mean. */
static void exponential(void **state)
{
	enum { N = 200000 };
	double sum = 0, squares = 0;
	struct prng p;
	int beyond = 0;

	(void)state;
	prng_seed(&p, 1);
	for (int i = 0; i < N; i++) {
		double x = (double)prng_exp(&p, 1000000) / 1e6;

		sum += x;
		squares += x * x;
		beyond += x > 3;
	}
	assert_true(sum / N > 0.99 && sum / N < 1.01);
	assert_true(squares / N > 1.96 && squares / N < 2.04);
	assert_true(beyond > 0.0488 * N && beyond < 0.0508 * N);	/* exp(-3) = 0.0498 */
}

static uint64_t digest(const struct sim_trace *t)
{
	uint64_t h = UINT64_C(0xcbf29ce484222325);	/* FNV-1a */
	const unsigned char *s = (const unsigned char *)t->job;

	for (size_t i = 0; i < t->n * sizeof(*t->job); i++)
		h = (h ^ s[i]) * UINT64_C(0x100000001b3);
	return h;
}

/* Recorded once; another machine, compiler or C library must find the same. */
static void families_repeat(void **state)
{
	static const uint64_t want[] = {
		UINT64_C(0xe7ae733a33a7c2f1),	/* poisson */
		UINT64_C(0xcb37f9affae2724d),	/* loose */
		UINT64_C(0x2a0e56943282a943),	/* bursty */
		UINT64_C(0x54a0cb4687df9459),	/* periodic */
		UINT64_C(0x7e84ab58279f346f),	/* mixed */
		UINT64_C(0xef63a366b08d4116),	/* tiny */
		UINT64_C(0x28d3934493d7a154),	/* backlog */
	};
	bool same = true;

	(void)state;
	for (int f = 0; sim_families[f]; f++) {
		struct sim_trace t;

		assert_int_equal(sim_generate(&t, sim_families[f], 42, 2600000, 1), 0);
		if (digest(&t) != want[f])
			print_error("%s: 0x%016" PRIx64 "\n", sim_families[f], digest(&t));
		assert_true(t.n >= 40 && t.n <= 260);
		same = same && digest(&t) == want[f];
		sim_trace_free(&t);
	}
	assert_true(same);
}

static void family_unknown(void **state)
{
	struct sim_trace t;

	(void)state;
	assert_int_equal(sim_generate(&t, "nope", 1, 1000000, 1), -EINVAL);
}

static void quantiles(void **state)
{
	struct sim_score race = { .ratio = 1, .r = { .energy_uj = 10, .node_uj = 20 } };
	struct sim_row row;

	(void)state;
	assert_int_equal(sim_row_init(&row, 20), 0);
	for (int i = 20; i > 0; i--) {
		struct sim_score s = race;

		s.ratio = i;
		s.r.energy_uj = i;
		sim_row_add(&row, &s, &race, 5);
	}
	assert_true(sim_row_mean(&row) == 10.5);
	assert_true(sim_row_quantile(&row, 0.95) == 19);
	assert_true(sim_row_quantile(&row, 1) == 20);
	assert_true(row.over_race == 2);
	sim_row_free(&row);
}

/* A plot is well-formed enough to count: three panels, one path a series in each. */
static void plot(void **state)
{
	const struct sim_sample v[3] = { { 0, 0, 1, 0 }, { 50, 1e6, 5, 9 }, { 99, 0, 1, 0 } };
	const struct sim_series s[2] = { { "a<b", v, 3 }, { "c", v, 3 } };
	char *buf = NULL;
	size_t n = 0;
	FILE *f = open_memstream(&buf, &n);
	int paths = 0;

	(void)state;
	assert_int_equal(sim_svg(f, "x & y", s, 2), 0);
	assert_int_equal(sim_svg(f, "none", s, 0), -EINVAL);
	fclose(f);
	for (const char *at = buf; (at = strstr(at, "<path ")); at++)
		paths++;
	assert_int_equal(paths, 6);
	assert_non_null(strstr(buf, "x &amp; y"));
	assert_null(strstr(buf, ">a<b<"));
	assert_non_null(strstr(buf, "</svg>"));
	free(buf);
}

static int make_file(void **state)
{
	int fd = mkstemp(path);

	(void)state;
	return fd < 0 ? -1 : close(fd);
}

static int drop_file(void **state)
{
	(void)state;
	return unlink(path);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(trace_errors),
		cmocka_unit_test(trace_missing),
		cmocka_unit_test(trace_round_trip),
		cmocka_unit_test(table_errors),
		cmocka_unit_test(shipped_tables),
		cmocka_unit_test(generator_vector),
		cmocka_unit_test(exponential),
		cmocka_unit_test(families_repeat),
		cmocka_unit_test(family_unknown),
		cmocka_unit_test(quantiles),
		cmocka_unit_test(plot),
	};

	return cmocka_run_group_tests(tests, make_file, drop_file);
}
