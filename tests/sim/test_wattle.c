// SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause
/*
 * module/core in the simulator: what `make sim` finds on the full set must hold on a small
 * part of it too, in every `make check`.
 */
#include <errno.h>
#include <linux/types.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "compare.h"
#include "core/record.h"
#include "log.h"
#include "oracle.h"
#include "policies.h"
#include "summary.h"

#define TRACES	12

static void get_power(struct sim_power *p, const char *name)
{
	char file[100];

	snprintf(file, sizeof(file), "tests/sim/power/%s.power", name);
	assert_int_equal(sim_power_read(p, file, stderr), 0);
}

/* All aims, on seeds that the standard set does not use. */
static void aims(void **state)
{
	static const char *const who[] = { "wattle", "wattle-work30", "wattle-wrongtable" };
	struct sim_power power[2];
	struct sim_summary sum = { .seen = 0 };

	(void)state;
	get_power(&power[0], "xeon-e5-2680v2");
	get_power(&power[1], "opteron-252");
	for (int t = 0; t < 2; t++) {
		for (int f = 0; sim_families[f]; f++) {
			struct sim_row row[3];

			for (int i = 0; i < 3; i++)
				assert_int_equal(sim_row_init(&row[i], TRACES), 0);
			for (uint64_t seed = 1000; seed < 1000 + TRACES; seed++) {
				struct sim_trace trace;
				struct sim_case c = {
					.power = &power[t], .wrong = &power[!t], .trace = &trace,
					.cpus = 1, .seed = seed, .instr_fd = -1,
				};
				struct sim_score race, score;
				struct sim s;

				assert_int_equal(sim_generate(&trace, sim_families[f], seed,
							      sim_fmax(c.power), 1), 0);
				assert_int_equal(sim_make_feasible(&trace, c.power, 1), 0);
				assert_int_equal(sim_compare(&c, sim_entry_find("race"), 0, &s,
							     false, &race), 0);
				assert_int_equal(race.r.missed, 0);
				sim_free(&s);
				for (int i = 0; i < 3; i++) {
					assert_int_equal(sim_compare(&c, sim_entry_find(who[i]), 0,
								     &s, false, &score), 0);
					sim_free(&s);
					sim_row_add(&row[i], &score, &race, trace.n);
				}
				sim_trace_free(&trace);
			}
			for (int i = 0; i < 3; i++) {
				sim_summary_add(&sum, power[t].name, sim_families[f], who[i],
						&row[i]);
				sim_row_free(&row[i]);
			}
		}
	}
	assert_int_equal(sum.seen, 14);
	assert_int_equal(sim_summary_text(&sum, stdout), 0);
}

