/* SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause */
/*
 * Data sets as the verbs want them: read with errors printed, and with class
 * indices that mean the same in two sets.
 */
#ifndef WATTLE_CLI_DATASET_H
#define WATTLE_CLI_DATASET_H

#include <wattle/ml.h>

#include "cli/out.h"

/**
 * struct dataset_opts - how to read
 * @label:	column or file; NULL = the reader's default
 * @label_is_column: not used where labels are a file of their own
 * @unlabelled:	there is no label
 * @header:	1, 0, or -1 to guess
 */
struct dataset_opts {
	const char	*label;
	bool		label_is_column;
	bool		unlabelled;
	int		header;
};

/* CLI_OK, or CLI_DATA after the error has been printed. */
int dataset_read(struct out *o, struct wattle_dataset *d, const char *path,
		 const struct dataset_opts *opts);

/**
 * dataset_map_classes() - let @d's class indices mean @names
 * @o:		where the error goes
 * @d:		labels and class names are replaced
 * @path:	of @d, for the error
 * @names: @n:	classes to map to, by name
 *
 * Return: CLI_OK; CLI_DATA when @d has a class that is not among @names.
 */
int dataset_map_classes(struct out *o, struct wattle_dataset *d, const char *path,
			char *const *names, uint32_t n);

/*
 * Same number of features, and where both sides have names the same in the same order,
 * or CLI_DATA. @whose: "training data", "model".
 */
int dataset_check_cols(struct out *o, const struct wattle_dataset *d, const char *path,
		       size_t cols, char *const *names, const char *whose);

#endif
