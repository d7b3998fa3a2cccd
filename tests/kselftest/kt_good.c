// SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause
/* The good path of every ioctl, one case each. */
#include "harness.h"

#include <fcntl.h>
#include <poll.h>
#include <time.h>

static void test_query(void)
{
	struct {
		struct wattle_query q;
		uint64_t later;
	} big = { .q.size = sizeof(big) };
	struct wattle_query q = { .size = sizeof(q) };
	int fd = kt_open();

	EXPECT_EQ(ioctl(fd, WATTLE_IOC_QUERY, &q), 0);
	EXPECT_EQ(q.size, sizeof(q));
	EXPECT_EQ(q.abi_major, WATTLE_ABI_MAJOR);
	EXPECT_EQ(q.clock_id, CLOCK_MONOTONIC);
	EXPECT(q.features & WATTLE_FEATURE_DRY_RUN);
	EXPECT(q.features & WATTLE_FEATURE_EVENTS);
	EXPECT(q.features & WATTLE_FEATURE_ATTACH);
	EXPECT(q.mode <= WATTLE_MODE_ENFORCE);
	EXPECT_EQ(q.nr_cpus_online, sysconf(_SC_NPROCESSORS_ONLN));
	EXPECT(q.max_queues && q.max_batches && q.max_vector && q.max_workers);
	EXPECT(q.lease_min_ns && q.lease_min_ns <= q.lease_default_ns);
	EXPECT(q.lease_default_ns <= q.lease_max_ns);
	EXPECT_EQ(q.events_lost, 0);
	EXPECT_EQ(q.reserved[0] | q.reserved[1] | q.reserved[2], 0);
	/*
	 * A newer program on an older module: what it does not know is zero, it is told how
	 * much.
	 */
	EXPECT_EQ(ioctl(fd, WATTLE_IOC_QUERY, &big), 0);
	EXPECT_EQ(big.q.size, sizeof(q));
	EXPECT_EQ(big.q.abi_major, WATTLE_ABI_MAJOR);
	EXPECT_EQ(big.q.event_size, sizeof(struct wattle_event));
	close(fd);
}

static void test_queue_create(void)
{
	struct wattle_queue_create c = {
		.size = sizeof(c), .name = "spam training",
		.params = { .class = WATTLE_CLASS_BACKGROUND, .weight = 10000,
			    .flags = WATTLE_QUEUE_STRICT, .event_mask = WATTLE_EVENTS_ALL,
			    .max_slowdown_pm = 10000, .max_inflight = 1, .max_delay_us = 1000,
			    .energy_budget_uj = 5 },
	};
	struct wattle_queue_stats st;
	int fd = kt_open(), a;

	EXPECT_EQ(ioctl(fd, WATTLE_IOC_QUEUE_CREATE, &c), 0);
	EXPECT(c.queue >= 1);
	a = kt_queue(fd, NULL);
	EXPECT(a > 0 && (uint32_t)a != c.queue);
	EXPECT_EQ(kt_stats(fd, c.queue, &st), 0);
	EXPECT(!memcmp(st.name, c.name, sizeof(st.name)));
	/* The longest name, and none at all. */
	memset(c.name, 'n', sizeof(c.name) - 1);
	EXPECT_EQ(ioctl(fd, WATTLE_IOC_QUEUE_CREATE, &c), 0);
	EXPECT_EQ(kt_stats(fd, c.queue, &st), 0);
	EXPECT(!memcmp(st.name, c.name, sizeof(st.name)));
	memset(c.name, 0, sizeof(c.name));
	EXPECT_EQ(ioctl(fd, WATTLE_IOC_QUEUE_CREATE, &c), 0);
	EXPECT_EQ(kt_stats(fd, c.queue, &st), 0);
	EXPECT_EQ(st.name[0], 0);
	close(fd);
}

