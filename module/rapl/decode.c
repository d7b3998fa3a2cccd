// SPDX-License-Identifier: GPL-2.0-only
/* What RAPL's registers mean: see decode.h. */
#include <linux/wattle.h>

#include "rapl/decode.h"

#define INTEL_UNIT	0x606
#define INTEL_PACKAGE	0x611
#define INTEL_DRAM	0x619
#define AMD_UNIT	0xc0010299
#define AMD_CORE	0xc001029a
#define AMD_PACKAGE	0xc001029b

#define UNIT_ESU(unit)	(((unit) >> 8) & 0x1f)	/* bits 12:8 */
#define SERVER_DRAM_ESU	16	/* 15.3 uJ, whatever the unit register says */

#define CAP_PACKAGE_CTLS	(1ULL << 10)
#define CAP_FILTERING		(1ULL << 11)
#define CTL_FILTERING		1ULL

enum {
	NOTHING,
	PACKAGE_ONLY,
	PACKAGE_DRAM,		/* DRAM in the register's unit */
	PACKAGE_SERVER_DRAM,	/* DRAM in its own unit */
	IN_TPMI,
};

/*
 * Family 6 by model, as CPUID counts them. Silvermont and Airmont are left out: their
 * unit is 2^esu uJ, which nothing here needs. A model that is not in the table is not
 * guessed at: addresses and units have changed between models before.
 */
static const struct {
	__u16	model;
	__u16	has;
} intel_models[] = {
	{ 0x2a, PACKAGE_ONLY },		/* Sandy Bridge */
	{ 0x2d, PACKAGE_DRAM },		/* Sandy Bridge-EP */
	{ 0x3a, PACKAGE_ONLY },		/* Ivy Bridge */
	{ 0x3e, PACKAGE_DRAM },		/* Ivy Bridge-EP */
	{ 0x3c, PACKAGE_DRAM },		/* Haswell */
	{ 0x45, PACKAGE_DRAM },
	{ 0x46, PACKAGE_DRAM },
	{ 0x3f, PACKAGE_SERVER_DRAM },	/* Haswell-EP */
	{ 0x3d, PACKAGE_DRAM },		/* Broadwell */
	{ 0x47, PACKAGE_DRAM },
	{ 0x4f, PACKAGE_SERVER_DRAM },	/* Broadwell-EP */
	{ 0x56, PACKAGE_SERVER_DRAM },	/* Broadwell-DE */
	{ 0x57, PACKAGE_SERVER_DRAM },	/* Knights Landing */
	{ 0x85, PACKAGE_SERVER_DRAM },	/* Knights Mill */
	{ 0x4e, PACKAGE_DRAM },		/* Skylake */
	{ 0x5e, PACKAGE_DRAM },
	{ 0x8e, PACKAGE_DRAM },		/* Kaby Lake, Coffee Lake */
	{ 0x9e, PACKAGE_DRAM },
	{ 0xa5, PACKAGE_DRAM },		/* Comet Lake */
	{ 0xa6, PACKAGE_DRAM },
	{ 0x66, PACKAGE_DRAM },		/* Cannon Lake */
	{ 0x55, PACKAGE_SERVER_DRAM },	/* Skylake-SP, Cascade Lake, Cooper Lake */
	{ 0x6a, PACKAGE_SERVER_DRAM },	/* Ice Lake-SP */
	{ 0x6c, PACKAGE_SERVER_DRAM },	/* Ice Lake-D */
	{ 0x7d, PACKAGE_DRAM },		/* Ice Lake */
	{ 0x7e, PACKAGE_DRAM },
	{ 0xa7, PACKAGE_DRAM },		/* Rocket Lake */
	{ 0x8c, PACKAGE_DRAM },		/* Tiger Lake */
	{ 0x8d, PACKAGE_DRAM },
	{ 0x8f, PACKAGE_DRAM },		/* Sapphire Rapids: DRAM as the register says */
	{ 0xcf, PACKAGE_DRAM },		/* Emerald Rapids */
	{ 0x97, PACKAGE_DRAM },		/* Alder Lake */
	{ 0x9a, PACKAGE_DRAM },
	{ 0xbe, PACKAGE_DRAM },
	{ 0xb7, PACKAGE_DRAM },		/* Raptor Lake */
	{ 0xba, PACKAGE_DRAM },
	{ 0xbf, PACKAGE_DRAM },
	{ 0xaa, PACKAGE_DRAM },		/* Meteor Lake */
	{ 0xac, PACKAGE_DRAM },
	{ 0xc5, PACKAGE_DRAM },		/* Arrow Lake */
	{ 0xc6, PACKAGE_DRAM },
	{ 0xbd, PACKAGE_DRAM },		/* Lunar Lake */
	{ 0x5c, PACKAGE_DRAM },		/* Goldmont */
	{ 0x5f, PACKAGE_DRAM },		/* Denverton */
	{ 0x7a, PACKAGE_DRAM },		/* Goldmont Plus */
	{ 0xad, IN_TPMI },		/* Granite Rapids */
	{ 0xae, IN_TPMI },
	{ 0xaf, IN_TPMI },		/* Sierra Forest */
	{ 0xb6, IN_TPMI },		/* Grand Ridge */
	{ 0xdd, IN_TPMI },		/* Clearwater Forest */
	{ 0, NOTHING },
};

