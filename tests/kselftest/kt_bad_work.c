// SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause
/*
 * Every way to get SUBMIT, NEXT, COMPLETE, CANCEL and read() wrong, one named
 * case each, and after all: no trace of it.
 */
#include "kt_bad.h"

/* --- SUBMIT --- */

static struct wattle_submit request(const void *b, uint32_t n)
{
	return (struct wattle_submit){ .size = sizeof(struct wattle_submit), .queue = queue,
				       .count = n, .batch_size = sizeof(struct wattle_batch),
				       .batches = (uintptr_t)b };
}

static void test_submit_count_zero(void)
{
	struct wattle_batch b = { 0 };
	struct wattle_submit s = request(&b, 0);

	EXPECT_ERR(call(WATTLE_IOC_SUBMIT, &s), EINVAL);
}

static void test_submit_count_huge(void)
{
	struct wattle_query q = { .size = sizeof(q) };
	struct wattle_batch b = { 0 };
	struct wattle_submit s = request(&b, 0xffffffffU);

	s.processed = 4711;
	EXPECT_ERR(call(WATTLE_IOC_SUBMIT, &s), E2BIG);
	EXPECT_EQ(s.processed, 0);
	EXPECT_EQ(call(WATTLE_IOC_QUERY, &q), 0);
	s.count = q.max_vector + 1;
	EXPECT_ERR(call(WATTLE_IOC_SUBMIT, &s), E2BIG);
}

static void test_submit_pad(void)
{
	struct wattle_batch b = { 0 };
	struct wattle_submit s = request(&b, 1);

	s.pad = 1;
	EXPECT_ERR(call(WATTLE_IOC_SUBMIT, &s), EINVAL);
}

static void test_submit_batch_size(void)
{
	static const uint32_t bad[] = { 0, 1, sizeof(struct wattle_batch) - 8,
					sizeof(struct wattle_batch) - 1,
					sizeof(struct wattle_batch) + 4 };
	struct wattle_batch b[2] = { { 0 } };
	struct wattle_submit s = request(b, 1);
	size_t i;

	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		s.batch_size = bad[i];
		s.processed = 4711;
		EXPECT_ERR(call(WATTLE_IOC_SUBMIT, &s), EINVAL);
		EXPECT_EQ(s.processed, 0);
	}
	s.batch_size = 0xffffffffU;
	EXPECT_ERR(call(WATTLE_IOC_SUBMIT, &s), E2BIG);
	EXPECT_EQ(s.processed, 0);
}

/* An entry that says more than this kernel understands: which one it was. */
static void test_submit_entry_tail(void)
{
	struct {
		struct wattle_batch	b;
		uint64_t		later;
	} big[3] = { 0 };
	struct wattle_submit s = request(big, 3);

	s.batch_size = sizeof(big[0]);
	big[2].later = 1;
	EXPECT_ERR(call(WATTLE_IOC_SUBMIT, &s), E2BIG);
	EXPECT_EQ(s.processed, 2);
}

static void test_submit_verdict_size(void)
{
	static const uint32_t bad[] = { 0, 1, sizeof(struct wattle_verdict) - 8,
					sizeof(struct wattle_verdict) - 1,
					sizeof(struct wattle_verdict) + 4 };
	struct wattle_verdict v = { 0 };
	struct wattle_batch b = { 0 };
	struct wattle_submit s = request(&b, 1);
	size_t i;

	s.verdicts = (uintptr_t)&v;
	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		s.verdict_size = bad[i];
		s.processed = 4711;
		EXPECT_ERR(call(WATTLE_IOC_SUBMIT, &s), EINVAL);
		EXPECT_EQ(s.processed, 0);
	}
	s.verdict_size = 0xfffffff8U;
	EXPECT_ERR(call(WATTLE_IOC_SUBMIT, &s), E2BIG);
	s.verdicts = 0;
	s.verdict_size = sizeof(v);		/* of nothing */
	EXPECT_ERR(call(WATTLE_IOC_SUBMIT, &s), EINVAL);
}

static void test_submit_no_queue(void)
{
	struct wattle_batch b = { 0 };
	struct wattle_submit s = request(&b, 1);

	s.queue = 4711;
	EXPECT_ERR(call(WATTLE_IOC_SUBMIT, &s), ENOENT);
}

