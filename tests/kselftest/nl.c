// SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause
#include "nl.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "harness.h"

#ifndef SOL_NETLINK
#define SOL_NETLINK	270
#endif

static char nl_answer[65536] __attribute__((aligned(8)));

uint32_t nl_get_u32(const struct nlattr *a)
{
	uint32_t v = 0;

	if (a)
		memcpy(&v, (const char *)a + NLA_HDRLEN, sizeof(v));
	return v;
}

uint64_t nl_get_u64(const struct nlattr *a)
{
	uint64_t v = 0;

	if (a)
		memcpy(&v, (const char *)a + NLA_HDRLEN, sizeof(v));
	return v;
}

const char *nl_get_str(const struct nlattr *a)
{
	return a ? (const char *)a + NLA_HDRLEN : "";
}

void nl_parse(const void *data, size_t len, struct nl_attrs *out)
{
	const struct nlattr *a = data;

	memset(out->a, 0, sizeof(out->a));
	while (len >= NLA_HDRLEN && a->nla_len >= NLA_HDRLEN && a->nla_len <= len) {
		size_t step = NLA_ALIGN(a->nla_len);

		if ((a->nla_type & NLA_TYPE_MASK) < ARRAY_SIZE(out->a))
			out->a[a->nla_type & NLA_TYPE_MASK] = a;
		if (step >= len)
			break;
		len -= step;
		a = (const void *)((const char *)a + step);
	}
}

void nl_inner(const struct nlattr *nest, struct nl_attrs *a)
{
	nl_parse((const char *)nest + NLA_HDRLEN, nest ? nest->nla_len - NLA_HDRLEN : 0, a);
}

static void parse_message(const struct nlmsghdr *h, struct nl_attrs *a)
{
	const struct genlmsghdr *g = NLMSG_DATA(h);

	a->cmd = g->cmd;
	nl_parse((const char *)g + GENL_HDRLEN, h->nlmsg_len - NLMSG_HDRLEN - GENL_HDRLEN, a);
}

void nl_begin(struct nl *nl, struct nl_msg *m, uint8_t cmd, uint16_t flags)
{
	struct genlmsghdr *g;

	memset(m, 0, sizeof(*m));
	m->h.nlmsg_type = nl->family;
	m->h.nlmsg_flags = NLM_F_REQUEST | flags;
	m->h.nlmsg_seq = ++nl->seq;
	g = NLMSG_DATA(&m->h);
	g->cmd = cmd;
	g->version = 1;
	m->len = NLMSG_HDRLEN + GENL_HDRLEN;
	m->h.nlmsg_len = m->len;
}

struct nlattr *nl_put(struct nl_msg *m, uint16_t type, const void *data, size_t len)
{
	struct nlattr *a = (void *)(m->buf + m->len);

	a->nla_type = type;
	a->nla_len = NLA_HDRLEN + len;
	if (len)
		memcpy((char *)a + NLA_HDRLEN, data, len);
	m->len += NLA_ALIGN(a->nla_len);
	m->h.nlmsg_len = m->len;
	return a;
}

void nl_u32(struct nl_msg *m, uint16_t type, uint32_t v)
{
	nl_put(m, type, &v, sizeof(v));
}

void nl_u64(struct nl_msg *m, uint16_t type, uint64_t v)
{
	nl_put(m, type, &v, sizeof(v));
}

size_t nl_nest(struct nl_msg *m, uint16_t type)
{
	size_t at = m->len;

	nl_put(m, type | NLA_F_NESTED, NULL, 0);
	return at;
}

void nl_nest_end(struct nl_msg *m, size_t at)
{
	((struct nlattr *)(m->buf + at))->nla_len = m->len - at;
}

int nl_send(struct nl *nl, const struct nl_msg *m)
{
	struct sockaddr_nl to = { .nl_family = AF_NETLINK };

	return sendto(nl->fd, m->buf, m->len, 0, (void *)&to, sizeof(to)) < 0 ? -errno : 0;
}

/* The kernel's words behind an error, or behind the end of a dump. */
static void parse_ack(struct nl *nl, const struct nlmsghdr *h, size_t head)
{
	struct nl_attrs a;

	nl->text[0] = '\0';
	nl->offset = 0;
	nl->missing = 0;
	if (!(h->nlmsg_flags & NLM_F_ACK_TLVS) || h->nlmsg_len <= head)
		return;
	nl_parse((const char *)h + head, h->nlmsg_len - head, &a);
	if (a.a[NLMSGERR_ATTR_MSG])
		snprintf(nl->text, sizeof(nl->text), "%s", nl_get_str(a.a[NLMSGERR_ATTR_MSG]));
	nl->offset = nl_get_u32(a.a[NLMSGERR_ATTR_OFFS]);
	nl->missing = nl_get_u32(a.a[NLMSGERR_ATTR_MISS_TYPE]);
}

/* 1: goes on; 0 or -errno: that was the end. */
static int one(struct nl *nl, const struct nlmsghdr *h,
	       void (*fn)(const struct nl_attrs *a, void *arg), void *arg)
{
	const struct nlmsgerr *e = NLMSG_DATA(h);
	struct nl_attrs a;
	int err;

	if (h->nlmsg_seq != nl->seq)
		return 1;
	switch (h->nlmsg_type) {
	case NLMSG_ERROR:
		/* NETLINK_CAP_ACK: the request is not repeated but for its header. */
		parse_ack(nl, h, NLMSG_HDRLEN + sizeof(*e));
		return e->error;
	case NLMSG_DONE:
		memcpy(&err, e, sizeof(err));
		parse_ack(nl, h, NLMSG_HDRLEN + NLMSG_ALIGN(sizeof(err)));
		return err;
	}
	parse_message(h, &a);
	if (fn)
		fn(&a, arg);
	return 1;
}

