# SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause
#
# The rules of the policy, each alone, and then together.

POLICY_TESTS := policy_power policy_demand policy_edf policy_choose policy_decide policy_learn policy_share policy_pace policy_guard policy_advice

UNIT_TESTS += $(addprefix $(O)/tests/unit/,$(POLICY_TESTS))

define policy_test
OBJS_$(1) = $$(O)/tests/unit/$(1).o $$(CORE_OBJS)
LIBS_$(1) = -lcmocka
endef
$(foreach t,$(POLICY_TESTS),$(eval $(call policy_test,$(t))))
