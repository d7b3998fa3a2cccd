// SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause
#include "ml/data/csv_numbers.h"
#include "ml/data/labels.h"
#include "ml/data/memory.h"
#include "ml/data/number.h"
#include "ml/data/readers.h"
#include "ml_help.h"

struct good {
	const char	*text;
	const char	*label;		/* NULL = last column; "" = unlabelled */
	int		header;
	size_t		rows;
	size_t		cols;
	const char	*values;	/* row by row, %g, blanks between */
	const char	*labels;	/* indices */
	const char	*classes;	/* joined by | */
	const char	*features;	/* joined by |, NULL = none */
};

static int parse(struct wattle_dataset *d, const char *text, size_t len, const char *label,
		 int header, struct wattle_ml_error *e)
{
	struct wattle_read_opts opts = {
		.sz = sizeof(opts),
		.label = label && *label ? label : NULL,
		.unlabelled = label && !*label,
		.header = header,
	};
	char *copy = malloc(len ? len : 1);	/* exact size: ASan watches the end */
	int err;

	memcpy(copy, text, len);
	memset(d, 0, sizeof(*d));
	memset(e, 0, sizeof(*e));
	err = wattle_csv__parse(d, "t.csv", copy, len, 0, &opts, e);
	free(copy);
	return err;
}

static void join(char *buf, size_t size, char **names, size_t n)
{
	size_t used = 0;

	*buf = 0;
	for (size_t i = 0; i < n; i++)
		used += (size_t)snprintf(buf + used, size - used, "%s%s", i ? "|" : "", names[i]);
}

static void check_good(const struct good *g)
{
	struct wattle_dataset d;
	struct wattle_ml_error e;
	char buf[512];
	size_t used = 0;

	assert_ok(parse(&d, g->text, strlen(g->text), g->label, g->header, &e), e);
	assert_int_equal(d.x.rows, g->rows);
	assert_int_equal(d.x.cols, g->cols);
	assert_int_equal(d.x.dtype, WATTLE_F32);
	assert_int_equal(d.x.stride % 16, 0);
	assert_int_equal((uintptr_t)d.x.data % 64, 0);
	*buf = 0;
	for (size_t r = 0; r < d.x.rows; r++) {
		const float *row = (float *)d.x.data + r * d.x.stride;

		for (size_t c = 0; c < d.x.cols; c++)
			used += (size_t)snprintf(buf + used, sizeof(buf) - used, "%s%g",
						 used ? " " : "", (double)row[c]);
		for (size_t c = d.x.cols; c < d.x.stride; c++)
			assert_true(row[c] == 0);
	}
	assert_string_equal(buf, g->values);
	if (g->labels) {
		used = 0;
		for (size_t r = 0; r < d.x.rows; r++)
			used += (size_t)snprintf(buf + used, sizeof(buf) - used, "%u", d.labels[r]);
		assert_string_equal(buf, g->labels);
		join(buf, sizeof(buf), d.class_names, d.nr_classes);
		assert_string_equal(buf, g->classes);
	} else {
		assert_null(d.labels);
		assert_int_equal(d.nr_classes, 0);
	}
	if (g->features) {
		assert_non_null(d.feature_names);
		join(buf, sizeof(buf), d.feature_names, d.x.cols);
		assert_string_equal(buf, g->features);
	} else {
		assert_null(d.feature_names);
	}
	wattle_dataset__free(&d);
}