int nl_wait(struct nl *nl, void (*fn)(const struct nl_attrs *a, void *arg), void *arg)
{
	struct pollfd p = { .fd = nl->fd, .events = POLLIN };
	struct nlmsghdr *h;
	ssize_t n;
	int ret;

	for (;;) {
		if (poll(&p, 1, 20000) != 1)
			return -ETIMEDOUT;
		n = recv(nl->fd, nl_answer, sizeof(nl_answer), 0);
		if (n < 0)
			return -errno;
		for (h = (void *)nl_answer; NLMSG_OK(h, n); h = NLMSG_NEXT(h, n)) {
			ret = one(nl, h, fn, arg);
			if (ret <= 0)
				return ret;
		}
	}
}

int nl_call(struct nl *nl, const struct nl_msg *m,
	    void (*fn)(const struct nl_attrs *a, void *arg), void *arg)
{
	int err = nl_send(nl, m);

	return err ? err : nl_wait(nl, fn, arg);
}

int nl_event(struct nl *nl, struct nl_attrs *a)
{
	struct pollfd p = { .fd = nl->fd, .events = POLLIN };
	ssize_t n;

	if (poll(&p, 1, 20000) != 1)
		return -ETIMEDOUT;
	n = recv(nl->fd, nl_answer, sizeof(nl_answer), 0);
	if (n < 0)
		return -errno;
	parse_message((void *)nl_answer, a);
	return 0;
}

static void family(const struct nl_attrs *a, void *arg)
{
	struct nl *nl = arg;
	const struct nlattr *g;
	struct nl_attrs groups, in;
	uint16_t id;
	size_t i;

	memcpy(&id, nl_get_str(a->a[CTRL_ATTR_FAMILY_ID]), sizeof(id));
	nl->family = id;
	nl_inner(a->a[CTRL_ATTR_MCAST_GROUPS], &groups);
	for (i = 0; i < ARRAY_SIZE(groups.a); i++) {
		g = groups.a[i];
		if (!g)
			continue;
		nl_inner(g, &in);
		if (!strcmp(nl_get_str(in.a[CTRL_ATTR_MCAST_GRP_NAME]), WATTLE_NL_GROUP_MODE))
			nl->group[0] = nl_get_u32(in.a[CTRL_ATTR_MCAST_GRP_ID]);
		if (!strcmp(nl_get_str(in.a[CTRL_ATTR_MCAST_GRP_NAME]), WATTLE_NL_GROUP_QUEUE))
			nl->group[1] = nl_get_u32(in.a[CTRL_ATTR_MCAST_GRP_ID]);
	}
}

int nl_open(struct nl *nl)
{
	struct nl_msg m;
	int on = 1, err;

	memset(nl, 0, sizeof(*nl));
	nl->fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_GENERIC);
	if (nl->fd < 0)
		return -errno;
	setsockopt(nl->fd, SOL_NETLINK, NETLINK_EXT_ACK, &on, sizeof(on));
	setsockopt(nl->fd, SOL_NETLINK, NETLINK_CAP_ACK, &on, sizeof(on));
	nl->family = GENL_ID_CTRL;
	nl_begin(nl, &m, CTRL_CMD_GETFAMILY, NLM_F_ACK);
	nl_put(&m, CTRL_ATTR_FAMILY_NAME, WATTLE_NL_FAMILY, sizeof(WATTLE_NL_FAMILY));
	err = nl_call(nl, &m, family, nl);
	if (err)
		nl_close(nl);
	return err;
}

void nl_close(struct nl *nl)
{
	close(nl->fd);
	nl->fd = -1;
}

int nl_join(struct nl *nl, unsigned int group)
{
	return setsockopt(nl->fd, SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, &nl->group[group],
			  sizeof(nl->group[group])) ? -errno : 0;
}

struct keep {
	struct nl_msg	*copy;
	unsigned int	n;
};

/* An answer outlives the buffer it came in. */
static void keep(const struct nl_attrs *a, void *arg)
{
	struct keep *k = arg;
	size_t i;

	k->n++;
	k->copy->len = 0;
	for (i = 0; i < ARRAY_SIZE(a->a); i++) {
		if (!a->a[i])
			continue;
		memcpy(k->copy->buf + k->copy->len, a->a[i], a->a[i]->nla_len);
		k->copy->len += NLA_ALIGN(a->a[i]->nla_len);
	}
}

int nl_queue_get(struct nl *nl, uint64_t client, uint32_t queue, struct nl_msg *copy,
		 struct nl_attrs *a)
{
	struct keep k = { .copy = copy };
	struct nl_msg m;
	int err;

	nl_begin(nl, &m, queue ? WATTLE_CMD_QUEUE_GET : WATTLE_CMD_DEVICE_GET, NLM_F_ACK);
	if (queue) {
		nl_u64(&m, WATTLE_A_CLIENT, client);
		nl_u32(&m, WATTLE_A_QUEUE, queue);
	}
	err = nl_call(nl, &m, keep, &k);
	if (!err && k.n != 1)
		return -EPROTO;
	nl_parse(copy->buf, err ? 0 : copy->len, a);
	return err;
}

static void youngest(const struct nl_attrs *a, void *arg)
{
	if (nl_get_u32(a->a[WATTLE_A_PID]) == (uint32_t)getpid())
		*(uint64_t *)arg = nl_get_u64(a->a[WATTLE_A_CLIENT]);
}

uint64_t nl_own_client(struct nl *nl)
{
	struct nl_msg m;
	uint64_t id = 0;

	nl_begin(nl, &m, WATTLE_CMD_CLIENT_GET, NLM_F_DUMP);
	return nl_call(nl, &m, youngest, &id) ? 0 : id;
}
