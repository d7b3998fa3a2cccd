// SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause
#include "cli/model.h"

#include <errno.h>
#include <string.h>

#include "cli/cli.h"

int model_load(struct out *o, struct wattle_model *m, const char *path)
{
	struct wattle_ml_error e = { "" };
	int rc;

	memset(m, 0, sizeof(*m));
	rc = wattle_model__load(m, path, &e);
	if (rc)
		return out_error(o, cli_ml_exit(rc), "%s", e.msg);
	return CLI_OK;
}

const char *model_loss_name(uint32_t loss)
{
	return loss == WATTLE_LOSS_SQUARED ? "squared" : "log";
}

void model_report(struct out *o, const struct wattle_model *m, const char *path)
{
	out_group(o, "model", "model");
	out_str(o, "path", "%", path);
	out_u64(o, "features", ": % features", wattle_model__features(m));
	if (m->pca.cols)
		out_u64(o, "components", " as % principal components", m->pca.k);
	out_u64(o, "classes", ", % classes", m->nr_classes);
	out_str(o, "loss", ", % loss", model_loss_name(m->loss));
	out_bool(o, "standardised", ", standardises its input", m->scaler.cols > 0);
	out_end(o);
}
