// SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause
#include <math.h>

#include "ml/data/memory.h"
#include "ml/data/readers.h"
#include "ml_help.h"

/* A file in memory: magic, version, header, data. */
struct npy_buf {
	char	b[4096];
	size_t	n;
};

static struct npy_buf npy(int version, const char *dict, const void *data, size_t len)
{
	struct npy_buf o = { .n = 0 };
	size_t at = version == 1 ? 10 : 12, header = (at + strlen(dict) + 1 + 63) / 64 * 64 - at;

	memcpy(o.b, "\x93NUMPY", 6);
	o.b[6] = (char)version;
	o.b[8] = (char)(header & 0xff);
	o.b[9] = (char)(header >> 8);
	memset(o.b + at, ' ', header);
	memcpy(o.b + at, dict, strlen(dict));
	o.b[at + header - 1] = '\n';
	memcpy(o.b + at + header, data, len);
	o.n = at + header + len;
	return o;
}

static int parse_len(struct wattle_dataset *d, const struct npy_buf *o, size_t len,
		     struct wattle_ml_error *e)
{
	char *copy = malloc(len ? len : 1);
	int err;

	memcpy(copy, o->b, len);
	memset(d, 0, sizeof(*d));
	memset(e, 0, sizeof(*e));
	err = wattle_npy__parse(d, "t.npy", copy, len, e);
	free(copy);
	return err;
}

static const float six[] = { 0, 1, -2.5f, 3, 4, 5 };

#define DICT(descr, order, shape) \
	"{'descr': '" descr "', 'fortran_order': " order ", 'shape': " shape ", }"

static void test_versions(void **state)
{
	static const char * const dicts[] = {
		DICT("<f4", "False", "(2, 3)"),
		DICT("<f4", "False", "(2,3,)"),
		"{\"shape\": (2, 3), 'descr': \"<f4\", 'fortran_order':False}",
		DICT("<f4", "False", "(2, 3, 1)"),
		DICT("<f4", "False", "(2, 1, 3)"),
	};
	struct wattle_dataset d;
	struct wattle_ml_error e;

	(void)state;
	for (int v = 1; v <= 3; v++) {
		for (size_t i = 0; i < ARRAY_SIZE(dicts); i++) {
			struct npy_buf o = npy(v, dicts[i], six, sizeof(six));

			assert_ok(parse_len(&d, &o, o.n, &e), e);
			assert_int_equal(d.x.rows, 2);
			assert_int_equal(d.x.cols, 3);
			assert_int_equal(d.x.dtype, WATTLE_F32);
			assert_memory_equal(d.x.data, six, 12);
			assert_memory_equal((float *)d.x.data + d.x.stride, six + 3, 12);
			for (size_t c = 3; c < d.x.stride; c++)
				assert_true(((float *)d.x.data)[c] == 0);
			wattle_dataset__free(&d);
		}
	}
}

static void test_cut_anywhere(void **state)
{
	struct npy_buf o = npy(1, DICT("<f4", "False", "(2, 3)"), six, sizeof(six));
	struct wattle_dataset d, zero = { 0 };
	struct wattle_ml_error e;

	(void)state;
	for (size_t n = 0; n < o.n; n++) {
		assert_int_equal(parse_len(&d, &o, n, &e), -EBADMSG);
		assert_message(e, "t.npy");
		assert_memory_equal(&d, &zero, sizeof(d));
	}
	o.b[o.n++] = 0;
	assert_int_equal(parse_len(&d, &o, o.n, &e), -EBADMSG);
	assert_message(e, "t.npy: longer than its header says: 1 bytes follow");
}

