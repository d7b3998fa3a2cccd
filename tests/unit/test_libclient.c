// SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause
/* The embedded backend behaves as <linux/wattle.h> says. */
#include "lib_cases.h"

enum wattle_backend test_backend = WATTLE_BACKEND_EMBEDDED;

int main(void)
{
	int failed = run_cases("client, embedded", client_cases, nr_client_cases);

	failed += run_cases("grants, embedded", grant_cases, nr_grant_cases);
	return failed ? 1 : 0;
}
