// SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "atomic_file.h"
#include "ml/data/fail.h"

#define TRIES	64

/* open(2) applies the umask, which mkstemp() and a later chmod() would not. */
static int open_temporary(int dir, const char *name, char *tmp, size_t size)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyz012345";

	for (int i = 0; i < TRIES; i++) {
		unsigned char r[6];
		char suffix[7];
		int fd;

		if (getrandom(r, sizeof(r), 0) != sizeof(r))
			return -errno;
		for (size_t k = 0; k < sizeof(r); k++)
			suffix[k] = letters[r[k] % 32];
		suffix[6] = 0;
		/* A long name is cut: the temporary name must fit where the name does. */
		snprintf(tmp, size, ".%.*s.%s", NAME_MAX - 8, name, suffix);
		fd = openat(dir, tmp, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0666);
		if (fd >= 0)
			return fd;
		if (errno != EEXIST)
			return -errno;
	}
	return -EEXIST;
}

static int write_all(int fd, const char *p, size_t len)
{
	while (len) {
		ssize_t n = write(fd, p, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		p += n;
		len -= (size_t)n;
	}
	return fsync(fd) ? -errno : 0;
}

static int fail(struct wattle_ml_error *e, int err, const char *path, const char *what)
{
	return wattle_ml__fail(e, err, "%s: cannot %s: %s", path, what, strerror(-err));
}

int wattle_atomic_file__target(const char *path, char *real, struct wattle_ml_error *e)
{
	struct stat st;

	if (stat(path, &st)) {
		if (errno != ENOENT)
			return fail(e, -errno, path, "write");
		if (*path && path[strlen(path) - 1] == '/')
			return wattle_ml__fail(e, -EISDIR, "%s: is a directory; name a file in it",
					       path);
		/* As cp(1): what it points at was never meant to be made by us. */
		if (!lstat(path, &st))
			return wattle_ml__fail(e, -ENOENT,
					       "%s: is a symbolic link to a file that does not exist; remove it, or name its target",
					       path);
		if (strlen(path) >= PATH_MAX)
			return fail(e, -ENAMETOOLONG, path, "write");
		strcpy(real, path);
		return 0;
	}
	if (S_ISDIR(st.st_mode))
		return wattle_ml__fail(e, -EISDIR, "%s: is a directory; name a file in it", path);
	if (!S_ISREG(st.st_mode))
		return wattle_ml__fail(e, -EINVAL,
				       "%s: is no regular file, and what is written replaces it as a whole; name a file",
				       path);
	return realpath(path, real) ? 0 : fail(e, -errno, path, "write");
}

int wattle_atomic_file__write(const char *path, const void *data, size_t len,
			      struct wattle_ml_error *e)
{
	char real[PATH_MAX], tmp[NAME_MAX + 1], *slash;
	const char *name = real;
	int dir, fd, err;

	err = wattle_atomic_file__target(path, real, e);
	if (err)
		return err;
	slash = strrchr(real, '/');
	if (slash) {
		name = slash + 1;
		*slash = 0;
	}
	if (!*name)
		return fail(e, -EISDIR, path, "write");
	dir = open(!slash ? "." : slash == real ? "/" : real, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dir < 0)
		return fail(e, -errno, path, "open its directory");
	fd = open_temporary(dir, name, tmp, sizeof(tmp));
	if (fd < 0) {
		err = fail(e, fd, path, "create a file beside it");
		goto out_close_dir;
	}
	err = write_all(fd, data, len);
	if (close(fd) && !err)
		err = -errno;
	if (err) {
		fail(e, err, path, "write");
		goto out_unlink;
	}
	if (renameat(dir, tmp, dir, name)) {
		err = fail(e, -errno, path, "rename the new file");
		goto out_unlink;
	}
	/* The rename is done whatever happens; some file systems cannot sync a directory. */
	if (fsync(dir) && errno != EINVAL && errno != EROFS)
		err = fail(e, -errno, path, "sync its directory");
	goto out_close_dir;

out_unlink:
	unlinkat(dir, tmp, 0);
out_close_dir:
	close(dir);
	return err;
}
