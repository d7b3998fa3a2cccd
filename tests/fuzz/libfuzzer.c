// SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause
/* libFuzzer's entry; FUZZ_TARGET is one of the functions of target.h. */
#include "target.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	FUZZ_TARGET(data, size);
	return 0;
}