static void test_queue_update(void)
{
	struct wattle_queue_update u = { .size = sizeof(u) };
	struct wattle_batch b[2] = { { 0 } };
	int fd = kt_open(), q = kt_queue(fd, NULL);

	u.queue = q;
	u.mask = WATTLE_UPDATE_MAX_INFLIGHT | WATTLE_UPDATE_WEIGHT;
	u.params.max_inflight = 1;
	u.params.weight = 7;
	EXPECT_EQ(ioctl(fd, WATTLE_IOC_QUEUE_UPDATE, &u), 0);
	/* It acts: of two batches one is taken. */
	EXPECT_EQ(kt_submit_batches(fd, q, b, 2, NULL), 1);
	close(fd);
}

static void test_queue_destroy(void)
{
	struct wattle_queue_destroy d = { .size = sizeof(d) };
	struct wattle_queue_stats st = { .size = sizeof(st) };
	int fd = kt_open(), q = kt_queue(fd, NULL);

	EXPECT_EQ(kt_submit(fd, q, 0, 5), 5);
	d.queue = q;
	EXPECT_EQ(ioctl(fd, WATTLE_IOC_QUEUE_DESTROY, &d), 0);
	EXPECT_EQ(d.cancelled, 5);
	EXPECT_ERR(ioctl(fd, WATTLE_IOC_QUEUE_DESTROY, &d), ENOENT);
	st.queue = q;
	EXPECT_ERR(ioctl(fd, WATTLE_IOC_QUEUE_STATS, &st), ENOENT);
	close(fd);
}

static void test_submit(void)
{
	struct wattle_batch b[3] = {
		{ .user_data = 1, .work_kcycles = 10 },
		{ .user_data = 2, .deadline_ns = kt_now() + 100 * SEC },
		{ .user_data = 3, .release_ns = kt_now() + 100 * SEC },
	};
	struct wattle_verdict v[3];
	struct wattle_queue_stats st;
	int fd = kt_open(), q = kt_queue(fd, NULL), i;

	EXPECT_EQ(kt_submit_batches(fd, q, b, 3, v), 3);
	for (i = 0; i < 3; i++) {
		EXPECT_EQ(v[i].status, WATTLE_VERDICT_ADMITTED);
		EXPECT(v[i].batch && (!i || v[i].batch != v[i - 1].batch));
	}
	EXPECT_EQ(kt_stats(fd, q, &st), 0);
	EXPECT_EQ(st.submitted, 3);
	EXPECT_EQ(st.queued, 3);
	EXPECT(kt_identity(&st));
	/* Without a verdict array, and from a program with longer batches. */
	EXPECT_EQ(kt_submit_batches(fd, q, b, 2, NULL), 2);
	close(fd);
}

static void test_submit_grown_batches(void)
{
	struct {
		struct wattle_batch	b;
		uint64_t		later;
	} big[2] = { { .b.user_data = 1 }, { .b.user_data = 2 } };
	struct wattle_submit s = { .size = sizeof(s), .count = 2, .batch_size = sizeof(big[0]),
				   .batches = (uintptr_t)big };
	struct wattle_next n;
	int fd = kt_open(), q = kt_queue(fd, NULL);

	s.queue = q;
	EXPECT_EQ(ioctl(fd, WATTLE_IOC_SUBMIT, &s), 2);
	EXPECT_EQ(s.processed, 2);
	EXPECT_EQ(kt_next(fd, 0, 0, &n), 0);
	EXPECT_EQ(n.user_data, 1);
	EXPECT_EQ(kt_next(fd, n.token, 0, &n), 0);
	EXPECT_EQ(n.user_data, 2);
	close(fd);
}

