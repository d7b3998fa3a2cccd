// SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause
#include <dirent.h>
#include <math.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "ml/model/safetensors.h"
#include "ml_help.h"

#define COLS	5

/* Names that JSON, UTF-8 and C strings each find something difficult in. */
static const char * const hard_names[COLS] = {
	"plain", "qu\"ote\\back/slash", "tab\tnew\nline\x01\x7f", "gr\xc3\xb6\xc3\x9f" "e \xe2\x82\xac",
	"\xf0\x9f\x90\xa8,\xe2\x80\xa8[]{}:",
};

static void make(struct wattle_model *m, uint32_t nr_classes, bool scaler, bool features)
{
	uint64_t seed = nr_classes;

	memset(m, 0, sizeof(*m));
	m->nr_classes = nr_classes;
	m->nr_outputs = nr_classes == 2 ? 1 : nr_classes;
	m->cols = COLS;
	m->loss = nr_classes % 2 ? WATTLE_LOSS_SQUARED : WATTLE_LOSS_LOG;
	m->w = calloc(m->nr_outputs * COLS, sizeof(float));
	m->b = calloc(m->nr_outputs, sizeof(float));
	m->class_names = calloc(nr_classes, sizeof(char *));
	for (uint32_t k = 0; k < nr_classes; k++)
		m->class_names[k] = strdup(hard_names[COLS - 1 - k % COLS]);
	for (size_t i = 0; i < m->nr_outputs * COLS; i++)
		m->w[i] = (float)(int64_t)rnd(&seed) * 0x1p-70f;
	for (size_t i = 0; i < m->nr_outputs; i++)
		m->b[i] = (float)i - 0.5f;
	if (scaler) {
		m->scaler.cols = COLS;
		m->scaler.mean = calloc(COLS, sizeof(double));
		m->scaler.scale = calloc(COLS, sizeof(double));
		for (size_t i = 0; i < COLS; i++) {
			m->scaler.mean[i] = 1.0 / 3 * (double)i;
			m->scaler.scale[i] = 1e-30 + (double)i;
		}
	}
	if (features) {
		m->feature_names = calloc(COLS, sizeof(char *));
		for (size_t i = 0; i < COLS; i++)
			m->feature_names[i] = strdup(hard_names[i]);
	}
}

static void check_same(const struct wattle_model *a, const struct wattle_model *b)
{
	assert_int_equal(a->nr_classes, b->nr_classes);
	assert_int_equal(a->nr_outputs, b->nr_outputs);
	assert_int_equal(a->cols, b->cols);
	assert_int_equal(a->loss, b->loss);
	assert_int_equal(a->scaler.cols, b->scaler.cols);
	assert_memory_equal(a->w, b->w, a->nr_outputs * a->cols * sizeof(float));
	assert_memory_equal(a->b, b->b, a->nr_outputs * sizeof(float));
	if (a->scaler.cols) {
		assert_memory_equal(a->scaler.mean, b->scaler.mean, a->cols * sizeof(double));
		assert_memory_equal(a->scaler.scale, b->scaler.scale, a->cols * sizeof(double));
	}
	for (uint32_t k = 0; k < a->nr_classes; k++)
		assert_string_equal(a->class_names[k], b->class_names[k]);
	assert_int_equal(!a->feature_names, !b->feature_names);
	for (size_t i = 0; a->feature_names && i < a->cols; i++)
		assert_string_equal(a->feature_names[i], b->feature_names[i]);
}

static void test_round_trip(void **state)
{
	struct wattle_model m, back;
	struct wattle_ml_error e;

	(void)state;
	for (uint32_t nr = 2; nr <= 7; nr++) {
		for (int i = 0; i < 4; i++) {
			make(&m, nr, i & 1, i & 2);
			assert_ok(wattle_model__save(&m, tmp_path("m"), &e), e);
			assert_ok(wattle_model__load(&back, tmp_path("m"), &e), e);
			check_same(&m, &back);
			wattle_model__free(&m);
			wattle_model__free(&back);
		}
	}
	/* Many names: the header outgrows any fixed buffer. */
	make(&m, 4096, false, false);
	assert_ok(wattle_model__save(&m, tmp_path("m"), &e), e);
	assert_ok(wattle_model__load(&back, tmp_path("m"), &e), e);
	check_same(&m, &back);
	wattle_model__free(&m);
	wattle_model__free(&back);
	wattle_model__free(NULL);
}

