# SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause
# The energy sources are part of libwattle: see userspace/lib/build.mk.
