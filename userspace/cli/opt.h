/* SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause */
/*
 * Values of options. Each parser takes the whole string or nothing and, on
 * failure, prints what was wrong with which option and returns false.
 */
#ifndef WATTLE_CLI_OPT_H
#define WATTLE_CLI_OPT_H

#include <stdbool.h>
#include <stdint.h>
#include <getopt.h>

#include "cli/out.h"

bool opt_u64(struct out *o, const char *name, const char *s, uint64_t min, uint64_t max,
	     uint64_t *v);
/* A finite number within [min, max]. */
bool opt_f64(struct out *o, const char *name, const char *s, double min, double max, double *v);
/* "200ms", "90s", "5m", "2h", also ns and us; the unit is required, the value is above 0. */
bool opt_duration(struct out *o, const char *name, const char *s, uint64_t *ns);

/**
 * opt_deadline() - when something is due
 * @o:	where the error goes
 * @name: of the option
 * @s:	a duration from now, or HH:MM of the local clock (the next time it shows that)
 * @ns:	absolute CLOCK_MONOTONIC nanoseconds
 */
bool opt_deadline(struct out *o, const char *name, const char *s, uint64_t *ns);

/**
 * opt_choice() - one word of a list
 * @words: ended by NULL
 * @v:	index of the word
 */
bool opt_choice(struct out *o, const char *name, const char *s, const char *const *words,
		unsigned int *v);

/**
 * opt_next() - getopt_long() with this command's error messages
 *
 * Return: what getopt_long() returns; '?' after the error has been printed. "-j"
 * and "--json" are recognised everywhere (they were acted on before the verb ran).
 */
int opt_next(struct out *o, int argc, char **argv, const char *shorts, const struct option *longs);

/* Number of operands left must be within [min, max]; prints the error. */
bool opt_operands(struct out *o, int argc, int min, int max, const char *what);

uint64_t opt_now_ns(void);

#endif
