// SPDX-License-Identifier: GPL-2.0-only
/*
 * RAPL's energy counters as a provider of the registry: a zone for each package
 * and for its memory (Intel), or for each package and each core (AMD). See
 * Documentation/design/rapl.md.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/delay.h>
#include <linux/err.h>
#include <linux/jiffies.h>
#include <linux/module.h>
#include <linux/slab.h>
#include <linux/smp.h>
#include <linux/wattle.h>
#include <linux/workqueue.h>

#include "rapl/decode.h"
#include "rapl/domain.h"
#include "rapl/hw.h"
#include "registry/registry.h"

/* Better than a platform's offer: the hardware's own meter. */
#define RATING		80
/* The counters advance every millisecond; nobody who is there needs this long. */
#define PATIENCE_MS	100
/* The cores of a package come online one by one: one offer for all of them. */
#define COLLECT_JIFFIES	HZ

/**
 * struct rapl_offer - what is offered now; constant while registered
 * @provider:	the registry's view
 * @zones:	@provider's
 * @first:	zone i is the sum of @of[@first[i]] to @of[@first[i + 1] - 1]
 * @of:		counters, which live as long as the module
 */
struct rapl_offer {
	struct wattle_energy_provider	provider;
	struct wattle_energy_zone	*zones;
	unsigned int			*first;
	struct wattle_rapl_domain	**of;
};

static struct wattle_rapl_plan rapl_cpu_plan;
/* The work's; init's and exit's while it does not run. */
static struct rapl_offer *rapl_offered;
static bool rapl_ready;
/* What became of the last offer. */
static int rapl_offer_err;

static void rapl_offer_fn(struct work_struct *work);
static DECLARE_DELAYED_WORK(rapl_offer_work, rapl_offer_fn);

static int rapl_read(struct wattle_energy_provider *p, unsigned int index, u64 *uj)
{
	const struct rapl_offer *o = container_of(p, struct rapl_offer, provider);
	unsigned int i;
	u64 one;
	int err;

	*uj = 0;
	for (i = o->first[index]; i < o->first[index + 1]; i++) {
		err = wattle_rapl_domain_read(o->of[i], &one);
		if (err)
			return err;
		*uj += one;
	}
	return 0;
}

static const struct wattle_energy_ops rapl_ops = {
	.read = rapl_read,
};

/* A package counter that never moves is an emulator's: its joules would be 0. */
static bool rapl_alive(struct wattle_rapl_domain *d)
{
	unsigned int tries = PATIENCE_MS / 2;

	if (d->meter->zone != WATTLE_ZONE_PACKAGE)
		return true;
	while (!wattle_rapl_domain_advances(d)) {
		if (!--tries)
			return false;
		usleep_range(2000, 2500);
	}
	return true;
}

static void rapl_offer_free(struct rapl_offer *o)
{
	if (!o)
		return;
	kvfree(o->of);
	kvfree(o->first);
	kvfree(o->zones);
	kfree(o);
}

static struct rapl_offer *rapl_offer_alloc(unsigned int nr)
{
	struct rapl_offer *o = kzalloc(sizeof(*o), GFP_KERNEL);

	if (!o)
		return NULL;
	o->zones = kvcalloc(nr, sizeof(*o->zones), GFP_KERNEL);
	o->first = kvcalloc(nr + 1, sizeof(*o->first), GFP_KERNEL);
	o->of = kvcalloc(nr, sizeof(struct wattle_rapl_domain *), GFP_KERNEL);
	if (!o->zones || !o->first || !o->of) {
		rapl_offer_free(o);
		return NULL;
	}
	o->provider.name = wattle_rapl_name;
	o->provider.rating = RATING;
	o->provider.ops = &rapl_ops;
	o->provider.zones = o->zones;
	return o;
}

/* The zone that @d opens, and in it all of @d's kind and package (and, for a core, @d alone). */
static void rapl_offer_zone(struct rapl_offer *o, struct list_head *domains,
			    struct wattle_rapl_domain *d)
{
	unsigned int n = o->provider.nr_zones++, end = o->first[n];
	struct wattle_energy_zone *z = &o->zones[n];
	struct wattle_rapl_domain *other;

