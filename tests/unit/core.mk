# SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause
#
# The state machine, linked alone: it needs nothing else.

CORE_OBJS = $(patsubst %.c,$(O)/%.o,$(wildcard module/core/*.c))
CORE_TESTS := core_heap core_admit core_energy core_order core_gate core_grant core_lease \
	      core_life core_promise core_model core_slowdown core_slice core_recheck core_hold

UNIT_TESTS += $(addprefix $(O)/tests/unit/,$(CORE_TESTS))

define core_test
OBJS_$(1) = $$(O)/tests/unit/$(1).o $$(O)/tests/unit/core_world.o $$(CORE_OBJS)
LIBS_$(1) = -lcmocka
endef
$(foreach t,$(CORE_TESTS),$(eval $(call core_test,$(t))))
