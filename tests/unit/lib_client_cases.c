// SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause
/* Every call of the client API but NEXT and COMPLETE, and their errors. */
#include "lib_cases.h"

static void query_tells_what_there_is(void **state)
{
	struct wattle_query q;

	assert_int_equal(wattle_client__query(*state, &q), 0);
	assert_int_equal(q.abi_major, WATTLE_ABI_MAJOR);
	assert_int_equal(q.clock_id, CLOCK_MONOTONIC);
	assert_true(q.features & WATTLE_FEATURE_DRY_RUN);
	assert_true(q.features & WATTLE_FEATURE_EVENTS);
	assert_true(q.nr_cpus_online >= 1);
	assert_true(q.max_queues && q.max_batches && q.max_vector && q.max_workers);
	assert_true(q.lease_min_ns && q.lease_min_ns <= q.lease_default_ns);
	assert_true(q.lease_default_ns <= q.lease_max_ns);
	assert_int_equal(q.events_lost, 0);
}

static void flags_and_padding_must_be_zero(void **state)
{
	struct wattle_query q = { .size = sizeof(q), .flags = 1 };
	struct wattle_queue_create qc = { .size = sizeof(qc), .flags = 1 };
	struct wattle_queue_update qu = { .size = sizeof(qu), .flags = 1 };
	struct wattle_queue_destroy qd = { .size = sizeof(qd), .flags = 1 };
	struct wattle_submit s = { .size = sizeof(s), .flags = 1U << 31 };
	struct wattle_next n = { .size = sizeof(n), .flags = 1 };
	struct wattle_complete cm = { .size = sizeof(cm), .flags = 1, .token = 1 };
	struct wattle_cancel x = { .size = sizeof(x), .flags = 1U << 31 };
	struct wattle_queue_stats st = { .size = sizeof(st), .flags = 1 };
	struct wattle_client *c = *state;

	assert_int_equal(wattle_client_call(c, WATTLE_IOC_QUERY, &q), -EINVAL);
	assert_int_equal(wattle_client_call(c, WATTLE_IOC_QUEUE_CREATE, &qc), -EINVAL);
	qc.flags = 0;
	qc.pad = 1;
	assert_int_equal(wattle_client_call(c, WATTLE_IOC_QUEUE_CREATE, &qc), -EINVAL);
	qc.pad = 0;
	qc.name[WATTLE_NAME_MAX - 1] = 1;	/* behind the empty name */
	assert_int_equal(wattle_client_call(c, WATTLE_IOC_QUEUE_CREATE, &qc), -EINVAL);
	qu.queue = test_queue(c, NULL);
	qd.queue = qu.queue;
	s.queue = qu.queue;
	x.queue = qu.queue;
	st.queue = qu.queue;
	assert_int_equal(wattle_client_call(c, WATTLE_IOC_QUEUE_UPDATE, &qu), -EINVAL);
	assert_int_equal(wattle_client_call(c, WATTLE_IOC_QUEUE_DESTROY, &qd), -EINVAL);
	qd.flags = 0;
	qd.pad = 1;
	assert_int_equal(wattle_client_call(c, WATTLE_IOC_QUEUE_DESTROY, &qd), -EINVAL);
	assert_int_equal(wattle_client_call(c, WATTLE_IOC_SUBMIT, &s), -EINVAL);
	assert_int_equal(wattle_client_call(c, WATTLE_IOC_NEXT, &n), -EINVAL);
	n.flags = 0;
	n.prev_status = WATTLE_STATUS_FAILED + 1;
	assert_int_equal(wattle_client_call(c, WATTLE_IOC_NEXT, &n), -EINVAL);
	assert_int_equal(wattle_client_call(c, WATTLE_IOC_COMPLETE, &cm), -EINVAL);
	assert_int_equal(wattle_client_call(c, WATTLE_IOC_CANCEL, &x), -EINVAL);
	x.flags = WATTLE_CANCEL_ALL;
	x.batch = 1;
	assert_int_equal(wattle_client_call(c, WATTLE_IOC_CANCEL, &x), -EINVAL);
	assert_int_equal(wattle_client_call(c, WATTLE_IOC_QUEUE_STATS, &st), -EINVAL);
	assert_int_equal(wattle_client_call(c, _IO(WATTLE_IOC_MAGIC, 0x7f), NULL), -ENOTTY);
}

static void expect_bad_params(struct wattle_client *c, struct wattle_queue_params p)
{
	assert_int_equal(wattle_client__queue_create(c, "x", &p), -EINVAL);
}

