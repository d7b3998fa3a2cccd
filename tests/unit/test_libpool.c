// SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause
/* The worker pool on the embedded backend. */
#include "lib_cases.h"

enum wattle_backend test_backend = WATTLE_BACKEND_EMBEDDED;

int main(void)
{
	return run_cases("pool, embedded", pool_cases, nr_pool_cases) ? 1 : 0;
}
