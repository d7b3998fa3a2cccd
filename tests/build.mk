# SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause
#
# Test programs. A part adds its own in tests/<dir>/*.mk (found by themselves):
#
#   UNIT_TESTS	+= $(O)/tests/unit/NAME		cmocka; run natively, plain and under ASan + UBSan
#   TSAN_TESTS	+= NAME				of those, the ones also run under TSan
#   TEST_PROGS	+= $(O)/tests/kselftest/NAME	TAP programs for guests (tests/vm/suites names them)
#   OBJS_NAME, LIBS_NAME			as for every program; NAME is unique in the tree
#
# Executable files tests/cli/*.sh run natively on build/wattle.

TSAN_TESTS :=

include $(sort $(wildcard tests/*/*.mk))

.PHONY: test-progs unit-progs tsan-progs list-unit list-tsan
test-progs: $(TEST_PROGS)

unit-progs: $(UNIT_TESTS)

tsan-progs: $(addprefix $(O)/tests/unit/,$(TSAN_TESTS))

list-unit:
	@printf '%s\n' $(UNIT_TESTS)

list-tsan:
	@printf '%s\n' $(addprefix $(O)/tests/unit/,$(TSAN_TESTS))

unit:					## run the unit tests (plain, ASan+UBSan, TSan)
	$(Q)tests/run --part unit

vm:					## run the guest suites on both kernels
	$(Q)tests/run --part vm

check:					## set up, then run every test (25 minutes at most)
	$(Q)scripts/setup
	$(Q)tests/run

check-long:				## what takes longer: load cycles, kill -9 runs, debug kernel
	$(Q)scripts/setup
	$(Q)tests/run --level long
