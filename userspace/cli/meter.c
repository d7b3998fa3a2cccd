// SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause
#include "cli/meter.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "cli/opt.h"
#include "cli/sysinfo.h"

/* The virtual platform's referee: for people and tests, wattle never acts on it. */
#define REFEREE_FILE	"/sys/kernel/debug/wattle_platform/package%u/energy_nj"

const char *meter_quality(uint32_t q)
{
	static const char *const names[] = {
		[WATTLE_QUALITY_NONE] = "not available",
		[WATTLE_QUALITY_MODEL] = "model",
		[WATTLE_QUALITY_CPUTIME] = "cputime",
		[WATTLE_QUALITY_CYCLES] = "cycles",
		[WATTLE_QUALITY_MEASURED] = "measured",
	};

	return q < sizeof(names) / sizeof(names[0]) ? names[q] : "unknown";
}

/* All packages, so that it stands for the same thing as wattle's own figure. */
static bool read_referee(uint64_t *nj)
{
	char path[96], buf[64], *end;
	unsigned int i;

	*nj = 0;
	for (i = 0; ; i++) {
		snprintf(path, sizeof(path), REFEREE_FILE, i);
		if (sysinfo_line("", path, buf, sizeof(buf)))
			return i > 0;
		errno = 0;
		*nj += strtoull(buf, &end, 10);
		if (end == buf || errno)
			return false;
	}
}

static double cpu_time(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &ts);
	return ts.tv_sec + ts.tv_nsec / 1e9;
}

void meter_start(struct meter *m, struct wattle_client *c)
{
	memset(m, 0, sizeof(*m));
	m->start_ns = opt_now_ns();
	m->cpu_start = cpu_time();
	m->referee = read_referee(&m->referee_start_nj);
	wattle_energy__read(c, &m->before);
}

int meter_stop(struct meter *m, struct wattle_client *c, uint32_t queue)
{
	uint64_t nj;

	wattle_energy__read(c, &m->after);
	m->referee = m->referee && read_referee(&nj) && nj >= m->referee_start_nj;
	if (m->referee)
		m->referee_nj = nj - m->referee_start_nj;
	m->cpu_seconds = cpu_time() - m->cpu_start;
	m->seconds = (opt_now_ns() - m->start_ns) / 1e9;
	return wattle_client__queue_stats(c, queue, &m->queue);
}

bool meter_percentile(const __u64 *hist, double share, uint64_t *below_us)
{
	uint64_t total = 0, sum = 0;
	unsigned int i;

	for (i = 0; i < WATTLE_HIST_SLOTS; i++)
		total += hist[i];
	if (!total)
		return false;
	for (i = 0; i < WATTLE_HIST_SLOTS - 1; i++) {
		sum += hist[i];
		if (sum >= share * total)
			break;
	}
	*below_us = i == WATTLE_HIST_SLOTS - 1 ? UINT64_MAX : 2ULL << i;
	return true;
}

/* Microseconds in JSON; @text followed by a unit that suits people. */
static void microseconds(struct out *o, const char *key, const char *text, double us)
{
	char full[64];

	if (isinf(us))	/* above the last slot's lower end: null in JSON */
		snprintf(full, sizeof(full), "%s at least 2147 s", text);
	else if (us < 1e3)
		snprintf(full, sizeof(full), "%s %.3g us", text, us);
	else if (us < 1e6)
		snprintf(full, sizeof(full), "%s %.3g ms", text, us / 1e3);
	else
		snprintf(full, sizeof(full), "%s %.4g s", text, us / 1e6);
	out_f64(o, key, full, us, 0);
}

static void percentiles(struct out *o, const char *key, const char *label, const __u64 *hist,
			uint64_t total_ns, uint64_t n)
{
	static const struct {
		double share;
		const char *key;
		const char *text;
	} p[] = {
		{ 0.50, "p50_below_us", "median <" },
		{ 0.95, "p95_below_us", ", p95 <" },
		{ 0.99, "p99_below_us", ", p99 <" },
	};
	uint64_t below;
	unsigned int i;

	out_group(o, key, label);
	if (!n || !meter_percentile(hist, 0.5, &below)) {
		out_unavailable(o, "times", "%", "no batch ran");
		out_end(o);
		return;
	}
	for (i = 0; i < sizeof(p) / sizeof(p[0]); i++) {
		meter_percentile(hist, p[i].share, &below);
		microseconds(o, p[i].key, p[i].text, below == UINT64_MAX ? INFINITY : below);
	}
	microseconds(o, "mean_us", ", mean", total_ns / 1e3 / n);
	out_end(o);
}

