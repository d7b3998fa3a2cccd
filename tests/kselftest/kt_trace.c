// SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause
/*
 * Trace records: whose, which, when, why, and in which order. What a replay of
 * the log stands on.
 */
#include "harness.h"

#include <fcntl.h>
#include <sys/mount.h>
#include <sys/stat.h>

#define TRACING	"/sys/kernel/tracing"
#define OWN	TRACING "/instances/wattle-test"
#define MAX	512

struct record {
	char			name[24];
	char			op[24];
	char			text[512];
	unsigned long long	seq;
	unsigned long long	client;
	unsigned long long	queue;
	unsigned long long	now_ns;
};

static struct record log_[MAX];
static size_t nr_log;

static int put(const char *path, const char *text)
{
	int f = open(path, O_WRONLY | O_TRUNC), err = 0;

	if (f < 0)
		return -errno;
	if (write(f, text, strlen(text)) < 0)
		err = -errno;
	close(f);
	return err;
}

static int trace_on(void)
{
	int err;

	if (access(TRACING "/instances", F_OK) &&
	    mount("tracefs", TRACING, "tracefs", 0, NULL) && errno != EBUSY)
		return -errno;
	if (mkdir(OWN, 0700) && errno != EEXIST)
		return -errno;
	err = put(OWN "/events/wattle/enable", "1");
	return err ? err : put(OWN "/trace", "");
}

/* A number by its name: " name=123" or " name=0x12"; ~0 if the record has none. */
static unsigned long long field(const char *text, const char *name)
{
	char key[48];
	const char *p;

	snprintf(key, sizeof(key), " %s=", name);
	p = strstr(text, key);
	return p ? strtoull(p + strlen(key), NULL, 0) : ~0ULL;
}

static int by_seq(const void *a, const void *b)
{
	const struct record *x = a, *y = b;

	return x->seq < y->seq ? -1 : x->seq > y->seq;
}

/* Fills log_ in the order of the numbers; records without one come first. */
static int trace_read(void)
{
	char line[1024], *p, *q;
	FILE *f;

	if (put(OWN "/events/wattle/enable", "0"))
		return -1;
	f = fopen(OWN "/trace", "r");
	if (!f)
		return -1;
	nr_log = 0;
	while (fgets(line, sizeof(line), f) && nr_log < MAX) {
		struct record *r = &log_[nr_log];

		p = line[0] == '#' ? NULL : strstr(line, ": wattle_");
		if (!p)
			continue;
		p += 2;
		q = strchr(p, ':');
		if (!q)
			continue;
		snprintf(r->name, sizeof(r->name), "%.*s", (int)(q - p), p);
		snprintf(r->text, sizeof(r->text), "%s", q + 1);
		r->seq = field(r->text, "seq");
		r->client = field(r->text, "client");
		r->queue = field(r->text, "queue");
		r->now_ns = field(r->text, "now_ns");
		p = strstr(r->text, " op=");
		r->op[0] = '\0';
		if (p)
			sscanf(p, " op=%23s", r->op);
		nr_log++;
	}
	fclose(f);
	rmdir(OWN);
	qsort(log_, nr_log, sizeof(log_[0]), by_seq);
	return 0;
}

/* The first record from @from on with that name, and op if not NULL; nr_log if there is none. */
static size_t find(size_t from, const char *name, const char *op)
{
	for (; from < nr_log; from++)
		if (!strcmp(log_[from].name, name) && (!op || !strcmp(log_[from].op, op)))
			break;
	return from;
}

static const struct wattle_batch sent = {
	.user_data = 0xabc, .work_kcycles = 1234, .stall_us = 56, .energy_cap_uj = 78, .shape = 9,
};

/* Two clients; one is refused something. */
static int scene(void)
{
	struct wattle_queue_create strict = { .size = sizeof(strict), .name = "strict one",
					      .params.flags = WATTLE_QUEUE_STRICT };
	struct wattle_batch late = { .user_data = 2, .stall_us = 10000000,
				     .deadline_ns = kt_now() + SEC };
	int a = kt_open(), b = kt_open(), q;
	struct wattle_verdict v;
	struct wattle_next n;

	if (a < 0 || b < 0 || ioctl(b, WATTLE_IOC_QUEUE_CREATE, &strict))
		return -1;
	q = kt_queue(a, NULL);
	if (kt_submit_batches(a, q, &sent, 1, NULL) != 1 || kt_next(a, 0, 0, &n) ||
	    kt_next(a, n.token, 0, &n) != -ETIMEDOUT)
		return -2;
	if (kt_submit_batches(b, strict.queue, &late, 1, &v) != 1 ||
	    v.status != WATTLE_VERDICT_REFUSED || v.reason != WATTLE_REASON_INFEASIBLE)
		return -3;
	close(a);
	close(b);
	return 0;
}

