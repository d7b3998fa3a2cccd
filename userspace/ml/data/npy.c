// SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause
/*
 * NumPy's .npy, versions 1 to 3 (NEP 1): magic, version, header length, a Python
 * dict literal with the keys descr, fortran_order and shape, then the values.
 */
#include <endian.h>
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "fail.h"
#include "int_labels.h"
#include "matrix.h"
#include "memory.h"
#include "readers.h"

#define NPY_MAGIC	"\x93NUMPY"
#define NPY_MAGIC_LEN	6
#define NPY_MAX_DIMS	32	/* NumPy's own limit */

enum npy_type {
	NPY_F32,
	NPY_F64,
	NPY_I32,
	NPY_I64,
	NPY_U8,
	NPY_BOOL,
};

static const struct {
	const char	*descr;
	size_t		size;
} types[] = {
	[NPY_F32]	= { "<f4", 4 },
	[NPY_F64]	= { "<f8", 8 },
	[NPY_I32]	= { "<i4", 4 },
	[NPY_I64]	= { "<i8", 8 },
	[NPY_U8]	= { "|u1", 1 },
	[NPY_BOOL]	= { "|b1", 1 },
};

struct npy {
	const char		*path;
	const char		*p;	/* inside the header */
	const char		*end;
	const unsigned char	*data;
	size_t			left;
	enum npy_type		type;
	bool			fortran;
	unsigned int		nr_dims;
	uint64_t		dims[NPY_MAX_DIMS];
	uint64_t		cols;
};

bool wattle_npy__probe(const char *buf, size_t len)
{
	return len >= NPY_MAGIC_LEN && !memcmp(buf, NPY_MAGIC, NPY_MAGIC_LEN);
}

static int bad_header(const struct npy *n, const char *what, struct wattle_ml_error *e)
{
	return wattle_ml__fail(e, -EINVAL, "%s: .npy header: %s, at %s", n->path, what,
			       wattle_ml__quote(n->p, (size_t)(n->end - n->p)).s);
}

static void blanks(struct npy *n)
{
	while (n->p < n->end && (*n->p == ' ' || *n->p == '\n' || *n->p == '\t'))
		n->p++;
}

static bool take(struct npy *n, char c)
{
	blanks(n);
	if (n->p == n->end || *n->p != c)
		return false;
	n->p++;
	return true;
}

static bool take_word(struct npy *n, const char *word)
{
	size_t len = strlen(word);

	blanks(n);
	if ((size_t)(n->end - n->p) < len || memcmp(n->p, word, len))
		return false;
	n->p += len;
	return true;
}

/* A string in either kind of quotes, without escapes: NumPy writes none here. */
static bool take_string(struct npy *n, const char **s, size_t *len)
{
	char quote;

	blanks(n);
	if (n->p == n->end || (*n->p != '\'' && *n->p != '"'))
		return false;
	quote = *n->p++;
	*s = n->p;
	while (n->p < n->end && *n->p != quote && *n->p != '\\')
		n->p++;
	*len = (size_t)(n->p - *s);
	return take(n, quote);
}

static int parse_descr(struct npy *n, struct wattle_ml_error *e)
{
	const char *s;
	size_t len;

	blanks(n);
	if (n->p < n->end && *n->p == '[')
		return wattle_ml__fail(e, -EINVAL,
				       "%s: a structured array; save its columns as one plain array (numpy: structured_to_unstructured)",
				       n->path);
	if (!take_string(n, &s, &len))
		return bad_header(n, "descr is no string", e);
	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
		if (len == strlen(types[i].descr) && !memcmp(s, types[i].descr, len)) {
			n->type = (enum npy_type)i;
			return 0;
		}
	}
	if (len >= 2 && s[1] == 'O')
		return wattle_ml__fail(e, -EINVAL,
				       "%s: an array of Python objects (a pickle), which is never loaded; save numbers: a.astype('<f4')",
				       n->path);
	if (len && *s == '>')
		return wattle_ml__fail(e, -EINVAL,
				       "%s: big-endian values (%s); save them as a.astype('<f4')",
				       n->path, wattle_ml__quote(s, len).s);
	return wattle_ml__fail(e, -EINVAL,
			       "%s: values of type %s; supported are <f4 <f8 <i4 <i8 |u1 |b1: save them as a.astype('<f4')",
			       n->path, wattle_ml__quote(s, len).s);
}

