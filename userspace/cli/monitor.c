// SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause
/* wattle monitor: what happens, as it happens. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "cli/cli.h"
#include "cli/netlink.h"
#include "cli/opt.h"

#define GROUPS	2

static const char *const group_names[] = { WATTLE_NL_GROUP_MODE, WATTLE_NL_GROUP_QUEUE, NULL };

/**
 * struct monitor - a stream
 * @o:		where it goes
 * @n:		joined to the groups
 * @seq:	of the last notification of each group
 * @left:	records still to be printed; 0 = no end
 * @code:	of the end
 * @over:	no more
 */
struct monitor {
	struct out	*o;
	struct netlink	n;
	uint64_t	seq[GROUPS];
	uint64_t	left;
	int		code;
	bool		over;
};

/* When it happened, by the local clock in text and by the device's in JSON. */
static void put_time(struct out *o, uint64_t ns)
{
	struct timespec now;
	char text[40], hms[16];
	struct tm tm;
	int64_t at;
	time_t sec;

	clock_gettime(CLOCK_REALTIME, &now);
	at = now.tv_sec * 1000000000LL + now.tv_nsec - (int64_t)(opt_now_ns() - ns);
	sec = at / 1000000000;
	strftime(hms, sizeof(hms), "%H:%M:%S", localtime_r(&sec, &tm));
	snprintf(text, sizeof(text), "%s.%03lld", hms, (long long)(at % 1000000000 / 1000000));
	out_str(o, "time", "% ", text);
	out_u64(o, "time_ns", NULL, ns);
}

static void put_queue(struct out *o, struct nlattr **a)
{
	out_u64(o, "client", " %", netlink_u64(a[WATTLE_A_CLIENT]));
	out_u64(o, "queue", ":%", netlink_u32(a[WATTLE_A_QUEUE]));
}

static void put_mode(struct out *o, const char *key, const char *text, const struct nlattr *a)
{
	const char *name = cli_mode_name(netlink_u32(a));

	out_str(o, key, text, a && name ? name : "unknown");
}

static void put_lease(struct out *o, struct nlattr **a)
{
	out_str(o, "event", "%", "lease");
	put_queue(o, a);
	out_u64(o, "batch", " batch %", netlink_u64(a[WATTLE_A_BATCH]));
	out_u64(o, "user_data", " (user data %)", netlink_u64(a[WATTLE_A_USER_DATA]));
	out_f64(o, "run_ms", " ended after % ms", netlink_u64(a[WATTLE_A_RUN_NS]) / 1e6, 3);
	out_u64(o, "tid", ", thread %", netlink_u32(a[WATTLE_A_TID]));
	if (a[WATTLE_A_CPU])
		out_u64(o, "cpu", ", cpu %", netlink_u32(a[WATTLE_A_CPU]));
	if (a[WATTLE_A_DEADLINE_NS])
		out_u64(o, "deadline_ns", NULL, netlink_u64(a[WATTLE_A_DEADLINE_NS]));
}

static void put_refusal(struct out *o, struct nlattr **a)
{
	static const char *const reasons[] = {
		"no reason", "deadline past", "infeasible", "over budget", "over cap", "unchecked",
	};
	uint32_t r = netlink_u32(a[WATTLE_A_REASON]);

	out_str(o, "event", "%", "refused");
	put_queue(o, a);
	out_u64(o, "user_data", " user data %", netlink_u64(a[WATTLE_A_USER_DATA]));
	out_str(o, "reason", ": %", r < sizeof(reasons) / sizeof(reasons[0]) ? reasons[r] :
		"unknown reason");
	if (a[WATTLE_A_DEADLINE_NS])
		out_u64(o, "deadline_ns", NULL, netlink_u64(a[WATTLE_A_DEADLINE_NS]));
}

static void record(struct monitor *m)
{
	if (!out_record(m->o)) {
		m->code = CLI_FAILURE;
		m->over = true;
	}
	if (m->left && !--m->left)
		m->over = true;
}

