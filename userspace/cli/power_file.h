/* SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause */
/*
 * Power tables as files, in the format that wattle-sim reads too, and into the module.
 */
#ifndef WATTLE_CLI_POWER_FILE_H
#define WATTLE_CLI_POWER_FILE_H

#include <stdio.h>

#include <wattle/wattle.h>

#include "cli/out.h"

/* What 'wattle calibrate' writes, and what a boot loads. */
#define POWER_FILE_DIR		"/var/lib/wattle"
#define POWER_FILE_DEFAULT	POWER_FILE_DIR "/power.table"

#define POWER_IDLE_NAME		16

/**
 * struct power_table - a table with what only a file knows of it
 * @m:		for MODEL_SET
 * @idle_name:	of m.idle[]
 */
struct power_table {
	struct wattle_power_model	m;
	char				idle_name[WATTLE_MODEL_IDLE_MAX][POWER_IDLE_NAME];
};

/*
 * Reads @path. What the kernel would check is left to it. CLI_OK, or the exit code after
 * saying what is wrong in which line and column.
 */
int power_file_read(struct out *o, const char *path, struct power_table *t);

/* Writes the statements of @t to @f. */
void power_file_print(FILE *f, const struct power_table *t);

/* What a fault says, for people; never NULL. */
const char *power_fault(uint32_t fault);

/* Gives @t to the module; @from is named in errors. CLI_OK or the exit code. */
int power_load(struct out *o, struct wattle_client *c, struct power_table *t, const char *from);

#endif