static const struct {
	const char	*dict;
	int		err;
	const char	*message;
} bads[] = {
	{ DICT("<f4", "True", "(2, 3)"), -EINVAL, "t.npy: the array is in Fortran order" },
	{ DICT(">f4", "False", "(2, 3)"), -EINVAL, "t.npy: big-endian values ('>f4')" },
	{ DICT("|O", "False", "(2, 3)"), -EINVAL, "Python objects (a pickle)" },
	{ DICT("<c8", "False", "(2, 3)"), -EINVAL, "values of type '<c8'" },
	{ DICT("<U4", "False", "(2, 3)"), -EINVAL, "values of type '<U4'" },
	{ "{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (2, 3)}", -EINVAL,
	  "a structured array" },
	{ DICT("<f4", "False", "(6,)"), -EINVAL, "one dimension" },
	{ DICT("<f4", "False", "()"), -EINVAL, "a single value" },
	{ DICT("<f4", "False", "(0, 3)"), -ENODATA, "dimension 1 of 2 is 0" },
	{ DICT("<f4", "False", "(2, 0)"), -ENODATA, "dimension 2 of 2 is 0" },
	{ DICT("<f4", "False", "(-2, 3)"), -EINVAL, "no number" },
	{ DICT("<f4", "False", "(2, 3.5)"), -EINVAL, "shape does not close" },
	{ DICT("<f4", "False", "(4294967296, 4294967296, 4294967296)"), -EOVERFLOW, "2^64" },
	{ DICT("<f4", "False", "(99999999999999999999, 3)"), -EINVAL, "64 bits" },
	{ DICT("<f4", "False", "(4294967296, 1073741823)"), -EBADMSG,
	  "cut short: the header announces" },
	{ DICT("<f4", "False", "(2, 4)"), -EBADMSG,
	  "cut short: the header announces 2 x 4 values, 32 bytes; 24 follow" },
	{ DICT("<f4", "Maybe", "(2, 3)"), -EINVAL, "fortran_order is neither" },
	{ "{'descr': '<f4', 'shape': (2, 3)}", -EINVAL, "is missing" },
	{ "{'descr': '<f4', 'descr': '<f4', 'fortran_order': False, 'shape': (2, 3)}", -EINVAL,
	  "occurs twice" },
	{ "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), 'x': 1}", -EINVAL,
	  "unknown key" },
	{ "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3)", -EINVAL, "does not close" },
	{ "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3)} x", -EINVAL,
	  "follows the dict" },
	{ "{'descr': '\\x3cf4', 'fortran_order': False, 'shape': (2, 3)}", -EINVAL, "descr" },
	{ "", -EINVAL, "no dict" },
};

static void test_bad_headers(void **state)
{
	struct wattle_dataset d, zero = { 0 };
	struct wattle_ml_error e;
	struct npy_buf o;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bads); i++) {
		int err;

		o = npy(1, bads[i].dict, six, sizeof(six));
		err = parse_len(&d, &o, o.n, &e);
		if (err != bads[i].err)
			fail_msg("%s: %d instead of %d, '%s'", bads[i].dict, err, bads[i].err,
				 e.msg);
		assert_message(e, bads[i].message);
		assert_memory_equal(&d, &zero, sizeof(d));
	}
	o = npy(1, DICT("<f4", "False", "(2, 3)"), six, sizeof(six));
	o.b[6] = 9;
	assert_int_equal(parse_len(&d, &o, o.n, &e), -EINVAL);
	assert_message(e, ".npy version 9.0");
	o.b[0] = 'x';
	assert_int_equal(parse_len(&d, &o, o.n, &e), -EINVAL);
	assert_message(e, "does not start with");
}

static void test_non_finite(void **state)
{
	double v[] = { 1, 2, 3, NAN };
	struct wattle_dataset d;
	struct wattle_ml_error e;
	struct npy_buf o = npy(1, DICT("<f8", "False", "(2, 2)"), v, sizeof(v));

	(void)state;
	assert_int_equal(parse_len(&d, &o, o.n, &e), -EINVAL);
	assert_message(e, "t.npy: row 2, column 2 is NaN");
	v[3] = 1e39;
	o = npy(1, DICT("<f8", "False", "(2, 2)"), v, sizeof(v));
	assert_int_equal(parse_len(&d, &o, o.n, &e), -EINVAL);
	assert_message(e, "t.npy: row 2, column 2 is beyond a 32-bit float");
	v[3] = 1e38;
	o = npy(1, DICT("<f8", "False", "(2, 2)"), v, sizeof(v));
	assert_ok(parse_len(&d, &o, o.n, &e), e);
	wattle_dataset__free(&d);
}

static void test_memory(void **state)
{
	struct npy_buf o = npy(1, DICT("|u1", "False", "(3000, 1)"), six, 0);
	struct wattle_dataset d;
	struct wattle_ml_error e;

	(void)state;
	memset(o.b + o.n, 1, 3000);
	o.n += 3000;
	wattle_memory__set_limit(100000);
	assert_int_equal(parse_len(&d, &o, o.n, &e), -ENOMEM);
	wattle_memory__set_limit(0);
	assert_message(e, "3000 rows x 1 columns need 0.2 MiB");
	assert_ok(parse_len(&d, &o, o.n, &e), e);
	wattle_dataset__free(&d);
}

static int parse_labels(struct wattle_dataset *d, const struct npy_buf *o, size_t rows,
			struct wattle_ml_error *e)
{
	memset(d, 0, sizeof(*d));
	d->x.rows = rows;
	return wattle_npy__parse_labels(d, "l.npy", o->b, o->n, e);
}

