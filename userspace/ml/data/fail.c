// SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>

#include "fail.h"
#include "utf8.h"

int wattle_ml__fail(struct wattle_ml_error *e, int err, const char *fmt, ...)
{
	va_list ap;

	if (!e)
		return err;
	va_start(ap, fmt);
	vsnprintf(e->msg, sizeof(e->msg), fmt, ap);
	va_end(ap);
	return err;
}

int wattle_ml__no_memory(struct wattle_ml_error *e, const char *what)
{
	return wattle_ml__fail(e, -ENOMEM, "out of memory for %s", what);
}

struct wattle_quote wattle_ml__quote(const char *s, size_t len)
{
	struct wattle_quote q;
	size_t i = 0, o = 0;

	q.s[o++] = '\'';
	while (i < len) {
		size_t n = wattle_utf8__len(s + i, len - i);
		unsigned char c = (unsigned char)s[i];

		/* Leaves room for one more character, the dots, the quote and the NUL. */
		if (o > sizeof(q.s) - 12) {
			o += (size_t)sprintf(q.s + o, "...");
			break;
		}
		if (!n || c < 0x20 || c == 0x7f || (c == 0xc2 && (unsigned char)s[i + 1] < 0xa0)) {
			o += (size_t)sprintf(q.s + o, "\\x%02x", c);
			i++;
			continue;
		}
		while (n--)
			q.s[o++] = s[i++];
	}
	q.s[o++] = '\'';
	q.s[o] = 0;
	return q;
}
