# SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause
# Parts of the wattle command: values of options, the grammar of train, text and JSON.

UNIT_TESTS += $(addprefix $(O)/tests/unit/,test_cli_opt test_cli_out test_cli_session \
	test_cli_fail test_calibrate_fit)
CLI_TEST_OBJS = $(filter-out %/main.o,$(CLI_OBJS)) $(ENERGY_BPF_OBJS) $(LIBWATTLE_OBJS)

OBJS_test_cli_opt = $(O)/tests/unit/test_cli_opt.o $(O)/tests/unit/cli_verbs.o $(CLI_TEST_OBJS)
LIBS_test_cli_opt = -lcmocka $(ENERGY_BPF_LIBS) $(LIBWATTLE_LIBS) -ljansson $(LIBNL_LIBS)
OBJS_test_cli_out = $(O)/tests/unit/test_cli_out.o $(O)/tests/unit/cli_verbs.o $(CLI_TEST_OBJS)
LIBS_test_cli_out = -lcmocka $(ENERGY_BPF_LIBS) $(LIBWATTLE_LIBS) -ljansson $(LIBNL_LIBS)
OBJS_test_cli_session = $(O)/tests/unit/test_cli_session.o $(O)/tests/unit/cli_verbs.o \
	$(CLI_TEST_OBJS)
LIBS_test_cli_session = -lcmocka $(ENERGY_BPF_LIBS) $(LIBWATTLE_LIBS) -ljansson $(LIBNL_LIBS)
# wattle train's training is the test's, which fails as it likes.
OBJS_test_cli_fail = $(call obj,$(addprefix tests/unit/,test_cli_fail.c cli_verbs.c ml_help.c)) \
	$(CLI_TEST_OBJS)
LIBS_test_cli_fail = -lcmocka -Wl,--wrap=wattle_train $(ENERGY_BPF_LIBS) $(LIBWATTLE_LIBS) \
	-ljansson $(LIBNL_LIBS)
OBJS_test_calibrate_fit = $(call obj,tests/unit/test_calibrate_fit.c userspace/cli/calibrate_fit.c)
LIBS_test_calibrate_fit = -lcmocka -lm