void meter_report_batches(struct out *o, const struct meter *m)
{
	const struct wattle_queue_stats *q = &m->queue;
	uint64_t ended = q->refused + q->completed + q->cancelled + q->aborted + q->queued +
			 q->granted;
	uint64_t started = q->completed + q->aborted;

	out_group(o, "batches", "batches");
	out_u64(o, "submitted", "% submitted", q->submitted);
	out_u64(o, "completed", " = % completed", q->completed);
	out_u64(o, "cancelled", " + % cancelled", q->cancelled);
	out_u64(o, "refused", " + % refused", q->refused);
	out_u64(o, "aborted", " + % aborted", q->aborted);
	out_u64(o, "queued", q->queued ? " + % queued" : NULL, q->queued);
	out_u64(o, "granted", q->granted ? " + % running" : NULL, q->granted);
	out_bool(o, "accounts_hold", NULL, q->submitted == ended);
	if (q->submitted != ended)
		out_warn(o, "the accounts do not add up: %llu submitted, %llu accounted for; please report this",
			 (unsigned long long)q->submitted, (unsigned long long)ended);
	out_u64(o, "failed", q->failed ? ", % failed" : NULL, q->failed);
	out_u64(o, "migrated", q->migrated ? ", % migrated" : NULL, q->migrated);
	out_u64(o, "requeued", q->requeued ? ", % requeued" : NULL, q->requeued);
	out_end(o);
	out_group(o, "deadlines", "deadlines");
	out_u64(o, "late", "% late", q->late);
	out_u64(o, "missed", ", % missed", q->missed);
	out_u64(o, "admitted", "; % admitted as feasible", q->admitted);
	out_u64(o, "best_effort", ", % as best effort", q->best_effort);
	out_u64(o, "would_refuse", q->would_refuse ? ", % enforce would have refused" : NULL,
		q->would_refuse);
	out_end(o);
	percentiles(o, "wait", "wait", q->wait_hist, q->wait_ns, started);
	percentiles(o, "run", "run", q->run_hist, q->run_ns, started);
}

static void package(struct out *o, const struct meter *m)
{
	const struct wattle_energy *e = &m->after;
	const char *why = NULL;
	double joules;

	/* A source that went away or changed in the middle leaves no difference to print. */
	if (m->before.quality == WATTLE_QUALITY_NONE)
		why = m->before.why;
	else if (e->quality == WATTLE_QUALITY_NONE)
		why = e->why;
	else if (strcmp(m->before.source, e->source) || e->uj < m->before.uj)
		why = "the source of joules changed during the run; run it again";
	if (why) {
		out_unavailable(o, "package", "package %", why);
		return;
	}
	joules = (e->uj - m->before.uj) / 1e6;
	out_group(o, "package", NULL);
	out_bool(o, "available", NULL, true);
	out_f64(o, "joules", "package % J during the run", joules, 3);
	out_bool(o, "simulated", " simulated", e->simulated);
	out_str(o, "quality", " (%", meter_quality(e->quality));
	out_str(o, "source", ", %)", e->source);
	out_f64(o, "watts", ", % W on average", joules / ((e->stamp_ns - m->before.stamp_ns) / 1e9),
		2);
	out_end(o);
}

static void queue(struct out *o, const struct meter *m, bool device)
{
	const struct wattle_queue_stats *q = &m->queue;

	if (q->energy_quality == WATTLE_QUALITY_NONE) {
		if (device)
			out_unavailable(o, "queue", "queue   %",
					"the module has no source of joules, the mode is off, or this user may not read it; 'wattle doctor' says which");
		else
			out_unavailable(o, "queue", "queue   %",
					"only the module can tell this job's joules from those of others; load wattle.ko");
		return;
	}
	out_group(o, "queue", NULL);
	out_bool(o, "available", NULL, true);
	out_f64(o, "joules", "queue   % J charged to this job", q->energy_uj / 1e6, 3);
	out_bool(o, "simulated", " simulated", m->after.simulated);
	out_str(o, "quality", " (%)", meter_quality(q->energy_quality));
	out_end(o);
}

void meter_report_energy(struct out *o, const struct meter *m, bool device)
{
	out_group(o, "energy", "energy");
	package(o, m);
	out_nl(o);
	queue(o, m, device);
	if (m->referee) {
		out_nl(o);
		out_group(o, "referee", NULL);
		out_f64(o, "joules", "referee % J", m->referee_nj / 1e9, 3);
		out_bool(o, "simulated", " simulated", true);
		out_str(o, "what", " (%)",
			"virtual platform's own integration, not seen by wattle");
		out_end(o);
	}
	out_end(o);
	out_group(o, "cpu", "cpu time");
	out_f64(o, "seconds", "% s", m->cpu_seconds, 2);
	out_f64(o, "per_wall_second", ", % CPUs busy on average",
		m->seconds > 0 ? m->cpu_seconds / m->seconds : NAN, 2);
	out_end(o);
}
