/* SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause */
/*
 * Dividing one package's joules of one tick: integers in, integers out, nothing
 * read and nothing kept but the idle power that was learned. The parts always add
 * up to the whole, to the microjoule. Why so: Documentation/design/attribution.md.
 */
#ifndef WATTLE_ENERGY_SPLIT_H
#define WATTLE_ENERGY_SPLIT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Idle states told apart; the first is "running", never idle. */
#define WATTLE_SPLIT_STATES	10
#define WATTLE_SPLIT_PERMILLE	1000

/**
 * struct wattle_split_idle - what an idle CPU of this package draws
 * @uw:	microwatts per idle CPU, by state; 0: not known
 */
struct wattle_split_idle {
	uint64_t	uw[WATTLE_SPLIT_STATES];
};

/**
 * struct wattle_split_use - one consumer's part of a tick
 * @weight:	what it used, in whatever unit, the same for all of the tick
 * @uj:		out: its share
 * @low_uj:	out: no less than this, see struct wattle_split_tick
 * @high_uj:	out: no more than this
 */
struct wattle_split_use {
	uint64_t	weight;
	uint64_t	uj;
	uint64_t	low_uj;
	uint64_t	high_uj;
};

/**
 * struct wattle_split_tick - one package, one tick
 * @uj:		what the counter gained
 * @quantum_uj:	the counter's step: by so much it may be early or late
 * @busy_ns:	time of all CPUs that was not idle
 * @idle_ns:	time of all CPUs by idle state
 * @nr_cpus:	CPUs online
 * @shared_uw:	what the package draws beyond its cores whenever one is awake; 0: not known
 * @awake_ns:	time that any CPU was awake, for @shared_uw
 * @activity_low: least power of a program for its weight, in permille of the average one
 * @activity_high: most power of a program for its weight
 * @irq_weight:	weight of interrupts
 * @lost_weight: weight that was used by somebody unknown
 * @idle_uj:	out: idle CPUs
 * @shared_uj:	out: what no CPU caused alone
 * @irq_uj:	out: interrupts
 * @lost_uj:	out: used, by whom is not known
 * @idle_low_uj: out: no less than this was idle
 * @idle_high_uj: out: no more than this was idle
 * @idle_known:	out: the power of every idle state that was used is known; else idle CPUs
 *		have been charged like busy ones, the most they can cost
 */
struct wattle_split_tick {
	uint64_t	uj;
	uint64_t	quantum_uj;
	uint64_t	busy_ns;
	uint64_t	idle_ns[WATTLE_SPLIT_STATES];
	uint32_t	nr_cpus;
	uint64_t	shared_uw;
	uint64_t	awake_ns;
	uint32_t	activity_low;
	uint32_t	activity_high;
	uint64_t	irq_weight;
	uint64_t	lost_weight;

	uint64_t	idle_uj;
	uint64_t	shared_uj;
	uint64_t	irq_uj;
	uint64_t	lost_uj;
	uint64_t	idle_low_uj;
	uint64_t	idle_high_uj;
	bool		idle_known;
};

/**
 * wattle_split() - divide @t->uj
 * @t:		the tick; fills in its out members
 * @idle:	idle power known so far
 * @use:	consumers; their order decides where single microjoules of rounding go, so
 *		keep it the same from run to run
 * @nr:		how many
 *
 * idle + shared + irq + lost + the shares == @t->uj, exactly. Joules that nobody can have
 * used (no weight, no idle time) count as lost.
 */
void wattle_split(struct wattle_split_tick *t, const struct wattle_split_idle *idle,
		  struct wattle_split_use *use, size_t nr);

/**
 * wattle_split_learn() - learn idle power from a tick in which the package did nothing
 * @t:		the tick, before or after wattle_split()
 * @idle:	updated
 *
 * Only a tick that was idle to 99 %, most of that in one state, tells something; the
 * power of that state becomes a running average of what such ticks showed. Never the
 * minimum: noise would pull it down for good.
 *
 * Return: whether it told something.
 */
bool wattle_split_learn(const struct wattle_split_tick *t, struct wattle_split_idle *idle);

#endif
