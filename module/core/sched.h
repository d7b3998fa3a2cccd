/* SPDX-License-Identifier: GPL-2.0-only OR LGPL-2.1-or-later OR BSD-2-Clause */
/*
 * The scheduler's state machine, pure: who may run what, where and when.
 *
 * Integer C on <linux/types.h> and <linux/errno.h> and the uAPI header alone:
 * no lock, no allocation, no clock. The caller owns the memory of every object,
 * serialises all calls on one struct wattle_sched (a spinlock in wattle.ko, a
 * mutex in libwattle, nothing in a unit test) and brings the time as now_ns,
 * which must not go backwards. What must happen outside comes back through
 * struct wattle_sched_ops, called with the caller's lock held.
 *
 * The same objects are linked into wattle.ko, libwattle (embedded backend), the
 * simulator and the unit tests.
 */
#ifndef WATTLE_CORE_SCHED_H
#define WATTLE_CORE_SCHED_H

#include <linux/types.h>
#include <linux/wattle.h>

#include "core/admit.h"
#include "core/heap.h"
#include "core/list.h"
#include "core/sat.h"

struct wattle_sched;
struct wattle_sched_client;
struct wattle_sched_queue;
struct wattle_sched_worker;

enum wattle_sched_batch_state {
	WATTLE_BATCH_IDLE,	/* not known to the scheduler */
	WATTLE_BATCH_DELAYED,	/* release time not reached */
	WATTLE_BATCH_READY,
	WATTLE_BATCH_GRANTED,
};

/**
 * struct wattle_sched_batch - one piece of work; memory is the caller's
 * @in:		what was submitted
 * @queue:	its queue, NULL when idle
 * @node:	in the queue's ready heap (by @order_ns, then @seq) or in the scheduler's delayed
 *		heap (by release)
 * @fifo_link:	in queue->fifo, instead of the ready heap
 * @due:	its demand in the admission ledger while it waits
 * @queue_link:	in queue->batches while it waits (delayed or ready)
 * @hash_link:	in client->hash from submission to its end, so that CANCEL finds it
 * @seq:	order of submission, unique in the scheduler
 * @id:		uAPI batch id, unique in the client
 * @submit_ns:	when it was accepted
 * @ready_ns:	from when its wait counts: the later of submission and release
 * @order_ns:	its place inside its class: the deadline, or later when enforce found that
 *		infeasible (then the earliest deadline that hurts no promise); ~0 for none
 * @need_ns:	execution time at the frequency admission counts on (0 = unknown)
 * @state:	enum wattle_sched_batch_state
 * @verdict:	enum wattle_verdict_status it was admitted with
 * @reason:	enum wattle_verdict_reason of it
 * @class:	class its demand was charged under, from 0 (the queue's may change)
 * @promised:	its deadline was promised
 * @recheck:	recheck round that it has been through, or came after
 * @revoked:	a recheck took its promise back; a later one may renew it
 */
struct wattle_sched_batch {
	struct wattle_batch		in;
	struct wattle_sched_queue	*queue;
	struct wattle_heap_node		node;
	struct wattle_list		fifo_link;
	struct wattle_admit_node	due;
	struct wattle_list		queue_link;
	struct wattle_list		hash_link;
	__u64				seq;
	__u64				id;
	__u64				submit_ns;
	__u64				ready_ns;
	__u64				order_ns;
	__u64				need_ns;
	__u32				state;
	__u8				verdict;
	__u8				reason;
	__u8				class;
	__u8				promised;
	__u32				recheck;
	__u32				revoked;
};

/**
 * struct wattle_sched_queue - a stream of batches with one set of parameters
 *
 * @stats counts are the core's; @stats.energy_* is filled by whoever has joules.
 * @ready, @fifo: ready batches. Those without a deadline that come in order of submission, most
 *	of all, need no heap: they are in @fifo.
 * @batches: every batch that waits (delayed or ready).
 * @ready_link: in client->ready[class - 1] while a batch is ready.
 * @vtime: weighted run time, ns x 100 / weight; ties between queues go to the smaller.
 * @weight_mult: (100 << 16) / weight, so that charging needs no division.
 * @epoch_run_ns, @epoch_cpu_ns: time of grants, and CPU time of their threads, since the last
 *	energy epoch; the first says that there is something to charge for, the second how much.
 * @closing: takes no more batches; about to be destroyed.
 * @dead: destroyed, kept while batches are granted or an expired worker has not been seen
 *	to end; ops->queue_free() follows.
 * @nr_expired: workers whose expired_queue it is.
 * @energy_pj: picojoules charged beyond the whole microjoules in @stats.
 */
