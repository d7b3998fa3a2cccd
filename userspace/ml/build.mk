# SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause
#
# The ML part of libwattle. ML_OBJS go into the library; programs that link the
# objects directly (unit tests) need ML_LIBS as well.

ML_DATA_SRCS := $(addprefix userspace/ml/data/, \
	csv.c csv_numbers.c csv_numbers_avx2.c csv_scan.c dataset.c fail.c gunzip.c idx.c input.c int_labels.c labels.c \
	matrix.c memory.c npy.c number.c scaler.c split.c utf8.c)
ML_MODEL_SRCS := $(addprefix userspace/ml/model/, \
	atomic_file.c metrics.c model.c pca.c predict.c projection.c safetensors_load.c \
	safetensors_save.c)
ML_KERNEL_SRCS := $(addprefix userspace/ml/kernels/, \
	dispatch.c kernels_avx512.c kernels_avx2.c kernels_portable.c)
ML_TRAIN_SRCS := $(addprefix userspace/ml/train/, lambda.c moments.c objective.c pca.c train.c)

ML_OBJS = $(call obj,$(ML_DATA_SRCS) $(ML_MODEL_SRCS) $(ML_KERNEL_SRCS) $(ML_TRAIN_SRCS))
ML_LIBS := -ljansson -lz -lm

# Counting lines is a loop over bytes that -O2 does not vectorise.
CFLAGS_csv.c := -O3
# So is looking for values that are not finite.
CFLAGS_npy.c := -O3
# Vector loops over columns.
CFLAGS_scaler.c := -O3

# An instruction set is chosen at run time, so each file names its own. -O3
# unrolls the loops over accumulators that keep them in registers.
CFLAGS_kernels_portable.c := -O3
ifneq ($(filter x86_64%,$(shell $(CC) -dumpmachine 2>/dev/null)),)
CFLAGS_kernels_avx2.c := -O3 -mavx2 -mfma
CFLAGS_csv_numbers_avx2.c := -mavx2
CFLAGS_kernels_avx512.c := -O3 -mavx512f -mavx512bw -mavx512dq -mavx512vl -mavx2 -mfma
endif
