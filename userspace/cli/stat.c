// SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause
/*
 * wattle stat: run a command, or watch a process or the machine, and say what it cost.
 */
#include "cli/stat.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cli/cli.h"
#include "cli/opt.h"

#define TICK_NS		1000000000ULL
#define MIN_TICK_NS	10000000ULL
#define NOT_FOUND	127	/* as shells have it */
#define NOT_RUN		126

void (*cli_sigpipe)(int) = SIG_DFL;

/**
 * struct watch - what the loop waits for
 * @mask:	signals of before
 * @on_child:	what became of SIGCHLD before
 * @child:	the command, 0 when there is none any more
 * @code:	exit code so far
 * @usage:	of the command, once it has been reaped
 */
struct watch {
	sigset_t	mask;
	void		(*on_child)(int);
	int		signals;
	int		timer;
	int		target;
	pid_t		child;
	int		code;
	bool		over;
	struct rusage	usage;
};

static bool parse(struct out *o, int argc, char **argv, struct stat_opts *opts)
{
	static const struct option longs[] = {
		{ "interval", required_argument, NULL, 'i' },
		{ "pid", required_argument, NULL, 'p' },
		{ "all-cpus", no_argument, NULL, 'a' },
		{ "field-separator", required_argument, NULL, 'x' },
		{ "output", required_argument, NULL, 'o' },
		{ 0 },
	};
	uint64_t v;
	int c;

	while ((c = opt_next(o, argc, argv, "+:i:p:ax:o:", longs)) != -1) {
		switch (c) {
		case 'i':
			if (!opt_u64(o, "-i", optarg, MIN_TICK_NS / 1000000, 86400000, &v))
				return false;
			opts->interval_ns = v * 1000000;
			break;
		case 'p':
			if (!opt_u64(o, "-p", optarg, 1, 1 << 22, &v))
				return false;
			opts->pid = (pid_t)v;
			break;
		case 'a':
			opts->all = true;
			break;
		case 'x':
			opts->separator = optarg;
			break;
		case 'o':
			opts->path = optarg;
			break;
		default:
			return false;
		}
	}
	if (optind < argc) {
		/* -j after the command would be taken from it otherwise. */
		if (strcmp(argv[optind - 1], "--")) {
			out_error(o, CLI_USAGE, "'%s': put -- before the command: wattle stat -- %s",
				  argv[optind], argv[optind]);
			return false;
		}
		opts->cmd = argv + optind;
	}
	if (!opts->cmd && !opts->pid && !opts->all) {
		out_error(o, CLI_USAGE, "nothing to measure: give -- CMD, -p PID or -a");
		return false;
	}
	if (opts->pid && opts->all) {
		out_error(o, CLI_USAGE, "-p and -a exclude each other: one process or all");
		return false;
	}
	if (opts->separator && (o->json || !*opts->separator)) {
		out_error(o, CLI_USAGE, o->json ? "-x and -j exclude each other: columns or JSON" :
						  "-x '': the separator must not be empty");
		return false;
	}
	return true;
}

/*
 * The child: becomes the command, or tells why not through @report. First it waits until it
 * may, which it may not if whoever started it is gone.
 */
static void become(const struct watch *w, char **cmd, int report, int go)
{
	char leave;
	int err;

	if (read(go, &leave, sizeof(leave)) != sizeof(leave))
		_exit(NOT_RUN);
	/* What this command changed for itself is not the command's. */
	signal(SIGPIPE, cli_sigpipe);
	signal(SIGCHLD, w->on_child);
	sigprocmask(SIG_SETMASK, &w->mask, NULL);
	execvp(cmd[0], cmd);
	err = errno;
	if (write(report, &err, sizeof(err)) != sizeof(err))
		err = EIO;
	_exit(err == ENOENT ? NOT_FOUND : NOT_RUN);
}

