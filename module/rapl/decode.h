/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What RAPL's registers mean on which CPU, and what becomes of a counter that
 * wraps at 32 bits. Pure: no register is read here, no clock, no lock, no
 * allocation, so that recorded register values can be put through it in
 * user space.
 *
 * Sources: Intel SDM vol. 3B "Platform Specific Power Management" (RAPL
 * interfaces) and vol. 4 (registers by model); Intel E5 v3 datasheet vol. 2,
 * 330784 (DRAM unit); Intel's guidance on CVE-2020-8694 (energy filtering);
 * AMD PPR family 17h, MSRC001_0299 to 029B.
 */
#ifndef WATTLE_RAPL_DECODE_H
#define WATTLE_RAPL_DECODE_H

#include <linux/types.h>

#define WATTLE_RAPL_ARCH_CAPS		0x10a		/* IA32_ARCH_CAPABILITIES */
#define WATTLE_RAPL_PACKAGE_CTLS	0xbc		/* IA32_MISC_PACKAGE_CTLS */
#define WATTLE_RAPL_RANGE_RAW		0x100000000ULL
/* A suspend is longer; two clocks read one after the other differ by less, steal time included. */
#define WATTLE_RAPL_SLEPT_NS		500000000
/* No package draws more: 1 kW, which is 1 uJ a nanosecond. */
#define WATTLE_RAPL_MAX_UJ_PER_NS	1
/* Two CPUs that read a register one after the other may see it this much out of order. */
#define WATTLE_RAPL_LAG_UJ		10000000

enum wattle_rapl_vendor {
	WATTLE_RAPL_VENDOR_OTHER,
	WATTLE_RAPL_VENDOR_INTEL,
	WATTLE_RAPL_VENDOR_AMD,		/* and Hygon */
};

/**
 * enum wattle_rapl_why - why there is nothing to read
 * @WATTLE_RAPL_OK:		there is
 * @WATTLE_RAPL_NO_VENDOR:	neither Intel nor AMD nor Hygon
 * @WATTLE_RAPL_NO_FEATURE:	AMD or Hygon, and CPUID does not announce the counters
 * @WATTLE_RAPL_NO_MODEL:	an Intel model without them, or not in the table
 * @WATTLE_RAPL_TPMI:		Intel keeps them in TPMI, behind a PCI device, not in MSRs
 * @WATTLE_RAPL_NO_MSR:		reading the unit register failed
 * @WATTLE_RAPL_ZERO_UNIT:	the unit register reads 0, as emulators answer unknown MSRs
 * @WATTLE_RAPL_STANDS_STILL:	the package counter reads 0 or does not advance
 * @WATTLE_RAPL_NR_WHY:		number of the above
 */
enum wattle_rapl_why {
	WATTLE_RAPL_OK,
	WATTLE_RAPL_NO_VENDOR,
	WATTLE_RAPL_NO_FEATURE,
	WATTLE_RAPL_NO_MODEL,
	WATTLE_RAPL_TPMI,
	WATTLE_RAPL_NO_MSR,
	WATTLE_RAPL_ZERO_UNIT,
	WATTLE_RAPL_STANDS_STILL,
	WATTLE_RAPL_NR_WHY,
};

/**
 * enum wattle_rapl_scope - which CPUs see the same counter
 * @WATTLE_RAPL_SCOPE_PACKAGE:	all of a package (AMD)
 * @WATTLE_RAPL_SCOPE_DIE:	all of a die (Intel; one die a package but on Cascade Lake-AP)
 * @WATTLE_RAPL_SCOPE_CORE:	the hardware threads of a core
 */
enum wattle_rapl_scope {
	WATTLE_RAPL_SCOPE_PACKAGE,
	WATTLE_RAPL_SCOPE_DIE,
	WATTLE_RAPL_SCOPE_CORE,
};

/**
 * struct wattle_rapl_id - the CPU, as CPUID tells it
 * @vendor:	enum wattle_rapl_vendor
 * @family:	with the extended family added
 * @model:	with the extended model in front
 * @feature:	CPUID 8000_0007 EDX bit 14 (AMD, Hygon)
 */
struct wattle_rapl_id {
	__u32	vendor;
	__u32	family;
	__u32	model;
	__u32	feature;
};

