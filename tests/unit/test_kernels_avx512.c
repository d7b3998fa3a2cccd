// SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause
/*
 * test_kernels on the AVX-512 kernels with emulated instructions, so that they are tested
 * everywhere.
 */
#define EMULATED
#include "test_kernels.c"
