# SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause
#
# Targets that are scripts, and installation.

PREFIX	?= /usr/local
DESTDIR	?=
KVER	?=
UDEVDIR	?= /usr/lib/udev/rules.d

module:					## build the kernel modules (KVER=... for one kernel)
	$(Q)scripts/kbuild $(addprefix --kernel ,$(KVER))

# BPF objects, and the skeletons that carry them in programs. They are relocated against the
# running kernel when loaded, so no kernel's headers are needed to build them. Atomic
# operations want the third BPF instruction set (Linux 5.12).
BPFTOOL	?= $(or $(firstword $(wildcard /usr/sbin/bpftool)),bpftool)
BPF_SRCS := $(wildcard bpf/*.bpf.c)
BPF_CFLAGS = -target bpf -mcpu=v3 -g -O2 -Wall -Wextra -Wno-unused-parameter -Werror -Iinclude -Ibpf \
	-idirafter /usr/include/$(shell $(CC) -print-multiarch 2>/dev/null)
bpf: $(patsubst %.bpf.c,$(O)/%.bpf.o,$(BPF_SRCS))	## build the BPF programs

$(O)/bpf/%.bpf.o: bpf/%.bpf.c
	@mkdir -p $(@D)
	$(if $(filter 1,$(V)),,@echo "  BPF     $<")
	$(Q)$(CLANG) $(BPF_CFLAGS) -MMD -MP -c $< -o $@

$(O)/bpf/%.skel.h: $(O)/bpf/%.bpf.o
	$(if $(filter 1,$(V)),,@echo "  SKEL    $@")
	$(Q)$(BPFTOOL) gen skeleton $< name $*_bpf >$@.new && mv $@.new $@

lint:					## checkpatch, sparse, W=1, kernel-doc, shellcheck, SPDX
	$(Q)scripts/lint --fetch

# The running kernel's modules, unless KVER names others.
INSTALL_KVER = $(or $(KVER),$(shell uname -r))

install: user				## install below PREFIX (and DESTDIR); modules for KVER
	$(Q)PREFIX='$(PREFIX)' DESTDIR='$(DESTDIR)' UDEVDIR='$(UDEVDIR)' scripts/install $(INSTALL_KVER)

demo:					## set up, build, train through /dev/wattle, then natively
	$(Q)scripts/setup
	$(Q)scripts/demo