/* More is not needed: package and DRAM, or package and core. */
#define WATTLE_RAPL_MAX_METERS	2

/**
 * struct wattle_rapl_meter - one kind of energy counter
 * @zone:	enum wattle_zone
 * @scope:	enum wattle_rapl_scope
 * @msr:	its register
 * @esu:	a count is 2^-@esu J
 */
struct wattle_rapl_meter {
	__u32	zone;
	__u32	scope;
	__u32	msr;
	__u32	esu;
};

/**
 * struct wattle_rapl_plan - the counters of this CPU model
 * @unit_msr:	where the unit is
 * @nr:		meters
 * @meters:	the package's first; @esu is filled by wattle_rapl_units()
 * @fixed_esu:	of the meter of DRAM, whatever @unit_msr says; 0: as it says
 */
struct wattle_rapl_plan {
	__u32				unit_msr;
	__u32				nr;
	struct wattle_rapl_meter	meters[WATTLE_RAPL_MAX_METERS];
	__u32				fixed_esu;
};

/**
 * struct wattle_rapl_counter - a 32-bit counter made 64 bits wide
 * @acc:	counts since the first reading
 * @stamp_ns:	time of the last reading, on a clock that stops in suspend
 * @slept_ns:	time the machine had spent suspended then
 * @last:	the last reading
 * @esu:	a count is 2^-@esu J
 * @based:	@last and @stamp_ns are valid
 * @unsure:	readings so far after the last one that it may have wrapped twice
 * @gaps:	readings after a suspend or a reset: what lies between is not counted
 */
struct wattle_rapl_counter {
	__u64	acc;
	__u64	stamp_ns;
	__u64	slept_ns;
	__u32	last;
	__u32	esu;
	__u32	based;
	__u32	unsure;
	__u32	gaps;
	__u32	pad;
};

/**
 * wattle_rapl_plan() - which registers this CPU has
 * @id:		the CPU
 * @plan:	filled if there are any
 *
 * Return: enum wattle_rapl_why, up to WATTLE_RAPL_TPMI.
 */
__u32 wattle_rapl_plan(const struct wattle_rapl_id *id, struct wattle_rapl_plan *plan);

/**
 * wattle_rapl_units() - take the units from the unit register
 * @plan:	its meters' units are set
 * @unit:	value of the register @plan names
 *
 * Return: WATTLE_RAPL_OK or WATTLE_RAPL_ZERO_UNIT.
 */
__u32 wattle_rapl_units(struct wattle_rapl_plan *plan, __u64 unit);

/**
 * wattle_rapl_has_filter() - can this CPU say whether it blurs its counters
 * @arch_caps: IA32_ARCH_CAPABILITIES
 */
int wattle_rapl_has_filter(__u64 arch_caps);

/**
 * wattle_rapl_filtered() - does it
 * @package_ctls: IA32_MISC_PACKAGE_CTLS
 */
int wattle_rapl_filtered(__u64 package_ctls);

/**
 * wattle_rapl_fold() - take in a reading
 * @c:		the counter
 * @raw:	the register's value; bits above 31 are not looked at
 * @now_ns:	when it was read, on a clock that stops in suspend
 * @slept_ns:	how long the machine has been suspended since it booted, to
 *		WATTLE_RAPL_SLEPT_NS
 *
 * The first reading is a base and counts nothing. So is the first after a
 * suspend, which may have reset the register, and one below the last that 1 kW
 * could not have brought about by a wrap. One at most WATTLE_RAPL_LAG_UJ behind
 * the last is an older view of the register, and is not taken.
 */
void wattle_rapl_fold(struct wattle_rapl_counter *c, __u64 raw, __u64 now_ns, __u64 slept_ns);

/**
 * wattle_rapl_uj() - microjoules since the first reading, rounded down
 * @c: the counter
 *
 * Exact for every count: nothing is lost from one call to the next.
 */
__u64 wattle_rapl_uj(const struct wattle_rapl_counter *c);

/**
 * wattle_rapl_wrap_ns() - the shortest time in which the register can wrap
 * @esu: its unit
 */
__u64 wattle_rapl_wrap_ns(__u32 esu);

/**
 * wattle_rapl_why_text() - a reason for people
 * @why: enum wattle_rapl_why
 */
const char *wattle_rapl_why_text(__u32 why);

#endif
