// SPDX-License-Identifier: GPL-2.0-only
/*
 * The laws of the virtual hardware: how much each part draws in each state.
 * Pure functions of their arguments. The shape is that of a server core
 * (switching power a C V^2 f, leakage growing with V^3, power gating in C6, an
 * uncore that can only rest when all cores do); the constants are chosen, not
 * measured, and belong to no product.
 *
 * Wattle must never read this file's constants: it sees the counter only.
 */
#include <linux/math64.h>

#include "platform.h"

#define CEFF_PF			1400	/* effective capacitance of one core */
#define LEAK_1V_UW		500000	/* leakage at 1 V */
#define IDLE_LOOP_PM		300	/* activity of the idle loop itself */
#define STALL_SAVES_PM		550	/* clock gating while waiting for memory */
#define C1_CLOCKS_UW		60000	/* what still toggles in C1 */
#define C1E_CLOCKS_UW		40000
#define C6_UW			50000	/* power gated */
#define TRAFFIC_UNCORE_UW	1500000	/* one core's full memory traffic, in the uncore */
#define TRAFFIC_DRAM_UW		4000000	/* and in DRAM */

static const struct {
	u32 khz;
	u32 mv;
} vf[] = {
	{  800000,  700 },
	{ 1600000,  820 },
	{ 2400000,  960 },
	{ 3200000, 1150 },
	{ 3600000, 1300 },
};

static const u32 level_uncore_uw[WP_NR_LEVELS] = { 9000000, 6000000, 1800000 };
static const u32 level_dram_uw[WP_NR_LEVELS] = { 2200000, 2200000, 500000 };

static u32 volt_mv(u32 khz)
{
	unsigned int i;

	if (khz <= vf[0].khz)
		return vf[0].mv;
	for (i = 1; i < ARRAY_SIZE(vf); i++)
		if (khz <= vf[i].khz)
			return vf[i - 1].mv +
			       (u64)(vf[i].mv - vf[i - 1].mv) * (khz - vf[i - 1].khz) /
			       (vf[i].khz - vf[i - 1].khz);
	return vf[ARRAY_SIZE(vf) - 1].mv;
}

/* pF x mV^2 x kHz is 10^-9 uW; the product stays under 2^53, so per mille fits. */
static u32 switching_uw(u32 activity_pm, u32 khz)
{
	u64 mv = volt_mv(khz);

	return div_u64(CEFF_PF * mv * mv * khz / 1000000 * activity_pm, 1000000);
}

static u32 leakage_uw(u64 mv)
{
	return div_u64(LEAK_1V_UW * mv * mv * mv, 1000000000);
}

/*
 * A slower core takes longer for what is its own, so the share of time it waits
 * for memory falls: stall f / ((1 - stall) f_max + stall f).
 */
u32 wp_power_stall_now_pm(u32 stall_pm, u32 khz)
{
	u64 own = (u64)(1000 - stall_pm) * wp_max_khz;
	u64 wait = (u64)stall_pm * khz;

	if (!stall_pm)
		return 0;
	return div64_u64(1000 * wait, own + wait);
}

u32 wp_power_core_uw(enum wp_state state, const struct wp_facts *facts, u32 khz)
{
	u32 activity, stall;

	switch (state) {
	case WP_RUN:
		stall = wp_power_stall_now_pm(facts->stall_pm, khz);
		activity = facts->activity_pm * (1000000 - STALL_SAVES_PM * stall) / 1000000;
		return switching_uw(activity, khz) + leakage_uw(volt_mv(khz));
	case WP_IDLE_LOOP:
		return switching_uw(IDLE_LOOP_PM, khz) + leakage_uw(volt_mv(khz));
	case WP_C1:
		return C1_CLOCKS_UW + leakage_uw(volt_mv(khz));
	case WP_C1E:
		return C1E_CLOCKS_UW + leakage_uw(vf[0].mv);
	default:
		return C6_UW;
	}
}

/* Memory is busy exactly while cores wait for it. */
u32 wp_power_traffic_uw(const struct wp_facts *facts, u32 khz)
{
	return TRAFFIC_UNCORE_UW / 1000 * wp_power_stall_now_pm(facts->stall_pm, khz);
}

u32 wp_power_dram_uw(const struct wp_facts *facts, u32 khz)
{
	return TRAFFIC_DRAM_UW / 1000 * wp_power_stall_now_pm(facts->stall_pm, khz);
}

u32 wp_power_pkg_uncore_uw(enum wp_level level)
{
	return level_uncore_uw[level];
}

u32 wp_power_pkg_dram_uw(enum wp_level level)
{
	return level_dram_uw[level];
}
