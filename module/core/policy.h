/* SPDX-License-Identifier: GPL-2.0-only OR LGPL-2.1-or-later OR BSD-2-Clause */
/*
 * The policy: when a batch starts, on which CPU, at which frequency.
 *
 * "Optimal Available with a critical floor", over events that the caller feeds
 * in and decisions that it asks for. Pure: no lock, no allocation, no clock;
 * the caller owns all memory, serialises all calls on one struct wattle_policy
 * and brings the time, which must not go backwards. The same sequence of calls
 * gives the same decisions, bit for bit (record.h). The rules are one file
 * each; Documentation/design/policy.md derives them.
 *
 * How a caller drives it:
 *
 *	submit(item)	   admits, or not, and places: item->cpu
 *	decide(cpu, item)  before @item may start on its CPU, which is idle: start now
 *			   (start_ns <= now) at .khz, or ask again at .start_ns
 *	start(item)	   it runs; the CPU's items run one at a time, not preempted, by
 *			   (item->order_ns, submission), and only released ones
 *	decide(cpu, NULL)  while it runs: after submit to this CPU, after a cap
 *			   changed, and at .recheck_ns: the frequency from now on
 *	speed(cpu, khz)	   the frequency has in fact become this
 *	done(item)	   it ended
 *
 * Times are absolute nanoseconds; 0 as deadline or release means none.
 */
#ifndef WATTLE_CORE_POLICY_H
#define WATTLE_CORE_POLICY_H

#include <linux/types.h>

#include "core/demand.h"
#include "core/gap.h"
#include "core/learn.h"
#include "core/list.h"
#include "core/power.h"

/* What made the decision what it is. */
enum wattle_binding {
	WATTLE_BIND_NONE	= 0,	/* nothing runs and nothing waits: no request */
	WATTLE_BIND_DEMAND	= 1,	/* deadlines ask for this much */
	WATTLE_BIND_FLOOR	= 2,	/* slower would cost more energy */
	WATTLE_BIND_CAP		= 3,	/* deadlines or energy ask for more than is allowed */
	WATTLE_BIND_BUDGET	= 4,	/* held down by an energy budget */
	WATTLE_BIND_SLOWDOWN	= 5,	/* the allowed slowdown asks for this much */
	WATTLE_BIND_MINIMUM	= 6,	/* a foreign minimum is above what would have done */
	WATTLE_BIND_HYSTERESIS	= 7,	/* a change would not pay for itself */
	WATTLE_BIND_UNKNOWN	= 8,	/* work not known yet: runs free, to be learned */
	WATTLE_BIND_OVERRUN	= 9,	/* took longer than it said: runs free */
	WATTLE_BIND_LATE	= 10,	/* a deadline cannot be met any more: as fast as allowed */
};

/* struct wattle_work.flags */
#define WATTLE_WORK_STRICT	(1U << 0)	/* refuse rather than take without a promise */

/**
 * struct wattle_work - a batch as the policy sees it
 * @kcycles:	C, frequency-sensitive work in thousands of cycles, < 2^43
 * @stall_ns:	M, time that no frequency changes, < 2^42; C = M = 0: unknown
 * @release_ns:	not to start before; 0 = at once
 * @deadline_ns: due; 0 = none
 * @max_delay_ns: longest voluntary delay of its start for the sake of idle states
 * @energy_cap_uj: what it may cost; 0 = no cap
 * @key:	what it is the same kind of work as: queue << 32 | shape; 0 = nothing
 * @slowdown_pm: without a deadline: T(f) <= (1 + slowdown_pm / 1000) x T(f_max)
 * @objective:	enum wattle_objective
 * @flags:	WATTLE_WORK_*
 * @pad:	0
 */
struct wattle_work {
	__u64	kcycles;
	__u64	stall_ns;
	__u64	release_ns;
	__u64	deadline_ns;
	__u64	max_delay_ns;
	__u64	energy_cap_uj;
	__u64	key;
	__u32	slowdown_pm;
	__u32	objective;
	__u32	flags;
	__u32	pad;
};

enum wattle_item_state {
	WATTLE_ITEM_OUT,	/* not known to the policy */
	WATTLE_ITEM_WAITING,
	WATTLE_ITEM_RUNNING,
};

