// SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "labels.h"
#include "number.h"

#define NR_SLOTS	(2 * WATTLE_MAX_CLASSES)

/* FNV-1a; at most half of the slots are used, so that probing ends. */
static uint32_t hash(const char *s, size_t len)
{
	uint32_t h = 2166136261u;

	while (len--)
		h = (h ^ (unsigned char)*s++) * 16777619u;
	return h;
}

static int grow(struct wattle_labels *l)
{
	size_t cap = l->cap ? 2 * l->cap : 1024;
	uint32_t *ids;

	if (cap > SIZE_MAX / sizeof(*ids))
		return -ENOMEM;
	ids = realloc(l->ids, cap * sizeof(*ids));
	if (!ids)
		return -ENOMEM;
	l->ids = ids;
	l->cap = cap;
	return 0;
}

static int new_name(struct wattle_labels *l, const char *s, size_t len)
{
	char **names, *name;

	if (l->nr_names == WATTLE_MAX_CLASSES)
		return -E2BIG;
	names = realloc(l->names, (l->nr_names + 1) * sizeof(*names));
	if (!names)
		return -ENOMEM;
	l->names = names;
	name = strndup(s, len);
	if (!name)
		return -ENOMEM;
	l->names[l->nr_names++] = name;
	return 0;
}

int wattle_labels__add(struct wattle_labels *l, const char *s, size_t len)
{
	uint32_t i, *slot;
	int err;

	if (!l->slots) {
		l->slots = calloc(NR_SLOTS, sizeof(*l->slots));
		if (!l->slots)
			return -ENOMEM;
	}
	if (l->rows == l->cap) {
		err = grow(l);
		if (err)
			return err;
	}
	/* Sorted files are common: the same label again. */
	if (wattle_labels__last(l, s, len)) {
		l->ids[l->rows] = l->ids[l->rows - 1];
		l->rows++;
		return 0;
	}
	for (i = hash(s, len) % NR_SLOTS; l->slots[i]; i = (i + 1) % NR_SLOTS)
		if (wattle_labels__same(l->names[l->slots[i] - 1], s, len))
			break;
	slot = &l->slots[i];
	if (!*slot) {
		err = new_name(l, s, len);
		if (err)
			return err;
		*slot = l->nr_names;
	}
	l->ids[l->rows++] = *slot - 1;
	return 0;
}

struct entry {
	char		*name;
	double		value;
	uint32_t	id;
};

static int by_bytes(const void *a, const void *b)
{
	const struct entry *x = a, *y = b;

	return strcmp(x->name, y->name);
}

static int by_value(const void *a, const void *b)
{
	const struct entry *x = a, *y = b;

	if (x->value != y->value)
		return x->value < y->value ? -1 : 1;
	return strcmp(x->name, y->name);
}

/* Fewest digits that read back the same, so that "1", "1.0" and "1e0" are one name. */
static char *spell(double v)
{
	char buf[40];

	for (int digits = 1; digits <= 17; digits++) {
		double back;

		snprintf(buf, sizeof(buf), "%.*g", digits, v);
		for (char *p = buf; *p; p++)
			if (*p == ',')	/* a locale's decimal comma */
				*p = '.';
		if (!wattle_number__f64(buf, strlen(buf), &back) && back == v)
			break;
	}
	/* 1e+01 is 10 to everybody but printf. */
	if (v == trunc(v) && fabs(v) < 1e15)
		snprintf(buf, sizeof(buf), "%.0f", v == 0 ? 0.0 : v);
	return strdup(buf);
}

static int merge_numbers(struct entry *en, uint32_t n, uint32_t *map, char **names,
			 uint32_t *nr_classes)
{
	uint32_t k = 0;

	for (uint32_t i = 0; i < n; i++) {
		if (!i || en[i].value != en[i - 1].value) {
			names[k] = spell(en[i].value);
			if (!names[k]) {
				while (k)
					free(names[--k]);
				return -ENOMEM;
			}
			k++;
		}
		map[en[i].id] = k - 1;
	}
	*nr_classes = k;
	return 0;
}

int wattle_labels__finish(struct wattle_labels *l, struct wattle_dataset *d)
{
	uint32_t n = l->nr_names, *map = calloc(n + 1, sizeof(*map));
	struct entry *en = calloc(n + 1, sizeof(*en));
	char **names = calloc(n + 1, sizeof(*names));
	bool numbers = true;
	int err = -ENOMEM;

	if (!map || !en || !names)
		goto out_free;
	for (uint32_t i = 0; i < n; i++) {
		en[i].name = l->names[i];
		en[i].id = i;
		if (wattle_number__f64(en[i].name, strlen(en[i].name), &en[i].value))
			numbers = false;
	}
	qsort(en, n, sizeof(*en), numbers ? by_value : by_bytes);
	if (numbers) {
		err = merge_numbers(en, n, map, names, &d->nr_classes);
		if (err)
			goto out_free;
	} else {
		for (uint32_t i = 0; i < n; i++) {
			map[en[i].id] = i;
			names[i] = en[i].name;
		}
		l->nr_names = 0;	/* the strings are @d's now */
		d->nr_classes = n;
	}
	for (size_t i = 0; i < l->rows; i++)
		l->ids[i] = map[l->ids[i]];
	d->labels = l->ids;
	l->ids = NULL;
	d->class_names = names;
	names = NULL;
	err = 0;

out_free:
	free(map);
	free(en);
	free(names);
	wattle_labels__free(l);
	return err;
}

void wattle_labels__free(struct wattle_labels *l)
{
	wattle_names__free(l->names, l->nr_names);
	free(l->ids);
	free(l->slots);
	memset(l, 0, sizeof(*l));
}

char **wattle_names__dup(char *const *names, size_t n)
{
	char **copy;

	if (!names)
		return NULL;
	copy = calloc(n + 1, sizeof(*copy));
	if (!copy)
		return NULL;
	for (size_t i = 0; i < n; i++) {
		copy[i] = strdup(names[i]);
		if (!copy[i]) {
			wattle_names__free(copy, i);
			return NULL;
		}
	}
	return copy;
}

void wattle_names__free(char **names, size_t n)
{
	if (!names)
		return;
	for (size_t i = 0; i < n; i++)
		free(names[i]);
	free(names);
}
