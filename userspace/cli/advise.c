// SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause
/* wattle advise: what mode enforce would have saved, and whom it would have slowed. */
#include <errno.h>
#include <math.h>
#include <stdio.h>

#include "cli/cli.h"
#include "cli/netlink.h"
#include "cli/opt.h"

/* What the module says of a queue, or of all of them. */
struct advice {
	double		run_s;
	double		unknown_s;
	double		longer_s;
	double		priced_s;
	double		spent_j;	/* NaN: no power table, or not allowed */
	double		would_j;
	double		error;		/* share; NaN: not checked */
	bool		simulated;
};

static bool parse(struct nlattr *nest, struct advice *v)
{
	struct nlattr *a[WATTLE_A_ADVICE_MAX + 1];

	if (!nest)
		return false;
	netlink_nest(nest, a, WATTLE_A_ADVICE_MAX);
	*v = (struct advice){
		.run_s = netlink_u64(a[WATTLE_A_ADVICE_RUN_NS]) / 1e9,
		.unknown_s = netlink_u64(a[WATTLE_A_ADVICE_UNKNOWN_NS]) / 1e9,
		.longer_s = netlink_u64(a[WATTLE_A_ADVICE_LONGER_NS]) / 1e9,
		.priced_s = netlink_u64(a[WATTLE_A_ADVICE_PRICED_NS]) / 1e9,
		.spent_j = NAN, .would_j = NAN, .error = NAN,
		.simulated = a[WATTLE_A_ADVICE_SIMULATED],
	};
	if (a[WATTLE_A_ADVICE_SPENT_UJ] && a[WATTLE_A_ADVICE_WOULD_UJ]) {
		v->spent_j = netlink_u64(a[WATTLE_A_ADVICE_SPENT_UJ]) / 1e6;
		v->would_j = netlink_u64(a[WATTLE_A_ADVICE_WOULD_UJ]) / 1e6;
	}
	if (a[WATTLE_A_ADVICE_ERROR_PM])
		v->error = netlink_u32(a[WATTLE_A_ADVICE_ERROR_PM]) / 1000.0;
	return true;
}

struct total {
	struct advice	v;
	bool		any;
	uint32_t	mode;
};

static void take_total(struct nlattr **a, void *arg)
{
	struct total *t = arg;

	t->mode = netlink_u32(a[WATTLE_A_MODE]);
	t->any = parse(a[WATTLE_A_ADVICE], &t->v);
}

static double slower(const struct advice *v)
{
	return v->run_s > 0 ? 100 * v->longer_s / v->run_s : NAN;
}

static void row(struct nlattr **a, void *arg)
{
	struct out *o = arg;
	struct advice v;
	char id[40];

	if (!parse(a[WATTLE_A_ADVICE], &v))
		return;
	snprintf(id, sizeof(id), "%llu:%u", (unsigned long long)netlink_u64(a[WATTLE_A_CLIENT]),
		 netlink_u32(a[WATTLE_A_QUEUE]));
	out_cell_str(o, id);
	out_cell_str(o, netlink_str(a[WATTLE_A_NAME]));
	out_cell_u64(o, netlink_u32(a[WATTLE_A_UID]));
	out_cell_f64(o, v.run_s, 3);
	out_cell_f64(o, v.unknown_s, 3);
	out_cell_f64(o, slower(&v), 1);
	out_cell_f64(o, v.spent_j, 3);
	out_cell_f64(o, v.spent_j - v.would_j, 3);
}

