/* SPDX-License-Identifier: GPL-2.0 WITH Linux-syscall-note */
/*
 * Made by scripts/gen-netlink from Documentation/netlink/specs/wattle.yaml: change it there.
 *
 * What an administrator sees of wattle and may change: the device, clients, queues and CPUs,
 * and a stream of what happened. Reading needs CAP_NET_ADMIN in the initial user namespace,
 * joining a multicast group CAP_NET_ADMIN. The family is in the initial network namespace only.
 * Times are CLOCK_MONOTONIC nanoseconds. An attribute that is not there is not known or does
 * not apply; nothing unknown is sent as 0.
 */
#ifndef _UAPI_LINUX_WATTLE_NETLINK_H
#define _UAPI_LINUX_WATTLE_NETLINK_H

#define WATTLE_NL_FAMILY		"wattle"
#define WATTLE_NL_VERSION		1

#define WATTLE_NL_GROUP_MODE	"mode"
#define WATTLE_NL_GROUP_QUEUE	"queue"

/**
 * enum wattle_a - attributes of set "wattle"
 * @WATTLE_A_PAD: pad
 * @WATTLE_A_CLIENT: u64; number of an open file, from 1, never reused while the module is
 * loaded
 * @WATTLE_A_QUEUE: u32; id of a queue within its client
 * @WATTLE_A_CHANGE: nest of change; parameters to change
 * @WATTLE_A_PARAMS: nest of params; parameters of the queue
 * @WATTLE_A_STATS: nest of stats; accounts of the queue, or sums over all queues ever
 * @WATTLE_A_ENERGY: nest of energy; where joules come from and how many
 * @WATTLE_A_MODE: u32, enum wattle_mode; mode of the module
 * @WATTLE_A_ABI_MAJOR: u32; of the ioctl ABI
 * @WATTLE_A_ABI_MINOR: u32; of the ioctl ABI
 * @WATTLE_A_DRAINING: flag; the module takes no new work
 * @WATTLE_A_CPUS_ONLINE: u32; CPUs online
 * @WATTLE_A_CPUS_MANAGED: u32; CPUs the administrator has given to wattle
 * @WATTLE_A_SUPPLY_KHZ: u32; frequency that admission counts on
 * @WATTLE_A_CLIENTS: u32; open files
 * @WATTLE_A_QUEUES: u32; queues; of the client in a client, of all in the device
 * @WATTLE_A_WORKERS: u32; threads that have asked for work; of the client or of all
 * @WATTLE_A_WAITING: u32; batches that wait; of the client or of all
 * @WATTLE_A_EVENTS_LOST: u64; events lost by all clients ever
 * @WATTLE_A_UID: u32; effective uid of whoever opened the file, in the initial user namespace
 * @WATTLE_A_PID: u32; process that opened the file, in the initial pid namespace; it may have
 * ended
 * @WATTLE_A_NAME: string; name of the queue
 * @WATTLE_A_CPU: u32; number of the CPU
 * @WATTLE_A_ONLINE: flag; the CPU is online
 * @WATTLE_A_MANAGED: flag; the administrator has given the CPU to wattle
 * @WATTLE_A_GATED: flag; enforce gives the CPU to one grant at a time
 * @WATTLE_A_BUSY: u32; grants of pinned threads that occupy the CPU
 * @WATTLE_A_KHZ_REQUESTED: u32; highest frequency that wattle asks for the CPU
 * @WATTLE_A_KHZ_OBSERVED: u32; frequency that the driver says it set, or that was measured
 * @WATTLE_A_SEQ: u64; number of the notification in its group; a gap is notifications lost
 * @WATTLE_A_LOST: u64; notifications of the group that found no room in the kernel, since load
 * @WATTLE_A_TIME_NS: u64; when it happened
 * @WATTLE_A_MODE_BEFORE: u32, enum wattle_mode; mode before the switch
 * @WATTLE_A_BATCH: u64; id of the batch within its client
 * @WATTLE_A_USER_DATA: u64; the client's name for the batch
 * @WATTLE_A_REASON: u32, enum wattle_verdict_reason; why the batch was refused
 * @WATTLE_A_DEADLINE_NS: u64; deadline of the batch
 * @WATTLE_A_RUN_NS: u64; time since the batch was granted
 * @WATTLE_A_TID: u32; thread that had the grant, in the initial pid namespace
 * @WATTLE_A_GUARD: nest of guard; whether the queue is slowed by no more than it allows
 * @WATTLE_A_ADVICE: nest of advice; what mode enforce would have come to; absent while nothing
 * was advised
 * @__WATTLE_A_MAX: after the last
 * @WATTLE_A_MAX: the last
 *
 * Top level of every message.
 */
