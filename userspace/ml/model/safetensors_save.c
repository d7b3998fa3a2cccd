// SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause
#include <endian.h>
#include <errno.h>
#include <inttypes.h>
#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "atomic_file.h"
#include "ml/data/fail.h"
#include "ml/data/scaler.h"
#include "ml/data/utf8.h"
#include "ml/model/pca.h"
#include "safetensors.h"

static json_t *names_array(char *const *names, size_t n)
{
	json_t *array = json_array();

	for (size_t i = 0; i < n; i++)
		if (json_array_append_new(array, json_string(names[i]))) {
			json_decref(array);
			return NULL;
		}
	return array;
}

/* Metadata values are strings, so a list is a string of JSON. */
static int set_names(json_t *meta, const char *key, char *const *names, size_t n)
{
	json_t *array = names_array(names, n);
	char *text = array ? json_dumps(array, JSON_COMPACT) : NULL;
	int ret = -1;

	if (text)
		ret = json_object_set_new(meta, key, json_string(text));
	free(text);
	json_decref(array);
	return ret;
}

static int set_tensor(json_t *header, const char *name, const char *dtype, size_t elem,
		      size_t rows, size_t cols, uint64_t *at)
{
	uint64_t begin = *at;
	json_t *t;

	*at += rows * cols * elem;
	t = rows == 1 && strcmp(name, "weight") && strcmp(name, "pca.components") ?
		json_pack("{s:s, s:[I], s:[I,I]}", "dtype", dtype, "shape", (json_int_t)cols,
			  "data_offsets", (json_int_t)begin, (json_int_t)*at) :
		json_pack("{s:s, s:[I,I], s:[I,I]}", "dtype", dtype, "shape", (json_int_t)rows,
			  (json_int_t)cols, "data_offsets", (json_int_t)begin, (json_int_t)*at);
	return json_object_set_new(header, name, t);
}

/* F64 first: then every tensor is aligned to its elements. */
static char *header_text(const struct wattle_model *m, uint64_t *data_len)
{
	json_t *header = json_object(), *meta = json_object();
	char *text = NULL;
	char total[32];
	uint64_t at = 0;
	int bad;

	bad = json_object_set_new(header, "__metadata__", meta);
	bad |= json_object_set_new(meta, "schema", json_string(WATTLE_MODEL_SCHEMA));
	bad |= json_object_set_new(meta, "loss", json_string(m->loss == WATTLE_LOSS_SQUARED ?
							     "squared" : "log"));
	bad |= set_names(meta, "classes", m->class_names, m->nr_classes);
	if (m->feature_names)
		bad |= set_names(meta, "features", m->feature_names, wattle_model__features(m));
	if (m->pca.cols) {
		/* Enough digits to get the same double back. */
		snprintf(total, sizeof(total), "%.17g", m->pca.total);
		bad |= json_object_set_new(meta, "pca_whiten",
					   json_string(m->pca.whiten ? "yes" : "no"));
		bad |= json_object_set_new(meta, "pca_total", json_string(total));
		bad |= set_tensor(header, "pca.mean", "F64", 8, 1, m->pca.cols, &at);
		bad |= set_tensor(header, "pca.scale", "F64", 8, 1, m->pca.cols, &at);
		bad |= set_tensor(header, "pca.components", "F64", 8, m->cols, m->pca.cols, &at);
		bad |= set_tensor(header, "pca.variance", "F64", 8, 1, m->cols, &at);
	}
	if (m->scaler.cols) {
		bad |= set_tensor(header, "scaler.mean", "F64", 8, 1, m->cols, &at);
		bad |= set_tensor(header, "scaler.scale", "F64", 8, 1, m->cols, &at);
	}
	bad |= set_tensor(header, "weight", "F32", 4, m->nr_outputs, m->cols, &at);
	bad |= set_tensor(header, "bias", "F32", 4, 1, m->nr_outputs, &at);
	if (!bad)
		text = json_dumps(header, JSON_COMPACT | JSON_PRESERVE_ORDER);
	json_decref(header);
	*data_len = at;
	return text;
}

