# SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause
#
# Benchmarks: ratios to a peer measured in the same run, never a verdict.
#
#   make bench [ONLY=glob]	figures whose name matches, e.g. ONLY='gradient.*'

BENCH_PROGS := $(addprefix $(O)/tests/bench/,bench_csv bench_gradient bench_train \
	bench_passage bench_pipe)

OBJS_bench_gradient = $(call obj,tests/bench/gradient.c) $(LIBWATTLE_OBJS)
LIBS_bench_gradient = -lopenblas -fopenmp $(LIBWATTLE_LIBS)
CFLAGS_gradient.c := -fopenmp $(shell $(PKG_CONFIG) --cflags openblas 2>/dev/null)
OBJS_bench_csv = $(call obj,tests/bench/read_csv.c) $(LIBWATTLE_OBJS)
LIBS_bench_csv = $(LIBWATTLE_LIBS)
OBJS_bench_train = $(call obj,tests/bench/train.c) $(LIBWATTLE_OBJS)
LIBS_bench_train = $(LIBWATTLE_LIBS)
OBJS_bench_passage = $(call obj,tests/bench/passage.c) $(LIBWATTLE_RUN_OBJS)
LIBS_bench_passage := -pthread
OBJS_bench_pipe = $(call obj,tests/bench/pipe.c)

$(BENCH_PROGS): $$(OBJS_$$(@F))
	@mkdir -p $(@D)
	$(if $(filter 1,$(V)),,@echo "  LD      $@")
	$(Q)$(CC) $(CFLAGS_ALL) $(LDFLAGS) -o $@ $(OBJS_$(@F)) $(LIBS_$(@F))

bench:					## measure against peers; ONLY=glob for a part
	$(Q)tests/bench/run --only '$(or $(ONLY),*)'