struct wattle_sched_queue {
	struct wattle_sched_client	*client;
	struct wattle_list		client_link;	/* client->queues */
	struct wattle_list		sched_link;	/* sched->queues, for accounts */
	__u32				id;
	__u32				dead;
	__u32				closing;
	__u32				pad2;
	struct wattle_queue_params	params;
	struct wattle_heap		ready;
	struct wattle_list		fifo;
	struct wattle_list		ready_link;
	struct wattle_list		batches;
	__u32				inflight;	/* delayed + ready + granted */
	__u32				nr_granted;
	__u32				nr_expired;
	__u32				weight_mult;
	__u32				energy_pj;
	__u32				pad;
	__u64				vtime;
	__u64				epoch_run_ns;
	__u64				epoch_cpu_ns;
	struct wattle_queue_stats	stats;
};

enum wattle_sched_worker_state {
	WATTLE_WORKER_OUT,	/* not in NEXT, no grant */
	WATTLE_WORKER_PARKED,	/* waiting in NEXT */
	WATTLE_WORKER_GRANTED,	/* has a batch: assigned while parked, or running it */
	WATTLE_WORKER_EXPIRED,	/* its lease ended; its CPU still counts as occupied */
};

/**
 * struct wattle_sched_worker - one thread of one client
 * @cpu:	CPU the thread is pinned to, or WATTLE_CPU_ANY (then it occupies none)
 * @taken:	the thread has been told of the grant (next, turn or unpark returned 1)
 * @delivered:	the grant has reached user space (copied out)
 * @token:	current grant's token, 0 = none
 * @last_token:	grant this thread completed last; makes completion repeatable
 * @expired_token: grant that ended last by its lease
 * @filter:	queue asked for in NEXT, NULL = any; cleared when that queue goes
 * @occupies:	CPU whose busy count this worker holds, or WATTLE_CPU_ANY
 * @wake_err:	why it was woken without a grant (-ENOENT its queue went, -ESHUTDOWN,
 *		-EINTR it slept through a whole lease and is to ask again), 0 otherwise
 * @freq_khz:	ops->freq_khz() at the grant
 * @charged_ns:	time up to here is in the accounts
 * @charged_cpu_ns: CPU time of the thread up to here is in the accounts
 * @cpu_ns:	ops->cpu_ns() when last asked, at @cpu_at_ns
 */
struct wattle_sched_worker {
	struct wattle_sched_client	*client;
	struct wattle_list		client_link;	/* client->workers */
	struct wattle_list		park_link;	/* client->parked, newest first */
	struct wattle_list		cpu_link;	/* cpus[cpu].parked or a peer's @peers */
	struct wattle_list		peers;		/* of its client and filter, newest first */
	struct wattle_list		run_link;	/* sched->running: granted or expired */
	struct wattle_sched_batch	*batch;
	__u32				state;
	/* index in the client's worker table, fixed for life */
	__u32				slot;
	__u32				cpu;
	__u32				occupies;
	__u32				taken;
	__u32				delivered;
	__s32				wake_err;
	__u32				freq_khz;
	__u32				pad;
	struct wattle_sched_queue	*filter;
	__u64				token;
	__u64				last_token;
	__u64				expired_token;
	__u64				granted_ns;
	__u64				lease_ns;	/* absolute end of the lease */
	__u64				charged_ns;
	__u64				charged_cpu_ns;
	__u64				cpu_ns;
	__u64				cpu_at_ns;
	struct wattle_sched_queue	*expired_queue;	/* to charge an overrun to */
};

/**
 * struct wattle_sched_user - what one user holds over all clients; the caller
 * finds or makes it by uid and keeps it while any client refers to it
 */
struct wattle_sched_user {
	__u32	nr_clients;
	__u32	nr_queues;
	__u32	nr_batches;
	__u32	nr_workers;
};

