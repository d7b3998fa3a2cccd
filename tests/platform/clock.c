// SPDX-License-Identifier: GPL-2.0-only
/*
 * The true frequency of each CPU. Nothing ticks: a clock knows when it will
 * change next, and whoever integrates over it (wp_referee_accrue()) steps it
 * through the changes that have become due. So a clock costs an idle CPU no
 * wake-up, and a change is exact to the nanosecond.
 *
 * Table drivers ask for a frequency and get it transition_us later. The HWP
 * driver gives limits, and a closed loop that nobody outside can see picks the
 * frequency once a millisecond from the load it observed.
 */
#include <linux/math.h>
#include <linux/math64.h>
#include <linux/minmax.h>

#include "platform.h"

#define LOOP_STEP_NS	NSEC_PER_MSEC
#define LOOP_TAU_NS	(4 * NSEC_PER_MSEC)
#define LOOP_GRAIN_NS	(LOOP_TAU_NS / 16)
#define LOOP_GRID_KHZ	100000

u32 wp_max_khz = WP_OPP_MAX_KHZ;

void wp_clock_init(struct wp_clock *clock)
{
	memset(clock, 0, sizeof(*clock));
	clock->khz = wp_max_khz;
	clock->min_khz = wp_max_khz;
	clock->max_khz = wp_max_khz;
	clock->next_ns = WP_NEVER;
}

static void set_khz(struct wp_clock *clock, u32 khz)
{
	if (clock->khz == khz)
		return;
	clock->khz = khz;
	clock->changes++;
}

/* What the loop would pick now: full speed from 80 % load on, on a 100 MHz grid. */
static u32 loop_khz(const struct wp_clock *clock)
{
	u64 khz;

	if (clock->eager)
		return clock->max_khz;
	khz = clock->min_khz + div_u64((u64)(clock->max_khz - clock->min_khz) *
				       min_t(u32, clock->util_ppm + clock->util_ppm / 4, 1000000),
				       1000000);
	khz = (khz + LOOP_GRID_KHZ / 2) / LOOP_GRID_KHZ * LOOP_GRID_KHZ;
	return clamp_t(u32, khz, clock->min_khz, clock->max_khz);
}

static void loop_run(struct wp_clock *clock, u64 now)
{
	set_khz(clock, loop_khz(clock));
	clock->next_ns = clock->khz < clock->max_khz ? now + LOOP_STEP_NS : WP_NEVER;
}

/* The change that was due at next_ns happens. */
void wp_clock_step(struct wp_clock *clock, bool running)
{
	u64 at = clock->next_ns;

	clock->next_ns = WP_NEVER;
	if (!clock->loop)
		set_khz(clock, clock->next_khz);
	else if (running)
		loop_run(clock, at);
}

/* The loop's load estimate follows @running for @dt_ns, exponentially with tau = 4 ms. */
void wp_clock_observe(struct wp_clock *clock, bool running, u64 dt_ns)
{
	s64 want = running ? 1000000 : 0;
	s64 util = clock->util_ppm;
	u64 grains;

	if (!clock->loop)
		return;
	/* After 128 grains 0.03 % are left of what was. */
	for (grains = min_t(u64, dt_ns / LOOP_GRAIN_NS, 128); grains; grains--)
		util += (want - util) / 16;
	util += (want - util) * (s64)(dt_ns % LOOP_GRAIN_NS) / (s64)LOOP_TAU_NS;
	clock->util_ppm = util;
}

/* The CPU starts or stops running: the loop works only while it runs. */
void wp_clock_state(struct wp_clock *clock, bool running, u64 now)
{
	if (!clock->loop)
		return;
	if (running)
		loop_run(clock, now);
	else
		clock->next_ns = WP_NEVER;
}

/* A CPU in halted work sleeps until its work is done at the old speed: wake it. */
static void kick(struct wp_cpu *c)
{
	if (c->work)
		kick_process(c->work_task);
}

/* Any context, also under rq->lock. */
void wp_clock_request(unsigned int cpu, u32 khz)
{
	struct wp_cpu *c = wp_cpu(cpu);
	struct wp_clock *clock = &c->clock;
	unsigned long flags;
	u64 now;

	raw_spin_lock_irqsave(&c->lock, flags);
	now = wp_now();
	wp_referee_accrue(c, now);
	clock->loop = false;
	if (clock->khz == khz) {
		clock->next_ns = WP_NEVER;
	} else if (clock->next_ns == WP_NEVER || clock->next_khz != khz) {
		clock->next_khz = khz;
		clock->next_ns = max(now, c->last_ns) + wp_cpufreq_transition_ns();
		kick(c);
	}
	raw_spin_unlock_irqrestore(&c->lock, flags);
}

void wp_clock_limits(unsigned int cpu, u32 min_khz, u32 max_khz, bool eager)
{
	struct wp_cpu *c = wp_cpu(cpu);
	struct wp_clock *clock = &c->clock;
	unsigned long flags;
	u64 now;

	raw_spin_lock_irqsave(&c->lock, flags);
	now = wp_now();
	wp_referee_accrue(c, now);
	clock->loop = true;
	/* Limits take effect on the grid too, as the ratios of a real register do. */
	clock->max_khz = rounddown(max_khz, LOOP_GRID_KHZ);
	clock->min_khz = min_t(u32, roundup(min_khz, LOOP_GRID_KHZ), clock->max_khz);
	clock->eager = eager;
	set_khz(clock, loop_khz(clock));
	wp_clock_state(clock, c->state == WP_RUN, max(now, c->last_ns));
	wp_referee_clock_changed(c);
	kick(c);
	raw_spin_unlock_irqrestore(&c->lock, flags);
}
