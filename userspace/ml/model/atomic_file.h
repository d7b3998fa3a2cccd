/* SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause */
#ifndef WATTLE_ML_MODEL_ATOMIC_FILE_H
#define WATTLE_ML_MODEL_ATOMIC_FILE_H

#include <wattle/ml.h>

/**
 * wattle_atomic_file__target() - where a file to be written really is
 * @path:	file
 * @real:	PATH_MAX bytes: the end of the symbolic links, or @path where there is nothing yet
 * @e:		error
 *
 * Return: 0; -EISDIR; -EINVAL it exists and is no regular file; -ENOENT a symbolic link to
 * nothing, which is refused as cp(1) does: it may point where no file was ever wanted.
 */
int wattle_atomic_file__target(const char *path, char *real, struct wattle_ml_error *e);

/**
 * wattle_atomic_file__write() - replace a file, wholly or not at all
 * @path:	file; a symbolic link is followed, and the link stays
 * @data:	bytes
 * @len:	how many
 * @e:		error
 *
 * Writes a temporary file .NAME.XXXXXX in the same directory, syncs it, renames it,
 * syncs the directory. On failure the temporary file is gone and @path is as it was.
 *
 * Return: 0; as wattle_atomic_file__target(); what the system says.
 */
int wattle_atomic_file__write(const char *path, const void *data, size_t len,
			      struct wattle_ml_error *e);

#endif
