/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Copying arguments in, by the rules of the ABI.
 */
#ifndef WATTLE_COPY_H
#define WATTLE_COPY_H

#include <linux/uaccess.h>

/**
 * wattle_copy_in() - copy an argument that starts with its own size
 * @dst: where to
 * @ksize: the size this kernel knows; also the first published one, so a
 *	smaller one is refused
 * @src: where from
 * @usize: the size the caller claims
 *
 * Always inlined: in the usual case the size is then a constant, which spares
 * the copy its run-time checks.
 *
 * Return: 0; -EINVAL too small; -E2BIG what we do not know is not zero; -EFAULT.
 */
static __always_inline int wattle_copy_in(void *dst, size_t ksize, const void __user *src,
					  size_t usize)
{
	if (likely(usize == ksize))
		return copy_from_user(dst, src, ksize) ? -EFAULT : 0;
	if (usize < ksize)
		return -EINVAL;
	return copy_struct_from_user(dst, ksize, src, usize);
}

/**
 * wattle_tail_zero() - check what a caller's struct has beyond ours
 * @src: the struct
 * @ksize: what we know of it
 * @usize: what the caller says it is
 *
 * For structs of which only the head is input. Return: as wattle_copy_in().
 */
static inline int wattle_tail_zero(const void __user *src, size_t ksize, size_t usize)
{
	int ret;

	if (usize == ksize)
		return 0;
	if (usize < ksize)
		return -EINVAL;
	ret = check_zeroed_user(src + ksize, usize - ksize);
	if (ret < 0)
		return ret;
	return ret ? 0 : -E2BIG;
}

#endif
