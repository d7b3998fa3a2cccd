// SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause
/*
 * What the passage of batches costs: the same pieces of work of a millisecond,
 * called one after the other, and as batches of a pool, submitted, granted and
 * completed. Both ways take turns; the least of each counts.
 *
 * In a guest with virtual time the clock follows executed instructions, so the
 * share is one of instructions there.
 */
#include <pthread.h>
#include <stdint.h>
#include <wattle/wattle.h>
#include "bench.h"

#define BATCHES	200
#define ROUNDS	9

struct work {
	uint64_t	turns;	/* of the loop, for a batch */
	_Atomic uint64_t sum;
};

static int batch(void *ctx, uint64_t user_data, unsigned int worker)
{
	struct work *w = ctx;
	uint64_t x = user_data | 1, i;

	(void)worker;
	for (i = 0; i < w->turns; i++)
		x = x * 6364136223846793005u + 1442695040888963407u;
	w->sum += x;
	return 0;
}

/* Turns that take about a millisecond. */
static uint64_t calibrate(struct work *w)
{
	double least = 0;
	int i;

	w->turns = 100000;
	for (i = 0; i < 20; i++) {
		const double t = bench_now();

		batch(w, 1, 0);
		bench_least(&least, bench_now() - t);
	}
	return (uint64_t)(100000 * 1e-3 / least);
}

struct direct {
	struct work	*w;
	uint64_t	from, to;
};

static void *direct_thread(void *p)
{
	const struct direct *d = p;
	uint64_t i;

	for (i = d->from; i < d->to; i++)
		batch(d->w, i, 0);
	return NULL;
}

/* Equal shares of the batches, a thread each. */
static double direct(struct work *w, unsigned int threads)
{
	const double t = bench_now();
	struct direct d[2];
	pthread_t id[2];
	unsigned int i;

	for (i = 0; i < threads; i++) {
		d[i] = (struct direct){ w, BATCHES / threads * i, BATCHES / threads * (i + 1) };
		if (i && pthread_create(&id[i], NULL, direct_thread, &d[i]))
			bench_die("a thread cannot be made");
	}
	direct_thread(&d[0]);
	for (i = 1; i < threads; i++)
		pthread_join(id[i], NULL);
	return bench_now() - t;
}

static double pooled(struct work *w, struct wattle_pool *pool, uint32_t queue,
		     struct wattle_batch *b)
{
	const double t = bench_now();

	if (wattle_pool__run(pool, queue, b, BATCHES, batch, w, NULL))
		bench_die("%s", wattle_client__error());
	return bench_now() - t;
}

static void measure(const char *name, enum wattle_backend backend, unsigned int threads)
{
	const struct wattle_client_opts co = { .sz = sizeof(co), .backend = backend };
	const struct wattle_pool_opts po = {
		.sz = sizeof(po), .nr_workers = threads, .pin = true,
	};
	struct wattle_batch b[BATCHES] = { 0 };
	double ours = 0, peer = 0;
	struct work w = { 0 };
	struct wattle_client *c;
	struct wattle_pool *pool;
	char err[256], with[128];
	int i, queue;

	if (wattle_client__open(&c, &co, err, sizeof(err)))
		bench_die("%s", err);
	queue = wattle_client__queue_create(c, "bench", NULL);
	if (queue < 0 || wattle_pool__new(&pool, c, &po))
		bench_die("%s", wattle_client__error());
	for (i = 0; i < BATCHES; i++)
		b[i].user_data = (uint64_t)i;
	w.turns = calibrate(&w);
	for (i = 0; i < ROUNDS; i++) {
		bench_least(&peer, direct(&w, threads));
		bench_least(&ours, pooled(&w, pool, (uint32_t)queue, b));
	}
	snprintf(with, sizeof(with), "the same %d calls of 1 ms without batches, %u thread%s",
		 BATCHES, threads, threads == 1 ? "" : "s");
	bench_figure(name, ours * 1e3, peer * 1e3, with, "ms", 0);
	wattle_pool__free(pool);
	wattle_client__close(c);
}

int main(int argc, char **argv)
{
	if (argc == 2 && !strcmp(argv[1], "embedded")) {
		measure("pool.passage_share", WATTLE_BACKEND_EMBEDDED, 1);
		measure("pool.passage_share.2t", WATTLE_BACKEND_EMBEDDED, 2);
	} else if (argc == 2 && !strcmp(argv[1], "device")) {
		measure("device.passage_share", WATTLE_BACKEND_DEVICE, 1);
	} else {
		bench_die("usage: passage embedded|device");
	}
	return 0;
}
