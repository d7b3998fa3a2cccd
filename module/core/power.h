/* SPDX-License-Identifier: GPL-2.0-only OR LGPL-2.1-or-later OR BSD-2-Clause */
/*
 * What a CPU draws, and what follows from that alone.
 *
 * The table is data: measured by calibration, published, or a virtual
 * platform's. wattle_power_init() checks it and prepares what decisions need:
 * the lower convex hull of (frequency, power), the energy of a transition into
 * each idle state, the critical frequencies. Integers only, no division by
 * zero, all sums saturate.
 *
 * The power of a machine in this model, which a simulator must integrate:
 *
 *	platform_uw
 *	+ per package: shared_uw while any of its CPUs is active or between
 *	  transitions, shared_idle_uw while all of them idle
 *	+ per CPU: opp[f].uw while it runs, idle[state].uw while it idles
 *
 * A CPU that wakes from idle state k takes idle[k].exit_us at idle[0].uw
 * before it runs. A stay in state k shorter than idle[k].residency_us costs
 * more than state k - 1 would have: that is what residency means, and where
 * the transition energies come from (Documentation/design/policy.md).
 */
#ifndef WATTLE_CORE_POWER_H
#define WATTLE_CORE_POWER_H

#include <linux/types.h>

#define WATTLE_OPPS_MAX		64
#define WATTLE_IDLE_MAX		10
#define WATTLE_UW_MAX		(1U << 29)	/* each figure is below 537 W */
#define WATTLE_KHZ_MAX		(1U << 25)	/* 33 GHz: a slip of units, not a clock */
#define WATTLE_IDLE_US_MAX	(1U << 26)	/* 67 s */

/**
 * struct wattle_power_opp - one operating point
 * @khz:	frequency; ascending in the table
 * @uw:		power of one CPU running at it, without what is shared; not descending
 */
struct wattle_power_opp {
	__u32	khz;
	__u32	uw;
};

/**
 * struct wattle_power_idle - one idle state, shallowest first
 * @uw:		power of one CPU in it, without what is shared; not ascending
 * @residency_us: shortest stay that is worth it; ascending from the second state
 * @exit_us:	latency of waking; not descending
 * @pad:	0
 */
struct wattle_power_idle {
	__u32	uw;
	__u32	residency_us;
	__u32	exit_us;
	__u32	pad;
};

/**
 * struct wattle_power_table - what was measured
 * @nr_opps:	1 to WATTLE_OPPS_MAX
 * @nr_idle:	1 to WATTLE_IDLE_MAX
 * @shared_uw:	of a package with a CPU awake (uncore, caches, memory controller)
 * @shared_idle_uw: the same with all CPUs idle; not above @shared_uw
 * @platform_uw: the rest of the node, always on
 * @transition_us: time a change of frequency takes, during which nothing runs
 * @switch_us:	time from asking for a frequency until it holds, during which the old one does
 * @opp:	ascending by frequency, not descending by power
 * @idle:	idle[0] is where a CPU goes for the shortest stay
 */
struct wattle_power_table {
	__u32				nr_opps;
	__u32				nr_idle;
	__u32				shared_uw;
	__u32				shared_idle_uw;
	__u32				platform_uw;
	__u32				transition_us;
	__u32				switch_us;
	struct wattle_power_opp		opp[WATTLE_OPPS_MAX];
	struct wattle_power_idle	idle[WATTLE_IDLE_MAX];
};

/* Why a table was not taken; each fault its own. */
enum wattle_power_error {
	WATTLE_POWER_OK			= 0,
	WATTLE_POWER_NO_OPP		= 1,	/* nr_opps is 0 */
	WATTLE_POWER_OPPS		= 2,	/* more OPPs than fit */
	WATTLE_POWER_NO_IDLE		= 3,	/* nr_idle is 0 */
	WATTLE_POWER_IDLES		= 4,	/* more idle states than fit */
	WATTLE_POWER_KHZ		= 5,	/* a frequency of 0 or beyond WATTLE_KHZ_MAX */
	WATTLE_POWER_KHZ_ORDER		= 6,	/* frequencies must ascend */
	WATTLE_POWER_UW			= 7,	/* a power of 0 or beyond WATTLE_UW_MAX */
	WATTLE_POWER_UW_ORDER		= 8,	/* a higher frequency must not draw less */
	WATTLE_POWER_IDLE_UW		= 9,	/* idle power beyond WATTLE_UW_MAX */
	WATTLE_POWER_IDLE_UW_ORDER	= 10,	/* a deeper state must not draw more */
	WATTLE_POWER_IDLE_ABOVE		= 11,	/* idling draws more than the lowest OPP */
	WATTLE_POWER_RESIDENCY		= 12,	/* beyond WATTLE_IDLE_US_MAX */
	WATTLE_POWER_RESIDENCY_ORDER	= 13,	/* a deeper state must need a longer stay */
	WATTLE_POWER_EXIT		= 14,	/* beyond WATTLE_IDLE_US_MAX */
	WATTLE_POWER_EXIT_ORDER		= 15,	/* a deeper state must not wake faster */
	WATTLE_POWER_SHARED		= 16,	/* shared or platform power beyond WATTLE_UW_MAX */
	WATTLE_POWER_SHARED_ORDER	= 17,	/* shared_idle_uw above shared_uw */
	WATTLE_POWER_TRANSITION		= 18,	/* a time of changing beyond WATTLE_IDLE_US_MAX */
	WATTLE_POWER_PAD		= 19,	/* padding that is not 0 */
};