enum wattle_a {
	WATTLE_A_PAD = 1,
	WATTLE_A_CLIENT = 2,
	WATTLE_A_QUEUE = 3,
	WATTLE_A_CHANGE = 4,
	WATTLE_A_PARAMS = 5,
	WATTLE_A_STATS = 6,
	WATTLE_A_ENERGY = 7,
	WATTLE_A_MODE = 8,
	WATTLE_A_ABI_MAJOR = 9,
	WATTLE_A_ABI_MINOR = 10,
	WATTLE_A_DRAINING = 11,
	WATTLE_A_CPUS_ONLINE = 12,
	WATTLE_A_CPUS_MANAGED = 13,
	WATTLE_A_SUPPLY_KHZ = 14,
	WATTLE_A_CLIENTS = 15,
	WATTLE_A_QUEUES = 16,
	WATTLE_A_WORKERS = 17,
	WATTLE_A_WAITING = 18,
	WATTLE_A_EVENTS_LOST = 19,
	WATTLE_A_UID = 20,
	WATTLE_A_PID = 21,
	WATTLE_A_NAME = 22,
	WATTLE_A_CPU = 23,
	WATTLE_A_ONLINE = 24,
	WATTLE_A_MANAGED = 25,
	WATTLE_A_GATED = 26,
	WATTLE_A_BUSY = 27,
	WATTLE_A_KHZ_REQUESTED = 28,
	WATTLE_A_KHZ_OBSERVED = 29,
	WATTLE_A_SEQ = 30,
	WATTLE_A_LOST = 31,
	WATTLE_A_TIME_NS = 32,
	WATTLE_A_MODE_BEFORE = 33,
	WATTLE_A_BATCH = 34,
	WATTLE_A_USER_DATA = 35,
	WATTLE_A_REASON = 36,
	WATTLE_A_DEADLINE_NS = 37,
	WATTLE_A_RUN_NS = 38,
	WATTLE_A_TID = 39,
	WATTLE_A_GUARD = 40,
	WATTLE_A_ADVICE = 41,
	__WATTLE_A_MAX,
	WATTLE_A_MAX = __WATTLE_A_MAX - 1,
};

/**
 * enum wattle_a_params - attributes of set "params"
 * @WATTLE_A_PARAMS_PAD: pad
 * @WATTLE_A_PARAMS_CLASS: u32, enum wattle_class
 * @WATTLE_A_PARAMS_WEIGHT: u32; share among equals
 * @WATTLE_A_PARAMS_FLAGS: u32; WATTLE_QUEUE_* bits
 * @WATTLE_A_PARAMS_MAX_SLOWDOWN_PM: u32; allowed slowdown of work without deadline, per mille
 * @WATTLE_A_PARAMS_MAX_DELAY_US: u64; longest voluntary delay of a batch
 * @WATTLE_A_PARAMS_MAX_INFLIGHT: u32; queued plus granted batches allowed
 * @WATTLE_A_PARAMS_ENERGY_BUDGET_UJ: u64; absent when unlimited
 * @WATTLE_A_PARAMS_LEASE_NS: u64; time a grant may run
 * @__WATTLE_A_PARAMS_MAX: after the last
 * @WATTLE_A_PARAMS_MAX: the last
 *
 * See struct wattle_queue_params.
 */
