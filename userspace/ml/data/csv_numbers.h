/* SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause */
/*
 * The hot path of CSV: runs of plain numbers. Separators, line ends and quotes are
 * found 64 bytes at a time as bits of a word, so that a field's end is known before
 * its digits are looked at.
 */
#ifndef WATTLE_ML_DATA_CSV_NUMBERS_H
#define WATTLE_ML_DATA_CSV_NUMBERS_H

#include <stddef.h>

/**
 * struct csv_span - text that a run of numbers is in
 * @begin:	bytes from here on may be read
 * @end:	and up to here
 * @sep:	separator
 */
struct csv_span {
	const char	*begin;
	const char	*end;
	char		sep;
};

/**
 * csv_numbers_fn - reads plain numbers
 * @s:		text
 * @p:		start of a field; moved to the separator or end of row after the last field read
 * @n:		at most so many fields
 * @out:	their values
 *
 * Stops before the first field that is not a number and nothing else, as
 * wattle_number__fast_f32() knows them (blanks, quotes, missing values, 20 digits), and after
 * one that ends its row. The values have the same bits whichever function reads them; how soon
 * one of them stops may differ, and the general reader goes on there.
 *
 * Return: how many were read; with 0 @p has not moved.
 */
typedef size_t csv_numbers_fn(const struct csv_span *s, const char **p, size_t n, float *out);

csv_numbers_fn csv_numbers_portable;
/* NULL where the compiler has no AVX2; the caller knows whether the CPU has it. */
extern csv_numbers_fn *const csv_numbers_avx2;

/* The one for this CPU, or for WATTLE_ISA. */
csv_numbers_fn *csv_numbers_get(void);

#endif
