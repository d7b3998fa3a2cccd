// SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause
#include <ftw.h>

#include "ml_help.h"

static char dir[64];

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	return remove(path);
}

static void remove_dir(void)
{
	nftw(dir, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

const char *tmp_dir(void)
{
	if (!dir[0]) {
		strcpy(dir, "/tmp/wattle-unit.XXXXXX");
		if (!mkdtemp(dir))
			fail_msg("mkdtemp: %s", strerror(errno));
		atexit(remove_dir);
	}
	return dir;
}

const char *tmp_path(const char *name)
{
	static char paths[2][256];
	static int turn;

	turn = !turn;
	snprintf(paths[turn], sizeof(paths[turn]), "%s/%s", tmp_dir(), name);
	return paths[turn];
}

void write_file(const char *path, const void *data, size_t len)
{
	FILE *f = fopen(path, "wb");

	assert_non_null(f);
	assert_int_equal(fwrite(data, 1, len, f), len);
	assert_int_equal(fclose(f), 0);
}

char *slurp_file(const char *path, size_t *len)
{
	FILE *f = fopen(path, "rb");
	char *buf;
	long n;

	assert_non_null(f);
	fseek(f, 0, SEEK_END);
	n = ftell(f);
	rewind(f);
	buf = malloc((size_t)n + 1);
	assert_non_null(buf);
	assert_int_equal(fread(buf, 1, (size_t)n, f), n);
	buf[n] = 0;
	fclose(f);
	*len = (size_t)n;
	return buf;
}

char *run_numpy(const char *program, ...)
{
	char path[128], cmd[256], *out;
	size_t len;
	va_list ap;
	FILE *f;

	if (system("/usr/bin/python3 -c 'import numpy' 2>/dev/null"))
		return NULL;
	snprintf(path, sizeof(path), "%s/prog.py", tmp_dir());
	f = fopen(path, "w");
	assert_non_null(f);
	va_start(ap, program);
	vfprintf(f, program, ap);
	va_end(ap);
	fclose(f);
	snprintf(cmd, sizeof(cmd), "/usr/bin/python3 -B %s > %s/prog.out", path, tmp_dir());
	if (system(cmd))
		fail_msg("%s failed", cmd);
	snprintf(path, sizeof(path), "%s/prog.out", tmp_dir());
	out = slurp_file(path, &len);
	return out;
}
