// SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause
/* wattle train: from a file of data to a model and an account of what it cost. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "cli/cli.h"
#include "cli/dataset.h"
#include "cli/meter.h"
#include "cli/model.h"
#include "cli/opt.h"
#include "cli/output.h"
#include "cli/progress.h"
#include "cli/report.h"
#include "cli/session.h"
#include "cli/train_opts.h"

/**
 * struct job - everything one `wattle train` holds
 * @all:	what @data holds; the training set itself when nothing is held out
 * @part:	the training part when a share is held out
 * @test:	held out, or read from --test-data; unlabelled (x.rows 0) when there is none
 */
struct job {
	struct train_opts		t;
	struct session			s;
	struct wattle_dataset		all;
	struct wattle_dataset		part;
	struct wattle_dataset		test;
	struct wattle_model		model;
	struct wattle_train_result	result;
	struct wattle_eval		eval;
	struct meter			meter;
	uint64_t			ended_ns;
};

static const struct wattle_dataset *training_set(const struct job *j)
{
	return j->part.x.rows ? &j->part : &j->all;
}

static int read_data(struct out *o, struct job *j)
{
	struct dataset_opts test = j->t.read;
	struct wattle_ml_error e = { "" };
	int rc;

	rc = dataset_read(o, &j->all, j->t.data, &j->t.read);
	if (rc)
		return rc;
	if (!j->all.labels)
		return out_error(o, CLI_DATA,
				 "%s: has no labels; name the column or the file that has them with --label",
				 j->t.data);
	if (j->all.nr_classes < 2)
		return out_error(o, CLI_DATA,
				 "%s: all %zu samples have the class '%s'; two classes at least are needed to learn to tell them apart",
				 j->t.data, j->all.x.rows, j->all.class_names[0]);
	if (j->t.test_share > 0) {
		rc = wattle_dataset__split(&j->all, j->t.test_share, j->t.seed, &j->part, &j->test,
					   &e);
		if (rc)
			return out_error(o, cli_ml_exit(rc), "%s: %s",
					 j->t.data, e.msg);
		wattle_dataset__free(&j->all);
	}
	if (!j->t.test_data)
		return CLI_OK;
	/* Text has the label's column in both files; a label file belongs to one data file. */
	test.label_is_column = true;
	if (j->t.test_label) {
		test.label = j->t.test_label;
		test.label_is_column = false;
	} else if (j->all.format != WATTLE_FORMAT_TEXT) {
		test.label = NULL;
	}
	rc = dataset_read(o, &j->test, j->t.test_data, &test);
	if (rc)
		return rc;
	if (!j->test.labels)
		return out_error(o, CLI_DATA, "%s: has no labels; give them with --test-label",
				 j->t.test_data);
	rc = dataset_check_cols(o, &j->test, j->t.test_data, j->all.x.cols,
				j->all.feature_names, "training data");
	if (rc)
		return rc;
	return dataset_map_classes(o, &j->test, j->t.test_data, j->all.class_names,
				   j->all.nr_classes);
}

/* Interrupted work has no result; say so in one way everywhere. */
static int interrupted(struct out *o, const struct job *j)
{
	int sig = progress_signal();

	return out_error(o, CLI_SIGNAL + sig, "stopped by signal %d (%s); %s was not written", sig,
			 strsignal(sig), j->t.model);
}

static int run(struct out *o, struct job *j)
{
	struct wattle_ml_error e = { "" };
	struct progress p;
	int rc, stats;

	j->t.train.progress = progress_epoch;
	j->t.train.progress_ctx = &p;
	progress_start(&p, j->t.train.max_epochs);
	meter_start(&j->meter, j->s.client);
	rc = wattle_train(&j->model, training_set(j), j->s.pool, j->s.queue, &j->t.train,
			  &j->result, &e);
	stats = meter_stop(&j->meter, j->s.client, j->s.queue);
	j->ended_ns = opt_now_ns();
	progress_wipe(&p);
	if (progress_signal())
		return interrupted(o, j);
	/* Batches are withdrawn with the same code, by the administrator or with the device. */
	if (rc == -ECANCELED && j->result.run.refused)
		return out_error(o, CLI_REFUSED,
				 "refused: %s; without --strict it is done late",
				 e.msg);
	/* The embedded backend is no device: when it fails, that is a failure like any other. */
	if (j->result.pool_error)
		return out_error(o, session_failure(&j->s), "%s", e.msg);
	if (rc)
		return out_error(o, rc == -EINVAL ? CLI_DATA : CLI_FAILURE, "%s", e.msg);
	if (stats)
		return out_error(o, session_failure(&j->s), "cannot read the queue's accounts: %s",
				 wattle_client__error());
	return CLI_OK;
}

static int evaluate(struct out *o, struct job *j)
{
	struct wattle_ml_error e = { "" };
	uint32_t *labels;
	int rc, code = CLI_OK;

	if (!j->test.x.rows)
		return CLI_OK;
	labels = calloc(j->test.x.rows, sizeof(*labels));
	if (!labels)
		return out_error(o, CLI_FAILURE, "out of memory for the test's predictions");
	rc = wattle_model__predict(&j->model, &j->test.x, labels, NULL, &e);
	if (rc) {
		code = out_error(o, cli_ml_exit(rc), "cannot evaluate: %s", e.msg);
		goto free_labels;
	}
	rc = wattle_evaluate(j->test.labels, labels, j->test.x.rows, j->model.nr_classes, &j->eval);
	if (rc)
		code = out_error(o, CLI_FAILURE, "cannot evaluate: %s", strerror(-rc));

free_labels:
	free(labels);
	return code;
}

