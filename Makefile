# SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause
#
# One non-recursive make for everything but the kernel modules, which kbuild
# builds from the top-level Kbuild. Each directory has a build.mk that says
# what is in it; this file says how things are built.
#
#   O      where build output goes (a sanitizer build gets its own)
#   SAN    empty, asan (address + undefined) or tsan
#   KVER   kernel release(s) the modules are built for

.DEFAULT_GOAL := help
SHELL	:= /bin/bash
SAN	?=
O	:= build$(addprefix /,$(SAN))
V	?= 0
Q	:= $(if $(filter 1,$(V)),,@)

CC	?= gcc
CLANG	?= clang
PKG_CONFIG ?= pkg-config
WARN	:= -Wall -Wextra -Wstrict-prototypes -Wmissing-prototypes -Wshadow -Wvla -Werror
CFLAGS	?= -O2 -g
CFLAGS_ALL = -std=gnu11 $(CFLAGS) $(WARN) -fPIC -fvisibility=hidden -pthread \
	     -D_GNU_SOURCE -Iinclude/uapi -Iinclude -Imodule -Iuserspace $(SAN_FLAGS)
SAN_FLAGS_asan := -fsanitize=address,undefined -fno-sanitize-recover=undefined -fno-omit-frame-pointer
SAN_FLAGS_tsan := -fsanitize=thread
SAN_FLAGS := $(SAN_FLAGS_$(SAN))

# Filled by the build.mk fragments.
#   PROGS		programs, as $(O)/name; each sets OBJS_name and LIBS_name
#   UNIT_TESTS		cmocka programs, as $(O)/tests/unit/name; same variables
#   TEST_PROGS		programs for guests, as $(O)/tests/.../name; same variables
#   ALL_TARGETS		what else `make user` builds
ALL_TARGETS :=
PROGS :=
UNIT_TESTS :=
TEST_PROGS :=

include userspace/lib/build.mk
include userspace/ml/build.mk
include userspace/energy/build.mk
include userspace/cli/build.mk
include tests/build.mk
include scripts/build.mk

obj = $(patsubst %.c,$(O)/%.o,$(1))

$(O)/%.o: %.c
	@mkdir -p $(@D)
	$(if $(filter 1,$(V)),,@echo "  CC      $<")
	$(Q)$(CC) $(CFLAGS_ALL) $(CFLAGS_$(<F)) -MMD -MP -c $< -o $@

# Expands OBJS_<name> and LIBS_<name> late, so that fragments may come in any order.
.SECONDEXPANSION:
$(PROGS) $(UNIT_TESTS) $(TEST_PROGS): $$(OBJS_$$(@F))
	@mkdir -p $(@D)
	$(if $(filter 1,$(V)),,@echo "  LD      $@")
	$(Q)$(CC) $(CFLAGS_ALL) $(LDFLAGS) -o $@ $(OBJS_$(@F)) $(LIBS_$(@F))

.PHONY: all user module bpf demo check check-long unit vm bench lint install clean help
all: user module			## build the programs and the modules

user: $(PROGS) $(ALL_TARGETS)		## build libwattle and the wattle command

help:					## list the targets
	@awk -F':.*## *' '/^[a-z-]+:.*## /{printf "  %-12s %s\n", $$1, $$2}' \
		$(MAKEFILE_LIST) | sort -u

clean:					## remove all build output
	$(Q)rm -rf build
	$(Q)scripts/kbuild --clean

-include $(shell [ -d $(O) ] && find $(O) -name '*.d' -not -path 'build/kmod/*' -not -path 'build/lint/*')