static int launch(struct out *o, struct watch *w, char **cmd, const struct stat_hooks *hooks)
{
	int report[2], go[2], err = 0;
	ssize_t n;

	if (pipe2(report, O_CLOEXEC))
		return out_error(o, CLI_FAILURE, "cannot start '%s': %s", cmd[0], strerror(errno));
	if (pipe2(go, O_CLOEXEC)) {
		err = errno;
		close(report[0]);
		close(report[1]);
		return out_error(o, CLI_FAILURE, "cannot start '%s': %s", cmd[0], strerror(err));
	}
	w->child = fork();
	if (!w->child) {
		/* Else it would wait for itself. */
		close(go[1]);
		become(w, cmd, report[1], go[0]);
	}
	close(report[1]);
	close(go[0]);
	if (w->child < 0) {
		close(report[0]);
		close(go[1]);
		w->child = 0;
		return out_error(o, CLI_FAILURE, "cannot start '%s': %s", cmd[0], strerror(errno));
	}
	if (hooks)
		hooks->ready(hooks->ctx, o, w->child);
	/* If it is gone already, that shows below. */
	n = write(go[1], "", 1);
	close(go[1]);
	/* Ends when the descriptor closes: by exec, or with the child. */
	do {
		n = read(report[0], &err, sizeof(err));
	} while (n < 0 && errno == EINTR);
	close(report[0]);
	if (n != sizeof(err))
		return CLI_OK;
	waitpid(w->child, NULL, 0);
	w->child = 0;
	return out_error(o, err == ENOENT ? NOT_FOUND : NOT_RUN, "cannot run '%s': %s%s", cmd[0],
			 strerror(err), err == ENOENT ? "; is it in PATH?" : "");
}

/*
 * What is sent to us is meant for the command, but for what stops us with it, what tells of our
 * own faults, and SIGPIPE, which our own output may cause.
 */
static void forwarded(sigset_t *set)
{
	static const int ours[] = { SIGILL, SIGTRAP, SIGABRT, SIGBUS, SIGFPE, SIGSEGV, SIGSYS,
				    SIGPIPE, SIGTSTP, SIGTTIN, SIGTTOU };
	unsigned int i;

	sigfillset(set);
	for (i = 0; i < sizeof(ours) / sizeof(ours[0]); i++)
		sigdelset(set, ours[i]);
}

static int watch_begin(struct watch *w, const struct stat_opts *opts)
{
	uint64_t ns = opts->interval_ns ? opts->interval_ns : TICK_NS;
	struct itimerspec it;
	sigset_t set;

	if (opts->cmd)
		forwarded(&set);
	else
		sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGQUIT);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGHUP);
	/* Ignored by who started us, a child would vanish unseen. */
	w->on_child = signal(SIGCHLD, SIG_DFL);
	sigprocmask(SIG_BLOCK, &set, &w->mask);
	it.it_interval.tv_sec = (time_t)(ns / 1000000000);
	it.it_interval.tv_nsec = (long)(ns % 1000000000);
	it.it_value = it.it_interval;
	w->signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	w->timer = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	w->target = opts->pid ? (int)syscall(SYS_pidfd_open, opts->pid, 0) : -1;
	if (w->signals < 0 || w->timer < 0 || timerfd_settime(w->timer, 0, &it, NULL))
		return -errno;
	return opts->pid && w->target < 0 ? -errno : 0;
}

static void watch_end(struct watch *w)
{
	if (w->signals >= 0)
		close(w->signals);
	if (w->timer >= 0)
		close(w->timer);
	if (w->target >= 0)
		close(w->target);
	sigprocmask(SIG_SETMASK, &w->mask, NULL);
}

/* A command that has ended is reaped after the last tick: until then it can be asked. */
static void on_child(struct watch *w)
{
	siginfo_t si = { 0 };

	if (!w->child || waitid(P_PID, (id_t)w->child, &si, WEXITED | WNOHANG | WNOWAIT) ||
	    !si.si_pid)
		return;
	w->code = si.si_code == CLD_EXITED ? si.si_status : CLI_SIGNAL + si.si_status;
	w->over = true;
}

