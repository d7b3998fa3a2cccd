// SPDX-License-Identifier: GPL-2.0-only
/*
 * Who used how much of which CPU. Every nanosecond of every CPU goes to a task,
 * to idle or to "lost"; userspace makes joules of it.
 *
 * Accounts of a thread live in its task storage, those of a CPU in an array. Both
 * only grow. A thread's growth is handed out in records, through the ring: by the
 * iterator once a tick, and at once when the thread has died or has changed
 * packages. Who hands out claims each figure with compare-and-swap first, so that
 * whatever runs beside it, every unit is in one record.
 *
 * Storage is created when a thread is born and, for those there before us, by the
 * iterator: never under the runqueue's lock, where an allocation could wake kswapd.
 */
#include "kernel.h"
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include <wattle/energy_bpf.h>

char LICENSE[] SEC("license") = "GPL";

/* Longer slices are cut here (18 minutes): the products below stay under 2^64. */
#define SLICE_MAX	(1ULL << 40)
/*
 * Is @x true, tried three times at most? Not a loop: the verifier of 6.1 refuses those that
 * clang makes of this.
 */
#define TRIED(x)	((x) || (x) || (x))
#define ANCESTORS	64

/* Set before loading. */
const volatile bool have_clock;		/* some CPU's frequency is known and changes */
const volatile bool have_smt;
const volatile bool have_cycles;
const volatile bool have_instr;
const volatile __u32 smt_share = 563;	/* of WATTLE_BPF_ONE: cost of each busy sibling */
const volatile __u32 max_khz = 1;

/* Set at run time. */
__u32 launcher;		/* process whose children are job 1; 0: none */
__u32 target;		/* process that the iterator tags, with its descendants; 0: none */
__u32 my_tgid;		/* answer of whoami */
__u32 prime;		/* the iterator may create storage */
__u64 nr_storage;	/* threads that got no storage */
__u64 nr_deferred;	/* threads the iterator found no room for: to be run again */
__u64 nr_tagged;	/* threads of the target */

struct task_acct {
	struct wattle_bpf_amount	used;
	struct wattle_bpf_amount	out;	/* of which handed out */
	__u32				job;
	__u32				package;
};

struct {
	__uint(type, BPF_MAP_TYPE_TASK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, struct task_acct);
} tasks SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct wattle_bpf_cpu);
} cpus SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct wattle_bpf_clock);
} clocks SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 1 << 20);
} records SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERF_EVENT_ARRAY);
	__uint(key_size, sizeof(__u32));
	__uint(value_size, sizeof(__u32));
} cycle_counters SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERF_EVENT_ARRAY);
	__uint(key_size, sizeof(__u32));
	__uint(value_size, sizeof(__u32));
} instr_counters SEC(".maps");

/* Stores of x86 are seen in their order; elsewhere a fence would have to stand here. */
#define barrier()	asm volatile("" ::: "memory")

static __always_inline struct wattle_bpf_cpu *cpu_of(__u32 cpu)
{
	return bpf_map_lookup_elem(&cpus, &cpu);
}

static __always_inline __u64 begin_read(const __u64 *seq)
{
	__u64 v = *(volatile const __u64 *)seq;

	barrier();
	return v;
}

/* True when nothing was written since begin_read(). */
static __always_inline bool read_whole(const __u64 *seq, __u64 begun)
{
	barrier();
	return !(begun & 1) && begun == *(volatile const __u64 *)seq;
}

static __always_inline bool read_clock(const struct wattle_bpf_clock *k, __u64 now, __u64 *w)
{
	__u64 seq = begin_read(&k->seq);

	*w = k->w;
	if (now > k->since)
		*w += (now - k->since) * k->per_ns;
	return read_whole(&k->seq, seq);
}

/* Reading of @cpu's weight clock at @now. */
static __always_inline __u64 clock_at(__u32 cpu, __u64 now)
{
	const struct wattle_bpf_clock *k = bpf_map_lookup_elem(&clocks, &cpu);
	__u64 w;

	if (!have_clock || !k)
		return now * WATTLE_BPF_ONE;
	/* Frequencies change a thousand times a second, this reads for some nanoseconds. */
	if (!TRIED(read_clock(k, now, &w)))
		w = k->w;
	return w;
}

static __always_inline __u64 counter(void *map)
{
	struct bpf_perf_event_value v;

	if (bpf_perf_event_read_value(map, BPF_F_CURRENT_CPU, &v, sizeof(v)))
		return 0;
	return v.counter;
}

