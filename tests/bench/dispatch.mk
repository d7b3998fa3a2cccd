# SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause
# The cost of dispatch, for a guest in virtual time.

OBJS_dispatch = $(call obj,tests/bench/dispatch.c)
LIBS_dispatch := -pthread

$(O)/tests/bench/dispatch: $$(OBJS_$$(@F))
	@mkdir -p $(@D)
	$(if $(filter 1,$(V)),,@echo "  LD      $@")
	$(Q)$(CC) $(CFLAGS_ALL) $(LDFLAGS) -o $@ $(OBJS_$(@F)) $(LIBS_$(@F))
