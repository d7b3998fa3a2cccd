// SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause
/*
 * The gradient of a binary logistic regression: one fused pass against two BLAS
 * matrix-vector products with the sigmoid between them, and against the rate at
 * which the same memory can be read at all. Best of many rounds; ours, the peer
 * and the reading take turns, so that all see the same machine.
 */
#include <cblas.h>
#include <glob.h>
#include <math.h>
#include <omp.h>
#include <stdint.h>
#include <sys/mman.h>
#include <wattle/ml.h>
#include "bench.h"
#include "ml/data/matrix.h"
#include "ml/kernels/kernels.h"
#include "ml/train/objective.h"

#define FMNIST	"/usr/share/datasets/fashion-mnist/train-images-idx3-ubyte.gz"
#define ROUNDS	25

void openblas_set_num_threads(int n);

/* --- reading memory, as fast as it goes --- */

typedef float vec __attribute__((vector_size(16)));

struct span {
	const vec	*p;
	size_t		len;	/* vectors */
};

/* Eight accumulators; @streams parts of the span side by side. */
static float read_streams(struct span s, size_t streams)
{
	const size_t part = s.len / streams & ~(size_t)7;
	vec a[8] = { 0 }, all = { 0 };
	size_t i, k, j;

	for (i = 0; i < part; i += 8)
		for (k = 0; k < streams; k++)
			for (j = 0; j < 8; j++)
				a[j] += s.p[k * part + i + j];
	for (j = 0; j < 8; j++)
		all += a[j];
	return all[0] + all[1] + all[2] + all[3];
}

static volatile float sink;

/* Seconds to read all of it with @threads, by the best of several patterns. */
static double read_all(const struct wattle_matrix *x, int threads)
{
	const size_t len = x->rows * x->stride * sizeof(float) / sizeof(vec);
	static const size_t streams[] = { 1, 4, 8, 16 };
	double best = 0;
	size_t i;

	for (i = 0; i < sizeof(streams) / sizeof(streams[0]); i++) {
		const double t = bench_clock(threads);

		#pragma omp parallel for num_threads(threads) schedule(static)
		for (int part = 0; part < threads; part++) {
			const size_t from = len / (size_t)threads * (size_t)part & ~(size_t)7;
			const struct span s = {
				(const vec *)x->data + from, len / (size_t)threads & ~(size_t)7,
			};

			sink = read_streams(s, streams[i]);
		}
		bench_least(&best, bench_clock(threads) - t);
	}
	return best;
}

/* --- the two ways --- */

struct peer {
	float	*x;	/* dense, as BLAS likes it */
	float	*z;
	float	*g;
};

static double peer_gradient(const struct peer *p, const struct wattle_dataset *d, const float *w,
			    int threads)
{
	const int n = (int)d->x.rows, c = (int)d->x.cols;
	const double t = bench_clock(threads);

	cblas_sgemv(CblasRowMajor, CblasNoTrans, n, c, 1.0f, p->x, c, w, 1, 0.0f, p->z, 1);
	#pragma omp parallel for num_threads(threads) schedule(static)
	for (int i = 0; i < n; i++)
		p->z[i] = 1.0f / (1.0f + expf(-p->z[i])) - (float)d->labels[i];
	cblas_sgemv(CblasRowMajor, CblasTrans, n, c, 1.0f, p->x, c, p->z, 1, 0.0f, p->g, 1);
	return bench_clock(threads) - t;
}

struct ours {
	struct wattle_objective	o;
	struct wattle_pass	pass;
	double			*w;	/* for the objective */
	double			*g;
};

/*
 * One thread: the kernel alone. More: batches on the pool, their passage and the merging
 * included.
 */
static double our_gradient(struct ours *u, int threads)
{
	const double t = bench_clock(threads);
	struct wattle_ml_error e;
	double loss, zero = 0, gb;

	if (threads == 1)
		u->o.kernels->gradient(&u->pass);
	else if (wattle_objective__eval(&u->o, WATTLE_LINK_LOGISTIC, u->w, &zero, &loss, u->g, &gb,
					&e))
		bench_die("%s", e.msg);
	return bench_clock(threads) - t;
}

/* On huge pages if large, as wattle_matrix__alloc() has it: the peer is not to pay for the TLB. */
static void *zeroed(size_t bytes)
{
	const size_t huge = (size_t)2 << 20, align = bytes < huge ? 64 : huge;
	void *p;

	bytes = (bytes + align) & ~(align - 1);
	p = aligned_alloc(align, bytes);
	if (!p)
		bench_die("not enough memory");
	if (align == huge)
		madvise(p, bytes, MADV_HUGEPAGE);
	return memset(p, 0, bytes);
}

