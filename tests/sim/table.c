// SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause
/*
 * Power tables as text. One statement a line, '#' starts a comment, figures are whole:
 *
 *	opp KHZ UW			rising frequency
 *	idle NAME UW RESIDENCY_US EXIT_US	falling power
 *	shared UW			of the package while any CPU is awake (0)
 *	shared_idle UW			of the package while all idle (0)
 *	platform UW			rest of the node (0)
 *	switch US			request to effect of a frequency (0)
 *	transition US			nothing runs, at the effect (0)
 *	error PM, simulated 1		how good, and of what, a measured table is: not used here
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "sim.h"

#define MAX_UW		((1U << 29) - 1)	/* products with 2^32 us stay under 2^63 */
#define MAX_KHZ		20000000U

struct reader {
	const char *path;
	unsigned long line;
	char *text;
	FILE *err;
};

static int complain(const struct reader *r, const char *at, const char *what)
{
	fprintf(r->err, "%s:%lu:%lu: %s\n", r->path, r->line,
		(unsigned long)(at - r->text) + 1, what);
	return -EINVAL;
}

static char *word(char **at)
{
	char *s = *at + strspn(*at, " \t");
	size_t n = strcspn(s, " \t");

	*at = s + n;
	if (**at)
		*(*at)++ = 0;
	return s;
}

static int figure(const struct reader *r, char **at, const char *what, uint32_t max, uint32_t *out)
{
	char *s = word(at), *end;
	char text[120];
	unsigned long long v;

	errno = 0;
	v = strtoull(s, &end, 10);
	if (*s < '0' || *s > '9' || *end || errno || v > max) {
		snprintf(text, sizeof(text), "%s must be a whole number from 0 to %u, not '%.20s'",
			 what, max, s);
		return complain(r, s, text);
	}
	*out = (uint32_t)v;
	return 0;
}

static int opp_line(const struct reader *r, char **at, struct sim_power *p)
{
	struct sim_opp *o = &p->opp[p->nopp];
	int ret;

	if (p->nopp == SIM_MAX_OPPS)
		return complain(r, r->text, "too many operating points: 32 at most");
	ret = figure(r, at, "frequency in kHz", MAX_KHZ, &o->khz);
	if (!ret)
		ret = figure(r, at, "power in uW", MAX_UW, &o->uw);
	if (ret)
		return ret;
	if (!o->khz || !o->uw)
		return complain(r, r->text, "frequency and power of an operating point are above 0");
	if (p->nopp && o->khz <= o[-1].khz)
		return complain(r, r->text, "operating points must rise in frequency");
	if (p->nopp && o->uw <= o[-1].uw)
		return complain(r, r->text, "an operating point must take more power than the slower one before it: leave out the one that never pays");
	p->nopp++;
	return 0;
}

static int idle_line(const struct reader *r, char **at, struct sim_power *p)
{
	struct sim_idle *s = &p->idle[p->nidle];
	char *name = word(at);
	int ret;

	if (p->nidle == SIM_MAX_IDLE)
		return complain(r, r->text, "too many idle states: 8 at most");
	if (!*name || strlen(name) >= sizeof(s->name))
		return complain(r, name, "an idle state needs a name of at most 15 characters");
	strcpy(s->name, name);
	ret = figure(r, at, "power in uW", MAX_UW, &s->uw);
	if (!ret)
		ret = figure(r, at, "residency in us", 10000000, &s->residency_us);
	if (!ret)
		ret = figure(r, at, "exit latency in us", 1000000, &s->exit_us);
	if (ret)
		return ret;
	if (p->nidle && s->uw >= s[-1].uw)
		return complain(r, r->text, "idle states must fall in power");
	if (p->nidle && (s->residency_us <= s[-1].residency_us || s->exit_us < s[-1].exit_us))
		return complain(r, r->text, "a deeper idle state needs a longer residency and no shorter exit latency");
	if (s->exit_us > s->residency_us)
		return complain(r, r->text, "the exit latency is part of the residency and cannot be longer");
	p->nidle++;
	return 0;
}

static int statement(const struct reader *r, struct sim_power *p, unsigned int *seen)
{
	static const char *const single[] = {
		"shared", "shared_idle", "platform", "switch", "transition", "error",
		"simulated"
	};
	uint32_t ignored;
	uint32_t *const to[] = {
		&p->shared_uw, &p->shared_idle_uw, &p->platform_uw, &p->switch_us,
		&p->transition_us, &ignored, &ignored
	};
	static const uint32_t max[] = { MAX_UW, MAX_UW, MAX_UW, 100000, 10000, 1000, 1 };
	char *at = r->text, *key = word(&at), *rest;
	int ret = -ENOENT;

	if (!strcmp(key, "opp"))
		ret = opp_line(r, &at, p);
	else if (!strcmp(key, "idle"))
		ret = idle_line(r, &at, p);
	for (int i = 0; i < 7 && ret == -ENOENT; i++) {
		if (strcmp(key, single[i]))
			continue;
		if (*seen & 1U << i)
			return complain(r, key, "said twice");
		*seen |= 1U << i;
		ret = figure(r, &at, single[i], max[i], to[i]);
	}
	if (ret == -ENOENT)
		return complain(r, key, "expected one of: opp, idle, shared, shared_idle, platform, switch, transition, error, simulated");
	if (ret)
		return ret;
	rest = word(&at);
	return *rest ? complain(r, rest, "something is left over at the end of the line") : 0;
}

