/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The virtual platform's parts and what they owe one another.
 *
 * Locks, in the order they are taken:
 *	rq->lock, cpufreq's and cpuidle's own	(not ours; we run under them)
 *	wp_cpu.lock	raw, irqs off: clock, referee and work of one CPU
 *	wp_pkg.lock	raw, irqs off: what a package's CPUs share
 * No timer is started and nothing is woken under either of ours (a kick of a
 * halted CPU is an IPI and nothing more). No allocation on any of these paths.
 *
 * Time is ktime_get_mono_fast_ns() everywhere: the same CLOCK_MONOTONIC that
 * hrtimers and user space see, and readable under any lock.
 */
#ifndef WATTLE_PLATFORM_INTERNAL_H
#define WATTLE_PLATFORM_INTERNAL_H

#include <linux/cpufreq.h>
#include <linux/cpumask.h>
#include <linux/hrtimer.h>
#include <linux/sched.h>
#include <linux/spinlock.h>
#include <linux/timekeeping.h>
#include <linux/types.h>

#define WP_NAME		"wattle_platform"
#define WP_MAX_PKGS	16
#define WP_NEVER	U64_MAX

/* Resolution of the time-at-frequency account. 2450 MHz is a multiple of it. */
#define WP_BUCKET_KHZ	50000
#define WP_NR_BUCKETS	80

/* What a CPU is doing, as far as power goes. */
enum wp_state {
	WP_RUN,			/* a task */
	WP_IDLE_LOOP,		/* the idle task, awake */
	WP_C1,			/* the order of these three is the cpuidle driver's */
	WP_C1E,
	WP_C6,
	WP_OFFLINE,
	WP_NR_STATES,
};

/* What the deepest thing is that all CPUs of a package allow. */
enum wp_level {
	WP_PKG_RUN,		/* some CPU is awake */
	WP_PKG_SHALLOW,		/* all halted, not all in C6 */
	WP_PKG_DEEP,		/* all in C6 or offline */
	WP_NR_LEVELS,
};

/**
 * struct wp_facts - what only the referee knows about the running task
 * @activity_pm: switching activity, per mille of nominal
 * @stall_pm: share of its time at f_max that waits for memory, per mille
 */
struct wp_facts {
	u32 activity_pm;
	u32 stall_pm;
};

/**
 * struct wp_meter - energy integrated without loss
 * @nj: total, nanojoules
 * @rem_fj: what is not a whole nanojoule yet, femtojoules (< 10^6)
 * @tick_nj: @nj as it was at the last whole millisecond, for the counter
 * @base_nj: @nj at the last reset of the referee; the counter ignores it
 */
struct wp_meter {
	u64 nj;
	u64 rem_fj;
	u64 tick_nj;
	u64 base_nj;
};

/**
 * struct wp_clock - the true frequency of one CPU, evaluated lazily
 * @khz: frequency since the last event
 * @next_khz: frequency from @next_ns on (table drivers)
 * @next_ns: when the frequency changes next; WP_NEVER = not by itself
 * @min_khz: lower limit (closed loop only)
 * @max_khz: upper limit (closed loop only)
 * @util_ppm: what the closed loop believes the CPU's load to be
 * @loop: the hardware picks the frequency itself (HWP)
 * @eager: the loop always picks the maximum
 * @changes: how often @khz changed
 */
struct wp_clock {
	u32 khz;
	u32 next_khz;
	u64 next_ns;
	u32 min_khz;
	u32 max_khz;
	u32 util_ppm;
	bool loop;
	bool eager;
	u64 changes;
};

/**
 * struct wp_work - halted work in progress; progress is written under wp_cpu.lock
 * @timer: breaks the halt when the work may be done or the clock steps
 * @facts: what the referee charges while it runs
 * @cycles: frequency-sensitive cycles left
 * @stall_ns: frequency-insensitive time left
 * @ran_ns: CPU time used
 */
