// SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause
/* The worker pool. */
#include <sched.h>
#include <unistd.h>

#include "lib_cases.h"

#define SECOND	1000000000ULL

struct job {
	struct wattle_client	*c;
	struct wattle_pool	*pool;
	uint32_t		queue;
	size_t			count;
	unsigned int		workers;
	atomic_uint		*ran;		/* per batch */
	atomic_uint		seen_workers;	/* bit set */
	atomic_int		calls;
	int			fail_at;	/* the call that fails; 0 = none */
};

static struct wattle_pool *pool_new(struct wattle_client *c, unsigned int workers, bool pinned)
{
	struct wattle_pool_opts o = { .sz = sizeof(o), .nr_workers = workers, .pin = pinned };
	struct wattle_pool *p = NULL;

	if (wattle_pool__new(&p, c, &o))
		fail_msg("pool: %s", wattle_client__error());
	return p;
}

static void job_init(struct job *j, struct wattle_client *c, size_t count, unsigned int workers,
		     const struct wattle_queue_params *p)
{
	memset(j, 0, sizeof(*j));
	j->c = c;
	j->count = count;
	j->workers = workers;
	j->queue = test_queue(c, p);
	j->pool = pool_new(c, workers, true);
	j->ran = calloc(count, sizeof(*j->ran));
	assert_non_null(j->ran);
}

static void job_free(struct job *j)
{
	wattle_pool__free(j->pool);
	free((void *)j->ran);
}

static struct wattle_batch *batches(size_t count)
{
	struct wattle_batch *b = calloc(count ? count : 1, sizeof(*b));
	size_t i;

	assert_non_null(b);
	for (i = 0; i < count; i++)
		b[i].user_data = i;
	return b;
}

static int count_fn(void *ctx, uint64_t user_data, unsigned int worker)
{
	struct job *j = ctx;
	int call = atomic_fetch_add(&j->calls, 1) + 1;

	if (worker >= j->workers || user_data >= j->count)
		abort();
	atomic_fetch_or(&j->seen_workers, 1U << (worker % 32));
	atomic_fetch_add(&j->ran[user_data], 1);
	return call == j->fail_at ? -EDOM : 0;
}

static int run(struct job *j, wattle_batch_fn fn, struct wattle_run_stats *st)
{
	struct wattle_batch *b = batches(j->count);
	int ret;

	memset(st, 0, sizeof(*st));
	ret = wattle_pool__run(j->pool, j->queue, b, j->count, fn, j, st);
	free(b);
	return ret;
}

static void expect_each_once(const struct job *j)
{
	size_t i;

	for (i = 0; i < j->count; i++)
		assert_int_equal(j->ran[i], 1);
}

static void expect_nothing_left(const struct job *j)
{
	struct wattle_queue_stats st = test_stats(j->c, j->queue);

	assert_int_equal(st.queued, 0);
	assert_int_equal(st.granted, 0);
}

static void one_to_eight_workers_run_each_batch_once(void **state)
{
	struct wattle_run_stats st;
	unsigned int workers;
	struct job j;

	for (workers = 1; workers <= 8; workers++) {
		job_init(&j, *state, 1000, workers, NULL);
		assert_int_equal(wattle_pool__nr_workers(j.pool), workers);
		assert_int_equal(run(&j, count_fn, &st), 0);
		expect_each_once(&j);
		expect_nothing_left(&j);
		assert_int_equal(st.batches, 1000);
		assert_int_equal(st.failed + st.refused + st.aborted + st.late, 0);
		assert_int_equal(test_stats(j.c, j.queue).completed, 1000);
		job_free(&j);
	}
}

static void a_hundred_thousand_tiny_batches(void **state)
{
	struct wattle_run_stats st;
	struct job j;

	job_init(&j, *state, 100000, 4, NULL);
	assert_int_equal(run(&j, count_fn, &st), 0);
	expect_each_once(&j);
	assert_int_equal(st.batches, 100000);
	assert_int_equal(test_stats(j.c, j.queue).completed, 100000);
	expect_nothing_left(&j);
	job_free(&j);
}

