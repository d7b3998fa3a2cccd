/* SPDX-License-Identifier: GPL-2.0 WITH Linux-syscall-note */
/*
 * Wattle: machine-learning batches for the fewest joules. The ioctl ABI of
 * /dev/wattle, the only copy.
 *
 * Objects. An open file is a client. A client owns queues. A queue holds
 * batches. A thread that calls WATTLE_IOC_NEXT is a worker of that client; a
 * grant is leave for one worker to run one batch, and ends by COMPLETE, by the
 * next NEXT, by the end of its lease, or with the thread or the file.
 *
 * Rules. Every struct starts with its own size, so that it can grow: the kernel
 * accepts a larger struct as long as what it does not know is zero (-E2BIG
 * otherwise), and a smaller one down to its first published size (-EINVAL
 * below). Padding and reserved fields must be zero and unknown flags are
 * refused (-EINVAL), both before any side effect. Times are absolute
 * CLOCK_MONOTONIC nanoseconds. An unknown command is -ENOTTY. Bad pointers are
 * -EFAULT. Energy is in microjoules and never travels without its quality. A file
 * opened O_RDONLY may QUERY, QUEUE_STATS, MODEL_GET, read() and poll(); all else is
 * -EBADF.
 */
#ifndef _UAPI_LINUX_WATTLE_H
#define _UAPI_LINUX_WATTLE_H

#include <linux/ioctl.h>
#include <linux/types.h>

#define WATTLE_DEVICE_NAME	"wattle"
#define WATTLE_IOC_MAGIC	0xE7

/* A change of the major is incompatible, of the minor only adds. */
#define WATTLE_ABI_MAJOR	1
#define WATTLE_ABI_MINOR	0

#define WATTLE_NAME_MAX		32	/* bytes of a queue name, with its NUL */
/* slot k counts [2^k, 2^(k+1)) us; slot 0 also 0 us, 31 all above */
#define WATTLE_HIST_SLOTS	32
#define WATTLE_TIME_NONE	0ULL	/* no deadline, no release time */
#define WATTLE_TIME_FOREVER	(~0ULL)	/* NEXT: no timeout */
#define WATTLE_CPU_ANY		0xffffffffU
#define WATTLE_QUEUE_ANY	0U	/* queue ids start at 1 */

/**
 * enum wattle_mode - what the module does with what it decides
 * @WATTLE_MODE_OFF:	grants at once in EDF order; no admission, no gating, no accounts of energy
 * @WATTLE_MODE_OBSERVE: as off, but admission is computed, counted and traced, and energy is
 *		accounted
 * @WATTLE_MODE_ADVISE:	observe, plus what enforce would have saved, and whom it would have slowed
 * @WATTLE_MODE_ENFORCE: acts: refuses what cannot be met on STRICT queues, gives a CPU to one
 *		grant at a time
 */
enum wattle_mode {
	WATTLE_MODE_OFF		= 0,
	WATTLE_MODE_OBSERVE	= 1,
	WATTLE_MODE_ADVISE	= 2,
	WATTLE_MODE_ENFORCE	= 3,
};

/* Classes, best first. 0 in QUEUE_CREATE means WATTLE_CLASS_BATCH. */
enum wattle_class {
	WATTLE_CLASS_LATENCY	= 1,
	WATTLE_CLASS_BATCH	= 2,
	WATTLE_CLASS_BACKGROUND	= 3,
};

/**
 * enum wattle_quality - how a figure of energy came to be, worst to best
 * @WATTLE_QUALITY_NONE:	there is no figure; the field beside it is meaningless
 * @WATTLE_QUALITY_MODEL:	a power model times time
 * @WATTLE_QUALITY_CPUTIME:	a measured total, split by CPU time
 * @WATTLE_QUALITY_CYCLES:	a measured total, split by unhalted cycles
 * @WATTLE_QUALITY_MEASURED:	a meter's own reading of this very thing
 */
enum wattle_quality {
	WATTLE_QUALITY_NONE	= 0,
	WATTLE_QUALITY_MODEL	= 1,
	WATTLE_QUALITY_CPUTIME	= 2,
	WATTLE_QUALITY_CYCLES	= 3,
	WATTLE_QUALITY_MEASURED	= 4,
};

/* What a counter measures. Zones overlap (core is inside package): never to be summed. */
enum wattle_zone {
	WATTLE_ZONE_PACKAGE	= 0,
	WATTLE_ZONE_CORE	= 1,
	WATTLE_ZONE_DRAM	= 2,
	WATTLE_ZONE_PSYS	= 3,
	WATTLE_ZONE_WALL	= 4,
	WATTLE_ZONE_COUNT	= 5,
};

/* How far an actuator can be trusted; from a self-test. */
enum wattle_confidence {
	WATTLE_CONFIDENCE_NONE		= 0,	/* not there, or not to be used */
	WATTLE_CONFIDENCE_HINT		= 1,	/* the hardware may ignore it */
	WATTLE_CONFIDENCE_EFFECTIVE	= 2,
};

