// SPDX-License-Identifier: GPL-2.0-only
/*
 * Delivered frequency, by APERF and MPERF: both count only while the CPU runs,
 * one at its clock, the other at the TSC's. Their ratio over a while is the mean
 * clock of what ran in it. Read on the CPU itself by a thread that runs there
 * anyway: no CPU is woken to be asked how fast it is.
 */
#include <asm/cpufeature.h>
#include <asm/msr.h>
#include <asm/tsc.h>
#include <linux/irqflags.h>
#include <linux/jiffies.h>
#include <linux/percpu.h>
#include <linux/smp.h>

#include "core/delivered.h"
#include "aperf.h"

/* A reading older than this says nothing about now. */
#define WATTLE_APERF_OLD	HZ

struct wattle_aperf {
	u64		aperf;
	u64		mperf;
	unsigned long	stamp;
	bool		valid;
};

static DEFINE_PER_CPU(struct wattle_aperf, wattle_aperf);

/**
 * wattle_aperf_khz() - the mean clock of @cpu since this was last asked
 * @cpu: the CPU that the caller is pinned to
 *
 * Return: kHz; 0 where the counters are missing, the caller is elsewhere, or the
 * last reading is too old.
 */
u32 wattle_aperf_khz(u32 cpu)
{
	struct wattle_aperf *last, now = { .stamp = jiffies, .valid = true };
	unsigned long flags;
	u32 khz = 0;

	if (!boot_cpu_has(X86_FEATURE_APERFMPERF))
		return 0;
	local_irq_save(flags);
	if (smp_processor_id() == cpu) {
		rdmsrl(MSR_IA32_APERF, now.aperf);
		rdmsrl(MSR_IA32_MPERF, now.mperf);
		last = this_cpu_ptr(&wattle_aperf);
		if (last->valid && time_before(jiffies, last->stamp + WATTLE_APERF_OLD))
			khz = wattle_delivered_khz(cpu_khz, now.aperf - last->aperf,
						   now.mperf - last->mperf);
		*last = now;
	}
	local_irq_restore(flags);
	return khz;
}
