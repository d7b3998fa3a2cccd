/* SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause */
/* A stream into memory that says so when memory runs out. */
#ifndef WATTLE_CLI_MEMORY_STREAM_H
#define WATTLE_CLI_MEMORY_STREAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/**
 * struct memory_stream - what was written
 * @data:	the bytes, for free(); complete once memory_stream_close() returned 0
 * @len:	how many
 *
 * The rest is private.
 */
struct memory_stream {
	char		*data;
	size_t		len;
	size_t		cap;
	uint64_t	room;
	bool		failed;
};

/**
 * memory_stream_open() - a stream to write to
 * @s:		where the bytes go; must outlive the stream
 *
 * open_memstream(3) of glibc 2.36 drops what it has no memory for, and neither ferror() nor
 * fclose() tells. Nor does it know what the machine has left (wattle_memory__available()),
 * beyond which this one does not grow.
 *
 * Return: the stream; NULL without memory.
 */
FILE *memory_stream_open(struct memory_stream *s);

/**
 * memory_stream_close() - end of the stream
 * @f:		from memory_stream_open()
 * @s:		its bytes
 *
 * Return: 0; -ENOMEM something of what was written is lost, and @s->data freed.
 */
int memory_stream_close(FILE *f, struct memory_stream *s);

#endif
