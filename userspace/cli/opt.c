// SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause
#include "cli/opt.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "cli/cli.h"

bool opt_u64(struct out *o, const char *name, const char *s, uint64_t min, uint64_t max,
	     uint64_t *v)
{
	char *end;

	errno = 0;
	*v = strtoull(s, &end, 10);
	/* strtoull takes "-1" for a very large number. */
	if (*s < '0' || *s > '9' || *end || errno || *v < min || *v > max) {
		out_error(o, CLI_USAGE, "%s '%s': must be a whole number from %llu to %llu",
			  name, s, (unsigned long long)min, (unsigned long long)max);
		return false;
	}
	return true;
}

bool opt_f64(struct out *o, const char *name, const char *s, double min, double max, double *v)
{
	char *end;

	errno = 0;
	*v = strtod(s, &end);
	if (!*s || *end || !isfinite(*v) || *v < min || *v > max) {
		out_error(o, CLI_USAGE, "%s '%s': must be a number from %g to %g", name, s, min,
			  max);
		return false;
	}
	return true;
}

static bool parse_duration(const char *s, uint64_t *ns)
{
	static const struct {
		const char *unit;
		double ns;
	} units[] = {
		{ "ns", 1 }, { "us", 1e3 }, { "ms", 1e6 }, { "s", 1e9 },
		{ "m", 60e9 }, { "min", 60e9 }, { "h", 3600e9 },
	};
	size_t i;
	char *end;
	double x;

	if (*s < '0' || *s > '9')
		return false;
	x = strtod(s, &end);
	for (i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
		if (strcmp(end, units[i].unit))
			continue;
		x *= units[i].ns;
		/* 2^62 ns is 146 years: sums with the clock cannot overflow. */
		if (!(x >= 1) || x > 0x1p62)
			return false;
		*ns = (uint64_t)x;
		return true;
	}
	return false;
}

bool opt_duration(struct out *o, const char *name, const char *s, uint64_t *ns)
{
	if (parse_duration(s, ns))
		return true;
	out_error(o, CLI_USAGE,
		  "%s '%s': must be a duration above 0 with its unit, such as 200ms, 90s, 5m or 2h",
		  name, s);
	return false;
}

uint64_t opt_now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000000000ULL + ts.tv_nsec;
}

/* Nanoseconds until the local clock next shows @h:@m. */
static uint64_t until_clock(int h, int m)
{
	struct timespec now;
	struct tm tm;
	time_t at;

	clock_gettime(CLOCK_REALTIME, &now);
	localtime_r(&now.tv_sec, &tm);
	tm.tm_hour = h;
	tm.tm_min = m;
	tm.tm_sec = 0;
	tm.tm_isdst = -1;
	at = mktime(&tm);
	if (at <= now.tv_sec) {
		tm.tm_mday++;
		tm.tm_hour = h;
		tm.tm_min = m;
		tm.tm_sec = 0;
		tm.tm_isdst = -1;
		at = mktime(&tm);
	}
	return (at - now.tv_sec) * 1000000000ULL - now.tv_nsec;
}

bool opt_deadline(struct out *o, const char *name, const char *s, uint64_t *ns)
{
	int h, m, used = 0;

	if (sscanf(s, "%2d:%2d%n", &h, &m, &used) == 2 && !s[used] && s[0] >= '0' &&
	    s[0] <= '9' && h < 24 && m >= 0 && m < 60) {
		*ns = opt_now_ns() + until_clock(h, m);
		return true;
	}
	if (parse_duration(s, ns)) {
		*ns += opt_now_ns();
		return true;
	}
	out_error(o, CLI_USAGE,
		  "%s '%s': must be a time from now that is not already past, such as 90s, 5m or 2h, or a time of day such as 07:00",
		  name, s);
	return false;
}

bool opt_choice(struct out *o, const char *name, const char *s, const char *const *words,
		unsigned int *v)
{
	char list[160] = "";
	unsigned int i;

	for (i = 0; words[i]; i++) {
		if (!strcmp(s, words[i])) {
			*v = i;
			return true;
		}
		snprintf(list + strlen(list), sizeof(list) - strlen(list), "%s%s", i ? ", " : "",
			 words[i]);
	}
	out_error(o, CLI_USAGE, "%s '%s': must be one of %s", name, s, list);
	return false;
}

int opt_next(struct out *o, int argc, char **argv, const char *shorts, const struct option *longs)
{
	int at = optind ? optind : 1;
	int c;

	opterr = 0;
	c = getopt_long(argc, argv, shorts, longs, NULL);
	if (c == ':')
		out_error(o, CLI_USAGE, "option '%s' needs a value; see 'wattle help %s'",
			  argv[optind - 1], argv[0]);
	else if (c == '?' && optopt && !strchr(shorts, optopt) && optopt < 0x80)
		out_error(o, CLI_USAGE, "unknown option '-%c'; see 'wattle help %s'", optopt,
			  argv[0]);
	else if (c == '?' && optopt)
		out_error(o, CLI_USAGE, "option '%s' takes no value; see 'wattle help %s'",
			  argv[optind - 1], argv[0]);
	else if (c == '?')
		out_error(o, CLI_USAGE, "unknown option '%s'; see 'wattle help %s'",
			  argv[optind > at ? optind - 1 : at], argv[0]);
	return c == ':' ? '?' : c;
}

bool opt_operands(struct out *o, int argc, int min, int max, const char *what)
{
	int n = argc - optind;

	if (n >= min && n <= max)
		return true;
	if (n < min)
		out_error(o, CLI_USAGE, "%s missing; see 'wattle help %s'", what, o->command);
	else
		out_error(o, CLI_USAGE, "too many operands (wanted %s); see 'wattle help %s'", what,
			  o->command);
	return false;
}