static void test_labels(void **state)
{
	static const int64_t wide[] = { 7, INT64_MIN, 7, INT64_MAX };
	static const int32_t narrow[] = { 3, -1, 3, 0 };
	static const uint32_t want[] = { 1, 0, 1, 2 }, want_narrow[] = { 2, 0, 2, 1 };
	struct wattle_dataset d;
	struct wattle_ml_error e;
	struct npy_buf o = npy(1, DICT("<i8", "False", "(4,)"), wide, sizeof(wide));

	(void)state;
	assert_ok(parse_labels(&d, &o, 4, &e), e);
	assert_int_equal(d.nr_classes, 3);
	assert_string_equal(d.class_names[0], "-9223372036854775808");
	assert_string_equal(d.class_names[2], "9223372036854775807");
	assert_memory_equal(d.labels, want, sizeof(want));
	wattle_dataset__free(&d);
	o = npy(2, DICT("<i4", "True", "(4, 1)"), narrow, sizeof(narrow));
	assert_ok(parse_labels(&d, &o, 4, &e), e);
	assert_memory_equal(d.labels, want_narrow, sizeof(want_narrow));
	wattle_dataset__free(&d);
	o = npy(1, DICT("|b1", "False", "(4,)"), "\0\1\1\0", 4);
	assert_ok(parse_labels(&d, &o, 4, &e), e);
	assert_int_equal(d.nr_classes, 2);
	wattle_dataset__free(&d);

	assert_int_equal(parse_labels(&d, &o, 3, &e), -EINVAL);
	assert_message(e, "l.npy: 4 labels for 3 samples");
	o = npy(1, DICT("<f4", "False", "(2, 3)"), six, sizeof(six));
	assert_int_equal(parse_labels(&d, &o, 2, &e), -EINVAL);
	assert_message(e, "l.npy: not labels: 3 values per sample");
	o = npy(1, DICT("<f4", "False", "(6,)"), six, sizeof(six));
	assert_int_equal(parse_labels(&d, &o, 6, &e), -EINVAL);
	assert_message(e, "l.npy: labels are floating point");
}

/* Files NumPy itself wrote, in every type. */
static void test_numpy(void **state)
{
	static const char * const types[] = { "<f4", "<f8", "<i4", "<i8", "u1", "?" };
	struct wattle_read_opts opts = { .sz = sizeof(opts), .header = -1 };
	struct wattle_dataset d;
	struct wattle_ml_error e;
	char *out = run_numpy("import numpy as np\n"
			      "for t in ['<f4', '<f8', '<i4', '<i8', 'u1', '?']:\n"
			      "    a = (np.arange(35).reshape(7, 5) %% (2 if t == '?' else 99)).astype(t)\n"
			      "    np.save('%s/a_' + t.strip('<').replace('?', 'b') + '.npy', a)\n"
			      "np.save('%s/y.npy', np.arange(7) %% 3)\n"
			      "np.save('%s/f.npy', np.asfortranarray(np.ones((7, 5))))\n",
			      tmp_dir(), tmp_dir(), tmp_dir());

	(void)state;
	if (!out)
		skip_because("/usr/bin/python3 has no numpy");
	free(out);
	for (size_t i = 0; i < ARRAY_SIZE(types); i++) {
		char name[32], label[256];
		bool narrow = i >= 4;

		snprintf(name, sizeof(name), "a_%s.npy",
			 i == 5 ? "b" : types[i] + (*types[i] == '<'));
		strcpy(label, tmp_path("y.npy"));
		opts.label = label;
		assert_ok(wattle_dataset__read(&d, tmp_path(name), &opts, &e), e);
		assert_int_equal(d.x.rows, 7);
		assert_int_equal(d.x.cols, 5);
		assert_int_equal(d.x.dtype, narrow ? WATTLE_U8 : WATTLE_F32);
		assert_int_equal(d.nr_classes, 3);
		for (size_t r = 0; r < 7; r++) {
			assert_int_equal(d.labels[r], r % 3);
			for (size_t c = 0; c < 5; c++) {
				size_t at = r * d.x.stride + c;
				double v = narrow ? ((uint8_t *)d.x.data)[at] :
						    (double)((float *)d.x.data)[at];

				assert_true(v == (double)((r * 5 + c) % (i == 5 ? 2 : 99)));
			}
		}
		wattle_dataset__free(&d);
	}
	opts.label = NULL;
	assert_int_equal(wattle_dataset__read(&d, tmp_path("f.npy"), &opts, &e), -EINVAL);
	assert_message(e, "Fortran order");
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_versions),
		cmocka_unit_test(test_cut_anywhere),
		cmocka_unit_test(test_bad_headers),
		cmocka_unit_test(test_non_finite),
		cmocka_unit_test(test_memory),
		cmocka_unit_test(test_labels),
		cmocka_unit_test(test_numpy),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