/* For a program that knows longer verdicts: what this kernel knows, then zeroes. */
static void test_submit_grown_verdicts(void)
{
	struct {
		struct wattle_verdict	v;
		uint64_t		later[2];
	} big[20];
	struct wattle_batch b[20] = { { 0 } };
	struct wattle_submit s = { .size = sizeof(s), .count = ARRAY_SIZE(b),
				   .batch_size = sizeof(b[0]), .batches = (uintptr_t)b,
				   .verdict_size = sizeof(big[0]), .verdicts = (uintptr_t)big };
	int fd = kt_open(), q = kt_queue(fd, NULL);
	size_t i;

	memset(big, 0xa5, sizeof(big));
	s.queue = q;
	EXPECT_EQ(ioctl(fd, WATTLE_IOC_SUBMIT, &s), ARRAY_SIZE(b));
	for (i = 0; i < ARRAY_SIZE(b); i++) {
		EXPECT_EQ(big[i].v.status, WATTLE_VERDICT_ADMITTED);
		EXPECT(big[i].v.batch && (!i || big[i].v.batch != big[i - 1].v.batch));
		EXPECT_EQ(big[i].later[0] | big[i].later[1], 0);
	}
	close(fd);
}

static void test_dry_run(void)
{
	struct wattle_batch b = { .stall_us = 1000, .deadline_ns = kt_now() + 100 * SEC };
	struct wattle_verdict v;
	struct wattle_submit s = { .size = sizeof(s), .flags = WATTLE_SUBMIT_DRY_RUN, .count = 1,
				   .batch_size = sizeof(b), .batches = (uintptr_t)&b,
				   .verdicts = (uintptr_t)&v, .verdict_size = sizeof(v) };
	struct wattle_queue_stats st;
	int fd = kt_open(), q = kt_queue(fd, NULL);
	uint64_t before = kt_now();

	s.queue = q;
	EXPECT_EQ(ioctl(fd, WATTLE_IOC_SUBMIT, &s), 1);
	EXPECT_EQ(v.status, WATTLE_VERDICT_ADMITTED);
	EXPECT_EQ(v.batch, 0);
	EXPECT(v.earliest_ns > before && v.earliest_ns < b.deadline_ns);
	EXPECT_EQ(kt_stats(fd, q, &st), 0);
	EXPECT_EQ(st.submitted, 0);
	close(fd);
}

static void test_next_and_complete(void)
{
	struct wattle_batch b = { .user_data = 0xdeadbeefcafeULL, .shape = 77,
				  .deadline_ns = kt_now() + 100 * SEC };
	struct wattle_verdict v;
	struct wattle_queue_stats st;
	struct wattle_next n;
	uint64_t before = kt_now();
	int fd = kt_open(), q = kt_queue(fd, NULL);

	EXPECT_EQ(kt_submit_batches(fd, q, &b, 1, &v), 1);
	EXPECT_EQ(kt_next(fd, 0, WATTLE_TIME_FOREVER, &n), 0);
	EXPECT_EQ(n.prev_result, 0);
	EXPECT(n.token);
	EXPECT_EQ(n.user_data, b.user_data);
	EXPECT_EQ(n.batch, v.batch);
	EXPECT_EQ(n.granted, q);
	EXPECT_EQ(n.shape, 77);
	EXPECT_EQ(n.deadline_ns, b.deadline_ns);
	EXPECT(n.granted_ns >= before && n.granted_ns <= kt_now());
	EXPECT(n.lease_ns > n.granted_ns);
	EXPECT_EQ(kt_complete(fd, n.token), 0);
	EXPECT_EQ(kt_stats(fd, q, &st), 0);
	EXPECT_EQ(st.completed, 1);
	EXPECT_EQ(st.late, 0);
	EXPECT(kt_identity(&st));
	close(fd);
}

static void test_next_pinned_cpu(void)
{
	struct wattle_next n;
	int fd = kt_open(), q = kt_queue(fd, NULL);
	pid_t pid;
	int st;

	EXPECT_EQ(kt_submit(fd, q, 0, 2), 2);
	EXPECT_EQ(kt_next(fd, 0, 0, &n), 0);
	EXPECT_EQ(n.cpu, WATTLE_CPU_ANY);
	EXPECT_EQ(kt_complete(fd, n.token), 0);
	pid = fork();
	if (!pid) {
		if (kt_pin(1) || kt_next(fd, 0, 0, &n) || n.cpu != 1)
			_exit(1);
		_exit(kt_complete(fd, n.token) != 0);
	}
	EXPECT_EQ(waitpid(pid, &st, 0), pid);
	EXPECT_EQ(st, 0);
	close(fd);
}