/**
 * sim_power_check() - is the table one a machine could have?
 * @p: table, each line checked already
 * @why: set to what is wrong
 *
 * Return: 0 or -EINVAL.
 */
int sim_power_check(const struct sim_power *p, const char **why)
{
	*why = NULL;
	if (!p->nopp)
		*why = "no operating point: at least one line 'opp KHZ UW'";
	else if (!p->nidle)
		*why = "no idle state: at least one line 'idle NAME UW RESIDENCY_US EXIT_US'";
	else if (p->idle[0].uw >= p->opp[0].uw)
		*why = "the first idle state takes as much power as the slowest operating point";
	else if (p->shared_idle_uw > p->shared_uw)
		*why = "shared_idle is above shared: idle cannot draw more than busy";
	return *why ? -EINVAL : 0;
}

/**
 * sim_power_read() - read a power table
 * @p: filled
 * @path: file; its base name without ".power" becomes the table's name
 * @err: told "file:line:column: what" on an error
 *
 * Return: 0 or a negative errno.
 */
int sim_power_read(struct sim_power *p, const char *path, FILE *err)
{
	struct reader r = { path, 0, NULL, err };
	FILE *f = fopen(path, "r");
	const char *base = strrchr(path, '/'), *why;
	unsigned int seen = 0;
	size_t room = 0;
	char *dot;
	int ret = 0;

	memset(p, 0, sizeof(*p));
	if (!f) {
		ret = -errno;
		fprintf(err, "%s: %s\n", path, strerror(errno));
		return ret;
	}
	snprintf(p->name, sizeof(p->name), "%s", base ? base + 1 : path);
	dot = strstr(p->name, ".power");
	if (dot)
		*dot = 0;
	while (!ret && getline(&r.text, &room, f) >= 0) {
		r.line++;
		r.text[strcspn(r.text, "#\r\n")] = 0;
		if (r.text[strspn(r.text, " \t")])
			ret = statement(&r, p, &seen);
	}
	if (!ret && ferror(f)) {
		ret = -EIO;
		fprintf(err, "%s: cannot be read\n", path);
	}
	if (!ret && sim_power_check(p, &why)) {
		ret = -EINVAL;
		fprintf(err, "%s:%lu:1: %s\n", path, r.line, why);
	}
	free(r.text);
	fclose(f);
	return ret;
}

/* Power of @p at @khz, straight lines between its operating points. */
static double power_at(const struct sim_power *p, double khz)
{
	const struct sim_opp *o = p->opp;
	int i = 0;

	if (khz <= o[0].khz)
		return o[0].uw * khz / o[0].khz;
	while (i + 2 < p->nopp && o[i + 1].khz < khz)
		i++;
	if (p->nopp == 1)
		return o[0].uw;
	return o[i].uw + (khz - o[i].khz) * ((double)o[i + 1].uw - o[i].uw) /
	       ((double)o[i + 1].khz - o[i].khz);
}

/**
 * sim_power_mistake() - a policy that believes in another server's figures
 * @out: the frequencies of @own with the power of @other at the same share of its highest
 *	frequency, and the idle states of @other
 * @own: the server that it runs on
 * @other: the server whose table it was given
 *
 * Frequencies stay, because the kernel tells them; power and residencies are what a wrong
 * file would say. Power is kept rising by at least 1 uW so that the table stays a table.
 */
void sim_power_mistake(struct sim_power *out, const struct sim_power *own,
		       const struct sim_power *other)
{
	double scale = (double)sim_fmax(other) / sim_fmax(own);

	*out = *other;
	snprintf(out->name, sizeof(out->name), "%.20s-as-%.20s", own->name, other->name);
	out->nopp = own->nopp;
	out->switch_us = own->switch_us;
	out->transition_us = own->transition_us;
	for (int i = 0; i < own->nopp; i++) {
		out->opp[i].khz = own->opp[i].khz;
		out->opp[i].uw = (uint32_t)power_at(other, own->opp[i].khz * scale);
		if (i && out->opp[i].uw <= out->opp[i - 1].uw)
			out->opp[i].uw = out->opp[i - 1].uw + 1;
	}
	for (int i = 0; i < out->nidle; i++)
		if (out->idle[i].uw >= out->opp[0].uw)
			out->idle[i].uw = out->opp[0].uw - (uint32_t)i - 1;
}