static const struct good goods[] = {
	/* header guess */
	{ "a,b,c\n1,2,x\n3,4,y\n", NULL, -1, 2, 2, "1 2 3 4", "01", "x|y", "a|b" },
	{ "1,2,x\n3,4,y\n", NULL, -1, 2, 2, "1 2 3 4", "01", "x|y", NULL },
	{ "1,2\n3,4\n", "", -1, 2, 2, "1 2 3 4", NULL, NULL, NULL },
	{ "1,2\n3,4\n", "", 1, 1, 2, "3 4", NULL, NULL, "1|2" },
	{ "\"1\",\"2\"\n3,4\n", "", -1, 1, 2, "3 4", NULL, NULL, "1|2" },
	{ "\"\",\"x\",\"k\"\n\"1\",5,\"a\"\n\"2\",6,\"b\"\n", NULL, -1, 2, 2, "1 5 2 6", "01",
	  "a|b", "|x" },
	{ "NA,2,x\n3,4,y\n", NULL, 1, 1, 2, "3 4", "0", "y", "NA|2" },
	{ "a,b\n1,2\n", "", -1, 1, 2, "1 2", NULL, NULL, "a|b" },
	{ "1,2,y\n", NULL, -1, 1, 2, "1 2", "0", "y", NULL },
	/* label column */
	{ "k,b,c\nu,2,3\nv,5,6\n", "k", -1, 2, 2, "2 3 5 6", "01", "u|v", "b|c" },
	{ "a,k,c\n1,u,3\n4,v,6\n", "2", -1, 2, 2, "1 3 4 6", "01", "u|v", "a|c" },
	{ "2,1\n7,8\n9,10\n", "2", 1, 2, 1, "8 10", "01", "7|9", "1" },
	{ "x,2,3\ny,5,6\n", "1", -1, 2, 2, "2 3 5 6", "01", "x|y", NULL },
	/* class order: by value when numbers, by bytes otherwise; equal values are one class */
	{ "1,10\n2,9\n3,-1\n", NULL, 0, 3, 1, "1 2 3", "210", "-1|9|10", NULL },
	{ "1,1.0\n2,1\n3,2e0\n4,0.25\n", NULL, 0, 4, 1, "1 2 3 4", "1120", "0.25|1|2", NULL },
	{ "1,10\n2,9\n3,z\n", NULL, 0, 3, 1, "1 2 3", "012", "10|9|z", NULL },
	{ "1,-0\n2,0\n", NULL, 0, 2, 1, "1 2", "00", "0", NULL },
	/* quoting */
	{ "a,k\n1,\"x,y\"\n2,\"x\"\"y\"\n3,\"x\ny\"\n4,\"\"\"\"\n", NULL, -1, 4, 1, "1 2 3 4",
	  "3210", "\"|x\ny|x\"y|x,y", "a" },
	{ "\"a,b\",\"c\"\"d\",k\n\"1\",\"2\",x\n", NULL, 1, 1, 2, "1 2", "0", "x", "a,b|c\"d" },
	{ "a,k\n1,\"NA\"\n2,b\n", NULL, -1, 2, 1, "1 2", "01", "NA|b", "a" },
	{ "a,k\n1,\" x \"\n2, x \n", NULL, -1, 2, 1, "1 2", "01", " x |x", "a" },
	{ "a,k\n1 ,  \"q\"  \n", NULL, 1, 1, 1, "1", "0", "q", "a" },
	/* ends of lines, BOM, blank lines */
	{ "a,b,c\r\n1,2,x\r\n3,4,y\r\n", NULL, -1, 2, 2, "1 2 3 4", "01", "x|y", "a|b" },
	{ "a,b,c\r\n1,2,x\r\n3,4,y", NULL, -1, 2, 2, "1 2 3 4", "01", "x|y", "a|b" },
	{ "1,x\r\n2,\"y\"\r\n", NULL, -1, 2, 1, "1 2", "01", "x|y", NULL },
	{ "1,2\r", "", 0, 1, 2, "1 2", NULL, NULL, NULL },
	{ "\xef\xbb\xbf" "a,b\n1,2\n", "", -1, 1, 2, "1 2", NULL, NULL, "a|b" },
	{ "\n\na,b\n\n1,2\n\n\n3,4\n\n", "", -1, 2, 2, "1 2 3 4", NULL, NULL, "a|b" },
	{ "5\n6\n7", "", 0, 3, 1, "5 6 7", NULL, NULL, NULL },
	/* separators */
	{ "a;b;c\n1;2;x\n3;4;y\n", NULL, -1, 2, 2, "1 2 3 4", "01", "x|y", "a|b" },
	{ "a\tb\tc\n1\t2\tx\n3\t4\ty\n", NULL, -1, 2, 2, "1 2 3 4", "01", "x|y", "a|b" },
	{ "\"a;b\",c\n1,2\n", "", -1, 1, 2, "1 2", NULL, NULL, "a;b|c" },
	/* numbers */
	{ " 1 ,\t2.5,-3e2,+.5,x\n", NULL, 0, 1, 4, "1 2.5 -300 0.5", "0", "x", NULL },
	{ "1e-60,1,x\n", NULL, 0, 1, 2, "0 1", "0", "x", NULL },
	{ "0.1000000000000000055511151231257827,16777217,x\n", NULL, 0, 1, 2, "0.1 1.67772e+07",
	  "0", "x", NULL },
	/* UTF-8 */
	{ "gr\xc3\xb6\xc3\x9f" "e,k\n1,\xe2\x82\xac\n2,\xf0\x9f\x90\xa8\n", NULL, -1, 2, 1, "1 2",
	  "01", "\xe2\x82\xac|\xf0\x9f\x90\xa8", "gr\xc3\xb6\xc3\x9f" "e" },
};

