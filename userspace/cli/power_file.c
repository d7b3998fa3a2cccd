// SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause
/* Power tables as files: see power_file.h. */
#include "cli/power_file.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"

/* A place in a file. */
struct place {
	struct out	*o;
	const char	*path;
	unsigned long	line;
	char		*text;
};

static int complain(const struct place *p, const char *at, const char *what)
{
	return out_error(p->o, CLI_FAILURE, "%s:%lu:%lu: %s", p->path, p->line,
			 (unsigned long)(at - p->text) + 1, what);
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

static int figure(const struct place *p, char **at, const char *what, uint32_t *v)
{
	char *s = word(at), *end, text[120];
	unsigned long long n;

	errno = 0;
	n = strtoull(s, &end, 10);
	if (*s >= '0' && *s <= '9' && !*end && !errno && n <= UINT32_MAX) {
		*v = (uint32_t)n;
		return CLI_OK;
	}
	snprintf(text, sizeof(text), "%s must be a whole number below 2^32, not '%.20s'", what, s);
	return complain(p, s, text);
}

static int read_opp(const struct place *p, char **at, struct power_table *t)
{
	struct wattle_model_opp *v = &t->m.opp[t->m.nr_opps];
	int code;

	if (t->m.nr_opps == WATTLE_MODEL_OPPS_MAX)
		return complain(p, p->text, "more than 64 operating points");
	code = figure(p, at, "frequency in kHz", &v->khz);
	if (!code)
		code = figure(p, at, "power in uW", &v->uw);
	t->m.nr_opps++;
	return code;
}

static int read_idle(const struct place *p, char **at, struct power_table *t)
{
	struct wattle_model_idle *v = &t->m.idle[t->m.nr_idle];
	char *name = word(at);
	int code;

	if (t->m.nr_idle == WATTLE_MODEL_IDLE_MAX)
		return complain(p, p->text, "more than 10 idle states");
	if (!*name || strlen(name) >= POWER_IDLE_NAME)
		return complain(p, name, "an idle state needs a name of at most 15 characters");
	strcpy(t->idle_name[t->m.nr_idle], name);
	code = figure(p, at, "power in uW", &v->uw);
	if (!code)
		code = figure(p, at, "residency in us", &v->residency_us);
	if (!code)
		code = figure(p, at, "exit latency in us", &v->exit_us);
	t->m.nr_idle++;
	return code;
}

static int statement(const struct place *p, struct power_table *t, unsigned int *seen)
{
	uint32_t simulated = 0;
	const struct {
		const char	*key;
		uint32_t	*v;
	} single[] = {
		{ "shared", &t->m.shared_uw }, { "shared_idle", &t->m.shared_idle_uw },
		{ "platform", &t->m.platform_uw }, { "switch", &t->m.switch_us },
		{ "transition", &t->m.transition_us }, { "error", &t->m.error_pm },
		{ "simulated", &simulated },
	};
	char *at = p->text, *key = word(&at), *rest;
	unsigned int i, known = sizeof(single) / sizeof(single[0]);
	int code;

	if (!strcmp(key, "opp")) {
		code = read_opp(p, &at, t);
	} else if (!strcmp(key, "idle")) {
		code = read_idle(p, &at, t);
	} else {
		for (i = 0; i < known && strcmp(key, single[i].key); i++)
			;
		if (i == known)
			return complain(p, key, "expected one of: opp, idle, shared, shared_idle, platform, switch, transition, error, simulated");
		if (*seen & 1U << i)
			return complain(p, key, "said twice");
		*seen |= 1U << i;
		code = figure(p, &at, key, single[i].v);
	}
	if (code)
		return code;
	if (simulated)
		t->m.flags |= WATTLE_MODEL_SIMULATED;
	rest = word(&at);
	return *rest ? complain(p, rest, "something is left over at the end of the line") : CLI_OK;
}

int power_file_read(struct out *o, const char *path, struct power_table *t)
{
	const char *base = strrchr(path, '/');
	struct place p = { .o = o, .path = path };
	unsigned int seen = 0;
	int code = CLI_OK;
	size_t room = 0;
	FILE *f;
	char *s;

	memset(t, 0, sizeof(*t));
	f = fopen(path, "r");
	if (!f)
		return out_error(o, CLI_FAILURE, "%s: %s; 'wattle calibrate' measures a table",
				 path, strerror(errno));
	snprintf(t->m.name, sizeof(t->m.name), "%.31s", base ? base + 1 : path);
	for (s = t->m.name; *s; s++)
		if (*s < 0x20 || *s > 0x7e)
			*s = '?';
	while (!code && getline(&p.text, &room, f) >= 0) {
		p.line++;
		p.text[strcspn(p.text, "#\r\n")] = 0;
		if (p.text[strspn(p.text, " \t")])
			code = statement(&p, t, &seen);
	}
	if (!code && ferror(f))
		code = out_error(o, CLI_FAILURE, "%s: cannot be read: %s", path, strerror(errno));
	free(p.text);
	fclose(f);
	return code;
}

void power_file_print(FILE *f, const struct power_table *t)
{
	const struct wattle_power_model *m = &t->m;
	char number[POWER_IDLE_NAME];
	uint32_t i;

	for (i = 0; i < m->nr_opps; i++)
		fprintf(f, "opp\t%u\t%u\n", m->opp[i].khz, m->opp[i].uw);
	for (i = 0; i < m->nr_idle; i++) {
		snprintf(number, sizeof(number), "idle%u", i);
		fprintf(f, "idle\t%s\t%u\t%u\t%u\n", t->idle_name[i][0] ? t->idle_name[i] : number,
			m->idle[i].uw, m->idle[i].residency_us, m->idle[i].exit_us);
	}
	fprintf(f, "shared\t%u\nshared_idle\t%u\n", m->shared_uw, m->shared_idle_uw);
	if (m->platform_uw)
		fprintf(f, "platform\t%u\n", m->platform_uw);
	if (m->switch_us)
		fprintf(f, "switch\t%u\n", m->switch_us);
	if (m->transition_us)
		fprintf(f, "transition\t%u\n", m->transition_us);
	if (m->error_pm)
		fprintf(f, "error\t%u\n", m->error_pm);
	if (m->flags & WATTLE_MODEL_SIMULATED)
		fprintf(f, "simulated\t1\n");
}

const char *power_fault(uint32_t fault)
{
	static const char *const text[] = {
		[WATTLE_MODEL_FAULT_NO_OPP] = "there is no operating point",
		[WATTLE_MODEL_FAULT_OPPS] = "there are more than 64 operating points",
		[WATTLE_MODEL_FAULT_NO_IDLE] = "there is no idle state",
		[WATTLE_MODEL_FAULT_IDLES] = "there are more than 10 idle states",
		[WATTLE_MODEL_FAULT_KHZ] = "the frequency of an operating point is 0 or above 33 GHz",
		[WATTLE_MODEL_FAULT_KHZ_ORDER] = "frequencies do not ascend",
		[WATTLE_MODEL_FAULT_UW] = "the power of an operating point is 0 or above 536 W",
		[WATTLE_MODEL_FAULT_UW_ORDER] = "a higher frequency draws less than a lower one",
		[WATTLE_MODEL_FAULT_IDLE_UW] = "the power of an idle state is above 536 W",
		[WATTLE_MODEL_FAULT_IDLE_UW_ORDER] =
			"a deeper idle state draws more than a shallower one",
		[WATTLE_MODEL_FAULT_IDLE_ABOVE] = "idling draws more than the lowest frequency",
		[WATTLE_MODEL_FAULT_RESIDENCY] = "a target residency is above 67 s",
		[WATTLE_MODEL_FAULT_RESIDENCY_ORDER] = "target residencies do not ascend",
		[WATTLE_MODEL_FAULT_EXIT] = "an exit latency is above 67 s",
		[WATTLE_MODEL_FAULT_EXIT_ORDER] = "a deeper idle state wakes faster",
		[WATTLE_MODEL_FAULT_SHARED] = "shared or platform power is above 536 W",
		[WATTLE_MODEL_FAULT_SHARED_ORDER] = "a package draws more asleep than awake",
		[WATTLE_MODEL_FAULT_TRANSITION] = "a change of frequency takes more than 67 s",
		[WATTLE_MODEL_FAULT_PAD] = "padding is not 0",
		[WATTLE_MODEL_FAULT_ERROR] = "an error of more than 1000 per mille",
		[WATTLE_MODEL_FAULT_MACHINE_KHZ] =
			"no CPU of this machine has that frequency: the table is another machine's",
		[WATTLE_MODEL_FAULT_MACHINE_REACH] =
			"this machine's clocks go beyond twice the table's highest: it is another machine's",
	};

	if (fault >= sizeof(text) / sizeof(text[0]) || !text[fault])
		return "a fault that this command does not know: it is older than the module";
	return text[fault];
}

/* Which entry a fault is about. */
static void entry(const struct wattle_power_model *m, char *text, size_t n)
{
	bool idle = m->fault >= WATTLE_MODEL_FAULT_IDLE_UW &&
		    m->fault <= WATTLE_MODEL_FAULT_EXIT_ORDER;

	text[0] = 0;
	if (idle && m->fault != WATTLE_MODEL_FAULT_IDLE_ABOVE && m->index < WATTLE_MODEL_IDLE_MAX)
		snprintf(text, n, " (idle state %u)", m->index + 1);
	else if (!idle && m->index < WATTLE_MODEL_OPPS_MAX && m->opp[m->index].khz)
		snprintf(text, n, " (%u kHz)", m->opp[m->index].khz);
}

int power_load(struct out *o, struct wattle_client *c, struct power_table *t, const char *from)
{
	int err = wattle_client__power_set(c, &t->m);
	char where[48];

	switch (-err) {
	case 0:
		return CLI_OK;
	case EDOM:
	case ERANGE:
		entry(&t->m, where, sizeof(where));
		return out_error(o, CLI_FAILURE, "%s: the module does not take the table: %s%s",
				 from, power_fault(t->m.fault), where);
	case EPERM:
	case EACCES:
		return out_error(o, CLI_DEVICE, "%s: only root may give the module a power table",
				 from);
	case ENOTTY:
		return out_error(o, CLI_DEVICE,
				 "%s: nothing here takes a power table: the module is not loaded ('modprobe wattle'), or of an older release",
				 from);
	default:
		return out_error(o, CLI_DEVICE, "%s: the module does not take the table: %s", from,
				 wattle_client__error());
	}
}
