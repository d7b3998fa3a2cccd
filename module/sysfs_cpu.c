// SPDX-License-Identifier: GPL-2.0-only
/*
 * /sys/class/misc/wattle/cpuN: what is asked of a CPU and what becomes of it. A
 * group for each possible CPU, made once, so that no file comes or goes with a
 * domain. What belongs to a domain or a policy reads the same for all its CPUs.
 */
#include <linux/cpumask.h>
#include <linux/device.h>
#include <linux/math64.h>
#include <linux/mm.h>
#include <linux/pm_qos.h>
#include <linux/slab.h>
#include <linux/sysfs.h>
#include <linux/time64.h>

#include "cpus.h"
#include "domain.h"
#include "latency.h"
#include "plan.h"
#include "sysfs_cpu.h"

/* What a file is about; with the domain sem held, either pointer may be NULL. */
struct wattle_sysfs_subject {
	unsigned int		cpu;
	struct wattle_domain	*d;
	struct wattle_clock	*k;
};

struct wattle_sysfs_cpu_file {
	const char	*name;
	int		(*show)(const struct wattle_sysfs_subject *s, char *buf);
};

struct wattle_sysfs_cpu_attr {
	struct device_attribute			dev_attr;
	const struct wattle_sysfs_cpu_file	*file;
	unsigned int				cpu;
};

static int wattle_sysfs_number(char *buf, u64 value, bool known)
{
	return known ? sysfs_emit(buf, "%llu\n", value) : sysfs_emit(buf, "unavailable\n");
}

static int wattle_sysfs_domain_cpus(const struct wattle_sysfs_subject *s, char *buf)
{
	return s->d ? sysfs_emit(buf, "%*pbl\n", cpumask_pr_args(s->d->cpus)) :
		      sysfs_emit(buf, "\n");
}

static int wattle_sysfs_requested_khz(const struct wattle_sysfs_subject *s, char *buf)
{
	u32 khz = s->k ? READ_ONCE(s->k->held_khz) : 0;

	return khz ? sysfs_emit(buf, "%u\n", khz) : sysfs_emit(buf, "none\n");
}

static int wattle_sysfs_observed_khz(const struct wattle_sysfs_subject *s, char *buf)
{
	u32 khz = wattle_cpus_observed_khz(s->cpu);

	return wattle_sysfs_number(buf, khz, khz);
}

static int wattle_sysfs_foreign_max_khz(const struct wattle_sysfs_subject *s, char *buf)
{
	u32 khz = s->k ? READ_ONCE(s->k->foreign_max) : 0;

	if (s->k && khz == FREQ_QOS_MAX_DEFAULT_VALUE)
		return sysfs_emit(buf, "none\n");
	return wattle_sysfs_number(buf, khz, s->k);
}

static int wattle_sysfs_foreign_min_khz(const struct wattle_sysfs_subject *s, char *buf)
{
	u32 khz = s->k ? READ_ONCE(s->k->foreign_min) : 0;

	if (s->k && khz == FREQ_QOS_MIN_DEFAULT_VALUE)
		return sysfs_emit(buf, "none\n");
	return wattle_sysfs_number(buf, khz, s->k);
}

static int wattle_sysfs_confidence(const struct wattle_sysfs_subject *s, char *buf)
{
	static const char * const names[] = {
		[WATTLE_CONFIDENCE_NONE]	= "none",
		[WATTLE_CONFIDENCE_HINT]	= "hint",
		[WATTLE_CONFIDENCE_EFFECTIVE]	= "effective",
	};

	return sysfs_emit(buf, "%s\n", names[wattle_domain_confidence(s->cpu)]);
}

static int wattle_sysfs_requested_latency_us(const struct wattle_sysfs_subject *s, char *buf)
{
	u32 us = wattle_latency_held_us(s->cpu);

	return us ? sysfs_emit(buf, "%u\n", us) : sysfs_emit(buf, "none\n");
}

#define WATTLE_SYSFS_COUNT(name, count)						\
static int wattle_sysfs_##name(const struct wattle_sysfs_subject *s, char *buf)	\
{										\
	return wattle_sysfs_number(buf, s->d ? READ_ONCE(count) : 0, s->d);	\
}

WATTLE_SYSFS_COUNT(actuations, s->d->actuations);
WATTLE_SYSFS_COUNT(nudges, s->d->nudges);
WATTLE_SYSFS_COUNT(failures, s->d->failures);

#define WATTLE_SYSFS_TOOK(name, took, ns)					\
static int wattle_sysfs_##name(const struct wattle_sysfs_subject *s, char *buf)	\
{										\
	const struct wattle_took *t = s->d ? (took) : NULL;			\
										\
	if (t && !READ_ONCE(t->nr))						\
		t = NULL;							\
	return wattle_sysfs_number(buf, t ? div64_u64(ns, NSEC_PER_USEC) : 0, t); \
}

