# SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause
# What RAPL's registers mean: the module's own code on recorded values.

UNIT_TESTS += $(O)/tests/unit/test_rapl

OBJS_test_rapl = $(call obj,tests/unit/test_rapl.c module/rapl/decode.c)
LIBS_test_rapl = -lcmocka
