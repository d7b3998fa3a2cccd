/* SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause */
#ifndef WATTLE_ML_TRAIN_PCA_H
#define WATTLE_ML_TRAIN_PCA_H

#include <wattle/ml.h>

/* wattle_pca__apply() by batches; the same bits. @run is added to; also what the pool returns. */
int wattle_pca__project(const struct wattle_pca *p, const struct wattle_matrix *x,
			struct wattle_matrix *out, struct wattle_pool *pool, uint32_t queue,
			struct wattle_run_stats *run, struct wattle_ml_error *e);

#endif
