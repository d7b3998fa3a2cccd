// SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause
#include "cli/session.h"

#include <string.h>
#include <unistd.h>

#include "cli/cli.h"
#include "cli/progress.h"

/* AUTO takes a device that is there, and only then fails because of it. */
enum cli_exit session_open_exit(enum wattle_backend backend)
{
	if (backend == WATTLE_BACKEND_EMBEDDED ||
	    (backend == WATTLE_BACKEND_AUTO && access(WATTLE_DEFAULT_DEVICE, F_OK)))
		return CLI_FAILURE;
	return CLI_DEVICE;
}

int session_open(struct out *o, struct session *s, enum wattle_backend backend)
{
	struct wattle_client_opts opts = { .sz = sizeof(opts), .backend = backend };
	char err[256];

	int rc;

	memset(s, 0, sizeof(*s));
	if (wattle_client__open(&s->client, &opts, err, sizeof(err)))
		return out_error(o, session_open_exit(backend), "%s", err);
	if (wattle_client__query(s->client, &s->query)) {
		rc = out_error(o, session_failure(s), "%s", wattle_client__error());
		session_close(s);
		return rc;
	}
	return CLI_OK;
}

int session_start(struct out *o, struct session *s, const struct wattle_queue_params *p,
		  const char *name, unsigned int workers)
{
	struct wattle_pool_opts opts = { .sz = sizeof(opts), .nr_workers = workers, .pin = true };
	int rc;

	rc = wattle_client__queue_create(s->client, name, p);
	if (rc < 0)
		return out_error(o, session_failure(s), "cannot create a queue: %s",
				 wattle_client__error());
	s->queue = rc;
	progress_block_signals();
	rc = wattle_pool__new(&s->pool, s->client, &opts);
	progress_unblock_signals();
	if (rc)
		return out_error(o, CLI_FAILURE, "cannot start the workers: %s",
				 wattle_client__error());
	return CLI_OK;
}

void session_close(struct session *s)
{
	if (s->pool)
		wattle_pool__free(s->pool);
	if (s->queue)
		wattle_client__queue_destroy(s->client, s->queue);
	wattle_client__close(s->client);
	memset(s, 0, sizeof(*s));
}

bool session_device(const struct session *s)
{
	return wattle_client__backend(s->client) == WATTLE_BACKEND_DEVICE;
}

enum cli_exit session_failure(const struct session *s)
{
	return session_device(s) ? CLI_DEVICE : CLI_FAILURE;
}

void session_report(struct out *o, const struct session *s)
{
	const char *mode = cli_mode_name(s->query.mode);

	out_group(o, "backend", "backend");
	out_str(o, "name", "%", session_device(s) ? "device" : "embedded");
	out_str(o, "reason", " (%)", wattle_client__backend_reason(s->client));
	out_str(o, "mode", ", mode %", mode ? mode : "unknown");
	if (session_device(s)) {
		out_u64(o, "cpus_managed", ", % CPUs managed", s->query.nr_cpus_managed);
		out_u64(o, "abi_major", NULL, s->query.abi_major);
		out_u64(o, "abi_minor", NULL, s->query.abi_minor);
	}
	out_nl(o);
	out_u64(o, "workers", "% workers, pinned", wattle_pool__nr_workers(s->pool));
	out_end(o);
}
