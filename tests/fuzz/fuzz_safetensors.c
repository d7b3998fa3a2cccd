// SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause
#include <errno.h>

#include "ml/model/safetensors.h"
#include "target.h"

/* What was read can be written, and reads back the same. */
static void round_trip(const struct wattle_model *m)
{
	struct wattle_model back;
	struct wattle_ml_error e;
	size_t len;
	char *buf;

	CHECK(!wattle_safetensors__bytes(m, &buf, &len, &e));
	CHECK(!wattle_safetensors__parse(&back, "f", buf, len, &e));
	CHECK(back.cols == m->cols && back.nr_outputs == m->nr_outputs && back.loss == m->loss);
	CHECK(!memcmp(back.w, m->w, m->cols * m->nr_outputs * sizeof(float)));
	for (uint32_t k = 0; k < m->nr_classes; k++)
		CHECK(!strcmp(back.class_names[k], m->class_names[k]));
	wattle_model__free(&back);
	free(buf);
}

void fuzz_safetensors(const uint8_t *data, size_t size)
{
	static const struct wattle_model zero;
	struct wattle_model m;
	struct wattle_ml_error e = { "" };
	int err = wattle_safetensors__parse(&m, "f", (const char *)data, size, &e);

	if (err) {
		CHECK(err == -EBADMSG || err == -EPROTO);
		CHECK(strlen(e.msg) > 8);
		CHECK(!memcmp(&m, &zero, sizeof(zero)));
		return;
	}
	round_trip(&m);
	wattle_model__free(&m);
}
