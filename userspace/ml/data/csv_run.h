/* SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause */
/*
 * The loop over a run of numbers, included once per instruction set. The includer has
 *
 *   uint64_t marks64(const char *p, char sep)
 *	a bit for each of 64 bytes that is @sep, a newline or a quote
 *   bool number(const char *begin, const char *p, const char *end, float *v)
 *	is [@p, @end) a number as wattle_number__fast_f32() reads it? @begin is the
 *	first byte that may be read.
 */
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "csv_numbers.h"

/* The last bytes of the text, where 64 cannot be read: zero is no mark. */
static uint64_t marks_tail(const char *p, const char *end, char sep)
{
	char last[64] = { 0 };
	const size_t n = (size_t)(end - p);

	memcpy(last, p, n);
	return marks64(last, sep) & (((uint64_t)1 << n) - 1);
}

static inline size_t numbers(const struct csv_span *s, const char **at, size_t n, float *out)
{
	const char *p = *at, *block = p, *stop, *last;
	uint64_t bits;
	size_t i = 0;

	if (p == s->end)
		return 0;
	bits = s->end - block >= 64 ? marks64(block, s->sep) : marks_tail(block, s->end, s->sep);
	while (i < n) {
		while (!bits && s->end - block > 64) {
			block += 64;
			bits = s->end - block >= 64 ? marks64(block, s->sep) :
						      marks_tail(block, s->end, s->sep);
		}
		stop = bits ? block + __builtin_ctzll(bits) : s->end;
		/* Inside a field a quote is a character, and the field is no number. */
		if (stop < s->end && *stop == '"')
			break;
		last = stop;
		if (stop == s->end || *stop == '\n')
			last -= last > p && last[-1] == '\r';
		if (!number(s->begin, p, last, out + i))
			break;
		i++;
		*at = last;
		if (stop == s->end || *stop != s->sep)
			break;
		bits &= bits - 1;
		p = stop + 1;
	}
	return i;
}
