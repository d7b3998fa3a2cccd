# SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause
#
# The simulator: policies against the offline optimum (Documentation/design/simulator.md).
#
#   make sim			the standard set; figures in build/sim.json
#   make sim SIM_TRACES=200	more traces a family
#   build/wattle-sim --help	one trace

SIM_PARTS := trace table gen choice oracle flow yds engine idle baseline oa wattle_policy log \
	     compare report summary standard svg
SIM_OBJS = $(patsubst %,$(O)/tests/sim/%.o,$(SIM_PARTS)) $(CORE_OBJS)
SIM_TESTS := test_sim_oracle test_sim_engine test_sim_input test_sim_wattle
SIM_TABLES := opteron-252 xeon-e5-2680v2 opteron-250he q6700
SIM_TRACES ?= 60

PROGS += $(O)/wattle-sim
OBJS_wattle-sim = $(O)/tests/sim/main.o $(SIM_OBJS)
LIBS_wattle-sim := -lm

UNIT_TESTS += $(addprefix $(O)/tests/unit/,$(SIM_TESTS))

define sim_test
OBJS_$(1) = $$(O)/tests/sim/$(patsubst test_sim_%,test_%,$(1)).o $$(SIM_OBJS)
LIBS_$(1) = -lcmocka -lm
endef
$(foreach t,$(SIM_TESTS),$(eval $(call sim_test,$(t))))

.PHONY: sim
sim: $(O)/wattle-sim			## policies against the offline optimum, simulated
	$(Q)$(O)/wattle-sim --standard --traces $(SIM_TRACES) --json $(O)/sim.json \
		$(patsubst %,--power tests/sim/power/%.power,$(SIM_TABLES))
