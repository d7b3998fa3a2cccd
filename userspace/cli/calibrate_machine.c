// SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause
/* Frequencies and idle states through sysfs: see calibrate_machine.h. */
#include "cli/calibrate_machine.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cli/cli.h"
#include "cli/sysinfo.h"

#define CPU_DIR		"/sys/devices/system/cpu/cpu%u/"
#define STEPS		9	/* where the driver does not list frequencies */

static int read_text(unsigned int cpu, const char *file, char *text, size_t n)
{
	char path[160];

	snprintf(path, sizeof(path), CPU_DIR "%s", cpu, file);
	return sysinfo_line("", path, text, n);
}

static int read_number(unsigned int cpu, const char *file, unsigned long *v)
{
	char text[64], *end;
	int err = read_text(cpu, file, text, sizeof(text));

	if (err)
		return err;
	*v = strtoul(text, &end, 10);
	return end == text ? -EINVAL : 0;
}

static int write_path(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	int err = 0;

	if (fd < 0)
		return -errno;
	if (write(fd, text, strlen(text)) < 0)
		err = -errno;
	close(fd);
	return err;
}

static int write_number(unsigned int cpu, const char *file, unsigned long v)
{
	char path[160], text[32];

	snprintf(path, sizeof(path), CPU_DIR "%s", cpu, file);
	snprintf(text, sizeof(text), "%lu", v);
	return write_path(path, text);
}

/* --- what there is --- */

static int by_value(const void *a, const void *b)
{
	unsigned int x = *(const unsigned int *)a, y = *(const unsigned int *)b;

	return x < y ? -1 : x > y;
}

/* CPUs by package, one thread of each core first: that one is loaded. */
static int find_cpus(struct out *o, struct cal_machine *m)
{
	unsigned long package[CAL_CPUS], id;
	unsigned int cpu, i, n = 0, per[CAL_CPUS] = { 0 }, cores[CAL_CPUS] = { 0 };
	struct sysinfo_cpus online;
	unsigned long ids[CAL_CPUS];
	char text[256];

	if (sysinfo_cpus("", &online) || !online.online || online.online > CAL_CPUS)
		return out_error(o, CLI_FAILURE, "the CPUs cannot be told from /sys/devices/system/cpu (at most %d are handled)",
				 CAL_CPUS);
	for (cpu = 0; m->nr_cpus < online.online && cpu < 1U << 16; cpu++) {
		if (read_number(cpu, "topology/physical_package_id", &id))
			continue;
		for (i = 0; i < m->packages && ids[i] != id; i++)
			;
		if (i == m->packages)
			ids[m->packages++] = id;
		package[m->nr_cpus] = i;
		m->cpu[m->nr_cpus++] = cpu;
		per[i]++;
	}
	for (i = 0; i < m->packages; i++) {
		for (cpu = 0; cpu < m->nr_cpus; cpu++) {
			if (package[cpu] != i ||
			    read_text(m->cpu[cpu], "topology/thread_siblings_list", text,
				      sizeof(text)))
				continue;
			if (strtoul(text, NULL, 10) != m->cpu[cpu])
				continue;
			m->load_cpu[n++] = m->cpu[cpu];
			cores[i]++;
		}
		if (per[i] != per[0] || cores[i] != cores[0])
			return out_error(o, CLI_FAILURE,
					 "packages have %u CPUs of %u cores and %u of %u online; calibration needs them equal: bring CPUs online or take some offline",
					 per[0], cores[0], per[i], cores[i]);
	}
	m->threads = per[0];
	m->cores = cores[0];
	if (!m->cores)
		return out_error(o, CLI_FAILURE,
				 "no core's first thread is online; bring CPU 0 online or turn SMT off");
	return 0;
}

