// SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause
/*
 * Every way to get the frame of an ioctl or a queue wrong, one named case each,
 * and after all: no trace of it. A case is a call that must fail with one errno.
 */
#include "kt_bad.h"

/* Every struct starts with size and flags; the last bytes are the caller's to choose. */
static const struct {
	const char	*name;
	unsigned long	cmd;
	size_t		size;
} cmds[] = {
	{ "QUERY", WATTLE_IOC_QUERY, sizeof(struct wattle_query) },
	{ "QUEUE_CREATE", WATTLE_IOC_QUEUE_CREATE, sizeof(struct wattle_queue_create) },
	{ "QUEUE_UPDATE", WATTLE_IOC_QUEUE_UPDATE, sizeof(struct wattle_queue_update) },
	{ "QUEUE_DESTROY", WATTLE_IOC_QUEUE_DESTROY, sizeof(struct wattle_queue_destroy) },
	{ "SUBMIT", WATTLE_IOC_SUBMIT, sizeof(struct wattle_submit) },
	{ "NEXT", WATTLE_IOC_NEXT, sizeof(struct wattle_next) },
	{ "COMPLETE", WATTLE_IOC_COMPLETE, sizeof(struct wattle_complete) },
	{ "CANCEL", WATTLE_IOC_CANCEL, sizeof(struct wattle_cancel) },
	{ "QUEUE_STATS", WATTLE_IOC_QUEUE_STATS, sizeof(struct wattle_queue_stats) },
};

/* A request that would be good: what is broken in it then is the only fault. */
static void *good(size_t i, void *buf, size_t len)
{
	static struct wattle_batch b;
	struct wattle_submit *s = buf;

	memset(buf, 0, len);
	*(uint32_t *)buf = cmds[i].size;
	switch (cmds[i].cmd) {
	case WATTLE_IOC_SUBMIT:
		s->queue = queue;
		s->count = 1;
		s->batch_size = sizeof(b);
		s->batches = (uintptr_t)&b;
		break;
	case WATTLE_IOC_NEXT:
		((struct wattle_next *)buf)->prev_token = held.token;
		break;
	case WATTLE_IOC_COMPLETE:
		((struct wattle_complete *)buf)->token = held.token;
		break;
	case WATTLE_IOC_CANCEL:
		((struct wattle_cancel *)buf)->queue = queue;
		((struct wattle_cancel *)buf)->flags = WATTLE_CANCEL_ALL;
		break;
	case WATTLE_IOC_QUEUE_UPDATE:
	case WATTLE_IOC_QUEUE_DESTROY:
	case WATTLE_IOC_QUEUE_STATS:
		((struct wattle_queue_destroy *)buf)->queue = queue;
		break;
	}
	return buf;
}

static void test_size_zero(void)
{
	char buf[4096];
	size_t i;

	for (i = 0; i < ARRAY_SIZE(cmds); i++) {
		good(i, buf, sizeof(buf));
		*(uint32_t *)buf = 0;
		EXPECT_ERR(call(cmds[i].cmd, buf), EINVAL);
	}
}

static void test_size_small(void)
{
	char buf[4096];
	size_t i;

	for (i = 0; i < ARRAY_SIZE(cmds); i++) {
		good(i, buf, sizeof(buf));
		*(uint32_t *)buf = cmds[i].size - 1;
		EXPECT_ERR(call(cmds[i].cmd, buf), EINVAL);
	}
}

static void test_size_huge(void)
{
	static char buf[1 << 17];
	size_t i;

	for (i = 0; i < ARRAY_SIZE(cmds); i++) {
		good(i, buf, sizeof(buf));
		*(uint32_t *)buf = 1 << 16;
		EXPECT_ERR(call(cmds[i].cmd, buf), E2BIG);
		*(uint32_t *)buf = 0xffffffffU;
		EXPECT_ERR(call(cmds[i].cmd, buf), E2BIG);
	}
}

static void test_size_tail(void)
{
	char buf[4096];
	size_t i;

	for (i = 0; i < ARRAY_SIZE(cmds); i++) {
		good(i, buf, sizeof(buf));
		*(uint32_t *)buf = cmds[i].size + 64;
		buf[cmds[i].size + 63] = 1;
		EXPECT_ERR(call(cmds[i].cmd, buf), E2BIG);
	}
}

static void test_flags(void)
{
	char buf[4096];
	size_t i;
	int bit;

	for (i = 0; i < ARRAY_SIZE(cmds); i++) {
		for (bit = 1; bit < 32; bit++) {
			good(i, buf, sizeof(buf));
			((uint32_t *)buf)[1] |= 1U << bit;
			EXPECT_ERR(call(cmds[i].cmd, buf), EINVAL);
		}
	}
}

static void test_null_pointer(void)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(cmds); i++)
		EXPECT_ERR(call(cmds[i].cmd, NULL), EFAULT);
}

