/* SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause */
#ifndef WATTLE_CLI_UTF8_H
#define WATTLE_CLI_UTF8_H

/**
 * utf8_clean() - copy of a string with every ill-formed byte as U+FFFD
 * @s:	anything, such as a file name; JSON must be UTF-8, file names need not
 *
 * Return: to be freed, or NULL without memory.
 */
char *utf8_clean(const char *s);

#endif
