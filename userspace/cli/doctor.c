// SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause
/*
 * wattle doctor: what is here, what is missing, what is broken, and the cure of
 * each. A missing part is a note, as every command works without it; broken is
 * what is there and does not work.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sched.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <wattle/ml.h>

#include "cli/doctor.h"
#include "cli/meter.h"
#include "cli/opt.h"
#include "cli/sysinfo.h"

void doctor_finding(struct doctor *d, const char *check, enum doctor_state s, const char *cure,
		    const char *fmt, ...)
{
	static const char *const names[] = { "ok", "note", "broken" };
	static const char *const texts[] = { "ok      ", "note    ", "BROKEN  " };
	va_list ap;
	char *text;

	va_start(ap, fmt);
	if (vasprintf(&text, fmt, ap) < 0)
		text = NULL;
	va_end(ap);
	out_need(text);
	d->notes += s == NOTE;
	d->broken += s == BROKEN;
	out_group(d->o, check, check);
	out_str(d->o, "state", texts[s], names[s]);
	out_str(d->o, "finding", "%", text);
	if (cure) {
		out_nl(d->o);
		out_str(d->o, "cure", "     -> %", cure);
	}
	out_end(d->o);
	free(text);
}

static void check_kernel(struct doctor *d)
{
	struct utsname u;
	int major = 0, minor = 0;

	uname(&u);
	sscanf(u.release, "%d.%d", &major, &minor);
	if (strcmp(u.machine, "x86_64"))
		doctor_finding(d, "kernel", NOTE,
			"the embedded backend works here; the module is tested on x86_64 only",
			"Linux %s on %s", u.release, u.machine);
	else if (major < 6 || (major == 6 && minor < 1))
		doctor_finding(d, "kernel", NOTE,
			"the module is tested on 6.1 and 6.12; the embedded backend works on any",
			"Linux %s is older than 6.1", u.release);
	else
		doctor_finding(d, "kernel", OK, NULL, "Linux %s, %s", u.release, u.machine);
}

static void check_cpus(struct doctor *d)
{
	struct sysinfo_cpus cpus;
	cpu_set_t allowed;
	int n;

	if (sysinfo_cpus(d->root, &cpus)) {
		doctor_finding(d, "cpus", NOTE, "mount it: mount -t sysfs none /sys",
			"/sys/devices/system/cpu/online cannot be read");
		return;
	}
	n = sched_getaffinity(0, sizeof(allowed), &allowed) ? 0 : CPU_COUNT(&allowed);
	if (n && !*d->root && (unsigned int)n < cpus.online)
		doctor_finding(d, "cpus", NOTE,
			"the rest is closed by an affinity mask or a cpuset (taskset, cgroup cpuset.cpus); widen it if that is not meant",
			"%u online in %u package%s, but only %d may be used by this process",
			cpus.online, cpus.packages, cpus.packages == 1 ? "" : "s", n);
	else
		doctor_finding(d, "cpus", OK, NULL, "%u online in %u package%s, %s kernels",
			       cpus.online,
			cpus.packages, cpus.packages == 1 ? "" : "s", wattle_ml__isa());
}

static void check_module(struct doctor *d)
{
	if (sysinfo_exists(d->root, "/sys/module/wattle"))
		doctor_finding(d, "module", OK, NULL, "wattle is loaded");
	else
		doctor_finding(d, "module", NOTE,
			"build it with 'make module', then: insmod wattle_registry.ko; insmod wattle.ko (or modprobe wattle once installed)",
			"wattle is not loaded; jobs use the embedded backend");
}

static void check_device(struct doctor *d)
{
	struct wattle_client_opts opts = {
		.sz = sizeof(opts), .backend = WATTLE_BACKEND_DEVICE,
	};
	bool loaded = sysinfo_exists(d->root, "/sys/module/wattle");
	char path[PATH_MAX], err[256];
	int rc;

	if (snprintf(path, sizeof(path), "%s" WATTLE_DEFAULT_DEVICE, d->root) >=
	    (int)sizeof(path))
		return;
	opts.device = path;
	rc = wattle_client__open(&d->client, &opts, err, sizeof(err));
	if (rc == -ENOENT && !loaded)
		doctor_finding(d, "device", NOTE, "it appears with the module",
			"%s is not there", path);
	else if (rc == -ENOENT)
		doctor_finding(d, "device", BROKEN,
			"the module is loaded, so udev or devtmpfs should have made it; in a container pass the device in",
			"%s is not there", path);
	else if (rc == -EACCES || rc == -EPERM)
		doctor_finding(d, "device", BROKEN,
			"join the group that owns it ('usermod -aG wattle NAME', then log in again) or run as root",
			"%s: no permission for this user", path);
	else if (rc == -EPROTO)
		doctor_finding(d, "device", BROKEN,
			"build and load the module of the same release as this command",
			"%s", err);
	else if (rc)
		doctor_finding(d, "device", BROKEN, "unload and load the module; see dmesg", "%s",
			       err);
	if (rc) {
		d->client = NULL;
		return;
	}
	if (wattle_client__query(d->client, &d->query)) {
		doctor_finding(d, "device", BROKEN, "unload and load the module; see dmesg",
			"%s: %s", path, wattle_client__error());
		wattle_client__close(d->client);
		d->client = NULL;
		return;
	}
	doctor_finding(d, "device", OK, NULL, "%s, ABI %u.%u", path, d->query.abi_major,
		d->query.abi_minor);
}

static void check_mode(struct doctor *d)
{
	const char *mode = cli_mode_name(d->query.mode);

	if (!d->client)
		return;
	if (!mode)
		doctor_finding(d, "mode", BROKEN, "use the command of the same release as the module",
			"%u, which this command does not know", d->query.mode);
	else if (d->query.mode == WATTLE_MODE_OFF)
		doctor_finding(d, "mode", NOTE, "'wattle mode observe' turns on accounts, and nothing else",
			"off: nothing is accounted or steered");
	else if (d->query.mode == WATTLE_MODE_ENFORCE && !d->query.nr_cpus_managed)
		doctor_finding(d, "mode", NOTE,
			"give it some: echo 0-3 > /sys/class/misc/wattle/managed_cpus",
			"enforce, but no CPU is managed: grants are not gated");
	else
		doctor_finding(d, "mode", OK, NULL, "%s, %u of %u CPUs managed", mode,
			d->query.nr_cpus_managed, d->query.nr_cpus_online);
}

static void check_cpufreq(struct doctor *d)
{
	char drv[64], gov[64] = "?";

	if (sysinfo_line(d->root, "/sys/devices/system/cpu/cpu0/cpufreq/scaling_driver", drv,
			 sizeof(drv)) || !drv[0]) {
		doctor_finding(d, "cpufreq", NOTE,
			"usual in a virtual machine; on hardware enable P-states or CPPC in the firmware",
			"no driver: frequencies cannot be seen or set here");
		return;
	}
	sysinfo_line(d->root, "/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor", gov,
		     sizeof(gov));
	if (!strcmp(drv, "intel_pstate") || !strcmp(drv, "amd-pstate-epp"))
		doctor_finding(d, "cpufreq", NOTE,
			"fine as it is; 'effective' needs the driver's passive mode",
			"driver %s, governor %s: the hardware chooses, limits are hints", drv, gov);
	else
		doctor_finding(d, "cpufreq", OK, NULL, "driver %s, governor %s", drv, gov);
}

static void check_cpuidle(struct doctor *d)
{
	char drv[64];

	if (sysinfo_line(d->root, "/sys/devices/system/cpu/cpuidle/current_driver", drv,
			 sizeof(drv)) || !drv[0] || !strcmp(drv, "none"))
		doctor_finding(d, "cpuidle", NOTE,
			"usual in a virtual machine; on hardware allow C-states in the firmware and drop idle=poll",
			"no driver: idle states cannot be seen here");
	else
		doctor_finding(d, "cpuidle", OK, NULL, "driver %s", drv);
}

static void check_energy(struct doctor *d)
{
	unsigned int readable, packages = sysinfo_rapl(d->root, &readable);
	struct wattle_client_opts opts = {
		.sz = sizeof(opts), .backend = WATTLE_BACKEND_EMBEDDED,
	};
	struct wattle_client *c = d->client;
	struct wattle_energy e;

	/* Without a device that works, what other sources are there? */
	if (!c && wattle_client__open(&c, &opts, NULL, 0))
		return;
	wattle_energy__read(c, &e);
	if (e.quality != WATTLE_QUALITY_NONE)
		doctor_finding(d, "energy", OK, NULL, "%s, %s%s (package)", e.source,
			e.simulated ? "simulated, " : "", meter_quality(e.quality));
	else if (packages && !readable)
		doctor_finding(d, "energy", NOTE,
			"run as root, or let a group read /sys/class/powercap/intel-rapl:*/energy_uj (CVE-2020-8694 closed it)",
			"RAPL is there (%u package%s), but not readable for this user", packages,
			packages == 1 ? "" : "s");
	else
		doctor_finding(d, "energy", NOTE, e.why, "no source of joules");
	if (c != d->client)
		wattle_client__close(c);
}

