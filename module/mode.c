// SPDX-License-Identifier: GPL-2.0-only
/*
 * The mode: off, observe, advise, enforce. Names for people, and the switch, which is
 * the state machine's: it releases whatever the old mode held back.
 */
#include <linux/kernel.h>
#include <linux/ktime.h>
#include <linux/string.h>

#include "device.h"
#include "domain.h"
#include "energy.h"
#include "latency.h"
#include "mode.h"
#include "notify.h"
#include "plan.h"
#include "trace.h"

static const char * const wattle_mode_names[] = {
	[WATTLE_MODE_OFF]	= "off",
	[WATTLE_MODE_OBSERVE]	= "observe",
	[WATTLE_MODE_ADVISE]	= "advise",
	[WATTLE_MODE_ENFORCE]	= "enforce",
};

/**
 * wattle_mode_parse() - a mode by name
 * @text: off, observe, advise or enforce, with or without a newline
 * @mode: filled
 *
 * Return: 0 or -EINVAL.
 */
int wattle_mode_parse(const char *text, u32 *mode)
{
	u32 i;

	for (i = 0; i < ARRAY_SIZE(wattle_mode_names); i++) {
		if (sysfs_streq(text, wattle_mode_names[i])) {
			*mode = i;
			return 0;
		}
	}
	return -EINVAL;
}

/**
 * wattle_mode_name() - the name of a mode
 * @mode: enum wattle_mode
 */
const char *wattle_mode_name(u32 mode)
{
	return mode < ARRAY_SIZE(wattle_mode_names) ? wattle_mode_names[mode] : "unknown";
}

/**
 * wattle_mode_set() - switch
 * @mode: the new mode
 *
 * Energy up to now is charged by the old mode's rules first. Any mode but enforce
 * holds nothing when this returns (or after a second at most, by a driver that does
 * not answer). Sleeps.
 *
 * Return: 0; -EINTR the thread is being killed.
 */
int wattle_mode_set(u32 mode)
{
	u64 now_ns;
	u32 before;
	int err;

	err = wattle_energy_close();
	if (err)
		return err;
	wattle_device_lock();
	now_ns = ktime_get_ns();
	wattle_trace_call(.op = WATTLE_CALL_MODE, .arg = mode, .now_ns = now_ns);
	before = wattle.sched.mode;
	err = wattle_sched_set_mode(&wattle.sched, mode, now_ns);
	wattle_plan_redo(WATTLE_WHY_MODE);
	if (!err)
		wattle_notify_mode(before, mode, now_ns);
	wattle_device_unlock();
	if (!err && mode != WATTLE_MODE_ENFORCE) {
		wattle_domain_settle();
		wattle_latency_settle();
	}
	return err;
}

/**
 * wattle_mode_get() - the mode now, enum wattle_mode
 */
u32 wattle_mode_get(void)
{
	return READ_ONCE(wattle.sched.mode);
}
