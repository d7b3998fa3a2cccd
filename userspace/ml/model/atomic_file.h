/* SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause */
#ifndef WATTLE_ML_MODEL_ATOMIC_FILE_H
#define WATTLE_ML_MODEL_ATOMIC_FILE_H

#include <wattle/ml.h>

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
 * Return: 0; -EINVAL @path exists and is no regular file; what the system says.
 */
int wattle_atomic_file__write(const char *path, const void *data, size_t len,
			      struct wattle_ml_error *e);

#endif