static void test_good(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(goods); i++)
		check_good(&goods[i]);
}

static const struct {
	const char	*text;
	const char	*label;
	int		header;
	int		err;
	const char	*message;
} bads[] = {
	{ "", NULL, -1, -ENODATA, "t.csv: the file has no rows" },
	{ "\n\n", NULL, -1, -ENODATA, "t.csv: the file has no rows" },
	{ "a,b,c\n", NULL, -1, -ENODATA, "t.csv: there is a header and no row of data" },
	{ "a,b,c\n1,2,x\n3,4\n", NULL, -1, -EINVAL, "t.csv:3:1: expected 3 fields, found 2" },
	{ "a,b,c\n1,2,x\n3,4,y,5\n", NULL, -1, -EINVAL, "t.csv:3:1: expected 3 fields, found 4" },
	{ "a,b,c\n1,2,x\n3,4,\"y,5\"\n3,\"4\ny\"\n", NULL, -1, -EINVAL,
	  "t.csv:4:1: expected 3 fields, found 2" },
	{ "1,2\n3,\n", "", 0, -EINVAL, "t.csv:2:3: column 2 has no value ('')" },
	{ "a,b,c\n1,oops,x\n", NULL, -1, -EINVAL,
	  "t.csv:2:3: 'oops' in column 2 ('b') is not a number" },
	{ "a,b,c\n1,2,x\n3,  oops,x\n", NULL, -1, -EINVAL, "t.csv:3:5: 'oops' in column 2 ('b')" },
	{ "a,b,c\n\"x\n\",2,x\n3,4,x\n", "c", 1, -EINVAL, "t.csv:2:1: 'x\\x0a' in column 1 ('a')" },
	{ "a,b,c\n1,2,\"x\n\"\n3,y,x\n", NULL, 1, -EINVAL, "t.csv:4:3: 'y' in column 2 ('b')" },
	{ "a,b,c\n1,NA,x\n", NULL, -1, -EINVAL, "t.csv:2:3: column 2 ('b') has no value ('NA')" },
	{ "a,b,c\n1,?,x\n", NULL, -1, -EINVAL, "t.csv:2:3: column 2 ('b') has no value ('?')" },
	{ "a,b,c\n1,nan,x\n", NULL, -1, -EINVAL,
	  "t.csv:2:3: 'nan' in column 2 ('b') is not finite" },
	{ "a,b,c\n1,-Inf,x\n", NULL, -1, -EINVAL, "t.csv:2:3: '-Inf' in column 2" },
	{ "a,b,c\n1,1e39,x\n", NULL, -1, -EINVAL, "t.csv:2:3: '1e39' in column 2 ('b') is beyond" },
	{ "1,2,x\n1,1e999,x\n", NULL, -1, -EINVAL, "t.csv:2:3: '1e999' in column 2 is beyond" },
	{ "1,2,\n", NULL, 0, -EINVAL, "t.csv:1:5: the label in column 3 is missing" },
	{ "1,2,NA\n", NULL, 0, -EINVAL, "t.csv:1:5: the label in column 3 is missing ('NA')" },
	{ "1,2,1e400\n", NULL, 0, -EINVAL,
	  "t.csv:1:5: the label '1e400' in column 3 is too large" },
	{ "1,2,nan\n", NULL, 0, -EINVAL, "t.csv:1:5: the label in column 3 is missing ('nan')" },
	{ "a,b,c\n1,\"2,x\n3,4,y\n", NULL, -1, -EINVAL,
	  "t.csv:2:3: the quote opened here never closes" },
	{ "a,b,c\n1,2,\"x\"y\n", NULL, -1, -EINVAL, "t.csv:2:8: text after the closing quote" },
	{ "a,b,c\n1,2,x\n", "nope", -1, -EINVAL,
	  "t.csv: no label column 'nope'; the columns are 'a', 'b', 'c'" },
	{ "a,b,c\n1,2,x\n", "4", -1, -EINVAL, "t.csv: no label column '4'; the columns are" },
	{ "a,b,c\n1,2,x\n", "0", -1, -EINVAL, "t.csv: no label column '0'" },
	{ "a,b,c\n1,2,x\n", "99999999999999999999999", -1, -EINVAL, "t.csv: no label column" },
	{ "1,2,x\n", "k", 0, -EINVAL,
	  "t.csv: no label column 'k': there is no header; give the column's number, 1 to 3" },
	{ "a,b,a\n1,2,3\n", "a", -1, -EINVAL, "t.csv: columns 1 and 3 are both called 'a'" },
	{ "5\n6\n", NULL, 0, -EINVAL, "t.csv:1:1: one column, which is the label" },
	{ "5\n\n6\n", "", 0, -EINVAL, "t.csv:2:1: column 1 has no value" },
	{ "\xff\xfe" "1\0", NULL, -1, -EINVAL, "t.csv:1:1: the text is UTF-16" },
	{ "a,b\r1,2\r", NULL, -1, -EINVAL, "t.csv:1:4: lines end in CR alone" },
	{ "gr\xf6\xdf" "e,k\n1,x\n", NULL, -1, -EINVAL,
	  "t.csv:1:1: the column name 'gr\\xf6\\xdfe' is not UTF-8" },
	{ "a,k\n1,\xe4\n", NULL, -1, -EINVAL, "t.csv:2:3: the label '\\xe4' is not UTF-8" },
	{ "a,k\n1,\x1b[2Jx\n2\n", NULL, -1, -EINVAL, "expected 2 fields, found 1" },
	{ "a,k\n\x1b[2J,x\n", "k", -1, -EINVAL, "'\\x1b[2J' in column 1" },
};