/*
 * What a terminal sends, it sends to the command as well, but perhaps not its end; what somebody
 * sent to us alone is meant for it. Without a command it ends the measurement.
 */
static void on_signal(struct watch *w)
{
	struct signalfd_siginfo si;

	while (read(w->signals, &si, sizeof(si)) == sizeof(si)) {
		if (si.ssi_signo == SIGCHLD)
			on_child(w);
		else if (!w->child)
			w->over = true;
		else if (si.ssi_code == SI_QUEUE)
			sigqueue(w->child, (int)si.ssi_signo,
				 (union sigval){ .sival_ptr = (void *)(uintptr_t)si.ssi_ptr });
		else if (si.ssi_code != SI_KERNEL || si.ssi_signo == SIGHUP)
			kill(w->child, (int)si.ssi_signo);
	}
}

static void interval_cells(struct out *o, const struct stat_meter *m, uint64_t at_ns)
{
	const struct stat_sum *s = &m->recent;
	double nothing = 0.0 / 0.0;

	out_cell_f64(o, (double)at_ns / 1e9, 9);
	out_cell_f64(o, (double)s->ns / 1e9, 9);
	out_cell_f64(o, m->energy ? (double)s->job.uj / 1e6 : nothing, 6);
	out_cell_f64(o, m->energy ? (double)s->job.low_uj / 1e6 : nothing, 6);
	out_cell_f64(o, m->energy ? (double)s->job.high_uj / 1e6 : nothing, 6);
	out_cell_f64(o, (double)s->job.ns / 1e9, 9);
	out_cell_f64(o, m->energy ? (double)s->node_uj / 1e6 : nothing, 6);
}

static void on_tick(struct out *o, const struct stat_opts *opts, struct stat_meter *m)
{
	if (!opts->interval_ns)
		return;
	if (o->json)
		interval_cells(o, m, m->total.ns);
	else
		stat_report(o, opts, m, &m->recent, m->total.ns);
}

/* False when the accounts could not be read. */
static bool tick(struct out *o, const struct stat_opts *opts, struct stat_meter *m)
{
	if (!m)
		return true;
	if (!stat_meter_tick(m))
		return false;
	on_tick(o, opts, m);
	return true;
}

/*
 * Until what is measured has ended. A meter that fails ends a measurement, but no command: it
 * runs on, and *@meter is NULL from then on.
 */
static int loop(struct out *o, const struct stat_opts *opts, struct stat_meter **meter,
		struct watch *w, const struct stat_hooks *hooks)
{
	struct stat_meter *m = *meter;
	static const struct out_col cols[] = {
		{ "at_s", "at", false }, { "seconds", "s", false }, { "energy_j", "J", false },
		{ "low_j", "low", false }, { "high_j", "high", false },
		{ "cpu_s", "CPU s", false }, { "package_j", "package", false },
	};
	struct pollfd fds[] = {
		{ .fd = w->signals, .events = POLLIN },
		{ .fd = w->timer, .events = POLLIN },
		{ .fd = m ? wattle_tracker_fd(m->tracker) : -1, .events = POLLIN },
		{ .fd = w->target, .events = POLLIN },
	};
	bool table = opts->interval_ns && o->json, ok = true;
	uint64_t ticks;
	int why = 0;

