/* SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause */
/*
 * A line on the terminal for work that takes over a second, and the way out of
 * it: SIGINT, SIGTERM and SIGHUP end the work cleanly at the next chance, a
 * second one ends the process at once.
 */
#ifndef WATTLE_CLI_PROGRESS_H
#define WATTLE_CLI_PROGRESS_H

#include <stdbool.h>
#include <wattle/ml.h>

/* The signal that asked to stop, 0 if none did. */
int progress_signal(void);
void progress_catch_signals(void);

/* Threads made between these two never see the signals: they reach the main thread. */
void progress_block_signals(void);
void progress_unblock_signals(void);

/**
 * struct progress - of a training run
 * @max_epochs:	shown
 * @shown_ns:	when the line was last drawn
 * @started_ns: set by progress_start()
 * @terminal:	standard error is one
 */
struct progress {
	unsigned int	max_epochs;
	uint64_t	started_ns;
	uint64_t	shown_ns;
	bool		terminal;
};

void progress_start(struct progress *p, unsigned int max_epochs);
/* For struct wattle_train_opts: non-zero once a signal has come. */
int progress_epoch(void *ctx, const struct wattle_epoch *e);
/* Says what is being done, if it may take over a second; wiped by progress_wipe(). */
void progress_note(struct progress *p, const char *what);
void progress_wipe(struct progress *p);

#endif