static void test_next_filter(void)
{
	struct wattle_next n = { .size = sizeof(n) };
	int fd = kt_open(), p = kt_queue(fd, NULL), q = kt_queue(fd, NULL);

	EXPECT_EQ(kt_submit(fd, p, 1, 1), 1);
	EXPECT_EQ(kt_submit(fd, q, 2, 1), 1);
	n.queue = q;
	EXPECT_EQ(ioctl(fd, WATTLE_IOC_NEXT, &n), 0);
	EXPECT_EQ(n.user_data, 2);
	n.prev_token = n.token;
	EXPECT_ERR(ioctl(fd, WATTLE_IOC_NEXT, &n), ETIMEDOUT);
	EXPECT_EQ(n.prev_result, 0);
	close(fd);
}

static void test_cancel(void)
{
	struct wattle_cancel c = { .size = sizeof(c) };
	struct wattle_batch b[4] = { { 0 } };
	struct wattle_verdict v[4];
	struct wattle_queue_stats st;
	struct wattle_next n;
	int fd = kt_open(), q = kt_queue(fd, NULL);

	EXPECT_EQ(kt_submit_batches(fd, q, b, 4, v), 4);
	c.queue = q;
	c.batch = v[2].batch;
	EXPECT_EQ(ioctl(fd, WATTLE_IOC_CANCEL, &c), 0);
	EXPECT_EQ(c.cancelled, 1);
	EXPECT_ERR(ioctl(fd, WATTLE_IOC_CANCEL, &c), ENOENT);
	EXPECT_EQ(kt_next(fd, 0, 0, &n), 0);
	c.batch = n.batch;
	EXPECT_ERR(ioctl(fd, WATTLE_IOC_CANCEL, &c), EBUSY);
	c.batch = 0;
	c.flags = WATTLE_CANCEL_ALL;
	EXPECT_EQ(ioctl(fd, WATTLE_IOC_CANCEL, &c), 0);
	EXPECT_EQ(c.cancelled, 2);
	EXPECT_EQ(kt_stats(fd, q, &st), 0);
	EXPECT_EQ(st.cancelled, 3);
	EXPECT_EQ(st.granted, 1);
	EXPECT(kt_identity(&st));
	close(fd);
}

static void test_queue_stats(void)
{
	struct wattle_queue_stats st;
	uint64_t waits = 0, runs = 0;
	struct wattle_next n;
	int fd = kt_open(), q = kt_queue(fd, NULL), i;

	EXPECT_EQ(kt_submit(fd, q, 0, 3), 3);
	EXPECT_EQ(kt_next(fd, 0, 0, &n), 0);
	EXPECT_EQ(kt_next(fd, n.token, 0, &n), 0);
	EXPECT_EQ(kt_stats(fd, q, &st), 0);
	EXPECT_EQ(st.size, sizeof(st));
	EXPECT_EQ(st.queue, q);
	EXPECT_EQ(st.completed, 1);
	EXPECT_EQ(st.granted, 1);
	EXPECT_EQ(st.queued, 1);
	EXPECT(st.run_ns > 0 && st.wait_ns > 0);
	for (i = 0; i < WATTLE_HIST_SLOTS; i++) {
		waits += st.wait_hist[i];
		runs += st.run_hist[i];
	}
	EXPECT_EQ(waits, 2);
	EXPECT_EQ(runs, 1);
	EXPECT(kt_identity(&st));
	close(fd);
}

