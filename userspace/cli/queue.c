// SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause
/* wattle queue: the queues of all programs, and changing one. */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"
#include "cli/meter.h"
#include "cli/netlink.h"
#include "cli/opt.h"

/* A queue's name everywhere: CLIENT:QUEUE. */
#define ID_SIZE	40

static const char *id_of(struct nlattr **a, char *buf)
{
	snprintf(buf, ID_SIZE, "%llu:%u",
		 (unsigned long long)netlink_u64(a[WATTLE_A_CLIENT]),
		 netlink_u32(a[WATTLE_A_QUEUE]));
	return buf;
}

static bool parse_id(struct out *o, const char *s, uint64_t *client, uint32_t *queue)
{
	unsigned long long c;
	unsigned long q;
	char *end;

	errno = 0;
	c = strtoull(s, &end, 10);
	if (*s >= '0' && *s <= '9' && *end == ':' && c && !errno && end[1] >= '0' &&
	    end[1] <= '9') {
		q = strtoul(end + 1, &end, 10);
		if (!*end && q && q <= UINT32_MAX && !errno) {
			*client = c;
			*queue = q;
			return true;
		}
	}
	out_error(o, CLI_USAGE,
		  "queue '%s': must be CLIENT:QUEUE as 'wattle queue list' prints it, such as 3:1",
		  s);
	return false;
}

static double joules(struct nlattr **st)
{
	return st[WATTLE_A_STATS_ENERGY_UJ] ?
	       netlink_u64(st[WATTLE_A_STATS_ENERGY_UJ]) / 1e6 : NAN;
}

static void row(struct nlattr **a, void *arg)
{
	struct nlattr *p[WATTLE_A_PARAMS_MAX + 1], *st[WATTLE_A_STATS_MAX + 1];
	struct out *o = arg;
	char id[ID_SIZE];

	netlink_nest(a[WATTLE_A_PARAMS], p, WATTLE_A_PARAMS_MAX);
	netlink_nest(a[WATTLE_A_STATS], st, WATTLE_A_STATS_MAX);
	out_cell_str(o, id_of(a, id));
	out_cell_str(o, netlink_str(a[WATTLE_A_NAME]));
	out_cell_u64(o, netlink_u32(a[WATTLE_A_UID]));
	out_cell_u64(o, netlink_u32(a[WATTLE_A_PID]));
	out_cell_str(o, netlink_class(netlink_u32(p[WATTLE_A_PARAMS_CLASS])));
	out_cell_u64(o, netlink_u32(p[WATTLE_A_PARAMS_WEIGHT]));
	out_cell_f64(o, netlink_u32(p[WATTLE_A_PARAMS_MAX_SLOWDOWN_PM]) / 10.0, 1);
	out_cell_u64(o, netlink_u64(st[WATTLE_A_STATS_QUEUED]));
	out_cell_u64(o, netlink_u64(st[WATTLE_A_STATS_GRANTED]));
	out_cell_u64(o, netlink_u64(st[WATTLE_A_STATS_COMPLETED]));
	out_cell_u64(o, netlink_u64(st[WATTLE_A_STATS_MISSED]));
	out_cell_f64(o, joules(st), 3);
}

static int list(struct out *o, int argc, char **argv)
{
	static const struct out_col cols[] = {
		{ "queue", "queue", true }, { "name", "name", true }, { "uid", "uid", false },
		{ "pid", "pid", false }, { "class", "class", true },
		{ "weight", "weight", false },
		{ "max_slowdown_percent", "slowdown %", false },
		{ "queued", "queued", false }, { "running", "running", false },
		{ "completed", "done", false }, { "missed", "missed", false },
		{ "joules", "joules", false },
	};
	static const struct option longs[] = {
		{ "client", required_argument, NULL, 'c' }, { 0 }
	};
	struct netlink n;
	struct nl_msg *msg;
	uint64_t client = 0;
	int err, c;

	while ((c = opt_next(o, argc, argv, ":", longs)) != -1) {
		if (c != 'c' || !opt_u64(o, "--client", optarg, 1, UINT64_MAX, &client))
			return CLI_USAGE;
	}
	if (!opt_operands(o, argc, 0, 0, "none"))
		return CLI_USAGE;
	err = netlink_open(o, &n);
	if (err)
		return err;
	msg = netlink_request(&n, WATTLE_CMD_QUEUE_GET, NLM_F_DUMP);
	if (client)
		nla_put_u64(msg, WATTLE_A_CLIENT, client);
	out_table(o, "queues", cols, sizeof(cols) / sizeof(cols[0]), false);
	err = netlink_call(&n, msg, row, o);
	if (!err)
		out_table_end(o);
	if (err)
		err = netlink_failed(o, &n, "read the queues", err);
	netlink_close(&n);
	return err;
}

