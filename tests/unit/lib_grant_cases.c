// SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause
/* NEXT and COMPLETE: order, tokens, waiting, leases, threads that end. */
#include <sched.h>
#include <signal.h>

#include "lib/asan.h"
#include "lib_cases.h"

#define SECOND	1000000000ULL

static void next_brings_the_batch_as_submitted(void **state)
{
	struct wattle_client *c = *state;
	uint64_t due = wattle_now_ns() + 60 * SECOND;
	struct wattle_batch b = { .user_data = 0x1122334455667788ULL, .shape = 9,
				  .deadline_ns = due };
	uint32_t q = test_queue(c, NULL);
	struct wattle_verdict v;
	struct wattle_next n;

	assert_int_equal(wattle_client__submit(c, q, &b, &v, 1, 0, NULL), 1);
	assert_int_equal(test_next(c, WATTLE_QUEUE_ANY, 0, &n), 0);
	assert_int_not_equal(n.token, 0);
	assert_int_equal(n.user_data, b.user_data);
	assert_int_equal(n.shape, 9);
	assert_int_equal(n.deadline_ns, due);
	assert_int_equal(n.granted, q);
	assert_int_equal(n.batch, v.batch);
	assert_true(n.granted_ns <= wattle_now_ns());
	assert_int_equal(n.lease_ns, n.granted_ns + c->limits.lease_default_ns);
	assert_int_equal(test_stats(c, q).granted, 1);
	assert_int_equal(wattle_client__complete(c, n.token, WATTLE_STATUS_FAILED), 0);
	assert_int_equal(test_stats(c, q).completed, 1);
	assert_int_equal(test_stats(c, q).failed, 1);
}

static void earliest_deadline_first_then_order(void **state)
{
	struct wattle_client *c = *state;
	uint64_t now = wattle_now_ns();
	uint32_t q = test_queue(c, NULL);
	const uint64_t order[] = { 3, 2, 1, 4 };
	struct wattle_next n;
	size_t i;

	test_submit(c, q, 1, 0);
	test_submit(c, q, 2, now + 200 * SECOND);
	test_submit(c, q, 3, now + 100 * SECOND);
	test_submit(c, q, 4, 0);
	memset(&n, 0, sizeof(n));
	for (i = 0; i < NR(order); i++) {
		n.prev_token = n.token;
		assert_int_equal(wattle_client__next(c, &n), 0);
		assert_int_equal(n.prev_result, 0);
		assert_int_equal(n.user_data, order[i]);
	}
	n.prev_token = n.token;
	assert_int_equal(wattle_client__next(c, &n), -ETIMEDOUT);
	assert_int_equal(test_stats(c, q).completed, 4);
}

static void filter_takes_one_queue_only(void **state)
{
	struct wattle_client *c = *state;
	uint32_t a = test_queue(c, NULL), b = test_queue(c, NULL);
	struct wattle_next n;

	test_submit(c, a, 1, 0);
	assert_int_equal(test_next(c, b, 0, &n), -ETIMEDOUT);
	assert_int_equal(test_next(c, b + 1000, 0, &n), -ENOENT);
	test_submit(c, b, 2, 0);
	assert_int_equal(test_next(c, b, 0, &n), 0);
	assert_int_equal(n.user_data, 2);
	assert_int_equal(wattle_client__complete(c, n.token, WATTLE_STATUS_OK), 0);
	assert_int_equal(test_next(c, a, 0, &n), 0);
	assert_int_equal(n.user_data, 1);
}

static void release_time_is_kept(void **state)
{
	struct wattle_client *c = *state;
	struct wattle_batch b = { .user_data = 1, .release_ns = wattle_now_ns() + SECOND / 20 };
	uint32_t q = test_queue(c, NULL);
	struct wattle_next n;

	assert_int_equal(wattle_client__submit(c, q, &b, NULL, 1, 0, NULL), 1);
	assert_int_equal(test_next(c, q, 0, &n), -ETIMEDOUT);
	assert_int_equal(test_next(c, q, 10 * SECOND, &n), 0);
	assert_true(n.granted_ns >= b.release_ns);
	assert_true(wattle_now_ns() >= b.release_ns);
}

static void timeout_is_not_early(void **state)
{
	uint64_t start = wattle_now_ns();
	struct wattle_next n;

	assert_int_equal(test_next(*state, WATTLE_QUEUE_ANY, SECOND / 50, &n), -ETIMEDOUT);
	assert_true(wattle_now_ns() >= start + SECOND / 50);
	assert_non_null(strstr(wattle_client__error(), "in time"));
}

