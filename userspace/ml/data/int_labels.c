// SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fail.h"
#include "int_labels.h"
#include "labels.h"

int wattle_int_labels__init(struct wattle_int_labels *l, size_t rows, struct wattle_ml_error *e)
{
	l->raw = calloc(rows, sizeof(*l->raw));
	l->values = calloc(WATTLE_MAX_CLASSES, sizeof(*l->values));
	if (l->raw && l->values)
		return 0;
	wattle_int_labels__free(l);
	return wattle_ml__no_memory(e, l->path);
}

/* First index whose value is >= @v. */
static uint32_t lower_bound(const struct wattle_int_labels *l, int64_t v)
{
	uint32_t lo = 0, hi = l->nr_values;

	while (lo < hi) {
		uint32_t mid = lo + (hi - lo) / 2;

		if (l->values[mid] < v)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

int wattle_int_labels__add(struct wattle_int_labels *l, int64_t v, struct wattle_ml_error *e)
{
	uint32_t i = lower_bound(l, v);

	if (i == l->nr_values || l->values[i] != v) {
		if (l->nr_values == WATTLE_MAX_CLASSES)
			return wattle_ml__fail(e, -EINVAL,
					       "%s: more than %u different labels by sample %zu: quantities, not classes?",
					       l->path, WATTLE_MAX_CLASSES, l->rows + 1);
		memmove(&l->values[i + 1], &l->values[i],
			(l->nr_values - i) * sizeof(*l->values));
		l->values[i] = v;
		l->nr_values++;
	}
	l->raw[l->rows++] = v;
	return 0;
}

int wattle_int_labels__finish(struct wattle_int_labels *l, struct wattle_dataset *d,
			      struct wattle_ml_error *e)
{
	uint32_t *labels = calloc(l->rows, sizeof(*labels));
	char **names = calloc(l->nr_values + 1, sizeof(*names));
	char buf[24];

	if (!labels || !names)
		goto err_free;
	for (uint32_t i = 0; i < l->nr_values; i++) {
		snprintf(buf, sizeof(buf), "%" PRId64, l->values[i]);
		names[i] = strdup(buf);
		if (!names[i])
			goto err_free;
	}
	for (size_t r = 0; r < l->rows; r++)
		labels[r] = lower_bound(l, l->raw[r]);
	d->labels = labels;
	d->class_names = names;
	d->nr_classes = l->nr_values;
	return 0;

err_free:
	wattle_names__free(names, l->nr_values);
	free(labels);
	return wattle_ml__no_memory(e, l->path);
}

void wattle_int_labels__free(struct wattle_int_labels *l)
{
	free(l->raw);
	free(l->values);
	l->raw = NULL;
	l->values = NULL;
	l->nr_values = 0;
	l->rows = 0;
}