static void test_bad(void **state)
{
	struct wattle_dataset d, zero = { 0 };
	struct wattle_ml_error e;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bads); i++) {
		int err = parse(&d, bads[i].text, strlen(bads[i].text), bads[i].label,
				bads[i].header, &e);

		if (err != bads[i].err)
			fail_msg("%zu: %d instead of %d, '%s'", i, err, bads[i].err, e.msg);
		assert_message(e, bads[i].message);
		assert_memory_equal(&d, &zero, sizeof(d));
	}
}

static void test_nul_bytes(void **state)
{
	static const char label[] = "1,a\0b\n2,a\n", name[] = "a\0b,k\n1,x\n";
	/* Far longer than the name before it, which it has in front of its NUL. */
	static const char again[] = "1,a\n2,a\0bcdefghijklmnopqrstuvwxyz0123456789\n";
	struct wattle_dataset d;
	struct wattle_ml_error e;

	(void)state;
	assert_int_equal(parse(&d, label, sizeof(label) - 1, NULL, 0, &e), -EINVAL);
	assert_message(e, "t.csv:1:3: the label 'a\\x00b' is not UTF-8");
	assert_int_equal(parse(&d, again, sizeof(again) - 1, NULL, 0, &e), -EINVAL);
	assert_message(e, "t.csv:2:3: the label 'a\\x00bcdef");
	assert_message(e, "is not UTF-8");
	assert_int_equal(parse(&d, name, sizeof(name) - 1, NULL, 1, &e), -EINVAL);
	assert_message(e, "t.csv:1:1: the column name 'a\\x00b' is not UTF-8");
}

