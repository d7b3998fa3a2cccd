// SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause
/*
 * Reading CSV: our reader against copying the same bytes in memory, which no reader can
 * beat, and, as tests/bench/csv_numpy.py asks, against numpy. CPU time of one thread, the
 * least of several rounds.
 *
 *   csv FILE	makes FILE (50 MB, 8 columns of six decimals and a class) and measures on it
 */
#include <stdint.h>
#include <wattle/ml.h>
#include "bench.h"

#define ROWS	700000u
#define COLS	8u
#define ROUNDS	9

static void make(const char *path)
{
	uint64_t seed = 1;
	FILE *f = fopen(path, "w");
	unsigned int r, c;

	if (!f)
		bench_die("%s cannot be made", path);
	fputs("a,b,c,d,e,f,g,h,label\n", f);
	for (r = 0; r < ROWS; r++) {
		for (c = 0; c < COLS; c++) {
			seed = seed * 6364136223846793005u + 1442695040888963407u;
			fprintf(f, "0.%06u,", (unsigned int)(seed >> 33) % 1000000);
		}
		fprintf(f, "%u\n", (unsigned int)(seed >> 40) % 3);
	}
	if (fclose(f))
		bench_die("%s cannot be written", path);
}

static char *slurp(const char *path, size_t *len)
{
	FILE *f = fopen(path, "r");
	char *buf;

	if (!f || fseek(f, 0, SEEK_END))
		bench_die("%s cannot be read", path);
	*len = (size_t)ftell(f);
	rewind(f);
	buf = malloc(*len);
	if (!buf || fread(buf, 1, *len, f) != *len)
		bench_die("%s cannot be read", path);
	fclose(f);
	return buf;
}

int main(int argc, char **argv)
{
	double ours = 0, copy = 0, mb;
	struct wattle_ml_error e;
	char *text, *to;
	size_t len;
	int r;

	if (argc != 2)
		bench_die("usage: csv FILE (is made)");
	make(argv[1]);
	text = slurp(argv[1], &len);
	to = malloc(len);
	if (!to)
		bench_die("not enough memory");
	for (r = 0; r < ROUNDS; r++) {
		struct wattle_dataset d;
		double t = bench_clock(1);

		if (wattle_dataset__read(&d, argv[1], NULL, &e))
			bench_die("%s", e.msg);
		bench_least(&ours, bench_clock(1) - t);
		if (d.x.rows != ROWS || d.x.cols != COLS || d.nr_classes != 3)
			bench_die("read %zu x %zu", d.x.rows, d.x.cols);
		wattle_dataset__free(&d);
		t = bench_clock(1);
		memcpy(to, text, len);
		/* The copy is looked at, so it is made. */
		__asm__ volatile("" : : "r"(to) : "memory");
		bench_least(&copy, bench_clock(1) - t);
	}
	mb = (double)len * 1e-6;
	bench_figure("csv.read_vs_memcpy", mb / ours, mb / copy,
		     "memcpy of the same bytes, 1 thread (a floor, not a reader)", "MB/s", 1);
	free(text);
	free(to);
	return 0;
}