static void test_kernel_pointer(void)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(cmds); i++)
		EXPECT_ERR(call(cmds[i].cmd, (void *)0xffff888000000000UL), EFAULT);
}

/* The struct runs off the mapped page: no half of it is believed. */
static void test_pointer_over_edge(void)
{
	size_t i, back;

	for (i = 0; i < ARRAY_SIZE(cmds); i++) {
		char buf[4096];

		/* NEXT's last input; what follows is written after it has acted: see kt_next. */
		size_t end = cmds[i].cmd == WATTLE_IOC_NEXT ?
			     offsetof(struct wattle_next, pad) : cmds[i].size;

		for (back = 4; back < end; back += 12) {
			good(i, buf, sizeof(buf));
			memcpy(edge() - back, buf, back);
			EXPECT_ERR(call(cmds[i].cmd, edge() - back), EFAULT);
		}
	}
}

/* Input that lies in memory the answer cannot be written to. */
static void test_read_only_struct(void)
{
	static const unsigned long writes[] = {
		WATTLE_IOC_QUERY, WATTLE_IOC_QUEUE_CREATE, WATTLE_IOC_QUEUE_DESTROY,
		WATTLE_IOC_SUBMIT, WATTLE_IOC_CANCEL, WATTLE_IOC_QUEUE_STATS,
	};
	size_t page = sysconf(_SC_PAGESIZE), i, k;
	char *ro = mmap(NULL, page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	for (i = 0; i < ARRAY_SIZE(cmds); i++) {
		for (k = 0; k < ARRAY_SIZE(writes) && writes[k] != cmds[i].cmd; k++)
			;
		if (k == ARRAY_SIZE(writes))
			continue;
		good(i, ro, page);
		mprotect(ro, page, PROT_READ);
		EXPECT_ERR(call(cmds[i].cmd, ro), EFAULT);
		mprotect(ro, page, PROT_READ | PROT_WRITE);
	}
	munmap(ro, page);
}

static void test_unknown_commands(void)
{
	char buf[4096] = { 0 };
	unsigned int nr;

	for (nr = _IOC_NR(WATTLE_IOC_MODEL_GET) + 1; nr < 0x100; nr++)
		EXPECT_ERR(call(_IOC(_IOC_READ | _IOC_WRITE, WATTLE_IOC_MAGIC, nr, 64), buf),
			   ENOTTY);
	EXPECT_ERR(call(_IOWR('w', 0, struct wattle_query), buf), ENOTTY);
	EXPECT_ERR(call(0x5401, buf), ENOTTY);	/* TCGETS: not a terminal */
}

/* --- QUEUE_CREATE --- */

static long create(const struct wattle_queue_params *p, const char *name, uint32_t pad)
{
	struct wattle_queue_create c = { .size = sizeof(c), .pad = pad, .params = *p };

	if (name)
		memcpy(c.name, name, sizeof(c.name));
	return call(WATTLE_IOC_QUEUE_CREATE, &c);
}

#define BAD_PARAM(fn, ...)							\
static void test_create_##fn(void)						\
{										\
	const struct wattle_queue_params p = { __VA_ARGS__ };			\
										\
	EXPECT_ERR(create(&p, NULL, 0), EINVAL);				\
}

BAD_PARAM(class, .class = 4)
BAD_PARAM(weight, .weight = 10001)
BAD_PARAM(flags, .flags = 2)
BAD_PARAM(event_mask_low, .event_mask = 1)
BAD_PARAM(event_mask_high, .event_mask = WATTLE_EVENTS_ALL + 2)
BAD_PARAM(slowdown, .max_slowdown_pm = 10001)
BAD_PARAM(inflight, .max_inflight = 0xffffffffU)
BAD_PARAM(lease_short, .lease_ns = 1)
BAD_PARAM(lease_long, .lease_ns = ~0ULL)
BAD_PARAM(reserved0, .reserved = { 1, 0 })
BAD_PARAM(reserved1, .reserved = { 0, 1 })

static void test_create_pad(void)
{
	const struct wattle_queue_params p = { 0 };

	EXPECT_ERR(create(&p, NULL, 1), EINVAL);
}

static void test_create_name(void)
{
	const struct wattle_queue_params p = { 0 };
	char name[WATTLE_NAME_MAX];

	memset(name, 'a', sizeof(name));		/* no end */
	EXPECT_ERR(create(&p, name, 0), EINVAL);
	memset(name, 0, sizeof(name));
	strcpy(name, "line\nbreak");
	EXPECT_ERR(create(&p, name, 0), EINVAL);
	strcpy(name, "esc\033[2J");
	EXPECT_ERR(create(&p, name, 0), EINVAL);
	strcpy(name, "\xc3\xa9");
	EXPECT_ERR(create(&p, name, 0), EINVAL);
	memset(name, 0, sizeof(name));
	strcpy(name, "left-over");
	strcpy(name, "short");				/* "ver" is behind the NUL */
	EXPECT_ERR(create(&p, name, 0), EINVAL);
	memset(name, 0, sizeof(name));
	name[sizeof(name) - 1] = 1;
	EXPECT_ERR(create(&p, name, 0), EINVAL);
}

/* --- QUEUE_UPDATE --- */

static void test_update_unknown_mask(void)
{
	struct wattle_queue_update u = { .size = sizeof(u), .queue = queue, .mask = 0x200 };

	EXPECT_ERR(call(WATTLE_IOC_QUEUE_UPDATE, &u), EINVAL);
}

static void test_update_unnamed_field(void)
{
	struct wattle_queue_update u = { .size = sizeof(u), .queue = queue,
					 .mask = WATTLE_UPDATE_WEIGHT,
					 .params = { .weight = 5, .max_inflight = 3 } };

	EXPECT_ERR(call(WATTLE_IOC_QUEUE_UPDATE, &u), EINVAL);
}

static void test_update_bad_value(void)
{
	struct wattle_queue_update u = { .size = sizeof(u), .queue = queue,
					 .mask = WATTLE_UPDATE_WEIGHT,
					 .params = { .weight = 10001 } };

	EXPECT_ERR(call(WATTLE_IOC_QUEUE_UPDATE, &u), EINVAL);
}

static void test_update_no_queue(void)
{
	struct wattle_queue_update u = { .size = sizeof(u), .queue = 4711 };

	EXPECT_ERR(call(WATTLE_IOC_QUEUE_UPDATE, &u), ENOENT);
	u.queue = 0;
	EXPECT_ERR(call(WATTLE_IOC_QUEUE_UPDATE, &u), ENOENT);
}

/* --- QUEUE_DESTROY, QUEUE_STATS --- */

static void test_destroy_no_queue(void)
{
	struct wattle_queue_destroy d = { .size = sizeof(d), .queue = 4711 };

	EXPECT_ERR(call(WATTLE_IOC_QUEUE_DESTROY, &d), ENOENT);
}

static void test_destroy_pad(void)
{
	struct wattle_queue_destroy d = { .size = sizeof(d), .queue = queue, .pad = 1 };

	EXPECT_ERR(call(WATTLE_IOC_QUEUE_DESTROY, &d), EINVAL);
}

static void test_stats_no_queue(void)
{
	struct wattle_queue_stats st = { .size = sizeof(st), .queue = 4711 };

	EXPECT_ERR(call(WATTLE_IOC_QUEUE_STATS, &st), ENOENT);
}

/* Another file's queue is no queue of this one. */
static void test_foreign_queue(void)
{
	int other = kt_open(), q = kt_queue(other, NULL), i;
	struct wattle_queue_stats st = { .size = sizeof(st) };

	for (i = 0; i < 5 && q <= queue; i++)
		q = kt_queue(other, NULL);
	st.queue = q;
	EXPECT_ERR(call(WATTLE_IOC_QUEUE_STATS, &st), ENOENT);
	close(other);
}

/* Whoever may only read may ask, and change nothing: not even see what is wrong with it. */
static void test_read_only_file(void)
{
	int ro = open("/dev/" WATTLE_DEVICE_NAME, O_RDONLY | O_CLOEXEC), err;
	char buf[4096];
	size_t i;

	EXPECT(ro >= 0);
	for (i = 0; i < ARRAY_SIZE(cmds); i++) {
		good(i, buf, sizeof(buf));
		err = ioctl(ro, cmds[i].cmd, buf) < 0 ? errno : 0;
		if (cmds[i].cmd == WATTLE_IOC_QUERY)
			EXPECT_EQ(err, 0);
		else if (cmds[i].cmd == WATTLE_IOC_QUEUE_STATS)
			EXPECT_EQ(err, ENOENT);		/* it can have no queue */
		else
			EXPECT_EQ(err, EBADF);
	}
	EXPECT_ERR(ioctl(ro, _IO(WATTLE_IOC_MAGIC, 0x7f), buf), ENOTTY);
	close(ro);
}

int main(void)
{
	static const struct kt_case cases[] = {
		C(size_zero), C(size_small), C(size_huge), C(size_tail), C(flags),
		C(null_pointer), C(kernel_pointer), C(pointer_over_edge), C(read_only_struct),
		C(unknown_commands),
		C(create_class), C(create_weight), C(create_flags), C(create_event_mask_low),
		C(create_event_mask_high), C(create_slowdown), C(create_inflight),
		C(create_lease_short), C(create_lease_long), C(create_reserved0),
		C(create_reserved1), C(create_pad), C(create_name),
		C(update_unknown_mask), C(update_unnamed_field), C(update_bad_value),
		C(update_no_queue), C(destroy_no_queue), C(destroy_pad), C(stats_no_queue),
		C(foreign_queue), C(read_only_file), C(nothing_left_behind),
	};

	return kt_bad_run(cases, ARRAY_SIZE(cases));
}
