// SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause
/*
 * IDX, the format of MNIST: two zero bytes, a type, the number of dimensions,
 * the dimensions (32 bits each), the values; everything big-endian.
 */
#include <endian.h>
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "fail.h"
#include "gunzip.h"
#include "int_labels.h"
#include "matrix.h"
#include "memory.h"
#include "readers.h"

enum idx_type {
	IDX_U8	= 0x08,
	IDX_S8	= 0x09,
	IDX_S16	= 0x0b,
	IDX_S32	= 0x0c,
	IDX_F32	= 0x0d,
	IDX_F64	= 0x0e,
};

struct idx {
	struct bytes	in;
	enum idx_type	type;
	unsigned int	nr_dims;
	size_t		elem;
	uint64_t	rows;
	uint64_t	cols;	/* product of all dimensions but the first */
};

static size_t elem_size(unsigned int type)
{
	switch (type) {
	case IDX_U8:
	case IDX_S8:
		return 1;
	case IDX_S16:
		return 2;
	case IDX_S32:
	case IDX_F32:
		return 4;
	case IDX_F64:
		return 8;
	default:
		return 0;
	}
}

bool wattle_idx__probe(const char *buf, size_t len)
{
	return len >= 4 && !buf[0] && !buf[1] && elem_size((unsigned char)buf[2]);
}

static int header(struct idx *x, struct wattle_ml_error *e)
{
	const char *path = x->in.path;
	unsigned char magic[4];
	uint64_t bytes;
	size_t got;
	int err;

	err = bytes_read(&x->in, magic, sizeof(magic), &got, e);
	if (err)
		return err;
	if (got < sizeof(magic))
		return wattle_ml__fail(e, -EBADMSG,
				       "%s: cut short: %zu bytes, not even the 4 of the magic number",
				       path, got);
	if (magic[0] || magic[1])
		return wattle_ml__fail(e, -EINVAL,
				       "%s: not IDX: it starts with %02x %02x %02x %02x, IDX with 00 00",
				       path, magic[0], magic[1], magic[2], magic[3]);
	x->elem = elem_size(magic[2]);
	if (!x->elem)
		return wattle_ml__fail(e, -EINVAL,
				       "%s: not IDX: type 0x%02x is none of 08 09 0b 0c 0d 0e",
				       path, magic[2]);
	x->type = magic[2];
	x->nr_dims = magic[3];
	if (!x->nr_dims)
		return wattle_ml__fail(e, -EINVAL, "%s: IDX without dimensions: a single value",
				       path);
	x->cols = 1;
	for (unsigned int i = 0; i < x->nr_dims; i++) {
		uint32_t dim;

		err = bytes_read(&x->in, &dim, sizeof(dim), &got, e);
		if (err)
			return err;
		if (got < sizeof(dim))
			return wattle_ml__fail(e, -EBADMSG,
					       "%s: cut short: the file ends inside dimension %u of %u",
					       path, i + 1, x->nr_dims);
		dim = be32toh(dim);
		if (!dim)
			return wattle_ml__fail(e, -ENODATA, "%s: dimension %u of %u is 0: no data",
					       path, i + 1, x->nr_dims);
		if (!i)
			x->rows = dim;
		else if (__builtin_mul_overflow(x->cols, dim, &x->cols))
			goto too_large;
	}
	if (__builtin_mul_overflow(x->rows, x->cols, &bytes) ||
	    __builtin_mul_overflow(bytes, x->elem, &bytes))
		goto too_large;
	if (bytes > bytes_max_left(&x->in))
		return wattle_ml__fail(e, -EBADMSG,
				       "%s: cut short: the header announces %" PRIu64 " x %" PRIu64
				       " values, %" PRIu64 " bytes; at most %" PRIu64 " can follow",
				       path, x->rows, x->cols, bytes, bytes_max_left(&x->in));
	return 0;

too_large:
	return wattle_ml__fail(e, -EOVERFLOW, "%s: the dimensions multiply to more than 2^64 bytes",
			       path);
}

static int short_row(const struct idx *x, uint64_t row, struct wattle_ml_error *e)
{
	return wattle_ml__fail(e, -EBADMSG,
			       "%s: cut short: the file ends in sample %" PRIu64 " of %" PRIu64
			       "; fetch it again",
			       x->in.path, row + 1, x->rows);
}

/* After the last value there must be nothing; for gzip this also reads the checksum. */
static int nothing_left(struct idx *x, struct wattle_ml_error *e)
{
	char more;
	size_t got;
	int err = bytes_read(&x->in, &more, 1, &got, e);

	if (err)
		return err;
	if (got)
		return wattle_ml__fail(e, -EBADMSG,
				       "%s: longer than its header says: data follow the last of %"
				       PRIu64 " x %" PRIu64 " values",
				       x->in.path, x->rows, x->cols);
	return 0;
}

