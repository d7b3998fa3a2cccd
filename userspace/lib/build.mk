# SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause
#
# libwattle: client and backends (here), energy, the scheduler's state machine
# (module/core, the very sources of wattle.ko) and the ML part.
#
#   LIBWATTLE_OBJS	everything, for programs that link statically
#   LIBWATTLE_LIBS	what those programs need besides
#   LIBWATTLE_RUN_OBJS	the same without ML, needs no library but pthread

LIBWATTLE_VERSION := 0.1.0
LIBWATTLE_SONAME := libwattle.so.0
LIBWATTLE_MAP := userspace/lib/libwattle.map

LIBWATTLE_RUN_OBJS = $(patsubst %.c,$(O)/%.o,$(wildcard userspace/lib/*.c) \
	$(wildcard userspace/energy/*.c) $(wildcard module/core/*.c))
LIBWATTLE_OBJS = $(LIBWATTLE_RUN_OBJS) $(ML_OBJS)
LIBWATTLE_LIBS = $(ML_LIBS) -pthread

# pthread_cleanup_push() without a setjmp() per batch.
CFLAGS_pool_worker.c := -fexceptions

ALL_TARGETS += $(O)/$(LIBWATTLE_SONAME) $(O)/libwattle.so $(O)/libwattle.a $(O)/libwattle.pc

.SECONDEXPANSION:

# nodelete: threads that used the library call back into it when they end.
$(O)/$(LIBWATTLE_SONAME): $$(LIBWATTLE_OBJS) $(LIBWATTLE_MAP)
	$(if $(filter 1,$(V)),,@echo "  LD      $@")
	$(Q)$(CC) $(CFLAGS_ALL) $(LDFLAGS) -shared -Wl,-soname,$(LIBWATTLE_SONAME) \
		-Wl,--version-script=$(LIBWATTLE_MAP) -Wl,-z,nodelete $(if $(SAN),,-Wl,-z,defs) \
		-o $@ $(LIBWATTLE_OBJS) $(LIBWATTLE_LIBS)

$(O)/libwattle.so: $(O)/$(LIBWATTLE_SONAME)
	$(Q)ln -sf $(LIBWATTLE_SONAME) $@

# "q": two directories may have a file of the same name, which "r" would replace.
$(O)/libwattle.a: $$(LIBWATTLE_OBJS)
	$(if $(filter 1,$(V)),,@echo "  AR      $@")
	$(Q)rm -f $@ && ar qcs $@ $(LIBWATTLE_OBJS)

$(O)/libwattle.pc: userspace/lib/libwattle.pc.in userspace/lib/build.mk
	@mkdir -p $(@D)
	$(Q)sed -e 's|@PREFIX@|$(or $(PREFIX),/usr/local)|' -e 's|@VERSION@|$(LIBWATTLE_VERSION)|' \
		-e 's|@LIBS_PRIVATE@|$(LIBWATTLE_LIBS)|' $< > $@
