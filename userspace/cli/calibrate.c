// SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause
/*
 * wattle calibrate: what this machine draws at each frequency and in each idle
 * state, from its own meter. Windows of steady load on one, half and all cores, one
 * fit over all of them (calibrate_fit.h), then windows the fit has not seen.
 */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <wattle/wattle.h>

#include "cli/calibrate_load.h"
#include "cli/cli.h"
#include "cli/meter.h"
#include "cli/opt.h"
#include "cli/output.h"
#include "cli/power_file.h"
#include "cli/progress.h"
#include "ml/model/atomic_file.h"

#define SETTLE_NS	100000000	/* a frequency holds, load runs, idle states are reached */
#define TRIES		3		/* of a window that others disturbed */
#define FOREIGN_MAX	0.02		/* of all CPU time */
#define CHECKS		4		/* windows the fit does not see */
#define MAX_WINDOWS	(4 * CAL_OPPS + CAL_IDLE + CHECKS + 1)

/**
 * struct calibration - a run of the verb
 * @window_ns:	length of one
 * @w:		windows, the last CHECKS of them for checking
 * @disturbed:	windows that others' work ran in, after all tries
 * @slow:	windows whose clock did not follow
 */
struct calibration {
	struct out			*o;
	struct wattle_client		*client;
	struct cal_machine		m;
	struct cal			c;
	struct cal_window		w[MAX_WINDOWS];
	unsigned int			n;
	uint64_t			window_ns;
	unsigned int			disturbed;
	unsigned int			slow;
	unsigned int			done, planned;
	double				mean_error, worst_error;
	struct wattle_energy		source;
	struct progress			progress;
};

/* What was asked for; NULL and false: not. */
struct calibrate_opts {
	const char	*output;
	const char	*load;
	const char	*save;
	bool		clear;
	bool		no_load;
	bool		window;
};

/* Negative: a signal came. */
static int sleep_ns(uint64_t ns)
{
	struct timespec t = { (time_t)(ns / 1000000000), (long)(ns % 1000000000) };

	while (nanosleep(&t, &t))
		if (errno != EINTR || progress_signal())
			return -EINTR;
	return progress_signal() ? -EINTR : 0;
}

/* Watts of one package over a window; @busy: seconds of CPU time in it. */
static int watch(struct calibration *c, double *watts, double *busy, double *seconds)
{
	struct wattle_energy a, b;
	double before = cal_machine_busy();
	int err;

	wattle_energy__read(c->client, &a);
	err = sleep_ns(c->window_ns);
	wattle_energy__read(c->client, &b);
	if (err)
		return err;
	if (a.quality == WATTLE_QUALITY_NONE || b.quality == WATTLE_QUALITY_NONE ||
	    b.uj <= a.uj || b.stamp_ns <= a.stamp_ns)
		return -EIO;
	*seconds = (double)(b.stamp_ns - a.stamp_ns) / 1e9;
	*watts = (double)(b.uj - a.uj) / 1e6 / *seconds / c->m.packages;
	*busy = before < 0 ? -1 : cal_machine_busy() - before;
	return 0;
}

/* One core of each package first, then a second of each. */
static unsigned int choose_cpus(const struct cal_machine *m, unsigned int active,
				unsigned int *cpus)
{
	unsigned int p, i, n = 0;

	for (p = 0; p < m->packages; p++)
		for (i = 0; i < active; i++)
			cpus[n++] = m->load_cpu[p * m->cores + i];
	return n;
}

static int measure(struct calibration *c, struct cal_window *w)
{
	unsigned int cpus[CAL_CPUS], n = choose_cpus(&c->m, w->active, cpus), try;
	double busy, seconds, all;
	struct cal_load load;
	char what[96];
	int err;

	c->done++;
	snprintf(what, sizeof(what), "window %u of %u: %u of %u cores at %u MHz, idle %s", c->done,
		 c->planned, w->active, c->m.cores, c->m.khz[w->opp] / 1000,
		 c->m.idle[w->idle].name);
	progress_note(&c->progress, what);
	err = cal_machine_set(&c->m, c->m.khz[w->opp], w->idle);
	if (err)
		return out_error(c->o, CLI_FAILURE, "cannot set %u kHz and idle state %s: %s",
				 c->m.khz[w->opp], c->m.idle[w->idle].name, strerror(-err));
	err = cal_load_start(&load, cpus, n);
	if (err)
		return out_error(c->o, CLI_FAILURE, "cannot start the load: %s", strerror(-err));
	err = sleep_ns(SETTLE_NS);
	if (!err && w->active && !cal_machine_at(&c->m, c->m.khz[w->opp]))
		c->slow++;
	for (try = 0; !err; try++) {
		err = watch(c, &w->watts, &busy, &seconds);
		if (err)
			break;
		all = seconds * c->m.nr_cpus;
		if (busy - n * seconds <= FOREIGN_MAX * all)
			break;
		if (try + 1 == TRIES) {
			c->disturbed++;
			break;
		}
	}
	cal_load_stop(&load);
	if (err == -EINTR)
		return CLI_SIGNAL + progress_signal();
	if (err)
		return out_error(c->o, CLI_NO_ENERGY,
				 "the source of joules (%s) failed, stood still or went backwards within a window",
				 c->source.source);
	return 0;
}

