// SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause
/*
 * From a path to a data set: which reader, which label file, and real data.
 */
#include <fcntl.h>
#include <pthread.h>
#include <sys/stat.h>

#include "ml/data/input.h"
#include "ml/data/labels.h"
#include "ml/data/memory.h"
#include "ml_help.h"

static const unsigned char images[] = {
	0, 0, 8, 3, 0, 0, 0, 2, 0, 0, 0, 1, 0, 0, 0, 2, 1, 2, 3, 4,
};

static const unsigned char labels[] = { 0, 0, 8, 1, 0, 0, 0, 2, 5, 3 };

static int read_it(struct wattle_dataset *d, const char *path, const char *label, bool unlabelled,
		   struct wattle_ml_error *e)
{
	struct wattle_read_opts opts = {
		.sz = sizeof(opts), .label = label, .unlabelled = unlabelled, .header = -1,
	};

	memset(e, 0, sizeof(*e));
	return wattle_dataset__read(d, path, &opts, e);
}

static void test_label_file_guess(void **state)
{
	struct wattle_dataset d;
	struct wattle_ml_error e;
	char *at = strdup(tmp_path("t-images-idx3-ubyte"));

	(void)state;
	write_file(at, images, sizeof(images));
	assert_int_equal(read_it(&d, at, NULL, false, &e), -ENOENT);
	assert_message(e, "t-labels-idx1-ubyte, does not exist");
	write_file(tmp_path("t-labels-idx1-ubyte"), labels, sizeof(labels));
	assert_ok(read_it(&d, at, NULL, false, &e), e);
	assert_string_equal(d.class_names[d.labels[0]], "5");
	assert_string_equal(d.class_names[d.labels[1]], "3");
	wattle_dataset__free(&d);
	assert_ok(read_it(&d, at, NULL, true, &e), e);
	assert_null(d.labels);
	wattle_dataset__free(&d);
	assert_int_equal(read_it(&d, at, at, false, &e), -EINVAL);
	assert_message(e, "not a label file");

	write_file(tmp_path("images.idx3-ubyte"), images, sizeof(images));
	write_file(tmp_path("labels.idx1-ubyte"), labels, sizeof(labels));
	assert_ok(read_it(&d, tmp_path("images.idx3-ubyte"), NULL, false, &e), e);
	wattle_dataset__free(&d);
	write_file(tmp_path("x.idx"), images, sizeof(images));
	assert_int_equal(read_it(&d, tmp_path("x.idx"), NULL, false, &e), -EINVAL);
	assert_message(e, "no label file can be guessed");
	free(at);
}

static void test_formats(void **state)
{
	struct wattle_dataset d;
	struct wattle_ml_error e;

	(void)state;
	/* Tabs by name, where the first line could be either. */
	write_file(tmp_path("a.tsv"), "1,5\tx\n2,5\ty\n", 12);
	assert_int_equal(read_it(&d, tmp_path("a.tsv"), NULL, false, &e), -EINVAL);
	assert_message(e, "a.tsv:2:1: '2,5' in column 1");
	/* By content. */
	write_file(tmp_path("plain"), "1,2,x\n3,4,y\n", 12);
	assert_ok(read_it(&d, tmp_path("plain"), NULL, false, &e), e);
	assert_int_equal(d.nr_classes, 2);
	wattle_dataset__free(&d);
	write_file(tmp_path("magic"), images, sizeof(images));
	assert_ok(read_it(&d, tmp_path("magic"), NULL, true, &e), e);
	assert_int_equal(d.x.dtype, WATTLE_U8);
	wattle_dataset__free(&d);
	write_file(tmp_path("b.csv.gz"), "\x1f\x8b", 2);
	assert_int_equal(read_it(&d, tmp_path("b.csv.gz"), NULL, false, &e), -EINVAL);
	assert_message(e, "gunzip -k");
	write_file(tmp_path("c.npz"), "PK\x03\x04", 4);
	assert_int_equal(read_it(&d, tmp_path("c.npz"), NULL, false, &e), -EINVAL);
	assert_message(e, "a zip archive");
	write_file(tmp_path("d.bin"), "\x7f" "ELF\0\0", 6);
	assert_int_equal(read_it(&d, tmp_path("d.bin"), NULL, false, &e), -EINVAL);
	assert_message(e, "neither CSV nor IDX nor .npy");
}

