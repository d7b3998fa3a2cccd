// SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause
/*
 * Families of traces. Sizes are times at the highest frequency, so that a family is the
 * same load on every server; all arithmetic is on integers, so that a seed is the same
 * trace on every machine.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "prng.h"
#include "sim.h"

const char *const sim_families[] = {
	"poisson", "loose", "bursty", "periodic", "mixed", "tiny", "backlog", NULL
};

struct gen {
	struct prng rng;
	struct sim_trace *t;
	size_t room;
	uint32_t fmax;
	int cpus;
};

static int add(struct gen *g, uint64_t release, uint64_t deadline, uint64_t run_us,
	       unsigned int stall_pc)
{
	uint64_t stall = run_us * stall_pc / 100;
	uint64_t work = (run_us - stall) * g->fmax / 1000000;

	if (g->t->n == g->room) {
		size_t room = g->room ? 2 * g->room : 256;
		struct sim_job *j = realloc(g->t->job, room * sizeof(*j));

		if (!j)
			return -ENOMEM;
		g->t->job = j;
		g->room = room;
	}
	g->t->job[g->t->n++] = (struct sim_job){
		release, deadline, work ? work : 1, stall
	};
	return 0;
}

/*
 * Times to run of one family member: between lo and hi, every octave as likely as the
 * next, which is what batch sizes over shapes and row counts look like.
 */
static uint64_t octaves(struct gen *g, uint64_t lo, uint64_t hi)
{
	unsigned int n = 0;

	while (n < 40 && lo << (n + 1) <= hi)
		n++;
	lo <<= prng_range(&g->rng, 0, n ? n - 1 : 0);
	return prng_range(&g->rng, lo, 2 * lo < hi ? 2 * lo : hi);
}

/*
 * A stream of single batches: exponential gaps at load @load_pc of all CPUs, deadlines
 * @slack_lo to @slack_hi tenths of (own time + the longest of the stream), because a batch
 * is not preempted: whoever asks for less may find a longer one on the CPU.
 */
static int stream(struct gen *g, size_t n, uint64_t from, uint64_t lo, uint64_t hi,
		  unsigned int load_pc, unsigned int slack_lo, unsigned int slack_hi)
{
	unsigned int stall_hi = (unsigned int)prng_range(&g->rng, 0, 60);
	uint64_t now = from, sum = 0;
	int ret = 0;

	for (size_t i = 0; i < n && !ret; i++) {
		uint64_t run = octaves(g, lo, hi), slack = prng_range(&g->rng, slack_lo, slack_hi);

		ret = add(g, now, now + (run + hi) * slack / 10, run,
			  (unsigned int)prng_range(&g->rng, 0, stall_hi));
		sum += run;
		now += prng_exp(&g->rng, run * 100 / load_pc / (unsigned int)g->cpus);
	}
	return ret;
}

static int poisson(struct gen *g, size_t n)
{
	return stream(g, n, 0, 1000, 16000, (unsigned int)prng_range(&g->rng, 20, 60), 20, 60);
}

static int loose(struct gen *g, size_t n)
{
	return stream(g, n, 0, 1000, 16000, (unsigned int)prng_range(&g->rng, 10, 50), 60, 300);
}

/* 60 to 500 us, a few ms to do it in: inference. */
static int tiny(struct gen *g, size_t n)
{
	return stream(g, n, 0, 60, 480, (unsigned int)prng_range(&g->rng, 10, 40), 50, 200);
}

/* Bursts that all come at once, and a long time for the whole of each. */
static int bursty(struct gen *g, size_t n)
{
	unsigned int stall = (unsigned int)prng_range(&g->rng, 0, 60);
	uint64_t now = 0;
	int ret = 0;

	while (g->t->n < n && !ret) {
		size_t burst = prng_range(&g->rng, 4, 24);
		uint64_t size = octaves(g, 1000, 8000), sum = 0;
		uint64_t slack = prng_range(&g->rng, 20, 60);
		uint64_t load = prng_range(&g->rng, 15, 50);

		for (size_t i = 0; i < burst && !ret; i++) {
			uint64_t run = prng_range(&g->rng, size / 2 + 1, size * 3 / 2);

			sum += run;
			/* Due in turn: as an epoch's row blocks with one deadline each. */
			ret = add(g, now, now + 2 * size + sum * slack / 10 / (unsigned int)g->cpus,
				  run, (unsigned int)prng_range(&g->rng, 0, stall));
		}
		now += prng_exp(&g->rng, sum * 100 / load / (unsigned int)g->cpus);
	}
	return ret;
}

