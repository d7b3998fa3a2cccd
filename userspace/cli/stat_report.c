// SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause
/*
 * The figures of wattle stat: in the layout of perf stat, in columns, or in JSON, all
 * from the same rows.
 */
#include "cli/stat.h"

#include <stdio.h>
#include <string.h>

#include "cli/cli.h"

#define NOT_SUPPORTED	"<not supported>"

/**
 * struct row - one figure
 * @key:	its name in columns and JSON
 * @label:	its name for people
 * @have:	there is one; else @note says why not
 * @value:	it
 * @digits:	after the point
 * @part:	where its bounds are from; NULL: it has none
 * @quality:	how it came to be; NULL: counted
 * @note:	for people, and the reason when there is none
 */
struct row {
	const char		*key;
	const char		*label;
	const char		*unit;
	bool			have;
	double			value;
	int			digits;
	const struct stat_part	*part;
	const char		*quality;
	const char		*note;
};

static double joules(uint64_t uj)
{
	return (double)uj / 1e6;
}

static void text_row(struct out *o, const struct row *r, uint64_t at_ns)
{
	static char said[256];
	char value[64];

	if (r->have)
		snprintf(value, sizeof(value), "%.*f", r->digits, r->value);
	else
		snprintf(value, sizeof(value), NOT_SUPPORTED);
	if (at_ns)
		fprintf(o->f, "%12.3f", (double)at_ns / 1e9);
	fprintf(o->f, "%18s %-4s %-22s", value, r->unit, r->label);
	if (r->have && r->part)
		fprintf(o->f, " #  %.3f .. %.3f J, %s", joules(r->part->low_uj),
			joules(r->part->high_uj), r->quality);
	else if (r->note && (r->have || strcmp(r->note, said)))
		fprintf(o->f, " #  %s", r->note);
	/* One reason for many rows is said once. */
	if (!r->have)
		snprintf(said, sizeof(said), "%s", r->note);
	fputc('\n', o->f);
}

/* value, unit, name, low, high, quality: empty where there is none. */
static void column_row(struct out *o, const struct row *r, const char *sep, uint64_t at_ns)
{
	if (at_ns)
		fprintf(o->f, "%.9f%s", (double)at_ns / 1e9, sep);
	if (r->have)
		fprintf(o->f, "%.*f", r->digits, r->value);
	else
		fputs(NOT_SUPPORTED, o->f);
	fprintf(o->f, "%s%s%s%s%s", sep, r->unit, sep, r->key, sep);
	if (r->have && r->part)
		fprintf(o->f, "%.6f%s%.6f", joules(r->part->low_uj), sep,
			joules(r->part->high_uj));
	else
		fputs(sep, o->f);
	fprintf(o->f, "%s%s\n", sep, r->have && r->quality ? r->quality : "");
}

static void json_row(struct out *o, const struct row *r)
{
	out_group(o, r->key, NULL);
	out_bool(o, "available", NULL, r->have);
	out_str(o, "unit", NULL, r->unit);
	if (r->have) {
		out_f64(o, "value", NULL, r->value, 0);
		if (r->part) {
			out_f64(o, "low", NULL, joules(r->part->low_uj), 0);
			out_f64(o, "high", NULL, joules(r->part->high_uj), 0);
		}
		if (r->quality)
			out_str(o, "quality", NULL, r->quality);
	} else {
		out_str(o, "why", NULL, r->note);
	}
	out_end(o);
}

static void show(struct out *o, const struct stat_opts *opts, const struct row *r, uint64_t at_ns)
{
	if (o->json)
		json_row(o, r);
	else if (opts->separator)
		column_row(o, r, opts->separator, at_ns);
	else
		text_row(o, r, at_ns);
}

