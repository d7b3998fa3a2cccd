// SPDX-License-Identifier: GPL-2.0-only
/* The CPU's own answers: see hw.h. */
#include <linux/errno.h>
#include <linux/topology.h>

#include <asm/cpufeature.h>
#include <asm/processor.h>

#include "compat/compat.h"
#include "rapl/hw.h"

const char * const wattle_rapl_name = "rapl";
const bool wattle_rapl_simulated;

void wattle_rapl_hw_id(struct wattle_rapl_id *id)
{
	const struct cpuinfo_x86 *c = &boot_cpu_data;

	*id = (struct wattle_rapl_id) {
		.family		= c->x86,
		.model		= c->x86_model,
		.feature	= boot_cpu_has(X86_FEATURE_RAPL),
	};
	if (c->x86_vendor == X86_VENDOR_INTEL)
		id->vendor = WATTLE_RAPL_VENDOR_INTEL;
	else if (c->x86_vendor == X86_VENDOR_AMD || c->x86_vendor == X86_VENDOR_HYGON)
		id->vendor = WATTLE_RAPL_VENDOR_AMD;
}

void wattle_rapl_hw_place(unsigned int cpu, struct wattle_rapl_place *place)
{
	place->package = topology_physical_package_id(cpu);
	place->die = topology_die_id(cpu);
	place->core = topology_core_id(cpu);
}

int wattle_rapl_hw_read(u32 msr, u64 *value)
{
	return wattle_rdmsr_safe(msr, value) ? -EIO : 0;
}

bool wattle_rapl_hw_filtered(void)
{
	u64 caps, ctls;

	/* The register exists only where the capabilities say so. */
	if (!boot_cpu_has(X86_FEATURE_ARCH_CAPABILITIES) ||
	    wattle_rapl_hw_read(WATTLE_RAPL_ARCH_CAPS, &caps) ||
	    !wattle_rapl_has_filter(caps) ||
	    wattle_rapl_hw_read(WATTLE_RAPL_PACKAGE_CTLS, &ctls))
		return false;
	return wattle_rapl_filtered(ctls);
}