static void more_batches_than_the_queue_takes(void **state)
{
	struct wattle_queue_params p = { .max_inflight = 7 };
	struct wattle_run_stats st;
	struct job j;

	job_init(&j, *state, 2000, 3, &p);
	assert_int_equal(run(&j, count_fn, &st), 0);
	expect_each_once(&j);
	assert_int_equal(st.batches, 2000);
	job_free(&j);
}

static void no_batches_is_no_error(void **state)
{
	struct wattle_run_stats st;
	struct job j;

	job_init(&j, *state, 0, 2, NULL);
	assert_int_equal(run(&j, count_fn, &st), 0);
	assert_int_equal(st.batches, 0);
	job_free(&j);
}

/* Whoever returns from a run finds it in the accounts, whatever queue it went through. */
static void accounts_are_complete_at_return(void **state)
{
	struct wattle_queue_stats s;
	struct wattle_run_stats st;
	uint32_t queue[2];
	struct job j;
	int i;

	job_init(&j, *state, 5, 3, NULL);
	queue[0] = j.queue;
	queue[1] = test_queue(j.c, NULL);
	for (i = 0; i < 2000; i++) {
		j.queue = queue[i & 1];
		assert_int_equal(run(&j, count_fn, &st), 0);
		s = test_stats(j.c, j.queue);
		assert_int_equal(s.completed, 5 * (i / 2 + 1));
		assert_int_equal(s.granted + s.queued + s.aborted, 0);
	}
	job_free(&j);
}

static void first_failure_ends_the_run(void **state)
{
	struct wattle_run_stats st;
	struct job j;

	job_init(&j, *state, 5000, 4, NULL);
	j.fail_at = 100;
	assert_int_equal(run(&j, count_fn, &st), -EDOM);
	assert_int_equal(st.failed, 1);
	assert_true(j.calls >= 100 && j.calls < 5000);
	assert_int_equal(st.batches, j.calls);
	expect_nothing_left(&j);
	assert_int_equal(test_stats(j.c, j.queue).cancelled +
			 test_stats(j.c, j.queue).completed,
			 test_stats(j.c, j.queue).submitted);

	/* The pool is as good as new. */
	memset((void *)j.ran, 0, j.count * sizeof(*j.ran));
	j.fail_at = 0;
	assert_int_equal(run(&j, count_fn, &st), 0);
	expect_each_once(&j);
	job_free(&j);
}

static void refusal_ends_the_run(void **state)
{
	struct wattle_queue_params p = { .flags = WATTLE_QUEUE_STRICT };
	struct wattle_run_stats st = { 0 };
	struct wattle_batch *b;
	struct job j;

	if (!test_enforcing(*state))
		skip();		/* only enforce refuses: the device is in another mode */
	job_init(&j, *state, 100, 2, &p);
	b = batches(j.count);
	b[50].deadline_ns = 1;
	assert_int_equal(wattle_pool__run(j.pool, j.queue, b, j.count, count_fn, &j, &st),
			 -ECANCELED);
	assert_non_null(strstr(wattle_client__error(), "refused"));
	assert_int_equal(st.refused, 1);
	assert_int_equal(j.ran[50], 0);
	expect_nothing_left(&j);
	free(b);
	job_free(&j);
}

static void late_batches_are_counted(void **state)
{
	struct wattle_run_stats st = { 0 };
	struct wattle_batch *b;
	struct job j;
	size_t i;

	job_init(&j, *state, 40, 2, NULL);
	b = batches(j.count);
	for (i = 0; i < j.count; i++)
		b[i].deadline_ns = i < 10 ? 1 : wattle_now_ns() + 600 * SECOND;
	assert_int_equal(wattle_pool__run(j.pool, j.queue, b, j.count, count_fn, &j, &st), 0);
	expect_each_once(&j);
	assert_int_equal(st.late, 10);
	assert_int_equal(test_stats(j.c, j.queue).late, 10);
	free(b);
	job_free(&j);
}