static void plan(struct calibration *c, unsigned int active, unsigned int opp, unsigned int idle)
{
	c->w[c->n++] = (struct cal_window) { .active = active, .opp = opp, .idle = idle };
}

/* Counts of cores a frequency is measured with; the middle one where there is a middle. */
static void plan_windows(struct calibration *c)
{
	unsigned int deep = c->m.nr_idle - 1, mid = (c->m.nr_khz - 1) / 2, f, k;

	plan(c, 0, 0, deep);
	for (f = 0; f < c->m.nr_khz; f++) {
		plan(c, 1, f, deep);
		if (c->m.cores > 3)
			plan(c, c->m.cores / 2, f, deep);
		if (c->m.cores > 1)
			plan(c, c->m.cores, f, deep);
	}
	for (k = 0; k < deep; k++)
		plan(c, c->m.threads > 1, mid, k);
	/* To be checked: other counts where there are, once in the shallowest state. */
	plan(c, c->m.cores > 2 ? c->m.cores - 1 : 1, c->m.nr_khz - 1, deep);
	plan(c, c->m.cores > 2 ? 2 : 1, 0, deep);
	plan(c, c->m.cores, mid, deep);
	plan(c, 1, c->m.nr_khz - 1, 0);
	c->planned = c->n;
}

static void check(struct calibration *c)
{
	unsigned int i;
	double off;

	for (i = c->n - CHECKS; i < c->n; i++) {
		off = fabs(cal_watts(&c->c, &c->w[i]) / c->w[i].watts - 1);
		c->mean_error += off / CHECKS;
		c->worst_error = fmax(c->worst_error, off);
	}
}

static int sweep(struct calibration *c)
{
	unsigned int i;
	int code = 0;

	plan_windows(c);
	progress_start(&c->progress, 0);
	for (i = 0; !code && i < c->n; i++)
		code = measure(c, &c->w[i]);
	progress_wipe(&c->progress);
	if (code)
		return code;
	c->c.cpus = c->m.threads;
	c->c.nr_opps = c->m.nr_khz;
	c->c.nr_idle = c->m.nr_idle;
	if (cal_fit(&c->c, c->w, c->n - CHECKS))
		return out_error(c->o, CLI_FAILURE,
				 "the windows make no table: a reading was 0 or not finite; try a longer --window");
	check(c);
	return 0;
}

static unsigned int microwatts(double watts)
{
	return (unsigned int)lrint(watts * 1e6);
}

/*
 * What is worth choosing. Where two frequencies came out with the same power the slower
 * is left out, and of idle states the deeper; so is a state that draws as much as a CPU at
 * its slowest.
 */
static void make_table(const struct calibration *c, struct power_table *table)
{
	struct wattle_power_model *m = &table->m;
	unsigned int i, uw, last, least = 0;
	const struct cal *t = &c->c;

	memset(table, 0, sizeof(*table));
	for (i = 0; i < t->nr_opps; i++) {
		uw = microwatts(t->opp[i]);
		if (!uw || (i + 1 < t->nr_opps && microwatts(t->opp[i + 1]) <= uw))
			continue;
		m->opp[m->nr_opps++] = (struct wattle_model_opp){ c->m.khz[i], uw };
		if (!least)
			least = uw;
	}
	last = least;
	for (i = 0; i < t->nr_idle; i++) {
		uw = microwatts(t->idle[i]);
		if (uw >= last)
			continue;
		last = uw;
		snprintf(table->idle_name[m->nr_idle], POWER_IDLE_NAME, "%.15s", c->m.idle[i].name);
		m->idle[m->nr_idle++] = (struct wattle_model_idle){
			.uw = uw, .residency_us = c->m.idle[i].residency_us,
			.exit_us = c->m.idle[i].exit_us,
		};
	}
	m->shared_uw = microwatts(t->shared);
	m->shared_idle_uw = microwatts(t->shared_idle);
	m->switch_us = c->m.switch_us;
	/* A worst error beyond all there is says no more than that. */
	m->error_pm = (unsigned int)ceil(1000 * fmin(c->worst_error, 1));
	m->flags = c->source.simulated ? WATTLE_MODEL_SIMULATED : 0;
	snprintf(m->name, sizeof(m->name), "wattle calibrate");
}