static int parse_shape(struct npy *n, struct wattle_ml_error *e)
{
	if (!take(n, '('))
		return bad_header(n, "shape is no tuple", e);
	n->nr_dims = 0;
	while (!take(n, ')')) {
		uint64_t v = 0;
		const char *start = n->p;

		if (n->nr_dims == NPY_MAX_DIMS)
			return bad_header(n, "shape has more than 32 dimensions", e);
		for (; n->p < n->end && *n->p >= '0' && *n->p <= '9'; n->p++)
			if (__builtin_mul_overflow(v, 10, &v) ||
			    __builtin_add_overflow(v, (uint64_t)(*n->p - '0'), &v))
				return bad_header(n, "a dimension does not fit into 64 bits", e);
		if (n->p == start)
			return bad_header(n, "shape holds something that is no number", e);
		n->dims[n->nr_dims++] = v;
		if (!take(n, ',')) {
			if (!take(n, ')'))
				return bad_header(n, "shape does not close", e);
			break;
		}
	}
	return 0;
}

static int parse_dict(struct npy *n, struct wattle_ml_error *e)
{
	enum { DESCR = 1, FORTRAN = 2, SHAPE = 4 };
	unsigned int seen = 0, key;
	const char *s;
	size_t len;
	int err;

	if (!take(n, '{'))
		return bad_header(n, "no dict", e);
	while (!take(n, '}')) {
		if (!take_string(n, &s, &len) || !take(n, ':'))
			return bad_header(n, "no key", e);
		if (len == 5 && !memcmp(s, "descr", 5)) {
			key = DESCR;
			err = parse_descr(n, e);
		} else if (len == 13 && !memcmp(s, "fortran_order", 13)) {
			key = FORTRAN;
			n->fortran = take_word(n, "True");
			err = n->fortran || take_word(n, "False") ? 0 :
				bad_header(n, "fortran_order is neither True nor False", e);
		} else if (len == 5 && !memcmp(s, "shape", 5)) {
			key = SHAPE;
			err = parse_shape(n, e);
		} else {
			return bad_header(n, "unknown key", e);
		}
		if (err)
			return err;
		if (seen & key)
			return bad_header(n, "a key occurs twice", e);
		seen |= key;
		if (!take(n, ',')) {
			if (!take(n, '}'))
				return bad_header(n, "the dict does not close", e);
			break;
		}
	}
	blanks(n);
	if (n->p != n->end)
		return bad_header(n, "something follows the dict", e);
	if (seen != (DESCR | FORTRAN | SHAPE))
		return bad_header(n, "one of descr, fortran_order, shape is missing", e);
	return 0;
}

static int find_header(struct npy *n, const char *buf, size_t len, struct wattle_ml_error *e)
{
	size_t header_len, at;
	uint32_t l32;
	uint16_t l16;

	if (!wattle_npy__probe(buf, len))
		return wattle_ml__fail(e, len < NPY_MAGIC_LEN ? -EBADMSG : -EINVAL,
				       "%s: not .npy: it does not start with \\x93NUMPY", n->path);
	if (len < 10)
		return wattle_ml__fail(e, -EBADMSG,
				       "%s: cut short inside the .npy preamble", n->path);
	if (buf[6] < 1 || buf[6] > 3)
		return wattle_ml__fail(e, -EINVAL, "%s: .npy version %d.%d; 1 to 3 are known",
				       n->path, (unsigned char)buf[6], (unsigned char)buf[7]);
	if (buf[6] == 1) {
		memcpy(&l16, buf + 8, sizeof(l16));
		header_len = le16toh(l16);
		at = 10;
	} else {
		if (len < 12)
			return wattle_ml__fail(e, -EBADMSG,
					       "%s: cut short inside the .npy preamble", n->path);
		memcpy(&l32, buf + 8, sizeof(l32));
		header_len = le32toh(l32);
		at = 12;
	}
	if (header_len > len - at)
		return wattle_ml__fail(e, -EBADMSG,
				       "%s: cut short: a header of %zu bytes announced, %zu follow",
				       n->path, header_len, len - at);
	n->p = buf + at;
	n->end = n->p + header_len;
	n->data = (const unsigned char *)n->end;
	n->left = len - at - header_len;
	return 0;
}