/* Feature bits of struct wattle_query. A clear bit: the ioctl or flag is not there. */
#define WATTLE_FEATURE_DRY_RUN		(1ULL << 0)
#define WATTLE_FEATURE_EVENTS		(1ULL << 1)
/* energy accounts exist (a source may still be absent) */
#define WATTLE_FEATURE_ENERGY		(1ULL << 2)
#define WATTLE_FEATURE_ATTACH		(1ULL << 3)
#define WATTLE_FEATURE_MODEL_SET	(1ULL << 4)	/* MODEL_SET and MODEL_GET */
#define WATTLE_FEATURE_STATS_PAGE	(1ULL << 5)	/* reserved */

/* struct wattle_query.energy_flags */
#define WATTLE_ENERGY_SIMULATED	(1U << 0) /* the source is a virtual platform: print the word */
/* a source exists; the caller needs CAP_PERFMON or the energy group */
#define WATTLE_ENERGY_DENIED	(1U << 1)

/**
 * struct wattle_query - discovery: what this module is, can do and allows
 * @size:	in: sizeof(struct wattle_query); out: bytes the kernel filled
 * @flags:	in: 0
 * @abi_major:	out: %WATTLE_ABI_MAJOR of the module
 * @abi_minor:	out: %WATTLE_ABI_MINOR of the module
 * @features:	out: WATTLE_FEATURE_* bits
 * @mode:	out: enum wattle_mode
 * @clock_id:	out: the clock of every time in this ABI (CLOCK_MONOTONIC)
 * @cpufreq_confidence: out: enum wattle_confidence of frequency requests
 * @latency_confidence: out: enum wattle_confidence of resume-latency requests
 * @nr_cpus_managed: out: CPUs the administrator has given to wattle
 * @nr_cpus_online: out: CPUs online
 * @max_queues:	out: queues per client
 * @max_batches: out: queued or granted batches per queue (largest max_inflight)
 * @max_vector:	out: batches in one SUBMIT
 * @max_workers: out: threads per client that may call NEXT
 * @lease_min_ns: out: shortest lease
 * @lease_max_ns: out: longest lease
 * @lease_default_ns: out: lease of a queue that asked for 0
 * @energy_quality: out: enum wattle_quality of @energy_uj; NONE: unavailable
 * @energy_flags: out: WATTLE_ENERGY_* bits
 * @energy_uj:	out: package energy since the module was loaded, all packages
 * @energy_stamp_ns: out: when @energy_uj was read
 * @energy_source: out: name of the source, empty if none
 * @events_lost: out: events this client lost to a full ring
 * @event_size:	out: bytes of every event of this module, see struct wattle_event
 * @pad:	out: 0
 * @reserved:	out: 0
 */
struct wattle_query {
	__u32	size;
	__u32	flags;
	__u32	abi_major;
	__u32	abi_minor;
	__u64	features;
	__u32	mode;
	__u32	clock_id;
	__u32	cpufreq_confidence;
	__u32	latency_confidence;
	__u32	nr_cpus_managed;
	__u32	nr_cpus_online;
	__u32	max_queues;
	__u32	max_batches;
	__u32	max_vector;
	__u32	max_workers;
	__u64	lease_min_ns;
	__u64	lease_max_ns;
	__u64	lease_default_ns;
	__u32	energy_quality;
	__u32	energy_flags;
	__u64	energy_uj;
	__u64	energy_stamp_ns;
	char	energy_source[WATTLE_NAME_MAX];
	__u64	events_lost;
	__u32	event_size;
	__u32	pad;
	__u64	reserved[3];
};

/* struct wattle_queue_create.flags */
/* refuse an infeasible batch instead of taking it as best effort */
#define WATTLE_QUEUE_STRICT	(1U << 0)

/* Event types, and their bits in event_mask. */
enum wattle_event_type {
	WATTLE_EVENT_DONE	= 1,	/* completed in time, or without a deadline */
	WATTLE_EVENT_LATE	= 2,	/* completed after its deadline */
	WATTLE_EVENT_REFUSED	= 3,	/* refused at submission (STRICT queue) */
	/*
	 * lease expired; the batch counts as aborted. With @cpu %WATTLE_CPU_ANY and a verdict's
	 * reason as @status: its deadline can no longer be promised; it stays queued, and
	 * RENEWED may follow
	 */
	WATTLE_EVENT_REVOKED	= 4,
	WATTLE_EVENT_ABORTED	= 5,	/* its thread died or it was lost with its worker */
	WATTLE_EVENT_MIGRATED	= 6, /* completed on another CPU than the one it was granted for */
	WATTLE_EVENT_CANCELLED	= 7,	/* withdrawn before it ran */
	WATTLE_EVENT_RENEWED	= 8,	/* a promise that was REVOKED is given again */
};

#define WATTLE_EVENT_BIT(type)	(1U << (type))
#define WATTLE_EVENTS_ALL	0x1feU