struct count {
	const char	*key;
	const char	*text;
	int		attr;
};

static void counts(struct out *o, struct nlattr **st, const struct count *c)
{
	for (; c->key; c++)
		out_u64(o, c->key, c->text, netlink_u64(st[c->attr]));
}

static void percentile(struct out *o, const char *key, const char *text, struct nlattr *hist,
		       double share)
{
	__u64 slots[WATTLE_HIST_SLOTS];
	uint64_t below;

	if (!hist || nla_len(hist) != sizeof(slots))
		return;
	memcpy(slots, nla_data(hist), sizeof(slots));
	if (meter_percentile(slots, share, &below) && below != UINT64_MAX)
		out_f64(o, key, text, below / 1e3, 3);
}

/* Absent from modules that have no guard. */
static void guard(struct out *o, struct nlattr *nest)
{
	struct nlattr *g[WATTLE_A_GUARD_MAX + 1];

	if (!nest)
		return;
	netlink_nest(nest, g, WATTLE_A_GUARD_MAX);
	out_group(o, "guard", "guard");
	out_str(o, "state", "%", g[WATTLE_A_GUARD_DEMOTED] ?
		"demoted: runs free for a while" : "slowed as agreed");
	if (g[WATTLE_A_GUARD_SLOWDOWN_PM])
		out_f64(o, "slowdown_share", ", took % times longer than free when last looked at",
			netlink_u32(g[WATTLE_A_GUARD_SLOWDOWN_PM]) / 1000.0, 3);
	out_u64(o, "demotions", ", demoted % times", netlink_u64(g[WATTLE_A_GUARD_DEMOTIONS]));
	out_end(o);
}

static void detail(struct nlattr **a, void *arg)
{
	static const struct count batches[] = {
		{ "submitted", "% submitted", WATTLE_A_STATS_SUBMITTED },
		{ "completed", ", % completed", WATTLE_A_STATS_COMPLETED },
		{ "queued", ", % waiting", WATTLE_A_STATS_QUEUED },
		{ "running", ", % running", WATTLE_A_STATS_GRANTED },
		{ "cancelled", ", % cancelled", WATTLE_A_STATS_CANCELLED },
		{ "refused", ", % refused", WATTLE_A_STATS_REFUSED },
		{ "aborted", ", % aborted", WATTLE_A_STATS_ABORTED },
		{ "lease_expired", " (% by their lease)", WATTLE_A_STATS_LEASE_EXPIRED },
		{ "failed", NULL, WATTLE_A_STATS_FAILED },
		{ "migrated", NULL, WATTLE_A_STATS_MIGRATED },
		{ "requeued", NULL, WATTLE_A_STATS_REQUEUED },
		{ 0 }
	};
	static const struct count deadlines[] = {
		{ "late", "% late", WATTLE_A_STATS_LATE },
		{ "missed", ", % missed", WATTLE_A_STATS_MISSED },
		{ "admitted", "; % admitted as feasible", WATTLE_A_STATS_ADMITTED },
		{ "best_effort", ", % as best effort", WATTLE_A_STATS_BEST_EFFORT },
		{ "would_refuse", ", % that enforce would have refused",
		  WATTLE_A_STATS_WOULD_REFUSE },
		{ 0 }
	};
	struct nlattr *st[WATTLE_A_STATS_MAX + 1];
	struct out *o = arg;
	char id[ID_SIZE];

	netlink_nest(a[WATTLE_A_STATS], st, WATTLE_A_STATS_MAX);
	out_group(o, "queue", "queue");
	out_str(o, "id", "%", id_of(a, id));
	out_str(o, "name", " '%'", netlink_str(a[WATTLE_A_NAME]));
	out_u64(o, "uid", " of uid %", netlink_u32(a[WATTLE_A_UID]));
	out_u64(o, "pid", ", opened by process %", netlink_u32(a[WATTLE_A_PID]));
	out_nl(o);
	netlink_params(o, a[WATTLE_A_PARAMS]);
	out_end(o);
	out_group(o, "batches", "batches");
	counts(o, st, batches);
	out_end(o);
	out_group(o, "deadlines", "deadlines");
	counts(o, st, deadlines);
	out_end(o);
	guard(o, a[WATTLE_A_GUARD]);
	out_group(o, "time", "time");
	out_f64(o, "run_seconds", "% s granted", netlink_u64(st[WATTLE_A_STATS_RUN_NS]) / 1e9, 3);
	out_f64(o, "cpu_seconds", ", % s of CPU", netlink_u64(st[WATTLE_A_STATS_CPU_NS]) / 1e9, 3);
	out_f64(o, "wait_seconds", ", % s waited", netlink_u64(st[WATTLE_A_STATS_WAIT_NS]) / 1e9,
		3);
	percentile(o, "wait_p95_below_ms", "; 19 of 20 waits below % ms",
		   st[WATTLE_A_STATS_WAIT_HIST], 0.95);
	out_end(o);
	out_group(o, "energy", "energy");
	if (st[WATTLE_A_STATS_ENERGY_UJ]) {
		out_f64(o, "joules", "% J", joules(st), 3);
		out_str(o, "quality", " (%)",
			meter_quality(netlink_u32(st[WATTLE_A_STATS_ENERGY_QUALITY])));
	} else {
		out_unavailable(o, "charged", "%", st[WATTLE_A_STATS_ENERGY_QUALITY] ?
				"nothing metered has been charged to it" :
				"the meter takes CAP_PERFMON");
	}
	out_end(o);
}

