/* SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause */
/* A file as one run of bytes, in memory of our own. */
#ifndef WATTLE_ML_DATA_INPUT_H
#define WATTLE_ML_DATA_INPUT_H

#include <stddef.h>
#include <sys/stat.h>
#include <wattle/ml.h>

/**
 * struct wattle_input - the bytes of a file
 * @path:	as the user gave it, for messages
 * @data:	the bytes
 * @size:	how many, > 0 once wattle_input__open() returned 0
 */
struct wattle_input {
	const char	*path;
	const char	*data;
	size_t		size;
};

/**
 * wattle_input__open() - get at the bytes of a file
 * @in:		filled in
 * @path:	a file or a pipe; kept, not copied
 * @e:		error
 *
 * Return: 0; -ENODATA the file is empty; -EISDIR; -ENOMEM; -ESTALE it changed while it was
 * read (seen by its size and time of modification); what open(2) says.
 */
int wattle_input__open(struct wattle_input *in, const char *path, struct wattle_ml_error *e);

/**
 * wattle_input__load() - read a regular file
 * @in:		@in->path is there, the rest is filled in
 * @fd:		the file
 * @before:	what fstat(2) said of it; fewer bytes than st_size > 0 come only from a file that
 *		claims more than it has, as those of /sys do: size and time must be the same after
 * @e:		error
 *
 * Return: as wattle_input__open().
 */
int wattle_input__load(struct wattle_input *in, int fd, const struct stat *before,
		       struct wattle_ml_error *e);
void wattle_input__close(struct wattle_input *in);

#endif
