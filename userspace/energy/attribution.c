// SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause
#include "energy/attribution.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define EMPTY	UINT32_MAX

struct domain {
	struct wattle_split_tick	tick;
	struct wattle_split_idle	idle;
	struct wattle_share		*shares;	/* in the order of their first record */
	struct wattle_split_use		*use;		/* the same, as wattle_split() wants it */
	uint32_t			nr;
	uint32_t			room;
	uint32_t			*slots;		/* open addressing: indices into @shares */
	uint32_t			nr_slots;	/* a power of two, more than twice @nr */
};

struct wattle_attribution {
	unsigned int	nr_domains;
	struct domain	domains[];
};

struct wattle_attribution *wattle_attribution_new(unsigned int nr_domains)
{
	struct wattle_attribution *a;

	a = calloc(1, sizeof(*a) + nr_domains * sizeof(a->domains[0]));
	if (a)
		a->nr_domains = nr_domains;
	return a;
}

void wattle_attribution_free(struct wattle_attribution *a)
{
	unsigned int i;

	for (i = 0; a && i < a->nr_domains; i++) {
		free(a->domains[i].shares);
		free(a->domains[i].use);
		free(a->domains[i].slots);
	}
	free(a);
}

static uint64_t hash(const struct wattle_bpf_record *r)
{
	uint64_t h = (r->start_ns ^ ((uint64_t)r->tgid << 40)) * 0x9e3779b97f4a7c15ULL;

	return h ^ (h >> 29);
}

/* A pid alone says nothing: it is given again to the next process. */
static bool same(const struct wattle_bpf_record *a, const struct wattle_bpf_record *b)
{
	return a->tgid == b->tgid && a->start_ns == b->start_ns;
}

/* The slot of @r's process, or the empty one where it belongs. */
static uint32_t *find(const struct domain *d, const struct wattle_bpf_record *r)
{
	uint32_t i = hash(r) & (d->nr_slots - 1);

	while (d->slots[i] != EMPTY && !same(&d->shares[d->slots[i]].rec, r))
		i = (i + 1) & (d->nr_slots - 1);
	return &d->slots[i];
}

static int grow(struct domain *d)
{
	uint32_t room = d->room ? 2 * d->room : 64, i;
	struct wattle_split_use *use;
	struct wattle_share *shares;
	uint32_t *slots;

	shares = realloc(d->shares, room * sizeof(*shares));
	if (!shares)
		return -ENOMEM;
	d->shares = shares;
	use = realloc(d->use, room * sizeof(*use));
	if (!use)
		return -ENOMEM;
	d->use = use;
	slots = realloc(d->slots, 4 * room * sizeof(*slots));
	if (!slots)
		return -ENOMEM;
	d->slots = slots;
	d->nr_slots = 4 * room;
	d->room = room;
	memset(slots, 0xff, d->nr_slots * sizeof(*slots));
	for (i = 0; i < d->nr; i++)
		*find(d, &d->shares[i].rec) = i;
	return 0;
}

int wattle_attribution_add(struct wattle_attribution *a, const struct wattle_bpf_record *r)
{
	struct wattle_bpf_record *have;
	struct domain *d;
	uint32_t *slot;

	if (r->package >= a->nr_domains)
		return -EINVAL;
	d = &a->domains[r->package];
	if (d->nr == d->room && grow(d)) {
		d->tick.lost_weight += r->used.w;
		return -ENOMEM;
	}
	slot = find(d, r);
	if (*slot == EMPTY) {
		*slot = d->nr++;
		memset(&d->shares[*slot], 0, sizeof(d->shares[*slot]));
		d->shares[*slot].rec = *r;
		return 0;
	}
	have = &d->shares[*slot].rec;
	have->used.ns += r->used.ns;
	have->used.w += r->used.w;
	have->used.cycles += r->used.cycles;
	have->used.instr += r->used.instr;
	have->tid = r->tid;
	have->cgroup = r->cgroup;
	have->flags = r->flags;
	have->job |= r->job;
	memcpy(have->comm, r->comm, sizeof(have->comm));
	return 0;
}

struct wattle_split_tick *wattle_attribution_domain(struct wattle_attribution *a,
						    unsigned int domain)
{
	return domain < a->nr_domains ? &a->domains[domain].tick : NULL;
}

/* The one share that used anything, or -1. */
static int64_t only_user(const struct domain *d)
{
	int64_t only = -1;
	uint32_t i;

	if (d->tick.irq_weight || d->tick.lost_weight)
		return -1;
	for (i = 0; i < d->nr; i++) {
		if (!d->shares[i].rec.used.w)
			continue;
		if (only >= 0)
			return -1;
		only = i;
	}
	return only;
}

static void divide(struct domain *d)
{
	int64_t only = only_user(d);
	uint32_t i;

	d->tick.activity_low = WATTLE_ACTIVITY_LOW;
	d->tick.activity_high = WATTLE_ACTIVITY_HIGH;
	for (i = 0; i < d->nr; i++)
		d->use[i].weight = d->shares[i].rec.used.w;
	wattle_split(&d->tick, &d->idle, d->use, d->nr);
	for (i = 0; i < d->nr; i++) {
		d->shares[i].split = d->use[i];
		d->shares[i].alone = i == only;
	}
	wattle_split_learn(&d->tick, &d->idle);
}

void wattle_attribution_tick(struct wattle_attribution *a, bool energy,
			     void (*fn)(void *ctx, const struct wattle_share *s),
			     void (*done)(void *ctx, unsigned int domain,
					  const struct wattle_split_tick *t), void *ctx)
{
	struct domain *d;
	unsigned int k;
	uint32_t i;

	for (k = 0; k < a->nr_domains; k++) {
		d = &a->domains[k];
		if (energy)
			divide(d);
		for (i = 0; i < d->nr; i++)
			fn(ctx, &d->shares[i]);
		if (done)
			done(ctx, k, &d->tick);
		if (d->nr_slots)
			memset(d->slots, 0xff, d->nr_slots * sizeof(*d->slots));
		d->nr = 0;
		memset(&d->tick, 0, sizeof(d->tick));
	}
}
