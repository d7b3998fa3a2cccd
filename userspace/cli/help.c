// SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause
#include <string.h>

#include <linux/wattle.h>

#include "cli/cli.h"
#include "cli/opt.h"

static void one(struct out *o, const struct cli_verb *v)
{
	out_group(o, v->name, NULL);
	out_str(o, "group", NULL, v->group);
	out_str(o, "summary", NULL, v->summary);
	out_str(o, "usage", NULL, v->usage);
	out_end(o);
}

static int help(struct out *o, int argc, char **argv)
{
	static const struct option none[] = { { 0 } };
	const struct cli_verb *v;
	const char *group = "";
	unsigned int i;

	if (opt_next(o, argc, argv, ":", none) != -1 || !opt_operands(o, argc, 0, 1, "[VERB]"))
		return CLI_USAGE;
	if (optind < argc) {
		v = cli_verb_find(argv[optind]);
		if (!v)
			return out_error(o, CLI_USAGE, "there is no verb '%s'; 'wattle help' lists them",
					 argv[optind]);
		if (!o->json)
			fputs(v->usage, o->f);
		one(o, v);
		return CLI_OK;
	}
	if (!o->json)
		fputs("wattle [-j] VERB ...   machine-learning work for the fewest joules\n", o->f);
	for (i = 0; cli_verbs[i]; i++) {
		v = cli_verbs[i];
		if (!o->json) {
			if (strcmp(group, v->group))
				fprintf(o->f, "\n%s\n", v->group);
			fprintf(o->f, "  %-10s%s\n", v->name, v->summary);
		}
		group = v->group;
		one(o, v);
	}
	if (!o->json)
		fputs("\n-j prints JSON instead of text. 'wattle help VERB' and wattle(1) say more.\n",
		      o->f);
	return CLI_OK;
}

static int version(struct out *o, int argc, char **argv)
{
	static const struct option none[] = { { 0 } };

	if (opt_next(o, argc, argv, ":", none) != -1 || !opt_operands(o, argc, 0, 0, "none"))
		return CLI_USAGE;
	out_str(o, "version", "wattle %", WATTLE_VERSION);
	out_u64(o, "abi_major", ", device ABI %", WATTLE_ABI_MAJOR);
	out_u64(o, "abi_minor", ".%", WATTLE_ABI_MINOR);
	return CLI_OK;
}

const struct cli_verb cli_help = {
	.name		= "help",
	.group		= "Help",
	.summary	= "what there is; help VERB says more",
	.usage		= "wattle help [VERB]\n",
	.run		= help,
};

const struct cli_verb cli_version = {
	.name		= "version",
	.group		= "Help",
	.summary	= "version of the command and of the device ABI it speaks",
	.usage		= "wattle version\n",
	.run		= version,
};
