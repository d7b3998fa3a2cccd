// SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause
#include "ml/data/readers.h"
#include "target.h"

/* The bytes are read as samples, and as the labels of one to four samples. */
void fuzz_npy(const uint8_t *data, size_t size)
{
	struct wattle_dataset d = { 0 };
	struct wattle_ml_error e = { "" };
	int err;

	wattle_memory__set_limit(FUZZ_MEMORY);
	err = wattle_npy__parse(&d, "f", (const char *)data, size, &e);
	check_dataset(&d, err, &e);
	wattle_dataset__free(&d);
	for (size_t rows = 1; rows <= 4; rows++) {
		memset(&e, 0, sizeof(e));
		d.x.rows = rows;
		err = wattle_npy__parse_labels(&d, "f", (const char *)data, size, &e);
		CHECK(err <= 0 && (!err || strlen(e.msg) > 8));
		CHECK(!err == !!d.labels);
		for (size_t r = 0; r < rows && !err; r++)
			CHECK(d.labels[r] < d.nr_classes && d.class_names[d.labels[r]]);
		wattle_dataset__free(&d);
	}
}