static int check_names(char *const *names, size_t n, const char *what, struct wattle_ml_error *e)
{
	for (size_t i = 0; names && i < n; i++)
		if (!wattle_utf8__valid(names[i], strlen(names[i])))
			return wattle_ml__fail(e, -EILSEQ, "%s %zu, %s, is not UTF-8", what, i + 1,
					       wattle_ml__quote(names[i], strlen(names[i])).s);
	return 0;
}

static int check(const struct wattle_model *m, struct wattle_ml_error *e)
{
	int err;

	if (!m->w || !m->b || !m->cols || m->nr_classes < 2 || !m->class_names ||
	    m->nr_outputs != (m->nr_classes == 2 ? 1 : m->nr_classes) ||
	    (m->scaler.cols && m->scaler.cols != m->cols) ||
	    (m->pca.cols && m->pca.k != m->cols))
		return wattle_ml__fail(e, -EINVAL, "the model is empty or inconsistent");
	for (size_t i = 0; i < m->nr_outputs * m->cols; i++)
		if (!isfinite(m->w[i]))
			goto not_finite;
	for (size_t i = 0; i < m->nr_outputs; i++)
		if (!isfinite(m->b[i]))
			goto not_finite;
	for (size_t i = 0; i < m->scaler.cols; i++)
		if (!isfinite(m->scaler.mean[i]) || !wattle_scaler__usable(m->scaler.scale[i]))
			goto not_finite;
	if (!wattle_pca__valid(&m->pca))
		goto not_finite;
	err = check_names(m->class_names, m->nr_classes, "class name", e);
	return err ? err : check_names(m->feature_names, wattle_model__features(m),
				       "feature name", e);

not_finite:
	return wattle_ml__fail(e, -EINVAL,
			       "the model holds values that are not finite: training diverged; lower the step");
}

static char *put(char *p, const void *data, size_t n)
{
	memcpy(p, data, n);
	return p + n;
}

int wattle_safetensors__bytes(const struct wattle_model *m, char **buf, size_t *len,
			      struct wattle_ml_error *e)
{
	size_t text_len, header_len;
	uint64_t data_len, le;
	char *text, *p;
	int err = check(m, e);

	if (err)
		return err;
	text = header_text(m, &data_len);
	if (!text)
		return wattle_ml__no_memory(e, "the model's header");
	text_len = strlen(text);
	header_len = (text_len + 7) & ~(size_t)7;
	if (header_len > SAFETENSORS_MAX_HEADER) {
		free(text);
		return wattle_ml__fail(e, -EFBIG,
				       "the names take %zu bytes, the format allows %u; shorten them",
				       text_len, SAFETENSORS_MAX_HEADER);
	}
	*len = sizeof(le) + header_len + (size_t)data_len;
	*buf = malloc(*len);
	if (!*buf) {
		free(text);
		return wattle_ml__no_memory(e, "the model's file");
	}
	le = htole64(header_len);
	p = put(*buf, &le, sizeof(le));
	p = put(p, text, text_len);
	/* Blanks up to 8 bytes, as the format has it: the data stay aligned. */
	memset(p, ' ', header_len - text_len);
	p += header_len - text_len;
	free(text);
	if (m->pca.cols) {
		p = put(p, m->pca.mean, m->pca.cols * sizeof(double));
		p = put(p, m->pca.scale, m->pca.cols * sizeof(double));
		p = put(p, m->pca.components, m->cols * m->pca.cols * sizeof(double));
		p = put(p, m->pca.variance, m->cols * sizeof(double));
	}
	if (m->scaler.cols) {
		p = put(p, m->scaler.mean, m->cols * sizeof(double));
		p = put(p, m->scaler.scale, m->cols * sizeof(double));
	}
	p = put(p, m->w, m->nr_outputs * m->cols * sizeof(float));
	put(p, m->b, m->nr_outputs * sizeof(float));
	return 0;
}

int wattle_model__save(const struct wattle_model *m, const char *path, struct wattle_ml_error *e)
{
	size_t len;
	char *buf;
	int err = wattle_safetensors__bytes(m, &buf, &len, e);

	if (err)
		return err;
	err = wattle_atomic_file__write(path, buf, len, e);
	free(buf);
	return err;
}
