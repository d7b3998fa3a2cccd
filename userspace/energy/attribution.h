/* SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause */
/*
 * One tick of attribution: what the BPF programs recorded and what the meter gained, made
 * into joules per process. Everything it works on is handed in, so that a recorded trace
 * gives the same figures as the run it was recorded from.
 */
#ifndef WATTLE_ENERGY_ATTRIBUTION_H
#define WATTLE_ENERGY_ATTRIBUTION_H

#include <linux/types.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <wattle/energy_bpf.h>

#include "energy/split.h"

/*
 * Power of one program over that of another, for the same weight: wide vectors against
 * waiting for memory. Nothing here learns it, so the bounds of every figure allow for it.
 */
#define WATTLE_ACTIVITY_LOW	600
#define WATTLE_ACTIVITY_HIGH	1600

struct wattle_attribution;

/**
 * struct wattle_share - what one process used of one domain in one tick
 * @rec:	who, and how much; @rec.tid and @rec.flags are of the last record of several
 * @split:	its joules
 * @alone:	nobody else used anything: what it is charged is measured, not divided
 */
struct wattle_share {
	struct wattle_bpf_record	rec;
	struct wattle_split_use		split;
	bool				alone;
};

/* @nr_domains: meters whose joules are divided each by itself. NULL: no memory. */
struct wattle_attribution *wattle_attribution_new(unsigned int nr_domains);
void wattle_attribution_free(struct wattle_attribution *a);

/**
 * wattle_attribution_add() - take in one record
 * Return: 0, -EINVAL when it names a domain that is not there, or -ENOMEM; then its weight
 * counts as lost where there is a domain for it.
 */
int wattle_attribution_add(struct wattle_attribution *a, const struct wattle_bpf_record *r);

/* Inputs of this tick for @domain, to be filled in before wattle_attribution_tick(). */
struct wattle_split_tick *wattle_attribution_domain(struct wattle_attribution *a,
						    unsigned int domain);

/**
 * wattle_attribution_tick() - divide, learn, tell, and begin the next tick
 * @energy:	there is a meter: divide; else only the amounts are told, and no joules
 * @fn:		called for every share, in the order its process first came up
 * @done:	called for every domain after its shares, with the outs filled in; may be NULL
 */
void wattle_attribution_tick(struct wattle_attribution *a, bool energy,
			     void (*fn)(void *ctx, const struct wattle_share *s),
			     void (*done)(void *ctx, unsigned int domain,
					  const struct wattle_split_tick *t), void *ctx);

#endif
