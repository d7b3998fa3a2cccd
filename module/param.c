// SPDX-License-Identifier: GPL-2.0-only
/*
 * Module parameters: limits, leases, who may read energy, the mode to start
 * in. They are fixed at load; what may change while running is in sysfs.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/kernel.h>
#include <linux/module.h>
#include <linux/time64.h>

#include "mode.h"
#include "param.h"

#define WATTLE_PARAM(name, value, text)			\
	static uint name = (value);			\
	module_param(name, uint, 0444);			\
	MODULE_PARM_DESC(name, text " (default " __stringify(value) ")")

WATTLE_PARAM(max_clients, 1024, "open files in all");
WATTLE_PARAM(max_clients_per_user, 128, "open files per user");
WATTLE_PARAM(max_queues, 4096, "queues in all");
WATTLE_PARAM(max_queues_per_user, 512, "queues per user");
WATTLE_PARAM(max_queues_per_client, 64, "queues per open file");
WATTLE_PARAM(max_workers_per_client, 1024, "threads per open file that may ask for work");
WATTLE_PARAM(max_workers, 65536, "threads that may ask for work, in all");
WATTLE_PARAM(max_workers_per_user, 8192, "threads per user that may ask for work, each counted once per open file");
WATTLE_PARAM(max_batches, 524288, "queued and running batches in all");
WATTLE_PARAM(max_batches_per_user, 131072, "queued and running batches per user");
WATTLE_PARAM(max_batches_per_queue, 65536, "queued and running batches per queue");
WATTLE_PARAM(max_events, 1024, "unread events kept per open file, rounded up to a power of two");
WATTLE_PARAM(lease_min_us, 100, "shortest lease, microseconds");
WATTLE_PARAM(lease_max_ms, 60000, "longest lease, milliseconds");
WATTLE_PARAM(lease_default_ms, 10000, "lease of a queue that asks for none, milliseconds");

WATTLE_PARAM(pace_floor_pm, 500, "lowest speed that work with deadlines is slowed to while all CPUs run grants, per mille of the highest, where no power table tells (MODEL_SET); 1000: deadlines slow nothing");
WATTLE_PARAM(resume_latency_us, 50, "resume latency asked of managed CPUs while latency-class work is admitted, microseconds; 0: none is asked");

static int energy_gid = -1;
module_param(energy_gid, int, 0444);
MODULE_PARM_DESC(energy_gid,
		 "group that may read metered energy besides CAP_PERFMON; -1: none (default -1)");

static char *mode = "observe";
module_param(mode, charp, 0444);
MODULE_PARM_DESC(mode, "mode to start in: off, observe or enforce (default observe)");

static u32 param_mode;

/* One row per number: its bounds are what the arithmetic behind it was checked for. */
static const struct {
	const char	*name;
	const uint	*value;
	uint		min;
	uint		max;
} wattle_param_bounds[] = {
	{ "max_clients",	    &max_clients,	     1, 1 << 20 },
	{ "max_clients_per_user",   &max_clients_per_user,   1, 1 << 20 },
	{ "max_queues",		    &max_queues,	     1, 1 << 20 },
	{ "max_queues_per_user",    &max_queues_per_user,    1, 1 << 20 },
	{ "max_queues_per_client",  &max_queues_per_client,  1, 1 << 16 },
	{ "max_workers_per_client", &max_workers_per_client, 1, (1 << WATTLE_TOKEN_SLOT_BITS) - 2 },
	{ "max_workers",	    &max_workers,	     1, 1 << 20 },
	{ "max_workers_per_user",   &max_workers_per_user,   1, 1 << 20 },
	{ "max_batches",	    &max_batches,	     1, 1 << 26 },
	{ "max_batches_per_user",   &max_batches_per_user,   1, 1 << 26 },
	{ "max_batches_per_queue",  &max_batches_per_queue,  1, 1 << 24 },
	{ "max_events",		    &max_events,	     1, 1 << 16 },
	{ "pace_floor_pm",	    &pace_floor_pm,	     1, 1000 },
	{ "resume_latency_us",	    &resume_latency_us,	     0, 1000 * 1000 },
	{ "lease_min_us",	    &lease_min_us,	     1, 1000 * 1000 },
	{ "lease_max_ms",	    &lease_max_ms,	     1, 24 * 3600 * 1000 },
	{ "lease_default_ms",	    &lease_default_ms,	     1, 24 * 3600 * 1000 },
};

