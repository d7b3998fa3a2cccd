# SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause
#
# Unit tests of userspace/ml/data and userspace/ml/model.

ML_DATA_TESTS := test_number test_csv test_idx test_npy test_dataset test_split test_scaler \
	test_metrics test_safetensors test_predict test_fuzz_corpus

# Linked from the objects, not the library: internal functions are tested too.
ML_DATA_TEST_OBJS = $(call obj,tests/unit/ml_help.c $(ML_DATA_SRCS) $(ML_MODEL_SRCS) \
	$(ML_KERNEL_SRCS))

UNIT_TESTS += $(addprefix $(O)/tests/unit/,$(ML_DATA_TESTS))
$(foreach t,$(ML_DATA_TESTS),$(eval OBJS_$(t) = $$(call obj,tests/unit/$(t).c) $$(ML_DATA_TEST_OBJS)))
$(foreach t,$(ML_DATA_TESTS),$(eval LIBS_$(t) = -lcmocka $$(ML_LIBS)))
OBJS_test_fuzz_corpus += $(call obj,$(addprefix tests/fuzz/fuzz_,$(addsuffix .c,$(FUZZ_FORMATS))))
CFLAGS_test_fuzz_corpus.c := -Itests
