/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Made by scripts/gen-netlink from Documentation/netlink/specs/wattle.yaml: change it there.
 *
 * What a request may hold. A set bit of a mask is an attribute that this request takes; what no
 * request takes is not in the policy and refused by the core.
 */
#ifndef WATTLE_NETLINK_POLICY_H
#define WATTLE_NETLINK_POLICY_H

#include <linux/bits.h>
#include <net/netlink.h>

#include <linux/wattle_netlink.h>

#define WATTLE_NETLINK_CHANGE_POLICY_MAX	WATTLE_A_PARAMS_MAX_INFLIGHT
extern const struct nla_policy wattle_netlink_change_policy[WATTLE_NETLINK_CHANGE_POLICY_MAX + 1];

#define WATTLE_NETLINK_POLICY_MAX	WATTLE_A_CHANGE
extern const struct nla_policy wattle_netlink_policy[WATTLE_NETLINK_POLICY_MAX + 1];

#define WATTLE_NETLINK_DEVICE_GET_DO_TAKES	\
	(0ULL)
#define WATTLE_NETLINK_QUEUE_GET_DO_TAKES	\
	(BIT_ULL(WATTLE_A_CLIENT) | BIT_ULL(WATTLE_A_QUEUE))
#define WATTLE_NETLINK_QUEUE_GET_DUMP_TAKES	\
	(BIT_ULL(WATTLE_A_CLIENT))
#define WATTLE_NETLINK_QUEUE_SET_DO_TAKES	\
	(BIT_ULL(WATTLE_A_CLIENT) | BIT_ULL(WATTLE_A_QUEUE) | BIT_ULL(WATTLE_A_CHANGE))
#define WATTLE_NETLINK_CLIENT_GET_DUMP_TAKES	\
	(0ULL)
#define WATTLE_NETLINK_CPU_GET_DUMP_TAKES	\
	(0ULL)

/* What each command and group asks of the caller. */
#define WATTLE_NETLINK_DEVICE_GET_FLAGS	GENL_ADMIN_PERM
#define WATTLE_NETLINK_QUEUE_GET_FLAGS	GENL_ADMIN_PERM
#define WATTLE_NETLINK_QUEUE_SET_FLAGS	0
#define WATTLE_NETLINK_CLIENT_GET_FLAGS	GENL_ADMIN_PERM
#define WATTLE_NETLINK_CPU_GET_FLAGS	GENL_ADMIN_PERM
#define WATTLE_NETLINK_GROUP_MODE_FLAGS	GENL_MCAST_CAP_NET_ADMIN
#define WATTLE_NETLINK_GROUP_QUEUE_FLAGS	GENL_MCAST_CAP_NET_ADMIN

#endif
