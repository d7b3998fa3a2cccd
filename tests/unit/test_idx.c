// SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause
#include <math.h>
#include <zlib.h>

#include "ml/data/memory.h"
#include "ml/data/readers.h"
#include "ml_help.h"

struct bytes_buf {
	unsigned char	b[4096];
	size_t		n;
};

static void put(struct bytes_buf *o, const void *p, size_t n)
{
	assert_true(o->n + n <= sizeof(o->b));
	memcpy(o->b + o->n, p, n);
	o->n += n;
}

static void be32(struct bytes_buf *o, uint32_t v)
{
	unsigned char b[4] = { v >> 24, v >> 16, v >> 8, v };

	put(o, b, 4);
}

/* Magic and dimensions. */
static struct bytes_buf idx(unsigned char type, unsigned int nr_dims, const uint32_t *dims)
{
	struct bytes_buf o = { .n = 0 };
	unsigned char magic[4] = { 0, 0, type, (unsigned char)nr_dims };

	put(&o, magic, 4);
	for (unsigned int i = 0; i < nr_dims; i++)
		be32(&o, dims[i]);
	return o;
}

/* 4 samples of 2 x 3 bytes: 0, 1, 2, ... */
static struct bytes_buf images(void)
{
	struct bytes_buf o = idx(8, 3, (uint32_t[]){ 4, 2, 3 });

	for (unsigned char i = 0; i < 24; i++)
		put(&o, &i, 1);
	return o;
}

static struct bytes_buf zip(const struct bytes_buf *in)
{
	struct bytes_buf o = { .n = 0 };
	z_stream z = { 0 };

	assert_int_equal(deflateInit2(&z, 9, Z_DEFLATED, 31, 8, Z_DEFAULT_STRATEGY), Z_OK);
	z.next_in = (Bytef *)in->b;
	z.avail_in = (uInt)in->n;
	z.next_out = o.b;
	z.avail_out = sizeof(o.b);
	assert_int_equal(deflate(&z, Z_FINISH), Z_STREAM_END);
	o.n = sizeof(o.b) - z.avail_out;
	deflateEnd(&z);
	return o;
}

static int parse_len(struct wattle_dataset *d, const struct bytes_buf *o, size_t len,
		     struct wattle_ml_error *e)
{
	char *copy = malloc(len ? len : 1);
	int err;

	memcpy(copy, o->b, len);
	memset(d, 0, sizeof(*d));
	memset(e, 0, sizeof(*e));
	err = wattle_idx__parse(d, "t.idx", copy, len, e);
	free(copy);
	return err;
}

static int parse_labels(struct wattle_dataset *d, const struct bytes_buf *o, size_t rows,
			struct wattle_ml_error *e)
{
	memset(d, 0, sizeof(*d));
	memset(e, 0, sizeof(*e));
	d->x.rows = rows;
	return wattle_idx__parse_labels(d, "l.idx", (const char *)o->b, o->n, e);
}

static void check_images(const struct bytes_buf *o)
{
	struct wattle_dataset d;
	struct wattle_ml_error e;

	assert_ok(parse_len(&d, o, o->n, &e), e);
	assert_int_equal(d.x.rows, 4);
	assert_int_equal(d.x.cols, 6);
	assert_int_equal(d.x.dtype, WATTLE_U8);
	assert_int_equal(d.x.stride, 64);
	for (size_t r = 0; r < 4; r++)
		for (size_t c = 0; c < 64; c++)
			assert_int_equal(((uint8_t *)d.x.data)[r * 64 + c], c < 6 ? r * 6 + c : 0);
	wattle_dataset__free(&d);
}

static void test_plain_and_gzip(void **state)
{
	struct bytes_buf o = images(), z = zip(&o), two, half;

	(void)state;
	check_images(&o);
	check_images(&z);
	/* Two members, as from cat a.gz b.gz. */
	half = o;
	half.n = 20;
	two = zip(&half);
	memmove(o.b, o.b + 20, o.n - 20);
	o.n -= 20;
	z = zip(&o);
	put(&two, z.b, z.n);
	check_images(&two);
}

static void test_cut_anywhere(void **state)
{
	struct bytes_buf o = images(), z = zip(&o);
	struct wattle_dataset d, zero = { 0 };
	struct wattle_ml_error e;

	(void)state;
	for (size_t n = 0; n < o.n; n++) {
		assert_int_equal(parse_len(&d, &o, n, &e), -EBADMSG);
		assert_message(e, "t.idx: cut short");
		assert_message(e, n < 4 ? "magic" : n < 16 ? "dimension" : "announces 4 x 6 values");
		assert_memory_equal(&d, &zero, sizeof(d));
	}
	for (size_t n = 0; n < z.n; n++) {
		assert_int_equal(parse_len(&d, &z, n, &e), -EBADMSG);
		assert_message(e, "cut short");
		assert_memory_equal(&d, &zero, sizeof(d));
	}
}

