// SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause
/*
 * A log file is a head (all that initialised the policy) and then struct wattle_record as
 * module/core hands them out. Byte order and layout are the machine's own: a log is read
 * where it was written, or on a machine like it.
 */
#include <errno.h>
#include <linux/types.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "core/policy.h"
#include "core/record.h"
#include "log.h"

#define MAX_ITEMS	(1ULL << 24)
#define MAX_CPUS	8192

static const char magic[8] = "WTLOG01";

/*
 * record_size tells apart a log of another version of module/core, whose records would be
 * misread.
 */
struct head {
	char magic[8];
	__u64 record_size;
	__u64 nr_items;
	__u64 now_ns;
	__u64 nr_cpus;
	struct wattle_policy_params params;
	struct wattle_power_table table;
};

static void write_record(void *data, const struct wattle_record *r)
{
	fwrite(r, sizeof(*r), 1, data);
}

/**
 * sim_log_begin() - log a policy from now on
 * @out: where to; errors are left in ferror()
 * @policy: just initialised
 * @nr_items: item ids are below this
 * @now_ns: the time it was initialised with
 *
 * Return: 0 or -EIO.
 */
int sim_log_begin(FILE *out, struct wattle_policy *policy, __u64 nr_items, __u64 now_ns)
{
	struct head h;

	memset(&h, 0, sizeof(h));
	memcpy(h.magic, magic, sizeof(magic));
	h.record_size = sizeof(struct wattle_record);
	h.nr_items = nr_items;
	h.now_ns = now_ns;
	h.nr_cpus = policy->nr_cpus;
	h.params = policy->params;
	h.table = policy->power->t;
	policy->log = write_record;
	policy->log_data = out;
	return fwrite(&h, sizeof(h), 1, out) == 1 ? 0 : -EIO;
}

static int replay(FILE *f, const char *path, const struct head *h, __u64 *count, FILE *err)
{
	struct wattle_policy_cpu *cpus = calloc(h->nr_cpus, sizeof(*cpus));
	struct wattle_item *items = calloc(h->nr_items, sizeof(*items));
	struct wattle_power power;
	struct wattle_policy p;
	struct wattle_record r;
	int ret = -ENOMEM;
	size_t n;

	if (!cpus || !items)
		goto free_memory;
	ret = -EINVAL;
	if (wattle_power_init(&power, &h->table, NULL)) {
		fprintf(err, "%s: its power table is not valid\n", path);
		goto free_memory;
	}
	wattle_policy_init(&p, &power, &h->params, cpus, (__u32)h->nr_cpus, h->now_ns);
	for (__u64 i = 0; i < h->nr_items; i++)
		items[i].id = i;
	ret = 0;
	while (!ret && (n = fread(&r, 1, sizeof(r), f)) == sizeof(r)) {
		ret = wattle_record_replay(&p, &r, items, h->nr_items);
		if (ret == -EILSEQ)
			fprintf(err, "%s: record %llu: the answer is another one now\n", path,
				(unsigned long long)*count);
		else if (ret)
			fprintf(err, "%s: record %llu: not a call that can have been made\n", path,
				(unsigned long long)*count);
		else
			++*count;
	}
	if (!ret && n) {
		fprintf(err, "%s: cut short in record %llu\n", path, (unsigned long long)*count);
		ret = -EINVAL;
	}
free_memory:
	free(items);
	free(cpus);
	return ret;
}

/**
 * sim_log_replay() - feed a log to a fresh policy and compare every answer
 * @path: file
 * @count: set to the number of records that agreed
 * @err: told what is wrong
 *
 * Return: 0 all the same; -EILSEQ an answer differs; -EINVAL not a log; other errnos.
 */
int sim_log_replay(const char *path, __u64 *count, FILE *err)
{
	FILE *f = fopen(path, "rb");
	struct head h;
	int ret;

	*count = 0;
	if (!f) {
		ret = -errno;
		fprintf(err, "%s: %s\n", path, strerror(errno));
		return ret;
	}
	if (fread(&h, sizeof(h), 1, f) != 1 || memcmp(h.magic, magic, sizeof(magic))) {
		fprintf(err, "%s: not a decision log\n", path);
		ret = -EINVAL;
	} else if (h.record_size != sizeof(struct wattle_record)) {
		fprintf(err, "%s: its records are of %llu bytes, not %zu: another version wrote it\n",
			path, (unsigned long long)h.record_size, sizeof(struct wattle_record));
		ret = -EINVAL;
	} else if (!h.nr_cpus || h.nr_cpus > MAX_CPUS || !h.nr_items || h.nr_items > MAX_ITEMS) {
		fprintf(err, "%s: %llu CPUs and %llu batches cannot be\n", path,
			(unsigned long long)h.nr_cpus, (unsigned long long)h.nr_items);
		ret = -EINVAL;
	} else {
		ret = replay(f, path, &h, count, err);
	}
	fclose(f);
	return ret;
}