/* Numbers of a group run without a gap, but for what was lost on the way. */
static void put_gap(struct monitor *m, unsigned int group, uint64_t seq)
{
	uint64_t last = m->seq[group];

	m->seq[group] = seq;
	if (!last || seq <= last + 1)
		return;
	out_str(m->o, "event", "%", "lost");
	out_u64(m->o, "notifications", " % notifications", seq - last - 1);
	out_str(m->o, "group", " of group %", group_names[group]);
	if (!out_record(m->o))
		m->over = true;
}

static void wattle_message(struct monitor *m, struct nlmsghdr *h)
{
	struct nlattr *a[WATTLE_A_MAX + 1];
	struct genlmsghdr *g = nlmsg_data(h);
	struct out *o = m->o;

	netlink_parse(h, a);
	put_gap(m, g->cmd != WATTLE_CMD_MODE_NTF, netlink_u64(a[WATTLE_A_SEQ]));
	if (m->over)
		return;
	put_time(o, netlink_u64(a[WATTLE_A_TIME_NS]));
	switch (g->cmd) {
	case WATTLE_CMD_MODE_NTF:
		out_str(o, "event", "%", "mode");
		put_mode(o, "before", " %", a[WATTLE_A_MODE_BEFORE]);
		put_mode(o, "mode", " -> %", a[WATTLE_A_MODE]);
		break;
	case WATTLE_CMD_QUEUE_NTF:
		out_str(o, "event", "%", "queue");
		put_queue(o, a);
		out_str(o, "name", " '%'", netlink_str(a[WATTLE_A_NAME]));
		out_u64(o, "uid", " of uid %: ", netlink_u32(a[WATTLE_A_UID]));
		out_u64(o, "pid", NULL, netlink_u32(a[WATTLE_A_PID]));
		netlink_params(o, a[WATTLE_A_PARAMS]);
		break;
	case WATTLE_CMD_LEASE_NTF:
		put_lease(o, a);
		break;
	case WATTLE_CMD_REFUSE_NTF:
		put_refusal(o, a);
		break;
	default:
		out_u64(o, "event", "notification % (unknown to this command)", g->cmd);
	}
	record(m);
}

/* The family goes with the module: there is nothing to wait for any more. */
static void control_message(struct monitor *m, struct nlmsghdr *h)
{
	struct nlattr *a[CTRL_ATTR_MAX + 1];
	struct genlmsghdr *g = nlmsg_data(h);

	if (g->cmd != CTRL_CMD_DELFAMILY ||
	    nla_parse(a, CTRL_ATTR_MAX, genlmsg_attrdata(g, 0), genlmsg_attrlen(g, 0), NULL) ||
	    !a[CTRL_ATTR_FAMILY_ID] || nla_get_u16(a[CTRL_ATTR_FAMILY_ID]) != m->n.family)
		return;
	m->code = out_error(m->o, CLI_DEVICE, "the module was unloaded");
	m->over = true;
}

static int message(struct nl_msg *msg, void *arg)
{
	struct nlmsghdr *h = nlmsg_hdr(msg);
	struct monitor *m = arg;

	if (m->over || !genlmsg_valid_hdr(h, 0))
		return NL_OK;
	if (h->nlmsg_type == m->n.family)
		wattle_message(m, h);
	else if (h->nlmsg_type == GENL_ID_CTRL)
		control_message(m, h);
	return NL_OK;
}

static int join(struct monitor *m, unsigned int groups)
{
	struct out *o = m->o;
	unsigned int i;
	int id, err;

	/* Who comes and goes: the family's own end among it. For all, and not to be refused. */
	nl_socket_add_membership(m->n.sk, GENL_ID_CTRL);
	for (i = 0; i < GROUPS; i++) {
		if (!(groups & 1 << i))
			continue;
		id = genl_ctrl_resolve_grp(m->n.sk, WATTLE_NL_FAMILY, group_names[i]);
		if (id < 0)
			return out_error(o, CLI_DEVICE,
					 "the module has no group '%s': it is another version",
					 group_names[i]);
		err = nl_socket_add_membership(m->n.sk, id);
		if (err == -NLE_PERM)
			return out_error(o, CLI_DEVICE,
					 "not permitted to listen: it takes CAP_NET_ADMIN; run it as root");
		if (err)
			return out_error(o, CLI_DEVICE, "cannot join group '%s': %s",
					 group_names[i], nl_geterror(err));
	}
	return CLI_OK;
}