static void test_damaged_gzip(void **state)
{
	struct bytes_buf o = images(), z = zip(&o), bad;
	struct wattle_dataset d;
	struct wattle_ml_error e;

	(void)state;
	bad = z;
	bad.b[z.n - 8] ^= 1;	/* checksum */
	assert_int_equal(parse_len(&d, &bad, bad.n, &e), -EBADMSG);
	assert_message(e, "t.idx: the gzip stream is damaged (incorrect data check)");
	bad = z;
	bad.b[z.n - 4] ^= 1;	/* length */
	assert_int_equal(parse_len(&d, &bad, bad.n, &e), -EBADMSG);
	assert_message(e, "damaged (incorrect length check)");
	bad = z;
	put(&bad, "junk", 4);
	assert_int_equal(parse_len(&d, &bad, bad.n, &e), -EBADMSG);
	assert_message(e, "4 bytes that are not gzip follow");
}

static void check_bad(const struct bytes_buf *o, int want, const char *message)
{
	struct wattle_dataset d, zero = { 0 };
	struct wattle_ml_error e;
	struct bytes_buf z = zip(o);
	int err = parse_len(&d, o, o->n, &e);

	if (err != want)
		fail_msg("%d instead of %d, '%s'", err, want, e.msg);
	assert_message(e, message);
	assert_memory_equal(&d, &zero, sizeof(d));
	assert_int_equal(parse_len(&d, &z, z.n, &e), want);
}

static void test_bad_headers(void **state)
{
	struct bytes_buf o;

	(void)state;
	o = images();
	put(&o, "x", 1);
	check_bad(&o, -EBADMSG, "t.idx: longer than its header says");
	o = images();
	o.b[0] = 0x12;
	check_bad(&o, -EINVAL, "t.idx: not IDX: it starts with 12 00 08 03");
	o = images();
	o.b[2] = 0x0a;
	check_bad(&o, -EINVAL, "t.idx: not IDX: type 0x0a");
	o = idx(8, 0, NULL);
	put(&o, "x", 1);
	check_bad(&o, -EINVAL, "without dimensions");
	o = idx(8, 3, (uint32_t[]){ 4, 0, 3 });
	check_bad(&o, -ENODATA, "dimension 2 of 3 is 0");
	o = idx(8, 1, (uint32_t[]){ 3 });
	put(&o, "abc", 3);
	check_bad(&o, -EINVAL, "this is a label file");
	o = idx(8, 3, (uint32_t[]){ 0xffffffff, 0xffffffff, 0xffffffff });
	check_bad(&o, -EOVERFLOW, "more than 2^64 bytes");
	o = idx(0x0e, 2, (uint32_t[]){ 0xffffffff, 0xffffffff });
	check_bad(&o, -EOVERFLOW, "more than 2^64 bytes");
	o = idx(8, 2, (uint32_t[]){ 0x7fffffff, 0x7fffffff });
	check_bad(&o, -EBADMSG, "cut short: the header announces");
}

/* Claims a compressed file could hold, and the machine cannot. */
static void test_memory(void **state)
{
	struct bytes_buf o = idx(8, 2, (uint32_t[]){ 4000, 1000 }), z;
	struct wattle_dataset d;
	struct wattle_ml_error e;
	int err;

	(void)state;
	put(&o, "the first values", 16);
	z = zip(&o);
	/* In deflate's best case as many bytes hold 4 MB. */
	memset(z.b + z.n, 0, 3900 - z.n);
	z.n = 3900;
	wattle_memory__set_limit(1 << 20);
	err = parse_len(&d, &z, z.n, &e);
	wattle_memory__set_limit(0);
	assert_int_equal(err, -ENOMEM);
	assert_message(e, "4000 rows x 1000 columns need 3.9 MiB of memory, 1.0 MiB are available");
}

static void test_types(void **state)
{
	static const struct {
		unsigned char	type;
		unsigned char	bytes[16];	/* two values */
		size_t		n;
		float		want[2];
	} cases[] = {
		{ 0x09, { 0x80, 0x7f }, 2, { -128, 127 } },
		{ 0x0b, { 0xff, 0xfe, 0x01, 0x02 }, 4, { -2, 258 } },
		{ 0x0c, { 0xff, 0xff, 0xff, 0xff, 0, 1, 0, 0 }, 8, { -1, 65536 } },
		{ 0x0d, { 0x3f, 0xc0, 0, 0, 0xc1, 0x20, 0, 0 }, 8, { 1.5f, -10 } },
		{ 0x0e, { 0x3f, 0xf8, 0, 0, 0, 0, 0, 0, 0xc0, 0x24, 0, 0, 0, 0, 0, 0 }, 16,
		  { 1.5f, -10 } },
	};
	static const unsigned char nan_be[] = { 0x7f, 0xc0, 0, 0 };
	static const unsigned char large_be[] = { 0x7e, 0xf0, 0, 0, 0, 0, 0, 0 };
	struct wattle_dataset d;
	struct wattle_ml_error e;
	struct bytes_buf o;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		o = idx(cases[i].type, 2, (uint32_t[]){ 1, 2 });
		put(&o, cases[i].bytes, cases[i].n);
		assert_ok(parse_len(&d, &o, o.n, &e), e);
		assert_int_equal(d.x.dtype, WATTLE_F32);
		assert_memory_equal(d.x.data, cases[i].want, sizeof(cases[i].want));
		assert_true(((float *)d.x.data)[2] == 0);
		wattle_dataset__free(&d);
	}
	o = idx(0x0d, 2, (uint32_t[]){ 2, 1 });
	put(&o, cases[3].bytes, 4);
	put(&o, nan_be, 4);
	check_bad(&o, -EINVAL, "t.idx: sample 2, value 1 is NaN");
	o = idx(0x0e, 2, (uint32_t[]){ 1, 1 });
	put(&o, large_be, 8);
	check_bad(&o, -EINVAL, "t.idx: sample 1, value 1 is beyond a 32-bit float");
}

