# SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause
#
# Unit tests of userspace/ml/kernels and userspace/ml/train.

UNIT_TESTS += $(addprefix $(O)/tests/unit/,test_kernels test_train test_train_room test_optimum \
	test_train_sklearn test_pca)
TSAN_TESTS += test_train test_train_room

OBJS_test_kernels = $(call obj,tests/unit/test_kernels.c tests/unit/kernel_ref.c \
	$(ML_KERNEL_SRCS))
LIBS_test_kernels := -lcmocka -lm -pthread

OBJS_test_train = $(call obj,tests/unit/test_train.c tests/unit/train_help.c tests/unit/ml_help.c) \
	$(LIBWATTLE_OBJS)
LIBS_test_train = -lcmocka $(LIBWATTLE_LIBS)
OBJS_test_train_room = $(call obj,$(addprefix tests/unit/,test_train_room.c train_help.c \
	ml_help.c)) $(LIBWATTLE_OBJS)
LIBS_test_train_room = -lcmocka $(LIBWATTLE_LIBS)
OBJS_test_optimum = $(call obj,$(addprefix tests/unit/,test_optimum.c train_help.c ml_help.c)) \
	$(LIBWATTLE_OBJS)
LIBS_test_optimum = -lcmocka $(LIBWATTLE_LIBS)
OBJS_test_train_sklearn = $(call obj,$(addprefix tests/unit/,test_train_sklearn.c train_help.c \
	ml_help.c)) $(LIBWATTLE_OBJS)
LIBS_test_train_sklearn = -lcmocka $(LIBWATTLE_LIBS)

OBJS_test_pca = $(call obj,$(addprefix tests/unit/,test_pca.c train_help.c ml_help.c)) \
	$(LIBWATTLE_OBJS)
LIBS_test_pca = -lcmocka $(LIBWATTLE_LIBS)

# The AVX-512 kernels on any x86-64 with AVX2, where SIMDe is installed (scripts/setup does).
ifneq ($(and $(wildcard /usr/include/simde/x86/avx512.h),$(filter x86_64%,$(shell $(CC) -dumpmachine 2>/dev/null))),)
UNIT_TESTS += $(O)/tests/unit/test_kernels_avx512

OBJS_test_kernels_avx512 = $(call obj,tests/unit/test_kernels_avx512.c tests/unit/kernel_ref.c \
	tests/unit/kernels_avx512_emulated.c $(ML_KERNEL_SRCS))
LIBS_test_kernels_avx512 := -lcmocka -lm -pthread
CFLAGS_kernels_avx512_emulated.c := -mavx2 -mfma -Wno-psabi -fno-var-tracking
endif
