// SPDX-License-Identifier: GPL-2.0-only
/*
 * wattle_rapl.ko's own code on made-up registers, as guests have none: the unit
 * register is one that real machines show, the energy counters are derived from
 * the clock (so many watts, by package), and CPUs are dealt out to packages by
 * their numbers. Everything else - who reads where and when, hotplug, wraps,
 * what is offered - is the product's, compiled in unchanged.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/math64.h>
#include <linux/module.h>
#include <linux/percpu.h>
#include <linux/timekeeping.h>

#include "../../module/rapl/decode.c"
#include "../../module/rapl/domain.c"
#include "../../module/rapl/main.c"

#define DRAM_WATTS	10
#define CORE_WATTS	5

static bool amd;
module_param(amd, bool, 0444);
MODULE_PARM_DESC(amd, "AMD's registers, not Intel's");

static uint model = 0x55;
module_param(model, uint, 0444);
MODULE_PARM_DESC(model, "Intel model (default 0x55, Skylake-SP)");

static uint packages = 1;
module_param(packages, uint, 0444);
MODULE_PARM_DESC(packages, "packages the CPUs are dealt out to (default 1)");

static uint dies = 1;
module_param(dies, uint, 0444);
MODULE_PARM_DESC(dies, "dies a package (default 1)");

static uint threads = 1;
module_param(threads, uint, 0444);
MODULE_PARM_DESC(threads, "hardware threads a core (default 1)");

static uint unit = 0xa0e03;
module_param(unit, uint, 0444);
MODULE_PARM_DESC(unit, "the unit register (default 0xa0e03: 2^-14 J)");

static uint watts = 40;
module_param(watts, uint, 0444);
MODULE_PARM_DESC(watts, "of each die of package 0; package n has n + 1 times that (default 40, 0 stands still)");

static uint start = 0xfffc0000;
module_param(start, uint, 0444);
MODULE_PARM_DESC(start, "what the counters are when the module is loaded (default 0xfffc0000)");

static bool filter;
module_param(filter, bool, 0444);
MODULE_PARM_DESC(filter, "MSR 0xbc says that energy is filtered");

static bool broken;
module_param(broken, bool, 0644);
MODULE_PARM_DESC(broken, "reading any register fails");

const char * const wattle_rapl_name = "rapl-replay";
const bool wattle_rapl_simulated = true;

static DEFINE_PER_CPU(unsigned long, replay_reads);
static u64 replay_since_ns;

void wattle_rapl_hw_id(struct wattle_rapl_id *id)
{
	replay_since_ns = ktime_get_mono_fast_ns();
	*id = (struct wattle_rapl_id) {
		.vendor		= amd ? WATTLE_RAPL_VENDOR_AMD : WATTLE_RAPL_VENDOR_INTEL,
		.family		= amd ? 0x19 : 6,
		.model		= model,
		.feature	= 1,
	};
}

/* Neighbouring numbers share a core, neighbouring cores a die, neighbouring dies a package. */
void wattle_rapl_hw_place(unsigned int cpu, struct wattle_rapl_place *place)
{
	unsigned int per_die = max(1U, num_possible_cpus() / (packages * dies));
	unsigned int die = min(cpu / per_die, packages * dies - 1);

	place->package = die / dies;
	place->die = die % dies;
	place->core = cpu / threads;
}

/* Counts of 2^-@esu J at @w watts since the module was loaded. */
static u32 replay_count(unsigned int w, unsigned int esu)
{
	u64 ns = ktime_get_mono_fast_ns() - replay_since_ns;

	return start + (u32)mul_u64_u64_div_u64(ns, (u64)w << esu, NSEC_PER_SEC);
}

int wattle_rapl_hw_read(u32 msr, u64 *value)
{
	unsigned int esu = unit >> 8 & 0x1f;
	struct wattle_rapl_place at;

	if (broken)
		return -EIO;
	wattle_rapl_hw_place(raw_smp_processor_id(), &at);
	switch (msr) {
	case 0x606:
	case 0xc0010299:
		*value = unit;
		return 0;
	case 0x611:
	case 0xc001029b:
		this_cpu_inc(replay_reads);
		/* Bits above the counter are not zero on every machine. */
		*value = 0xdeadULL << 32 | replay_count(watts * (at.package + 1), esu);
		return 0;
	case 0x619:
		/* Skylake-SP's own unit, and the register's on Sapphire Rapids. */
		*value = replay_count(DRAM_WATTS, model == 0x8f ? esu : 16);
		return 0;
	case 0xc001029a:
		*value = replay_count(CORE_WATTS, esu);
		return 0;
	default:
		return -EIO;
	}
}

bool wattle_rapl_hw_filtered(void)
{
	return wattle_rapl_filtered(filter);
}

struct replay_print {
	char	*buf;
	int	len;
};

static int replay_print_zone(struct wattle_energy_provider *p, unsigned int index, void *arg)
{
	const struct wattle_energy_zone *z = &p->zones[index];
	struct replay_print *out = arg;
	u64 uj = 0;
	int err;

	if (p->ops != &rapl_ops)
		return 0;
	err = wattle_energy_read(p, index, &uj);
	out->len += scnprintf(out->buf + out->len, PAGE_SIZE - out->len, "%u %u %u %d %d %llu\n",
			      z->zone, z->package, z->cpu, z->filtered, err, uj);
	return 0;
}

/* Each zone as a consumer reads it: zone, package, cpu, filtered, error, microjoules. */
static int replay_get_zones(char *buffer, const struct kernel_param *kp)
{
	struct replay_print out = { .buf = buffer };

	wattle_energy_for_each(replay_print_zone, &out);
	return out.len;
}

static const struct kernel_param_ops replay_zones_ops = {
	.get = replay_get_zones,
};
module_param_cb(zones, &replay_zones_ops, NULL, 0400);

/* How often each CPU has read a package counter. */
static int replay_get_reads(char *buffer, const struct kernel_param *kp)
{
	unsigned int cpu;
	int len = 0;

	for_each_possible_cpu(cpu)
		len += scnprintf(buffer + len, PAGE_SIZE - len, "%lu\n",
				 per_cpu(replay_reads, cpu));
	return len;
}

static const struct kernel_param_ops replay_reads_ops = {
	.get = replay_get_reads,
};
module_param_cb(reads, &replay_reads_ops, NULL, 0400);
