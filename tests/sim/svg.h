/* SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause */
/* Plots of a run over time. */
#ifndef WATTLE_SIM_SVG_H
#define WATTLE_SIM_SVG_H

#include "engine.h"

#define SIM_SVG_SERIES	6

/**
 * struct sim_series - one policy's line in each panel
 * @label: its name
 * @sample: @n of them
 * @n: how many
 */
struct sim_series {
	const char *label;
	const struct sim_sample *sample;
	size_t n;
};

int sim_svg(FILE *out, const char *title, const struct sim_series *series, int n);

#endif
