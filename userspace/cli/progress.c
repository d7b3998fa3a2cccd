// SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause
#include "cli/progress.h"

#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cli/opt.h"

static volatile sig_atomic_t caught;

static void on_signal(int sig)
{
	caught = sig;
}

int progress_signal(void)
{
	return caught;
}

/* What is ignored stays so: nohup, and jobs that a shell put into the background. */
static void catch(int sig)
{
	/* One chance to stop cleanly; the handler is gone for the second signal. */
	struct sigaction sa = { .sa_handler = on_signal, .sa_flags = SA_RESETHAND }, old;

	if (!sigaction(sig, NULL, &old) && old.sa_handler == SIG_IGN)
		return;
	sigemptyset(&sa.sa_mask);
	sigaction(sig, &sa, NULL);
}

void progress_catch_signals(void)
{
	catch(SIGINT);
	catch(SIGTERM);
	catch(SIGHUP);
}

static void mask(int how)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGHUP);
	pthread_sigmask(how, &set, NULL);
}

void progress_block_signals(void)
{
	mask(SIG_BLOCK);
}

void progress_unblock_signals(void)
{
	mask(SIG_UNBLOCK);
}

void progress_start(struct progress *p, unsigned int max_epochs)
{
	memset(p, 0, sizeof(*p));
	p->max_epochs = max_epochs;
	p->started_ns = opt_now_ns();
	p->terminal = isatty(STDERR_FILENO);
}

int progress_epoch(void *ctx, const struct wattle_epoch *e)
{
	struct progress *p = ctx;
	uint64_t now = opt_now_ns();

	/* Nothing for work under a second, then four lines a second at most. */
	if (p->terminal && now - p->started_ns > 1000000000 && now - p->shown_ns > 250000000) {
		fprintf(stderr, "\r\033[Kepoch %u of %u, loss %.6f, %.0f s", e->epoch,
			p->max_epochs, e->loss, e->seconds);
		fflush(stderr);
		p->shown_ns = now;
	}
	return caught;
}

void progress_note(struct progress *p, const char *what)
{
	if (!p->terminal)
		return;
	fprintf(stderr, "\r\033[K%s ...", what);
	fflush(stderr);
	p->shown_ns = opt_now_ns();
}

void progress_wipe(struct progress *p)
{
	if (p->shown_ns)
		fputs("\r\033[K", stderr);
	p->shown_ns = 0;
}
