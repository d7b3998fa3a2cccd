/* SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause */
/*
 * UTF-8 as RFC 3629 has it: no surrogates, no overlong forms, nothing above
 * U+10FFFF. Names go into JSON, which allows nothing else.
 */
#ifndef WATTLE_ML_DATA_UTF8_H
#define WATTLE_ML_DATA_UTF8_H

#include <stdbool.h>
#include <stddef.h>

/**
 * wattle_utf8__len() - length of the character at the start
 * @s:		bytes
 * @len:	how many there are
 *
 * Return: 1 to 4, or 0 when the bytes are no well-formed character.
 */
size_t wattle_utf8__len(const char *s, size_t len);

/**
 * wattle_utf8__valid() - is all of it UTF-8 without NUL?
 * @s:		bytes
 * @len:	how many
 */
bool wattle_utf8__valid(const char *s, size_t len);

#endif