static void tokens_are_checked(void **state)
{
	struct wattle_client *c = *state;
	uint32_t q = test_queue(c, NULL);
	struct wattle_next n, again;

	assert_int_equal(wattle_client__complete(c, 0, WATTLE_STATUS_OK), -EINVAL);
	assert_int_equal(wattle_client__complete(c, 0x123456789abcULL, WATTLE_STATUS_OK), -ESTALE);
	test_submit(c, q, 1, 0);
	test_submit(c, q, 2, 0);
	assert_int_equal(test_next(c, q, 0, &n), 0);
	assert_int_equal(test_next(c, q, 0, &again), -EBUSY);
	assert_non_null(strstr(wattle_client__error(), "holds a grant"));
	assert_int_equal(wattle_client__complete(c, n.token, 2), -EINVAL);
	assert_int_equal(wattle_client__complete(c, n.token, WATTLE_STATUS_OK), 0);
	assert_int_equal(wattle_client__complete(c, n.token, WATTLE_STATUS_OK), -EALREADY);
	/* Naming it again in NEXT completes nothing twice. */
	n.prev_token = n.token;
	assert_int_equal(wattle_client__next(c, &n), 0);
	assert_int_equal(n.prev_result, 0);
	assert_int_equal(n.user_data, 2);
	assert_int_equal(test_stats(c, q).completed, 1);
	memset(&again, 0, sizeof(again));
	again.prev_token = 0x123456789abcULL;
	assert_int_equal(wattle_client__next(c, &again), -ESTALE);
}

struct other {
	struct wattle_client	*c;
	uint32_t		queue;
	uint64_t		token;
	int			ret;
	atomic_int		done;
	struct wattle_next	n;
	uint64_t		timeout_ns;
};

static void *complete_thread(void *arg)
{
	struct other *o = arg;
	struct wattle_next n = { .prev_token = o->token };

	o->ret = wattle_client__complete(o->c, o->token, WATTLE_STATUS_OK);
	if (o->ret == -EACCES)
		o->ret = wattle_client__next(o->c, &n);
	return NULL;
}

static void grant_of_another_thread_is_refused(void **state)
{
	struct other o = { .c = *state };
	struct wattle_next n;
	pthread_t t;

	o.queue = test_queue(o.c, NULL);
	test_submit(o.c, o.queue, 1, 0);
	assert_int_equal(test_next(o.c, o.queue, 0, &n), 0);
	o.token = n.token;
	assert_int_equal(pthread_create(&t, NULL, complete_thread, &o), 0);
	pthread_join(t, NULL);
	assert_int_equal(o.ret, -EACCES);
	assert_int_equal(wattle_client__complete(o.c, n.token, WATTLE_STATUS_OK), 0);
}

static void *next_thread(void *arg)
{
	struct other *o = arg;

	pthread_cleanup_push(wattle_asan_left, __builtin_frame_address(0));
	o->ret = test_next(o->c, o->queue, o->timeout_ns, &o->n);
	pthread_cleanup_pop(0);
	if (!o->ret)
		o->ret = wattle_client__complete(o->c, o->n.token, WATTLE_STATUS_OK);
	atomic_store(&o->done, 1);
	return NULL;
}

/* Parks a thread; there is no way to see it parked, so every case must hold at any moment. */
static pthread_t park(struct other *o)
{
	pthread_t t;

	o->timeout_ns = 20 * SECOND;
	assert_int_equal(pthread_create(&t, NULL, next_thread, o), 0);
	return t;
}

static void submit_wakes_a_parked_thread(void **state)
{
	struct other o = { .c = *state };
	pthread_t t;
	int i;

	o.queue = test_queue(o.c, NULL);
	for (i = 0; i < 200; i++) {
		t = park(&o);
		test_submit(o.c, o.queue, (uint64_t)i, 0);
		pthread_join(t, NULL);
		assert_int_equal(o.ret, 0);
		assert_int_equal(o.n.user_data, i);
	}
	assert_int_equal(test_stats(o.c, o.queue).completed, 200);
}

static void thread_waiting_for_a_queue_that_goes_returns(void **state)
{
	struct other o = { .c = *state };
	pthread_t t;
	int i;

	for (i = 0; i < 50; i++) {
		o.queue = test_queue(o.c, NULL);
		t = park(&o);
		if (i & 1)
			sched_yield();
		assert_int_equal(wattle_client__queue_destroy(o.c, o.queue), 0);
		pthread_join(t, NULL);
		assert_int_equal(o.ret, -ENOENT);
	}
}

static void handler(int sig)
{
	(void)sig;
}