static void test_class_order(void)
{
	struct wattle_queue_params bg = { .class = WATTLE_CLASS_BACKGROUND };
	struct wattle_queue_params lat = { .class = WATTLE_CLASS_LATENCY };
	struct wattle_batch b = { 0 };
	struct wattle_next n;
	int fd = kt_open(), g = kt_queue(fd, &bg), m = kt_queue(fd, NULL);
	int l = kt_queue(fd, &lat), i;

	b.user_data = 5;
	EXPECT_EQ(kt_submit_batches(fd, g, &b, 1, NULL), 1);
	b.user_data = 4;
	EXPECT_EQ(kt_submit_batches(fd, m, &b, 1, NULL), 1);
	b.user_data = 3;
	b.deadline_ns = kt_now() + 90 * SEC;
	EXPECT_EQ(kt_submit_batches(fd, m, &b, 1, NULL), 1);
	b.user_data = 2;
	b.deadline_ns = kt_now() + 60 * SEC;
	EXPECT_EQ(kt_submit_batches(fd, m, &b, 1, NULL), 1);
	b.user_data = 1;
	b.deadline_ns = 0;
	EXPECT_EQ(kt_submit_batches(fd, l, &b, 1, NULL), 1);
	n.token = 0;
	for (i = 1; i <= 5; i++) {
		EXPECT_EQ(kt_next(fd, n.token, 0, &n), 0);
		EXPECT_EQ(n.user_data, i);
	}
	close(fd);
}

static void test_read_and_poll(void)
{
	struct wattle_queue_params p = { .event_mask = WATTLE_EVENTS_ALL };
	struct pollfd pfd = { .events = POLLIN };
	struct wattle_event ev[4];
	struct wattle_next n;
	int fd = kt_open(), q = kt_queue(fd, &p);

	pfd.fd = fd;
	EXPECT_EQ(poll(&pfd, 1, 0), 0);
	EXPECT_EQ(kt_submit(fd, q, 41, 2), 2);
	EXPECT_EQ(kt_next(fd, 0, 0, &n), 0);
	EXPECT_EQ(kt_complete(fd, n.token), 0);
	EXPECT_EQ(poll(&pfd, 1, 0), 1);
	EXPECT(pfd.revents & POLLIN);
	EXPECT_EQ(read(fd, ev, sizeof(ev)), sizeof(ev[0]));
	EXPECT_EQ(ev[0].size, sizeof(ev[0]));
	EXPECT_EQ(ev[0].type, WATTLE_EVENT_DONE);
	EXPECT_EQ(ev[0].user_data, 41);
	EXPECT_EQ(ev[0].queue, q);
	EXPECT_EQ(ev[0].batch, n.batch);
	EXPECT(ev[0].run_ns && ev[0].time_ns <= kt_now());
	EXPECT_EQ(poll(&pfd, 1, 0), 0);
	close(fd);
}

static void test_modes(void)
{
	static const char *const modes[] = { "off", "observe", "enforce" };
	struct wattle_query q = { .size = sizeof(q) };
	static const uint32_t want[] = {
		WATTLE_MODE_OFF, WATTLE_MODE_OBSERVE, WATTLE_MODE_ENFORCE
	};
	int fd = kt_open();
	size_t i;

	for (i = 0; i < ARRAY_SIZE(modes); i++) {
		EXPECT_EQ(kt_mode(modes[i]), 0);
		EXPECT_EQ(ioctl(fd, WATTLE_IOC_QUERY, &q), 0);
		EXPECT_EQ(q.mode, want[i]);
	}
	EXPECT_EQ(kt_mode("nonsense"), -EINVAL);
	EXPECT_EQ(ioctl(fd, WATTLE_IOC_QUERY, &q), 0);
	EXPECT_EQ(q.mode, WATTLE_MODE_ENFORCE);
	EXPECT_EQ(kt_mode("observe"), 0);
	close(fd);
}

