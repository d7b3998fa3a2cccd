// SPDX-License-Identifier: GPL-2.0-only OR LGPL-2.1-or-later OR BSD-2-Clause
/* Conserved split of a package total: see energy.h. */
#include "core/energy.h"
#include "core/sat.h"

/*
 * 64 x 64 -> 128 by halves, then restoring division a bit at a time. Once per
 * queue and epoch, so it need not be fast; it must exist in the kernel, which
 * has no 128-bit division. b <= d bounds the quotient by a.
 */
__u64 wattle_mul_div(__u64 a, __u64 b, __u64 d, __u64 *rem)
{
	__u64 al = (__u32)a, ah = a >> 32, bl = (__u32)b, bh = b >> 32;
	__u64 mid = ah * bl + ((al * bl) >> 32);
	__u64 mid2 = al * bh + (__u32)mid;
	__u64 hi = ah * bh + (mid >> 32) + (mid2 >> 32);
	__u64 lo = (mid2 << 32) | (__u32)(al * bl);
	__u64 q = 0;
	int i;

	/* b <= d and a < 2^64 give hi < d: the remainder starts in range. */
	for (i = 0; i < 64; i++) {
		int carry = hi >> 63;

		hi = (hi << 1) | (lo >> 63);
		lo <<= 1;
		q <<= 1;
		if (carry || hi >= d) {
			hi -= d;
			q |= 1;
		}
	}
	*rem = hi;
	return q;
}

/* Accounts hold pj < 10^6. */
static void account_add(__u64 *uj, __u32 *pj, __u64 add_uj, __u32 add_pj)
{
	*pj += add_pj;
	if (*pj >= WATTLE_PJ_PER_UJ) {
		*pj -= WATTLE_PJ_PER_UJ;
		add_uj = wattle_sat_add(add_uj, 1);
	}
	*uj = wattle_sat_add(*uj, add_uj);
}

void wattle_energy_split_begin(struct wattle_energy_split *e, __u64 delta_uj, __u64 busy_ns,
			       __u64 cpu_sum_ns)
{
	e->delta_uj = delta_uj;
	e->divisor_ns = busy_ns > cpu_sum_ns ? busy_ns : cpu_sum_ns;
	e->left_uj = delta_uj;
	e->left_pj = 0;
	e->pad = 0;
}

void wattle_energy_split_take(struct wattle_energy_split *e, __u64 cpu_ns, __u64 *uj, __u32 *pj)
{
	__u64 share_uj, rem;
	__u32 share_pj;

	if (!e->divisor_ns || !cpu_ns)
		return;
	share_uj = wattle_mul_div(e->delta_uj, cpu_ns, e->divisor_ns, &rem);
	share_pj = (__u32)wattle_mul_div(WATTLE_PJ_PER_UJ, rem, e->divisor_ns, &rem);
	/*
	 * Shares are rounded down, so they never sum to more than there is; unless the
	 * sum of CPU times stopped at the end of its range.
	 */
	if (share_uj > e->left_uj || (share_uj == e->left_uj && share_pj > e->left_pj)) {
		share_uj = e->left_uj;
		share_pj = e->left_pj;
	}
	account_add(uj, pj, share_uj, share_pj);
	e->left_uj -= share_uj;
	if (e->left_pj < share_pj) {
		e->left_pj += WATTLE_PJ_PER_UJ;
		e->left_uj--;
	}
	e->left_pj -= share_pj;
}

void wattle_energy_split_end(struct wattle_energy_split *e, __u64 *uj, __u32 *pj)
{
	account_add(uj, pj, e->left_uj, e->left_pj);
	e->left_uj = 0;
	e->left_pj = 0;
}
