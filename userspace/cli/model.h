/* SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause */
#ifndef WATTLE_CLI_MODEL_H
#define WATTLE_CLI_MODEL_H

#include <wattle/ml.h>

#include "cli/out.h"

/* CLI_OK, or the exit code after the error has been printed. */
int model_load(struct out *o, struct wattle_model *m, const char *path);
/* Line of the report for a model that was read. */
void model_report(struct out *o, const struct wattle_model *m, const char *path);
const char *model_loss_name(uint32_t loss);

#endif