	if (table)
		out_table(o, "intervals", cols, sizeof(cols) / sizeof(cols[0]), false);
	while (!w->over) {
		if (poll(fds, sizeof(fds) / sizeof(fds[0]), -1) < 0 && errno != EINTR)
			break;
		if (fds[0].revents)
			on_signal(w);
		if (fds[2].revents)
			wattle_tracker_drain(m->tracker, m->attribution);
		if (fds[3].revents)
			w->over = true;
		if (!w->over && fds[1].revents &&
		    read(w->timer, &ticks, sizeof(ticks)) == sizeof(ticks)) {
			ok = tick(o, opts, m);
			why = errno;
			if (hooks)
				hooks->tick(hooks->ctx);
		}
		if (ok)
			continue;
		if (!w->child)
			break;
		out_warn(o, "the threads' accounts could not be read (%s): no more figures, the "
			 "command runs on", strerror(why));
		m = NULL;
		ok = true;
		fds[2].fd = -1;
	}
	if (ok && !tick(o, opts, m)) {
		ok = false;
		why = errno;
	}
	if (hooks)
		hooks->tick(hooks->ctx);
	if (table)
		out_table_end(o);
	if (w->child && w->over)
		wait4(w->child, NULL, 0, &w->usage);
	if (ok || w->child)
		*meter = ok ? m : NULL;
	if (ok)
		return CLI_OK;
	if (!w->child)
		return out_error(o, CLI_FAILURE, "the threads' accounts could not be read: %s",
				 strerror(why));
	out_warn(o, "the threads' accounts could not be read: %s", strerror(why));
	return CLI_OK;
}

int stat_measure(struct out *o, const struct stat_opts *opts, struct stat_meter *m, FILE *f,
		 const struct stat_hooks *hooks)
{
	struct watch w = { .signals = -1, .timer = -1, .target = -1 };
	int ret = watch_begin(&w, opts);

	if (ret) {
		if (ret == -ESRCH)
			ret = out_error(o, CLI_FAILURE, "there is no process %d", opts->pid);
		else
			ret = out_error(o, CLI_FAILURE, "cannot watch: %s", strerror(-ret));
		goto end;
	}
	if (opts->cmd) {
		ret = launch(o, &w, opts->cmd, hooks);
		if (ret)
			goto end;
	}
	o->f = f;
	ret = loop(o, opts, &m, &w, hooks);
	if (!ret) {
		if (m)
			stat_report(o, opts, m, &m->total, 0);
		if (hooks)
			hooks->over(hooks->ctx, o, &w.usage);
		ret = w.code;
	}
end:
	watch_end(&w);
	return ret;
}

static int stat_run(struct out *o, int argc, char **argv)
{
	struct stat_opts opts = { 0 };
	struct stat_meter m;
	FILE *f = stderr;
	int ret;

	if (!parse(o, argc, argv, &opts))
		return CLI_USAGE;
	ret = stat_meter_begin(&m, o, &opts);
	if (ret)
		return ret;
	if (opts.path) {
		f = fopen(opts.path, "we");
		if (!f) {
			ret = out_error(o, CLI_FAILURE, "cannot write %s: %s", opts.path,
					strerror(errno));
			goto end;
		}
	}
	ret = stat_measure(o, &opts, &m, f, NULL);
	/* main() writes out what is left in it, and says when that fails. */
end:
	stat_meter_end(&m);
	return ret;
}

const struct cli_verb cli_stat = {
	.name		= "stat",
	.group		= "Observe",
	.summary	= "joules and CPU time of a command, a process tree or the machine",
	.usage		=
"wattle stat [-i MS] [-p PID | -a] [-x SEP | -j] [-o FILE] [-- CMD...]\n"
"\n"
"Runs CMD and says what it and all it started cost: joules with the bounds they\n"
"lie in, watts, CPU time, cycles; then the rest of the machine, which adds up with\n"
"it to what the packages' meters show. Figures go to stderr; CMD's exit code is\n"
"passed on (128 + signal when one ended it, 127 and 126 when it could not be run).\n"
"\n"
"  -i MS    figures of each MS milliseconds as well (10 to 86400000)\n"
"  -p PID   this process and its descendants, until it ends (or CMD does)\n"
"  -a       all processes, until interrupted (or CMD ends)\n"
"  -x SEP   columns: value, unit, name, low, high, quality\n"
"  -j       JSON\n"
"  -o FILE  write the figures there\n"
"\n"
"Needs CAP_BPF and CAP_PERFMON. Works without the module. Where there is no source\n"
"of joules, CPU time and shares of it are told, and joules are not.\n",
	.run		= stat_run,
};