struct wp_work {
	struct hrtimer timer;
	struct wp_facts facts;
	u64 cycles;
	u64 stall_ns;
	u64 ran_ns;
};

/**
 * struct wp_pkg - one virtual package
 * @lock: protects all below it
 * @id: the number the energy zone carries
 * @last_ns: everything is integrated up to here
 * @nr_awake: CPUs in WP_RUN or WP_IDLE_LOOP
 * @nr_shallow: CPUs in WP_C1 or WP_C1E
 * @level: follows from the two
 * @uncore: shared logic, the part that does not depend on one CPU's traffic
 * @dram: memory, likewise
 * @level_ns: residency
 */
struct wp_pkg {
	raw_spinlock_t lock;
	u32 id;
	u64 last_ns;
	unsigned int nr_awake;
	unsigned int nr_shallow;
	enum wp_level level;
	struct wp_meter uncore;
	struct wp_meter dram;
	u64 level_ns[WP_NR_LEVELS];
};

/**
 * struct wp_cpu - one CPU of the platform
 * @lock: protects everything but the constants and what is noted
 * @cpu: constant
 * @pkg: constant
 * @online: managed by the hotplug callbacks; the probe ignores an offline CPU
 * @inside: written by the CPU's own idle path: it may be in our enter()
 * @clock: its frequency
 * @request_khz: what the cpufreq driver asked for last, as a P-state register
 * @state: what it does
 * @facts: of what runs, meaningful in WP_RUN
 * @last_ns: everything is integrated up to here
 * @core_uw: power now, core
 * @traffic_uw: power now, this CPU's traffic in the uncore
 * @dram_uw: power now, this CPU's traffic in DRAM
 * @core: energy
 * @traffic: energy
 * @dram: energy
 * @state_ns: residency
 * @entries: entries into each state
 * @freq_ns: time at each frequency, by WP_BUCKET_KHZ
 * @freq_run_ns: of it, in WP_RUN
 * @work: halted work that holds this CPU, or NULL
 * @work_task: the task that does it
 * @steal_timer: stolen time; started and cancelled on its own CPU only
 * @stealing: its callback spins: this time owes nothing
 * @owed_ns: time to steal
 * @stolen_ns: time stolen
 * @timer_fires: interrupts the platform's own timers caused here
 */
struct wp_cpu {
	raw_spinlock_t lock;
	unsigned int cpu;
	struct wp_pkg *pkg;
	bool online;
	bool inside;

	struct wp_clock clock;
	u32 request_khz;

	enum wp_state state;
	struct wp_facts facts;
	u64 last_ns;
	u32 core_uw;
	u32 traffic_uw;
	u32 dram_uw;
	struct wp_meter core;
	struct wp_meter traffic;
	struct wp_meter dram;
	u64 state_ns[WP_NR_STATES];
	u64 entries[WP_NR_STATES];
	u64 freq_ns[WP_NR_BUCKETS];
	u64 freq_run_ns[WP_NR_BUCKETS];

	struct wp_work *work;
	struct task_struct *work_task;

	struct hrtimer steal_timer;
	bool stealing;
	u64 owed_ns;
	u64 stolen_ns;
	u64 timer_fires;
} ____cacheline_aligned_in_smp;

static inline u64 wp_now(void)
{
	return ktime_get_mono_fast_ns();
}

/* geometry.c: CPUs, packages, clock domains */
extern struct wp_cpu *wp_cpus;
extern struct wp_pkg wp_pkgs[WP_MAX_PKGS];
extern unsigned int wp_nr_pkgs;

static inline struct wp_cpu *wp_cpu(unsigned int cpu)
{
	return &wp_cpus[cpu];
}

int wp_geometry_init(void);
void wp_geometry_exit(void);
void wp_geometry_domain(unsigned int cpu, struct cpumask *cpus);

