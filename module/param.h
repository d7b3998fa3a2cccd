/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Module parameters: read once at load, checked, then constant.
 */
#ifndef WATTLE_PARAM_H
#define WATTLE_PARAM_H

#include <linux/types.h>
#include <linux/uidgid.h>

#include "core/sched.h"

/* Batches in one SUBMIT; part of the ABI's answer to QUERY, not adjustable. */
#define WATTLE_VECTOR_MAX	1024

int wattle_param_check(void);
void wattle_param_limits(struct wattle_sched_limits *limits);
u32 wattle_param_mode(void);
u32 wattle_param_events(void);
u32 wattle_param_pace_floor_pm(void);
u32 wattle_param_resume_latency_us(void);
kgid_t wattle_param_energy_gid(void);

#endif
