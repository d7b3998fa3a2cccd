// SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause
/* From ticks of attribution to sums: the job, the others, and what nobody caused alone. */
#include "cli/stat.h"

#include <stdlib.h>
#include <string.h>

#include <bpf/libbpf.h>

#include "cli/cli.h"
#include "cli/meter.h"
#include "cli/opt.h"
#include "energy/bpf/topology.h"

static void reset(struct stat_sum *s)
{
	memset(s, 0, sizeof(*s));
	s->alone = true;
	s->idle_known = true;
}

static void on_share(void *ctx, const struct wattle_share *s)
{
	struct stat_meter *m = ctx;
	struct stat_part *p;

	if (s->rec.flags & WATTLE_BPF_KTHREAD) {
		p = &m->recent.kthreads;
		/* All processes together are alone only if the kernel's threads slept. */
		m->recent.alone &= !m->all || !s->rec.used.ns;
	} else if (s->rec.job || m->all) {
		p = &m->recent.job;
		m->recent.alone &= s->alone || m->all;
	} else {
		p = &m->recent.others;
	}
	p->uj += s->split.uj;
	p->low_uj += s->split.low_uj;
	p->high_uj += s->split.high_uj;
	p->ns += s->rec.used.ns;
	p->cycles += s->rec.used.cycles;
	p->instr += s->rec.used.instr;
}

static void on_domain(void *ctx, unsigned int domain, const struct wattle_split_tick *t)
{
	struct stat_meter *m = ctx;
	unsigned int k;

	(void)domain;
	m->recent.idle.uj += t->idle_uj;
	m->recent.idle.low_uj += t->idle_low_uj;
	m->recent.idle.high_uj += t->idle_high_uj;
	m->recent.shared_uj += t->shared_uj;
	m->recent.irq_uj += t->irq_uj;
	m->recent.lost_uj += t->lost_uj;
	m->recent.node_uj += t->uj;
	m->recent.busy_ns += t->busy_ns;
	for (k = 0; k < WATTLE_SPLIT_STATES; k++)
		m->recent.idle_ns += t->idle_ns[k];
	m->recent.idle_known &= t->idle_known || !m->energy;
}

static void add_part(struct stat_part *a, const struct stat_part *b)
{
	a->uj += b->uj;
	a->low_uj += b->low_uj;
	a->high_uj += b->high_uj;
	a->ns += b->ns;
	a->cycles += b->cycles;
	a->instr += b->instr;
}

static void add_sum(struct stat_sum *a, const struct stat_sum *b)
{
	add_part(&a->job, &b->job);
	add_part(&a->others, &b->others);
	add_part(&a->kthreads, &b->kthreads);
	add_part(&a->idle, &b->idle);
	a->shared_uj += b->shared_uj;
	a->irq_uj += b->irq_uj;
	a->lost_uj += b->lost_uj;
	a->node_uj += b->node_uj;
	a->busy_ns += b->busy_ns;
	a->idle_ns += b->idle_ns;
	a->ns += b->ns;
	a->alone &= b->alone;
	a->idle_known &= b->idle_known;
	a->ticks += b->ticks;
}

bool stat_meter_tick(struct stat_meter *m)
{
	uint64_t gain[WATTLE_DOMAINS_MAX], now;
	unsigned int i;

	if (m->energy)
		wattle_domains_read(&m->domains, gain);
	if (wattle_tracker_tick(m->tracker, m->attribution))
		return false;
	for (i = 0; m->energy && i < m->domains.nr; i++)
		wattle_attribution_domain(m->attribution, i)->uj = gain[i];
	reset(&m->recent);
	wattle_attribution_tick(m->attribution, m->energy, on_share, on_domain, m);
	/* When the CPUs were read, not when the arithmetic was done. */
	wattle_tracker_info(m->tracker, &m->info);
	now = m->info.stamp_ns;
	m->recent.ns = now - m->tick_ns;
	m->recent.ticks = 1;
	m->tick_ns = now;
	add_sum(&m->total, &m->recent);
	return true;
}

const char *stat_quality(const struct stat_meter *m, const struct stat_sum *s)
{
	uint32_t q = m->info.cycles ? WATTLE_QUALITY_CYCLES : WATTLE_QUALITY_CPUTIME;

	/* Nobody else: nothing was divided but idle from busy, and that by a known power. */
	if (s->alone && s->job.ns && s->idle_known)
		q = WATTLE_QUALITY_MEASURED;
	if (!m->energy)
		q = WATTLE_QUALITY_NONE;
	else if (m->domains.last.quality < q)
		q = m->domains.last.quality;
	return meter_quality(q);
}

/* For its meter only; without a device there may still be powercap. */
static struct wattle_client *open_client(void)
{
	struct wattle_client_opts opts = {
		.sz = sizeof(opts), .backend = WATTLE_BACKEND_DEVICE,
	};
	struct wattle_client *c;

	return wattle_client__open(&c, &opts, NULL, 0) ? NULL : c;
}

int stat_meter_open(struct stat_meter *m, const struct stat_opts *opts, char *err, size_t errsz)
{
	int n = libbpf_num_possible_cpus(), *package_of, ret, i;
	struct wattle_tracker_config cfg = { 0 };

	memset(m, 0, sizeof(*m));
	m->all = opts->all;
	reset(&m->total);
	if (n <= 0) {
		snprintf(err, errsz, "cannot tell the number of CPUs: is /sys mounted?");
		return CLI_FAILURE;
	}
	package_of = out_need(calloc((size_t)n, sizeof(*package_of)));
	for (i = 0; i < n; i++)
		package_of[i] = wattle_topology_package((unsigned int)i);
	m->client = open_client();
	ret = wattle_domains_open(&m->domains, m->client, package_of, (unsigned int)n);
	free(package_of);
	m->attribution = ret ? NULL : wattle_attribution_new(m->domains.nr);
	out_need(m->attribution);
	m->energy = m->domains.last.quality != WATTLE_QUALITY_NONE;
	cfg.domain_of = m->domains.of_cpu;
	cfg.nr_cpus = (unsigned int)n;
	cfg.launch = opts->cmd && !opts->pid && !opts->all;
	cfg.target = opts->pid;
	ret = wattle_tracker_open(&m->tracker, &cfg, err, errsz);
	if (ret) {
		stat_meter_end(m);
		return CLI_FAILURE;
	}
	/* Joules of loading the programs are not of what is measured. */
	if (m->energy) {
		uint64_t gain[WATTLE_DOMAINS_MAX];

		wattle_domains_read(&m->domains, gain);
	}
	wattle_tracker_info(m->tracker, &m->info);
	m->tick_ns = m->info.stamp_ns;
	return CLI_OK;
}

int stat_meter_begin(struct stat_meter *m, struct out *o, const struct stat_opts *opts)
{
	char err[512] = "";
	int ret = stat_meter_open(m, opts, err, sizeof(err));

	return ret ? out_error(o, ret, "%s", err) : CLI_OK;
}

void stat_meter_end(struct stat_meter *m)
{
	wattle_tracker_close(m->tracker);
	wattle_attribution_free(m->attribution);
	wattle_domains_close(&m->domains);
	if (m->client)
		wattle_client__close(m->client);
}