/* An infeasible batch: what off, observe, enforce and STRICT make of it. */
static void test_verdicts(void)
{
	struct wattle_queue_params strict = { .flags = WATTLE_QUEUE_STRICT,
					      .event_mask = WATTLE_EVENTS_ALL };
	struct wattle_batch b = { .stall_us = 100000 };
	struct wattle_queue_stats st;
	struct wattle_verdict v;
	struct wattle_event ev;
	int fd = kt_open(), q = kt_queue(fd, NULL), s = kt_queue(fd, &strict);

	EXPECT_EQ(kt_mode("observe"), 0);
	b.deadline_ns = kt_now() + 50 * MS;
	EXPECT_EQ(kt_submit_batches(fd, s, &b, 1, &v), 1);
	EXPECT_EQ(v.status, WATTLE_VERDICT_BEST_EFFORT);
	EXPECT_EQ(v.reason, WATTLE_REASON_INFEASIBLE);
	EXPECT(v.earliest_ns > b.deadline_ns);
	EXPECT_EQ(kt_stats(fd, s, &st), 0);
	EXPECT_EQ(st.would_refuse, 1);
	EXPECT_EQ(kt_mode("enforce"), 0);
	b.deadline_ns = kt_now() + 50 * MS;
	EXPECT_EQ(kt_submit_batches(fd, s, &b, 1, &v), 1);
	EXPECT_EQ(v.status, WATTLE_VERDICT_REFUSED);
	EXPECT_EQ(v.batch, 0);
	EXPECT_EQ(kt_submit_batches(fd, q, &b, 1, &v), 1);
	EXPECT_EQ(v.status, WATTLE_VERDICT_BEST_EFFORT);
	EXPECT_EQ(read(fd, &ev, sizeof(ev)), sizeof(ev));
	EXPECT_EQ(ev.type, WATTLE_EVENT_REFUSED);
	EXPECT_EQ(ev.status, WATTLE_REASON_INFEASIBLE);
	b.deadline_ns = 1;
	EXPECT_EQ(kt_submit_batches(fd, s, &b, 1, &v), 1);
	EXPECT_EQ(v.status, WATTLE_VERDICT_REFUSED);
	EXPECT_EQ(v.reason, WATTLE_REASON_DEADLINE_PAST);
	EXPECT_EQ(kt_stats(fd, s, &st), 0);
	EXPECT_EQ(st.refused, 2);
	EXPECT(kt_identity(&st));
	EXPECT_EQ(kt_mode("off"), 0);
	EXPECT_EQ(kt_submit_batches(fd, s, &b, 1, &v), 1);
	EXPECT_EQ(v.status, WATTLE_VERDICT_ADMITTED);
	EXPECT_EQ(v.reason, WATTLE_REASON_UNCHECKED);
	EXPECT_EQ(kt_mode("observe"), 0);
	close(fd);
}

int main(void)
{
	static const struct kt_case cases[] = {
		{ "QUERY, also with a grown struct", test_query },
		{ "QUEUE_CREATE", test_queue_create },
		{ "QUEUE_UPDATE takes effect", test_queue_update },
		{ "QUEUE_DESTROY cancels what waits", test_queue_destroy },
		{ "SUBMIT", test_submit },
		{ "SUBMIT of grown batches", test_submit_grown_batches },
		{ "SUBMIT into grown verdicts", test_submit_grown_verdicts },
		{ "SUBMIT dry run", test_dry_run },
		{ "NEXT and COMPLETE", test_next_and_complete },
		{ "NEXT of a pinned thread", test_next_pinned_cpu },
		{ "NEXT of one queue", test_next_filter },
		{ "CANCEL one and all", test_cancel },
		{ "QUEUE_STATS", test_queue_stats },
		{ "class, then deadline, then the rest", test_class_order },
		{ "read() and poll()", test_read_and_poll },
		{ "modes", test_modes },
		{ "verdicts in every mode", test_verdicts },
	};

	return kt_run(cases, ARRAY_SIZE(cases));
}
