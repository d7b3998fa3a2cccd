# SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause
#
# Fuzz targets, built with clang and libFuzzer; tests/fuzz/run runs them.

FUZZ_FORMATS := csv idx npy safetensors
FUZZ_SRCS = $(ML_DATA_SRCS) $(filter-out %/predict.c %/projection.c,$(ML_MODEL_SRCS))
FUZZ_FLAGS := -std=gnu11 -O1 -g -D_GNU_SOURCE -pthread -fsanitize=fuzzer,address,undefined \
	-fno-sanitize-recover=undefined -Iinclude/uapi -Iinclude -Imodule -Iuserspace -Itests

build/fuzz/fuzz_%: tests/fuzz/fuzz_%.c tests/fuzz/libfuzzer.c tests/fuzz/target.h \
		$$(FUZZ_SRCS) $(wildcard userspace/ml/data/*.h userspace/ml/model/*.h)
	@mkdir -p $(@D)
	$(if $(filter 1,$(V)),,@echo "  FUZZ    $@")
	$(Q)$(CLANG) $(FUZZ_FLAGS) -DFUZZ_TARGET=fuzz_$* $< tests/fuzz/libfuzzer.c $(FUZZ_SRCS) \
		$(ML_LIBS) -o $@

.PHONY: fuzz-progs
fuzz-progs: $(addprefix build/fuzz/fuzz_,$(FUZZ_FORMATS))
