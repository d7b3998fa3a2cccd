// SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause
#include <endian.h>
#include <errno.h>
#include <inttypes.h>
#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "ml/data/fail.h"
#include "ml/data/input.h"
#include "ml/data/labels.h"
#include "ml/data/scaler.h"
#include "ml/model/pca.h"
#include "safetensors.h"

#if __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
#error "tensors are copied as they are: little-endian machines only"
#endif

#define MAX_DIMS	8u
#define MAX_TENSORS	64u	/* the schema has eight; more is another schema, told apart below */

struct tensor {
	const char	*name;
	const char	*dtype;
	size_t		elem;
	unsigned int	nr_dims;
	uint64_t	dims[MAX_DIMS];
	uint64_t	begin;
	uint64_t	end;
};

struct file {
	const char	*path;
	json_t		*header;
	const char	*data;
	uint64_t	data_len;
	struct tensor	tensors[MAX_TENSORS];
	unsigned int	nr_tensors;
};

static size_t dtype_size(const char *dtype)
{
	static const struct {
		const char	*name;
		size_t		size;
	} dtypes[] = {
		{ "BOOL", 1 }, { "U8", 1 }, { "I8", 1 }, { "F8_E5M2", 1 }, { "F8_E4M3", 1 },
		{ "I16", 2 }, { "U16", 2 }, { "F16", 2 }, { "BF16", 2 },
		{ "I32", 4 }, { "U32", 4 }, { "F32", 4 },
		{ "F64", 8 }, { "I64", 8 }, { "U64", 8 },
	};

	for (size_t i = 0; i < sizeof(dtypes) / sizeof(dtypes[0]); i++)
		if (!strcmp(dtype, dtypes[i].name))
			return dtypes[i].size;
	return 0;
}

static bool get_size(const json_t *j, uint64_t *v)
{
	if (!json_is_integer(j) || json_integer_value(j) < 0)
		return false;
	*v = (uint64_t)json_integer_value(j);
	return true;
}

static int bad_tensor(const struct file *f, const char *name, const char *what,
		      struct wattle_ml_error *e)
{
	return wattle_ml__fail(e, -EBADMSG, "%s: not a valid safetensors file: tensor %s %s",
			       f->path, wattle_ml__quote(name, strlen(name)).s, what);
}

static int parse_tensor(struct file *f, const char *name, const json_t *j,
			struct wattle_ml_error *e)
{
	const json_t *shape = json_object_get(j, "shape");
	const json_t *offsets = json_object_get(j, "data_offsets");
	const char *dtype = json_string_value(json_object_get(j, "dtype"));
	struct tensor *t = &f->tensors[f->nr_tensors];
	uint64_t bytes;

	if (!json_is_object(j) || json_object_size(j) != 3 || !dtype || !json_is_array(shape) ||
	    !json_is_array(offsets) || json_array_size(offsets) != 2)
		return bad_tensor(f, name, "lacks dtype, shape or data_offsets", e);
	t->name = name;
	t->dtype = dtype;
	t->elem = dtype_size(dtype);
	if (!t->elem)
		return bad_tensor(f, name, "has a dtype that does not exist", e);
	if (json_array_size(shape) > MAX_DIMS)
		return bad_tensor(f, name, "has more than 8 dimensions", e);
	t->nr_dims = (unsigned int)json_array_size(shape);
	bytes = t->elem;
	for (unsigned int i = 0; i < t->nr_dims; i++)
		if (!get_size(json_array_get(shape, i), &t->dims[i]) ||
		    __builtin_mul_overflow(bytes, t->dims[i], &bytes))
			return bad_tensor(f, name, "has an impossible shape", e);
	if (!get_size(json_array_get(offsets, 0), &t->begin) ||
	    !get_size(json_array_get(offsets, 1), &t->end) || t->end < t->begin)
		return bad_tensor(f, name, "has impossible data_offsets", e);
	if (t->end - t->begin != bytes)
		return bad_tensor(f, name, "has a shape that its data_offsets do not hold", e);
	f->nr_tensors++;
	return 0;
}

static int by_begin(const void *a, const void *b)
{
	const struct tensor *x = a, *y = b;

	if (x->begin != y->begin)
		return x->begin < y->begin ? -1 : 1;
	return x->end < y->end ? -1 : x->end > y->end;
}