/**
 * struct wattle_item - one batch; memory is the caller's, from submit to done or cancel
 * @in:		what was submitted
 * @id:		the caller's name for it in the log; not looked at
 * @entry:	its part in its CPU's demand
 * @link:	in its CPU's list of items that wait for their release, by release
 * @cpu:	the CPU it is charged to
 * @state:	enum wattle_item_state
 * @promised:	its deadline was promised
 * @pad:	0
 * @order_ns:	its place among the items of its CPU: the deadline; later when that could not
 *		be promised; ~0 = after all that have one
 * @hold_ns:	may be held back until then at most
 * @start_ns:	when it started
 * @run_ns:	set by the caller before done if it knows better than the policy: wall time
 *		less the time it waited for the CPU; 0 = not measured
 * @unfit:	set by the caller before done: WATTLE_SAMPLE_*, why nothing is to be learned
 * @factor:	what the declared work was multiplied with, in 1/4096; 0 = nothing was declared
 */
struct wattle_item {
	struct wattle_work		in;
	__u64				id;
	struct wattle_demand_entry	entry;
	struct wattle_list		link;
	__u32				cpu;
	__u32				state;
	__u32				promised;
	__u32				pad;
	__u64				order_ns;
	__u64				hold_ns;
	__u64				start_ns;
	__u64				run_ns;
	__u32				unfit;
	__u32				factor;
};

enum wattle_admission {
	WATTLE_ADMISSION_PROMISED	= 1,	/* will be in time, or has no deadline */
	WATTLE_ADMISSION_BEST_EFFORT	= 2,	/* taken, but see reason */
	WATTLE_ADMISSION_REFUSED	= 3,	/* not taken: the item stays the caller's */
};

enum wattle_admission_reason {
	WATTLE_ADMIT_FINE		= 0,
	WATTLE_ADMIT_PAST		= 1,	/* the deadline has passed */
	WATTLE_ADMIT_INFEASIBLE		= 2,	/* too much is due before it */
	WATTLE_ADMIT_OVER_CAP		= 3,	/* its energy cap is below its least cost */
	WATTLE_ADMIT_NO_CPU		= 4,	/* no CPU is online */
	WATTLE_ADMIT_UNKNOWN		= 5,	/* work not known: nothing can be promised */
};

/**
 * struct wattle_admit_verdict - what became of a submission
 * @status:	enum wattle_admission
 * @reason:	enum wattle_admission_reason
 * @cpu:	where it was placed
 * @pad:	0
 * @cost_pj:	expected energy at the frequency that energy alone would choose
 */
struct wattle_admit_verdict {
	__u32	status;
	__u32	reason;
	__u32	cpu;
	__u32	pad;
	__u64	cost_pj;
};

/**
 * struct wattle_decision - what is to be done, and why
 * @now_ns:	when it was taken
 * @seq:	number of the decision
 * @cpu:	for which CPU
 * @binding:	enum wattle_binding
 * @khz:	frequency from now on; 0 = no request
 * @runner_khz:	the next best frequency; 0 = there was no other
 * @demand_khz:	what deadlines ask for, with headroom
 * @floor_khz:	cheapest frequency for what runs, were nothing due
 * @cap_khz:	what was allowed
 * @objective:	enum wattle_objective in force
 * @idle_state:	the state the next gap is expected to reach
 * @pad:	0
 * @start_ns:	the item asked about may start at this time (<= now: at once)
 * @recheck_ns:	ask again then, if nothing happens before; 0 = no need
 * @horizon_ns:	the time to the next forced event that the choice was made for
 * @energy_pj:	expected energy over the horizon with @khz
 * @runner_pj:	the same with @runner_khz
 */
struct wattle_decision {
	__u64	now_ns;
	__u64	seq;
	__u32	cpu;
	__u32	binding;
	__u32	khz;
	__u32	runner_khz;
	__u32	demand_khz;
	__u32	floor_khz;
	__u32	cap_khz;
	__u32	objective;
	__u32	idle_state;
	__u32	pad;
	__u64	start_ns;
	__u64	recheck_ns;
	__u64	horizon_ns;
	__u64	energy_pj;
	__u64	runner_pj;
};