static void measure(const char *set, const struct wattle_dataset *d, struct wattle_pool *pool,
		    uint32_t queue, int threads, const char *what)
{
	const size_t rows = d->x.rows, cols = d->x.cols, wstride = wattle_kernels__wstride(cols);
	const char *const suffix = threads == 1 ? "" : ".2t";
	const double mrows = (double)rows * 1e-6;
	const double gb = (double)(rows * cols) * sizeof(float) * 1e-9;
	/* With padding: what a pass over our layout has to read. */
	const double our_gb = (double)(rows * d->x.stride) * sizeof(float) * 1e-9;
	double ours = 0, peer = 0, reading = 0, off = 0, size = 0;
	struct ours u = { 0 };
	struct peer p;
	float *w = zeroed(wstride * sizeof(*w)), zero = 0;
	struct wattle_ml_error e;
	char name[64], peer_name[160];
	size_t i, j;
	int r;

	p.x = zeroed(rows * cols * sizeof(float));
	p.z = zeroed(rows * sizeof(float));
	p.g = zeroed(cols * sizeof(float));
	for (i = 0; i < rows; i++)
		memcpy(p.x + i * cols, wattle_matrix__row_f32(&d->x, i), cols * sizeof(float));
	u.w = zeroed(wstride * sizeof(double));
	u.g = zeroed(wstride * sizeof(double));
	for (j = 0; j < cols; j++) {
		w[j] = (float)((double)(j * 7 % 19) - 9.0) / (float)(10 * cols);
		u.w[j] = (double)w[j];
	}
	if (wattle_objective__init(&u.o, d, NULL, 1, pool, queue, 0, &e))
		bench_die("%s", e.msg);
	u.pass = (struct wattle_pass){
		.x = d->x.data, .dtype = WATTLE_F32, .rows = rows, .cols = cols,
		.stride = d->x.stride, .labels = d->labels, .link = WATTLE_LINK_LOGISTIC,
		.nr_outputs = 1, .w = w, .wstride = wstride, .b = &zero,
		.scratch = zeroed(wattle_kernels__scratch_size(cols, 1)),
		.g = zeroed(wstride * sizeof(double)), .gb = zeroed(sizeof(double)),
	};
	openblas_set_num_threads(threads);
	for (r = 0; r < ROUNDS; r++) {
		bench_least(&ours, our_gradient(&u, threads));
		bench_least(&peer, peer_gradient(&p, d, w, threads));
		bench_least(&reading, read_all(&d->x, threads));
	}
	/* The same gradient, or there is nothing to compare. */
	for (j = 0; j < cols; j++) {
		const double g = threads == 1 ? u.pass.g[j] : u.g[j] * (double)rows;

		off = fmax(off, fabs(g - (double)p.g[j]));
		size = fmax(size, fabs(g));
	}
	if (!(off <= 1e-3 * size))
		bench_die("%s: the gradients differ by %g of %g", set, off, size);

	snprintf(name, sizeof(name), "gradient.%s_vs_gemv%s", set, suffix);
	snprintf(peer_name, sizeof(peer_name), "OpenBLAS sgemv + expf + sgemv, %s, %zux%zu f32, "
		 "%d thread%s", what, rows, cols, threads, threads == 1 ? "" : "s");
	bench_figure(name, mrows / ours, mrows / peer, peer_name, "Mrows/s", 1);
	fprintf(stderr, "# %s%s: ours %.2f ms, gemv %.2f ms (%.1f GB/s), reading %.1f GB/s, %s\n",
		set, suffix, ours * 1e3, peer * 1e3, 2 * gb / peer, our_gb / reading,
		u.o.kernels->name);
	snprintf(name, sizeof(name), "gradient.%s_bandwidth_share%s", set, suffix);
	snprintf(peer_name, sizeof(peer_name), "reading the same memory, best of 1, 4, 8 and 16 "
		 "streams, %d thread%s", threads, threads == 1 ? "" : "s");
	bench_figure(name, our_gb / ours, our_gb / reading, peer_name, "GB/s", 1);
	wattle_objective__free(&u.o);
	free(p.x);
	free(p.z);
	free(p.g);
	free(u.w);
	free(u.g);
	free(u.pass.scratch);
	free(u.pass.g);
	free(u.pass.gb);
	free(w);
}

/* --- the data --- */

static void read_set(struct wattle_dataset *d, const char *path, const char *label)
{
	const struct wattle_read_opts o = { .sz = sizeof(o), .label = label, .header = -1 };
	struct wattle_ml_error e;

	if (wattle_dataset__read(d, path, &o, &e))
		bench_die("%s", e.msg);
}

