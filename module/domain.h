/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Clocks and clock domains. A clock is a cpufreq policy as wattle sees it; a
 * domain is the closure of CPUs that share a policy or a core, and has the thread
 * that acts on its clocks. See Documentation/design/actuators.md.
 */
#ifndef WATTLE_DOMAIN_H
#define WATTLE_DOMAIN_H

#include <linux/cpumask.h>
#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/notifier.h>
#include <linux/pm_qos.h>
#include <linux/rwsem.h>
#include <linux/timer.h>
#include <linux/types.h>
#include <linux/workqueue.h>

struct cpufreq_policy;
struct task_struct;
struct wattle_domain;

/* One u64 says which are in use. */
#define WATTLE_LEVELS_MAX	64

/* Why a limit changed; the names are in trace.h. */
enum wattle_why {
	WATTLE_WHY_GRANT,	/* a grant began */
	WATTLE_WHY_END,		/* a grant ended */
	WATTLE_WHY_DATED,	/* work with a deadline came: nothing is slowed before it */
	WATTLE_WHY_PACE,	/* deadlines ask for this much */
	WATTLE_WHY_MEMBER,	/* a thread of an attached program came, or the last has gone */
	WATTLE_WHY_MODE,	/* mode switch or drain */
	WATTLE_WHY_DOMAIN,	/* managed CPUs, hotplug, policies */
	WATTLE_WHY_FOREIGN,	/* somebody else's limit changed */
	WATTLE_WHY_NUDGE,	/* a governor that missed a change */
	WATTLE_WHY_GONE,	/* the policy or the module goes */
};

/**
 * struct wattle_levels - frequencies a clock can be capped at, ascending
 * @nr:		used entries; the last is the highest, where a cap means none
 * @khz:	the frequencies
 */
struct wattle_levels {
	u32	nr;
	u32	khz[WATTLE_LEVELS_MAX];
};

/**
 * struct wattle_took - times from a decision to its effect
 * @nr:		how many
 * @sum_ns:	of all
 * @last_ns:	the last
 * @max_ns:	the longest
 */
struct wattle_took {
	u64	nr;
	u64	sum_ns;
	u64	last_ns;
	u64	max_ns;
};

/**
 * struct wattle_clock - a cpufreq policy, from its creation to its removal
 * @link:	in the list of all clocks
 * @domain_link: in @domain's list; empty without one
 * @domain:	whose thread acts on it, NULL none; written under the sem, read under RCU too
 * @policy:	the policy; not to be used after CPUFREQ_REMOVE_POLICY
 * @cpus:	CPUs that share it, offline ones included
 * @max_nb:	on the MAX constraints
 * @min_nb:	on the MIN constraints
 * @targets:	its driver takes targets, so it says what it set
 * @levels:	its frequencies
 * @full_khz:	the highest frequency cpufreq states for it
 * @foreign_max: what others allow, as last known
 * @foreign_min: what others demand
 * @req:	our request; active if and only if @held_khz is not 0
 * @held_khz:	what it says
 * @before_khz:	what it said before the last change, 0 = nothing
 * @asked_ns:	when what the last change carries out was decided; 0 = its effect has been seen
 * @looks:	whether it was in force, since then
 * @set_ns:	when the request was changed last
 * @forced:	the limits are in force, its clock is still watched
 * @ripe_ns:	slowly switching: not to be raised before
 * @hook_ns:	slowly switching: when to run the governor's hook; 0 = done
 * @check_ns:	when to look whether the clock has followed a raise; 0 = no need
 * @check_wait_ns: how long after its mark that is
 * @check_khz:	where it stood then
 * @nudge_khz:	cap of a nudge in progress, 0 = none
 * @nudges_left: attempts
 * @hook:	something to do on a CPU of the policy
 *
 * Everything from @req on belongs to the domain's thread.
 */
struct wattle_clock {
	struct list_head	link;
	struct list_head	domain_link;
	struct wattle_domain __rcu *domain;
	struct cpufreq_policy	*policy;
	cpumask_var_t		cpus;
	struct notifier_block	max_nb;
	struct notifier_block	min_nb;
	bool			targets;
	struct wattle_levels	levels;
	u32			full_khz;
	u32			foreign_max;
	u32			foreign_min;
	struct freq_qos_request	req;
	u32			held_khz;
	u32			before_khz;
	u64			asked_ns;
	u32			looks;
	u64			set_ns;
	bool			forced;
	u64			ripe_ns;
	u64			hook_ns;
	u64			check_ns;
	u64			check_wait_ns;
	u32			check_khz;
	u32			nudge_khz;
	u32			nudges_left;
	struct work_struct	hook;
};