static double value(const unsigned char *p, enum idx_type type)
{
	union {
		uint16_t	u16;
		uint32_t	u32;
		uint64_t	u64;
		float		f32;
		double		f64;
	} v;

	switch (type) {
	case IDX_U8:
		return *p;
	case IDX_S8:
		return (int8_t)*p;
	case IDX_S16:
		memcpy(&v.u16, p, 2);
		return (int16_t)be16toh(v.u16);
	case IDX_S32:
		memcpy(&v.u32, p, 4);
		return (int32_t)be32toh(v.u32);
	case IDX_F32:
		memcpy(&v.u32, p, 4);
		v.u32 = be32toh(v.u32);
		return v.f32;
	case IDX_F64:
		memcpy(&v.u64, p, 8);
		v.u64 = be64toh(v.u64);
		return v.f64;
	}
	return NAN;
}

static int convert_row(const struct idx *x, uint64_t row, const unsigned char *raw, float *out,
		       struct wattle_ml_error *e)
{
	for (size_t i = 0; i < x->cols; i++) {
		out[i] = (float)value(raw + i * x->elem, x->type);
		if (!isfinite(out[i]))
			return wattle_ml__fail(e, -EINVAL,
					       "%s: sample %" PRIu64 ", value %zu is %s; fill it in or drop the sample",
					       x->in.path, row + 1, i + 1,
					       isnan(out[i]) ? "NaN" : "beyond a 32-bit float");
	}
	return 0;
}

static int read_rows(struct idx *x, struct wattle_matrix *m, struct wattle_ml_error *e)
{
	size_t row_bytes = x->cols * x->elem, got;
	unsigned char *raw = NULL;
	int err = 0;

	if (m->dtype != WATTLE_U8) {
		raw = malloc(row_bytes);
		if (!raw)
			return wattle_ml__no_memory(e, x->in.path);
	}
	for (uint64_t r = 0; r < x->rows && !err; r++) {
		void *to = raw ? raw : wattle_matrix__row_u8(m, r);

		err = bytes_read(&x->in, to, row_bytes, &got, e);
		if (!err && got < row_bytes)
			err = short_row(x, r, e);
		if (!err && raw)
			err = convert_row(x, r, raw, wattle_matrix__row_f32(m, r), e);
		wattle_matrix__pad_row(m, r);
	}
	free(raw);
	return err ? err : nothing_left(x, e);
}

int wattle_idx__parse(struct wattle_dataset *d, const char *path, const char *buf, size_t len,
		      struct wattle_ml_error *e)
{
	struct idx x = { 0 };
	uint32_t dtype;
	int err = bytes_open(&x.in, path, buf, len, e);

	if (!err)
		err = header(&x, e);
	if (err)
		goto out_close;
	if (x.nr_dims == 1) {
		err = wattle_ml__fail(e, -EINVAL,
				      "%s: one dimension: this is a label file; name the file with the samples",
				      path);
		goto out_close;
	}
	dtype = x.type == IDX_U8 ? WATTLE_U8 : WATTLE_F32;
	err = wattle_memory__check(x.rows, x.cols, wattle_dtype__size(dtype), path, e);
	if (err)
		goto out_close;
	err = wattle_matrix__alloc_raw(&d->x, x.rows, x.cols, dtype);
	if (err) {
		wattle_ml__fail(e, err, "%s: cannot allocate %" PRIu64 " x %" PRIu64 " values",
				path, x.rows, x.cols);
		goto out_close;
	}
	err = read_rows(&x, &d->x, e);
	if (err)
		wattle_matrix__free(&d->x);

out_close:
	bytes_close(&x.in);
	return err;
}

static int read_labels(struct idx *x, struct wattle_int_labels *l, struct wattle_ml_error *e)
{
	unsigned char raw[8];
	size_t got;
	int err;

	for (uint64_t r = 0; r < x->rows; r++) {
		err = bytes_read(&x->in, raw, x->elem, &got, e);
		if (err)
			return err;
		if (got < x->elem)
			return short_row(x, r, e);
		err = wattle_int_labels__add(l, (int64_t)value(raw, x->type), e);
		if (err)
			return err;
	}
	return nothing_left(x, e);
}

int wattle_idx__parse_labels(struct wattle_dataset *d, const char *path, const char *buf,
			     size_t len, struct wattle_ml_error *e)
{
	struct wattle_int_labels l = { .path = path };
	struct idx x = { 0 };
	int err = bytes_open(&x.in, path, buf, len, e);

	if (!err)
		err = header(&x, e);
	if (err)
		goto out_close;
	if (x.cols != 1) {
		err = wattle_ml__fail(e, -EINVAL,
				      "%s: not a label file: %" PRIu64 " values per sample", path,
				      x.cols);
	} else if (x.type == IDX_F32 || x.type == IDX_F64) {
		err = wattle_ml__fail(e, -EINVAL,
				      "%s: labels are floating point; classes must be integers",
				      path);
	} else if (x.rows != d->x.rows) {
		err = wattle_ml__fail(e, -EINVAL,
				      "%s: %" PRIu64 " labels for %zu samples; name the label file that belongs to the samples",
				      path, x.rows, d->x.rows);
	} else {
		err = wattle_int_labels__init(&l, d->x.rows, e);
		if (!err)
			err = read_labels(&x, &l, e);
		if (!err)
			err = wattle_int_labels__finish(&l, d, e);
		wattle_int_labels__free(&l);
	}

out_close:
	bytes_close(&x.in);
	return err;
}
