// SPDX-License-Identifier: GPL-2.0-only
/*
 * The referee: integrates the energy of every CPU and package from facts that
 * nobody it judges can see. Between two events power is constant, so the sum
 * is exact up to whole microwatts.
 *
 * Everything is integrated lazily up to `now` by whoever touches a CPU: the
 * scheduler's switches, the idle driver, frequency changes and readers, remote
 * ones too. A reader never sends an interrupt and never wakes anybody.
 */
#include <linux/lockdep.h>
#include <linux/minmax.h>

#include "platform.h"

/* uW x ns = fJ. 2^25 uW for 2^36 ns stays under 2^61. */
static void meter_add(struct wp_meter *m, u32 uw, u64 dt_ns)
{
	while (dt_ns) {
		u64 chunk = min_t(u64, dt_ns, 1ULL << 36);
		u64 fj = uw * chunk + m->rem_fj;

		m->nj += fj / 1000000;
		m->rem_fj = fj % 1000000;
		dt_ns -= chunk;
	}
}

/* Integrate over [from, to], remembering the value at the last whole tick. */
static void meter_run(struct wp_meter *m, u32 uw, u64 from, u64 to)
{
	u64 tick = to - to % WP_COUNTER_TICK_NS;

	if (tick > from) {
		meter_add(m, uw, tick - from);
		m->tick_nj = m->nj;
		from = tick;
	} else if (tick == from) {
		m->tick_nj = m->nj;
	}
	meter_add(m, uw, to - from);
}

void wp_referee_accrue_pkg(struct wp_pkg *p, u64 now)
{
	lockdep_assert_held(&p->lock);
	if (now <= p->last_ns)
		return;
	meter_run(&p->uncore, wp_power_pkg_uncore_uw(p->level), p->last_ns, now);
	meter_run(&p->dram, wp_power_pkg_dram_uw(p->level), p->last_ns, now);
	p->level_ns[p->level] += now - p->last_ns;
	p->last_ns = now;
}

static bool is_awake(enum wp_state state)
{
	return state == WP_RUN || state == WP_IDLE_LOOP;
}

static bool is_shallow(enum wp_state state)
{
	return state == WP_C1 || state == WP_C1E;
}

static void package_follow(struct wp_pkg *p, enum wp_state old, enum wp_state new, u64 now)
{
	if (is_awake(old) == is_awake(new) && is_shallow(old) == is_shallow(new))
		return;
	raw_spin_lock(&p->lock);
	wp_referee_accrue_pkg(p, now);
	p->nr_awake += is_awake(new) - is_awake(old);
	p->nr_shallow += is_shallow(new) - is_shallow(old);
	if (p->nr_awake)
		p->level = WP_PKG_RUN;
	else
		p->level = p->nr_shallow ? WP_PKG_SHALLOW : WP_PKG_DEEP;
	raw_spin_unlock(&p->lock);
}

/* One stretch of constant power, up to @to. */
static void segment(struct wp_cpu *c, u64 to)
{
	u64 from = c->last_ns;
	u64 dt = to - from;
	unsigned int bucket = min_t(u32, c->clock.khz / WP_BUCKET_KHZ, WP_NR_BUCKETS - 1);

	meter_run(&c->core, c->core_uw, from, to);
	meter_run(&c->traffic, c->traffic_uw, from, to);
	meter_run(&c->dram, c->dram_uw, from, to);
	c->state_ns[c->state] += dt;
	c->freq_ns[bucket] += dt;
	if (c->state == WP_RUN)
		c->freq_run_ns[bucket] += dt;
	wp_clock_observe(&c->clock, c->state == WP_RUN, dt);
	if (c->work)
		wp_halted_progress(c->work, c->clock.khz, dt);
	else if (c->state == WP_RUN && !c->stealing)
		c->owed_ns += wp_stolen_owes(&c->facts, c->clock.khz, dt);
	c->last_ns = to;
}

