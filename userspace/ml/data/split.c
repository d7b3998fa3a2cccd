// SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause
/*
 * Stratified split: each class gives the same share of its rows to the test part.
 */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "fail.h"
#include "labels.h"
#include "matrix.h"
#include "memory.h"

/* Sebastiano Vigna's splitmix64: any seed will do, zero included. */
static uint64_t next(uint64_t *state)
{
	uint64_t z = (*state += 0x9e3779b97f4a7c15ull);

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ull;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebull;
	return z ^ (z >> 31);
}

/* Unbiased, 0 <= result < n: throws away the top of the range that is no multiple of n. */
static uint64_t below(uint64_t *state, uint64_t n)
{
	uint64_t skip = -n % n, x;

	do {
		x = next(state);
	} while (x < skip);
	return x % n;
}

/* Marks round(share * n) of the @n rows listed in @rows, drawn without replacement. */
static void draw(size_t *rows, size_t n, double share, uint64_t *state, uint8_t *in_test)
{
	double want = floor(share * (double)n + 0.5);
	size_t k = want < 1 ? 1 : want > (double)(n - 1) ? n - 1 : (size_t)want;

	for (size_t i = 0; i < k; i++) {
		size_t j = i + (size_t)below(state, n - i), row = rows[j];

		rows[j] = rows[i];
		rows[i] = row;
		in_test[row] = 1;
	}
}

/* Rows by class, order kept: a counting sort. @start has nr_classes + 1 entries. */
static void by_class(const struct wattle_dataset *d, size_t *start, size_t *rows)
{
	for (size_t r = 0; r < d->x.rows; r++)
		start[d->labels[r]]++;
	for (size_t c = 0, sum = 0; c <= d->nr_classes; c++) {
		size_t n = start[c];

		start[c] = sum;
		sum += n;
	}
	for (size_t r = 0; r < d->x.rows; r++)
		rows[start[d->labels[r]]++] = r;
	/* Every start has moved to the next one's place. */
	memmove(start + 1, start, d->nr_classes * sizeof(*start));
	start[0] = 0;
}

static int take(struct wattle_dataset *out, const struct wattle_dataset *d,
		const uint8_t *in_test, uint8_t which, size_t rows, struct wattle_ml_error *e)
{
	size_t bytes = d->x.stride * wattle_dtype__size(d->x.dtype), n = 0;
	int err;

	err = wattle_memory__check(rows, d->x.cols, wattle_dtype__size(d->x.dtype),
				   "a part of the split", e);
	if (err)
		return err;
	if (wattle_matrix__alloc_raw(&out->x, rows, d->x.cols, d->x.dtype))
		return wattle_ml__no_memory(e, "a part of the split");
	if (out->x.stride != d->x.stride)
		return wattle_ml__fail(e, -EINVAL,
				       "the matrix has a stride of %zu elements, %zu expected",
				       d->x.stride, out->x.stride);
	out->labels = calloc(rows, sizeof(*out->labels));
	out->class_names = wattle_names__dup(d->class_names, d->nr_classes);
	out->feature_names = wattle_names__dup(d->feature_names, d->x.cols);
	/* How wattle_dataset__free() knows the number of names. */
	out->nr_classes = d->nr_classes;
	out->format = d->format;
	if (!out->labels || (d->class_names && !out->class_names) ||
	    (d->feature_names && !out->feature_names))
		return wattle_ml__no_memory(e, "a part of the split");
	for (size_t r = 0; r < d->x.rows; r++) {
		if (in_test[r] != which)
			continue;
		memcpy((char *)out->x.data + n * bytes, (char *)d->x.data + r * bytes, bytes);
		out->labels[n++] = d->labels[r];
	}
	return 0;
}

static int check(const struct wattle_dataset *d, double share, struct wattle_ml_error *e)
{
	if (!(share > 0 && share < 1))
		return wattle_ml__fail(e, -EINVAL,
				       "a test share of %g; it must lie between 0 and 1, both excluded",
				       share);
	if (!d->labels)
		return wattle_ml__fail(e, -EINVAL,
				       "a stratified split needs labels, and the data have none");
	for (size_t r = 0; r < d->x.rows; r++)
		if (d->labels[r] >= d->nr_classes)
			return wattle_ml__fail(e, -EINVAL,
					       "sample %zu has class index %u, with %u classes",
					       r + 1, d->labels[r], d->nr_classes);
	return 0;
}

int wattle_dataset__split(const struct wattle_dataset *d, double share, uint64_t seed,
			  struct wattle_dataset *train, struct wattle_dataset *test,
			  struct wattle_ml_error *e)
{
	size_t *start = NULL, *rows = NULL, nr_test = 0;
	uint8_t *in_test = NULL;
	uint64_t state = seed;
	int err;

	memset(train, 0, sizeof(*train));
	memset(test, 0, sizeof(*test));
	err = check(d, share, e);
	if (err)
		return err;
	start = calloc((size_t)d->nr_classes + 1, sizeof(*start));
	rows = calloc(d->x.rows, sizeof(*rows));
	in_test = calloc(d->x.rows, 1);
	if (!start || !rows || !in_test) {
		err = wattle_ml__no_memory(e, "the split");
		goto out_free;
	}
	by_class(d, start, rows);
	for (uint32_t c = 0; c < d->nr_classes; c++) {
		size_t n = start[c + 1] - start[c];
		const char *name = d->class_names ? d->class_names[c] : "?";

		if (!n)
			continue;	/* a class of another file (relabel) */
		if (n == 1) {
			err = wattle_ml__fail(e, -EINVAL,
					      "class %s has a single sample (number %zu): it cannot be in both parts; add samples of it or drop it",
					      wattle_ml__quote(name, strlen(name)).s,
					      rows[start[c]] + 1);
			goto out_free;
		}
		draw(rows + start[c], n, share, &state, in_test);
	}
	for (size_t r = 0; r < d->x.rows; r++)
		nr_test += in_test[r];
	err = take(train, d, in_test, 0, d->x.rows - nr_test, e);
	if (!err)
		err = take(test, d, in_test, 1, nr_test, e);
	if (err) {
		wattle_dataset__free(train);
		wattle_dataset__free(test);
	}

out_free:
	free(start);
	free(rows);
	free(in_test);
	return err;
}
