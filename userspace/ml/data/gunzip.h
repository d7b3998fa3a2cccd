/* SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause */
/*
 * A run of bytes, gzip-compressed or not, read front to back.
 */
#ifndef WATTLE_ML_DATA_GUNZIP_H
#define WATTLE_ML_DATA_GUNZIP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <zlib.h>
#include <wattle/ml.h>

/**
 * struct bytes - the source
 * @path:	for messages
 * @gz:		it is compressed
 * @done:	the last compressed member has ended, checksum right
 * @p:		next byte when not compressed
 * @left:	how many
 * @z:		decompressor
 * @total:	compressed size
 * @produced:	bytes handed out
 */
struct bytes {
	const char	*path;
	bool		gz;
	bool		done;
	const char	*p;
	size_t		left;
	z_stream	z;
	size_t		total;
	uint64_t	produced;
};

/**
 * bytes_open() - start
 * @b:		filled in
 * @path:	for messages
 * @buf:	bytes; gzip when they start with its magic
 * @len:	how many
 * @e:		error
 *
 * Return: 0; -ENOMEM.
 */
int bytes_open(struct bytes *b, const char *path, const char *buf, size_t len,
	       struct wattle_ml_error *e);
void bytes_close(struct bytes *b);

/**
 * bytes_read() - read exactly @len bytes unless the source ends
 * @b:		source
 * @out:	where to
 * @len:	how many
 * @got:	how many there were
 * @e:		error
 *
 * Return: 0; -EBADMSG the compressed data are damaged or cut short; -ENOMEM.
 */
int bytes_read(struct bytes *b, void *out, size_t len, size_t *got, struct wattle_ml_error *e);

/**
 * bytes_max_left() - at most so many bytes can still come
 * @b:	source
 *
 * Deflate cannot compress by more than 1032 to 1, so that a size claimed by a
 * header can be refused before anything is allocated.
 */
uint64_t bytes_max_left(const struct bytes *b);

#endif
