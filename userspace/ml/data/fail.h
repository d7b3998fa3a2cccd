/* SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause */
/*
 * One way to fail: an errno and one sentence.
 */
#ifndef WATTLE_ML_DATA_FAIL_H
#define WATTLE_ML_DATA_FAIL_H

#include <wattle/ml.h>

/**
 * wattle_ml__fail() - fill in an error
 * @e:		where the sentence goes; may be NULL
 * @err:	negative errno
 * @fmt:	what was wrong, where, and what to do
 *
 * Return: @err, so that a caller can return the call.
 */
int wattle_ml__fail(struct wattle_ml_error *e, int err, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/**
 * wattle_ml__no_memory() - fail for want of memory
 * @e:		as above
 * @what:	what the memory was for
 *
 * Return: -ENOMEM.
 */
int wattle_ml__no_memory(struct wattle_ml_error *e, const char *what);

/**
 * struct wattle_quote - a printable form of untrusted text for a message
 * @s:	the text between single quotes; control and broken UTF-8 bytes as \xNN,
 *	cut after about 40 bytes
 */
struct wattle_quote {
	char	s[64];
};

/**
 * wattle_ml__quote() - make text from a file fit for a message
 * @s:		bytes
 * @len:	how many
 *
 * A file must not be able to write to the reader's terminal.
 */
struct wattle_quote wattle_ml__quote(const char *s, size_t len);

#endif