static void queue_parameters_are_checked(void **state)
{
	struct wattle_client *c = *state;
	const struct wattle_query *l = &c->limits;

	expect_bad_params(c, (struct wattle_queue_params){ .class = 4 });
	expect_bad_params(c, (struct wattle_queue_params){ .weight = 10001 });
	expect_bad_params(c, (struct wattle_queue_params){ .flags = 1U << 31 });
	expect_bad_params(c, (struct wattle_queue_params){ .event_mask = 1 });
	expect_bad_params(c, (struct wattle_queue_params){ .event_mask = WATTLE_EVENTS_ALL + 2 });
	expect_bad_params(c, (struct wattle_queue_params){ .max_slowdown_pm = 10001 });
	expect_bad_params(c, (struct wattle_queue_params){ .max_inflight = l->max_batches + 1 });
	expect_bad_params(c, (struct wattle_queue_params){ .lease_ns = l->lease_min_ns - 1 });
	expect_bad_params(c, (struct wattle_queue_params){ .lease_ns = l->lease_max_ns + 1 });
	expect_bad_params(c, (struct wattle_queue_params){ .reserved = { 0, 1 } });
	assert_int_equal(wattle_client__queue_create(c, "a name of thirty-two characters..", NULL),
			 -EINVAL);
	assert_int_equal(wattle_client__queue_create(c, "bell\a", NULL), -EINVAL);
	assert_non_null(strstr(wattle_client__error(), "printable"));
	assert_true(wattle_client__queue_create(c, "a name of thirty-one characters", NULL) > 0);
	assert_true(wattle_client__queue_create(c, NULL, NULL) > 0);
}

static void queues_have_ids_and_a_limit(void **state)
{
	struct wattle_client *c = *state;
	uint32_t i, max = c->limits.max_queues;
	int *id = calloc(max, sizeof(*id));

	for (i = 0; i < max; i++) {
		id[i] = (int)test_queue(c, NULL);
		assert_true(!i || id[i] != id[i - 1]);
	}
	assert_int_equal(wattle_client__queue_create(c, "", NULL), -EMFILE);
	assert_non_null(strstr(wattle_client__error(), "destroy one"));
	assert_int_equal(wattle_client__queue_destroy(c, (uint32_t)id[max / 2]), 0);
	assert_int_equal(wattle_client__queue_destroy(c, (uint32_t)id[max / 2]), -ENOENT);
	assert_true(wattle_client__queue_create(c, "", NULL) > 0);
	free(id);
}

static void update_takes_named_fields_only(void **state)
{
	struct wattle_queue_params p = { .max_inflight = 1 };
	struct wattle_batch b[2] = { { .user_data = 1 }, { .user_data = 2 } };
	struct wattle_client *c = *state;
	uint32_t q = test_queue(c, NULL);

	assert_int_equal(wattle_client__queue_update(c, q, 1U << 9, &p), -EINVAL);
	assert_int_equal(wattle_client__queue_update(c, q, WATTLE_UPDATE_WEIGHT, &p), -EINVAL);
	assert_int_equal(wattle_client__queue_update(c, q + 1000, WATTLE_UPDATE_MAX_INFLIGHT, &p),
			 -ENOENT);
	assert_int_equal(wattle_client__queue_update(c, q, WATTLE_UPDATE_MAX_INFLIGHT, &p), 0);
	assert_int_equal(wattle_client__submit(c, q, b, NULL, 2, 0, NULL), 1);
	assert_int_equal(wattle_client__submit(c, q, b, NULL, 2, 0, NULL), -EAGAIN);
	assert_non_null(strstr(wattle_client__error(), "max_inflight"));
}

