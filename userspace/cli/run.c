// SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause
/*
 * wattle run: a command that knows nothing of wattle, slowed within what it may lose, and
 * its bill.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include <wattle/wattle.h>

#include "cli/cli.h"
#include "cli/opt.h"
#include "cli/slices.h"
#include "cli/stat.h"

#define DEFAULT_SLOWDOWN	5.0	/* per cent */

/**
 * struct run - the command's steering
 * @stat:	what is measured
 * @slowdown:	allowed, per cent
 * @class:	of the queue
 * @consent:	slow it although nothing is known of it
 * @client:	NULL: no module
 * @queue:	steers it; 0 = none
 * @attached:	it is steered
 * @counted:	@slices are open
 * @why:	why it is not steered, or not slowed without consent
 * @begun_ns:	when it began
 * @state:	what was said of it last
 */
struct run {
	struct stat_opts	stat;
	double			slowdown;
	uint32_t		class;
	bool			consent;
	struct wattle_client	*client;
	uint32_t		queue;
	bool			attached;
	bool			counted;
	struct slices		slices;
	char			why[512];
	uint64_t		begun_ns;
	struct wattle_attach	state;
};

static bool take_slowdown(struct out *o, const char *s, double *v)
{
	size_t len = strlen(s);
	char num[32];

	/* With or without its sign. */
	if (len && s[len - 1] == '%')
		len--;
	if (!len || len >= sizeof(num)) {
		out_error(o, CLI_USAGE, "--max-slowdown '%s': must be per cent, such as 5%%", s);
		return false;
	}
	memcpy(num, s, len);
	num[len] = '\0';
	return opt_f64(o, "--max-slowdown", num, 0, 1000, v);
}

static bool parse(struct out *o, int argc, char **argv, struct run *r)
{
	static const struct option longs[] = {
		{ "class", required_argument, NULL, 'c' },
		{ "max-slowdown", required_argument, NULL, 's' },
		{ "consent", no_argument, NULL, 'y' },
		{ "deadline", required_argument, NULL, 'd' },
		{ "budget", required_argument, NULL, 'b' },
		{ "output", required_argument, NULL, 'o' },
		{ 0 },
	};
	static const char *const classes[] = { "latency", "batch", "background", NULL };
	unsigned int class;
	int c;

	while ((c = opt_next(o, argc, argv, "+:o:", longs)) != -1) {
		switch (c) {
		case 'c':
			if (!opt_choice(o, "--class", optarg, classes, &class))
				return false;
			r->class = class + WATTLE_CLASS_LATENCY;
			break;
		case 's':
			if (!take_slowdown(o, optarg, &r->slowdown))
				return false;
			break;
		case 'y':
			r->consent = true;
			break;
		case 'd':
			out_error(o, CLI_USAGE, "--deadline: nobody knows how much work a program "
				  "not written for wattle has, so no deadline can be promised; "
				  "--max-slowdown bounds what it takes longer");
			return false;
		case 'b':
			out_error(o, CLI_USAGE, "--budget: a program not written for wattle "
				  "can only be slowed, which keeps no budget; 'wattle stat' tells "
				  "what it costs");
			return false;
		case 'o':
			r->stat.path = optarg;
			break;
		default:
			return false;
		}
	}
	if (optind < argc && strcmp(argv[optind - 1], "--")) {
		out_error(o, CLI_USAGE, "'%s': put -- before the command: wattle run -- %s",
			  argv[optind], argv[optind]);
		return false;
	}
	if (optind >= argc) {
		out_error(o, CLI_USAGE, "nothing to run: give -- CMD");
		return false;
	}
	r->stat.cmd = argv + optind;
	return true;
}

/* The queue that will steer it. What is in the way is no reason not to run the command. */
static void prepare(struct run *r)
{
	struct wattle_client_opts opts = {
		.sz = sizeof(opts), .backend = WATTLE_BACKEND_DEVICE,
	};
	struct wattle_queue_params p = {
		.class = r->class, .max_slowdown_pm = (uint32_t)(r->slowdown * 10),
	};
	struct wattle_query q;
	int queue;

	if (wattle_client__open(&r->client, &opts, r->why, sizeof(r->why))) {
		r->client = NULL;
		return;
	}
	if (wattle_client__query(r->client, &q) || !(q.features & WATTLE_FEATURE_ATTACH)) {
		snprintf(r->why, sizeof(r->why), "the module that is loaded steers no programs; "
			 "install module and command from one release");
		return;
	}
	queue = wattle_client__queue_create(r->client, "wattle run", &p);
	if (queue < 0)
		snprintf(r->why, sizeof(r->why), "%s", wattle_client__error());
	else
		r->queue = (uint32_t)queue;
}

/* The command is there as a process and waits: now it is caught before its first instruction. */
static void ready(void *ctx, struct out *o, pid_t pid)
{
	struct run *r = ctx;

	r->begun_ns = opt_now_ns();
	if (!r->queue) {
		out_warn(o, "not steered, only measured: %s", r->why);
		return;
	}
	r->counted = slices_open(&r->slices, pid, r->why, sizeof(r->why));
	r->state = (struct wattle_attach) {
		.queue = r->queue, .op = WATTLE_ATTACH_PROCESS, .target = pid,
		.flags = r->consent ? WATTLE_ATTACH_CONSENT : 0,
	};
	if (!r->counted && !r->consent)
		out_warn(o, "not slowed: %s, so nobody knows what that would cost it; --consent "
			 "has it slowed as if all its time depended on the clock", r->why);
	r->attached = !wattle_client__attach(r->client, &r->state);
	if (r->attached)
		return;
	snprintf(r->why, sizeof(r->why), "%s", wattle_client__error());
	out_warn(o, "not steered, only measured: %s", r->why);
}

