/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The energy-provider registry: the small module between whatever can read
 * joules (a virtual platform, a BMC driver, RAPL) and whatever wants them
 * (wattle.ko). Both sides depend on this module only, so they load and unload
 * in any order.
 *
 * Lifetimes: a provider is the caller's memory. It may be read from the moment
 * wattle_energy_register() is entered until wattle_energy_unregister() returns,
 * which waits for every reader (SRCU). ->read() may sleep.
 */
#ifndef WATTLE_REGISTRY_H
#define WATTLE_REGISTRY_H

#include <linux/list.h>
#include <linux/types.h>
#include <linux/wattle.h>	/* enum wattle_zone, enum wattle_quality */

struct module;
struct notifier_block;

/**
 * struct wattle_energy_zone - one counter of a provider
 * @zone:	what it measures (enum wattle_zone); zones overlap, never sum them
 * @package:	physical package it belongs to
 * @range_uj:	the counter wraps at this value (readings are < range_uj); 0: never wraps
 * @update_ns:	how often the hardware advances it; readings closer than this may be equal
 * @quality:	enum wattle_quality the provider vouches for (measured, model)
 * @simulated:	true for a virtual platform; consumers must print the word
 * @filtered:	the hardware adds noise on purpose: right over seconds, not over milliseconds
 * @cpu:	of a zone that is one core: a CPU of it. Zones of cores come one a core.
 */
struct wattle_energy_zone {
	u32	zone;
	u32	package;
	u64	range_uj;
	u64	update_ns;
	u32	quality;
	bool	simulated;
	bool	filtered;
	u32	cpu;
};

struct wattle_energy_provider;

/**
 * struct wattle_energy_ops - how a provider is read
 * @read: put zone @index's counter, in microjoules, into @uj. Process context,
 *	may sleep. 0, or a negative errno when the counter cannot be read now.
 */
struct wattle_energy_ops {
	int (*read)(struct wattle_energy_provider *p, unsigned int index, u64 *uj);
};

/**
 * struct wattle_energy_provider - a source of energy readings
 * @name:	unique, shown to users
 * @rating:	higher wins when two providers offer the same zone and package
 * @ops:	how to read it
 * @zones:	@nr_zones descriptions, constant while registered
 * @nr_zones:	1 to WATTLE_ENERGY_MAX_ZONES
 * @node:	registry's own
 */
struct wattle_energy_provider {
	const char			*name;
	int				rating;
	const struct wattle_energy_ops	*ops;
	const struct wattle_energy_zone	*zones;
	unsigned int			nr_zones;
	struct list_head		node;
};

#define WATTLE_ENERGY_MAX_ZONES	1024

/* 0; -EINVAL bad description; -EEXIST name taken. Sleeps. */
int wattle_energy_register(struct wattle_energy_provider *p);
/* Waits until no reader is inside ->read(). Sleeps. */
void wattle_energy_unregister(struct wattle_energy_provider *p);

/**
 * wattle_energy_for_each() - visit every zone of every provider
 * @fn: called under the registry's SRCU read side; may sleep, may call ->read()
 *	through wattle_energy_read(); a non-zero return stops the walk
 * @arg: passed through
 *
 * Return: what @fn returned last, 0 if there was nothing to visit.
 */
int wattle_energy_for_each(int (*fn)(struct wattle_energy_provider *p, unsigned int index,
				     void *arg), void *arg);
int wattle_energy_read(struct wattle_energy_provider *p, unsigned int index, u64 *uj);

/*
 * Providers coming and going: action 1 = added, 0 = about to go; data = provider. Who
 * registers is told at once of those there are, so that none is seen of which it is not
 * told when it goes.
 */
int wattle_energy_register_notifier(struct notifier_block *nb);
void wattle_energy_unregister_notifier(struct notifier_block *nb);

#endif
