// SPDX-License-Identifier: GPL-2.0-only
/*
 * Made by scripts/gen-netlink from Documentation/netlink/specs/wattle.yaml: change it there.
 *
 * What a request may hold.
 */
#include "netlink_policy.h"

const struct nla_policy wattle_netlink_change_policy[WATTLE_NETLINK_CHANGE_POLICY_MAX + 1] = {
	[WATTLE_A_PARAMS_WEIGHT] = NLA_POLICY_RANGE(NLA_U32, 1, 10000),
	[WATTLE_A_PARAMS_MAX_SLOWDOWN_PM] = NLA_POLICY_MAX(NLA_U32, 10000),
	[WATTLE_A_PARAMS_MAX_DELAY_US] = { .type = NLA_U64 },
	[WATTLE_A_PARAMS_MAX_INFLIGHT] = NLA_POLICY_MIN(NLA_U32, 1),
};

const struct nla_policy wattle_netlink_policy[WATTLE_NETLINK_POLICY_MAX + 1] = {
	[WATTLE_A_CLIENT] = NLA_POLICY_MIN(NLA_U64, 1),
	[WATTLE_A_QUEUE] = NLA_POLICY_MIN(NLA_U32, 1),
	[WATTLE_A_CHANGE] = NLA_POLICY_NESTED(wattle_netlink_change_policy),
};
