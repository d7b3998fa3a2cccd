# SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause
#
# The ML part of libwattle. ML_OBJS go into the library; programs that link the
# objects directly (unit tests) need ML_LIBS as well.

ML_SRCS := $(sort $(wildcard userspace/ml/data/*.c userspace/ml/model/*.c \
			     userspace/ml/kernels/*.c userspace/ml/train/*.c))
ML_OBJS = $(call obj,$(ML_SRCS))
ML_LIBS := -ljansson -lz -lm