#define WATTLE_SCHED_CLASSES	3
#define WATTLE_SCHED_HASH_BITS	7
#define WATTLE_SCHED_HASH	(1 << WATTLE_SCHED_HASH_BITS)
#define WATTLE_SCHED_HASH_MULT	0x9e3779b97f4a7c15ULL	/* 2^64 / golden ratio (Knuth, TAOCP 6.4) */
#define WATTLE_TOKEN_SLOT_BITS	16	/* token = grant number << 16 | slot + 1 */

struct wattle_sched_client {
	struct wattle_sched		*sched;
	struct wattle_sched_user	*user;
	struct wattle_list		sched_link;
	struct wattle_list		queues;
	struct wattle_list		workers;
	struct wattle_list		parked;		/* newest first */
	struct wattle_list		ready[WATTLE_SCHED_CLASSES]; /* queues with a ready batch */
	struct wattle_list		hash[WATTLE_SCHED_HASH];	/* batches by id */
	__u32				nr_queues;
	__u32				nr_workers;
	__u32				nr_waiting;	/* delayed + ready batches */
	/* odd; may be set between init and first batch */
	__u64				hash_mult;
	__u32				next_queue_id;
	__u64				next_batch_id;
	__u64				nr_grants;	/* ever: makes tokens unique */
};

/*
 * One slot per CPU; the array is the caller's. In enforce mode a managed CPU
 * carries one grant of a pinned worker at a time; the count is kept in every
 * mode, so that a switch needs no look back.
 *
 * Workers that wait for the same CPU with the same client and filter would take
 * the same batch. Only the newest of them is in @parked, the others are its
 * peers: what it costs to choose does not grow with the threads of a client. With
 * more than 32 clients and filters here a new one may not find its peers, and then
 * is in @parked as well.
 */
struct wattle_sched_cpu {
	/* by wattle_sched_cpu_manage() alone; init sets 1 */
	__u32				managed;
	__u32				nr_busy; /* pinned workers with a live or expired grant */
	/* a worker, seldom more, for each client and filter waiting here */
	struct wattle_list		parked;
};

struct wattle_sched_limits {
	__u32	queues_per_client;
	__u32	queues_per_user;
	__u32	queues_total;
	__u32	clients_per_user;
	__u32	clients_total;
	__u32	workers_per_client;
	__u32	workers_per_user;
	__u32	workers_total;
	__u32	batches_per_queue;
	__u32	batches_per_user;
	__u32	batches_total;
	__u64	lease_min_ns;
	__u64	lease_max_ns;
	__u64	lease_default_ns;
};

/* What happened, for tracepoints and counters. */
enum wattle_sched_trace {
	WATTLE_TRACE_SUBMIT,	/* queued; batch->verdict says how */
	WATTLE_TRACE_GRANT,
	WATTLE_TRACE_COMPLETE,
	WATTLE_TRACE_REFUSE,
	WATTLE_TRACE_LEASE_EXPIRED,
	WATTLE_TRACE_ABORT,
	WATTLE_TRACE_CANCEL,
	WATTLE_TRACE_REQUEUE,
};

/**
 * struct wattle_sched_ops - the world outside; called under the caller's lock, must not sleep
 * @wake:	parked worker @w has been given a grant, or must return without one (w->wake_err
 *		says why): let it call wattle_sched_unpark(), which says which
 * @event:	deliver @ev to client @c (already filtered by the queue's event_mask)
 * @batch_free: @b has left the scheduler for good and may be freed
 * @queue_free: @q, destroyed, has no granted batch left and may be freed
 * @timer:	call wattle_sched_tick() at or soon after @at_ns (an earlier one replaces a later
 *		one)
 * @trace:	something happened; may be NULL. @w is NULL where no worker is involved
 * @freq_khz:	frequency a grant on @cpu is planned for, 0 = not known; may be NULL
 * @cpu_ns:	CPU time @w's thread has used in its life, at @now_ns; never less than before.
 *		Asked for running workers, not only the caller. NULL: a thread is taken to use
 *		all the time of its grants
 */
