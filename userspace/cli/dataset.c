// SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause
#include "cli/dataset.h"

#include <errno.h>
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
		.label_is_column = opts->label_is_column,
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
		return out_error(o, cli_ml_exit(rc), "%s", e.msg);
	return CLI_OK;
}

int dataset_map_classes(struct out *o, struct wattle_dataset *d, const char *path,
			char *const *names, uint32_t n)
{
	struct wattle_ml_error e = { "" };
	int rc = wattle_dataset__relabel(d, names, n, &e);

	if (rc)
		return out_error(o, cli_ml_exit(rc), "%s: %s", path, e.msg);
	return CLI_OK;
}

int dataset_check_cols(struct out *o, const struct wattle_dataset *d, const char *path,
		       size_t cols, char *const *names, const char *whose)
{
	size_t i;

	if (d->x.cols == cols) {
		/* The same columns in another order would be silently wrong. */
		for (i = 0; names && d->feature_names && i < cols; i++)
			if (strcmp(names[i], d->feature_names[i]))
				return out_error(o, CLI_DATA,
						 "%s: feature %zu is '%s', but the %s has '%s' there; put the columns in the same order",
						 path, i + 1, d->feature_names[i], whose, names[i]);
		return CLI_OK;
	}
	return out_error(o, CLI_DATA, "%s: %zu features, but the %s has %zu%s", path, d->x.cols,
			 whose, cols, d->x.cols == cols + 1 && !d->labels ?
			 "; if one of the columns is the label, name it with --label" :
			 "; use data with the same columns");
}