/* The tensors must fill the data from the first byte to the last, once. */
static int check_layout(struct file *f, struct wattle_ml_error *e)
{
	uint64_t at = 0;

	qsort(f->tensors, f->nr_tensors, sizeof(f->tensors[0]), by_begin);
	for (unsigned int i = 0; i < f->nr_tensors; i++) {
		if (f->tensors[i].begin != at)
			return bad_tensor(f, f->tensors[i].name,
					  f->tensors[i].begin < at ? "overlaps another one" :
					  "leaves a gap before it", e);
		at = f->tensors[i].end;
	}
	if (at > f->data_len)
		return wattle_ml__fail(e, -EBADMSG,
				       "%s: cut short: %" PRIu64 " bytes of tensors announced, %"
				       PRIu64 " are there; copy the file again",
				       f->path, at, f->data_len);
	if (at < f->data_len)
		return wattle_ml__fail(e, -EBADMSG,
				       "%s: %" PRIu64 " bytes follow the last tensor; copy the file again",
				       f->path, f->data_len - at);
	return 0;
}

static int other_schema(const struct file *f, const char *what, struct wattle_ml_error *e)
{
	return wattle_ml__fail(e, -EPROTO,
			       "%s: not a model of schema " WATTLE_MODEL_SCHEMA ": %s; was it written by another program or version?",
			       f->path, what);
}

static int parse_header(struct file *f, const char *buf, size_t len, struct wattle_ml_error *e)
{
	json_error_t je;
	const char *name;
	uint64_t n;
	json_t *j;
	int err;

	if (len < sizeof(n))
		return wattle_ml__fail(e, -EBADMSG,
				       "%s: cut short: %zu bytes, not even the 8 of the header's length",
				       f->path, len);
	memcpy(&n, buf, sizeof(n));
	n = le64toh(n);
	if (n > SAFETENSORS_MAX_HEADER)
		return wattle_ml__fail(e, -EBADMSG,
				       "%s: not a safetensors file: a header of %" PRIu64 " bytes",
				       f->path, n);
	if (n > len - sizeof(n))
		return wattle_ml__fail(e, -EBADMSG,
				       "%s: cut short, or not a safetensors file: a header of %"
				       PRIu64 " bytes announced, %zu follow",
				       f->path, n, len - sizeof(n));
	if (!n || buf[sizeof(n)] != '{')
		return wattle_ml__fail(e, -EBADMSG,
				       "%s: not a safetensors file: the header is no JSON object",
				       f->path);
	f->header = json_loadb(buf + sizeof(n), (size_t)n, JSON_REJECT_DUPLICATES, &je);
	if (!f->header)
		return wattle_ml__fail(e, -EBADMSG,
				       "%s: not a valid safetensors file: header, byte %d: %s",
				       f->path, je.position, je.text);
	f->data = buf + sizeof(n) + n;
	f->data_len = len - sizeof(n) - n;
	json_object_foreach(f->header, name, j) {
		if (!strcmp(name, "__metadata__"))
			continue;
		if (f->nr_tensors == MAX_TENSORS)
			return other_schema(f, "it holds more than 64 tensors", e);
		err = parse_tensor(f, name, j, e);
		if (err)
			return err;
	}
	return check_layout(f, e);
}

static const struct tensor *find(const struct file *f, const char *name)
{
	for (unsigned int i = 0; i < f->nr_tensors; i++)
		if (!strcmp(f->tensors[i].name, name))
			return &f->tensors[i];
	return NULL;
}

/* A copy of a tensor's bytes, aligned; offsets in the file need not be. */
static void *copy(const struct file *f, const struct tensor *t)
{
	size_t n = (size_t)(t->end - t->begin);
	void *p = malloc(n ? n : 1);

	if (p)
		memcpy(p, f->data + t->begin, n);
	return p;
}

static char **parse_names(const char *text, size_t *n)
{
	json_t *array = json_loads(text, 0, NULL), *j;
	char **names = NULL;
	size_t i;

	if (!json_is_array(array))
		goto out_free;
	names = calloc(json_array_size(array) + 1, sizeof(*names));
	if (!names)
		goto out_free;
	json_array_foreach(array, i, j) {
		names[i] = json_is_string(j) ? strdup(json_string_value(j)) : NULL;
		if (!names[i]) {
			wattle_names__free(names, i);
			names = NULL;
			goto out_free;
		}
	}
	*n = json_array_size(array);

out_free:
	json_decref(array);
	return names;
}

static int read_metadata(const struct file *f, struct wattle_model *m, size_t *nr_features,
			 struct wattle_ml_error *e)
{
	const json_t *meta = json_object_get(f->header, "__metadata__");
	const char *schema = json_string_value(json_object_get(meta, "schema"));
	const char *loss = json_string_value(json_object_get(meta, "loss"));
	const char *classes = json_string_value(json_object_get(meta, "classes"));
	const char *features = json_string_value(json_object_get(meta, "features"));
	char what[128];
	size_t n = 0;

