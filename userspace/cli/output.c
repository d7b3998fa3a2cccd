// SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause
#include "cli/output.h"

#include <errno.h>
#include <libgen.h>
#include <limits.h>
#include <string.h>
#include <unistd.h>

#include "cli/cli.h"
#include "ml/model/atomic_file.h"

int output_check(struct out *o, const char *path)
{
	char real[PATH_MAX], *dir;
	struct wattle_ml_error e = { "" };

	if (!*path)
		return out_error(o, CLI_USAGE, "the output file's name is empty");
	if (wattle_atomic_file__target(path, real, &e))
		return out_error(o, CLI_FAILURE, "%s", e.msg);
	dir = dirname(real);
	if (access(dir, W_OK | X_OK))
		return out_error(o, CLI_FAILURE, "%s: cannot be written: %s: %s", path, dir,
				 strerror(errno));
	return CLI_OK;
}