struct wattle_sched_ops {
	void	(*wake)(struct wattle_sched_worker *w);
	void	(*event)(struct wattle_sched_client *c, const struct wattle_event *ev);
	void	(*batch_free)(struct wattle_sched_batch *b);
	void	(*queue_free)(struct wattle_sched_queue *q);
	void	(*timer)(struct wattle_sched *s, __u64 at_ns);
	void	(*trace)(struct wattle_sched *s, enum wattle_sched_trace what,
			 const struct wattle_sched_batch *b, const struct wattle_sched_worker *w,
			 __u64 now_ns);
	__u32	(*freq_khz)(struct wattle_sched *s, __u32 cpu);
	__u64	(*cpu_ns)(struct wattle_sched_worker *w, __u64 now_ns);
};

struct wattle_sched {
	const struct wattle_sched_ops	*ops;
	struct wattle_sched_limits	limits;
	struct wattle_sched_cpu		*cpus;
	__u32				nr_cpus;	/* size of @cpus */
	__u32				nr_supply;	/* CPUs admission may count on */
	/* frequency admission may count on, 0 = unknown */
	__u32				supply_khz;
	__u32				mode;		/* enum wattle_mode */
	__u32				draining;
	/* rechecks begun << 4 | round + 1 */
	__u32				recheck;
	__u32				nr_clients;
	__u32				nr_queues;
	__u32				nr_batches;
	__u32				nr_ready; /* of these, released and not granted */
	__u32				nr_workers;
	__u64				seq;
	/* of the last undated grant */
	__u64				vtime_floor[WATTLE_SCHED_CLASSES];
	__u64				timer_ns; /* when the timer is armed for, 0 = not armed */
	/* until when managed CPUs are given nothing, for longer idle times; 0 = not held */
	__u64				hold_ns;
	__u64				nr_holds; /* that began */
	__u64				longest_lease_ns; /* of the queues; 0: to be found again */
	struct wattle_list		clients;
	struct wattle_list		queues;		/* dead ones included */
	struct wattle_list		running;	/* workers with a live or expired grant */
	struct wattle_heap		delayed;	/* batches by release time */
	struct wattle_admit		admit[WATTLE_SCHED_CLASSES];
	/* known need of waiting batches without deadline, ns */
	struct wattle_sum		undated[WATTLE_SCHED_CLASSES];
	struct wattle_queue_stats	retired;	/* sums of the queues that are gone */
	/* of theirs since the last energy epoch, as in a queue */
	__u64				retired_run_ns;
	__u64				retired_cpu_ns;
	__u64				unattributed_uj; /* energy of epochs that no queue ran */
	__u32				unattributed_pj;
	__u32				retired_pj;
};

/* --- whole scheduler --- */
void wattle_sched_init(struct wattle_sched *s, const struct wattle_sched_ops *ops,
		       const struct wattle_sched_limits *limits,
		       struct wattle_sched_cpu *cpus, __u32 nr_cpus);
/*
 * Any mode to any mode; releases whatever gating the old one held (waiting
 * workers are re-examined). To this state machine advise is observe. -EINVAL unknown.
 */
int wattle_sched_set_mode(struct wattle_sched *s, __u32 mode, __u64 now_ns);
/* From now on SUBMIT is -ESHUTDOWN and parked workers get what is left, then -ESHUTDOWN. */
void wattle_sched_drain(struct wattle_sched *s, __u64 now_ns);
/*
 * Give @cpu to enforce's gating or take it away. All CPUs are managed after
 * wattle_sched_init(); wattle.ko takes them away and gives back what the
 * administrator names. A CPU no longer managed lets its waiting workers run.
 */
void wattle_sched_cpu_manage(struct wattle_sched *s, __u32 cpu, __u32 managed, __u64 now_ns);
/*
 * CPUs and frequency that admission may count on (0 CPUs counts as 1; 0 kHz:
 * unknown, then the need of work given in cycles is unknown too).
 */
void wattle_sched_set_supply(struct wattle_sched *s, __u32 nr_cpus, __u32 khz);
/*
 * Another number of CPUs concerns every promise that waits. Bring up to @max of
 * them a class up to date; 1: there are more. Submissions do a few themselves, and
 * are promised less until all are.
 */
