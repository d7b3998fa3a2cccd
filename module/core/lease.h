/* SPDX-License-Identifier: GPL-2.0-only OR LGPL-2.1-or-later OR BSD-2-Clause */
/*
 * Lease arithmetic. A lease is the time a grant may hold its CPU before its
 * token becomes invalid; it ends at an absolute time, and a lease that would
 * end beyond the clock's range never ends.
 */
#ifndef WATTLE_CORE_LEASE_H
#define WATTLE_CORE_LEASE_H

#include "core/sat.h"

static inline __u64 wattle_lease_end(__u64 granted_ns, __u64 lease_ns)
{
	return wattle_sat_add(granted_ns, lease_ns);
}

static inline int wattle_lease_over(__u64 end_ns, __u64 now_ns)
{
	return end_ns <= now_ns && end_ns != WATTLE_U64_MAX;
}

/*
 * How long the grant may still hold its CPU, for admission: the rest of a known
 * need; once that is used up, or if it never was known, the rest of the lease.
 */
static inline __u64 wattle_lease_remaining(__u64 granted_ns, __u64 end_ns, __u64 need_ns,
					   __u64 now_ns)
{
	__u64 ran = wattle_sat_sub(now_ns, granted_ns);
	__u64 lease = wattle_sat_sub(end_ns, now_ns);
	__u64 rest = wattle_sat_sub(need_ns, ran);

	return rest && rest < lease ? rest : lease;
}

/*
 * The lazy timer: only an earlier time re-arms it (armed_ns 0 = not armed). It
 * may fire for a grant that has ended by then; the handler looks for what is
 * due and arms for the next, so a stream of grants costs one timer per lease,
 * not one per grant.
 */
static inline int wattle_lease_must_arm(__u64 armed_ns, __u64 at_ns)
{
	return at_ns != WATTLE_U64_MAX && (!armed_ns || at_ns < armed_ns);
}

#endif
