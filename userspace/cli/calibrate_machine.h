/* SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause */
/*
 * The machine under calibration: its packages, frequencies and idle states, how to
 * hold them, and that they are let go whatever happens to this process.
 */
#ifndef WATTLE_CLI_CALIBRATE_MACHINE_H
#define WATTLE_CLI_CALIBRATE_MACHINE_H

#include <sys/types.h>

#include "cli/calibrate_fit.h"
#include "cli/out.h"

#define CAL_CPUS	1024

/**
 * struct cal_idle_state - one that cpuidle has
 * @index:	in sysfs
 */
struct cal_idle_state {
	unsigned int	index;
	char		name[32];
	unsigned int	residency_us;
	unsigned int	exit_us;
};

/**
 * struct cal_machine - what was found
 * @nr_cpus:	online
 * @cpu:	their numbers
 * @load_cpu:	one thread of each core, those of a package side by side
 * @packages:	all with the same number of cores
 * @cores:	of each package
 * @threads:	CPUs of each package
 * @nr_khz:	frequencies, ascending in @khz
 * @listed:	the driver lists its frequencies; otherwise they are steps of the range
 * @switch_us:	from asking to holding, as the driver has it; 0 = it does not say
 * @nr_idle:	states, shallowest first; the polling one is left out
 * @keeper:	process that puts everything back
 * @keeper_fd:	its end tells the keeper to
 */
struct cal_machine {
	unsigned int		nr_cpus;
	unsigned int		cpu[CAL_CPUS];
	unsigned int		load_cpu[CAL_CPUS];
	unsigned int		packages;
	unsigned int		cores;
	unsigned int		threads;
	unsigned int		nr_khz;
	unsigned int		khz[CAL_OPPS];
	bool			listed;
	unsigned int		switch_us;
	unsigned int		nr_idle;
	struct cal_idle_state	idle[CAL_IDLE];
	pid_t			keeper;
	int			keeper_fd;
};

/* Finds out. Prints the error and returns an exit code, 0 if all is there. */
int cal_machine_find(struct out *o, struct cal_machine *m);

/*
 * Starts the keeper: from now on what calibration changes is put back when
 * cal_machine_release() is called, and when this process ends in any way.
 * As cal_machine_find().
 */
int cal_machine_hold(struct out *o, struct cal_machine *m);

/* Every clock at @khz, no idle state deeper than m->idle[@idle]. Negative errno. */
int cal_machine_set(const struct cal_machine *m, unsigned int khz, unsigned int idle);

/* Puts everything back and waits until it is; negative errno if something would not go. */
int cal_machine_release(struct cal_machine *m);

/* Clocks of all CPUs within 5 % of @khz, as far as the driver knows. */
bool cal_machine_at(const struct cal_machine *m, unsigned int khz);

/* Seconds all CPUs together spent not idle since boot; negative when not known. */
double cal_machine_busy(void);

#endif
