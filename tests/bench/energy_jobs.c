// SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause
/* See energy_jobs.h. Times of work are those at full speed. */
#include "energy_jobs.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#define US	1000ULL
#define MS	1000000ULL
#define LEASE	(10000 * MS)

struct energy_job energy_jobs[ENERGY_JOBS_MAX];
unsigned int energy_nr_jobs;
static uint64_t state;

static uint64_t any(uint64_t below)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return (state >> 11) % below;
}

/* From @low to @high, both included. */
static uint64_t between(uint64_t low, uint64_t high)
{
	return low + any(high - low + 1);
}

/* The time to the next of arrivals that know nothing of each other (Poisson). */
static uint64_t gap(uint64_t mean_ns)
{
	return (uint64_t)(-log((double)(any(1 << 20) + 1) / (1 << 20)) * (double)mean_ns);
}

/* @us at full speed, @memory_pm per mille of it waiting for memory. */
static void job(uint64_t release_ns, uint64_t due_ns, uint64_t us, uint32_t memory_pm,
		uint32_t activity_pm, uint32_t queue)
{
	uint64_t stall_us = us * memory_pm / 1000;

	if (energy_nr_jobs == ENERGY_JOBS_MAX) {
		fprintf(stderr, "more than %d jobs in a mix\n", ENERGY_JOBS_MAX);
		exit(1);
	}
	energy_jobs[energy_nr_jobs++] = (struct energy_job){
		.release_ns = release_ns, .due_ns = due_ns, .stall_us = stall_us,
		.kcycles = (us - stall_us) * ENERGY_FULL_KHZ / 1000000,
		.activity_pm = activity_pm, .queue = queue,
	};
}

/* Epochs of training: all of an epoch's batches at once, due a little before the next. */
static void epochs(uint64_t period_ns, unsigned int n, unsigned int batches, uint64_t us,
		   uint32_t memory_pm, uint32_t activity_pm)
{
	unsigned int e, i;

	for (e = 0; e < n; e++)
		for (i = 0; i < batches; i++)
			job(e * period_ns, (e + 1) * period_ns - 10 * MS,
			    between(us * 9 / 10, us * 11 / 10), memory_pm, activity_pm, 0);
}

static void compute(void)
{
	epochs(250 * MS, 7, 40, 10000, 0, 1200);
}

static void memory(void)
{
	epochs(250 * MS, 7, 40, 10000, 600, 900);
}

static void mixed(void)
{
	uint64_t t;

	for (t = 0; t < 1500 * MS; t += gap(8 * MS)) {
		uint32_t memory_pm = any(2) ? 0 : 600;

		job(t, t + between(80, 400) * MS, between(2000, 20000), memory_pm,
		    memory_pm ? 900 : 1200, 0);
	}
}

static void inference(void)
{
	uint64_t t;

	for (t = 0; t < 1900 * MS; t += gap(60 * MS)) {
		unsigned int n = between(1, 12);

		while (n--)
			job(t, t + 50 * MS, between(1000, 4000), 200, 1100, 0);
	}
}

static void filler(void)
{
	uint64_t t, next = 100 * MS;

	for (t = 0; t < 1700 * MS; t += gap(8 * MS)) {
		for (; next <= t; next += 100 * MS)
			job(next, next + 40 * MS, between(1500, 3000), 100, 1100, 0);
		job(t, 0, between(2000, 8000), any(2) ? 500 : 0, 1000, 1);
	}
}

static void tiny(void)
{
	uint64_t t;

	for (t = 0; t < 1000 * MS; t += gap(1500 * US))
		job(t, t + 40 * MS, between(300, 1000), 100, 1000, 0);
}

static void backlog(void)
{
	unsigned int i;

	for (i = 0; i < 240; i++)
		job(0, 0, between(8000, 12000), i % 2 ? 0 : 600, i % 2 ? 1200 : 900, 0);
}

/* Four CPUs do 80 of these in a period. */
static void overcommitted(void)
{
	unsigned int e, i, n;

	for (e = 0; e < 6; e++)
		for (i = 0, n = between(70, 110); i < n; i++)
			job(e * 200 * MS, (e + 1) * 200 * MS, between(9000, 11000), 200, 1100, 0);
}

#define QUEUE(_class, _slow, _delay)	{					\
	.class = WATTLE_CLASS_##_class, .max_slowdown_pm = _slow,		\
	.max_delay_us = _delay, .lease_ns = LEASE }

const struct energy_mix energy_mixes[] = {
	{ "compute", "compute-bound: 7 epochs of 40 x 10 ms, due every 250 ms", 2000 * MS,
	  { QUEUE(BATCH, 0, 0) }, compute },
	{ "memory", "memory-bound: the same, 60 % of the time waiting for memory", 2000 * MS,
	  { QUEUE(BATCH, 0, 0) }, memory },
	{ "mixed", "mixed: 2 to 20 ms each 8 ms, due in 80 to 400 ms", 2000 * MS,
	  { QUEUE(BATCH, 0, 50000) }, mixed },
	{ "inference", "bursty inference: 1 to 12 requests of 1 to 4 ms, due in 50 ms", 2000 * MS,
	  { QUEUE(BATCH, 0, 25000) }, inference },
	{ "filler", "background of 2 to 8 ms each 8 ms, requests each 100 ms", 2000 * MS,
	  { QUEUE(BATCH, 0, 20000), QUEUE(BACKGROUND, 200, 100000) }, filler },
	{ "tiny", "tiny batches: 0.3 to 1 ms each 1.5 ms, due in 40 ms", 1200 * MS,
	  { QUEUE(BATCH, 0, 20000) }, tiny },
	{ "backlog", "no deadlines: 240 x 10 ms, slowed by 20 % at most", 1200 * MS,
	  { QUEUE(BATCH, 200, 0) }, backlog },
	{ "overcommitted", "70 to 110 x 10 ms each 200 ms, 80 would fit", 2000 * MS,
	  { QUEUE(BATCH, 0, 0) }, overcommitted },
};
const unsigned int energy_nr_mixes = sizeof(energy_mixes) / sizeof(energy_mixes[0]);

void energy_fill(const struct energy_mix *mix, uint64_t seed)
{
	energy_nr_jobs = 0;
	state = seed * 0x9e3779b97f4a7c15ULL | 1;
	any(2);
	mix->fill();
}
