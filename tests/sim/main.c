// SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause
/* wattle-sim: one trace, or the standard set. */
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <linux/perf_event.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "log.h"
#include "oracle.h"
#include "policies.h"
#include "report.h"
#include "standard.h"
#include "svg.h"

#define MAX_TABLES	8

struct options {
	const char *trace, *family, *policy, *svg, *json, *write, *worst, *believe, *log, *replay;
	const char *power[MAX_TABLES];
	int npower, cpus;
	bool standard, feasible;
	size_t traces;
	uint64_t seed;
	double work_error;
};

static const char usage[] =
"usage: wattle-sim --trace FILE --power FILE [options]     one trace from a file\n"
"       wattle-sim --family NAME --seed N --power FILE [options]  one generated trace\n"
"       wattle-sim --standard --power FILE [--power FILE ...] [options]  the standard set\n"
"       wattle-sim --replay FILE      a log into a fresh policy: are the answers the same?\n"
"\n"
"  --policy A,B,...   only these (race schedutil capped ear5 fixed oa wattle wattle-nodefer\n"
"                     wattle-blind wattle-work30 wattle-wrongtable)\n"
"  --cpus N           number of CPUs (1)\n"
"  --seed N           first seed (1)\n"
"  --traces N         traces a family in the standard set (60)\n"
"  --json FILE        standard set: figures as JSON\n"
"  --worst DIR        standard set: keep the traces on which wattle does badly\n"
"  --believe FILE     one trace: the power table that wattle-wrongtable is given\n"
"  --svg FILE         one trace: speed, power and backlog over time\n"
"  --log FILE         one trace: every call into wattle's policy and its answer\n"
"  --write FILE       one trace: write it as CSV\n"
"  --as-is            one trace: do not move deadlines that f_max cannot meet\n";

static bool whole(const char *s, uint64_t min, uint64_t max, uint64_t *out)
{
	char *end;
	unsigned long long v;

	errno = 0;
	v = strtoull(s, &end, 10);
	if (*s < '0' || *s > '9' || *end || errno || v < min || v > max)
		return false;
	*out = v;
	return true;
}

static int parse(int argc, char **argv, struct options *o)
{
	static const struct option opts[] = {
		{ "trace", 1, NULL, 't' }, { "power", 1, NULL, 'p' }, { "family", 1, NULL, 'f' },
		{ "seed", 1, NULL, 's' }, { "traces", 1, NULL, 'n' }, { "cpus", 1, NULL, 'c' },
		{ "policy", 1, NULL, 'P' }, { "svg", 1, NULL, 'g' }, { "json", 1, NULL, 'j' },
		{ "write", 1, NULL, 'w' }, { "worst", 1, NULL, 'W' }, { "believe", 1, NULL, 'b' },
		{ "standard", 0, NULL, 'S' }, { "as-is", 0, NULL, 'a' },
		{ "log", 1, NULL, 'l' }, { "replay", 1, NULL, 'r' },
		{ "help", 0, NULL, 'h' }, { NULL, 0, NULL, 0 }
	};
	uint64_t v;
	int k;

	*o = (struct options){ .cpus = 1, .traces = 60, .seed = 1, .feasible = true };
	while ((k = getopt_long(argc, argv, "", opts, NULL)) >= 0) {
		bool fine = true;

		switch (k) {
		case 't':
			o->trace = optarg;
			break;
		case 'f':
			o->family = optarg;
			break;
		case 'P':
			o->policy = optarg;
			break;
		case 'g':
			o->svg = optarg;
			break;
		case 'j':
			o->json = optarg;
			break;
		case 'w':
			o->write = optarg;
			break;
		case 'W':
			o->worst = optarg;
			break;
		case 'b':
			o->believe = optarg;
			break;
		case 'l':
			o->log = optarg;
			break;
		case 'r':
			o->replay = optarg;
			break;
		case 'S':
			o->standard = true;
			break;
		case 'a':
			o->feasible = false;
			break;
		case 'p':
			fine = o->npower < MAX_TABLES;
			if (fine)
				o->power[o->npower++] = optarg;
			break;
		case 's':
			fine = whole(optarg, 0, UINT32_MAX, &o->seed);
			break;
		case 'n':
			fine = whole(optarg, 1, 100000, &v);
			o->traces = v;
			break;
		case 'c':
			fine = whole(optarg, 1, SIM_MAX_CPUS, &v);
			o->cpus = (int)v;
			break;
		case 'h':
			fputs(usage, stdout);
			exit(0);
		default:
			fputs(usage, stderr);
			return -EINVAL;
		}
		if (!fine) {
			fprintf(stderr, "wattle-sim: '%s' is no value for that option\n%s", optarg,
				usage);
			return -EINVAL;
		}
	}
	if (optind == argc && o->replay)
		return 0;
	if (optind < argc || !o->npower || o->standard + !!o->trace > 1 ||
	    (!o->standard && !o->trace && !o->family) || (o->trace && o->family)) {
		fputs(usage, stderr);
		return -EINVAL;
	}
	if (o->family) {
		int i = 0;

		while (sim_families[i] && strcmp(sim_families[i], o->family))
			i++;
		if (!sim_families[i]) {
			fprintf(stderr, "wattle-sim: no family '%s'; there are", o->family);
			for (i = 0; sim_families[i]; i++)
				fprintf(stderr, " %s", sim_families[i]);
			fprintf(stderr, "\n");
			return -EINVAL;
		}
	}
	return 0;
}

