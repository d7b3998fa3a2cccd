/* SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause */
/*
 * The module's generic netlink family, over libnl; see
 * Documentation/netlink/specs/wattle.yaml.
 */
#ifndef WATTLE_CLI_NETLINK_H
#define WATTLE_CLI_NETLINK_H

#include <netlink/attr.h>
#include <netlink/genl/ctrl.h>
#include <netlink/genl/genl.h>
#include <netlink/netlink.h>
#include <stdbool.h>
#include <stdint.h>

#include <linux/wattle.h>
#include <linux/wattle_netlink.h>

#include "cli/out.h"

/**
 * struct netlink - a connection
 * @sk:		the socket
 * @family:	number of the family
 * @text:	what the kernel said to the last request it refused, "" if nothing
 */
struct netlink {
	struct nl_sock	*sk;
	int		family;
	char		text[256];
};

/* An answer; @attrs has WATTLE_A_MAX + 1 entries. */
typedef void (*netlink_fn)(struct nlattr **attrs, void *arg);

/**
 * netlink_open() - connect and find the family
 * @o:	where the error goes
 *
 * Return: CLI_OK, or the exit code after the error has been printed.
 */
int netlink_open(struct out *o, struct netlink *n);
void netlink_close(struct netlink *n);

/* A request; nla_put_*() add to it. Never NULL. */
struct nl_msg *netlink_request(struct netlink *n, uint8_t cmd, int flags);

/**
 * netlink_call() - send a request and wait for the end of its answer
 * @msg: freed
 * @fn:	called for each message of the answer; may be NULL
 *
 * Return: 0 or a negative errno of the kernel's, with its words in @n->text.
 */
int netlink_call(struct netlink *n, struct nl_msg *msg, netlink_fn fn, void *arg);

/* Prints why a request failed, and what to do; returns the exit code. @what: "read", "change". */
int netlink_failed(struct out *o, const struct netlink *n, const char *what, int err);

/* Attributes by number; a malformed message has none. */
void netlink_parse(struct nlmsghdr *h, struct nlattr **attrs);
/* Of a nest, NULL allowed; @max + 1 entries. */
void netlink_nest(struct nlattr *nest, struct nlattr **attrs, int max);

/* 0 or "" when the attribute is not there or too short. */
uint64_t netlink_u64(const struct nlattr *a);
uint32_t netlink_u32(const struct nlattr *a);
const char *netlink_str(struct nlattr *a);

/* Parameters of a queue, as JSON group "params" and one phrase of text. */
void netlink_params(struct out *o, struct nlattr *nest);
/* "batch" etc.; "unknown". */
const char *netlink_class(uint32_t class);

#endif