static const char * const why_texts[] = {
	[WATTLE_RAPL_OK]		= "available",
	[WATTLE_RAPL_NO_VENDOR]		= "this CPU is neither Intel's nor AMD's nor Hygon's",
	[WATTLE_RAPL_NO_FEATURE]	=
		"CPUID does not announce energy counters; a hypervisor may hide them",
	[WATTLE_RAPL_NO_MODEL]		= "this CPU model is not in the table of those with energy counters",
	[WATTLE_RAPL_TPMI]		=
		"this CPU keeps its energy counters in TPMI, not in MSRs; load intel_rapl_tpmi and read powercap",
	[WATTLE_RAPL_NO_MSR]		=
		"the unit register cannot be read; a hypervisor may hide it",
	[WATTLE_RAPL_ZERO_UNIT]		=
		"the unit register reads 0; an emulator or a hypervisor answers for it",
	[WATTLE_RAPL_STANDS_STILL]	=
		"the package counter reads 0 or does not advance; an emulator or a hypervisor may answer for it",
};

static void plan_add(struct wattle_rapl_plan *plan, __u32 zone, __u32 scope, __u32 msr)
{
	plan->meters[plan->nr++] = (struct wattle_rapl_meter) {
		.zone	= zone,
		.scope	= scope,
		.msr	= msr,
	};
}

static __u32 plan_intel(const struct wattle_rapl_id *id, struct wattle_rapl_plan *plan)
{
	__u32 i;

	if (id->family != 6)
		return WATTLE_RAPL_NO_MODEL;
	for (i = 0; intel_models[i].has != NOTHING; i++)
		if (intel_models[i].model == id->model)
			break;
	if (intel_models[i].has == NOTHING)
		return WATTLE_RAPL_NO_MODEL;
	if (intel_models[i].has == IN_TPMI)
		return WATTLE_RAPL_TPMI;

	plan->unit_msr = INTEL_UNIT;
	plan_add(plan, WATTLE_ZONE_PACKAGE, WATTLE_RAPL_SCOPE_DIE, INTEL_PACKAGE);
	if (intel_models[i].has != PACKAGE_ONLY)
		plan_add(plan, WATTLE_ZONE_DRAM, WATTLE_RAPL_SCOPE_DIE, INTEL_DRAM);
	if (intel_models[i].has == PACKAGE_SERVER_DRAM)
		plan->fixed_esu = SERVER_DRAM_ESU;
	return WATTLE_RAPL_OK;
}

static __u32 plan_amd(const struct wattle_rapl_id *id, struct wattle_rapl_plan *plan)
{
	/* Architectural behind its CPUID bit, so no table of models. */
	if (!id->feature)
		return WATTLE_RAPL_NO_FEATURE;
	plan->unit_msr = AMD_UNIT;
	plan_add(plan, WATTLE_ZONE_PACKAGE, WATTLE_RAPL_SCOPE_PACKAGE, AMD_PACKAGE);
	plan_add(plan, WATTLE_ZONE_CORE, WATTLE_RAPL_SCOPE_CORE, AMD_CORE);
	return WATTLE_RAPL_OK;
}