/**
 * struct wattle_queue_params - what a queue may be given and promises
 * @class:	enum wattle_class; 0 = %WATTLE_CLASS_BATCH. LATENCY needs CAP_SYS_NICE (-EPERM)
 * @queue_class: the name of @class in C++, where that is a keyword
 * @weight:	share among equals, 1 to 10000; 0 = 100
 * @flags:	WATTLE_QUEUE_* bits
 * @event_mask:	WATTLE_EVENT_BIT()s the client wants to read(); 0 = none
 * @max_slowdown_pm: allowed slowdown of work without deadline, per mille, 0 to 10000
 * @max_inflight: queued plus granted batches allowed; 0 = the module's limit
 * @max_delay_us: longest voluntary delay of a batch, for work to be done together and CPUs
 *		to idle together (mode enforce, managed CPUs); 0 = none
 * @energy_budget_uj: energy the queue may use in all; 0 = unlimited
 * @lease_ns:	time a grant may run; 0 = default
 * @reserved:	0
 *
 * @energy_budget_uj is recorded and reported; a policy that uses it will be announced by a
 * feature bit.
 */
struct wattle_queue_params {
#ifdef __cplusplus
	__u32	queue_class;
#else
	__u32	class;
#endif
	__u32	weight;
	__u32	flags;
	__u32	event_mask;
	__u32	max_slowdown_pm;
	__u32	max_inflight;
	__u64	max_delay_us;
	__u64	energy_budget_uj;
	__u64	lease_ns;
	__u64	reserved[2];
};

/**
 * struct wattle_queue_create - make a queue
 * @size:	sizeof(struct wattle_queue_create)
 * @flags:	0
 * @queue:	out: the queue's id, unique within the client
 * @pad:	0
 * @params:	see struct wattle_queue_params
 * @name:	printable ASCII, then NUL to the end; may be empty. For people: QUEUE_STATS and the
 *		trace records tell it, nothing goes by it, two queues may have the same
 *
 * -EINVAL a value out of range; -EPERM class not allowed; -EMFILE too many
 * queues in this client; -EUSERS too many for this user; -ENFILE in all.
 */
struct wattle_queue_create {
	__u32	size;
	__u32	flags;
	__u32	queue;
	__u32	pad;
	struct wattle_queue_params params;
	char	name[WATTLE_NAME_MAX];
};

/* struct wattle_queue_update.mask: which fields of params to take */
#define WATTLE_UPDATE_CLASS		(1U << 0)
#define WATTLE_UPDATE_WEIGHT		(1U << 1)
#define WATTLE_UPDATE_FLAGS		(1U << 2)
#define WATTLE_UPDATE_EVENT_MASK	(1U << 3)
#define WATTLE_UPDATE_MAX_SLOWDOWN	(1U << 4)
#define WATTLE_UPDATE_MAX_INFLIGHT	(1U << 5)
#define WATTLE_UPDATE_MAX_DELAY		(1U << 6)
#define WATTLE_UPDATE_ENERGY_BUDGET	(1U << 7)
#define WATTLE_UPDATE_LEASE		(1U << 8)
#define WATTLE_UPDATE_ALL		0x1ffU

/**
 * struct wattle_queue_update - change a queue
 * @size:	sizeof(struct wattle_queue_update)
 * @flags:	0
 * @queue:	the queue's id (-ENOENT)
 * @mask:	WATTLE_UPDATE_* bits; fields of @params not named must be 0
 * @params:	new values; queued batches keep what they were admitted with,
 *		class and lease act from the next grant on
 *
 * -EBUSY a better class while batches wait (their deadlines were reckoned with in
 * the old one); -EINVAL, -EPERM as QUEUE_CREATE.
 */
struct wattle_queue_update {
	__u32	size;
	__u32	flags;
	__u32	queue;
	__u32	mask;
	struct wattle_queue_params params;
};

/**
 * struct wattle_queue_destroy - remove a queue
 * @size:	sizeof(struct wattle_queue_destroy)
 * @flags:	0
 * @queue:	the queue's id (-ENOENT); it is free for reuse when the call returns
 * @pad:	0
 * @cancelled:	out: batches that were still queued and are now cancelled
 *
 * Granted batches run on; completing them is still accepted.
 */
struct wattle_queue_destroy {
	__u32	size;
	__u32	flags;
	__u32	queue;
	__u32	pad;
	__u64	cancelled;
};

/**
 * struct wattle_batch - one piece of work
 * @user_data:	returned with the grant and with events, not looked at
 * @work_kcycles: frequency-sensitive work in thousands of cycles (< 2^43); 0 = unknown, to be
 *		learned
 * @stall_us:	time that no frequency changes, microseconds (< 2^32)
 * @release_ns:	not to be granted before; %WATTLE_TIME_NONE = now
 * @deadline_ns: to be completed by; %WATTLE_TIME_NONE = no deadline
 * @energy_cap_uj: energy it may cost; 0 = no cap
 * @shape:	the client's name for "the same kind of work"
 * @flags:	0
 */
