// SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause
/* wattle mode: read or set what the module does. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "cli/cli.h"
#include "cli/opt.h"
#include "cli/sysinfo.h"

#define MODE_FILE	"/sys/class/misc/wattle/mode"

static int cannot(struct out *o, const char *what, int err)
{
	if (err == -ENOENT)
		return out_error(o, CLI_DEVICE,
				 "%s is not there: the module is not loaded; load it with 'modprobe wattle' (or insmod wattle_registry.ko wattle.ko)",
				 MODE_FILE);
	if (err == -EACCES || err == -EPERM)
		return out_error(o, CLI_DEVICE, "cannot %s %s: %s; run it as root", what, MODE_FILE,
				 strerror(-err));
	return out_error(o, CLI_DEVICE, "cannot %s %s: %s", what, MODE_FILE, strerror(-err));
}

static int write_mode(const char *mode)
{
	int fd = open(MODE_FILE, O_WRONLY | O_CLOEXEC);
	ssize_t n;
	int err = 0;

	if (fd < 0)
		return -errno;
	n = write(fd, mode, strlen(mode));
	if (n < 0)
		err = -errno;
	close(fd);
	return err;
}

static int mode(struct out *o, int argc, char **argv)
{
	static const char *const modes[] = { "off", "observe", "advise", "enforce", NULL };
	static const struct option none[] = { { 0 } };
	uint64_t start = opt_now_ns();
	char before[64], now[64];
	unsigned int want;
	int err;

	if (opt_next(o, argc, argv, ":", none) != -1 ||
	    !opt_operands(o, argc, 0, 1, "[off|observe|advise|enforce]"))
		return CLI_USAGE;
	if (optind < argc && !opt_choice(o, "mode", argv[optind], modes, &want))
		return CLI_USAGE;
	err = sysinfo_line("", MODE_FILE, before, sizeof(before));
	if (err)
		return cannot(o, "read", err);
	if (optind == argc) {
		out_str(o, "mode", "%", before);
		return CLI_OK;
	}
	err = write_mode(modes[want]);
	if (err)
		return cannot(o, "write", err);
	err = sysinfo_line("", MODE_FILE, now, sizeof(now));
	if (err)
		return cannot(o, "read back", err);
	if (strcmp(now, modes[want]))
		return out_error(o, CLI_FAILURE, "wrote %s to %s, but it reads %s", modes[want],
				 MODE_FILE, now);
	out_str(o, "mode", "%", now);
	out_str(o, "before", " (was %)", before);
	out_f64(o, "seconds", ", took % s", (opt_now_ns() - start) / 1e9, 3);
	return CLI_OK;
}

const struct cli_verb cli_mode = {
	.name		= "mode",
	.group		= "Control",
	.summary	= "show or set the module's mode: off, observe, advise, enforce",
	.usage		=
"wattle mode [off|observe|advise|enforce]\n"
"\n"
"Without an argument prints the mode. off: nothing is gated, at once and without\n"
"waiting for anybody. observe: decisions are computed and counted, nothing is\n"
"acted on. advise: as observe, and what enforce would have saved is reckoned, for\n"
"'wattle advise'. enforce: work that cannot meet its deadline is refused on queues that\n"
"asked for it, and a managed CPU carries one grant at a time. Setting needs root.\n",
	.run		= mode,
};
