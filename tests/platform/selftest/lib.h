/* SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause */
/*
 * What the virtual platform's tests share: TAP, loading the module, the device,
 * the referee's snapshot, frequencies and CPU pinning. Anything that goes wrong
 * outside the thing under test ends the program with "Bail out!" and exit 1.
 */
#ifndef PLATFORM_SELFTEST_LIB_H
#define PLATFORM_SELFTEST_LIB_H

#include <stdbool.h>
#include <stdint.h>

#include "../wattle_platform.h"

/** tap_ok() - one test; @fmt names it. Returns @cond. */
bool tap_ok(bool cond, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/** tap_near() - a test that @got is within @tolerance (a share) of @want */
bool tap_near(double got, double want, double tolerance, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));
/** tap_note() - a diagnostic line */
void tap_note(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
/** tap_bail() - the test cannot go on; does not return */
void tap_bail(const char *fmt, ...) __attribute__((format(printf, 1, 2), noreturn));
/** tap_done() - prints the plan; returns the exit code */
int tap_done(void);
/** tap_skip_all() - exit 77 with a reason */
void tap_skip_all(const char *fmt, ...) __attribute__((format(printf, 1, 2), noreturn));

/** pt_try_load() - load the platform; 0 or the errno of finit_module() */
int pt_try_load(const char *params);
/** pt_load() - unload what is there, load with @params, wait for the device */
void pt_load(const char *params);
/** pt_try_unload() - 0 or an errno; ENOENT if it was not loaded */
int pt_try_unload(void);
void pt_unload(void);

/** pt_open() - a descriptor of /dev/wattle_platform */
int pt_open(void);
/** pt_work() - halted work on @fd; returns CPU time in ns, or -errno */
int64_t pt_work(int fd, uint64_t kcycles, uint64_t stall_us);
/** pt_task() - the calling thread's hidden facts */
void pt_task(int fd, unsigned int activity_pm, unsigned int stall_pm);

/** pt_now_ns() - CLOCK_MONOTONIC */
uint64_t pt_now_ns(void);
/** pt_pin() - the calling thread to one CPU */
void pt_pin(unsigned int cpu);
/** pt_cpus() - CPUs online */
unsigned int pt_cpus(void);
/** pt_virtual_time() - true in a guest whose time follows executed instructions */
bool pt_virtual_time(void);

/** pt_write() - a sysfs or debugfs file; 0 or an errno */
int pt_write(const char *text, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/** pt_read() - first line of a file into @buf; false if it cannot be read */
bool pt_read(char *buf, unsigned int size, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
/** pt_read_u64() - a file with one number */
uint64_t pt_read_u64(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/** pt_khz() - the true frequency of @cpu */
uint64_t pt_khz(unsigned int cpu);
/**
 * pt_fix_khz() - governor performance, capped at @khz, on every policy; waits
 * until the clock of every CPU is at it
 */
void pt_fix_khz(uint64_t khz);
/** pt_wait_khz() - wait until @cpu's clock is at @khz; false after @limit_ns */
bool pt_wait_khz(unsigned int cpu, uint64_t khz, uint64_t limit_ns);
/** pt_quiet() - wait until no CPU but the caller's has much to do */
void pt_quiet(void);

/* The referee's snapshot, parsed. */
#define PT_MAX_CPUS	64
#define PT_MAX_PKGS	16
enum pt_state { PT_RUN, PT_IDLE_LOOP, PT_C1, PT_C1E, PT_C6, PT_OFFLINE, PT_NR_STATES };
enum pt_level { PT_LEVEL_RUN, PT_LEVEL_SHALLOW, PT_LEVEL_DEEP, PT_NR_LEVELS };

struct pt_cpu {
	bool present;
	unsigned int package;
	int online;
	uint64_t khz, changes, energy_nj, traffic_nj, dram_nj, stolen_ns, timer_fires;
	uint64_t state_ns[PT_NR_STATES], entries[PT_NR_STATES];
	uint64_t freq_ns, freq_run_ns;	/* over all frequencies */
};

struct pt_package {
	bool present;
	uint64_t energy_nj, core_nj, uncore_nj, dram_nj;
	uint64_t level_ns[PT_NR_LEVELS];
};

struct pt_snapshot {
	uint64_t now_ns;
	unsigned int nr_cpus, nr_packages;
	struct pt_cpu cpu[PT_MAX_CPUS];
	struct pt_package package[PT_MAX_PKGS];
};

/** pt_snapshot() - read the referee */
void pt_snapshot(struct pt_snapshot *s);
/** pt_awake() - how often @c left an idle state */
uint64_t pt_wakeups(const struct pt_cpu *c);
void pt_reset(void);

#endif
