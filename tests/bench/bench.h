/* SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause */
/*
 * What the native benchmarks share. A figure is one JSON object on a line of
 * standard output; tests/bench/run collects them.
 */
#ifndef WATTLE_BENCH_H
#define WATTLE_BENCH_H

#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static inline double bench_now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/*
 * For work of one thread: its CPU time, which on an idle machine is the time that
 * passes, and on a busy one what it would be; for more threads the time that passes.
 */
static inline double bench_clock(int threads)
{
	struct timespec t;

	clock_gettime(threads == 1 ? CLOCK_THREAD_CPUTIME_ID : CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static inline void bench_die(const char *fmt, ...) __attribute__((format(printf, 1, 2), noreturn));
static inline void bench_die(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fputc('\n', stderr);
	exit(1);
}

/* @ours and @peer in @unit, from the same run; @higher: more is better. */
static inline void bench_figure(const char *name, double ours, double peer, const char *peer_name,
				const char *unit, int higher)
{
	printf("{\"name\": \"%s\", \"ours\": %.6g, \"peer\": %.6g, \"peer_name\": \"%s\", "
	       "\"unit\": \"%s\", \"ratio\": %.6g, \"better\": \"%s\"}\n", name, ours, peer,
	       peer_name, unit, ours / peer, higher ? "higher" : "lower");
	fflush(stdout);
}

/* The least of what was timed. */
static inline void bench_least(double *least, double seconds)
{
	if (!*least || seconds < *least)
		*least = seconds;
}

#endif
