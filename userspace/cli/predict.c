// SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause
/* wattle predict: classes, and with --prob probabilities, for new data. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"
#include "cli/dataset.h"
#include "cli/memory_stream.h"
#include "cli/model.h"
#include "cli/opt.h"
#include "cli/output.h"
#include "cli/progress.h"
#include "ml/model/atomic_file.h"

enum { O_LABEL = 256, O_HEADER, O_NO_HEADER, O_PROB };

static const struct option longs[] = {
	{ "output", required_argument, NULL, 'o' },
	{ "label", required_argument, NULL, O_LABEL },
	{ "header", no_argument, NULL, O_HEADER },
	{ "no-header", no_argument, NULL, O_NO_HEADER },
	{ "prob", no_argument, NULL, O_PROB },
	{ 0 }
};

/**
 * struct predictions - of all rows
 * @prob: rows x classes, or NULL when not asked for
 * @heads: @nr_cols column headings; the first is "class", the others are owned
 */
struct predictions {
	uint32_t	*labels;
	float		*prob;
	struct out_col	*cols;
	unsigned int	nr_cols;
};

static void predictions_free(struct predictions *p)
{
	unsigned int i;

	for (i = 1; p->cols && i < p->nr_cols; i++)
		free((char *)p->cols[i].head);
	free(p->cols);
	free(p->prob);
	free(p->labels);
}

static int predictions_make(struct predictions *p, const struct wattle_model *m,
			    const struct wattle_matrix *x, bool prob)
{
	size_t n = x->rows ? x->rows : 1;
	char *head;
	uint32_t k;

	p->labels = calloc(n, sizeof(*p->labels));
	p->nr_cols = 1;
	p->cols = calloc(1 + (size_t)m->nr_classes, sizeof(*p->cols));
	if (!p->labels || !p->cols)
		return -ENOMEM;
	p->cols[0] = (struct out_col){ "class", "class", true };
	if (!prob)
		return 0;
	p->prob = calloc(n * m->nr_classes, sizeof(*p->prob));
	if (!p->prob)
		return -ENOMEM;
	for (k = 0; k < m->nr_classes; k++) {
		if (asprintf(&head, "p(%s)", m->class_names[k]) < 0)
			return -ENOMEM;
		p->cols[p->nr_cols++] = (struct out_col){ head, head, false };
	}
	return 0;
}

static void print(struct out *o, const struct predictions *p, const struct wattle_model *m,
		  size_t rows)
{
	size_t i;
	uint32_t k;

	out_table(o, "predictions", p->cols, p->nr_cols, true);
	for (i = 0; i < rows; i++) {
		out_cell_str(o, m->class_names[p->labels[i]]);
		for (k = 0; p->prob && k < m->nr_classes; k++)
			out_cell_f64(o, p->prob[i * m->nr_classes + k], 6);
	}
	out_table_end(o);
}

static int to_file(struct out *o, const char *path, const struct predictions *p,
		   const struct wattle_model *m, size_t rows)
{
	struct wattle_ml_error e = { "" };
	struct memory_stream text;
	struct out csv;
	FILE *f;
	int rc;

	f = memory_stream_open(&text);
	if (!f)
		return out_error(o, CLI_FAILURE, "out of memory for %zu predictions", rows);
	out_init(&csv, f, false, "predict");
	csv.exact = true;
	print(&csv, p, m, rows);
	out_drop(&csv);
	if (memory_stream_close(f, &text))
		return out_error(o, CLI_FAILURE, "out of memory for %zu predictions", rows);
	/* A signal in the middle would leave the temporary file. */
	progress_block_signals();
	rc = wattle_atomic_file__write(path, text.data, text.len, &e);
	progress_unblock_signals();
	free(text.data);
	if (rc)
		return out_error(o, CLI_FAILURE, "%s", e.msg);
	out_u64(o, "rows", "% rows", rows);
	out_str(o, "path", " predicted, written to %", path);
	return CLI_OK;
}

static int work(struct out *o, const struct wattle_model *m, const struct wattle_dataset *d,
		const char *data, const char *path, bool prob)
{
	struct predictions p = { 0 };
	struct wattle_ml_error e = { "" };
	int rc;

	if (predictions_make(&p, m, &d->x, prob)) {
		rc = out_error(o, CLI_FAILURE, "out of memory for %zu predictions", d->x.rows);
		goto free_predictions;
	}
	rc = wattle_model__predict(m, &d->x, p.labels, p.prob, &e);
	if (rc)
		rc = out_error(o, cli_ml_exit(rc), "%s: %s", data, e.msg);
	else if (path)
		rc = to_file(o, path, &p, m, d->x.rows);
	else
		print(o, &p, m, d->x.rows);
free_predictions:
	predictions_free(&p);
	return rc;
}

static int predict(struct out *o, int argc, char **argv)
{
	struct dataset_opts opts = { .header = -1, .unlabelled = true };
	struct wattle_dataset d = { 0 };
	struct wattle_model m = { 0 };
	const char *path = NULL;
	bool prob = false;
	int c, rc;

	while ((c = opt_next(o, argc, argv, ":o:", longs)) != -1) {
		if (c == '?')
			return CLI_USAGE;
		if (c == 'o') {
			path = optarg;
		} else if (c == O_LABEL) {
			opts.label = optarg;
			opts.unlabelled = false;
		} else if (c == O_PROB) {
			prob = true;
		} else {
			opts.header = c == O_HEADER;
		}
	}
	if (!opt_operands(o, argc, 2, 2, "MODEL DATA"))
		return CLI_USAGE;
	rc = path ? output_check(o, path) : CLI_OK;
	if (!rc)
		rc = model_load(o, &m, argv[optind]);
	if (rc)
		return rc;
	rc = dataset_read(o, &d, argv[optind + 1], &opts);
	if (rc)
		goto free_model;
	rc = dataset_check_cols(o, &d, argv[optind + 1], wattle_model__features(&m),
				m.feature_names, "model");
	if (!rc)
		rc = work(o, &m, &d, argv[optind + 1], path, prob);
	wattle_dataset__free(&d);
free_model:
	wattle_model__free(&m);
	return rc;
}

const struct cli_verb cli_predict = {
	.name		= "predict",
	.group		= "Machine learning",
	.summary	= "classes of new data, as CSV",
	.usage		=
"wattle predict MODEL DATA [-o FILE] [--prob] [--label COL|FILE] [--header|--no-header]\n"
"\n"
"Prints one class per sample, after a heading; --prob adds a column p(CLASS) per\n"
"class. DATA has the model's features and no label; a label that is there is\n"
"skipped if --label names it. Control characters in names of classes are printed\n"
"as '?'; -o writes them as they are.\n",
	.run		= predict,
};
