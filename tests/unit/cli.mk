# SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause
# Parts of the wattle command: values of options, the grammar of train, text and JSON.

UNIT_TESTS += $(addprefix $(O)/tests/unit/,test_cli_opt test_cli_out test_cli_session)
CLI_TEST_OBJS = $(filter-out %/main.o,$(CLI_OBJS)) $(LIBWATTLE_OBJS)

OBJS_test_cli_opt = $(O)/tests/unit/test_cli_opt.o $(O)/tests/unit/cli_verbs.o $(CLI_TEST_OBJS)
LIBS_test_cli_opt = -lcmocka $(LIBWATTLE_LIBS) -ljansson
OBJS_test_cli_out = $(O)/tests/unit/test_cli_out.o $(O)/tests/unit/cli_verbs.o $(CLI_TEST_OBJS)
LIBS_test_cli_out = -lcmocka $(LIBWATTLE_LIBS) -ljansson
OBJS_test_cli_session = $(O)/tests/unit/test_cli_session.o $(O)/tests/unit/cli_verbs.o \
	$(CLI_TEST_OBJS)
LIBS_test_cli_session = -lcmocka $(LIBWATTLE_LIBS) -ljansson