static void test_files(void **state)
{
	struct wattle_dataset d, zero = { 0 };
	struct wattle_read_opts old = { .sz = 8 };
	struct wattle_ml_error e;

	(void)state;
	assert_int_equal(read_it(&d, tmp_path("none.csv"), NULL, false, &e), -ENOENT);
	assert_message(e, "none.csv: cannot open: No such file or directory");
	assert_int_equal(read_it(&d, tmp_dir(), NULL, false, &e), -EISDIR);
	assert_message(e, "is a directory");
	write_file(tmp_path("empty.csv"), "", 0);
	assert_int_equal(read_it(&d, tmp_path("empty.csv"), NULL, false, &e), -ENODATA);
	assert_message(e, "empty.csv: the file is empty");
	assert_memory_equal(&d, &zero, sizeof(d));
	assert_int_equal(wattle_dataset__read(&d, tmp_path("empty.csv"), &old, &e), -EINVAL);
	assert_message(e, "set it to sizeof");
	/* No error wanted is no crash. */
	assert_int_equal(wattle_dataset__read(&d, tmp_path("none.csv"), NULL, NULL), -ENOENT);
	if (!geteuid()) {
		print_message("# unreadable file: not tested as root\n");
		return;
	}
	write_file(tmp_path("secret.csv"), "1,x\n", 4);
	assert_int_equal(chmod(tmp_path("secret.csv"), 0), 0);
	assert_int_equal(read_it(&d, tmp_path("secret.csv"), NULL, false, &e), -EACCES);
}

static void *feed(void *arg)
{
	int fd = open(arg, O_WRONLY);

	for (int i = 0; i < 30000; i++)
		dprintf(fd, "%d,2,%c\n", i, i % 2 ? 'x' : 'y');
	close(fd);
	return NULL;
}

/* A pipe has no size and cannot be mapped. */
static void test_pipe(void **state)
{
	struct wattle_dataset d;
	struct wattle_ml_error e;
	char *at = strdup(tmp_path("pipe"));
	pthread_t t;

	(void)state;
	assert_int_equal(mkfifo(at, 0600), 0);
	assert_int_equal(pthread_create(&t, NULL, feed, at), 0);
	assert_ok(read_it(&d, at, NULL, false, &e), e);
	pthread_join(t, NULL);
	assert_int_equal(d.x.rows, 30000);
	assert_true(((float *)d.x.data)[29999 * d.x.stride] == 29999);
	wattle_dataset__free(&d);
	free(at);
}

static void test_relabel(void **state)
{
	char *model[] = { "y", "1.0", "x" }, *few[] = { "x" };
	struct wattle_dataset d;
	struct wattle_ml_error e;

	(void)state;
	write_file(tmp_path("r.csv"), "1,x\n2,y\n3,1\n4,x\n", 16);
	assert_ok(read_it(&d, tmp_path("r.csv"), NULL, false, &e), e);
	assert_int_equal(wattle_dataset__relabel(&d, few, 1, &e), -EINVAL);
	assert_message(e, "sample 2 has the class 'y'");
	assert_string_equal(d.class_names[d.labels[1]], "y");
	assert_ok(wattle_dataset__relabel(&d, model, 3, &e), e);
	assert_memory_equal(d.labels, ((uint32_t[]){ 2, 0, 1, 2 }), 16);
	assert_int_equal(d.nr_classes, 3);
	wattle_dataset__free(&d);
	write_file(tmp_path("u.csv"), "1,2\n", 4);
	assert_ok(read_it(&d, tmp_path("u.csv"), NULL, true, &e), e);
	assert_int_equal(wattle_dataset__relabel(&d, model, 3, &e), -EINVAL);
	assert_message(e, "no labels");
	wattle_dataset__free(&d);
}

