// SPDX-License-Identifier: GPL-2.0-only
/*
 * The one timer: release times and leases. It fires in soft interrupt context:
 * a tick may end many leases and release many batches, which is too much for
 * interrupts off, and neither is due to the microsecond. So the device lock is
 * one that keeps soft interrupts out and leaves hard ones alone.
 *
 * The state machine arms it lazily: not on every grant, only when something is
 * due before what it is armed for.
 */
#include <linux/hrtimer.h>
#include <linux/ktime.h>

#include "compat/compat.h"
#include "device.h"
#include "timer.h"
#include "trace.h"

static struct hrtimer wattle_timer;

static enum hrtimer_restart wattle_timer_fire(struct hrtimer *timer)
{
	u64 now_ns;

	wattle_device_lock();
	now_ns = ktime_get_ns();
	wattle_trace_call(.op = WATTLE_CALL_TICK, .now_ns = now_ns);
	wattle_sched_tick(&wattle.sched, now_ns);
	wattle_device_unlock();
	/* If the tick armed it again, it is queued already and this changes nothing. */
	return HRTIMER_NORESTART;
}

void wattle_timer_init(void)
{
	wattle_hrtimer_setup(&wattle_timer, wattle_timer_fire, CLOCK_MONOTONIC,
			     HRTIMER_MODE_ABS_SOFT);
}

/**
 * wattle_timer_arm() - fire at a time; replaces what was armed
 * @at_ns: CLOCK_MONOTONIC. Called under the device lock.
 */
void wattle_timer_arm(u64 at_ns)
{
	hrtimer_start(&wattle_timer, ns_to_ktime(min_t(u64, at_ns, KTIME_MAX)),
		      HRTIMER_MODE_ABS_SOFT);
}

/**
 * wattle_timer_exit() - stop it; no client is left that could arm it again
 */
void wattle_timer_exit(void)
{
	hrtimer_cancel(&wattle_timer);
}