static int write_table(struct calibration *c, const struct power_table *table, const char *path)
{
	struct wattle_ml_error e = { 0 };
	const struct cal *t = &c->c;
	char *text = NULL, host[65] = "?";
	size_t len = 0;
	FILE *f = out_need(open_memstream(&text, &len));

	gethostname(host, sizeof(host) - 1);
	fprintf(f, "# Measured by wattle calibrate on %s: %u package(s) of %u CPUs, source %s%s.\n"
		"# Windows of %.3g s; root mean square of the fit %.2f %%, %u windows it had not\n"
		"# seen: mean error %.2f %%, worst %.2f %%. The deepest idle state counts as 0 and is\n"
		"# part of what is shared. One package.\n",
		host, c->m.packages, c->m.threads, c->source.source,
		c->source.simulated ? ", simulated joules" : "", (double)c->window_ns / 1e9,
		100 * t->rms, CHECKS, 100 * c->mean_error, 100 * c->worst_error);
	power_file_print(f, table);
	out_need(fclose(f) ? NULL : text);
	if (wattle_atomic_file__write(path, text, len, &e)) {
		free(text);
		return out_error(c->o, CLI_FAILURE, "%s: %s", path, e.msg);
	}
	free(text);
	return 0;
}

static void report(struct calibration *c, const char *path, bool loaded)
{
	static const struct out_col opps[] = {
		{ "khz", "kHz", false }, { "watts", "W a core", false },
	};
	static const struct out_col idles[] = {
		{ "state", "idle state", true }, { "watts", "W a CPU", false },
		{ "residency_us", "residency us", false }, { "exit_us", "exit us", false },
	};
	struct out *o = c->o;
	unsigned int i;

	out_group(o, "source", "source");
	out_str(o, "name", "%", c->source.source);
	out_bool(o, "simulated", " (simulated joules)", c->source.simulated);
	out_end(o);
	out_table(o, "opps", opps, 2, false);
	for (i = 0; i < c->c.nr_opps; i++) {
		out_cell_u64(o, c->m.khz[i]);
		out_cell_f64(o, c->c.opp[i], 3);
	}
	out_table_end(o);
	out_table(o, "idle", idles, 4, false);
	for (i = 0; i < c->c.nr_idle; i++) {
		out_cell_str(o, c->m.idle[i].name);
		out_cell_f64(o, c->c.idle[i], 3);
		out_cell_u64(o, c->m.idle[i].residency_us);
		out_cell_u64(o, c->m.idle[i].exit_us);
	}
	out_table_end(o);
	out_group(o, "shared", "package");
	out_f64(o, "watts", "% W with a core awake", c->c.shared, 3);
	out_f64(o, "idle_watts", ", % W asleep", c->c.shared_idle, 3);
	out_bool(o, "one_cpu", " (one CPU: not to be told from the core's)", c->c.one_cpu);
	out_end(o);
	out_group(o, "error", "error");
	out_f64(o, "fit_rms_percent", "% % of the fit", 100 * c->c.rms, 2);
	out_f64(o, "mean_percent", ", windows not fitted: mean % %", 100 * c->mean_error, 2);
	out_f64(o, "worst_percent", ", worst % %", 100 * c->worst_error, 2);
	out_u64(o, "straightened", NULL, c->c.straightened);
	out_u64(o, "disturbed", NULL, c->disturbed);
	out_u64(o, "not_followed", NULL, c->slow);
	out_end(o);
	if (c->disturbed)
		out_warn(o, "other work ran in %u of %u windows: stop it and calibrate again",
			 c->disturbed, c->planned);
	if (c->slow)
		out_warn(o, "in %u of %u windows a clock was not at the frequency asked for: somebody limits it ('wattle doctor')",
			 c->slow, c->planned);
	if (c->c.straightened)
		out_warn(o, "%u figures were out of order and have been evened out: try a longer --window",
			 c->c.straightened);
	if (path) {
		out_group(o, "table", "table");
		out_str(o, "file", "%", path);
		out_bool(o, "loaded", ", and in the module's hands", loaded);
		out_end(o);
	}
}