enum wattle_a_params {
	WATTLE_A_PARAMS_PAD = 1,
	WATTLE_A_PARAMS_CLASS = 2,
	WATTLE_A_PARAMS_WEIGHT = 3,
	WATTLE_A_PARAMS_FLAGS = 4,
	WATTLE_A_PARAMS_MAX_SLOWDOWN_PM = 5,
	WATTLE_A_PARAMS_MAX_DELAY_US = 6,
	WATTLE_A_PARAMS_MAX_INFLIGHT = 7,
	WATTLE_A_PARAMS_ENERGY_BUDGET_UJ = 8,
	WATTLE_A_PARAMS_LEASE_NS = 9,
	__WATTLE_A_PARAMS_MAX,
	WATTLE_A_PARAMS_MAX = __WATTLE_A_PARAMS_MAX - 1,
};

/**
 * enum wattle_a_stats - attributes of set "stats"
 * @WATTLE_A_STATS_PAD: pad
 * @WATTLE_A_STATS_SUBMITTED: u64
 * @WATTLE_A_STATS_ADMITTED: u64
 * @WATTLE_A_STATS_BEST_EFFORT: u64
 * @WATTLE_A_STATS_REFUSED: u64
 * @WATTLE_A_STATS_COMPLETED: u64
 * @WATTLE_A_STATS_CANCELLED: u64
 * @WATTLE_A_STATS_ABORTED: u64
 * @WATTLE_A_STATS_QUEUED: u64
 * @WATTLE_A_STATS_GRANTED: u64
 * @WATTLE_A_STATS_FAILED: u64
 * @WATTLE_A_STATS_LATE: u64
 * @WATTLE_A_STATS_MISSED: u64
 * @WATTLE_A_STATS_LEASE_EXPIRED: u64
 * @WATTLE_A_STATS_MIGRATED: u64
 * @WATTLE_A_STATS_REQUEUED: u64
 * @WATTLE_A_STATS_WOULD_REFUSE: u64
 * @WATTLE_A_STATS_RUN_NS: u64
 * @WATTLE_A_STATS_WAIT_NS: u64
 * @WATTLE_A_STATS_CPU_NS: u64
 * @WATTLE_A_STATS_ENERGY_QUALITY: u32, enum wattle_quality; of energy-uj; absent without
 * permission to read the meter
 * @WATTLE_A_STATS_ENERGY_UJ: u64; energy charged; absent when the quality is none
 * @WATTLE_A_STATS_WAIT_HIST: binary; __u64[WATTLE_HIST_SLOTS], waits by log2 of microseconds
 * @WATTLE_A_STATS_RUN_HIST: binary; __u64[WATTLE_HIST_SLOTS], run times by log2 of microseconds
 * @__WATTLE_A_STATS_MAX: after the last
 * @WATTLE_A_STATS_MAX: the last
 *
 * See struct wattle_queue_stats.
 */
enum wattle_a_stats {
	WATTLE_A_STATS_PAD = 1,
	WATTLE_A_STATS_SUBMITTED = 2,
	WATTLE_A_STATS_ADMITTED = 3,
	WATTLE_A_STATS_BEST_EFFORT = 4,
	WATTLE_A_STATS_REFUSED = 5,
	WATTLE_A_STATS_COMPLETED = 6,
	WATTLE_A_STATS_CANCELLED = 7,
	WATTLE_A_STATS_ABORTED = 8,
	WATTLE_A_STATS_QUEUED = 9,
	WATTLE_A_STATS_GRANTED = 10,
	WATTLE_A_STATS_FAILED = 11,
	WATTLE_A_STATS_LATE = 12,
	WATTLE_A_STATS_MISSED = 13,
	WATTLE_A_STATS_LEASE_EXPIRED = 14,
	WATTLE_A_STATS_MIGRATED = 15,
	WATTLE_A_STATS_REQUEUED = 16,
	WATTLE_A_STATS_WOULD_REFUSE = 17,
	WATTLE_A_STATS_RUN_NS = 18,
	WATTLE_A_STATS_WAIT_NS = 19,
	WATTLE_A_STATS_CPU_NS = 20,
	WATTLE_A_STATS_ENERGY_QUALITY = 21,
	WATTLE_A_STATS_ENERGY_UJ = 22,
	WATTLE_A_STATS_WAIT_HIST = 23,
	WATTLE_A_STATS_RUN_HIST = 24,
	__WATTLE_A_STATS_MAX,
	WATTLE_A_STATS_MAX = __WATTLE_A_STATS_MAX - 1,
};

