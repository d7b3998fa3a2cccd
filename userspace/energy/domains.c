// SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause
#include "energy/domains.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "energy/energy.h"
#include "lib/internal.h"

#define MAX_WATTS	20000

static bool is_powercap(const struct wattle_energy *e)
{
	return !strncmp(e->source, "powercap:", strlen("powercap:"));
}

/* The counter of each domain's package: every CPU must find its own, or nobody has one. */
static bool map_packages(struct wattle_domains *d, const int *package_of)
{
	int ids[WATTLE_DOMAINS_MAX];
	uint64_t uj[WATTLE_DOMAINS_MAX];
	unsigned int nr, i, k;

	nr = wattle_powercap_packages(uj, ids, WATTLE_DOMAINS_MAX);
	if (nr < 2 || nr > WATTLE_DOMAINS_MAX)
		return false;
	/* Several counters of one package: which CPUs each is of is not known. */
	for (i = 0; i < nr; i++)
		for (k = 0; k < i; k++)
			if (ids[i] == ids[k])
				return false;
	for (i = 0; i < d->nr_cpus; i++) {
		for (k = 0; k < nr && ids[k] != package_of[i]; k++)
			;
		/* A CPU that is offline has no package; it uses nothing either. */
		if (k == nr && package_of[i] >= 0)
			return false;
		d->of_cpu[i] = k == nr ? 0 : k;
	}
	d->nr = nr;
	return true;
}

static bool take(struct wattle_domains *d, uint64_t *uj)
{
	int ids[WATTLE_DOMAINS_MAX];

	wattle_energy__read(d->client, &d->last);
	if (d->last.quality == WATTLE_QUALITY_NONE)
		return false;
	if (d->nr == 1) {
		uj[0] = d->last.uj;
		return true;
	}
	/* The source can change in between (a module is loaded): then its units are others. */
	return is_powercap(&d->last) &&
	       wattle_powercap_packages(uj, ids, WATTLE_DOMAINS_MAX) == d->nr;
}

int wattle_domains_open(struct wattle_domains *d, struct wattle_client *client,
			const int *package_of, unsigned int nr_cpus)
{
	memset(d, 0, sizeof(*d));
	d->client = client;
	d->nr_cpus = nr_cpus;
	d->of_cpu = calloc(nr_cpus, sizeof(*d->of_cpu));
	if (!d->of_cpu)
		return -ENOMEM;
	d->nr = 1;
	if (take(d, d->uj) && is_powercap(&d->last) && map_packages(d, package_of))
		take(d, d->uj);
	if (d->nr == 1)
		memset(d->of_cpu, 0, nr_cpus * sizeof(*d->of_cpu));
	d->read_ns = wattle_now_ns();
	return 0;
}

void wattle_domains_close(struct wattle_domains *d)
{
	free(d->of_cpu);
	d->of_cpu = NULL;
}

bool wattle_domains_read(struct wattle_domains *d, uint64_t *gain_uj)
{
	uint64_t uj[WATTLE_DOMAINS_MAX], now, ms, most;
	char source[sizeof(d->last.source)];
	bool whole = true;
	unsigned int i;

	memcpy(source, d->last.source, sizeof(source));
	memset(gain_uj, 0, d->nr * sizeof(*gain_uj));
	if (!take(d, uj)) {
		d->glitches++;
		return false;
	}
	now = wattle_now_ns();
	/* A counter may be late by its step: allow a second more than has passed. */
	ms = (now - d->read_ns) / 1000000 + 1000;
	most = ms * MAX_WATTS * 1000;
	d->read_ns = now;
	for (i = 0; i < d->nr; i++) {
		if (uj[i] < d->uj[i] || uj[i] - d->uj[i] > most || strcmp(source, d->last.source)) {
			d->glitches++;
			whole = false;
		} else {
			gain_uj[i] = uj[i] - d->uj[i];
		}
		d->uj[i] = uj[i];
	}
	return whole;
}