/* Even a handler with SA_RESTART ends the wait, and nothing is lost by it. */
static void signal_ends_the_wait(void **state)
{
	struct sigaction sa = { .sa_handler = handler, .sa_flags = SA_RESTART }, old;
	struct other o = { .c = *state };
	struct wattle_next n;
	pthread_t t;

	o.queue = test_queue(o.c, NULL);
	sigaction(SIGUSR1, &sa, &old);
	t = park(&o);
	while (!atomic_load(&o.done)) {
		pthread_kill(t, SIGUSR1);
		sched_yield();
	}
	pthread_join(t, NULL);
	assert_int_equal(o.ret, -EINTR);
	test_submit(o.c, o.queue, 1, 0);
	assert_int_equal(test_next(o.c, o.queue, 0, &n), 0);
	sigaction(SIGUSR1, &old, NULL);
}

static void cancelled_thread_takes_nothing_along(void **state)
{
	struct other o = { .c = *state };
	struct wattle_next n;
	void *result;
	pthread_t t;
	int i, ran = 0;

	o.queue = test_queue(o.c, NULL);
	for (i = 0; i < 100; i++) {
		t = park(&o);
		if (i & 1)
			sched_yield();
		pthread_cancel(t);
		pthread_join(t, &result);
		assert_ptr_equal(result, PTHREAD_CANCELED);
		test_submit(o.c, o.queue, (uint64_t)i, 0);
		assert_int_equal(test_next(o.c, o.queue, 0, &n), 0);
		assert_int_equal(n.user_data, i);
		assert_int_equal(wattle_client__complete(o.c, n.token, WATTLE_STATUS_OK), 0);
		ran++;
	}
	assert_int_equal(test_stats(o.c, o.queue).completed, ran);
}

static void *take_and_die(void *arg)
{
	struct other *o = arg;

	o->ret = test_next(o->c, o->queue, 0, &o->n);
	return NULL;
}

static void thread_that_ends_aborts_its_grant(void **state)
{
	struct wattle_queue_params p = { .event_mask = WATTLE_EVENT_BIT(WATTLE_EVENT_ABORTED) };
	struct other o = { .c = *state };
	struct wattle_event ev;
	pthread_t t;

	o.queue = test_queue(o.c, &p);
	test_submit(o.c, o.queue, 5, 0);
	assert_int_equal(pthread_create(&t, NULL, take_and_die, &o), 0);
	pthread_join(t, NULL);
	assert_int_equal(o.ret, 0);
	ev = test_event(o.c);
	assert_int_equal(ev.type, WATTLE_EVENT_ABORTED);
	assert_int_equal(ev.user_data, 5);
	assert_int_equal(test_stats(o.c, o.queue).aborted, 1);
	assert_int_equal(wattle_client__complete(o.c, o.n.token, WATTLE_STATUS_OK), -ESTALE);
}

static void lease_ends_and_is_reported(void **state)
{
	struct wattle_client *c = *state;
	struct wattle_queue_params p = { .lease_ns = c->limits.lease_min_ns,
					 .event_mask = WATTLE_EVENT_BIT(WATTLE_EVENT_REVOKED) };
	struct wattle_queue_stats st;
	struct wattle_event ev;
	struct wattle_next n;
	uint32_t q = test_queue(c, &p);

	test_submit(c, q, 1, 0);
	test_submit(c, q, 2, 0);
	assert_int_equal(test_next(c, q, 0, &n), 0);
	ev = test_event(c);
	assert_int_equal(ev.type, WATTLE_EVENT_REVOKED);
	assert_int_equal(ev.user_data, 1);
	assert_true(wattle_now_ns() >= n.lease_ns);
	assert_int_equal(wattle_client__complete(c, n.token, WATTLE_STATUS_OK), -ESTALE);
	assert_non_null(strstr(wattle_client__error(), "lease"));

	/* In NEXT it is told beside the next grant, not instead of it. */
	assert_int_equal(test_next(c, q, 0, &n), 0);
	assert_int_equal(n.user_data, 2);
	assert_int_equal(test_event(c).user_data, 2);
	n.prev_token = n.token;
	assert_int_equal(wattle_client__next(c, &n), -ETIMEDOUT);
	assert_int_equal(n.prev_result, -ESTALE);
	st = test_stats(c, q);
	assert_int_equal(st.aborted, 2);
	assert_int_equal(st.lease_expired, 2);
	assert_int_equal(st.completed, 0);
	assert_true(st.run_ns >= 2 * c->limits.lease_min_ns);
}