static int find_khz(struct out *o, struct cal_machine *m)
{
	unsigned long low, high, ns;
	char text[1024], *s, *end;
	unsigned int i;

	if (read_number(m->cpu[0], "cpufreq/cpuinfo_min_freq", &low) ||
	    read_number(m->cpu[0], "cpufreq/cpuinfo_max_freq", &high) || !low || low > high)
		return out_error(o, CLI_FAILURE,
				 "CPU %u has no cpufreq driver: frequencies cannot be set here ('wattle doctor' says more)",
				 m->cpu[0]);
	m->listed = !read_text(m->cpu[0], "cpufreq/scaling_available_frequencies", text,
			       sizeof(text)) && text[0];
	for (s = text; m->listed && m->nr_khz < CAL_OPPS; s = end) {
		unsigned long khz = strtoul(s, &end, 10);

		if (end == s)
			break;
		if (khz)
			m->khz[m->nr_khz++] = khz;
	}
	if (!m->nr_khz)
		m->listed = false;
	for (i = 0; !m->listed && i < (low < high ? STEPS : 1); i++)
		m->khz[m->nr_khz++] = low + (high - low) * i / (STEPS - 1);
	qsort(m->khz, m->nr_khz, sizeof(m->khz[0]), by_value);
	/* "unlimited" and drivers that do not say have 2^32 - 1. */
	if (!read_number(m->cpu[0], "cpufreq/cpuinfo_transition_latency", &ns) && ns < 1000000000)
		m->switch_us = (ns + 999) / 1000;
	return 0;
}

static int find_idle(struct out *o, struct cal_machine *m)
{
	unsigned long residency, latency;
	char file[64], name[64];
	unsigned int i;

	for (i = 0; m->nr_idle < CAL_IDLE; i++) {
		struct cal_idle_state *s = &m->idle[m->nr_idle];

		snprintf(file, sizeof(file), "cpuidle/state%u/name", i);
		if (read_text(m->cpu[0], file, name, sizeof(name)))
			break;
		if (!strcmp(name, "POLL"))
			continue;	/* a loop: a running CPU, for microseconds */
		snprintf(file, sizeof(file), "cpuidle/state%u/residency", i);
		if (read_number(m->cpu[0], file, &residency))
			residency = 0;
		snprintf(file, sizeof(file), "cpuidle/state%u/latency", i);
		if (read_number(m->cpu[0], file, &latency))
			latency = 0;
		s->index = i;
		snprintf(s->name, sizeof(s->name), "%.31s", name);
		s->residency_us = residency;
		s->exit_us = latency;
		m->nr_idle++;
	}
	if (!m->nr_idle)
		return out_error(o, CLI_FAILURE,
				 "CPU %u has no cpuidle driver: idle states cannot be told apart here ('wattle doctor' says more)",
				 m->cpu[0]);
	return 0;
}

int cal_machine_find(struct out *o, struct cal_machine *m)
{
	int code;

	memset(m, 0, sizeof(*m));
	m->keeper_fd = -1;
	code = find_cpus(o, m);
	if (!code)
		code = find_khz(o, m);
	if (!code)
		code = find_idle(o, m);
	return code;
}

/* --- holding it --- */

/**
 * struct saved - how one CPU was
 * @min: @max:	its limits
 * @disabled:	of each of the states
 */
struct saved {
	unsigned long	min, max;
	unsigned long	disabled[CAL_IDLE];
};

static int save(const struct cal_machine *m, unsigned int cpu, struct saved *s)
{
	char file[64];
	unsigned int k;
	int err;

	err = read_number(cpu, "cpufreq/scaling_min_freq", &s->min);
	if (!err)
		err = read_number(cpu, "cpufreq/scaling_max_freq", &s->max);
	for (k = 0; !err && k < m->nr_idle; k++) {
		snprintf(file, sizeof(file), "cpuidle/state%u/disable", m->idle[k].index);
		err = read_number(cpu, file, &s->disabled[k]);
	}
	return err;
}

/* Limits one after the other, in an order in which neither is ever crossed. */
static int set_limits(unsigned int cpu, unsigned long min, unsigned long max)
{
	unsigned long low;
	int err = read_number(cpu, "cpufreq/cpuinfo_min_freq", &low);

	if (!err)
		err = write_number(cpu, "cpufreq/scaling_min_freq", low);
	if (!err)
		err = write_number(cpu, "cpufreq/scaling_max_freq", max);
	if (!err)
		err = write_number(cpu, "cpufreq/scaling_min_freq", min);
	return err;
}

static int restore(const struct cal_machine *m, unsigned int cpu, const struct saved *s)
{
	int err = set_limits(cpu, s->min, s->max), ret;
	char file[64];
	unsigned int k;

	for (k = 0; k < m->nr_idle; k++) {
		snprintf(file, sizeof(file), "cpuidle/state%u/disable", m->idle[k].index);
		ret = write_number(cpu, file, s->disabled[k]);
		if (!err)
			err = ret;
	}
	return err;
}

