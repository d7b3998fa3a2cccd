// SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause
#include "cli/output.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/cli.h"

int output_check(struct out *o, const char *path)
{
	char *copy = strdup(path), *dir;
	struct stat st;
	int rc = CLI_OK;

	if (!copy)
		return out_error(o, CLI_FAILURE, "out of memory");
	dir = dirname(copy);
	if (!*path)
		rc = out_error(o, CLI_USAGE, "the output file's name is empty");
	else if (!stat(path, &st) && S_ISDIR(st.st_mode))
		rc = out_error(o, CLI_FAILURE, "%s: is a directory; name a file in it", path);
	else if (!stat(path, &st) && !S_ISREG(st.st_mode))
		/* It is replaced as a whole: /dev/null would become a file for everybody. */
		rc = out_error(o, CLI_FAILURE,
			       "%s: is no regular file, and what is written replaces it as a whole; name a file",
			       path);
	else if (access(dir, W_OK | X_OK))
		rc = out_error(o, CLI_FAILURE, "%s: cannot be written: %s: %s", path, dir,
			       strerror(errno));
	free(copy);
	return rc;
}

int output_open(struct output *f, const char *path)
{
	int fd, err;
	mode_t mask;

	memset(f, 0, sizeof(*f));
	f->path = strdup(path);
	if (!f->path || asprintf(&f->tmp, "%s.XXXXXX", path) < 0) {
		free(f->path);
		return -ENOMEM;
	}
	fd = mkostemp(f->tmp, O_CLOEXEC);
	if (fd < 0) {
		err = -errno;
		goto free_names;
	}
	/* mkstemp makes it private; a result is as readable as any new file. */
	mask = umask(0);
	umask(mask);
	if (fchmod(fd, 0666 & ~mask)) {
		err = -errno;
		goto unlink_tmp;
	}
	f->f = fdopen(fd, "w");
	if (!f->f) {
		err = -errno;
		goto unlink_tmp;
	}
	return 0;

unlink_tmp:
	unlink(f->tmp);
	close(fd);
free_names:
	free(f->tmp);
	free(f->path);
	memset(f, 0, sizeof(*f));
	return err;
}

void output_abandon(struct output *f)
{
	if (f->f)
		fclose(f->f);
	if (f->tmp)
		unlink(f->tmp);
	free(f->tmp);
	free(f->path);
	memset(f, 0, sizeof(*f));
}

int output_commit(struct output *f)
{
	int err = 0;

	if (fflush(f->f) || ferror(f->f) || fsync(fileno(f->f)))
		err = errno ? -errno : -EIO;
	if (fclose(f->f) && !err)
		err = -errno;
	f->f = NULL;
	if (!err && rename(f->tmp, f->path))
		err = -errno;
	if (err) {
		output_abandon(f);
		return err;
	}
	free(f->tmp);
	free(f->path);
	memset(f, 0, sizeof(*f));
	return 0;
}
