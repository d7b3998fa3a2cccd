/* SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause */
/*
 * From measured windows of steady load to a power table. Arithmetic only.
 *
 * The model is that of module/core/power.h for one package of @cpus CPUs with n
 * of them running at frequency f and the others in idle state k:
 *
 *	watts = shared + n opp[f] + (cpus - n) idle[k]		n > 0
 *	watts = shared_idle + cpus idle[k]			n = 0
 *
 * A meter of the package cannot tell the deepest idle power of its CPUs from what
 * they share, as both are always there: the deepest state counts as 0 and the
 * shared part holds it. Frequencies and the shared part are one least-squares fit.
 */
#ifndef WATTLE_CLI_CALIBRATE_FIT_H
#define WATTLE_CLI_CALIBRATE_FIT_H

#include <stdbool.h>
#include <stddef.h>

#define CAL_OPPS		64
#define CAL_IDLE		10

/**
 * struct cal_window - a stretch of steady load
 * @active:	CPUs of each package that ran all the time
 * @opp:	index of their frequency; not looked at when @active is 0
 * @idle:	index of the deepest idle state that was allowed
 * @watts:	measured, of one package
 */
struct cal_window {
	unsigned int	active;
	unsigned int	opp;
	unsigned int	idle;
	double		watts;
};

/**
 * struct cal - a fitted table
 * @cpus:	of one package; to be set before fitting, as @nr_opps and @nr_idle
 * @nr_opps:	frequencies, ascending
 * @nr_idle:	idle states, shallowest first
 * @opp:	watts of one running CPU, not descending
 * @idle:	watts of one idle CPU, not ascending; the last is 0
 * @shared:	watts of a package with a CPU awake
 * @shared_idle: watts of a package whose CPUs all sleep
 * @one_cpu:	there was no second CPU: @shared could not be told from @opp
 * @straightened: figures that had to be moved so that the order holds
 * @rms:	root mean square of (fitted - measured) / measured over the windows
 */
struct cal {
	unsigned int	cpus;
	unsigned int	nr_opps;
	unsigned int	nr_idle;
	double		opp[CAL_OPPS];
	double		idle[CAL_IDLE];
	double		shared;
	double		shared_idle;
	bool		one_cpu;
	unsigned int	straightened;
	double		rms;
};

/**
 * cal_fit() - fill the figures of @c
 * @c:	@cpus, @nr_opps and @nr_idle are set
 * @w:	windows: each frequency at least once in the deepest state, and one with all
 *	CPUs idle in it; each shallower state with one CPU active at some frequency
 * @n:	how many
 *
 * Return: 0; -EINVAL: a window is impossible (index, count, watts not finite or below
 * 0), or one of those that are needed is missing.
 */
int cal_fit(struct cal *c, const struct cal_window *w, size_t n);

/* What @c expects of a window, in watts; its @watts are not looked at. */
double cal_watts(const struct cal *c, const struct cal_window *w);

#endif