/* power.c: the laws, pure integer functions; microwatts */
u32 wp_power_stall_now_pm(u32 stall_pm, u32 khz);
u32 wp_power_core_uw(enum wp_state state, const struct wp_facts *facts, u32 khz);
u32 wp_power_traffic_uw(const struct wp_facts *facts, u32 khz);
u32 wp_power_dram_uw(const struct wp_facts *facts, u32 khz);
u32 wp_power_pkg_uncore_uw(enum wp_level level);
u32 wp_power_pkg_dram_uw(enum wp_level level);

/* clock.c: true frequency; all but the first two under wp_cpu.lock */
void wp_clock_request(unsigned int cpu, u32 khz);
void wp_clock_limits(unsigned int cpu, u32 min_khz, u32 max_khz, bool eager);
void wp_clock_init(struct wp_clock *clock);
void wp_clock_step(struct wp_clock *clock, bool running);
void wp_clock_observe(struct wp_clock *clock, bool running, u64 dt_ns);
void wp_clock_state(struct wp_clock *clock, bool running, u64 now);
extern u32 wp_max_khz;

/* referee.c: who spent what */
void wp_referee_init(void);
void wp_referee_accrue(struct wp_cpu *c, u64 now);
void wp_referee_clock_changed(struct wp_cpu *c);
void wp_referee_set(struct wp_cpu *c, enum wp_state state, const struct wp_facts *facts, u64 now);
void wp_referee_idle(struct wp_cpu *c, enum wp_state state, u32 lump_us);
void wp_referee_accrue_pkg(struct wp_pkg *p, u64 now);
void wp_referee_reset(void);

/* tasks.c: hidden facts by task */
struct wp_task_list;
void wp_tasks_facts(struct task_struct *task, struct wp_facts *facts);
struct wp_task_list *wp_tasks_open(void);
void wp_tasks_close(struct wp_task_list *list);
int wp_tasks_set(struct wp_task_list *list, const struct wp_facts *facts);

/* probe.c: sched_switch */
int wp_probe_init(void);
void wp_probe_exit(void);

/* online.c: CPUs coming and going */
int wp_online_init(void);
void wp_online_exit(void);

/* idle.c: the cpuidle driver */
extern bool wp_idle_on;
int wp_idle_init(void);
void wp_idle_exit(void);

/* cpufreq.c: what the three drivers share */
int wp_cpufreq_select(void);
int wp_cpufreq_init(void);
void wp_cpufreq_exit(void);
void wp_cpufreq_policy(struct cpufreq_policy *policy);
void wp_cpufreq_ask(struct cpufreq_policy *policy, u32 request_khz, u32 true_khz);
u32 wp_cpufreq_transition_ns(void);
bool wp_cpufreq_fast(void);
extern struct cpufreq_driver wp_opp_driver;
extern struct cpufreq_driver wp_acpi_driver;
extern struct cpufreq_driver wp_hwp_driver;
#define WP_OPP_MIN_KHZ		800000
#define WP_OPP_MAX_KHZ		3200000
#define WP_ACPI_BOOST_KHZ	3400000

/* halted.c: work that holds a CPU without executing */
long wp_halted_work(u64 work_kcycles, u64 stall_us, u64 *ran_ns);
void wp_halted_progress(struct wp_work *w, u32 khz, u64 dt_ns);
u64 wp_halted_left_ns(const struct wp_work *w, u32 khz);

/* stolen.c: slowing real code down */
extern bool wp_steal;
int wp_stolen_init(void);
void wp_stolen_exit(void);
void wp_stolen_switch(struct wp_cpu *c, bool was_idle, bool is_idle);
u64 wp_stolen_owes(const struct wp_facts *facts, u32 khz, u64 dt_ns);

/* counter.c: the RAPL-like counter, all that wattle sees */
#define WP_COUNTER_TICK_NS	NSEC_PER_MSEC
int wp_counter_uj(unsigned int index, u64 *uj);
int wp_counter_init(void);
void wp_counter_exit(void);

/* chardev.c, debugfs.c */
int wp_chardev_init(void);
void wp_chardev_exit(void);
void wp_debugfs_init(void);
void wp_debugfs_exit(void);

#endif