static void print_total(struct out *o, const struct advice *v)
{
	out_group(o, "all", "enforce");
	out_f64(o, "run_seconds", "% s of work looked at", v->run_s, 3);
	if (v->unknown_s > 0)
		out_f64(o, "unknown_seconds", ", besides % s that do not say what they take",
			v->unknown_s, 3);
	if (v->run_s > 0)
		out_f64(o, "slower_percent", ": would have taken % % longer", slower(v), 1);
	out_end(o);
	if (isnan(v->spent_j)) {
		out_str(o, "saved", "saved: %",
			v->priced_s > 0 ? "not available: joules are shown to CAP_PERFMON" :
			"not available: there is no power table; 'wattle calibrate' measures one");
		return;
	}
	out_group(o, "energy", "saved");
	out_f64(o, "saved_joules", "% J", v->spent_j - v->would_j, 3);
	out_f64(o, "spent_joules", " of the CPUs' own % J", v->spent_j, 3);
	if (v->spent_j > 0)
		out_f64(o, "saved_percent", ", % %", 100 * (v->spent_j - v->would_j) / v->spent_j,
			1);
	out_str(o, "quality", ": %", "model");
	out_str(o, "table", ", by the power table (%)", v->simulated ? "simulated" : "measured");
	if (!isnan(v->error))
		out_f64(o, "table_error", ", whose own error is % % of power", 100 * v->error, 1);
	out_end(o);
}

#define NOTHING	"nothing has run yet on managed CPUs whose clock wattle can steer (mode %s); see 'wattle status'"

static int advise(struct out *o, int argc, char **argv)
{
	static const struct out_col cols[] = {
		{ "queue", "queue", true }, { "name", "name", true }, { "uid", "uid", false },
		{ "run_seconds", "run s", false }, { "unknown_seconds", "unknown s", false },
		{ "slower_percent", "slower %", false }, { "spent_joules", "joules", false },
		{ "saved_joules", "saved", false },
	};
	static const struct option none[] = { { 0 } };
	struct total t = { 0 };
	struct netlink n;
	const char *mode;
	int err;

	if (opt_next(o, argc, argv, ":", none) != -1 || !opt_operands(o, argc, 0, 0, "none"))
		return CLI_USAGE;
	err = netlink_open(o, &n);
	if (err)
		return err;
	err = netlink_call(&n, netlink_request(&n, WATTLE_CMD_DEVICE_GET, NLM_F_ACK), take_total,
			   &t);
	if (err) {
		err = netlink_failed(o, &n, "read the advice", err);
		goto close;
	}
	mode = cli_mode_name(t.mode);
	if (!t.any) {
		err = out_error(o, CLI_DEVICE,
				t.mode == WATTLE_MODE_ADVISE ? NOTHING :
				"mode is %s and nothing has been advised: 'wattle mode advise', let jobs run, and ask again",
				mode ? mode : "unknown");
		goto close;
	}
	out_str(o, "mode", "mode:     %", mode ? mode : "unknown");
	print_total(o, &t.v);
	out_table(o, "queues", cols, sizeof(cols) / sizeof(cols[0]), false);
	err = netlink_call(&n, netlink_request(&n, WATTLE_CMD_QUEUE_GET, NLM_F_DUMP), row, o);
	if (!err)
		out_table_end(o);
	else
		err = netlink_failed(o, &n, "read the queues", err);
close:
	netlink_close(&n);
	return err;
}

const struct cli_verb cli_advise = {
	.name		= "advise",
	.group		= "Control",
	.summary	= "what mode enforce would have saved, and whom it would have slowed",
	.usage		=
"wattle advise\n"
"\n"
"In mode advise nothing is gated and no clock is touched, but the clocks that enforce\n"
"would have asked for are reckoned, and what they would have come to: by how much longer\n"
"each queue's batches would have taken, and the joules of their CPUs, by the power table\n"
"('wattle calibrate'). Both are sums since the module was loaded, of batches that say what\n"
"they take, on managed CPUs. An estimate: it leaves out what gating and longer idle times\n"
"save, takes every program to drive its CPU as hard as the table's, and a busy machine's\n"
"deadlines ask for more speed in enforce, where work is done later. The slowdown is the\n"
"better figure of the two. The table lists queues there are; the sums above count those that are gone too.\n"
"Reading takes CAP_NET_ADMIN, and joules CAP_PERFMON.\n",
	.run		= advise,
};
