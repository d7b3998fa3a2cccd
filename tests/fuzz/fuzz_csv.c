// SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause
#include "ml/data/readers.h"
#include "target.h"

/* The first byte chooses how to read the rest. */
void fuzz_csv(const uint8_t *data, size_t size)
{
	static const char * const labels[] = { NULL, "1", "a", "label" };
	struct wattle_read_opts opts = { .sz = sizeof(opts) };
	struct wattle_dataset d = { 0 };
	struct wattle_ml_error e = { "" };
	int err;

	if (!size)
		return;
	opts.header = *data % 3 - 1;
	opts.unlabelled = *data & 0x20;
	opts.label = labels[*data / 64];
	wattle_memory__set_limit(FUZZ_MEMORY);
	err = wattle_csv__parse(&d, "f", (const char *)data + 1, size - 1, *data & 0x10 ? '\t' : 0,
				&opts, &e);
	check_dataset(&d, err, &e);
	wattle_dataset__free(&d);
}