static int cancel_fn(void *ctx, uint64_t user_data, unsigned int worker)
{
	struct job *j = ctx;
	int ret = count_fn(ctx, user_data, worker);

	if (atomic_load(&j->calls) == 10)
		wattle_client__cancel(j->c, j->queue, 0);
	return ret;
}

static void cancellation_in_the_middle(void **state)
{
	struct wattle_queue_stats s;
	struct wattle_run_stats st;
	struct job j;

	job_init(&j, *state, 3000, 3, NULL);
	assert_int_equal(run(&j, cancel_fn, &st), -ECANCELED);
	expect_nothing_left(&j);
	s = test_stats(j.c, j.queue);
	assert_true(s.cancelled > 0);
	assert_int_equal(s.cancelled + s.completed, s.submitted);
	assert_int_equal(st.batches, j.calls);
	job_free(&j);
}

static int destroy_fn(void *ctx, uint64_t user_data, unsigned int worker)
{
	struct job *j = ctx;
	int ret = count_fn(ctx, user_data, worker);

	if (atomic_load(&j->calls) == 10)
		wattle_client__queue_destroy(j->c, j->queue);
	return ret;
}

static void queue_destroyed_in_the_middle(void **state)
{
	struct wattle_run_stats st;
	struct job j;
	int ret;

	job_init(&j, *state, 3000, 3, NULL);
	ret = run(&j, destroy_fn, &st);
	/* Withdrawn, or not taken any more: whichever the submitter meets first. */
	assert_true(ret == -ECANCELED || ret == -ENOENT);
	assert_true(st.batches < 3000);
	j.queue = test_queue(j.c, NULL);
	memset((void *)j.ran, 0, j.count * sizeof(*j.ran));
	assert_int_equal(run(&j, count_fn, &st), 0);
	expect_each_once(&j);
	job_free(&j);
}

/* Holds the first batch until its lease has ended. */
static int overstay_fn(void *ctx, uint64_t user_data, unsigned int worker)
{
	struct job *j = ctx;
	struct wattle_queue_stats st = { 0 };
	int ret = count_fn(ctx, user_data, worker);

	while (!user_data && !ret && !st.lease_expired)
		ret = wattle_client__queue_stats(j->c, j->queue, &st);
	return ret;
}

static void lost_lease_loses_no_result(void **state)
{
	struct wattle_client *c = *state;
	struct wattle_queue_params p = { .lease_ns = c->limits.lease_min_ns };
	struct wattle_queue_stats s;
	struct wattle_run_stats st;
	struct job j;

	job_init(&j, c, 20, 2, &p);
	assert_int_equal(run(&j, overstay_fn, &st), 0);
	expect_each_once(&j);
	s = test_stats(c, j.queue);
	assert_true(s.lease_expired >= 1);	/* a slow machine may lose others, too */
	assert_int_equal(st.aborted, s.aborted);
	assert_int_equal(st.batches, s.completed);
	assert_int_equal(st.batches + st.aborted, 20);
	expect_nothing_left(&j);
	job_free(&j);
}

static int die_fn(void *ctx, uint64_t user_data, unsigned int worker)
{
	struct job *j = ctx;

	if (atomic_fetch_add(&j->calls, 1) + 1 == j->fail_at)
		pthread_exit(NULL);
	(void)worker;
	atomic_fetch_add(&j->ran[user_data], 1);
	return 0;
}

static void batch_of_a_dead_worker_runs_again(void **state)
{
	struct wattle_run_stats st;
	struct job j;

	job_init(&j, *state, 300, 3, NULL);
	j.fail_at = 50;
	assert_int_equal(run(&j, die_fn, &st), 0);
	expect_each_once(&j);
	assert_int_equal(st.aborted, 1);
	assert_int_equal(st.batches, 300);
	assert_int_equal(test_stats(j.c, j.queue).failed, 1);
	assert_int_equal(test_stats(j.c, j.queue).submitted, 301);
	expect_nothing_left(&j);
	job_free(&j);
}