static void test_too_many_classes(void **state)
{
	struct wattle_dataset d;
	struct wattle_ml_error e;
	char *text = malloc(200000);
	size_t len = 0;

	(void)state;
	for (unsigned int i = 0; i < WATTLE_MAX_CLASSES; i++)
		len += (size_t)sprintf(text + len, "1,c%u\n", i);
	assert_ok(parse(&d, text, len, NULL, 0, &e), e);
	assert_int_equal(d.nr_classes, WATTLE_MAX_CLASSES);
	for (unsigned int i = 0; i < WATTLE_MAX_CLASSES; i++) {
		char name[16];

		sprintf(name, "c%u", i);
		assert_string_equal(d.class_names[d.labels[i]], name);
	}
	wattle_dataset__free(&d);
	len += (size_t)sprintf(text + len, "1,one more\n");
	assert_int_equal(parse(&d, text, len, NULL, 0, &e), -EINVAL);
	assert_message(e, "t.csv:4097:3: more than 4096 different labels in column 2");
	free(text);
}

/* A small text can ask for much memory only in rows of 64 bytes; that is refused first. */
static void test_memory(void **state)
{
	struct wattle_dataset d;
	struct wattle_ml_error e;
	size_t n = 100000;
	char *text = malloc(4 * n);

	(void)state;
	for (size_t i = 0; i < n; i++)
		memcpy(text + 4 * i, "1,2\n", 4);
	wattle_memory__set_limit(1 << 20);
	assert_int_equal(parse(&d, text, 4 * n, NULL, 0, &e), -ENOMEM);
	assert_message(e, "1.0 MiB are available");
	wattle_memory__set_limit(16 << 20);
	assert_ok(parse(&d, text, 4 * n, NULL, 0, &e), e);
	assert_int_equal(d.x.rows, n);
	wattle_dataset__free(&d);
	wattle_memory__set_limit(0);
	free(text);
}

/* Random tables written out and read back; every feature bit for bit. */
static void test_round_trip(void **state)
{
	uint64_t seed = 7;

	(void)state;
	for (int round = 0; round < 60; round++) {
		size_t rows = 1 + rnd(&seed) % 40, cols = 1 + rnd(&seed) % 20, len = 0;
		char *text = malloc(rows * (cols * 40 + 40));
		float *want = malloc(rows * cols * sizeof(float));
		struct wattle_dataset d;
		struct wattle_ml_error e;

		for (size_t r = 0; r < rows; r++) {
			for (size_t c = 0; c < cols; c++) {
				uint32_t bits;
				float v;

				do {
					bits = (uint32_t)rnd(&seed);
					memcpy(&v, &bits, sizeof(v));
				} while ((bits & 0x7f800000) == 0x7f800000);
				want[r * cols + c] = v;
				len += (size_t)sprintf(text + len, rnd(&seed) % 8 ? "%.9g," : "\"%.9g\",",
						       (double)v);
			}
			len += (size_t)sprintf(text + len, "c%zu%s", r % 3,
					       rnd(&seed) % 2 ? "\r\n" : "\n");
		}
		assert_ok(parse(&d, text, len, NULL, 0, &e), e);
		assert_int_equal(d.x.rows, rows);
		assert_int_equal(d.x.cols, cols);
		for (size_t r = 0; r < rows; r++) {
			assert_memory_equal((float *)d.x.data + r * d.x.stride, want + r * cols,
					    cols * sizeof(float));
			assert_int_equal(d.labels[r], r % 3);
		}
		wattle_dataset__free(&d);
		free(want);
		free(text);
	}
}

/* One field at a time, as the readers did it: what both kinds of runs must agree with. */
static size_t numbers_by_field(const struct csv_span *s, const char **at, size_t n, float *out)
{
	size_t i;

	for (i = 0; i < n; i++) {
		const char *p = wattle_number__fast_f32(i ? *at + 1 : *at, s->end, out + i);
		bool eol = p && (p == s->end || *p == '\n' ||
				 (*p == '\r' && (p + 1 == s->end || p[1] == '\n')));

		if (!p || (!eol && *p != s->sep))
			break;
		*at = p;
		if (eol)
			return i + 1;
	}
	return i;
}

/*
 * Reads a text to its end with @fn, and what it leaves as the reader does. A run may stop
 * early; what it gives must be right.
 */