/* Fashion-MNIST as f32, one class against the others. */
static void fmnist(struct wattle_dataset *d)
{
	struct wattle_dataset bytes;
	size_t r, c;

	read_set(&bytes, FMNIST, NULL);
	*d = bytes;
	d->nr_classes = 2;
	if (wattle_matrix__alloc(&d->x, bytes.x.rows, bytes.x.cols, WATTLE_F32))
		bench_die("not enough memory");
	for (r = 0; r < d->x.rows; r++) {
		d->labels[r] = d->labels[r] == 6;
		for (c = 0; c < d->x.cols; c++)
			wattle_matrix__row_f32(&d->x, r)[c] =
				(float)wattle_matrix__row_u8(&bytes.x, r)[c] / 255.0f;
	}
	wattle_matrix__free(&bytes.x);
}

static void append(struct wattle_dataset *d, size_t at, const struct wattle_dataset *part)
{
	size_t r;

	for (r = 0; r < part->x.rows; r++) {
		memcpy(wattle_matrix__row_f32(&d->x, at + r), wattle_matrix__row_f32(&part->x, r),
		       part->x.cols * sizeof(float));
		d->labels[at + r] = part->labels ? part->labels[r] : 0;
	}
}

/*
 * The Server Machine Dataset under @dir, all parts below each other: first all
 * sizes, then all rows. The parts for training have no labels, because nothing
 * is wrong in them.
 */
static int server_machines(struct wattle_dataset *d, const char *dir)
{
	char path[512], label[512];
	struct wattle_dataset part;
	size_t rows = 0, at = 0, i;
	glob_t files;

	snprintf(path, sizeof(path), "%s/machine-*_t[er][sa]*[tn].npy", dir);
	if (glob(path, 0, NULL, &files))
		return 0;
	memset(d, 0, sizeof(*d));
	d->nr_classes = 2;
	for (i = 0; i < 2 * files.gl_pathc; i++) {
		const char *file = files.gl_pathv[i % files.gl_pathc];
		const int test = !!strstr(file, "_test.npy");

		snprintf(label, sizeof(label), "%.*s_label.npy", (int)strlen(file) - 4, file);
		read_set(&part, file, test ? label : NULL);
		if (i == files.gl_pathc) {
			if (wattle_matrix__alloc(&d->x, rows, part.x.cols, WATTLE_F32))
				bench_die("not enough memory");
			d->labels = zeroed(rows * sizeof(*d->labels));
		}
		if (i < files.gl_pathc) {
			rows += part.x.rows;
		} else {
			append(d, at, &part);
			at += part.x.rows;
		}
		wattle_dataset__free(&part);
	}
	globfree(&files);
	return 1;
}

/* Where there is no tall set: the pixel rows of Fashion-MNIST's first 6,771 images, 28 wide. */
static void pixel_rows(struct wattle_dataset *d, const struct wattle_dataset *images)
{
	size_t r;

	memset(d, 0, sizeof(*d));
	if (wattle_matrix__alloc(&d->x, (size_t)6771 * 28, 28, WATTLE_F32))
		bench_die("not enough memory");
	d->labels = zeroed(d->x.rows * sizeof(*d->labels));
	d->nr_classes = 2;
	for (r = 0; r < d->x.rows; r++) {
		memcpy(wattle_matrix__row_f32(&d->x, r),
		       wattle_matrix__row_f32(&images->x, r / 28) + r % 28 * 28,
		       28 * sizeof(float));
		d->labels[r] = images->labels[r / 28];
	}
}

int main(int argc, char **argv)
{
	const struct wattle_client_opts co = {
		.sz = sizeof(co), .backend = WATTLE_BACKEND_EMBEDDED,
	};
	const struct wattle_pool_opts po = { .sz = sizeof(po), .nr_workers = 2, .pin = true };
	struct wattle_dataset images, tall;
	struct wattle_client *c;
	struct wattle_pool *pool;
	const char *what;
	int threads, queue;
	char err[256];

	if (argc != 2)
		bench_die("usage: gradient SMD-DIRECTORY (may be missing)");
	if (wattle_client__open(&c, &co, err, sizeof(err)))
		bench_die("%s", err);
	queue = wattle_client__queue_create(c, "bench", NULL);
	if (queue < 0 || wattle_pool__new(&pool, c, &po))
		bench_die("%s", wattle_client__error());
	fmnist(&images);
	what = "Server Machine Dataset";
	if (!server_machines(&tall, argv[1])) {
		pixel_rows(&tall, &images);
		what = "pixel rows of Fashion-MNIST";
	}
	for (threads = 1; threads <= 2; threads++) {
		measure("fmnist", &images, pool, (uint32_t)queue, threads, "Fashion-MNIST");
		measure("narrow", &tall, pool, (uint32_t)queue, threads, what);
	}
	wattle_pool__free(pool);
	wattle_client__close(c);
	return 0;
}