	if (!schema)
		return other_schema(f, "its metadata name no schema", e);
	if (strcmp(schema, WATTLE_MODEL_SCHEMA)) {
		snprintf(what, sizeof(what), "its schema is %s",
			 wattle_ml__quote(schema, strlen(schema)).s);
		return other_schema(f, what, e);
	}
	if (!loss || (strcmp(loss, "log") && strcmp(loss, "squared")))
		return other_schema(f, "loss is neither log nor squared", e);
	m->loss = strcmp(loss, "log") ? WATTLE_LOSS_SQUARED : WATTLE_LOSS_LOG;
	m->class_names = classes ? parse_names(classes, &n) : NULL;
	if (m->class_names && n <= WATTLE_MAX_CLASSES)
		m->nr_classes = (uint32_t)n;
	if (!m->class_names || m->nr_classes < 2) {
		wattle_names__free(m->class_names, n);
		m->class_names = NULL;
		return other_schema(f, "classes is no list of 2 to 4096 names", e);
	}
	m->nr_outputs = n == 2 ? 1 : (uint32_t)n;
	*nr_features = 0;
	if (features) {
		m->feature_names = parse_names(features, nr_features);
		if (!m->feature_names)
			return other_schema(f, "features is no list of names", e);
	}
	return 0;
}

static bool is_f64(const struct tensor *t, unsigned int nr_dims, uint64_t rows, uint64_t cols)
{
	return !strcmp(t->dtype, "F64") && t->nr_dims == nr_dims && t->dims[0] == rows &&
	       (nr_dims == 1 || t->dims[1] == cols);
}

/* The number of features, from its own tensors; 0 when there is no PCA. @m->cols is known. */
static int read_pca(const struct file *f, struct wattle_model *m, struct wattle_ml_error *e)
{
	const struct tensor *mean = find(f, "pca.mean"), *scale = find(f, "pca.scale");
	const struct tensor *v = find(f, "pca.components"), *var = find(f, "pca.variance");
	const json_t *meta = json_object_get(f->header, "__metadata__");
	const char *whiten = json_string_value(json_object_get(meta, "pca_whiten"));
	const char *total = json_string_value(json_object_get(meta, "pca_total"));
	struct wattle_pca p = { .k = m->cols };
	char *end;

	if (!mean && !scale && !v && !var)
		return 0;
	if (!mean || !scale || !v || !var)
		return other_schema(f, "it holds a part of a PCA only", e);
	if (mean->nr_dims != 1 || !mean->dims[0] || !is_f64(mean, 1, mean->dims[0], 0) ||
	    !is_f64(scale, 1, mean->dims[0], 0) || !is_f64(v, 2, m->cols, mean->dims[0]) ||
	    !is_f64(var, 1, m->cols, 0))
		return other_schema(f, "its PCA is not F64 numbers for every feature and component",
				    e);
	if (!whiten || (strcmp(whiten, "yes") && strcmp(whiten, "no")))
		return other_schema(f, "pca_whiten is neither yes nor no", e);
	p.total = total ? strtod(total, &end) : 0.0;
	if (!total || end == total || *end)
		return other_schema(f, "pca_total is no number", e);
	p.whiten = !strcmp(whiten, "yes");
	p.mean = copy(f, mean);
	p.scale = copy(f, scale);
	p.components = copy(f, v);
	p.variance = copy(f, var);
	p.cols = (size_t)mean->dims[0];
	if (!p.mean || !p.scale || !p.components || !p.variance) {
		wattle_pca__free(&p);
		return wattle_ml__no_memory(e, f->path);
	}
	if (!wattle_pca__valid(&p)) {
		wattle_pca__free(&p);
		return other_schema(f, "its PCA holds numbers that cannot be (not finite, a scale or a whitened variance of 0, or components longer than 1)",
				    e);
	}
	m->pca = p;
	return 0;
}

static int read_tensors(const struct file *f, struct wattle_model *m, size_t nr_features,
			struct wattle_ml_error *e)
{
	const struct tensor *w = find(f, "weight"), *b = find(f, "bias");
	const struct tensor *mean = find(f, "scaler.mean"), *scale = find(f, "scaler.scale");
	int err;

