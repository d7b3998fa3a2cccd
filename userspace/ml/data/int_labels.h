/* SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause */
/*
 * Labels that are integers to begin with (IDX, npy).
 */
#ifndef WATTLE_ML_DATA_INT_LABELS_H
#define WATTLE_ML_DATA_INT_LABELS_H

#include <wattle/ml.h>

/**
 * struct wattle_int_labels - labels being collected
 * @path:	for messages
 * @values:	sorted distinct values
 * @nr_values:	how many
 * @raw:	value of every row
 * @rows:	rows so far
 */
struct wattle_int_labels {
	const char	*path;
	int64_t		*values;
	uint32_t	nr_values;
	int64_t		*raw;
	size_t		rows;
};

int wattle_int_labels__init(struct wattle_int_labels *l, size_t rows, struct wattle_ml_error *e);

/**
 * wattle_int_labels__add() - the next row's label
 * @l:	labels; not more rows than were announced
 * @v:	value
 * @e:	error
 *
 * Return: 0; -EINVAL more than WATTLE_MAX_CLASSES distinct values.
 */
int wattle_int_labels__add(struct wattle_int_labels *l, int64_t v, struct wattle_ml_error *e);

/**
 * wattle_int_labels__finish() - hand the labels to a data set
 * @l:	labels
 * @d:	gets labels, nr_classes, class_names, by value
 * @e:	error
 *
 * Return: 0; -ENOMEM.
 */
int wattle_int_labels__finish(struct wattle_int_labels *l, struct wattle_dataset *d,
			      struct wattle_ml_error *e);
void wattle_int_labels__free(struct wattle_int_labels *l);

#endif
