// SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause
/* wattle eval: how good a model is on labelled data. */
#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"
#include "cli/dataset.h"
#include "cli/model.h"
#include "cli/opt.h"
#include "cli/report.h"

enum { O_LABEL = 256, O_HEADER, O_NO_HEADER };

static const struct option longs[] = {
	{ "label", required_argument, NULL, O_LABEL },
	{ "header", no_argument, NULL, O_HEADER },
	{ "no-header", no_argument, NULL, O_NO_HEADER },
	{ 0 }
};

static int judge(struct out *o, const struct wattle_model *m, const struct wattle_dataset *d,
		 const char *path)
{
	uint32_t *labels = calloc(d->x.rows ? d->x.rows : 1, sizeof(*labels));
	struct wattle_ml_error e = { "" };
	struct wattle_eval ev = { 0 };
	int rc;

	if (!labels)
		return out_error(o, CLI_FAILURE, "out of memory for the predictions");
	rc = wattle_model__predict(m, &d->x, labels, NULL, &e);
	if (rc) {
		rc = out_error(o, cli_ml_exit(rc), "%s: %s", path, e.msg);
		goto free_labels;
	}
	rc = wattle_evaluate(d->labels, labels, d->x.rows, m->nr_classes, &ev);
	if (rc) {
		rc = out_error(o, CLI_FAILURE, "cannot evaluate: %s", strerror(-rc));
		goto free_labels;
	}
	report_dataset(o, "data", "data", path, d);
	report_eval(o, "result", &ev, m->class_names, true);
	wattle_eval__free(&ev);
free_labels:
	free(labels);
	return rc;
}

static int eval(struct out *o, int argc, char **argv)
{
	struct dataset_opts opts = { .header = -1 };
	struct wattle_dataset d = { 0 };
	struct wattle_model m = { 0 };
	int c, rc;

	while ((c = opt_next(o, argc, argv, ":", longs)) != -1) {
		if (c == '?')
			return CLI_USAGE;
		if (c == O_LABEL)
			opts.label = optarg;
		else
			opts.header = c == O_HEADER;
	}
	if (!opt_operands(o, argc, 2, 2, "MODEL DATA"))
		return CLI_USAGE;
	rc = model_load(o, &m, argv[optind]);
	if (rc)
		return rc;
	rc = dataset_read(o, &d, argv[optind + 1], &opts);
	if (rc)
		goto free_model;
	if (!d.labels) {
		rc = out_error(o, CLI_DATA,
			       "%s: has no labels to judge by; name them with --label, or use 'wattle predict'",
			       argv[optind + 1]);
		goto free_data;
	}
	rc = dataset_check_cols(o, &d, argv[optind + 1], wattle_model__features(&m),
				m.feature_names, "model");
	if (!rc)
		rc = dataset_map_classes(o, &d, argv[optind + 1], m.class_names, m.nr_classes);
	if (rc)
		goto free_data;
	model_report(o, &m, argv[optind]);
	rc = judge(o, &m, &d, argv[optind + 1]);
free_data:
	wattle_dataset__free(&d);
free_model:
	wattle_model__free(&m);
	return rc;
}

const struct cli_verb cli_eval = {
	.name		= "eval",
	.group		= "Machine learning",
	.summary	= "accuracy, recall, precision and confusion of a model on labelled data",
	.usage		=
"wattle eval MODEL DATA [--label COL|FILE] [--header|--no-header]\n"
"\n"
"The classes of DATA are matched to the model's by name.\n",
	.run		= eval,
};