/**
 * struct wattle_policy_params - what can be tuned; wattle_policy_defaults() says why
 * @headroom_pm: speed asked for beyond the demand, per mille
 * @guard_ns:	taken off every deadline: dispatch, clock granularity. Waking and changes of
 *		frequency are reckoned with where they happen
 * @hysteresis_pm: a slower frequency must save this share, per mille, to be worth a change
 * @no_defer:	never hold a ready batch back
 * @no_split:	one frequency per batch; no step down in the middle
 */
struct wattle_policy_params {
	__u32	headroom_pm;
	__u32	hysteresis_pm;
	__u64	guard_ns;
	__u32	no_defer;
	__u32	no_split;
};

/**
 * struct wattle_policy_cpu - one CPU; the array is the caller's
 * @demand:	what waits and has a place by deadline
 * @gap:	the gaps it had
 * @pending:	items with a release in the future, by release
 * @running:	the item that runs, or NULL
 * @rem_kcycles: what is left of its C at @since_ns
 * @rem_stall_ns: what is left of its M at @since_ns
 * @since_ns:	when the remainder was last brought up to date
 * @idle_ns:	since when it idles; meaningless while @running
 * @hold_ns:	least hold_ns of what waits
 * @usual_ns:	mean length of gaps, from idle to the first batch that could have run
 * @longest_ns:	longest time at the fastest operating point that an item without a
 *		release in the future was admitted with while anything waited: what may
 *		have begun just before a release
 * @undated_kcycles: C of waiting work without a place by deadline
 * @undated_ns: M of the same
 * @undated_run_ns: the shortest of it at the fastest frequency allowed, since there is any
 * @nr_waiting: items that wait
 * @nr_undated: of these, without a place by deadline
 * @domain:	clock domain
 * @package:	package, for what is shared
 * @khz:	actual frequency
 * @wish_khz:	what the last decision asked for
 * @cap_khz:	foreign maximum, ~0 = none
 * @min_khz:	foreign minimum
 * @foreign_pm:	share of the CPU that others use, per mille
 * @online:	work may be placed here
 * @changes:	changes of frequency since @running started
 * @woke:	@running had to wait for the CPU to wake
 * @undated_pm: the least slowdown that any of the undated allows, since there is any
 * @pad:	0
 */
struct wattle_policy_cpu {
	struct wattle_demand	demand;
	struct wattle_gap	gap;
	struct wattle_list	pending;
	struct wattle_item	*running;
	__u64			rem_kcycles;
	__u64			rem_stall_ns;
	__u64			since_ns;
	__u64			idle_ns;
	__u64			hold_ns;
	__u64			usual_ns;
	__u64			longest_ns;
	__u64			undated_kcycles;
	__u64			undated_ns;
	__u64			undated_run_ns;
	__u32			nr_waiting;
	__u32			nr_undated;
	__u32			domain;
	__u32			package;
	__u32			khz;
	__u32			wish_khz;
	__u32			cap_khz;
	__u32			min_khz;
	__u32			foreign_pm;
	__u32			online;
	__u32			changes;
	__u32			woke;
	__u32			undated_pm;
	__u32			pad;
};

struct wattle_policy;
struct wattle_record;

/**
 * struct wattle_policy - the whole of it
 * @power:	prepared table, the caller's; must outlive the policy
 * @params:	as set
 * @cpus:	the caller's array
 * @nr_cpus:	its size
 * @seq:	decisions taken
 * @anon:	what is learned of work without a key
 * @learn:	what is learned of work with one; the caller's, set after init; NULL = nothing
 * @log:	called after every event and decision if not NULL, set after init (record.h)
 * @log_data:	for @log
 */
struct wattle_policy {
	const struct wattle_power	*power;
	struct wattle_policy_params	params;
	struct wattle_policy_cpu	*cpus;
	__u32				nr_cpus;
	__u32				pad;
	__u64				seq;
	struct wattle_learn_entry	anon;
	struct wattle_learn		*learn;
	void				(*log)(void *data, const struct wattle_record *r);
	void				*log_data;
};

