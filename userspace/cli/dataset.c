// SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause
#include "cli/dataset.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "cli/cli.h"
#include "cli/progress.h"

#define SLOW_BYTES	(32 << 20)	/* reading less takes well under a second */

int dataset_read(struct out *o, struct wattle_dataset *d, const char *path,
		 const struct dataset_opts *opts)
{
	struct wattle_read_opts ro = {
		.sz = sizeof(ro),
		.label = opts->label,
		.unlabelled = opts->unlabelled,
		.header = opts->header,
	};
	struct wattle_ml_error e = { "" };
	struct progress p;
	struct stat st;
	int rc;

	progress_start(&p, 0);
	if (!stat(path, &st) && st.st_size > SLOW_BYTES)
		progress_note(&p, "reading");
	memset(d, 0, sizeof(*d));
	rc = wattle_dataset__read(d, path, &ro, &e);
	progress_wipe(&p);
	if (rc)
		return out_error(o, rc == -ENOMEM ? CLI_FAILURE : CLI_DATA, "%s", e.msg);
	return CLI_OK;
}

int dataset_map_classes(struct out *o, struct wattle_dataset *d, const char *path,
			char *const *names, uint32_t n)
{
	uint32_t *map = calloc(d->nr_classes ? d->nr_classes : 1, sizeof(*map));
	char **copy = calloc(n, sizeof(*copy));
	int rc = CLI_FAILURE;
	uint32_t i, k;
	size_t row;

	if (!map || !copy)
		goto no_memory;
	for (i = 0; i < d->nr_classes; i++) {
		for (k = 0; k < n && strcmp(d->class_names[i], names[k]); k++)
			;
		if (k == n) {
			for (row = 0; row < d->x.rows && d->labels[row] != i; row++)
				;
			rc = out_error(o, CLI_DATA,
				       "%s: sample %zu has the class '%s', which is not among the %u classes trained on; remove such samples, or train with them",
				       path, row + 1, d->class_names[i], n);
			goto free_both;
		}
		map[i] = k;
	}
	for (k = 0; k < n; k++) {
		copy[k] = strdup(names[k]);
		if (!copy[k])
			goto no_memory;
	}
	for (row = 0; row < d->x.rows; row++)
		d->labels[row] = map[d->labels[row]];
	for (i = 0; i < d->nr_classes; i++)
		free(d->class_names[i]);
	free(d->class_names);
	d->class_names = copy;
	d->nr_classes = n;
	free(map);
	return CLI_OK;

no_memory:
	rc = out_error(o, CLI_FAILURE, "out of memory for the class names of %s", path);
free_both:
	for (k = 0; copy && k < n; k++)
		free(copy[k]);
	free(copy);
	free(map);
	return rc;
}

int dataset_check_cols(struct out *o, const struct wattle_dataset *d, const char *path,
		       size_t cols, const char *whose)
{
	if (d->x.cols == cols)
		return CLI_OK;
	return out_error(o, CLI_DATA, "%s: %zu features, but the %s has %zu%s", path, d->x.cols,
			 whose, cols, d->x.cols == cols + 1 && !d->labels ?
			 "; if one of the columns is the label, name it with --label" :
			 "; use data with the same columns");
}
