/* SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause */
#ifndef WATTLE_CLI_TRAIN_OPTS_H
#define WATTLE_CLI_TRAIN_OPTS_H

#include <wattle/ml.h>

#include "cli/dataset.h"

/**
 * struct train_opts - the command line of `wattle train`
 * @data: @test_data: files; @test_data NULL = none
 * @test_share:	of @data held out; 0 = none
 * @require_energy: no source of joules is an error before anything runs
 */
struct train_opts {
	const char			*data;
	const char			*model;
	struct dataset_opts		read;
	const char			*test_data;
	const char			*test_label;
	double				test_share;
	uint64_t			seed;
	enum wattle_backend		backend;
	unsigned int			workers;
	bool				require_energy;
	struct wattle_queue_params	queue;
	struct wattle_train_opts	train;
	struct wattle_pca_opts		pca;
};

extern const char train_usage[];

/* false after the error has been printed. */
bool train_opts_parse(struct out *o, struct train_opts *t, int argc, char **argv);

#endif