static int parse(const char *buf, size_t len, struct wattle_model *m, struct wattle_ml_error *e)
{
	char *copy = malloc(len ? len : 1);
	int err;

	memcpy(copy, buf, len);
	memset(e, 0, sizeof(*e));
	err = wattle_safetensors__parse(m, "m.st", copy, len, e);
	free(copy);
	return err;
}

static void test_cut_anywhere(void **state)
{
	struct wattle_model m, back, zero = { 0 };
	struct wattle_ml_error e;
	char *buf;
	size_t len;

	(void)state;
	make(&m, 3, true, true);
	assert_ok(wattle_safetensors__bytes(&m, &buf, &len, &e), e);
	for (size_t n = 0; n < len; n++) {
		int err = parse(buf, n, &back, &e);

		if (err != -EBADMSG)
			fail_msg("%zu of %zu bytes: %d, '%s'", n, len, err, e.msg);
		assert_message(e, "m.st: cut short");
		assert_memory_equal(&back, &zero, sizeof(zero));
	}
	/* As a file, too: the empty one has a way of its own. */
	for (size_t n = 0; n < len; n += 1 + n) {
		write_file(tmp_path("cut"), buf, n);
		assert_int_equal(wattle_model__load(&back, tmp_path("cut"), &e), -EBADMSG);
	}
	buf = realloc(buf, len + 1);
	buf[len] = 0;
	assert_int_equal(parse(buf, len + 1, &back, &e), -EBADMSG);
	assert_message(e, "m.st: 1 bytes follow the last tensor");
	free(buf);
	wattle_model__free(&m);
}

/* One bit wrong anywhere: refused or read, but never a crash, a leak or a half model. */
static void test_flipped_bits(void **state)
{
	struct wattle_model m, back;
	struct wattle_ml_error e;
	size_t len, refused = 0;
	char *buf;

	(void)state;
	make(&m, 3, true, true);
	assert_ok(wattle_safetensors__bytes(&m, &buf, &len, &e), e);
	for (size_t bit = 0; bit < len * 8; bit++) {
		int err;

		buf[bit / 8] ^= (char)(1 << bit % 8);
		err = parse(buf, len, &back, &e);
		buf[bit / 8] ^= (char)(1 << bit % 8);
		if (err) {
			assert_true(err == -EBADMSG || err == -EPROTO);
			assert_true(strlen(e.msg) > 10);
			refused++;
		} else {
			assert_int_equal(back.cols, COLS);
			assert_int_equal(back.nr_classes, 3);
			wattle_model__free(&back);
		}
	}
	assert_true(refused > 1000);
	free(buf);
	wattle_model__free(&m);
}

/* The parts of a header. */
#define T(name, dtype, shape, range) \
	"\"" name "\":{\"dtype\":\"" dtype "\",\"shape\":[" shape "],\"data_offsets\":[" range "]}"
#define LOG(more)	"\"__metadata__\":{\"schema\":\"wattle.model/1\",\"loss\":\"log\"" more "}"
#define CLASSES(list)	",\"classes\":\"[" list "]\""
#define AB		"\\\"a\\\",\\\"b\\\""
#define META		LOG(CLASSES(AB))
#define W		T("weight", "F32", "1,2", "0,8")
#define B		T("bias", "F32", "1", "8,12")