#define BAD_BATCH(fn, ...)							\
static void test_submit_##fn(void)						\
{										\
	struct wattle_batch b[3] = { { 0 }, { __VA_ARGS__ }, { 0 } };		\
	struct wattle_submit s = request(b, 3);					\
										\
	EXPECT_ERR(call(WATTLE_IOC_SUBMIT, &s), EINVAL);			\
	EXPECT_EQ(s.processed, 1);						\
}

BAD_BATCH(entry_flags, .flags = 1)
BAD_BATCH(entry_work, .work_kcycles = 1ULL << 43)
BAD_BATCH(entry_stall, .stall_us = 1ULL << 32)

static void test_submit_bad_batches(void)
{
	struct wattle_submit s = request(NULL, 1);

	EXPECT_ERR(call(WATTLE_IOC_SUBMIT, &s), EFAULT);
	s.batches = ~0ULL;
	EXPECT_ERR(call(WATTLE_IOC_SUBMIT, &s), EFAULT);
	s.batches = 0xffff888000000000ULL;
	EXPECT_ERR(call(WATTLE_IOC_SUBMIT, &s), EFAULT);
}

/* Readable for two and a half entries of five. */
static void test_submit_half_vector(void)
{
	struct wattle_submit s = request(edge() - 160, 5);

	memset(edge() - 160, 0, 160);
	EXPECT_ERR(call(WATTLE_IOC_SUBMIT, &s), EFAULT);
	EXPECT_EQ(s.processed, 2);
}

static void test_submit_bad_verdicts(void)
{
	static struct wattle_batch b[5];
	struct wattle_submit s = request(b, 5);

	s.verdict_size = sizeof(struct wattle_verdict);
	s.verdicts = 8;
	EXPECT_ERR(call(WATTLE_IOC_SUBMIT, &s), EFAULT);
	s.verdicts = 0xffff888000000000ULL;
	EXPECT_ERR(call(WATTLE_IOC_SUBMIT, &s), EFAULT);
	/* Writable for two of five. */
	s.verdicts = (uintptr_t)(edge() - 2 * sizeof(struct wattle_verdict));
	EXPECT_ERR(call(WATTLE_IOC_SUBMIT, &s), EFAULT);
	/* Enough for five of ours, not for five as long as the caller says. */
	s.verdicts = (uintptr_t)(edge() - 5 * sizeof(struct wattle_verdict));
	s.verdict_size += 8;
	EXPECT_ERR(call(WATTLE_IOC_SUBMIT, &s), EFAULT);
	EXPECT_EQ(s.processed, 0);
}

/* --- NEXT, COMPLETE, CANCEL --- */

static void test_next_pad(void)
{
	struct wattle_next n = { .size = sizeof(n), .pad = 1, .prev_token = held.token };

	EXPECT_ERR(call(WATTLE_IOC_NEXT, &n), EINVAL);
}

static void test_next_prev_status(void)
{
	struct wattle_next n = { .size = sizeof(n), .prev_status = 2, .prev_token = held.token };

	EXPECT_ERR(call(WATTLE_IOC_NEXT, &n), EINVAL);
}

static void test_next_busy(void)
{
	struct wattle_next n = { .size = sizeof(n) };

	EXPECT_ERR(call(WATTLE_IOC_NEXT, &n), EBUSY);
}

static void test_next_stale(void)
{
	struct wattle_next n = { .size = sizeof(n), .prev_token = held.token + (1ULL << 40) };

	EXPECT_ERR(call(WATTLE_IOC_NEXT, &n), ESTALE);
	n.prev_token = ~0ULL;
	EXPECT_ERR(call(WATTLE_IOC_NEXT, &n), ESTALE);
}

static void test_complete_zero(void)
{
	struct wattle_complete c = { .size = sizeof(c) };

	EXPECT_ERR(call(WATTLE_IOC_COMPLETE, &c), EINVAL);
}

static void test_complete_status(void)
{
	struct wattle_complete c = { .size = sizeof(c), .token = held.token, .status = 2 };

	EXPECT_ERR(call(WATTLE_IOC_COMPLETE, &c), EINVAL);
}

static void test_complete_pad(void)
{
	struct wattle_complete c = { .size = sizeof(c), .token = held.token, .pad = 1 };

	EXPECT_ERR(call(WATTLE_IOC_COMPLETE, &c), EINVAL);
}

static void test_complete_stale(void)
{
	EXPECT_EQ(kt_complete(fd, held.token + (1ULL << 32)), -ESTALE);
}