int wattle_sched_settle_supply(struct wattle_sched *s, __u32 max);
/*
 * After the supply has changed and is settled: look again at all that waits. Needs follow the new
 * frequency; what can no longer be promised is told so (WATTLE_EVENT_REVOKED with the
 * reason as status) and stays as best effort. One that was told so before and now can is
 * promised again (WATTLE_EVENT_RENEWED), behind all whose promise holds. The best class keeps
 * first; in it queues go in the order they were made in, and in each queue who was submitted
 * first. What is promised
 * while it goes on is behind all that was promised before, and may be told so too.
 * Rounds 0 to %WATTLE_RECHECK_ROUNDS - 1, each begun once and then of as many steps of @max
 * batches as it takes until one returns less; the caller may let others in between.
 */
#define WATTLE_RECHECK_ROUNDS	(1 + 3 * WATTLE_SCHED_CLASSES)
void wattle_sched_recheck_begin(struct wattle_sched *s, __u32 round);
__u64 wattle_sched_recheck_some(struct wattle_sched *s, __u64 max, __u64 now_ns);
/* Sums over all queues ever, as of @now_ns. */
void wattle_sched_totals(const struct wattle_sched *s, struct wattle_queue_stats *st,
			 __u64 now_ns);
/*
 * Close an energy epoch: @delta_uj were used while all CPUs together were busy
 * for @busy_ns (0 = not known). Splits them over the queues by the CPU time of
 * their grants since the last epoch; what no queue used goes to unattributed.
 * @quality: of the split.
 */
void wattle_sched_energy_epoch(struct wattle_sched *s, __u64 delta_uj, __u64 busy_ns,
			       __u32 quality, __u64 now_ns);
/* The timer: releases due batches, ends leases, re-arms for the next of either. */
void wattle_sched_tick(struct wattle_sched *s, __u64 now_ns);

/* --- clients --- */
/* 0; -EUSERS too many of this user; -ENFILE too many in all. */
int wattle_sched_client_init(struct wattle_sched *s, struct wattle_sched_client *c,
			     struct wattle_sched_user *u);
/*
 * Aborts grants, cancels batches, frees queues (through ops). Workers must have been removed or
 * are removed here; none may be inside a wait.
 */
void wattle_sched_client_exit(struct wattle_sched_client *c, __u64 now_ns);

/* --- queues --- */
/*
 * Checks and completes defaults in place: 0 or -EINVAL. @may_latency: caller may use the
 * latency class (-EPERM otherwise).
 */
int wattle_sched_params_check(const struct wattle_sched *s, struct wattle_queue_params *p,
			      int may_latency);
/* 0; -EMFILE, -EUSERS, -ENFILE. @p has been checked. Sets q->id. */
int wattle_sched_queue_init(struct wattle_sched_client *c, struct wattle_sched_queue *q,
			    const struct wattle_queue_params *p);
/* For QUEUE_UPDATE: fields not in @mask must be 0; completes the others. 0, -EINVAL, -EPERM. */
int wattle_sched_update_check(const struct wattle_sched *s, __u32 mask,
			      struct wattle_queue_params *p, int may_latency);
struct wattle_sched_queue *wattle_sched_queue_find(struct wattle_sched_client *c, __u32 id);
/*
 * 0; -EBUSY: a better class for a queue with waiting batches. Their demand is in
 * the accounts of the class they were submitted under; there they would run ahead
 * of promises that did not reckon with them.
 */
int wattle_sched_queue_update(struct wattle_sched_queue *q, __u32 mask,
			      const struct wattle_queue_params *p, __u64 now_ns);
/*
 * The queue takes no more batches (SUBMIT is -ENOENT), so that it can be emptied
 * in steps before wattle_sched_queue_destroy(). 0; -ENOENT it is closed already.
 */
int wattle_sched_queue_close(struct wattle_sched_queue *q);
/* Cancels what is queued (returned as count); ops->queue_free() now or when the last grant ends. */
__u64 wattle_sched_queue_destroy(struct wattle_sched_queue *q, __u64 now_ns);
/* Fills @st with the counts as of @now_ns, running grants included in run_ns and cpu_ns. */
void wattle_sched_queue_stats(const struct wattle_sched_queue *q, struct wattle_queue_stats *st,
			      __u64 now_ns);

