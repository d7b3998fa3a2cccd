# SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause
# libwattle on the device: the cases of tests/unit/lib.mk in the guest.

TEST_PROGS += $(O)/tests/kselftest/lib_device

CFLAGS_lib_device.c := -Itests
OBJS_lib_device = $(O)/tests/kselftest/lib_device.o $(LIB_CASES) $(LIBWATTLE_RUN_OBJS)
LIBS_lib_device := -lcmocka -pthread
