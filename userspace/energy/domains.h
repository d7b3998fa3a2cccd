/* SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause */
/*
 * Which CPUs a meter's joules are divided among: package by package where the source
 * tells packages apart, else the machine as a whole.
 */
#ifndef WATTLE_ENERGY_DOMAINS_H
#define WATTLE_ENERGY_DOMAINS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <wattle/wattle.h>

#define WATTLE_DOMAINS_MAX	64

/**
 * struct wattle_domains - the meters of this machine
 * @client:	whose device is asked first; may be NULL
 * @last:	the source as last read; its quality is NONE when there is none, with the reason
 * @nr:		domains, at least one
 * @of_cpu:	domain of each possible CPU
 * @nr_cpus:	length of @of_cpu
 * @uj:		last reading of each
 * @glitches:	readings that were no reading of energy: see wattle_domains_read()
 * @read_ns:	CLOCK_MONOTONIC of the last reading
 */
struct wattle_domains {
	struct wattle_client	*client;
	struct wattle_energy	last;
	unsigned int		nr;
	unsigned int		*of_cpu;
	unsigned int		nr_cpus;
	uint64_t		uj[WATTLE_DOMAINS_MAX];
	uint64_t		glitches;
	uint64_t		read_ns;
};

/**
 * wattle_domains_open() - find the source, take the first reading
 * @package_of:	physical package of each CPU, negative where unknown
 *
 * Return: 0 or -ENOMEM.
 */
int wattle_domains_open(struct wattle_domains *d, struct wattle_client *client,
			const int *package_of, unsigned int nr_cpus);
void wattle_domains_close(struct wattle_domains *d);

/**
 * wattle_domains_read() - what each domain used since the last reading
 * @gain_uj:	one for each of @d->nr
 *
 * More than 20 kW a domain is no energy but a counter that was set anew: it is counted in
 * @d->glitches and told as a gain of 0. So is a reading that failed; the next one that does
 * not fail has what was used meanwhile.
 *
 * Return: true when all gains are readings.
 */
bool wattle_domains_read(struct wattle_domains *d, uint64_t *gain_uj);

#endif