/**
 * wattle_param_check() - refuse parameters that make no sense, by name
 *
 * Return: 0 or -EINVAL.
 */
int wattle_param_check(void)
{
	int i;

	for (i = 0; i < ARRAY_SIZE(wattle_param_bounds); i++) {
		uint value = *wattle_param_bounds[i].value;

		if (value < wattle_param_bounds[i].min || value > wattle_param_bounds[i].max) {
			pr_err("parameter %s=%u is outside %u to %u\n",
			       wattle_param_bounds[i].name, value,
			       wattle_param_bounds[i].min, wattle_param_bounds[i].max);
			return -EINVAL;
		}
	}
	if (lease_default_ms > lease_max_ms ||
	    lease_min_us > (u64)lease_default_ms * USEC_PER_MSEC) {
		pr_err("leases must be lease_min_us=%u <= lease_default_ms=%u <= lease_max_ms=%u\n",
		       lease_min_us, lease_default_ms, lease_max_ms);
		return -EINVAL;
	}
	if (energy_gid < -1 || (energy_gid >= 0 && !gid_valid(wattle_param_energy_gid()))) {
		pr_err("parameter energy_gid=%d is no group\n", energy_gid);
		return -EINVAL;
	}
	if (wattle_mode_parse(mode, &param_mode)) {
		pr_err("parameter mode=%s is none of off, observe, enforce\n", mode);
		return -EINVAL;
	}
	return 0;
}

/**
 * wattle_param_limits() - the parameters as the state machine wants them
 * @limits: filled
 */
void wattle_param_limits(struct wattle_sched_limits *limits)
{
	*limits = (struct wattle_sched_limits) {
		.queues_per_client	= max_queues_per_client,
		.queues_per_user	= max_queues_per_user,
		.queues_total		= max_queues,
		.clients_per_user	= max_clients_per_user,
		.clients_total		= max_clients,
		.workers_per_client	= max_workers_per_client,
		.workers_per_user	= max_workers_per_user,
		.workers_total		= max_workers,
		.batches_per_queue	= max_batches_per_queue,
		.batches_per_user	= max_batches_per_user,
		.batches_total		= max_batches,
		.lease_min_ns		= (u64)lease_min_us * NSEC_PER_USEC,
		.lease_max_ns		= (u64)lease_max_ms * NSEC_PER_MSEC,
		.lease_default_ns	= (u64)lease_default_ms * NSEC_PER_MSEC,
	};
}

/**
 * wattle_param_mode() - the mode to start in, enum wattle_mode
 */
u32 wattle_param_mode(void)
{
	return param_mode;
}

/**
 * wattle_param_events() - unread events to keep per client
 */
u32 wattle_param_events(void)
{
	return max_events;
}

/**
 * wattle_param_pace_floor_pm() - lowest speed for the sake of deadlines, per mille of the highest
 */
u32 wattle_param_pace_floor_pm(void)
{
	return pace_floor_pm;
}

/**
 * wattle_param_resume_latency_us() - what to ask of managed CPUs, 0 = nothing
 */
u32 wattle_param_resume_latency_us(void)
{
	return resume_latency_us;
}

/**
 * wattle_param_energy_gid() - the group that may read metered energy, or INVALID_GID
 */
kgid_t wattle_param_energy_gid(void)
{
	return energy_gid < 0 ? INVALID_GID : make_kgid(&init_user_ns, energy_gid);
}