/* A token of another file names nothing here. */
static void test_complete_other_file(void)
{
	int other = kt_open(), q = kt_queue(other, NULL);
	struct wattle_next n;

	EXPECT_EQ(kt_submit(other, q, 0, 50), 50);
	n.token = 0;
	do {
		EXPECT_EQ(kt_next(other, n.token, 0, &n), 0);
	} while (n.token <= held.token);
	EXPECT_EQ(kt_complete(fd, n.token), -ESTALE);
	EXPECT_EQ(kt_complete(other, n.token), 0);
	close(other);
}

/* Another thread's (here: process sharing the file) is not ours to end. */
static void test_complete_other_thread(void)
{
	pid_t pid = fork();
	int st;

	if (!pid) {
		struct wattle_next n;

		if (kt_complete(fd, held.token) != -EACCES)
			_exit(1);
		_exit(kt_next(fd, held.token, 0, &n) == -EACCES ? 0 : 2);
	}
	EXPECT_EQ(waitpid(pid, &st, 0), pid);
	EXPECT_EQ(st, 0);
}

static void test_complete_twice(void)
{
	int other = kt_open(), q = kt_queue(other, NULL);
	struct wattle_next n;

	EXPECT_EQ(kt_submit(other, q, 0, 1), 1);
	EXPECT_EQ(kt_next(other, 0, 0, &n), 0);
	EXPECT_EQ(kt_complete(other, n.token), 0);
	EXPECT_EQ(kt_complete(other, n.token), -EALREADY);
	EXPECT_EQ(kt_complete(other, n.token), -EALREADY);
	close(other);
}

static void test_cancel_pad(void)
{
	struct wattle_cancel c = { .size = sizeof(c), .queue = queue, .pad = 1, .batch = 1 };

	EXPECT_ERR(call(WATTLE_IOC_CANCEL, &c), EINVAL);
}

static void test_cancel_all_with_batch(void)
{
	struct wattle_cancel c = { .size = sizeof(c), .queue = queue,
				   .flags = WATTLE_CANCEL_ALL, .batch = 1 };

	EXPECT_ERR(call(WATTLE_IOC_CANCEL, &c), EINVAL);
}

static void test_cancel_no_queue(void)
{
	struct wattle_cancel c = { .size = sizeof(c), .queue = 4711, .batch = 1 };

	EXPECT_ERR(call(WATTLE_IOC_CANCEL, &c), ENOENT);
}

static void test_cancel_no_batch(void)
{
	struct wattle_cancel c = { .size = sizeof(c), .queue = queue, .batch = ~0ULL };

	EXPECT_ERR(call(WATTLE_IOC_CANCEL, &c), ENOENT);
}

static void test_cancel_granted(void)
{
	struct wattle_cancel c = { .size = sizeof(c), .queue = queue, .batch = held.batch };

	EXPECT_ERR(call(WATTLE_IOC_CANCEL, &c), EBUSY);
}

/* --- read() --- */

static void test_read_small(void)
{
	char buf[sizeof(struct wattle_event)];
	int nb = kt_open_flags(O_NONBLOCK);

	EXPECT_ERR(read(nb, buf, sizeof(buf) - 1), EINVAL);
	EXPECT_ERR(read(nb, buf, 0), EINVAL);
	EXPECT_ERR(read(nb, buf, sizeof(buf)), EAGAIN);
	EXPECT(write(nb, buf, sizeof(buf)) < 0);
	close(nb);
}

int main(void)
{
	static const struct kt_case cases[] = {
		C(submit_count_zero), C(submit_count_huge), C(submit_pad), C(submit_batch_size),
		C(submit_entry_tail), C(submit_verdict_size),
		C(submit_no_queue), C(submit_entry_flags), C(submit_entry_work),
		C(submit_entry_stall), C(submit_bad_batches), C(submit_half_vector),
		C(submit_bad_verdicts),
		C(next_pad), C(next_prev_status), C(next_busy), C(next_stale),
		C(complete_zero), C(complete_status), C(complete_pad), C(complete_stale),
		C(complete_other_file), C(complete_other_thread), C(complete_twice),
		C(cancel_pad), C(cancel_all_with_batch), C(cancel_no_queue), C(cancel_no_batch),
		C(cancel_granted), C(read_small), C(nothing_left_behind),
	};

	return kt_bad_run(cases, ARRAY_SIZE(cases));
}