/* Power follows from state, facts and clock; call after changing any of them. */
void wp_referee_clock_changed(struct wp_cpu *c)
{
	bool running = c->state == WP_RUN;

	c->core_uw = wp_power_core_uw(c->state, &c->facts, c->clock.khz);
	c->traffic_uw = running ? wp_power_traffic_uw(&c->facts, c->clock.khz) : 0;
	c->dram_uw = running ? wp_power_dram_uw(&c->facts, c->clock.khz) : 0;
}

void wp_referee_accrue(struct wp_cpu *c, u64 now)
{
	lockdep_assert_held(&c->lock);
	while (c->clock.next_ns <= now) {
		if (c->clock.next_ns > c->last_ns)
			segment(c, c->clock.next_ns);
		wp_clock_step(&c->clock, c->state == WP_RUN);
		wp_referee_clock_changed(c);
	}
	if (now > c->last_ns)
		segment(c, now);
}

/* Under c->lock: from @now on the CPU is in @state, running something with @facts. */
void wp_referee_set(struct wp_cpu *c, enum wp_state state, const struct wp_facts *facts, u64 now)
{
	enum wp_state old = c->state;

	wp_referee_accrue(c, now);
	if (facts)
		c->facts = *facts;
	c->state = state;
	if (state != old) {
		c->entries[state]++;
		package_follow(c->pkg, old, state, now);
		if (old == WP_RUN || state == WP_RUN)
			wp_clock_state(&c->clock, state == WP_RUN, max(now, c->last_ns));
	}
	wp_referee_clock_changed(c);
}

/*
 * The idle driver enters a state, or leaves one for WP_IDLE_LOOP. @lump_us: what
 * the way in and out cost in time, charged as idle-loop energy when the driver
 * does not really spend it.
 */
void wp_referee_idle(struct wp_cpu *c, enum wp_state state, u32 lump_us)
{
	raw_spin_lock(&c->lock);
	wp_referee_set(c, state, NULL, wp_now());
	if (lump_us)
		meter_add(&c->core, c->core_uw, (u64)lump_us * NSEC_PER_USEC);
	raw_spin_unlock(&c->lock);
}

static void meter_reset(struct wp_meter *m)
{
	m->base_nj = m->nj;
}

/* Forget the accounts. The counter, the clocks and the states go on. */
void wp_referee_reset(void)
{
	unsigned long flags;
	unsigned int cpu, i;

	for_each_possible_cpu(cpu) {
		struct wp_cpu *c = wp_cpu(cpu);

		raw_spin_lock_irqsave(&c->lock, flags);
		wp_referee_accrue(c, wp_now());
		meter_reset(&c->core);
		meter_reset(&c->traffic);
		meter_reset(&c->dram);
		memset(c->state_ns, 0, sizeof(c->state_ns));
		memset(c->entries, 0, sizeof(c->entries));
		memset(c->freq_ns, 0, sizeof(c->freq_ns));
		memset(c->freq_run_ns, 0, sizeof(c->freq_run_ns));
		c->clock.changes = 0;
		c->stolen_ns = 0;
		c->timer_fires = 0;
		raw_spin_unlock_irqrestore(&c->lock, flags);
	}
	for (i = 0; i < wp_nr_pkgs; i++) {
		struct wp_pkg *p = &wp_pkgs[i];

		raw_spin_lock_irqsave(&p->lock, flags);
		wp_referee_accrue_pkg(p, wp_now());
		meter_reset(&p->uncore);
		meter_reset(&p->dram);
		memset(p->level_ns, 0, sizeof(p->level_ns));
		raw_spin_unlock_irqrestore(&p->lock, flags);
	}
}

/* Before anything is registered: all CPUs off, clocks at full speed, time starts. */
void wp_referee_init(void)
{
	u64 now = wp_now();
	unsigned int cpu, i;

	for_each_possible_cpu(cpu) {
		struct wp_cpu *c = wp_cpu(cpu);

		wp_clock_init(&c->clock);
		c->request_khz = wp_max_khz;
		c->state = WP_OFFLINE;
		c->last_ns = now;
		wp_referee_clock_changed(c);
	}
	for (i = 0; i < wp_nr_pkgs; i++)
		wp_pkgs[i].last_ns = now;
}
