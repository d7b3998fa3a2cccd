# SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause
#
# Targets that are scripts, and installation.

PREFIX	?= /usr/local
DESTDIR	?=
KVER	?=
UDEVDIR	?= /usr/lib/udev/rules.d

module:					## build the kernel modules (KVER=... for one kernel)
	$(Q)scripts/kbuild $(addprefix --kernel ,$(KVER))

# Every BPF object the tree has; the message is for a reader who expects some.
BPF_SRCS := $(wildcard bpf/*.bpf.c)
bpf: $(patsubst %.bpf.c,$(O)/%.bpf.o,$(BPF_SRCS))	## build the BPF programs
	$(if $(BPF_SRCS),,@echo "bpf: this version has no BPF programs; nothing to build")

$(O)/bpf/%.bpf.o: bpf/%.bpf.c
	@mkdir -p $(@D)
	$(if $(filter 1,$(V)),,@echo "  BPF     $<")
	$(Q)$(CLANG) -target bpf -g -O2 -Wall -Werror -Iinclude/uapi -Iinclude -c $< -o $@

lint:					## checkpatch, sparse, W=1, kernel-doc, shellcheck, SPDX
	$(Q)scripts/lint --fetch

# The running kernel's modules, unless KVER names others.
INSTALL_KVER = $(or $(KVER),$(shell uname -r))

install: user				## install below PREFIX (and DESTDIR); modules for KVER
	$(Q)PREFIX='$(PREFIX)' DESTDIR='$(DESTDIR)' UDEVDIR='$(UDEVDIR)' scripts/install $(INSTALL_KVER)

demo:					## set up, build, train through /dev/wattle, then natively
	$(Q)scripts/setup
	$(Q)scripts/demo
