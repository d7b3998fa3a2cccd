/* SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause */
/* Files the command writes: seen to be writable before an hour of work. */
#ifndef WATTLE_CLI_OUTPUT_H
#define WATTLE_CLI_OUTPUT_H

#include "cli/out.h"

/* Can @path be made? CLI_OK, or CLI_FAILURE after saying why not. Creates nothing. */
int output_check(struct out *o, const char *path);

#endif