/* --- batches --- */
/* Bad entry: -EINVAL. Pure: for checking a whole vector before any side effect. */
int wattle_sched_batch_check(const struct wattle_batch *in);
/*
 * Decide on @b (b->in filled) and queue it. 0: @v says what became of it; if
 * v->status is REFUSED the batch was not taken (counted, event sent) and stays
 * the caller's. -EAGAIN, -EDQUOT, -ENOSPC, -ESHUTDOWN: nothing happened.
 */
int wattle_sched_submit(struct wattle_sched_queue *q, struct wattle_sched_batch *b,
			struct wattle_verdict *v, __u64 now_ns);
/*
 * The verdict alone; changes nothing. While promises are still to be settled (see
 * wattle_sched_settle_supply()) it may promise less than a submission would get.
 */
int wattle_sched_submit_dry(struct wattle_sched_queue *q, const struct wattle_batch *in,
			    struct wattle_verdict *v, __u64 now_ns);
/* 0, -ENOENT, -EBUSY (granted). */
int wattle_sched_cancel(struct wattle_sched_queue *q, __u64 batch_id, __u64 now_ns);
__u64 wattle_sched_cancel_all(struct wattle_sched_queue *q, __u64 now_ns);
/* At most @max of them, so that a caller can let others in between; returns how many. */
__u64 wattle_sched_cancel_some(struct wattle_sched_queue *q, __u64 max, __u64 now_ns);

/* --- workers --- */
/* 0; -EMFILE, -EUSERS, -ENFILE. @slot: index unique among the client's workers. */
int wattle_sched_worker_init(struct wattle_sched_client *c, struct wattle_sched_worker *w,
			     __u32 slot);
/* The thread is gone or leaves: an undelivered grant goes back, a delivered one is aborted. */
void wattle_sched_worker_exit(struct wattle_sched_worker *w, __u64 now_ns);
/*
 * End the grant named by @token. @on_cpu: where the thread is now. 0; -EALREADY
 * completed before by this thread; -ESTALE lease expired or unknown; -EACCES
 * another worker's; -EINVAL.
 */
int wattle_sched_complete(struct wattle_sched_worker *w, __u64 token, __u32 status,
			  __u32 on_cpu, __u64 now_ns);
/*
 * WATTLE_IOC_NEXT in one step: complete @prev_token (0 = none), then ask as
 * wattle_sched_next() does; the CPU that becomes free goes to the best of this
 * worker and those that wait for it. Repeating @prev_token is harmless.
 * @prev_result: 0, or -ESTALE when the lease had expired; set in every outcome.
 * Returns what wattle_sched_next() does; or -EINVAL (unknown @prev_status),
 * -EACCES, -ESTALE about @prev_token, and then has not asked.
 */
int wattle_sched_turn(struct wattle_sched_worker *w, __u64 prev_token, __u32 prev_status,
		      __s32 *prev_result, __u32 filter, __u32 cpu, __u32 on_cpu, __u64 now_ns);
/*
 * A worker whose lease has expired was seen running on @on_cpu: if that is another CPU, its own
 * is free. WATTLE_CPU_ANY: it was seen to sleep; its overrun has ended.
 */
void wattle_sched_seen(struct wattle_sched_worker *w, __u32 on_cpu, __u64 now_ns);
/*
 * Ask for work. @cpu: the CPU the thread is pinned to or WATTLE_CPU_ANY.
 * 1: granted (w->batch); 0: parked, ops->wake() will tell; -EBUSY holds a
 * grant; -ENOENT no such queue; -ESHUTDOWN draining and nothing left.
 */
int wattle_sched_next(struct wattle_sched_worker *w, __u32 filter, __u32 cpu, __u64 now_ns);
/*
 * Stop waiting (woken, signal, timeout). 1: a grant was assigned meanwhile and
 * stands; 0: unparked, nothing assigned; < 0: it had been woken with this errno.
 */
int wattle_sched_unpark(struct wattle_sched_worker *w, __u64 now_ns);
/* The grant could not be delivered (copy-out failed, fatal signal): back, undispatched. */
void wattle_sched_undo(struct wattle_sched_worker *w, __u64 now_ns);
/* The grant has been copied out. From here its death is an abort. */
void wattle_sched_delivered(struct wattle_sched_worker *w);

#endif
