/* SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause */
/*
 * A fuzz target takes any bytes; what comes back must keep the promises below, and
 * the sanitizers watch the rest. One function per format, so that the same code runs
 * under libFuzzer and, on the kept inputs, in the unit tests.
 */
#ifndef WATTLE_TESTS_FUZZ_TARGET_H
#define WATTLE_TESTS_FUZZ_TARGET_H

#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <wattle/ml.h>

#include "ml/data/memory.h"

/* What a single input may make the readers allocate for its matrix. */
#define FUZZ_MEMORY	(64u << 20)

/* Stays under NDEBUG, and names itself where there is no debugger. */
#define CHECK(cond) do {							\
		if (!(cond)) {							\
			fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #cond); \
			abort();						\
		}								\
	} while (0)

void fuzz_csv(const uint8_t *data, size_t size);
void fuzz_idx(const uint8_t *data, size_t size);
void fuzz_npy(const uint8_t *data, size_t size);
void fuzz_safetensors(const uint8_t *data, size_t size);

/* A reader succeeds with a whole data set, or fails with a message and an empty one. */
static inline void check_dataset(const struct wattle_dataset *d, int err,
				 const struct wattle_ml_error *e)
{
	static const struct wattle_dataset zero;

	if (err) {
		CHECK(err < 0);
		CHECK(strlen(e->msg) > 8);
		CHECK(!memcmp(d, &zero, sizeof(zero)));
		return;
	}
	CHECK(d->x.rows && d->x.cols && d->x.stride >= d->x.cols && d->x.data);
	for (size_t r = 0; r < d->x.rows; r++) {
		for (size_t c = 0; c < d->x.stride; c++) {
			size_t at = r * d->x.stride + c;

			if (d->x.dtype == WATTLE_F32) {
				float v = ((float *)d->x.data)[at];

				CHECK(isfinite(v) && (c < d->x.cols || v == 0));
			} else {
				CHECK(c < d->x.cols || !((uint8_t *)d->x.data)[at]);
			}
		}
		CHECK(!d->labels || d->labels[r] < d->nr_classes);
	}
	for (uint32_t k = 0; k < d->nr_classes; k++)
		CHECK(d->class_names[k]);
	for (size_t c = 0; d->feature_names && c < d->x.cols; c++)
		CHECK(d->feature_names[c]);
}

#endif