static __always_inline bool read_busy(const struct wattle_bpf_cpu *c, __u64 now, __u64 *ns)
{
	__u64 seq = begin_read(&c->seq);

	*ns = c->busy_ns;
	if (c->cur && now > c->since)
		*ns += now - c->since;
	return read_whole(&c->seq, seq);
}

/* How long @cpu has been busy, up to @now. */
static __always_inline __u64 busy_time(__u32 cpu, __u64 now)
{
	const struct wattle_bpf_cpu *c = cpu_of(cpu);
	__u64 ns;

	if (!c)
		return 0;
	if (!TRIED(read_busy(c, now, &ns)))
		ns = c->busy_ns;
	return ns;
}

static __always_inline __u32 sibling_of(__u32 cpu)
{
	const struct wattle_bpf_clock *k = bpf_map_lookup_elem(&clocks, &cpu);

	return k ? k->sibling : WATTLE_BPF_NO_CPU;
}

static __always_inline bool try_claim(__u64 *out, __u64 used, __u64 *got)
{
	__u64 old = *(volatile __u64 *)out;

	*got = used > old ? used - old : 0;
	return !*got || __sync_val_compare_and_swap(out, old, used) == old;
}

/* How much of *@out up to @used is still to be handed out; it is the caller's from now on. */
static __always_inline __u64 claim(__u64 *out, __u64 used)
{
	__u64 got;

	/* There are two who claim, at most; whoever lost once finds the other done. */
	if (!TRIED(try_claim(out, used, &got)))
		got = 0;
	return got;
}

static __always_inline void claim_all(struct task_acct *a, const struct wattle_bpf_amount *used,
				      struct wattle_bpf_amount *got)
{
	got->ns = claim(&a->out.ns, used->ns);
	got->w = claim(&a->out.w, used->w);
	got->cycles = have_cycles ? claim(&a->out.cycles, used->cycles) : 0;
	got->instr = have_instr ? claim(&a->out.instr, used->instr) : 0;
}

static __always_inline void unclaim(struct task_acct *a, const struct wattle_bpf_amount *got)
{
	__sync_fetch_and_sub(&a->out.ns, got->ns);
	__sync_fetch_and_sub(&a->out.w, got->w);
	__sync_fetch_and_sub(&a->out.cycles, got->cycles);
	__sync_fetch_and_sub(&a->out.instr, got->instr);
}

/* A ring that fills between two ticks is worth waking its reader for. */
static __always_inline __u64 wakeup(void)
{
	return bpf_ringbuf_query(&records, BPF_RB_AVAIL_DATA) >
	       bpf_ringbuf_query(&records, BPF_RB_RING_SIZE) / 2 ?
	       BPF_RB_FORCE_WAKEUP : BPF_RB_NO_WAKEUP;
}

/* False when there was no room. */
static __always_inline bool hand_out(struct task_struct *t, const struct task_acct *a,
				     const struct wattle_bpf_amount *got)
{
	struct wattle_bpf_record *r = bpf_ringbuf_reserve(&records, sizeof(*r), 0);

	if (!r)
		return false;
	r->start_ns = t->group_leader->start_boottime;
	r->cgroup = t->cgroups->dfl_cgrp->kn->id;
	r->used = *got;
	r->tgid = t->tgid;
	r->tid = t->pid;
	r->job = a->job;
	r->package = a->package;
	r->flags = (t->flags & PF_KTHREAD ? WATTLE_BPF_KTHREAD : 0) |
		   (t->exit_state ? WATTLE_BPF_DEAD : 0);
	r->pad = 0;
	bpf_probe_read_kernel(r->comm, sizeof(r->comm), &t->group_leader->comm);
	bpf_ringbuf_submit(r, wakeup());
	return true;
}

/* Hand out all of @a; what finds no room is lost, and counted. */
static __always_inline void settle(struct wattle_bpf_cpu *c, struct task_struct *t,
				   struct task_acct *a)
{
	struct wattle_bpf_amount got;

	claim_all(a, &a->used, &got);
	if (!got.ns && !got.w)
		return;
	if (!hand_out(t, a, &got)) {
		c->lost_ns += got.ns;
		c->lost_w += got.w;
		c->task_ns -= got.ns;
		c->nr_dropped++;
	}
}

/* The part @ns / @of of @w. */
static __always_inline __u64 share_of(__u64 w, __u64 ns, __u64 of)
{
	return of ? (w >> 10) * ((ns << 10) / of) : 0;
}

