// SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause
#include <errno.h>
#include <stdlib.h>
#include <sys/mman.h>

#include "matrix.h"

#define HUGE_PAGE	((size_t)2 << 20)

int wattle_matrix__size(size_t rows, size_t cols, size_t elem, size_t *stride, size_t *bytes)
{
	size_t per_line = WATTLE_MATRIX_ALIGN / elem;

	if (!rows || !cols)
		return -EINVAL;
	if (__builtin_add_overflow(cols, per_line - 1, stride))
		return -EOVERFLOW;
	*stride -= *stride % per_line;
	if (__builtin_mul_overflow(*stride, elem, bytes) ||
	    __builtin_mul_overflow(*bytes, rows, bytes) || *bytes > PTRDIFF_MAX)
		return -EOVERFLOW;
	return 0;
}

void *wattle_matrix__lines(size_t bytes)
{
	void *p;

	if (posix_memalign(&p, WATTLE_MATRIX_ALIGN, bytes ? bytes : 1))
		return NULL;
	memset(p, 0, bytes);
	return p;
}

int wattle_matrix__alloc_raw(struct wattle_matrix *m, size_t rows, size_t cols, uint32_t dtype)
{
	size_t elem = wattle_dtype__size(dtype), stride, bytes;
	bool huge;
	int err;

	memset(m, 0, sizeof(*m));
	if (!elem)
		return -EINVAL;
	err = wattle_matrix__size(rows, cols, elem, &stride, &bytes);
	if (err)
		return err;
	/* A matrix is streamed once per epoch: with 4 KiB pages the TLB misses show. */
	huge = bytes >= 4 * HUGE_PAGE;
	err = posix_memalign(&m->data, huge ? HUGE_PAGE : WATTLE_MATRIX_ALIGN, bytes);
	if (err) {
		m->data = NULL;
		return -err;
	}
	if (huge)
		madvise(m->data, bytes - bytes % HUGE_PAGE, MADV_HUGEPAGE);
	m->rows = rows;
	m->cols = cols;
	m->stride = stride;
	m->dtype = dtype;
	return 0;
}

int wattle_matrix__alloc(struct wattle_matrix *m, size_t rows, size_t cols, uint32_t dtype)
{
	int err = wattle_matrix__alloc_raw(m, rows, cols, dtype);

	if (!err)
		memset(m->data, 0, rows * m->stride * wattle_dtype__size(dtype));
	return err;
}

void wattle_matrix__free(struct wattle_matrix *m)
{
	if (!m)
		return;
	free(m->data);
	memset(m, 0, sizeof(*m));
}