/* Several die while the queue is full: what they took along waits for room. */
static int die_often_fn(void *ctx, uint64_t user_data, unsigned int worker)
{
	struct job *j = ctx;
	int call = atomic_fetch_add(&j->calls, 1) + 1;

	(void)worker;
	if (call % 50 == 0 && call <= 8 * 50)
		pthread_exit(NULL);
	atomic_fetch_add(&j->ran[user_data], 1);
	return 0;
}

static void dead_workers_with_a_full_queue(void **state)
{
	struct wattle_queue_params p = { .max_inflight = 3 };
	struct wattle_run_stats st;
	struct job j;

	job_init(&j, *state, 1000, 3, &p);
	assert_int_equal(run(&j, die_often_fn, &st), 0);
	expect_each_once(&j);
	assert_int_equal(st.aborted, 8);
	assert_int_equal(st.batches, 1000);
	expect_nothing_left(&j);
	job_free(&j);
}

static int always_die_fn(void *ctx, uint64_t user_data, unsigned int worker)
{
	(void)ctx;
	(void)user_data;
	(void)worker;
	pthread_exit(NULL);
}

static void functions_that_end_their_threads_fail_the_run(void **state)
{
	struct wattle_run_stats st;
	struct job j;

	job_init(&j, *state, 300, 2, NULL);
	assert_int_equal(run(&j, always_die_fn, &st), -EIO);
	assert_true(st.aborted > 0);
	expect_nothing_left(&j);
	assert_int_equal(run(&j, count_fn, &st), 0);
	expect_each_once(&j);
	job_free(&j);
}

static int nested_fn(void *ctx, uint64_t user_data, unsigned int worker)
{
	struct job *j = ctx;

	(void)worker;
	(void)user_data;
	return wattle_pool__run(j->pool, j->queue, NULL, 0, count_fn, j, NULL);
}

static void one_run_at_a_time(void **state)
{
	struct wattle_run_stats st;
	struct job j;

	job_init(&j, *state, 1, 1, NULL);
	assert_int_equal(run(&j, nested_fn, &st), -EBUSY);
	job_free(&j);
}

static int fail_17_fn(void *ctx, uint64_t user_data, unsigned int worker)
{
	(void)ctx;
	(void)worker;
	return user_data == 17 ? -ENOSPC : 0;
}

/* What went wrong in a worker is what the thread that waits is told, not what it knew before. */
static void errors_of_workers_are_told(void **state)
{
	struct wattle_run_stats st;
	struct job j;

	job_init(&j, *state, 100, 2, NULL);
	assert_true(wattle_client__cancel(*state, 999999, 0) < 0);
	assert_int_equal(run(&j, fail_17_fn, &st), -ENOSPC);
	if (!strstr(wattle_client__error(), "batch 17 failed: No space left"))
		fail_msg("told: %s", wattle_client__error());
	assert_int_equal(run(&j, always_die_fn, &st), -EIO);
	if (!strstr(wattle_client__error(), "ended 9 threads"))
		fail_msg("told: %s", wattle_client__error());
	job_free(&j);
}

static void options_are_checked(void **state)
{
	struct wattle_pool_opts o = { .sz = sizeof(o), .nr_workers = 1U << 20 };
	struct wattle_client *c = *state;
	struct wattle_pool *p, *q;

	assert_int_equal(wattle_pool__new(&p, c, &o), -EINVAL);
	assert_null(p);
	assert_non_null(strstr(wattle_client__error(), "too many"));
	o.sz = 0;
	assert_int_equal(wattle_pool__new(&p, c, &o), -EINVAL);
	assert_int_equal(wattle_pool__new(&p, c, NULL), 0);
	assert_int_equal(wattle_pool__new(&q, c, NULL), -EBUSY);
	assert_int_equal(wattle_pool__run(p, 0, NULL, 0, count_fn, NULL, NULL), -EINVAL);
	assert_int_equal(wattle_pool__run(p, 12345, &(struct wattle_batch){ .flags = 0 }, 1,
					  count_fn, NULL, NULL), -ENOENT);
	wattle_pool__free(p);
	wattle_pool__free(NULL);
}

