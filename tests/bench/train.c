// SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause
/*
 * Trains on Fashion-MNIST on demand: reads a number of epochs per line, answers
 * "seconds accuracy epochs isa". The data are read once, before; the seconds are
 * those of wattle_train(), standardisation and choice of the step included.
 */
#include <stdint.h>
#include <wattle/ml.h>
#include "bench.h"

#define DIR	"/usr/share/datasets/fashion-mnist/"

static void read_images(struct wattle_dataset *d, const char *path)
{
	const struct wattle_read_opts o = { .sz = sizeof(o), .header = -1 };
	struct wattle_ml_error e;

	if (wattle_dataset__read(d, path, &o, &e))
		bench_die("%s", e.msg);
}

int main(void)
{
	const struct wattle_client_opts co = {
		.sz = sizeof(co), .backend = WATTLE_BACKEND_EMBEDDED,
	};
	const struct wattle_pool_opts po = { .sz = sizeof(po), .nr_workers = 2, .pin = true };
	struct wattle_dataset train, test;
	struct wattle_client *c;
	struct wattle_pool *pool;
	struct wattle_ml_error e;
	uint32_t *labels;
	char line[64], err[256];
	int queue;

	if (wattle_client__open(&c, &co, err, sizeof(err)))
		bench_die("%s", err);
	queue = wattle_client__queue_create(c, "bench", NULL);
	if (queue < 0 || wattle_pool__new(&pool, c, &po))
		bench_die("%s", wattle_client__error());
	read_images(&train, DIR "train-images-idx3-ubyte.gz");
	read_images(&test, DIR "t10k-images-idx3-ubyte.gz");
	labels = calloc(test.x.rows, sizeof(*labels));
	if (!labels)
		bench_die("not enough memory");
	while (fgets(line, sizeof(line), stdin)) {
		const struct wattle_train_opts o = {
			.sz = sizeof(o), .momentum = 1, .standardise = true,
			.max_epochs = (unsigned int)atoi(line),
		};
		struct wattle_train_result r;
		struct wattle_model m;
		size_t right = 0, i;

		if (wattle_train(&m, &train, pool, (uint32_t)queue, &o, &r, &e) ||
		    wattle_model__predict(&m, &test.x, labels, NULL, &e))
			bench_die("%s", e.msg);
		for (i = 0; i < test.x.rows; i++)
			right += labels[i] == test.labels[i];
		printf("%.6f %.4f %u %s\n", r.seconds, (double)right / (double)test.x.rows,
		       r.epochs, r.isa);
		fflush(stdout);
		wattle_model__free(&m);
	}
	wattle_pool__free(pool);
	wattle_client__close(c);
	free(labels);
	wattle_dataset__free(&train);
	wattle_dataset__free(&test);
	return 0;
}
