// SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause
/* Failures of the command that no user can bring about at will: memory, withdrawn batches. */
#include <sys/stat.h>
#include <sys/wait.h>

#include "cli/cli.h"
#include "cli/json.h"
#include "cli/memory_stream.h"
#include "ml/data/memory.h"
#include "ml_help.h"

static int run_verb(const struct cli_verb *verb, char **argv)
{
	FILE *f = fopen("/dev/null", "w");
	struct out o;
	int argc = 0;

	assert_non_null(f);
	while (argv[argc])
		argc++;
	optind = 0;
	out_init(&o, f, false, verb->name);
	argc = out_finish(&o, verb->run(&o, argc, argv));
	fclose(f);
	return argc;
}

static void test_stream(void **state)
{
	static const size_t sizes[] = { 0, 1, 4096, 65536, 65537, 1 << 20 };
	struct memory_stream s;
	FILE *f;

	(void)state;
	wattle_memory__set_limit(1 << 20);
	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
		f = memory_stream_open(&s);
		assert_non_null(f);
		for (size_t k = 0; k < sizes[i]; k++)
			putc((int)(k % 251), f);
		assert_int_equal(memory_stream_close(f, &s), 0);
		assert_int_equal(s.len, sizes[i]);
		for (size_t k = 0; k < sizes[i]; k++)
			assert_int_equal((unsigned char)s.data[k], k % 251);
		free(s.data);
	}
	/* A byte too many; then, after what was lost, bytes that there would be room for. */
	f = memory_stream_open(&s);
	for (size_t k = 0; k < (1 << 20) + 1; k++)
		putc('x', f);
	assert_int_equal(memory_stream_close(f, &s), -ENOMEM);
	assert_null(s.data);
	f = memory_stream_open(&s);
	setvbuf(f, NULL, _IONBF, 0);
	assert_int_equal(fputs("first", f) < 0, 0);
	s.room = 5;
	s.cap = 5;
	fputs("second", f);
	s.room = 1 << 20;
	fputs("third", f);
	assert_int_equal(s.len, 5);
	assert_int_equal(memory_stream_close(f, &s), -ENOMEM);
	wattle_memory__set_limit(0);
}

/* A file of predictions is whole or is not there. */
static void test_predict_memory(void **state)
{
	enum { ROWS = 1000, NAME = 10000 };
	char *model = strdup(tmp_path("m")), *data = strdup(tmp_path("d.csv"));
	char *to = strdup(tmp_path("p.csv")), *name = calloc(1, NAME + 1);
	char *argv[] = { "predict", model, data, "-o", to, NULL };
	char *names[] = { "a", name };
	float w[1] = { 0 }, b[1] = { 1 };
	struct wattle_model m = {
		.nr_classes = 2, .nr_outputs = 1, .cols = 1, .loss = WATTLE_LOSS_LOG,
		.class_names = names, .w = w, .b = b,
	};
	struct wattle_ml_error e;
	struct stat st;
	FILE *f;

	(void)state;
	memset(name, 'n', NAME);
	assert_ok(wattle_model__save(&m, model, &e), e);
	f = fopen(data, "w");
	for (int i = 0; i < ROWS; i++)
		fputs("1\n", f);
	fclose(f);
	wattle_memory__set_limit(1 << 20);
	assert_int_equal(run_verb(&cli_predict, argv), CLI_FAILURE);
	assert_int_equal(stat(to, &st), -1);
	wattle_memory__set_limit(0);
	assert_int_equal(run_verb(&cli_predict, argv), CLI_OK);
	assert_int_equal(stat(to, &st), 0);
	assert_int_equal(st.st_size, ROWS * (NAME + 1) + strlen("class\n"));
	free(model);
	free(data);
	free(to);
	free(name);
}

static int train_err;
static uint64_t train_refused;

int __wrap_wattle_train(struct wattle_model *m, const struct wattle_dataset *d,
			struct wattle_pool *pool, uint32_t queue,
			const struct wattle_train_opts *opts, struct wattle_train_result *r,
			struct wattle_ml_error *e);

int __wrap_wattle_train(struct wattle_model *m, const struct wattle_dataset *d,
			struct wattle_pool *pool, uint32_t queue,
			const struct wattle_train_opts *opts, struct wattle_train_result *r,
			struct wattle_ml_error *e)
{
	(void)d;
	(void)pool;
	(void)queue;
	(void)opts;
	memset(m, 0, sizeof(*m));
	memset(r, 0, sizeof(*r));
	r->pool_error = train_err;
	r->run.refused = train_refused;
	snprintf(e->msg, sizeof(e->msg), "made to fail");
	return train_err;
}

/* "Refused" is said of what was refused, not of whatever was withdrawn. */
static void test_refused(void **state)
{
	static const char text[] = "1,a\n2,b\n3,a\n4,b\n";
	char *data = strdup(tmp_path("t.csv")), *to = strdup(tmp_path("t.model"));
	char *argv[] = {
		"train", data, "-o", to, "--backend", "embedded", "--strict", "--deadline", "1h",
		"--workers", "1", NULL
	};

	(void)state;
	write_file(data, text, sizeof(text) - 1);
	train_err = -ECANCELED;
	train_refused = 1;
	assert_int_equal(run_verb(&cli_train, argv), CLI_REFUSED);
	train_refused = 0;
	assert_int_equal(run_verb(&cli_train, argv), CLI_FAILURE);
	free(data);
	free(to);
}

static int mallocs_left;

static void *some_malloc(size_t size)
{
	return mallocs_left-- > 0 ? malloc(size) : NULL;
}

/* The files of the test stay its parent's. */
static void leave(int status, void *unused)
{
	(void)unused;
	_exit(status);
}

/* Half a document never passes for one: whichever of its allocations fails, that is the end. */
static void test_json_memory(void **state)
{
	static const char want[] = "{\n  \"name\": \"text\",\n  \"x\": 0.5\n}\n";
	int n, status = -1;

	(void)state;
	for (n = 0; status && n < 1000; n++) {
		const char *path = tmp_path("j");
		size_t len;
		pid_t pid;
		char *got;

		fflush(NULL);
		pid = fork();
		assert_true(pid >= 0);
		if (!pid) {
			json_t *j = json_pack("{s:s,s:f}", "name", "text", "x", 0.5);
			FILE *f = fopen(path, "w");

			if (!j || !f || !freopen("/dev/null", "w", stderr) || on_exit(leave, NULL))
				_exit(2);
			mallocs_left = n;
			json_set_alloc_funcs(some_malloc, free);
			json_write(f, j);
			fclose(f);
			_exit(0);
		}
		assert_int_equal(waitpid(pid, &status, 0), pid);
		if (status) {
			assert_true(WIFEXITED(status));
			assert_int_equal(WEXITSTATUS(status), 1);
			continue;
		}
		got = slurp_file(path, &len);
		assert_int_equal(len, sizeof(want) - 1);
		assert_memory_equal(got, want, len);
		free(got);
	}
	assert_true(n > 3);
	assert_int_equal(status, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_stream), cmocka_unit_test(test_predict_memory),
		cmocka_unit_test(test_refused), cmocka_unit_test(test_json_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
