/* SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause */
/*
 * The training kernels once more, in fp64 and as simple as can be, and how far
 * from it fp32 may be.
 */
#ifndef WATTLE_TESTS_KERNEL_REF_H
#define WATTLE_TESTS_KERNEL_REF_H

#include "ml/kernels/kernels.h"

#define UNIT	0x1p-24		/* half an ulp of 1.0f */

/**
 * struct case_data - a random pass with its reference
 * @p:		input for the kernels, outputs included
 * @g, @gb, @loss, @z: reference
 * @g_err, @gb_err, @loss_err, @z_err: what the kernels may be off by, worst case
 */
struct case_data {
	struct wattle_pass p;
	double	*g, *g_err;
	double	*gb, *gb_err;
	double	loss, loss_err;
	double	*z, *z_err;
	void	*x;
	float	*w;
	float	*b;
	uint32_t *labels;
	float	*zk;
};

struct shape {
	size_t		rows, cols, extra; /* @extra: more stride than needed, in cache lines */
	size_t		outputs;
	uint32_t	dtype;
	enum wattle_link link;
	double		spread;			/* how large scores get */
};

void case_make(struct case_data *c, const struct shape *s, uint64_t seed);
/* Fills in the reference from what @c->p points at. */
void case_reference(struct case_data *c);
void case_free(struct case_data *c);
double case_x(const struct case_data *c, size_t r, size_t j);

#endif