WATTLE_SYSFS_TOOK(force_last_us, &s->d->force, READ_ONCE(t->last_ns));
WATTLE_SYSFS_TOOK(force_mean_us, &s->d->force, div64_u64(READ_ONCE(t->sum_ns), t->nr));
WATTLE_SYSFS_TOOK(force_max_us, &s->d->force, READ_ONCE(t->max_ns));
WATTLE_SYSFS_TOOK(follow_last_us, &s->d->follow, READ_ONCE(t->last_ns));
WATTLE_SYSFS_TOOK(follow_mean_us, &s->d->follow, div64_u64(READ_ONCE(t->sum_ns), t->nr));
WATTLE_SYSFS_TOOK(follow_max_us, &s->d->follow, READ_ONCE(t->max_ns));

#define WATTLE_SYSFS_FILE(name)	{ #name, wattle_sysfs_##name }

static const struct wattle_sysfs_cpu_file wattle_sysfs_cpu_files[] = {
	WATTLE_SYSFS_FILE(domain_cpus),
	WATTLE_SYSFS_FILE(requested_khz),
	WATTLE_SYSFS_FILE(observed_khz),
	WATTLE_SYSFS_FILE(foreign_max_khz),
	WATTLE_SYSFS_FILE(foreign_min_khz),
	WATTLE_SYSFS_FILE(confidence),
	WATTLE_SYSFS_FILE(requested_latency_us),
	WATTLE_SYSFS_FILE(actuations),
	WATTLE_SYSFS_FILE(nudges),
	WATTLE_SYSFS_FILE(failures),
	WATTLE_SYSFS_FILE(force_last_us),
	WATTLE_SYSFS_FILE(force_mean_us),
	WATTLE_SYSFS_FILE(force_max_us),
	WATTLE_SYSFS_FILE(follow_last_us),
	WATTLE_SYSFS_FILE(follow_mean_us),
	WATTLE_SYSFS_FILE(follow_max_us),
};

#define WATTLE_SYSFS_CPU_FILES	ARRAY_SIZE(wattle_sysfs_cpu_files)

static ssize_t wattle_sysfs_cpu_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	const struct wattle_sysfs_cpu_attr *a =
		container_of(attr, struct wattle_sysfs_cpu_attr, dev_attr);
	struct wattle_sysfs_subject s = { .cpu = a->cpu };
	int len;

	down_read(&wattle_domain_sem);
	s.d = wattle_plan_domain(s.cpu);
	s.k = wattle_domain_clock_of(s.cpu);
	len = a->file->show(&s, buf);
	up_read(&wattle_domain_sem);
	return len;
}

/**
 * struct wattle_sysfs_one - the group of one CPU
 * @group:	named after it
 * @name:	"cpuN"
 * @attrs:	NULL-terminated pointers into @files
 * @files:	the attributes
 */
struct wattle_sysfs_one {
	struct attribute_group		group;
	char				name[16];
	struct attribute		*attrs[WATTLE_SYSFS_CPU_FILES + 1];
	struct wattle_sysfs_cpu_attr	files[WATTLE_SYSFS_CPU_FILES];
};

static struct wattle_sysfs_one *wattle_sysfs_ones;

static void wattle_sysfs_cpu_fill(struct wattle_sysfs_one *one, unsigned int cpu)
{
	unsigned int i;

	snprintf(one->name, sizeof(one->name), "cpu%u", cpu);
	one->group.name = one->name;
	one->group.attrs = one->attrs;
	for (i = 0; i < WATTLE_SYSFS_CPU_FILES; i++) {
		struct wattle_sysfs_cpu_attr *a = &one->files[i];

		sysfs_attr_init(&a->dev_attr.attr);
		a->dev_attr.attr.name = wattle_sysfs_cpu_files[i].name;
		a->dev_attr.attr.mode = 0444;
		a->dev_attr.show = wattle_sysfs_cpu_show;
		a->file = &wattle_sysfs_cpu_files[i];
		a->cpu = cpu;
		one->attrs[i] = &a->dev_attr.attr;
	}
}

/**
 * wattle_sysfs_cpu_make() - the device's groups: a fixed list and one for each CPU
 * @others: the fixed list, NULL-terminated
 *
 * Return: NULL-terminated, for wattle_sysfs_cpu_free(); NULL no memory.
 */
const struct attribute_group **wattle_sysfs_cpu_make(const struct attribute_group **others)
{
	const struct attribute_group **groups;
	struct wattle_sysfs_one *one;
	unsigned int cpu, n = 0;

	while (others[n])
		n++;
	groups = kvcalloc(n + num_possible_cpus() + 1, sizeof(*groups), GFP_KERNEL);
	wattle_sysfs_ones = kvcalloc(num_possible_cpus(), sizeof(*wattle_sysfs_ones), GFP_KERNEL);
	if (!groups || !wattle_sysfs_ones) {
		wattle_sysfs_cpu_free(groups);
		return NULL;
	}
	memcpy(groups, others, n * sizeof(*groups));
	one = wattle_sysfs_ones;
	for_each_possible_cpu(cpu) {
		wattle_sysfs_cpu_fill(one, cpu);
		groups[n++] = &one++->group;
	}
	return groups;
}

/**
 * wattle_sysfs_cpu_free() - the device has gone
 * @groups: from wattle_sysfs_cpu_make(), or NULL
 */
void wattle_sysfs_cpu_free(const struct attribute_group **groups)
{
	kvfree(groups);
	kvfree(wattle_sysfs_ones);
	wattle_sysfs_ones = NULL;
}
