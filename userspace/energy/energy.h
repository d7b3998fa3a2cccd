/* SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause */
/* Sources of joules outside the wattle module. */
#ifndef WATTLE_ENERGY_ENERGY_H
#define WATTLE_ENERGY_ENERGY_H

#include <wattle/wattle.h>

#define WATTLE_POWERCAP_DIR	"/sys/class/powercap"

/**
 * wattle_powercap_read() - sum of all packages' RAPL counters, from powercap
 * @e: filled; quality NONE with a reason and a cure when it cannot be known
 *
 * The sum starts at 0 with the first reading of the process and follows each
 * counter over its wrap, provided it is read at least once per wrap (minutes).
 * One package that cannot be read makes the whole unavailable: a part of the
 * machine must not pass for all of it. Any thread.
 */
void wattle_powercap_read(struct wattle_energy *e);

/**
 * wattle_powercap_packages() - what wattle_powercap_read() last read, counter by counter
 * @uj:		microjoules since the first reading; they add up to the sum
 * @ids:	physical package of each, -1 where its name does not say
 * @max:	room in both
 *
 * Return: how many there are, which may be more than @max; 0 before the first reading.
 */
unsigned int wattle_powercap_packages(uint64_t *uj, int *ids, unsigned int max);

/* For tests: look in @dir instead (NULL = the real place) and forget what was read. */
void wattle_powercap_set_dir(const char *dir);

#endif