/* What the project carries. Paths are those of a run from the top of the tree. */
static void test_own_data(void **state)
{
	struct wattle_dataset d;
	struct wattle_ml_error e;
	size_t count[10] = { 0 };
	double sum = 0;

	(void)state;
	assert_ok(read_it(&d, "tests/data/breast_cancer.csv", NULL, false, &e), e);
	assert_int_equal(d.x.rows, 569);
	assert_int_equal(d.x.cols, 30);
	assert_string_equal(d.feature_names[29], "worst fractal dimension");
	for (size_t r = 0; r < d.x.rows; r++)
		count[d.labels[r]]++;
	assert_string_equal(d.class_names[0], "benign");
	assert_int_equal(count[0], 357);
	assert_string_equal(d.class_names[1], "malignant");
	assert_int_equal(count[1], 212);
	assert_true(((float *)d.x.data)[568 * d.x.stride + 29] == 0.07039f);
	wattle_dataset__free(&d);

	assert_ok(read_it(&d, "tests/data/digits.csv", "digit", false, &e), e);
	assert_int_equal(d.x.rows, 1797);
	assert_int_equal(d.x.cols, 64);
	assert_int_equal(d.nr_classes, 10);
	for (size_t r = 0; r < d.x.rows; r++)
		for (size_t c = 0; c < d.x.cols; c++)
			sum += (double)((float *)d.x.data)[r * d.x.stride + c];
	assert_true(sum == 561718);	/* awk's sum of the same file */
	wattle_dataset__free(&d);
}

static void test_shared_data(void **state)
{
	static const struct {
		const char	*name;
		const char	*label;
		size_t		rows;		/* 0: refused, with message */
		size_t		cols;
		uint32_t	classes;
		const char	*message;
	} files[] = {
		{ "kernlab_spam.csv", NULL, 4601, 57, 2, NULL },
		{ "mlbench_Shuttle.csv", "Class", 58000, 9, 7, NULL },
		{ "mlbench_PimaIndiansDiabetes2.csv", NULL, 0, 0, 0,
		  "Diabetes2.csv:2:13: column 5 ('insulin') has no value ('NA')" },
		{ "ggplot2_diamonds.csv", "cut", 0, 0, 0,
		  "diamonds.csv:2:14: 'E' in column 3 ('color') is not a number" },
	};
	struct wattle_dataset d;
	struct wattle_ml_error e;
	char path[256];

	(void)state;
	if (access("../shared/data/tabular", R_OK))
		skip_because("no ../shared/data/tabular");
	for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
		int err;

		snprintf(path, sizeof(path), "../shared/data/tabular/%s", files[i].name);
		err = read_it(&d, path, files[i].label, false, &e);
		if (!files[i].rows) {
			assert_int_equal(err, -EINVAL);
			assert_message(e, files[i].message);
			continue;
		}
		assert_ok(err, e);
		assert_int_equal(d.x.rows, files[i].rows);
		assert_int_equal(d.x.cols, files[i].cols);
		assert_int_equal(d.nr_classes, files[i].classes);
		wattle_dataset__free(&d);
	}
}