/* User instructions of this process; -1 without a PMU, as in most guests. */
static int open_counter(void)
{
	struct perf_event_attr a = {
		.type = PERF_TYPE_HARDWARE, .size = sizeof(a),
		.config = PERF_COUNT_HW_INSTRUCTIONS, .exclude_kernel = 1, .exclude_hv = 1,
	};

	return (int)syscall(SYS_perf_event_open, &a, 0, -1, -1, 0);
}

static int get_trace(const struct options *o, const struct sim_power *p, struct sim_trace *t)
{
	int ret = o->trace ? sim_trace_read(t, o->trace, stderr) :
		  sim_generate(t, o->family, o->seed, sim_fmax(p), o->cpus);

	if (!ret && !o->trace && o->feasible)
		ret = sim_make_feasible(t, p, o->cpus);
	if (!ret && o->write) {
		FILE *f = fopen(o->write, "w");

		if (!f) {
			ret = -errno;
			fprintf(stderr, "%s: %s\n", o->write, strerror(errno));
			return ret;
		}
		sim_trace_write(t, f);
		ret = fclose(f) ? -EIO : 0;
	}
	return ret;
}

static bool wanted(const char *list, const char *name)
{
	const char *s = list ? strstr(list, name) : NULL;
	size_t n = strlen(name);

	for (; s; s = strstr(s + 1, name))
		if ((s == list || s[-1] == ',') && (!s[n] || s[n] == ','))
			return true;
	return !list;
}

static int draw(const char *path, const char *title, struct sim *runs, const char *const *label,
		int n)
{
	struct sim_series series[SIM_SVG_SERIES];
	FILE *f = fopen(path, "w");
	int ret;

	if (!f) {
		ret = -errno;
		fprintf(stderr, "%s: %s\n", path, strerror(errno));
		return ret;
	}
	for (int i = 0; i < n; i++)
		series[i] = (struct sim_series){ label[i], runs[i].sample, runs[i].nsample };
	ret = sim_svg(f, title, series, n);
	if (fclose(f) && !ret)
		ret = -EIO;
	return ret;
}

