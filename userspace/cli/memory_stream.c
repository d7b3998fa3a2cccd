// SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause
#include "cli/memory_stream.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>

#include "ml/data/memory.h"

#define FIRST_SIZE	((size_t)1 << 16)

static bool grow(struct memory_stream *s, size_t need)
{
	size_t cap = s->cap ? s->cap : FIRST_SIZE;
	char *p;

	if (need > s->room)
		return false;
	while (cap < need)
		cap = cap > SIZE_MAX / 2 ? need : 2 * cap;
	if (cap > s->room)
		cap = (size_t)s->room;
	p = realloc(s->data, cap);
	if (!p)
		return false;
	s->data = p;
	s->cap = cap;
	return true;
}

/* 0 is failure here. Once bytes are lost none are taken any more: no holes. */
static ssize_t take(void *cookie, const char *buf, size_t size)
{
	struct memory_stream *s = cookie;

	if (s->failed || size > SIZE_MAX - s->len ||
	    (s->len + size > s->cap && !grow(s, s->len + size))) {
		s->failed = true;
		errno = ENOMEM;
		return 0;
	}
	memcpy(s->data + s->len, buf, size);
	s->len += size;
	return (ssize_t)size;
}

FILE *memory_stream_open(struct memory_stream *s)
{
	const cookie_io_functions_t io = { .write = take };

	memset(s, 0, sizeof(*s));
	s->room = wattle_memory__available();
	return fopencookie(s, "w", io);
}

int memory_stream_close(FILE *f, struct memory_stream *s)
{
	bool lost = fflush(f) || ferror(f);

	if (fclose(f))
		lost = true;
	if (!lost && !s->failed)
		return 0;
	free(s->data);
	memset(s, 0, sizeof(*s));
	return -ENOMEM;
}