static const struct {
	const char	*header;
	size_t		data;		/* bytes of zero after it */
	int		err;
	const char	*message;
} headers[] = {
	{ "{" META "," W "," B "}", 12, 0, "" },
	{ "{" META "," W "," B "}   \n", 12, 0, "" },
	{ "{" B "," META "," W "}", 12, 0, "" },
	/* not safetensors */
	{ "", 0, -EBADMSG, "no JSON object" },
	{ "[]", 0, -EBADMSG, "no JSON object" },
	{ " {" META "," W "," B "}", 12, -EBADMSG, "no JSON object" },
	{ "{" META "," W "," B, 12, -EBADMSG, "header, byte" },
	{ "{" META "," W "," B "} x", 12, -EBADMSG, "header, byte" },
	{ "{" META "," W "," W "," B "}", 12, -EBADMSG, "duplicate" },
	{ "{" META "," W "," B ",\"x\":1}", 12, -EBADMSG, "tensor 'x' lacks dtype" },
	{ "{" META "," W "," T("bias", "F31", "1", "8,12") "}", 12,
	  -EBADMSG, "a dtype that does not exist" },
	{ "{" META "," W "," T("bias", "F32", "-1", "8,12") "}", 12,
	  -EBADMSG, "an impossible shape" },
	{ "{" META "," W "," T("bias", "F32", "1.0", "8,12") "}", 12,
	  -EBADMSG, "an impossible shape" },
	{ "{" META "," W "," T("bias", "F32", "9223372036854775807,9", "8,12") "}",
	  12, -EBADMSG, "an impossible shape" },
	{ "{" META "," W "," T("bias", "F32", "99999999999999999999", "8,12") "}",
	  12, -EBADMSG, "header, byte" },
	{ "{" META "," W "," T("bias", "F32", "2", "8,12") "}", 12,
	  -EBADMSG, "a shape that its data_offsets do not hold" },
	{ "{" META "," W "," T("bias", "F32", "1", "12,8") "}", 12,
	  -EBADMSG, "impossible data_offsets" },
	{ "{" META "," W "," T("bias", "F32", "1", "-4,0") "}", 12,
	  -EBADMSG, "impossible data_offsets" },
	{ "{" META "," W "," T("bias", "F32", "1", "4,8") "}", 8,
	  -EBADMSG, "overlaps another one" },
	{ "{" META "," W "," T("bias", "F32", "1", "12,16") "}", 16,
	  -EBADMSG, "leaves a gap" },
	{ "{" META "," W "," T("bias", "F32", "1", "8,12,13") "}", 12,
	  -EBADMSG, "lacks dtype, shape or data_offsets" },
	{ "{" META "," W "," T("bias", "F32", "1,1,1,1,1,1,1,1,1", "8,12") "}",
	  12, -EBADMSG, "more than 8 dimensions" },
	{ "{" META "," W "," B "}", 11, -EBADMSG,
	  "cut short: 12 bytes of tensors announced, 11 are there" },
	/* another schema */
	{ "{" W "," B "}", 12, -EPROTO, "its metadata name no schema" },
	{ "{\"__metadata__\":{\"format\":\"pt\"}," W "," B "}", 12, -EPROTO, "name no schema" },
	{ "{\"__metadata__\":7," W "," B "}", 12, -EPROTO, "name no schema" },
	{ "{\"__metadata__\":{\"schema\":\"wattle.model/2\"}," W "," B "}", 12, -EPROTO,
	  "its schema is 'wattle.model/2'" },
	{ "{\"__metadata__\":{\"schema\":\"wattle.model/1\",\"loss\":\"hinge\"}}", 0, -EPROTO,
	  "loss is neither" },
	{ "{" LOG("") "}", 0, -EPROTO, "classes is no list" },
	{ "{" LOG(CLASSES("1,2")) "}", 0,
	  -EPROTO, "classes is no list" },
	{ "{" LOG(CLASSES("\\\"a\\\"")) "}",
	  0, -EPROTO, "classes is no list of 2 to 4096" },
	{ "{" LOG(CLASSES(AB) ",\"features\":\"x\"") "}",
	  0, -EPROTO, "features is no list" },
	{ "{" LOG(CLASSES(AB) ",\"features\":\"[\\\"x\\\"]\"") "," W "," B "}",
	  12, -EPROTO, "features and weight differ" },
	{ "{" LOG(CLASSES(AB ",\\\"c\\\"")) "," W "," B "}",
	  12, -EPROTO, "does not fit the number of classes" },
	{ "{" META "," W "}", 8, -EPROTO, "weight or bias is missing" },
	{ "{" META "," W "," B "," T("x", "U8", "", "12,13") "}", 13,
	  -EPROTO, "tensors that do not belong" },
	{ "{" META "," W "," B "," T("scaler.mean", "F64", "2", "12,28") "}",
	  28, -EPROTO, "one of scaler.mean and scaler.scale" },
	{ "{" META "," W "," B "," T("scaler.mean", "F64", "2", "12,28") ","
	  T("scaler.scale", "F64", "2", "28,44") "}",
	  44, -EPROTO, "scaler.scale[0] is 0, and must be finite and at least 2.94e-39" },
	{ "{" META "," W "," B "," T("scaler.mean", "F32", "2", "12,20") ","
	  T("scaler.scale", "F64", "2", "20,36") "}",
	  36, -EPROTO, "not two F64 values" },
	{ "{" META "," T("weight", "F32", "1,0", "0,0") "," T("bias", "F32", "1", "0,4") "}",
	  4, -EPROTO, "does not fit" },
	{ "{" META "," T("weight", "F64", "1,1", "0,8") "," B "}", 12,
	  -EPROTO, "is not F32" },
};

