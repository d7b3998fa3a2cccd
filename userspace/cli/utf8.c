// SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause
#include "cli/utf8.h"

#include <stdlib.h>
#include <string.h>

#include "ml/data/utf8.h"

char *utf8_clean(const char *s)
{
	size_t len = strlen(s), n;
	char *out = malloc(len * 3 + 1), *w = out;

	if (!out)
		return NULL;
	while (len) {
		n = wattle_utf8__len(s, len);
		if (n) {
			memcpy(w, s, n);
			w += n;
		} else {
			memcpy(w, "\xef\xbf\xbd", 3);	/* U+FFFD */
			w += 3;
			n = 1;
		}
		s += n;
		len -= n;
	}
	*w = 0;
	return out;
}

char *utf8_visible(const char *s, bool lines)
{
	size_t len = strlen(s), n;
	char *out = malloc(len + 1), *w = out;

	if (!out)
		return NULL;
	for (; len; s += n, len -= n) {
		const unsigned char c = (unsigned char)*s;
		bool control = c < 0x20 || c == 0x7f;

		n = wattle_utf8__len(s, len);
		/* U+0080 to U+009F. */
		if (n == 2)
			control = c == 0xc2 && (unsigned char)s[1] < 0xa0;
		if (lines && (c == '\t' || c == '\n'))
			control = false;
		if (n && !control) {
			memcpy(w, s, n);
			w += n;
		} else {
			*w++ = '?';
			n = n ? n : 1;
		}
	}
	*w = 0;
	return out;
}
