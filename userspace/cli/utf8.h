/* SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause */
#ifndef WATTLE_CLI_UTF8_H
#define WATTLE_CLI_UTF8_H

#include <stdbool.h>

/**
 * utf8_clean() - copy of a string with every ill-formed byte as U+FFFD
 * @s:	anything, such as a file name; JSON must be UTF-8, file names need not
 *
 * Return: to be freed, or NULL without memory.
 */
char *utf8_clean(const char *s);

/**
 * utf8_visible() - copy of a string that cannot steer a terminal
 * @s:		anything, such as a name from somebody else's file
 * @lines:	leave tabs and newlines as they are
 *
 * Control characters (C0, DEL, and C1, whether as one byte or as UTF-8) and ill-formed bytes
 * become '?'.
 *
 * Return: to be freed, or NULL without memory.
 */
char *utf8_visible(const char *s, bool lines);

#endif
