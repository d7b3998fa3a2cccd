/* SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause */
/* module/core as a policy of the simulator. */
#ifndef WATTLE_SIM_WATTLE_POLICY_H
#define WATTLE_SIM_WATTLE_POLICY_H

#include "engine.h"

struct wattle_power_table;

void sim_wattle_table(struct wattle_power_table *out, const struct sim_power *p);

extern const struct sim_policy sim_wattle;
extern const struct sim_policy sim_wattle_nodefer;
extern const struct sim_policy sim_wattle_blind;

#endif