static int cpu_fn(void *ctx, uint64_t user_data, unsigned int worker)
{
	atomic_int *wrong = ctx;
	cpu_set_t set, all;

	(void)user_data;
	(void)worker;
	CPU_ZERO(&set);
	if (sched_getaffinity(0, sizeof(set), &set) || CPU_COUNT(&set) != 1)
		atomic_fetch_add(wrong, 1);
	/* Inside what the process may use, that is, what a forked child would get. */
	if (sched_getaffinity(getpid(), sizeof(all), &all))
		atomic_fetch_add(wrong, 1);
	CPU_AND(&set, &set, &all);
	if (CPU_COUNT(&set) != 1)
		atomic_fetch_add(wrong, 1);
	return 0;
}

static void workers_are_pinned_inside_the_allowed_set(void **state)
{
	struct wattle_client *c = *state;
	uint32_t q = test_queue(c, NULL);
	struct wattle_pool *p = pool_new(c, 3, true);
	struct wattle_batch *b = batches(100);
	atomic_int wrong = 0;

	assert_int_equal(wattle_pool__run(p, q, b, 100, cpu_fn, &wrong, NULL), 0);
	assert_int_equal(wrong, 0);
	free(b);
	wattle_pool__free(p);
}

static void pools_come_and_go(void **state)
{
	struct wattle_client *c = *state;
	uint32_t q = test_queue(c, NULL);
	struct wattle_run_stats st;
	struct job j;
	int i;

	for (i = 0; i < 100; i++) {
		wattle_pool__free(pool_new(c, 2, i & 1));
		if (i % 10)
			continue;
		job_init(&j, c, 20, 2, NULL);
		assert_int_equal(run(&j, count_fn, &st), 0);
		expect_each_once(&j);
		job_free(&j);
	}
	assert_int_equal(test_stats(c, q).submitted, 0);
}

static void batch_past_the_pool_is_not_run(void **state)
{
	struct wattle_queue_params p = { .event_mask = WATTLE_EVENT_BIT(WATTLE_EVENT_DONE) };
	struct wattle_client *c = *state;
	struct wattle_event ev;
	struct job j;

	job_init(&j, c, 1, 2, &p);
	test_submit(c, j.queue, 0, 0);
	ev = test_event(c);
	assert_int_equal(ev.type, WATTLE_EVENT_DONE);
	assert_int_equal(ev.status, WATTLE_STATUS_FAILED);
	assert_int_equal(j.ran[0], 0);
	job_free(&j);
}

const struct CMUnitTest pool_cases[] = {
	CASE(one_to_eight_workers_run_each_batch_once),
	CASE(a_hundred_thousand_tiny_batches),
	CASE(more_batches_than_the_queue_takes),
	CASE(no_batches_is_no_error),
	CASE(accounts_are_complete_at_return),
	CASE(first_failure_ends_the_run),
	CASE(refusal_ends_the_run),
	CASE(late_batches_are_counted),
	CASE(cancellation_in_the_middle),
	CASE(queue_destroyed_in_the_middle),
	CASE(lost_lease_loses_no_result),
	CASE(batch_of_a_dead_worker_runs_again),
	CASE(dead_workers_with_a_full_queue),
	CASE(functions_that_end_their_threads_fail_the_run),
	CASE(one_run_at_a_time),
	CASE(errors_of_workers_are_told),
	CASE(options_are_checked),
	CASE(workers_are_pinned_inside_the_allowed_set),
	CASE(pools_come_and_go),
	CASE(batch_past_the_pool_is_not_run),
};

const size_t nr_pool_cases = NR(pool_cases);