static int fetch(struct out *o, struct netlink *n, uint64_t client, uint32_t queue)
{
	struct nl_msg *msg = netlink_request(n, WATTLE_CMD_QUEUE_GET, NLM_F_ACK);
	int err;

	nla_put_u64(msg, WATTLE_A_CLIENT, client);
	nla_put_u32(msg, WATTLE_A_QUEUE, queue);
	err = netlink_call(n, msg, detail, o);
	return err ? netlink_failed(o, n, "read the queue", err) : CLI_OK;
}

static int show(struct out *o, int argc, char **argv)
{
	static const struct option none[] = { { 0 } };
	struct netlink n;
	uint64_t client;
	uint32_t queue;
	int err;

	if (opt_next(o, argc, argv, ":", none) != -1 ||
	    !opt_operands(o, argc, 1, 1, "CLIENT:QUEUE") ||
	    !parse_id(o, argv[optind], &client, &queue))
		return CLI_USAGE;
	err = netlink_open(o, &n);
	if (err)
		return err;
	err = fetch(o, &n, client, queue);
	netlink_close(&n);
	return err;
}

/* "5%" or "5": percent, in steps of a tenth. */
static bool slowdown(struct out *o, const char *s, uint64_t *pm)
{
	char text[32];
	size_t len = strlen(s);
	double x;

	if (len && s[len - 1] == '%')
		len--;
	if (len >= sizeof(text))
		len = sizeof(text) - 1;
	memcpy(text, s, len);
	text[len] = '\0';
	if (!opt_f64(o, "--max-slowdown", text, 0, 1000, &x))
		return false;
	*pm = llround(x * 10);
	return true;
}

/* A duration; 0 for none. */
static bool delay(struct out *o, const char *s, uint64_t *us)
{
	uint64_t ns;

	if (!strcmp(s, "0")) {
		*us = 0;
		return true;
	}
	if (!opt_duration(o, "--max-delay", s, &ns))
		return false;
	*us = (ns + 999) / 1000;
	return true;
}

