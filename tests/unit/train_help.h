/* SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause */
/* Data sets, pools and an fp64 reference for the tests of training. */
#ifndef WATTLE_TESTS_TRAIN_HELP_H
#define WATTLE_TESTS_TRAIN_HELP_H

#include <math.h>
#include "ml/kernels/kernels.h"
#include "ml/train/objective.h"
#include "ml_help.h"

/* An embedded client with a pool of its own. */
struct rig {
	struct wattle_client	*c;
	struct wattle_pool	*pool;
	uint32_t		queue;
};

void rig_open(struct rig *r, unsigned int workers);
void rig_close(struct rig *r);

/* Standardised, the rest as the trainer chooses. */
extern const struct wattle_train_opts train_defaults;
/* Trains, and fails the test if that fails. */
void train_ok(struct wattle_model *m, const struct wattle_dataset *d, struct rig *rig,
	      const struct wattle_train_opts *o, struct wattle_train_result *r);

/* Trains with a rig of its own, and fails the test unless that fails with @want and @message. */
void train_fails(const struct wattle_dataset *d, const struct wattle_train_opts *o, int want,
		 const char *message);

/**
 * data_make() - overlapping classes
 * @d:		filled in
 * @rows, @cols, @classes: sizes
 * @dtype:	enum wattle_dtype; bytes are 0 to 255
 * @offset:	added to every f32 feature, in units of its spread
 * @seed:	of the random numbers
 */
void data_make(struct wattle_dataset *d, size_t rows, size_t cols, uint32_t classes,
	       uint32_t dtype, double offset, uint64_t seed);
double data_x(const struct wattle_dataset *d, size_t r, size_t j);

/* Mean loss, and its gradient if @g, at w (outputs x cols, then outputs intercepts), all fp64. */
double ref_loss(const struct wattle_dataset *d, const struct wattle_scaler *s,
		enum wattle_link link, double l2, const double *w, double *g);
double norm(const double *v, size_t n);

#endif
