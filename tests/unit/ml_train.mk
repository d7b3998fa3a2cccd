# SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause
#
# Unit tests of userspace/ml/kernels and userspace/ml/train.

UNIT_TESTS += $(addprefix $(O)/tests/unit/,test_kernels)

OBJS_test_kernels = $(call obj,tests/unit/test_kernels.c tests/unit/kernel_ref.c \
	$(ML_KERNEL_SRCS))
LIBS_test_kernels := -lcmocka -lm -pthread