static void test_log(void)
{
	size_t i, first, open_a, open_b, s, g, c, r, turn, made;

	EXPECT_EQ(kt_sysfs("stats/clients"), 0);
	EXPECT_EQ(kt_mode("enforce"), 0);
	EXPECT_EQ(trace_on(), 0);
	EXPECT_EQ(scene(), 0);
	/* One CPU less, seen at the latest when the list is written; then it is back. */
	EXPECT_EQ(put("/sys/devices/system/cpu/cpu1/online", "0"), 0);
	EXPECT_EQ(put("/sys/class/misc/wattle/managed_cpus", "\n"), 0);
	EXPECT_EQ(put("/sys/devices/system/cpu/cpu1/online", "1"), 0);
	EXPECT_EQ(trace_read(), 0);
	EXPECT_EQ(kt_mode("observe"), 0);
	EXPECT(nr_log > 10 && nr_log < MAX);

	/* One number a record and no gap, but for the one call that is made without the lock. */
	for (first = 0; first < nr_log && !log_[first].seq; first++)
		EXPECT(!strcmp(log_[first].op, "DELIVERED"));
	for (i = first + 1; i < nr_log; i++) {
		EXPECT_EQ(log_[i].seq, log_[i - 1].seq + 1);
		EXPECT(log_[i].now_ns >= log_[i - 1].now_ns);
	}
	/* It begins with all there is: the mode, what admission counts on, the CPUs. */
	EXPECT_EQ(find(first, "wattle_call", "MODE"), first);
	EXPECT_EQ(field(log_[first].text, "arg"), WATTLE_MODE_ENFORCE);
	EXPECT_EQ(find(first, "wattle_call", "SUPPLY"), first + 1);
	open_a = find(first, "wattle_call", "OPEN");
	EXPECT_EQ(find(first, "wattle_call", "CPU"), first + 2);
	EXPECT(open_a < nr_log && find(open_a, "wattle_call", "CPU") == nr_log);
	open_b = find(open_a + 1, "wattle_call", "OPEN");
	EXPECT(open_b < nr_log);
	EXPECT_EQ(log_[open_b].client, log_[open_a].client + 1);

	/* Whose and which, in every record that concerns a batch. */
	for (i = first; i < nr_log; i++) {
		if (!strcmp(log_[i].name, "wattle_call"))
			continue;
		EXPECT(log_[i].client == log_[open_a].client ||
		       log_[i].client == log_[open_b].client);
		EXPECT_EQ(log_[i].queue, 1);
	}
	made = find(first, "wattle_queue", NULL);
	EXPECT(made < nr_log && log_[made].client == log_[open_b].client);
	EXPECT(strstr(log_[made].text, " name=strict one"));
	EXPECT_EQ(field(log_[made].text, "flags"), WATTLE_QUEUE_STRICT);

	/* All of the input. */
	s = find(first, "wattle_submit", NULL);
	EXPECT(s < nr_log && log_[s].client == log_[open_a].client);
	EXPECT_EQ(field(log_[s].text, "user_data"), sent.user_data);
	EXPECT_EQ(field(log_[s].text, "work_kcycles"), sent.work_kcycles);
	EXPECT_EQ(field(log_[s].text, "stall_us"), sent.stall_us);
	EXPECT_EQ(field(log_[s].text, "energy_cap_uj"), sent.energy_cap_uj);
	EXPECT_EQ(field(log_[s].text, "shape"), sent.shape);
	EXPECT_EQ(field(log_[s].text, "verdict"), WATTLE_VERDICT_ADMITTED);

	/* The call, then what came of it. */
	turn = find(s, "wattle_call", "TURN");
	g = find(s, "wattle_grant", NULL);
	EXPECT(turn < g && g < nr_log);
	EXPECT_EQ(log_[g].now_ns, log_[turn].now_ns);
	EXPECT_EQ(field(log_[g].text, "worker"), field(log_[turn].text, "worker"));
	turn = find(g, "wattle_call", "TURN");
	c = find(g, "wattle_complete", NULL);
	EXPECT(turn < c && c < nr_log);
	EXPECT_EQ(field(log_[turn].text, "id"), field(log_[g].text, "token"));
	EXPECT(find(c, "wattle_call", "UNPARK") < nr_log);

	r = find(first, "wattle_refuse", NULL);
	EXPECT(r < nr_log && log_[r].client == log_[open_b].client);
	EXPECT_EQ(field(log_[r].text, "batch"), 0);
	EXPECT_EQ(field(log_[r].text, "verdict"), WATTLE_VERDICT_REFUSED);
	EXPECT_EQ(field(log_[r].text, "reason"), WATTLE_REASON_INFEASIBLE);
	EXPECT(find(r, "wattle_call", "CLOSE") < nr_log);

	/* Other CPUs to count on, and each step in which the promises learn of it. */
	made = find(open_b, "wattle_call", "SUPPLY");
	made = find(made, "wattle_call", "SETTLE");
	EXPECT(made < nr_log && field(log_[made].text, "value") > 0);
	made = find(made, "wattle_call", "RECHECK");
	EXPECT(made < nr_log && field(log_[made].text, "value") == 0);
	made = find(made + 1, "wattle_call", "RECHECK");
	EXPECT(made < nr_log && field(log_[made].text, "value") > 0);
}

int main(void)
{
	static const struct kt_case cases[] = {
		{ "a log says whose, which, when, why, in order", test_log },
	};

	if (geteuid())
		kt_skip_all("needs root: it reads traces");
	if (access("/sys/devices/system/cpu/cpu1/online", F_OK))
		kt_skip_all("needs a second CPU that can be taken away");
	if (access(TRACING, F_OK))
		kt_skip_all("this kernel has no tracefs");
	return kt_run(cases, ARRAY_SIZE(cases));
}
