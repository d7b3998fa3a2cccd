# SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause
#
# The energy sources and the arithmetic are part of libwattle: see userspace/lib/build.mk.
# What loads BPF programs is not, as it needs libbpf:
#
#   ENERGY_BPF_OBJS	for programs that attribute
#   ENERGY_BPF_LIBS	what they need besides

ENERGY_BPF_OBJS = $(call obj,$(wildcard userspace/energy/bpf/*.c))
ENERGY_BPF_LIBS := -lbpf -lelf -lz

# The programs' text is in the skeleton. System headers: bpftool writes as it likes.
CFLAGS_tracker.c = -isystem $(O)/bpf
$(O)/userspace/energy/bpf/tracker.o: $(O)/bpf/energy.skel.h