/* What CPU @cpu did since c->since goes to @prev. Within a write section of @c. */
static __always_inline void account(struct wattle_bpf_cpu *c, __u32 cpu, struct task_struct *prev,
				    __u64 now)
{
	__u64 ns, w, overlap, clock, cycles = 0, instr = 0, sib = 0;
	bool idle = !prev->pid;
	struct task_acct *a;

	clock = clock_at(cpu, now);
	if (have_cycles)
		cycles = counter(&cycle_counters);
	if (have_instr)
		instr = counter(&instr_counters);
	if (have_smt)
		sib = busy_time(sibling_of(cpu), now);
	if (!c->since || now < c->since)
		goto restart;

	ns = now - c->since;
	if (ns > SLICE_MAX)
		ns = SLICE_MAX;
	/* A counter that went back tells nothing of this slice. */
	w = clock > c->clock0 ? clock - c->clock0 : 0;
	if (have_cycles)
		w = cycles > c->cycles0 ? (cycles - c->cycles0) * WATTLE_BPF_ONE : 0;
	/* A sibling that works at the same time shares the core and its energy. */
	if (have_smt && !idle) {
		overlap = sib > c->sib0 ? sib - c->sib0 : 0;
		if (overlap > ns)
			overlap = ns;
		w -= (share_of(w, overlap, ns) >> 10) * (WATTLE_BPF_ONE - smt_share);
	}
	if (idle) {
		c->idle_ns += ns;
		goto restart;
	}
	c->busy_ns += ns;
	a = bpf_task_storage_get(&tasks, prev, 0, 0);
	if (!a) {
		c->lost_ns += ns;
		c->lost_w += w;
		c->nr_unknown++;
		goto restart;
	}
	if (a->package != c->package) {
		settle(c, prev, a);
		a->package = c->package;
	}
	c->task_ns += ns;
	a->used.ns += ns;
	a->used.w += w;
	if (have_cycles && cycles > c->cycles0)
		a->used.cycles += cycles - c->cycles0;
	if (have_instr && instr > c->instr0)
		a->used.instr += instr - c->instr0;
	/* Its last switch, or close to: nobody finds it when it is gone. */
	if (prev->exit_state)
		settle(c, prev, a);
restart:
	c->since = now;
	c->clock0 = clock;
	c->cycles0 = cycles;
	c->instr0 = instr;
	c->sib0 = sib;
}

/* This CPU goes from @prev to @next, which may be the same. */
static __always_inline void turn(struct task_struct *prev, struct task_struct *next, __u64 switches)
{
	__u32 cpu = bpf_get_smp_processor_id();
	struct wattle_bpf_cpu *c = cpu_of(cpu);

	if (!c)
		return;
	c->seq++;
	barrier();
	account(c, cpu, prev, bpf_ktime_get_ns());
	c->cur = next->pid ? (__u64)next : 0;
	c->nr_switches += switches;
	barrier();
	c->seq++;
}

SEC("tp_btf/sched_switch")
int BPF_PROG(on_switch, bool preempt, struct task_struct *prev, struct task_struct *next)
{
	turn(prev, next, 1);
	return 0;
}

/*
 * Account for what runs on this CPU now, as if it had been switched out and in. Run
 * through BPF_PROG_TEST_RUN on each CPU at the start, so that a CPU that never
 * switches is known too, and on busy CPUs each tick where counters must be read on
 * the spot. In an interrupt: no switch can come in between.
 */
SEC("raw_tp/wattle_touch")
int touch(void *ctx)
{
	struct task_struct *cur = bpf_get_current_task_btf();

	turn(cur, cur, 0);
	return 0;
}

SEC("tp_btf/sched_process_fork")
int BPF_PROG(on_fork, struct task_struct *parent, struct task_struct *child)
{
	struct task_acct *a, *of_parent;

	a = bpf_task_storage_get(&tasks, child, 0, BPF_LOCAL_STORAGE_GET_F_CREATE);
	if (!a) {
		__sync_fetch_and_add(&nr_storage, 1);
		return 0;
	}
	of_parent = bpf_task_storage_get(&tasks, parent, 0, 0);
	if (of_parent)
		a->job = of_parent->job;
	if (launcher && parent->tgid == launcher && child->tgid != launcher)
		a->job = 1;
	return 0;
}

SEC("tp_btf/cpu_idle")
int BPF_PROG(on_idle, unsigned int state, unsigned int cpu_id)
{
	__u32 cpu = bpf_get_smp_processor_id(), old;
	struct wattle_bpf_cpu *c = cpu_of(cpu);
	__u64 now = bpf_ktime_get_ns();

	if (!c)
		return 0;
	c->seq++;
	barrier();
	old = c->idle_state;
	if (c->idle_since && now > c->idle_since && old < WATTLE_BPF_IDLE_STATES)
		c->residency_ns[old] += now - c->idle_since;
	c->idle_since = state == (__u32)-1 ? 0 : now;
	c->idle_state = state < WATTLE_BPF_IDLE_STATES ? state : WATTLE_BPF_IDLE_STATES - 1;
	barrier();
	c->seq++;
	return 0;
}

