// SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause
/* See checker.h. */
#include "checker.h"

#include <fcntl.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "harness.h"

static const char * const checker_files[] = {
	"/sys/devices/system/cpu/cpufreq/policy*/scaling_min_freq",
	"/sys/devices/system/cpu/cpufreq/policy*/scaling_max_freq",
	"/sys/devices/system/cpu/cpufreq/policy*/scaling_governor",
	"/sys/devices/system/cpu/cpufreq/policy*/energy_performance_preference",
	"/sys/devices/system/cpu/cpufreq/policy*/affected_cpus",
	"/sys/devices/system/cpu/cpufreq/boost",
	"/sys/devices/system/cpu/cpu*/power/pm_qos_resume_latency_us",
	"/sys/devices/system/cpu/cpu*/online",
};

static const char * const checker_masks[] = {
	"/proc/1/status", "/proc/2/status", "/proc/self/task/*/status",
};

static void add(struct checker *c, const char *name, const char *value)
{
	int n = snprintf(c->text + c->len, sizeof(c->text) - c->len, "%s %s\n", name, value);

	if (n < 0 || n >= (int)(sizeof(c->text) - c->len)) {
		printf("Bail out! the checker's buffer is full\n");
		exit(1);
	}
	c->len += n;
	c->entries++;
}

/* The first line of @path, or the one that begins with @key. */
static void add_file(struct checker *c, const char *path, const char *key)
{
	char buf[8192], *line;
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n;

	if (fd < 0)
		return;
	n = read(fd, buf, sizeof(buf) - 1);
	close(fd);
	if (n <= 0)
		return;
	buf[n] = '\0';
	line = key ? strstr(buf, key) : buf;
	if (!line)
		return;
	line[strcspn(line, "\n")] = '\0';
	add(c, path, line);
}

static void add_glob(struct checker *c, const char *pattern, const char *key)
{
	glob_t g;
	size_t i;

	if (glob(pattern, 0, NULL, &g))
		return;
	for (i = 0; i < g.gl_pathc; i++)
		add_file(c, g.gl_pathv[i], key);
	globfree(&g);
}

void checker_look(struct checker *c)
{
	size_t i;

	c->entries = 0;
	c->len = 0;
	c->text[0] = '\0';
	for (i = 0; i < ARRAY_SIZE(checker_files); i++)
		add_glob(c, checker_files[i], NULL);
	for (i = 0; i < ARRAY_SIZE(checker_masks); i++)
		add_glob(c, checker_masks[i], "Cpus_allowed_list:");
}

static void print_missing(const char *what, const struct checker *a, const struct checker *b)
{
	const char *line = a->text;

	while (*line) {
		size_t n = strcspn(line, "\n");
		char *copy = strndup(line, n + 1);

		if (!strstr(b->text, copy))
			printf("# %s: %.*s\n", what, (int)n, line);
		free(copy);
		line += n + 1;
	}
}

int checker_same(const struct checker *before, uint64_t limit_ns)
{
	static struct checker now;
	uint64_t end = kt_now() + limit_ns;

	do {
		checker_look(&now);
		if (now.len == before->len && !memcmp(now.text, before->text, now.len))
			return 1;
	} while (kt_now() < end);
	print_missing("was", before, &now);
	print_missing("is", &now, before);
	return 0;
}
