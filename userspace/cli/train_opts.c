// SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause
#include "cli/train_opts.h"

#include <string.h>

#include "cli/cli.h"
#include "cli/opt.h"

const char train_usage[] =
"wattle train DATA -o MODEL [options]\n"
"\n"
"Trains a logistic regression. DATA is .csv, .tsv, .idx*-ubyte[.gz] or .npy.\n"
"\n"
"data\n"
"  --label COL            label: column name or number (CSV; default: the last column),\n"
"                         file of labels (IDX: guessed from DATA's name; npy: required)\n"
"  --header, --no-header  CSV has or has no header line (default: look)\n"
"  --test SHARE           hold out this share, by class, to test on (e.g. 0.2)\n"
"  --test-data FILE       test on FILE; --test-label FILE gives its labels\n"
"  --seed N               of the split (default 1)\n"
"  --no-standardise       do not bring features to mean 0, deviation 1\n"
"  --pca N|SHARE          train on the N first principal components, or on as few as keep\n"
"                         SHARE of the variance (e.g. 0.95), found in the training part\n"
"training\n"
"  --loss log|squared     log-loss, or 1/2 sum (y - sigmoid(z))^2 (default log)\n"
"  --l2 X                 L2 strength (default 0)\n"
"  --alpha X              step; 0 (default): from the data\n"
"  --momentum             Nesterov's accelerated gradient\n"
"  --epochs N             at most (default 100)\n"
"  --tol X                stop when the gradient's norm is below X times the first\n"
"  --batch-rows N         rows of one batch (default: from the sizes)\n"
"running\n"
"  --deadline WHEN        all of it is due by WHEN: 90s, 5m, 2h from now, or 07:00\n"
"  --epoch-deadline TIME  every epoch is due TIME after it starts (e.g. 200ms)\n"
"  --strict               refuse work that cannot meet its deadline (exit 6)\n"
"  --class CLASS          latency, batch or background (default batch)\n"
"  --workers N            threads (default: one per allowed CPU)\n"
"  --backend WHICH        auto, device or embedded (default auto)\n"
"  --require-energy       fail at once (exit 4) if nothing can tell joules\n"
"\n"
"MODEL is a safetensors file with the preprocessing inside. It appears when it is\n"
"whole; an error or Ctrl-C leaves none.\n";

enum {
	O_LABEL = 256, O_HEADER, O_NO_HEADER, O_TEST, O_TEST_DATA, O_TEST_LABEL, O_SEED,
	O_PCA, O_NO_STANDARDISE, O_LOSS, O_L2, O_ALPHA, O_MOMENTUM, O_EPOCHS, O_TOL, O_BATCH_ROWS,
	O_DEADLINE, O_EPOCH_DEADLINE, O_STRICT, O_CLASS, O_WORKERS, O_BACKEND, O_REQUIRE_ENERGY,
};

static const struct option longs[] = {
	{ "output", required_argument, NULL, 'o' },
	{ "label", required_argument, NULL, O_LABEL },
	{ "header", no_argument, NULL, O_HEADER },
	{ "no-header", no_argument, NULL, O_NO_HEADER },
	{ "test", required_argument, NULL, O_TEST },
	{ "test-data", required_argument, NULL, O_TEST_DATA },
	{ "test-label", required_argument, NULL, O_TEST_LABEL },
	{ "seed", required_argument, NULL, O_SEED },
	{ "pca", required_argument, NULL, O_PCA },
	{ "no-standardise", no_argument, NULL, O_NO_STANDARDISE },
	{ "loss", required_argument, NULL, O_LOSS },
	{ "l2", required_argument, NULL, O_L2 },
	{ "alpha", required_argument, NULL, O_ALPHA },
	{ "momentum", no_argument, NULL, O_MOMENTUM },
	{ "epochs", required_argument, NULL, O_EPOCHS },
	{ "tol", required_argument, NULL, O_TOL },
	{ "batch-rows", required_argument, NULL, O_BATCH_ROWS },
	{ "deadline", required_argument, NULL, O_DEADLINE },
	{ "epoch-deadline", required_argument, NULL, O_EPOCH_DEADLINE },
	{ "strict", no_argument, NULL, O_STRICT },
	{ "class", required_argument, NULL, O_CLASS },
	{ "workers", required_argument, NULL, O_WORKERS },
	{ "backend", required_argument, NULL, O_BACKEND },
	{ "require-energy", no_argument, NULL, O_REQUIRE_ENERGY },
	{ 0 }
};

static const char *const losses[] = { "log", "squared", NULL };
static const char *const classes[] = { "latency", "batch", "background", NULL };
static const char *const backends[] = { "auto", "device", "embedded", NULL };

/* A whole number is a count; anything with a point in it a share. */
static bool pca_option(struct out *o, struct train_opts *t, const char *arg)
{
	uint64_t n = 0;

	t->pca = (struct wattle_pca_opts){ .sz = sizeof(t->pca) };
	if (!strchr(arg, '.')) {
		if (!opt_u64(o, "--pca", arg, 1, 32768, &n))
			return false;
		t->pca.components = n;
		return true;
	}
	if (!opt_f64(o, "--pca", arg, 0, 1, &t->pca.share))
		return false;
	if (t->pca.share > 0)
		return true;
	out_error(o, CLI_USAGE, "--pca '%s': must be a number of components, or a share of the variance above 0 and at most 1, such as 0.95",
		  arg);
	return false;
}

