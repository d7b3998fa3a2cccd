# SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause
# Joules of the same work under governors and under wattle, for a guest in virtual time.

OBJS_energy_mix = $(addprefix $(O)/tests/,bench/energy_mix.o bench/energy_jobs.o \
	kselftest/harness.o platform/selftest/lib.o)
LIBS_energy_mix := -pthread -lm
TEST_PROGS += $(O)/tests/bench/energy_mix
