/* SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause */
#ifndef WATTLE_CLI_REPORT_H
#define WATTLE_CLI_REPORT_H

#include <wattle/ml.h>

#include "cli/out.h"

/* "data" or "test" line: path, rows x features, classes with their counts. */
void report_dataset(struct out *o, const char *key, const char *label, const char *path,
		    const struct wattle_dataset *d);

/**
 * report_eval() - accuracy, recall and precision per class, confusion matrix
 * @names:	@e->nr_classes class names
 * @matrix:	print the matrix as text too (JSON always has it)
 */
void report_eval(struct out *o, const char *label, const struct wattle_eval *e,
		 char *const *names, bool matrix);

#endif