static void submit_checks_the_whole_vector_first(void **state)
{
	struct wattle_batch b[3] = { { .user_data = 1 }, { .user_data = 2 }, { .flags = 1 } };
	struct wattle_client *c = *state;
	uint32_t q = test_queue(c, NULL), bad = 99;

	assert_int_equal(wattle_client__submit(c, q, b, NULL, 3, 0, &bad), -EINVAL);
	assert_int_equal(bad, 2);
	b[2].flags = 0;
	b[1].work_kcycles = 1ULL << 43;
	assert_int_equal(wattle_client__submit(c, q, b, NULL, 3, 0, &bad), -EINVAL);
	assert_int_equal(bad, 1);
	b[1].work_kcycles = 0;
	b[0].stall_us = 1ULL << 32;
	assert_int_equal(wattle_client__submit(c, q, b, NULL, 3, 0, &bad), -EINVAL);
	assert_int_equal(bad, 0);
	assert_int_equal(test_stats(c, q).submitted, 0);

	b[0].stall_us = 0;
	assert_int_equal(wattle_client__submit(c, q, b, NULL, 0, 0, NULL), -EINVAL);
	assert_int_equal(wattle_client__submit(c, q, b, NULL, c->limits.max_vector + 1, 0, NULL),
			 -E2BIG);
	assert_int_equal(wattle_client__submit(c, q, NULL, NULL, 1, 0, NULL), -EFAULT);
	assert_int_equal(wattle_client__submit(c, q + 1000, b, NULL, 1, 0, NULL), -ENOENT);
	assert_int_equal(wattle_client__submit(c, q, b, NULL, 1, 1U << 31, NULL), -EINVAL);
	assert_int_equal(test_stats(c, q).submitted, 0);
}

static void dry_run_leaves_nothing(void **state)
{
	struct wattle_batch b = { .user_data = 1, .stall_us = 10,
				  .deadline_ns = wattle_now_ns() + 60000000000ULL };
	struct wattle_client *c = *state;
	uint32_t q = test_queue(c, NULL);
	struct wattle_verdict v;

	assert_int_equal(wattle_client__submit(c, q, &b, &v, 1, WATTLE_SUBMIT_DRY_RUN, NULL), 1);
	assert_int_not_equal(v.status, 0);
	assert_int_equal(v.batch, 0);
	assert_int_equal(test_stats(c, q).submitted, 0);
}

static void past_deadline_is_told(void **state)
{
	struct wattle_queue_params p = { .flags = WATTLE_QUEUE_STRICT,
					 .event_mask = WATTLE_EVENT_BIT(WATTLE_EVENT_REFUSED) };
	struct wattle_batch b = { .user_data = 7, .deadline_ns = 1 };
	struct wattle_client *c = *state;
	uint32_t lax = test_queue(c, NULL), strict = test_queue(c, &p);
	struct wattle_verdict v;
	struct wattle_event ev;

	if (!c->limits.mode)
		skip();		/* mode off computes no verdicts */
	assert_int_equal(wattle_client__submit(c, lax, &b, &v, 1, 0, NULL), 1);
	assert_int_equal(v.reason, WATTLE_REASON_DEADLINE_PAST);
	assert_int_equal(v.status, WATTLE_VERDICT_BEST_EFFORT);

	assert_int_equal(wattle_client__submit(c, strict, &b, &v, 1, 0, NULL), 1);
	assert_int_equal(v.reason, WATTLE_REASON_DEADLINE_PAST);
	if (!test_enforcing(c)) {
		assert_int_equal(test_stats(c, strict).would_refuse, 1);
		return;
	}
	assert_int_equal(v.status, WATTLE_VERDICT_REFUSED);
	assert_int_equal(v.batch, 0);
	assert_int_equal(test_stats(c, strict).refused, 1);
	ev = test_event(c);
	assert_int_equal(ev.type, WATTLE_EVENT_REFUSED);
	assert_int_equal(ev.user_data, 7);
	assert_int_equal(ev.queue, strict);
}

static void cancel_one_and_all(void **state)
{
	struct wattle_queue_params p = { .event_mask = WATTLE_EVENT_BIT(WATTLE_EVENT_CANCELLED) };
	struct wattle_client *c = *state;
	uint32_t q = test_queue(c, &p);
	struct wattle_next n;
	uint64_t id[4];
	int i;

	for (i = 0; i < 4; i++)
		id[i] = test_submit(c, q, (uint64_t)i, 0);
	assert_int_equal(test_next(c, q, 0, &n), 0);
	assert_int_equal(n.user_data, 0);
	assert_int_equal(wattle_client__cancel(c, q, id[0]), -EBUSY);
	assert_int_equal(wattle_client__cancel(c, q, id[2]), 1);
	assert_int_equal(wattle_client__cancel(c, q, id[2]), -ENOENT);
	assert_int_equal(test_event(c).user_data, 2);
	assert_int_equal(wattle_client__cancel(c, q, 0), 2);
	assert_int_equal(wattle_client__cancel(c, q, 0), 0);
	assert_int_equal(wattle_client__cancel(c, q + 1000, 0), -ENOENT);
	assert_int_equal(test_stats(c, q).cancelled, 3);
	assert_int_equal(test_stats(c, q).granted, 1);
	assert_int_equal(wattle_client__complete(c, n.token, WATTLE_STATUS_OK), 0);
	assert_int_equal(wattle_client__cancel(c, q, id[0]), -ENOENT);
}