/* Announced by whichever CPU changes it, one change after the other. */
SEC("tp_btf/cpu_frequency")
int BPF_PROG(on_frequency, unsigned int khz, unsigned int cpu_id)
{
	struct wattle_bpf_clock *k = bpf_map_lookup_elem(&clocks, &cpu_id);
	__u64 now = bpf_ktime_get_ns();

	if (!k || k->khz == khz)
		return 0;
	k->seq++;
	barrier();
	if (now > k->since)
		k->w += (now - k->since) * k->per_ns;
	k->since = now;
	k->khz = khz;
	k->per_ns = (__u64)khz * WATTLE_BPF_ONE / max_khz;
	barrier();
	k->seq++;
	return 0;
}

static __always_inline __u32 cpu_of_task(struct task_struct *t)
{
	struct task_struct___before_5_16 *old = (void *)t;

	if (bpf_core_field_exists(t->thread_info.cpu))
		return t->thread_info.cpu;
	return BPF_CORE_READ(old, cpu);
}

/*
 * What @t has used, with the slice it is in if it runs. Accounts are written within the
 * same section of the CPU's sequence as its switches, so what is read between two equal
 * even readings belongs together.
 */
static __always_inline bool read_open(struct task_struct *t, const struct task_acct *a,
				      const struct wattle_bpf_cpu *c, __u32 cpu,
				      struct wattle_bpf_amount *used)
{
	__u64 seq = begin_read(&c->seq), now, ns, w;

	*used = a->used;
	/* The package of a slice that began after a migration is set when it ends. */
	if (c->cur != (__u64)t || !c->since || a->package != c->package)
		return true;
	now = bpf_ktime_get_ns();
	ns = now > c->since ? now - c->since : 0;
	if (ns > SLICE_MAX)
		ns = SLICE_MAX;
	w = clock_at(cpu, now);
	w = w > c->clock0 ? w - c->clock0 : 0;
	if (!read_whole(&c->seq, seq)) {
		*used = a->used;
		return false;
	}
	/* What the sibling takes off is known when the slice ends: no more than this. */
	if (have_smt)
		w = (w >> 10) * smt_share;
	used->ns += ns;
	used->w += w;
	return true;
}

static __always_inline void read_used(struct task_struct *t, const struct task_acct *a,
				      struct wattle_bpf_amount *used)
{
	__u32 cpu = cpu_of_task(t);
	const struct wattle_bpf_cpu *c = cpu_of(cpu);

	/* Counters cannot be read from afar: touch() has done it. */
	if (!c || have_cycles) {
		*used = a->used;
		return;
	}
	/* Switching so fast, it is accounted for at each switch. */
	if (!TRIED(read_open(t, a, c, cpu, used)))
		*used = a->used;
}

static __always_inline bool descends(struct task_struct *t, __u32 tgid)
{
	int i;

	for (i = 0; i < ANCESTORS; i++) {
		if (t->tgid == tgid)
			return true;
		if (t->tgid <= 1)
			return false;
		t = t->group_leader->real_parent;
	}
	return false;
}

SEC("iter/task")
int each_task(struct bpf_iter__task *ctx)
{
	struct wattle_bpf_amount used, got;
	struct task_struct *t = ctx->task;
	struct task_acct *a;

	if (!t)
		return 0;
	a = bpf_task_storage_get(&tasks, t, 0, prime ? BPF_LOCAL_STORAGE_GET_F_CREATE : 0);
	if (!a) {
		if (prime)
			__sync_fetch_and_add(&nr_storage, 1);
		return 0;
	}
	if (prime && target && descends(t, target)) {
		a->job = 1;
		nr_tagged++;
	}
	read_used(t, a, &used);
	claim_all(a, &used, &got);
	/* No room: it stays with the thread until the next time. */
	if ((got.ns || got.w) && !hand_out(t, a, &got)) {
		unclaim(a, &got);
		nr_deferred++;
	}
	return 0;
}

/* Our own process id as the programs see it, which a PID namespace hides from us. */
SEC("raw_tp/wattle_whoami")
int whoami(void *ctx)
{
	my_tgid = bpf_get_current_pid_tgid() >> 32;
	return 0;
}