static size_t build(char *buf, const char *header, size_t data)
{
	size_t n = strlen(header);

	memset(buf, 0, 8);
	buf[0] = (char)(n & 0xff);
	buf[1] = (char)(n >> 8);
	memcpy(buf + 8, header, n);
	memset(buf + 8 + n, 0, data);
	return 8 + n + data;
}

static void test_headers(void **state)
{
	struct wattle_ml_error e;
	struct wattle_model m;
	char buf[4096];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(headers); i++) {
		size_t n = build(buf, headers[i].header, headers[i].data);
		int err = parse(buf, n, &m, &e);

		if (err != headers[i].err)
			fail_msg("%s: %d instead of %d, '%s'", headers[i].header, err,
				 headers[i].err, e.msg);
		assert_message(e, headers[i].message);
		wattle_model__free(&m);
	}
	/* Lengths that lie. */
	for (int i = 0; i < 8; i++) {
		size_t n = build(buf, headers[0].header, 12);

		buf[i] = (char)0xff;
		assert_int_equal(parse(buf, n, &m, &e), -EBADMSG);
	}
	/* A weight that is not a number. */
	build(buf, headers[0].header, 12);
	memcpy(buf + 8 + strlen(headers[0].header), "\0\0\xc0\x7f", 4);
	assert_int_equal(parse(buf, 8 + strlen(headers[0].header) + 12, &m, &e), -EPROTO);
	assert_message(e, "weight[0, 0] is nan, and must be finite");
}

/* Values that no arithmetic survives: refused, and it is said which tensor and where. */
static void test_bad_values(void **state)
{
	static const double bad_scales[] = { 0, -1, NAN, INFINITY, 1e-39, 5e-324 };
	struct wattle_model m, back;
	struct wattle_ml_error e;
	char *buf, *data;
	size_t len;

	(void)state;
	make(&m, 3, true, false);
	assert_ok(wattle_safetensors__bytes(&m, &buf, &len, &e), e);
	/* mean and scale, COLS doubles each; weight, 3 x COLS; bias, 3. */
	data = buf + len - (2 * COLS * sizeof(double) + 3 * (COLS + 1) * sizeof(float));
	for (size_t i = 0; i < ARRAY_SIZE(bad_scales); i++) {
		memcpy(data + (COLS + 3) * 8, &bad_scales[i], 8);
		assert_int_equal(parse(buf, len, &back, &e), -EPROTO);
		assert_message(e, "scaler.scale[3] is ");
	}
	memcpy(data + (COLS + 3) * 8, &m.scaler.scale[3], 8);
	memcpy(data + 2 * COLS * 8 + (COLS + 2) * 4, &(float){ -INFINITY }, 4);
	assert_int_equal(parse(buf, len, &back, &e), -EPROTO);
	assert_message(e, "weight[1, 2] is -inf, and must be finite");
	memcpy(data + 2 * COLS * 8 + (COLS + 2) * 4, &m.w[COLS + 2], 4);
	memcpy(data + 2 * COLS * 8 + (3 * COLS + 1) * 4, &(float){ NAN }, 4);
	assert_int_equal(parse(buf, len, &back, &e), -EPROTO);
	assert_message(e, "bias[1] is nan");
	memcpy(data + 2 * COLS * 8 + (3 * COLS + 1) * 4, &m.b[1], 4);
	memcpy(data + 2 * 8, &(double){ INFINITY }, 8);
	assert_int_equal(parse(buf, len, &back, &e), -EPROTO);
	assert_message(e, "scaler.mean[2] is inf");
	free(buf);
	wattle_model__free(&m);
}