/* What is to be cheap. */
enum wattle_objective {
	/* the machine idles afterwards: (P - P_idle) x T */
	WATTLE_OBJECTIVE_WINDOW		= 0,
	/* a backlog waits, so time is worth the whole node: (P + P_package + P_platform) x T */
	WATTLE_OBJECTIVE_THROUGHPUT	= 1,
};

/**
 * struct wattle_power - a table that was checked, with what follows from it
 * @t:		the table
 * @nr_hull:	OPPs on the lower convex hull of (khz, uw)
 * @hull:	their indexes, ascending; the highest OPP is always the last
 * @etr_pj:	energy one stay in idle state k costs beyond idle[k].uw x time
 * @crit:	critical OPP of pure work in the window objective, when idle state k
 *		follows and this CPU alone holds the package awake (1) or not (0)
 * @crit_throughput: critical OPP of pure work in the throughput objective
 */
struct wattle_power {
	struct wattle_power_table	t;
	__u32				nr_hull;
	__u32				crit_throughput;
	__u8				hull[WATTLE_OPPS_MAX];
	__u8				crit[WATTLE_IDLE_MAX][2];
	__u64				etr_pj[WATTLE_IDLE_MAX];
};

/**
 * wattle_power_check() - is @t a table that decisions can be made from?
 * @t:		any bytes
 * @index:	out, may be NULL: the OPP or idle state at fault
 *
 * Return: enum wattle_power_error.
 */
enum wattle_power_error wattle_power_check(const struct wattle_power_table *t, __u32 *index);

/**
 * wattle_power_strerror() - what is wrong with a table, for people
 * @err:	from wattle_power_check()
 *
 * Return: a constant string, never NULL.
 */
const char *wattle_power_strerror(enum wattle_power_error err);

/**
 * wattle_power_init() - check and prepare
 * @p:		out; undefined on error
 * @t:		the table, copied
 * @index:	as for wattle_power_check()
 *
 * Return: enum wattle_power_error.
 */
enum wattle_power_error wattle_power_init(struct wattle_power *p,
					  const struct wattle_power_table *t, __u32 *index);

/**
 * wattle_power_floor_khz() - the frequency below which work costs more the slower it is done
 * @p:		the table
 * @nr:		CPUs of a package that work at a time, and share what they share; 0 as 1
 *
 * The critical frequency of pure work, when the deepest idle state follows.
 *
 * Return: kHz; 0: the highest.
 */
__u32 wattle_power_floor_khz(const struct wattle_power *p, __u32 nr);

/**
 * wattle_power_uw() - power of one CPU that runs
 * @p:		the table
 * @khz:	its clock
 *
 * Between operating points by straight lines; beyond either end, that end's.
 *
 * Return: microwatts, without what CPUs share.
 */
__u32 wattle_power_uw(const struct wattle_power *p, __u32 khz);

/**
 * wattle_power_pj() - power for a time
 * @uw:		any
 * @ns:		any
 *
 * Return: picojoules (uW x us), rounded down, saturating.
 */
__u64 wattle_power_pj(__u64 uw, __u64 ns);

/**
 * wattle_power_run_ns() - T(f) = C / f + M
 * @kcycles:	C
 * @stall_ns:	M
 * @khz:	f; 0 gives the end of the range
 *
 * Return: nanoseconds, rounded up, saturating.
 */
__u64 wattle_power_run_ns(__u64 kcycles, __u64 stall_ns, __u32 khz);

/**
 * wattle_power_khz_for() - the frequency at which @kcycles take @ns
 * @kcycles:	C
 * @ns:		time without stalls; 0 gives ~0
 *
 * Return: kHz, rounded up, ~0 when beyond 32 bits.
 */
__u32 wattle_power_khz_for(__u64 kcycles, __u64 ns);

/**
 * wattle_power_opp_at_least() - the slowest OPP that is not slower than @khz
 * @p:		prepared table
 * @khz:	any
 *
 * Return: index; the highest when none is that fast.
 */
__u32 wattle_power_opp_at_least(const struct wattle_power *p, __u32 khz);

/**
 * wattle_power_opp_at_most() - the fastest OPP that is not faster than @khz
 * @p:		prepared table
 * @khz:	any
 *
 * Return: index; the lowest when all are faster.
 */
__u32 wattle_power_opp_at_most(const struct wattle_power *p, __u32 khz);

/**
 * wattle_power_idle_for() - the idle state that is cheapest for a stay
 * @p:		prepared table
 * @ns:		length of the stay
 *
 * Return: index of the deepest state whose residency is met; 0 when none is.
 */
__u32 wattle_power_idle_for(const struct wattle_power *p, __u64 ns);

/**
 * wattle_power_gap_pj() - E_gap(L), the least energy of idling for a time
 * @p:		prepared table
 * @ns:		L
 *
 * Return: picojoules of one CPU, transition included, without what is shared.
 */
__u64 wattle_power_gap_pj(const struct wattle_power *p, __u64 ns);

static inline __u32 wattle_power_khz_max(const struct wattle_power *p)
{
	return p->t.opp[p->t.nr_opps - 1].khz;
}

#endif