static void check_btf(struct doctor *d)
{
	if (sysinfo_exists(d->root, "/sys/kernel/btf/vmlinux"))
		doctor_finding(d, "btf", OK, NULL, "/sys/kernel/btf/vmlinux is there");
	else
		doctor_finding(d, "btf", NOTE,
			"only needed to attribute energy to other processes; use a kernel with CONFIG_DEBUG_INFO_BTF",
			"the kernel has no BTF");
}

static int doctor(struct out *o, int argc, char **argv)
{
	static const struct option longs[] = { { "root", required_argument, NULL, 256 }, { 0 } };
	struct doctor d = { .o = o, .root = "" };
	int c;

	while ((c = opt_next(o, argc, argv, ":", longs)) != -1) {
		if (c == '?')
			return CLI_USAGE;
		d.root = optarg;
	}
	if (!opt_operands(o, argc, 0, 0, "none"))
		return CLI_USAGE;
	out_group(o, "checks", NULL);
	check_kernel(&d);
	check_cpus(&d);
	check_module(&d);
	check_device(&d);
	check_mode(&d);
	check_cpufreq(&d);
	check_cpuidle(&d);
	doctor_check_conflicts(&d);
	check_energy(&d);
	check_btf(&d);
	out_end(o);
	if (d.client)
		wattle_client__close(d.client);
	out_group(o, "result", "result");
	out_u64(o, "broken", "% broken", d.broken);
	out_u64(o, "notes", ", % notes", d.notes);
	out_end(o);
	return d.broken ? CLI_FAILURE : CLI_OK;
}

const struct cli_verb cli_doctor = {
	.name		= "doctor",
	.group		= "Observe",
	.summary	= "what is here, missing or broken, each with its cure",
	.usage		=
"wattle doctor [--root DIR]\n"
"\n"
"Looks at the kernel, the CPUs, the module, the device and its permissions, the\n"
"mode, the cpufreq and cpuidle drivers, others that set frequencies (tuned,\n"
"thermald, Slurm's --cpu-freq, limits), the sources of joules and BTF. A note is\n"
"something that is missing and need not be there; BROKEN is there and does not\n"
"work, and makes the exit code 1. --root looks for /sys, /proc, /etc and /dev\n"
"below DIR.\n",
	.run		= doctor,
};
