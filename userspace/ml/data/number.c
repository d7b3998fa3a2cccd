// SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause
/*
 * The method is Eisel-Lemire: w * 10^q = w * 5^q * 2^q, and the upper bits of the
 * product of w with a 128-bit approximation of 5^q nearly always decide the
 * rounding. Where they do not, strtod() does.
 * D. Lemire, Number parsing at a gigabyte per second, Softw. Pract. Exp. 51 (2021).
 */
#include <errno.h>
#include <float.h>
#include <locale.h>
#include <math.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "number.h"
#include "pow5_table.h"
#include "u128.h"

#define MANTISSA_BITS	52
#define EXP_BIAS	1023
#define MAX_DIGITS	19	/* 10^19 < 2^64 */

/* A decimal number as scanned: (-1)^neg * w * 10^q. */
struct decimal {
	uint64_t	w;
	int		q;
	bool		neg;
	bool		cut;	/* more digits than w holds: w and q mean nothing */
};

static inline bool is_digit(char c)
{
	return (unsigned char)(c - '0') < 10;
}

/* Eight ASCII digits at once? All bytes in '0'..'9'. */
static inline bool is_eight_digits(uint64_t v)
{
	return !(((v + 0x4646464646464646ull) | (v - 0x3030303030303030ull)) &
		 0x8080808080808080ull);
}

/* Pairs, then quads, then all eight: three multiplications instead of eight. */
static inline uint32_t eight_digits(uint64_t v)
{
	v -= 0x3030303030303030ull;
	v = v * 10 + (v >> 8);
	v = ((v & 0x000000ff000000ffull) * 0x000f424000000064ull +
	     ((v >> 16) & 0x000000ff000000ffull) * 0x0000271000000001ull) >> 32;
	return (uint32_t)v;
}

/* Returns the end of the number, or NULL when there is none at @p. */
static inline const char *scan(const char *p, const char *end, struct decimal *d)
{
	const char *first, *point = NULL, *digits_end;
	uint64_t w = 0, eight;
	long digits, exp = 0;

	d->neg = false;
	d->cut = false;
	if (p < end && (*p == '-' || *p == '+'))
		d->neg = *p++ == '-';
	first = p;
	while (p < end && is_digit(*p))
		w = w * 10 + (uint64_t)(*p++ - '0');
	digits = p - first;
	if (p < end && *p == '.') {
		point = ++p;
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
		while (end - p >= 8) {
			memcpy(&eight, p, 8);
			if (!is_eight_digits(eight))
				break;
			w = w * 100000000 + eight_digits(eight);
			p += 8;
		}
#else
		(void)eight;
#endif
		while (p < end && is_digit(*p))
			w = w * 10 + (uint64_t)(*p++ - '0');
		digits += p - point;
		exp = -(p - point);
	}
	if (!digits)
		return NULL;
	digits_end = p;
	if (p < end && (*p == 'e' || *p == 'E')) {
		bool neg = false;
		long x = 0;

		p++;
		if (p < end && (*p == '-' || *p == '+'))
			neg = *p++ == '-';
		if (p == end || !is_digit(*p))
			return NULL;
		for (; p < end && is_digit(*p); p++)
			if (x < 100000)
				x = x * 10 + (*p - '0');
		exp += neg ? -x : x;
	}
	if (digits > MAX_DIGITS) {
		/* Leading zeros do not count. */
		for (const char *z = first; z < digits_end && (*z == '0' || *z == '.'); z++)
			digits -= *z == '0';
		d->cut = digits > MAX_DIGITS;
	}
	d->w = w;
	d->q = exp > 1000000 ? 1000000 : exp < -1000000 ? -1000000 : (int)exp;
	return p;
}

/*
 * The double nearest to w * 10^q, ties to even. False: cannot decide. Within the
 * table's range of q the result is neither subnormal nor infinite.
 */
static inline bool eisel_lemire(uint64_t w, int q, double *out)
{
	uint64_t hi, lo, mantissa, bits;
	int lz, upper, exp;
	u128 p;

	if (!w) {
		*out = 0;
		return true;
	}
	if (!q) {
		*out = (double)w;	/* the hardware rounds correctly, and once */
		return true;
	}
	if (q < POW5_FIRST || q > POW5_LAST)
		return false;
	lz = __builtin_clzll(w);
	w <<= lz;
	p = (u128)w * pow5_table[q - POW5_FIRST].hi;
	hi = (uint64_t)(p >> 64);
	lo = (uint64_t)p;
	/* 55 bits decide: 53 of the result, one to round, one for the leading bit's place. */
	if ((hi & 0x1ff) == 0x1ff) {
		uint64_t more = (uint64_t)(((u128)w * pow5_table[q - POW5_FIRST].lo) >> 64);

		lo += more;
		hi += lo < more;
		if (lo == UINT64_MAX && (q < -27 || q > 55))
			return false;
	}
	upper = (int)(hi >> 63);
	mantissa = hi >> (upper + 64 - MANTISSA_BITS - 3);
	exp = (((152170 + 65536) * q) >> 16) + 63 + upper - lz + EXP_BIAS;
	/* Exactly between two doubles is possible only where 5^|q| < 2^64: round to even. */
	if (lo <= 1 && q >= -4 && q <= 23 && (mantissa & 3) == 1 &&
	    mantissa << (upper + 64 - MANTISSA_BITS - 3) == hi)
		mantissa &= ~(uint64_t)1;
	mantissa += mantissa & 1;
	mantissa >>= 1;
	if (mantissa >> (MANTISSA_BITS + 1)) {
		mantissa = (uint64_t)1 << MANTISSA_BITS;
		exp++;
	}
	bits = (mantissa & (((uint64_t)1 << MANTISSA_BITS) - 1)) | (uint64_t)exp << MANTISSA_BITS;
	memcpy(out, &bits, sizeof(bits));
	return true;
}

