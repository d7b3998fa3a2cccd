// SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause
/* Values of options, the command line of `wattle train`, CPU lists, percentiles. */
#include <fcntl.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <cmocka.h>

#include "cli/cli.h"
#include "cli/meter.h"
#include "cli/opt.h"
#include "cli/sysinfo.h"
#include "cli/train_opts.h"

/* A report whose errors can be looked at; what goes to stderr is for people. */
struct quiet {
	struct out	o;
	int		saved;
	FILE		*null;
};

static void quiet_begin(struct quiet *q)
{
	int fd = open("/dev/null", O_WRONLY | O_CLOEXEC);

	fflush(stderr);
	q->saved = dup(STDERR_FILENO);
	dup2(fd, STDERR_FILENO);
	close(fd);
	q->null = fopen("/dev/null", "w");
	out_init(&q->o, q->null, true, "test");
}

/* The error printed since quiet_begin(), to be freed; NULL if there was none. */
static char *quiet_end(struct quiet *q)
{
	json_t *m = json_object_get(json_object_get(q->o.root, "error"), "message");
	char *s = m ? strdup(json_string_value(m)) : NULL;

	out_drop(&q->o);
	fclose(q->null);
	fflush(stderr);
	dup2(q->saved, STDERR_FILENO);
	close(q->saved);
	return s;
}

static bool duration(const char *s, uint64_t *ns)
{
	struct quiet q;
	char *err;
	bool ok;

	quiet_begin(&q);
	ok = opt_duration(&q.o, "--x", s, ns);
	err = quiet_end(&q);
	assert_int_equal(ok, !err);
	if (err)
		assert_non_null(strstr(err, s));
	free(err);
	return ok;
}

static void durations(void **state)
{
	static const struct {
		const char *s;
		uint64_t ns;
	} good[] = {
		{ "1ns", 1 }, { "5us", 5000 }, { "200ms", 200000000 }, { "90s", 90000000000 },
		{ "1.5s", 1500000000 }, { "5m", 300000000000 }, { "5min", 300000000000 },
		{ "2h", 7200000000000 }, { "1000000h", 3600000000000000000 },
	};
	static const char *const bad[] = {
		"", "0s", "0", "90", "-1s", "+1s", " 1s", "1 s", "s", "1d", "1ss", "nans", "infs",
		"1e99h", "2000000h", "0.4ns", "1s ",
	};
	uint64_t ns;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		assert_true(duration(good[i].s, &ns));
		assert_int_equal(ns, good[i].ns);
	}
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_false(duration(bad[i], &ns));
}

static bool deadline(const char *s, uint64_t *ns)
{
	struct quiet q;
	bool ok;

	quiet_begin(&q);
	ok = opt_deadline(&q.o, "--deadline", s, ns);
	free(quiet_end(&q));
	return ok;
}

static void deadlines(void **state)
{
	static const char *const bad[] = {
		"24:00", "7:60", "7:", ":30", "07:00x", "-1:00", "7", "",
	};
	uint64_t before, ns;
	char clock[8];
	struct tm tm;
	time_t now;
	size_t i;
	int h;

	(void)state;
	before = opt_now_ns();
	assert_true(deadline("90s", &ns));
	assert_in_range(ns - before, 90000000000, 91000000000);
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_false(deadline(bad[i], &ns));

	/* Any time of day lies within the next 24 hours, and is that time of day. */
	setenv("TZ", "UTC", 1);
	tzset();
	for (h = 0; h < 24; h++) {
		snprintf(clock, sizeof(clock), "%02d:37", h);
		before = opt_now_ns();
		now = time(NULL);
		assert_true(deadline(clock, &ns));
		assert_true(ns > before);
		assert_true(ns - before <= 86400000000000ULL);
		now += (ns - before + 500000000) / 1000000000;
		gmtime_r(&now, &tm);
		/* The two clocks were read a moment apart: a second either way. */
		assert_in_range(tm.tm_hour * 3600 + tm.tm_min * 60 + tm.tm_sec + 1,
				h * 3600 + 37 * 60, h * 3600 + 37 * 60 + 2);
	}
}

static bool parse(struct train_opts *t, const char *line, char **err)
{
	static char buf[512];
	char *argv[64];
	struct quiet q;
	int argc = 0;
	char *s;
	bool ok;

	snprintf(buf, sizeof(buf), "train %s", line);
	for (s = strtok(buf, " "); s; s = strtok(NULL, " ")) {
		assert_true(argc < 63);
		argv[argc++] = s;
	}
	argv[argc] = NULL;
	optind = 0;
	quiet_begin(&q);
	ok = train_opts_parse(&q.o, t, argc, argv);
	*err = quiet_end(&q);
	return ok;
}

