// SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fail.h"
#include "input.h"
#include "memory.h"

static int read_all(struct wattle_input *in, int fd, struct wattle_ml_error *e)
{
	uint64_t room = wattle_memory__available();
	size_t size = 0, cap = 1 << 16;
	char *buf = malloc(cap);
	int err;

	if (!buf)
		return wattle_ml__no_memory(e, in->path);
	for (;;) {
		ssize_t n = read(fd, buf + size, cap - size);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0) {
			err = wattle_ml__fail(e, -errno, "%s: cannot read: %s", in->path,
					      strerror(errno));
			goto out_free;
		}
		if (!n)
			break;
		size += (size_t)n;
		if (size == cap) {
			char *p = cap < room / 2 ? realloc(buf, 2 * cap) : NULL;

			if (!p) {
				err = wattle_ml__fail(e, -ENOMEM,
						      "%s: more than %zu bytes do not fit into memory",
						      in->path, size);
				goto out_free;
			}
			buf = p;
			cap *= 2;
		}
	}
	in->data = buf;
	in->size = size;
	return 0;

out_free:
	free(buf);
	return err;
}

static int changed(const struct wattle_input *in, const char *how, struct wattle_ml_error *e)
{
	return wattle_ml__fail(e, -ESTALE,
			       "%s: changed while it was read: %s; try again when nobody writes to it",
			       in->path, how);
}

/*
 * Read, not mapped: a mapped file that somebody shortens is a SIGBUS, anywhere in a
 * parser. On huge pages a copy costs what the page faults of a mapping do.
 */
int wattle_input__load(struct wattle_input *in, int fd, const struct stat *before,
		       struct wattle_ml_error *e)
{
	const size_t size = (size_t)before->st_size, huge = (size_t)2 << 20;
	const uint64_t room = wattle_memory__available();
	struct stat after;
	size_t at = 0;
	void *buf;
	int err;

	if (size > room)
		return wattle_ml__fail(e, -ENOMEM,
				       "%s: %.1f MiB to read, %.1f MiB of memory are available; take a smaller file or a machine with more memory",
				       in->path, (double)size / 1048576.0,
				       (double)room / 1048576.0);
	if (posix_memalign(&buf, size >= huge ? huge : 64, size))
		return wattle_ml__no_memory(e, in->path);
	if (size >= huge)
		madvise(buf, size - size % huge, MADV_HUGEPAGE);
	while (at < size) {
		const ssize_t n = pread(fd, (char *)buf + at, size - at, (off_t)at);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0) {
			err = wattle_ml__fail(e, -errno, "%s: cannot read: %s", in->path,
					      strerror(errno));
			goto out_free;
		}
		/* Shortened, or one of /sys, which claim a page: the look below tells. */
		if (!n)
			break;
		at += (size_t)n;
	}
	if (fstat(fd, &after) || after.st_size != before->st_size ||
	    after.st_mtim.tv_sec != before->st_mtim.tv_sec ||
	    after.st_mtim.tv_nsec != before->st_mtim.tv_nsec) {
		err = changed(in, "its size or time of change is another", e);
		goto out_free;
	}
	in->data = buf;
	in->size = at;
	return 0;

out_free:
	free(buf);
	return err;
}

int wattle_input__open(struct wattle_input *in, const char *path, struct wattle_ml_error *e)
{
	struct stat st;
	int fd, err;

	memset(in, 0, sizeof(*in));
	in->path = path;
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return wattle_ml__fail(e, -errno, "%s: cannot open: %s", path, strerror(errno));
	if (fstat(fd, &st))
		err = wattle_ml__fail(e, -errno, "%s: cannot stat: %s", path, strerror(errno));
	else if (S_ISDIR(st.st_mode))
		err = wattle_ml__fail(e, -EISDIR, "%s: is a directory; name a file in it", path);
	else if ((uint64_t)st.st_size > PTRDIFF_MAX)
		err = wattle_ml__fail(e, -EFBIG, "%s: too large for this machine to read", path);
	else if (!S_ISREG(st.st_mode) || !st.st_size)
		/* Files of /proc say 0 whatever they hold. */
		err = read_all(in, fd, e);
	else
		err = wattle_input__load(in, fd, &st, e);
	close(fd);
	if (!err && !in->size) {
		wattle_input__close(in);
		err = wattle_ml__fail(e, -ENODATA, "%s: the file is empty", path);
	}
	return err;
}

void wattle_input__close(struct wattle_input *in)
{
	free((void *)in->data);
	in->data = NULL;
	in->size = 0;
}