/* Windows need a meter, and nobody who steers. */
static int ready(struct calibration *c)
{
	struct wattle_client_opts opts = { .sz = sizeof(opts), .backend = WATTLE_BACKEND_AUTO };
	struct wattle_query q;
	char err[256];

	if (wattle_client__open(&c->client, &opts, err, sizeof(err)))
		return out_error(c->o, CLI_DEVICE, "%s", err);
	if (wattle_client__backend(c->client) == WATTLE_BACKEND_DEVICE &&
	    !wattle_client__query(c->client, &q) && q.mode == WATTLE_MODE_ENFORCE)
		return out_error(c->o, CLI_FAILURE,
				 "the module is in mode enforce and would steer the same clocks: 'wattle mode observe' first");
	wattle_energy__read(c->client, &c->source);
	if (c->source.quality == WATTLE_QUALITY_NONE)
		return out_error(c->o, CLI_NO_ENERGY, "no source of joules: %s", c->source.why);
	if (c->source.quality != WATTLE_QUALITY_MEASURED)
		return out_error(c->o, CLI_NO_ENERGY,
				 "%s is %s: a table needs a meter, not another model",
				 c->source.source, meter_quality(c->source.quality));
	return cal_machine_find(c->o, &c->m);
}

/*
 * Before the first window, what can be told of the end: may the file be written? The
 * directory of the usual one is made.
 */
static int prepare(struct calibration *c, const struct calibrate_opts *opts)
{
	if (!opts->output && mkdir(POWER_FILE_DIR, 0755) && errno != EEXIST)
		return out_error(c->o, CLI_FAILURE,
				 "%s: %s; run it as root, or give a file for the table (-o FILE)",
				 POWER_FILE_DIR, strerror(errno));
	return output_check(c->o, opts->output ? opts->output : POWER_FILE_DEFAULT);
}

static int finish(struct calibration *c, const struct calibrate_opts *opts)
{
	const char *path = opts->output ? opts->output : POWER_FILE_DEFAULT;
	bool load = !opts->no_load &&
		    wattle_client__backend(c->client) == WATTLE_BACKEND_DEVICE;
	struct power_table table;
	int code;

	make_table(c, &table);
	code = write_table(c, &table, path);
	if (!code && load)
		code = power_load(c->o, c->client, &table, path);
	if (!code)
		report(c, path, load);
	return code;
}

static int run(struct calibration *c, const struct calibrate_opts *opts)
{
	int code = prepare(c, opts), err;

	if (!code)
		code = ready(c);
	if (!code)
		code = cal_machine_hold(c->o, &c->m);
	if (code)
		return code;
	progress_catch_signals();
	code = sweep(c);
	err = cal_machine_release(&c->m);
	if (err && !code)
		code = out_error(c->o, CLI_FAILURE,
				 "some limits or idle states could not be put back: %s; see scaling_min_freq, scaling_max_freq and cpuidle/state*/disable",
				 strerror(-err));
	return code ? code : finish(c, opts);
}

/* --- without measuring --- */

static int open_device(struct calibration *c)
{
	struct wattle_client_opts opts = { .sz = sizeof(opts), .backend = WATTLE_BACKEND_DEVICE };
	char err[256];

	if (wattle_client__open(&c->client, &opts, err, sizeof(err)))
		return out_error(c->o, CLI_DEVICE, "%s", err);
	return CLI_OK;
}

static int load(struct calibration *c, const char *path)
{
	struct power_table table;
	int code = power_file_read(c->o, path, &table);

	if (!code)
		code = open_device(c);
	if (!code)
		code = power_load(c->o, c->client, &table, path);
	if (!code)
		out_str(c->o, "loaded", "loaded %", path);
	return code;
}

