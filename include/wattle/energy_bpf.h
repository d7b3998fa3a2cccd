/* SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause */
/*
 * What the BPF programs of bpf/energy.bpf.c and their reader in userspace/energy
 * share. Not a public interface: the two are built and shipped together.
 *
 * The includer brings the __uNN types: <linux/types.h>, or what stands for it in BPF.
 */
#ifndef WATTLE_ENERGY_BPF_H
#define WATTLE_ENERGY_BPF_H

/* Idle states with a residency of their own; deeper ones count as the last. */
#define WATTLE_BPF_IDLE_STATES	10
/* Weight of a nanosecond at the highest frequency, and of a cycle. */
#define WATTLE_BPF_ONE		1024
#define WATTLE_BPF_COMM		16
/* No CPU, where a CPU's number is stored. */
#define WATTLE_BPF_NO_CPU	(~0U)

enum wattle_bpf_flags {
	WATTLE_BPF_KTHREAD	= 1,	/* a kernel thread */
	WATTLE_BPF_DEAD		= 2,	/* the thread has gone: its last record */
};

/**
 * struct wattle_bpf_cpu - accounts of one CPU; its own programs are the only writers
 * @seq:	odd while the rest is being written
 * @cur:	the running task (a kernel address, only ever compared), 0 when idle
 * @since:	when @cur was switched in or last accounted; 0: nothing known yet
 * @clock0:	the CPU's weight clock at @since
 * @cycles0:	its cycle counter at @since
 * @instr0:	its instruction counter at @since
 * @sib0:	busy time of its SMT sibling at @since
 * @task_ns:	time given to tasks since the start
 * @idle_ns:	time of the idle task
 * @lost_ns:	time of tasks that could not be accounted for
 * @lost_w:	its weight
 * @busy_ns:	time that was not idle
 * @nr_switches: context switches seen
 * @nr_unknown:	of those, switches from a task without accounts
 * @nr_dropped:	records that found no room in the ring
 * @idle_since:	when the current idle state was entered, 0 when in none
 * @idle_state: the current idle state
 * @package:	set by userspace
 * @residency_ns: time by idle state
 * @pad:	fills lines of the cache: other CPUs write their own
 */
struct wattle_bpf_cpu {
	__u64	seq;
	__u64	cur;
	__u64	since;
	__u64	clock0;
	__u64	cycles0;
	__u64	instr0;
	__u64	sib0;
	__u64	task_ns;
	__u64	idle_ns;
	__u64	lost_ns;
	__u64	lost_w;
	__u64	busy_ns;
	__u64	nr_switches;
	__u64	nr_unknown;
	__u64	nr_dropped;
	__u64	idle_since;
	__u32	idle_state;
	__u32	package;
	__u64	residency_ns[WATTLE_BPF_IDLE_STATES];
	__u64	pad[5];
};

/**
 * struct wattle_bpf_clock - a clock of one CPU that runs as fast as the CPU burns
 * @seq:	odd while the rest is being written
 * @w:		reading at @since
 * @since:	when the speed last changed
 * @per_ns:	weight of a nanosecond, WATTLE_BPF_ONE at the highest frequency
 * @khz:	frequency last announced, 0: not known
 * @sibling:	SMT sibling, or WATTLE_BPF_NO_CPU
 * @pad:	fills a line of the cache: other CPUs write their own
 */
struct wattle_bpf_clock {
	__u64	seq;
	__u64	w;
	__u64	since;
	__u32	per_ns;
	__u32	khz;
	__u32	sibling;
	__u32	pad[7];
};

/**
 * struct wattle_bpf_amount - what accumulates: always the same four
 * @ns:		CPU time
 * @w:		weight: cycles or time, scaled by frequency and SMT
 * @cycles:	0 without a counter
 * @instr:	0 without a counter
 */
struct wattle_bpf_amount {
	__u64	ns;
	__u64	w;
	__u64	cycles;
	__u64	instr;
};

/**
 * struct wattle_bpf_record - what a thread used on one package since its last record
 * @start_ns:	boot time at which the process began; with @tgid its identity
 * @cgroup:	id of its cgroup (v2) now
 * @used:	the amounts
 * @tgid:	process
 * @tid:	thread
 * @job:	as tagged, inherited over fork; 0: none
 * @package:	where
 * @flags:	enum wattle_bpf_flags
 * @pad:	0
 * @comm:	name of the process's main thread
 */
struct wattle_bpf_record {
	__u64				start_ns;
	__u64				cgroup;
	struct wattle_bpf_amount	used;
	__u32				tgid;
	__u32				tid;
	__u32				job;
	__u32				package;
	__u32				flags;
	__u32				pad;
	char				comm[WATTLE_BPF_COMM];
};

#endif
