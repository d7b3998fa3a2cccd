// SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause
#include "lib_cases.h"

struct wattle_client *test_client(void)
{
	struct wattle_client_opts o = { .sz = sizeof(o), .backend = test_backend };
	struct wattle_client *c = NULL;
	char err[256] = "";

	if (wattle_client__open(&c, &o, err, sizeof(err)))
		fail_msg("open: %s", err);
	return c;
}

int test_setup(void **state)
{
	*state = test_client();
	return 0;
}

int test_teardown(void **state)
{
	struct wattle_client *c = *state;

	/* Left over by a case that failed. */
	wattle_pool__free(c->pool);
	wattle_client__close(c);
	return 0;
}

uint32_t test_queue(struct wattle_client *c, const struct wattle_queue_params *p)
{
	int id = wattle_client__queue_create(c, "test", p);

	if (id <= 0)
		fail_msg("queue_create: %s", wattle_client__error());
	return (uint32_t)id;
}

uint64_t test_submit(struct wattle_client *c, uint32_t queue, uint64_t user_data,
		     uint64_t deadline_ns)
{
	struct wattle_batch b = { .user_data = user_data, .deadline_ns = deadline_ns };
	struct wattle_verdict v;

	assert_int_equal(wattle_client__submit(c, queue, &b, &v, 1, 0, NULL), 1);
	assert_int_not_equal(v.status, WATTLE_VERDICT_REFUSED);
	assert_int_not_equal(v.batch, 0);
	return v.batch;
}

struct wattle_queue_stats test_stats(struct wattle_client *c, uint32_t queue)
{
	struct wattle_queue_stats st;

	assert_int_equal(wattle_client__queue_stats(c, queue, &st), 0);
	assert_int_equal(st.submitted, st.refused + st.completed + st.cancelled + st.aborted +
			 st.queued + st.granted);
	return st;
}

struct wattle_event test_event(struct wattle_client *c)
{
	struct pollfd p = { .fd = wattle_client__fd(c), .events = POLLIN };
	struct wattle_event ev;
	int ret;

	do {
		ret = poll(&p, 1, 10000);
	} while (ret < 0 && errno == EINTR);
	assert_int_equal(ret, 1);
	assert_int_equal(wattle_client__events(c, &ev, 1), 1);
	return ev;
}

int test_next(struct wattle_client *c, uint32_t queue, uint64_t timeout_ns,
	      struct wattle_next *n)
{
	memset(n, 0, sizeof(*n));
	n->queue = queue;
	n->timeout_ns = timeout_ns ? wattle_now_ns() + timeout_ns : 0;
	return wattle_client__next(c, n);
}

bool test_enforcing(struct wattle_client *c)
{
	struct wattle_query q;

	assert_int_equal(wattle_client__query(c, &q), 0);
	return q.mode == WATTLE_MODE_ENFORCE;
}