	*z = (struct wattle_energy_zone) {
		.zone		= d->meter->zone,
		.package	= d->place.package,
		.cpu		= d->cpu,
		.update_ns	= NSEC_PER_MSEC,
		.quality	= WATTLE_QUALITY_MEASURED,
		.simulated	= wattle_rapl_simulated,
	};
	list_for_each_entry(other, domains, node) {
		if (other != d && (other->meter != d->meter ||
				   other->place.package != d->place.package ||
				   d->meter->scope == WATTLE_RAPL_SCOPE_CORE))
			continue;
		o->of[end++] = other;
		z->filtered |= other->filtered;
	}
	o->first[n + 1] = end;
}

/* Is there one of the same kind and package before @d, which has opened the zone? */
static bool rapl_zone_opened(struct list_head *domains, const struct wattle_rapl_domain *d)
{
	struct wattle_rapl_domain *other;

	if (d->meter->scope == WATTLE_RAPL_SCOPE_CORE)
		return false;
	list_for_each_entry(other, domains, node) {
		if (other == d)
			return false;
		if (other->meter == d->meter && other->place.package == d->place.package)
			return true;
	}
	return false;
}

/* Packages first, so that they are never what is left out. */
static void rapl_offer_fill(struct rapl_offer *o, struct list_head *domains, unsigned int *dead)
{
	struct wattle_rapl_domain *d;
	unsigned int i;

	for (i = 0; i < rapl_cpu_plan.nr; i++) {
		list_for_each_entry(d, domains, node) {
			if (d->meter != &rapl_cpu_plan.meters[i] || rapl_zone_opened(domains, d))
				continue;
			if (!rapl_alive(d)) {
				++*dead;
				continue;
			}
			if (o->provider.nr_zones == WATTLE_ENERGY_MAX_ZONES) {
				pr_warn("more than %u zones: the last cores are left out\n",
					WATTLE_ENERGY_MAX_ZONES);
				return;
			}
			rapl_offer_zone(o, domains, d);
		}
	}
}

/* ERR_PTR: -ENOMEM, or -ENODEV if no package counter lives. */
static struct rapl_offer *rapl_offer_make(void)
{
	struct list_head *domains = wattle_rapl_domains_lock();
	struct rapl_offer *o = NULL;
	struct wattle_rapl_domain *d;
	unsigned int nr = 0, dead = 0;
	int err = -ENODEV;

	list_for_each_entry(d, domains, node)
		nr++;
	if (nr)
		o = rapl_offer_alloc(nr);
	if (o)
		rapl_offer_fill(o, domains, &dead);
	else if (nr)
		err = -ENOMEM;
	wattle_rapl_domains_unlock();
	if (dead)
		pr_warn("%u package counters do not advance and are left out\n", dead);
	/* Memory or cores without a package are a hypervisor's patchwork: no claim. */
	if (o && (!o->provider.nr_zones || o->zones[0].zone != WATTLE_ZONE_PACKAGE)) {
		rapl_offer_free(o);
		o = NULL;
	}
	return o ? o : ERR_PTR(err);
}

static const char * const rapl_zone_names[] = {
	[WATTLE_ZONE_PACKAGE]	= "package",
	[WATTLE_ZONE_CORE]	= "core",
	[WATTLE_ZONE_DRAM]	= "dram",
};

static unsigned int rapl_count(const struct rapl_offer *o, u32 zone)
{
	unsigned int i, n = 0;

	for (i = 0; i < o->provider.nr_zones; i++)
		n += o->zones[i].zone == zone;
	return n;
}

