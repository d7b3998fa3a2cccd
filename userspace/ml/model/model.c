// SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause
#include <stdlib.h>
#include <string.h>
#include <wattle/ml.h>

#include "ml/data/labels.h"

void wattle_model__free(struct wattle_model *m)
{
	if (!m)
		return;
	wattle_names__free(m->class_names, m->nr_classes);
	wattle_names__free(m->feature_names, wattle_model__features(m));
	wattle_pca__free(&m->pca);
	wattle_scaler__free(&m->scaler);
	free(m->w);
	free(m->b);
	memset(m, 0, sizeof(*m));
}