struct wattle_batch {
	__u64	user_data;
	__u64	work_kcycles;
	__u64	stall_us;
	__u64	release_ns;
	__u64	deadline_ns;
	__u64	energy_cap_uj;
	__u32	shape;
	__u32	flags;
};

enum wattle_verdict_status {
	WATTLE_VERDICT_ADMITTED		= 1,	/* feasible, or nothing to be infeasible about */
	WATTLE_VERDICT_BEST_EFFORT	= 2,	/* queued, but @reason */
	WATTLE_VERDICT_REFUSED		= 3,	/* not queued, because of @reason */
};

enum wattle_verdict_reason {
	WATTLE_REASON_NONE		= 0,
	WATTLE_REASON_DEADLINE_PAST	= 1,	/* the deadline had passed at submission */
	WATTLE_REASON_INFEASIBLE	= 2,	/* too much admitted work is due before it */
	WATTLE_REASON_OVER_BUDGET	= 3,	/* reserved: the queue's energy budget */
	WATTLE_REASON_OVER_CAP		= 4,	/* reserved: the batch's energy cap */
	WATTLE_REASON_UNCHECKED		= 5,	/* mode off: admission was not computed */
};

/**
 * struct wattle_verdict - what became of one batch of a SUBMIT
 * @status:	enum wattle_verdict_status
 * @reason:	enum wattle_verdict_reason
 * @batch:	id within the client, for CANCEL and events; 0 if not queued
 * @earliest_ns: earliest deadline that would have been admitted; 0 = not computed
 * @cost_uj:	expected energy; meaningful only if @cost_quality is not NONE
 * @cost_quality: enum wattle_quality of @cost_uj
 * @pad:	0
 *
 * May grow at its end: struct wattle_submit.verdict_size.
 */
struct wattle_verdict {
	__u32	status;
	__u32	reason;
	__u64	batch;
	__u64	earliest_ns;
	__u64	cost_uj;
	__u32	cost_quality;
	__u32	pad;
};

/* struct wattle_submit.flags */
#define WATTLE_SUBMIT_DRY_RUN	(1U << 0) /* verdicts only: nothing is queued, counted or charged */

/**
 * struct wattle_submit - put a vector of batches into a queue, in order
 * @size:	sizeof(struct wattle_submit)
 * @flags:	WATTLE_SUBMIT_* bits
 * @queue:	the queue's id (-ENOENT)
 * @count:	entries in both arrays, 1 to max_vector (-EINVAL for 0, -E2BIG above)
 * @batches:	pointer to struct wattle_batch[@count]
 * @verdicts:	pointer to struct wattle_verdict[@count], or 0; zeroed before any side effect
 * @processed:	out: entries that have a verdict; after an error of an entry (-EINVAL; -E2BIG it is
 *		larger than this kernel knows and not zero there; -EFAULT) the entry's index; 0
 *		after any other error. Written in every outcome but those of @size and -EFAULT of
 *		the struct itself
 * @batch_size:	sizeof(struct wattle_batch), the stride of @batches; -EINVAL below its first
 *		published size or not a multiple of 8, -E2BIG above a page
 * @verdict_size: sizeof(struct wattle_verdict), the stride of @verdicts; errors as @batch_size.
 *		Of a larger one the kernel fills what it knows and zeroes the rest, of a smaller one
 *		it fills what there is. 0 if and only if @verdicts is 0 (-EINVAL)
 * @pad:	0
 *
 * The whole vector is copied and checked before anything is queued: a bad
 * pointer or a bad entry anywhere leaves nothing behind. Then entries are taken
 * in order. A verdict is per entry and goes on; a resource limit stops.
 *
 * Return: entries processed (> 0), or, when the very first met a limit: -EAGAIN
 * the queue's max_inflight, -EDQUOT the user's limit, -ENOSPC the global limit,
 * -ENOMEM memory; -ESHUTDOWN the module is draining.
 */
struct wattle_submit {
	__u32	size;
	__u32	flags;
	__u32	queue;
	__u32	count;
	__u64	batches;
	__u64	verdicts;
	__u32	processed;
	__u32	batch_size;
	__u32	verdict_size;
	__u32	pad;
};

/* How a batch ended, by its worker's account. */
enum wattle_status {
	WATTLE_STATUS_OK	= 0,
	WATTLE_STATUS_FAILED	= 1,
};

