/* SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause */
#ifndef WATTLE_ML_TRAIN_H
#define WATTLE_ML_TRAIN_H

#include "ml/kernels/kernels.h"

/**
 * wattle_train__curvature() - largest second derivative of a loss by its scores
 * @link:	loss
 *
 * c such that the Hessian of the mean loss is at most c X'X / n: 1/4 for the
 * binary log-loss, 1/2 for softmax (Bohning, Multinomial Logistic Regression
 * Algorithm, 1992), 0.07704 for the squared error on the sigmoid
 * (Documentation/design/training.md).
 */
double wattle_train__curvature(enum wattle_link link);

#endif