__u32 wattle_rapl_plan(const struct wattle_rapl_id *id, struct wattle_rapl_plan *plan)
{
	*plan = (struct wattle_rapl_plan) { 0 };
	switch (id->vendor) {
	case WATTLE_RAPL_VENDOR_INTEL:
		return plan_intel(id, plan);
	case WATTLE_RAPL_VENDOR_AMD:
		return plan_amd(id, plan);
	default:
		return WATTLE_RAPL_NO_VENDOR;
	}
}

__u32 wattle_rapl_units(struct wattle_rapl_plan *plan, __u64 unit)
{
	__u32 i;

	/* No part counts whole joules: 0 is the answer of an emulator. */
	if (!UNIT_ESU(unit))
		return WATTLE_RAPL_ZERO_UNIT;
	for (i = 0; i < plan->nr; i++) {
		struct wattle_rapl_meter *m = &plan->meters[i];

		m->esu = UNIT_ESU(unit);
		if (m->zone == WATTLE_ZONE_DRAM && plan->fixed_esu)
			m->esu = plan->fixed_esu;
	}
	return WATTLE_RAPL_OK;
}

int wattle_rapl_has_filter(__u64 arch_caps)
{
	return (arch_caps & (CAP_PACKAGE_CTLS | CAP_FILTERING)) ==
	       (CAP_PACKAGE_CTLS | CAP_FILTERING);
}

int wattle_rapl_filtered(__u64 package_ctls)
{
	return !!(package_ctls & CTL_FILTERING);
}

/* esu < 32 and counts < 2^32: the product stays under 2^52. */
static __u64 counts_uj(__u32 counts, __u32 esu)
{
	return ((__u64)counts * 1000000) >> esu;
}

/* Can so much have been used in @dt_ns, two views of the register being out of order? */
static int plausible(__u64 uj, __u64 dt_ns)
{
	return uj < WATTLE_RAPL_LAG_UJ ||
	       uj - WATTLE_RAPL_LAG_UJ < dt_ns * WATTLE_RAPL_MAX_UJ_PER_NS;
}

/* The reading @now of a counter that has a base; returns the next one's base. */
static __u32 advance(struct wattle_rapl_counter *c, __u32 now, __u64 dt_ns)
{
	/* Modulo 2^32: right over a wrap, as long as there was only one. */
	__u32 step = now - c->last;
	int believed = plausible(counts_uj(step, c->esu), dt_ns);

	/* Behind the last reading, a wrap in between or not: a lagging view keeps the base. */
	if (!believed && counts_uj(c->last - now, c->esu) <= WATTLE_RAPL_LAG_UJ)
		return c->last;
	if (!believed && now < c->last) {
		c->gaps++;
		return now;
	}
	c->acc += step;
	if (dt_ns > wattle_rapl_wrap_ns(c->esu))
		c->unsure++;
	return now;
}

void wattle_rapl_fold(struct wattle_rapl_counter *c, __u64 raw, __u64 now_ns, __u64 slept_ns)
{
	__u32 now = (__u32)raw;

	if (c->based && slept_ns > c->slept_ns + WATTLE_RAPL_SLEPT_NS)
		c->gaps++;
	else if (c->based)
		now = advance(c, now, now_ns > c->stamp_ns ? now_ns - c->stamp_ns : 0);
	c->last = now;
	c->stamp_ns = now_ns;
	c->slept_ns = slept_ns;
	c->based = 1;
}

__u64 wattle_rapl_uj(const struct wattle_rapl_counter *c)
{
	__u64 joules = c->acc >> c->esu;
	__u64 rest = c->acc & ((1ULL << c->esu) - 1);

	/* esu < 32, so the rest times 10^6 stays under 2^52. */
	return joules * 1000000 + ((rest * 1000000) >> c->esu);
}

__u64 wattle_rapl_wrap_ns(__u32 esu)
{
	return (WATTLE_RAPL_RANGE_RAW >> esu) * 1000000 / WATTLE_RAPL_MAX_UJ_PER_NS;
}

const char *wattle_rapl_why_text(__u32 why)
{
	return why < WATTLE_RAPL_NR_WHY ? why_texts[why] : "unknown";
}
