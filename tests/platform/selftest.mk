# SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause
#
# The virtual platform's own tests: TAP programs for guests.

PLATFORM_TESTS := time real idle referee counter drivers stress

TEST_PROGS += $(addprefix $(O)/tests/platform/platform_,$(PLATFORM_TESTS))

$(foreach t,$(PLATFORM_TESTS),$(eval OBJS_platform_$(t) := \
	$(O)/tests/platform/selftest/$(t).o $(O)/tests/platform/selftest/lib.o))
$(foreach t,$(PLATFORM_TESTS),$(eval LIBS_platform_$(t) := -lpthread -lm))
