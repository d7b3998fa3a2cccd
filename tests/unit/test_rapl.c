// SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause
/*
 * RAPL registers, recorded and derived. A sequence that was read on a machine
 * names where it was published; one that was computed here says "derived".
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <linux/wattle.h>

#include "rapl/decode.h"

#define MS	1000000ULL
#define SEC	1000000000ULL

static struct wattle_rapl_plan plan_of(uint32_t vendor, uint32_t model, uint64_t unit)
{
	struct wattle_rapl_id id = {
		.vendor = vendor, .model = model, .feature = 1,
		.family = vendor == WATTLE_RAPL_VENDOR_INTEL ? 6 : 0x19,
	};
	struct wattle_rapl_plan plan;

	assert_int_equal(wattle_rapl_plan(&id, &plan), WATTLE_RAPL_OK);
	assert_int_equal(wattle_rapl_units(&plan, unit), WATTLE_RAPL_OK);
	return plan;
}

static uint64_t joules_between(uint32_t esu, uint64_t a, uint64_t b)
{
	struct wattle_rapl_counter c = { .esu = esu };

	wattle_rapl_fold(&c, a, SEC, 0);
	wattle_rapl_fold(&c, b, 2 * SEC, 0);
	return wattle_rapl_uj(&c) / 1000000;
}

/*
 * Xeon E3-1270 (model 0x2a): MSR 0x606 = 0xa1003, MSR 0x611 = 0x4eb8d4ff, which AppleIntelInfo
 * called 20152 J (Piker-Alpha/ssdtPRGen.sh, issue 398).
 */
static void test_sandy_bridge(void **state)
{
	struct wattle_rapl_plan plan = plan_of(WATTLE_RAPL_VENDOR_INTEL, 0x2a, 0xa1003);

	(void)state;
	assert_int_equal(plan.nr, 1);
	assert_int_equal(plan.meters[0].msr, 0x611);
	assert_int_equal(plan.meters[0].esu, 16);
	assert_int_equal(joules_between(16, 0, 0x4eb8d4ff), 20152);
}

/*
 * EPYC 9254 (family 0x19, model 0x11), core counter of one thread a minute apart, as LIKWID
 * recorded its low 32 bits: 4289021270, then 1696099 (amd/amd_energy, issue 12). The register
 * is 64 bits wide there; the low half wraps all the same.
 */
static void test_genoa_wraps(void **state)
{
	struct wattle_rapl_plan plan = plan_of(WATTLE_RAPL_VENDOR_AMD, 0x11, 0xa1003);
	struct wattle_rapl_counter c = { .esu = plan.meters[1].esu };

	(void)state;
	assert_int_equal(plan.nr, 2);
	assert_int_equal(plan.meters[1].zone, WATTLE_ZONE_CORE);
	assert_int_equal(plan.meters[1].scope, WATTLE_RAPL_SCOPE_CORE);
	wattle_rapl_fold(&c, 4289021270, 0, 0);
	wattle_rapl_fold(&c, 1696099, 60 * SEC, 0);
	/* 7642125 counts of 15.2588 uJ: 116.6 J in a minute, 1.9 W a core. */
	assert_int_equal(c.acc, 7642125);
	assert_int_equal(wattle_rapl_uj(&c), 116609573);
	assert_int_equal(c.unsure, 0);
	/* The same with the register's upper half: one more there changes nothing. */
	memset(&c, 0, sizeof(c));
	c.esu = 16;
	wattle_rapl_fold(&c, 7ULL << 32 | 4289021270, 0, 0);
	wattle_rapl_fold(&c, 8ULL << 32 | 1696099, 60 * SEC, 0);
	assert_int_equal(c.acc, 7642125);
}

/*
 * Ryzen 9 7950X: MSR 0xc0010299 = 0xa1000; its power unit of 0 is not its energy unit
 * (amd/amd_energy, issue 9; turbostat in flightlessmango/MangoHud, issue 1390).
 */
