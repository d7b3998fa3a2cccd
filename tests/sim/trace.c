// SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause
/*
 * Traces in CSV: `release_us,deadline_us,work_kcycles,stall_us`, an empty deadline is none.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "sim.h"

static const char header[] = "release_us,deadline_us,work_kcycles,stall_us";

static const char *const field_name[4] = {
	"release_us", "deadline_us", "work_kcycles", "stall_us"
};

struct where {
	const char *path;
	unsigned long line;
	FILE *err;
};

static int complain(const struct where *w, unsigned long column, const char *what)
{
	fprintf(w->err, "%s:%lu:%lu: %s\n", w->path, w->line, column, what);
	return -EINVAL;
}

/* A decimal number up to @max at *@at; moves *@at behind it. */
static int number(const struct where *w, const char *line, const char **at, int field,
		  uint64_t max, uint64_t *out)
{
	const char *s = *at;
	uint64_t v = 0;
	char text[128];

	if (*s < '0' || *s > '9') {
		snprintf(text, sizeof(text), "%s is not a whole number without a sign: '%.16s'",
			 field_name[field], s);
		return complain(w, (unsigned long)(s - line) + 1, text);
	}
	for (; *s >= '0' && *s <= '9'; s++) {
		v = v * 10 + (uint64_t)(*s - '0');
		if (v > max) {
			snprintf(text, sizeof(text), "%s is above %" PRIu64,
				 field_name[field], max);
			return complain(w, (unsigned long)(*at - line) + 1, text);
		}
	}
	*at = s;
	*out = v;
	return 0;
}

static int parse_line(const struct where *w, const char *line, struct sim_job *j)
{
	static const uint64_t max[4] = { SIM_MAX_US, SIM_MAX_US, SIM_MAX_KCYCLES, SIM_MAX_US };
	const char *s = line;
	uint64_t v[4];

	for (int i = 0; i < 4; i++) {
		if (i == 1 && *s == ',') {
			v[i] = SIM_NEVER;
		} else {
			int ret = number(w, line, &s, i, max[i], &v[i]);

			if (ret)
				return ret;
		}
		if (i < 3 && *s != ',')
			return complain(w, (unsigned long)(s - line) + 1,
					"expected ',' and four fields: release_us,deadline_us,work_kcycles,stall_us");
		if (i < 3)
			s++;
	}
	if (*s)
		return complain(w, (unsigned long)(s - line) + 1, "more than four fields");
	if (!v[2] && !v[3])
		return complain(w, 1, "a batch without work: work_kcycles and stall_us are both 0");
	if (v[1] != SIM_NEVER && v[1] <= v[0])
		return complain(w, 1, "the deadline is not after the release");
	*j = (struct sim_job){ v[0], v[1], v[2], v[3] };
	return 0;
}

static int by_release(const void *a, const void *b)
{
	const struct sim_job *x = a, *y = b;

	if (x->release_us != y->release_us)
		return x->release_us < y->release_us ? -1 : 1;
	if (x->deadline_us != y->deadline_us)
		return x->deadline_us < y->deadline_us ? -1 : 1;
	return 0;
}

/**
 * sim_trace_read() - read a trace
 * @t: filled; sorted by release, equal releases by deadline
 * @path: file
 * @err: told "file:line:column: what" on an error
 *
 * Return: 0, or a negative errno when the file cannot be read or a line is no batch.
 */
int sim_trace_read(struct sim_trace *t, const char *path, FILE *err)
{
	struct where w = { path, 0, err };
	FILE *f = fopen(path, "r");
	const char *base = strrchr(path, '/');
	char *line = NULL;
	size_t room = 0, have = 0;
	ssize_t len;
	int ret = 0;

	memset(t, 0, sizeof(*t));
	if (!f) {
		ret = -errno;
		fprintf(err, "%s: %s\n", path, strerror(errno));
		return ret;
	}
	snprintf(t->name, sizeof(t->name), "%s", base ? base + 1 : path);
	while ((len = getline(&line, &room, f)) >= 0) {
		struct sim_job *grown, j;

		w.line++;
		while (len > 0 && (line[len - 1] == '\n' || line[len - 1] == '\r'))
			line[--len] = 0;
		if (strlen(line) != (size_t)len) {
			ret = complain(&w, strlen(line) + 1, "a zero byte: is this a text file?");
			goto close;
		}
		if (w.line == 1) {
			if (strcmp(line, header)) {
				ret = complain(&w, 1, "the first line must be 'release_us,deadline_us,work_kcycles,stall_us'");
				goto close;
			}
			continue;
		}
		if (!len || line[0] == '#')
			continue;
		ret = parse_line(&w, line, &j);
		if (ret)
			goto close;
		if (t->n == have) {
			have = have ? 2 * have : 64;
			grown = realloc(t->job, have * sizeof(*grown));
			if (!grown) {
				ret = -ENOMEM;
				goto close;
			}
			t->job = grown;
		}
		t->job[t->n++] = j;
	}
	if (ferror(f)) {
		ret = -EIO;
		fprintf(err, "%s: cannot be read\n", path);
	} else if (!t->n) {
		ret = -EINVAL;
		fprintf(err, "%s:%lu:1: no batch in the file\n", path, w.line + 1);
	} else {
		qsort(t->job, t->n, sizeof(*t->job), by_release);
	}
close:
	free(line);
	fclose(f);
	if (ret)
		sim_trace_free(t);
	return ret;
}

/**
 * sim_trace_write() - write a trace as sim_trace_read() takes it
 * @t: trace
 * @out: where to
 */
void sim_trace_write(const struct sim_trace *t, FILE *out)
{
	fprintf(out, "%s\n# %s\n", header, t->name);
	for (size_t i = 0; i < t->n; i++) {
		const struct sim_job *j = &t->job[i];

		fprintf(out, "%" PRIu64 ",", j->release_us);
		if (j->deadline_us != SIM_NEVER)
			fprintf(out, "%" PRIu64, j->deadline_us);
		fprintf(out, ",%" PRIu64 ",%" PRIu64 "\n", j->work_kcycles, j->stall_us);
	}
}

/**
 * sim_trace_free() - give the batches back
 * @t: trace, empty afterwards
 */
void sim_trace_free(struct sim_trace *t)
{
	free(t->job);
	t->job = NULL;
	t->n = 0;
}