/*
 * Rounding twice (to double, then to float) goes wrong only where the double lies
 * exactly between two floats, or in the subnormal and overflowing ranges, where the
 * place of the rounding bit moves. An integer below 2^53 was not rounded the first
 * time: those of eight digits and more lie between two floats all the time.
 */
static inline bool to_float(double d, int q, float *v)
{
	uint64_t bits;

	memcpy(&bits, &d, sizeof(bits));
	if ((bits & 0x1fffffff) == 0x10000000 && !(q >= 0 && d < 0x1p53))
		return false;
	if (d > FLT_MAX || (d < FLT_MIN && d != 0))
		return false;
	*v = (float)d;
	return true;
}

const char *wattle_number__fast_f32(const char *p, const char *end, float *v)
{
	struct decimal d;
	double x;

	p = scan(p, end, &d);
	if (!p || d.cut || !eisel_lemire(d.w, d.q, &x) || !to_float(x, d.q, v))
		return NULL;
	if (d.neg)
		*v = -*v;
	return p;
}

bool wattle_number__round_f32(uint64_t w, int q, bool neg, float *v)
{
	/* 10^10 is the largest power of ten that a float holds. */
	static const float power[] = {
		1e0f, 1e1f, 1e2f, 1e3f, 1e4f, 1e5f, 1e6f, 1e7f, 1e8f, 1e9f, 1e10f,
	};
	double x;

	/*
	 * Both exact, so that the division rounds once (W. Clinger, How to Read Floating
	 * Point Numbers Accurately, PLDI 1990, section 3).
	 */
	if (w <= 1u << 24 && q <= 0 && q >= -10)
		*v = (float)w / power[-q];
	else if (!eisel_lemire(w, q, &x) || !to_float(x, q, v))
		return false;
	if (neg)
		*v = -*v;
	return true;
}

static pthread_once_t c_locale_once = PTHREAD_ONCE_INIT;
static locale_t c_locale;

static void make_c_locale(void)
{
	c_locale = newlocale(LC_ALL_MASK, "C", (locale_t)0);
}

/* Slow and exact. The grammar has been checked: the text is a number as strtod() knows it. */
static int slow(const char *s, size_t len, double *d, float *f)
{
	char local[128], *buf = local;
	int err = 0;

	pthread_once(&c_locale_once, make_c_locale);
	if (!c_locale)
		return -ENOMEM;
	if (len >= sizeof(local)) {
		buf = malloc(len + 1);
		if (!buf)
			return -ENOMEM;
	}
	memcpy(buf, s, len);
	buf[len] = 0;
	if (f) {
		*f = strtof_l(buf, NULL, c_locale);
		if (isinf(*f))
			err = -ERANGE;
	} else {
		*d = strtod_l(buf, NULL, c_locale);
		if (isinf(*d))
			err = -ERANGE;
	}
	if (buf != local)
		free(buf);
	return err;
}

int wattle_number__f64(const char *s, size_t len, double *v)
{
	struct decimal d;
	const char *p = scan(s, s + len, &d);

	if (!p || p != s + len)
		return -EINVAL;
	if (!d.cut && eisel_lemire(d.w, d.q, v)) {
		if (d.neg)
			*v = -*v;
		return 0;
	}
	return slow(s, len, v, NULL);
}

int wattle_number__f32(const char *s, size_t len, float *v)
{
	struct decimal d;
	const char *p = scan(s, s + len, &d);
	double x;

	if (!p || p != s + len)
		return -EINVAL;
	if (!d.cut && eisel_lemire(d.w, d.q, &x) && to_float(x, d.q, v)) {
		if (d.neg)
			*v = -*v;
		return 0;
	}
	return slow(s, len, NULL, v);
}

enum wattle_number_text wattle_number__text(const char *s, size_t len)
{
	static const char * const missing[] = {
		"", "NA", "N/A", "#N/A", "<NA>", "null", "none", "nil", "?", "-", ".", "missing",
	};
	static const char * const nonfinite[] = { "nan", "inf", "infinity", "1.#inf", "1.#qnan" };

	/* Called for every label: most are none of these by their first character. */
	if (len && !memchr("nN#<?-.mMiI1+", *s, 13))
		return WATTLE_TEXT_OTHER;
	for (size_t i = 0; i < sizeof(missing) / sizeof(missing[0]); i++)
		if (len == strlen(missing[i]) && !strncasecmp(s, missing[i], len))
			return WATTLE_TEXT_MISSING;
	if (len && (*s == '-' || *s == '+')) {
		s++;
		len--;
	}
	for (size_t i = 0; i < sizeof(nonfinite) / sizeof(nonfinite[0]); i++)
		if (len == strlen(nonfinite[i]) && !strncasecmp(s, nonfinite[i], len))
			return WATTLE_TEXT_NONFINITE;
	return WATTLE_TEXT_OTHER;
}
