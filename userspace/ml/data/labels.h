/* SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause */
/*
 * Class names to class indices, in an order that depends on the set of names
 * alone: by value when all of them are numbers, else by bytes.
 */
#ifndef WATTLE_ML_DATA_LABELS_H
#define WATTLE_ML_DATA_LABELS_H

#include <string.h>
#include <wattle/ml.h>

/* More than this is a quantity or an identifier, not a class. */
#define WATTLE_MAX_CLASSES	4096u

/**
 * struct wattle_labels - labels being collected
 * @ids:	one per row, in order of first occurrence until finished
 * @rows:	how many
 * @names:	distinct names
 * @nr_names:	how many
 *
 * The rest is private. Zero-initialise.
 */
struct wattle_labels {
	uint32_t	*ids;
	size_t		rows;
	size_t		cap;
	char		**names;
	uint32_t	nr_names;
	uint32_t	*slots;		/* hash table: id + 1, 0 = free */
};

/**
 * wattle_labels__add() - the next row's label
 * @l:		labels
 * @s:		name
 * @len:	its length
 *
 * Return: 0; -ENOMEM; -E2BIG more than WATTLE_MAX_CLASSES distinct names.
 */
int wattle_labels__add(struct wattle_labels *l, const char *s, size_t len);

/* Is @s, which may hold NUL bytes, the name? */
static inline bool wattle_labels__same(const char *name, const char *s, size_t len)
{
	return strlen(name) == len && !memcmp(name, s, len);
}

/* Is it the name of the row before, byte by byte? */
static inline bool wattle_labels__last(const struct wattle_labels *l, const char *s, size_t len)
{
	const char *name = l->rows ? l->names[l->ids[l->rows - 1]] : NULL;

	return name && wattle_labels__same(name, s, len);
}

/**
 * wattle_labels__finish() - sort the classes and hand everything to a data set
 * @l:		labels; empty afterwards, on failure too
 * @d:		gets labels, nr_classes, class_names
 *
 * Names that are all numbers are merged by value ("1", "1.0") and spelled the
 * shortest way that reads back the same.
 *
 * Return: 0; -ENOMEM.
 */
int wattle_labels__finish(struct wattle_labels *l, struct wattle_dataset *d);
void wattle_labels__free(struct wattle_labels *l);

/* Arrays of strings. NULL when memory runs out, and for NULL. */
char **wattle_names__dup(char *const *names, size_t n);
void wattle_names__free(char **names, size_t n);

#endif