/* The job's rows: what an interval shows as well. */
static void job_rows(struct out *o, const struct stat_opts *opts, const struct stat_meter *m,
		     const struct stat_sum *s, uint64_t at_ns)
{
	const char *quality = stat_quality(m, s), *none = m->domains.last.why;
	const char *no_pmu = "this machine has no such counter, or does not let us use it";
	char slow[96];
	double j = joules(s->job.uj), sec = (double)s->ns / 1e9, cpu = (double)s->job.ns / 1e9;
	char used[64], share[64], mean[64];
	struct row r;

	if (m->info.counter_ns) {
		snprintf(slow, sizeof(slow), "reading a counter takes %llu ns here, as in some virtual machines: not used",
			 (unsigned long long)m->info.counter_ns);
		no_pmu = slow;
	}
	snprintf(mean, sizeof(mean), "on average over %.3f s", sec);
	snprintf(used, sizeof(used), "%.3f CPUs used", sec > 0 ? cpu / sec : 0);
	snprintf(share, sizeof(share), "of %.3f busy CPU-seconds of the machine",
		 (double)s->busy_ns / 1e9);
	r = (struct row){ "energy", "energy", "J", m->energy, j, 3, &s->job, quality, none };
	show(o, opts, &r, at_ns);
	r = (struct row){ "power", "power", "W", m->energy && sec > 0, sec > 0 ? j / sec : 0, 3,
			  NULL, quality, m->energy ? mean : none };
	show(o, opts, &r, at_ns);
	r = (struct row){ "cpu_time", "CPU time", "s", true, cpu, 6, NULL, NULL, used };
	show(o, opts, &r, at_ns);
	r = (struct row){ "cpu_share", "CPU share", "%", s->busy_ns > 0,
			  s->busy_ns ? 100.0 * (double)s->job.ns / (double)s->busy_ns : 0, 2,
			  NULL, NULL, s->busy_ns ? share : "no CPU was busy" };
	show(o, opts, &r, at_ns);
	r = (struct row){ "cycles", "cycles", "", m->info.cycles, (double)s->job.cycles, 0, NULL,
			  NULL, m->info.cycles ? NULL : no_pmu };
	show(o, opts, &r, at_ns);
	r = (struct row){ "instructions", "instructions", "", m->info.instr, (double)s->job.instr,
			  0, NULL, NULL, m->info.instr ? NULL : no_pmu };
	show(o, opts, &r, at_ns);
}

/* The rest of the machine, which with the job adds up to the meters' joules. */
static void machine_rows(struct out *o, const struct stat_opts *opts, const struct stat_meter *m,
			 const struct stat_sum *s)
{
	const char *quality = stat_quality(m, s), *none = m->domains.last.why;
	const char *no_irq = "not told apart in this version: in the other figures";
	const char *no_shared = "its power is not known on this machine: in the other figures";
	struct row r;

	if (!m->all) {
		r = (struct row){ "energy_others", "other processes", "J", m->energy,
				  joules(s->others.uj), 3, &s->others, quality, none };
		show(o, opts, &r, 0);
	}
	r = (struct row){ "energy_kernel", "kernel threads", "J", m->energy,
			  joules(s->kthreads.uj), 3, &s->kthreads, quality, none };
	show(o, opts, &r, 0);
	r = (struct row){ "energy_irq", "interrupts", "J", false, 0, 3, NULL, NULL,
			  m->energy ? no_irq : none };
	show(o, opts, &r, 0);
	r = (struct row){ "energy_idle", "idle", "J", m->energy, joules(s->idle.uj), 3, &s->idle,
			  s->idle_known ? quality : "idle power not learned yet", none };
	show(o, opts, &r, 0);
	r = (struct row){ "energy_shared", "shared", "J", false, 0, 3, NULL, NULL,
			  m->energy ? no_shared : none };
	show(o, opts, &r, 0);
	r = (struct row){ "energy_unattributed", "unattributed", "J", m->energy,
			  joules(s->lost_uj), 3, NULL, quality, m->energy ? NULL : none };
	show(o, opts, &r, 0);
	r = (struct row){ "energy_package", "all packages", "J", m->energy, joules(s->node_uj), 3,
			  NULL, "measured", m->energy ? m->domains.last.source : none };
	if (m->energy && m->domains.last.simulated)
		r.quality = "simulated";
	show(o, opts, &r, 0);
	r = (struct row){ "energy_wall", "wall", "J", false, 0, 3, NULL, NULL,
			  "meters of the whole machine are not read in this version" };
	show(o, opts, &r, 0);
	r = (struct row){ "energy_delay", "energy-delay", "J*s", m->energy,
			  joules(s->job.uj) * (double)s->ns / 1e9, 3, NULL, quality,
			  m->energy ? NULL : none };
	show(o, opts, &r, 0);
}

