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

int wattle_input__open(struct wattle_input *in, const char *path, struct wattle_ml_error *e)
{
	struct stat st;
	int fd, err = 0;

	memset(in, 0, sizeof(*in));
	in->path = path;
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return wattle_ml__fail(e, -errno, "%s: cannot open: %s", path, strerror(errno));
	if (fstat(fd, &st)) {
		err = wattle_ml__fail(e, -errno, "%s: cannot stat: %s", path, strerror(errno));
	} else if (S_ISDIR(st.st_mode)) {
		err = wattle_ml__fail(e, -EISDIR, "%s: is a directory; name a file in it", path);
	} else if (!S_ISREG(st.st_mode)) {
		err = read_all(in, fd, e);
	} else if ((uint64_t)st.st_size > PTRDIFF_MAX) {
		err = wattle_ml__fail(e, -EFBIG, "%s: too large for this machine to map", path);
	} else if (st.st_size) {
		void *p = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);

		if (p == MAP_FAILED) {
			err = wattle_ml__fail(e, -errno, "%s: cannot map: %s", path,
					      strerror(errno));
		} else {
			madvise(p, (size_t)st.st_size, MADV_SEQUENTIAL);
			in->data = p;
			in->size = (size_t)st.st_size;
			in->mapped = true;
		}
	}
	close(fd);
	if (!err && !in->size) {
		wattle_input__close(in);
		err = wattle_ml__fail(e, -ENODATA, "%s: the file is empty", path);
	}
	return err;
}

void wattle_input__close(struct wattle_input *in)
{
	if (in->mapped)
		munmap((void *)in->data, in->size);
	else
		free((void *)in->data);
	in->data = NULL;
	in->size = 0;
	in->mapped = false;
}
