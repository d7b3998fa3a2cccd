/* SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause */
/* The standard set: all families on several servers. */
#ifndef WATTLE_SIM_STANDARD_H
#define WATTLE_SIM_STANDARD_H

#include "sim.h"

/**
 * struct sim_plan - what to run
 * @power: servers; the next one is the wrong table of each
 * @npower: how many
 * @family: one family only, or NULL
 * @policy: comma-separated policies, or NULL for all
 * @traces: of each family
 * @seed: of the first
 * @cpus: number of CPUs
 * @instr_fd: see struct sim_setup
 * @worst: directory for the traces on which wattle does worst, or NULL
 */
struct sim_plan {
	const struct sim_power *power;
	int npower;
	const char *family;
	const char *policy;
	size_t traces;
	uint64_t seed;
	int cpus;
	int instr_fd;
	const char *worst;
};

int sim_standard(const struct sim_plan *plan, FILE *text, FILE *json);

#endif