/* What can make the figures less than they seem. */
static void losses(struct out *o, const struct stat_meter *m)
{
	const struct wattle_tracker_info *i = &m->info;

	if (m->energy && m->domains.last.simulated)
		out_warn(o, "the joules are simulated: %s is a virtual platform",
			 m->domains.last.source);
	if (i->unknown || i->dropped || i->no_storage)
		out_warn(o, "%.6f CPU-seconds are nobody's: %llu switches from threads without accounts, %llu records that found the ring full, %llu threads without memory for accounts",
			 (double)i->lost_ns / 1e9, (unsigned long long)i->unknown,
			 (unsigned long long)i->dropped, (unsigned long long)i->no_storage);
	if (m->domains.glitches)
		out_warn(o, "the meter failed or jumped %llu times; what it showed then is left out",
			 (unsigned long long)m->domains.glitches);
}

static void heading(struct out *o, const struct stat_opts *opts)
{
	char **arg;

	fputs("\n Energy statistics for ", o->f);
	if (opts->all) {
		fputs("'system wide'", o->f);
	} else if (opts->pid) {
		fprintf(o->f, "process %d and its descendants", (int)opts->pid);
	} else {
		fputc('\'', o->f);
		for (arg = opts->cmd; *arg; arg++)
			fprintf(o->f, "%s%s", arg == opts->cmd ? "" : " ", *arg);
		fputc('\'', o->f);
	}
	fputs(":\n\n", o->f);
}

void stat_report(struct out *o, const struct stat_opts *opts, const struct stat_meter *m,
		 const struct stat_sum *s, uint64_t at_ns)
{
	bool people = !o->json && !opts->separator;
	struct row r;

	if (at_ns) {
		job_rows(o, opts, m, s, at_ns);
		fflush(o->f);
		return;
	}
	if (people)
		heading(o, opts);
	job_rows(o, opts, m, s, 0);
	if (people)
		fputc('\n', o->f);
	machine_rows(o, opts, m, s);
	if (people) {
		fprintf(o->f, "\n%18.9f seconds time elapsed\n\n", (double)s->ns / 1e9);
	} else {
		r = (struct row){ "elapsed", "elapsed", "s", true, (double)s->ns / 1e9, 9, NULL,
				  NULL, NULL };
		show(o, opts, &r, 0);
	}
	losses(o, m);
	if (o->json) {
		out_str(o, "source", NULL, m->energy ? m->domains.last.source : "none");
		out_u64(o, "domains", NULL, m->domains.nr);
		out_u64(o, "ticks", NULL, s->ticks);
		out_u64(o, "switches", NULL, m->info.switches);
		out_u64(o, "lost_switches", NULL, m->info.unknown);
		out_u64(o, "lost_records", NULL, m->info.dropped);
		out_f64(o, "busy_s", NULL, (double)s->busy_ns / 1e9, 0);
		out_f64(o, "idle_s", NULL, (double)s->idle_ns / 1e9, 0);
		out_f64(o, "lost_s", NULL, (double)m->info.lost_ns / 1e9, 0);
		out_f64(o, "others_s", NULL, (double)s->others.ns / 1e9, 0);
		out_f64(o, "kernel_s", NULL, (double)s->kthreads.ns / 1e9, 0);
	}
}