static int save(struct calibration *c, const char *path)
{
	struct power_table table = { 0 };
	struct wattle_ml_error e = { 0 };
	char *text = NULL;
	size_t len = 0;
	int code = open_device(c);
	FILE *f;

	if (code)
		return code;
	if (wattle_client__power_get(c->client, &table.m))
		return out_error(c->o, CLI_FAILURE, "%s", wattle_client__error());
	f = out_need(open_memstream(&text, &len));
	fprintf(f, "# What the module held: %s. One package.\n", table.m.name);
	power_file_print(f, &table);
	out_need(fclose(f) ? NULL : text);
	if (wattle_atomic_file__write(path, text, len, &e))
		code = out_error(c->o, CLI_FAILURE, "%s: %s", path, e.msg);
	else
		out_str(c->o, "saved", "saved to %", path);
	free(text);
	return code;
}

static int forget(struct calibration *c)
{
	int code = open_device(c);

	if (code)
		return code;
	if (wattle_client__power_clear(c->client))
		return out_error(c->o, CLI_FAILURE, "%s", wattle_client__error());
	out_str(c->o, "table", "% is forgotten", "the module's power table");
	return CLI_OK;
}

/* What was asked for, each at most once, measuring with none of the others. */
static int act(struct calibration *c, const struct calibrate_opts *opts)
{
	unsigned int others = !!opts->load + !!opts->save + opts->clear;

	if (others > 1)
		return out_error(c->o, CLI_USAGE, "--load, --save and --clear go one at a time");
	if (others && (opts->output || opts->no_load || opts->window))
		return out_error(c->o, CLI_USAGE,
				 "--load, --save and --clear do not measure: --window, --output and --no-load do not go with them");
	if (opts->load)
		return load(c, opts->load);
	if (opts->save)
		return save(c, opts->save);
	return opts->clear ? forget(c) : run(c, opts);
}

static int calibrate(struct out *o, int argc, char **argv)
{
	static const struct option longs[] = {
		{ "window", required_argument, NULL, 256 },
		{ "output", required_argument, NULL, 'o' },
		{ "load", required_argument, NULL, 257 },
		{ "save", required_argument, NULL, 258 },
		{ "clear", no_argument, NULL, 259 },
		{ "no-load", no_argument, NULL, 260 },
		{ 0 },
	};
	struct calibration *c = out_need(calloc(1, sizeof(*c)));
	struct calibrate_opts opts = { 0 };
	int opt, code = CLI_OK;

	c->o = o;
	c->window_ns = 1000000000;
	while (!code && (opt = opt_next(o, argc, argv, ":o:", longs)) != -1) {
		if (opt == '?')
			code = CLI_USAGE;
		else if (opt == 'o')
			opts.output = optarg;
		else if (opt == 257)
			opts.load = optarg;
		else if (opt == 258)
			opts.save = optarg;
		else if (opt == 259)
			opts.clear = true;
		else if (opt == 260)
			opts.no_load = true;
		else if (!opt_duration(o, "window", optarg, &c->window_ns))
			code = CLI_USAGE;
		else
			opts.window = true;
	}
	if (!code && !opt_operands(o, argc, 0, 0, "none"))
		code = CLI_USAGE;
	if (!code && (c->window_ns < 100000000 || c->window_ns > 600000000000))
		code = out_error(o, CLI_USAGE,
				 "--window must be from 100ms (a counter advances once a millisecond) to 10m");
	if (!code)
		code = act(c, &opts);
	if (c->client)
		wattle_client__close(c->client);
	free(c);
	return code;
}

const struct cli_verb cli_calibrate = {
	.name		= "calibrate",
	.group		= "Control",
	.summary	= "measure what this machine draws at each frequency and idle state",
	.usage		=
"wattle calibrate [--window TIME] [-o FILE] [--no-load]\n"
"wattle calibrate --load FILE | --save FILE | --clear\n"
"\n"
"Loads one, half and all cores at each frequency, lets the others idle in each of\n"
"their states, reads the package's meter, and fits what a core draws at each\n"
"frequency, in each idle state, and what a package draws besides. Windows that the\n"
"fit has not seen give its error. As root, on a machine that does nothing else;\n"
"the module must not be in mode enforce. Takes about two windows (--window, 1s if\n"
"not given) a frequency, and a few more. Limits and idle states are put back at the\n"
"end, also when it is interrupted or killed. The table goes to\n"
POWER_FILE_DEFAULT " (-o: to another file), in a format that\n"
"wattle-sim reads, and into the module (--no-load: not).\n"
"--load gives the module a table without measuring, as at each boot; --save\n"
"writes the one it has, --clear has it forget that.\n",
	.run		= calibrate,
};