static void tick(void *ctx)
{
	struct run *r = ctx;
	struct wattle_attach a = { .queue = r->queue, .op = WATTLE_ATTACH_REPORT };
	uint64_t v[SLICES_NR];

	if (!r->attached)
		return;
	if (r->counted && slices_take(&r->slices, v) && v[SLICES_CYCLES]) {
		a.cycles = v[SLICES_CYCLES];
		a.stall_cycles = v[SLICES_STALLS];
		a.run_ns = v[SLICES_TIME];
	}
	if (!wattle_client__attach(r->client, &a))
		r->state = a;
}

static double seconds(uint64_t ns)
{
	return (double)ns / 1e9;
}

static double timeval_s(const struct timeval *t)
{
	return (double)t->tv_sec + (double)t->tv_usec / 1e6;
}

/* The steering's part of the bill. */
static void over(void *ctx, struct out *o, const struct rusage *usage)
{
	const struct wattle_attach *a;
	struct run *r = ctx;
	struct wattle_query q;

	a = &r->state;
	out_group(o, "run", "run");
	out_f64(o, "wall_s", "% s elapsed", seconds(opt_now_ns() - r->begun_ns), 3);
	/* What it waited for; children that it left behind are not in it. */
	out_f64(o, "rusage_cpu_s", ", % s of CPU time by its own account",
		timeval_s(&usage->ru_utime) + timeval_s(&usage->ru_stime), 3);
	out_end(o);
	if (!r->attached) {
		out_unavailable(o, "steered", "steered     %", r->why);
		return;
	}
	out_group(o, "steered", "steered");
	out_bool(o, "available", NULL, true);
	if (!wattle_client__query(r->client, &q))
		out_str(o, "mode", "mode %", cli_mode_name(q.mode) ?: "unknown");
	out_f64(o, "member_s", ", % s of CPU time", seconds(a->member_ns), 3);
	out_f64(o, "capped_s", ", % s of that under a limit", seconds(a->capped_ns), 3);
	out_u64(o, "slices", ", % slices learned from", a->slices);
	out_f64(o, "need_share", ", needs % of the clock", a->need_pm / 1000.0, 3);
	if (a->lost)
		out_u64(o, "lost", ", % threads not followed", a->lost);
	out_end(o);
	out_group(o, "slowdown", "slowdown");
	out_f64(o, "allowed_share", "% allowed", r->slowdown / 100, 3);
	if (a->member_ns > a->slowed_ns)
		out_f64(o, "estimated_share", ", % estimated by the model, of CPU time",
			(double)a->slowed_ns / (double)(a->member_ns - a->slowed_ns), 4);
	out_end(o);
}

static int run_run(struct out *o, int argc, char **argv)
{
	struct run r = { .slowdown = DEFAULT_SLOWDOWN, .class = WATTLE_CLASS_BATCH };
	const struct stat_hooks hooks = { &r, ready, tick, over };
	char err[512] = "";
	struct stat_meter m;
	bool metered;
	FILE *f = stderr;
	int ret;

	if (!parse(o, argc, argv, &r))
		return CLI_USAGE;
	prepare(&r);
	metered = !stat_meter_open(&m, &r.stat, err, sizeof(err));
	if (!metered)
		out_warn(o, "no joules in the bill: %s", err);
	if (r.stat.path)
		f = fopen(r.stat.path, "we");
	if (f)
		ret = stat_measure(o, &r.stat, metered ? &m : NULL, f, &hooks);
	else
		ret = out_error(o, CLI_FAILURE, "cannot write %s: %s", r.stat.path,
				strerror(errno));
	if (r.counted)
		slices_close(&r.slices);
	if (metered)
		stat_meter_end(&m);
	wattle_client__close(r.client);
	return ret;
}

const struct cli_verb cli_run = {
	.name		= "run",
	.group		= "Control",
	.summary	= "a command as it is, slowed within what it may lose; its bill",
	.usage		=
"wattle run [--max-slowdown P] [--consent] [--class C] [-j] [-o FILE] -- CMD...\n"
"\n"
"Runs CMD and has the module lower the clock while it and what it starts run, as far as\n"
"they take at most P per cent longer by what counters say of them. Then the bill, as\n"
"'wattle stat' has it, and what the limits cost by the model. Figures go to stderr, CMD's\n"
"exit code is passed on, signals too.\n"
"\n"
"  --max-slowdown P  per cent, 0 to 1000; 5 if not given\n"
"  --consent         where there are no counters: slow it as if all its time depended on\n"
"                    the clock, which keeps P whatever it does; else it is not slowed\n"
"  --class C         latency, batch (if not given) or background\n"
"  -j                JSON\n"
"  -o FILE           write the figures there\n"
"\n"
"There is no --deadline and no --budget: nobody knows how much work CMD has. Without the\n"
"module, or outside its mode enforce, CMD is only measured; without CAP_BPF and\n"
"CAP_PERFMON the bill has no joules.\n",
	.run		= run_run,
};
