/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Energy counters and the CPUs that can read them. A counter's register can only
 * be read on a CPU of its package (die, core), and a CPU that sleeps is never
 * woken for it: see Documentation/design/rapl.md.
 */
#ifndef WATTLE_RAPL_DOMAIN_H
#define WATTLE_RAPL_DOMAIN_H

#include <linux/cpumask.h>
#include <linux/list.h>
#include <linux/spinlock.h>

#include "rapl/decode.h"
#include "rapl/hw.h"

/**
 * struct wattle_rapl_domain - one counter
 * @node:	in the list; a domain stays until the module goes
 * @meter:	what kind
 * @place:	where; the fields inside @meter's scope only
 * @cpu:	the first CPU seen of it
 * @online:	CPUs that can read it now
 * @filtered:	the hardware blurs it
 * @lock:	the counter; taken in idle entry, with interrupts off
 * @failed:	the last attempt to read the register failed
 * @counter:	its readings
 */
struct wattle_rapl_domain {
	struct list_head			node;
	const struct wattle_rapl_meter		*meter;
	struct wattle_rapl_place		place;
	unsigned int				cpu;
	cpumask_var_t				online;
	bool					filtered;
	raw_spinlock_t				lock;
	bool					failed;
	struct wattle_rapl_counter		counter;
};

/**
 * wattle_rapl_domains_init() - find the counters of all online CPUs and follow them
 * @plan:	constant from now on
 * @grown:	called when a CPU brings a counter that was not there, under the
 *		hotplug lock
 *
 * Wakes every CPU once. Return: 0 or a negative errno.
 */
int wattle_rapl_domains_init(const struct wattle_rapl_plan *plan, void (*grown)(void));

/**
 * wattle_rapl_domains_leave() - follow hotplug no more: there will be no new counters
 */
void wattle_rapl_domains_leave(void);

/**
 * wattle_rapl_domains_exit() - sample no more and forget all counters
 *
 * After wattle_rapl_domains_leave(). Nobody may read any more.
 */
void wattle_rapl_domains_exit(void);

/**
 * wattle_rapl_domains_lock() - the list does not grow until the unlock
 *
 * Return: the list. Never take the hotplug lock inside.
 */
struct list_head *wattle_rapl_domains_lock(void);

/**
 * wattle_rapl_domains_unlock() - see wattle_rapl_domains_lock()
 */
void wattle_rapl_domains_unlock(void);

/**
 * wattle_rapl_domain_read() - a counter's microjoules since it was first read
 * @d:	the counter
 * @uj:	filled
 *
 * Read now on a CPU that is awake; if there is none, as of when the last one
 * went to sleep. Sleeps.
 *
 * Return: 0; -EIO the register could be read before and now cannot.
 */
int wattle_rapl_domain_read(struct wattle_rapl_domain *d, u64 *uj);

/**
 * wattle_rapl_domain_advances() - has the counter ever moved
 * @d: the counter
 *
 * Reads it on any of its CPUs, awake or not. Sleeps.
 */
bool wattle_rapl_domain_advances(struct wattle_rapl_domain *d);

#endif
