/* SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause */
/*
 * What the parts of the simulator share: traces, power tables, results. Why it is built
 * so and what each figure means: Documentation/design/simulator.md.
 */
#ifndef WATTLE_SIM_H
#define WATTLE_SIM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#define SIM_NEVER	UINT64_MAX
#define SIM_MAX_OPPS	32
#define SIM_MAX_IDLE	8
#define SIM_MAX_CPUS	64

/*
 * Limits of a trace. Products of them stay far below 2^63: 2^36 kcycles times 10^9 is
 * 2^66 and is computed in floating point, everything else in integers.
 */
#define SIM_MAX_US	(UINT64_C(1) << 40)
#define SIM_MAX_KCYCLES	(UINT64_C(1) << 36)

/**
 * struct sim_job - one batch
 * @release_us: when it is submitted
 * @deadline_us: absolute, SIM_NEVER for none
 * @work_kcycles: the part that takes longer at a lower frequency
 * @stall_us: the part that does not
 */
struct sim_job {
	uint64_t release_us;
	uint64_t deadline_us;
	uint64_t work_kcycles;
	uint64_t stall_us;
};

/**
 * struct sim_trace - batches in the order of their release
 * @name: file or family and seed
 * @job: @n of them, released in this order
 * @n: how many
 */
struct sim_trace {
	char name[96];
	struct sim_job *job;
	size_t n;
};

/**
 * struct sim_opp - an operating point
 * @khz: frequency
 * @uw: power of one CPU that runs at it
 */
struct sim_opp {
	uint32_t khz;
	uint32_t uw;
};

/**
 * struct sim_idle - an idle state
 * @name: as the kernel calls it
 * @uw: power of one CPU in it
 * @residency_us: shortest stay that pays
 * @exit_us: from the wake-up to the first instruction
 */
struct sim_idle {
	char name[16];
	uint32_t uw;
	uint32_t residency_us;
	uint32_t exit_us;
};

/**
 * struct sim_power - a server as the simulator sees it
 * @name: base name of the file
 * @nopp: operating points, rising in frequency and power
 * @opp: them
 * @nidle: idle states, falling in power, rising in residency
 * @idle: them
 * @shared_uw: of the package while any CPU is awake
 * @shared_idle_uw: of the package while all idle
 * @platform_uw: rest of the node, always drawn; counts for node energy only
 * @switch_us: from a request for a frequency to its effect; the CPU runs on meanwhile
 * @transition_us: during which nothing runs, at the effect
 */
struct sim_power {
	char name[48];
	int nopp;
	struct sim_opp opp[SIM_MAX_OPPS];
	int nidle;
	struct sim_idle idle[SIM_MAX_IDLE];
	uint32_t shared_uw;
	uint32_t shared_idle_uw;
	uint32_t platform_uw;
	uint32_t switch_us;
	uint32_t transition_us;
};

static inline uint32_t sim_fmax(const struct sim_power *p)
{
	return p->opp[p->nopp - 1].khz;
}

/* T(f) = C/f + M, in nanoseconds. */
static inline double sim_run_ns(const struct sim_job *j, uint32_t khz)
{
	return (double)j->work_kcycles * 1e9 / khz + (double)j->stall_us * 1e3;
}

/* trace.c */
int sim_trace_read(struct sim_trace *t, const char *path, FILE *err);
void sim_trace_write(const struct sim_trace *t, FILE *out);
void sim_trace_free(struct sim_trace *t);

/* table.c */
int sim_power_read(struct sim_power *p, const char *path, FILE *err);
int sim_power_check(const struct sim_power *p, const char **why);
void sim_power_mistake(struct sim_power *out, const struct sim_power *own,
		       const struct sim_power *other);

/* gen.c */
extern const char *const sim_families[];
int sim_generate(struct sim_trace *t, const char *family, uint64_t seed, uint32_t fmax_khz,
		 int cpus);

#endif
