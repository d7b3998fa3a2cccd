// SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause
/* What userspace/cli/main.c has besides main(): the tests link without it. */
#include "cli/cli.h"

const struct cli_verb *const cli_verbs[] = { NULL };

const struct cli_verb *cli_verb_find(const char *name)
{
	(void)name;
	return NULL;
}

const char *cli_mode_name(uint32_t mode)
{
	(void)mode;
	return NULL;
}