static void train_grammar(void **state)
{
	struct train_opts t;
	uint64_t now;
	char *err;

	(void)state;
	assert_true(parse(&t, "d.csv -o m", &err));
	assert_null(err);
	assert_string_equal(t.data, "d.csv");
	assert_string_equal(t.model, "m");
	assert_int_equal(t.train.sz, sizeof(t.train));
	assert_int_equal(t.train.max_epochs, 100);
	assert_true(t.train.standardise);
	assert_int_equal(t.queue.class, WATTLE_CLASS_BATCH);
	assert_int_equal(t.backend, WATTLE_BACKEND_AUTO);
	assert_int_equal(t.read.header, -1);
	assert_int_equal(t.seed, 1);

	now = opt_now_ns();
	assert_true(parse(&t, "--label y -om d.csv --no-header --test=0.25 --seed 7 --no-standardise --loss squared --l2 0.5 --alpha 1e-3 --momentum --epochs 9 --tol 1e-4 --batch-rows 64 --deadline 2h --epoch-deadline 30ms --strict --class background --workers 3 --backend embedded --require-energy",
			  &err));
	assert_null(err);
	assert_string_equal(t.read.label, "y");
	assert_int_equal(t.read.header, 0);
	assert_true(t.test_share == 0.25);
	assert_int_equal(t.seed, 7);
	assert_false(t.train.standardise);
	assert_int_equal(t.train.loss, WATTLE_LOSS_SQUARED);
	assert_true(t.train.l2 == 0.5);
	assert_true(t.train.alpha == 0.001);
	assert_int_equal(t.train.momentum, 1);
	assert_int_equal(t.train.max_epochs, 9);
	assert_true(t.train.tol == 0.0001);
	assert_int_equal(t.train.block_rows, 64);
	assert_true(t.train.deadline_ns >= now + 7200000000000ULL);
	assert_int_equal(t.train.epoch_deadline_ns, 30000000);
	assert_int_equal(t.queue.flags, WATTLE_QUEUE_STRICT);
	assert_int_equal(t.queue.class, WATTLE_CLASS_BACKGROUND);
	assert_int_equal(t.workers, 3);
	assert_int_equal(t.backend, WATTLE_BACKEND_EMBEDDED);
	assert_true(t.require_energy);

	/* The last of a repeated option counts; "--" ends options. */
	assert_true(parse(&t, "--epochs 3 --epochs 4 -o m -- --epochs", &err));
	assert_int_equal(t.train.max_epochs, 4);
	assert_string_equal(t.data, "--epochs");
	/* An abbreviation must be unambiguous. */
	assert_true(parse(&t, "d.csv -o m --mom", &err));
	assert_int_equal(t.train.momentum, 1);
	assert_false(parse(&t, "d.csv -o m --test- x", &err));
	assert_non_null(err);
	free(err);
	assert_false(parse(&t, "d.csv --strict -o m", &err));
	assert_non_null(strstr(err, "--strict without"));
	free(err);
}

static void cpu_lists(void **state)
{
	(void)state;
	assert_int_equal(sysinfo_cpulist(""), 0);
	assert_int_equal(sysinfo_cpulist("0"), 1);
	assert_int_equal(sysinfo_cpulist("0-3"), 4);
	assert_int_equal(sysinfo_cpulist("0-3,8,10-11"), 7);
	assert_true(sysinfo_cpulist("x") < 0);
	assert_true(sysinfo_cpulist("3-1") < 0);
	assert_true(sysinfo_cpulist("1-") < 0);
	assert_true(sysinfo_cpulist("1,,2") < 0);
	assert_true(sysinfo_cpulist("0-99999999999") < 0);
}

static void percentiles(void **state)
{
	__u64 hist[WATTLE_HIST_SLOTS] = { 0 };
	uint64_t below;

	(void)state;
	assert_false(meter_percentile(hist, 0.5, &below));
	/* 98 waits of 0 or 1 us, one of 4 to 7 us, one above everything. */
	hist[0] = 98;
	hist[2] = 1;
	hist[WATTLE_HIST_SLOTS - 1] = 1;
	assert_true(meter_percentile(hist, 0.5, &below));
	assert_int_equal(below, 2);
	assert_true(meter_percentile(hist, 0.98, &below));
	assert_int_equal(below, 2);
	assert_true(meter_percentile(hist, 0.99, &below));
	assert_int_equal(below, 8);
	assert_true(meter_percentile(hist, 1.0, &below));
	assert_true(below == UINT64_MAX);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(durations),
		cmocka_unit_test(deadlines),
		cmocka_unit_test(train_grammar),
		cmocka_unit_test(cpu_lists),
		cmocka_unit_test(percentiles),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