static bool data_option(struct out *o, struct train_opts *t, int c, const char *arg)
{
	switch (c) {
	case O_LABEL:
		t->read.label = arg;
		return true;
	case O_HEADER:
		t->read.header = 1;
		return true;
	case O_NO_HEADER:
		t->read.header = 0;
		return true;
	case O_TEST:
		if (!opt_f64(o, "--test", arg, 0, 1, &t->test_share))
			return false;
		if (t->test_share > 0 && t->test_share < 1)
			return true;
		out_error(o, CLI_USAGE, "--test '%s': must be above 0 and below 1, such as 0.2",
			  arg);
		return false;
	case O_TEST_DATA:
		t->test_data = arg;
		return true;
	case O_TEST_LABEL:
		t->test_label = arg;
		return true;
	case O_PCA:
		return pca_option(o, t, arg);
	case O_SEED:
		return opt_u64(o, "--seed", arg, 0, UINT64_MAX, &t->seed);
	}
	t->train.standardise = false;
	return true;
}

static bool training_option(struct out *o, struct train_opts *t, int c, const char *arg)
{
	unsigned int word;
	uint64_t n;

	switch (c) {
	case O_LOSS:
		if (!opt_choice(o, "--loss", arg, losses, &word))
			return false;
		t->train.loss = word ? WATTLE_LOSS_SQUARED : WATTLE_LOSS_LOG;
		return true;
	case O_L2:
		return opt_f64(o, "--l2", arg, 0, 1e30, &t->train.l2);
	case O_ALPHA:
		return opt_f64(o, "--alpha", arg, 0, 1e30, &t->train.alpha);
	case O_MOMENTUM:
		t->train.momentum = 1;
		return true;
	case O_EPOCHS:
		if (!opt_u64(o, "--epochs", arg, 1, 1000000000, &n))
			return false;
		t->train.max_epochs = n;
		return true;
	case O_TOL:
		return opt_f64(o, "--tol", arg, 0, 1, &t->train.tol);
	}
	if (!opt_u64(o, "--batch-rows", arg, 1, 1ULL << 40, &n))
		return false;
	t->train.block_rows = n;
	return true;
}

static bool running_option(struct out *o, struct train_opts *t, int c, const char *arg)
{
	unsigned int word;
	uint64_t n;

	switch (c) {
	case O_DEADLINE:
		return opt_deadline(o, "--deadline", arg, &t->train.deadline_ns);
	case O_EPOCH_DEADLINE:
		return opt_duration(o, "--epoch-deadline", arg, &t->train.epoch_deadline_ns);
	case O_STRICT:
		t->queue.flags |= WATTLE_QUEUE_STRICT;
		return true;
	case O_CLASS:
		if (!opt_choice(o, "--class", arg, classes, &word))
			return false;
		t->queue.class = WATTLE_CLASS_LATENCY + word;
		return true;
	case O_WORKERS:
		if (!opt_u64(o, "--workers", arg, 1, 1024, &n))
			return false;
		t->workers = n;
		return true;
	case O_BACKEND:
		if (!opt_choice(o, "--backend", arg, backends, &word))
			return false;
		t->backend = WATTLE_BACKEND_AUTO + word;
		return true;
	}
	t->require_energy = true;
	return true;
}

static bool check(struct out *o, const struct train_opts *t)
{
	bool due = t->train.deadline_ns || t->train.epoch_deadline_ns;
	const char *what = NULL;

	if (!t->model)
		what = "-o MODEL missing: the trained model must go somewhere";
	else if (!*t->model)
		what = "-o '': the output file's name is empty";
	else if (t->test_data && t->test_share > 0)
		what = "--test and --test-data exclude each other";
	else if (t->test_label && !t->test_data)
		what = "--test-label without --test-data";
	else if (t->queue.flags & WATTLE_QUEUE_STRICT && !due)
		what = "--strict without --deadline or --epoch-deadline";
	if (!what)
		return true;
	out_error(o, CLI_USAGE, "%s; see 'wattle help train'", what);
	return false;
}

bool train_opts_parse(struct out *o, struct train_opts *t, int argc, char **argv)
{
	bool ok = true;
	int c;

	*t = (struct train_opts){
		.read = { .header = -1 },
		.seed = 1,
		.queue = { .class = WATTLE_CLASS_BATCH },
		.train = {
			.sz = sizeof(t->train),
			.max_epochs = 100,
			.standardise = true,
		},
	};
	while (ok && (c = opt_next(o, argc, argv, ":o:", longs)) != -1) {
		if (c == '?')
			return false;
		if (c == 'o')
			t->model = optarg;
		else if (c <= O_NO_STANDARDISE)
			ok = data_option(o, t, c, optarg);
		else if (c <= O_BATCH_ROWS)
			ok = training_option(o, t, c, optarg);
		else
			ok = running_option(o, t, c, optarg);
	}
	if (!ok || !opt_operands(o, argc, 1, 1, "DATA"))
		return false;
	t->data = argv[optind];
	if (t->pca.sz) {
		t->pca.standardise = t->train.standardise;
		t->train.pca = &t->pca;
	}
	return check(o, t);
}