/**
 * struct wattle_next - end the caller's grant, then wait for the next one
 * @size:	sizeof(struct wattle_next)
 * @flags:	0
 * @prev_token:	grant to complete first; 0 = none
 * @prev_status: enum wattle_status of it
 * @queue:	take batches of this queue only (-ENOENT); %WATTLE_QUEUE_ANY = any of this client
 * @timeout_ns:	give up at this time (-ETIMEDOUT); 0 = do not wait; %WATTLE_TIME_FOREVER = never
 * @prev_result: out: 0, or -ESTALE (lease had expired) for @prev_token; written in every outcome
 *		but -EFAULT, -EINVAL, -E2BIG, -EMFILE, -EUSERS, -ENFILE and -ENOMEM
 * @cpu:	out: CPU the grant is for; %WATTLE_CPU_ANY for a worker that is not pinned
 * @token:	out: names the grant; valid in this file and for this thread only; never 0
 * @user_data:	out: of the batch
 * @batch:	out: the batch's id
 * @granted:	out: the queue the batch came from
 * @shape:	out: of the batch
 * @freq_khz:	out: frequency the grant is planned for; 0 = not known
 * @pad:	0
 * @deadline_ns: out: of the batch
 * @lease_ns:	out: absolute time at which the grant ends by itself
 * @granted_ns:	out: when it was granted
 *
 * Phase 1, completing @prev_token, is irrevocable and remembered for the
 * thread: repeating the call after -EINTR or -ETIMEDOUT with the same
 * @prev_token completes nothing twice. Phase 2 loses nothing: an assigned grant
 * beats a signal or a timeout, and one that cannot be delivered goes back
 * undispatched.
 *
 * -EBUSY the thread holds a grant that @prev_token does not name; -EACCES
 * @prev_token is another thread's; -ESTALE it was never the caller's or is long
 * gone; -EMFILE too many workers in this client, -EUSERS of this user, -ENFILE
 * in all; -EINTR a signal handler ran, SA_RESTART or not (stopping, freezing and
 * tracing a thread do not end its wait); -ETIMEDOUT.
 */
struct wattle_next {
	__u32	size;
	__u32	flags;
	__u64	prev_token;
	__u32	prev_status;
	__u32	queue;
	__u64	timeout_ns;
	__s32	prev_result;
	__u32	cpu;
	__u64	token;
	__u64	user_data;
	__u64	batch;
	__u32	granted;
	__u32	shape;
	__u32	freq_khz;
	__u32	pad;
	__u64	deadline_ns;
	__u64	lease_ns;
	__u64	granted_ns;
};

/**
 * struct wattle_complete - end a grant without asking for another
 * @size:	sizeof(struct wattle_complete)
 * @flags:	0
 * @token:	the grant
 * @status:	enum wattle_status
 * @pad:	0
 *
 * -EALREADY the thread completed this very grant before; -ESTALE its lease had
 * expired (the batch counts as aborted, its time is charged) or the token is
 * none of this file's; -EACCES it is another thread's; -EINVAL token 0 or
 * unknown status.
 */
struct wattle_complete {
	__u32	size;
	__u32	flags;
	__u64	token;
	__u32	status;
	__u32	pad;
};

/* struct wattle_cancel.flags */
#define WATTLE_CANCEL_ALL	(1U << 0)	/* every queued batch of @queue; @batch must be 0 */

/**
 * struct wattle_cancel - withdraw queued batches
 * @size:	sizeof(struct wattle_cancel)
 * @flags:	WATTLE_CANCEL_* bits
 * @queue:	the queue's id (-ENOENT)
 * @pad:	0
 * @batch:	id from the verdict
 * @cancelled:	out: batches withdrawn
 *
 * -EBUSY the batch is granted and runs on; -ENOENT no such batch (never was,
 * or has ended).
 */
struct wattle_cancel {
	__u32	size;
	__u32	flags;
	__u32	queue;
	__u32	pad;
	__u64	batch;
	__u64	cancelled;
};

/**
 * struct wattle_queue_stats - a queue's accounts
 * @size:	in: sizeof(struct wattle_queue_stats); out: bytes the kernel filled
 * @flags:	0
 * @queue:	the queue's id (-ENOENT)
 * @energy_quality: out: enum wattle_quality of @energy_uj
 * @submitted:	out: batches that got a verdict, refused ones included
 * @admitted:	out: of those, admitted as feasible
 * @best_effort: out: of those, queued although not feasible
 * @refused:	out: of those, not queued
 * @completed:	out: ended by their worker
 * @cancelled:	out: withdrawn before they ran
 * @aborted:	out: lost to an expired lease or with their thread
 * @queued:	out: waiting now
 * @granted:	out: running now
 * @failed:	out: of @completed, with WATTLE_STATUS_FAILED
 * @late:	out: of @completed, after their deadline
 * @missed:	out: batches with a deadline that did not complete by it, whatever became of them
 * @lease_expired: out: of @aborted, by the end of their lease
 * @migrated:	out: of @completed, found on another CPU than granted
 * @requeued:	out: grants that could not be delivered and went back
 * @would_refuse: out: observe: batches that enforce would have refused or marked
 * @run_ns:	out: time grants lasted, expired ones included up to when they were seen to end
 * @wait_ns:	out: from release (or submission) to grant
 * @energy_uj:	out: energy charged to the queue; see @energy_quality
 * @cpu_ns:	out: CPU time the threads used in their grants, to about a scheduler tick a
 *		thread; energy is split by it
 * @name:	out: as it was created
 * @demoted:	out: 1: it runs free for a while, as it was slowed by more than it allows, or missed
 *		what was promised; 0: not so
 * @slowdown_pm: out: by how much it was slowed when that was looked at last, per mille; 0: not at
 *		all, or not looked at yet
 * @demotions:	out: how often it was demoted
 * @reserved:	out: 0
 * @wait_hist:	out: waits by log2 of microseconds
 * @run_hist:	out: run times by log2 of microseconds
 *
 * At every moment submitted = refused + completed + cancelled + aborted +
 * queued + granted.
 */
