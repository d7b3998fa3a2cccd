/* SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause */
/*
 * A small harness for TAP programs on /dev/wattle. One program per group of
 * behaviour; each case is a function that returns at its first failed
 * expectation. A program exits with 0, 1, or 77 when everything was skipped.
 */
#ifndef TESTS_KSELFTEST_HARNESS_H
#define TESTS_KSELFTEST_HARNESS_H

#include <errno.h>
#include <linux/wattle.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

#define MS	1000000ULL
#define SEC	1000000000ULL
#define ARRAY_SIZE(a)	(sizeof(a) / sizeof((a)[0]))

struct kt_case {
	const char	*name;
	void		(*fn)(void);
};

int kt_run(const struct kt_case *cases, size_t n);
void kt_fail(const char *file, int line, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
void kt_skip(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
/* Ends the program with a reason: nothing in it can be tested here. */
void kt_skip_all(const char *reason) __attribute__((noreturn));

#define EXPECT(cond) do {							\
	if (!(cond)) {								\
		kt_fail(__FILE__, __LINE__, "%s", #cond);			\
		return;								\
	}									\
} while (0)

#define EXPECT_EQ(a, b) do {							\
	long long a_ = (long long)(a), b_ = (long long)(b);			\
	if (a_ != b_) {								\
		kt_fail(__FILE__, __LINE__, "%s is %lld, not %s (%lld)",	\
			#a, a_, #b, b_);					\
		return;								\
	}									\
} while (0)

/* The call must fail with this errno; say what it did instead. */
#define EXPECT_ERR(call, err) do {						\
	long r_ = (call);							\
	if (r_ >= 0 || errno != (err)) {					\
		kt_fail(__FILE__, __LINE__, "%s: %ld, %s; not %s", #call, r_,	\
			r_ < 0 ? strerrorname_np(errno) : "no error",		\
			strerrorname_np(err));					\
		return;								\
	}									\
} while (0)

uint64_t kt_now(void);
uint64_t kt_rand(void);

/* --- the device; these report their own failure and return < 0 --- */
int kt_open(void);
int kt_open_flags(int flags);
int kt_queue(int fd, const struct wattle_queue_params *p);
long kt_submit_batches(int fd, uint32_t queue, const struct wattle_batch *b, uint32_t count,
		       struct wattle_verdict *v);
/* @n plain batches with user_data first, first + 1, ... */
long kt_submit(int fd, uint32_t queue, uint64_t first, uint32_t n);
/* NEXT: completes @prev (0 = none); 0 or -errno; fills @out. */
int kt_next(int fd, uint64_t prev, uint64_t timeout_ns, struct wattle_next *out);
int kt_complete(int fd, uint64_t token);
int kt_stats(int fd, uint32_t queue, struct wattle_queue_stats *st);
/* Does the identity of accounts hold? Reports the numbers if not. */
int kt_identity(const struct wattle_queue_stats *st);
int kt_mode(const char *mode);
/* A number in /sys/class/misc/wattle, or -1. */
long long kt_sysfs(const char *file);
/* Waits until @queue has as many batches granted / queued, 10 s at most. */
int kt_wait_granted(int fd, uint32_t queue, uint64_t n);
/* Waits until thread or process @tid sleeps in the kernel (state S), 10 s at most. */
int kt_wait_asleep(pid_t tid);
/* Waits until a number in sysfs is @want, 10 s at most. */
int kt_wait_sysfs(const char *file, long long want);
/* Pins the calling thread; 0 or -errno. */
int kt_pin(int cpu);

/* --- modules, from build/kmod/<release>/ --- */
int kt_insmod(const char *name, const char *params);
int kt_rmmod(const char *name);
int kt_loaded(const char *name);
/* Loads registry and wattle with @params instead of what is loaded; 0 or -errno. */
int kt_reload(const char *params);

/* Runs @fn as @uid in a child; its return value, 98 or 99 if that went wrong. */
int kt_as_user(uid_t uid, int (*fn)(void));

/* Writes @text to a file that is there: 0 or -errno. */
int kt_put(const char *path, const char *text);

#endif
