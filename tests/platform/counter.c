// SPDX-License-Identifier: GPL-2.0-only
/*
 * The RAPL-like counter: all that wattle can see of the referee. 32 bits of
 * 1/65536 J (15.3 uJ) that advance once a millisecond and wrap; the raw value
 * starts shortly before the wrap, as no reader may assume where it starts.
 * A package zone and a DRAM zone per virtual package.
 */
#include <linux/math64.h>
#include <linux/module.h>
#include <linux/notifier.h>
#include <linux/suspend.h>

#include "platform.h"
#include "registry/registry.h"

#define RAW_PER_J	65536ULL
#define RANGE_UJ	((1ULL << 32) / RAW_PER_J * 1000000)

static unsigned int counter_start = 0xfff00000;
module_param(counter_start, uint, 0444);
MODULE_PARM_DESC(counter_start, "raw value the energy counters start at (default 0xfff00000, 16 J before the wrap)");

static struct wattle_energy_zone zones[2 * WP_MAX_PKGS];
static u32 zero_raw[2 * WP_MAX_PKGS];	/* what a zone had used when its counter was at 0 */

/*
 * What the parts of zone @index had at the last tick each passed before @now. False when
 * one of them is past a later tick already: another CPU accrued it in the meantime.
 */
static bool ticked_at(unsigned int index, u64 now, u64 *sum_nj)
{
	struct wp_pkg *p = &wp_pkgs[index / 2];
	bool dram = zones[index].zone == WATTLE_ZONE_DRAM;
	u64 limit = now - now % WP_COUNTER_TICK_NS + WP_COUNTER_TICK_NS, nj = 0;
	bool together = true;
	unsigned long flags;
	unsigned int cpu;

	for_each_possible_cpu(cpu) {
		struct wp_cpu *c = wp_cpu(cpu);

		if (c->pkg != p)
			continue;
		raw_spin_lock_irqsave(&c->lock, flags);
		wp_referee_accrue(c, now);
		nj += dram ? c->dram.tick_nj : c->core.tick_nj + c->traffic.tick_nj;
		together &= c->last_ns < limit;
		raw_spin_unlock_irqrestore(&c->lock, flags);
	}
	raw_spin_lock_irqsave(&p->lock, flags);
	wp_referee_accrue_pkg(p, now);
	nj += dram ? p->dram.tick_nj : p->uncore.tick_nj;
	together &= p->last_ns < limit;
	raw_spin_unlock_irqrestore(&p->lock, flags);
	*sum_nj = nj;
	return together;
}

/* All parts step together; after a few tries the sum is at most a tick apart. */
static u64 ticked_nj(unsigned int index)
{
	unsigned int tries = 4;
	u64 nj;

	while (!ticked_at(index, wp_now(), &nj) && --tries)
		;
	return nj;
}

static u32 used_raw(unsigned int index)
{
	return mul_u64_u64_div_u64(ticked_nj(index), RAW_PER_J, NSEC_PER_SEC);
}

static int counter_read(struct wattle_energy_provider *provider, unsigned int index, u64 *uj)
{
	u32 raw = used_raw(index) - READ_ONCE(zero_raw[index]);

	*uj = raw * 15625ULL / 1024;	/* 10^6 / 65536 */
	return 0;
}

static const struct wattle_energy_ops ops = {
	.read = counter_read,
};

static struct wattle_energy_provider provider = {
	.name	= WP_NAME,
	.rating	= 50,
	.ops	= &ops,
	.zones	= zones,
};

/*
 * As RAPL's, the counters are at 0 after a suspend. They are set on the way down and
 * as the last to be told: the test levels of a suspend go no further than this.
 */
static int on_suspend(struct notifier_block *nb, unsigned long action, void *data)
{
	unsigned int i;

	if (action == PM_SUSPEND_PREPARE)
		for (i = 0; i < provider.nr_zones; i++)
			WRITE_ONCE(zero_raw[i], used_raw(i));
	return NOTIFY_OK;
}

static struct notifier_block suspend_nb = {
	.notifier_call = on_suspend,
	.priority = INT_MIN,
};

/* Zone @index as any consumer of the registry reads it. */
int wp_counter_uj(unsigned int index, u64 *uj)
{
	return wattle_energy_read(&provider, index, uj);
}

int wp_counter_init(void)
{
	unsigned int i;
	int ret;

	for (i = 0; i < 2 * wp_nr_pkgs; i++)
		zones[i] = (struct wattle_energy_zone) {
			.zone		= i % 2 ? WATTLE_ZONE_DRAM : WATTLE_ZONE_PACKAGE,
			.package	= wp_pkgs[i / 2].id,
			.range_uj	= RANGE_UJ,
			.update_ns	= WP_COUNTER_TICK_NS,
			.quality	= WATTLE_QUALITY_MEASURED,
			.simulated	= true,
		};
	provider.nr_zones = i;
	while (i--)
		zero_raw[i] = -counter_start;
	ret = register_pm_notifier(&suspend_nb);
	if (ret)
		return ret;
	ret = wattle_energy_register(&provider);
	if (ret) {
		pr_err(WP_NAME ": cannot register the energy counter: %d\n", ret);
		unregister_pm_notifier(&suspend_nb);
	}
	return ret;
}

void wp_counter_exit(void)
{
	wattle_energy_unregister(&provider);
	unregister_pm_notifier(&suspend_nb);
}