static unsigned int long_dims(const struct npy *n)
{
	unsigned int i, count = 0;

	for (i = 0; i < n->nr_dims; i++)
		count += n->dims[i] > 1;
	return count;
}

static int check_shape(struct npy *n, struct wattle_ml_error *e)
{
	uint64_t bytes;

	if (!n->nr_dims)
		return wattle_ml__fail(e, -EINVAL, "%s: a single value, no array", n->path);
	n->cols = 1;
	for (unsigned int i = 0; i < n->nr_dims; i++) {
		if (!n->dims[i])
			return wattle_ml__fail(e, -ENODATA, "%s: dimension %u of %u is 0: no data",
					       n->path, i + 1, n->nr_dims);
		if (i && __builtin_mul_overflow(n->cols, n->dims[i], &n->cols))
			goto too_large;
	}
	if (__builtin_mul_overflow(n->cols, n->dims[0], &bytes) ||
	    __builtin_mul_overflow(bytes, types[n->type].size, &bytes))
		goto too_large;
	if (bytes > n->left)
		return wattle_ml__fail(e, -EBADMSG,
				       "%s: cut short: the header announces %" PRIu64 " x %" PRIu64
				       " values, %" PRIu64 " bytes; %zu follow",
				       n->path, n->dims[0], n->cols, bytes, n->left);
	if (bytes < n->left)
		return wattle_ml__fail(e, -EBADMSG,
				       "%s: longer than its header says: %" PRIu64
				       " bytes follow the last of %" PRIu64 " x %" PRIu64 " values",
				       n->path, n->left - bytes, n->dims[0], n->cols);
	/* With one long dimension both orders are the same. */
	if (n->fortran && long_dims(n) > 1)
		return wattle_ml__fail(e, -EINVAL,
				       "%s: the array is in Fortran order; save it in C order: np.save(f, np.ascontiguousarray(a))",
				       n->path);
	return 0;

too_large:
	return wattle_ml__fail(e, -EOVERFLOW, "%s: the dimensions multiply to more than 2^64 bytes",
			       n->path);
}

static int open_npy(struct npy *n, const char *path, const char *buf, size_t len,
		    struct wattle_ml_error *e)
{
	int err;

	memset(n, 0, sizeof(*n));
	n->path = path;
	err = find_header(n, buf, len, e);
	if (!err)
		err = parse_dict(n, e);
	if (!err)
		err = check_shape(n, e);
	return err;
}

static double float_value(const struct npy *n, uint64_t i)
{
	const unsigned char *p = n->data + i * types[n->type].size;
	union {
		uint32_t	u32;
		uint64_t	u64;
		float		f32;
		double		f64;
	} v;

	if (types[n->type].size == 4) {
		memcpy(&v.u32, p, 4);
		v.u32 = le32toh(v.u32);
		return n->type == NPY_F32 ? v.f32 : (double)(int32_t)v.u32;
	}
	memcpy(&v.u64, p, 8);
	v.u64 = le64toh(v.u64);
	return n->type == NPY_F64 ? v.f64 : (double)(int64_t)v.u64;
}

static int64_t int_value(const struct npy *n, uint64_t i)
{
	uint64_t v;

	if (n->type == NPY_U8 || n->type == NPY_BOOL)
		return n->data[i];
	if (n->type == NPY_I32)
		return (int64_t)float_value(n, i);
	memcpy(&v, n->data + i * 8, 8);
	return (int64_t)le64toh(v);
}

