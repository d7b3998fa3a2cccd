// SPDX-License-Identifier: GPL-2.0-only
/*
 * CPUs coming and going. Both callbacks run on the CPU itself, in its hotplug
 * thread: what runs there is known without asking. Loading brings every online
 * CPU up this way, unloading takes it down.
 */
#include <linux/cpuhotplug.h>

#include "platform.h"

static enum cpuhp_state hp_state;

static int on_online(unsigned int cpu)
{
	struct wp_cpu *c = wp_cpu(cpu);
	struct wp_facts facts;
	unsigned long flags;

	wp_tasks_facts(current, &facts);
	local_irq_save(flags);
	raw_spin_lock(&c->lock);
	c->online = true;
	wp_referee_set(c, WP_RUN, &facts, wp_now());
	raw_spin_unlock(&c->lock);
	wp_stolen_switch(c, true, false);
	local_irq_restore(flags);
	return 0;
}

static int on_offline(unsigned int cpu)
{
	struct wp_cpu *c = wp_cpu(cpu);
	unsigned long flags;

	local_irq_save(flags);
	raw_spin_lock(&c->lock);
	wp_referee_set(c, WP_OFFLINE, NULL, wp_now());
	c->online = false;
	c->owed_ns = 0;
	raw_spin_unlock(&c->lock);
	wp_stolen_switch(c, false, true);
	local_irq_restore(flags);
	return 0;
}

int wp_online_init(void)
{
	int ret = cpuhp_setup_state(CPUHP_AP_ONLINE_DYN, "wattle_platform:online",
				    on_online, on_offline);

	if (ret < 0) {
		pr_err(WP_NAME ": cannot follow CPU hotplug: %d\n", ret);
		return ret;
	}
	hp_state = ret;
	return 0;
}

void wp_online_exit(void)
{
	cpuhp_remove_state(hp_state);
}