/**
 * enum wattle_a_guard - attributes of set "guard"
 * @WATTLE_A_GUARD_PAD: pad
 * @WATTLE_A_GUARD_DEMOTED: flag; it runs free for a while
 * @WATTLE_A_GUARD_SLOWDOWN_PM: u32; by how much it was slowed when that was looked at last, per
 * mille; absent when not
 * @WATTLE_A_GUARD_DEMOTIONS: u64; how often it was demoted
 * @__WATTLE_A_GUARD_MAX: after the last
 * @WATTLE_A_GUARD_MAX: the last
 *
 * The guard of a queue; see struct wattle_queue_stats.
 */
enum wattle_a_guard {
	WATTLE_A_GUARD_PAD = 1,
	WATTLE_A_GUARD_DEMOTED = 2,
	WATTLE_A_GUARD_SLOWDOWN_PM = 3,
	WATTLE_A_GUARD_DEMOTIONS = 4,
	__WATTLE_A_GUARD_MAX,
	WATTLE_A_GUARD_MAX = __WATTLE_A_GUARD_MAX - 1,
};

/**
 * enum wattle_a_advice - attributes of set "advice"
 * @WATTLE_A_ADVICE_PAD: pad
 * @WATTLE_A_ADVICE_RUN_NS: u64; time of work that says what it takes, on CPUs whose clock
 * enforce would steer
 * @WATTLE_A_ADVICE_UNKNOWN_NS: u64; time there of work that does not; nothing is said of it
 * @WATTLE_A_ADVICE_LONGER_NS: u64; by how much longer that of run-ns would have taken
 * @WATTLE_A_ADVICE_PRICED_NS: u64; of run-ns, while there was a power table
 * @WATTLE_A_ADVICE_SPENT_UJ: u64; what that cost as it ran, idling until the slowed would have
 * been done included
 * @WATTLE_A_ADVICE_WOULD_UJ: u64; what it would have cost, slowed
 * @WATTLE_A_ADVICE_SIMULATED: flag; the power table is of a virtual platform
 * @WATTLE_A_ADVICE_ERROR_PM: u32; how far the power table was off where it could be checked,
 * per mille
 * @__WATTLE_A_ADVICE_MAX: after the last
 * @WATTLE_A_ADVICE_MAX: the last
 *
 * Sums of mode advise, of a queue or of all queues ever, since load. Joules are reckoned by the
 * power table, and are absent without one and for who may not see joules.
 */
enum wattle_a_advice {
	WATTLE_A_ADVICE_PAD = 1,
	WATTLE_A_ADVICE_RUN_NS = 2,
	WATTLE_A_ADVICE_UNKNOWN_NS = 3,
	WATTLE_A_ADVICE_LONGER_NS = 4,
	WATTLE_A_ADVICE_PRICED_NS = 5,
	WATTLE_A_ADVICE_SPENT_UJ = 6,
	WATTLE_A_ADVICE_WOULD_UJ = 7,
	WATTLE_A_ADVICE_SIMULATED = 8,
	WATTLE_A_ADVICE_ERROR_PM = 9,
	__WATTLE_A_ADVICE_MAX,
	WATTLE_A_ADVICE_MAX = __WATTLE_A_ADVICE_MAX - 1,
};