static void rapl_say(const struct rapl_offer *o)
{
	unsigned int i;

	for (i = 0; i < rapl_cpu_plan.nr; i++) {
		const struct wattle_rapl_meter *m = &rapl_cpu_plan.meters[i];

		pr_info("%s: %u zones, 2^-%u J a count\n", rapl_zone_names[m->zone],
			rapl_count(o, m->zone), m->esu);
	}
	for (i = 0; i < o->provider.nr_zones; i++) {
		if (!o->zones[i].filtered)
			continue;
		pr_notice("the hardware blurs its energy counters (MSR 0xbc bit 0): short readings may be off by half\n");
		break;
	}
}

/*
 * Replace what is offered by what there is now. Not under the mutex of the list: the
 * registry's notifier leads to the hotplug lock, under which CPUs join the list.
 */
static int rapl_offer(void)
{
	struct rapl_offer *o = rapl_offer_make();
	int err;

	if (IS_ERR(o))
		return PTR_ERR(o);
	if (rapl_offered)
		wattle_energy_unregister(&rapl_offered->provider);
	rapl_offer_free(rapl_offered);
	rapl_offered = NULL;
	err = wattle_energy_register(&o->provider);
	if (err) {
		pr_err("cannot register with wattle_registry: %d\n", err);
		rapl_offer_free(o);
		return err;
	}
	rapl_offered = o;
	rapl_say(o);
	return 0;
}

static void rapl_offer_fn(struct work_struct *work)
{
	WRITE_ONCE(rapl_offer_err, rapl_offer());
}

/* A CPU of a package or core not seen before has come. Init's own walk is not news. */
static void rapl_new_counter(void)
{
	if (READ_ONCE(rapl_ready))
		schedule_delayed_work(&rapl_offer_work, COLLECT_JIFFIES);
}

static u32 rapl_detect(struct wattle_rapl_id *id)
{
	u64 unit;
	u32 why;
	int err;

	wattle_rapl_hw_id(id);
	why = wattle_rapl_plan(id, &rapl_cpu_plan);
	if (why)
		return why;
	get_cpu();
	err = wattle_rapl_hw_read(rapl_cpu_plan.unit_msr, &unit);
	put_cpu();
	if (err)
		return WATTLE_RAPL_NO_MSR;
	return wattle_rapl_units(&rapl_cpu_plan, unit);
}

/* Nobody asks for offers, nobody makes one, nobody reads, nobody samples: in this order. */
static void rapl_down(void)
{
	wattle_rapl_domains_leave();
	cancel_delayed_work_sync(&rapl_offer_work);
	if (rapl_offered)
		wattle_energy_unregister(&rapl_offered->provider);
	rapl_offer_free(rapl_offered);
	wattle_rapl_domains_exit();
}

static int __init rapl_init(void)
{
	struct wattle_rapl_id id;
	u32 why = rapl_detect(&id);
	int err;

	if (why) {
		pr_info("unavailable (family %u, model 0x%02x): %s\n", id.family, id.model,
			wattle_rapl_why_text(why));
		return -ENODEV;
	}
	err = wattle_rapl_domains_init(&rapl_cpu_plan, rapl_new_counter);
	if (err)
		return err;
	/* From here on only the work makes offers; the first is wanted before insmod ends. */
	WRITE_ONCE(rapl_ready, true);
	schedule_delayed_work(&rapl_offer_work, 0);
	/* Also if a CPU that came meanwhile has asked for it later. */
	flush_delayed_work(&rapl_offer_work);
	err = READ_ONCE(rapl_offer_err);
	if (err == -ENODEV)
		pr_info("unavailable (family %u, model 0x%02x): %s\n", id.family, id.model,
			wattle_rapl_why_text(WATTLE_RAPL_STANDS_STILL));
	if (err)
		goto forget_domains;
	return 0;

forget_domains:
	rapl_down();
	return err;
}
module_init(rapl_init);

static void __exit rapl_exit(void)
{
	rapl_down();
}
module_exit(rapl_exit);

MODULE_DESCRIPTION("Wattle: energy counters of Intel and AMD processors (RAPL MSRs)");
MODULE_AUTHOR("The Wattle authors");
MODULE_VERSION("0.1.0");
MODULE_LICENSE("GPL");
