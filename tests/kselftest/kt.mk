# SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause
# TAP programs on /dev/wattle; they need nothing but the uAPI header.

KT_TESTS := kt_good kt_bad kt_bad_work kt_next kt_lease kt_count kt_kill kt_limits kt_load kt_compat kt_failnth kt_gate kt_energy kt_trace kt_freeze kt_rapl kt_model

TEST_PROGS += $(addprefix $(O)/tests/kselftest/,$(KT_TESTS))

define kt_test
OBJS_$(1) = $$(O)/tests/kselftest/$(1).o $$(O)/tests/kselftest/harness.o
LIBS_$(1) = -pthread
endef
$(foreach t,$(KT_TESTS),$(eval $(call kt_test,$(t))))

# What is asked of clocks, judged from outside; the platform's helpers work it.
TEST_PROGS += $(O)/tests/kselftest/kt_actuator
OBJS_kt_actuator = $(addprefix $(O)/tests/,kselftest/kt_actuator.o kselftest/actuator.o kselftest/actuator_foreign.o \
	kselftest/harness.o kselftest/checker.o platform/selftest/lib.o)
LIBS_kt_actuator = -pthread

# Programs that know nothing of wattle, on the platform's clocks.
TEST_PROGS += $(O)/tests/kselftest/kt_attach
OBJS_kt_attach = $(addprefix $(O)/tests/,kselftest/kt_attach.o kselftest/attach.o kselftest/attach_members.o \
	kselftest/actuator.o kselftest/harness.o kselftest/checker.o platform/selftest/lib.o)
LIBS_kt_attach = -pthread

# Generic netlink, by hand.
KT_NETLINK := kt_netlink kt_netlink_bad

TEST_PROGS += $(addprefix $(O)/tests/kselftest/,$(KT_NETLINK))

define kt_netlink_test
OBJS_$(1) = $$(O)/tests/kselftest/$(1).o $$(O)/tests/kselftest/nl.o $$(O)/tests/kselftest/harness.o
LIBS_$(1) = -pthread
endef
$(foreach t,$(KT_NETLINK),$(eval $(call kt_netlink_test,$(t))))

# Deadlines and joules, likewise.
TEST_PROGS += $(O)/tests/kselftest/kt_pace
OBJS_kt_pace = $(addprefix $(O)/tests/,kselftest/kt_pace.o kselftest/harness.o platform/selftest/lib.o)
LIBS_kt_pace = -pthread
# Who is slowed by more than it allows.
TEST_PROGS += $(O)/tests/kselftest/kt_advise
OBJS_kt_advise = $(addprefix $(O)/tests/,kselftest/kt_advise.o kselftest/harness.o platform/selftest/lib.o)
LIBS_kt_advise = -pthread

TEST_PROGS += $(O)/tests/kselftest/kt_guard
OBJS_kt_guard = $(addprefix $(O)/tests/,kselftest/kt_guard.o kselftest/harness.o platform/selftest/lib.o)
LIBS_kt_guard = -pthread
# The machine changes under work that is capped.
TEST_PROGS += $(O)/tests/kselftest/kt_storm
OBJS_kt_storm = $(addprefix $(O)/tests/,kselftest/kt_storm.o kselftest/storm.o kselftest/actuator.o kselftest/harness.o \
	kselftest/checker.o platform/selftest/lib.o)
LIBS_kt_storm = -pthread