struct wattle_queue_stats {
	__u32	size;
	__u32	flags;
	__u32	queue;
	__u32	energy_quality;
	__u64	submitted;
	__u64	admitted;
	__u64	best_effort;
	__u64	refused;
	__u64	completed;
	__u64	cancelled;
	__u64	aborted;
	__u64	queued;
	__u64	granted;
	__u64	failed;
	__u64	late;
	__u64	missed;
	__u64	lease_expired;
	__u64	migrated;
	__u64	requeued;
	__u64	would_refuse;
	__u64	run_ns;
	__u64	wait_ns;
	__u64	energy_uj;
	__u64	cpu_ns;
	char	name[WATTLE_NAME_MAX];
	__u32	demoted;
	__u32	slowdown_pm;
	__u64	demotions;
	__u64	reserved[1];
	__u64	wait_hist[WATTLE_HIST_SLOTS];
	__u64	run_hist[WATTLE_HIST_SLOTS];
};

/**
 * struct wattle_event - what read() on the device returns, whole events only
 * @size:	bytes of this event; the next one in the buffer starts there
 * @type:	enum wattle_event_type
 * @queue:	the queue's id
 * @batch:	the batch's id; 0 if it was never queued
 * @user_data:	of the batch
 * @time_ns:	when it happened
 * @run_ns:	how long it ran; 0 if it did not
 * @status:	enum wattle_status for DONE and LATE; a verdict reason for REFUSED, and for
 *		REVOKED of a batch that waits
 * @cpu:	where it ran, %WATTLE_CPU_ANY if it did not
 * @lost:	events of this client lost before this one, in all
 *
 * May grow at its end, so step through a buffer by @size, and expect more after
 * what you know. All events of one module have the same size: QUERY tells it
 * beforehand, it is a multiple of 8 and never less than the first published one.
 * A buffer smaller than that is -EINVAL. O_NONBLOCK and nothing there: -EAGAIN.
 * poll(): POLLIN when there is one.
 */
struct wattle_event {
	__u16	size;
	__u16	type;
	__u32	queue;
	__u64	batch;
	__u64	user_data;
	__u64	time_ns;
	__u64	run_ns;
	__s32	status;
	__u32	cpu;
	__u64	lost;
};

/* struct wattle_attach.op */
enum wattle_attach_op {
	WATTLE_ATTACH_PROCESS	= 1,	/* steer the process @target and what it starts */
	WATTLE_ATTACH_CGROUP	= 2,	/* steer the cgroup v2 whose directory is @target */
	WATTLE_ATTACH_REPORT	= 3,	/* tell its account; learn from the slice, if any */
	WATTLE_ATTACH_STOP	= 4,	/* steer it no more; tell its last account */
};

/* struct wattle_attach.flags, PROCESS and CGROUP only */
/* slow it although nothing is known of it, as if all its time depended on the frequency */
#define WATTLE_ATTACH_CONSENT	(1U << 0)

/**
 * struct wattle_attach - have a queue steer the speed of a program that knows nothing of it
 * @size:	sizeof(struct wattle_attach)
 * @flags:	WATTLE_ATTACH_CONSENT or 0
 * @queue:	the queue's id (-ENOENT): its max_slowdown_pm is what the program may lose
 * @op:		enum wattle_attach_op
 * @target:	PROCESS: a process id (not a thread's) in the caller's namespace; CGROUP: a file
 *		descriptor; else 0
 * @pad:	0
 * @cycles:	slice, REPORT only: cycles that its members used in @run_ns; 0 = no slice, and
 *		then the next two are 0
 * @stall_cycles: slice: of @cycles, those in which memory was waited for; half is believed
 * @run_ns:	slice: CPU time that the slice covers, 1 us to 2^40 ns
 * @need_pm:	out: share of the fastest managed clock that it needs now, per mille; 1000 = it is
 *		not slowed
 * @slices:	out: slices learned from, saturating
 * @members:	out: threads followed now; 0 for a cgroup, whose members the kernel keeps
 * @lost:	out: threads that could not be followed for lack of memory: they run free
 * @member_ns:	out: CPU time of its members while attached
 * @capped_ns:	out: of that, under a limit of wattle's, to about 10 ms a CPU
 * @slowed_ns:	out: of @capped_ns, what it lost by what is known of it (all of it depends on
 *		the clock where nothing is): an estimate, meant to be too high
 * @reserved:	0
 *
 * Nothing is gated, no lease runs, and nothing but a lower maximum of clocks is
 * ever asked for: in enforce mode, where all CPUs of the clock are managed, while
 * a member runs there (and 10 to 30 ms after), nothing admitted with a deadline
 * waits, and others use at most a quarter of what the CPUs do. Threads and
 * children are followed through exec and until they exit, children after
 * their parents too; those that were there before as processes are not. Without
 * CONSENT a program is not slowed before its first slice. A queue steers one
 * program, a process belongs to one queue. STOP, QUEUE_DESTROY and the last
 * close of the file end it.
 *
 * The target of PROCESS must have the user of the file's opener as real,
 * effective and saved id, and the directory of CGROUP must belong to that one,
 * or the opener have CAP_SYS_PTRACE (-EPERM). A process id may be recycled: hold
 * a pidfd, and if it has become readable after the call, STOP.
 *
 * -EEXIST the queue steers something; -EBUSY another queue steers the target;
 * -ESRCH no such process; -EINVAL a kernel thread, op, flag, field; -EBADF @target is
 * no descriptor of a cgroup v2 directory; -EUSERS too many of this user; -ENFILE in
 * all; -ENXIO REPORT or STOP and the queue steers nothing; -ERANGE a slice that
 * cannot be; -ESHUTDOWN the module is draining; -EINTR; -ENOMEM.
 */
