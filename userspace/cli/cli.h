/* SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause */
/*
 * The wattle command: what the verbs share.
 */
#ifndef WATTLE_CLI_H
#define WATTLE_CLI_H

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cli/out.h"

#ifndef WATTLE_VERSION
#define WATTLE_VERSION	"0.1.0"
#endif

/* Documented in wattle(1); scripts depend on them. */
enum cli_exit {
	CLI_OK		= 0,
	CLI_FAILURE	= 1,	/* none of the below; doctor: something is broken */
	CLI_USAGE	= 2,	/* the command line is wrong */
	CLI_DATA	= 3,	/* bad or unreadable data or model */
	CLI_NO_ENERGY	= 4,	/* joules are required and nothing can tell them */
	CLI_DEVICE	= 5,	/* /dev/wattle is wanted and cannot be used */
	CLI_REFUSED	= 6,	/* a --strict deadline cannot be met: the work was refused */
	CLI_SIGNAL	= 128,	/* plus the signal's number */
};

/**
 * struct cli_verb - one verb of the command
 * @name:	as typed
 * @group:	heading in `wattle help`
 * @summary:	one line for `wattle help`
 * @usage:	full text for `wattle help VERB`; starts with the usage line
 * @run:	argv[0] is the verb; returns enum cli_exit
 */
struct cli_verb {
	const char	*name;
	const char	*group;
	const char	*summary;
	const char	*usage;
	int		(*run)(struct out *o, int argc, char **argv);
};

extern const struct cli_verb cli_status;
extern const struct cli_verb cli_doctor;
extern const struct cli_verb cli_stat;
extern const struct cli_verb cli_mode;
extern const struct cli_verb cli_run;
extern const struct cli_verb cli_advise;
extern const struct cli_verb cli_calibrate;
extern const struct cli_verb cli_monitor;
extern const struct cli_verb cli_queue;
extern const struct cli_verb cli_train;
extern const struct cli_verb cli_eval;
extern const struct cli_verb cli_predict;
extern const struct cli_verb cli_help;
extern const struct cli_verb cli_version;

/* All verbs in the order of `wattle help`, ended by NULL. */
extern const struct cli_verb *const cli_verbs[];
const struct cli_verb *cli_verb_find(const char *name);

/* Of a failure of the readers, models or predictions. */
static inline int cli_ml_exit(int err)
{
	return err == -ENOMEM ? CLI_FAILURE : CLI_DATA;
}

/* "observe" etc.; NULL for a number that is no mode. */
const char *cli_mode_name(uint32_t mode);

/* What SIGPIPE did before this command ignored it. */
extern void (*cli_sigpipe)(int);

#endif