/* Lives until the other end of @fd is closed, by whatever means. */
static void keep(const struct cal_machine *m, int fd, const struct saved *saved)
{
	unsigned int i;
	int err = 0, ret;
	ssize_t n;
	char byte;

	setsid();	/* no terminal's interrupt */
	signal(SIGTERM, SIG_IGN);
	signal(SIGHUP, SIG_IGN);
	signal(SIGINT, SIG_IGN);
	do
		n = read(fd, &byte, 1);
	while (n > 0 || (n < 0 && errno == EINTR));
	for (i = 0; i < m->nr_cpus; i++) {
		ret = restore(m, m->cpu[i], &saved[i]);
		if (!err)
			err = ret;
	}
	_exit(err ? -err & 0xff : 0);
}

int cal_machine_hold(struct out *o, struct cal_machine *m)
{
	struct saved *saved = out_need(calloc(m->nr_cpus, sizeof(*saved)));
	int fds[2], err = 0;
	unsigned int i;

	for (i = 0; !err && i < m->nr_cpus; i++)
		err = save(m, m->cpu[i], &saved[i]);
	if (err) {
		free(saved);
		return out_error(o, CLI_FAILURE, "cannot read how CPU %u is set up: %s",
				 m->cpu[i - 1], strerror(-err));
	}
	/* Writing what is there already shows whether writing is allowed. */
	err = set_limits(m->cpu[0], saved[0].min, saved[0].max);
	if (err) {
		free(saved);
		return out_error(o, CLI_FAILURE,
				 "cannot set the limits of CPU %u's clock: %s; run it as root",
				 m->cpu[0], strerror(-err));
	}
	if (pipe2(fds, O_CLOEXEC)) {
		free(saved);
		return out_error(o, CLI_FAILURE, "no pipe: %s", strerror(errno));
	}
	m->keeper = fork();
	if (m->keeper < 0) {
		err = errno;
		close(fds[0]);
		close(fds[1]);
		free(saved);
		return out_error(o, CLI_FAILURE, "no process: %s", strerror(err));
	}
	if (!m->keeper) {
		close(fds[1]);
		prctl(PR_SET_NAME, "wattle-keeper");
		keep(m, fds[0], saved);
	}
	free(saved);
	close(fds[0]);
	m->keeper_fd = fds[1];
	return 0;
}

int cal_machine_set(const struct cal_machine *m, unsigned int khz, unsigned int idle)
{
	unsigned int i, k;
	char file[64];
	int err = 0;

	for (i = 0; !err && i < m->nr_cpus; i++) {
		err = set_limits(m->cpu[i], khz, khz);
		for (k = 0; !err && k < m->nr_idle; k++) {
			snprintf(file, sizeof(file), "cpuidle/state%u/disable", m->idle[k].index);
			err = write_number(m->cpu[i], file, k > idle);
		}
	}
	return err;
}

int cal_machine_release(struct cal_machine *m)
{
	int status = 0;

	if (m->keeper_fd < 0)
		return 0;
	close(m->keeper_fd);
	m->keeper_fd = -1;
	while (waitpid(m->keeper, &status, 0) < 0)
		if (errno != EINTR)
			return -errno;
	if (WIFEXITED(status))
		return -WEXITSTATUS(status);
	return -EINTR;
}

bool cal_machine_at(const struct cal_machine *m, unsigned int khz)
{
	unsigned long now;
	unsigned int i;

	for (i = 0; i < m->nr_cpus; i++)
		if (!read_number(m->cpu[i], "cpufreq/scaling_cur_freq", &now) && now &&
		    (now < khz - khz / 20 || now > khz + khz / 20))
			return false;
	return true;
}

double cal_machine_busy(void)
{
	unsigned long long v[8] = { 0 };
	char text[256];

	/* user nice system idle iowait irq softirq steal */
	if (sysinfo_line("", "/proc/stat", text, sizeof(text)) ||
	    sscanf(text, "cpu %llu %llu %llu %llu %llu %llu %llu %llu", &v[0], &v[1], &v[2], &v[3],
		   &v[4], &v[5], &v[6], &v[7]) < 7)
		return -1;
	return (double)(v[0] + v[1] + v[2] + v[5] + v[6]) / (double)sysconf(_SC_CLK_TCK);
}