static void test_raphael(void **state)
{
	struct wattle_rapl_plan plan = plan_of(WATTLE_RAPL_VENDOR_AMD, 0x61, 0xa1000);

	(void)state;
	assert_int_equal(plan.unit_msr, 0xc0010299);
	assert_int_equal(plan.meters[0].zone, WATTLE_ZONE_PACKAGE);
	assert_int_equal(plan.meters[0].scope, WATTLE_RAPL_SCOPE_PACKAGE);
	assert_int_equal(plan.meters[0].esu, 16);
}

/*
 * The unit of DRAM. Haswell-EP: 2^-16 J although the register says 2^-14 (Intel 330784; TACC's
 * own check with STREAM, 4.52 W a DIMM, in TACC/HPCPerfStats, issue 9). Sapphire Rapids: as the
 * register says (RRZE-HPC/likwid, pull 643). The counts are derived from the watts.
 */
static void test_dram_unit(void **state)
{
	static const struct { uint32_t model, esu; } t[] = {
		{ 0x3f, 16 }, { 0x4f, 16 }, { 0x56, 16 }, { 0x55, 16 }, { 0x6a, 16 }, { 0x6c, 16 },
		{ 0x57, 16 }, { 0x85, 16 },
		{ 0x8f, 14 }, { 0xcf, 14 }, { 0x3e, 14 }, { 0x2d, 14 }, { 0x5e, 14 },
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		struct wattle_rapl_plan plan = plan_of(WATTLE_RAPL_VENDOR_INTEL, t[i].model,
						       0xa0e03);

		assert_int_equal(plan.nr, 2);
		assert_int_equal(plan.meters[0].esu, 14);
		assert_int_equal(plan.meters[0].scope, WATTLE_RAPL_SCOPE_DIE);
		assert_int_equal(plan.meters[1].zone, WATTLE_ZONE_DRAM);
		assert_int_equal(plan.meters[1].msr, 0x619);
		assert_int_equal(plan.meters[1].esu, t[i].esu);
	}
	/* Four DIMMs for a minute, derived: 1084.8 J, and not four times that. */
	assert_int_equal(joules_between(16, 0x1000, 0x1000 + 71093453), 1084);
}

static void test_who_has_none(void **state)
{
	static const struct { struct wattle_rapl_id id; uint32_t why; } t[] = {
		{ { WATTLE_RAPL_VENDOR_OTHER, 6, 0x55, 1 }, WATTLE_RAPL_NO_VENDOR },
		{ { WATTLE_RAPL_VENDOR_AMD, 0x17, 0x31, 0 }, WATTLE_RAPL_NO_FEATURE },
		{ { WATTLE_RAPL_VENDOR_INTEL, 6, 0x1a, 0 }, WATTLE_RAPL_NO_MODEL },
		{ { WATTLE_RAPL_VENDOR_INTEL, 15, 0x6b, 0 }, WATTLE_RAPL_NO_MODEL },
		{ { WATTLE_RAPL_VENDOR_INTEL, 6, 0x37, 0 }, WATTLE_RAPL_NO_MODEL },
		{ { WATTLE_RAPL_VENDOR_INTEL, 6, 0xad, 0 }, WATTLE_RAPL_TPMI },
		{ { WATTLE_RAPL_VENDOR_INTEL, 6, 0xae, 0 }, WATTLE_RAPL_TPMI },
		{ { WATTLE_RAPL_VENDOR_INTEL, 6, 0xaf, 0 }, WATTLE_RAPL_TPMI },
		{ { WATTLE_RAPL_VENDOR_INTEL, 6, 0xdd, 0 }, WATTLE_RAPL_TPMI },
	};
	struct wattle_rapl_plan plan;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		memset(&plan, 0xff, sizeof(plan));
		assert_int_equal(wattle_rapl_plan(&t[i].id, &plan), t[i].why);
		assert_int_equal(plan.nr, 0);
	}
	for (i = 0; i < WATTLE_RAPL_NR_WHY; i++)
		assert_true(strlen(wattle_rapl_why_text(i)) > 3);
	assert_string_equal(wattle_rapl_why_text(WATTLE_RAPL_NR_WHY), "unknown");
	assert_non_null(strstr(wattle_rapl_why_text(WATTLE_RAPL_TPMI), "TPMI"));
}