/**
 * struct wattle_want - what a domain's grants want
 * @khz:	highest frequency that any needs, 0 = no cap
 * @idle:	no grant runs there
 * @why:	enum wattle_why
 * @ns:		when it was decided
 */
struct wattle_want {
	u32	khz;
	bool	idle;
	u8	why;
	u64	ns;
};

/**
 * struct wattle_domain - CPUs with one clock, or clocks that hardware ties together
 * @link:	in the list of domains; RCU
 * @dead_link:	in a list of domains to be ended
 * @clocks:	its clocks
 * @cpus:	its online CPUs
 * @first:	the first of them
 * @task:	its thread; a reference is held
 * @home:	where that should be when it has nothing to do; its thread's
 * @going:	held by the thread on its way there
 * @stopping:	it is not to go any more; under @going
 * @kept:	there still is a set of CPUs for it
 * @dead:	its thread does nothing any more
 * @steered:	all its CPUs are managed; under the device lock
 * @paced:	its clocks are told what to run at, so deadlines may slow it; under the device lock
 * @paced_ns:	when its pace was decided last; under the device lock
 * @clock_khz:	its slowest clock as last seen by its thread; under the device lock
 * @advised_clock_khz: mode advise: its clock when its thread looked last, 0 unknown; under
 *		the device lock
 * @advised_khz: mode advise: the highest that deadlines have asked for since there are any,
 *		0 = none are; under the device lock
 * @levels:	what grants are counted by; under the device lock
 * @full_khz:	what a slowdown is measured against; under the device lock
 * @used:	bit per level with a count; under the device lock
 * @nr_at:	grants that run, by the level they need; under the device lock
 * @attached:	level that threads of attached programs need which run there, plus 1; 0 = none
 *		does; under the device lock
 * @crowded:	others run beside them; presence.c's, under the device lock, as the next two
 * @member_ns:	their CPU time of late
 * @foreign_ns:	and that of others
 * @want:	what they want; under the device lock
 * @posted:	what its thread was told; under the device lock
 * @acting_khz:	what it acts on; written by it under the device lock
 * @pending:	in wattle.pending.plans
 * @queued:	is there
 * @kick:	there is something to look at
 * @peek:	a request of somebody's may have changed above ours
 * @peek_ns:	not to be looked for before; its thread's
 * @busy:	something is held or being mended
 * @linger:	ends a cap that nobody needs
 * @failing:	the last change had no effect
 * @actuations: changes of a request
 * @nudges:	see actuators.md
 * @failures:	changes without effect
 * @force:	until the limits were in force
 * @follow:	until the clock was at or under the cap
 */
struct wattle_domain {
	struct list_head	link;
	struct list_head	dead_link;
	struct list_head	clocks;
	cpumask_var_t		cpus;
	u32			first;
	struct task_struct	*task;
	cpumask_var_t		home;
	struct mutex		going; /* of its thread, to its CPUs */
	bool			stopping;
	bool			kept;
	bool			dead;
	bool			steered;
	bool			paced;
	u64			paced_ns;
	u32			clock_khz;
	u32			advised_clock_khz;
	u32			advised_khz;
	struct wattle_levels	levels;
	u32			full_khz;
	u64			used;
	u32			nr_at[WATTLE_LEVELS_MAX];
	u8			attached;
	bool			crowded;
	u64			member_ns;
	u64			foreign_ns;
	struct wattle_want	want;
	struct wattle_want	posted;
	u32			acting_khz;
	struct wattle_domain	*pending;
	bool			queued;
	bool			kick;
	bool			peek;
	u64			peek_ns;
	bool			busy;
	struct timer_list	linger;
	bool			failing;
	u64			actuations;
	u64			nudges;
	u64			failures;
	struct wattle_took	force;
	struct wattle_took	follow;
};

/* Lists of clocks and domains, and who belongs where. Threads that act hold it for reading. */
extern struct rw_semaphore wattle_domain_sem;

int wattle_domain_init(void);
void wattle_domain_exit(void);
void wattle_domain_policy(struct cpufreq_policy *policy, unsigned long action);
void wattle_domain_walk(void);
u32 wattle_domain_learn(struct cpufreq_policy *policy);
void wattle_domain_rebuild(const struct cpumask *managed);
void wattle_domain_release(const struct cpumask *keep);
void wattle_domain_settle(void);
u32 wattle_domain_confidence(unsigned int cpu);
struct wattle_clock *wattle_domain_clock_of(unsigned int cpu);
void wattle_domain_close(void);

#endif
