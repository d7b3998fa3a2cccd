/* SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause */
/*
 * The readers, as wattle_dataset__read() calls them. Each takes bytes and a path
 * that is used in messages alone, so that tests and fuzzers need no files.
 *
 * All return 0 or a negative errno with a message; on failure @d is as it was:
 * zero. -EINVAL is what is wrong with values or form, -EBADMSG a file that is cut
 * short, too long or damaged, -EOVERFLOW and -ENOMEM sizes that cannot be.
 */
#ifndef WATTLE_ML_DATA_READERS_H
#define WATTLE_ML_DATA_READERS_H

#include <wattle/ml.h>

/**
 * wattle_csv__parse() - read CSV or TSV
 * @d:		filled in
 * @path:	for messages
 * @buf:	text
 * @len:	its length
 * @sep:	separator, 0 = guess
 * @opts:	as for wattle_dataset__read()
 * @e:		error
 */
int wattle_csv__parse(struct wattle_dataset *d, const char *path, const char *buf, size_t len,
		      char sep, const struct wattle_read_opts *opts, struct wattle_ml_error *e);

/* Does the text start as the format does? */
bool wattle_idx__probe(const char *buf, size_t len);
bool wattle_npy__probe(const char *buf, size_t len);

/**
 * wattle_idx__parse() - read IDX samples, gzip-compressed or not
 * @d:		@d->x is filled in
 * @path:	for messages
 * @buf:	bytes
 * @len:	how many
 * @e:		error
 *
 * Unsigned bytes stay bytes (WATTLE_U8); the other types become float.
 */
int wattle_idx__parse(struct wattle_dataset *d, const char *path, const char *buf, size_t len,
		      struct wattle_ml_error *e);

/**
 * wattle_idx__parse_labels() - read an IDX label file
 * @d:		@d->labels, nr_classes and class_names are filled in; @d->x.rows says how many
 *		labels there must be
 * @path:	for messages
 * @buf:	bytes
 * @len:	how many
 * @e:		error
 */
int wattle_idx__parse_labels(struct wattle_dataset *d, const char *path, const char *buf,
			     size_t len, struct wattle_ml_error *e);

/* The same for .npy: <f4 <f8 <i4 <i8 |u1 |b1 in C order. */
int wattle_npy__parse(struct wattle_dataset *d, const char *path, const char *buf, size_t len,
		      struct wattle_ml_error *e);
int wattle_npy__parse_labels(struct wattle_dataset *d, const char *path, const char *buf,
			     size_t len, struct wattle_ml_error *e);

#endif