/* What QEMU's emulation answers for a register it does not know. */
static void test_emulator(void **state)
{
	struct wattle_rapl_id id = { WATTLE_RAPL_VENDOR_INTEL, 6, 0x55, 0 };
	struct wattle_rapl_plan plan;

	(void)state;
	assert_int_equal(wattle_rapl_plan(&id, &plan), WATTLE_RAPL_OK);
	assert_int_equal(wattle_rapl_units(&plan, 0), WATTLE_RAPL_ZERO_UNIT);
	/* Power and time units alone are no unit of energy. */
	assert_int_equal(wattle_rapl_units(&plan, 0xa0003), WATTLE_RAPL_ZERO_UNIT);
}

static void test_filter(void **state)
{
	(void)state;
	assert_true(wattle_rapl_has_filter(0xc00));
	assert_true(wattle_rapl_has_filter(~0ULL));
	assert_false(wattle_rapl_has_filter(0x800));
	assert_false(wattle_rapl_has_filter(0x400));
	assert_false(wattle_rapl_has_filter(0));
	assert_true(wattle_rapl_filtered(1));
	assert_true(wattle_rapl_filtered(~0ULL));
	assert_false(wattle_rapl_filtered(~1ULL));
}

/* Derived: 64 wraps in uneven steps, against exact arithmetic, for every unit there can be. */
static void test_many_wraps(void **state)
{
	uint32_t esu;

	(void)state;
	for (esu = 1; esu < 32; esu++) {
		struct wattle_rapl_counter c = { .esu = esu };
		uint64_t true_counts = 0xfffffff0, base = true_counts, step = 0x9e3779b9, t = 0;
		uint64_t before = 0;

		wattle_rapl_fold(&c, true_counts, t, 0);
		assert_int_equal(wattle_rapl_uj(&c), 0);
		while (true_counts < 64ULL << 32) {
			step = (uint32_t)(step * 2654435761U + 12345) | 1;
			true_counts += step;
			/* At 1 kW. */
			t += (step * 1000000) >> esu;
			wattle_rapl_fold(&c, true_counts, t, 0);
			assert_int_equal(wattle_rapl_uj(&c),
					 (uint64_t)((__uint128_t)(true_counts - base) *
						    1000000 >> esu));
			assert_true(wattle_rapl_uj(&c) >= before);
			before = wattle_rapl_uj(&c);
		}
	}
}

static void test_unread_for_long(void **state)
{
	struct wattle_rapl_counter c = { .esu = 14 };

	(void)state;
	/* 2^32 counts of 2^-14 J at 1 kW: 262 s. */
	assert_int_equal(wattle_rapl_wrap_ns(14), 262144ULL * MS);
	wattle_rapl_fold(&c, 10, 0, 0);
	wattle_rapl_fold(&c, 20, 262144 * MS, 0);
	assert_int_equal(c.unsure, 0);
	wattle_rapl_fold(&c, 30, 2 * 262144 * MS + 1, 0);
	assert_int_equal(c.unsure, 1);
	assert_int_equal(c.acc, 20);
	/* A clock that seems to go back is not a long time. */
	wattle_rapl_fold(&c, 31, 262144 * MS, 0);
	assert_int_equal(c.unsure, 1);
	assert_int_equal(c.acc, 21);
}

/* The register starts anew over a suspend: that is no wrap, and no 262 kJ. */
static void test_suspend(void **state)
{
	struct wattle_rapl_counter c = { .esu = 14 };

	(void)state;
	wattle_rapl_fold(&c, 1000, SEC, 0);
	wattle_rapl_fold(&c, 1500, 2 * SEC, 0);
	wattle_rapl_fold(&c, 20, 2 * SEC + MS, 3600 * SEC);
	assert_int_equal(c.acc, 500);
	assert_int_equal(c.gaps, 1);
	wattle_rapl_fold(&c, 50, 3 * SEC, 3600 * SEC);
	assert_int_equal(c.acc, 530);
	/* Two clocks read one after the other, with a pause between, are no suspend. */
	wattle_rapl_fold(&c, 60, 4 * SEC, 3600 * SEC + 300 * MS);
	wattle_rapl_fold(&c, 70, 5 * SEC, 3600 * SEC);
	assert_int_equal(c.acc, 550);
	assert_int_equal(c.gaps, 1);
}

