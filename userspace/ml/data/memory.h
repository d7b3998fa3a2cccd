/* SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause */
/*
 * How much may be allocated. Sizes in data files are claims: they are checked
 * against the machine before anything is allocated, because Linux hands out
 * memory it does not have and the OOM killer tells nobody which file it was.
 */
#ifndef WATTLE_ML_DATA_MEMORY_H
#define WATTLE_ML_DATA_MEMORY_H

#include <stddef.h>
#include <stdint.h>
#include <wattle/ml.h>

/**
 * wattle_memory__available() - bytes that can be allocated without harm
 *
 * The least of MemAvailable and the room left in the process's cgroup (v2).
 */
uint64_t wattle_memory__available(void);

/**
 * wattle_memory__cgroup_left() - the tightest memory.max from a cgroup up to the root
 * @root:	where cgroup2 is mounted
 * @dir:	the cgroup below it, "/a/b"; cut up to ""
 *
 * The page cache of the files a cgroup has read is no use of its memory that lasts: without
 * that, having read a file that is large would be what forbids to work on it.
 *
 * Return: bytes left; UINT64_MAX when nothing is limited.
 */
uint64_t wattle_memory__cgroup_left(const char *root, char *dir);

/**
 * wattle_memory__set_limit() - replace what the machine says (tests, fuzzing)
 * @bytes:	the limit; 0 = ask the machine again
 */
void wattle_memory__set_limit(uint64_t bytes);

/**
 * wattle_memory__check() - may a matrix of this size be made?
 * @rows:	rows
 * @cols:	columns
 * @elem:	bytes per element
 * @path:	file it comes from, for the message
 * @e:		error
 *
 * Return: 0; -EOVERFLOW the size is not a number this machine can hold;
 * -ENOMEM more than is available.
 */
int wattle_memory__check(uint64_t rows, uint64_t cols, size_t elem, const char *path,
			 struct wattle_ml_error *e);

#endif
