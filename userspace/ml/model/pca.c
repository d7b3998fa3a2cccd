// SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause
/* Principal components as a model file holds them. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "ml/data/scaler.h"
#include "ml/model/pca.h"

void wattle_pca__free(struct wattle_pca *p)
{
	if (!p)
		return;
	free(p->mean);
	free(p->scale);
	free(p->components);
	free(p->variance);
	memset(p, 0, sizeof(*p));
}

bool wattle_pca__valid(const struct wattle_pca *p)
{
	size_t i;

	if (!p->cols)
		return true;
	if (!p->k || p->k > p->cols || !isfinite(p->total) || !(p->total > 0.0))
		return false;
	for (i = 0; i < p->cols; i++)
		if (!isfinite(p->mean[i]) || !wattle_scaler__usable(p->scale[i]))
			return false;
	for (i = 0; i < p->k * p->cols; i++)
		if (!(fabs(p->components[i]) <= 1.0 + 1e-6))
			return false;
	for (i = 0; i < p->k; i++)
		if (!isfinite(p->variance[i]) || !(p->variance[i] >= 0.0) ||
		    (p->whiten && !wattle_scaler__usable(sqrt(p->variance[i]))))
			return false;
	return true;
}
