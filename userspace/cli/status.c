// SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause
/* wattle status: one line that says what is going on. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <wattle/wattle.h>

#include "cli/cli.h"
#include "cli/meter.h"
#include "cli/opt.h"
#include "cli/session.h"
#include "cli/sysinfo.h"

/*
 * An actuator: the driver that is there, and how far requests to it can be
 * trusted. A driver nobody steers is not "none".
 */
static void actuator(struct out *o, const char *name, const char *sep, const char *path,
		     uint32_t confidence)
{
	static const char *const names[] = { "not steered", "hint", "effective" };
	char driver[64] = "", key[32], text[32];

	if (sysinfo_line("", path, driver, sizeof(driver)) || !strcmp(driver, "none"))
		driver[0] = '\0';
	snprintf(key, sizeof(key), "%s_driver", name);
	snprintf(text, sizeof(text), "%s%s %%", sep, name);
	if (driver[0])
		out_str(o, key, text, driver);
	else
		out_unavailable(o, key, text, "no driver");
	snprintf(key, sizeof(key), "%s_requests", name);
	out_str(o, key, driver[0] ? " (%)" : NULL, confidence < 3 ? names[confidence] : "unknown");
}

static void machine(struct out *o, const struct wattle_query *q, bool device)
{
	struct sysinfo_cpus cpus;

	if (sysinfo_cpus("", &cpus))
		cpus = (struct sysinfo_cpus){ .online = q->nr_cpus_online };
	if (cpus.packages)
		out_u64(o, "packages", cpus.packages == 1 ? " | % package" : " | % packages",
			cpus.packages);
	else
		out_unavailable(o, "packages", " | packages %",
				"/sys/devices/system/cpu has no topology");
	out_u64(o, "cpus_online", cpus.online == 1 ? ", % CPU" : ", % CPUs", cpus.online);
	if (device)
		out_u64(o, "cpus_managed", q->mode == WATTLE_MODE_ENFORCE ? " (% managed)" : NULL,
			q->nr_cpus_managed);
}

static int status(struct out *o, int argc, char **argv)
{
	static const struct option none[] = { { 0 } };
	struct wattle_client_opts opts = { .sz = sizeof(opts) };
	struct wattle_energy e;
	struct wattle_client *c;
	struct wattle_query q;
	char err[256];
	bool device;
	int rc;

	if (opt_next(o, argc, argv, ":", none) != -1 || !opt_operands(o, argc, 0, 0, "none"))
		return CLI_USAGE;
	rc = wattle_client__open(&c, &opts, err, sizeof(err));
	if (rc)
		return out_error(o, session_open_exit(opts.backend), "%s", err);
	rc = wattle_client__query(c, &q);
	device = wattle_client__backend(c) == WATTLE_BACKEND_DEVICE;
	if (rc) {
		wattle_client__close(c);
		return out_error(o, device ? CLI_DEVICE : CLI_FAILURE, "%s",
				 wattle_client__error());
	}
	out_str(o, "backend", NULL, device ? "device" : "embedded");
	out_str(o, "backend_reason", NULL, wattle_client__backend_reason(c));
	if (device && cli_mode_name(q.mode))
		out_str(o, "mode", "mode %", cli_mode_name(q.mode));
	else if (device)
		out_u64(o, "mode", "mode % (unknown to this command)", q.mode);
	else
		out_unavailable(o, "mode", "no module, embedded backend",
				"without the module nothing on this machine is steered");
	machine(o, &q, device);
	actuator(o, "cpufreq", " | ", "/sys/devices/system/cpu/cpu0/cpufreq/scaling_driver",
		 q.cpufreq_confidence);
	actuator(o, "cpuidle", ", ", "/sys/devices/system/cpu/cpuidle/current_driver",
		 q.latency_confidence);
	out_group(o, "energy", NULL);
	wattle_energy__read(c, &e);
	if (e.quality == WATTLE_QUALITY_NONE) {
		out_unavailable(o, "package", " | energy: not available", e.why);
	} else {
		out_str(o, "quality", " | energy: %", meter_quality(e.quality));
		out_bool(o, "simulated", ", simulated", e.simulated);
		out_str(o, "zone", " (%)", "package");
		out_str(o, "source", NULL, e.source);
	}
	out_end(o);
	wattle_client__close(c);
	return CLI_OK;
}

const struct cli_verb cli_status = {
	.name		= "status",
	.group		= "Observe",
	.summary	= "mode, CPUs, actuators and energy source in one line (no verb: this)",
	.usage		=
"wattle status\n"
"\n"
"One line: the module's mode (or that there is none), packages and CPUs, the cpufreq\n"
"and cpuidle drivers with how far wattle's requests to them can be trusted\n"
"(effective, hint, not steered), and where joules come from.\n",
	.run		= status,
};