/* Two to four queues with a batch each period, due by the next one. */
static int periodic(struct gen *g, size_t n)
{
	unsigned int queues = (unsigned int)prng_range(&g->rng, 2, 4);
	unsigned int stall = (unsigned int)prng_range(&g->rng, 0, 60);
	uint64_t base = prng_range(&g->rng, 20000, 60000), end = 0;
	int ret = 0;

	for (unsigned int q = 0; q < queues && !ret; q++) {
		uint64_t period = base << prng_range(&g->rng, 0, 2);
		uint64_t run = base * prng_range(&g->rng, 20, 60) / 100 / queues;
		uint64_t phase = prng_range(&g->rng, 0, base);
		size_t count = n / queues * base / period + 2;

		run *= (unsigned int)g->cpus;
		if (run > base / 4)
			run = base / 4;
		for (size_t i = 0; i < count && !ret; i++) {
			uint64_t r = phase + i * period;
			uint64_t own = run * prng_range(&g->rng, 80, 100) / 100;

			ret = add(g, r, r + period, own, stall);
			if (r + period > end)
				end = r + period;
		}
	}
	return ret;
}

/* Streams of different kinds over each other. */
static int mixed(struct gen *g, size_t n)
{
	int ret = stream(g, n / 3, 0, 1000, 8000, 15, 60, 200);

	if (!ret)
		ret = stream(g, n / 3, prng_range(&g->rng, 0, 50000), 200, 2000, 5, 100, 400);
	if (!ret)
		ret = stream(g, n / 6, prng_range(&g->rng, 0, 50000), 2000, 16000, 15, 30, 100);
	return ret;
}

/* No deadlines; training that waits in a row, in one or a few lumps. */
static int backlog(struct gen *g, size_t n)
{
	unsigned int stall = (unsigned int)prng_range(&g->rng, 0, 80);
	uint64_t now = 0, sum = 0;
	size_t lump = n / prng_range(&g->rng, 1, 4);
	int ret = 0;

	for (size_t i = 0; i < n && !ret; i++) {
		uint64_t run = octaves(g, 1000, 32000);

		ret = add(g, now, SIM_NEVER, run, (unsigned int)prng_range(&g->rng, 0, stall));
		sum += run;
		if ((i + 1) % lump == 0) {
			now += sum * prng_range(&g->rng, 110, 200) / 100 / (unsigned int)g->cpus;
			sum = 0;
		}
	}
	return ret;
}

static int by_release(const void *a, const void *b)
{
	const struct sim_job *x = a, *y = b;

	if (x->release_us != y->release_us)
		return x->release_us < y->release_us ? -1 : 1;
	if (x->deadline_us != y->deadline_us)
		return x->deadline_us < y->deadline_us ? -1 : 1;
	if (x->work_kcycles != y->work_kcycles)
		return x->work_kcycles < y->work_kcycles ? -1 : 1;
	return 0;
}

/**
 * sim_generate() - one member of a family
 * @t: filled
 * @family: a name out of sim_families
 * @seed: the same seed, family, frequency and number of CPUs give the same trace
 * @fmax_khz: the highest frequency of the server it is for
 * @cpus: how many CPUs it is to load
 *
 * Return: 0, -EINVAL for an unknown family, -ENOMEM.
 */
int sim_generate(struct sim_trace *t, const char *family, uint64_t seed, uint32_t fmax_khz,
		 int cpus)
{
	int (*const make[])(struct gen *g, size_t n) = {
		poisson, loose, bursty, periodic, mixed, tiny, backlog
	};
	struct gen g = { .t = t, .fmax = fmax_khz, .cpus = cpus };
	int ret = -EINVAL;

	memset(t, 0, sizeof(*t));
	for (int i = 0; sim_families[i]; i++) {
		if (strcmp(family, sim_families[i]))
			continue;
		prng_seed(&g.rng, seed * 16 + (uint64_t)i);
		ret = make[i](&g, 120 * (size_t)cpus);
	}
	if (ret) {
		sim_trace_free(t);
		return ret;
	}
	qsort(t->job, t->n, sizeof(*t->job), by_release);
	snprintf(t->name, sizeof(t->name), "%s-%" PRIu64, family, seed);
	return 0;
}
