// SPDX-License-Identifier: GPL-2.0-only
/*
 * Which CPUs make a package and which share a clock. All fixed at load.
 */
#include <linux/module.h>
#include <linux/slab.h>
#include <linux/topology.h>

#include "platform.h"

static unsigned int packages;
module_param(packages, uint, 0444);
MODULE_PARM_DESC(packages, "number of virtual packages; 0 = as the machine says (default)");

static char *policy = "percpu";
module_param(policy, charp, 0444);
MODULE_PARM_DESC(policy, "which CPUs share a clock: percpu (default), pairs, shared (a package)");

struct wp_cpu *wp_cpus;
struct wp_pkg wp_pkgs[WP_MAX_PKGS];
unsigned int wp_nr_pkgs;

static enum { DOMAIN_PERCPU, DOMAIN_PAIRS, DOMAIN_SHARED } domain;

/* Find or make the package with this id; NULL when there are too many. */
static struct wp_pkg *package_of(u32 id)
{
	unsigned int i;

	for (i = 0; i < wp_nr_pkgs; i++)
		if (wp_pkgs[i].id == id)
			return &wp_pkgs[i];
	if (wp_nr_pkgs == WP_MAX_PKGS)
		return NULL;
	raw_spin_lock_init(&wp_pkgs[i].lock);
	wp_pkgs[i].id = id;
	wp_pkgs[i].level = WP_PKG_DEEP;
	wp_nr_pkgs++;
	return &wp_pkgs[i];
}

static u32 package_id(unsigned int cpu)
{
	int id;

	if (packages)
		return cpu * packages / nr_cpu_ids;
	id = topology_physical_package_id(cpu);
	return id < 0 ? 0 : id;		/* a CPU that never was online has none yet */
}

static int parse_policy(void)
{
	if (!strcmp(policy, "percpu")) {
		domain = DOMAIN_PERCPU;
	} else if (!strcmp(policy, "pairs")) {
		domain = DOMAIN_PAIRS;
	} else if (!strcmp(policy, "shared")) {
		domain = DOMAIN_SHARED;
	} else {
		pr_err(WP_NAME ": policy=%s is not known; use percpu, pairs or shared\n", policy);
		return -EINVAL;
	}
	return 0;
}

int wp_geometry_init(void)
{
	unsigned int cpu;
	int ret;

	ret = parse_policy();
	if (ret)
		return ret;
	if (packages > WP_MAX_PKGS || packages > nr_cpu_ids) {
		pr_err(WP_NAME ": packages=%u: at most one for each of %u CPUs, and %u in all\n",
		       packages, nr_cpu_ids, WP_MAX_PKGS);
		return -EINVAL;
	}
	wp_cpus = kcalloc(nr_cpu_ids, sizeof(*wp_cpus), GFP_KERNEL);
	if (!wp_cpus)
		return -ENOMEM;
	for_each_possible_cpu(cpu) {
		struct wp_cpu *c = wp_cpu(cpu);

		raw_spin_lock_init(&c->lock);
		c->cpu = cpu;
		c->pkg = package_of(package_id(cpu));
		if (!c->pkg) {
			pr_err(WP_NAME ": more than %u packages; set packages=\n", WP_MAX_PKGS);
			wp_geometry_exit();
			return -EINVAL;
		}
	}
	return 0;
}

void wp_geometry_exit(void)
{
	kfree(wp_cpus);
	wp_cpus = NULL;
	wp_nr_pkgs = 0;
}

static unsigned int domain_of(unsigned int cpu)
{
	switch (domain) {
	case DOMAIN_PAIRS:
		return cpu / 2;
	case DOMAIN_SHARED:
		return wp_cpu(cpu)->pkg - wp_pkgs;
	default:
		return cpu;
	}
}

void wp_geometry_domain(unsigned int cpu, struct cpumask *cpus)
{
	unsigned int other;

	cpumask_clear(cpus);
	for_each_possible_cpu(other)
		if (domain_of(other) == domain_of(cpu))
			cpumask_set_cpu(other, cpus);
}
