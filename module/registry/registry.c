// SPDX-License-Identifier: GPL-2.0-only
/*
 * Who can read joules, and who wants to know. See registry.h for lifetimes.
 *
 * Writers (register, unregister) are serialised by a mutex; readers walk the
 * list under SRCU, because ->read() may sleep. Unregistering takes the provider
 * out of the list and waits for every walk that could have seen it, so the
 * provider's memory and code may go the moment it returns.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/export.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/notifier.h>
#include <linux/rculist.h>
#include <linux/srcu.h>
#include <linux/string.h>

#include "registry/registry.h"

static DEFINE_MUTEX(registry_mutex);
static LIST_HEAD(registry_providers);
DEFINE_STATIC_SRCU(registry_srcu);
static BLOCKING_NOTIFIER_HEAD(registry_notifiers);

static bool registry_zone_ok(const struct wattle_energy_zone *z)
{
	return z->zone < WATTLE_ZONE_COUNT &&
	       z->quality > WATTLE_QUALITY_NONE && z->quality <= WATTLE_QUALITY_MEASURED &&
	       z->range_uj != 1;
}

static bool registry_provider_ok(const struct wattle_energy_provider *p)
{
	unsigned int i;

	if (!p->name || !p->name[0] || strlen(p->name) >= WATTLE_NAME_MAX ||
	    !p->ops || !p->ops->read || !p->zones ||
	    !p->nr_zones || p->nr_zones > WATTLE_ENERGY_MAX_ZONES)
		return false;
	for (i = 0; i < p->nr_zones; i++)
		if (!registry_zone_ok(&p->zones[i]))
			return false;
	return true;
}

int wattle_energy_register(struct wattle_energy_provider *p)
{
	struct wattle_energy_provider *other;

	if (!registry_provider_ok(p))
		return -EINVAL;

	mutex_lock(&registry_mutex);
	list_for_each_entry(other, &registry_providers, node) {
		if (other == p || !strcmp(other->name, p->name)) {
			mutex_unlock(&registry_mutex);
			return -EEXIST;
		}
	}
	list_add_tail_rcu(&p->node, &registry_providers);
	blocking_notifier_call_chain(&registry_notifiers, 1, p);
	mutex_unlock(&registry_mutex);
	return 0;
}
EXPORT_SYMBOL_GPL(wattle_energy_register);

void wattle_energy_unregister(struct wattle_energy_provider *p)
{
	mutex_lock(&registry_mutex);
	/* Still readable here: a consumer may take a last reading. */
	blocking_notifier_call_chain(&registry_notifiers, 0, p);
	list_del_rcu(&p->node);
	mutex_unlock(&registry_mutex);
	synchronize_srcu(&registry_srcu);
}
EXPORT_SYMBOL_GPL(wattle_energy_unregister);

int wattle_energy_for_each(int (*fn)(struct wattle_energy_provider *p, unsigned int index,
				     void *arg), void *arg)
{
	struct wattle_energy_provider *p;
	unsigned int i;
	int idx, ret = 0;

	idx = srcu_read_lock(&registry_srcu);
	list_for_each_entry_srcu(p, &registry_providers, node,
				 srcu_read_lock_held(&registry_srcu)) {
		for (i = 0; i < p->nr_zones && !ret; i++)
			ret = fn(p, i, arg);
		if (ret)
			break;
	}
	srcu_read_unlock(&registry_srcu, idx);
	return ret;
}
EXPORT_SYMBOL_GPL(wattle_energy_for_each);

int wattle_energy_read(struct wattle_energy_provider *p, unsigned int index, u64 *uj)
{
	const struct wattle_energy_zone *z;
	int ret;

	if (index >= p->nr_zones)
		return -EINVAL;
	z = &p->zones[index];
	ret = p->ops->read(p, index, uj);
	if (ret)
		return ret;
	/* A counter that leaves its own range would turn into joules never spent. */
	if (z->range_uj && *uj >= z->range_uj)
		return -ERANGE;
	return 0;
}
EXPORT_SYMBOL_GPL(wattle_energy_read);

/*
 * Under the mutex as one step: a consumer that looked for itself after registering
 * could find a provider that is about to go, of which it has not been told and never
 * would be.
 */
int wattle_energy_register_notifier(struct notifier_block *nb)
{
	struct wattle_energy_provider *p;
	int err;

	mutex_lock(&registry_mutex);
	err = blocking_notifier_chain_register(&registry_notifiers, nb);
	if (!err)
		list_for_each_entry(p, &registry_providers, node)
			nb->notifier_call(nb, 1, p);
	mutex_unlock(&registry_mutex);
	return err;
}
EXPORT_SYMBOL_GPL(wattle_energy_register_notifier);

void wattle_energy_unregister_notifier(struct notifier_block *nb)
{
	blocking_notifier_chain_unregister(&registry_notifiers, nb);
}
EXPORT_SYMBOL_GPL(wattle_energy_unregister_notifier);

static int __init registry_init(void)
{
	return 0;
}
module_init(registry_init);

static void __exit registry_exit(void)
{
	/* Every provider and consumer held a reference through our symbols. */
	WARN_ON(!list_empty(&registry_providers));
}
module_exit(registry_exit);

MODULE_DESCRIPTION("Wattle: registry of energy providers");
MODULE_AUTHOR("The Wattle authors");
MODULE_VERSION("0.1.0");
MODULE_LICENSE("GPL");
