/* SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause */
/*
 * Decimal text to binary floating point, equal to strtod()/strtof() in the "C"
 * locale to the last bit and independent of the process's locale.
 *
 * The grammar is that of data files: [+-] digits [. digits] [e [+-] digits], with
 * a digit on at least one side of the point. No hexadecimal, no inf, no nan.
 */
#ifndef WATTLE_ML_DATA_NUMBER_H
#define WATTLE_ML_DATA_NUMBER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/**
 * wattle_number__fast_f32() - parse the number at the start of a text
 * @p:		start
 * @end:	end of the text
 * @v:		the value
 *
 * For the readers' hot path: handles what occurs in practice and leaves the rest
 * (more than 19 digits, exponents beyond 10^64, subnormal and huge values).
 *
 * Return: the first character after the number, or NULL: use wattle_number__f32().
 */
const char *wattle_number__fast_f32(const char *p, const char *end, float *v);

/**
 * wattle_number__round_f32() - a decimal number to the nearest float
 * @w:		digits
 * @q:		exponent: the number is w * 10^q
 * @neg:	it is negative
 * @v:		the value, the same bits as of the parsers here
 *
 * Return: false: cannot decide; use wattle_number__f32().
 */
bool wattle_number__round_f32(uint64_t w, int q, bool neg, float *v);

/**
 * wattle_number__f32() - parse a text that is a number and nothing else
 * @s:		text
 * @len:	its length
 * @v:		the value, rounded once to float
 *
 * Return: 0; -EINVAL it is no number; -ERANGE its magnitude is above FLT_MAX;
 * -ENOMEM. Values too small for the type become subnormal or 0, as in strtof().
 */
int wattle_number__f32(const char *s, size_t len, float *v);

/* The same in double precision. */
int wattle_number__f64(const char *s, size_t len, double *v);

/* What a text in a numeric column means. */
enum wattle_number_text {
	WATTLE_TEXT_OTHER	= 0,
	WATTLE_TEXT_MISSING	= 1,	/* empty, NA, N/A, null, none, ?, - ... */
	WATTLE_TEXT_NONFINITE	= 2,	/* nan, inf, infinity, with or without a sign */
};

/**
 * wattle_number__text() - classify a text that is no number
 * @s:		text without surrounding blanks
 * @len:	its length
 */
enum wattle_number_text wattle_number__text(const char *s, size_t len);

#endif