/* Recorded cases that were once bad, or are hard: tests/sim/traces/README.md. */
static void hard_cases(void **state)
{
	static const struct {
		const char *trace, *power;
		int cpus;
		double refused, ratio;
	} hard[] = {
		{ "bursty-refused", "xeon-e5-2680v2", 1, 0.05, 1.12 },
		{ "bursty-4cpus", "xeon-e5-2680v2", 4, 0.02, 1.12 },
		{ "by-hand", "opteron-252", 1, 0, 1.05 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(hard) / sizeof(hard[0]); i++) {
		struct sim_power power;
		struct sim_trace t;
		struct sim_case c = {
			.power = &power, .trace = &t, .cpus = hard[i].cpus, .instr_fd = -1,
		};
		struct sim_score score;
		struct sim s;
		char file[100];

		get_power(&power, hard[i].power);
		snprintf(file, sizeof(file), "tests/sim/traces/%s.csv", hard[i].trace);
		assert_int_equal(sim_trace_read(&t, file, stderr), 0);
		assert_int_equal(sim_compare(&c, sim_entry_find("wattle"), 0, &s, false,
					     &score), 0);
		sim_free(&s);
		assert_int_equal(score.r.missed, 0);
		assert_true((double)score.r.refused <= hard[i].refused * (double)t.n);
		assert_true(score.ratio <= hard[i].ratio);
		sim_trace_free(&t);
	}
}

/* A lie about the work by a thousand: the liar is late, the machine comes to an end. */
static void liar(void **state)
{
	struct sim_power power;
	struct sim_job truth[20], lie[20];
	struct sim_trace t = { .job = truth, .n = 20 }, told = { .job = lie, .n = 20 };
	struct sim_setup setup = {
		.power = &power, .trace = &t, .told = &told, .policy = &sim_wattle, .cpus = 1,
		.instr_fd = -1,
	};
	struct sim_result r;
	struct sim s;

	(void)state;
	get_power(&power, "xeon-e5-2680v2");
	for (int i = 0; i < 20; i++) {
		uint64_t at = (uint64_t)i * 20000;

		truth[i] = (struct sim_job){ at, at + 19000, 2800, 0 };
		lie[i] = truth[i];
	}
	truth[5].work_kcycles = 2800000;
	assert_int_equal(sim_run(&s, &setup, &r), 0);
	/* What ran before is untouched, and the lie takes a second: it runs at f_max. */
	for (int i = 0; i < 5; i++)
		assert_true(s.finish_ns[i] <= truth[i].deadline_us * 1000);
	assert_true(s.finish_ns[5] - s.start_ns[5] < 1020000000);
	sim_free(&s);
}

/* A run's log, replayed without the machine: every answer the same; a changed one is found. */
static void log_replays(void **state)
{
	char path[] = "/tmp/wattle-log-XXXXXX";
	FILE *f = fdopen(mkstemp(path), "w+b"), *err = fopen("/dev/null", "w");
	struct sim_power power;
	struct sim_trace t;
	struct sim_case c = { .power = &power, .trace = &t, .cpus = 2, .instr_fd = -1, .log = f };
	struct sim_score score;
	__u64 count, again;
	struct sim s;
	long size;

	(void)state;
	assert_non_null(f);
	assert_non_null(err);
	get_power(&power, "xeon-e5-2680v2");
	assert_int_equal(sim_generate(&t, "bursty", 4, sim_fmax(&power), 2), 0);
	assert_int_equal(sim_compare(&c, sim_entry_find("wattle"), 0, &s, false, &score), 0);
	sim_free(&s);
	assert_int_equal(fflush(f), 0);
	assert_int_equal(sim_log_replay(path, &count, stderr), 0);
	assert_true(count > 4 * t.n);
	/* One bit of the last answer: found there and not before. */
	assert_int_equal(fseek(f, -(long)sizeof(struct wattle_record), SEEK_END), 0);
	for (;;) {
		struct wattle_record r;
		long at = ftell(f);

		assert_int_equal(fread(&r, sizeof(r), 1, f), 1);
		if (r.type == WATTLE_RECORD_DECIDE) {
			r.decision.horizon_ns ^= 1;
			assert_int_equal(fseek(f, at, SEEK_SET), 0);
			assert_int_equal(fwrite(&r, sizeof(r), 1, f), 1);
			break;
		}
		assert_int_equal(fseek(f, at - (long)sizeof(r), SEEK_SET), 0);
	}
	assert_int_equal(fflush(f), 0);
	assert_int_equal(sim_log_replay(path, &again, err), -EILSEQ);
	assert_true(again < count && again + 4 > count);
	/* Cut short. */
	assert_int_equal(fseek(f, 0, SEEK_END), 0);
	size = ftell(f);
	assert_int_equal(ftruncate(fileno(f), size / 2 - size / 2 % 8 - 8), 0);
	assert_int_equal(sim_log_replay(path, &again, err), -EINVAL);
	assert_int_equal(ftruncate(fileno(f), 20), 0);
	assert_int_equal(sim_log_replay(path, &again, err), -EINVAL);
	fclose(err);
	fclose(f);
	unlink(path);
	sim_trace_free(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(aims),
		cmocka_unit_test(hard_cases),
		cmocka_unit_test(liar),
		cmocka_unit_test(log_replays),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
