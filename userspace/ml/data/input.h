/* SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause */
/*
 * A file as one run of bytes: mapped when it can be, read when it is a pipe.
 */
#ifndef WATTLE_ML_DATA_INPUT_H
#define WATTLE_ML_DATA_INPUT_H

#include <stdbool.h>
#include <stddef.h>
#include <wattle/ml.h>

/**
 * struct wattle_input - the bytes of a file
 * @path:	as the user gave it, for messages
 * @data:	the bytes
 * @size:	how many, > 0
 * @mapped:	mmap or malloc
 */
struct wattle_input {
	const char	*path;
	const char	*data;
	size_t		size;
	bool		mapped;
};

/**
 * wattle_input__open() - get at the bytes of a file
 * @in:		filled in
 * @path:	a file or a pipe; kept, not copied
 * @e:		error
 *
 * Return: 0; -ENODATA the file is empty; -EISDIR; -ENOMEM; what open(2) says.
 */
int wattle_input__open(struct wattle_input *in, const char *path, struct wattle_ml_error *e);
void wattle_input__close(struct wattle_input *in);

#endif
