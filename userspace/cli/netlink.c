// SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause
#include "cli/netlink.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "cli/cli.h"
#include "cli/sysinfo.h"

#ifndef SOL_NETLINK
#define SOL_NETLINK	270
#endif

#define MODULE_DIR	"/sys/module/wattle"

uint32_t netlink_u32(const struct nlattr *a)
{
	return a && nla_len(a) >= (int)sizeof(uint32_t) ? nla_get_u32(a) : 0;
}

uint64_t netlink_u64(const struct nlattr *a)
{
	return a && nla_len(a) >= (int)sizeof(uint64_t) ? nla_get_u64((struct nlattr *)a) : 0;
}

const char *netlink_str(struct nlattr *a)
{
	return a && nla_len(a) > 0 && !((char *)nla_data(a))[nla_len(a) - 1] ? nla_data(a) : "";
}

void netlink_parse(struct nlmsghdr *h, struct nlattr **attrs)
{
	memset(attrs, 0, (WATTLE_A_MAX + 1) * sizeof(*attrs));
	if (genlmsg_valid_hdr(h, 0))
		nla_parse(attrs, WATTLE_A_MAX, genlmsg_attrdata(nlmsg_data(h), 0),
			  genlmsg_attrlen(nlmsg_data(h), 0), NULL);
}

void netlink_nest(struct nlattr *nest, struct nlattr **attrs, int max)
{
	memset(attrs, 0, (max + 1) * sizeof(*attrs));
	if (nest)
		nla_parse_nested(attrs, max, nest, NULL);
}

const char *netlink_class(uint32_t class)
{
	static const char *const names[] = { "unknown", "latency", "batch", "background" };

	return names[class < sizeof(names) / sizeof(names[0]) ? class : 0];
}

void netlink_params(struct out *o, struct nlattr *nest)
{
	struct nlattr *p[WATTLE_A_PARAMS_MAX + 1];

	netlink_nest(nest, p, WATTLE_A_PARAMS_MAX);
	out_group(o, "params", NULL);
	out_str(o, "class", "class %", netlink_class(netlink_u32(p[WATTLE_A_PARAMS_CLASS])));
	out_bool(o, "strict", ", strict",
		 netlink_u32(p[WATTLE_A_PARAMS_FLAGS]) & WATTLE_QUEUE_STRICT);
	out_u64(o, "weight", ", weight %", netlink_u32(p[WATTLE_A_PARAMS_WEIGHT]));
	out_f64(o, "max_slowdown_percent", ", slowdown up to % %",
		netlink_u32(p[WATTLE_A_PARAMS_MAX_SLOWDOWN_PM]) / 10.0, 1);
	out_f64(o, "max_delay_ms", ", delay up to % ms",
		netlink_u64(p[WATTLE_A_PARAMS_MAX_DELAY_US]) / 1e3, 3);
	out_u64(o, "max_inflight", ", % in flight at most",
		netlink_u32(p[WATTLE_A_PARAMS_MAX_INFLIGHT]));
	if (p[WATTLE_A_PARAMS_ENERGY_BUDGET_UJ])
		out_f64(o, "energy_budget_joules", ", budget % J",
			netlink_u64(p[WATTLE_A_PARAMS_ENERGY_BUDGET_UJ]) / 1e6, 3);
	out_f64(o, "lease_ms", ", lease % ms", netlink_u64(p[WATTLE_A_PARAMS_LEASE_NS]) / 1e6, 3);
	out_end(o);
}

int netlink_open(struct out *o, struct netlink *n)
{
	int on = 1, err;

	memset(n, 0, sizeof(*n));
	n->sk = out_need(nl_socket_alloc());
	err = genl_connect(n->sk);
	if (err) {
		netlink_close(n);
		return out_error(o, CLI_FAILURE, "cannot open a netlink socket: %s",
				 nl_geterror(err));
	}
	setsockopt(nl_socket_get_fd(n->sk), SOL_NETLINK, NETLINK_EXT_ACK, &on, sizeof(on));
	n->family = genl_ctrl_resolve(n->sk, WATTLE_NL_FAMILY);
	if (n->family >= 0)
		return CLI_OK;
	netlink_close(n);
	if (sysinfo_exists("", MODULE_DIR))
		return out_error(o, CLI_DEVICE,
				 "the module is loaded, but its netlink family is not seen here: it is in the initial network namespace only (nsenter --target 1 --net), or the module is older than this command");
	return out_error(o, CLI_DEVICE,
			 "the module is not loaded; load it with 'modprobe wattle' (or insmod wattle_registry.ko wattle.ko)");
}

void netlink_close(struct netlink *n)
{
	nl_socket_free(n->sk);
	n->sk = NULL;
}