struct wattle_attach {
	__u32	size;
	__u32	flags;
	__u32	queue;
	__u32	op;
	__s32	target;
	__u32	pad;
	__u64	cycles;
	__u64	stall_cycles;
	__u64	run_ns;
	__u32	need_pm;
	__u32	slices;
	__u32	members;
	__u32	lost;
	__u64	member_ns;
	__u64	capped_ns;
	__u64	slowed_ns;
	__u64	reserved[2];
};

/* struct wattle_power_model.flags */
#define WATTLE_MODEL_CLEAR	(1U << 0) /* MODEL_SET: forget the table; all else must be 0 */
#define WATTLE_MODEL_SIMULATED	(1U << 1) /* of a virtual platform: print the word */

#define WATTLE_MODEL_OPPS_MAX	64
#define WATTLE_MODEL_IDLE_MAX	10

/* Why a table was not taken; each fault its own. -EDOM up to ERROR, then -ERANGE. */
enum wattle_model_fault {
	WATTLE_MODEL_FAULT_NONE			= 0,
	WATTLE_MODEL_FAULT_NO_OPP		= 1,	/* nr_opps is 0 */
	WATTLE_MODEL_FAULT_OPPS			= 2,	/* nr_opps above WATTLE_MODEL_OPPS_MAX */
	WATTLE_MODEL_FAULT_NO_IDLE		= 3,	/* nr_idle is 0 */
	WATTLE_MODEL_FAULT_IDLES		= 4,	/* nr_idle above WATTLE_MODEL_IDLE_MAX */
	WATTLE_MODEL_FAULT_KHZ			= 5,	/* a frequency of 0 or above 2^25 kHz */
	WATTLE_MODEL_FAULT_KHZ_ORDER		= 6,	/* frequencies do not ascend */
	WATTLE_MODEL_FAULT_UW			= 7,	/* a power of 0 or above 2^29 uW */
	WATTLE_MODEL_FAULT_UW_ORDER		= 8,	/* a higher frequency draws less */
	WATTLE_MODEL_FAULT_IDLE_UW		= 9,	/* idle power above 2^29 uW */
	WATTLE_MODEL_FAULT_IDLE_UW_ORDER	= 10,	/* a deeper state draws more */
	WATTLE_MODEL_FAULT_IDLE_ABOVE		= 11,	/* idle[0] draws more than opp[0] */
	WATTLE_MODEL_FAULT_RESIDENCY		= 12,	/* above 2^26 us */
	WATTLE_MODEL_FAULT_RESIDENCY_ORDER	= 13,	/* residencies do not ascend */
	WATTLE_MODEL_FAULT_EXIT			= 14,	/* above 2^26 us */
	WATTLE_MODEL_FAULT_EXIT_ORDER		= 15,	/* a deeper state wakes faster */
	WATTLE_MODEL_FAULT_SHARED		= 16,	/* shared or platform power above 2^29 uW */
	WATTLE_MODEL_FAULT_SHARED_ORDER		= 17,	/* shared_idle_uw above shared_uw */
	WATTLE_MODEL_FAULT_TRANSITION		= 18,	/* transition_us or switch_us above 2^26 */
	WATTLE_MODEL_FAULT_PAD			= 19,	/* padding of an idle state is not 0 */
	WATTLE_MODEL_FAULT_ERROR		= 20,	/* error_pm above 1000 */
	/* @index is an OPP: no online CPU's clock has that frequency in its range */
	WATTLE_MODEL_FAULT_MACHINE_KHZ		= 32,
	/* @index is the last OPP: an online CPU's clock goes beyond its double */
	WATTLE_MODEL_FAULT_MACHINE_REACH	= 33,
};

/**
 * struct wattle_model_opp - one operating point
 * @khz:	frequency; ascending
 * @uw:		power of one CPU that runs at it, without what CPUs share; not descending
 */
