# SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause
# Attribution: the arithmetic of the split.

UNIT_TESTS += $(O)/tests/unit/test_split_energy

OBJS_test_split_energy = $(call obj,tests/unit/test_split_energy.c userspace/energy/split.c)
LIBS_test_split_energy = -lcmocka -lm
