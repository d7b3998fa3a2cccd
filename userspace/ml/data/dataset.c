// SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause
/*
 * A path to a data set: which reader, which label file.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "fail.h"
#include "input.h"
#include "labels.h"
#include "matrix.h"
#include "number.h"
#include "readers.h"

enum format {
	FORMAT_UNKNOWN,
	FORMAT_CSV,
	FORMAT_TSV,
	FORMAT_IDX,
	FORMAT_NPY,
	FORMAT_CSV_GZ,
	FORMAT_NPZ,
};

static bool ends_in(const char *path, const char *end)
{
	size_t n = strlen(path), m = strlen(end);

	return n >= m && !strcasecmp(path + n - m, end);
}

static const char *file_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

/* By name first: what a file is meant to be makes the better message when it is not. */
static enum format find_format(const struct wattle_input *in)
{
	const char *name = file_name(in->path);

	if (ends_in(name, ".csv") || ends_in(name, ".data"))
		return FORMAT_CSV;
	if (ends_in(name, ".tsv") || ends_in(name, ".tab"))
		return FORMAT_TSV;
	if (ends_in(name, ".npy"))
		return FORMAT_NPY;
	if (ends_in(name, ".npz"))
		return FORMAT_NPZ;
	if (ends_in(name, ".csv.gz") || ends_in(name, ".tsv.gz"))
		return FORMAT_CSV_GZ;
	if (ends_in(name, "-ubyte") || ends_in(name, "-ubyte.gz") || strstr(name, ".idx") ||
	    ends_in(name, ".idx.gz"))
		return FORMAT_IDX;
	if (wattle_npy__probe(in->data, in->size))
		return FORMAT_NPY;
	if (wattle_idx__probe(in->data, in->size) ||
	    (in->size >= 2 && !memcmp(in->data, "\x1f\x8b", 2)))
		return FORMAT_IDX;
	if (in->size >= 4 && !memcmp(in->data, "PK\x03\x04", 4))
		return FORMAT_NPZ;
	if (!memchr(in->data, 0, in->size < 4096 ? in->size : 4096))
		return FORMAT_CSV;
	return FORMAT_UNKNOWN;
}

/* train-images-idx3-ubyte.gz -> train-labels-idx1-ubyte.gz; NULL when there is no such name. */
static char *guess_label_path(const char *path, int *err)
{
	const char *name = file_name(path);
	const char *images = NULL, *dims;
	char *out;
	int n;

	*err = 0;
	for (const char *p = strstr(name, "images"); p; p = strstr(p + 1, "images"))
		images = p;
	if (!images)
		return NULL;
	dims = strstr(images, "idx");
	if (dims && dims[3] >= '0' && dims[3] <= '9')
		n = asprintf(&out, "%.*slabels%.*sidx1%s", (int)(images - path), path,
			     (int)(dims - images - 6), images + 6, dims + 4);
	else
		n = asprintf(&out, "%.*slabels%s", (int)(images - path), path, images + 6);
	if (n < 0) {
		*err = -ENOMEM;
		return NULL;
	}
	return out;
}

static int read_labels(struct wattle_dataset *d, const char *path, struct wattle_ml_error *e)
{
	struct wattle_input in;
	int err = wattle_input__open(&in, path, e);

	if (err)
		return err;
	if (wattle_npy__probe(in.data, in.size) || ends_in(path, ".npy"))
		err = wattle_npy__parse_labels(d, path, in.data, in.size, e);
	else
		err = wattle_idx__parse_labels(d, path, in.data, in.size, e);
	wattle_input__close(&in);
	return err;
}

static int read_idx(struct wattle_dataset *d, const struct wattle_input *in,
		    const struct wattle_read_opts *opts, struct wattle_ml_error *e)
{
	char *guessed = NULL;
	int err;

	err = wattle_idx__parse(d, in->path, in->data, in->size, e);
	if (err || opts->unlabelled)
		return err;
	if (opts->label)
		return read_labels(d, opts->label, e);
	guessed = guess_label_path(in->path, &err);
	if (err)
		return wattle_ml__no_memory(e, in->path);
	if (!guessed)
		return wattle_ml__fail(e, -EINVAL,
				       "%s: no label file can be guessed from this name (images -> labels); name one, or read the samples without labels",
				       in->path);
	err = read_labels(d, guessed, e);
	if (err == -ENOENT)
		wattle_ml__fail(e, err,
				"%s: the label file guessed from the name, %s, does not exist; name it, or read the samples without labels",
				in->path, guessed);
	free(guessed);
	return err;
}

static int read_npy(struct wattle_dataset *d, const struct wattle_input *in,
		    const struct wattle_read_opts *opts, struct wattle_ml_error *e)
{
	int err = wattle_npy__parse(d, in->path, in->data, in->size, e);

	if (err || opts->unlabelled || !opts->label)
		return err;
	return read_labels(d, opts->label, e);
}