struct nl_msg *netlink_request(struct netlink *n, uint8_t cmd, int flags)
{
	struct nl_msg *msg = out_need(nlmsg_alloc());

	out_need(genlmsg_put(msg, NL_AUTO_PORT, NL_AUTO_SEQ, n->family, 0, flags, cmd,
			     WATTLE_NL_VERSION));
	return msg;
}

/* A request on its way. */
struct call {
	struct netlink	*n;
	netlink_fn	fn;
	void		*arg;
	bool		done;
	int		err;
};

static int got_message(struct nl_msg *msg, void *arg)
{
	struct nlattr *attrs[WATTLE_A_MAX + 1];
	struct call *c = arg;

	netlink_parse(nlmsg_hdr(msg), attrs);
	if (c->fn)
		c->fn(attrs, c->arg);
	return NL_OK;
}

/* The kernel's words: attributes behind what an error or the end of a dump has before them. */
static void words(struct netlink *n, struct nlmsghdr *h, size_t head)
{
	struct nlattr *a[NLMSGERR_ATTR_MAX + 1];

	if (!(h->nlmsg_flags & NLM_F_ACK_TLVS) || h->nlmsg_len <= NLMSG_HDRLEN + head ||
	    nla_parse(a, NLMSGERR_ATTR_MAX, (struct nlattr *)((char *)nlmsg_data(h) + head),
		      (int)(h->nlmsg_len - NLMSG_HDRLEN - head), NULL))
		return;
	snprintf(n->text, sizeof(n->text), "%s", netlink_str(a[NLMSGERR_ATTR_MSG]));
}

static int got_end(struct nl_msg *msg, void *arg)
{
	struct nlmsghdr *h = nlmsg_hdr(msg);
	struct call *c = arg;
	int err = 0;

	if (nlmsg_datalen(h) >= (int)sizeof(err))
		memcpy(&err, nlmsg_data(h), sizeof(err));
	if (err < 0)
		words(c->n, h, NLMSG_ALIGN(sizeof(err)));
	c->err = err;
	c->done = true;
	return NL_STOP;
}

static int got_ack(struct nl_msg *msg, void *arg)
{
	struct call *c = arg;

	(void)msg;
	c->done = true;
	return NL_STOP;
}

static int got_error(struct sockaddr_nl *from, struct nlmsgerr *e, void *arg)
{
	struct nlmsghdr *h = (struct nlmsghdr *)((char *)e - NLMSG_HDRLEN);
	size_t head = sizeof(*e);
	struct call *c = arg;

	(void)from;
	/* The request is repeated unless it was capped, and then its header is. */
	if (!(h->nlmsg_flags & NLM_F_CAPPED))
		head += NLMSG_ALIGN(e->msg.nlmsg_len) - NLMSG_HDRLEN;
	words(c->n, h, head);
	c->err = e->error;
	c->done = true;
	return NL_STOP;
}

int netlink_call(struct netlink *n, struct nl_msg *msg, netlink_fn fn, void *arg)
{
	struct call c = { .n = n, .fn = fn, .arg = arg };
	struct nl_cb *cb = out_need(nl_cb_alloc(NL_CB_DEFAULT));
	int err;

	n->text[0] = '\0';
	nl_cb_set(cb, NL_CB_VALID, NL_CB_CUSTOM, got_message, &c);
	nl_cb_set(cb, NL_CB_FINISH, NL_CB_CUSTOM, got_end, &c);
	nl_cb_set(cb, NL_CB_ACK, NL_CB_CUSTOM, got_ack, &c);
	nl_cb_err(cb, NL_CB_CUSTOM, got_error, &c);
	err = nl_send_auto(n->sk, msg);
	nlmsg_free(msg);
	while (err >= 0 && !c.done)
		err = nl_recvmsgs(n->sk, cb);
	nl_cb_put(cb);
	if (c.done)
		return c.err;
	snprintf(n->text, sizeof(n->text), "%s", nl_geterror(err));
	return -EIO;
}

int netlink_failed(struct out *o, const struct netlink *n, const char *what, int err)
{
	const char *text = n->text[0] ? n->text : strerror(-err);

	switch (-err) {
	case EPERM:
		return out_error(o, CLI_DEVICE, "not permitted to %s: %s", what,
				 n->text[0] ? n->text : "it takes CAP_NET_ADMIN; run it as root");
	case ENOENT:
		return out_error(o, CLI_FAILURE, "cannot %s: %s; 'wattle queue list' lists them",
				 what, text);
	case EINVAL:
	case ERANGE:
		return out_error(o, CLI_USAGE, "cannot %s: %s", what, text);
	}
	return out_error(o, CLI_DEVICE, "cannot %s: %s", what, text);
}