static int set(struct out *o, int argc, char **argv)
{
	static const struct option longs[] = {
		{ "weight", required_argument, NULL, 'w' },
		{ "max-slowdown", required_argument, NULL, 's' },
		{ "max-delay", required_argument, NULL, 'd' },
		{ "max-inflight", required_argument, NULL, 'i' }, { 0 }
	};
	bool w = false, s = false, d = false, i = false;
	uint64_t client, weight, pm, us, inflight;
	struct nlattr *nest;
	struct nl_msg *msg;
	struct netlink n;
	uint32_t queue;
	int err, c;

	while ((c = opt_next(o, argc, argv, ":", longs)) != -1) {
		switch (c) {
		case 'w':
			w = opt_u64(o, "--weight", optarg, 1, 10000, &weight);
			break;
		case 's':
			s = slowdown(o, optarg, &pm);
			break;
		case 'd':
			d = delay(o, optarg, &us);
			break;
		case 'i':
			i = opt_u64(o, "--max-inflight", optarg, 1, UINT32_MAX, &inflight);
			break;
		default:
			return CLI_USAGE;
		}
		if (!(c == 'w' ? w : c == 's' ? s : c == 'd' ? d : i))
			return CLI_USAGE;
	}
	if (!opt_operands(o, argc, 1, 1, "CLIENT:QUEUE") ||
	    !parse_id(o, argv[optind], &client, &queue))
		return CLI_USAGE;
	if (!w && !s && !d && !i)
		return out_error(o, CLI_USAGE,
				 "nothing to set: give --weight, --max-slowdown, --max-delay or --max-inflight");
	err = netlink_open(o, &n);
	if (err)
		return err;
	msg = netlink_request(&n, WATTLE_CMD_QUEUE_SET, NLM_F_ACK);
	nla_put_u64(msg, WATTLE_A_CLIENT, client);
	nla_put_u32(msg, WATTLE_A_QUEUE, queue);
	nest = out_need(nla_nest_start(msg, WATTLE_A_CHANGE | NLA_F_NESTED));
	if (w)
		nla_put_u32(msg, WATTLE_A_PARAMS_WEIGHT, weight);
	if (s)
		nla_put_u32(msg, WATTLE_A_PARAMS_MAX_SLOWDOWN_PM, pm);
	if (d)
		nla_put_u64(msg, WATTLE_A_PARAMS_MAX_DELAY_US, us);
	if (i)
		nla_put_u32(msg, WATTLE_A_PARAMS_MAX_INFLIGHT, inflight);
	nla_nest_end(msg, nest);
	err = netlink_call(&n, msg, NULL, NULL);
	if (err)
		err = netlink_failed(o, &n, "change the queue", err);
	else
		out_str(o, "changed", "queue % changed", argv[optind]);
	netlink_close(&n);
	return err;
}

static int queue(struct out *o, int argc, char **argv)
{
	static const struct {
		const char	*name;
		int		(*run)(struct out *o, int argc, char **argv);
	} verbs[] = { { "list", list }, { "show", show }, { "set", set } };
	static char word[] = "list";
	static char *no_args[] = { word, NULL };
	size_t i;

	if (argc < 2 || argv[1][0] == '-')
		return argc < 2 ? list(o, 1, no_args) : list(o, argc, argv);
	for (i = 0; i < sizeof(verbs) / sizeof(verbs[0]); i++)
		if (!strcmp(argv[1], verbs[i].name))
			return verbs[i].run(o, argc - 1, argv + 1);
	return out_error(o, CLI_USAGE, "'%s': must be one of list, show, set", argv[1]);
}

const struct cli_verb cli_queue = {
	.name		= "queue",
	.group		= "Control",
	.summary	= "the queues of all programs: list, show, set",
	.usage		=
"wattle queue [list [--client N]]\n"
"wattle queue show CLIENT:QUEUE\n"
"wattle queue set CLIENT:QUEUE [--weight N] [--max-slowdown PERCENT]\n"
"                              [--max-delay DURATION] [--max-inflight N]\n"
"\n"
"list: a line for each queue of the module. show: one queue, all that is known of it.\n"
"Reading takes CAP_NET_ADMIN. set changes one: as root, or as the user whose program\n"
"opened the device. weight is a share among equals, 1 to 10000; max-slowdown the loss of\n"
"speed that work without a deadline may suffer, such as 5%; max-delay how long a batch\n"
"may be held back for deeper sleep, such as 10ms, or 0; max-inflight how many batches\n"
"may wait or run.\n",
	.run		= queue,
};