static void test_labels(void **state)
{
	struct bytes_buf o = idx(8, 1, (uint32_t[]){ 4 }), bad;
	struct wattle_dataset d;
	struct wattle_ml_error e;

	(void)state;
	put(&o, "\x09\x02\x09\x0a", 4);
	assert_ok(parse_labels(&d, &o, 4, &e), e);
	assert_int_equal(d.nr_classes, 3);
	assert_string_equal(d.class_names[0], "2");
	assert_string_equal(d.class_names[1], "9");
	assert_string_equal(d.class_names[2], "10");
	assert_memory_equal(d.labels, ((uint32_t[]){ 1, 0, 1, 2 }), 16);
	wattle_dataset__free(&d);

	assert_int_equal(parse_labels(&d, &o, 5, &e), -EINVAL);
	assert_message(e, "l.idx: 4 labels for 5 samples");
	bad = images();
	assert_int_equal(parse_labels(&d, &bad, 4, &e), -EINVAL);
	assert_message(e, "l.idx: not a label file: 6 values per sample");
	bad = idx(0x0d, 1, (uint32_t[]){ 1 });
	put(&bad, "\0\0\0\0", 4);
	assert_int_equal(parse_labels(&d, &bad, 1, &e), -EINVAL);
	assert_message(e, "labels are floating point");
	bad = o;
	bad.n--;
	assert_int_equal(parse_labels(&d, &bad, 4, &e), -EBADMSG);
	bad = idx(0x0c, 1, (uint32_t[]){ 2 });
	put(&bad, "\x80\0\0\0\x7f\xff\xff\xff", 8);
	assert_ok(parse_labels(&d, &bad, 2, &e), e);
	assert_string_equal(d.class_names[0], "-2147483648");
	assert_string_equal(d.class_names[1], "2147483647");
	wattle_dataset__free(&d);
}

/* The real thing, against zlib's own file reader. */
static void test_fashion_mnist(void **state)
{
	const char *dir = "/usr/share/datasets/fashion-mnist";
	char path[128], labels[128];
	struct wattle_read_opts opts = { .sz = sizeof(opts), .header = -1 };
	struct wattle_dataset d;
	struct wattle_ml_error e;
	uint8_t row[784], header[16];
	uint32_t count[10] = { 0 };
	gzFile f;

	(void)state;
	snprintf(path, sizeof(path), "%s/train-images-idx3-ubyte.gz", dir);
	snprintf(labels, sizeof(labels), "%s/train-labels-idx1-ubyte.gz", dir);
	f = gzopen(path, "rb");
	if (!f)
		skip_because("%s: %s (Debian package dataset-fashion-mnist)", path,
			     strerror(errno));
	assert_ok(wattle_dataset__read(&d, path, &opts, &e), e);
	assert_int_equal(d.x.rows, 60000);
	assert_int_equal(d.x.cols, 784);
	assert_int_equal(gzread(f, header, 16), 16);
	for (size_t r = 0; r < d.x.rows; r++) {
		assert_int_equal(gzread(f, row, 784), 784);
		if (memcmp(row, (uint8_t *)d.x.data + r * d.x.stride, 784))
			fail_msg("sample %zu differs", r);
	}
	gzclose(f);
	assert_int_equal(d.nr_classes, 10);
	f = gzopen(labels, "rb");
	assert_non_null(f);
	assert_int_equal(gzread(f, header, 8), 8);
	for (size_t r = 0; r < d.x.rows; r++) {
		assert_int_equal(gzgetc(f), d.labels[r]);
		count[d.labels[r]]++;
	}
	gzclose(f);
	for (int k = 0; k < 10; k++)
		assert_int_equal(count[k], 6000);
	wattle_dataset__free(&d);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_plain_and_gzip),
		cmocka_unit_test(test_cut_anywhere),
		cmocka_unit_test(test_damaged_gzip),
		cmocka_unit_test(test_bad_headers),
		cmocka_unit_test(test_memory),
		cmocka_unit_test(test_types),
		cmocka_unit_test(test_labels),
		cmocka_unit_test(test_fashion_mnist),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
