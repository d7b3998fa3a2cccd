// SPDX-License-Identifier: GPL-2.0-only
/*
 * The cpuidle driver: C1, C1E and C6 with the exit latencies and target
 * residencies of Skylake-SP as published in Linux, drivers/idle/intel_idle.c,
 * skx_cstates. In the guest every state is a halt; what differs is what the
 * referee charges, which hints the governor gets, and how long waking takes.
 *
 * No timer is ever armed here: the governor would take it for the next event.
 */
#include <linux/cpuhotplug.h>
#include <linux/cpuidle.h>
#include <linux/delay.h>
#include <linux/module.h>
#include <linux/slab.h>

#include "compat.h"
#include "platform.h"

static bool idle = true;
module_param(idle, bool, 0444);
MODULE_PARM_DESC(idle, "register the cpuidle driver with C1, C1E and C6 (default Y)");

static bool exit_latency = true;
module_param(exit_latency, bool, 0444);
MODULE_PARM_DESC(exit_latency,
		 "waking takes the state's exit latency (default Y); N: it costs its energy only");

bool wp_idle_on;

static struct cpuidle_device *devices;
static enum cpuhp_state hp_state;

static int enter(struct cpuidle_device *dev, struct cpuidle_driver *drv, int index)
{
	struct wp_cpu *c = wp_cpu(dev->cpu);
	u32 exit_us = drv->states[index].exit_latency;
	bool halted = false;

	/* Interrupts are off and RCU watches until wp_idle_rcu_enter(). */
	WRITE_ONCE(c->inside, true);
	wp_referee_idle(c, WP_C1 + index, 0);

	wp_idle_rcu_enter();
	if (!need_resched()) {
		halted = true;
		raw_safe_halt();
		raw_local_irq_disable();
	}
	wp_idle_rcu_exit();

	wp_referee_idle(c, WP_IDLE_LOOP, halted && !exit_latency ? exit_us : 0);
	if (halted && exit_latency) {
		u64 awake = wp_now() + (u64)exit_us * NSEC_PER_USEC;

		while (wp_now() < awake)
			cpu_relax();
	}
	WRITE_ONCE(c->inside, false);
	return index;
}

#define STATE(_name, _desc, _exit, _residency)				\
	{								\
		.name = (_name),					\
		.desc = (_desc),					\
		.exit_latency = (_exit),				\
		.target_residency = (_residency),			\
		/* enter() tells RCU itself, so that it may take locks */ \
		.flags = CPUIDLE_FLAG_RCU_IDLE,				\
		.enter = enter,						\
	}

/* No owner: cpuidle would pin the module for as long as it is registered. */
static struct cpuidle_driver driver = {
	.name = WP_NAME,
	.states = {
		STATE("C1", "virtual halt, clock gated", 2, 2),
		STATE("C1E", "virtual halt, lowest voltage", 10, 20),
		STATE("C6", "virtual halt, power gated", 133, 600),
	},
	.state_count = 3,
};

static int on_online(unsigned int cpu)
{
	struct cpuidle_device *dev = &devices[cpu];

	if (dev->registered)
		return 0;
	dev->cpu = cpu;
	return cpuidle_register_device(dev);
}

static int on_offline(unsigned int cpu)
{
	cpuidle_unregister_device(&devices[cpu]);
	return 0;
}

static bool anyone_inside(void)
{
	unsigned int cpu;

	for_each_online_cpu(cpu)
		if (READ_ONCE(wp_cpu(cpu)->inside))
			return true;
	return false;
}

/*
 * All devices are unregistered, which wakes the idle CPUs but does not wait until
 * they have left enter(), where RCU does not see them. Wait for that, and then for
 * the few instructions between the flag and the return, where it does.
 */
static void unregister_driver(void)
{
	while (anyone_inside()) {
		wake_up_all_idle_cpus();
		usleep_range(100, 200);
	}
	synchronize_rcu();
	wp_idle_on = false;
	cpuidle_unregister_driver(&driver);
	kfree(devices);
	devices = NULL;
}

int wp_idle_init(void)
{
	int ret;

	if (!idle)
		return 0;
	devices = kcalloc(nr_cpu_ids, sizeof(*devices), GFP_KERNEL);
	if (!devices)
		return -ENOMEM;
	ret = cpuidle_register_driver(&driver);
	if (ret) {
		struct cpuidle_driver *other = cpuidle_get_driver();

		pr_err(WP_NAME ": cannot register the cpuidle driver: %d (present: %s); load with idle=0\n",
		       ret, other ? other->name : "none");
		goto free_devices;
	}
	wp_idle_on = true;
	ret = cpuhp_setup_state(CPUHP_AP_ONLINE_DYN, "wattle_platform:idle",
				on_online, on_offline);
	if (ret < 0) {
		/* Those that had come up have been taken down, but may still be inside. */
		pr_err(WP_NAME ": cannot register the idle devices: %d\n", ret);
		unregister_driver();
		return ret;
	}
	hp_state = ret;
	return 0;

free_devices:
	kfree(devices);
	devices = NULL;
	return ret;
}

void wp_idle_exit(void)
{
	if (!idle)
		return;
	cpuhp_remove_state(hp_state);
	unregister_driver();
}