	/* Until cols is known, wattle_model__free() would not find the names. */
	m->cols = nr_features;
	if (!w || !b)
		return other_schema(f, "weight or bias is missing", e);
	if (strcmp(w->dtype, "F32") || strcmp(b->dtype, "F32"))
		return other_schema(f, "weight or bias is not F32", e);
	if (w->nr_dims != 2 || w->dims[0] != m->nr_outputs || !w->dims[1] || b->nr_dims != 1 ||
	    b->dims[0] != m->nr_outputs)
		return other_schema(f, "weight or bias does not fit the number of classes", e);
	m->cols = (size_t)w->dims[1];
	err = read_pca(f, m, e);
	if (!err && m->feature_names && nr_features != wattle_model__features(m))
		err = other_schema(f, m->pca.cols ? "features and pca.mean differ in number" :
				   "features and weight differ in number", e);
	if (err) {
		/* As above: by this number the names are freed. */
		wattle_pca__free(&m->pca);
		m->cols = nr_features;
		return err;
	}
	if (!mean != !scale)
		return other_schema(f, "one of scaler.mean and scaler.scale is missing", e);
	if (f->nr_tensors != (mean ? 4u : 2u) + (m->pca.cols ? 4u : 0u))
		return other_schema(f, "it holds tensors that do not belong to it", e);
	if (mean && (strcmp(mean->dtype, "F64") || strcmp(scale->dtype, "F64") ||
		     mean->nr_dims != 1 || scale->nr_dims != 1 || mean->dims[0] != m->cols ||
		     scale->dims[0] != m->cols))
		return other_schema(f, "the scaler is not two F64 values per feature", e);
	m->w = copy(f, w);
	m->b = copy(f, b);
	if (!m->w || !m->b)
		return wattle_ml__no_memory(e, f->path);
	if (mean) {
		m->scaler.mean = copy(f, mean);
		m->scaler.scale = copy(f, scale);
		if (!m->scaler.mean || !m->scaler.scale)
			return wattle_ml__no_memory(e, f->path);
		m->scaler.cols = m->cols;
	}
	return 0;
}

/* Says which: the position counts from 0, as in the tensor's shape. */
static int bad_value(const struct file *f, const char *tensor, size_t row, size_t at, bool matrix,
		     double v, const char *must, struct wattle_ml_error *e)
{
	char what[160], where[48];

	if (matrix)
		snprintf(where, sizeof(where), "[%zu, %zu]", row, at);
	else
		snprintf(where, sizeof(where), "[%zu]", at);
	snprintf(what, sizeof(what), "%s%s is %g, and must be %s", tensor, where, v, must);
	return other_schema(f, what, e);
}

static int check_values(const struct file *f, const struct wattle_model *m,
			struct wattle_ml_error *e)
{
	size_t i;

	for (i = 0; i < m->nr_outputs * m->cols; i++)
		if (!isfinite(m->w[i]))
			return bad_value(f, "weight", i / m->cols, i % m->cols, true,
					 (double)m->w[i], "finite", e);
	for (i = 0; i < m->nr_outputs; i++)
		if (!isfinite(m->b[i]))
			return bad_value(f, "bias", 0, i, false, (double)m->b[i], "finite", e);
	for (i = 0; i < m->scaler.cols; i++) {
		if (!isfinite(m->scaler.mean[i]))
			return bad_value(f, "scaler.mean", 0, i, false, m->scaler.mean[i],
					 "finite", e);
		if (!wattle_scaler__usable(m->scaler.scale[i]))
			return bad_value(f, "scaler.scale", 0, i, false, m->scaler.scale[i],
					 "finite and at least 2.94e-39", e);
	}
	return 0;
}

int wattle_safetensors__parse(struct wattle_model *m, const char *path, const char *buf,
			      size_t len, struct wattle_ml_error *e)
{
	struct file f = { .path = path };
	size_t nr_features = 0;
	int err;

	memset(m, 0, sizeof(*m));
	err = parse_header(&f, buf, len, e);
	if (!err) {
		err = read_metadata(&f, m, &nr_features, e);
		if (!err)
			err = read_tensors(&f, m, nr_features, e);
		if (!err)
			err = check_values(&f, m, e);
	}
	json_decref(f.header);
	if (err)
		wattle_model__free(m);
	return err;
}

int wattle_model__load(struct wattle_model *m, const char *path, struct wattle_ml_error *e)
{
	struct wattle_input in;
	int err;

	memset(m, 0, sizeof(*m));
	err = wattle_input__open(&in, path, e);
	if (err == -ENODATA)
		return wattle_ml__fail(e, -EBADMSG, "%s: cut short: the file is empty", path);
	if (err)
		return err;
	err = wattle_safetensors__parse(m, path, in.data, in.size, e);
	wattle_input__close(&in);
	return err;
}
