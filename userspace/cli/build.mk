# SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause
# The wattle command. One file per verb; libwattle is linked statically, so that
# the binary runs from the build tree and inside a guest as it is.

CLI_OBJS := $(patsubst userspace/cli/%.c,$(O)/userspace/cli/%.o,$(wildcard userspace/cli/*.c))

PROGS += $(O)/wattle
OBJS_wattle = $(CLI_OBJS) $(ENERGY_BPF_OBJS) $(LIBWATTLE_OBJS)
LIBS_wattle = $(ENERGY_BPF_LIBS) $(LIBWATTLE_LIBS) -ljansson $(LIBNL_LIBS)

# Generic netlink: what the verbs queue, advise and monitor speak.
LIBNL_CFLAGS := $(shell $(PKG_CONFIG) --cflags libnl-genl-3.0 2>/dev/null)
LIBNL_LIBS := -lnl-genl-3 -lnl-3
CFLAGS_netlink.c := $(LIBNL_CFLAGS)
CFLAGS_queue.c := $(LIBNL_CFLAGS)
CFLAGS_advise.c := $(LIBNL_CFLAGS)
CFLAGS_monitor.c := $(LIBNL_CFLAGS)