/**
 * enum wattle_a_energy - attributes of set "energy"
 * @WATTLE_A_ENERGY_PAD: pad
 * @WATTLE_A_ENERGY_SOURCE: string; name of the source; absent if there is none
 * @WATTLE_A_ENERGY_QUALITY: u32, enum wattle_quality
 * @WATTLE_A_ENERGY_SIMULATED: flag; the source is a virtual platform
 * @WATTLE_A_ENERGY_DENIED: flag; there is a figure, and the caller may not see it (CAP_PERFMON)
 * @WATTLE_A_ENERGY_TOTAL_UJ: u64; package energy since load, all packages
 * @WATTLE_A_ENERGY_CHARGED_UJ: u64; of it, charged to queues
 * @WATTLE_A_ENERGY_UNATTRIBUTED_UJ: u64; of it, no queue's
 * @WATTLE_A_ENERGY_STAMP_NS: u64; when total-uj was read
 * @WATTLE_A_ENERGY_READ_ERRORS: u64
 * @WATTLE_A_ENERGY_UNSURE_EPOCHS: u64; epochs so long that a counter may have wrapped unseen
 * @__WATTLE_A_ENERGY_MAX: after the last
 * @WATTLE_A_ENERGY_MAX: the last
 *
 * The energy accounts at one moment.
 */
enum wattle_a_energy {
	WATTLE_A_ENERGY_PAD = 1,
	WATTLE_A_ENERGY_SOURCE = 2,
	WATTLE_A_ENERGY_QUALITY = 3,
	WATTLE_A_ENERGY_SIMULATED = 4,
	WATTLE_A_ENERGY_DENIED = 5,
	WATTLE_A_ENERGY_TOTAL_UJ = 6,
	WATTLE_A_ENERGY_CHARGED_UJ = 7,
	WATTLE_A_ENERGY_UNATTRIBUTED_UJ = 8,
	WATTLE_A_ENERGY_STAMP_NS = 9,
	WATTLE_A_ENERGY_READ_ERRORS = 10,
	WATTLE_A_ENERGY_UNSURE_EPOCHS = 11,
	__WATTLE_A_ENERGY_MAX,
	WATTLE_A_ENERGY_MAX = __WATTLE_A_ENERGY_MAX - 1,
};

/**
 * enum wattle_cmd - commands and notifications
 * @WATTLE_CMD_DEVICE_GET: do. The module as a whole.
 * @WATTLE_CMD_QUEUE_GET: do and dump. A queue, or all of them, or those of one client. A dump
 * goes by age: a queue that is there all the time is told once, whatever else comes and goes.
 * @WATTLE_CMD_QUEUE_SET: do. Change a queue. For CAP_SYS_ADMIN, and for whoever opened its
 * file; to anybody else a queue that is not there and one of somebody else's are the same.
 * @WATTLE_CMD_CLIENT_GET: dump. Open files, oldest first.
 * @WATTLE_CMD_CPU_GET: dump. Possible CPUs, by number.
 * @WATTLE_CMD_MODE_NTF: notification, group mode. The mode was switched.
 * @WATTLE_CMD_QUEUE_NTF: notification, group queue. Somebody changed a queue's parameters, by
 * ioctl or netlink. No energy is told.
 * @WATTLE_CMD_LEASE_NTF: notification, group queue. A lease ended before its batch was
 * completed.
 * @WATTLE_CMD_REFUSE_NTF: notification, group queue. A batch was refused at submission.
 * @__WATTLE_CMD_MAX: after the last
 * @WATTLE_CMD_MAX: the last
 */
enum wattle_cmd {
	WATTLE_CMD_DEVICE_GET = 1,
	WATTLE_CMD_QUEUE_GET = 2,
	WATTLE_CMD_QUEUE_SET = 3,
	WATTLE_CMD_CLIENT_GET = 4,
	WATTLE_CMD_CPU_GET = 5,
	WATTLE_CMD_MODE_NTF = 6,
	WATTLE_CMD_QUEUE_NTF = 7,
	WATTLE_CMD_LEASE_NTF = 8,
	WATTLE_CMD_REFUSE_NTF = 9,
	__WATTLE_CMD_MAX,
	WATTLE_CMD_MAX = __WATTLE_CMD_MAX - 1,
};

#endif /* _UAPI_LINUX_WATTLE_NETLINK_H */