struct wattle_model_opp {
	__u32	khz;
	__u32	uw;
};

/**
 * struct wattle_model_idle - one idle state, shallowest first
 * @uw:		power of one CPU in it, without what CPUs share; not ascending
 * @residency_us: shortest stay that is worth it; ascending from the second state on
 * @exit_us:	latency of waking; not descending
 * @pad:	0
 */
struct wattle_model_idle {
	__u32	uw;
	__u32	residency_us;
	__u32	exit_us;
	__u32	pad;
};

/**
 * struct wattle_power_model - the machine's power table (MODEL_SET, MODEL_GET)
 * @size:	sizeof(struct wattle_power_model); MODEL_GET: out: bytes the kernel filled
 * @flags:	WATTLE_MODEL_* bits; MODEL_GET: in: 0
 * @kind:	0: the table is for every CPU and every package
 * @nr_opps:	entries of @opp
 * @nr_idle:	entries of @idle
 * @shared_uw:	of one package while any of its CPUs runs
 * @shared_idle_uw: of one package while all its CPUs idle; not above @shared_uw
 * @platform_uw: the rest of the node, always on; 0 = not known
 * @transition_us: time a change of frequency takes, during which nothing runs
 * @switch_us:	time from asking for a frequency until it holds
 * @error_pm:	how far the table was off where it could be checked, per mille; 0 = not checked
 * @fault:	MODEL_SET: in: 0; out: enum wattle_model_fault, with -EDOM and -ERANGE
 * @index:	MODEL_SET: in: 0; out: the entry of @opp or @idle at fault
 * @pad:	0
 * @name:	where it is from, printable ASCII, then NUL to the end; may be empty
 * @reserved:	0
 * @opp:	operating points; 0 beyond @nr_opps
 * @idle:	idle states; 0 beyond @nr_idle
 *
 * MODEL_SET needs CAP_SYS_ADMIN (-EPERM). The table is checked as a whole before it replaces
 * the one before, which then is in force until the next call; nothing that ran is charged
 * anew. It says what things cost; it never limits what may run. -EDOM the table contradicts
 * itself, -ERANGE it contradicts the machine (not checked where there is no cpufreq driver),
 * both with @fault and @index; -EINVAL of @flags, @kind, padding or @name; -ENOENT CLEAR
 * without a table; -ENOMEM.
 *
 * MODEL_GET returns it to whoever may open the device; -ENODATA: there is none.
 */
struct wattle_power_model {
	__u32	size;
	__u32	flags;
	__u32	kind;
	__u32	nr_opps;
	__u32	nr_idle;
	__u32	shared_uw;
	__u32	shared_idle_uw;
	__u32	platform_uw;
	__u32	transition_us;
	__u32	switch_us;
	__u32	error_pm;
	__u32	fault;
	__u32	index;
	__u32	pad;
	char	name[WATTLE_NAME_MAX];
	__u64	reserved[3];
	struct wattle_model_opp	opp[WATTLE_MODEL_OPPS_MAX];
	struct wattle_model_idle idle[WATTLE_MODEL_IDLE_MAX];
};

#define WATTLE_IOC_QUERY		_IOWR(WATTLE_IOC_MAGIC, 0x00, struct wattle_query)
#define WATTLE_IOC_QUEUE_CREATE		_IOWR(WATTLE_IOC_MAGIC, 0x01, struct wattle_queue_create)
#define WATTLE_IOC_QUEUE_UPDATE		_IOWR(WATTLE_IOC_MAGIC, 0x02, struct wattle_queue_update)
#define WATTLE_IOC_QUEUE_DESTROY	_IOWR(WATTLE_IOC_MAGIC, 0x03, struct wattle_queue_destroy)
#define WATTLE_IOC_SUBMIT		_IOWR(WATTLE_IOC_MAGIC, 0x04, struct wattle_submit)
#define WATTLE_IOC_NEXT			_IOWR(WATTLE_IOC_MAGIC, 0x05, struct wattle_next)
#define WATTLE_IOC_COMPLETE		_IOWR(WATTLE_IOC_MAGIC, 0x06, struct wattle_complete)
#define WATTLE_IOC_CANCEL		_IOWR(WATTLE_IOC_MAGIC, 0x07, struct wattle_cancel)
#define WATTLE_IOC_QUEUE_STATS		_IOWR(WATTLE_IOC_MAGIC, 0x08, struct wattle_queue_stats)
#define WATTLE_IOC_ATTACH		_IOWR(WATTLE_IOC_MAGIC, 0x09, struct wattle_attach)
#define WATTLE_IOC_MODEL_SET		_IOWR(WATTLE_IOC_MAGIC, 0x0a, struct wattle_power_model)
#define WATTLE_IOC_MODEL_GET		_IOWR(WATTLE_IOC_MAGIC, 0x0b, struct wattle_power_model)

#endif /* _UAPI_LINUX_WATTLE_H */
