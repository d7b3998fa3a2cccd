// SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause
/* Which kernels: what the CPU and the OS can run, or what WATTLE_ISA asks for. */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "ml/kernels/kernels.h"

/* See scratch_carve() in pass.h; 16 lanes and 32 rows are the largest of any instruction set. */
size_t wattle_kernels__scratch_size(size_t cols, size_t nr_outputs)
{
	const size_t wstride = wattle_kernels__wstride(cols);
	const size_t floats = nr_outputs * (wstride + 16 + 32) + 32 + 32 + 16 + 32 * wstride;

	return (floats * sizeof(float) + 63) & ~(size_t)63;
}

bool wattle_kernels__available(const struct wattle_kernels *k)
{
	if (!k)
		return false;
#if defined(__x86_64__)
	/* These read CPUID and, through XGETBV, whether the OS saves the registers. */
	__builtin_cpu_init();
	if (k == wattle_kernels_avx512)
		return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
		       __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl") &&
		       __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
	if (k == wattle_kernels_avx2)
		return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
#endif
	return k == wattle_kernels_portable;
}

const struct wattle_kernels *wattle_kernels__pick(const char *force, const char **why)
{
	const struct wattle_kernels *const all[] = {
		wattle_kernels_avx512, wattle_kernels_avx2, wattle_kernels_portable,
	};
	const char *reason = NULL;
	size_t i;

	if (force && *force) {
		reason = "is not an instruction set; known are avx512, avx2 and portable";
		for (i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
			if (!all[i] || strcmp(all[i]->name, force))
				continue;
			if (wattle_kernels__available(all[i])) {
				if (why)
					*why = NULL;
				return all[i];
			}
			reason = "is not available on this CPU, or the OS does not enable it";
		}
	}
	if (why)
		*why = reason;
	for (i = 0; !wattle_kernels__available(all[i]); i++)
		;
	return all[i];
}

static const struct wattle_kernels *chosen;
static pthread_once_t chosen_once = PTHREAD_ONCE_INIT;

static void choose(void)
{
	const char *force = getenv("WATTLE_ISA");
	const char *why;

	chosen = wattle_kernels__pick(force, &why);
	if (why)
		fprintf(stderr, "wattle: WATTLE_ISA=%s %s; using %s\n", force, why, chosen->name);
}

const struct wattle_kernels *wattle_kernels__get(void)
{
	pthread_once(&chosen_once, choose);
	return chosen;
}

const char *wattle_ml__isa(void)
{
	return wattle_kernels__get()->name;
}
