# SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause
# Tests of libwattle: the same cases embedded (here) and on the device (tests/kselftest/lib.mk).

LIB_CASES := $(patsubst %,$(O)/tests/unit/%.o,lib_help lib_client_cases lib_grant_cases \
	lib_pool_cases)

UNIT_TESTS += $(addprefix $(O)/tests/unit/,test_libclient test_libpool test_libopen test_powercap)
TSAN_TESTS += test_libclient test_libpool

OBJS_test_libclient = $(O)/tests/unit/test_libclient.o $(LIB_CASES) $(LIBWATTLE_RUN_OBJS)
LIBS_test_libclient := -lcmocka -pthread
OBJS_test_libpool = $(O)/tests/unit/test_libpool.o $(LIB_CASES) $(LIBWATTLE_RUN_OBJS)
LIBS_test_libpool := -lcmocka -pthread
OBJS_test_libopen = $(O)/tests/unit/test_libopen.o $(LIBWATTLE_RUN_OBJS)
LIBS_test_libopen := -lcmocka -pthread -Wl,--wrap=ioctl
OBJS_test_powercap = $(O)/tests/unit/test_powercap.o $(LIBWATTLE_RUN_OBJS)
LIBS_test_powercap := -lcmocka -pthread
