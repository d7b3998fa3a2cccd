/* SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause */
/* The policies there are. */
#ifndef WATTLE_SIM_POLICIES_H
#define WATTLE_SIM_POLICIES_H

#include "engine.h"
#include "wattle_policy.h"

extern const struct sim_policy sim_race;
extern const struct sim_policy sim_schedutil;
extern const struct sim_policy sim_capped;
extern const struct sim_policy sim_ear;
extern const struct sim_policy sim_fixed;
extern const struct sim_policy sim_oa;

#endif