static void check_runs(csv_numbers_fn *fn, const char *name, const struct csv_span *s, size_t n)
{
	const char *p = s->begin;
	float got[40], want[40];

	while (p < s->end) {
		const char *q = p, *r = p;
		const size_t i = fn(s, &q, n, got), k = numbers_by_field(s, &r, i ? i : 1, want);

		if (i != k && i)
			fail_msg("%s: %zu fields, not %zu, at %td of '%.*s'", name, i, k,
				 p - s->begin, (int)(s->end - s->begin), s->begin);
		if (i && (q != r || memcmp(got, want, i * sizeof(float))))
			fail_msg("%s: %zu fields differ at %td of '%.*s'", name, i, p - s->begin,
				 (int)(s->end - s->begin), s->begin);
		if (!i)
			assert_ptr_equal(q, p);
		/* Past the field, or the one that is no number. */
		p = i ? q : p;
		while (p < s->end && *p != s->sep && *p != '\n')
			p++;
		p += p < s->end;
	}
}

/* Runs of numbers: any mixture, any position in a block of 64, any end of the text. */
static void test_runs(void **state)
{
	static const char *const odd[] = {
		"", " 1", "1 ", "NA", "\"1\"", "1\"2", "+", "-", ".", "-.", "1.", ".5", "+.5", "-0",
		"1e5", "1E-3", "1e", "1.2.3", "1..2", "..", "--1", "1-2", "12345678901234567",
		"0.1234567890123456", "1234567890.12345", "99999999999999999999", "1e999", "x",
		"16777217", "16777216.5", "0.00000000000001", "3.4028236e38", "\xff", "\r", "1\r2",
		"/", ":", "1/2", "1:2", "0000000000000001", "9999999999999999", "1,", "-9.87654321",
	};
	static const char seps[] = ",;\t";
	csv_numbers_fn *const fns[] = { csv_numbers_portable, csv_numbers_get() };
	uint64_t seed = 4;

	(void)state;
	for (int t = 0; t < 20000; t++) {
		const char sep = seps[rnd(&seed) % 3];
		char text[512];
		size_t len = 0, fields = rnd(&seed) % 24;

		for (size_t i = 0; i < fields; i++) {
			const uint64_t r = rnd(&seed);

			if (r % 8)
				len += (size_t)sprintf(text + len, "%s%.*f", r % 3 ? "" : "-",
						       (int)(r >> 8) % 9,
						       (double)(r >> 40) * (r & 16 ? 1e-3 : 1e-6));
			else
				len += (size_t)sprintf(text + len, "%s",
						       odd[(r >> 8) % ARRAY_SIZE(odd)]);
			if (i + 1 < fields || r & 32)
				text[len++] = (r >> 20) % 6 ? sep : '\n';
			if (len && text[len - 1] == '\n' && r & 64) {
				text[len - 1] = '\r';
				text[len++] = '\n';
			}
		}
		/* Exactly as long: the address sanitizer sees a byte too many. */
		for (size_t k = 0; k < ARRAY_SIZE(fns); k++) {
			char *copy = malloc(len ? len : 1);
			struct csv_span s = { .begin = copy, .end = copy + len, .sep = sep };

			memcpy(copy, text, len);
			check_runs(fns[k], k ? "this CPU's" : "portable", &s, 1 + t % 40);
			free(copy);
		}
	}
}

/* Plain numbers are taken in one go, or there would be no point. */
static void test_runs_are_long(void **state)
{
	static const char text[] =
		"0.123456,-17,3.5,1000000,0.000001,+2,99.75,123456789.123,1e3,-0.5\r\n7,8\n";
	const struct csv_span s = { text, text + sizeof(text) - 1, ',' };
	csv_numbers_fn *const fns[] = { csv_numbers_portable, csv_numbers_get() };
	float v[16];

	(void)state;
	for (size_t k = 0; k < ARRAY_SIZE(fns); k++) {
		const char *p = text;

		assert_int_equal(fns[k](&s, &p, 16, v), 10);
		assert_int_equal(*p, '\r');
		assert_true(v[0] == 0.123456f && v[7] == 123456789.123f && v[8] == 1000 &&
			    v[9] == -0.5f);
		p = text;
		assert_int_equal(fns[k](&s, &p, 3, v), 3);
		assert_ptr_equal(p, text + 16);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_good),
		cmocka_unit_test(test_bad),
		cmocka_unit_test(test_nul_bytes),
		cmocka_unit_test(test_too_many_classes),
		cmocka_unit_test(test_memory),
		cmocka_unit_test(test_round_trip),
		cmocka_unit_test(test_runs),
		cmocka_unit_test(test_runs_are_long),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