static int read_input(struct wattle_dataset *d, const struct wattle_input *in,
		      struct wattle_read_opts *opts, struct wattle_ml_error *e)
{
	const enum format format = find_format(in);

	d->format = format == FORMAT_CSV || format == FORMAT_TSV ? WATTLE_FORMAT_TEXT :
		    format == FORMAT_IDX ? WATTLE_FORMAT_IDX : WATTLE_FORMAT_NPY;
	if (opts->label_is_column && d->format != WATTLE_FORMAT_TEXT)
		opts->label = NULL;
	switch (format) {
	case FORMAT_CSV:
		return wattle_csv__parse(d, in->path, in->data, in->size, 0, opts, e);
	case FORMAT_TSV:
		return wattle_csv__parse(d, in->path, in->data, in->size, '\t', opts, e);
	case FORMAT_IDX:
		return read_idx(d, in, opts, e);
	case FORMAT_NPY:
		return read_npy(d, in, opts, e);
	case FORMAT_CSV_GZ:
		return wattle_ml__fail(e, -EINVAL, "%s: compressed text; unpack it first: gunzip -k %s",
				       in->path, in->path);
	case FORMAT_NPZ:
		return wattle_ml__fail(e, -EINVAL,
				       "%s: a zip archive (.npz); save its arrays one by one: np.save('x.npy', f['x'])",
				       in->path);
	case FORMAT_UNKNOWN:
		break;
	}
	return wattle_ml__fail(e, -EINVAL,
			       "%s: neither CSV nor IDX nor .npy, by name or by content", in->path);
}

int wattle_dataset__read(struct wattle_dataset *d, const char *path,
			 const struct wattle_read_opts *opts, struct wattle_ml_error *e)
{
	struct wattle_read_opts o = { .sz = sizeof(o), .header = -1 };
	struct wattle_input in;
	int err;

	memset(d, 0, sizeof(*d));
	if (opts) {
		if (opts->sz < sizeof(o))
			return wattle_ml__fail(e, -EINVAL,
					       "struct wattle_read_opts: sz is %zu, %zu expected; set it to sizeof",
					       opts->sz, sizeof(o));
		o = *opts;
	}
	err = wattle_input__open(&in, path, e);
	if (err)
		return err;
	err = read_input(d, &in, &o, e);
	wattle_input__close(&in);
	if (err)
		wattle_dataset__free(d);
	return err;
}

void wattle_dataset__free(struct wattle_dataset *d)
{
	if (!d)
		return;
	wattle_names__free(d->class_names, d->nr_classes);
	wattle_names__free(d->feature_names, d->x.cols);
	free(d->labels);
	wattle_matrix__free(&d->x);
	memset(d, 0, sizeof(*d));
}

/* The same text, or both numbers and the same value. */
static bool same_class(const char *a, const char *b)
{
	double x, y;

	if (!strcmp(a, b))
		return true;
	return !wattle_number__f64(a, strlen(a), &x) && !wattle_number__f64(b, strlen(b), &y) &&
	       x == y;
}

int wattle_dataset__relabel(struct wattle_dataset *d, char *const *class_names,
			    uint32_t nr_classes, struct wattle_ml_error *e)
{
	uint32_t *map = calloc(d->nr_classes + 1, sizeof(*map));
	char **names = wattle_names__dup(class_names, nr_classes);
	int err;

	if (!map || !names) {
		err = wattle_ml__no_memory(e, "class names");
		goto err_free;
	}
	if (!d->labels) {
		err = wattle_ml__fail(e, -EINVAL, "the samples have no labels to compare with");
		goto err_free;
	}
	/* The very same name first: "1" and "1.0" can be two classes beside "a". */
	for (uint32_t i = 0; i < d->nr_classes; i++) {
		while (map[i] < nr_classes && strcmp(d->class_names[i], names[map[i]]))
			map[i]++;
		if (map[i] < nr_classes)
			continue;
		map[i] = 0;
		while (map[i] < nr_classes && !same_class(d->class_names[i], names[map[i]]))
			map[i]++;
	}
	for (size_t r = 0; r < d->x.rows; r++) {
		const char *name = d->class_names[d->labels[r]];

		if (map[d->labels[r]] < nr_classes)
			continue;
		err = wattle_ml__fail(e, -EINVAL,
				      "sample %zu has the class %s, which is not among the %u known ones; drop such samples, or train with them",
				      r + 1, wattle_ml__quote(name, strlen(name)).s, nr_classes);
		goto err_free;
	}
	for (size_t r = 0; r < d->x.rows; r++)
		d->labels[r] = map[d->labels[r]];
	wattle_names__free(d->class_names, d->nr_classes);
	d->class_names = names;
	d->nr_classes = nr_classes;
	free(map);
	return 0;

err_free:
	wattle_names__free(names, nr_classes);
	free(map);
	return err;
}