static void test_unsavable(void **state)
{
	struct wattle_model m;
	struct wattle_ml_error e;

	(void)state;
	make(&m, 3, true, true);
	m.w[4] = NAN;
	assert_int_equal(wattle_model__save(&m, tmp_path("bad"), &e), -EINVAL);
	assert_message(e, "not finite");
	m.w[4] = 0;
	m.scaler.scale[1] = 0;
	assert_int_equal(wattle_model__save(&m, tmp_path("bad"), &e), -EINVAL);
	m.scaler.scale[1] = 1;
	m.class_names[1][0] = (char)0xff;
	assert_int_equal(wattle_model__save(&m, tmp_path("bad"), &e), -EILSEQ);
	assert_message(e, "class name 2, '\\xff");
	m.class_names[1][0] = 'x';
	m.nr_outputs = 1;
	assert_int_equal(wattle_model__save(&m, tmp_path("bad"), &e), -EINVAL);
	m.nr_outputs = 3;
	assert_int_equal(access(tmp_path("bad"), F_OK), -1);
	wattle_model__free(&m);
}

static size_t files_in(const char *path)
{
	DIR *d = opendir(path);
	size_t n = 0;

	assert_non_null(d);
	while (readdir(d))
		n++;
	closedir(d);
	return n - 2;
}