static int one(const struct options *o, const struct sim_power *p,
	       const struct sim_power *wrong, int instr_fd)
{
	struct sim runs[SIM_SVG_SERIES], s;
	const char *label[SIM_SVG_SERIES];
	struct sim_score race, score;
	struct sim_trace t = { .n = 0 };
	struct sim_case c = {
		.power = p, .wrong = wrong, .trace = &t, .cpus = o->cpus, .seed = o->seed,
		.instr_fd = instr_fd,
	};
	struct sim_bound b;
	char title[200];
	int ret = get_trace(o, p, &t), n = 0;

	if (ret)
		goto free_trace;
	ret = sim_oracle(&b, &t, p, o->cpus, SIM_SLOWDOWN);
	if (!ret)
		ret = sim_compare(&c, sim_entry_find("race"), 0, &s, false, &race);
	if (ret)
		goto free_trace;
	sim_free(&s);
	c.bound = &b;
	if (o->log) {
		c.log = fopen(o->log, "wb");
		if (!c.log) {
			ret = -errno;
			fprintf(stderr, "%s: %s\n", o->log, strerror(errno));
			goto free_trace;
		}
	}
	printf("%s on %s, %d CPU(s): %zu batches", t.name, p->name, o->cpus, t.n);
	printf(", bound %.3f J of which %.3f J above idling, %.3f s busy (all simulated)\n",
	       sim_bound_uj(&b, race.r.end_us) / 1e6, b.active_uj / 1e6, b.busy_us / 1e6);
	if (b.late)
		printf("%zu deadlines cannot be met at the highest frequency; the bound is for them moved\n",
		       b.late);
	sim_rows_head(stdout);
	for (size_t i = 0; i < sim_nentries && !ret; i++) {
		const struct sim_entry *e = &sim_entries[i];
		bool keep = o->svg && n < SIM_SVG_SERIES;
		struct sim_row row;

		if (!wanted(o->policy, e->label) || (e->wrong_table && !wrong))
			continue;
		ret = sim_compare(&c, e, race.r.missed, &s, keep, &score);
		if (ret)
			break;
		ret = sim_row_init(&row, 1);
		if (!ret) {
			sim_row_add(&row, &score, &race, t.n);
			sim_row_text(e->label, &row, stdout);
			sim_row_free(&row);
		}
		if (keep) {
			label[n] = e->label;
			runs[n++] = s;
		} else {
			sim_free(&s);
		}
	}
	if (!ret && o->svg) {
		snprintf(title, sizeof(title), "%s on %s", t.name, p->name);
		ret = draw(o->svg, title, runs, label, n);
	}
	if (c.log && ((ferror(c.log) != 0) | fclose(c.log)) && !ret)
		ret = -EIO;
	for (int i = 0; i < n; i++)
		sim_free(&runs[i]);
free_trace:
	sim_trace_free(&t);
	return ret;
}

static int standard(const struct options *o, const struct sim_power *p, int instr_fd)
{
	const struct sim_plan plan = {
		.power = p, .npower = o->npower, .family = o->family, .policy = o->policy,
		.traces = o->traces, .seed = o->seed, .cpus = o->cpus, .instr_fd = instr_fd,
		.worst = o->worst,
	};
	FILE *json = o->json ? fopen(o->json, "w") : NULL;
	int ret;

	if (o->json && !json) {
		ret = -errno;
		fprintf(stderr, "%s: %s\n", o->json, strerror(errno));
		return ret;
	}
	ret = sim_standard(&plan, stdout, json);
	if (json && fclose(json) && !ret)
		ret = -EIO;
	return ret;
}

static int replay(const char *path)
{
	__u64 count;
	int ret = sim_log_replay(path, &count, stderr);

	if (!ret)
		printf("%llu calls, every answer the same\n", (unsigned long long)count);
	return ret ? 1 : 0;
}

int main(int argc, char **argv)
{
	struct sim_power power[MAX_TABLES], wrong;
	struct options o;
	int fd, ret = parse(argc, argv, &o);

	if (ret)
		return 2;
	if (o.replay)
		return replay(o.replay);
	for (int i = 0; i < o.npower && !ret; i++)
		ret = sim_power_read(&power[i], o.power[i], stderr);
	if (!ret && o.believe)
		ret = sim_power_read(&wrong, o.believe, stderr);
	if (ret)
		return 1;
	fd = open_counter();
	if (o.standard)
		ret = standard(&o, power, fd);
	else
		ret = one(&o, power, o.believe ? &wrong : NULL, fd);
	if (fd >= 0)
		close(fd);
	if (ret)
		fprintf(stderr, "wattle-sim: %s\n",
			ret == -EDEADLK ? "the policy left batches waiting for ever" :
			strerror(-ret));
	return ret ? 1 : 0;
}
