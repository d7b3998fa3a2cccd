// SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause
/*
 * wattle: runs machine-learning work for the fewest joules, and says where they
 * went. This file is the verb table and nothing else.
 */
#include <locale.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"
#include "cli/opt.h"

const struct cli_verb *const cli_verbs[] = {
	&cli_status, &cli_doctor, &cli_stat, &cli_monitor, &cli_run, &cli_mode, &cli_queue,
	&cli_advise, &cli_calibrate, &cli_train, &cli_eval, &cli_predict, &cli_help, &cli_version,
	NULL,
};

const struct cli_verb *cli_verb_find(const char *name)
{
	unsigned int i;

	for (i = 0; cli_verbs[i]; i++)
		if (!strcmp(cli_verbs[i]->name, name))
			return cli_verbs[i];
	return NULL;
}

const char *cli_mode_name(uint32_t mode)
{
	static const char *const names[] = { "off", "observe", "advise", "enforce" };

	return mode < sizeof(names) / sizeof(names[0]) ? names[mode] : NULL;
}

static bool is_json(const char *s)
{
	return !strcmp(s, "-j") || !strcmp(s, "--json");
}

/*
 * -j decides what an error looks like, so it must be known before anything can go
 * wrong: take it out wherever it stands, up to "--".
 */
static bool take_json(int *argc, char **argv)
{
	bool json = false;
	int i, n = 1;

	for (i = 1; i < *argc; i++) {
		if (!strcmp(argv[i], "--"))
			break;
		if (is_json(argv[i]))
			json = true;
		else
			argv[n++] = argv[i];
	}
	for (; i < *argc; i++)
		argv[n++] = argv[i];
	argv[n] = NULL;
	*argc = n;
	return json;
}

int main(int argc, char **argv)
{
	static char status[] = "status", help[] = "help", version[] = "version";
	static char *no_args[] = { status, NULL };
	const struct cli_verb *verb;
	struct out o;
	bool json;

	/* Numbers are read and written with a point everywhere; only the clock is local. */
	setlocale(LC_TIME, "");
	/* A closed pipe is reported by out_finish() like a full disk. */
	cli_sigpipe = signal(SIGPIPE, SIG_IGN);
	json = take_json(&argc, argv);
	if (argc < 2) {
		argc = 1;
		argv = no_args;
	} else {
		argc--;
		argv++;
		if (!strcmp(argv[0], "--help") || !strcmp(argv[0], "-h"))
			argv[0] = help;
		if (!strcmp(argv[0], "--version") || !strcmp(argv[0], "-V"))
			argv[0] = version;
	}
	verb = cli_verb_find(argv[0]);
	if (!verb) {
		out_init(&o, stdout, json, "wattle");
		o.command = argv[0][0] == '-' ? "wattle" : argv[0];
		return out_finish(&o, out_error(&o, CLI_USAGE,
						"there is no such %s; 'wattle help' lists the verbs",
						argv[0][0] == '-' ? "option" : "verb"));
	}
	out_init(&o, stdout, json, verb->name);
	return out_finish(&o, verb->run(&o, argc, argv));
}
