/* SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause */
/*
 * Files the command writes: seen to be writable before an hour of work, and
 * never there in part.
 */
#ifndef WATTLE_CLI_OUTPUT_H
#define WATTLE_CLI_OUTPUT_H

#include <stdio.h>

#include "cli/out.h"

/* Can @path be made? CLI_OK, or CLI_FAILURE after saying why not. Creates nothing. */
int output_check(struct out *o, const char *path);

/**
 * struct output - a file that appears under its name when it is whole
 * @tmp:	its name until then
 */
struct output {
	FILE	*f;
	char	*path;
	char	*tmp;
};

/* 0 or negative errno. */
int output_open(struct output *f, const char *path);
/* Syncs and renames; 0 or negative errno, and then nothing is left. */
int output_commit(struct output *f);
void output_abandon(struct output *f);

#endif
