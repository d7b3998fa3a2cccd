/* SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause */
/*
 * A client with one queue and a pool: what a job needs to run.
 */
#ifndef WATTLE_CLI_SESSION_H
#define WATTLE_CLI_SESSION_H

#include <wattle/wattle.h>

#include "cli/cli.h"

/**
 * struct session - open for the length of a job
 * @client: @pool: NULL until opened
 * @queue:	id, 0 until created
 * @query:	what the backend said when it was opened
 */
struct session {
	struct wattle_client	*client;
	struct wattle_pool	*pool;
	uint32_t		queue;
	struct wattle_query	query;
};

/* Opens the client alone. CLI_OK, or the exit code after the error has been printed. */
int session_open(struct out *o, struct session *s, enum wattle_backend backend);
/* Makes the queue and the workers. */
int session_start(struct out *o, struct session *s, const struct wattle_queue_params *p,
		  const char *name, unsigned int workers);
void session_close(struct session *s);
bool session_device(const struct session *s);
/* The exit code when no client can be opened: CLI_DEVICE only if a device is the reason. */
enum cli_exit session_open_exit(enum wattle_backend backend);
/* The exit code when the backend of an open session fails. */
enum cli_exit session_failure(const struct session *s);

/* Line of the report: backend and why, mode, workers. */
void session_report(struct out *o, const struct session *s);

#endif