static void report_training(struct out *o, const struct job *j)
{
	const struct wattle_train_result *r = &j->result;

	out_group(o, "training", "training");
	out_str(o, "loss_function", "% loss", model_loss_name(j->t.train.loss));
	out_str(o, "method", ", %", j->t.train.momentum ? "accelerated gradient descent" :
		"gradient descent");
	out_u64(o, "epochs", ", % epochs", r->epochs);
	out_f64(o, "seconds", " in % s", r->seconds, 2);
	out_str(o, "isa", " (% kernels)", r->isa);
	out_nl(o);
	out_g(o, "loss", "loss %", r->loss, 6);
	out_g(o, "grad_norm", ", gradient %", r->grad_norm, 3);
	out_g(o, "alpha", ", step %", r->alpha, 3);
	out_g(o, "l2", j->t.train.l2 > 0 ? ", L2 %" : NULL, j->t.train.l2, 3);
	out_end(o);
}

static void report_pca(struct out *o, const struct wattle_pca *p)
{
	double kept = 0;
	size_t i;

	if (!p->cols)
		return;
	for (i = 0; i < p->k; i++)
		kept += p->variance[i];
	out_group(o, "pca", "pca");
	out_u64(o, "features", "% features", p->cols);
	out_u64(o, "components", " as % principal components", p->k);
	out_f64(o, "variance_kept", ", % of the variance", kept / p->total, 4);
	out_end(o);
}

static void report_deadline(struct out *o, const struct job *j)
{
	uint64_t due = j->t.train.deadline_ns;
	bool met = j->ended_ns <= due;

	if (!due && !j->t.train.epoch_deadline_ns)
		return;
	out_group(o, "due", "due");
	if (due) {
		out_bool(o, "met", met ? "met" : NULL, met);
		if (met)
			out_f64(o, "spare_seconds", ", % s to spare", (due - j->ended_ns) / 1e9, 2);
		else
			out_f64(o, "late_seconds", "missed by % s", (j->ended_ns - due) / 1e9, 2);
	}
	if (j->t.train.epoch_deadline_ns)
		out_g(o, "epoch_ms", due ? "; batches due % ms after their epoch began" :
		      "batches due % ms after their epoch began",
		      j->t.train.epoch_deadline_ns / 1e6, 6);
	out_end(o);
}

static void report(struct out *o, const struct job *j)
{
	report_dataset(o, "data", "data", j->t.data, training_set(j));
	if (j->test.x.rows)
		report_dataset(o, "test", "test", j->t.test_data ? j->t.test_data : "held out",
			       &j->test);
	session_report(o, &j->s);
	report_pca(o, &j->model.pca);
	report_training(o, j);
	if (j->test.x.rows) {
		report_eval(o, "tested", &j->eval, j->model.class_names, false);
	} else {
		out_group(o, "evaluation", "tested");
		out_unavailable(o, "test", "%",
				"nothing was held out; give --test 0.2 or --test-data FILE");
		out_end(o);
	}
	meter_report_batches(o, &j->meter);
	report_deadline(o, j);
	meter_report_energy(o, &j->meter, session_device(&j->s));
}

static int save(struct out *o, const struct job *j)
{
	struct wattle_ml_error e = { "" };
	struct stat st;
	int rc;

	/* A signal here would leave the temporary file. */
	progress_block_signals();
	rc = wattle_model__save(&j->model, j->t.model, &e);
	progress_unblock_signals();
	if (rc)
		return out_error(o, CLI_FAILURE, "%s", e.msg);
	out_group(o, "model", "model");
	out_str(o, "path", "%", j->t.model);
	if (!stat(j->t.model, &st))
		out_u64(o, "bytes", ", % bytes", st.st_size);
	out_end(o);
	return CLI_OK;
}

static int train_job(struct out *o, struct job *j)
{
	int rc;

	rc = output_check(o, j->t.model);
	if (!rc)
		rc = session_open(o, &j->s, j->t.backend);
	if (rc)
		return rc;
	if (j->t.require_energy) {
		wattle_energy__read(j->s.client, &j->meter.before);
		if (j->meter.before.quality == WATTLE_QUALITY_NONE)
			return out_error(o, CLI_NO_ENERGY, "joules are not available: %s",
					 j->meter.before.why);
	}
	rc = read_data(o, j);
	if (rc)
		return rc;
	progress_catch_signals();
	rc = session_start(o, &j->s, &j->t.queue, "train", j->t.workers);
	if (!rc)
		rc = run(o, j);
	if (!rc)
		rc = evaluate(o, j);
	if (rc)
		return rc;
	report(o, j);
	return progress_signal() ? interrupted(o, j) : save(o, j);
}

static int train(struct out *o, int argc, char **argv)
{
	struct job *j = calloc(1, sizeof(*j));
	int rc = CLI_USAGE;

	if (!j)
		return out_error(o, CLI_FAILURE, "out of memory");
	if (train_opts_parse(o, &j->t, argc, argv))
		rc = train_job(o, j);
	session_close(&j->s);
	wattle_eval__free(&j->eval);
	wattle_model__free(&j->model);
	wattle_dataset__free(&j->all);
	wattle_dataset__free(&j->part);
	wattle_dataset__free(&j->test);
	free(j);
	return rc;
}

const struct cli_verb cli_train = {
	.name		= "train",
	.group		= "Machine learning",
	.summary	= "train a model on a file and report what it cost",
	.usage		= train_usage,
	.run		= train,
};
