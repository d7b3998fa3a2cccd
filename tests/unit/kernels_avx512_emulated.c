// SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause
/* The AVX-512 kernels, source unchanged, on emulated intrinsics. */
#include "avx512_emulated.h"
#include "ml/kernels/kernels.h"

extern const struct wattle_kernels *const wattle_kernels_avx512_emulated;

#include "ml/kernels/kernels_avx512.c"