/* A row of <f4 whose values are all finite: nothing to convert, and the check is one of bits. */
static bool copy_f32_row(const struct npy *n, uint64_t row, float *out)
{
	uint32_t bad = 0;

	if (n->type != NPY_F32 || __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__)
		return false;
	memcpy(out, n->data + row * n->cols * 4, n->cols * 4);
	for (uint64_t i = 0; i < n->cols; i++) {
		uint32_t bits;

		memcpy(&bits, out + i, 4);
		bad |= (bits & 0x7f800000) == 0x7f800000;
	}
	return !bad;
}

static int copy_float_row(const struct npy *n, uint64_t row, float *out, struct wattle_ml_error *e)
{
	if (copy_f32_row(n, row, out))
		return 0;
	for (uint64_t i = 0; i < n->cols; i++) {
		out[i] = (float)float_value(n, row * n->cols + i);
		if (!isfinite(out[i]))
			return wattle_ml__fail(e, -EINVAL,
					       "%s: row %" PRIu64 ", column %" PRIu64
					       " is %s; fill it in, or drop the row or the column",
					       n->path, row + 1, i + 1,
					       isnan(out[i]) ? "NaN" : "beyond a 32-bit float");
	}
	return 0;
}

static int copy_rows(const struct npy *n, struct wattle_matrix *m, struct wattle_ml_error *e)
{
	int err = 0;

	for (uint64_t r = 0; r < m->rows && !err; r++) {
		if (m->dtype == WATTLE_U8)
			memcpy(wattle_matrix__row_u8(m, r), n->data + r * n->cols, n->cols);
		else
			err = copy_float_row(n, r, wattle_matrix__row_f32(m, r), e);
		wattle_matrix__pad_row(m, r);
	}
	return err;
}

int wattle_npy__parse(struct wattle_dataset *d, const char *path, const char *buf, size_t len,
		      struct wattle_ml_error *e)
{
	uint32_t dtype;
	struct npy n;
	int err = open_npy(&n, path, buf, len, e);

	if (err)
		return err;
	if (n.nr_dims == 1)
		return wattle_ml__fail(e, -EINVAL,
				       "%s: one dimension: labels? Name the file with the samples, or reshape it: a.reshape(-1, 1)",
				       path);
	dtype = n.type == NPY_U8 || n.type == NPY_BOOL ? WATTLE_U8 : WATTLE_F32;
	err = wattle_memory__check(n.dims[0], n.cols, wattle_dtype__size(dtype), path, e);
	if (err)
		return err;
	err = wattle_matrix__alloc_raw(&d->x, n.dims[0], n.cols, dtype);
	if (err)
		return wattle_ml__fail(e, err, "%s: cannot allocate %" PRIu64 " x %" PRIu64 " values",
				       path, n.dims[0], n.cols);
	err = copy_rows(&n, &d->x, e);
	if (err)
		wattle_matrix__free(&d->x);
	return err;
}

int wattle_npy__parse_labels(struct wattle_dataset *d, const char *path, const char *buf,
			     size_t len, struct wattle_ml_error *e)
{
	struct wattle_int_labels l = { .path = path };
	struct npy n;
	int err = open_npy(&n, path, buf, len, e);

	if (err)
		return err;
	if (n.cols != 1)
		return wattle_ml__fail(e, -EINVAL,
				       "%s: not labels: %" PRIu64 " values per sample",
				       path, n.cols);
	if (n.type == NPY_F32 || n.type == NPY_F64)
		return wattle_ml__fail(e, -EINVAL,
				       "%s: labels are floating point; save integers: y.astype('<i4')",
				       path);
	if (n.dims[0] != d->x.rows)
		return wattle_ml__fail(e, -EINVAL,
				       "%s: %" PRIu64 " labels for %zu samples; name the label file that belongs to the samples",
				       path, n.dims[0], d->x.rows);
	err = wattle_int_labels__init(&l, d->x.rows, e);
	for (uint64_t r = 0; r < n.dims[0] && !err; r++)
		err = wattle_int_labels__add(&l, int_value(&n, r), e);
	if (!err)
		err = wattle_int_labels__finish(&l, d, e);
	wattle_int_labels__free(&l);
	return err;
}
