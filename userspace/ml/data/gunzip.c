// SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause
#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <string.h>

#include "fail.h"
#include "gunzip.h"

#define DEFLATE_MAX_RATIO	1032u
#define GZIP_WINDOW		(15 + 16)	/* largest window, gzip header and trailer */

int bytes_open(struct bytes *b, const char *path, const char *buf, size_t len,
	       struct wattle_ml_error *e)
{
	memset(b, 0, sizeof(*b));
	b->path = path;
	b->p = buf;
	b->left = len;
	b->total = len;
	b->gz = len >= 2 && !memcmp(buf, "\x1f\x8b", 2);
	if (b->gz && inflateInit2(&b->z, GZIP_WINDOW) != Z_OK) {
		b->gz = false;
		return wattle_ml__no_memory(e, path);
	}
	return 0;
}

void bytes_close(struct bytes *b)
{
	if (b->gz)
		inflateEnd(&b->z);
	b->gz = false;
}

/* zlib counts in 32 bits: hand it the input piece by piece. */
static void feed(struct bytes *b)
{
	if (!b->z.avail_in && b->left) {
		b->z.next_in = (Bytef *)b->p;
		b->z.avail_in = b->left > UINT_MAX / 2 ? UINT_MAX / 2 : (uInt)b->left;
		b->p += b->z.avail_in;
		b->left -= b->z.avail_in;
	}
}

static int inflate_some(struct bytes *b, struct wattle_ml_error *e)
{
	int ret;

	feed(b);
	ret = inflate(&b->z, Z_NO_FLUSH);
	switch (ret) {
	case Z_OK:
		return 0;
	case Z_STREAM_END:
		feed(b);
		/* Another member may follow, as from `cat a.gz b.gz`. */
		if (b->z.avail_in >= 2 && b->z.next_in[0] == 0x1f && b->z.next_in[1] == 0x8b) {
			inflateReset(&b->z);
			return 0;
		}
		if (b->z.avail_in || b->left)
			return wattle_ml__fail(e, -EBADMSG,
					       "%s: %zu bytes that are not gzip follow the compressed data; fetch the file again",
					       b->path, (size_t)b->z.avail_in + b->left);
		b->done = true;
		return 0;
	case Z_BUF_ERROR:
		return wattle_ml__fail(e, -EBADMSG,
				       "%s: the gzip stream is cut short after %zu bytes; fetch the file again",
				       b->path, b->total);
	case Z_MEM_ERROR:
		return wattle_ml__no_memory(e, b->path);
	default:
		return wattle_ml__fail(e, -EBADMSG,
				       "%s: the gzip stream is damaged (%s) near byte %zu; fetch the file again",
				       b->path, b->z.msg ? b->z.msg : "no detail",
				       b->total - b->left - b->z.avail_in);
	}
}

int bytes_read(struct bytes *b, void *out, size_t len, size_t *got, struct wattle_ml_error *e)
{
	char *o = out;
	int err;

	*got = 0;
	if (!b->gz) {
		*got = len < b->left ? len : b->left;
		memcpy(out, b->p, *got);
		b->p += *got;
		b->left -= *got;
		b->produced += *got;
		return 0;
	}
	while (*got < len && !b->done) {
		size_t want = len - *got;
		uInt chunk = want > UINT_MAX / 2 ? UINT_MAX / 2 : (uInt)want;

		b->z.next_out = (Bytef *)o + *got;
		b->z.avail_out = chunk;
		err = inflate_some(b, e);
		*got += chunk - b->z.avail_out;
		b->produced += chunk - b->z.avail_out;
		if (err)
			return err;
	}
	return 0;
}

uint64_t bytes_max_left(const struct bytes *b)
{
	uint64_t in = b->left;

	if (!b->gz)
		return in;
	if (b->done)
		return 0;
	in += b->z.avail_in;
	/* One window may be inside the decompressor already. */
	return in > (UINT64_MAX >> 16) / DEFLATE_MAX_RATIO ? UINT64_MAX >> 16 :
	       in * DEFLATE_MAX_RATIO + 65536;
}