/**
 * wattle_policy_defaults() - the parameters that Documentation/design/policy.md derives
 * @params:	out
 * @power:	prepared table they are for
 */
void wattle_policy_defaults(struct wattle_policy_params *params, const struct wattle_power *power);

/**
 * wattle_policy_init() - all CPUs online, idle, each its own clock domain, in package 0
 * @p:		out
 * @power:	prepared table; must outlive @p
 * @params:	NULL = defaults
 * @cpus:	@nr_cpus of them, need no initialisation
 * @nr_cpus:	at least 1
 * @now_ns:	the time
 */
void wattle_policy_init(struct wattle_policy *p, const struct wattle_power *power,
			const struct wattle_policy_params *params,
			struct wattle_policy_cpu *cpus, __u32 nr_cpus, __u64 now_ns);

/**
 * wattle_policy_topology() - where a CPU is
 * @p:		policy
 * @cpu:	index below nr_cpus
 * @domain:	CPUs of one domain share a clock: the highest wish wins
 * @package:	CPUs of one package share power
 */
void wattle_policy_topology(struct wattle_policy *p, __u32 cpu, __u32 domain, __u32 package);

/**
 * wattle_policy_limits() - foreign limits of a CPU have changed
 * @p:		policy
 * @cpu:	index below nr_cpus
 * @min_khz:	0 = none
 * @max_khz:	thermal or the administrator's, never wattle's own; ~0 = none
 * @foreign_pm:	share of the CPU used by others, per mille
 * @online:	may work be placed here
 * @now_ns:	the time
 */
void wattle_policy_limits(struct wattle_policy *p, __u32 cpu, __u32 min_khz, __u32 max_khz,
			  __u32 foreign_pm, __u32 online, __u64 now_ns);

/**
 * wattle_policy_submit() - admit and place
 * @p:		policy
 * @item:	@item->in filled
 * @v:		out
 * @now_ns:	the time
 *
 * Unless @v->status is REFUSED the item is the policy's until done or cancel,
 * and @item->cpu says where it is to run.
 */
void wattle_policy_submit(struct wattle_policy *p, struct wattle_item *item,
			  struct wattle_admit_verdict *v, __u64 now_ns);

/**
 * wattle_policy_decide() - frequency and start
 * @p:		policy
 * @cpu:	index below nr_cpus
 * @next:	the item that would start now on this idle CPU; NULL: about what
 *		runs there (or that nothing does)
 * @d:		out
 * @now_ns:	the time
 */
void wattle_policy_decide(struct wattle_policy *p, __u32 cpu, const struct wattle_item *next,
			  struct wattle_decision *d, __u64 now_ns);

/**
 * wattle_policy_domain_khz() - what a clock domain is to run at
 * @p:		policy
 * @domain:	clock domain
 *
 * Return: the highest frequency that the last decisions for its CPUs asked for;
 * 0 = none asks.
 */
__u32 wattle_policy_domain_khz(const struct wattle_policy *p, __u32 domain);

/**
 * wattle_policy_start() - @item runs from now on
 * @p:		policy
 * @item:	waiting; its CPU runs nothing else
 * @now_ns:	the time
 */
void wattle_policy_start(struct wattle_policy *p, struct wattle_item *item, __u64 now_ns);

/**
 * wattle_policy_speed() - the CPU's frequency is now @khz
 * @p:		policy
 * @cpu:	index below nr_cpus
 * @khz:	actual frequency; progress from now on is reckoned with it
 * @now_ns:	the time
 */
void wattle_policy_speed(struct wattle_policy *p, __u32 cpu, __u32 khz, __u64 now_ns);

/**
 * wattle_policy_done() - @item has ended, one way or another
 * @p:		policy
 * @item:	running; the caller's again
 * @now_ns:	the time
 */
void wattle_policy_done(struct wattle_policy *p, struct wattle_item *item, __u64 now_ns);

/**
 * wattle_policy_cancel() - @item is withdrawn, not having run
 * @p:		policy
 * @item:	waiting; the caller's again
 * @now_ns:	the time
 */
void wattle_policy_cancel(struct wattle_policy *p, struct wattle_item *item, __u64 now_ns);

#endif