static void events_of_completion(void **state)
{
	struct wattle_queue_params p = { .event_mask = WATTLE_EVENT_BIT(WATTLE_EVENT_DONE) |
						       WATTLE_EVENT_BIT(WATTLE_EVENT_LATE) };
	struct wattle_client *c = *state;
	uint64_t soon = wattle_now_ns() + SECOND / 100;
	uint32_t q = test_queue(c, &p);
	struct wattle_event ev;
	struct wattle_next n;

	test_submit(c, q, 1, 0);
	assert_int_equal(test_next(c, q, 0, &n), 0);
	assert_int_equal(wattle_client__complete(c, n.token, WATTLE_STATUS_FAILED), 0);
	ev = test_event(c);
	assert_int_equal(ev.type, WATTLE_EVENT_DONE);
	assert_int_equal(ev.status, WATTLE_STATUS_FAILED);
	assert_int_equal(ev.batch, n.batch);

	test_submit(c, q, 2, soon);
	assert_int_equal(test_next(c, q, 0, &n), 0);
	while (wattle_now_ns() <= soon)
		sched_yield();
	assert_int_equal(wattle_client__complete(c, n.token, WATTLE_STATUS_OK), 0);
	ev = test_event(c);
	assert_int_equal(ev.type, WATTLE_EVENT_LATE);
	assert_int_equal(ev.user_data, 2);
	assert_true(ev.run_ns > 0);
	assert_int_equal(test_stats(c, q).late, 1);
	assert_int_equal(test_stats(c, q).missed, 1);
}

#define STRESS_THREADS	6
#define STRESS_BATCHES	20000

struct stress {
	struct wattle_client	*c;
	uint32_t		queue;
	atomic_uint		left;
	atomic_uchar		ran[STRESS_BATCHES];
};

static void *stress_thread(void *arg)
{
	struct stress *s = arg;
	struct wattle_next n;
	int ret;

	memset(&n, 0, sizeof(n));
	while (atomic_load(&s->left)) {
		n.prev_token = n.token;
		n.timeout_ns = wattle_now_ns() + SECOND / 1000;
		ret = wattle_client__next(s->c, &n);
		if (ret)
			n.token = 0;
		if (ret == -ETIMEDOUT)
			continue;
		if (ret || atomic_fetch_add(&s->ran[n.user_data], 1))
			abort();
		atomic_fetch_sub(&s->left, 1);
	}
	if (n.token)
		wattle_client__complete(s->c, n.token, WATTLE_STATUS_OK);
	return NULL;
}

/* Threads come and go, batches are withdrawn, and each runs once or is cancelled. */
static void nothing_is_lost_or_run_twice(void **state)
{
	static struct stress s;
	struct wattle_queue_stats st;
	pthread_t t[STRESS_THREADS];
	struct wattle_batch b;
	uint64_t cancelled = 0, id = 0;
	int64_t n;
	int i, ret;

	memset(&s, 0, sizeof(s));
	s.c = *state;
	s.queue = test_queue(s.c, NULL);
	atomic_store(&s.left, STRESS_BATCHES);
	for (i = 0; i < STRESS_THREADS; i++)
		assert_int_equal(pthread_create(&t[i], NULL, stress_thread, &s), 0);
	memset(&b, 0, sizeof(b));
	while (id < STRESS_BATCHES) {
		b.user_data = id;
		ret = wattle_client__submit(s.c, s.queue, &b, NULL, 1, 0, NULL);
		if (ret == -EAGAIN)
			sched_yield();
		else
			assert_int_equal(ret, 1);
		id += ret == 1;
		if (id % 97 == 0) {
			n = wattle_client__cancel(s.c, s.queue, 0);
			assert_true(n >= 0);
			cancelled += (uint64_t)n;
			atomic_fetch_sub(&s.left, (uint32_t)n);
		}
	}
	for (i = 0; i < STRESS_THREADS; i++)
		pthread_join(t[i], NULL);
	st = test_stats(s.c, s.queue);
	assert_int_equal(st.submitted, STRESS_BATCHES);
	assert_int_equal(st.cancelled, cancelled);
	assert_int_equal(st.completed, STRESS_BATCHES - cancelled);
	assert_int_equal(st.queued + st.granted + st.aborted, 0);
}

const struct CMUnitTest grant_cases[] = {
	CASE(next_brings_the_batch_as_submitted),
	CASE(earliest_deadline_first_then_order),
	CASE(filter_takes_one_queue_only),
	CASE(release_time_is_kept),
	CASE(timeout_is_not_early),
	CASE(tokens_are_checked),
	CASE(grant_of_another_thread_is_refused),
	CASE(submit_wakes_a_parked_thread),
	CASE(thread_waiting_for_a_queue_that_goes_returns),
	CASE(signal_ends_the_wait),
	CASE(cancelled_thread_takes_nothing_along),
	CASE(thread_that_ends_aborts_its_grant),
	CASE(lease_ends_and_is_reported),
	CASE(events_of_completion),
	CASE(nothing_is_lost_or_run_twice),
};

const size_t nr_grant_cases = NR(grant_cases);