/* A failed save leaves the old model and nothing else. */
static void test_atomic(void **state)
{
	char sub[256], file[300], link_path[300], *old, *now;
	struct rlimit was, tiny = { .rlim_cur = 64 };
	struct wattle_model m, other;
	struct wattle_ml_error e;
	size_t old_len, now_len;
	struct stat st;
	int err;

	(void)state;
	strcpy(sub, tmp_path("sub"));
	assert_int_equal(mkdir(sub, 0700), 0);
	snprintf(file, sizeof(file), "%s/m.safetensors", sub);
	snprintf(link_path, sizeof(link_path), "%s/link", sub);
	make(&m, 3, true, true);
	make(&other, 4, false, true);
	umask(027);
	assert_ok(wattle_model__save(&m, file, &e), e);
	assert_int_equal(stat(file, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0640);
	old = slurp_file(file, &old_len);

	signal(SIGXFSZ, SIG_IGN);
	getrlimit(RLIMIT_FSIZE, &was);
	tiny.rlim_max = was.rlim_max;
	setrlimit(RLIMIT_FSIZE, &tiny);
	err = wattle_model__save(&other, file, &e);
	setrlimit(RLIMIT_FSIZE, &was);
	assert_int_equal(err, -EFBIG);
	assert_message(e, "m.safetensors: cannot write: File too large");
	now = slurp_file(file, &now_len);
	assert_int_equal(now_len, old_len);
	assert_memory_equal(now, old, old_len);
	free(now);
	assert_int_equal(files_in(sub), 1);

	/* Through a link: the link stays, its target is replaced. */
	assert_int_equal(symlink("m.safetensors", link_path), 0);
	assert_ok(wattle_model__save(&other, link_path, &e), e);
	assert_int_equal(lstat(link_path, &st), 0);
	assert_true(S_ISLNK(st.st_mode));
	now = slurp_file(file, &now_len);
	assert_true(now_len != old_len);
	free(now);
	assert_int_equal(files_in(sub), 2);

	/* A device is not replaced by a file, whoever asks. */
	assert_int_equal(wattle_model__save(&m, "/dev/null", &e), -EINVAL);
	assert_message(e, "/dev/null: is no regular file");
	assert_int_equal(stat("/dev/null", &st), 0);
	assert_true(S_ISCHR(st.st_mode));
	assert_int_equal(wattle_model__save(&m, sub, &e), -EISDIR);
	assert_int_equal(wattle_model__save(&m, "/no/such/dir/m", &e), -ENOENT);
	assert_message(e, "/no/such/dir/m: cannot open its directory");
	assert_int_equal(files_in(sub), 2);

	unlink(link_path);
	unlink(file);
	rmdir(sub);
	free(old);
	wattle_model__free(&m);
	wattle_model__free(&other);
}

/* Read by Python from the format's description alone. */
static void test_python(void **state)
{
	struct wattle_model m;
	struct wattle_ml_error e;
	char *out;

	(void)state;
	make(&m, 3, true, true);
	assert_ok(wattle_model__save(&m, tmp_path("py.safetensors"), &e), e);
	write_file(tmp_path("w.raw"), m.w, 3 * COLS * sizeof(float));
	out = run_numpy("import json, struct\n"
			"import numpy as np\n"
			"raw = open('%s', 'rb').read()\n"
			"n, = struct.unpack('<Q', raw[:8])\n"
			"assert n %% 8 == 0 and raw[8:9] == b'{'\n"
			"head = json.loads(raw[8:8 + n].decode('utf-8'))\n"
			"meta = head.pop('__metadata__')\n"
			"assert all(isinstance(v, str) for v in meta.values())\n"
			"assert meta['schema'] == 'wattle.model/1' and meta['loss'] == 'squared'\n"
			"names = json.loads(meta['features'])\n"
			"assert names[1:4] == ['qu\"ote\\\\back/slash', 'tab\\tnew\\nline\\x01\\x7f', 'gr\\xf6\\xdfe \\u20ac']\n"
			"assert names[4] == '\\U0001f428,\\u2028[]{}:'\n"
			"assert len(json.loads(meta['classes'])) == 3\n"
			"kinds = {'F32': '<f4', 'F64': '<f8'}\n"
			"tensors, end = {}, 0\n"
			"for name, t in sorted(head.items(), key=lambda kv: kv[1]['data_offsets']):\n"
			"    a, b = t['data_offsets']\n"
			"    assert a == end and a %% np.dtype(kinds[t['dtype']]).itemsize == 0\n"
			"    end = b\n"
			"    tensors[name] = np.frombuffer(raw[8 + n + a:8 + n + b], kinds[t['dtype']]).reshape(t['shape'])\n"
			"assert end == len(raw) - 8 - n\n"
			"assert sorted(tensors) == ['bias', 'scaler.mean', 'scaler.scale', 'weight']\n"
			"assert (tensors['weight'] == np.fromfile('%s', '<f4').reshape(3, 5)).all()\n"
			"assert tensors['bias'].tolist() == [-0.5, 0.5, 1.5]\n"
			"assert tensors['scaler.mean'].tolist() == [1.0 / 3 * i for i in range(5)]\n"
			"print('good')\n", tmp_path("py.safetensors"), tmp_path("w.raw"));
	wattle_model__free(&m);
	if (!out)
		skip_because("/usr/bin/python3 has no numpy");
	assert_string_equal(out, "good\n");
	free(out);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_round_trip),
		cmocka_unit_test(test_cut_anywhere),
		cmocka_unit_test(test_flipped_bits),
		cmocka_unit_test(test_headers),
		cmocka_unit_test(test_bad_values),
		cmocka_unit_test(test_unsavable),
		cmocka_unit_test(test_atomic),
		cmocka_unit_test(test_python),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
