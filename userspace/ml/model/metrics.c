// SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <wattle/ml.h>

int wattle_evaluate(const uint32_t *truth, const uint32_t *pred, size_t n, uint32_t nr_classes,
		    struct wattle_eval *out)
{
	uint64_t right = 0;

	memset(out, 0, sizeof(*out));
	if (!n || !nr_classes)
		return -EINVAL;
	for (size_t i = 0; i < n; i++)
		if (truth[i] >= nr_classes || pred[i] >= nr_classes)
			return -ERANGE;
	/* nr_classes^2 counts: calloc() checks the product, the cast keeps it in 64 bits. */
	out->confusion = calloc((size_t)nr_classes * nr_classes, sizeof(*out->confusion));
	out->precision = calloc(nr_classes, sizeof(*out->precision));
	out->recall = calloc(nr_classes, sizeof(*out->recall));
	if (!out->confusion || !out->precision || !out->recall) {
		wattle_eval__free(out);
		return -ENOMEM;
	}
	for (size_t i = 0; i < n; i++)
		out->confusion[(size_t)truth[i] * nr_classes + pred[i]]++;
	for (size_t c = 0; c < nr_classes; c++) {
		uint64_t hit = out->confusion[c * nr_classes + c], occurs = 0, predicted = 0;

		for (size_t k = 0; k < nr_classes; k++) {
			occurs += out->confusion[c * nr_classes + k];
			predicted += out->confusion[k * nr_classes + c];
		}
		out->precision[c] = predicted ? (double)hit / (double)predicted : NAN;
		out->recall[c] = occurs ? (double)hit / (double)occurs : NAN;
		right += hit;
	}
	out->n = n;
	out->nr_classes = nr_classes;
	out->accuracy = (double)right / (double)n;
	return 0;
}

void wattle_eval__free(struct wattle_eval *e)
{
	if (!e)
		return;
	free(e->confusion);
	free(e->precision);
	free(e->recall);
	memset(e, 0, sizeof(*e));
}
