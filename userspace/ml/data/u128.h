/* SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause */
#ifndef WATTLE_ML_DATA_U128_H
#define WATTLE_ML_DATA_U128_H

/* gcc and clang have it on every 64-bit machine; ISO C has no name for it. */
__extension__ typedef unsigned __int128 u128;

#endif