/* Derived: another CPU's view of the register is a little older, on either side of a wrap. */
static void test_lagging_view(void **state)
{
	struct wattle_rapl_counter c = { .esu = 14 };

	(void)state;
	wattle_rapl_fold(&c, 1000000, SEC, 0);
	wattle_rapl_fold(&c, 1200000, SEC + MS, 0);
	/* 10 J less is not 262 kJ more, and the way back up is not counted twice. */
	wattle_rapl_fold(&c, 1200000 - 163840, SEC + 2 * MS, 0);
	assert_int_equal(c.acc, 200000);
	wattle_rapl_fold(&c, 1200001, SEC + 3 * MS, 0);
	assert_int_equal(c.acc, 200001);
	assert_int_equal(c.gaps, 0);

	memset(&c, 0, sizeof(c));
	c.esu = 14;
	wattle_rapl_fold(&c, 0xffffff00, SEC, 0);
	wattle_rapl_fold(&c, 0x10, SEC + MS, 0);
	assert_int_equal(c.acc, 0x110);
	wattle_rapl_fold(&c, 0xfffffff0, SEC + 2 * MS, 0);
	assert_int_equal(c.acc, 0x110);
	wattle_rapl_fold(&c, 0x20, SEC + 3 * MS, 0);
	assert_int_equal(c.acc, 0x120);
	assert_int_equal(c.gaps, 0);
	assert_int_equal(c.unsure, 0);
}

/* Derived: a register that starts anew while nobody slept is a gap, not a wrap. */
static void test_reset(void **state)
{
	struct wattle_rapl_counter c = { .esu = 14 };

	(void)state;
	wattle_rapl_fold(&c, 1000000, SEC, 0);
	wattle_rapl_fold(&c, 1000000 - 163841 - 16384, 2 * SEC, 0);
	assert_int_equal(c.acc, 0);
	assert_int_equal(c.gaps, 1);
	/* The reading after the reset is the base of the next. */
	wattle_rapl_fold(&c, 1000000 - 163841, 3 * SEC, 0);
	assert_int_equal(c.acc, 16384);
	assert_int_equal(c.gaps, 1);

	/* The bound of a wrap, both sides of it: 1000 J and the 10 J in a second. */
	memset(&c, 0, sizeof(c));
	c.esu = 14;
	wattle_rapl_fold(&c, 0xffffffff, SEC, 0);
	wattle_rapl_fold(&c, 1010 * 16384 - 2, 2 * SEC, 0);
	assert_int_equal(c.acc, 1010 * 16384 - 1);
	assert_int_equal(c.gaps, 0);
	memset(&c, 0, sizeof(c));
	c.esu = 14;
	wattle_rapl_fold(&c, 0xffffffff, SEC, 0);
	wattle_rapl_fold(&c, 1010 * 16384 - 1, 2 * SEC, 0);
	assert_int_equal(c.acc, 0);
	assert_int_equal(c.gaps, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sandy_bridge),
		cmocka_unit_test(test_genoa_wraps),
		cmocka_unit_test(test_raphael),
		cmocka_unit_test(test_dram_unit),
		cmocka_unit_test(test_who_has_none),
		cmocka_unit_test(test_emulator),
		cmocka_unit_test(test_filter),
		cmocka_unit_test(test_many_wraps),
		cmocka_unit_test(test_unread_for_long),
		cmocka_unit_test(test_suspend),
		cmocka_unit_test(test_lagging_view),
		cmocka_unit_test(test_reset),
	};

	return cmocka_run_group_tests_name("rapl", tests, NULL, NULL);
}