static void now(struct nlattr **a, void *arg)
{
	struct out *o = arg;

	put_time(o, opt_now_ns());
	out_str(o, "event", "%", "now");
	put_mode(o, "mode", " mode %", a[WATTLE_A_MODE]);
	out_u64(o, "clients", ", % clients", netlink_u32(a[WATTLE_A_CLIENTS]));
	out_u64(o, "queues", ", % queues", netlink_u32(a[WATTLE_A_QUEUES]));
	out_u64(o, "waiting", ", % batches wait", netlink_u32(a[WATTLE_A_WAITING]));
}

/* How things stand, once the groups have been joined: nothing falls in between. */
static int begin(struct monitor *m)
{
	struct netlink ask;
	int err = netlink_open(m->o, &ask);

	if (err)
		return err;
	err = netlink_call(&ask, netlink_request(&ask, WATTLE_CMD_DEVICE_GET, NLM_F_ACK), now,
			   m->o);
	if (err)
		err = netlink_failed(m->o, &ask, "read the device", err);
	else if (!out_record(m->o))
		err = CLI_FAILURE;
	netlink_close(&ask);
	return err;
}

static int stream(struct monitor *m, unsigned int groups)
{
	int err = join(m, groups);

	if (!err)
		err = begin(m);
	if (err)
		return err;
	nl_socket_disable_seq_check(m->n.sk);
	nl_socket_modify_cb(m->n.sk, NL_CB_VALID, NL_CB_CUSTOM, message, m);
	while (!m->over) {
		err = nl_recvmsgs_default(m->n.sk);
		/* ENOBUFS: the socket was full. How many were lost the numbers tell. */
		if (err == -NLE_NOMEM)
			out_warn(m->o, "notifications came faster than they could be printed");
		else if (err < 0 && err != -NLE_INTR)
			return out_error(m->o, CLI_DEVICE, "cannot read notifications: %s",
					 nl_geterror(err));
	}
	return m->code;
}

static int monitor(struct out *o, int argc, char **argv)
{
	static const struct option longs[] = {
		{ "count", required_argument, NULL, 'n' }, { 0 }
	};
	struct monitor m = { .o = o };
	unsigned int groups = 0, one;
	int c, err;

	while ((c = opt_next(o, argc, argv, ":n:", longs)) != -1) {
		if (c != 'n' || !opt_u64(o, "--count", optarg, 1, UINT64_MAX, &m.left))
			return CLI_USAGE;
	}
	for (; optind < argc; optind++) {
		if (!opt_choice(o, "group", argv[optind], group_names, &one))
			return CLI_USAGE;
		groups |= 1 << one;
	}
	err = netlink_open(o, &m.n);
	if (err)
		return err;
	o->lines = true;
	err = stream(&m, groups ? groups : (1 << GROUPS) - 1);
	netlink_close(&m.n);
	return err;
}

const struct cli_verb cli_monitor = {
	.name		= "monitor",
	.group		= "Observe",
	.summary	= "what happens, as it happens: modes, queues, leases, refusals",
	.usage		=
"wattle monitor [--count N] [mode] [queue]\n"
"\n"
"Prints how things stand, then a line for each notification: switches of the mode\n"
"(group mode); changed queues, leases that ended before their batch, refused batches\n"
"(group queue). Without a group: both. Ends after N, with the module, or by a signal.\n"
"Notifications that were lost are counted. With -j each line is a JSON document, the\n"
"last one the result. Takes CAP_NET_ADMIN.\n",
	.run		= monitor,
};