static void destroy_cancels_what_waits(void **state)
{
	struct wattle_queue_destroy d = { .size = sizeof(d) };
	struct wattle_client *c = *state;
	uint32_t q = test_queue(c, NULL);
	struct wattle_queue_stats st;
	struct wattle_next n;

	test_submit(c, q, 1, 0);
	test_submit(c, q, 2, 0);
	assert_int_equal(test_next(c, q, 0, &n), 0);
	d.queue = q;
	assert_int_equal(wattle_client_call(c, WATTLE_IOC_QUEUE_DESTROY, &d), 0);
	assert_int_equal(d.cancelled, 1);
	assert_int_equal(wattle_client__queue_stats(c, q, &st), -ENOENT);
	/* The granted one runs on, and may be completed. */
	assert_int_equal(wattle_client__complete(c, n.token, WATTLE_STATUS_OK), 0);
}

static void full_event_ring_counts_what_it_lost(void **state)
{
	struct wattle_queue_params p = { .event_mask = WATTLE_EVENT_BIT(WATTLE_EVENT_CANCELLED) };
	struct wattle_client *c = *state;
	struct wattle_event ev[64];
	uint32_t q = test_queue(c, &p);
	uint64_t sent = 0, got = 0;
	struct wattle_query now;
	int n, i;

	do {
		test_submit(c, q, ++sent, 0);
		assert_int_equal(wattle_client__cancel(c, q, 0), 1);
		assert_int_equal(wattle_client__query(c, &now), 0);
	} while (now.events_lost < 10 && sent < 200000);
	assert_int_equal(now.events_lost, 10);
	while ((n = wattle_client__events(c, ev, NR(ev))) > 0)
		for (i = 0; i < n; i++)
			assert_int_equal(ev[i].user_data, ++got);
	assert_int_equal(n, 0);
	assert_int_equal(got + 10, sent);
	/* The next event says that some are missing before it. */
	test_submit(c, q, 1, 0);
	assert_int_equal(wattle_client__cancel(c, q, 0), 1);
	assert_int_equal(test_event(c).lost, 10);
}

static void fd_is_readable_while_events_wait(void **state)
{
	struct wattle_queue_params p = { .event_mask = WATTLE_EVENT_BIT(WATTLE_EVENT_CANCELLED) };
	struct wattle_client *c = *state;
	struct pollfd fd = { .fd = wattle_client__fd(c), .events = POLLIN };
	uint32_t q = test_queue(c, &p);
	struct wattle_event ev;

	assert_int_equal(poll(&fd, 1, 0), 0);
	assert_int_equal(wattle_client__events(c, &ev, 1), 0);
	test_submit(c, q, 1, 0);
	test_submit(c, q, 2, 0);
	assert_int_equal(wattle_client__cancel(c, q, 0), 2);
	assert_int_equal(wattle_client__events(c, &ev, 0), 0);
	assert_int_equal(poll(&fd, 1, 0), 1);
	assert_int_equal(wattle_client__events(c, &ev, 1), 1);
	assert_int_equal(poll(&fd, 1, 0), 1);
	assert_int_equal(wattle_client__events(c, &ev, 1), 1);
	assert_int_equal(poll(&fd, 1, 0), 0);
}

static void energy_is_known_or_says_why(void **state)
{
	struct wattle_energy e;

	assert_int_equal(wattle_energy__read(*state, &e), 0);
	if (e.quality == WATTLE_QUALITY_NONE) {
		assert_true(strlen(e.why) > 20);
	} else {
		assert_true(e.stamp_ns && e.source[0]);
		assert_int_equal(e.why[0], 0);
	}
}

const struct CMUnitTest client_cases[] = {
	CASE(query_tells_what_there_is),
	CASE(flags_and_padding_must_be_zero),
	CASE(queue_parameters_are_checked),
	CASE(queues_have_ids_and_a_limit),
	CASE(update_takes_named_fields_only),
	CASE(submit_checks_the_whole_vector_first),
	CASE(dry_run_leaves_nothing),
	CASE(past_deadline_is_told),
	CASE(cancel_one_and_all),
	CASE(destroy_cancels_what_waits),
	CASE(full_event_ring_counts_what_it_lost),
	CASE(fd_is_readable_while_events_wait),
	CASE(energy_is_known_or_says_why),
};

const size_t nr_client_cases = NR(client_cases);