/* Somebody shortens, extends or rewrites the file between its opening and its end. */
static void test_changed_while_read(void **state)
{
	static const char text[] = "1,2,x\n3,4,y\n";
	static const char sysfs[] = "/sys/devices/system/cpu/possible";
	const struct timespec old[2] = { { .tv_sec = 1 }, { .tv_sec = 1 } };
	struct wattle_input in = { .path = "f.csv" };
	struct wattle_ml_error e;
	struct stat st;
	char *big;
	int fd;

	(void)state;
	for (int how = 0; how < 4; how++) {
		write_file(tmp_path("f.csv"), text, sizeof(text) - 1);
		fd = open(tmp_path("f.csv"), O_RDWR);
		assert_true(fd >= 0);
		assert_int_equal(futimens(fd, old), 0);
		assert_int_equal(fstat(fd, &st), 0);
		if (how == 1)
			assert_int_equal(ftruncate(fd, 5), 0);
		if (how == 2)
			assert_int_equal(pwrite(fd, "5,6,x\n", 6, 12), 6);
		if (how == 3)
			assert_int_equal(pwrite(fd, "9", 1, 0), 1);
		if (how == 0) {
			assert_ok(wattle_input__load(&in, fd, &st, &e), e);
			assert_int_equal(in.size, 12);
			assert_memory_equal(in.data, text, 12);
			wattle_input__close(&in);
		} else {
			assert_int_equal(wattle_input__load(&in, fd, &st, &e), -ESTALE);
			assert_message(e, "f.csv: changed while it was read: ");
			assert_null(in.data);
		}
		close(fd);
	}
	/* Larger than a huge page, and than the memory there is. */
	big = calloc(1, 5 << 20);
	write_file(tmp_path("big"), big, 5 << 20);
	assert_ok(wattle_input__open(&in, tmp_path("big"), &e), e);
	assert_int_equal(in.size, 5 << 20);
	assert_memory_equal(in.data, big, 5 << 20);
	wattle_input__close(&in);
	wattle_memory__set_limit(4 << 20);
	assert_int_equal(wattle_input__open(&in, tmp_path("big"), &e), -ENOMEM);
	assert_message(e, "5.0 MiB to read, 4.0 MiB of memory are available");
	wattle_memory__set_limit(0);
	free(big);
	/* A size of 0 that is none. */
	assert_ok(wattle_input__open(&in, "/proc/self/status", &e), e);
	assert_true(in.size > 100);
	wattle_input__close(&in);
	/* A size of a page that is less. */
	if (!stat(sysfs, &st) && st.st_size > 100) {
		assert_ok(wattle_input__open(&in, sysfs, &e), e);
		assert_in_range(in.size, 2, 99);
		assert_int_equal(in.data[in.size - 1], '\n');
		wattle_input__close(&in);
	}
}

static void cgroup_file(const char *dir, const char *file, const char *text)
{
	char name[100];

	snprintf(name, sizeof(name), "cg%s/%s", dir, file);
	write_file(tmp_path(name), text, strlen(text));
}

/* The room a cgroup has left: what it uses without the page cache, at every level. */
static void test_cgroup(void **state)
{
	char dir[] = "/a/b", top[] = "", gone[] = "/c";
	char *root = strdup(tmp_path("cg"));

	(void)state;
	assert_int_equal(mkdir(root, 0700), 0);
	assert_int_equal(wattle_memory__cgroup_left(root, gone), UINT64_MAX);
	assert_int_equal(mkdir(tmp_path("cg/a"), 0700), 0);
	assert_int_equal(mkdir(tmp_path("cg/a/b"), 0700), 0);
	cgroup_file("/a/b", "memory.max", "max\n");
	cgroup_file("/a/b", "memory.current", "900\n");
	cgroup_file("/a", "memory.max", "1000\n");
	cgroup_file("/a", "memory.current", "900\n");
	assert_int_equal(wattle_memory__cgroup_left(root, dir), 100);
	cgroup_file("/a", "memory.stat", "anon 200\nfile 700\ninactive_anon 150\n"
		    "active_anon 50\ninactive_file 400\nactive_file 200\nunevictable 1\n");
	strcpy(dir, "/a/b");
	assert_int_equal(wattle_memory__cgroup_left(root, dir), 700);
	/* Read a moment apart: never less than nothing used. */
	cgroup_file("/a", "memory.current", "500\n");
	strcpy(dir, "/a/b");
	assert_int_equal(wattle_memory__cgroup_left(root, dir), 1000);
	cgroup_file("/a/b", "memory.max", "950\n");
	strcpy(dir, "/a/b");
	assert_int_equal(wattle_memory__cgroup_left(root, dir), 50);
	assert_int_equal(wattle_memory__cgroup_left(root, top), UINT64_MAX);
	free(root);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_label_file_guess),
		cmocka_unit_test(test_formats),
		cmocka_unit_test(test_files),
		cmocka_unit_test(test_pipe),
		cmocka_unit_test(test_relabel),
		cmocka_unit_test(test_own_data),
		cmocka_unit_test(test_shared_data),
		cmocka_unit_test(test_changed_while_read),
		cmocka_unit_test(test_cgroup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
