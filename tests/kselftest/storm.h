/* SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause */
/*
 * Things that happen to a machine, one step at a time and at random, and how to put
 * back what each does by hand.
 */
#ifndef KT_STORM_H
#define KT_STORM_H

#include <stdbool.h>
#include <sys/types.h>

#include "actuator.h"

/**
 * struct storm - a kind of disturbance
 * @name:	of it
 * @begin:	prepares it; false: it cannot be had here, and the case is skipped (may be NULL)
 * @step:	disturbs once; true if it took effect. @alone: nothing else is
 *		disturbing, so that a failure is one, and printed
 * @end:	puts back what steps left behind
 */
struct storm {
	const char	*name;
	bool		(*begin)(void);
	bool		(*step)(unsigned int i, bool alone);
	void		(*end)(void);
};

extern const struct storm storm_cpus, storm_governors, storm_driver, storm_limits, storm_modes,
	storm_cpusets, storm_sleep;

/* Loads the virtual platform and keeps how everything is before any storm. */
void storm_platform(const char *driver, const char *policy);
/* A client's process. */
pid_t storm_client(unsigned int i);

#endif
